// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace kalends::testing {

/// One end of a TCP connection, blocking, with a 5 s limit on every read: says exactly the bytes a test wants
/// said.
class raw_peer {
public:
  explicit raw_peer(int fd);
  static raw_peer connect(std::uint16_t port); ///< to 127.0.0.1; throws std::system_error
  raw_peer(raw_peer&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  raw_peer& operator=(raw_peer&&) = delete;
  ~raw_peer();

  bool send(std::string_view bytes); ///< false when the other end has hung up
  /// Reads until `mark` has come, the other end closes or the limit passes; what was read stays counted in.
  std::string read_until(std::string_view mark);
  std::string read_all();
  /// One HTTP answer with its body, by Content-Length.
  std::string read_answer();
  /// True when the other end has closed or reset (and sent nothing more).
  bool at_end();
  void close(bool reset = false);

private:
  bool fill();
  int fd_;
  std::string ahead_;
};

/// Accepts on a free port of 127.0.0.1 and gives each connection, in its own thread, to `serve`.
class raw_server {
public:
  explicit raw_server(std::function<void(raw_peer&, int nth)> serve);
  ~raw_server();
  raw_server(const raw_server&) = delete;
  raw_server& operator=(const raw_server&) = delete;
  std::uint16_t port() const { return port_; }

private:
  void accept(const std::function<void(raw_peer&, int)>& serve);
  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

} // namespace kalends::testing
