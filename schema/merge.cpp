// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "schema/sync.hpp"

#include <algorithm>
#include <cctype>

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

bool same_address(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool same_guests(const std::vector<attendee>& a, const std::vector<attendee>& b) {
  const auto known = [&](const attendee& x) {
    return std::any_of(b.begin(), b.end(), [&](const attendee& y) {
      return same_address(x.email, y.email) && x.name == y.name && x.response == y.response &&
             x.is_optional == y.is_optional && x.is_organizer == y.is_organizer;
    });
  };
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), known);
}

/// How many empty lines stand between two paragraphs is formatting: Outlook's pages and its conversions of
/// HTML to text add and drop them.
std::string paragraphs_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
      if (out.empty() || out.ends_with("\n\n")) continue;
    }
    out += c;
  }
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

bool same_notes(const std::string& a, const std::string& b) {
  return a == b || paragraphs_of(a) == paragraphs_of(b);
}

bool same_rule(const std::optional<recurrence>& a, const std::optional<recurrence>& b) {
  if (!a || !b) return !a && !b;
  return a->rrule == b->rrule && a->rdates == b->rdates;
}

bool same_changes(const recurrence& a, const recurrence& b) {
  return std::equal(a.changed.begin(), a.changed.end(), b.changed.begin(), b.changed.end(),
                    [](const changed_occurrence& x, const changed_occurrence& y) {
                      return x.at == y.at && difference(x.what, y.what).empty();
                    });
}

bool same_occurrences(const std::optional<recurrence>& a, const std::optional<recurrence>& b) {
  if (!a || !b) return true;
  return a->exdates == b->exdates && same_changes(*a, *b);
}

/// Rule and occurrences each from its side; what takes place there is named by the start that results.
void take_recurrence(appointment& onto, const appointment& was, const appointment& from, field_set which) {
  if (which.has(field_group::recurrence)) {
    auto occurrences = std::move(onto.repeats);
    onto.repeats = from.repeats;
    if (onto.repeats && occurrences && !which.has(field_group::occurrences)) {
      onto.repeats->exdates = std::move(occurrences->exdates);
      onto.repeats->changed = std::move(occurrences->changed);
    }
  }
  if (which.has(field_group::occurrences) && onto.repeats && from.repeats) {
    onto.repeats->exdates = from.repeats->exdates;
    onto.repeats->changed = from.repeats->changed;
  }
  if (!onto.repeats) return;
  const bool theirs = which.has(field_group::occurrences) || !was.repeats;
  const auto& named_by = theirs ? from.start : was.start;
  if (!same_time(named_by, onto.start)) rename_slots(*onto.repeats, named_by, onto.start);
}

} // namespace

field_set difference(const appointment& a, const appointment& b) {
  field_set d;
  if (!same_time(a.start, b.start) || !same_time(a.end, b.end)) d.add(field_group::time);
  if (a.title != b.title) d.add(field_group::title);
  if (!same_notes(a.notes, b.notes)) d.add(field_group::notes);
  if (a.location != b.location) d.add(field_group::location);
  if (a.is_private != b.is_private) d.add(field_group::privacy);
  if (a.is_tentative != b.is_tentative) d.add(field_group::status);
  if (!same_rule(a.repeats, b.repeats)) d.add(field_group::recurrence);
  if (!same_occurrences(a.repeats, b.repeats)) d.add(field_group::occurrences);
  if (!same_guests(a.attendees, b.attendees)) d.add(field_group::attendees);
  return d;
}

appointment take(appointment onto, const appointment& from, field_set which) {
  const bool series = onto.repeats || from.repeats;
  const auto was = series ? onto : appointment{};
  if (which.has(field_group::time)) {
    onto.start = from.start;
    onto.end = from.end;
  }
  if (which.has(field_group::title)) onto.title = from.title;
  if (which.has(field_group::notes)) onto.notes = from.notes;
  if (which.has(field_group::location)) onto.location = from.location;
  if (which.has(field_group::privacy)) onto.is_private = from.is_private;
  if (which.has(field_group::status)) onto.is_tentative = from.is_tentative;
  if (which.has(field_group::attendees)) onto.attendees = from.attendees;
  if (series) take_recurrence(onto, was, from, which);
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
  if (s.has(field_group::recurrence)) names.emplace_back("recurrence");
  if (s.has(field_group::occurrences)) names.emplace_back("occurrences");
  if (s.has(field_group::attendees)) names.emplace_back("attendees");
  return names;
}

} // namespace kalends
