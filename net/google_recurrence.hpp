// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/schedule_entry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// The lines of Google's `recurrence`: RRULE, RDATE and EXDATE of RFC 5545 3.8.5, without DTSTART. Pure.

/// What the lines say of a series that begins at `start`; wall clocks of other zones are told in its zone,
/// and an UNTIL of another kind than the start in the start's. Errors (invalid): `several_rrules`, `exrule`,
/// `unreadable_recurrence`.
result<recurrence> read_recurrence_lines(const std::vector<std::string_view>& lines,
                                         const calendar_time& start);

/// The rule, what was added and what was cancelled; `changed` stands elsewhere. `start` gives the zone.
std::vector<std::string> write_recurrence_lines(const recurrence& r, const calendar_time& start);

} // namespace kalends::net
