// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Wall clocks and zones for the sandbox alone, straight from ICU: it must not share the engine's, or a
/// mistake there would agree with itself. Times are whole seconds since 1970-01-01T00:00:00, either of UTC or
/// of a wall clock.
namespace kalends::sandbox::zone {

bool is_known(std::string_view iana);
/// The wall clock at this instant. `iana` must be known.
std::int64_t to_wall(std::int64_t utc, std::string_view iana);
/// The instant a wall clock shows this. In a gap the clock runs on by the old offset; of two, the first.
std::int64_t to_utc(std::int64_t wall, std::string_view iana);

struct date_time {
  std::int64_t wall = 0;
  std::optional<std::int64_t> offset; ///< seconds east of UTC, when one was written
};

std::optional<std::int64_t> parse_date(std::string_view text); ///< "2026-12-01" -> its midnight
/// "2026-12-01T09:00:00", seconds and fraction optional (the fraction is cut), then nothing, "Z" or "+01:00".
std::optional<date_time> parse_date_time(std::string_view text);

std::string write_date(std::int64_t wall);    ///< "2026-12-01"
std::string write_wall(std::int64_t wall);    ///< "2026-12-01T09:00:00"
std::string write_compact(std::int64_t wall); ///< "20261201T090000"
/// "2026-12-01T09:00:00+01:00"; "Z" where the offset is zero and the zone is UTC.
std::string write_instant(std::int64_t utc, std::string_view iana);

} // namespace kalends::sandbox::zone
