// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace kalends::persistence {

/// Waiting work in lanes. Lanes take turns, so that one with a long backlog delays the others by one item
/// each; within a lane, first come first served. The lane "" is for work that serves many at once (a group of
/// tenants in one commit): it gets every second turn. At most `limit` items in all, half of them in one lane.
/// Not thread-safe.
template <class T>
class fair_queue {
public:
  explicit fair_queue(std::size_t limit) : limit_(limit) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  bool has_room(const std::string& lane) const {
    if (size_ >= limit_) return false;
    const auto found = lanes_.find(lane);
    return found == lanes_.end() || found->second.size() < (limit_ + 1) / 2;
  }

  void push(const std::string& lane, T item) {
    auto& waiting = lanes_[lane];
    if (waiting.empty() && !lane.empty()) turns_.push_back(lane);
    waiting.push_back(std::move(item));
    ++size_;
  }

  std::optional<T> pop() {
    if (empty()) return std::nullopt;
    const bool shared_waits = lanes_.contains("");
    shared_turn_ = shared_waits && (turns_.empty() || !shared_turn_);
    if (shared_turn_) return take("");
    auto lane = std::move(turns_.front());
    turns_.pop_front();
    auto item = take(lane);
    if (lanes_.contains(lane)) turns_.push_back(std::move(lane));
    return item;
  }

private:
  T take(const std::string& lane) {
    const auto found = lanes_.find(lane);
    T item = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) lanes_.erase(found);
    --size_;
    return item;
  }

  std::size_t limit_;
  std::size_t size_ = 0;
  bool shared_turn_ = false;
  std::unordered_map<std::string, std::deque<T>> lanes_; ///< only lanes with something in them
  std::deque<std::string> turns_;
};

} // namespace kalends::persistence
