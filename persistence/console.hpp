// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/directory.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the installation's operator asks over all tenants at once (`database::look`). Nothing in here shows
/// what is in an entry, and nothing secret: tokens, cursors and channel secrets are in tables that these
/// transactions do not see.
namespace kalends::persistence {

/// Where a sorted list goes on: behind this row.
struct sort_mark {
  std::string key; ///< as the database writes it
  tenant_id tenant;
  std::string id; ///< UUID
};
template <class T>
struct sorted_page {
  std::vector<T> items;
  std::optional<sort_mark> next;
};

/// How a calendar fares, in one word; the first that holds.
enum class provider_health {
  idle,         ///< not connected yet, paused, or on its way out
  needs_person, ///< access is gone
  stopped,      ///< an operator stopped the tenant's work
  failing,      ///< it has a problem, or its push channel fails
  waiting,      ///< for a person's yes
  late,         ///< a notice waits for ten minutes, nothing was read for an hour, or the channel is silent
  well
};
std::string_view name_of(provider_health h);
std::optional<provider_health> read_health(std::string_view name);

enum class provider_sort { name, tenant, state, last_sync, next_poll, channel_expiry, failures };
std::optional<provider_sort> read_provider_sort(std::string_view name);

struct provider_question {
  tenant_id tenant; ///< empty: any
  std::optional<provider_type> type;
  std::optional<provider_status> status;
  std::optional<provider_health> health;
  std::string words; ///< in account, calendar name or tenant name, whatever the case
  provider_sort by = provider_sort::name;
  bool descending = false;
  std::optional<sort_mark> after;
  std::size_t limit = 50;
};
struct provider_line {
  provider what;
  tenant_id tenant;
  std::string tenant_name, user_email;
  bool work_stopped = false;
  provider_health health{};
  std::optional<instant> stale_since;
  std::int64_t outbox_waiting = 0, open_dead_letters = 0, open_conflicts = 0;
};
/// One query. Times that are not there sort as if never (last_sync) or far away. Error invalid
/// `malformed_cursor`.
result<sorted_page<provider_line>> list_all_providers(transaction& tx, const provider_question& q,
                                                      instant now);

/// The installation, or one tenant, in figures.
struct operator_figures {
  std::int64_t providers = 0;
  std::map<std::string, std::int64_t> by_type, by_state, by_health;
  std::int64_t read_within_5_minutes = 0, read_within_1_hour = 0, read_within_1_day = 0; ///< active ones
  std::int64_t read_earlier = 0, never_read = 0;
  std::optional<instant> oldest_read;
  std::int64_t stale_marks = 0;
  std::optional<instant> oldest_mark;
  std::int64_t outbox_rows = 0;
  std::optional<instant> oldest_outbox_row;
  std::int64_t open_conflicts = 0, open_dead_letters = 0, approvals_waiting = 0;
};
struct whole_standing {
  operator_figures all;
  std::int64_t tenants = 0, tenants_stopped = 0;
  bool everything_stopped = false;
};
/// Two aggregates in one round trip. Gives up after five seconds: `statement_timeout`.
result<whole_standing> count_installation(transaction& tx, instant now);
/// The same for some tenants, those without a calendar included.
result<std::map<tenant_id, operator_figures>>
count_tenants(transaction& tx, const std::vector<tenant_id>& tenants, instant now);

} // namespace kalends::persistence
