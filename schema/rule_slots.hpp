// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/recurrence.hpp"
#include "schema/rrule.hpp"

#include <chrono>
#include <optional>
#include <vector>

/// Where a rule puts its occurrences, one after the other: what schema/recurrence.hpp is made of.
namespace kalends::recurring {

/// The wall clock that people see there: one that a change of summer time skips is shown behind the gap.
/// RFC 5545 3.3.5. A zone that no table knows changes nothing.
recurrence_id existing(recurrence_id wall_clock, const calendar_time& start);

/// The instant of a wall clock in the zone of `start`; of a date, its midnight in UTC.
std::chrono::sys_seconds instant_in(recurrence_id wall_clock, const calendar_time& start);

/// What the rule leaves to the start, said: the weekday of a weekly rule, the day of a monthly one, and so
/// on.
rrule with_days_of_start(rrule r, std::chrono::local_days start);

/// Whether the rule can be expanded. RFC 5545 leaves open to which year a week belongs that touches two; with
/// every year taken, and no position within it, that does not matter. Other rules by week are refused.
bool is_expandable(const rrule& r);

/// The slots of a rule from its start on, ascending, COUNT and UNTIL applied, none in `latest_year`, so that
/// what begins has an end that can be told. The start counts only if the rule has it. Every day of each
/// period that INTERVAL takes is asked whether it fits the rule; libical's iterator is not:
/// docs/decisions/0011-three-expansions-of-a-rule.md says why.
class rule_slots {
public:
  rule_slots(const rrule& rule, const calendar_time& start);
  std::optional<recurrence_id> next();

private:
  std::optional<std::chrono::local_days> fitting();
  std::optional<std::chrono::local_days> positioned();
  bool is_after_end(recurrence_id slot) const;

  calendar_time start_;
  rrule rule_;
  bool ordinals_of_year_ = false;        ///< `2MO` is the second Monday of the year, not of a month
  std::chrono::local_days period_{};     ///< the first day of the one that is looked at
  std::chrono::local_days period_end_{}; ///< the first day after it
  std::chrono::local_days day_{};        ///< the next to be asked
  int given_ = 0;
  std::optional<std::chrono::local_days> ahead_; ///< the first of the next period
  std::vector<std::chrono::local_days> picked_;  ///< of this period, the last one first
};

/// Rule and RDATEs, ascending and unique, as wall clocks that exist.
class slot_walk {
public:
  /// `a` repeats. A rule that cannot be read has no slots.
  explicit slot_walk(const appointment& a);
  std::optional<recurrence_id> next();

private:
  std::optional<recurrence_id> next_of_rule();

  calendar_time start_;
  std::optional<rule_slots> rule_;
  std::vector<recurrence_id> rdates_;
  std::size_t rdates_given_ = 0;
  std::optional<recurrence_id> from_rule_;
  bool start_due_ = false; ///< there is no rule: the start itself
  std::optional<recurrence_id> last_;
};

/// Those of the ascending `wanted` in which the rule of `a` (or an RDATE) has an occurrence.
std::vector<recurrence_id> slots_among(const appointment& a, const std::vector<recurrence_id>& wanted);

} // namespace kalends::recurring
