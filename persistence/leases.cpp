// SPDX-License-Identifier: Apache-2.0
#include "persistence/leases.hpp"

#include "persistence/row_codec.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kalends::persistence {
namespace {

const statement upsert_node{
    "beat", "INSERT INTO nodes AS n (node_id, incarnation, url, started_at, expires_at)"
            " VALUES ($1, $2, $3, now(), now() + $4::bigint * interval '1 ms')"
            " ON CONFLICT (node_id) DO UPDATE SET incarnation = excluded.incarnation, url = excluded.url,"
            " started_at = CASE WHEN n.incarnation = excluded.incarnation THEN n.started_at ELSE now() END,"
            " expires_at = excluded.expires_at WHERE n.incarnation = excluded.incarnation OR $5::boolean"};
const statement count_house{"count_house", "SELECT (SELECT count(*) FROM tenant_directory),"
                                           " (SELECT count(*) FROM nodes WHERE expires_at > now())"};
/// Ours, and what no living process has.
const statement look{
    "look_at_leases",
    "SELECT d.tenant_id, d.epoch, coalesce(d.node_id = $1, false), coalesce(d.incarnation = $2, false),"
    " d.work_stopped_at IS NOT NULL OR (SELECT stopped_at IS NOT NULL FROM work_switch)"
    " FROM tenant_directory d WHERE d.node_id = $1 OR NOT EXISTS (SELECT FROM nodes n"
    " WHERE n.node_id = d.node_id AND n.incarnation = d.incarnation AND n.expires_at > now())"
    " ORDER BY d.tenant_id"};
/// Long after the last tenant of theirs was taken over.
const statement sweep_nodes{"sweep_nodes", "DELETE FROM nodes WHERE expires_at < now() - interval '1 hour'"};

// The lock is on the row that every writer of the tenant locks. Under it the directory must still say what
// was seen: two nodes may want the same tenant.
const statement take{
    "take_leases",
    "WITH wanted AS (SELECT * FROM unnest($3::uuid[], $4::bigint[]) AS w(tenant_id, epoch)),"
    " locked AS MATERIALIZED (SELECT c.tenant_id FROM tenant_counters c JOIN wanted w"
    " ON w.tenant_id = c.tenant_id ORDER BY c.tenant_id FOR NO KEY UPDATE OF c SKIP LOCKED),"
    " moved AS (UPDATE tenant_directory d SET node_id = $1, incarnation = $2, epoch = d.epoch + 1"
    " FROM wanted w WHERE d.tenant_id = w.tenant_id AND d.epoch = w.epoch"
    " AND d.tenant_id IN (SELECT tenant_id FROM locked) RETURNING d.tenant_id, d.epoch,"
    " d.work_stopped_at IS NOT NULL OR (SELECT stopped_at IS NOT NULL FROM work_switch) AS stopped)"
    " UPDATE tenant_counters c SET epoch = m.epoch FROM moved m WHERE c.tenant_id = m.tenant_id"
    " RETURNING c.tenant_id, c.epoch, m.stopped"};
const statement give{"give_leases", "UPDATE tenant_directory SET node_id = NULL, incarnation = NULL"
                                    " WHERE node_id = $1 AND incarnation = $2"
                                    " AND tenant_id = ANY ((SELECT acting_tenants())::uuid[])"};
const statement tell_nodes{"tell_nodes", "SELECT pg_notify('kalends', 'leases')"};
const statement own_tenants{"own_tenants", "SELECT tenant_id FROM tenant_directory"
                                           " WHERE node_id = $1 AND incarnation = $2 ORDER BY tenant_id"};
const statement drop_node{"forget_node", "DELETE FROM nodes WHERE node_id = $1 AND incarnation = $2"};
const statement select_owner{"owner_of", "SELECT n.node_id, n.url FROM tenant_directory d JOIN nodes n"
                                         " ON n.node_id = d.node_id AND n.incarnation = d.incarnation"
                                         " WHERE d.tenant_id = $1 AND n.expires_at > now()"};

const statement lock_one{"lock_tenant",
                         "SELECT epoch FROM tenant_counters WHERE tenant_id = $1 FOR NO KEY UPDATE"};
const statement lock_many{"lock_held",
                          "SELECT c.tenant_id FROM tenant_counters c JOIN unnest($1::uuid[], $2::bigint[])"
                          " AS n(tenant_id, epoch) ON n.tenant_id = c.tenant_id AND n.epoch = c.epoch"
                          " ORDER BY c.tenant_id FOR NO KEY UPDATE OF c"};

std::vector<tenant_id> read_ids(const rows& found) {
  return read_all<tenant_id>(found, [](const rows& r, std::size_t i) { return r.as<tenant_id>(i, 0); });
}

row_set<2> columns_of(const std::vector<lease>& leases) {
  row_set<2> out;
  for (const auto& l : leases) out.add(l.tenant, l.epoch);
  return out;
}

} // namespace

tl::unexpected<error> fenced() {
  return failure(errc::stopped, "fenced", "The tenant is run by another node now.");
}

lease_plan plan_leases(const lease_view& seen) {
  lease_plan plan;
  const auto nodes = std::max<std::size_t>(seen.nodes_alive, 1);
  const auto share = (seen.tenants + nodes - 1) / nodes;
  const auto take_some = [&](const std::vector<lease>& from, std::size_t most) {
    const auto n = std::min({most, from.size(), leases_per_round - plan.take.size()});
    plan.take.insert(plan.take.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
  };
  take_some(seen.before, seen.before.size());
  const auto have = seen.held.size() + plan.take.size();
  if (have < share) take_some(seen.free, share - have);
  if (seen.held.size() > share) {
    const auto n = std::min(seen.held.size() - share, given_at_once);
    for (auto at = seen.held.rbegin(); at != seen.held.rbegin() + static_cast<std::ptrdiff_t>(n); ++at)
      plan.to_give.push_back(at->tenant);
  }
  return plan;
}

result<lease_view> beat(transaction& tx, const lease_round& r) {
  auto lived = tx.query(
      upsert_node, {r.node, r.incarnation, r.url, static_cast<std::int64_t>(r.life.count()), r.arriving});
  if (!lived) return tl::unexpected(std::move(lived.error()));
  if (lived->affected() == 0)
    return failure(errc::conflict, "node_replaced",
                   "Another process goes by the id of this node: was the data directory copied?");
  auto seen = tx.query_all({{sweep_nodes, {}}, {count_house, {}}, {look, {r.node, r.incarnation}}});
  if (!seen) return tl::unexpected(std::move(seen.error()));
  lease_view view;
  view.tenants = static_cast<std::size_t>((*seen)[1].integer(0, 0));
  view.nodes_alive = static_cast<std::size_t>((*seen)[1].integer(0, 1));
  const auto& lines = (*seen)[2];
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool own = lines.boolean(i, 2);
    const bool this_life = own && lines.boolean(i, 3);
    auto& list = this_life ? view.held : own ? view.before : view.free;
    list.push_back({lines.as<tenant_id>(i, 0), lines.integer(i, 1), lines.boolean(i, 4)});
  }
  return view;
}

result<std::vector<lease>> take_leases(transaction& tx, const lease_round& r,
                                       const std::vector<lease>& wanted) {
  if (wanted.empty()) return std::vector<lease>{};
  std::vector<sql_value> values{r.node, r.incarnation};
  for (auto& column : columns_of(wanted).values()) values.push_back(std::move(column));
  auto got = tx.query(take, values);
  if (!got) return tl::unexpected(std::move(got.error()));
  return read_all<lease>(*got, [](const rows& found, std::size_t i) {
    return lease{found.as<tenant_id>(i, 0), found.integer(i, 1), found.boolean(i, 2)};
  });
}

result<bool> give_leases(transaction& tx, const lease_round& r) {
  auto given = tx.query_all({{give, {r.node, r.incarnation}}, {tell_nodes, {}}});
  if (!given) return tl::unexpected(std::move(given.error()));
  return given->front().affected() > 0;
}

result<std::vector<tenant_id>> held_tenants(transaction& tx, const lease_round& r) {
  auto found = tx.query(own_tenants, {r.node, r.incarnation});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_ids(*found);
}

result<bool> forget_node(transaction& tx, const lease_round& r) {
  auto gone = tx.query_all({{drop_node, {r.node, r.incarnation}}, {tell_nodes, {}}});
  if (!gone) return tl::unexpected(std::move(gone.error()));
  return gone->front().affected() > 0;
}

result<std::optional<node_line>> owner_of(transaction& tx, const tenant_id& tenant) {
  auto found = tx.query(select_owner, {tenant});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return node_line{found->text(0, 0), found->text(0, 1)};
}

result<void> check_epoch(transaction& tx, std::int64_t epoch) {
  auto row = tx.query(lock_one, {tx.tenant()});
  if (!row) return tl::unexpected(std::move(row.error()));
  if (row->empty()) return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
  if (row->integer(0, 0) != epoch) return fenced();
  return {};
}

result<std::vector<tenant_id>> lock_held(transaction& tx, const std::vector<lease>& leases) {
  auto found = tx.query(lock_many, columns_of(leases).values());
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_ids(*found);
}

} // namespace kalends::persistence
