// SPDX-License-Identifier: Apache-2.0
#include "net/client_connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http/error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstring>

namespace kalends::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

// Holds the largest header that the reader accepts.
constexpr std::size_t buffer_size = 64 * 1024 + 4;
// More 1xx answers than any server has reason to send (RFC 9110 section 15.2).
constexpr int most_interim_answers = 16;

} // namespace

client_connection::client_connection(std::shared_ptr<client_lane> lane, std::shared_ptr<host_pool> pool)
    : lane_(std::move(lane)), pool_(std::move(pool)), stream_(tcp_socket(lane_->io)), resolver_(lane_->io) {}

void client_connection::wait_at_most(std::chrono::milliseconds time) {
  deadline_ = std::min(call_->deadline, steady_clock::now() + time);
}

// -- connecting

void client_connection::open(std::shared_ptr<client_call> call) {
  call_ = std::move(call);
  call_->on = weak_from_this();
  wait_at_most(call_->connect_timeout);
  error_code not_numeric;
  const auto address = asio::ip::make_address(call_->to.host, not_numeric);
  if (!not_numeric) return connect({asio::ip::tcp::endpoint(address, call_->to.port)});
  auto done = [self = shared_from_this()](error_code ec, const auto& found) {
    if (self->phase_ != phase::connecting) return;
    if (ec)
      return self->fail(errc::retry_later, "connect_failed",
                        self->call_->to.text() + ": the name is not known: " + ec.message());
    self->connect({found.begin(), found.end()});
  };
  resolver_.async_resolve(call_->to.host, std::to_string(call_->to.port), std::move(done));
}

void client_connection::connect(std::vector<asio::ip::tcp::endpoint> endpoints) {
  if (const auto& may = lane_->options.may_connect) {
    std::erase_if(endpoints, [&](const auto& e) { return !may(e.address().to_string(), call_->to.tls); });
    if (endpoints.empty())
      return fail(errc::forbidden, "address_refused",
                  call_->to.text() + ": its addresses are not to be called from here");
  }
  auto done = [self = shared_from_this()](error_code ec, const asio::ip::tcp::endpoint&) {
    if (self->phase_ != phase::connecting) return;
    if (ec)
      return self->fail(errc::retry_later, "connect_failed", self->call_->to.text() + ": " + ec.message());
    error_code ignored;
    self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    if (self->call_->to.tls) return self->shake_hands();
    self->serve(std::move(self->call_));
  };
  asio::async_connect(stream_.socket(), endpoints, std::move(done));
}

void client_connection::shake_hands() {
  if (!lane_->tls)
    return fail(errc::retry_later, "tls_failed",
                call_->to.text() + ": the file of trusted certificates cannot be read");
  stream_.use_tls(*lane_->tls);
  auto& tls = *stream_.tls();
  error_code numeric;
  asio::ip::make_address(call_->to.host, numeric);
  // RFC 6066 section 3: server names in the handshake are never addresses.
  if (numeric) SSL_set_tlsext_host_name(tls.native_handle(), call_->to.host.c_str());
  tls.set_verify_mode(asio::ssl::verify_peer);
  tls.set_verify_callback(asio::ssl::host_name_verification(call_->to.host));
  auto done = [self = shared_from_this()](error_code ec) {
    if (self->phase_ != phase::connecting) return;
    if (!ec) return self->serve(std::move(self->call_));
    auto detail = self->call_->to.text() + ": " + ec.message();
    const auto verdict = SSL_get_verify_result(self->stream_.tls()->native_handle());
    if (verdict != X509_V_OK) detail += std::string(": ") + X509_verify_cert_error_string(verdict);
    self->fail(errc::retry_later, "tls_failed", std::move(detail));
  };
  tls.async_handshake(asio::ssl::stream_base::client, std::move(done));
}

// -- one call

void client_connection::serve(std::shared_ptr<client_call> call) {
  const bool first = phase_ == phase::connecting;
  call_ = std::move(call);
  call_->on = weak_from_this();
  phase_ = phase::busy;
  sent_ = 0;
  received_ = false;
  interim_ = 0;
  reader_.emplace(call_->head, call_->body_limit);
  wait_at_most(call_->read_timeout);
  write();
  if (first) {
    buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
    read();
  }
}

void client_connection::write() {
  writing_ = true;
  // The call is held as well: its bytes must outlive a write that a cancellation overtakes.
  auto done = [self = shared_from_this(), call = call_](error_code ec, std::size_t n) {
    if (self->phase_ != phase::busy || self->call_ != call) return;
    // A peer that stops listening may still have answered (413, say): the read under way will tell.
    if (ec) return;
    self->sent_ += n;
    self->wait_at_most(call->read_timeout);
    if (self->sent_ < call->bytes.size()) return self->write();
    self->writing_ = false;
  };
  stream_.write_some(asio::buffer(call_->bytes) + sent_, std::move(done));
}

void client_connection::read() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && end_ == buffer_size) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  auto done = [self = shared_from_this()](error_code ec, std::size_t n) { self->on_read(ec, n); };
  stream_.read_some(asio::buffer(buffer_.get() + end_, buffer_size - end_), std::move(done));
}

void client_connection::on_read(error_code ec, std::size_t n) {
  if (phase_ == phase::closed) return;
  if (phase_ == phase::idle) return close(); // hung up, or speaks without being asked
  end_ += n;
  received_ = received_ || n > 0;
  if (ec) return on_end(ec);
  wait_at_most(call_->read_timeout);
  parse();
  if (phase_ == phase::closed) return;
  if (end_ - begin_ == buffer_size) return unusable();
  read();
}

void client_connection::parse() {
  while (begin_ != end_ && phase_ == phase::busy) {
    boost::beast::error_code ec;
    begin_ += reader_->put(asio::buffer(buffer_.get() + begin_, end_ - begin_), ec);
    if (ec == http::error::need_more) return;
    if (ec) return unusable();
    if (!reader_->is_done()) continue;
    const int status = reader_->reply().status;
    if (status / 100 != 1) return finish();
    if (status == 101 || ++interim_ > most_interim_answers) return unusable();
    reader_.emplace(call_->head, call_->body_limit);
  }
}

void client_connection::on_end(error_code ec) {
  // Only an orderly end may finish a body that is counted by nothing else.
  if (ec != asio::error::eof || !reader_->is_header_done() || !reader_->need_eof()) return lost();
  boost::beast::error_code failed;
  reader_->put_eof(failed);
  if (failed || !reader_->is_done()) return lost();
  finish();
}

void client_connection::finish() {
  if (!reader_->finish()) return unusable();
  const bool reusable = reader_->keep_alive() && !reader_->need_eof() && !writing_ && begin_ == end_;
  auto reply = std::move(reader_->reply());
  auto call = std::move(call_);
  --lane_->calls;
  used_ = true;
  phase_ = phase::idle;
  if (reusable)
    lane_->rest(shared_from_this());
  else
    close();
  call->complete(std::move(reply));
}

// -- failing

void client_connection::unusable() {
  if (reader_->too_large())
    return fail(errc::broken, "body_too_large", call_->to.text() + ": the answer is larger than allowed");
  fail(errc::broken, "malformed_answer", call_->to.text() + ": the answer is not HTTP as agreed");
}

void client_connection::lost() {
  // A kept connection may have been closed while our request was on its way. Whether it was seen is not
  // known, so only what is safe to say twice is repeated; the others' callers know their own way to find an
  // earlier effect.
  if (used_ && !received_ && call_->safe && !call_->repeated) {
    call_->repeated = true;
    --lane_->calls;
    lane_->open(pool_, std::move(call_));
    return close();
  }
  fail(errc::retry_later, "connection_lost",
       call_->to.text() + ": the connection ended before the answer did");
}

void client_connection::fail(errc kind, std::string code, std::string detail) {
  auto call = std::move(call_);
  if (call) --lane_->calls;
  close();
  if (call) call->complete(failure(kind, std::move(code), std::move(detail)));
}

void client_connection::check_deadline(steady_clock::time_point now) {
  if (now < deadline_ || phase_ == phase::closed) return;
  if (phase_ == phase::idle) return close();
  const auto* what = phase_ == phase::connecting ? ": no connection in time" : ": no answer in time";
  fail(errc::retry_later, "timeout", call_->to.text() + what);
}

void client_connection::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  resolver_.cancel();
  stream_.close();
  lane_->forget(*this);
}

} // namespace kalends::net
