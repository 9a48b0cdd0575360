// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <utility>

namespace kalends::net {

using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// A TCP socket, bare or under TLS: one type, so that nothing above it is compiled twice. Belongs to one I/O
/// thread; one read and one write may be under way together.
class byte_stream {
public:
  using tls_stream = boost::asio::ssl::stream<tcp_socket&>;

  explicit byte_stream(tcp_socket socket) : socket_(std::move(socket)) {}

  void use_tls(boost::asio::ssl::context& context) { tls_ = std::make_unique<tls_stream>(socket_, context); }
  tls_stream* tls() noexcept { return tls_.get(); }
  tcp_socket& socket() noexcept { return socket_; }

  template <class Handler>
  void read_some(boost::asio::mutable_buffer into, Handler&& on_read) {
    if (tls_)
      tls_->async_read_some(into, std::forward<Handler>(on_read));
    else
      socket_.async_read_some(into, std::forward<Handler>(on_read));
  }

  template <class Handler>
  void write_some(boost::asio::const_buffer from, Handler&& on_written) {
    if (tls_)
      tls_->async_write_some(from, std::forward<Handler>(on_written));
    else
      socket_.async_write_some(from, std::forward<Handler>(on_written));
  }

  /// Ends everything under way with operation_aborted. `cut` sends a reset instead of an orderly end.
  void close(bool cut = false) {
    boost::system::error_code ignored;
    if (cut) socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

private:
  tcp_socket socket_;
  std::unique_ptr<tls_stream> tls_;
};

} // namespace kalends::net
