// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <string>

/// What both sides changed: kept with both values, decided by a person under policy `manual`, taken back if
/// the losing one was the right one. Pure.
///
/// While a conflict is open, its groups stand in the link's `disputed`: neither side's value is carried over,
/// and their bases stay. An open conflict whose link disputes none of its groups any more (both sides came to
/// say the same, or the event or the entry left) is closed by the step that made it so (`tenant_picture`).
namespace kalends::actors {

/// One overlap as a merge meets it.
struct overlap {
  const provider& calendar;
  const mapping& link;         ///< before the merge; of its bases those of the entry are shown
  const schedule_entry& entry; ///< before the merge
  const appointment& shown;    ///< what the event says to this entry
  const calendar_event& event;
};

/// Under policy `manual`: the groups that stay in dispute after a look at the event. `fresh` are those that
/// it newly disputes. The row is opened (with its fact) or brought up to date.
field_set keep_disputed(tenant_picture& p, const overlap& o, field_set fresh);
/// The event is met while one of the sides has no say any more (the calendar's direction was changed): what
/// was open ends with the other's values. Another conflict policy ends nothing.
void end_by_direction(tenant_picture& p, const overlap& o, bool external_won);
/// Under the other policies: the overlap, decided, with the losing values.
void note_decided(tenant_picture& p, const overlap& o, field_set groups, bool external_won);
/// The host changed the entry: conflicts about it show what it says now; what is no difference any more is
/// no dispute.
void follow_entry(tenant_picture& p, const schedule_entry& now);

/// Both sides will say this: the entry's values, and of the groups in `from_calendar` the calendar's.
appointment resolved_content(const conflict& c, field_set from_calendar);
/// The groups that a choice takes from the calendar.
field_set taken_by(const conflict& c, const conflict_resolution& how);
/// What lost when it was resolved.
appointment losing_content(const conflict& c);

/// A person chose: entry and link say so, what the calendar lacks is enqueued, one fact. Asked once more for
/// what was chosen already, it answers the conflict as it is. Errors: not_found `conflict_not_found`,
/// `entry_not_found`; conflict `conflict_resolved_already`.
result<conflict> resolve_conflict(tenant_picture& p, const std::string& id, const conflict_resolution& how,
                                  const std::string& who);
/// What lost stands in the entry again, and goes to its calendars. Errors: not_found as above; conflict
/// `conflict_open`; resync `conflict_too_old`.
result<conflict> restore_losing(tenant_picture& p, const std::string& id, const std::string& who);

} // namespace kalends::actors
