// SPDX-License-Identifier: Apache-2.0
#include "actors/run_facts.hpp"
#include "actors/supervisor.hpp"
#include "observe/log.hpp"

#include <algorithm>

/// What died comes back after a pause; what keeps dying is parked, with an alert. Nothing else is touched by
/// it.
namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t deaths_allowed = 5; ///< within `death_window`; more: parked
constexpr auto death_window = 5min;
constexpr std::chrono::milliseconds first_pause = 1s;
constexpr std::chrono::milliseconds parked_for = 10min; ///< the first time; then twice as long each time
constexpr std::chrono::milliseconds parked_at_most = 6h;

std::int64_t minutes_of(std::chrono::milliseconds pause) {
  return std::chrono::ceil<std::chrono::minutes>(pause).count();
}

} // namespace

std::chrono::milliseconds pause_after_death(mortality& m, instant now) {
  if (m.on_probation && now - m.back_at > death_window) { // it lived: this death has another reason
    m.on_probation = false;
    m.times_parked = 0;
  }
  std::erase_if(m.deaths, [&](instant t) { return t < now - death_window; });
  m.deaths.push_back(now);
  m.parked = m.on_probation || m.deaths.size() > deaths_allowed;
  if (!m.parked) return first_pause * (1 << (m.deaths.size() - 1));
  auto pause = parked_for;
  for (int n = 0; n < m.times_parked && pause < parked_at_most; ++n) pause *= 2;
  ++m.times_parked;
  m.on_probation = false;
  m.deaths.clear();
  return std::min(pause, parked_at_most);
}

void supervisor::someone_died(const caf::down_msg& m) {
  auto at = state.names.find(m.source);
  if (at == state.names.end()) return;
  auto who = at->second;
  state.names.erase(at);
  auto* t = find_tenant(who.first);
  if (t == nullptr) return;
  if (!who.second.empty()) {
    auto p = t->providers.find(who.second);
    if (p != t->providers.end()) provider_died(who, p->second);
    return;
  }
  t->actor = nullptr;
  if (state.shut) {
    if (state.resting > 0 && --state.resting == 0) give_everything_back();
    return;
  }
  if (t->resting) return rested(who.first);
  if (t->going_to_rest) return tenant_rested(*t);
  tenant_died(who.first, *t);
}

void supervisor::provider_died(const key& who, supervisor_state::provider_line& p) {
  forget_actor(who, *find_tenant(who.first), p);
  if (state.shut) return;
  parts_.meter.actor_died("provider");
  const auto now = parts_.outside.now();
  const auto pause = pause_after_death(p.health, now);
  p.respawn_at = now + pause;
  arm(who, p);
  if (!p.health.parked) return;
  observe::log(observe::log_level::error, "a calendar is parked because it failed repeatedly",
               {{"tenant", who.first}, {"provider", who.second}, {"minutes", minutes_of(pause)}});
  show_problem(who,
               provider_problem{"provider_parked",
                                "The calendar failed repeatedly and rests for a while; it tries again by "
                                "itself, or when you start a sync.",
                                now},
               {provider_fact(fact_type::calendar_provider_error, who.second, {{"code", "provider_parked"}},
                              parts_.outside)});
}

/// Its calendars hold a dead handle. They come back with it; their truth is in the database, and it was not
/// they who failed.
void supervisor::tenant_died(const tenant_id& id, supervisor_state::tenant_line& t) {
  parts_.meter.actor_died("tenant");
  const auto now = parts_.outside.now();
  const auto pause = pause_after_death(t.health, now);
  t.respawn_at = now + pause;
  if (t.health.parked)
    observe::log(observe::log_level::error, "a tenant is parked because it failed repeatedly",
                 {{"tenant", id}, {"minutes", minutes_of(pause)}});
  for (auto& [pid, p] : t.providers) {
    if (!p.actor) continue;
    send_exit(p.actor, caf::exit_reason::user_shutdown);
    forget_actor({id, pid}, t, p);
    p.respawn_at = std::max(p.respawn_at.value_or(*t.respawn_at), *t.respawn_at);
    arm({id, pid}, p);
  }
}

void supervisor::tenant_is_back(supervisor_state::tenant_line& t) {
  t.respawn_at.reset();
  if (!std::exchange(t.health.parked, false)) return;
  t.health.on_probation = true;
  t.health.back_at = parts_.outside.now();
}

void supervisor::provider_comes_back(const key& who, supervisor_state::provider_line& p) {
  const auto& t = *find_tenant(who.first);
  if (t.respawn_at && parts_.outside.now() < *t.respawn_at) { // not before its tenant
    p.respawn_at = t.respawn_at;
    return arm(who, p);
  }
  p.respawn_at.reset();
  if (std::exchange(p.health.parked, false)) {
    p.health.on_probation = true;
    p.health.back_at = parts_.outside.now();
  }
  // Not at its death: what it had asked for may still be on its way into the rows.
  parts_.store.end_interrupted_runs({who.first}, who.second, [](const result<bool>&) {});
  tell(who, wake{wake_reason::reloaded, 0});
}

/// A person wants a parked calendar to try at once.
void supervisor::let_out(const key& who) {
  auto* t = find_tenant(who.first);
  if (t == nullptr || t->respawn_at) return;
  const auto p = t->providers.find(who.second);
  if (p == t->providers.end() || !p->second.health.parked) return;
  provider_comes_back(who, p->second);
  arm(who, p->second);
}

/// It got through: what it died of is forgiven.
void supervisor::recovered(const key& who, supervisor_state::provider_line& p) {
  const auto before = std::exchange(p.health, {});
  if (before.times_parked == 0) return;
  observe::log(observe::log_level::warn, "a calendar that was parked works again",
               {{"tenant", who.first}, {"provider", who.second}});
  show_problem(who, {}, {});
}

/// Beside whatever status the calendar has.
void supervisor::show_problem(const key& who, std::optional<provider_problem> problem,
                              std::vector<fact> facts) {
  auto publish = [this, tenant = who.first](result<std::vector<fact>> told) {
    if (told && !told->empty()) send(state.bus, facts_committed{tenant, std::move(*told)});
  };
  auto save = [this, who, problem = std::move(problem), facts = std::move(facts),
               publish](const result<std::vector<provider>>& all) {
    if (!all) return;
    const auto p = std::find_if(all->begin(), all->end(), [&](const auto& c) { return c.id == who.second; });
    if (p == all->end()) return;
    parts_.meter.provider_parked({who.first, p->type}, problem.has_value());
    if (!problem && (!p->problem || p->problem->code != "provider_parked")) return;
    parts_.store.save_health(who.first, who.second, p->status, problem, {}, {}, facts,
                             ask<std::vector<fact>>(this, publish));
  };
  parts_.store.load_providers(who.first, ask<std::vector<provider>>(this, std::move(save)));
}

} // namespace kalends::actors
