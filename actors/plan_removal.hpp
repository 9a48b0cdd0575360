// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

namespace kalends::actors {

/// A linked event is gone from its calendar, and the vendor confirmed it.
/// - On its way out by our own hand: the link goes.
/// - Moved to another calendar of the person, whose link shows the same event: it is at home there now.
/// - Direction `to_provider`: the copy must stay and is restored under a new id.
/// - Born there and nobody else's: the entry is deleted. So it is when it was born in another person's copy
/// of the same meeting, and that one is gone.
/// - Made by the host, policy `cancel_entry`: the entry is cancelled and leaves all calendars.
/// - A person's calendar: that person is unassigned, everybody else's calendars stay as they are.
/// - A tenant-wide calendar: its copy is restored.
void plan_removal(tenant_picture& p, const provider& calendar, const mapping& link,
                  const calendar_event& event);

/// The event stands, but its person declined it or took it back from us: the same becomes of the entry as if
/// it were gone, and nothing of the event. False, and nothing done, where a copy would have to be restored.
bool plan_withdrawal(tenant_picture& p, const provider& calendar, const mapping& link,
                     const calendar_event& event);

/// One of several people cancelled occurrences in a calendar of their own: each leaves the series in all
/// calendars and becomes a single entry of the others (`pull_occurrence_freed`), who know nothing of it.
/// Who sees the same meeting is told by its organizer: an occurrence that the organizer cancels is cancelled
/// for these people, one that a guest leaves stays theirs. Returns the entry as it stands then.
schedule_entry free_occurrences(tenant_picture& p, const provider& calendar, const mapping& link,
                                const schedule_entry& entry, const calendar_event& event);

} // namespace kalends::actors
