// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_tail.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>
#include <utility>

namespace kalends::actors {
namespace {

/// Where `now` ends and `before` goes on, in their own slots.
std::optional<recurrence_id> end_of_beginning(const appointment& before, const appointment& now) {
  if (!before.repeats || !now.repeats || slot_of(before.start) != slot_of(now.start)) return std::nullopt;
  if (!difference(before, now).has(field_group::recurrence) || !end_of_series(now)) return std::nullopt;
  const auto left = slots_of(now, limits::occurrences);
  const auto had = slots_of(before, left.size() + 1);
  if (left.empty() || had.size() != left.size() + 1) return std::nullopt;
  if (!std::equal(left.begin(), left.end(), had.begin())) return std::nullopt;
  return had.back();
}

bool several_people(const provider& calendar, const schedule_entry& entry) {
  return calendar.scope == provider_scope::user && calendar.direction != sync_direction::to_provider &&
         entry.assigned.size() > 1 && leaves_alone(calendar, entry) &&
         std::binary_search(entry.assigned.begin(), entry.assigned.end(), calendar.user);
}

field_set rule_group() {
  field_set rule;
  rule.add(field_group::recurrence);
  return rule;
}

/// What stays, in the calendar's own words if the host said nothing else meanwhile.
appointment head_of(const mapping& link, const appointment& entry, const appointment& event,
                    appointment before) {
  const auto local = difference(entry, link.base_entry);
  if (local.has(field_group::recurrence) || local.has(field_group::time)) return before;
  auto whole = whole_series(take(before, event, rule_group()));
  return whole ? std::move(*whole) : before;
}

/// Nobody's meeting, and nobody is a guest of it.
schedule_entry tail_of(const tenant_picture& p, const schedule_entry& series, appointment what,
                       std::vector<user_id> people, recurrence_id from) {
  schedule_entry e;
  e.id = entry_id(make_uuid(p.outside()));
  e.what = std::move(what);
  e.what.attendees.clear();
  e.status = series.status;
  e.work = series.work;
  e.assigned = std::move(people);
  for (const auto& s : series.occurrences)
    if (s.at >= from) e.occurrences.push_back(s);
  return e;
}

} // namespace

std::optional<recurrence_id> cut_at(const appointment& before, const appointment& now,
                                    const appointment& entry) {
  const auto end = end_of_beginning(before, now);
  if (!end || !entry.repeats) return std::nullopt;
  const auto from = *end + (slot_of(entry.start) - slot_of(before.start));
  const auto& cancelled = entry.repeats->exdates;
  if (has_slot(entry, from) && !std::binary_search(cancelled.begin(), cancelled.end(), from)) return from;
  for (const auto slot : slots_of(entry, limits::occurrences))
    if (slot >= from && !std::binary_search(cancelled.begin(), cancelled.end(), slot)) return slot;
  return std::nullopt;
}

bool leaves_alone(const provider& calendar, const schedule_entry& entry) {
  return !(entry.origin.empty() && calendar.on_deletion == deletion_policy::cancel_entry);
}

std::vector<user_id> keepers(const tenant_picture& p, const provider& calendar, const schedule_entry& entry,
                             const calendar_event& event) {
  auto others = entry.assigned;
  if (std::erase(others, calendar.user) == 0) return {};
  const auto sees_it = [&](const user_id& u) {
    const auto addresses = p.addresses_of({u});
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const std::string& a) { return is_guest(event.what.attendees, a); });
  };
  const auto seeing = std::erase_if(others, sees_it);
  if (event.guest_copy && seeing > 0) return {};
  return others;
}

schedule_entry free_tail(tenant_picture& p, const provider& calendar, const mapping& known,
                         const schedule_entry& entry, const calendar_event& event) {
  const auto before = entry; // both may lie in the picture
  const auto link = known;
  if (!several_people(calendar, before)) return before;
  const auto from = cut_at(link.base_event, event.what, before.what);
  if (!from) return before;
  auto people = keepers(p, calendar, before, event);
  if (people.empty()) return before;
  auto halves = split_series(before.what, *from);
  if (!halves) return before; // `keep_tail_of_others`
  auto tail = tail_of(p, before, std::move(halves->from_there), std::move(people), *from);
  auto after = before;
  after.what = head_of(link, before.what, event.what, std::move(halves->before));
  std::erase_if(after.occurrences, [&](const occurrence_status& s) { return s.at >= *from; });
  after = commit_change(p, before, std::move(after), calendar.id);
  p.explain(calendar.id, before.id, event.id, reason::pull_tail_freed,
            freed_inputs(write_slot(*from, is_all_day(before.what.start)), tail.id, event.version));
  commit_new_entry(p, std::move(tail), calendar.id);
  return after;
}

void keep_tail_of_others(const tenant_picture& p, const provider& calendar, const mapping& link,
                         const schedule_entry& entry, const calendar_event& event, appointment& theirs) {
  if (!several_people(calendar, entry) || !theirs.repeats) return;
  const auto from = cut_at(link.base_event, event.what, entry.what);
  const bool organizers = !event.guest_copy && keepers(p, calendar, entry, event).empty();
  if (!from || organizers) return;
  const auto moved = slot_of(theirs.start) - slot_of(entry.what.start);
  auto standing = *entry.what.repeats;
  rename_slots(standing, entry.what.start, theirs.start);
  auto& r = *theirs.repeats;
  r.rrule = standing.rrule;
  r.rdates = standing.rdates;
  for (const auto at : standing.exdates)
    if (at >= *from + moved) take_slot(r, standing, at);
  for (const auto& c : standing.changed)
    if (c.at >= *from + moved) take_slot(r, standing, c.at);
}

} // namespace kalends::actors
