// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_error.hpp"
#include "sandbox/microsoft_time.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// Graph's patternedRecurrence: six patterns, three ranges.
namespace kalends::sandbox::microsoft {

enum class pattern_kind {
  daily,
  weekly,
  absolute_monthly,
  relative_monthly,
  absolute_yearly,
  relative_yearly
};
enum class range_kind { end_date, no_end, numbered };

struct recurrence_rule {
  pattern_kind pattern = pattern_kind::daily;
  int interval = 1;
  int month = 0;
  int day_of_month = 0;
  std::array<bool, 7> days{}; ///< from sunday
  unsigned first_day = 0;     ///< 0 is sunday, Graph's default
  int index = 1;              ///< 1 to 4, -1 is last
  range_kind range = range_kind::no_end;
  local_days start_date{};
  std::optional<local_days> end_date; ///< inclusive
  int count = 0;
  std::string zone; ///< as written; empty: the event's

  /// Whether only the range may differ: a changed pattern wipes every exception of the series.
  bool same_pattern(const recurrence_rule& other) const;
};

/// Reads `{"pattern": …, "range": …}`; fills `out` or tells why not.
std::optional<refusal> parse_recurrence(const boost::json::object& json, recurrence_rule& out);
/// The canonical form of the answer: everything filled, unused numbers 0.
boost::json::object render_recurrence(const recurrence_rule& rule, const std::string& event_zone);

/// The dates of the series' instances up to `until` (inclusive), deleted ones included, at most `limit`.
std::vector<local_days> expand(const recurrence_rule& rule, local_days until, std::size_t limit = 5'000);

} // namespace kalends::sandbox::microsoft
