// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace kalends::net {

class io_threads;

struct outgoing_request {
  std::string method = "GET";
  std::string url; ///< absolute, http or https
  header_list headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds read_timeout{20'000};  ///< without a byte
  std::chrono::milliseconds total_timeout{30'000}; ///< all in all
  std::size_t body_limit = 16 * 1024 * 1024;       ///< of the answer, after gunzip
};

struct http_reply {
  int status = 0;
  header_list headers;
  std::string body; ///< gunzipped
};

/// Cancels its call when destroyed, from any thread. The call still completes once, with errc::stopped.
/// May outlive the client.
class call_token {
public:
  call_token() = default;
  explicit call_token(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  call_token(call_token&& o) noexcept : cancel_(std::exchange(o.cancel_, nullptr)) {}
  call_token& operator=(call_token&& o) noexcept {
    if (this != &o) {
      cancel();
      cancel_ = std::exchange(o.cancel_, nullptr);
    }
    return *this;
  }
  ~call_token() { cancel(); }
  void cancel() {
    if (auto c = std::exchange(cancel_, nullptr)) c();
  }
  /// Lets the call run without anybody able to cancel it.
  void release() { cancel_ = nullptr; }

private:
  std::function<void()> cancel_;
};

struct http_client_options {
  std::string ca_file; ///< trusted besides the system's store (the sandbox's CA); certificate and host name
                       ///< are always checked
  std::size_t connections_per_host = 64;
  std::size_t waiting_per_host = 10'000; ///< above: errc::retry_later `too_many_calls`
  std::chrono::seconds idle_timeout{50};
  /// Asked with every address that a name resolves to, right before it is connected to, and with an address
  /// that stands in the URL itself: "192.0.2.1", "2001:db8::1". Null: all may be connected to. If none may,
  /// the call fails with errc::forbidden `address_refused`.
  std::function<bool(const std::string& address, bool tls)> may_connect = {};
};

/// A pool of kept connections. Any status is an answer, not an error; errors are errc::retry_later
/// (`connect_failed`, `timeout`, `connection_lost`, `tls_failed`), errc::broken (`body_too_large`,
/// `malformed_answer`), errc::stopped. A request is repeated on a fresh connection only when a kept one turns
/// out to be closed before any byte came back. Redirects are not followed.
class http_client {
public:
  using done = std::function<void(result<http_reply>)>;

  http_client(io_threads& io, http_client_options options);
  ~http_client(); ///< stops it
  /// Cancels what is pending and takes nothing new. Waits until every callback has been called, so hold no
  /// lock that one of them needs; only on an I/O thread does it return before that. Where a callback may be
  /// the last to hold the client, call it before the threads end: what they leave undone keeps its
  /// connections.
  void stop();

  /// `on_done` is called exactly once, on an I/O thread; once the client is stopped, before this returns.
  [[nodiscard]] call_token send(outgoing_request request, done on_done);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::net
