// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"

#include "schema/rule_slots.hpp"
#include "schema/sync.hpp"

#include <algorithm>

namespace kalends {
namespace {

using namespace std::chrono;

const changed_occurrence* find_change(const recurrence& r, recurrence_id at) {
  const auto c = std::find_if(r.changed.begin(), r.changed.end(),
                              [&](const changed_occurrence& one) { return one.at == at; });
  return c == r.changed.end() ? nullptr : &*c;
}

bool is_cancelled(const recurrence& r, recurrence_id at) {
  return std::binary_search(r.exdates.begin(), r.exdates.end(), at);
}

/// The end of the occurrence that begins at `start`: as long as the first, in days or in exact time (RFC 5545
/// 3.8.5.3), on the clock on which the first ends.
calendar_time end_after(const appointment& a, const calendar_time& start) {
  if (const auto* date = std::get_if<calendar_date>(&start)) {
    const auto length = slot_of(a.end) - slot_of(a.start);
    return calendar_date{year_month_day(floor<days>(local_days(date->day) + length))};
  }
  const auto& first = std::get<zoned_time>(a.start);
  const auto& last = std::get<zoned_time>(a.end);
  const auto utc = std::get<zoned_time>(start).utc + (last.utc - first.utc);
  const auto shown = at_zone(utc, last.time_zone);
  return shown ? *shown : zoned_time{last.local + (utc - last.utc), last.time_zone, utc};
}

occurrence plain_occurrence(const appointment& a, recurrence_id at) {
  occurrence o;
  o.at = at;
  o.what.title = a.title;
  o.what.notes = a.notes;
  o.what.location = a.location;
  o.what.start = time_of_slot(a, at);
  o.what.end = end_after(a, o.what.start);
  o.what.is_private = a.is_private;
  o.what.is_tentative = a.is_tentative;
  o.what.attendees = a.attendees;
  return o;
}

occurrence changed_one(const appointment& a, const changed_occurrence& c) {
  occurrence o{c.at, c.what, true};
  o.what.repeats.reset();
  o.what.attendees = a.attendees;
  return o;
}

bool takes_place(const occurrence& o, sys_seconds from, sys_seconds to) {
  const auto begins = instant_of(o.what.start);
  return begins < to && (begins >= from || instant_of(o.what.end) > from);
}

/// What the walk through the slots needs of a series, begun shortly before `seen`. A rule that counts nothing
/// says the same from any of its periods on, so that an old series is not gone through from its first day.
/// The first week is left a period to itself: positions in it are counted from the start.
appointment begun_before(const appointment& a, sys_seconds seen) {
  appointment near;
  near.start = a.start;
  near.repeats = recurrence{a.repeats->rrule, a.repeats->rdates, {}, {}};
  const auto rule = read_rrule(a.repeats->rrule);
  if (!rule || rule->count) return near;
  if (rule->freq != rrule::frequency::daily && rule->freq != rrule::frequency::weekly) return near;
  const days period(rule->interval * (rule->freq == rrule::frequency::weekly ? 7 : 1));
  const auto first = slot_of(a.start);
  const auto ahead = floor<days>(local_seconds(seen.time_since_epoch()) - first) - period - days(7);
  if (ahead < period) return near;
  const auto later = first + (ahead / period) * period;
  if (is_all_day(a.start))
    near.start = calendar_date{year_month_day(floor<days>(later))};
  else // the rule's wall clock, whether or not it exists on that day
    near.start =
        zoned_time{later, std::get<zoned_time>(a.start).time_zone, recurring::instant_in(later, a.start)};
  return near;
}

bool is_sooner(const occurrence& x, const occurrence& y) {
  return std::pair(instant_of(x.what.start), x.at) < std::pair(instant_of(y.what.start), y.at);
}

} // namespace

recurrence_id slot_of(const calendar_time& start) {
  if (const auto* date = std::get_if<calendar_date>(&start)) return recurrence_id(local_days(date->day));
  return std::get<zoned_time>(start).local;
}

calendar_time time_of_slot(const appointment& a, recurrence_id at) {
  if (is_all_day(a.start)) return calendar_date{year_month_day(floor<days>(at))};
  const auto& zone = std::get<zoned_time>(a.start).time_zone;
  const auto utc = recurring::instant_in(at, a.start);
  const auto shown = at_zone(utc, zone);
  return shown ? *shown : zoned_time{at, zone, utc};
}

std::string write_slot(recurrence_id at, bool all_day) {
  if (all_day) return write_date(calendar_date{year_month_day(floor<days>(at))});
  return write_local(zoned_time{at, "UTC", sys_seconds(at.time_since_epoch())});
}

std::optional<recurrence_id> read_slot(std::string_view text) {
  constexpr std::string_view date = "2026-12-01";
  constexpr std::string_view wall_clock = "2026-12-01T09:00:00";
  if (text.size() == date.size()) {
    const auto d = read_date(text);
    return d ? std::optional(slot_of(*d)) : std::nullopt;
  }
  if (text.size() != wall_clock.size()) return std::nullopt;
  const auto t = read_zoned_time(text, "UTC");
  return t ? std::optional(t->local) : std::nullopt;
}

std::vector<recurrence_id> slots_of(const appointment& a, std::size_t limit) {
  std::vector<recurrence_id> slots;
  if (limit == 0) return slots;
  if (!a.repeats) return {slot_of(a.start)};
  recurring::slot_walk walk(a);
  while (slots.size() < limit) {
    const auto slot = walk.next();
    if (!slot) break;
    slots.push_back(*slot);
  }
  return slots;
}

bool has_slot(const appointment& a, recurrence_id at) {
  if (!a.repeats) return at == slot_of(a.start);
  at = recurring::existing(at, a.start);
  recurring::slot_walk walk(a);
  auto slot = walk.next();
  while (slot && *slot < at) slot = walk.next();
  return slot == at;
}

std::optional<occurrence> occurrence_at(const appointment& a, recurrence_id at) {
  if (!a.repeats) return at == slot_of(a.start) ? std::optional(occurrence{at, a, false}) : std::nullopt;
  at = recurring::existing(at, a.start);
  if (is_cancelled(*a.repeats, at) || !has_slot(a, at)) return std::nullopt;
  const auto* change = find_change(*a.repeats, at);
  return change != nullptr ? changed_one(a, *change) : plain_occurrence(a, at);
}

occurrence_page occurrences_between(const appointment& a, sys_seconds from, sys_seconds to,
                                    std::size_t limit) {
  occurrence_page page;
  if (!a.repeats) {
    const occurrence only{slot_of(a.start), a, false};
    page.more = takes_place(only, from, to) && limit == 0;
    if (takes_place(only, from, to) && limit > 0) page.items.push_back(only);
    return page;
  }
  for (const auto& c : a.repeats->changed)
    if (const auto o = changed_one(a, c); takes_place(o, from, to)) page.items.push_back(o);

  // Wall clocks and instants differ by less than a day: what is further away is passed over unseen.
  const auto length = std::max(instant_of(a.end) - instant_of(a.start), seconds(0));
  const auto unseen = from - length - days(2);
  std::size_t plain = 0;
  recurring::slot_walk walk(begun_before(a, unseen));
  for (auto slot = walk.next(); slot && plain <= limit; slot = walk.next()) {
    const sys_seconds roughly(slot->time_since_epoch());
    if (roughly >= to + days(2)) break;
    if (roughly < unseen || is_cancelled(*a.repeats, *slot) || find_change(*a.repeats, *slot) != nullptr)
      continue;
    auto o = plain_occurrence(a, *slot);
    if (!takes_place(o, from, to)) continue;
    page.items.push_back(std::move(o));
    ++plain;
  }
  std::sort(page.items.begin(), page.items.end(), is_sooner);
  page.more = page.items.size() > limit;
  if (page.more) page.items.resize(limit);
  return page;
}

std::optional<sys_seconds> end_of_series(const appointment& a) {
  if (!a.repeats) return instant_of(a.end);
  if (const auto rule = read_rrule(a.repeats->rrule); rule && !rule->count && !rule->until)
    return std::nullopt;
  auto end = instant_of(a.end);
  for (const auto slot : slots_of(a, limits::occurrences + limits::series_exceptions)) {
    if (is_cancelled(*a.repeats, slot) || find_change(*a.repeats, slot) != nullptr) continue;
    end = std::max(end, instant_of(end_after(a, time_of_slot(a, slot))));
  }
  for (const auto& c : a.repeats->changed) end = std::max(end, instant_of(c.what.end));
  return end;
}

} // namespace kalends
