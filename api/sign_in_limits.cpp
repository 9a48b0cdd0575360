// SPDX-License-Identifier: Apache-2.0
#include "api/sign_in_limits.hpp"

#include <algorithm>
#include <utility>

#include <arpa/inet.h>

namespace kalends::api {

std::optional<std::chrono::milliseconds> attempt_limiter::take(const std::string& name, instant now) {
  const std::lock_guard lock(guard_);
  auto found = lines_.find(name);
  if (found == lines_.end()) {
    make_room(now);
    found = lines_.emplace(name, line{now, 0}).first;
  }
  auto& l = found->second;
  if (now - l.began >= window || now < l.began) l = {now, 0};
  if (l.taken >= most_) return std::chrono::milliseconds(window) - (now - l.began);
  ++l.taken;
  return std::nullopt;
}

void attempt_limiter::forgive(const std::string& name) {
  const std::lock_guard lock(guard_);
  lines_.erase(name);
}

void attempt_limiter::make_room(instant now) {
  if (lines_.size() < limit) return;
  std::erase_if(lines_, [&](const auto& l) { return now - l.second.began >= window; });
  if (lines_.size() < limit) return;
  const auto oldest = std::min_element(lines_.begin(), lines_.end(), [](const auto& a, const auto& b) {
    return a.second.began < b.second.began;
  });
  lines_.erase(oldest);
}

std::string counted_address(const std::string& peer) {
  constexpr std::size_t network_bytes = 8;
  in6_addr address{};
  if (inet_pton(AF_INET6, peer.c_str(), &address) != 1) return peer;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return peer;
  return std::string(reinterpret_cast<const char*>(&address), network_bytes);
}

reckoning_thread::reckoning_thread() : thread_([this] { run(); }) {}

reckoning_thread::~reckoning_thread() { close(); }

void reckoning_thread::close() {
  std::deque<std::function<void()>> dropped; // outlives the lock: what is dropped may answer somebody
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool reckoning_thread::add(std::function<void()> work) {
  {
    const std::lock_guard lock(guard_);
    if (stopping_ || queue_.size() >= queue_limit) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void reckoning_thread::run() {
  std::unique_lock lock(guard_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

} // namespace kalends::api
