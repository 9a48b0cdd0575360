// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace kalends {

enum class fact_type {
  schedule_entry_created,
  schedule_entry_updated,
  schedule_entry_deleted,
  calendar_sync_started,
  calendar_sync_completed,
  calendar_sync_failed,
  calendar_conflict_detected,
  calendar_conflict_resolved,
  calendar_provider_connected,
  calendar_provider_disconnected,
  calendar_provider_error,
  calendar_channel_renewed,
  calendar_channel_renewal_failed,
  history_restored,          ///< the database was brought back to an earlier point
  webhook_endpoint_disabled, ///< an endpoint of the host is told nothing any more
};
inline constexpr fact_type last_fact_type = fact_type::webhook_endpoint_disabled;

/// "SCHEDULE_ENTRY_CREATED" and so on: the name on the bus.
std::string_view name_of(fact_type t);

/// Something that became true. Written in the transaction that made it true; `sequence` is gapless per tenant
/// but before a `history_restored`, and is given by the database in commit order.
struct fact {
  std::string id;
  fact_type type{};
  tenant_id tenant;
  std::int64_t sequence = 0;
  instant time{};
  std::string data; ///< a JSON object, at most 64 KiB
};

} // namespace kalends
