// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule.hpp"

#include "persistence/entry_ranges.hpp"
#include "persistence/own_things.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <utility>

#define KALENDS_ENTRIES_NEAR                                                                                 \
  " SELECT e.entry_id FROM entries e WHERE e.tenant_id = $1 AND e.entry_id > $2 AND e.ends_at > $4"          \
  " AND e.starts_at < $5 AND ($6::uuid IS NULL OR e.assigned @> ARRAY[$6::uuid])"
#define KALENDS_SINCE " AND e.starts_at > $4::timestamptz - interval "
#define KALENDS_DECISIONS                                                                                    \
  "SELECT " KALENDS_DECISION_COLUMNS                                                                         \
  " FROM decisions d WHERE d.tenant_id = $1 AND d.decision_id < $2 AND d.entry_id "
#define KALENDS_NARROWED                                                                                     \
  " AND ($5::uuid IS NULL OR d.provider_id = $5) AND ($6::text IS NULL OR d.event_id = $6)"                  \
  " AND ($7::smallint IS NULL OR d.reason = $7)"                                                             \
  " AND ($8::uuid IS NULL OR d.provider_id IS NULL OR d.provider_id IN (SELECT own.provider_id FROM "        \
  "providers"                                                                                                \
  " own WHERE own.tenant_id = $1 AND own.user_id = $8 AND own.scope = 'user'))"                              \
  " ORDER BY d.decision_id DESC LIMIT $3"

namespace kalends::persistence {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t facts_limit = 5'000;
constexpr auto answers_kept = 24h;
/// Of a range that is not longer all entries are gathered to find a page of them.
constexpr auto near_range = 92 * 24h;

const statement select_entry{"find_entry", "SELECT " KALENDS_ENTRY_COLUMNS
                                           " FROM entries e WHERE e.tenant_id = $1 AND e.entry_id = $2"};
// The bounds are infinities where none was given, so that one statement serves all filters.
const statement select_entries{"list_entries",
                               "SELECT " KALENDS_ENTRY_COLUMNS
                               " FROM entries e WHERE e.tenant_id = $1 AND e.entry_id > $2"
                               " AND e.ends_at > $4 AND e.starts_at < $5 ORDER BY e.entry_id LIMIT $3"};
const statement select_entries_of{
    "list_entries_of", "SELECT " KALENDS_ENTRY_COLUMNS " FROM entry_assignments a JOIN entries e"
                       " ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id WHERE a.tenant_id = $1"
                       " AND a.user_id = $6 AND a.entry_id > $2 AND e.ends_at > $4 AND e.starts_at < $5"
                       " ORDER BY a.entry_id LIMIT $3"};
// In the order of ids a short range would be looked for among all that there is: it is gathered first. The
// page is cut off before its texts are read.
const statement select_entries_near{
    "list_entries_near",
    "WITH near AS MATERIALIZED (" KALENDS_ENTRIES_NEAR KALENDS_OF_HOURS KALENDS_SINCE
    "'24 hours' UNION ALL" KALENDS_ENTRIES_NEAR KALENDS_OF_DAYS KALENDS_SINCE
    "'768 hours' UNION ALL" KALENDS_ENTRIES_NEAR KALENDS_OF_MONTHS
    " UNION ALL" KALENDS_ENTRIES_NEAR KALENDS_SERIES_OF_WEEKS KALENDS_SINCE
    "'2400 hours' UNION ALL" KALENDS_ENTRIES_NEAR KALENDS_SERIES_OF_YEARS ") SELECT " KALENDS_ENTRY_COLUMNS
    " FROM entries e WHERE e.tenant_id = $1 AND e.entry_id = ANY (ARRAY(SELECT n.entry_id FROM near n"
    " ORDER BY n.entry_id LIMIT $3)) ORDER BY e.entry_id"};

const statement select_status{
    "sync_status", "SELECT m.provider_id, m.event_id, m.linked, m.removing, m.entry_version,"
                   " m.removal_gate = 1,"
                   " EXISTS (SELECT FROM outbox o WHERE o.tenant_id = m.tenant_id"
                   " AND o.provider_id = m.provider_id AND o.entry_id = m.entry_id),"
                   " (SELECT CASE WHEN d.reason = $3 AND e.version = m.entry_version THEN d.inputs END"
                   " FROM decisions d WHERE d.tenant_id = m.tenant_id AND d.entry_id = m.entry_id"
                   " AND d.provider_id = m.provider_id AND d.reason IN ($3, $4, $5)"
                   " ORDER BY d.decision_id DESC LIMIT 1)"
                   " FROM mappings m LEFT JOIN entries e ON e.tenant_id = m.tenant_id"
                   " AND e.entry_id = m.entry_id WHERE m.tenant_id = $1 AND m.entry_id = $2"
                   " AND m.removal_gate <> 3"
                   " ORDER BY m.provider_id"};

const statement select_decisions{"list_decisions", KALENDS_DECISIONS "= $4" KALENDS_NARROWED};
const statement select_decisions_of_event{
    "list_decisions_of_event",
    KALENDS_DECISIONS "IN (SELECT $4::uuid UNION SELECT m.entry_id FROM mappings m WHERE m.tenant_id = $1"
                      " AND m.event_id = $6 AND ($5::uuid IS NULL OR m.provider_id = $5))" KALENDS_NARROWED};

const statement select_facts_kept{
    "facts_kept", "SELECT coalesce((SELECT min(f.sequence) FROM facts f WHERE f.tenant_id = $1),"
                  " max(c.next_sequence)) FROM tenant_counters c WHERE c.tenant_id = $1"};

const statement select_run{"find_run", "SELECT " KALENDS_RUN_COLUMNS
                                       " FROM sync_runs r WHERE r.tenant_id = $1 AND r.run_id = $2"};
const statement select_runs{"list_runs",
                            "SELECT " KALENDS_RUN_COLUMNS
                            " FROM sync_runs r WHERE r.tenant_id = $1 AND r.run_id < $2" KALENDS_OF_PERSON(
                                "r.provider_id", "$4") " ORDER BY r.run_id DESC LIMIT $3"};
const statement select_runs_of{
    "list_runs_of",
    "SELECT " KALENDS_RUN_COLUMNS " FROM sync_runs r WHERE r.tenant_id = $1 AND r.run_id < $2"
    " AND r.provider_id = $4" KALENDS_OF_PERSON("r.provider_id", "$5") " ORDER BY r.run_id DESC LIMIT $3"};

const statement select_facts{"list_facts", "SELECT " KALENDS_FACT_COLUMNS
                                           " FROM facts f WHERE f.tenant_id = $1 AND f.sequence > $2"
                                           " ORDER BY f.sequence LIMIT $3"};
const statement select_last{"last_sequence", "SELECT coalesce(max(next_sequence) - 1, 0) FROM tenant_counters"
                                             " WHERE tenant_id = $1"};

// Takes a free key, or one whose answer was kept long enough; a key in use yields no row.
const statement claim_key{
    "claim_answer", "INSERT INTO kept_answers AS k (tenant_id, key, fingerprint, status, headers, body,"
                    " claimed_at) VALUES ($1, $2, $3, 0, '{}', '', $4) ON CONFLICT (tenant_id, key) DO UPDATE"
                    " SET fingerprint = excluded.fingerprint, status = 0, headers = '{}', body = '',"
                    " claimed_at = excluded.claimed_at WHERE k.claimed_at <= $5 RETURNING 1"};
const statement select_answer{"kept_answer", "SELECT fingerprint, status, headers, body FROM kept_answers"
                                             " WHERE tenant_id = $1 AND key = $2"};
const statement update_answer{"keep_answer", "UPDATE kept_answers SET status = $3, headers = $4, body = $5"
                                             " WHERE tenant_id = $1 AND key = $2"};
const statement drop_answer{"release_answer", "DELETE FROM kept_answers WHERE tenant_id = $1 AND key = $2"};
const statement drop_old_answers{"delete_expired_answers", "DELETE FROM kept_answers WHERE claimed_at <= $1"};

result<void> nothing(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return {};
}

std::string id_of_entry(const schedule_entry& e) { return e.id.str(); }

/// A page of a statement that takes (tenant, last id, limit, more…).
template <class T, class Read, class Id>
result<page_of<T>> ask_page(transaction& tx, const statement& s, const std::string& cursor, const char* start,
                            std::size_t limit, std::vector<sql_value> more, Read read, Id id_of) {
  const auto from = continue_from(cursor, start);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  std::vector<sql_value> values{tx.tenant(), *from, size + 1};
  values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  auto found = tx.query(s, values);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<T>(*found, size, read, id_of);
}

} // namespace

result<std::optional<schedule_entry>> find_entry(transaction& tx, const entry_id& id) {
  auto found = tx.query(select_entry, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return read_entry(*found, 0);
}

result<page_of<schedule_entry>> list_entries(transaction& tx, const entry_filter& filter,
                                             const std::string& cursor, std::size_t limit) {
  std::vector<sql_value> more{filter.from ? sql_value(*filter.from) : sql_value("-infinity"),
                              filter.to ? sql_value(*filter.to) : sql_value("infinity")};
  const bool anyone = filter.assigned_to.empty();
  if (filter.from && filter.to && *filter.to - *filter.from <= near_range) {
    more.emplace_back(filter.assigned_to);
    return ask_page<schedule_entry>(tx, select_entries_near, cursor, lowest_uuid, limit, std::move(more),
                                    read_entry, id_of_entry);
  }
  if (!anyone) more.emplace_back(filter.assigned_to);
  return ask_page<schedule_entry>(tx, anyone ? select_entries : select_entries_of, cursor, lowest_uuid, limit,
                                  std::move(more), read_entry, id_of_entry);
}

result<std::vector<entry_sync_line>> sync_status(transaction& tx, const entry_id& id) {
  auto found = tx.query(select_status, {tx.tenant(), id, number_of(reason::push_unsayable),
                                        number_of(reason::push_inserted), number_of(reason::push_updated)});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<entry_sync_line>(*found, [](const rows& r, std::size_t i) {
    entry_sync_line line;
    line.provider = r.as<provider_id>(i, 0);
    line.event = r.as<event_id>(i, 1);
    line.linked = r.boolean(i, 2);
    line.removing = r.boolean(i, 3);
    line.entry_version = r.integer(i, 4);
    line.held = r.boolean(i, 5);
    line.pending = r.boolean(i, 6);
    line.unsayable = r.optional_text(i, 7).value_or("");
    return line;
  });
}

result<page_of<decision_line>> list_decisions(transaction& tx, const decision_filter& filter,
                                              const std::string& cursor, std::size_t limit) {
  const bool of_event = filter.entry.empty() && !filter.event.empty();
  std::vector<sql_value> more{filter.entry.empty() ? sql_value(lowest_uuid) : sql_value(filter.entry),
                              text_or_null(filter.provider.str()), text_or_null(filter.event.str()),
                              filter.why ? sql_value(number_of(*filter.why)) : sql_value(), filter.of_person};
  return ask_page<decision_line>(tx, of_event ? select_decisions_of_event : select_decisions, cursor,
                                 highest_uuid, limit, std::move(more), read_decision,
                                 [](const decision_line& d) { return d.what.id; });
}

result<std::optional<sync_run>> find_run(transaction& tx, const run_id& id) {
  auto found = tx.query(select_run, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return read_run(*found, 0);
}

result<page_of<sync_run>> list_runs(transaction& tx, const provider_id& provider, const std::string& cursor,
                                    std::size_t limit, const user_id& of_person) {
  std::vector<sql_value> more;
  if (!provider.empty()) more.emplace_back(provider);
  more.emplace_back(of_person);
  return ask_page<sync_run>(tx, provider.empty() ? select_runs : select_runs_of, cursor, highest_uuid, limit,
                            std::move(more), read_run, [](const sync_run& r) { return r.id.str(); });
}

result<std::vector<fact>> list_facts(transaction& tx, std::int64_t after, std::size_t limit) {
  auto found = tx.query(select_facts, {tx.tenant(), after, std::clamp<std::size_t>(limit, 1, facts_limit)});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<fact>(*found, read_fact);
}

result<std::int64_t> last_sequence(transaction& tx) {
  auto found = tx.query(select_last, {tx.tenant()});
  if (!found) return tl::unexpected(std::move(found.error()));
  return found->integer(0, 0);
}

result<void> check_facts_kept(transaction& tx, std::int64_t sequence) {
  auto found = tx.query(select_facts_kept, {tx.tenant()});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty() || found->is_null(0, 0) || sequence + 1 >= found->integer(0, 0)) return {};
  return failure(errc::resync, "cursor_expired",
                 "Facts up to " + std::to_string(found->integer(0, 0) - 1) +
                     " are not kept any more. Read the entries anew and go on from there.",
                 "after");
}

result<std::optional<kept_answer>> claim_answer(transaction& tx, const std::string& key,
                                                const std::string& fingerprint, instant now) {
  auto claimed =
      tx.query(claim_key, {tx.tenant(), key, sql_bytes(fingerprint), now, instant(now - answers_kept)});
  if (!claimed) return tl::unexpected(std::move(claimed.error()));
  if (!claimed->empty()) return std::nullopt;
  auto found = tx.query(select_answer, {tx.tenant(), key});
  if (!found) return tl::unexpected(std::move(found.error()));
  // Released between the two statements: the next attempt gets the key.
  if (found->empty())
    return failure(errc::retry_later, "answer_released", "The first request with this key was given up.");
  return kept_answer{found->bytes(0, 0), static_cast<int>(found->integer(0, 1)), found->text(0, 2),
                     found->text(0, 3)};
}

result<void> keep_answer(transaction& tx, const std::string& key, const kept_answer& a) {
  return nothing(tx.query(update_answer, {tx.tenant(), key, a.status, a.headers, a.body}));
}

result<void> release_answer(transaction& tx, const std::string& key) {
  return nothing(tx.query(drop_answer, {tx.tenant(), key}));
}

result<std::size_t> delete_expired_answers(transaction& tx, instant now) {
  auto done = tx.query(drop_old_answers, {instant(now - answers_kept)});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected();
}

} // namespace kalends::persistence
