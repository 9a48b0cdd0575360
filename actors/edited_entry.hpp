// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

/// What an edit makes of an entry or of one occurrence. Values only: nothing is written, versions stay.
namespace kalends::actors {

/// The whole entry with the edit. Of a series the slots move with its start, UNTIL with them; changed
/// occurrences go along in every group in which they were like the series; what has no slot any more is
/// dropped. Errors: invalid `end_before_start`, `mixed_all_day` and those of `canonical_series`.
result<schedule_entry> edited(schedule_entry e, const entry_edit& edit);

/// The values of one occurrence (or of a single appointment) with the edit. Errors: invalid
/// `end_before_start`, `mixed_all_day`.
result<appointment> edited_values(appointment a, const entry_edit& edit);

/// Sorted, unique.
std::vector<user_id> in_order(std::vector<user_id> people);

/// The series without that occurrence; nothing if none would be left.
result<std::optional<schedule_entry>> without_occurrence(schedule_entry e, recurrence_id at);
/// The series with that occurrence as it shall be.
result<schedule_entry> with_occurrence(schedule_entry e, changed_occurrence c);
/// `scheduled` and `tentative` are what every occurrence is that nobody has begun: not kept.
void put_status(schedule_entry& e, recurrence_id at, entry_status status);
/// The status of the occurrence in that slot, which says `what`.
entry_status status_of(const schedule_entry& e, recurrence_id at, const appointment& what);

} // namespace kalends::actors
