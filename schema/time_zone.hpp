// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// The rules of a named zone, from ICU's tables. Zones are kept per thread once looked up, so that repeated
/// ones cost a look into a small map and UTC costs a comparison.
namespace kalends::zone_rules {

/// The spelling under which we keep what the caller named (IANA or Windows); nothing if no table knows it.
/// An IANA name stays as it is.
std::optional<std::string> known_name(std::string_view iana_or_windows);

/// UTC offset at an instant; nothing if `iana` is unknown.
std::optional<std::chrono::seconds> offset_at(std::string_view iana, std::chrono::sys_seconds utc);

/// The instant of a wall clock. In a gap and in an overlap the offset before the transition holds: a time
/// that does not exist moves forward by the gap, one that exists twice is the first. RFC 5545 3.3.5.
std::optional<std::chrono::sys_seconds> instant_of_local(std::string_view iana,
                                                         std::chrono::local_seconds local);

} // namespace kalends::zone_rules
