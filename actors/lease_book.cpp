// SPDX-License-Identifier: Apache-2.0
#include "actors/lease_book.hpp"

#include <time.h>

#include <mutex>
#include <utility>

namespace kalends::actors {

lease_book::lease_book(clock since_start) : clock_(std::move(since_start)) {}

void lease_book::renew(milliseconds asked_at, milliseconds life) {
  const std::unique_lock lock(guard_);
  until_ = asked_at + life;
}

bool lease_book::run_out() const { return clock_() >= until_; }

bool lease_book::expired() const {
  const std::shared_lock lock(guard_);
  return run_out();
}

void lease_book::hold(const tenant_id& tenant) {
  const std::unique_lock lock(guard_);
  if (held_.insert(tenant).second) ++version_;
}

void lease_book::let_go(const tenant_id& tenant) {
  const std::unique_lock lock(guard_);
  version_ += held_.erase(tenant) + paused_.erase(tenant);
}

bool lease_book::holds(const tenant_id& tenant) const {
  const std::shared_lock lock(guard_);
  return held_.contains(tenant) && !run_out();
}

void lease_book::pause(const tenant_id& tenant, bool stopped) {
  const std::unique_lock lock(guard_);
  version_ += stopped ? std::uint64_t{paused_.insert(tenant).second} : paused_.erase(tenant);
}

bool lease_book::may_call(const tenant_id& tenant) const {
  const std::shared_lock lock(guard_);
  return held_.contains(tenant) && !paused_.contains(tenant) && !run_out();
}

std::vector<tenant_id> lease_book::held() const {
  const std::shared_lock lock(guard_);
  return {held_.begin(), held_.end()};
}

std::uint64_t lease_book::version() const {
  const std::shared_lock lock(guard_);
  return version_;
}

lease_book::milliseconds machine_uptime() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::duration_cast<lease_book::milliseconds>(std::chrono::seconds(t.tv_sec) +
                                                              std::chrono::nanoseconds(t.tv_nsec));
}

} // namespace kalends::actors
