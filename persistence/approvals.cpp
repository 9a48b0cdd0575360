// SPDX-License-Identifier: Apache-2.0
#include "persistence/approvals.hpp"

#include "persistence/schedule_rows.hpp"

#include <utility>

namespace kalends::persistence {
namespace {

const statement update_held{
    "put_held", "UPDATE provider_state SET held_from_calendar = $3, held_count = $4, held_of = $5,"
                " held_since = $6, held_approved = $7 WHERE tenant_id = $1 AND provider_id = $2"};
const statement update_approved{"approve_held",
                                "UPDATE provider_state SET held_approved = true"
                                " WHERE tenant_id = $1 AND provider_id = $2 AND held_since IS NOT NULL"};

const statement select_held_links{"held_links",
                                  "SELECT " KALENDS_MAPPING_COLUMNS
                                  " FROM mappings m WHERE m.tenant_id = $1 AND m.provider_id = $2"
                                  " AND m.removal_gate = 1 ORDER BY m.entry_id LIMIT $3"};

const statement upsert_rehearsal{
    "put_rehearsal",
    "INSERT INTO rehearsals (tenant_id, provider_id, report, finished_at) SELECT tenant_id, provider_id, $3,"
    " $4 FROM provider_state WHERE tenant_id = $1 AND provider_id = $2 AND rehearsing"
    " ON CONFLICT (tenant_id, provider_id) DO UPDATE SET report = excluded.report,"
    " finished_at = excluded.finished_at"};
const statement select_rehearsal{"find_rehearsal", "SELECT report, finished_at FROM rehearsals"
                                                   " WHERE tenant_id = $1 AND provider_id = $2"};
const statement drop_rehearsal{"delete_rehearsal",
                               "DELETE FROM rehearsals WHERE tenant_id = $1 AND provider_id = $2"};
const statement stop_rehearsing{"end_rehearsal",
                                "UPDATE provider_state SET rehearsing = false, sealed_cursor = NULL,"
                                " cursor_fingerprint = NULL, window_from = NULL, window_to = NULL"
                                " WHERE tenant_id = $1 AND provider_id = $2 AND rehearsing"};

const statement start_leaving{
    "send_provider_away", "UPDATE provider_state SET status = 'leaving', problem_code = NULL,"
                          " problem_detail = NULL, problem_since = NULL"
                          " WHERE tenant_id = $1 AND provider_id = $2 AND status IN ('active', 'paused')"};

result<bool> touched(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return done->affected() > 0;
}

} // namespace

result<bool> put_held(transaction& tx, const provider_id& id, const std::optional<held_removals>& held) {
  const auto h = held.value_or(held_removals{});
  return touched(tx.query(update_held, {tx.tenant(), id, held ? sql_value(h.from_calendar) : sql_value(),
                                        h.count, h.of, held ? sql_value(h.since) : sql_value(), h.approved}));
}

result<bool> approve_held(transaction& tx, const provider_id& id) {
  return touched(tx.query(update_approved, {tx.tenant(), id}));
}

result<std::vector<mapping>> held_links(transaction& tx, const provider_id& id, std::size_t limit) {
  auto found = tx.query(select_held_links, {tx.tenant(), id, limit});
  if (!found) return tl::unexpected(std::move(found.error()));
  std::vector<mapping> links;
  for (std::size_t i = 0; i < found->size(); ++i) links.push_back(read_mapping(*found, i));
  return links;
}

result<bool> put_rehearsal(transaction& tx, const provider_id& id, const rehearsal& r) {
  return touched(tx.query(upsert_rehearsal, {tx.tenant(), id, r.report, r.finished_at}));
}

result<std::optional<rehearsal>> find_rehearsal(transaction& tx, const provider_id& id) {
  auto found = tx.query(select_rehearsal, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return rehearsal{found->text(0, 0), found->time(0, 1)};
}

result<bool> send_away(transaction& tx, const provider_id& id) {
  return touched(tx.query(start_leaving, {tx.tenant(), id}));
}

result<bool> end_rehearsal(transaction& tx, const provider_id& id) {
  tx.defer(drop_rehearsal, {tx.tenant(), id});
  return touched(tx.query(stop_rehearsing, {tx.tenant(), id}));
}

} // namespace kalends::persistence
