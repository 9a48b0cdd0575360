// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor.hpp"

/// What has nothing to do costs nothing: idle calendars, then tenants without one awake, end and come back
/// with their next message.
namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto sleep_after = 2min; ///< idle for so long; less than a poll interval, or nothing would sleep
constexpr auto rest_round = 10s;   ///< of looking for tenants that may end
constexpr std::size_t kept_orders = 1'000; ///< for a tenant that is just ending; a step is soon done

} // namespace

/// Only the supervisor mails calendars, so one that has taken all that was sent to it, and is idle, hears
/// nothing more unless it is mailed here: then it is not sleepy any more.
void supervisor::becomes_sleepy(const key& who, supervisor_state::provider_line& p, const provider_idle& m) {
  not_sleepy(who, p);
  if (!m.may_sleep || !p.actor || m.orders_taken != p.orders_sent) return;
  p.sleepy_at = parts_.outside.now();
  state.sleepy.insert({*p.sleepy_at, who});
}

void supervisor::not_sleepy(const key& who, supervisor_state::provider_line& p) {
  if (p.sleepy_at) state.sleepy.erase({*p.sleepy_at, who});
  p.sleepy_at.reset();
}

void supervisor::put_to_sleep(instant now) {
  while (!state.sleepy.empty() && state.sleepy.begin()->first + sleep_after <= now) {
    const auto who = state.sleepy.begin()->second;
    auto* t = find_tenant(who.first);
    auto& p = t->providers.at(who.second);
    send(p.actor, go_to_sleep{});
    state.names.erase(p.actor.address());
    forget_actor(who, *t, p);
  }
  if (state.next_rest_round && now < *state.next_rest_round) return;
  state.next_rest_round = now + rest_round;
  rest_tenants(now);
}

/// The clock keeps its times, and the next message finds a new one.
void supervisor::forget_actor(const key& who, supervisor_state::tenant_line& t,
                              supervisor_state::provider_line& p) {
  not_sleepy(who, p);
  if (!p.actor) return;
  state.names.erase(p.actor.address());
  p.actor = nullptr;
  p.orders_sent = 0;
  --t.awake;
  t.used_at = parts_.outside.now();
}

/// Without a calendar awake nobody but the supervisor mails a tenant.
void supervisor::rest_tenants(instant now) {
  for (auto& [id, t] : state.tenants) {
    if (!t.actor || t.awake > 0 || t.going_to_rest || t.resting || t.used_at + sleep_after > now) continue;
    t.going_to_rest = true;
    send(t.actor, tenant_rest{[](const result<bool>&) {}});
  }
}

/// Two at a time would write the same rows, so orders wait until the last step of the old one is done.
bool supervisor::wait_for_rest(supervisor_state::tenant_line& t, std::function<void()> then) {
  if (!t.going_to_rest) return false;
  // Above the limit the order ends here: whoever waits for its answer hears that it was dropped.
  if (t.after_rest.size() < kept_orders) t.after_rest.push_back(std::move(then));
  return true;
}

void supervisor::tenant_rested(supervisor_state::tenant_line& t) {
  t.going_to_rest = false;
  for (const auto& order : std::exchange(t.after_rest, {})) order();
}

} // namespace kalends::actors
