// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace kalends::net {

/// Owns the I/O contexts and the threads that run them; the server and the clients live on these.
/// Outlives everything that was given it. `stop()` cancels what is pending and joins.
class io_threads {
public:
  explicit io_threads(std::size_t threads = 1);
  ~io_threads();
  io_threads(const io_threads&) = delete;
  io_threads& operator=(const io_threads&) = delete;

  std::size_t size() const noexcept;
  /// Context `i % size()`; each is run by exactly one thread, so what stays on one needs no lock.
  boost::asio::io_context& context(std::size_t i = 0) noexcept;
  /// Calls `work` on thread 0 after `delay`; lost when stopped.
  void after(std::chrono::milliseconds delay, std::function<void()> work);
  /// Calls `on_signal` once, on thread 0, at SIGINT or SIGTERM. A signal that follows within a second, or
  /// once the threads have been stopped, counts as the same; any other ends the process.
  void on_stop_signal(std::function<void()> on_signal);
  void stop();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::net
