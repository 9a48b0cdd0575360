// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/simulation/world.hpp"
#include "tests/support/series_model.hpp"

#include <algorithm>

/// What people do in their calendars, and hosts through the API.
namespace kalends::simulation {

using namespace actors;
using namespace std::chrono_literals;

namespace {

constexpr int most_entries = 24; ///< more add time, not cases
constexpr std::size_t most_unasked = 10;

std::string entry_uuid(int n) {
  const auto digits = std::to_string(n);
  return "0192a000-0000-7000-80dd-" + std::string(12 - digits.size(), '0') + digits;
}

} // namespace

/// "ah12": the first house's host wrote it. Nobody ever writes the same value twice.
std::string world_of_seed::new_value(const house& h, bool by_host) {
  auto text = h.mark + (by_host ? "h" : "p") + std::to_string(++values_);
  if (by_host) judge_.host_writes(text);
  return text;
}

/// An hour that begins at a minute of its own; now and then years away, where Graph's window does not reach.
std::pair<calendar_time, calendar_time> world_of_seed::new_time(bool by_host) {
  auto day = std::chrono::floor<std::chrono::days>(now_) + std::chrono::days(10);
  if (dice_.one_in(6)) day += std::chrono::days(1200);
  const auto start = day + std::chrono::minutes(++minutes_used_);
  auto begin = at_zone(std::chrono::sys_seconds(start), "Europe/Berlin").value();
  auto end = at_zone(std::chrono::sys_seconds(start + 1h), "Europe/Berlin").value();
  if (by_host) judge_.host_writes(write_local(begin));
  return {begin, end};
}

/// A few weeks, which may lie on both sides of a change of summer time.
recurrence world_of_seed::new_rule() {
  return {"FREQ=WEEKLY;COUNT=" + std::to_string(2 + dice_.below(6)), {}, {}, {}};
}

std::vector<user_id> world_of_seed::some_users(const house& h) {
  std::vector<user_id> some;
  for (const auto& u : h.users)
    if (dice_.coin()) some.push_back(u);
  return some;
}

// ---------------------------------------------------------------- people

calendar_event world_of_seed::changed(const house& h, calendar_event e) {
  switch (dice_.below(5)) {
  case 0:
    e.what.location = new_value(h, false);
    break;
  case 1:
    e.what.notes = new_value(h, false);
    break;
  case 2: {
    auto moved = e.what;
    std::tie(moved.start, moved.end) = new_time(false);
    e.what = take(e.what, moved, difference(e.what, moved)); // exceptions go along
    break;
  }
  default:
    e.what.title = new_value(h, false);
  }
  if (dice_.one_in(8)) e.what.is_private = !e.what.is_private;
  return e;
}

/// Cancels, edits or moves one occurrence, ends the series sooner or later, or has it happen only once.
void world_of_seed::person_changes_series(const house& h, account& a, calendar_event e) {
  const auto what = dice_.below(12);
  if (what < 3) judge_.series_changed(a.provider, e.id, {});
  if (what == 0) {
    e.what.repeats->rrule = new_rule().rrule;
    return vendor_.person_put(a, std::move(e), now_);
  }
  if (what == 1 && dice_.one_in(3)) {
    e.what.repeats.reset();
    return vendor_.person_put(a, std::move(e), now_);
  }
  const auto slots = slots_of(e.what, 8);
  net::occurrence_write w;
  w.at = dice_.pick(slots);
  if (what == 2) return person_splits_series(h, a, std::move(e), w.at);
  const auto known = occurrence_at(e.what, w.at);
  if (!known) return;
  w.how = what < 6 ? net::occurrence_write::kind::cancel : net::occurrence_write::kind::change;
  w.what = known->what;
  w.what.title = new_value(h, false);
  w.changed.add(field_group::title);
  const auto written = testing::write_slot(e.what, w, a.model.type());
  judge_.slot_set({a.provider, e.id, {}, w.at, {}});
  if (written && *written) vendor_.person_puts_occurrences(a, std::move(e), now_);
}

/// "This and following": the series ends, and another one begins.
void world_of_seed::person_splits_series(const house& h, account& a, calendar_event e, recurrence_id at) {
  auto halves = split_series(e.what, at);
  if (!halves) return;
  e.what = std::move(halves->before);
  vendor_.person_put(a, std::move(e), now_);
  calendar_event rest;
  rest.id = event_id("rest-" + h.mark + std::to_string(++made_));
  rest.what = std::move(halves->from_there);
  rest.what.title = new_value(h, false);
  rest.what.location.clear();
  rest.what.notes.clear();
  std::tie(rest.what.start, rest.what.end) = new_time(false);
  rest.what.repeats = new_rule();
  judge_.person_wrote({}, rest.what);
  vendor_.person_put(a, std::move(rest), now_);
}

void world_of_seed::person_writes(house& h, account& a) {
  calendar_event e;
  e.id = event_id("foreign-" + h.mark + std::to_string(++made_));
  e.what.title = new_value(h, false);
  std::tie(e.what.start, e.what.end) = new_time(false);
  if (dice_.one_in(3)) e.what.repeats = new_rule();
  judge_.person_wrote({}, e.what);
  vendor_.person_put(a, e, now_);
  a.model.events.at(e.id).extras = "colour of " + e.id.str();
  judge_.decorated(a, e.id, a.model.events.at(e.id).extras);
}

void world_of_seed::person_acts() {
  auto& h = houses_[dice_.one_in(4) ? 1 : 0];
  auto& a = vendor_.at(dice_.pick(h.calendars));
  const auto standing = a.model.standing();
  const auto say = [&](const char* what, const event_id& id) {
    log_.count(std::string("person:") + what);
    log_.say([&] { return std::string("a person ") + what + " " + id.str() + " in " + a.calendar.str(); });
  };
  if (standing.size() < 2 || (dice_.one_in(5) && standing.size() < most_entries)) {
    person_writes(h, a);
    return say("creates", {});
  }
  const auto id = dice_.pick(standing);
  auto e = a.model.events.at(id).now;
  if (dice_.one_in(6)) {
    say("deletes", id);
    vendor_.person_remove(a, id, now_);
  } else if (dice_.one_in(12)) { // Google's "duplicate": the copy bears our tag, too
    say("copies", id);
    auto copy = e;
    copy.id = event_id("copy-" + h.mark + std::to_string(++made_));
    copy.transaction_id.clear();
    copy.what.title = new_value(h, false);
    std::tie(copy.what.start, copy.what.end) = new_time(false);
    judge_.person_wrote({}, copy.what);
    vendor_.person_put(a, copy, now_);
  } else if (dice_.one_in(10)) { // guests, colours: a new version, and nothing of ours
    say("decorates", id);
    a.model.events.at(id).extras += "+";
    judge_.decorated(a, id, a.model.events.at(id).extras);
    vendor_.person_put(a, e, now_);
  } else if (e.what.repeats && dice_.coin()) {
    say("changes_series", id);
    person_changes_series(h, a, std::move(e));
  } else {
    say("changes", id);
    auto after = changed(h, e);
    if (after.what.start != e.what.start) judge_.series_changed(a.provider, id, {});
    judge_.person_wrote(e.what, after.what);
    vendor_.person_put(a, after, now_);
  }
}

void world_of_seed::person_withdraws_consent() {
  auto& h = houses_[dice_.one_in(4) ? 1 : 0];
  auto& a = vendor_.at(dice_.pick(h.calendars));
  log_.say([&] { return "consent for " + a.calendar.str() + " is withdrawn"; });
  vendor::revoke(a);
}

/// As the API does it: the new grant and the status in the rows, then the word to the engine.
void world_of_seed::person_connects_again(const provider_id& p) {
  auto& a = vendor_.at(p);
  auto& r = ledger_->tenants[a.tenant].providers[p];
  log_.count("person:connects_again");
  log_.say([&] { return a.calendar.str() + " is connected again"; });
  r.tokens = vendor_.new_grant(a, now_);
  r.calendar.status = provider_status::active;
  r.calendar.problem.reset();
  judge_.forget_manners();
  for (auto& s : slots_)
    if (s.running) {
      s.running->order(for_tenant{a.tenant, calendars_changed{}});
      s.running->order(for_provider{a.tenant, p, wake{wake_reason::connected, 0}});
    }
}

/// It is set up, and nobody has consented yet.
void world_of_seed::comes_later(house& h, const provider_id& p) {
  auto& r = ledger_->tenants[h.id].providers[p];
  r.calendar.status = provider_status::pending_authorization;
  r.calendar.calendar_name.clear();
  r.tokens.reset();
  latecomers_.push_back(p);
}

/// Some are cut off in their first read, which then has to begin again with all that belongs to it.
void world_of_seed::latecomers_act() {
  if (to_be_cut_ && --to_be_cut_->steps == 0) {
    const auto p = std::exchange(to_be_cut_, std::nullopt)->calendar;
    for (auto& s : slots_)
      if (s.running && !s.frozen_until && s.running->kill_provider(vendor_.at(p).tenant, p))
        log_.fault("first_read_cut_off");
  }
  if (latecomers_.empty() || !latecomers_dice_.one_in(100)) return;
  const auto p = latecomers_.back();
  latecomers_.pop_back();
  log_.count("person:connects_later");
  person_connects_again(p);
  if (!to_be_cut_) to_be_cut_ = cut{p, 10 + latecomers_dice_.below(120)};
}

// ---------------------------------------------------------------- hosts

void world_of_seed::host_acts() {
  auto& h = houses_[dice_.one_in(4) ? 1 : 0];
  const auto& entries = ledger_->tenants[h.id].entries;
  if (entries.size() < 2 || (dice_.one_in(4) && entries.size() < most_entries)) return host_creates(h);
  auto at = entries.begin();
  std::advance(at, dice_.below(entries.size()));
  host_changes(h, at->second);
}

void world_of_seed::host_clears_up() {
  for (const auto& h : houses_)
    if (clearing_dice_.one_in(60)) person_approves(h);
  auto& h = houses_.front();
  if (to_be_cleared_ < 2 * most_unasked) {
    if (!clearing_dice_.one_in(15)) return;
    ++to_be_cleared_;
    return host_creates_for(h, {h.users.front()});
  }
  const auto entries = ledger_->tenants[h.id].entries;
  if (entries.size() <= most_unasked || !clearing_dice_.one_in(100)) return;
  log_.count("host:clears_up");
  for (const auto& [id, e] : entries) {
    entry_order o{};
    o.entry = id;
    o.what = entry_order::kind::remove;
    send(h, std::move(o));
  }
}

/// Whatever waits there may go.
void world_of_seed::person_approves(const house& h) {
  auto* s = awake_slot();
  if (s == nullptr || !s->running->open()) return;
  for (const auto& p : h.calendars) {
    if (!judge_.waits_for_a_yes(p)) continue;
    log_.say([&] { return "somebody agrees to what waits in " + p.str(); });
    approval_order yes{removal_answer{true, false, {}}, [this](const result<bool>& answer) {
                         log_.count(answer ? "approved:ok" : "approved:" + answer.error().code);
                       }};
    s->running->order(for_provider{h.id, p, std::move(yes)});
  }
}

void world_of_seed::host_creates_for(house& h, std::vector<user_id> people) {
  entry_order o{};
  o.what = entry_order::kind::create;
  o.entry = entry_id(entry_uuid(++made_));
  o.edit.title = new_value(h, true);
  std::tie(o.edit.start, o.edit.end) = new_time(true);
  o.edit.assigned = std::move(people);
  send(h, std::move(o));
}

void world_of_seed::host_creates(house& h) {
  entry_order o{};
  o.what = entry_order::kind::create;
  o.entry = entry_id(entry_uuid(++made_));
  o.edit.title = new_value(h, true);
  std::tie(o.edit.start, o.edit.end) = new_time(true);
  o.edit.assigned = some_users(h);
  if (dice_.one_in(3)) o.edit.repeats = new_rule();
  if (dice_.one_in(10)) o.edit.is_private = true;
  send(h, std::move(o));
}

void world_of_seed::host_changes(house& h, const schedule_entry& e) {
  entry_order o{};
  o.entry = e.id;
  o.what = entry_order::kind::change;
  if (dice_.one_in(8)) o.edit.expected_version = e.version;
  if (e.what.repeats && dice_.coin()) return host_changes_series(h, e, std::move(o));
  switch (dice_.below(12)) {
  case 0:
    o.what = entry_order::kind::remove;
    break;
  case 1:
  case 2:
    o.edit.assigned = some_users(h);
    break;
  case 3:
    o.edit.status = static_cast<entry_status>(dice_.below(5));
    break;
  case 4:
  case 5:
    std::tie(o.edit.start, o.edit.end) = new_time(true);
    break;
  case 6:
    o.edit.is_private = !e.what.is_private;
    break;
  case 7:
    o.edit.notes = new_value(h, true);
    break;
  case 8:
  case 9:
    o.edit.location = new_value(h, true);
    break;
  default:
    o.edit.title = new_value(h, true);
  }
  send(h, std::move(o));
}

void world_of_seed::host_changes_series(house& h, const schedule_entry& e, entry_order o) {
  const auto slots = slots_of(e.what, 8);
  switch (dice_.below(6)) {
  case 0:
    o.edit.repeats = new_rule();
    o.edit.keeps_exdates = true;
    break;
  case 1:
    if (dice_.one_in(3)) o.edit.repeats = std::optional<recurrence>();
    break;
  case 2:
    o.edit.scope = edit_scope::single;
    o.edit.occurrence = dice_.pick(slots);
    o.edit.status = entry_status::cancelled;
    break;
  default:
    o.edit.scope = edit_scope::single;
    o.edit.occurrence = dice_.pick(slots);
    o.edit.location = new_value(h, true);
  }
  send(h, std::move(o));
}

/// Which occurrences an edit of the host's touches, or may have touched.
void world_of_seed::note_scope(const entry_id& entry, const entry_edit& edit, bool removed, bool heard) {
  if (edit.scope == edit_scope::single)
    judge_.slot_set({{}, {}, entry, edit.occurrence, heard ? edit.notes.value_or("") : ""});
  else if (edit.scope == edit_scope::future || edit.start || edit.repeats || edit.notes || edit.assigned ||
           removed)
    judge_.series_changed({}, {}, entry);
}

void world_of_seed::send(house& h, entry_order o) {
  auto* s = awake_slot();
  if (s == nullptr || !s->running->open()) return;
  const char* names[] = {"creates", "changes", "deletes"};
  const std::string what = names[static_cast<int>(o.what)];
  log_.count("host:" + what);
  log_.say([&] { return "the host " + what + " " + o.entry.str() + " " + o.edit.title.value_or(""); });
  const bool removed = o.what == entry_order::kind::remove;
  o.done = [this, t = h.id, e = o.entry, removed, edit = o.edit](const result<schedule_entry>& answer) {
    log_.count(answer ? "host_heard:ok" : "host_heard:" + answer.error().code);
    note_scope(e, edit, removed, answer.has_value());
    judge_.host_heard(t, e, removed, answer);
  };
  s->running->order(for_tenant{h.id, std::move(o)});
}

} // namespace kalends::simulation
