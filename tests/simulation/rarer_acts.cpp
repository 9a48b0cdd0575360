// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/simulation/world.hpp"
#include "tests/support/series_model.hpp"

#include <algorithm>

/// What people and hosts do now and then, in every other world: guests and their answers, single occurrences,
/// conflicts that wait for a person, dead letters, removals that are held. All of it by a chance of its own,
/// so that the other worlds' seeds keep their meaning.
namespace kalends::simulation {

using namespace actors;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_guests = 4;

std::string next_entry_uuid(int n) {
  const auto digits = std::to_string(n);
  return "0192a000-0000-7000-80ee-" + std::string(12 - digits.size(), '0') + digits;
}

void put_guest(std::vector<attendee>& guests, attendee g) {
  std::erase_if(guests, [&](const attendee& a) { return a.email == g.email; });
  guests.push_back(std::move(g));
  std::sort(guests.begin(), guests.end(),
            [](const attendee& a, const attendee& b) { return a.email < b.email; });
}

} // namespace

void world_of_seed::enrich() {
  for (auto& h : houses_)
    for (const auto& p : h.calendars) {
      auto& calendar = ledger_->tenants[h.id].providers[p].calendar;
      if (rare_.one_in(3)) calendar.on_conflict = conflict_policy::manual;
      if (rare_.one_in(3)) calendar.mails = guest_mail::guests;
      auto& a = vendor_.at(p);
      for (const auto& id : a.model.standing())
        if (rare_.coin()) person_invites(h, a, a.model.events.at(id).now);
    }
}

void world_of_seed::rarer_acts() {
  if (rare_.one_in(30)) guests_act();
  if (rare_.one_in(50)) person_changes_one();
  if (rare_.one_in(50)) host_changes_one();
  if (rare_.one_in(60)) both_change();
  if (rare_.one_in(40)) host_decides();
  if (rare_.one_in(80)) host_replays();
  if (rare_.one_in(60)) host_approves();
}

// ---------------------------------------------------------------- guests

std::string world_of_seed::new_guest(const house& h, bool by_host) {
  const auto address = h.mark + (by_host ? "h" : "p") + std::to_string(++values_) + "@guests.example";
  judge_.guest_invited(address, by_host);
  return address;
}

void world_of_seed::person_invites(const house& h, account& a, calendar_event e) {
  if (e.what.attendees.size() >= most_guests) return;
  attendee g;
  g.email = new_guest(h, false);
  g.name = "Guest";
  put_guest(e.what.attendees, std::move(g));
  vendor_.person_put(a, std::move(e), now_);
}

void world_of_seed::guests_act() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  auto& a = vendor_.at(rare_.pick(h.calendars));
  const auto standing = a.model.standing();
  if (standing.empty()) return;
  auto e = a.model.events.at(rare_.pick(standing)).now;
  auto& guests = e.what.attendees;
  const auto say = [&](const char* what) {
    log_.count(std::string("guest:") + what);
    log_.say([&] { return "a guest of " + e.id.str() + " in " + a.calendar.str() + ": " + what; });
  };
  if (guests.empty() || rare_.one_in(4)) {
    say("invited");
    return person_invites(h, a, std::move(e));
  }
  const auto which = rare_.below(guests.size());
  if (rare_.one_in(5)) {
    say("taken off");
    judge_.guest_taken_off(guests[which].email);
    guests.erase(guests.begin() + which);
  } else {
    say("answers");
    const auto before = guests[which].response;
    guests[which].response = static_cast<attendee_response>(rare_.below(4));
    if (guests[which].response != before)
      judge_.guest_answered(guests[which].email, e.id, before, guests[which].response);
  }
  vendor_.person_put(a, std::move(e), now_);
}

void world_of_seed::host_invites(house& h, const schedule_entry& e) {
  entry_order o{};
  o.entry = e.id;
  o.what = entry_order::kind::change;
  auto guests = e.what.attendees;
  if (!guests.empty() && rare_.one_in(3)) {
    const auto which = rare_.below(guests.size());
    judge_.guest_taken_off(guests[which].email);
    guests.erase(guests.begin() + which);
  } else if (guests.size() < most_guests) {
    attendee g;
    g.email = new_guest(h, true);
    put_guest(guests, std::move(g));
  }
  // Of what the list says the host has seen this version.
  o.edit.expected_version = e.version;
  o.edit.attendees = std::move(guests);
  log_.count("host:invites");
  send(h, std::move(o));
}

// ---------------------------------------------------------------- one occurrence

/// Some minutes later on its own day: no vendor lets an occurrence go past its neighbour.
std::pair<calendar_time, calendar_time> world_of_seed::moved_a_little(const appointment& occurrence) {
  const auto shift = std::chrono::minutes(1 + rare_.below(90));
  const auto at = [&](const calendar_time& t) {
    return at_zone(std::chrono::floor<std::chrono::seconds>(instant_of(t) + shift), "Europe/Berlin").value();
  };
  return {at(occurrence.start), at(occurrence.end)};
}

void world_of_seed::person_changes_one() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  auto& a = vendor_.at(rare_.pick(h.calendars));
  std::vector<event_id> series;
  for (const auto& id : a.model.standing())
    if (a.model.events.at(id).now.what.repeats) series.push_back(id);
  if (series.empty()) return;
  auto e = a.model.events.at(rare_.pick(series)).now;
  net::occurrence_write w;
  w.at = rare_.pick(slots_of(e.what, 8));
  const auto known = occurrence_at(e.what, w.at);
  if (!known) return;
  const bool cancels = rare_.one_in(3);
  w.how = cancels ? net::occurrence_write::kind::cancel : net::occurrence_write::kind::change;
  w.what = known->what;
  std::string value;
  if (cancels) {
    // Nothing is said of it any more.
  } else if (rare_.coin()) {
    std::tie(w.what.start, w.what.end) = moved_a_little(known->what);
    w.changed.add(field_group::time);
  } else {
    w.what.notes = value = new_value(h, false);
    w.changed.add(field_group::notes);
  }
  log_.count(cancels ? "person:cancels_one" : value.empty() ? "person:moves_one" : "person:edits_one");
  log_.say([&] {
    return "a person changes " + write_slot(w.at, false) + " of " + e.id.str() + " in " + a.calendar.str();
  });
  const auto id = e.id;
  const auto written = testing::write_slot(e.what, w, a.model.type());
  if (!written || !*written) return;
  judge_.slot_set({a.provider, id, {}, w.at, value});
  const bool silent = cancels && a.model.type() == provider_type::microsoft;
  vendor_.person_puts_occurrences(a, std::move(e), now_, silent);
}

void world_of_seed::host_changes_one() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  const auto& entries = ledger_->tenants[h.id].entries;
  if (entries.empty()) return;
  auto at = entries.begin();
  std::advance(at, rare_.below(entries.size()));
  const auto& e = at->second;
  if (!e.what.repeats || rare_.one_in(4)) return host_invites(h, e);
  entry_order o{};
  o.entry = e.id;
  o.what = entry_order::kind::change;
  o.edit.scope = rare_.one_in(4) ? edit_scope::future : edit_scope::single;
  o.edit.occurrence = rare_.pick(slots_of(e.what, 8));
  const auto known = occurrence_at(e.what, o.edit.occurrence);
  if (!known) return;
  const bool one = o.edit.scope == edit_scope::single;
  if (one && rare_.coin()) {
    std::tie(o.edit.start, o.edit.end) = moved_a_little(known->what);
  } else {
    o.edit.notes = new_value(h, true);
  }
  if (!one) o.edit.makes = entry_id(next_entry_uuid(++made_));
  log_.count(!one ? "host:splits" : o.edit.start ? "host:moves_one" : "host:edits_one");
  send(h, std::move(o));
}

// ---------------------------------------------------------------- what waits for a person

/// Person and host say something else of the same appointment, at the same time.
void world_of_seed::both_change() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  const auto& t = ledger_->tenants[h.id];
  std::vector<mapping> pairs;
  for (const auto& [key, m] : t.mappings)
    if (m.linked && !m.removing && t.entries.contains(m.entry)) pairs.push_back(m);
  if (pairs.empty()) return;
  const auto& link = rare_.pick(pairs);
  auto& a = vendor_.at(link.provider);
  const auto at = a.model.events.find(link.event);
  if (at == a.model.events.end() || at->second.now.removed) return;
  auto e = at->second.now;
  const auto before = e.what;
  entry_order o{};
  o.entry = link.entry;
  o.what = entry_order::kind::change;
  log_.count("both:change");
  log_.say([&] { return "a person changes " + e.id.str() + " in " + a.calendar.str() + ", too"; });
  if (rare_.one_in(3) && !e.what.repeats) {
    std::tie(e.what.start, e.what.end) = new_time(false);
    std::tie(o.edit.start, o.edit.end) = new_time(true);
  } else if (rare_.coin()) {
    e.what.location = new_value(h, false);
    o.edit.location = new_value(h, true);
  } else {
    e.what.title = new_value(h, false);
    o.edit.title = new_value(h, true);
  }
  judge_.person_wrote(before, e.what);
  vendor_.person_put(a, std::move(e), now_);
  send(h, std::move(o));
}

void world_of_seed::host_decides() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  std::vector<conflict> all;
  for (const auto& [id, c] : ledger_->tenants[h.id].conflicts)
    if (c.state == conflict_state::open || rare_.one_in(12)) all.push_back(c);
  if (!all.empty()) decide(h, rare_.pick(all));
}

void world_of_seed::decide(house& h, const conflict& c) {
  auto* s = awake_by(rare_);
  if (s == nullptr || !s->running->open()) return;
  conflict_order o{};
  const bool open = c.state == conflict_state::open;
  o.what = open ? conflict_order::kind::resolve : conflict_order::kind::restore;
  o.conflict = c.id;
  o.who = "person";
  o.how.choice = static_cast<conflict_choice>(rare_.below(3));
  if (o.how.choice == conflict_choice::merge)
    o.how.from_calendar = field_set::from_bits(static_cast<std::uint16_t>(rare_.below(512)));
  const std::string what = open ? "resolves" : "restores";
  log_.count("host:" + what);
  log_.say([&] { return "the host " + what + " a conflict about " + c.entry.str(); });
  o.done = [this, what](const result<conflict>& answer) {
    log_.count("host_heard:" + what + ":" + (answer ? "ok" : answer.error().code));
  };
  s->running->order(for_tenant{h.id, std::move(o)});
}

void world_of_seed::host_replays() {
  auto& h = houses_[rare_.one_in(4) ? 1 : 0];
  auto* s = awake_by(rare_);
  if (s == nullptr || !s->running->open()) return;
  replay_order pushes;
  std::map<provider_id, reread_order> reads;
  for (const auto& l : ledger_->tenants[h.id].letters) {
    if (l.state != letter_state::open) continue;
    if (l.kind == letter_kind::push)
      pushes.letters.push_back(l);
    else
      reads[l.provider].events.push_back(l.event);
  }
  if (!pushes.letters.empty()) {
    log_.count("host:replays");
    pushes.done = [](const result<int>&) {};
    s->running->order(for_tenant{h.id, std::move(pushes)});
  }
  for (auto& [p, order] : reads) {
    log_.count("host:rereads");
    order.done = [](const result<int>&) {};
    s->running->order(for_provider{h.id, p, std::move(order)});
  }
}

void world_of_seed::host_approves() {
  auto* s = awake_by(rare_);
  if (s == nullptr || !s->running->open()) return;
  for (const auto& h : houses_)
    for (const auto& p : h.calendars) {
      const auto& held = ledger_->tenants[h.id].providers[p].calendar.held;
      if (!held || held->approved) continue;
      log_.count(held->from_calendar ? "host:approves_pull" : "host:approves_push");
      log_.say([&] { return "removals of " + vendor_.at(p).calendar.str() + " are approved"; });
      s->running->order(
          for_provider{h.id, p, approval_order{removal_answer{true, true}, [](const result<bool>&) {}}});
    }
}

} // namespace kalends::simulation
