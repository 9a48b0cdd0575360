// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "schema/rule_slots.hpp"

#include <algorithm>

namespace kalends {
namespace {

using namespace std::chrono;

/// Ends the rule before `at`, and begins it again there.
struct rule_halves {
  std::string before;
  std::string from_there;
};

result<rule_halves> split_rule(const appointment& a, recurrence_id at) {
  rule_halves halves;
  auto rule = read_rrule(a.repeats->rrule);
  if (!rule) return halves;
  int earlier = 0;
  recurring::rule_slots slots(*rule, a.start);
  auto slot = slots.next();
  for (; slot && recurring::existing(*slot, a.start) < at; slot = slots.next()) ++earlier;
  const bool goes_on = slot.has_value();
  // An added date, or a wall clock that summer time moved: the rule would put the next ones elsewhere.
  if (goes_on && *slot != at)
    return failure(errc::invalid, "start_not_in_rrule", "FREQ: the rule itself has no occurrence there.",
                   "occurrence");
  auto first = *rule;
  auto second = *rule;
  if (rule->count) {
    first.count = earlier;
    second.count = *rule->count - earlier;
  } else if (goes_on) {
    first.until =
        is_all_day(a.start)
            ? rrule::end{floor<days>(at) - days(1), true, false}
            : rrule::end{local_seconds(recurring::instant_in(at, a.start).time_since_epoch()) - seconds(1),
                         false, true};
  }
  halves.before = write_rrule(first);
  if (goes_on) halves.from_there = write_rrule(second);
  return halves;
}

template <class T, class Slot>
void part(std::vector<T>& before, std::vector<T>& from_there, recurrence_id at, Slot slot) {
  std::erase_if(before, [&](const T& x) { return slot(x) >= at; });
  std::erase_if(from_there, [&](const T& x) { return slot(x) < at; });
}

bool takes_place_before(const appointment& a, recurrence_id at) {
  recurring::slot_walk walk(a);
  for (auto slot = walk.next(); slot && *slot < at; slot = walk.next())
    if (!std::binary_search(a.repeats->exdates.begin(), a.repeats->exdates.end(), *slot)) return true;
  return false;
}

} // namespace

result<series_halves> split_series(const appointment& a, recurrence_id at) {
  at = recurring::existing(at, a.start);
  if (!a.repeats || !occurrence_at(a, at))
    return failure(errc::conflict, "occurrence_not_found",
                   "The series has no occurrence at " + write_slot(at, is_all_day(a.start)) + ".",
                   "occurrence");
  if (!takes_place_before(a, at))
    return failure(errc::invalid, "series_begins_there",
                   "Nothing of the series would remain before: change the series itself.", "occurrence");

  series_halves halves{a, a};
  auto& second = halves.from_there;
  const auto first_there = time_of_slot(a, at);
  const auto length = instant_of(a.end) - instant_of(a.start);
  second.start = first_there;
  if (const auto* date = std::get_if<calendar_date>(&first_there)) {
    second.end = calendar_date{year_month_day(floor<days>(local_days(date->day) + length))};
  } else {
    const auto& last = std::get<zoned_time>(a.end);
    const auto end = at_zone(instant_of(first_there) + length, last.time_zone);
    if (!end) return tl::unexpected(end.error());
    second.end = *end;
  }
  if (!a.repeats->rrule.empty()) {
    auto rules = split_rule(a, at);
    if (!rules) return tl::unexpected(rules.error());
    halves.before.repeats->rrule = std::move(rules->before);
    second.repeats->rrule = std::move(rules->from_there);
  }
  auto& r1 = *halves.before.repeats;
  auto& r2 = *second.repeats;
  part(r1.rdates, r2.rdates, at, [](recurrence_id x) { return x; });
  part(r1.exdates, r2.exdates, at, [](recurrence_id x) { return x; });
  part(r1.changed, r2.changed, at, [](const changed_occurrence& c) { return c.at; });

  auto before = canonical_series(std::move(halves.before));
  if (!before) return tl::unexpected(before.error());
  auto from_there = canonical_series(std::move(second));
  if (!from_there) return tl::unexpected(from_there.error());
  return series_halves{std::move(*before), std::move(*from_there)};
}

} // namespace kalends
