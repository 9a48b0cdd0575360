// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/meter.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

/// The series behind prometheus_meter, found quickly and made once.
namespace kalends::observe {

using counter = prometheus::Counter;
using histogram = prometheus::Histogram;
template <class T>
using family = prometheus::Family<T>;

inline constexpr std::string_view other = "other";

/// Lets the first `limit` values through; the others share one name. Any thread.
class bounded_label {
public:
  explicit bounded_label(std::size_t limit) : limit_(limit) {}
  std::string of(std::string_view value);

private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> known_;
};

/// Outcomes of vendor calls: "ok", or the kind of the failure.
inline constexpr std::size_t call_outcomes = static_cast<std::size_t>(errc::broken) + 2;
std::string_view name_of_outcome(std::size_t outcome);
inline std::size_t outcome_of(const error* failed) {
  return failed == nullptr ? 0 : static_cast<std::size_t>(failed->kind) + 1;
}

inline constexpr std::size_t run_causes = static_cast<std::size_t>(run_cause::push) + 1;
inline constexpr std::size_t provider_types = 2;
inline constexpr std::size_t vendor_verbs = static_cast<std::size_t>(vendor_verb::refresh_token) + 1;

struct yes_no {
  counter *ok, *failed;
  void count(const error* failure) const { (failure == nullptr ? ok : failed)->Increment(); }
};

/// All series of one tenant at one vendor.
struct calendar_series {
  counter* notices;
  histogram *fresh_in, *fresh_out;
  counter *retried, *dead_letters, *drift, *parkings;
  std::array<yes_no, run_causes> runs;
  counter *pulled, *changed, *pushed, *refused;
  counter *conflict_newest, *conflict_local, *conflict_external;
  yes_no renewals, refreshes;
  std::array<counter*, call_outcomes> calls;
};

/// The families that carry a tenant, and the tenants that have a name in them.
class calendar_board {
public:
  calendar_board(prometheus::Registry& registry, std::size_t tenant_limit);
  /// Made at the first asking.
  const calendar_series& of(const tenant_id& tenant, provider_type type);
  /// The label: the tenant's id, or "other".
  std::string name_of(const tenant_id& tenant);
  counter& fenced(const tenant_id& tenant);

private:
  struct families;
  struct tenant_slot {
    std::string label;
    std::array<const calendar_series*, provider_types> by_type{};
    counter* fenced = nullptr;
  };
  const tenant_slot& slot_of(const tenant_id& tenant);
  std::unique_ptr<calendar_series> make(const std::string& label, provider_type type) const;

  const std::size_t tenant_limit_;
  std::shared_ptr<families> families_;
  std::shared_mutex mutex_;
  std::unordered_map<tenant_id, tenant_slot> slots_; ///< at most `tenant_limit_`
  tenant_slot other_;                                ///< of all that came later
  std::vector<std::unique_ptr<calendar_series>> made_;
};

/// Seconds: from what nobody notices to what everybody does.
const histogram::BucketBoundaries& freshness_buckets();
const histogram::BucketBoundaries& call_buckets();
const histogram::BucketBoundaries& database_buckets();

} // namespace kalends::observe
