// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_event.hpp"

#include <algorithm>

namespace kalends::sandbox::microsoft {

namespace {

using namespace std::chrono;

bool midnight(local_time t) { return floor<days>(t) == t; }

refusal invalid_time(std::string message) {
  return {400, "ErrorPropertyValidationFailure", std::move(message), {}, {}};
}

/// The rules of Exchange for the times of one event.
std::optional<refusal> check_times(const event_content& c) {
  if (!c.all_day) {
    if (c.end.at() < c.start.at())
      return invalid_time("The Event.End property must not be before Event.Start.");
    return std::nullopt;
  }
  if (!midnight(c.start.wall))
    return invalid_time("The Event.Start property for an all-day event needs to be set to midnight.");
  if (!midnight(c.end.wall))
    return invalid_time("The Event.End property for an all-day event needs to be set to midnight.");
  if (c.start.iana != c.end.iana)
    return invalid_time(
        "The Event.Start and Event.End properties of an all-day event need the same time zone.");
  if (c.end.wall - c.start.wall < days(1))
    return invalid_time("The duration of an all-day event needs to be at least 24 hours.");
  return std::nullopt;
}

std::string rule_zone(const event_item& item) {
  if (item.rule && !item.rule->zone.empty()) return resolve_zone(item.rule->zone).value_or("UTC");
  return item.content.start.iana;
}

/// The series' times of day in its own zone: what every occurrence repeats.
struct series_clock {
  milliseconds time_of_day{0};
  milliseconds length{0};
  std::string iana;
};

series_clock clock_of(const event_item& item) {
  const auto& c = item.content;
  if (c.all_day) return {milliseconds(0), c.end.wall - c.start.wall, c.start.iana};
  auto iana = rule_zone(item);
  const auto start = to_wall(c.start.at(), iana);
  return {start - floor<days>(start), to_wall(c.end.at(), iana) - start, std::move(iana)};
}

occurrence plain_occurrence(const event_item& item, const series_clock& clock, local_days date) {
  occurrence out{&item, date, nullptr, {}, {}, item.content.all_day};
  auto start = date + clock.time_of_day;
  // Out of an hour that the clocks leave out the whole occurrence moves: no end may lie before its start.
  if (!out.all_day) start = to_wall(to_instant(start, clock.iana), clock.iana);
  out.start = {start, item.content.start.zone, clock.iana};
  out.end = {start + clock.length, item.content.end.zone, clock.iana};
  return out;
}

occurrence occurrence_on(const event_item& item, const series_clock& clock, local_days date) {
  auto out = plain_occurrence(item, clock, date);
  const auto found = item.exceptions.find(date);
  if (found == item.exceptions.end()) return out;
  out.exception = &found->second;
  if (found->second.own_times) {
    out.start = found->second.content.start;
    out.end = found->second.content.end;
    out.all_day = found->second.content.all_day;
  }
  return out;
}

/// The day an occurrence stands on, in the series' zone.
local_days day_of(const occurrence& o, const std::string& iana) {
  return floor<days>(o.all_day ? o.start.wall : to_wall(o.start.at(), iana));
}

/// An occurrence must stay strictly between the days of its neighbours.
bool crosses_neighbours(const event_item& item, local_days date, const occurrence& moved) {
  const auto clock = clock_of(item);
  const auto dates = expand(*item.rule, date + days(366 * 8));
  const auto at = std::find(dates.begin(), dates.end(), date);
  const auto stands_on = day_of(moved, clock.iana);
  for (auto before = at; before != dates.begin();) {
    --before;
    if (item.cancelled.count(*before) != 0) continue;
    if (stands_on <= day_of(occurrence_on(item, clock, *before), clock.iana)) return true;
    break;
  }
  for (auto after = at == dates.end() ? at : at + 1; after != dates.end(); ++after) {
    if (item.cancelled.count(*after) != 0) continue;
    return stands_on >= day_of(occurrence_on(item, clock, *after), clock.iana);
  }
  return false;
}

/// Exchange moves the master to the first date of the pattern.
std::optional<refusal> settle_series(event_item& item) {
  auto& c = item.content;
  auto first = expand(*item.rule, item.rule->start_date + days(366 * 100), 1);
  if (first.empty()) return invalid_time("The recurrence pattern has no occurrence in its range.");
  const auto clock = clock_of(item);
  const auto start = first.front() + clock.time_of_day;
  if (c.all_day) {
    c.end.wall = start + clock.length;
    c.start.wall = start;
    return std::nullopt;
  }
  const auto end_zone = c.end.iana;
  c.start.wall = to_wall(to_instant(start, clock.iana), c.start.iana);
  c.end.wall = to_wall(to_instant(start + clock.length, clock.iana), end_zone);
  return std::nullopt;
}

} // namespace

std::optional<refusal> apply_content(event_content& content, const event_change& change, bool creating) {
  if (creating && (!change.start || !change.end))
    return refusal{400,
                   "ErrorPropertyValidationFailure",
                   "At least one property failed validation: Start and End are required.",
                   {},
                   {}};
  auto next = content;
  if (change.start) next.start = *change.start;
  if (change.end) next.end = *change.end;
  if (change.all_day) next.all_day = *change.all_day;
  if (auto refused = check_times(next)) return refused;
  for (const auto& field : change.fields) next.fields[field.key()] = field.value();
  content = std::move(next);
  return std::nullopt;
}

std::optional<refusal> apply_recurrence(event_item& item, const event_change& change,
                                        const event_content& before, bool time_change_wipes) {
  const bool moved = item.content.start != before.start || item.content.end != before.end ||
                     item.content.all_day != before.all_day;
  auto old_rule = item.rule;
  if (change.recurrence) item.rule = *change.recurrence;
  if (!item.rule) {
    item.exceptions.clear();
    item.cancelled.clear();
    return std::nullopt;
  }
  const auto start_day = floor<days>(
      item.content.all_day ? item.content.start.wall : to_wall(item.content.start.at(), rule_zone(item)));
  if (change.recurrence && item.rule->start_date != start_day)
    return invalid_time("The recurrence range startDate must be the date of Event.Start.");
  if (!change.recurrence && moved) item.rule->start_date = start_day;
  const bool same = old_rule && old_rule->same_pattern(*item.rule);
  if (!same || (moved && time_change_wipes)) {
    item.exceptions.clear();
    item.cancelled.clear();
  }
  return settle_series(item);
}

instant occurrence::from() const { return all_day ? instant(start.wall.time_since_epoch()) : start.at(); }
instant occurrence::to() const { return all_day ? instant(end.wall.time_since_epoch()) : end.at(); }

bool occurrence::overlaps(instant window_start, instant window_end) const {
  const auto begins = from();
  const auto ends = to();
  if (begins == ends) return begins >= window_start && begins < window_end;
  return ends > window_start && begins < window_end;
}

occurrence whole(const event_item& item) {
  return {&item, std::nullopt, nullptr, item.content.start, item.content.end, item.content.all_day};
}

std::optional<occurrence> occurrence_at(const event_item& item, local_days date) {
  if (!item.rule || item.cancelled.count(date) != 0) return std::nullopt;
  const auto dates = expand(*item.rule, date);
  if (dates.empty() || dates.back() != date) return std::nullopt;
  return occurrence_on(item, clock_of(item), date);
}

std::vector<occurrence> occurrences_in(const event_item& item, instant window_start, instant window_end) {
  std::vector<occurrence> out;
  if (!item.rule) {
    auto one = whole(item);
    if (one.overlaps(window_start, window_end)) out.push_back(one);
    return out;
  }
  const auto clock = clock_of(item);
  // An exception may have moved into the window from a later date; neighbours bound how far.
  const auto until = floor<days>(local_time(window_end.time_since_epoch())) + days(32);
  for (const auto date : expand(*item.rule, until)) {
    if (item.cancelled.count(date) != 0) continue;
    auto one = occurrence_on(item, clock, date);
    if (one.overlaps(window_start, window_end)) out.push_back(std::move(one));
  }
  return out;
}

std::optional<refusal> apply_exception(event_item& item, local_days date, const event_change& change) {
  auto current = occurrence_at(item, date);
  if (!current) return item_not_found();
  if (change.recurrence && *change.recurrence)
    return refusal{400, "ErrorInvalidRequest", "An occurrence cannot have a recurrence of its own.", {}, {}};
  auto made = current->exception != nullptr ? *current->exception : event_exception{};
  made.content.start = current->start;
  made.content.end = current->end;
  made.content.all_day = current->all_day;
  if (auto refused = apply_content(made.content, change, false)) return refused;
  if (change.start || change.end || change.all_day) {
    made.own_times = true;
    occurrence moved{&item, date, nullptr, made.content.start, made.content.end, made.content.all_day};
    if (crosses_neighbours(item, date, moved))
      return refusal{400,
                     "ErrorOccurrenceCrossingBoundary",
                     "Modified occurrence is crossing or overlapping adjacent occurrence.",
                     {},
                     {}};
  }
  for (const auto& field : change.fields) made.own_fields.emplace(field.key());
  item.exceptions[date] = std::move(made);
  return std::nullopt;
}

} // namespace kalends::sandbox::microsoft
