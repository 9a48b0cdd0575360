// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/calendar_event.hpp"
#include "schema/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

inline constexpr std::size_t vendor_id_limit = 1'024;
/// Page tokens, cursors and the links that stand for them.
inline constexpr std::size_t cursor_limit = 16 * 1'024;

/// The name under which our tag (the entry id) is kept in an event, by both vendors.
inline constexpr std::string_view tag_name = "kalends_entry";

/// An id, etag or cursor as we may store it and send it back in a header or a URL: not empty, no control
/// characters, not longer than `limit`.
bool is_usable(std::string_view opaque, std::size_t limit = vendor_id_limit);

/// `text` if it is usable, else nothing.
std::string usable_or_empty(std::string_view text, std::size_t limit = vendor_id_limit);

/// An entry id, or an empty one: anybody with access to the calendar can write a tag.
entry_id read_tag(std::string_view text);

/// Both ends were read: sets `what.start` and `what.end`, or `unreadable` with its closed reason code
/// (`unreadable_time`, `unknown_time_zone`, `end_before_start`). An all-day event without extent lasts its
/// day.
void set_times(calendar_event& e, result<calendar_time> start, result<calendar_time> end);

/// Sets `unreadable` to `text_too_long` if a text is above the limits of an entry.
void check_texts(calendar_event& e);

/// Sets the guests, sorted by address and each but once; `unreadable` to `too_many_attendees` above the
/// limit.
void set_attendees(calendar_event& e, std::vector<attendee> guests);
/// ASCII letters in lower case: addresses are compared like that.
std::string lower_case(std::string_view text);

/// Whether a text bears the mark of import policy `marked`: "#kalends", in any case.
bool bears_mark(std::string_view text);

/// What is kept of a series' version: its etag, and what stands for its exceptions.
std::string version_of_series(const std::string& etag, std::vector<std::string> exceptions);
/// What of a version goes into If-Match.
std::string etag_of(const std::string& version);

/// A series that was read whole gets its canonical form, or `unreadable`: the code of what refuses it.
/// Exceptions in slots that the rule does not have (any more) are left out.
void finish_series(calendar_event& series, std::vector<changed_occurrence> changed);

/// The clocks of its start change while it lasts: it is longer or shorter than these show.
bool lasts_over_a_clock_change(const appointment& what);

/// The series' own wall clock is one that summer time leaves out on the day of this slot of its rule.
bool begins_behind_a_gap(const appointment& series, recurrence_id at);

/// The same instant on the clock of UTC.
zoned_time utc_reading(const zoned_time& t);

/// "2026-09-01T08:15:30.123Z" with any fraction; only UTC is understood.
std::optional<instant> read_utc(std::string_view text);

/// Whether `address`, in lower case, is one of these, however they are written.
bool is_among(const std::vector<std::string>& addresses, std::string_view address);

} // namespace kalends::net
