// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/rrule.hpp"
#include "schema/schedule_entry.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// Graph's `patternedRecurrence` (learn.microsoft.com/graph/api/resources/patternedrecurrence) and RFC 5545's
/// rule, each said in the other's words. Only what means exactly the same is said. Pure.

enum class graph_pattern {
  daily,
  weekly,
  absolute_monthly,
  relative_monthly,
  absolute_yearly,
  relative_yearly
};

/// A pattern and its range. Members that the pattern has no use for are as Graph fills them.
struct graph_recurrence {
  graph_pattern pattern = graph_pattern::daily;
  int interval = 1;
  int month = 0;
  int day_of_month = 0;
  std::vector<std::chrono::weekday> days; ///< from Monday on, unique
  std::chrono::weekday first_day = std::chrono::Sunday;
  int index = 1; ///< 1 to 4, -1: the last one

  std::chrono::local_days start{};
  std::optional<std::chrono::local_days> end; ///< inclusive; never together with `count`
  std::optional<int> count;
  std::string time_zone; ///< as it stands there: Windows' or IANA's name, perhaps of no use
  friend bool operator==(const graph_recurrence&, const graph_recurrence&) = default;
};

/// The name in JSON, and back.
std::string_view name_of(graph_pattern p);
std::optional<graph_pattern> read_graph_pattern(std::string_view name);
std::string_view index_name(int index);
std::optional<int> read_index(std::string_view name);
std::string_view weekday_name(std::chrono::weekday day);
std::optional<std::chrono::weekday> read_weekday(std::string_view name);

/// The day of the first occurrence: `start`, or the first later day that the pattern has. Exchange does not
/// ask `start` to be one. Error (invalid): `recurrence_without_occurrence`.
result<std::chrono::local_days> first_day_of(const graph_recurrence& r);

/// The rule of a series that begins at `start`, in the zone of which the range is meant. Where Exchange takes
/// the last day of a month that is too short, so does the rule. Error (invalid): `unreadable_recurrence`.
result<rrule> rule_of(const graph_recurrence& r, const calendar_time& start);

/// What says the same as the rule of `what`; else the code of the part that cannot be said
/// ("recurrence_byyearday"). The zone is not looked at.
tl::expected<graph_recurrence, std::string> recurrence_of(const appointment& what);

} // namespace kalends::net
