// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <optional>

/// What every change of an entry entails, whoever made it: the next version, one fact, links and one outbox
/// row per affected calendar.
namespace kalends::actors {

/// Whether we may write into that calendar at all, once its grant is in order.
bool takes_pushes(const provider& calendar);
/// `belongs_in` but for the calendar's direction and authorization.
bool concerns(const schedule_entry& e, const provider& calendar);

/// A link for an event that is yet to be inserted; Google's gets its event id, Graph's its transaction id.
/// Replaces an earlier link.
void reserve_link(tenant_picture& p, const entry_id& e, const provider& calendar);
/// A new link and the outbox row that brings the entry there.
void bring_anew(tenant_picture& p, const schedule_entry& e, const provider& calendar);
/// Marks the link and makes the outbox row that takes the entry out of there.
void send_away(tenant_picture& p, const mapping& link, std::int64_t version);

/// `cause`: the calendar the change came from, empty for the host. That calendar gets no upsert from here:
/// its planner knows better.
void commit_new_entry(tenant_picture& p, schedule_entry e, const provider_id& cause);
/// `after` as it shall be but for version and time of change. Returns the entry as it stands then.
schedule_entry commit_change(tenant_picture& p, const schedule_entry& before, schedule_entry after,
                             const provider_id& cause);
void commit_deletion(tenant_picture& p, const schedule_entry& before, const provider_id& cause);

/// Error code if `start` and `end` make no appointment (`mixed_all_day`, `end_before_start`).
std::optional<std::string_view> fault_of_times(const appointment& a);

} // namespace kalends::actors
