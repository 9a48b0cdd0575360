// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/schedule_entry.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The rules of RFC 5545 for what repeats. Wall clocks are expanded in the zone of the
/// appointment's start and only then mean instants, so that a series keeps its hour over a change of summer
/// time, on a server in any zone. Pure; any thread.
namespace kalends {

namespace limits {
/// A series that ends, and what is shown of one that does not.
inline constexpr std::size_t occurrences = 10'000;
inline constexpr std::size_t rrule_bytes = 1'024;
/// Occurrences that are cancelled, changed or added.
inline constexpr std::size_t series_exceptions = 1'000;
} // namespace limits

/// The appointment with its recurrence in the one form that we keep and compare: rule parts in the order of
/// RFC 5545 3.3.10 and in capitals, defaults left out (INTERVAL=1; WKST=MO where it says nothing), BY lists
/// sorted and unique; one spelling of what can be said in several ways: what the start says by itself is left
/// to it (BYDAY=MO of a weekly rule that starts on a Monday), a position that numbers a day is its number
/// (BYDAY=MO;BYSETPOS=1 is BYDAY=1MO), a daily rule on some weekdays is a weekly one; UNTIL is the end of the
/// last occurrence's day on the clock of the start, written in UTC, or its date if all-day (one without "Z"
/// is understood, too); dates sorted and unique, RDATEs that the rule has left out; slots at wall clocks that
/// summer time skips named by the clock behind the gap, as people see it; exceptions without effect left out
/// (an EXDATE that no occurrence has, a change that changes nothing); what is cancelled is not changed.
/// Nothing to do without a recurrence. Errors (invalid, field "recurrence.rrule" and so on), each naming the
/// rule part: `malformed_rrule`, `rrule_part_unsupported` (SECONDLY, MINUTELY, HOURLY, BYSECOND, BYMINUTE,
/// BYHOUR, RSCALE, SKIP), `rrule_count_and_until`, `rrule_until_before_start`, `rrule_until_kind` (date or
/// time other than the start), `rrule_without_occurrence`, `start_not_in_rrule` (RFC 5545 3.8.5.3: DTSTART is
/// the first occurrence), `too_many_occurrences`, `too_many_exceptions`, `rrule_too_long`,
/// `unknown_time_zone` (a series needs a zone that a table knows), `occurrence_not_in_series`,
/// `occurrence_longer_than_interval` is NOT an error: occurrences may overlap.
result<appointment> canonical_series(appointment a);

/// One occurrence as it takes place, the exceptions applied. It begins at the wall clock of its slot; one
/// that summer time leaves out is read by the offset before the gap and so shown behind it, of one that comes
/// twice the first is meant (RFC 5545 3.3.10 and 3.3.5). It takes exactly as long as the series' first,
/// counted from where it begins: an end makes one exact duration for all of a series (3.8.5.3), so that 02:45
/// to 06:45 becomes 03:45 to 07:45 where 02:45 is left out. Exchange measures by the clock instead: what is
/// written there says its times wherever that differs (net/graph_json.cpp).
struct occurrence {
  recurrence_id at{};
  appointment what;     ///< without `repeats`; attendees are the series'
  bool changed = false; ///< it is one of `repeats->changed`
};

/// The occurrences that end after `from` and begin before `to`, in the order of their starts, at most
/// `limit`. A single appointment is its own only occurrence. `a` is canonical.
struct occurrence_page {
  std::vector<occurrence> items;
  bool more = false; ///< `limit` was reached
};
occurrence_page occurrences_between(const appointment& a, std::chrono::sys_seconds from,
                                    std::chrono::sys_seconds to, std::size_t limit = limits::occurrences);

/// Where the rule puts occurrences (RDATE added, EXDATE not taken away), from the first, at most `limit`.
std::vector<recurrence_id> slots_of(const appointment& a, std::size_t limit);
/// Whether the rule (or an RDATE) has an occurrence there, cancelled or not.
bool has_slot(const appointment& a, recurrence_id at);
/// The occurrence in that slot; nothing if there is no such slot or it is cancelled.
std::optional<occurrence> occurrence_at(const appointment& a, recurrence_id at);

/// The wall clock of the start, by which the slots of a series are named; midnight of an all-day one.
recurrence_id slot_of(const calendar_time& start);
/// The time of day (or the date) that a slot of this series stands for, in the zone of its start.
calendar_time time_of_slot(const appointment& a, recurrence_id at);
/// "2026-12-01T09:00:00"; "2026-12-01" when `all_day`. Read by `read_slot`: either form; nothing if neither.
std::string write_slot(recurrence_id at, bool all_day);
std::optional<recurrence_id> read_slot(std::string_view text);

/// Where the last occurrence ends; nothing if the series never does. A single appointment: its end.
std::optional<std::chrono::sys_seconds> end_of_series(const appointment& a);

/// "This and following": what came before `at` (ended by UNTIL, or by COUNT if it had one), and what begins
/// there (a COUNT is shared out, exceptions go with their slots). The second has the values of the series,
/// not of the occurrence. Errors: conflict `occurrence_not_found`; invalid `series_begins_there` if nothing
/// would remain before.
struct series_halves {
  appointment before;
  appointment from_there;
};
result<series_halves> split_series(const appointment& a, recurrence_id at);

/// Moves the names of the exceptions along with the series' start: `from` is where it began when they were
/// named.
void rename_slots(recurrence& r, const calendar_time& from, const calendar_time& to);

/// Two sides changed occurrences since the base: each slot is merged for itself.
struct merged_occurrences {
  recurrence merged;                   ///< rule and RDATEs are `local`'s
  std::vector<recurrence_id> overlaps; ///< both changed it, and not to the same; `merged` has `external`'s
                                       ///< if `external_wins`, else `local`'s
};
merged_occurrences merge_occurrences(const recurrence& base, const recurrence& local,
                                     const recurrence& external, bool external_wins);

} // namespace kalends
