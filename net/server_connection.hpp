// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/byte_stream.hpp"
#include "net/http_server.hpp"
#include "net/request_reader.hpp"
#include "net/server_answer.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kalends::net {

class server_connection;

/// What all threads of one server share; constant but for the count.
struct server_core {
  http_server_options options;
  http_handler handler;
  std::unique_ptr<boost::asio::ssl::context> tls;

  std::atomic<std::size_t> connections{0}; ///< answered ones and those being turned away
  std::mutex mutex;
  std::condition_variable changed; ///< when `connections` or `drained` changes
  std::size_t drained = 0;         ///< threads that have seen the order to drain

  void notify();
};

/// Bytes of an open answer that the peer has not taken yet; shared by the writer and the connection.
struct stream_channel {
  std::atomic<std::size_t> waiting{0};
  std::atomic<bool> gone{false};
  std::atomic<bool> overflown{false};
};

/// Answers on their way from any thread to the connection's own. Many answers cost one wake-up. Outlives the
/// server when a responder does; then it swallows what it is given.
class answer_queue : public std::enable_shared_from_this<answer_queue> {
public:
  struct whole {
    http_response answer;
  };
  struct opening {
    http_response head;
    std::shared_ptr<stream_channel> channel;
  };
  struct chunk {
    std::string bytes;
  };
  struct ending {};
  struct cut {};
  struct item {
    std::weak_ptr<server_connection> to;
    std::uint64_t exchange; ///< which request of the connection is meant
    std::variant<whole, opening, chunk, ending, cut> what;
  };

  explicit answer_queue(boost::asio::io_context& io) : io_(&io) {}
  void push(item i);
  void close();

private:
  void deliver();

  std::mutex mutex_;
  boost::asio::io_context* io_; ///< null once closed
  bool scheduled_ = false;
  std::vector<item> items_;
  std::vector<item> delivering_; ///< only on the I/O thread
};

/// One I/O thread's part of a server. Everything but construction happens on that thread.
struct server_shard : std::enable_shared_from_this<server_shard> {
  server_shard(std::shared_ptr<server_core> c, boost::asio::io_context& i);

  void adopt(tcp_socket socket, bool one_too_many);
  void forget(server_connection& connection);
  void drain();     ///< idle connections go now, the others after their answer
  void close_all(); ///< whatever is left goes now
  void sweep_later();

  std::shared_ptr<server_core> core;
  boost::asio::io_context& io;
  std::shared_ptr<answer_queue> answers;
  std::unordered_map<server_connection*, std::shared_ptr<server_connection>> connections;
  boost::asio::steady_timer sweep;
  bool sweeping = false;
  bool draining = false;
  date_line date;
};

/// One connection from accept to close: a state machine on its shard's thread. While a request waits for its
/// answer the next bytes are already being read, so a peer that leaves is noticed.
class server_connection final : public std::enable_shared_from_this<server_connection> {
public:
  server_connection(std::shared_ptr<server_shard> shard, tcp_socket socket);

  void start();
  void turn_away(); ///< 503: one too many
  void take(answer_queue::item& item);
  void answer(http_response answer);
  void check_deadline(std::chrono::steady_clock::time_point now);
  void drain();
  void close(bool cut = false);

private:
  enum class phase { handshaking, idle, receiving, answering, writing, streaming, lingering, closed };

  void read();
  void on_read(boost::system::error_code ec, std::size_t n);
  void advance();
  void parse();
  void dispatch();
  void refuse(int status, const char* code, const char* detail);
  void refuse_unreadable(boost::beast::error_code ec);

  void open_stream(http_response head, std::shared_ptr<stream_channel> channel);
  void send_chunk(std::string bytes);
  void end_stream();

  void flush();
  void on_written(boost::system::error_code ec, std::size_t n);
  void flushed();
  void finish_answer();
  void linger();

  std::string_view connection_line() const;
  bool plain_write();
  void set_deadline(std::chrono::milliseconds from_now);

  std::shared_ptr<server_shard> shard_;
  byte_stream stream_;
  phase phase_ = phase::idle;
  std::chrono::steady_clock::time_point deadline_;
  std::string peer_;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool reading_ = false;
  bool peer_done_ = false; ///< the peer has said its last byte
  bool advancing_ = false;
  std::optional<request_reader> reader_;
  bool continued_ = false;

  std::uint64_t exchange_ = 0;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_only_ = false;

  std::string out_; ///< being written, from `sent_` on
  std::size_t sent_ = 0;
  std::string next_; ///< gathers while `out_` is being written
  bool writing_ = false;
  std::size_t out_waiting_ = 0; ///< of `out_` and `next_`, what the stream's writer still counts as waiting
  std::size_t next_waiting_ = 0;

  std::shared_ptr<stream_channel> channel_;
  bool stream_ended_ = false;
};

} // namespace kalends::net
