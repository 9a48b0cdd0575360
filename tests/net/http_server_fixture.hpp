// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "tests/support/raw_peer.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kalends::net {

using namespace std::chrono_literals;
using kalends::testing::raw_peer;

/// Keeps requests with their responders until a test takes them.
class inbox {
public:
  void put(http_request request, http_responder responder) {
    std::lock_guard lock(mutex_);
    items_.emplace_back(std::move(request), std::move(responder));
    changed_.notify_all();
  }
  std::pair<http_request, http_responder> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 5s, [&] { return !items_.empty(); }))
      throw std::runtime_error("no request came");
    auto first = std::move(items_.front());
    items_.erase(items_.begin());
    return first;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<http_request, http_responder>> items_;
};

inline http_response text(std::string body) {
  return {200, {{"Content-Type", "text/plain"}}, std::move(body)};
}

inline void echo(http_request request, const http_responder& respond) {
  respond(text(request.method + " " + request.path + " " + request.query + " " + request.body));
}

class http_server_fixture : public ::testing::Test {
protected:
  void serve(http_handler handler, std::size_t threads = 1) {
    io = std::make_unique<io_threads>(threads);
    auto started = http_server::start(*io, options, std::move(handler));
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    server = std::move(*started);
  }
  void serve_inbox() {
    serve([this](http_request q, http_responder r) { held.put(std::move(q), std::move(r)); });
  }
  raw_peer connect() { return raw_peer::connect(server->port()); }

  http_server_options options;
  inbox held;
  std::unique_ptr<io_threads> io;
  std::unique_ptr<http_server> server;
};

} // namespace kalends::net
