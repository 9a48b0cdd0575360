// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

namespace kalends::actors {

/// A linked event is gone from its calendar, and the vendor confirmed it.
/// - On its way out by our own hand: the link goes.
/// - Direction `to_provider`: the copy must stay and is restored under a new id.
/// - Born there and nobody else's: the entry is deleted.
/// - Made by the host, policy `cancel_entry`: the entry is cancelled and leaves all calendars.
/// - A person's calendar: that person is unassigned, everybody else's calendars stay as they are.
/// - A tenant-wide calendar: its copy is restored.
void plan_removal(tenant_picture& p, const provider& calendar, const mapping& link,
                  const calendar_event& event);

} // namespace kalends::actors
