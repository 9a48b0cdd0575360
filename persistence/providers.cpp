// SPDX-License-Identifier: Apache-2.0
#include "persistence/directory.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <utility>

namespace kalends::persistence {
namespace {

const statement add_provider{
    "insert_provider", "INSERT INTO providers (tenant_id, provider_id, type, scope, user_id, direction,"
                       " on_conflict, on_deletion, account, subject, calendar_id, calendar_name, created_at,"
                       " imports, mails)"
                       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"};
const statement add_state{
    "insert_provider_state",
    "INSERT INTO provider_state (tenant_id, provider_id, status, problem_code, problem_detail, problem_since,"
    " calendar_zone, last_sync_at, next_poll_at, rehearsing) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
    " $10)"};
const statement select_provider{"find_provider", "SELECT " KALENDS_PROVIDER_COLUMNS KALENDS_PROVIDER_TABLES
                                                 " WHERE p.tenant_id = $1 AND p.provider_id = $2"};
const statement select_providers{"list_providers", "SELECT " KALENDS_PROVIDER_COLUMNS KALENDS_PROVIDER_TABLES
                                                   " WHERE p.tenant_id = $1 AND p.provider_id > $2"
                                                   " ORDER BY p.provider_id LIMIT $3"};
const statement select_providers_of{"list_providers_of",
                                    "SELECT " KALENDS_PROVIDER_COLUMNS KALENDS_PROVIDER_TABLES
                                    " WHERE p.tenant_id = $1 AND p.provider_id > $2 AND p.user_id = $4"
                                    " ORDER BY p.provider_id LIMIT $3"};
const statement change_provider{
    "update_provider", "UPDATE providers SET scope = $3, user_id = $4, direction = $5, on_conflict = $6,"
                       " on_deletion = $7, calendar_id = $8, calendar_name = $9, imports = $10,"
                       " mails = $11"
                       " WHERE tenant_id = $1 AND provider_id = $2"};
const statement change_status{"switch_provider",
                              "UPDATE provider_state SET status = $4"
                              " WHERE tenant_id = $1 AND provider_id = $2 AND status = $3"};
const statement drop_provider{"delete_provider",
                              "DELETE FROM providers WHERE tenant_id = $1 AND provider_id = $2"};

} // namespace

result<void> insert_provider(transaction& tx, const provider& p) {
  const auto& why = p.problem;
  auto done = tx.query_all(
      {{add_provider,
        {tx.tenant(), p.id, name_of(p.type), name_of(p.scope), p.user, name_of(p.direction),
         name_of(p.on_conflict), name_of(p.on_deletion), p.account, p.subject, p.calendar, p.calendar_name,
         p.created_at, name_of(p.imports), name_of(p.mails)}},
       {add_state,
        {tx.tenant(), p.id, name_of(p.status), why ? sql_value(why->code) : sql_value(),
         why ? sql_value(why->detail) : sql_value(), why ? sql_value(why->since) : sql_value(),
         p.calendar_zone.empty() ? "UTC" : p.calendar_zone, p.last_sync_at, p.next_poll_at, p.rehearsing}}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

result<std::optional<provider>> find_provider(transaction& tx, const provider_id& id) {
  auto found = tx.query(select_provider, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return read_provider(*found, 0);
}

result<page_of<provider>> list_providers(transaction& tx, const user_id& of_user, const std::string& cursor,
                                         std::size_t limit) {
  const auto from = continue_from(cursor, lowest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  std::vector<sql_value> values{tx.tenant(), *from, size + 1};
  if (!of_user.empty()) values.emplace_back(of_user);
  auto found = tx.query(of_user.empty() ? select_providers : select_providers_of, values);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<provider>(*found, size, read_provider, [](const provider& p) { return p.id.str(); });
}

result<bool> update_provider(transaction& tx, const provider& p) {
  auto done = tx.query(change_provider, {tx.tenant(), p.id, name_of(p.scope), p.user, name_of(p.direction),
                                         name_of(p.on_conflict), name_of(p.on_deletion), p.calendar,
                                         p.calendar_name, name_of(p.imports), name_of(p.mails)});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected() > 0;
}

result<bool> switch_provider(transaction& tx, const provider_id& id, provider_status from,
                             provider_status to) {
  auto done = tx.query(change_status, {tx.tenant(), id, name_of(from), name_of(to)});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected() > 0;
}

result<bool> delete_provider(transaction& tx, const provider_id& id) {
  auto done = tx.query(drop_provider, {tx.tenant(), id});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected() > 0;
}

} // namespace kalends::persistence
