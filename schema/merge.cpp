// SPDX-License-Identifier: Apache-2.0
#include "schema/sync.hpp"

namespace kalends {
namespace {

/// The wall clock follows from instant and zone, and two vendors' tables may disagree about it: it does not
/// count.
bool same_time(const calendar_time& a, const calendar_time& b) {
  if (is_all_day(a) != is_all_day(b)) return false;
  if (is_all_day(a)) return std::get<calendar_date>(a) == std::get<calendar_date>(b);
  const auto& x = std::get<zoned_time>(a);
  const auto& y = std::get<zoned_time>(b);
  return x.utc == y.utc && x.time_zone == y.time_zone;
}

} // namespace

field_set difference(const appointment& a, const appointment& b) {
  field_set d;
  if (!same_time(a.start, b.start) || !same_time(a.end, b.end)) d.add(field_group::time);
  if (a.title != b.title) d.add(field_group::title);
  if (a.notes != b.notes) d.add(field_group::notes);
  if (a.location != b.location) d.add(field_group::location);
  if (a.is_private != b.is_private) d.add(field_group::privacy);
  if (a.is_tentative != b.is_tentative) d.add(field_group::status);
  return d;
}

appointment take(appointment onto, const appointment& from, field_set which) {
  if (which.has(field_group::time)) {
    onto.start = from.start;
    onto.end = from.end;
  }
  if (which.has(field_group::title)) onto.title = from.title;
  if (which.has(field_group::notes)) onto.notes = from.notes;
  if (which.has(field_group::location)) onto.location = from.location;
  if (which.has(field_group::privacy)) onto.is_private = from.is_private;
  if (which.has(field_group::status)) onto.is_tentative = from.is_tentative;
  return onto;
}

std::vector<std::string_view> names_of(field_set s) {
  std::vector<std::string_view> names;
  if (s.has(field_group::time)) names.emplace_back("time");
  if (s.has(field_group::title)) names.emplace_back("title");
  if (s.has(field_group::notes)) names.emplace_back("notes");
  if (s.has(field_group::location)) names.emplace_back("location");
  if (s.has(field_group::privacy)) names.emplace_back("privacy");
  if (s.has(field_group::status)) names.emplace_back("status");
  return names;
}

} // namespace kalends
