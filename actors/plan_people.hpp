// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <vector>

/// Who of a meeting's guests is a user of the tenant, and what follows from it for the assignment. Pure.
namespace kalends::actors {

/// Whether what such a calendar brings in assigns the users whom its events invite. Policy `busy_only` tells
/// nothing of guests, and `none` brings nothing in.
bool assigns_guests(const provider& calendar);

/// Users whom this guest list names and who did not decline; sorted.
std::vector<user_id> invited_users(const tenant_picture& p, const std::vector<attendee>& guests);

/// `people` and `more`, sorted; of `more` only as many as an entry can have.
std::vector<user_id> with_people(std::vector<user_id> people, const std::vector<user_id>& more);

/// The calendar's person is invited to the event of another link of this entry, so that the vendor brings it
/// to them: their calendar is linked when it shows the meeting, and is given no copy.
bool comes_by_itself(const tenant_picture& p, const schedule_entry& e, const provider& calendar);

/// Of those who are assigned: whom this link's event invites and in whose calendars the entry is not linked.
/// All that is known of their part is what that event says.
std::vector<user_id> known_by_invitation(const tenant_picture& p, const schedule_entry& e,
                                         const mapping& link);
/// Whether the calendar's person called the meeting, as far as its guest list tells.
bool organizes(const tenant_picture& p, const provider& calendar, const mapping& link);

/// Who is scheduled is no guest; nor was he one when the calendars last agreed.
void take_off_guest_lists(tenant_picture& p, const entry_id& e, const std::vector<user_id>& people);

/// An entry that came from a calendar follows the guest list of its event: users who are invited are assigned
/// to it; who declined, or was taken off by the organizer, is not, unless a calendar of their own shows the
/// meeting, which then speaks for them (`pull_people_changed`). Whom the host took off stays off. Returns the
/// entry as it stands then; the link may have changed.
schedule_entry follow_guest_list(tenant_picture& p, const provider& calendar, const mapping& link,
                                 const schedule_entry& entry, const calendar_event& event);

} // namespace kalends::actors
