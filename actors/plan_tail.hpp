// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <optional>
#include <vector>

/// What one of several people takes out of a series in a calendar of their own: a stretch of it ("this and
/// following"), which is only told by a rule that ends earlier. Pure.
namespace kalends::actors {

/// From which occurrence on (a slot of `entry`, not cancelled there) `now` has none any more and `before`
/// had; both are what one calendar shows. Nothing unless `now` is the beginning of `before`, and something of
/// it is left.
std::optional<recurrence_id> cut_at(const appointment& before, const appointment& now,
                                    const appointment& entry);

/// Whether what this calendar's person takes out of the entry is taken from nobody else: by policy
/// `cancel_entry` a deletion of the host's entry counts for all.
bool leaves_alone(const provider& calendar, const schedule_entry& entry);

/// The people who keep what `calendar`'s person left; none if it stays as it is, or goes: who sees the same
/// meeting is told by its organizer, and a guest takes nothing from anybody.
std::vector<user_id> keepers(const tenant_picture& p, const provider& calendar, const schedule_entry& entry,
                             const calendar_event& event);

/// The series ends where that person cut it, and what follows becomes an entry of the others
/// (`pull_tail_freed`). Returns the entry as it stands then.
schedule_entry free_tail(tenant_picture& p, const provider& calendar, const mapping& link,
                         const schedule_entry& entry, const calendar_event& event);

/// `theirs` with the end of the series as the entry has it, where the calendar's person cut it and others
/// have it still: they see the same meeting, or the series could not be parted there.
void keep_tail_of_others(const tenant_picture& p, const provider& calendar, const mapping& link,
                         const schedule_entry& entry, const calendar_event& event, appointment& theirs);

} // namespace kalends::actors
