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
  /// The tenure that begins with it; 0 when `epoch` is.
  std::uint64_t hold(const tenant_id& tenant, std::int64_t epoch) {
    const std::unique_lock lock(guard_);
    if (epoch == 0) {
      held_.erase(tenant);
      return 0;
    }
    held_[tenant] = {epoch, ++tenures_};
    return tenures_;
  }
  /// 0: not held, or not in this tenure any more. Tenure 0 is any.
  std::int64_t epoch_of(const tenant_id& tenant, std::uint64_t tenure = 0) const {
    const std::shared_lock lock(guard_);
    const auto at = held_.find(tenant);
    if (at == held_.end() || (tenure != 0 && at->second.tenure != tenure)) return 0;
    return at->second.epoch;
  }

  void listen(std::function<void(const tenant_id&, std::int64_t)> told) {
    const std::lock_guard lock(telling_); // waits for a call under way
    told_ = std::move(told);
  }
  /// A write under `epoch` was refused. What is held under another epoch by now stays.
  void refused(const tenant_id& tenant, std::int64_t epoch) {
    {
      const std::unique_lock lock(guard_);
      if (const auto at = held_.find(tenant); at != held_.end() && at->second.epoch == epoch) held_.erase(at);
    }
    const std::lock_guard lock(telling_);
    if (told_) told_(tenant, epoch);
  }

private:
  struct lease_held {
    std::int64_t epoch = 0;
    std::uint64_t tenure = 0;
  };
  mutable std::shared_mutex guard_;
  std::unordered_map<tenant_id, lease_held> held_;
  std::uint64_t tenures_ = 0;
  std::mutex telling_;
  std::function<void(const tenant_id&, std::int64_t)> told_;
};

} // namespace kalends::persistence
