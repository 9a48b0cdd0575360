// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "net/ip_address.hpp"
#include "schema/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kalends::net {

class io_threads;

struct http_server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;       ///< 0: any free port; `port()` tells
  std::string certificate_file; ///< PEM chain; empty: plain HTTP
  std::string private_key_file;
  std::vector<ip_network> proxies;          ///< whose X-Forwarded-For is believed
  std::size_t header_limit = 16 * 1024;     ///< above: 431
  std::size_t body_limit = 2 * 1024 * 1024; ///< above: 413
  std::size_t connection_limit = 4'096;     ///< above: the newest is closed after a 503
  std::chrono::seconds header_timeout{
      15}; ///< from the first byte of a request to its end, body included: 408 and close
  std::chrono::seconds idle_timeout{75};    ///< between requests of a kept connection
  std::chrono::seconds answer_timeout{120}; ///< for the handler; then 504 `handler_timeout`
};

/// HTTP/1.1 with keep-alive, TLS 1.2+ when a certificate is given. One connection stays on one I/O thread.
/// Refused requests (limits, malformed) are answered with problem+json before the handler sees them.
class http_server {
public:
  /// Listens at once; fails with `address_in_use`, `bad_certificate`, … and listens on nothing then.
  static result<std::unique_ptr<http_server>> start(io_threads& io, http_server_options options,
                                                    http_handler handler);
  ~http_server();

  std::uint16_t port() const noexcept;
  /// Open at this moment.
  std::size_t connections() const noexcept;
  /// Accepts nothing new, ends open streams, lets requests in progress finish for at most `grace`, then
  /// closes. The handler is not called any more once this has returned. Any thread but an I/O one.
  void stop(std::chrono::milliseconds grace);

private:
  struct impl;
  explicit http_server(std::shared_ptr<impl> i);
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::net
