// SPDX-License-Identifier: Apache-2.0
#include "actors/merge_parts.hpp"

#include "actors/import_projector.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace kalends::actors {
namespace {

/// What takes place in a slot: what the series says, nothing, or something of its own.
struct slot_state {
  bool cancelled = false;
  const appointment* own = nullptr;
  bool plain() const { return !cancelled && own == nullptr; }
  friend bool operator==(const slot_state& a, const slot_state& b) {
    if (a.cancelled != b.cancelled || (a.own == nullptr) != (b.own == nullptr)) return false;
    return a.own == nullptr || difference(*a.own, *b.own).empty();
  }
};

bool by_slot(const changed_occurrence& c, recurrence_id at) { return c.at < at; }

slot_state state_of(const recurrence& r, recurrence_id at) {
  slot_state s;
  s.cancelled = std::binary_search(r.exdates.begin(), r.exdates.end(), at);
  const auto own = std::lower_bound(r.changed.begin(), r.changed.end(), at, by_slot);
  if (own != r.changed.end() && own->at == at) s.own = &own->what;
  return s;
}

/// The recurrence with its slots named by another start.
recurrence named_by(const appointment& a, const calendar_time& start) {
  auto r = *a.repeats;
  if (slot_of(a.start) != slot_of(start)) rename_slots(r, a.start, start);
  return r;
}

void add_slots(std::set<recurrence_id>& slots, const recurrence& r) {
  slots.insert(r.exdates.begin(), r.exdates.end());
  for (const auto& c : r.changed) slots.insert(c.at);
}

/// The base of the entry with those slots as the calendar shows them in which a person changed it: each
/// vendor spells in its own way, and our own writes are no changes.
recurrence carried_over(const merge_sides& s, const recurrence& base) {
  const auto& start = s.entry.start;
  const auto before = named_by(s.base_event, start);
  const auto shown = named_by(s.event, start);
  const bool wiped = half_written(s);
  std::vector<recurrence> ours;
  for (const auto& said : s.superseded)
    if (said.repeats) ours.push_back(named_by(said, start));
  const auto own_write = [&](recurrence_id at, const slot_state& now) {
    return std::any_of(ours.begin(), ours.end(), [&](const recurrence& said) {
      const auto written = state_of(said, at);
      return written == now && !(written == state_of(base, at));
    });
  };
  std::set<recurrence_id> slots;
  add_slots(slots, before);
  add_slots(slots, shown);
  auto carried = base;
  for (const auto at : slots) {
    const auto now = state_of(shown, at);
    if (now == state_of(before, at) || (wiped && now.plain()) || own_write(at, now)) continue;
    take_slot(carried, shown, at);
  }
  return carried;
}

const attendee* find_guest(const std::vector<attendee>& guests, const attendee& g) {
  const auto address = lower_case(g.email);
  const auto at = std::find_if(guests.begin(), guests.end(),
                               [&](const attendee& a) { return lower_case(a.email) == address; });
  return at == guests.end() ? nullptr : &*at;
}

/// But for the answer.
bool same_guest(const attendee& a, const attendee& b) {
  return a.name == b.name && a.is_optional == b.is_optional && a.is_organizer == b.is_organizer;
}

/// A guest whom the calendar shows, as he becomes; nothing if he is not the entry's.
std::optional<attendee> merged_guest(const attendee& shown, const attendee* was, const attendee* local,
                                     guest_rule rule) {
  if (local == nullptr) { // new there, or taken off here
    if (was != nullptr || !rule.list_flows) return std::nullopt;
    return shown;
  }
  const bool news = was == nullptr || !same_guest(shown, *was);
  const bool ours = was == nullptr || !same_guest(*local, *was);
  auto becomes = rule.list_flows && news && (!ours || rule.external_wins) ? shown : *local;
  const auto heard = was != nullptr ? was->response : attendee_response::needs_action;
  becomes.response = shown.response != heard ? shown.response : local->response;
  return becomes;
}

} // namespace

void take_slot(recurrence& onto, const recurrence& from, recurrence_id at) {
  std::erase(onto.exdates, at);
  std::erase_if(onto.changed, [at](const changed_occurrence& c) { return c.at == at; });
  const auto s = state_of(from, at);
  if (s.cancelled) onto.exdates.insert(std::lower_bound(onto.exdates.begin(), onto.exdates.end(), at), at);
  if (s.own != nullptr)
    onto.changed.insert(std::lower_bound(onto.changed.begin(), onto.changed.end(), at, by_slot),
                        changed_occurrence{at, *s.own});
}

bool half_written(const merge_sides& s) {
  field_set of_master;
  of_master.add(field_group::time);
  of_master.add(field_group::recurrence);
  const auto both = difference(s.event, s.base_event) & difference(s.entry, s.base_entry) & of_master;
  if (both.empty()) return false;
  const auto shows = [&](const appointment& said) { return (difference(s.event, said) & both).empty(); };
  return shows(s.entry) || std::any_of(s.superseded.begin(), s.superseded.end(), shows);
}

std::optional<merged_slots> merge_slots(const merge_sides& s, bool external_wins) {
  for (const auto* side : {&s.base_entry, &s.base_event, &s.entry, &s.event})
    if (!side->repeats) return std::nullopt;
  const auto base = named_by(s.base_entry, s.entry.start);
  const auto external = carried_over(s, base);
  auto merged = merge_occurrences(base, *s.entry.repeats, external, external_wins);
  merged_slots out{std::move(merged.merged), !merged.overlaps.empty()};
  rename_slots(out.merged, s.entry.start, s.event.start);
  out.merged.rrule = s.event.repeats->rrule;
  out.merged.rdates = s.event.repeats->rdates;
  return out;
}

std::vector<recurrence_id> newly_cancelled(const appointment& before, const appointment& now,
                                           const appointment& entry) {
  std::vector<recurrence_id> slots;
  if (!before.repeats || !now.repeats || !entry.repeats) return slots;
  const auto was = named_by(before, entry.start);
  for (const auto at : named_by(now, entry.start).exdates)
    if (!state_of(was, at).cancelled && !state_of(*entry.repeats, at).cancelled && has_slot(entry, at))
      slots.push_back(at);
  return slots;
}

std::vector<attendee> merge_guests(const std::vector<attendee>& base, const std::vector<attendee>& local,
                                   const std::vector<attendee>& external, guest_rule rule) {
  std::vector<attendee> merged;
  for (const auto& shown : external)
    if (auto g = merged_guest(shown, find_guest(base, shown), find_guest(local, shown), rule))
      merged.push_back(std::move(*g));
  for (const auto& l : local) {
    if (find_guest(external, l) != nullptr) continue;
    const auto* was = find_guest(base, l);
    const bool ours = was == nullptr || (!same_guest(l, *was) && !rule.external_wins);
    if (ours || !rule.list_flows) merged.push_back(l);
  }
  std::sort(merged.begin(), merged.end(),
            [](const attendee& a, const attendee& b) { return lower_case(a.email) < lower_case(b.email); });
  return merged;
}

field_set difference_to_write(const appointment& entry, const appointment& base) {
  auto differs = difference(entry, base);
  if (!differs.has(field_group::attendees)) return differs;
  auto answered = base;
  for (auto& g : answered.attendees)
    if (const auto* known = find_guest(entry.attendees, g)) g.response = known->response;
  return difference(entry, answered);
}

result<appointment> whole_series(appointment a) {
  if (!a.repeats) return a;
  std::erase_if(a.repeats->exdates, [&](recurrence_id at) { return !has_slot(a, at); });
  auto kept = a.repeats->changed;
  std::erase_if(kept, [&](const changed_occurrence& c) { return !has_slot(a, c.at); });
  a.repeats->changed = std::move(kept);
  return canonical_series(std::move(a));
}

} // namespace kalends::actors
