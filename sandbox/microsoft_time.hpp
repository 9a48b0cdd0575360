// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Times and zones as Graph writes them. Pure and thread-safe; zone rules and Windows names come from ICU.
namespace kalends::sandbox::microsoft {

/// A wall clock reading without a zone.
using local_time = std::chrono::local_time<std::chrono::milliseconds>;
using std::chrono::local_days;

/// The IANA zone behind a name that Graph accepts: a Windows name, an IANA name, "UTC",
/// "tzone://Microsoft/Utc". Nothing for "" and for unknown names.
std::optional<std::string> resolve_zone(std::string_view name);
/// The Windows name of an IANA zone; zones without one keep their own name.
std::string windows_zone(const std::string& iana);

/// A reading in a gap of the zone moves forward by the gap; an ambiguous one is the first.
instant to_instant(local_time wall, const std::string& iana);
local_time to_wall(instant t, const std::string& iana);

/// "2026-11-10T09:00[:00[.fffffff]]"; an offset or "Z" behind it is taken literally, that is ignored, as
/// Graph does.
std::optional<local_time> parse_wall(std::string_view text);
/// ISO 8601; an offset counts, none means UTC; a bare date is its midnight.
std::optional<instant> parse_instant(std::string_view text);
std::optional<local_days> parse_date(std::string_view text);

std::string format_wall(local_time wall); ///< "2026-11-10T09:00:00.0000000"
std::string format_instant(instant t);    ///< "2026-11-02T08:00:01.25Z", zeros of the fraction trimmed
std::string format_date(local_days day);  ///< "2026-11-10"

} // namespace kalends::sandbox::microsoft
