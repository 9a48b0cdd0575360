// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor.hpp"

#include "actors/last_words.hpp"
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"
#include "actors/tenant.hpp"
#include "observe/log.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto clock_period = 250ms;
constexpr auto look_around_period = 30s; ///< a slow second look at the rows: what a lost message left behind
constexpr auto look_around_among_nodes = 10s; ///< others mark our calendars, too
constexpr auto erasure_patience = 60s;        ///< by then a tenant that was dismissed is erased, or works on

error work_stopped() {
  return {errc::conflict,
          "work_stopped",
          "An operator has stopped the work for this tenant. What is to be done waits, and is done when the "
          "stop is "
          "lifted.",
          "",
          {}};
}

error moving() {
  return {errc::retry_later, "tenant_moving",
          "Another node is taking this tenant over. Try again in a moment.", "", 1s};
}

std::optional<instant> next_due(const supervisor_state::provider_line& p) {
  if (p.respawn_at) return p.respawn_at;
  std::optional<instant> best;
  for (const auto& t : {p.next_poll_at, p.outbox_due, p.renewal_due, p.reconcile_due})
    if (t && (!best || *t < *best)) best = t;
  return best;
}

std::shared_ptr<const staff_parts> with_a_name(staff_parts parts) {
  if (!parts.leases)
    parts.leases =
        std::make_shared<lease_book>([now = parts.outside.now] { return now().time_since_epoch(); });
  if (!parts.vendors_leave)
    parts.vendors_leave = governor::open(lease_book::clock_of(parts.leases), parts.meter);
  if (parts.node.id.empty()) parts.node.id = make_uuid(parts.outside);
  if (parts.node.incarnation.empty()) parts.node.incarnation = make_uuid(parts.outside);
  return std::make_shared<const staff_parts>(std::move(parts));
}

/// A parked calendar does not rise for what comes by itself.
bool by_a_person(const for_provider& m) {
  const auto* w = std::get_if<wake>(&m.order);
  return w == nullptr || w->why == wake_reason::resumed || w->why == wake_reason::connected;
}

} // namespace

supervisor::supervisor(caf::actor_config& cfg, staff_parts parts, event_bus_actor bus)
    : actor_with<supervisor_actor, supervisor_state>(cfg), staff_(with_a_name(std::move(parts))),
      parts_(*staff_) {
  state.bus = std::move(bus);
  report_last_words(*this, "supervisor");
  set_down_handler([this](caf::down_msg& m) { someone_died(m); });
  set_exit_handler([this](caf::exit_msg& m) { leave_house(m); });
}

supervisor::behavior_type supervisor::make_behavior() {
  return {
      [this](const house_opened& m) { open_house(m); },
      [this](const providers_stale& m) {
        for (const auto& line : m.lines) tell({line.tenant, line.provider}, line.what);
      },
      [this](const for_provider& m) {
        if (by_a_person(m)) let_out({m.tenant, m.provider});
        std::visit([&](const auto& order) { tell({m.tenant, m.provider}, order); }, m.order);
      },
      [this](const for_tenant& m) { tell_tenant(m); },
      [this](const providers_due& m) {
        for (const auto& p : m.providers) tell({m.tenant, p}, wake{wake_reason::outbox, 0});
      },
      [this](const provider_idle& m) { idle(m); },
      [this](const provider_gone& m) { forget_provider(m); },
      [this](clock_tick) { tick(); },
      [this](const tenant_arrived& m) { arrive(m); },
      [this](const tenant_leaving& m) { dismiss(m); },
      [this](leases_moved) {
        state.next_round = {};
        state.ask_again = true;
        keep_leases();
      },
      [this](const lease_fenced& m) { fenced(m); },
      [this](const count_house& m) { count(m); },
      [this](const house_closing& m) { close_house(m); },
  };
}

// ---------------------------------------------------------------- the directory and the clock

void supervisor::open_house(const house_opened& o) {
  state.house_opened = o.done;
  state.next_look = parts_.outside.now() + look_around_period;
  // The address alone: whoever listens does not keep the house.
  parts_.store.on_fenced([at = caf::actor_cast<caf::weak_actor_ptr>(caf::strong_actor_ptr(ctrl()))](
                             const tenant_id& tenant, std::int64_t epoch) {
    if (const auto house = at.lock())
      caf::anon_send(caf::actor_cast<supervisor_actor>(house), lease_fenced{tenant, epoch});
  });
  begin_round();
  delayed_send(this, clock_period, clock_tick{});
}

void supervisor::look_around() {
  auto now = parts_.outside.now();
  state.next_look = now + (state.nodes_alive > 1 ? look_around_among_nodes : look_around_period);
  std::vector<tenant_id> ids;
  for (const auto& [id, t] : state.tenants)
    if (!t.resting && !t.stopped && !state.unopened.contains(id)) ids.push_back(id);
  if (ids.empty()) return;
  state.looking = true;
  parts_.store.load_schedule(std::move(ids),
                             ask<std::vector<persistence::schedule_line>>(this, [this](const auto& lines) {
                               state.looking = false;
                               if (lines) take_schedule(*lines);
                             }));
}

void supervisor::take_schedule(const std::vector<persistence::schedule_line>& lines) {
  auto now = parts_.outside.now();
  for (const auto& line : lines) {
    auto* t = find_tenant(line.tenant);
    if (t == nullptr || t->stopped) continue;
    auto& p = t->providers[line.provider];
    if (line.status == provider_status::leaving && !p.actor)
      tell({line.tenant, line.provider}, wake{wake_reason::reloaded, 0});
    if (line.status != provider_status::active) continue;
    if (!p.actor) plan_sleeper(p, line);
    key who{line.tenant, line.provider};
    arm(who, p);
    look_for_overdue(who, p, line);
    if (line.stale) tell(who, wake{wake_reason::notice, line.mark});
    if (p.actor && line.outbox_due && *line.outbox_due <= now) tell(who, wake{wake_reason::outbox, 0});
  }
}

/// Not awake yet: its times come from its rows, and a second look does not put them off. What was missed is
/// spread: polls and renewals over a minute, comparisons over ten.
void supervisor::plan_sleeper(supervisor_state::provider_line& p, const persistence::schedule_line& line) {
  const auto now = parts_.outside.now();
  const auto chance = std::chrono::milliseconds(std::hash<provider_id>{}(line.provider) % 60'000);
  auto plan = [now](std::optional<instant>& at, std::optional<instant> row,
                    std::chrono::milliseconds spread) {
    if (row && *row <= now) row = now + spread;
    at = at && row ? std::min(*at, *row) : row;
  };
  plan(p.next_poll_at, line.next_poll_at.value_or(now), chance);
  auto renews_at = line.channel_renews_at;
  if (!renews_at && line.channel_expires_at) // opened when plans were not kept yet
    renews_at = plan_renewal(now, *line.channel_expires_at, 0);
  plan(p.renewal_due, renews_at, chance);
  plan(p.reconcile_due, line.next_reconcile_at, chance * 10);
  p.outbox_due = line.outbox_due;
}

/// A renewal whose planned time went by without an attempt: its calendar tells people, and makes up for it.
void supervisor::look_for_overdue(const key& who, supervisor_state::provider_line& p,
                                  const persistence::schedule_line& line) {
  const bool late =
      line.channel_renews_at && parts_.outside.now() - *line.channel_renews_at >= renewal_overdue_after;
  if (!late || p.overdue == line.channel_renews_at) return;
  p.overdue = line.channel_renews_at;
  tell(who, wake{wake_reason::renewal, 0});
}

void supervisor::tick() {
  auto now = parts_.outside.now();
  while (!state.due.empty() && state.due.begin()->first <= now) {
    auto who = state.due.begin()->second;
    state.due.erase(state.due.begin());
    auto* t = find_tenant(who.first);
    auto at = t != nullptr ? t->providers.find(who.second)
                           : std::map<provider_id, supervisor_state::provider_line>::iterator{};
    if (t == nullptr || at == t->providers.end()) continue;
    at->second.queued_at.reset();
    wake_due(who, at->second, now);
  }
  put_to_sleep(now);
  parts_.vendors_leave->turn();
  keep_leases();
  if (!state.looking && !state.shut && state.next_look && now >= *state.next_look) look_around();
  if (!state.shut) delayed_send(this, clock_period, clock_tick{});
}

void supervisor::wake_due(const key& who, supervisor_state::provider_line& p, instant now) {
  auto fire = [&](std::optional<instant>& at, wake_reason why) {
    if (!at || *at > now) return;
    at.reset();
    tell(who, wake{why, 0});
  };
  if (p.respawn_at && *p.respawn_at <= now) {
    return provider_comes_back(who, p);
  }
  fire(p.renewal_due, wake_reason::renewal);
  fire(p.outbox_due, wake_reason::outbox);
  fire(p.reconcile_due, wake_reason::reconcile);
  fire(p.next_poll_at, wake_reason::poll);
  arm(who, p);
}

void supervisor::arm(const key& who, supervisor_state::provider_line& p) {
  if (p.queued_at) state.due.erase({*p.queued_at, who});
  p.queued_at = next_due(p);
  if (p.queued_at) state.due.insert({*p.queued_at, who});
}

void supervisor::idle(const provider_idle& m) {
  auto* t = find_tenant(m.tenant);
  if (t == nullptr) return;
  auto at = t->providers.find(m.provider);
  if (at == t->providers.end()) return;
  auto& p = at->second;
  // From one that was told to end meanwhile: it does not speak for its successor.
  if (p.actor && current_sender() && current_sender()->address() != p.actor.address()) return;
  p.next_poll_at = m.next_poll_at;
  p.outbox_due = m.outbox_due;
  p.renewal_due = m.renewal_due;
  p.reconcile_due = m.reconcile_due;
  const key who{m.tenant, m.provider};
  if (m.worked) recovered(who, p);
  becomes_sleepy(who, p, m);
  arm(who, p);
}

// ---------------------------------------------------------------- who is awake

supervisor_state::tenant_line* supervisor::find_tenant(const tenant_id& id) {
  auto at = state.tenants.find(id);
  return at == state.tenants.end() ? nullptr : &at->second;
}

tenant_actor supervisor::tenant_of(const tenant_id& id, supervisor_state::tenant_line& t) {
  const auto now = parts_.outside.now();
  if (t.respawn_at && now < *t.respawn_at) return {};
  if (t.respawn_at) tenant_is_back(t);
  t.used_at = now;
  if (!t.actor) {
    auto self = caf::actor_cast<supervisor_actor>(caf::strong_actor_ptr(ctrl()));
    t.actor = spawn<tenant, caf::monitored>(id, t.tenure, std::ref(parts_.store), parts_.outside, self,
                                            state.bus, std::ref(parts_.meter));
    state.names[t.actor.address()] = {id, provider_id{}};
  }
  return t.actor;
}

provider_actor supervisor::provider_of(const key& who) {
  auto* t = find_tenant(who.first);
  if (t == nullptr || t->resting || t->stopped || state.unopened.contains(who.first)) return {};
  auto& p = t->providers[who.second];
  if (p.respawn_at) return {};
  if (!p.actor) {
    const auto owner = tenant_of(who.first, *t);
    if (!owner) return {};
    auto self = caf::actor_cast<supervisor_actor>(caf::strong_actor_ptr(ctrl()));
    p.actor =
        spawn<connected_calendar, caf::monitored>(who.first, who.second, staff_, self, owner, state.bus);
    state.names[p.actor.address()] = who;
    ++t->awake;
  }
  return p.actor;
}

template <class Message>
void supervisor::tell(const key& who, const Message& m) {
  auto* t = find_tenant(who.first);
  if (t != nullptr && !state.shut && wait_for_rest(*t, [this, who, m] { tell(who, m); })) return;
  if (auto to = state.shut ? provider_actor{} : provider_of(who)) {
    auto& p = t->providers.at(who.second);
    not_sleepy(who, p);
    ++p.orders_sent;
    return send(to, m);
  }
  if constexpr (!std::is_same_v<Message, wake>) {
    if (!state.shut && (t == nullptr || t->resting)) return m.done(tl::unexpected(moving()));
    if (!state.shut && t->stopped) return m.done(tl::unexpected(work_stopped()));
    m.done(failure(errc::retry_later, "provider_not_awake",
                   "The calendar cannot work right now: it failed repeatedly, or the server is stopping. It "
                   "tries again by itself."));
  }
}

void supervisor::tell_tenant(const for_tenant& m) {
  auto* t = find_tenant(m.tenant);
  if (std::holds_alternative<calendars_changed>(m.order)) { // one that is not awake reads them when it comes
    if (t != nullptr && t->actor && !state.shut) send(t->actor, calendars_changed{});
    return;
  }
  const auto refuse = [&m](const error& e) {
    std::visit(
        [&e](const auto& o) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(o)>, calendars_changed>)
            o.done(tl::unexpected(e));
        },
        m.order);
  };
  if (state.shut) return refuse({errc::stopped, "stopping", "The server is stopping."});
  if (t == nullptr || t->resting) return refuse(moving());
  if (wait_for_rest(*t, [this, m] { tell_tenant(m); })) return;
  if (const auto to = tenant_of(m.tenant, *t))
    return std::visit([&](const auto& o) { send(to, o); }, m.order);
  refuse({errc::retry_later, "tenant_not_awake",
          "The tenant's entries cannot be changed right now: an internal failure is being recovered from.",
          "", *t->respawn_at - parts_.outside.now()});
}

void supervisor::forget_provider(const provider_gone& m) {
  auto* t = find_tenant(m.tenant);
  if (t == nullptr) return;
  auto at = t->providers.find(m.provider);
  if (at == t->providers.end()) return;
  if (at->second.queued_at) state.due.erase({*at->second.queued_at, {m.tenant, m.provider}});
  forget_actor({m.tenant, m.provider}, *t, at->second);
  t->providers.erase(at);
  if (t->actor) send(t->actor, calendars_changed{});
}

void supervisor::dismiss(const tenant_leaving& m) {
  auto* t = find_tenant(m.tenant);
  if (t == nullptr || t->resting) return m.done(tl::unexpected(moving()));
  stop_providers(m.tenant, *t);
  parts_.leases->let_go(m.tenant);
  state.unopened.erase(m.tenant);
  state.dismissed[m.tenant] = parts_.leases->now() + erasure_patience;
  if (t->actor) {
    state.names.erase(t->actor.address());
    send(t->actor, tenant_rest{m.done});
  } else {
    m.done(true);
  }
  state.tenants.erase(m.tenant);
}

void supervisor::close_house(const house_closing& m) {
  state.shut = true;
  state.closing.push_back(m.done);
  for (auto& [id, t] : state.tenants) {
    for (auto& [pid, p] : t.providers)
      if (p.actor) send_exit(p.actor, caf::exit_reason::user_shutdown);
    if (!t.actor) continue;
    ++state.resting;
    send(t.actor, tenant_rest{[](const result<bool>&) {}});
  }
  if (state.resting == 0) give_everything_back();
}

/// Nobody looks after the others from here on; what did not come to rest in time ends in the middle of its
/// step, as after a crash.
void supervisor::leave_house(const caf::exit_msg& m) {
  parts_.store.on_fenced(nullptr);
  for (auto& [id, t] : state.tenants) {
    if (t.actor) send_exit(t.actor, m.reason);
    for (auto& [pid, p] : t.providers)
      if (p.actor) send_exit(p.actor, m.reason);
  }
  quit(m.reason);
}

void supervisor::count(const count_house& m) {
  engine_status s;
  s.tenants = state.tenants.size();
  s.nodes = state.nodes_alive;
  for (const auto& [id, t] : state.tenants) {
    if (t.actor) ++s.tenant_actors;
    for (const auto& [pid, p] : t.providers) {
      ++s.providers;
      if (p.actor) ++s.provider_actors;
      if (p.respawn_at) ++s.failed_providers;
      if (p.health.parked) ++s.parked_providers;
    }
  }
  m.done(s);
}

} // namespace kalends::actors
