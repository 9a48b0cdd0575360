// SPDX-License-Identifier: Apache-2.0
#include "persistence/console_lists.hpp"

#include "persistence/letter_rows.hpp"
#include "persistence/schedule_rows.hpp"

#include <algorithm>

namespace kalends::persistence {
namespace {

constexpr statement patience{"console_patience", "SELECT set_config('statement_timeout', '5000', true)"};

#define KALENDS_OPEN_LETTER KALENDS_LETTER("l.")
constexpr statement open_letters{
    "all_open_letters", KALENDS_NEWEST_OF_ALL(KALENDS_OPEN_LETTER, "dead_letters", "l", "letter_id",
                                              " AND l.state = 0 AND ($4::text IS NULL OR l.code = $4)")};
constexpr statement all_letters{"all_letters",
                                KALENDS_NEWEST_OF_ALL(KALENDS_OPEN_LETTER, "dead_letters", "l", "letter_id",
                                                      " AND ($4::text IS NULL OR l.code = $4)")};

#define KALENDS_BARE_CONFLICT                                                                                \
  "k.conflict_id, k.provider_id, k.entry_id, k.groups, k.state, k.choice, k.decided_by, k.opened_at,"        \
  " k.resolved_at"
constexpr int bare_conflict_columns = 9;
constexpr statement open_conflicts{
    "all_open_conflicts",
    KALENDS_NEWEST_OF_ALL(KALENDS_BARE_CONFLICT, "conflicts", "k", "conflict_id", " AND k.state = 0")};
constexpr statement all_conflicts{
    "all_conflicts", KALENDS_NEWEST_OF_ALL(KALENDS_BARE_CONFLICT, "conflicts", "k", "conflict_id", "")};

constexpr int run_columns = 16;
constexpr statement failed_runs{
    "all_failed_runs",
    KALENDS_NEWEST_OF_ALL(KALENDS_RUN_COLUMNS, "sync_runs", "r", "run_id", " AND r.outcome = 'failed'")};
constexpr statement all_runs{"all_runs",
                             KALENDS_NEWEST_OF_ALL(KALENDS_RUN_COLUMNS, "sync_runs", "r", "run_id", "")};

constexpr int audit_columns = 7;
constexpr statement all_audit{
    "all_audit",
    KALENDS_NEWEST_OF_ALL("a.audit_id, a.happened_at, a.actor, a.action, a.subject, a.detail,"
                          " a.peer",
                          "audit_log", "a", "audit_id", " AND ($4::text IS NULL OR a.action = $4)")};

// A calendar may wait for more than one thing: a microsecond for each kind keeps them apart, since all times
// of ours are whole milliseconds.
constexpr statement approvals{
    "all_approvals",
    "WITH asks AS (SELECT tenant_id, provider_id, held_from_calendar AS from_calendar, held_count AS n, "
    "held_of AS whole,"
    " held_since AS since FROM provider_state WHERE held_since IS NOT NULL AND NOT held_approved"
    " UNION ALL SELECT tenant_id, provider_id, false, count(*), NULL, min(held_since) + interval '1 "
    "microsecond'"
    " FROM mappings WHERE removal_gate = 1 GROUP BY 1, 2"
    " UNION ALL SELECT s.tenant_id, s.provider_id, NULL, 0, 0, r.finished_at + interval '2 microseconds'"
    " FROM provider_state s JOIN rehearsals r ON r.tenant_id = s.tenant_id AND r.provider_id = s.provider_id"
    " WHERE s.rehearsing)"
    " SELECT a.provider_id, p.type, p.account, p.calendar_name, a.from_calendar, a.n, coalesce(a.whole,"
    " (SELECT count(*) FROM mappings m WHERE m.tenant_id = a.tenant_id AND m.provider_id = a.provider_id"
    " AND m.linked AND m.removal_gate <> 3)), a.since, a.tenant_id, t.name FROM (SELECT * FROM asks"
    " WHERE ($1::uuid IS NULL OR tenant_id = $1) AND ($2::timestamptz IS NULL"
    " OR (since, tenant_id, provider_id) > ($2, $3::uuid, $4::uuid))"
    " ORDER BY since, tenant_id, provider_id LIMIT $5) a"
    " JOIN providers p ON p.tenant_id = a.tenant_id AND p.provider_id = a.provider_id"
    " JOIN tenants t ON t.tenant_id = a.tenant_id ORDER BY a.since, a.tenant_id, a.provider_id"};

// Runs and conflicts are named by UUIDv7, so that a stretch of time is a stretch of each tenant's index.
constexpr statement hours_sql{
    "timeline",
    "SELECT hour, sum(good), sum(bad), sum(notices), sum(seen), sum(applied), sum(writes), sum(disputes)"
    " FROM (SELECT date_trunc('hour', r.started_at) AS hour, count(*) FILTER (WHERE outcome = 'succeeded')"
    " AS good, count(*) FILTER (WHERE outcome = 'failed') AS bad, count(*) FILTER (WHERE cause = 'notice')"
    " AS notices, sum(pulled) AS seen, sum(entries_changed) AS applied, sum(pushed) AS writes, 0 AS disputes"
    " FROM tenants t JOIN sync_runs r ON r.tenant_id = t.tenant_id AND r.run_id >= $1"
    " WHERE r.started_at >= $2 AND ($3::uuid IS NULL OR t.tenant_id = $3) GROUP BY 1"
    " UNION ALL SELECT date_trunc('hour', k.opened_at), 0, 0, 0, 0, 0, 0, count(*) FROM tenants t"
    " JOIN conflicts k ON k.tenant_id = t.tenant_id AND k.conflict_id >= $1"
    " WHERE k.opened_at >= $2 AND ($3::uuid IS NULL OR t.tenant_id = $3) GROUP BY 1) x GROUP BY 1"};

conflict read_bare_conflict(const rows& found, std::size_t row) {
  conflict c;
  c.id = found.text(row, 0);
  c.provider = found.as<provider_id>(row, 1);
  c.entry = found.as<entry_id>(row, 2);
  c.groups = field_set::from_bits(static_cast<std::uint16_t>(found.integer(row, 3)));
  c.state = read_number(found.integer(row, 4), conflict_state::resolved);
  if (!found.is_null(row, 5)) c.choice = read_number(found.integer(row, 5), conflict_choice::merge);
  c.decided_by = found.text(row, 6);
  c.opened_at = found.time(row, 7);
  c.resolved_at = found.optional_time(row, 8);
  return c;
}

audit_line read_audit(const rows& found, std::size_t row) {
  return {found.text(row, 0), found.time(row, 1), found.text(row, 2), found.text(row, 3),
          found.text(row, 4), found.text(row, 5), found.text(row, 6)};
}

of_tenant<waiting_approval> read_approval(const rows& found, std::size_t row) {
  waiting_approval w;
  w.provider = found.as<provider_id>(row, 0);
  w.type = read_enum<provider_type>(found.view(row, 1));
  w.account = found.text(row, 2);
  w.calendar_name = found.text(row, 3);
  w.since = found.time(row, 7);
  if (!found.is_null(row, 4))
    w.held = held_removals{found.boolean(row, 4), static_cast<int>(found.integer(row, 5)),
                           static_cast<int>(found.integer(row, 6)), w.since, false};
  return {std::move(w), found.as<tenant_id>(row, 8), found.text(row, 9)};
}

/// Before every UUIDv7 that was made from `t` on.
std::string first_uuid_of(instant t) {
  static constexpr char digits[] = "0123456789abcdef";
  auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, t.time_since_epoch().count()));
  std::string hex(12, '0');
  for (std::size_t i = hex.size(); i-- > 0; ms >>= 4) hex[i] = digits[ms & 15];
  return hex.substr(0, 8) + "-" + hex.substr(8) + "-0000-0000-000000000000";
}

} // namespace

result<page_of<of_tenant<dead_letter>>> list_all_letters(transaction& tx, const tenant_id& of, bool only_open,
                                                         const std::string& code, const std::string& cursor,
                                                         std::size_t limit) {
  tx.defer(patience);
  return newest_of_all<dead_letter>(tx, only_open ? open_letters : all_letters, of, cursor, limit,
                                    letter_columns, read_letter, [](const dead_letter& l) { return l.id; },
                                    {text_or_null(code)});
}

result<page_of<of_tenant<conflict>>> list_all_conflicts(transaction& tx, const tenant_id& of, bool only_open,
                                                        const std::string& cursor, std::size_t limit) {
  tx.defer(patience);
  return newest_of_all<conflict>(tx, only_open ? open_conflicts : all_conflicts, of, cursor, limit,
                                 bare_conflict_columns, read_bare_conflict,
                                 [](const conflict& c) { return c.id; });
}

result<page_of<of_tenant<sync_run>>> list_all_runs(transaction& tx, const tenant_id& of, bool only_failed,
                                                   const std::string& cursor, std::size_t limit) {
  tx.defer(patience);
  return newest_of_all<sync_run>(tx, only_failed ? failed_runs : all_runs, of, cursor, limit, run_columns,
                                 read_run, [](const sync_run& r) { return r.id.str(); });
}

result<page_of<of_tenant<audit_line>>> list_all_audit(transaction& tx, const tenant_id& of,
                                                      const std::string& action, const std::string& cursor,
                                                      std::size_t limit) {
  tx.defer(patience);
  return newest_of_all<audit_line>(tx, all_audit, of, cursor, limit, audit_columns, read_audit,
                                   [](const audit_line& a) { return a.id; }, {text_or_null(action)});
}

result<sorted_page<of_tenant<waiting_approval>>> list_all_approvals(transaction& tx, const tenant_id& of,
                                                                    const std::optional<sort_mark>& after,
                                                                    std::size_t limit) {
  const auto size = page_size(limit);
  tx.defer(patience);
  auto found = tx.query(approvals, {of, after ? sql_value(after->key) : sql_value(),
                                    after ? sql_value(after->tenant) : sql_value(),
                                    after ? text_or_null(after->id) : sql_value(), size + 1});
  if (!found && after && found.error().code == "data_exception")
    return failure(errc::invalid, "malformed_cursor", "Cursors come from next_cursor.", "cursor");
  if (!found) return tl::unexpected(std::move(found.error()));
  sorted_page<of_tenant<waiting_approval>> page;
  for (std::size_t i = 0; i < found->size() && i < size; ++i) page.items.push_back(read_approval(*found, i));
  if (found->size() > size)
    page.next =
        sort_mark{found->text(size - 1, 7), page.items.back().tenant, page.items.back().what.provider.str()};
  return page;
}

result<std::vector<hour_line>> count_hours(transaction& tx, const tenant_id& of, int hours, instant now) {
  const auto count = std::clamp(hours, 1, timeline_hours);
  const instant first = std::chrono::floor<std::chrono::hours>(now) - std::chrono::hours(count - 1);
  tx.defer(patience);
  auto found = tx.query(hours_sql, {first_uuid_of(first), first, of});
  if (!found) return tl::unexpected(std::move(found.error()));
  std::vector<hour_line> lines(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < lines.size(); ++i)
    lines[i].begins = first + std::chrono::hours(static_cast<int>(i));
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto at = (found->time(i, 0) - first) / std::chrono::hours(1);
    if (at < 0 || at >= count) continue; // of a clock that is ahead
    auto& line = lines[static_cast<std::size_t>(at)];
    line.runs_succeeded = found->integer(i, 1);
    line.runs_failed = found->integer(i, 2);
    line.notices = found->integer(i, 3);
    line.events_read = found->integer(i, 4);
    line.events_applied = found->integer(i, 5);
    line.writes = found->integer(i, 6);
    line.conflicts = found->integer(i, 7);
  }
  return lines;
}

} // namespace kalends::persistence
