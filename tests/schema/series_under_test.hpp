// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/recurrence.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kalends {

/// The date of a wall clock.
inline calendar_date date_of(recurrence_id at) {
  return {std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(at))};
}

/// One hour from `start` on, in `zone`; not yet canonical.
inline appointment timed_series(std::string_view start, std::string_view zone, std::string rule) {
  appointment a;
  a.title = "Inspection";
  a.start = *read_zoned_time(start, zone);
  a.end = *at_zone(instant_of(a.start) + std::chrono::hours(1), zone);
  a.repeats = recurrence{std::move(rule), {}, {}, {}};
  return a;
}

/// `length` days from `start` on; not yet canonical.
inline appointment all_day_series(std::string_view start, std::string rule, int length = 1) {
  appointment a;
  a.title = "Shift";
  a.start = *read_date(start);
  a.end = date_of(slot_of(a.start) + std::chrono::days(length));
  a.repeats = recurrence{std::move(rule), {}, {}, {}};
  return a;
}

inline recurrence_id slot(std::string_view text) { return read_slot(text).value(); }

/// An occurrence that another title was given to.
inline changed_occurrence retitled(const appointment& a, std::string_view at, std::string title) {
  appointment what;
  what.title = std::move(title);
  what.start = time_of_slot(a, slot(at));
  const auto length = instant_of(a.end) - instant_of(a.start);
  if (is_all_day(a.start))
    what.end = date_of(slot_of(what.start) + length);
  else
    what.end = *at_zone(instant_of(what.start) + length, std::get<zoned_time>(a.end).time_zone);
  return {slot(at), what};
}

/// "2026-03-29T02:30:00+01:00", or dates.
inline std::string written(const calendar_time& t) {
  if (const auto* date = std::get_if<calendar_date>(&t)) return write_date(*date);
  return write_with_offset(std::get<zoned_time>(t));
}

inline std::vector<std::string> written_slots(const appointment& a, std::size_t limit) {
  std::vector<std::string> out;
  for (const auto at : slots_of(a, limit)) out.push_back(write_slot(at, is_all_day(a.start)));
  return out;
}

/// Every start from the first on, as it takes place.
inline std::vector<std::string> written_starts(const appointment& a, std::size_t limit) {
  std::vector<std::string> out;
  const auto from = instant_of(a.start);
  for (const auto& o : occurrences_between(a, from, from + std::chrono::years(200), limit).items)
    out.push_back(written(o.what.start));
  return out;
}

} // namespace kalends
