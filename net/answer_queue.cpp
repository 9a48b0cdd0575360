// SPDX-License-Identifier: Apache-2.0
#include "net/server_connection.hpp"

#include <boost/asio/post.hpp>

namespace kalends::net {

void answer_queue::push(item i) {
  std::lock_guard lock(mutex_);
  if (!io_) return;
  items_.push_back(std::move(i));
  if (std::exchange(scheduled_, true)) return;
  // Under the lock, because after close() the context may be gone.
  boost::asio::post(*io_, [self = shared_from_this()] { self->deliver(); });
}

void answer_queue::close() {
  std::vector<item> unanswered;
  std::lock_guard lock(mutex_);
  io_ = nullptr;
  unanswered.swap(items_);
}

void answer_queue::deliver() {
  {
    std::lock_guard lock(mutex_);
    scheduled_ = false;
    delivering_.swap(items_);
  }
  for (auto& i : delivering_)
    if (auto connection = i.to.lock()) connection->take(i);
  delivering_.clear();
}

} // namespace kalends::net
