// SPDX-License-Identifier: Apache-2.0
#include "persistence/webhooks.hpp"

#include "persistence/row_codec.hpp"
#include "persistence/webhook_rows.hpp"

#include <limits>
#include <utility>

namespace kalends::persistence {
namespace {

// The tenant's row is locked, so that two who add at the same time count one after the other.
const statement lock_tenant_row{"lock_for_webhooks",
                                "SELECT FROM tenant_directory WHERE tenant_id = $1 FOR UPDATE"};
const statement count_webhooks{"count_webhooks",
                               "SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1"};
const statement add_webhook{
    "insert_webhook",
    "INSERT INTO webhook_endpoints AS w (tenant_id, endpoint_id, url, description, types, enabled,"
    " sealed_secret, position, created_at) SELECT $1, $2, $3, $4, $5, $6, $7, c.next_sequence - 1, $8"
    " FROM tenant_counters c WHERE c.tenant_id = $1 RETURNING " KALENDS_WEBHOOK_COLUMNS};
const statement select_webhook{"find_webhook", "SELECT " KALENDS_WEBHOOK_COLUMNS
                                               " FROM webhook_endpoints w WHERE w.tenant_id = $1"
                                               " AND w.endpoint_id = $2"};
const statement select_webhooks{"list_webhooks", "SELECT " KALENDS_WEBHOOK_COLUMNS
                                                 " FROM webhook_endpoints w WHERE w.tenant_id = $1"
                                                 " AND w.endpoint_id > $2 ORDER BY w.endpoint_id LIMIT $3"};
// $7: it was switched, on or off; whatever is on its way does not count any more.
const statement change_webhook{
    "update_webhook",
    "UPDATE webhook_endpoints w SET url = $3, description = $4, types = $5, enabled = $6,"
    " turn = turn + $7::boolean::int,"
    " attempts = CASE WHEN $7 THEN 0 ELSE attempts END, waited_ms = CASE WHEN $7 THEN 0 ELSE waited_ms END,"
    " next_attempt_at = CASE WHEN $7 THEN NULL ELSE next_attempt_at END,"
    " failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END,"
    " stop_code = CASE WHEN $7 THEN NULL ELSE stop_code END,"
    " stop_detail = CASE WHEN $7 THEN NULL ELSE stop_detail END,"
    " stopped_at = CASE WHEN $7 THEN NULL ELSE stopped_at END"
    " WHERE w.tenant_id = $1 AND w.endpoint_id = $2 RETURNING " KALENDS_WEBHOOK_COLUMNS};
const statement drop_webhook{"delete_webhook", "DELETE FROM webhook_endpoints WHERE tenant_id = $1"
                                               " AND endpoint_id = $2"};
// Both secrets are sealed under one name, so that the old one can be moved as it is.
const statement replace_secret{"rotate_webhook_secret",
                               "UPDATE webhook_endpoints SET sealed_old_secret = sealed_secret, "
                               "old_secret_until = $4, sealed_secret = $3"
                               " WHERE tenant_id = $1 AND endpoint_id = $2"};
const statement move_position{
    "move_webhook",
    "UPDATE webhook_endpoints SET position = $3, turn = turn + 1, attempts = 0, waited_ms = 0,"
    " next_attempt_at = NULL WHERE tenant_id = $1 AND endpoint_id = $2"};

#define KALENDS_DELIVERY_COLUMNS                                                                             \
  "delivery_id, endpoint_id, cause, outcome, message_id, type, sequence, attempt, status, code, took_ms,"    \
  " attempted_at, next_attempt_at"
const statement select_deliveries{
    "list_deliveries",
    "SELECT " KALENDS_DELIVERY_COLUMNS
    " FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = $4 AND delivery_id < $2"
    " AND ($5::smallint IS NULL OR outcome = $5) ORDER BY delivery_id DESC LIMIT $3"};
const statement select_delivery{"find_delivery", "SELECT " KALENDS_DELIVERY_COLUMNS
                                                 " FROM webhook_deliveries WHERE tenant_id = $1"
                                                 " AND endpoint_id = $2 AND delivery_id = $3"};
const statement add_deliveries{
    "append_deliveries",
    "INSERT INTO webhook_deliveries (tenant_id, " KALENDS_DELIVERY_COLUMNS ") SELECT $1, n.* FROM unnest("
    "$2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::text[], $7::text[], $8::bigint[],"
    " $9::integer[], $10::integer[], $11::text[], $12::bigint[], $13::timestamptz[], $14::timestamptz[])"
    " AS n(" KALENDS_DELIVERY_COLUMNS ")"
    // It may have been deleted while the message was on its way.
    " WHERE EXISTS (SELECT FROM webhook_endpoints w WHERE w.tenant_id = $1 AND w.endpoint_id = "
    "n.endpoint_id)"};
const statement trim_deliveries{
    "forget_deliveries",
    "DELETE FROM webhook_deliveries d WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.delivery_id < "
    "(SELECT"
    " k.delivery_id FROM webhook_deliveries k WHERE k.tenant_id = $1 AND k.endpoint_id = $2"
    " ORDER BY k.delivery_id DESC OFFSET $3 LIMIT 1)"};
const statement old_deliveries{
    "forget_old_deliveries",
    "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND ctid = ANY (ARRAY(SELECT ctid FROM"
    " webhook_deliveries WHERE tenant_id = $1 AND attempted_at < $2 LIMIT $3))"};
const statement least_position{"facts_awaited_from",
                               "SELECT min(position) FROM webhook_endpoints WHERE tenant_id = $1 AND enabled"
                               " AND stop_code IS NULL"};

webhook_delivery read_delivery(const rows& found, std::size_t row) {
  webhook_delivery d;
  d.id = found.text(row, 0);
  d.endpoint = found.as<webhook_id>(row, 1);
  d.cause = read_number(found.integer(row, 2), delivery_cause::gap);
  d.outcome = read_number(found.integer(row, 3), delivery_outcome::failed);
  d.message = found.text(row, 4);
  d.type = found.text(row, 5);
  d.sequence = found.integer(row, 6);
  d.attempt = static_cast<int>(found.integer(row, 7));
  d.status = static_cast<int>(found.integer(row, 8));
  d.code = found.text(row, 9);
  d.took = std::chrono::milliseconds(found.integer(row, 10));
  d.at = found.time(row, 11);
  d.next_attempt_at = found.optional_time(row, 12);
  return d;
}

result<std::optional<webhook_endpoint>> read_found(const result<rows>& found) {
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  return read_webhook(*found, 0);
}

result<bool> touched(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return done->affected() > 0;
}

} // namespace

webhook_endpoint read_webhook(const rows& found, std::size_t row) {
  webhook_endpoint e;
  e.id = found.as<webhook_id>(row, 0);
  e.url = found.text(row, 1);
  e.description = found.text(row, 2);
  e.types = read_types(found.view(row, 3));
  e.enabled = found.boolean(row, 4);
  if (!found.is_null(row, 5))
    e.stopped = webhook_stop{found.text(row, 5), found.text(row, 6), found.time(row, 7)};
  e.created_at = found.time(row, 8);
  e.position = found.integer(row, 9);
  e.turn = found.integer(row, 10);
  e.attempts = static_cast<int>(found.integer(row, 11));
  e.waited = std::chrono::milliseconds(found.integer(row, 12));
  e.next_attempt_at = found.optional_time(row, 13);
  e.failing_since = found.optional_time(row, 14);
  e.last_code = found.text(row, 15);
  e.last_delivered_at = found.optional_time(row, 16);
  e.old_secret_until = found.optional_time(row, 17);
  return e;
}

std::string webhook_seal(const webhook_id& id) { return "webhook_endpoints/" + id.str() + "/secret"; }

result<webhook_endpoint> insert_webhook(transaction& tx, const token_vault& vault, webhook_endpoint e,
                                        const std::string& secret) {
  tx.defer(lock_tenant_row, {tx.tenant()});
  const auto there = tx.query(count_webhooks, {tx.tenant()});
  if (!there) return tl::unexpected(there.error());
  if (there->integer(0, 0) >= static_cast<std::int64_t>(limits::webhook_endpoints))
    return failure(errc::conflict, "webhook_endpoints_full",
                   "A tenant has at most " + std::to_string(limits::webhook_endpoints) +
                       " endpoints. Delete one that is not used any more.");
  const auto made =
      tx.query(add_webhook, {tx.tenant(), e.id, e.url, e.description, write_types(e.types), e.enabled,
                             sql_bytes(vault.seal(tx.tenant(), webhook_seal(e.id), secret)), e.created_at});
  if (!made) return tl::unexpected(made.error());
  if (made->empty()) return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
  return read_webhook(*made, 0);
}

result<std::optional<webhook_endpoint>> find_webhook(transaction& tx, const webhook_id& id) {
  return read_found(tx.query(select_webhook, {tx.tenant(), id}));
}

result<page_of<webhook_endpoint>> list_webhooks(transaction& tx, const std::string& cursor,
                                                std::size_t limit) {
  const auto from = continue_from(cursor, lowest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  const auto found = tx.query(select_webhooks, {tx.tenant(), *from, size + 1});
  if (!found) return tl::unexpected(found.error());
  return read_page<webhook_endpoint>(*found, size, read_webhook,
                                     [](const webhook_endpoint& e) { return e.id.str(); });
}

result<std::optional<webhook_endpoint>> update_webhook(transaction& tx, const webhook_endpoint& e,
                                                       bool switched) {
  return read_found(tx.query(
      change_webhook, {tx.tenant(), e.id, e.url, e.description, write_types(e.types), e.enabled, switched}));
}

result<bool> delete_webhook(transaction& tx, const webhook_id& id) {
  return touched(tx.query(drop_webhook, {tx.tenant(), id}));
}

result<bool> rotate_webhook_secret(transaction& tx, const token_vault& vault, const webhook_id& id,
                                   const std::string& secret, instant before_until) {
  return touched(
      tx.query(replace_secret, {tx.tenant(), id, sql_bytes(vault.seal(tx.tenant(), webhook_seal(id), secret)),
                                before_until}));
}

result<bool> move_webhook(transaction& tx, const webhook_id& id, std::int64_t position) {
  return touched(tx.query(move_position, {tx.tenant(), id, position}));
}

result<page_of<webhook_delivery>> list_deliveries(transaction& tx, const webhook_id& id,
                                                  std::optional<delivery_outcome> only,
                                                  const std::string& cursor, std::size_t limit) {
  const auto from = continue_from(cursor, highest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  const auto found = tx.query(select_deliveries, {tx.tenant(), *from, size + 1, id,
                                                  only ? sql_value(number_of(*only)) : sql_value()});
  if (!found) return tl::unexpected(found.error());
  return read_page<webhook_delivery>(*found, size, read_delivery,
                                     [](const webhook_delivery& d) { return d.id; });
}

result<std::optional<webhook_delivery>> find_delivery(transaction& tx, const webhook_id& id,
                                                      const std::string& delivery) {
  const auto found = tx.query(select_delivery, {tx.tenant(), id, delivery});
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  return read_delivery(*found, 0);
}

result<void> append_deliveries(transaction& tx, const std::vector<webhook_delivery>& all) {
  if (all.empty()) return {};
  row_set<13> lines;
  for (const auto& d : all)
    lines.add(d.id, d.endpoint, number_of(d.cause), number_of(d.outcome), d.message, d.type, d.sequence,
              d.attempt, d.status, d.code, static_cast<std::int64_t>(d.took.count()), d.at,
              d.next_attempt_at);
  auto values = lines.values();
  values.insert(values.begin(), sql_value(tx.tenant()));
  const auto done = tx.query(add_deliveries, values);
  if (!done) return tl::unexpected(done.error());
  return {};
}

result<std::size_t> forget_deliveries(transaction& tx, const webhook_id& id) {
  return tx.query(trim_deliveries, {tx.tenant(), id, limits::webhook_deliveries - 1}).map([](const rows& r) {
    return r.affected();
  });
}

result<std::size_t> forget_old_deliveries(transaction& tx, instant before, std::size_t most) {
  return tx.query(old_deliveries, {tx.tenant(), before, most}).map([](const rows& r) {
    return r.affected();
  });
}

result<std::int64_t> facts_awaited_from(transaction& tx) {
  return tx.query(least_position, {tx.tenant()}).map([](const rows& r) {
    return r.is_null(0, 0) ? std::numeric_limits<std::int64_t>::max() : r.integer(0, 0) + 1;
  });
}

} // namespace kalends::persistence
