// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/plan_brake.hpp"
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t rows_per_pass = 100;
constexpr int rereads_allowed = 5; ///< rounds of 412, read, merge, write for one entry in one pass
/// An insert that an earlier life of this actor sent has landed by then, or never will.
constexpr auto insert_lands_within = 1min;

std::vector<std::string> ids_of(const std::vector<outbox_row>& rows) {
  std::vector<std::string> ids;
  for (const auto& r : rows) ids.push_back(r.id);
  return ids;
}

} // namespace

void connected_calendar::begin_push() {
  state.push = false;
  auto due = now();
  // Only once per run: what fails again is put off again.
  if (std::exchange(state.impatient, false)) {
    due += longest_backoff;
    state.moving.clear();
  }
  if (calendar().direction == sync_direction::from_provider) return push_done({});
  parts_.store.load_outbox(tenant_id_, id_, due, rows_per_pass,
                           ask<std::vector<outbox_row>>(this, [this](result<std::vector<outbox_row>> rows) {
                             if (!rows) return push_done(rows.error());
                             if (rows->empty()) return push_done({});
                             take_rows(std::move(*rows));
                           }));
}

/// Rows of one entry collapse: what counts is what the calendar needs now.
void connected_calendar::take_rows(std::vector<outbox_row> rows) {
  if (rows.size() == rows_per_pass) state.push = true; // there may be more
  if (!state.run) {
    sync_run run;
    run.id = run_id(make_uuid(parts_.outside));
    run.provider = id_;
    run.cause = run_cause::push;
    run.started_at = now();
    state.run = std::move(run);
  }
  persistence::load_request wanted;
  wanted.tenant = tenant_id_;
  wanted.people = calendar().mails == guest_mail::guests;
  for (auto& row : rows) {
    auto at = std::find_if(state.pushing.begin(), state.pushing.end(),
                           [&](const push_group& g) { return g.entry == row.entry; });
    if (at == state.pushing.end()) {
      wanted.entries.push_back(row.entry);
      state.pushing.push_back({row.entry, {}, 0, {}, {}});
      at = std::prev(state.pushing.end());
    }
    at->rows.push_back(std::move(row));
  }
  // What failed before goes last: if it is the vendor that fails, nothing is lost by that, and if it is this
  // entry alone, the others do not wait behind it for ever.
  std::stable_partition(state.pushing.begin(), state.pushing.end(), [](const push_group& g) {
    return std::all_of(g.rows.begin(), g.rows.end(), [](const outbox_row& r) { return r.attempts == 0; });
  });
  parts_.store.load(
      std::move(wanted), ask<persistence::loaded>(this, [this](result<persistence::loaded> found) {
        if (!found) return push_done(found.error());
        if (calendar().mails == guest_mail::guests) return know_all_calendars(std::move(*found));
        state.picture.emplace(tenant_id_, std::map<provider_id, provider>{{id_, calendar()}}, parts_.outside);
        for (auto& e : found->entries) state.picture->know(std::move(e));
        for (auto& m : found->mappings) state.picture->know(std::move(m));
        for (const auto& l : found->people) state.picture->know(l);
        weigh_removals();
      }));
}

/// In which one calendar an entry has its guests depends on where else it stands.
void connected_calendar::know_all_calendars(persistence::loaded found) {
  auto known = [this, found = std::move(found)](result<std::vector<provider>> all) mutable {
    if (!all) return push_done(all.error());
    std::map<provider_id, provider> calendars;
    for (auto& c : *all) {
      auto id = c.id;
      calendars.emplace(std::move(id), std::move(c));
    }
    calendars.insert_or_assign(id_, calendar());
    state.picture.emplace(tenant_id_, std::move(calendars), parts_.outside);
    for (auto& e : found.entries) state.picture->know(std::move(e));
    for (auto& m : found.mappings) state.picture->know(std::move(m));
    for (const auto& l : found.people) state.picture->know(l);
    weigh_removals();
  };
  parts_.store.load_providers(tenant_id_, ask<std::vector<provider>>(this, std::move(known)));
}

void connected_calendar::push_next() {
  if (state.pushing.empty()) {
    if (state.push) return begin_push();
    return push_done({});
  }
  const auto& group = state.pushing.front();
  if (auto at = state.moving.find(group.entry); at != state.moving.end()) {
    if (now() < at->second) return put_off(at->second);
    state.moving.erase(at);
  }
  std::optional<push_step> step;
  try {
    step = plan_push(*state.picture, id_, group.entry);
  } catch (const std::exception& e) {
    // Our own mistake about one entry: the others go on.
    error cause{errc::broken, "planning_failed", std::string("Planning failed: ") + e.what()};
    log_failure("planning a push", cause);
    return set_aside(cause, {}, {});
  }
  if (unsayable_there(*step)) return;
  if (goes_unasked(*step) && !state.may_go.contains(group.entry)) {
    // It has to leave only since the pass began: the next one weighs it with all others.
    state.push = true;
    state.pushing.pop_front();
    return push_next();
  }
  std::visit([this](const auto& s) { carry_out(s); }, *step);
}

/// Every merge makes a row of its own, which would go around the pause of the row before it.
void connected_calendar::put_off(instant until) {
  push_settled later;
  later.what = push_settled::kind::nothing;
  for (const auto& r : state.pushing.front().rows) later.rows_later.push_back({r.id, until, "event_moving"});
  state.outbox_due.insert(until);
  settle(std::move(later));
}

void connected_calendar::carry_out(const push_nothing& s) {
  push_settled outcome;
  outcome.what = push_settled::kind::nothing;
  outcome.why = s.why;
  if (s.why == reason::push_not_organizer) {
    const auto& entry = state.pushing.front().entry;
    outcome.what = push_settled::kind::refused;
    outcome.link = *state.picture->link(id_, entry);
    outcome.inputs =
        change_inputs(state.picture->entry(entry)->version, outcome.link.event_version,
                      kalends::difference(state.picture->entry(entry)->what, outcome.link.base_entry));
  }
  settle(std::move(outcome));
}

/// Read like any other event: if it shows a write of ours that nobody knew of, the tenant makes a row that
/// writes what the entry says now.
void connected_calendar::carry_out(const push_look& s) {
  read_event(s.link, [this, s](calendar_event found) {
    hand_in_event(s.link, std::move(found), [this] { carry_out(push_nothing{reason::push_nothing_to_do}); });
  });
}

void connected_calendar::read_event(const mapping& link, with_event then) {
  auto get = [event = link.event](net::calendar_client& vendor, net::calendar_access who,
                                  net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::get_event, get, [this, link, then](result<calendar_event> found) {
    if (!found && found.error().kind == errc::not_found) return event_is_gone(link);
    if (!found) return push_failed(found.error(), link);
    then(std::move(*found));
  });
}

void connected_calendar::hand_in_event(const mapping& link, calendar_event event,
                                       std::function<void()> then) {
  page_pulled page;
  page.provider = id_;
  page.events = std::make_shared<const std::vector<calendar_event>>(1, std::move(event));
  page.proof = removal::confirmed;
  page.done =
      ask<page_applied>(this, [this, link, then = std::move(then)](const result<page_applied>& applied) {
        if (!applied) return push_failed(applied.error(), link);
        state.run->counts.entries_changed += applied->entries_changed;
        then();
      });
  send(state.tenant, std::move(page));
}

void connected_calendar::carry_out(const push_insert& s) {
  net::new_event event{s.link.event, s.link.transaction_id, s.link.entry, s.what, s.invites};
  auto insert = [event](net::calendar_client& vendor, net::calendar_access who,
                        net::vendor_done<calendar_event> reply) {
    return vendor.insert_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::insert_event, insert,
                              [this, s, asked_at = now()](result<calendar_event> answer) {
                                // Graph answers a transaction id that it knows with the event as it is now.
                                // If an earlier life of this actor may have sent it, and nobody has touched
                                // the event since we asked, it stood already.
                                if (answer && answer->updated_at && *answer->updated_at < asked_at &&
                                    state.pushing.front().rows.front().due_at < state.born_at)
                                  answer->stood_already = true;
                                written(s.link, s.what, reason::push_inserted, std::move(answer));
                              });
}

void connected_calendar::carry_out(const push_update& s) {
  field_set occurrences;
  occurrences.add(field_group::occurrences);
  const auto of_master = s.changed - occurrences;
  if (of_master.empty()) return write_occurrences(s);
  net::event_update update{s.link.event, s.link.event_version, of_master, s.what, s.invites};
  if (const auto* entry = state.picture->entry(s.link.entry))
    update.people = state.picture->addresses_of(entry->assigned);
  auto write = [update](net::calendar_client& vendor, net::calendar_access who,
                        net::vendor_done<calendar_event> reply) {
    return vendor.update_event(std::move(who), update, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::update_event, write,
                              [this, s, of_master](result<calendar_event> answer) {
                                const bool series = s.what.repeats || s.link.base_event.repeats;
                                if (answer && series) return master_written(s, of_master, std::move(*answer));
                                written(s.link, kalends::take(s.link.base_entry, s.what, s.changed),
                                        reason::push_updated, std::move(answer));
                              });
}

void connected_calendar::carry_out(const push_remove& s) { remove_event(s, s.link.event_version, 0); }

void connected_calendar::remove_event(const push_remove& s, std::string version, int tries) {
  if (s.link.event.empty()) return remove_unknown_event(s);
  auto erase = [event = s.link.event, version](net::calendar_client& vendor, net::calendar_access who,
                                               net::vendor_done<bool> reply) {
    return vendor.delete_event(std::move(who), event, version, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::delete_event, erase, [this, s, tries](const result<bool>& removed) {
    if (removed) {
      if (*removed) ++state.run->counts.pushed;
      got_through();
      push_settled outcome;
      outcome.what = push_settled::kind::removed;
      outcome.why = *removed ? reason::push_deleted : reason::push_gone;
      outcome.link = s.link;
      return settle(std::move(outcome));
    }
    if (removed.error().kind != errc::conflict || tries >= rereads_allowed)
      return push_failed(removed.error(), s.link);
    // Somebody edited it meanwhile; the entry has to leave all the same, but what is deleted has been seen.
    auto get = [event = s.link.event](net::calendar_client& vendor, net::calendar_access who,
                                      net::vendor_done<calendar_event> reply) {
      return vendor.get_event(std::move(who), event, std::move(reply));
    };
    call_vendor<calendar_event>(vendor_verb::get_event, get,
                                [this, s, tries](const result<calendar_event>& found) {
                                  if (found && !found->removed)
                                    return remove_event(s, found->version, tries + 1);
                                  if (!found && found.error().kind != errc::not_found)
                                    return push_failed(found.error(), s.link);
                                  push_settled outcome;
                                  outcome.what = push_settled::kind::removed;
                                  outcome.why = reason::push_gone;
                                  outcome.link = s.link;
                                  settle(std::move(outcome));
                                });
  });
}

/// Graph, and no answer to an insert ever came: there is nothing to address. If there is an event, a read
/// shows it, and the tenant knows it by its transaction id; if a read that began late enough does not, there
/// is none.
void connected_calendar::remove_unknown_event(const push_remove& s) {
  auto [since, first] = state.nameless.try_emplace(s.link.entry, now());
  if (first || !state.last_read_began || *state.last_read_began < since->second + insert_lands_within)
    return push_failed(error{errc::conflict, "event_not_known_yet", "The event's id is not known yet."},
                       s.link);
  state.nameless.erase(since);
  push_settled outcome;
  outcome.what = push_settled::kind::removed;
  outcome.why = reason::push_gone;
  outcome.link = s.link;
  settle(std::move(outcome));
}

push_settled connected_calendar::written_outcome(const mapping& link, reason why, appointment agreed,
                                                 calendar_event now) {
  const auto* entry = state.picture->entry(link.entry);
  push_settled outcome;
  outcome.what = push_settled::kind::written;
  outcome.why = why;
  outcome.link = link;
  outcome.pushed = std::move(agreed);
  outcome.entry_version = entry != nullptr ? entry->version : 0;
  outcome.now = std::move(now);
  return outcome;
}

void connected_calendar::written(const mapping& link, const appointment& what, reason why,
                                 result<calendar_event> answer) {
  const bool stood =
      answer && !link.linked && (answer->stood_already || state.pushing.front().rows.front().attempts > 0);
  if (stood && (answer->what.repeats || !kalends::difference(answer->what, what).empty()))
    return take_standing_event(link, std::move(*answer));
  if (answer) {
    ++state.run->counts.pushed;
    got_through();
    auto outcome = written_outcome(link, why, what, std::move(*answer));
    const auto* entry = state.picture->entry(link.entry);
    const bool rest =
        entry != nullptr && kalends::difference(entry->what, what).has(field_group::occurrences);
    if (!rest) return settle(std::move(outcome));
    return settle_part(std::move(outcome), [this, link] { reload_entry(link, [this] { push_next(); }); });
  }
  if (answer.error().kind == errc::conflict && state.pushing.front().rereads++ < rereads_allowed)
    return reread_and_merge(link);
  if (answer.error().kind == errc::not_found && link.linked) return event_is_gone(link);
  push_failed(answer.error(), link);
}

/// An earlier try made it, and what it said then or what somebody made of it since is not what the entry
/// says, or cannot be told from this answer: it is read like any other event, and what remains to be written
/// is planned anew.
void connected_calendar::take_standing_event(const mapping& link, calendar_event found) {
  auto taken = [this, link](calendar_event event) {
    event.tag = link.entry;
    event.transaction_id = link.transaction_id;
    hand_in_event(link, std::move(event), [this, link] { plan_again(link); });
  };
  if (!found.what.repeats) return taken(std::move(found));
  // An insert's answer does not tell the occurrences that were changed since.
  auto get = [event = found.id](net::calendar_client& vendor, net::calendar_access who,
                                net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::get_event, get, [this, link, taken](result<calendar_event> whole) {
    if (whole) return taken(std::move(*whole));
    // Of what was answered a moment ago, that takes no entry with it: the next try says what stands there.
    if (whole.error().kind == errc::not_found)
      return push_failed(error{errc::conflict, "event_not_known_yet", "The event cannot be read yet."}, link);
    push_failed(whole.error(), link);
  });
}

/// 412: the event moved on. Nothing is overwritten unseen: it is read, merged by the tenant, and what then
/// remains to be written is planned anew.
void connected_calendar::reread_and_merge(const mapping& link) {
  read_event(link, [this, link](calendar_event found) {
    hand_in_event(link, std::move(found), [this, link] { plan_again(link); });
  });
}

void connected_calendar::reload_entry(const mapping& link, std::function<void()> then) {
  persistence::load_request wanted;
  wanted.tenant = tenant_id_;
  wanted.entries.push_back(link.entry);
  wanted.people = calendar().mails == guest_mail::guests;
  auto loaded = [this, link, then = std::move(then)](result<persistence::loaded> found) {
    if (!found) return push_failed(found.error(), link);
    state.picture->drop_link({id_, link.entry});
    state.picture->delete_entry(link.entry);
    for (auto& e : found->entries) state.picture->know(std::move(e));
    for (auto& m : found->mappings) state.picture->know(std::move(m));
    for (const auto& l : found->people) state.picture->know(l);
    then();
  };
  parts_.store.load(std::move(wanted), ask<persistence::loaded>(this, std::move(loaded)));
}

void connected_calendar::plan_again(const mapping& link) {
  reload_entry(link, [this, link] {
    // The tenant could not take what the event says: the same write would be refused again.
    const auto* now_linked = state.picture->link(id_, link.entry);
    if (now_linked != nullptr && now_linked->linked == link.linked &&
        now_linked->event_version == link.event_version && !now_linked->removing)
      return push_failed(
          error{errc::conflict, "event_not_mergeable", "The event was changed to what an entry cannot hold."},
          link);
    push_next();
  });
}

void connected_calendar::event_is_gone(const mapping& link) {
  calendar_event gone;
  gone.id = link.event;
  gone.removed = true;
  page_pulled page;
  page.provider = id_;
  page.events = std::make_shared<const std::vector<calendar_event>>(1, std::move(gone));
  page.proof = removal::confirmed;
  page.done = ask<page_applied>(this, [this, link](const result<page_applied>& applied) {
    if (!applied) return push_failed(applied.error(), link);
    state.run->counts.entries_changed += applied->entries_changed;
    push_settled outcome;
    outcome.what = push_settled::kind::nothing;
    outcome.why = reason::push_gone;
    settle(std::move(outcome));
  });
  send(state.tenant, std::move(page));
}

/// Commits what came of the front group, then takes the next.
void connected_calendar::settle(push_settled s) {
  auto& group = state.pushing.front();
  s.provider = id_;
  s.entry = group.entry;
  if (s.rows_later.empty()) s.rows_done = ids_of(group.rows);
  const bool mended = s.rows_later.empty() && !s.letter;
  s.ends_letter = mended && std::any_of(group.rows.begin(), group.rows.end(),
                                        [](const outbox_row& r) { return r.has_letter; });
  s.done = ask<bool>(this, [this, mended](const result<bool>& committed) {
    if (!committed) return push_done(committed.error());
    if (mended) push_mended(state.pushing.front().entry);
    state.pushing.pop_front();
    push_next();
  });
  send(state.tenant, std::move(s));
}

void connected_calendar::settle_part(push_settled s, std::function<void()> then) {
  s.provider = id_;
  s.entry = state.pushing.front().entry;
  s.done = ask<bool>(this, [this, then = std::move(then)](const result<bool>& committed) {
    if (!committed) return push_done(committed.error());
    then();
  });
  send(state.tenant, std::move(s));
}

/// The vendor takes writes again; what was told about one entry stands until that one got through.
void connected_calendar::push_mended(const entry_id& entry) {
  if (state.push_trouble_at.empty() || state.push_trouble_at == entry) {
    state.push_trouble = {};
    state.push_trouble_at = {};
  }
  state.push_trouble.failures = 0;
  state.push_trouble.not_before.reset();
}

/// A write reached the calendar.
void connected_calendar::got_through() {
  state.wrote_at = now();
  const auto since = committed_at(state.pushing.front().rows.back());
  if (since) parts_.meter.fresh_out({tenant_id_, calendar().type}, now() - *since);
}

void connected_calendar::push_failed(const error& e, const mapping& link) {
  // The vendor was not asked: no row has failed.
  if (e.kind == errc::reauthorize || e.kind == errc::stopped || never_asked(e)) return push_done(e);
  log_failure("a push", e);
  auto& group = state.pushing.front();
  const auto plan = plan_retry(group.rows, e, state.wrote_at, parts_.outside);
  if (plan.refused) ++state.run->counts.refused;
  if (plan.set_aside) return set_aside(e, link.event, plan);
  try_later(e, link, plan);
}

void connected_calendar::try_later(const error& e, const mapping& link, const retry_plan& plan) {
  auto& group = state.pushing.front();
  const bool first =
      std::all_of(group.rows.begin(), group.rows.end(), [](const outbox_row& r) { return r.attempts == 0; });
  push_settled later;
  later.what = plan.refused && first ? push_settled::kind::refused : push_settled::kind::nothing;
  if (e.kind == errc::duplicate) later.what = push_settled::kind::id_taken;
  later.why = reason::push_refused;
  later.link = link;
  later.inputs = boost::json::serialize(boost::json::object{{"code", e.code}, {"detail", e.detail}});
  const auto due = now() + plan.wait;
  for (const auto& r : group.rows) later.rows_later.push_back({r.id, due, e.code, plan.wait, plan.strike});
  state.outbox_due.insert(due);
  if (e.kind == errc::conflict) state.moving[group.entry] = due;
  parts_.meter.push_retried({tenant_id_, calendar().type}, e.code);
  // What is wrong with one entry keeps the others no longer; what is wrong with the vendor does.
  if (e.kind != errc::retry_later || plan.strike) return settle(std::move(later));
  state.push_trouble_at = group.entry;
  later.provider = id_;
  later.entry = group.entry;
  later.done = ask<bool>(this, [this, e](const result<bool>&) { push_done(e); });
  send(state.tenant, std::move(later));
}

/// Tried as often as is allowed. The mapping stays as it is, since nothing was agreed; a later change of the
/// entry, or a person, tries again.
void connected_calendar::set_aside(const error& e, const event_id& event, const retry_plan& plan) {
  auto& group = state.pushing.front();
  push_settled given_up;
  given_up.what = push_settled::kind::nothing;
  given_up.letter = make_letter(group.rows, e, event, parts_.outside);
  state.moving.erase(group.entry);
  if (e.kind != errc::retry_later || plan.strike) return settle(std::move(given_up));
  given_up.provider = id_;
  given_up.entry = group.entry;
  given_up.rows_done = ids_of(group.rows);
  given_up.done = ask<bool>(this, [this, e](const result<bool>&) { push_done(e); });
  send(state.tenant, std::move(given_up));
}

void connected_calendar::push_done(std::optional<error> failed) {
  if (!failed) state.outbox_due.erase(state.outbox_due.begin(), state.outbox_due.upper_bound(now()));
  finish_run(std::move(failed), run_part::push);
}

// ---------------------------------------------------------------- events that were set aside

/// One by one, then all of them to the tenant.
void connected_calendar::reread_events() {
  const auto& order = state.reread_orders.front();
  if (state.reread.size() >= order.events.size()) {
    page_pulled page;
    page.provider = id_;
    page.events = std::make_shared<const std::vector<calendar_event>>(std::exchange(state.reread, {}));
    page.proof = removal::confirmed;
    page.done = ask<page_applied>(this, [this](const result<page_applied>& applied) {
      const auto count = static_cast<int>(state.reread_orders.front().events.size());
      reread_done(applied.map([count](const page_applied&) { return count; }));
    });
    return send(state.tenant, std::move(page));
  }
  auto event = order.events[state.reread.size()];
  auto get = [event](net::calendar_client& vendor, net::calendar_access who,
                     net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::get_event, get, [this, event](result<calendar_event> found) {
    if (!found && found.error().kind != errc::not_found) return reread_done(tl::unexpected(found.error()));
    if (!found) {
      found = calendar_event{};
      found->id = event;
      found->removed = true;
    }
    state.reread.push_back(std::move(*found));
    reread_events();
  });
}

void connected_calendar::reread_done(const result<int>& outcome) {
  state.reread.clear();
  const auto order = state.reread_orders.front();
  state.reread_orders.pop_front();
  order.done(outcome);
  if (!outcome && outcome.error().kind == errc::reauthorize) return needs_person(outcome.error());
  step_done();
}

} // namespace kalends::actors
