// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor.hpp"
#include "observe/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <unordered_set>

/// Which tenants are ours. Every two seconds the database is asked; what it gives is opened, what it takes is
/// let go, and when it stays silent for the life of a lease everything is let go.
namespace kalends::actors {

using observe::log;
using observe::log_level;

namespace {

using namespace std::chrono_literals;

constexpr auto round_period = 2s;
constexpr auto lease_life = 10s;
constexpr auto after_a_failure = 1s;
constexpr auto while_rows_are_busy = 200ms;

} // namespace

void supervisor::keep_leases() {
  if (state.shut) return;
  if (!state.tenants.empty() && parts_.leases->expired()) {
    log(log_level::error, "the leases ran out while the database did not answer: all tenants are let go",
        {{"seconds", std::chrono::seconds(lease_life).count()}, {"tenants", state.tenants.size()}});
    let_all_go();
  }
  if (!state.asking && parts_.leases->now() >= state.next_round) begin_round();
}

void supervisor::begin_round() {
  state.asking = true;
  state.ask_again = false;
  lease_question asked{parts_.leases->now(), state.giving, std::exchange(state.awaiting_round, {})};
  persistence::lease_round round{parts_.node.id, parts_.node.incarnation, parts_.node.url, lease_life};
  round.arriving = state.arriving;
  round.give_back.assign(asked.given.begin(), asked.given.end());
  parts_.store.keep_leases(
      std::move(round), ask<persistence::lease_news>(this, [this, asked = std::move(asked)](
                                                               const result<persistence::lease_news>& news) {
        end_round(asked, news);
      }));
}

void supervisor::end_round(const lease_question& asked, const result<persistence::lease_news>& news) {
  state.asking = false;
  if (state.shut) {
    for (const auto& tell : asked.waiting)
      tell(failure(errc::stopped, "stopping", "The server is stopping."));
    if (state.resting == 0) give_everything_back();
    return;
  }
  if (!news) {
    round_failed(news.error());
    for (const auto& tell : asked.waiting) tell(tl::unexpected(news.error()));
    return;
  }
  for (const auto& id : asked.given) state.giving.erase(id);
  state.arriving = false;
  parts_.leases->renew(asked.asked_at, lease_life);
  const auto now = parts_.leases->now();
  const bool more = state.ask_again || !state.giving.empty() || !state.awaiting_round.empty();
  state.next_round = more ? now : now + (news->busy > 0 ? while_rows_are_busy : round_period);
  if (!parts_.leases->expired()) take_news(*news); // else the answer came too late to be worth anything
  open_arrivals();
  for (const auto& tell : asked.waiting) tell(true);
  keep_leases();
}

void supervisor::round_failed(const error& e) {
  state.next_round = parts_.leases->now() + after_a_failure;
  if (e.code == "node_replaced") {
    log(log_level::error, "another process has taken this node's place",
        {{"code", e.code}, {"detail", e.detail}});
    let_all_go();
  } else {
    log(log_level::warn, "the leases could not be renewed", {{"code", e.code}, {"detail", e.detail}});
  }
  if (state.house_opened) std::exchange(state.house_opened, nullptr)(tl::unexpected(e));
}

void supervisor::take_news(const persistence::lease_news& news) {
  state.nodes_alive = std::max<std::size_t>(news.nodes_alive, 1);
  parts_.vendors_leave->share_with(state.nodes_alive);
  std::unordered_set<tenant_id> held;
  for (const auto& l : news.held) {
    held.insert(l.tenant);
    const auto* t = find_tenant(l.tenant);
    if (t != nullptr && t->epoch != l.epoch) let_go(l.tenant);
    // What came to rest after this question was asked is still on its list.
    if (find_tenant(l.tenant) != nullptr) {
      switch_work(l.tenant, l.stopped);
      continue;
    }
    if (state.giving.contains(l.tenant)) continue;
    if (const auto at = state.dismissed.find(l.tenant);
        at != state.dismissed.end() && parts_.leases->now() < at->second)
      continue;
    take_up(l);
  }
  std::erase_if(state.dismissed, [&](const auto& d) { return !held.contains(d.first); });
  std::vector<tenant_id> lost;
  for (const auto& [id, t] : state.tenants)
    if (!held.contains(id)) lost.push_back(id);
  for (const auto& id : lost) let_go(id);
  for (const auto& id : news.to_give) bring_to_rest(id);
  parts_.meter.tenants_held(state.tenants.size());
}

void supervisor::take_up(const persistence::lease& l) {
  state.dismissed.erase(l.tenant);
  auto& t = state.tenants[l.tenant];
  t.epoch = l.epoch;
  t.stopped = l.stopped;
  parts_.leases->pause(l.tenant, l.stopped);
  t.tenure = parts_.store.hold(l.tenant, l.epoch);
  state.unopened.insert(l.tenant);
  parts_.leases->hold(l.tenant);
}

void supervisor::arrive(const tenant_arrived& m) {
  if (state.shut) return m.done(failure(errc::stopped, "stopping", "The server is stopping."));
  state.awaiting_round.push_back(m.done);
  state.next_round = {};
  keep_leases();
}

// ---------------------------------------------------------------- those that come

/// What their last holder left under way nobody will end any more. Then what waits for their calendars.
void supervisor::open_arrivals() {
  if (state.opening) return;
  std::vector<tenant_id> ids;
  std::vector<persistence::lease> arrivals;
  for (const auto& id : state.unopened) {
    ids.push_back(id);
    arrivals.push_back({id, state.tenants.at(id).epoch});
  }
  if (ids.empty()) {
    if (state.house_opened) std::exchange(state.house_opened, nullptr)(true);
    return;
  }
  state.opening = true;
  auto scheduled = ask<std::vector<persistence::schedule_line>>(
      this, [this, arrivals](const result<std::vector<persistence::schedule_line>>& lines) {
        take_arrivals(arrivals, lines);
      });
  parts_.store.end_interrupted_runs(
      ids, {}, ask<bool>(this, [this, ids, arrivals, scheduled](const result<bool>& ended) {
        if (!ended && ended.error().code != "fenced")
          return take_arrivals(arrivals, tl::unexpected(ended.error()));
        parts_.store.load_schedule(ids, scheduled);
      }));
}

/// A failure is mended with the next round.
void supervisor::take_arrivals(const std::vector<persistence::lease>& arrivals,
                               const result<std::vector<persistence::schedule_line>>& lines) {
  state.opening = false;
  if (!lines) {
    log(log_level::warn, "tenants could not be opened",
        {{"code", lines.error().code}, {"detail", lines.error().detail}});
    if (state.house_opened) std::exchange(state.house_opened, nullptr)(tl::unexpected(lines.error()));
    return;
  }
  if (state.shut) return;
  for (const auto& l : arrivals)
    if (const auto* t = find_tenant(l.tenant); t != nullptr && t->epoch == l.epoch)
      state.unopened.erase(l.tenant);
  take_schedule(*lines);
  open_arrivals(); // who came meanwhile
}

// ---------------------------------------------------------------- those that go

/// What was under way is broken off, as by a crash: all that counts stands in rows. It goes on as a tenant
/// does that has just come.
void supervisor::switch_work(const tenant_id& id, bool stop) {
  auto& t = state.tenants.at(id);
  if (t.stopped == stop || t.resting) return;
  t.stopped = stop;
  parts_.leases->pause(id, stop); // first the vendors, then the actors
  log(log_level::warn, stop ? "the work of a tenant is stopped" : "the work of a tenant goes on",
      {{"tenant", id}});
  if (!stop) {
    state.unopened.insert(id); // opened at the end of the round
    return;
  }
  end_providers(id, t);
  if (!state.unopened.contains(id))
    parts_.store.end_interrupted_runs({id}, {}, ask<bool>(this, [](const result<bool>&) {}));
}

void supervisor::bring_to_rest(const tenant_id& id) {
  auto* t = find_tenant(id);
  if (t == nullptr || t->resting) return;
  t->resting = true;
  stop_providers(id, *t);
  if (!t->actor) return rested(id);
  send(t->actor, tenant_rest{[](const result<bool>&) {}}); // its end says that it is over
}

void supervisor::rested(const tenant_id& id) {
  let_go(id);
  state.giving.insert(id);
  state.next_round = {};
  keep_leases();
}

void supervisor::stop_providers(const tenant_id& id, supervisor_state::tenant_line& t) {
  for (const auto& [pid, p] : t.providers) parts_.channels->drop_all(pid);
  end_providers(id, t);
}

void supervisor::end_providers(const tenant_id& id, supervisor_state::tenant_line& t) {
  for (auto& [pid, p] : t.providers) {
    if (p.queued_at) state.due.erase({*p.queued_at, {id, pid}});
    if (p.actor) send_exit(p.actor, caf::exit_reason::user_shutdown);
    forget_actor({id, pid}, t, p);
  }
  t.providers.clear();
}

void supervisor::let_go(const tenant_id& id) {
  auto* t = find_tenant(id);
  if (t == nullptr) return;
  parts_.leases->let_go(id); // first the vendors, then the rows
  parts_.store.hold(id, 0);
  stop_providers(id, *t);
  if (t->actor) {
    state.names.erase(t->actor.address());
    // Nothing that it writes is accepted any more; who waits for it hears so.
    send(t->actor, tenant_rest{[](const result<bool>&) {}});
  }
  state.unopened.erase(id);
  state.tenants.erase(id);
}

void supervisor::let_all_go() {
  while (!state.tenants.empty()) let_go(tenant_id(state.tenants.begin()->first));
  parts_.meter.tenants_held(0);
}

void supervisor::fenced(const lease_fenced& m) {
  parts_.meter.fenced(m.tenant);
  const auto* t = find_tenant(m.tenant);
  if (t == nullptr || m.epoch == 0 || t->epoch != m.epoch) return;
  log(log_level::warn, "a tenant is run by another node now", {{"tenant", m.tenant}});
  let_go(m.tenant);
}

/// The last round. One that is under way ends before: it would bring the node back.
void supervisor::give_everything_back() {
  if (state.asking || state.leaving) return;
  state.leaving = true;
  persistence::lease_round round{parts_.node.id, parts_.node.incarnation, parts_.node.url, lease_life};
  round.leaving = true;
  parts_.store.keep_leases(
      std::move(round),
      ask<persistence::lease_news>(this, [this](const result<persistence::lease_news>& left) {
        if (!left)
          log(log_level::warn, "the leases could not be given back",
              {{"code", left.error().code}, {"detail", left.error().detail}});
        for (const auto& tell_closed : std::exchange(state.closing, {})) tell_closed(true);
      }));
}

} // namespace kalends::actors
