// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "tests/support/self_signed.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kalends::testing {

/// A server that says what a test tells it to and remembers what it was asked. Any thread.
///   http_imposter google;
///   google.when("GET /calendar/v3/users/me/calendarList").then(200, R"({"items":[]})");
class http_imposter {
public:
  using behaviour = std::function<void(const net::http_request&, const net::http_responder&)>;

  /// What one route answers: each `then` once, in order, and the last of them from then on.
  class script {
  public:
    script& then(int status, std::string body = {}, net::header_list headers = {});
    script& then(behaviour what);
    script& then_abort(); ///< the connection is cut
    script& then_hang();  ///< no answer as long as the imposter lives

  private:
    friend class http_imposter;
    explicit script(http_imposter& owner) : owner_(owner) {}
    http_imposter& owner_;
    std::deque<behaviour> steps_;
  };

  enum class security { plain, tls };
  explicit http_imposter(security s = security::plain);
  ~http_imposter();

  /// `route` is "GET /path" or "GET /prefix*"; the query is not part of it. What no route fits gets a 404. An
  /// exact route goes before a prefix, a longer prefix before a shorter one.
  script& when(const std::string& route);

  std::string
  url(const std::string& path = {}) const; ///< "https://localhost:port/path" with TLS, else 127.0.0.1
  std::string ca_file() const;             ///< with TLS: whom to trust
  std::uint16_t port() const { return server_->port(); }

  std::vector<net::http_request> requests() const;
  /// Waits until `n` requests have come, at most 5 s; returns all that came.
  std::vector<net::http_request> wait_for_requests(std::size_t n) const;

private:
  void serve(net::http_request request, const net::http_responder& respond);
  script* find(const std::string& route);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::unique_ptr<script>> scripts_;
  std::vector<net::http_request> requests_;
  std::vector<net::http_responder> hanging_;
  std::optional<self_signed> certificate_;
  std::unique_ptr<net::io_threads> io_;
  std::unique_ptr<net::http_server> server_;
};

} // namespace kalends::testing
