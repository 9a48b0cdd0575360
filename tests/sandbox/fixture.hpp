// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/core.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

namespace kalends::sandbox {

/// A sandbox without network: a clock that stands, chance that repeats, and a transport that keeps what it is
/// given.
class sandbox_fixture : public testing::Test {
protected:
  struct pending {
    net::outgoing_request request;
    net::http_client::done done;
  };

  sandbox_fixture() : heart(make_world()) {
    open_halves(heart);
    heart.push.use([this](net::outgoing_request request, net::http_client::done done) {
      sent.push_back({std::move(request), std::move(done)});
    });
  }

  world make_world() {
    return {[this] { return real_now; },
            [this](std::size_t n) {
              std::string out;
              while (out.size() < n)
                out +=
                    static_cast<char>((seed = seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 56U);
              return out;
            }};
  }

  net::http_response ask(std::string verb, std::string target, net::header_list headers = {},
                         std::string body = {}) {
    return heart.ask(make_request(std::move(verb), std::move(target), std::move(headers), std::move(body)))
        .response;
  }

  /// The answer's JSON; fails the test when the status is another.
  boost::json::object expect(int status, const net::http_response& answer) {
    EXPECT_EQ(answer.status, status) << answer.body;
    boost::system::error_code bad;
    auto v = boost::json::parse(answer.body, bad);
    return !bad && v.is_object() ? v.get_object() : boost::json::object{};
  }

  boost::json::object admin(std::string verb, std::string path, const boost::json::value& body = nullptr) {
    const auto answer = ask(std::move(verb), "/_sandbox" + std::move(path), {},
                            body.is_null() ? std::string() : boost::json::serialize(body));
    EXPECT_LT(answer.status, 300) << answer.body;
    boost::system::error_code bad;
    auto v = boost::json::parse(answer.body, bad);
    return !bad && v.is_object() ? v.get_object() : boost::json::object{};
  }

  void advance(std::chrono::seconds by) { admin("POST", "/clock", {{"advance_seconds", by.count()}}); }

  /// Answers the oldest undelivered notice.
  net::outgoing_request deliver(int status) {
    if (sent.empty()) {
      ADD_FAILURE() << "no notice is on its way";
      return {};
    }
    auto one = std::move(sent.front());
    sent.pop_front();
    one.done(net::http_reply{status, {}, ""});
    return one.request;
  }

  static std::string text(const boost::json::value& v) { return std::string(v.as_string()); }

  instant real_now = instant(std::chrono::milliseconds(1'788'250'530'123)); // 2026-09-01T08:15:30.123Z
  std::uint64_t seed = 42;
  core heart;
  std::deque<pending> sent;
};

} // namespace kalends::sandbox
