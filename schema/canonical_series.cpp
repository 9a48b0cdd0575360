// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "schema/rule_slots.hpp"
#include "schema/sync.hpp"

#include <algorithm>
#include <utility>

namespace kalends {
namespace {

using namespace std::chrono;
using frequency = rrule::frequency;

tl::unexpected<error> refuse(std::string code, std::string why, std::string field = "recurrence.rrule") {
  return failure(errc::invalid, std::move(code), std::move(why), std::move(field));
}

void sort_unique(std::vector<recurrence_id>& slots) {
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
}

/// The last second of a day on the clock of the start, as RFC 5545 3.3.10 wants an UNTIL: a date for dates,
/// else UTC.
rrule::end end_of_day(recurrence_id slot, const calendar_time& start) {
  const auto day = floor<days>(slot);
  if (is_all_day(start)) return {day, true, false};
  const auto utc = recurring::instant_in(day + days(1) - seconds(1), start);
  return {local_seconds(utc.time_since_epoch()), false, true};
}

result<void> check_until(const rrule& r, const calendar_time& start) {
  if (!r.until) return {};
  if (r.until->is_date != is_all_day(start))
    return refuse("rrule_until_kind", "UNTIL: a date if the start is a date, else a time");
  const auto at = sys_seconds(r.until->at.time_since_epoch());
  if (r.until->is_utc ? at < instant_of(start) : r.until->at < slot_of(start))
    return refuse("rrule_until_before_start", "UNTIL: it lies before the start");
  return {};
}

/// "The first of the Mondays" and "the first Monday", "the last of all days" and "day -1" are one.
void number_what_a_position_says(rrule& r) {
  const bool in_months =
      r.freq == frequency::monthly || (r.freq == frequency::yearly && r.by_month.size() == 1);
  if (!in_months || r.by_set_pos.size() != 1 || !r.by_month_day.empty() || !r.by_year_day.empty() ||
      !r.by_week_no.empty() || r.by_day.empty())
    return;
  if (std::any_of(r.by_day.begin(), r.by_day.end(), [](const rrule::day& d) { return d.ordinal != 0; }))
    return;
  const int place = r.by_set_pos.front();
  if (r.by_day.size() == 1 && place >= -5 && place <= 5)
    r.by_day.front().ordinal = place;
  else if (r.by_day.size() == 7 && place >= -31 && place <= 31)
    r.by_month_day = {place}, r.by_day.clear();
  else
    return;
  r.by_set_pos.clear();
}

/// What the start says anyway is left to it, so that a series that moves needs no other rule.
void leave_to_start(rrule& r, local_days start) {
  if (!r.by_set_pos.empty() || !r.by_year_day.empty() || !r.by_week_no.empty()) return;
  const year_month_day ymd(start);
  const std::vector<int> day{static_cast<int>(unsigned(ymd.day()))};
  const std::vector<int> month{static_cast<int>(unsigned(ymd.month()))};
  if (r.freq == frequency::weekly && r.by_day == std::vector<rrule::day>{{0, weekday(start)}})
    r.by_day.clear();
  if (!r.by_day.empty()) return;
  if (r.freq == frequency::monthly && r.by_month_day == day) r.by_month_day.clear();
  if (r.freq != frequency::yearly) return;
  if (r.by_month_day == day && !r.by_month.empty()) r.by_month_day.clear();
  if (r.by_month_day.empty() && r.by_month == month) r.by_month.clear();
}

rrule one_spelling(rrule r, local_days start) {
  number_what_a_position_says(r);
  if (r.freq == frequency::daily && r.interval == 1 && !r.by_day.empty() && r.by_month_day.empty() &&
      r.by_set_pos.empty())
    r.freq = frequency::weekly;
  leave_to_start(r, start);
  return r;
}

/// The rule read, its slots known to begin at the start and to be few enough; UNTIL at the end of the last
/// one's day.
result<rrule> canonical_rule(const std::string& text, const calendar_time& start) {
  auto r = read_rrule(text);
  if (!r) return r;
  if (!recurring::is_expandable(*r))
    return refuse("rrule_part_unsupported", "BYWEEKNO: only every year, and without BYSETPOS");
  if (auto ok = check_until(*r, start); !ok) return tl::unexpected(ok.error());
  if (r->count && *r->count > static_cast<int>(limits::occurrences))
    return refuse("too_many_occurrences", "COUNT: at most " + std::to_string(limits::occurrences));

  recurring::rule_slots slots(*r, start);
  auto last = slots.next();
  if (!last) return refuse("rrule_without_occurrence", "FREQ: the rule has no occurrence");
  if (*last != slot_of(start))
    return refuse("start_not_in_rrule", "FREQ: the start is not the first occurrence of the rule");
  if (r->until) {
    std::size_t count = 1;
    for (auto slot = slots.next(); slot; slot = slots.next(), ++count) {
      if (count == limits::occurrences)
        return refuse("too_many_occurrences", "UNTIL: at most " + std::to_string(limits::occurrences));
      last = slot;
    }
    r->until = end_of_day(*last, start);
  }
  return one_spelling(std::move(*r), floor<days>(slot_of(start)));
}

bool changes_something(const appointment& a, const changed_occurrence& c) {
  appointment plain = a;
  plain.repeats->changed.clear();
  plain.repeats->exdates.clear();
  plain.repeats->rrule.clear();
  plain.repeats->rdates = {c.at};
  plain.attendees.clear();
  // The slot is known: as the only RDATE it needs no search.
  const auto as_planned = occurrence_at(plain, c.at);
  return !as_planned || !difference(as_planned->what, c.what).empty();
}

result<void> settle_exceptions(appointment& a) {
  auto& r = *a.repeats;
  for (auto& at : r.exdates) at = recurring::existing(at, a.start);
  for (auto& c : r.changed) {
    c.at = recurring::existing(c.at, a.start);
    c.what.repeats.reset();
    c.what.attendees.clear();
  }
  sort_unique(r.exdates);
  std::stable_sort(r.changed.begin(), r.changed.end(),
                   [](const auto& x, const auto& y) { return x.at < y.at; });

  std::vector<recurrence_id> named = r.exdates;
  for (const auto& c : r.changed) named.push_back(c.at);
  sort_unique(named);
  if (named.empty()) return {};
  const auto found = recurring::slots_among(a, named);
  const auto is_slot = [&](recurrence_id at) { return std::binary_search(found.begin(), found.end(), at); };

  std::vector<changed_occurrence> kept;
  for (auto& c : r.changed) {
    if (!is_slot(c.at))
      return refuse("occurrence_not_in_series",
                    "The series has no occurrence at " + write_slot(c.at, is_all_day(a.start)) + ".",
                    "recurrence.changed");
    if (!kept.empty() && kept.back().at == c.at) kept.pop_back();
    kept.push_back(std::move(c));
  }
  std::erase_if(r.exdates, [&](recurrence_id at) { return !is_slot(at); });
  std::erase_if(kept, [&](const changed_occurrence& c) {
    return std::binary_search(r.exdates.begin(), r.exdates.end(), c.at) || !changes_something(a, c);
  });
  r.changed = std::move(kept);
  return {};
}

/// Sorted, and without those that the rule has itself.
result<void> settle_rdates(appointment& a) {
  auto& r = *a.repeats;
  for (auto& at : r.rdates) at = recurring::existing(at, a.start);
  sort_unique(r.rdates);
  if (r.rdates.empty()) return {};
  if (r.rdates.front() < slot_of(a.start))
    return refuse("start_not_in_rrule", "RDATE: no occurrence lies before the start", "recurrence.rdates");
  auto by_rule = a;
  by_rule.repeats->rdates.clear();
  const auto had = recurring::slots_among(by_rule, r.rdates);
  std::erase_if(r.rdates, [&](recurrence_id at) { return std::binary_search(had.begin(), had.end(), at); });
  return {};
}

} // namespace

result<appointment> canonical_series(appointment a) {
  if (!a.repeats) return a;
  auto& r = *a.repeats;
  if (r.rdates.size() + r.exdates.size() + r.changed.size() > limits::series_exceptions)
    return refuse("too_many_exceptions",
                  "A series has at most " + std::to_string(limits::series_exceptions) + " exceptions.",
                  "recurrence");
  if (const auto* zoned = std::get_if<zoned_time>(&a.start);
      zoned != nullptr && !is_iana_zone(zoned->time_zone))
    return refuse("unknown_time_zone", "A series needs a time zone whose rules are known.",
                  "start.time_zone");
  if (!r.rrule.empty()) {
    auto rule = canonical_rule(r.rrule, a.start);
    if (!rule) return tl::unexpected(rule.error());
    r.rrule = write_rrule(*rule);
  }
  if (auto ok = settle_rdates(a); !ok) return tl::unexpected(ok.error());
  if (auto ok = settle_exceptions(a); !ok) return tl::unexpected(ok.error());
  if (r == recurrence{}) a.repeats.reset();
  return a;
}

} // namespace kalends
