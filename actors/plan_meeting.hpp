// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

/// One meeting, several calendars: every copy bears the same UID (RFC 5545), and all of them are one entry.
namespace kalends::actors {

/// An event without a link whose UID is a known meeting's is linked to that entry instead of making another
/// one: its person is assigned (`pull_joined`), or was connected before (`pull_relinked`). Where event and
/// entry differ, what the host said stands unless the event is younger; of what came from a calendar the
/// organizer's copy stands before a guest's, else the younger one. Privacy and status are each copy's own
/// affair. False: it is no such meeting's, or the calendar has a link with that entry already, so that this
/// is an event of its own.
bool join_meeting(tenant_picture& p, const provider& calendar, const calendar_event& event);

} // namespace kalends::actors
