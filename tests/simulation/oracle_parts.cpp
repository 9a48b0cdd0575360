// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/simulation/oracle.hpp"

#include <algorithm>

/// Guests one by one, occurrences slot by slot, and what no field of ours holds.
namespace kalends::simulation {

namespace {

const attendee* find_guest(const std::vector<attendee>& guests, const std::string& address) {
  const auto at =
      std::find_if(guests.begin(), guests.end(), [&](const attendee& g) { return g.email == address; });
  return at == guests.end() ? nullptr : &*at;
}

bool is_said(const appointment& a, const std::string& value) {
  if (a.notes == value) return true;
  return a.repeats && std::any_of(a.repeats->changed.begin(), a.repeats->changed.end(),
                                  [&](const changed_occurrence& c) { return c.what.notes == value; });
}

} // namespace

// ---------------------------------------------------------------- 8: guests

void oracle::guest_invited(const std::string& address, bool by_host) { guests_[address].by_host = by_host; }

void oracle::guest_taken_off(const std::string& address) { guests_[address].taken_off = true; }

void oracle::guest_answered(const std::string& address, const event_id& e, attendee_response before,
                            attendee_response what) {
  auto& said = guests_[address].answered[e];
  said.push_back(before);
  said.push_back(what);
}

/// A guest leaves an entry only when somebody took him off a list.
void oracle::check_guests(const rows& t, const tenant_changes& c) {
  for (const auto& d : c.decisions)
    for (auto& [address, g] : guests_)
      if (d.inputs.find("\"losing\"") != std::string::npos && d.inputs.find(address) != std::string::npos)
        g.lost = true;
  for (const auto& w : c.entries) {
    for (const auto& g : w.entry.what.attendees) guests_[g.email].in_entry = true;
    const auto before = t.entries.find(w.entry.id);
    if (before == t.entries.end()) continue;
    for (const auto& g : before->second.what.attendees) {
      const auto& known = guests_[g.email];
      if (find_guest(w.entry.what.attendees, g.email) == nullptr && !known.taken_off && !known.lost)
        log_.violation(8,
                       "guest " + g.email + " left entry " + w.entry.id.str() + ", and nobody took him off");
    }
  }
}

/// Whom a person invited, and what a guest answered, stays what it is whatever else is written.
void oracle::check_guests_of_event(const account& a, const calendar_event& was, const calendar_event& now) {
  for (const auto& g : was.what.attendees) {
    const auto* still = find_guest(now.what.attendees, g.email);
    const auto& known = guests_[g.email];
    if (still == nullptr && !known.in_entry && !known.lost && !known.taken_off)
      log_.violation(8, "guest " + g.email + " was taken off " + was.id.str() + " in " + a.calendar.str() +
                            " unseen");
    if (still == nullptr && !known.taken_off && !known.lost)
      log_.violation(11, "guest " + g.email + " was taken off " + was.id.str() + " in " + a.calendar.str() +
                             " by nobody");
    if (still != nullptr && still->response != g.response)
      log_.violation(11, "the answer of " + g.email + " was overwritten in " + a.calendar.str());
  }
}

/// The entry has one answer of each guest. He may have been asked by several of its events, of now and of
/// before: an event in which he said nothing (an invitation that we wrote is one) tells nothing, and of what
/// he said last in each of the others it is one. Who was asked by one event alone said just that. Who takes
/// his answer back says nothing there, but it is not what he took back.
void oracle::expect_answer(const rows& t, const account& a, const schedule_entry& entry,
                           const event_id& event, const attendee& shown) {
  const auto heard = find_guest(entry.what.attendees, shown.email)->response;
  if (heard == shown.response) return;
  const auto& said = guests_[shown.email].answered;
  const auto here = said.find(event);
  const bool said_here =
      here != said.end() && std::find(here->second.begin(), here->second.end(), heard) != here->second.end();
  if (shown.response == attendee_response::needs_action && !said_here) return;
  const auto was_of_entry = [&](const event_id& e) {
    return std::any_of(t.decisions.begin(), t.decisions.end(),
                       [&](const decision& d) { return d.entry == entry.id && d.event == e; });
  };
  for (const auto& [e, answers] : said)
    if (e != event && answers.back() == heard && was_of_entry(e)) return;
  log_.violation(8, "the answer of " + shown.email + " in " + a.calendar.str() + " did not reach entry " +
                        entry.id.str());
}

void oracle::expect_guests(const rows& t, const account& a, const provider& calendar, const mapping& link,
                           const calendar_event& event) {
  const auto& entry = t.entries.at(link.entry);
  const bool heard =
      calendar.direction != sync_direction::to_provider && !link.disputed.has(field_group::attendees);
  for (const auto& g : event.what.attendees) {
    const auto* known = find_guest(entry.what.attendees, g.email);
    const auto& story = guests_[g.email];
    if (heard && known == nullptr && !story.taken_off && !story.lost)
      log_.violation(8, "guest " + g.email + " of " + event.id.str() + " in " + a.calendar.str() +
                            " is no guest of entry " + link.entry.str());
    if (heard && known != nullptr) expect_answer(t, a, entry, event.id, g);
  }
  const bool only_here = std::count_if(t.mappings.begin(), t.mappings.end(),
                                       [&](const auto& m) { return m.first.entry == link.entry; }) == 1;
  if (calendar.mails != guest_mail::guests || !only_here || !heard) return;
  if (calendar.direction != sync_direction::both || calendar.scope == provider_scope::tenant) return;
  for (const auto& g : entry.what.attendees)
    if (find_guest(event.what.attendees, g.email) == nullptr)
      log_.violation(8, "guest " + g.email + " of entry " + link.entry.str() + " was not invited in " +
                            a.calendar.str());
}

// ---------------------------------------------------------------- 11: what we do not map

void oracle::decorated(const account& a, const event_id& e, const std::string& extras) {
  extras_[{a.provider, e}] = extras;
}

void oracle::check_extras(const account& a, const event_id& e) {
  const auto known = extras_.find({a.provider, e});
  if (known == extras_.end()) return;
  const auto at = a.model.events.find(e);
  if (at != a.model.events.end() && !at->second.now.removed && at->second.extras != known->second)
    log_.violation(11, "what we do not map of " + e.str() + " in " + a.calendar.str() + " did not survive");
}

// ---------------------------------------------------------------- 8: occurrences

void oracle::slot_set(slot_value v) {
  if (!v.text.empty()) values_.try_emplace(v.text);
  slots_.push_back(std::move(v));
}

void oracle::series_changed(const provider_id& p, const event_id& event, const entry_id& entry) {
  slots_.push_back({p, event, entry, {}, {}, true});
}

/// Whatever was said of an occurrence last, and by nobody else before or of the whole series, is in the entry
/// (or in the one that the occurrence became), unless it lost and is kept, or a person is asked about it: an
/// open conflict shows it as what the calendar says.
void oracle::expect_slots() {
  for (const auto& [id, t] : ledger_->tenants) {
    std::map<entry_id, std::vector<const slot_value*>> of_entry;
    for (const auto& v : slots_) {
      auto entry = v.entry;
      if (entry.empty())
        for (const auto& [key, m] : t.mappings)
          if (key.provider == v.provider && m.event == v.event) entry = key.entry;
      const bool stays = v.provider.empty() ||
                         (t.providers.contains(v.provider) &&
                          t.providers.at(v.provider).calendar.direction != sync_direction::to_provider);
      if (stays && t.entries.contains(entry)) of_entry[entry].push_back(&v);
    }
    for (const auto& [entry, said] : of_entry) expect_slots(t, entry, said);
  }
}

void oracle::expect_slots(const rows& t, const entry_id& entry, const std::vector<const slot_value*>& said) {
  if (std::any_of(said.begin(), said.end(), [](const slot_value* v) { return v->whole_series; })) return;
  for (const auto* v : said) {
    const auto same =
        std::count_if(said.begin(), said.end(), [&](const slot_value* other) { return other->at == v->at; });
    if (same > 1 || v->text.empty()) continue;
    log_.count("slot_judged");
    const auto* known = find(v->text);
    const bool stands = std::any_of(t.entries.begin(), t.entries.end(),
                                    [&](const auto& e) { return is_said(e.second.what, v->text); });
    const bool open = std::any_of(t.conflicts.begin(), t.conflicts.end(), [&](const auto& row) {
      const auto& c = row.second;
      return c.state == conflict_state::open && c.entry == entry && is_said(c.external, v->text);
    });
    if (!stands && !open && (known == nullptr || !known->lost))
      log_.violation(8, "'" + v->text + "' was said of the occurrence " + write_slot(v->at, false) +
                            " of entry " + entry.str() + ", and is gone" + story(t, entry));
  }
}

} // namespace kalends::simulation
