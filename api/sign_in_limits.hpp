// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

/// What keeps guessing slow.
namespace kalends::api {

/// Counts attempts by name in stretches of `window`. Forgets the oldest names above `limit`. Thread-safe;
/// each node counts for itself.
class attempt_limiter {
public:
  static constexpr std::size_t limit = 10'000;
  static constexpr std::chrono::minutes window{15};

  explicit attempt_limiter(int most) : most_(most) {}
  /// Counts an attempt before it is made, so that many at a time are not more than were permitted. If it is
  /// one too many: how long to wait.
  std::optional<std::chrono::milliseconds> take(const std::string& name, instant now);
  /// It was the right one: what was counted is forgotten.
  void forgive(const std::string& name);

private:
  struct line {
    instant began{};
    int taken = 0;
  };
  void make_room(instant now);

  const int most_;
  std::mutex guard_;
  std::unordered_map<std::string, line> lines_;
};

/// Per account and window.
inline constexpr int attempts_of_account = 10;
/// Per address and window. An IPv6 address stands for its /64.
inline constexpr int attempts_of_address = 30;
std::string counted_address(const std::string& peer);

/// A thread of its own for what takes a tenth of a second of reckoning, one after the other, so that neither
/// I/O nor the database waits for it and memory stays bounded.
class reckoning_thread {
public:
  static constexpr std::size_t queue_limit = 32;

  reckoning_thread();
  ~reckoning_thread();
  reckoning_thread(const reckoning_thread&) = delete;
  reckoning_thread& operator=(const reckoning_thread&) = delete;
  /// False: too much waits.
  bool add(std::function<void()> work);
  /// What waits is dropped, and nothing more is taken.
  void close();

private:
  void run();

  std::mutex guard_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

/// All of it, for one API.
struct sign_in_guard {
  attempt_limiter accounts{attempts_of_account};
  attempt_limiter addresses{attempts_of_address};
  reckoning_thread reckoning;
};

} // namespace kalends::api
