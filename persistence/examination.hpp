// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the doctor asks the database: how the server is set, and how the connected calendars stand. Reads
/// only, and nothing secret.
namespace kalends::persistence {

struct server_look {
  int version = 0; ///< 150004
  std::string version_text;
  /// fsync, full_page_writes, synchronous_commit, TimeZone, …, as a new session of this role gets them.
  std::map<std::string, std::string> settings;
  std::string encoding;
  std::string login, role; ///< who connected, and whom it acts as
  bool login_superuser = false, login_bypasses_rls = false;
  bool role_superuser = false, role_bypasses_rls = false;
  int connections_allowed = 0; ///< for this role and database, those kept for superusers left out
  int connections_used = 0;    ///< of the whole server
  bool in_recovery = false;    ///< a standby: it can write nothing
  instant clock{};
  std::optional<int> schema_version; ///< nothing: no migration was ever applied
};
result<server_look> look_at_server(transaction& tx);

/// The newest migration that is compiled in.
int newest_schema_version();

/// Of nodes that are alive now.
result<int> count_nodes(transaction& tx);

/// Microsoft subscriptions that stand and notify this webhook: Microsoft reached it when they were opened.
/// For `database::look`.
result<int> count_confirmed_channels(transaction& tx, const std::string& webhook_url, instant now);

struct scope_count {
  tenant_id tenant;
  std::string tenant_name;
  provider_type type{};
  std::string scope; ///< as the vendor wrote it
  int calendars = 0;
};
struct grant_look {
  std::vector<scope_count> scopes;
  std::map<provider_type, int> own_clients; ///< tenants that brought an OAuth client of their own
};
/// Of the tenants that the transaction acts for. Gives up after five seconds: `statement_timeout`.
result<grant_look> look_at_grants(transaction& tx);

struct lost_grant {
  std::string tenant_name;
  provider_type type{};
  std::string code; ///< of the calendar's problem
  std::optional<instant> consented_at;
  instant lost_at{};
};
/// Calendars that the vendor refuses to renew the token of, newest first, at most 500. For `database::look`.
result<std::vector<lost_grant>> list_lost_grants(transaction& tx);

} // namespace kalends::persistence
