// SPDX-License-Identifier: Apache-2.0
#include "observe/series.hpp"

#include <prometheus/labels.h>

namespace kalends::observe {

std::string bounded_label::of(std::string_view value) {
  const std::lock_guard lock(mutex_);
  if (known_.contains(value)) return std::string(value);
  if (known_.size() >= limit_) return std::string(other);
  known_.emplace(value);
  return std::string(value);
}

std::string_view name_of_outcome(std::size_t outcome) {
  static constexpr std::array<std::string_view, call_outcomes> names{
      "ok",        "retry_later", "reauthorize", "resync",  "conflict", "duplicate",
      "not_found", "invalid",     "forbidden",   "stopped", "broken"};
  return names.at(outcome);
}

const histogram::BucketBoundaries& freshness_buckets() {
  static const histogram::BucketBoundaries seconds{0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600};
  return seconds;
}

const histogram::BucketBoundaries& call_buckets() {
  static const histogram::BucketBoundaries seconds{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return seconds;
}

const histogram::BucketBoundaries& database_buckets() {
  static const histogram::BucketBoundaries seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                   0.1,    0.25,  0.5,    1,     2.5,  10};
  return seconds;
}

/// References into the registry, which keeps them as long as it lives.
struct calendar_board::families {
  explicit families(prometheus::Registry& r)
      : notices(add(r, "kalends_notices_total", "Notices of vendors that were proven and kept.")),
        retried(add(r, "kalends_push_retries_total", "Writes to a calendar that will be tried again.")),
        dead(add(r, "kalends_dead_letters_total", "Writes that were set aside after too many attempts.")),
        drift(add(r, "kalends_drift_items_total", "Differences that only a full comparison found.")),
        parkings(add(r, "kalends_parkings_total", "Calendars that failed repeatedly and were made to rest.")),
        runs(add(r, "kalends_sync_runs_total", "Sync runs that ended.")),
        items(add(r, "kalends_sync_items_total", "What runs saw and did.")),
        conflicts(add(r, "kalends_conflicts_total", "Fields that both sides had changed.")),
        renewals(add(r, "kalends_channel_renewals_total", "Renewals of push channels.")),
        refreshes(add(r, "kalends_token_refreshes_total", "Refreshes of access tokens.")),
        calls(add(r, "kalends_vendor_calls_total", "Calls of vendors, by what became of them.")),
        fenced(add(r, "kalends_fenced_writes_total", "Writes refused because another node owns the tenant.")),
        fresh_in(prometheus::BuildHistogram()
                     .Name("kalends_freshness_in_seconds")
                     .Help("From the vendor's time of a change to our commit.")
                     .Register(r)),
        fresh_out(prometheus::BuildHistogram()
                      .Name("kalends_freshness_out_seconds")
                      .Help("From the commit of an entry's change to the vendor's answer.")
                      .Register(r)) {}

  static family<counter>& add(prometheus::Registry& r, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(r);
  }

  family<counter>&notices, &retried, &dead, &drift, &parkings, &runs, &items, &conflicts, &renewals,
      &refreshes, &calls, &fenced;
  family<histogram>&fresh_in, &fresh_out;
};

calendar_board::calendar_board(prometheus::Registry& registry, std::size_t tenant_limit)
    : tenant_limit_(tenant_limit), families_(std::make_shared<families>(registry)) {
  other_.label = std::string(other);
}

std::unique_ptr<calendar_series> calendar_board::make(const std::string& label, provider_type type) const {
  auto& f = *families_;
  const prometheus::Labels base{{"tenant", label}, {"type", std::string(kalends::name_of(type))}};
  auto with = [&](std::initializer_list<std::pair<const char*, std::string_view>> more) {
    auto labels = base;
    for (const auto& [name, value] : more) labels[name] = std::string(value);
    return labels;
  };
  auto pair = [&](family<counter>& of) {
    return yes_no{&of.Add(with({{"outcome", "ok"}})), &of.Add(with({{"outcome", "failed"}}))};
  };
  auto s = std::make_unique<calendar_series>();
  s->notices = &f.notices.Add(base);
  s->fresh_in = &f.fresh_in.Add(base, freshness_buckets());
  s->fresh_out = &f.fresh_out.Add(base, freshness_buckets());
  s->retried = &f.retried.Add(base);
  s->dead_letters = &f.dead.Add(base);
  s->drift = &f.drift.Add(base);
  s->parkings = &f.parkings.Add(base);
  for (std::size_t i = 0; i < run_causes; ++i) {
    const auto cause = kalends::name_of(static_cast<run_cause>(i));
    s->runs[i] = {&f.runs.Add(with({{"cause", cause}, {"outcome", "succeeded"}})),
                  &f.runs.Add(with({{"cause", cause}, {"outcome", "failed"}}))};
  }
  s->pulled = &f.items.Add(with({{"kind", "pulled"}}));
  s->changed = &f.items.Add(with({{"kind", "entries_changed"}}));
  s->pushed = &f.items.Add(with({{"kind", "pushed"}}));
  s->refused = &f.items.Add(with({{"kind", "refused"}}));
  s->conflict_newest = &f.conflicts.Add(with({{"policy", "newest"}}));
  s->conflict_local = &f.conflicts.Add(with({{"policy", "local"}}));
  s->conflict_external = &f.conflicts.Add(with({{"policy", "external"}}));
  s->renewals = pair(f.renewals);
  s->refreshes = pair(f.refreshes);
  for (std::size_t i = 0; i < call_outcomes; ++i)
    s->calls[i] = &f.calls.Add(with({{"outcome", name_of_outcome(i)}}));
  return s;
}

const calendar_board::tenant_slot& calendar_board::slot_of(const tenant_id& tenant) {
  auto at = slots_.find(tenant);
  return at == slots_.end() ? other_ : at->second;
}

const calendar_series& calendar_board::of(const tenant_id& tenant, provider_type type) {
  const auto index = static_cast<std::size_t>(type);
  {
    const std::shared_lock lock(mutex_);
    const auto& slot = slot_of(tenant);
    const bool named = &slot != &other_ || slots_.size() >= tenant_limit_;
    if (named && slot.by_type[index] != nullptr) return *slot.by_type[index];
  }
  const std::unique_lock lock(mutex_);
  if (!slots_.contains(tenant) && slots_.size() < tenant_limit_) slots_[tenant].label = tenant.str();
  auto at = slots_.find(tenant);
  auto& slot = at == slots_.end() ? other_ : at->second;
  if (slot.by_type[index] == nullptr) {
    made_.push_back(make(slot.label, type));
    slot.by_type[index] = made_.back().get();
  }
  if (slot.fenced == nullptr) slot.fenced = &families_->fenced.Add({{"tenant", slot.label}});
  return *slot.by_type[index];
}

std::string calendar_board::name_of(const tenant_id& tenant) {
  const std::shared_lock lock(mutex_);
  return slot_of(tenant).label;
}

counter& calendar_board::fenced(const tenant_id& tenant) {
  of(tenant, provider_type::google); // the tenant has a place from here on
  const std::shared_lock lock(mutex_);
  return *slot_of(tenant).fenced;
}

} // namespace kalends::observe
