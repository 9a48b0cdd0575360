// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One rule of RFC 5545 3.3.10 in its parts, for those who say it in other words (Graph's patterns). Pure;
/// any thread.
namespace kalends {

struct rrule {
  enum class frequency { daily, weekly, monthly, yearly };

  /// `MO` (ordinal 0), `2TU`, `-1FR`.
  struct day {
    int ordinal = 0;
    std::chrono::weekday weekday;
    friend bool operator==(const day&, const day&) = default;
  };

  /// As it is written: a date; a wall clock in the zone of the start; or, if `is_utc`, an instant.
  struct end {
    std::chrono::local_seconds at{}; ///< midnight of a date
    bool is_date = false;
    bool is_utc = false;
    friend bool operator==(const end&, const end&) = default;
  };

  frequency freq = frequency::daily;
  int interval = 1;
  std::optional<int> count; ///< never together with `until`
  std::optional<end> until;
  /// The lists are sorted and unique; days from Monday on, each by ordinal. What the start of the series says
  /// by itself (the weekday of a weekly rule, the day of a monthly one) need not stand in them.
  std::vector<day> by_day;
  std::vector<int> by_month_day; ///< 1 to 31, -31 to -1
  std::vector<int> by_year_day;  ///< 1 to 366, -366 to -1
  std::vector<int> by_week_no;   ///< 1 to 53, -53 to -1; yearly rules only
  std::vector<int> by_month;     ///< 1 to 12
  std::vector<int> by_set_pos;   ///< 1 to 366, -366 to -1; never alone
  std::chrono::weekday week_start = std::chrono::Monday;

  friend bool operator==(const rrule&, const rrule&) = default;
};

namespace limits {
/// Of days, weeks, months or years.
inline constexpr int rrule_interval = 9'999;
} // namespace limits

/// Without "RRULE:", in capitals or not. Errors (invalid, field "recurrence.rrule"): `malformed_rrule`,
/// `rrule_too_long`, `rrule_part_unsupported` (SECONDLY, MINUTELY, HOURLY, BYSECOND, BYMINUTE, BYHOUR,
/// RSCALE, SKIP, an INTERVAL above the limit), `rrule_count_and_until`. The detail begins with the part.
result<rrule> read_rrule(std::string_view text);

/// The parts in the order of the RFC, INTERVAL=1 and a WKST that has no effect left out. What was read and
/// written is read as the same.
std::string write_rrule(const rrule& r);

} // namespace kalends
