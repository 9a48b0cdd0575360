// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

namespace kalends::persistence {

/// The epochs with which a store writes. Any thread.
class held_leases {
public:
  void hold(const tenant_id& tenant, std::int64_t epoch) {
    const std::unique_lock lock(guard_);
    if (epoch == 0)
      epochs_.erase(tenant);
    else
      epochs_[tenant] = epoch;
  }
  /// 0: not held.
  std::int64_t epoch_of(const tenant_id& tenant) const {
    const std::shared_lock lock(guard_);
    const auto at = epochs_.find(tenant);
    return at == epochs_.end() ? 0 : at->second;
  }

  void listen(std::function<void(const tenant_id&, std::int64_t)> told) {
    const std::lock_guard lock(telling_); // waits for a call under way
    told_ = std::move(told);
  }
  /// A write under `epoch` was refused. What is held under another epoch by now stays.
  void refused(const tenant_id& tenant, std::int64_t epoch) {
    {
      const std::unique_lock lock(guard_);
      if (const auto at = epochs_.find(tenant); at != epochs_.end() && at->second == epoch) epochs_.erase(at);
    }
    const std::lock_guard lock(telling_);
    if (told_) told_(tenant, epoch);
  }

private:
  mutable std::shared_mutex guard_;
  std::unordered_map<tenant_id, std::int64_t> epochs_;
  std::mutex telling_;
  std::function<void(const tenant_id&, std::int64_t)> told_;
};

} // namespace kalends::persistence
