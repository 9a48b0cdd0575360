// SPDX-License-Identifier: Apache-2.0
#include "persistence/webhook_store.hpp"

#include "observe/log.hpp"
#include "persistence/commit_group.hpp"
#include "persistence/directory.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"
#include "persistence/webhook_rows.hpp"
#include "persistence/webhooks.hpp"

#include <utility>

namespace kalends::persistence {
namespace {

#define KALENDS_WEBHOOK_LINE                                                                                 \
  "SELECT " KALENDS_WEBHOOK_COLUMNS ", w.tenant_id, w.sealed_secret, w.sealed_old_secret,"                   \
  " c.next_sequence - 1, (SELECT f.happened_at FROM facts f WHERE f.tenant_id = w.tenant_id"                 \
  " AND f.sequence > w.position ORDER BY f.sequence LIMIT 1)"                                                \
  " FROM webhook_endpoints w JOIN tenant_counters c ON c.tenant_id = w.tenant_id"
const statement select_running{"load_webhooks", KALENDS_WEBHOOK_LINE
                               " WHERE w.tenant_id = ANY ((SELECT acting_tenants())::uuid[]) AND w.enabled"
                               " AND w.stop_code IS NULL ORDER BY w.tenant_id, w.endpoint_id"};
const statement select_line{"load_webhook",
                            KALENDS_WEBHOOK_LINE " WHERE w.tenant_id = $1 AND w.endpoint_id = $2"};
// What is not wanted is looked at and not read: its data may be large.
const statement select_stretch{
    "webhook_facts", "SELECT f.sequence, f.fact_id, f.type, f.happened_at, CASE WHEN $4::smallint[] = '{}'"
                     " OR f.type = ANY ($4) THEN f.data END FROM facts f WHERE f.tenant_id = $1"
                     " AND f.sequence > $2 ORDER BY f.sequence LIMIT $3"};
const statement save_position{
    "save_webhook",
    "UPDATE webhook_endpoints SET position = $5, attempts = $6, waited_ms = $7, next_attempt_at = $8,"
    " failing_since = $9, last_code = $10, last_delivered_at = $11, stop_code = $12, stop_detail = $13,"
    " stopped_at = $14 WHERE tenant_id = $1 AND endpoint_id = $2 AND turn = $3 AND position = $4"
    " AND stop_code IS NULL"};

result<webhook_line> read_line(const rows& found, std::size_t row, const token_vault& vault) {
  webhook_line line;
  line.endpoint = read_webhook(found, row);
  line.tenant = found.as<tenant_id>(row, webhook_columns);
  const auto seal = webhook_seal(line.endpoint.id);
  auto now = vault.open(line.tenant, seal, found.bytes(row, webhook_columns + 1));
  if (!now) return tl::unexpected(now.error());
  line.secrets.now = std::move(*now);
  if (!found.is_null(row, webhook_columns + 2)) {
    auto before = vault.open(line.tenant, seal, found.bytes(row, webhook_columns + 2));
    if (!before) return tl::unexpected(before.error());
    line.secrets.before = std::move(*before);
    line.secrets.before_until = line.endpoint.old_secret_until;
  }
  line.last_sequence = found.integer(row, webhook_columns + 3);
  line.oldest_waiting = found.optional_time(row, webhook_columns + 4);
  return line;
}

result<std::vector<webhook_line>> read_running(transaction& tx, const token_vault& vault) {
  const auto found = tx.query(select_running);
  if (!found) return tl::unexpected(found.error());
  std::vector<webhook_line> all;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto line = read_line(*found, i, vault);
    if (line)
      all.push_back(std::move(*line));
    else
      observe::log(observe::log_level::error, "the secret of a webhook endpoint does not open",
                   {{"tenant", found->text(i, webhook_columns)},
                    {"endpoint", found->text(i, 0)},
                    {"code", line.error().code}});
  }
  return all;
}

result<webhook_facts> read_stretch(transaction& tx, std::int64_t after, const std::set<fact_type>& types,
                                   std::size_t limit) {
  sql_array wanted;
  for (const auto t : types) wanted.add(number_of(t));
  const auto found = tx.query(select_stretch, {tx.tenant(), after, limit, wanted});
  if (!found) return tl::unexpected(found.error());
  webhook_facts out;
  out.through = after;
  for (std::size_t i = 0; i < found->size(); ++i) {
    fact f;
    f.tenant = tx.tenant();
    f.sequence = found->integer(i, 0);
    f.id = found->text(i, 1);
    f.type = read_number(found->integer(i, 2), last_fact_type);
    f.time = found->time(i, 3);
    if (i == 0) {
      out.first = f.sequence;
      out.first_restored = f.type == fact_type::history_restored;
    }
    out.through = f.sequence;
    if (found->is_null(i, 4)) continue;
    f.data = found->text(i, 4);
    out.facts.push_back(std::move(f));
  }
  return out;
}

result<webhook_store::one> read_one(transaction& tx, const token_vault& vault, const webhook_id& id,
                                    std::int64_t sequence) {
  const auto found = tx.query(select_line, {tx.tenant(), id});
  if (!found) return tl::unexpected(found.error());
  if (found->empty())
    return failure(errc::not_found, "webhook_endpoint_not_found", "There is no such thing.");
  auto line = read_line(*found, 0, vault);
  if (!line) return tl::unexpected(line.error());
  webhook_store::one out{std::move(*line), std::nullopt};
  if (sequence == 0) return out;
  auto there = read_stretch(tx, sequence - 1, {}, 1);
  if (!there) return tl::unexpected(there.error());
  if (there->first != sequence)
    return failure(errc::not_found, "fact_not_kept",
                   "This fact is not kept any more. Read the thing itself.");
  out.what = std::move(there->facts.front());
  return out;
}

/// The refusal that rolls everything back; told as "not kept".
tl::unexpected<error> moved_on() {
  return failure(errc::conflict, "webhook_moved_on", "Somebody else moved it.");
}

result<webhook_saved> write_progress(transaction& tx, const webhook_progress& p) {
  webhook_saved saved{true};
  if (p.told) { // takes the tenant's lock, so it comes first
    auto facts = append_facts(tx, {*p.told});
    if (!facts) return tl::unexpected(facts.error());
    saved.told = std::move(*facts);
  }
  const auto& e = p.after;
  const auto stop = [&](auto member) { return e.stopped ? sql_value((*e.stopped).*member) : sql_value(); };
  const auto kept =
      tx.query(save_position, {tx.tenant(), e.id, e.turn, p.from, e.position, e.attempts,
                               static_cast<std::int64_t>(e.waited.count()), e.next_attempt_at,
                               e.failing_since, e.last_code, e.last_delivered_at, stop(&webhook_stop::code),
                               stop(&webhook_stop::detail), stop(&webhook_stop::since)});
  if (!kept) return tl::unexpected(kept.error());
  if (kept->affected() == 0) return moved_on();
  if (auto added = append_deliveries(tx, p.deliveries); !added) return tl::unexpected(added.error());
  if (p.noted)
    if (auto noted = append_audit(tx, *p.noted); !noted) return tl::unexpected(noted.error());
  if (p.tidy)
    if (auto gone = forget_deliveries(tx, e.id); !gone) return tl::unexpected(gone.error());
  return saved;
}

class postgres_webhooks final : public webhook_store {
public:
  postgres_webhooks(database& db, const token_vault& vault) : db_(db), vault_(vault) {}

  void load(std::vector<tenant_id> tenants, done<std::vector<webhook_line>> heard) override {
    db_.run<std::vector<webhook_line>>(
        std::move(tenants), [&vault = vault_](transaction& tx) { return read_running(tx, vault); },
        std::move(heard));
  }
  void find(tenant_id tenant, webhook_id endpoint, std::int64_t sequence, done<one> heard) override {
    db_.run<one>(
        {std::move(tenant)},
        [&vault = vault_, endpoint, sequence](transaction& tx) {
          return read_one(tx, vault, endpoint, sequence);
        },
        std::move(heard));
  }
  void facts(tenant_id tenant, std::int64_t after, std::set<fact_type> types, std::size_t limit,
             done<webhook_facts> heard) override {
    db_.run<webhook_facts>(
        {std::move(tenant)},
        [after, types = std::move(types), limit](transaction& tx) {
          return read_stretch(tx, after, types, limit);
        },
        std::move(heard));
  }
  void save(webhook_progress progress, done<webhook_saved> heard) override {
    auto told = [heard = std::move(heard)](result<webhook_saved> saved) {
      if (!saved && (saved.error().code == "webhook_moved_on" || saved.error().code == "tenant_gone"))
        saved = webhook_saved{};
      heard(std::move(saved));
    };
    db_.run<webhook_saved>(
        {progress.tenant}, [progress](transaction& tx) { return write_progress(tx, progress); },
        std::move(told));
  }
  void append(tenant_id tenant, webhook_delivery delivery, done<bool> heard) override {
    db_.run<bool>(
        {std::move(tenant)},
        [delivery = std::move(delivery)](transaction& tx) {
          return append_deliveries(tx, {delivery}).map([] { return true; });
        },
        std::move(heard));
  }

private:
  database& db_;
  const token_vault& vault_;
};

} // namespace

std::unique_ptr<webhook_store> open_webhook_store(database& db, const token_vault& vault) {
  return std::make_unique<postgres_webhooks>(db, vault);
}

} // namespace kalends::persistence
