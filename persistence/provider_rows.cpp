// SPDX-License-Identifier: Apache-2.0
#include "persistence/provider_rows.hpp"

#include "persistence/commit_group.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <map>
#include <utility>

namespace kalends::persistence {
namespace {

/// Rows of a work list read in one go, whatever the caller asks for.
constexpr std::size_t batch_limit = 5'000;

const statement mark_providers{
    "mark_providers",
    "UPDATE provider_state s SET mark = s.mark + n.added, stale_since = coalesce(s.stale_since, $4)"
    " FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS n(tenant_id, provider_id, added)"
    " WHERE s.tenant_id = n.tenant_id AND s.provider_id = n.provider_id"
    " RETURNING s.tenant_id, s.provider_id, s.mark"};

const statement tell_owners{"tell_owners", "SELECT pg_notify('kalends', word) FROM unnest($1::text[]) word"};

const statement select_state{
    "provider_state",
    "SELECT " KALENDS_PROVIDER_COLUMNS ", s.mark, s.stale_since IS NOT NULL, s.sealed_cursor,"
    " s.cursor_fingerprint, s.window_from, s.window_to," KALENDS_CHANNEL_COLUMNS ","
    " EXISTS (SELECT FROM outbox o WHERE o.tenant_id = p.tenant_id AND o.provider_id = p.provider_id),"
    " EXISTS (SELECT FROM rehearsals r WHERE r.tenant_id = p.tenant_id"
    " AND r.provider_id = p.provider_id)" KALENDS_PROVIDER_TABLES
    " LEFT JOIN LATERAL (SELECT * FROM channels c WHERE c.tenant_id = p.tenant_id"
    " AND c.provider_id = p.provider_id ORDER BY c.expires_at DESC LIMIT 1) c ON true"
    " WHERE p.tenant_id = $1 AND p.provider_id = $2"};

const statement select_outbox{
    "due_outbox",
    "SELECT o.outbox_id, o.provider_id, o.entry_id, o.entry_version, o.action, o.attempts, o.due_at,"
    " o.strikes, o.waited_ms, o.failing_since, EXISTS (SELECT FROM dead_letters d"
    " WHERE d.tenant_id = o.tenant_id AND d.provider_id = o.provider_id AND d.entry_id = o.entry_id"
    " AND d.kind = 0 AND d.state = 0) FROM outbox o"
    " WHERE o.tenant_id = $1 AND o.provider_id = $2 AND o.due_at <= $3 ORDER BY o.outbox_id LIMIT $4"};

// The links are counted only where the limit may depend on them.
const statement select_tally{
    "removal_tally",
    "WITH n AS MATERIALIZED (SELECT (SELECT count(DISTINCT o.entry_id) FROM outbox o JOIN mappings m"
    " ON m.tenant_id = o.tenant_id AND m.provider_id = o.provider_id AND m.entry_id = o.entry_id"
    " WHERE o.tenant_id = $1 AND o.provider_id = $2 AND m.linked AND m.removing AND m.removal_gate = 0)"
    " AS waiting, (SELECT count(*) FROM mappings m WHERE m.tenant_id = $1 AND m.provider_id = $2"
    " AND m.removal_gate = 1) AS held, coalesce((SELECT s.removed_count FROM provider_state s"
    " WHERE s.tenant_id = $1 AND s.provider_id = $2 AND s.removed_since > $3), 0) AS removed)"
    " SELECT waiting, held, removed, CASE WHEN waiting + held + removed <= $4 THEN 0"
    " ELSE (SELECT count(*) FROM mappings m WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.linked"
    " AND m.removal_gate <> 3) END FROM n"};

const statement select_held{"held_events", "SELECT m.entry_id FROM mappings m WHERE m.tenant_id = $1"
                                           " AND m.provider_id = $2 AND m.removal_gate = 1"
                                           " AND m.entry_id > $3 ORDER BY m.entry_id LIMIT $4"};

const statement select_open_letters{"open_letters",
                                    "SELECT kind, provider_id, entry_id, event_id FROM dead_letters"
                                    " WHERE tenant_id = $1 AND kind = $2 AND state = 0 LIMIT $3"};

const statement select_links{"links_after",
                             "SELECT " KALENDS_MAPPING_COLUMNS " FROM mappings m WHERE m.tenant_id = $1"
                             " AND m.provider_id = $2 AND m.entry_id > $3 ORDER BY m.entry_id LIMIT $4"};

const statement select_entries{"entries_after",
                               "SELECT " KALENDS_ENTRY_COLUMNS " FROM entries e WHERE e.tenant_id = $1"
                               " AND e.entry_id > $2 AND e.ends_at >= $3 ORDER BY e.entry_id LIMIT $4"};
const statement select_entries_of{
    "entries_of_after", "SELECT " KALENDS_ENTRY_COLUMNS " FROM entry_assignments a JOIN entries e"
                        " ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id WHERE a.tenant_id = $1"
                        " AND a.user_id = $5 AND a.entry_id > $2 AND e.ends_at >= $3"
                        " ORDER BY a.entry_id LIMIT $4"};

#define KALENDS_UNSETTLED_LINKS                                                                              \
  " UNION SELECT m.entry_id FROM mappings m LEFT JOIN entries e ON e.tenant_id = m.tenant_id"                \
  " AND e.entry_id = m.entry_id WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.entry_id > $3"           \
  " AND m.removal_gate NOT IN (1, 3)"                                                                        \
  " AND (e.entry_id IS NULL OR NOT m.linked OR m.removing OR m.entry_version <> e.version)) x"               \
  " WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.provider_id = $2"                    \
  " AND o.entry_id = x.entry_id) AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.tenant_id = $1"          \
  " AND d.provider_id = $2 AND d.entry_id = x.entry_id AND d.kind = 0 AND d.state = 0)"                      \
  " ORDER BY x.entry_id LIMIT $5"
#define KALENDS_NO_MAPPING                                                                                   \
  " AND e.ends_at >= $4 AND NOT EXISTS (SELECT FROM mappings m WHERE m.tenant_id = $1"                       \
  " AND m.entry_id = e.entry_id AND m.provider_id = $2)"
const statement select_unsettled{
    "unsettled_after", "SELECT x.entry_id FROM (SELECT e.entry_id FROM entries e WHERE e.tenant_id = $1"
                       " AND e.entry_id > $3" KALENDS_NO_MAPPING KALENDS_UNSETTLED_LINKS};
const statement select_unsettled_of{
    "unsettled_of_after",
    "SELECT x.entry_id FROM (SELECT e.entry_id FROM entry_assignments a JOIN entries e"
    " ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id WHERE a.tenant_id = $1"
    " AND a.user_id = $6 AND a.entry_id > $3" KALENDS_NO_MAPPING KALENDS_UNSETTLED_LINKS};

const statement close_runs{
    "close_open_runs",
    "UPDATE sync_runs SET outcome = 'failed', error_code = 'interrupted',"
    " error_detail = 'The server stopped, or the calendar failed, while this run was under way.',"
    " finished_at = $2 WHERE outcome = 'running' AND provider_id = coalesce($1, provider_id)"
    " AND tenant_id = ANY ($3::uuid[])"};

const statement update_health{
    "put_health",
    // What a person paused or sent away, a call that was under way does not resume.
    "UPDATE provider_state SET status = CASE WHEN status IN ('paused', 'leaving') THEN status ELSE $3 END,"
    " problem_code = $4, problem_detail = $5, problem_since = $6,"
    " last_sync_at = coalesce($7, last_sync_at), next_poll_at = coalesce($8, next_poll_at)"
    " WHERE tenant_id = $1 AND provider_id = $2"};
const statement update_channel_health{
    "put_channel_health",
    "UPDATE provider_state SET channel_attempted_at = $3, channel_cause = $4, channel_error_code = $5,"
    " channel_error_detail = $6, channel_failures = $7, channel_renews_at = $8, channel_silent_since = $9,"
    " problem_code = $10, problem_detail = $11, problem_since = $12"
    " WHERE tenant_id = $1 AND provider_id = $2"};
const statement update_next_reconcile{"plan_reconcile", "UPDATE provider_state SET next_reconcile_at = $3"
                                                        " WHERE tenant_id = $1 AND provider_id = $2"};
const statement clear_cursor{
    "forget_cursor", "UPDATE provider_state SET sealed_cursor = NULL, cursor_fingerprint = NULL,"
                     " window_from = NULL, window_to = NULL WHERE tenant_id = $1 AND provider_id = $2"};
const statement update_calendar{"choose_calendar", "UPDATE providers SET calendar_id = $3, calendar_name = $4"
                                                   " WHERE tenant_id = $1 AND provider_id = $2"};
const statement update_zone{"calendar_zone", "UPDATE provider_state SET calendar_zone = $3"
                                             " WHERE tenant_id = $1 AND provider_id = $2"};

#define KALENDS_OF_ACTING " WHERE tenant_id = ANY ((SELECT acting_tenants())::uuid[])"
const statement select_schedule{
    "schedule_lines",
    "SELECT s.tenant_id, s.provider_id, s.status, s.stale_since IS NOT NULL, o.due_at, s.next_poll_at,"
    " c.expires_at, s.mark, p.type, s.channel_renews_at, s.next_reconcile_at FROM provider_state s"
    " JOIN providers p ON p.tenant_id = s.tenant_id AND p.provider_id = s.provider_id"
    " LEFT JOIN (SELECT tenant_id, provider_id, min(due_at) AS due_at FROM outbox" KALENDS_OF_ACTING
    " GROUP BY 1, 2) o ON o.tenant_id = s.tenant_id AND o.provider_id = s.provider_id"
    " LEFT JOIN (SELECT tenant_id, provider_id, max(expires_at) AS expires_at FROM channels" KALENDS_OF_ACTING
    " GROUP BY 1, 2) c ON c.tenant_id = s.tenant_id AND c.provider_id = s.provider_id"
    " WHERE s.tenant_id = ANY ((SELECT acting_tenants())::uuid[])"};

const statement select_providers{"all_providers", "SELECT " KALENDS_PROVIDER_COLUMNS KALENDS_PROVIDER_TABLES
                                                  " WHERE p.tenant_id = $1 ORDER BY p.provider_id"};

outbox_row read_outbox(const rows& found, std::size_t row) {
  return {found.text(row, 0),
          found.as<provider_id>(row, 1),
          found.as<entry_id>(row, 2),
          found.integer(row, 3),
          read_number(found.integer(row, 4), push_action::remove),
          static_cast<int>(found.integer(row, 5)),
          found.time(row, 6),
          static_cast<int>(found.integer(row, 7)),
          std::chrono::milliseconds(found.integer(row, 8)),
          found.optional_time(row, 9),
          found.boolean(row, 10)};
}

letter_key read_letter_key(const rows& found, std::size_t row) {
  const auto kind = read_number(found.integer(row, 0), letter_kind::pull);
  if (kind == letter_kind::push) return {kind, found.as<provider_id>(row, 1), found.as<entry_id>(row, 2), {}};
  return {kind, found.as<provider_id>(row, 1), {}, found.as<event_id>(row, 3)};
}

sql_value after_or_first(const entry_id& after) {
  return after.empty() ? sql_value(lowest_uuid) : sql_value(after);
}

std::size_t batch_size(std::size_t asked) { return std::clamp<std::size_t>(asked, 1, batch_limit); }

template <class T, class Read>
result<std::vector<T>> read_list(result<rows> found, Read read) {
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<T>(*found, read);
}

result<bool> touched(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return done->affected() > 0;
}

} // namespace

result<std::vector<std::vector<std::int64_t>>>
write_marks(transaction& tx, instant now, const std::vector<const std::vector<notice_mark>*>& asks,
            const std::function<bool(const tenant_id&)>& held_here) {
  // Sorted, as every lock on many rows is taken, and one row per provider however many notices came.
  std::map<std::pair<tenant_id, provider_id>, std::int64_t> marks;
  for (const auto* ask : asks)
    for (const auto& m : *ask) marks[{m.tenant, m.provider}] += m.count;
  row_set<3> wanted;
  for (const auto& [key, n] : marks) wanted.add(key.first, key.second, n);

  auto values = wanted.values();
  values.emplace_back(now);
  auto done = tx.query(mark_providers, values);
  if (!done) return tl::unexpected(std::move(done.error()));

  for (auto& [key, n] : marks) n = 0;
  for (std::size_t i = 0; i < done->size(); ++i)
    marks[{done->as<tenant_id>(i, 0), done->as<provider_id>(i, 1)}] = done->integer(i, 2);
  sql_array words;
  for (const auto& [key, n] : marks)
    if (n > 0 && !held_here(key.first))
      words.add_text("stale " + key.first.str() + " " + key.second.str() + " " + std::to_string(n));
  if (words.size() > 0) tx.defer(tell_owners, {words});
  std::vector<std::vector<std::int64_t>> answers;
  answers.reserve(asks.size());
  for (const auto* ask : asks) {
    auto& counters = answers.emplace_back();
    for (const auto& m : *ask) counters.push_back(marks[{m.tenant, m.provider}]);
  }
  return answers;
}

result<provider_state> load_state(transaction& tx, const token_vault& vault, const provider_id& id) {
  auto found = tx.query(select_state, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty())
    return failure(errc::not_found, "provider_gone", "This calendar is not connected any more.");
  constexpr int own = provider_columns;
  constexpr int channel_at = own + 6;
  provider_state s;
  s.calendar = read_provider(*found, 0);
  s.mark = found->integer(0, own);
  s.stale = found->boolean(0, own + 1);
  if (!found->is_null(0, own + 2)) {
    auto token = vault.open(tx.tenant(), cursor_seal(id), found->bytes(0, own + 2));
    if (!token) return tl::unexpected(std::move(token.error()));
    s.read_from = cursor{std::move(*token), found->text(0, own + 3), std::nullopt};
    if (!found->is_null(0, own + 4))
      s.read_from->window = read_window{found->time(0, own + 4), found->time(0, own + 5)};
  }
  if (!found->is_null(0, channel_at)) s.push_channel = read_channel(*found, 0, channel_at);
  s.outbox_waiting = found->boolean(0, channel_at + channel_columns);
  s.rehearsed = found->boolean(0, channel_at + channel_columns + 1);
  return s;
}

result<std::vector<outbox_row>> due_outbox(transaction& tx, const provider_id& id, instant now,
                                           std::size_t limit) {
  return read_list<outbox_row>(tx.query(select_outbox, {tx.tenant(), id, now, batch_size(limit)}),
                               read_outbox);
}

result<removal_tally> tally_removals(transaction& tx, const provider_id& id, instant now) {
  auto found = tx.query(select_tally, {tx.tenant(), id, now - removal_window, removals_unasked});
  if (!found) return tl::unexpected(std::move(found.error()));
  return removal_tally{static_cast<int>(found->integer(0, 0)), static_cast<int>(found->integer(0, 1)),
                       static_cast<int>(found->integer(0, 2)), static_cast<int>(found->integer(0, 3))};
}

result<std::vector<entry_id>> held_after(transaction& tx, const provider_id& id, const entry_id& after,
                                         std::size_t limit) {
  return read_list<entry_id>(
      tx.query(select_held, {tx.tenant(), id, after_or_first(after), batch_size(limit)}),
      [](const rows& r, std::size_t i) { return r.as<entry_id>(i, 0); });
}

result<std::vector<letter_key>> open_letters(transaction& tx, letter_kind kind, std::size_t limit) {
  return read_list<letter_key>(
      tx.query(select_open_letters, {tx.tenant(), number_of(kind), batch_size(limit)}), read_letter_key);
}

result<std::vector<mapping>> links_after(transaction& tx, const provider_id& id, const entry_id& after,
                                         std::size_t limit) {
  return read_list<mapping>(
      tx.query(select_links, {tx.tenant(), id, after_or_first(after), batch_size(limit)}), read_mapping);
}

result<std::vector<schedule_entry>> entries_after(transaction& tx, const user_id& assignee, instant from,
                                                  const entry_id& after, std::size_t limit) {
  std::vector<sql_value> values{tx.tenant(), after_or_first(after), from, batch_size(limit)};
  if (!assignee.empty()) values.emplace_back(assignee);
  return read_list<schedule_entry>(tx.query(assignee.empty() ? select_entries : select_entries_of, values),
                                   read_entry);
}

result<std::vector<entry_id>> unsettled_after(transaction& tx, const provider_id& id, const user_id& assignee,
                                              instant from, const entry_id& after, std::size_t limit) {
  std::vector<sql_value> values{tx.tenant(), id, after_or_first(after), from, batch_size(limit)};
  if (!assignee.empty()) values.emplace_back(assignee);
  return read_list<entry_id>(tx.query(assignee.empty() ? select_unsettled : select_unsettled_of, values),
                             [](const rows& r, std::size_t i) { return r.as<entry_id>(i, 0); });
}

result<bool> end_open_runs(transaction& tx, const std::vector<tenant_id>& tenants, const provider_id& only,
                           instant now) {
  sql_array ids;
  for (const auto& t : tenants) ids.add(t);
  return touched(tx.query(close_runs, {only, now, ids}));
}

result<bool> put_health(transaction& tx, const provider_id& id, const health& h) {
  const auto& p = h.problem;
  return touched(
      tx.query(update_health, {tx.tenant(), id, name_of(h.status), p ? sql_value(p->code) : sql_value(),
                               p ? sql_value(p->detail) : sql_value(), p ? sql_value(p->since) : sql_value(),
                               h.last_sync_at, h.next_poll_at}));
}

result<bool> put_channel_health(transaction& tx, const provider_id& id, const channel_health& h,
                                const std::optional<provider_problem>& problem) {
  const auto& p = problem;
  return touched(
      tx.query(update_channel_health,
               {tx.tenant(), id, h.attempted_at, h.cause ? sql_value(name_of(*h.cause)) : sql_value(),
                text_or_null(h.error_code), text_or_null(h.error_detail), h.failures, h.renews_at,
                h.silent_since, p ? sql_value(p->code) : sql_value(), p ? sql_value(p->detail) : sql_value(),
                p ? sql_value(p->since) : sql_value()}));
}

result<bool> put_next_reconcile(transaction& tx, const provider_id& id, std::optional<instant> at) {
  return touched(tx.query(update_next_reconcile, {tx.tenant(), id, at}));
}

result<bool> forget_cursor(transaction& tx, const provider_id& id) {
  return touched(tx.query(clear_cursor, {tx.tenant(), id}));
}

result<bool> choose_calendar(transaction& tx, const provider_id& id, const calendar_listing& chosen) {
  if (!chosen.time_zone.empty()) tx.defer(update_zone, {tx.tenant(), id, chosen.time_zone});
  return touched(tx.query(update_calendar, {tx.tenant(), id, chosen.id, chosen.name}));
}

result<std::vector<schedule_line>> schedule_lines(transaction& tx) {
  return read_list<schedule_line>(tx.query(select_schedule), [](const rows& r, std::size_t i) {
    return schedule_line{
        r.as<tenant_id>(i, 0), r.as<provider_id>(i, 1), read_enum<provider_status>(r.view(i, 2)),
        r.boolean(i, 3),       r.optional_time(i, 4),   r.optional_time(i, 5),
        r.optional_time(i, 6), r.integer(i, 7),         read_enum<provider_type>(r.view(i, 8)),
        r.optional_time(i, 9), r.optional_time(i, 10)};
  });
}

result<std::vector<provider>> all_providers(transaction& tx) {
  return read_list<provider>(tx.query(select_providers, {tx.tenant()}), read_provider);
}

} // namespace kalends::persistence
