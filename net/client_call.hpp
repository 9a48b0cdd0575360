// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace kalends::net {

class client_connection;

/// Whom a URL means. Calls with equal origins share connections.
struct origin {
  bool tls = false;
  std::string host; ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;

  std::string authority() const; ///< as in the Host field: the port only when it is not the scheme's own
  std::string text() const;      ///< "https://host:443"; all that an error may say about a call
};

struct target_url {
  origin to;
  std::string target; ///< path and query as they go onto the wire
};

/// Absolute http and https URLs without user information. `errc::invalid`, `bad_url` otherwise; the text of a
/// URL may hold a secret, so no error repeats it.
result<target_url> parse_url(const std::string& url);

/// The request's bytes. `errc::invalid`, `bad_request` when method or headers could not stand in a request.
result<std::string> write_request(const outgoing_request& request, const target_url& url);

/// One call on its way; touched by its I/O thread only.
struct client_call {
  origin to;
  bool head = false;
  bool safe = false;     ///< it may be said twice: RFC 9110 9.2.1
  bool repeated = false; ///< it has had its second connection
  std::string bytes;
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds read_timeout;
  std::chrono::steady_clock::time_point deadline;
  std::size_t body_limit = 0;
  http_client::done on_done; ///< empty once called
  std::weak_ptr<client_connection> on;
  std::optional<error> refused; ///< why it can never be sent; told on the I/O thread like every other end

  void complete(result<http_reply> outcome) {
    if (auto done = std::exchange(on_done, nullptr)) done(std::move(outcome));
  }
};

} // namespace kalends::net
