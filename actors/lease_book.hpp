// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <unordered_set>
#include <vector>

namespace kalends::actors {

/// Which tenants this process may act for at this moment. The supervisor writes it; whoever is about to call
/// a vendor asks it, on any thread. It runs out by itself: a process that was frozen finds it empty when it
/// goes on, before anybody could have told it. (The rows are safe without it: they are fenced.)
class lease_book {
public:
  using milliseconds = std::chrono::milliseconds;
  /// A clock that never goes back and does not stand still while the machine sleeps.
  using clock = std::function<milliseconds()>;
  explicit lease_book(clock since_start);

  milliseconds now() const { return clock_(); }
  /// The same, for those who reckon in instants; on any thread.
  static std::function<instant()> clock_of(std::shared_ptr<const lease_book> book) {
    return [book = std::move(book)] { return instant(book->now()); };
  }
  /// The database has confirmed the leases; `asked_at`: when the question was sent, which is before the
  /// database began to count.
  void renew(milliseconds asked_at, milliseconds life);
  bool expired() const;
  void hold(const tenant_id& tenant);
  void let_go(const tenant_id& tenant);
  /// Held, and not run out.
  bool holds(const tenant_id& tenant) const;
  /// An operator stopped the tenant's work, or lets it go on. Forgotten when the tenant is let go.
  void pause(const tenant_id& tenant, bool stopped);
  /// Held, not run out, and not stopped.
  bool may_call(const tenant_id& tenant) const;

  /// All that are held, stopped or not.
  std::vector<tenant_id> held() const;
  /// Grows with every change of what is held or stopped.
  std::uint64_t version() const;

private:
  bool run_out() const; // under the guard

  const clock clock_;
  mutable std::shared_mutex guard_;
  milliseconds until_{0};
  std::unordered_set<tenant_id> held_, paused_;
  std::uint64_t version_ = 0;
};

/// Milliseconds since the machine started, its sleep included.
lease_book::milliseconds machine_uptime();

} // namespace kalends::actors
