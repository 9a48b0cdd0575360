// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kalends::sandbox {

/// A series as RFC 5545 says it, without DTSTART lines.
struct series {
  std::int64_t start = 0; ///< wall clock of the first occurrence, seconds
  bool all_day = false;
  std::string zone;               ///< in which it is expanded; unused when all-day
  std::vector<std::string> lines; ///< RRULE, EXRULE, RDATE, EXDATE
};

inline constexpr std::size_t expansion_limit = 20'000;

/// Whether every line is one that we can expand: see sandbox/rule_dates.hpp for what is refused.
bool is_expandable(const std::vector<std::string>& lines);

/// Wall-clock starts of the occurrences before `end` (exclusive), in order, at most `limit`. EXDATE and
/// EXRULE are applied; exceptions kept as rows are the caller's. Time zone rules are not needed for the wall
/// clock itself, only for an UNTIL, RDATE or EXDATE written in UTC.
std::vector<std::int64_t> expand(const series& s, std::int64_t end, std::size_t limit);

/// Whether an occurrence begins at this wall clock.
bool occurs_at(const series& s, std::int64_t wall);

} // namespace kalends::sandbox
