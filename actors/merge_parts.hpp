// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/recurrence.hpp"
#include "schema/sync.hpp"

#include <optional>
#include <vector>

/// Where two sides come together below the level of a field group: occurrences slot by slot, guests one by
/// one. Pure.
namespace kalends::actors {

/// What a merge looks at. Each side is compared with its own base.
struct merge_sides {
  const appointment& base_entry;
  const appointment& base_event;
  const appointment& entry;
  const appointment& event;
  const std::vector<appointment>& superseded; ///< said since the base, and perhaps written
};

/// A write of ours got as far as the master: the calendar shows our time or rule, and what the vendor wiped
/// because of it was taken away by nobody.
bool half_written(const merge_sides& s);

struct merged_slots {
  recurrence merged;    ///< slots named by the start of the event; rule and RDATEs are the event's
  bool overlap = false; ///< both changed one, to different things: it is the winner's
};
/// Nothing unless both sides and their bases repeat.
std::optional<merged_slots> merge_slots(const merge_sides& s, bool external_wins);

/// Occurrences that `now` cancels and `before` did not, and that take place in `entry`; named by the start of
/// `entry`.
std::vector<recurrence_id> newly_cancelled(const appointment& before, const appointment& now,
                                           const appointment& entry);
/// The occurrence stands again, or says what it says in `from`. Both are named by the same start.
void take_slot(recurrence& onto, const recurrence& from, recurrence_id at);

/// How guests come together: who is invited by whom is a matter of each guest; what they answer is told by
/// calendars alone, and each tells what it heard since its base: a guest who is known in two of them answers
/// in one.
struct guest_rule {
  bool list_flows = true; ///< false: only the answers count
  bool external_wins = false;
};
std::vector<attendee> merge_guests(const std::vector<attendee>& base, const std::vector<attendee>& local,
                                   const std::vector<attendee>& external, guest_rule rule);

/// The groups in which `entry` differs from `base` in what can be written: answers are told by calendars and
/// written into none.
field_set difference_to_write(const appointment& entry, const appointment& base);

/// A series in its one form; exceptions whose slot is gone with the rule or the start are dropped.
result<appointment> whole_series(appointment a);

} // namespace kalends::actors
