// SPDX-License-Identifier: Apache-2.0
#include "net/server_connection.hpp"

#include "net/client_address.hpp"
#include "net/http_rules.hpp"
#include "net/server_exchange.hpp"

#include <boost/beast/http/error.hpp>

#include <cstring>

namespace kalends::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

// One read takes a whole ordinary request; a fresh, small buffer costs two more system calls per request.
constexpr std::size_t read_buffer_size = 16 * 1024;
// After the last answer the peer may take this long to hang up before we do.
constexpr auto linger_time = 2s;
// What a rare large answer grew is given back.
constexpr std::size_t largest_kept_buffer = 64 * 1024;

} // namespace

server_connection::server_connection(std::shared_ptr<server_shard> shard, tcp_socket socket)
    : shard_(std::move(shard)), stream_(std::move(socket)),
      capacity_(std::max(read_buffer_size, shard_->core->options.header_limit + 4)) {}

void server_connection::start() {
  error_code ec;
  const auto peer = stream_.socket().remote_endpoint(ec);
  if (!ec) peer_ = peer.address().to_string();
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ec);
  stream_.socket().non_blocking(true, ec);
  if (ec) return close();
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  auto& core = *shard_->core;
  if (!core.tls) {
    set_deadline(core.options.idle_timeout);
    return read();
  }
  phase_ = phase::handshaking;
  set_deadline(core.options.header_timeout);
  stream_.use_tls(*core.tls);
  auto done = [self = shared_from_this()](error_code failed) {
    if (self->phase_ != phase::handshaking) return;
    if (failed) return self->close();
    self->phase_ = phase::idle;
    self->set_deadline(self->shard_->core->options.idle_timeout);
    self->read();
  };
  stream_.tls()->async_handshake(asio::ssl::stream_base::server, std::move(done));
}

void server_connection::turn_away() {
  error_code ec;
  stream_.socket().non_blocking(true, ec);
  if (ec || shard_->core->tls) return close();
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  keep_alive_ = false;
  auto answer = problem(503, "too_many_connections", "The server has as many connections as it may have.");
  answer.headers.emplace_back("Retry-After", "1");
  this->answer(std::move(answer));
}

void server_connection::close(bool cut) {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  if (channel_) channel_->gone = true;
  stream_.close(cut);
  shard_->forget(*this);
}

void server_connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = steady_clock::now() + from_now;
}

void server_connection::check_deadline(steady_clock::time_point now) {
  if (now < deadline_) return;
  switch (phase_) {
  case phase::receiving:
    return refuse(408, "request_timeout", "The request took too long to arrive.");
  case phase::answering:
    return refuse(504, "handler_timeout", "No answer was found in time.");
  case phase::closed:
    return;
  case phase::writing:
  case phase::streaming:
    return close(true); // the peer does not read
  case phase::handshaking:
  case phase::idle:
  case phase::lingering:
    return close();
  }
}

void server_connection::drain() {
  if (phase_ == phase::idle || phase_ == phase::handshaking) return close();
  if (phase_ == phase::streaming) end_stream();
}

// -- reading

void server_connection::read() {
  if (reading_ || peer_done_ || phase_ == phase::closed) return;
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == capacity_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == capacity_) return; // the peer talks on while it waits for us: let TCP slow it down
  reading_ = true;
  auto done = [self = shared_from_this()](error_code ec, std::size_t n) { self->on_read(ec, n); };
  stream_.read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_), std::move(done));
}

void server_connection::on_read(error_code ec, std::size_t n) {
  reading_ = false;
  if (phase_ == phase::closed) return;
  if (ec) {
    // An answer on its way still reaches a peer that has only finished speaking; anything else is a peer that
    // left.
    if (phase_ != phase::writing || ec != asio::error::eof) return close();
    peer_done_ = true;
    keep_alive_ = false;
    return;
  }
  if (phase_ == phase::lingering)
    begin_ = end_ = 0;
  else
    end_ += n;
  advance();
}

void server_connection::advance() {
  if (std::exchange(advancing_, true)) return;
  while ((phase_ == phase::idle || phase_ == phase::receiving) && begin_ != end_) {
    const auto before = begin_;
    parse();
    if (begin_ == before) break;
  }
  advancing_ = false;
  read();
}

void server_connection::parse() {
  const auto& options = shard_->core->options;
  if (phase_ == phase::idle) {
    phase_ = phase::receiving;
    reader_.emplace(options.header_limit, options.body_limit);
    continued_ = false;
    set_deadline(options.header_timeout);
  }
  boost::beast::error_code ec;
  begin_ += reader_->put(asio::buffer(buffer_.get() + begin_, end_ - begin_), ec);
  if (ec && ec != http::error::need_more) return refuse_unreadable(ec);
  if (reader_->is_done()) return dispatch();
  if (ec == http::error::need_more && begin_ == 0 && end_ == capacity_)
    return refuse_unreadable(http::error::header_limit);
  if (reader_->is_header_done() && reader_->expects_continue() && !std::exchange(continued_, true)) {
    next_ += "HTTP/1.1 100 Continue\r\n\r\n";
    flush();
  }
}

void server_connection::dispatch() {
  head_only_ = reader_->request().method == "HEAD";
  http_1_0_ = reader_->version() == 10;
  keep_alive_ = reader_->keep_alive();
  if (const auto wrong = reader_->finish()) return refuse(wrong->status, wrong->code, wrong->detail);

  http_request request = std::move(reader_->request());
  request.peer = client_address(peer_, request.headers, shard_->core->options.proxies);
  request.tls = stream_.tls() != nullptr;
  phase_ = phase::answering;
  const auto exchange = ++exchange_;
  auto sink = std::make_shared<server_exchange>(shard_->answers, weak_from_this(), exchange);
  try {
    const answering_here here(*sink, *this);
    shard_->core->handler(std::move(request), http_responder(std::move(sink)));
  } catch (...) {
    // Whatever it was, it must not end the I/O thread; the peer learns that we failed.
    if (phase_ == phase::answering && exchange_ == exchange)
      answer(problem(500, "handler_failed", "The request could not be handled."));
  }
  if (phase_ == phase::answering && exchange_ == exchange) set_deadline(shard_->core->options.answer_timeout);
}

void server_connection::refuse(int status, const char* code, const char* detail) {
  keep_alive_ = false;
  answer(problem(status, code, detail));
}

void server_connection::refuse_unreadable(boost::beast::error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return refuse(431, "header_too_large", "The header fields are larger than this server reads.");
  if (ec == http::error::body_limit)
    return refuse(413, "body_too_large", "The body is larger than this server reads.");
  if (ec == http::error::bad_version)
    return refuse(505, "http_version_not_supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  refuse(400, "malformed_request", "The request is not HTTP.");
}

// -- answering

void server_connection::take(answer_queue::item& item) {
  if (item.exchange != exchange_ || phase_ == phase::closed) return; // too late: that request is over
  using queue = answer_queue;
  if (std::holds_alternative<queue::cut>(item.what)) {
    if (phase_ == phase::answering || phase_ == phase::streaming) close(true);
  } else if (auto* whole = std::get_if<queue::whole>(&item.what)) {
    if (phase_ == phase::answering) answer(std::move(whole->answer));
  } else if (auto* opening = std::get_if<queue::opening>(&item.what)) {
    if (phase_ == phase::answering) open_stream(std::move(opening->head), std::move(opening->channel));
  } else if (phase_ == phase::streaming) {
    if (auto* chunk = std::get_if<queue::chunk>(&item.what))
      send_chunk(std::move(chunk->bytes));
    else
      end_stream();
  }
}

std::string_view server_connection::connection_line() const {
  if (!keep_alive_) return "Connection: close\r\n";
  return http_1_0_ ? "Connection: keep-alive\r\n" : "";
}

void server_connection::answer(http_response answer) {
  if (answer.status < 200 || answer.status > 999)
    answer = problem(500, "handler_failed", "The request could not be handled.");
  if (shard_->draining || has_token(find_header(answer.headers, "Connection"), "close")) keep_alive_ = false;
  phase_ = phase::writing;
  append_head(next_, answer, framing::counted, connection_line(), shard_->date.now());
  if (!head_only_ && !bodiless(answer.status)) next_ += answer.body;
  flush();
}

void server_connection::open_stream(http_response head, std::shared_ptr<stream_channel> channel) {
  const bool empty = head_only_ || bodiless(head.status);
  if (http_1_0_ || shard_->draining) keep_alive_ = false;
  append_head(next_, head, http_1_0_ ? framing::until_close : framing::chunked, connection_line(),
              shard_->date.now());
  channel_ = std::move(channel);
  if (empty) {
    channel_->gone = true;
    phase_ = phase::writing;
  } else {
    phase_ = phase::streaming;
  }
  flush();
  if (shard_->draining && phase_ == phase::streaming) end_stream();
}

void server_connection::send_chunk(std::string bytes) {
  if (stream_ended_) return;
  if (http_1_0_)
    next_ += bytes;
  else
    append_chunk(next_, bytes);
  next_waiting_ += bytes.size();
  flush();
}

void server_connection::end_stream() {
  if (std::exchange(stream_ended_, true)) return;
  channel_->gone = true;
  if (channel_->overflown) return close(true);
  if (!http_1_0_) next_ += last_chunk;
  phase_ = phase::writing;
  flush();
}

// -- writing

/// Tries without waiting: most answers fit into the socket's buffer. False when something is left or broken.
bool server_connection::plain_write() {
  while (sent_ < out_.size()) {
    error_code ec;
    sent_ += stream_.socket().write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), ec);
    if (ec == asio::error::would_block) return false;
    if (ec) {
      close();
      return false;
    }
  }
  return true;
}

void server_connection::flush() {
  if (writing_ || phase_ == phase::closed) return;
  for (;;) {
    if (sent_ == out_.size()) {
      if (channel_) channel_->waiting -= std::exchange(out_waiting_, 0);
      out_.clear();
      sent_ = 0;
      if (next_.empty()) break;
      std::swap(out_, next_);
      out_waiting_ = std::exchange(next_waiting_, 0);
    }
    if (!stream_.tls() && plain_write()) continue;
    if (phase_ == phase::closed) return;
    writing_ = true;
    if (phase_ != phase::receiving) set_deadline(shard_->core->options.idle_timeout);
    auto done = [self = shared_from_this()](error_code ec, std::size_t n) { self->on_written(ec, n); };
    return stream_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), std::move(done));
  }
  flushed();
}

void server_connection::on_written(error_code ec, std::size_t n) {
  writing_ = false;
  if (phase_ == phase::closed) return;
  if (ec) return close();
  sent_ += n;
  flush();
}

void server_connection::flushed() {
  if (phase_ == phase::streaming) deadline_ = steady_clock::time_point::max();
  if (phase_ == phase::writing) finish_answer();
}

void server_connection::finish_answer() {
  channel_.reset();
  stream_ended_ = false;
  if (out_.capacity() > largest_kept_buffer) std::string().swap(out_);
  if (next_.capacity() > largest_kept_buffer) std::string().swap(next_);
  if (!keep_alive_ || shard_->draining) return linger();
  phase_ = phase::idle;
  set_deadline(shard_->core->options.idle_timeout);
  advance();
}

/// Closing with unread bytes would send a reset, and a reset can overtake the answer. So: say that we are
/// done, and read until the peer is done as well.
void server_connection::linger() {
  if (peer_done_) return close();
  phase_ = phase::lingering;
  set_deadline(linger_time);
  begin_ = end_;
  if (stream_.tls()) {
    stream_.tls()->async_shutdown([self = shared_from_this()](error_code) { self->close(); });
    return;
  }
  error_code ec;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ec);
  if (ec) return close();
  if (!advancing_) read();
}

} // namespace kalends::net
