// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/calendar_event.hpp"
#include "schema/provider.hpp"
#include "schema/sync.hpp"

#include <string>
#include <vector>

/// What of a calendar's event becomes an entry's: the import policy, "busy", and who is a guest. Pure.
namespace kalends::actors {

/// The title of what is nobody's business.
inline constexpr const char* masked_title = "Busy";

/// The one projector of policy `busy_only`: of the series and of each of its changed occurrences only the
/// time is left.
appointment mask(appointment a);
calendar_event mask(calendar_event e);
/// What is told between a masked event and its entry.
field_set groups_of_busy();

/// Whether an event that is nobody's yet becomes an entry. What its person declined does not.
bool admits(const provider& calendar, const calendar_event& event);
/// The calendar's person said no.
bool declined(const calendar_event& event);

/// Without those: addresses in lower case.
std::vector<attendee> guests_but(std::vector<attendee> guests, const std::vector<std::string>& people);
bool is_guest(const std::vector<attendee>& guests, const std::string& address);
std::string lower_case(std::string text);

} // namespace kalends::actors
