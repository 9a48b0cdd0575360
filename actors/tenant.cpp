// SPDX-License-Identifier: Apache-2.0
#include "actors/tenant.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/event_questions.hpp"
#include "actors/last_words.hpp"
#include "actors/plan_brake.hpp"
#include "actors/plan_conflict.hpp"
#include "actors/run_facts.hpp"
#include "observe/log.hpp"

#include <algorithm>
#include <set>

namespace kalends::actors {

namespace {

// A step holds at most this much, so that one tenant's import does not make one endless transaction.
constexpr std::size_t items_per_step = 64;
constexpr std::size_t events_per_step = 1'000;
/// Of the host's orders, which nobody else bounds; a calendar has one thing here at a time.
constexpr std::size_t orders_waiting = 2'000;
constexpr int stale_repeats = 3;
constexpr std::size_t most_set_aside = 5'000;

std::size_t weight_of(const tenant_state::item& i) {
  const auto& w = i.what;
  if (const auto* page = std::get_if<page_pulled>(&w)) return page->events->size();
  if (const auto* fill = std::get_if<backfill_order>(&w)) return fill->entries.size();
  if (const auto* some = std::get_if<repair_order>(&w)) return some->entries.size();
  if (const auto* some = std::get_if<hold_order>(&w)) return some->lines.size();
  if (const auto* some = std::get_if<release_order>(&w)) return some->entries.size();
  return 1;
}

void ask_for(persistence::load_request& r, const entry_order& o) {
  r.entries.push_back(o.entry);
  if (!o.edit.makes.empty()) r.entries.push_back(o.edit.makes);
  r.people = true;
  if (o.edit.assigned) r.users.insert(r.users.end(), o.edit.assigned->begin(), o.edit.assigned->end());
}
void ask_for(persistence::load_request& r, const page_pulled& o) { ask_for_events(r, o.provider, *o.events); }
void ask_for(persistence::load_request& r, const push_settled& o) { r.entries.push_back(o.entry); }
void ask_for(persistence::load_request& r, const hold_order& o) {
  for (const auto& l : o.lines) r.entries.push_back(l.entry);
}
void ask_for(persistence::load_request& r, const release_order& o) {
  r.entries.insert(r.entries.end(), o.entries.begin(), o.entries.end());
}
void ask_for(persistence::load_request& r, const backfill_order& o) {
  for (const auto& e : o.entries) r.entries.push_back(e.id);
  r.people = true;
}
void ask_for(persistence::load_request& r, const repair_order& o) {
  r.entries.insert(r.entries.end(), o.entries.begin(), o.entries.end());
  r.people = true;
}

void ask_for(persistence::load_request& r, const replay_order& o) {
  for (const auto& l : o.letters) r.entries.push_back(l.entry);
}
void ask_for(persistence::load_request& r, const conflict_order& o) { r.conflicts.push_back(o.conflict); }

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

/// The database refuses what it is told, and would do so again.
bool refused_content(const error& e) {
  return e.kind == errc::invalid || e.kind == errc::broken ||
         (e.kind == errc::conflict && e.code != "stale_version");
}

letter_key key_of_event(const provider_id& p, const event_id& e) { return {letter_kind::pull, p, {}, e}; }
letter_key key_of_entry(const provider_id& p, const entry_id& e) { return {letter_kind::push, p, e, {}}; }

/// Half of a page, or one event of it. Nobody waits, and the cursor stays.
tenant_state::item part_of(const page_pulled& page, std::size_t from, std::size_t to) {
  page_pulled part;
  part.provider = page.provider;
  part.proof = page.proof;
  const auto begin = page.events->begin();
  part.events = std::make_shared<const std::vector<calendar_event>>(begin + static_cast<std::ptrdiff_t>(from),
                                                                    begin + static_cast<std::ptrdiff_t>(to));
  part.done = [](const result<page_applied>&) {};
  return {std::move(part), tenant_state::trial::part};
}

} // namespace

tenant::tenant(caf::actor_config& cfg, tenant_id id, std::uint64_t tenure, persistence::engine_store& store,
               world w, supervisor_actor supervisor, event_bus_actor bus, observe::meter& meter)
    : actor_with<tenant_actor, tenant_state>(cfg), id_(std::move(id)), tenure_(tenure), store_(store),
      world_(std::move(w)), meter_(meter) {
  state.supervisor = std::move(supervisor);
  state.bus = std::move(bus);
  report_last_words(*this, "tenant " + id_.str());
}

tenant::behavior_type tenant::make_behavior() {
  return {[this](const entry_order& o) { enqueue(o); },
          [this](const page_pulled& o) { enqueue(o); },
          [this](const push_settled& o) { enqueue(o); },
          [this](const hold_order& o) { enqueue(o); },
          [this](const release_order& o) { enqueue(o); },
          [this](const backfill_order& o) { enqueue(o); },
          [this](const repair_order& o) { enqueue(o); },
          [this](const replay_order& o) { enqueue(o); },
          [this](const conflict_order& o) { enqueue(o); },
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
  const bool order = std::holds_alternative<entry_order>(w);
  if (order && state.orders >= orders_waiting)
    return refuse(w, error{errc::retry_later, "tenant_busy", "Too much work is waiting for this tenant.", "",
                           std::chrono::seconds(2)});
  if (order) ++state.orders;
  state.queue.push_back({std::move(w), tenant_state::trial::none});
  if (!state.stepping) next_step();
}

void tenant::next_step() {
  state.stepping = true;
  if (!state.calendars) return load_calendars();
  if (!state.set_aside_known) return load_set_aside();
  auto s = take_items();
  persistence::load_request wanted;
  wanted.tenant = id_;
  for (const auto& item : s->items) std::visit([&](const auto& o) { ask_for(wanted, o); }, item.what);
  store_.load(std::move(wanted), ask<persistence::loaded>(this, [this, s](result<persistence::loaded> found) {
                if (!found) return fail(s, found.error());
                if (!state.calendars) return put_back(s); // they changed meanwhile
                if (!decide(s, std::move(*found))) return put_back(s);
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

void tenant::load_set_aside() {
  store_.load_open_letters(id_, letter_kind::pull, most_set_aside,
                           ask<std::vector<letter_key>>(this, [this](result<std::vector<letter_key>> found) {
                             if (!found) return fail(take_items(), found.error());
                             state.set_aside = {found->begin(), found->end()};
                             state.set_aside_known = true;
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
    if (std::holds_alternative<entry_order>(s->items.back().what)) --state.orders;
    state.queue.pop_front();
  }
  return s;
}

bool tenant::decide(const step_ptr& s, persistence::loaded found) {
  tenant_picture picture(id_, state.calendars, world_);
  for (auto& e : found.entries) picture.know(std::move(e));
  for (auto& m : found.mappings) picture.know(std::move(m));
  for (auto& m : found.meetings) picture.know(std::move(m));
  for (auto& c : found.conflicts) picture.know(std::move(c));
  for (const auto& l : found.people) picture.know(l);
  tenant_changes extra;
  s->replies.clear();
  for (std::size_t i = 0; i < s->items.size(); ++i) {
    state.planning = {};
    try {
      s->replies.push_back(
          std::visit([&](const auto& o) { return apply(picture, extra, o); }, s->items[i].what));
    } catch (const std::exception& e) {
      isolate(s, i, e.what());
      return false;
    }
  }
  s->changes = picture.take_changes();
  append(s->changes, std::move(extra));
  s->changes.tenant = id_;
  s->changes.tenure = tenure_;
  for (auto& f : s->changes.facts) f.tenant = id_;
  return true;
}

/// Our own mistake about one event or entry: that one is set aside, what came with it is decided anew. What
/// cannot be set aside is refused.
void tenant::isolate(const step_ptr& s, std::size_t which, const char* what) {
  observe::log(observe::log_level::error, "planning failed",
               {{"tenant", id_},
                {"provider", state.planning.provider},
                {"entry", state.planning.entry},
                {"event", state.planning.event},
                {"detail", what}});
  error e{errc::broken, "planning_failed", std::string("Planning failed: ") + what};
  const bool nameless = state.planning.provider.empty();
  if (!nameless && state.poison.size() < most_set_aside && state.poison.emplace(state.planning, e).second)
    return;
  refuse(s->items[which].what, e);
  s->items.erase(s->items.begin() + static_cast<std::ptrdiff_t>(which));
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
  for (const auto& l : s->changes.letters) {
    state.poison.erase(key_of(l));
    if (l.kind == letter_kind::pull) state.set_aside.insert(key_of(l));
  }
  for (const auto& l : s->changes.letters_ended) state.set_aside.erase(l.what);
  tell_meter(s->changes);
  std::set<provider_id> due;
  for (const auto& row : s->changes.outbox) due.insert(row.provider);
  for (const auto& tell : s->replies) tell(std::nullopt);
  if (!due.empty()) send(state.supervisor, providers_due{id_, {due.begin(), due.end()}});
  end_step();
}

void tenant::not_committed(const step_ptr& s, const error& e) {
  // Together they failed: one by one, so that what is wrong fails alone. But never after passing trouble: the
  // commit may have been carried out, and an edit that is made twice would be made over what came after it.
  const bool passing = e.kind == errc::retry_later || e.kind == errc::stopped;
  if (s->items.size() > 1 && !passing) {
    state.alone += s->items.size();
    return put_back(s);
  }
  if (e.code == "stale_version" && state.repeats++ < stale_repeats) return put_back(s);
  state.repeats = 0;
  if (take_apart(s, e)) return put_back(s);
  fail(s, e);
}

/// A page that is refused for what it says is halved until the event at fault stands alone; that one is set
/// aside, and the whole page is tried once more: what got through by then is known and costs nothing. An
/// outcome of a push is set aside at once.
bool tenant::take_apart(const step_ptr& s, const error& e) {
  auto& item = s->items.front();
  if (!refused_content(e) || item.at == tenant_state::trial::repeated) return false;
  if (const auto* push = std::get_if<push_settled>(&item.what)) {
    state.poison.insert_or_assign(key_of_entry(push->provider, push->entry), e);
    item.at = tenant_state::trial::repeated;
    return true;
  }
  const auto* page = std::get_if<page_pulled>(&item.what);
  if (page == nullptr || page->events->empty()) return false;
  const auto size = page->events->size();
  std::vector<tenant_state::item> next;
  if (size > 1) {
    next.push_back(part_of(*page, 0, size / 2));
    next.push_back(part_of(*page, size / 2, size));
  } else {
    state.poison.insert_or_assign(key_of_event(page->provider, page->events->front().id), e);
  }
  if (item.at == tenant_state::trial::none) next.push_back({item.what, tenant_state::trial::repeated});
  s->items = std::move(next);
  state.alone += s->items.size();
  return true;
}

void tenant::tell_meter(const tenant_changes& c) const {
  const auto label_of = [this](const provider_id& p) {
    const auto at =
        state.calendars ? state.calendars->all.find(p) : std::map<provider_id, provider>::const_iterator{};
    const bool known = state.calendars && at != state.calendars->all.end();
    return observe::calendar_label{id_, known ? at->second.type : provider_type::google};
  };
  for (const auto& l : c.letters) meter_.dead_letter(label_of(l.provider), l.code);
  for (const auto& d : c.decisions)
    if (d.why == reason::pull_conflict_newest || d.why == reason::pull_conflict_local ||
        d.why == reason::pull_conflict_external || d.why == reason::pull_conflict_manual)
      meter_.conflict(label_of(d.provider), d.why);
}

void tenant::put_back(const step_ptr& s) {
  for (auto at = s->items.rbegin(); at != s->items.rend(); ++at) {
    if (std::holds_alternative<entry_order>(at->what)) ++state.orders;
    state.queue.push_front(std::move(*at));
  }
  end_step();
}

void tenant::fail(const step_ptr& s, const error& e) {
  for (const auto& item : s->items) refuse(item.what, e);
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
    return remove_part(p, o.entry, o.edit).map([&] { return gone; });
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
  if (o.held) p.explain(o.provider, {}, {}, reason::pull_held, held_inputs(*o.held));
  for (const auto& event : *o.events) {
    const auto key = key_of_event(o.provider, event.id);
    const auto* link = p.link_of(o.provider, event);
    const auto entry = link != nullptr ? link->entry : entry_id();
    if (is_poisoned(p, key, entry)) continue;
    state.planning = key;
    answer.nameless |= event.removed && link == nullptr && o.proof == removal::unconfirmed;
    const int changed_so_far = p.entry_changes();
    const auto verdict = o.compare
                             ? plan_compared_pull(p, o.provider, event, o.proof, *o.compare, answer.drift)
                             : plan_pull(p, o.provider, event, o.proof);
    if (event.updated_at && p.entry_changes() > changed_so_far)
      answer.changed_at.push_back(*event.updated_at);
    if (verdict == pull_verdict::confirm_removal) {
      answer.confirm.push_back(event.id);
    } else if (state.set_aside.contains(key)) {
      p.end_letter({key, letter_state::settled});
      p.explain(o.provider, entry, event.id, reason::pull_replayed,
                cause_inputs("read_again", event.version));
    }
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
  auto what = o.what;
  const auto key = key_of_entry(o.provider, o.entry);
  const bool poisoned = is_poisoned(p, key, o.entry);
  if (poisoned) what = push_settled::kind::nothing;
  state.planning = key;
  switch (what) {
  case push_settled::kind::written:
    settle_push(p, o.link, o.pushed, o.entry_version, o.now, o.why);
    break;
  case push_settled::kind::removed:
    settle_removal(p, o.link, o.why);
    break;
  case push_settled::kind::refused:
    p.explain(o.provider, o.entry, o.link.event, o.why, o.inputs);
    if (o.why == reason::push_unsayable) settle_unsayable(p, o.link, o.entry_version);
    break;
  case push_settled::kind::id_taken:
    rename_event(p, o.link);
    break;
  case push_settled::kind::nothing:
    break;
  }
  if (o.letter && !poisoned) p.open_letter(*o.letter, reason::push_dead_lettered);
  if (o.ends_letter && !poisoned) p.end_letter({key, letter_state::settled});
  extra.outbox_done.insert(extra.outbox_done.end(), o.rows_done.begin(), o.rows_done.end());
  if (poisoned)
    for (const auto& later : o.rows_later) extra.outbox_done.push_back(later.id);
  else
    extra.outbox_retries.insert(extra.outbox_retries.end(), o.rows_later.begin(), o.rows_later.end());
  return [done = o.done](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(true);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes& extra, const hold_order& o) {
  int held = 0;
  for (const auto& l : o.lines) {
    if (!hold_removal(p, o.provider, l.entry, o.with)) continue;
    ++held;
    extra.outbox_done.insert(extra.outbox_done.end(), l.rows.begin(), l.rows.end());
  }
  if (held > 0 && o.news)
    extra.facts.push_back(provider_fact(fact_type::calendar_provider_error, o.provider,
                                        {{"code", "removals_held"},
                                         {"kind", "events_would_go"},
                                         {"count", std::to_string(o.with.count)},
                                         {"of", std::to_string(o.with.of)}},
                                        world_));
  return [done = o.done, held](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(held);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const release_order& o) {
  int answered = 0;
  for (const auto& e : o.entries)
    if (answer_removal(p, o.provider, e, o.yes)) ++answered;
  return [done = o.done, answered](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(answered);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const backfill_order& o) {
  for (const auto& e : o.entries) {
    // As it is now, not as it was when it was listed.
    const auto* known = p.entry(e.id);
    const auto key = key_of_entry(o.provider, e.id);
    if (known == nullptr || is_poisoned(p, key, e.id)) continue;
    state.planning = key;
    const auto current = *known;
    plan_backfill(p, o.provider, {&current, 1});
  }
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

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const replay_order& o) {
  int put_back = 0;
  for (const auto& l : o.letters)
    if (replay_letter(p, l)) ++put_back;
  return [done = o.done, put_back](const std::optional<error>& failed) {
    if (failed) return done(tl::unexpected(*failed));
    done(put_back);
  };
}

tenant::reply tenant::apply(tenant_picture& p, tenant_changes&, const conflict_order& o) {
  const auto outcome = o.what == conflict_order::kind::resolve ? resolve_conflict(p, o.conflict, o.how, o.who)
                                                               : restore_losing(p, o.conflict, o.who);
  return [done = o.done, outcome](const std::optional<error>& failed) {
    if (!outcome || !failed) return done(outcome);
    done(tl::unexpected(*failed));
  };
}

/// What is poisoned is set aside in this very step instead of being planned.
bool tenant::is_poisoned(tenant_picture& p, const letter_key& key, const entry_id& entry) {
  const auto at = state.poison.find(key);
  if (at == state.poison.end()) return false;
  dead_letter l;
  l.id = make_uuid(world_);
  l.kind = key.kind;
  l.provider = key.provider;
  l.entry = entry;
  l.event = key.event;
  l.attempts = 1;
  l.code = at->second.code;
  l.detail = cut_text(at->second.detail, most_letter_detail);
  l.first_failed_at = l.last_failed_at = world_.now();
  p.open_letter(std::move(l),
                key.kind == letter_kind::pull ? reason::pull_poisoned : reason::push_dead_lettered);
  return true;
}

} // namespace kalends::actors
