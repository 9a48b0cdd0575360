// SPDX-License-Identifier: Apache-2.0
#include "actors/tenant.hpp"

#include "actors/last_words.hpp"
#include "actors/run_facts.hpp"

#include <algorithm>
#include <set>

namespace kalends::actors {

namespace {

// A step holds at most this much, so that one tenant's import does not make one endless transaction.
constexpr std::size_t items_per_step = 64;
constexpr std::size_t events_per_step = 1'000;
constexpr std::size_t queue_limit = 20'000;
constexpr int stale_repeats = 3;

std::size_t weight_of(const tenant_state::work& w) {
  if (const auto* page = std::get_if<page_pulled>(&w)) return page->events->size();
  if (const auto* fill = std::get_if<backfill_order>(&w)) return fill->entries.size();
  if (const auto* some = std::get_if<repair_order>(&w)) return some->entries.size();
  return 1;
}

void ask_for(persistence::load_request& r, const entry_order& o) { r.entries.push_back(o.entry); }
void ask_for(persistence::load_request& r, const page_pulled& o) {
  for (const auto& e : *o.events) r.events.push_back({o.provider, e.id, e.transaction_id, e.tag});
}
void ask_for(persistence::load_request& r, const push_settled& o) { r.entries.push_back(o.entry); }
void ask_for(persistence::load_request& r, const backfill_order& o) {
  for (const auto& e : o.entries) r.entries.push_back(e.id);
}
void ask_for(persistence::load_request& r, const repair_order& o) {
  r.entries.insert(r.entries.end(), o.entries.begin(), o.entries.end());
}

void append(tenant_changes& to, tenant_changes&& more) {
  auto move_all = [](auto& a, auto& b) {
    a.insert(a.end(), std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()));
  };
  move_all(to.outbox_done, more.outbox_done);
  move_all(to.outbox_retries, more.outbox_retries);
  move_all(to.facts, more.facts);
  move_all(to.runs, more.runs);
  move_all(to.cursors, more.cursors);
}

void refuse(const tenant_state::work& w, const error& e) {
  std::visit([&e](const auto& o) { o.done(tl::unexpected(e)); }, w);
}

} // namespace

tenant::tenant(caf::actor_config& cfg, tenant_id id, persistence::engine_store& store, world w,
               supervisor_actor supervisor, event_bus_actor bus)
    : actor_with<tenant_actor, tenant_state>(cfg), id_(std::move(id)), store_(store), world_(std::move(w)) {
  state.supervisor = std::move(supervisor);
  state.bus = std::move(bus);
  report_last_words(*this, "tenant " + id_.str());
}

tenant::behavior_type tenant::make_behavior() {
  return {[this](const entry_order& o) { enqueue(o); },
          [this](const page_pulled& o) { enqueue(o); },
          [this](const push_settled& o) { enqueue(o); },
          [this](const backfill_order& o) { enqueue(o); },
          [this](const repair_order& o) { enqueue(o); },
          [this](calendars_changed) {
            state.calendars.reset();
            state.calendars_moved = true;
          },
          [this](const tenant_rest& o) {
            state.resting.push_back(o.done);
            if (!state.stepping) end_step();
          }};
}

void tenant::enqueue(tenant_state::work w) {
  if (!state.resting.empty()) return refuse(w, error{errc::stopped, "stopping", "The server is stopping."});
  if (state.queue.size() >= queue_limit)
    return refuse(w, error{errc::retry_later, "tenant_busy", "Too much work is waiting for this tenant.", "",
                           std::chrono::seconds(2)});
  state.queue.push_back(std::move(w));
  if (!state.stepping) next_step();
}

void tenant::next_step() {
  state.stepping = true;
  if (!state.calendars) return load_calendars();
  auto s = take_items();
  persistence::load_request wanted;
  wanted.tenant = id_;
  for (const auto& item : s->items) std::visit([&](const auto& o) { ask_for(wanted, o); }, item);
  store_.load(std::move(wanted), ask<persistence::loaded>(this, [this, s](result<persistence::loaded> found) {
                if (!found) return fail(s, found.error());
                if (!state.calendars) return put_back(s); // they changed meanwhile
                decide(s, std::move(*found));
                if (s->changes.empty()) return committed(s, {});
                commit(s);
              }));
}

void tenant::load_calendars() {
  state.calendars_moved = false;
  store_.load_providers(id_, ask<std::vector<provider>>(this, [this](result<std::vector<provider>> found) {
                          if (!found) {
                            auto s = take_items();
                            return fail(s, found.error());
                          }
                          if (state.calendars_moved) return load_calendars();
                          std::map<provider_id, provider> all;
                          for (auto& p : *found) {
                            auto id = p.id;
                            all.emplace(std::move(id), std::move(p));
                          }
                          state.calendars = std::make_shared<const calendar_index>(std::move(all));
                          next_step();
                        }));
}

tenant::step_ptr tenant::take_items() {
  auto s = std::make_shared<step>();
  auto most = state.alone > 0 ? 1 : items_per_step;
  if (state.alone > 0) --state.alone;
  std::size_t weight = 0;
  while (!state.queue.empty() && s->items.size() < most) {
    weight += weight_of(state.queue.front());
    if (weight > events_per_step && !s->items.empty()) break;
    s->items.push_back(std::move(state.queue.front()));
    state.queue.pop_front();
  }
  return s;
}

void tenant::decide(const step_ptr& s, persistence::loaded found) {
  tenant_picture picture(id_, state.calendars, world_);
  for (auto& e : found.entries) picture.know(std::move(e));
  for (auto& m : found.mappings) picture.know(std::move(m));
  tenant_changes extra;
  for (const auto& item : s->items)
    s->replies.push_back(std::visit([&](const auto& o) { return apply(picture, extra, o); }, item));
  s->changes = picture.take_changes();
  append(s->changes, std::move(extra));
  s->changes.tenant = id_;
  for (auto& f : s->changes.facts) f.tenant = id_;
}

void tenant::commit(const step_ptr& s) {
  store_.commit(s->changes, ask<std::vector<fact>>(this, [this, s](result<std::vector<fact>> facts) {
                  if (facts)
                    committed(s, *facts);
                  else
                    not_committed(s, facts.error());
                }));
}

void tenant::committed(const step_ptr& s, const std::vector<fact>& facts) {
  state.repeats = 0;
  if (!facts.empty()) send(state.bus, facts_committed{id_, facts});
  std::set<provider_id> due;
  for (const auto& row : s->changes.outbox) due.insert(row.provider);
  for (const auto& tell : s->replies) tell(std::nullopt);
  if (!due.empty()) send(state.supervisor, providers_due{id_, {due.begin(), due.end()}});
  end_step();
}

void tenant::not_committed(const step_ptr& s, const error& e) {
  // Together they failed: one by one, so that what is wrong fails alone.
  if (s->items.size() > 1) {
    state.alone += s->items.size();
    return put_back(s);
  }
  if (e.code == "stale_version" && state.repeats++ < stale_repeats) return put_back(s);
  state.repeats = 0;
  fail(s, e);
}

void tenant::put_back(const step_ptr& s) {
  for (auto at = s->items.rbegin(); at != s->items.rend(); ++at) state.queue.push_front(std::move(*at));
  end_step();
}

void tenant::fail(const step_ptr& s, const error& e) {
  for (const auto& item : s->items) refuse(item, e);
  end_step();
}

void tenant::end_step() {
  state.stepping = false;
  if (!state.queue.empty()) return next_step();
  if (state.resting.empty()) return;
  for (const auto& rested : state.resting) rested(true);
  quit();
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const entry_order& o) {
  auto outcome = [&]() -> result<schedule_entry> {
    if (o.what == entry_order::kind::create) return create_entry(p, o.entry, o.edit);
    if (o.what == entry_order::kind::change) return change_entry(p, o.entry, o.edit);
    const auto* before = p.entry(o.entry);
    schedule_entry gone = before != nullptr ? *before : schedule_entry{};
    return remove_entry(p, o.entry, o.edit.expected_version).map([&] { return gone; });
  }();
  return [done = o.done, outcome](const std::optional<error>& failed) {
    if (!outcome || !failed) return done(outcome);
    done(tl::unexpected(*failed));
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes& extra, const page_pulled& o) {
  page_applied answer;
  int changed_before = p.entry_changes();
  int refused_before = p.refusals();
  for (const auto& event : *o.events) {
    const int changed_so_far = p.entry_changes();
    const auto verdict = o.compare
                             ? plan_compared_pull(p, o.provider, event, o.proof, *o.compare, answer.drift)
                             : plan_pull(p, o.provider, event, o.proof);
    if (verdict == pull_verdict::confirm_removal) answer.confirm.push_back(event.id);
    if (event.updated_at && p.entry_changes() > changed_so_far)
      answer.changed_at.push_back(*event.updated_at);
  }
  answer.entries_changed = p.entry_changes() - changed_before;
  answer.refused = p.refusals() - refused_before;
  if (answer.confirm.empty() && o.finish) {
    extra.cursors.push_back(*o.finish);
    answer.finished = true;
  }
  if (answer.finished && o.closing) {
    sync_run run = *o.closing;
    run.counts.entries_changed += answer.entries_changed;
    run.counts.refused += answer.refused;
    run.outcome = run_outcome::succeeded;
    run.finished_at = world_.now();
    if (is_news(run)) extra.facts.push_back(fact_of(run, world_));
    extra.runs.push_back(std::move(run));
  }
  return [done = o.done, answer](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(answer);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes& extra, const push_settled& o) {
  switch (o.what) {
  case push_settled::kind::written:
    settle_push(p, o.link, o.pushed, o.entry_version, o.now, o.why);
    break;
  case push_settled::kind::removed:
    settle_removal(p, o.link, o.why);
    break;
  case push_settled::kind::refused:
    p.explain(o.provider, o.entry, o.link.event, o.why, o.inputs);
    break;
  case push_settled::kind::id_taken:
    rename_event(p, o.link);
    break;
  case push_settled::kind::nothing:
    break;
  }
  extra.outbox_done.insert(extra.outbox_done.end(), o.rows_done.begin(), o.rows_done.end());
  extra.outbox_retries.insert(extra.outbox_retries.end(), o.rows_later.begin(), o.rows_later.end());
  return [done = o.done](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(true);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const backfill_order& o) {
  // As they are now, not as they were when they were listed.
  std::vector<schedule_entry> current;
  for (const auto& e : o.entries)
    if (const auto* known = p.entry(e.id)) current.push_back(*known);
  plan_backfill(p, o.provider, current);
  return [done = o.done](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(true);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const repair_order& o) {
  const auto repaired = plan_repairs(p, o.provider, o.entries);
  return [done = o.done, repaired](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(repaired);
  };
}

} // namespace kalends::actors
