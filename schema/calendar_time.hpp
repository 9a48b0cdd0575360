// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace kalends {

/// A day without a zone: the start or (exclusive) end of something all-day. RFC 5545 3.3.4.
struct calendar_date {
  std::chrono::year_month_day day;
  friend bool operator==(const calendar_date&, const calendar_date&) = default;
};

/// A wall-clock time in a named zone. The wall clock and the zone are the truth, because that is what people
/// agreed on; `utc` is what they mean by the zone's rules and is kept beside them, to compare and to sort.
struct zoned_time {
  std::chrono::local_seconds local;
  /// IANA name ("Europe/Berlin", "UTC"), or a name that no table knows, kept as it came (then `utc` comes
  /// from the offset that was given).
  std::string time_zone;
  std::chrono::sys_seconds utc;
  friend bool operator==(const zoned_time&, const zoned_time&) = default;
};

/// Start or end of an appointment. Both ends of one appointment are of the same alternative.
using calendar_time = std::variant<calendar_date, zoned_time>;

inline bool is_all_day(const calendar_time& t) { return std::holds_alternative<calendar_date>(t); }

/// Years in which our own inputs must lie. Outside: `time_out_of_range`.
inline constexpr int earliest_year = 1900;
inline constexpr int latest_year = 2200;

/// Reads what the API and both vendors write. `date_time` is "2026-12-01T09:00:00" with optional fraction
/// (cut) and optional offset or "Z"; `time_zone` is an IANA or Windows name or empty.
/// - zone and no offset: wall clock in that zone; a time in a DST gap moves forward by the gap, an ambiguous
/// one is
///   the first (RFC 5545 3.3.5).
/// - offset and zone: the instant is the offset's; the wall clock is that instant in the zone.
/// - offset and no zone: zone becomes "UTC".
/// Errors (kind invalid): `malformed_date_time`, `unknown_time_zone`, `missing_time_zone`,
/// `time_out_of_range`.
result<zoned_time> read_zoned_time(std::string_view date_time, std::string_view time_zone);

/// "2026-12-01". Errors: `malformed_date`, `time_out_of_range`.
result<calendar_date> read_date(std::string_view text);

/// The wall clock of `utc` in `time_zone` (IANA). Error `unknown_time_zone`.
result<zoned_time> at_zone(std::chrono::sys_seconds utc, std::string_view time_zone);

/// The instant at which it begins; a date begins at midnight in `zone_of_dates` (IANA).
std::chrono::sys_seconds instant_of(const calendar_time& t, std::string_view zone_of_dates = "UTC");

std::string write_date(const calendar_date& d);     ///< "2026-12-01"
std::string write_local(const zoned_time& t);       ///< "2026-12-01T09:00:00"
std::string write_with_offset(const zoned_time& t); ///< "2026-12-01T09:00:00+01:00"; UTC as "Z"

/// Whether ICU knows this IANA name.
bool is_iana_zone(std::string_view name);
/// CLDR's Windows name for an IANA zone and back ("W. Europe Standard Time" <-> "Europe/Berlin"); nothing if
/// unmapped.
std::optional<std::string> windows_zone_of(std::string_view iana);
std::optional<std::string> iana_zone_of(std::string_view windows);

} // namespace kalends
