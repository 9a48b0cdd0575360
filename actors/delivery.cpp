// SPDX-License-Identifier: Apache-2.0
#include "actors/delivery.hpp"

#include "actors/last_words.hpp"
#include "observe/log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;
using observe::log;
using observe::log_level;

constexpr auto tick_period = 250ms;
constexpr auto look_period = 10s; ///< the rows are looked at again, whatever anybody told
constexpr std::size_t tenants_per_load = 500;
constexpr std::size_t facts_per_read = 50;
constexpr std::size_t posting_at_once = 200;                       ///< on this node
constexpr std::size_t posting_again_at_once = posting_at_once / 2; ///< of these, endpoints that failed before
constexpr std::size_t most_unsaved = 50; ///< sent, but not yet written down: so many are sent again at worst
constexpr auto skips_saved_after = 5s;   ///< facts that nobody wanted here are not worth a write each
constexpr auto after_a_failure = 2s;     ///< of the database
constexpr int deliveries_per_tidy = 100;

} // namespace

delivery::delivery(caf::actor_config& cfg, delivery_parts parts)
    : actor_with<delivery_actor, delivery_state>(cfg), parts_(std::move(parts)) {
  report_last_words(*this, "delivery");
}

delivery::behavior_type delivery::make_behavior() {
  delayed_send(this, tick_period, delivery_tick{});
  return {[this](const facts_waiting& m) { guard([&] { heard_of(m); }); },
          [this](const endpoints_changed& m) {
            guard([&] {
              state.to_load.insert(m.tenant);
              load_next();
            });
          },
          [this](const endpoint_trial& m) { guard([&] { begin_trial(m); }); },
          [this](delivery_tick) {
            delayed_send(this, tick_period, delivery_tick{});
            guard([&] { tick(); });
          }};
}

void delivery::guard(const std::function<void()>& work) {
  survive(delivery_state::name, parts_.meter, work, [this] { start_over(); });
}

/// Answers that are still on their way find nobody; the places that they take are given back by them.
void delivery::start_over() {
  state.lines.clear();
  state.queue.clear();
  state.trials.clear();
  state.to_load.clear();
  state.loading = false;
  state.next_look = {};
}

delivery_state::line* delivery::find(const key& k, std::uint64_t life) {
  const auto at = state.lines.find(k);
  return at == state.lines.end() || at->second.life != life ? nullptr : &at->second;
}

// ---------------------------------------------------------------- which endpoints there are

void delivery::tick() {
  const auto now = parts_.outside.now();
  const auto leases = parts_.leases->version();
  if (leases != state.seen_leases || now >= state.next_look) {
    state.seen_leases = leases;
    state.next_look = now + look_period;
    look();
  }
  for (auto& [k, l] : state.lines) {
    if (l.dirty && !l.saving && now >= l.save_at) save(k, l);
    advance(k, l);
  }
}

void delivery::look() {
  const auto held = parts_.leases->held();
  const std::set<tenant_id> ours(held.begin(), held.end());
  for (auto at = state.lines.begin(); at != state.lines.end();) {
    const auto next = std::next(at);
    if (!ours.contains(at->first.first)) drop(at);
    at = next;
  }
  state.to_load.insert(ours.begin(), ours.end());
  load_next();
}

/// One question at a time: an older answer must not overtake a younger one.
void delivery::load_next() {
  if (state.loading || state.to_load.empty()) return;
  state.loading = true;
  const auto end = std::next(state.to_load.begin(),
                             static_cast<std::ptrdiff_t>(std::min(tenants_per_load, state.to_load.size())));
  std::vector<tenant_id> asked(state.to_load.begin(), end);
  state.to_load.erase(state.to_load.begin(), end);
  using lines = std::vector<persistence::webhook_line>;
  parts_.store.load(asked, ask<lines>(this, [this, asked](const result<lines>& found) {
                      guard([&] { loaded(asked, found); });
                    }));
}

void delivery::loaded(const std::vector<tenant_id>& asked,
                      const result<std::vector<persistence::webhook_line>>& found) {
  state.loading = false;
  if (!found) return; // the next look asks again
  std::set<key> there;
  for (const auto& one : *found) {
    if (!parts_.leases->holds(one.tenant)) continue;
    there.insert({one.tenant, one.endpoint.id});
    take_up(one);
  }
  for (const auto& tenant : asked)
    for (auto at = state.lines.lower_bound({tenant, webhook_id()});
         at != state.lines.end() && at->first.first == tenant;) {
      const auto next = std::next(at);
      if (!there.contains(at->first)) drop(at);
      at = next;
    }
  *parts_.wanted = !state.lines.empty();
  if (!state.to_load.empty()) return load_next();
  std::size_t failing = 0;
  std::chrono::milliseconds behind{};
  for (const auto& [k, l] : state.lines) {
    failing += l.endpoint.attempts > 0 ? 1 : 0;
    if (l.oldest_waiting) behind = std::max(behind, parts_.outside.now() - *l.oldest_waiting);
  }
  parts_.meter.webhooks_stand(state.lines.size(), failing, behind);
}

void delivery::take_up(const persistence::webhook_line& found) {
  const key k{found.tenant, found.endpoint.id};
  const auto at = state.lines.find(k);
  if (at != state.lines.end() && at->second.endpoint.turn == found.endpoint.turn) {
    at->second.oldest_waiting = found.oldest_waiting;
    renew(at->second, found);
    return advance(k, at->second);
  }
  if (at != state.lines.end()) drop(at);
  auto& l = state.lines[k];
  l.life = ++state.lives;
  l.endpoint = found.endpoint;
  l.secrets = found.secrets;
  l.last_sequence = found.last_sequence;
  l.oldest_waiting = found.oldest_waiting;
  l.read_to = l.saved_position = found.endpoint.position;
  advance(k, l);
}

/// What people may change without switching it; how far it is, we know better than the row.
void delivery::renew(line& l, const persistence::webhook_line& found) {
  l.secrets = found.secrets;
  l.last_sequence = std::max(l.last_sequence, found.last_sequence);
  l.endpoint.url = found.endpoint.url;
  if (l.endpoint.types == found.endpoint.types) return;
  l.endpoint.types = found.endpoint.types;
  // What is on its way goes on; everything after it is read anew.
  if (l.facts.size() > 1) l.facts.resize(1);
  if (!l.posting) l.facts.clear();
  l.read_to = l.facts.empty() ? l.endpoint.position : l.facts.front().sequence;
  l.reading = false;
  ++l.reads; // what is being read was asked for too early
}

/// A call under way is cancelled; its answer gives the place back.
void delivery::drop(std::map<key, line>::iterator at) {
  const auto gone = std::move(at->second.call);
  state.lines.erase(at);
}

void delivery::heard_of(const facts_waiting& m) {
  for (auto at = state.lines.lower_bound({m.tenant, webhook_id()});
       at != state.lines.end() && at->first.first == m.tenant; ++at) {
    at->second.last_sequence = std::max(at->second.last_sequence, m.sequence);
    advance(at->first, at->second);
  }
}

// ---------------------------------------------------------------- one endpoint

/// The one place that decides what an endpoint does next.
void delivery::advance(const key& k, line& l) {
  if (l.posting || l.queued || !l.endpoint.runs() || !parts_.leases->may_call(k.first)) return;
  if (l.endpoint.next_attempt_at && parts_.outside.now() < *l.endpoint.next_attempt_at) return;
  if (l.facts.empty()) {
    if (!l.reading && l.last_sequence > l.read_to) read(k, l);
    return;
  }
  if (l.unsaved.size() >= most_unsaved) return; // the database is slow or away
  if (has_place(k, l)) post(k, l);
}

void delivery::read(const key& k, line& l) {
  l.reading = true;
  parts_.store.facts(k.first, l.read_to, l.endpoint.types, facts_per_read,
                     ask<persistence::webhook_facts>(this, [this, k, life = l.life, n = l.reads](
                                                               result<persistence::webhook_facts> found) {
                       guard([&] { facts_read(k, life, n, std::move(found)); });
                     }));
}

void delivery::facts_read(const key& k, std::uint64_t life, std::uint64_t n,
                          result<persistence::webhook_facts> found) {
  auto* l = find(k, life);
  if (l == nullptr || l->reads != n) return;
  l->reading = false;
  if (!found) return; // the next tick asks again
  if (found->first > l->read_to + 1 && !found->first_restored) {
    log(log_level::error, "facts were forgotten before they could be sent to a webhook endpoint",
        {{"tenant", k.first}, {"endpoint", k.second}, {"count", found->first - l->read_to - 1}});
    webhook_delivery gap;
    gap.id = make_uuid(parts_.outside);
    gap.endpoint = k.second;
    gap.cause = delivery_cause::gap;
    gap.outcome = delivery_outcome::failed;
    gap.sequence = l->read_to + 1;
    gap.code = "facts_forgotten";
    gap.at = parts_.outside.now();
    l->unsaved.push_back(std::move(gap));
  }
  l->read_to = found->through;
  if (found->first == 0) l->last_sequence = l->read_to; // there is nothing after all
  for (auto& f : found->facts) l->facts.push_back(std::move(f));
  if (l->facts.empty() && l->endpoint.position < l->read_to) {
    l->endpoint.position = l->read_to;
    if (!l->dirty) l->save_at = parts_.outside.now() + skips_saved_after;
    l->dirty = true;
  }
  advance(k, *l);
}

/// Whether it may post now; else it is called when a place is free.
bool delivery::has_place(const key& k, line& l) {
  const bool again = l.endpoint.attempts > 0;
  if (state.posting >= posting_at_once || (again && state.posting_again >= posting_again_at_once)) {
    // Those that fail come by again with the next tick, so that they do not stand before those that work.
    if (!again) {
      l.queued = true;
      state.queue.push_back(k);
    }
    return false;
  }
  ++state.posting;
  state.posting_again += again ? 1 : 0;
  return true;
}

void delivery::give_place(bool again) {
  --state.posting;
  state.posting_again -= again ? 1 : 0;
  while (!state.queue.empty() && state.posting < posting_at_once) {
    const auto k = std::move(state.queue.front());
    state.queue.pop_front();
    const auto at = state.lines.find(k);
    if (at == state.lines.end()) continue;
    at->second.queued = false;
    advance(at->first, at->second);
  }
}

void delivery::post(const key& k, line& l) {
  const auto& f = l.facts.front();
  const auto now = parts_.outside.now();
  net::webhook_message m{l.endpoint.url, f.id, delivery_body(f), l.secrets.now, {}};
  if (l.secrets.before_until && now < *l.secrets.before_until) m.secret_before = l.secrets.before;
  l.posting = true;
  const bool again = l.endpoint.attempts > 0;
  l.call =
      parts_.post(std::move(m), ask<net::webhook_answer>(this, [this, k, life = l.life, now,
                                                                again](const result<net::webhook_answer>& a) {
                    guard([&] {
                      posted(k, life, now, a);
                      give_place(again);
                    });
                  }));
}

void delivery::posted(const key& k, std::uint64_t life, instant began,
                      const result<net::webhook_answer>& answer) {
  const auto outcome = outcome_of(answer);
  const auto took = std::max(std::chrono::milliseconds{}, parts_.outside.now() - began);
  auto* l = find(k, life);
  if (l == nullptr) return; // dropped, or begun anew
  l->posting = false;
  if (!answer && answer.error().kind == errc::stopped) return; // we are stopping
  parts_.meter.webhook_sent(failure_of(outcome), took);
  const auto& f = l->facts.front();
  webhook_delivery d;
  d.id = make_uuid(parts_.outside);
  d.endpoint = k.second;
  d.message = f.id;
  d.type = name_of(f.type);
  d.sequence = f.sequence;
  d.attempt = l->endpoint.attempts + 1;
  d.at = began;
  d.took = took;
  settle(k, *l, outcome, std::move(d));
}

void delivery::settle(const key& k, line& l, const attempt_outcome& o, webhook_delivery d) {
  const bool was_failing = l.endpoint.attempts > 0;
  l.endpoint = plan_attempt(std::move(l.endpoint), d.sequence, o, parts_.outside);
  const auto& e = l.endpoint;
  d.status = o.status;
  d.code = e.last_code;
  d.outcome = e.last_code.empty() ? delivery_outcome::delivered : delivery_outcome::failed;
  d.next_attempt_at = e.next_attempt_at;
  if (d.outcome == delivery_outcome::delivered) {
    l.facts.pop_front();
    if (l.facts.empty()) l.endpoint.position = std::max(e.position, l.read_to);
  }
  if (was_failing != (e.attempts > 0) || e.stopped)
    log(e.attempts > 0 ? log_level::warn : log_level::info,
        e.stopped        ? "a webhook endpoint is told nothing any more"
        : e.attempts > 0 ? "a webhook endpoint does not take a message"
                         : "a webhook endpoint takes messages again",
        {{"tenant", k.first}, {"endpoint", k.second}, {"code", e.last_code}});
  if (e.stopped) parts_.meter.webhook_stopped(e.stopped->code);
  l.unsaved.push_back(std::move(d));
  l.dirty = true;
  l.save_at = {};
  if (!l.saving) save(k, l);
  advance(k, l);
}

/// While one save is under way, what comes of further attempts collects for the next.
void delivery::save(const key& k, line& l) {
  persistence::webhook_progress p;
  p.tenant = k.first;
  p.after = l.endpoint;
  p.from = l.saved_position;
  p.deliveries = std::exchange(l.unsaved, {});
  l.since_tidy += static_cast<int>(p.deliveries.size());
  p.tidy = l.since_tidy >= deliveries_per_tidy;
  if (p.tidy) l.since_tidy = 0;
  if (l.endpoint.stopped) {
    p.told = stop_fact(k.first, l.endpoint, parts_.outside);
    p.noted = stop_audit(l.endpoint, parts_.outside);
  }
  l.dirty = false;
  l.saving = true;
  using answer = persistence::webhook_saved;
  parts_.store.save(p, ask<answer>(this, [this, k, life = l.life, p](const result<answer>& s) {
                      guard([&] { saved(k, life, p, s); });
                    }));
}

void delivery::saved(const key& k, std::uint64_t life, const persistence::webhook_progress& sent,
                     const result<persistence::webhook_saved>& saved) {
  if (saved && !saved->told.empty()) send(parts_.bus, facts_committed{k.first, saved->told});
  auto* l = find(k, life);
  if (l == nullptr) return;
  l->saving = false;
  if (saved && !saved->kept) { // a person, or another node, moved it
    drop(state.lines.find(k));
    state.to_load.insert(k.first);
    return load_next();
  }
  if (!saved) {
    l->unsaved.insert(l->unsaved.begin(), sent.deliveries.begin(), sent.deliveries.end());
    l->dirty = true;
    l->save_at = parts_.outside.now() + after_a_failure;
    return;
  }
  l->saved_position = sent.after.position;
  if (sent.after.stopped) return drop(state.lines.find(k));
  if (l->dirty && parts_.outside.now() >= l->save_at) save(k, *l);
  advance(k, *l);
}

} // namespace kalends::actors
