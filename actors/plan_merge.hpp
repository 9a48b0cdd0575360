// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <string>
#include <string_view>
#include <vector>

/// A linked event and its entry come together.
namespace kalends::actors {

/// Why no entry can hold this event; empty if one can.
std::string unholdable(const calendar_event& event);
/// The decision that says so.
void refuse_event(tenant_picture& p, const provider_id& calendar, const entry_id& entry,
                  const calendar_event& event, std::string_view cause);

/// What the event says to an entry of these people: they are no guests of their own appointment. What was
/// masked is said by `as_imported`.
appointment without_people(const tenant_picture& p, appointment a, const std::vector<user_id>& assigned);

/// Takes what the calendar changed, keeps what the entry changed, and decides by group where both did:
/// - time, rule and occurrences of a series are one group when a mixture of them would be no series;
/// - occurrences come together slot by slot, guests one by one; what guests answer is always taken;
/// - of a guest's copy, and under direction `from_provider`, the calendar wins;
/// - link, bases and outbox as `plan_pull` says.
void merge_event(tenant_picture& p, const provider& calendar, const mapping& link,
                 const schedule_entry& entry, const calendar_event& event);

/// Whether the entry says something that has yet to be written into that calendar.
bool has_to_be_told(const tenant_picture& p, const provider& calendar, const entry_id& entry);

} // namespace kalends::actors
