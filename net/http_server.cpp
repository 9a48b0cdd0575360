// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.hpp"

#include "net/io_threads.hpp"
#include "net/server_connection.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <openssl/ssl.h>

#include <algorithm>

namespace kalends::net {
namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

// How often deadlines are looked at: each may be late by this much, and no request pays for a timer.
constexpr auto sweep_interval = 250ms;
// This many connections beyond the limit hear why they are refused; further ones are closed without a word.
constexpr std::size_t most_turned_away = 64;
// A lack of descriptors passes; until then accepting would only spin.
constexpr auto accept_pause = 100ms;

result<std::unique_ptr<asio::ssl::context>> make_tls(const http_server_options& options) {
  if (options.certificate_file.empty()) return nullptr;
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code ec;
  tls->use_certificate_chain_file(options.certificate_file, ec);
  if (ec)
    return failure(errc::invalid, "bad_certificate",
                   options.certificate_file + " cannot be used: " + ec.message());
  tls->use_private_key_file(options.private_key_file, asio::ssl::context::pem, ec);
  if (ec)
    return failure(errc::invalid, "bad_certificate",
                   options.private_key_file + " cannot be used: " + ec.message());
  auto* raw = tls->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_SERVER);
  static constexpr unsigned char session_context[] = "kalends";
  SSL_CTX_set_session_id_context(raw, session_context, sizeof session_context - 1);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  return tls;
}

error_code listen_on(tcp_acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint) {
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  return ec;
}

} // namespace

void server_core::notify() {
  std::lock_guard lock(mutex);
  changed.notify_all();
}

server_shard::server_shard(std::shared_ptr<server_core> c, asio::io_context& i)
    : core(std::move(c)), io(i), answers(std::make_shared<answer_queue>(i)), sweep(i) {}

void server_shard::adopt(tcp_socket socket, bool one_too_many) {
  auto connection = std::make_shared<server_connection>(shared_from_this(), std::move(socket));
  connections.emplace(connection.get(), connection);
  if (draining) return connection->close();
  sweep_later();
  if (one_too_many)
    connection->turn_away();
  else
    connection->start();
}

void server_shard::forget(server_connection& connection) {
  if (connections.erase(&connection) == 0) return;
  if (--core->connections == 0) core->notify();
}

void server_shard::sweep_later() {
  if (connections.empty() || std::exchange(sweeping, true)) return;
  sweep.expires_after(sweep_interval);
  sweep.async_wait([self = shared_from_this()](error_code ec) {
    self->sweeping = false;
    if (ec) return;
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<server_connection>> all;
    all.reserve(self->connections.size());
    for (auto& [_, connection] : self->connections) all.push_back(connection);
    for (auto& connection : all) connection->check_deadline(now);
    self->sweep_later();
  });
}

void server_shard::drain() {
  draining = true;
  const auto all = connections;
  for (auto& [_, connection] : all) connection->drain();
  std::lock_guard lock(core->mutex);
  ++core->drained;
  core->changed.notify_all();
}

void server_shard::close_all() {
  const auto all = connections;
  for (auto& [_, connection] : all) connection->close();
  sweep.cancel();
}

/// Accepts on thread 0 and deals the sockets out in turn, so that every thread carries the same share.
struct http_server::impl : std::enable_shared_from_this<http_server::impl> {
  explicit impl(io_threads& i)
      : io(i), acceptor(i.context(0).get_executor()), pause(i.context(0)),
        core(std::make_shared<server_core>()) {}

  void accept();
  void on_accepted(error_code ec, tcp_socket socket, server_shard& shard);
  template <class Condition>
  void wait_until(Condition reached, std::chrono::steady_clock::time_point latest);
  bool running();

  io_threads& io;
  tcp_acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<server_core> core;
  std::vector<std::shared_ptr<server_shard>> shards;
  std::size_t next = 0;
  std::uint16_t port = 0;
  bool stopped = false;
};

void http_server::impl::accept() {
  if (!acceptor.is_open()) return;
  auto& shard = *shards[next++ % shards.size()];
  auto done = [self = shared_from_this(), &shard](error_code ec, tcp_socket socket) {
    self->on_accepted(ec, std::move(socket), shard);
  };
  acceptor.async_accept(shard.io, std::move(done));
}

void http_server::impl::on_accepted(error_code ec, tcp_socket socket, server_shard& shard) {
  if (!acceptor.is_open() || ec == asio::error::operation_aborted) return;
  if (ec) {
    pause.expires_after(accept_pause);
    pause.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->accept();
    });
    return;
  }
  const auto before = core->connections.load();
  if (before < core->options.connection_limit + most_turned_away) {
    ++core->connections;
    auto adopt = [to = shard.shared_from_this(), s = std::move(socket),
                  one_too_many = before >= core->options.connection_limit]() mutable {
      to->adopt(std::move(s), one_too_many);
    };
    asio::dispatch(shard.io, std::move(adopt));
  }
  accept();
}

bool http_server::impl::running() {
  for (const auto& shard : shards)
    if (shard->io.stopped()) return false;
  return true;
}

/// Looks up now and then, because threads that were stopped first will never report.
template <class Condition>
void http_server::impl::wait_until(Condition reached, std::chrono::steady_clock::time_point latest) {
  std::unique_lock lock(core->mutex);
  while (!reached() && running() && std::chrono::steady_clock::now() < latest) {
    const auto look_up = std::min(latest, std::chrono::steady_clock::now() + 50ms);
    core->changed.wait_until(lock, look_up);
  }
}

result<std::unique_ptr<http_server>> http_server::start(io_threads& io, http_server_options options,
                                                        http_handler handler) {
  auto tls = make_tls(options);
  if (!tls) return tl::unexpected(tls.error());
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return failure(errc::invalid, "bad_address", options.address + " is not an IP address");

  auto self = std::make_shared<impl>(io);
  ec = listen_on(self->acceptor, {address, options.port});
  if (ec) {
    const auto where = options.address + ":" + std::to_string(options.port);
    const bool taken = ec == asio::error::address_in_use;
    return failure(errc::invalid, taken ? "address_in_use" : "cannot_listen", where + ": " + ec.message());
  }
  self->port = self->acceptor.local_endpoint(ec).port();
  self->core->tls = std::move(*tls);
  self->core->options = std::move(options);
  self->core->handler = std::move(handler);
  for (std::size_t i = 0; i < io.size(); ++i)
    self->shards.push_back(std::make_shared<server_shard>(self->core, io.context(i)));
  asio::post(io.context(0), [self] { self->accept(); });
  return std::unique_ptr<http_server>(new http_server(std::move(self)));
}

http_server::http_server(std::shared_ptr<impl> i) : impl_(std::move(i)) {}

http_server::~http_server() { stop(0ms); }

std::uint16_t http_server::port() const noexcept { return impl_->port; }

std::size_t http_server::connections() const noexcept { return impl_->core->connections; }

void http_server::stop(std::chrono::milliseconds grace) {
  auto& s = *impl_;
  if (std::exchange(s.stopped, true)) return;
  const auto forever = std::chrono::steady_clock::time_point::max();
  const auto latest = std::chrono::steady_clock::now() + grace;
  auto close_acceptor = [self = impl_] {
    error_code ignored;
    self->acceptor.close(ignored);
    self->pause.cancel();
  };
  asio::post(s.io.context(0), [self = impl_, close_acceptor] {
    close_acceptor();
    for (auto& shard : self->shards) asio::post(shard->io, [shard] { shard->drain(); });
  });
  s.wait_until([&] { return s.core->drained == s.shards.size(); }, forever);
  s.wait_until([&] { return s.core->connections == 0; }, latest);
  for (auto& shard : s.shards) asio::post(shard->io, [shard] { shard->close_all(); });
  s.wait_until([&] { return s.core->connections == 0; }, forever);
  for (auto& shard : s.shards) shard->answers->close();
  if (s.running()) return;
  // The threads have ended before us, so this thread may touch what was theirs.
  close_acceptor();
  for (auto& shard : s.shards) shard->close_all();
}

} // namespace kalends::net
