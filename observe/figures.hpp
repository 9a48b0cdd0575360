// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/provider.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What is not told as it happens but looked up when somebody asks: how the rows and the house stand.
namespace kalends::observe {

/// How the calendars of one tenant at one vendor stand. Ages are in seconds, 0 when there is nothing.
struct calendar_figures {
  tenant_id tenant;
  provider_type type{};
  std::map<std::string, std::int64_t> by_status; ///< "active": 3
  std::int64_t parked = 0;                       ///< failed repeatedly and rests
  // Outbound.
  std::int64_t outbox_rows = 0;
  double outbox_oldest_age = 0; ///< of active calendars: since the change was committed
  // Inbound.
  std::int64_t stale_marks = 0;
  double stale_oldest_age = 0;   ///< of active calendars: since the notice that no read has covered
  double last_sync_age = 0;      ///< of the active calendar that was read longest ago
  double last_reconcile_age = 0; ///< of the active calendar that was compared in full longest ago
  // Channels, of active calendars that import.
  std::int64_t channels_standing = 0;
  std::int64_t channels_expiring = 0; ///< of these, within twelve hours
  std::int64_t channels_missing = 0;
  std::int64_t channels_failing = 0; ///< whose renewal fails
  std::int64_t channels_silent = 0;  ///< standing, and yet a poll found what no notice had told
  double renewal_overdue = 0;        ///< since the planned renewal that did not happen
  // What waits for a person.
  std::int64_t dead_letters = 0;
  std::int64_t approvals = 0;
};

struct row_figures {
  std::int64_t tenants = 0;
  std::vector<calendar_figures> lines; ///< one per tenant and vendor
};

struct house_figures {
  std::optional<row_figures>
      rows;             ///< nothing: they could not be read, and old ones would look like the truth
  double rows_took = 0; ///< seconds that reading them took
  bool database_up = false;
  std::size_t database_connections = 0, database_connections_up = 0, database_connections_busy = 0;
  std::size_t database_waiting = 0; ///< work in the queue
  std::size_t http_connections = 0;
  double loop_lag = 0; ///< seconds that a thing to do waited for the I/O thread
};

} // namespace kalends::observe
