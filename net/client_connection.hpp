// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/byte_stream.hpp"
#include "net/client_call.hpp"
#include "net/reply_reader.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kalends::net {

struct client_lane;

/// The connections of one origin and the calls that wait for one.
struct host_pool {
  explicit host_pool(std::string k) : key(std::move(k)) {}
  std::string key;
  std::size_t open = 0; ///< connecting, busy and idle ones
  std::vector<std::shared_ptr<client_connection>>
      idle; ///< the last used is taken first, so the others can expire
  std::deque<std::shared_ptr<client_call>> waiting; ///< first come, first served
};

/// The end of one lane, told once: by its thread, or by the client's owner when that has ended already.
struct client_closing {
  void run();
  void wait();

  std::shared_ptr<client_lane> lane;
  std::vector<std::shared_ptr<client_call>> unheard; ///< not yet begun
  std::once_flag once;
  std::promise<void> ended;
};

/// Calls and cancellations on their way to a lane's thread; a burst costs one wake-up. Tokens keep it alive
/// after the client is gone; then a call completes at once with errc::stopped.
class client_inbox : public std::enable_shared_from_this<client_inbox> {
public:
  explicit client_inbox(boost::asio::io_context& io, std::shared_ptr<client_lane> lane)
      : io_(&io), lane_(std::move(lane)) {}
  void begin(std::shared_ptr<client_call> call);
  void cancel(std::weak_ptr<client_call> call);
  /// Takes the lane away, so that everything pending completes with errc::stopped, on the lane's thread if it
  /// runs. Null from the second time on.
  std::shared_ptr<client_closing> shut_down();

private:
  using item = std::variant<std::shared_ptr<client_call>, std::weak_ptr<client_call>>;
  bool push(item i); ///< false once shut down
  void deliver();

  std::mutex mutex_;
  boost::asio::io_context* io_; ///< null once shut down
  std::shared_ptr<client_lane> lane_;
  bool scheduled_ = false;
  std::vector<item> items_;
};

/// One I/O thread's part of a client. Everything happens on that thread.
struct client_lane : std::enable_shared_from_this<client_lane> {
  client_lane(boost::asio::io_context& i, const http_client_options& o,
              std::shared_ptr<boost::asio::ssl::context> t);

  void begin(std::shared_ptr<client_call> call);
  void cancel(client_call& call);
  void open(const std::shared_ptr<host_pool>& pool, std::shared_ptr<client_call> call);
  void rest(const std::shared_ptr<client_connection>& connection); ///< it is free for the next call
  void forget(client_connection& connection);
  void stop();
  void sweep_later();

  boost::asio::io_context& io;
  const http_client_options options;
  std::shared_ptr<boost::asio::ssl::context>
      tls; ///< null when ca_file cannot be read: then no TLS call succeeds
  std::unordered_map<std::string, std::shared_ptr<host_pool>> pools;
  std::unordered_map<client_connection*, std::shared_ptr<client_connection>> connections;
  boost::asio::steady_timer sweep;
  std::chrono::milliseconds sweep_interval{0}; ///< 0: not armed
  std::size_t calls = 0;                       ///< on a connection or waiting
  bool stopped = false;

private:
  void sweep_now();
  void arm_sweep(std::chrono::milliseconds interval);
  std::shared_ptr<client_call> next_waiting(host_pool& pool);
};

/// One connection from connect to close, serving one call after the other. A read is always under way, so a
/// peer that hangs up an idle connection is noticed before the next call meets it.
class client_connection final : public std::enable_shared_from_this<client_connection> {
public:
  client_connection(std::shared_ptr<client_lane> lane, std::shared_ptr<host_pool> pool);

  void open(std::shared_ptr<client_call> call);
  void serve(std::shared_ptr<client_call> call);
  void check_deadline(std::chrono::steady_clock::time_point now);
  void fail(errc kind, std::string code, std::string detail);
  void close();
  host_pool& pool() noexcept { return *pool_; }

private:
  enum class phase { connecting, busy, idle, closed };

  void connect(std::vector<boost::asio::ip::tcp::endpoint> endpoints);
  void shake_hands();
  void write();
  void read();
  void on_read(boost::system::error_code ec, std::size_t n);
  void parse();
  void on_end(boost::system::error_code ec);
  void finish();
  void unusable();
  void lost();
  void wait_at_most(std::chrono::milliseconds time);

  friend struct client_lane;
  std::shared_ptr<client_lane> lane_;
  std::shared_ptr<host_pool> pool_;
  byte_stream stream_;
  boost::asio::ip::basic_resolver<boost::asio::ip::tcp, boost::asio::io_context::executor_type> resolver_;
  phase phase_ = phase::connecting;
  std::chrono::steady_clock::time_point deadline_;

  std::shared_ptr<client_call> call_;
  bool used_ = false;     ///< it has brought an answer before
  bool received_ = false; ///< a byte of this call's answer has come
  std::size_t sent_ = 0;
  bool writing_ = false;
  std::optional<reply_reader> reader_;
  int interim_ = 0; ///< 1xx answers before the real one

  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

} // namespace kalends::net
