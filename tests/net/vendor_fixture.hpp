// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"
#include "net/http_client.hpp"
#include "net/io_threads.hpp"
#include "tests/support/http_imposter.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/test_data.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace kalends::testing {

/// A vendor that says what the test wants, a client of ours, and a clock that stands still.
struct vendor_fixture : ::testing::Test {
  static instant now() {
    using namespace std::chrono;
    return sys_days(year(2026) / 11 / 20) + hours(9);
  }
  static world still_world() {
    return {now, [](std::size_t n) { return std::string(n, 'x'); }};
  }

  // The last to hold the client may be an answer's callback, on the very thread that ends next.
  ~vendor_fixture() override { http->stop(); }

  http_imposter vendor;
  net::io_threads io{1};
  std::shared_ptr<net::http_client> http = std::make_shared<net::http_client>(io, net::http_client_options{});

  template <class T, class Call>
  static result<T> outcome(Call call) {
    return testing::outcome<T>(std::move(call));
  }

  static std::string header(const net::http_request& r, std::string_view name) {
    return std::string(net::find_header(r.headers, name));
  }
  /// "GET /path?query" as it stood on the wire.
  static std::string line(const net::http_request& r) { return r.method + " " + r.target; }
};

} // namespace kalends::testing
