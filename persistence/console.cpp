// SPDX-License-Identifier: Apache-2.0
#include "persistence/console.hpp"

#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <array>
#include <charconv>
#include <deque>
#include <utility>

namespace kalends::persistence {
namespace {

/// Work of this tenant is stopped; `d` is its line of tenant_directory.
#define KALENDS_STOPPED "(d.work_stopped_at IS NOT NULL OR (SELECT stopped_at IS NOT NULL FROM work_switch))"
/// Deletions of its events wait for a person.
#define KALENDS_HOLDS_EVENTS                                                                                 \
  "EXISTS (SELECT FROM mappings h WHERE h.tenant_id = p.tenant_id AND h.provider_id = p.provider_id"         \
  " AND h.removal_gate = 1)"
/// `provider_health`; `$4` is now.
#define KALENDS_HEALTH                                                                                       \
  "CASE WHEN s.status IN ('pending_authorization', 'paused', 'leaving') THEN 'idle'"                         \
  " WHEN s.status = 'action_required' THEN 'needs_person' WHEN " KALENDS_STOPPED " THEN 'stopped'"           \
  " WHEN s.problem_code IS NOT NULL OR s.channel_failures > 0 THEN 'failing'"                                \
  " WHEN s.rehearsing OR (s.held_since IS NOT NULL AND NOT s.held_approved) OR " KALENDS_HOLDS_EVENTS        \
  " THEN 'waiting'"                                                                                          \
  " WHEN s.channel_silent_since IS NOT NULL OR s.stale_since < $4::timestamptz - interval '10 minutes'"      \
  " OR coalesce(s.last_sync_at, p.created_at) < $4::timestamptz - interval '1 hour' THEN 'late'"             \
  " ELSE 'well' END"

constexpr std::pair<provider_health, std::string_view> healths[] = {
    {provider_health::idle, "idle"},       {provider_health::needs_person, "needs_person"},
    {provider_health::stopped, "stopped"}, {provider_health::failing, "failing"},
    {provider_health::waiting, "waiting"}, {provider_health::late, "late"},
    {provider_health::well, "well"}};

/// A key that a list is sorted by: never NULL, of this type. Texts are cut so that a cursor stays short.
struct sort_key {
  std::string_view name, type, sql, needs;
};
constexpr std::string_view with_channels =
    " LEFT JOIN (SELECT tenant_id, provider_id, max(expires_at) AS ends FROM channels GROUP BY 1, 2) c"
    " ON c.tenant_id = p.tenant_id AND c.provider_id = p.provider_id";
constexpr std::string_view with_letters =
    " LEFT JOIN (SELECT tenant_id, provider_id, count(*) AS n FROM dead_letters WHERE state = 0"
    " GROUP BY 1, 2) l ON l.tenant_id = p.tenant_id AND l.provider_id = p.provider_id";
constexpr sort_key sort_keys[] = {
    {"name", "text", "left(lower(coalesce(nullif(p.account, ''), p.calendar_name)), 60) COLLATE \"C\"", ""},
    {"tenant", "text", "left(lower(t.name), 60) COLLATE \"C\"", ""},
    {"state", "text", "s.status COLLATE \"C\"", ""},
    {"last_sync", "timestamptz", "coalesce(s.last_sync_at, '-infinity'::timestamptz)", ""},
    {"next_poll", "timestamptz", "coalesce(s.next_poll_at, 'infinity'::timestamptz)", ""},
    {"channel_expiry", "timestamptz", "coalesce(c.ends, 'infinity'::timestamptz)", with_channels},
    {"failures", "bigint", "(s.channel_failures + coalesce(l.n, 0))::bigint", with_letters},
};

/// $1 tenant, $2 type, $3 status, $4 now, $5 health, $6 words, $7 to $9 the last row's key, tenant and id,
/// $10 how many. Only the rows of the page are looked at closely.
std::string page_sql(const sort_key& by, bool descending) {
  const std::string key(by.sql), type(by.type), way = descending ? " DESC" : "",
                                                past = descending ? "<" : ">";
  const std::string order = way + ", tenant_id" + way + ", provider_id" + way;
  return "WITH every AS (SELECT p.tenant_id, p.provider_id, t.name AS tenant_name, " KALENDS_STOPPED
         " AS stopped, " KALENDS_HEALTH " AS health, " +
         key +
         " AS key FROM providers p JOIN provider_state s ON s.tenant_id = p.tenant_id"
         " AND s.provider_id = p.provider_id JOIN tenants t ON t.tenant_id = p.tenant_id"
         " JOIN tenant_directory d ON d.tenant_id = p.tenant_id" +
         std::string(by.needs) +
         " WHERE ($1::uuid IS NULL OR p.tenant_id = $1) AND ($2::text IS NULL OR p.type = $2)"
         " AND ($3::text IS NULL OR s.status = $3) AND ($6::text IS NULL OR position(lower($6) IN"
         " lower(p.account || ' ' || p.calendar_name || ' ' || t.name)) > 0)),"
         " page AS MATERIALIZED (SELECT * FROM every WHERE ($5::text IS NULL OR health = $5)"
         " AND ($7::" +
         type + " IS NULL OR (key, tenant_id, provider_id) " + past +
         " ($7, $8::uuid, $9::uuid))"
         " ORDER BY key" +
         order +
         " LIMIT $10)"
         " SELECT " KALENDS_PROVIDER_COLUMNS ", x.tenant_id, x.tenant_name, u.email, x.stopped, x.health,"
         " x.key::text, s.stale_since,"
         " (SELECT count(*) FROM outbox o WHERE o.tenant_id = p.tenant_id AND o.provider_id = p.provider_id),"
         " (SELECT count(*) FROM dead_letters d WHERE d.tenant_id = p.tenant_id"
         " AND d.provider_id = p.provider_id AND d.state = 0),"
         " (SELECT count(*) FROM conflicts k WHERE k.tenant_id = p.tenant_id"
         " AND k.provider_id = p.provider_id AND k.state = 0)"
         " FROM page x JOIN providers p ON p.tenant_id = x.tenant_id AND p.provider_id = x.provider_id"
         " JOIN provider_state s ON s.tenant_id = x.tenant_id AND s.provider_id = x.provider_id"
         " LEFT JOIN users u ON u.tenant_id = p.tenant_id AND u.user_id = p.user_id"
         " ORDER BY x.key" +
         way + ", x.tenant_id" + way + ", x.provider_id" + way;
}

/// Made once, and kept as long as the program lives, as statements have to be.
const statement& page_statement(provider_sort by, bool descending) {
  struct kept {
    std::deque<std::string> texts;
    std::vector<statement> all;
  };
  static const kept made = [] {
    kept k;
    for (const auto& key : sort_keys)
      for (const bool down : {false, true})
        k.all.push_back({"all_providers_page", k.texts.emplace_back(page_sql(key, down)).c_str()});
    return k;
  }();
  return made.all.at(static_cast<std::size_t>(by) * 2 + (descending ? 1 : 0));
}

provider_line read_line(const rows& found, std::size_t row) {
  constexpr int own = provider_columns;
  provider_line l;
  l.what = read_provider(found, row);
  l.tenant = found.as<tenant_id>(row, own);
  l.tenant_name = found.text(row, own + 1);
  l.user_email = found.text(row, own + 2);
  l.work_stopped = found.boolean(row, own + 3);
  l.health = read_health(found.view(row, own + 4)).value();
  l.stale_since = found.optional_time(row, own + 6);
  l.outbox_waiting = found.integer(row, own + 7);
  l.open_dead_letters = found.integer(row, own + 8);
  l.open_conflicts = found.integer(row, own + 9);
  return l;
}

constexpr statement patience{"console_patience", "SELECT set_config('statement_timeout', '5000', true)"};

// $1: the tenants, NULL for all. What is grouped by tenant is the same question about few.
#define KALENDS_COUNT_CALENDARS(of)                                                                          \
  "SELECT " of " AS of, type, status, health, count(*), count(*) FILTER (WHERE read >= $4::timestamptz -"    \
  " interval '5 minutes'), count(*) FILTER (WHERE read >= $4::timestamptz - interval '1 hour'),"             \
  " count(*) FILTER (WHERE read >= $4::timestamptz - interval '1 day'), count(read), min(read),"             \
  " count(stale_since), min(stale_since), count(*) FILTER (WHERE asks)"                                      \
  " FROM (SELECT p.tenant_id, p.type, s.status, " KALENDS_HEALTH                                             \
  " AS health, CASE WHEN s.status = 'active' THEN s.last_sync_at END AS read, s.stale_since,"                \
  " s.held_since IS NOT NULL AND NOT s.held_approved OR " KALENDS_HOLDS_EVENTS                               \
  " OR (s.rehearsing AND EXISTS (SELECT FROM rehearsals r"                                                   \
  " WHERE r.tenant_id = p.tenant_id AND r.provider_id = p.provider_id)) AS asks"                             \
  " FROM providers p JOIN provider_state s ON s.tenant_id = p.tenant_id AND s.provider_id = p.provider_id"   \
  " JOIN tenant_directory d ON d.tenant_id = p.tenant_id"
#define KALENDS_COUNT_BACKLOG(of, which)                                                                     \
  "SELECT " of ", sum(rows), min(oldest), sum(conflicts), sum(letters) FROM (SELECT tenant_id,"              \
  " count(*) AS rows, min(outbox_id::text COLLATE \"C\") AS oldest, 0::bigint AS conflicts,"                 \
  " 0::bigint AS letters FROM outbox" which " GROUP BY 1 UNION ALL SELECT tenant_id, 0, NULL, count(*), 0"   \
  " FROM conflicts" which " AND state = 0 GROUP BY 1 UNION ALL SELECT tenant_id, 0, NULL, 0, count(*)"       \
  " FROM dead_letters" which " AND state = 0 GROUP BY 1) b GROUP BY 1"

// The unused parameters keep the numbers of KALENDS_HEALTH.
constexpr statement count_all{"count_installation",
                              KALENDS_COUNT_CALENDARS("NULL::uuid") " WHERE ($1::uuid[] IS NULL AND $2::int"
                                                                    " IS NULL AND $3::int IS NULL)) x"
                                                                    " GROUP BY 1, 2, 3, 4"};
constexpr statement count_some{"count_tenants",
                               KALENDS_COUNT_CALENDARS("tenant_id") " WHERE p.tenant_id = ANY ($1::uuid[])"
                                                                    " AND $2::int IS NULL"
                                                                    " AND $3::int IS NULL) x"
                                                                    " GROUP BY 1, 2, 3, 4"};
constexpr statement backlog_of_all{"backlog_of_all", KALENDS_COUNT_BACKLOG("NULL::uuid", " WHERE true")};
constexpr statement backlog_of_some{
    "backlog_of_some", KALENDS_COUNT_BACKLOG("tenant_id", " WHERE tenant_id = ANY ($1::uuid[])")};
constexpr statement count_directory{"count_directory",
                                    "SELECT count(*), count(work_stopped_at), (SELECT stopped_at IS NOT NULL"
                                    " FROM work_switch) FROM tenant_directory"};

/// The time in a UUIDv7's first 48 bits.
std::optional<instant> made_at(const std::optional<std::string>& uuid) {
  if (!uuid || uuid->size() < 13) return std::nullopt;
  const auto digits = uuid->substr(0, 8) + uuid->substr(9, 4);
  std::int64_t ms = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), ms, 16);
  if (bad != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return instant(std::chrono::milliseconds(ms));
}

std::optional<instant> earlier(std::optional<instant> a, std::optional<instant> b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

void add_calendars(operator_figures& to, const rows& found, std::size_t row) {
  const auto status = found.text(row, 2);
  const auto n = found.integer(row, 4);
  to.providers += n;
  to.by_type[found.text(row, 1)] += n;
  to.by_state[status] += n;
  to.by_health[found.text(row, 3)] += n;
  const auto recent = found.integer(row, 5), hour = found.integer(row, 6), day = found.integer(row, 7);
  const auto ever = found.integer(row, 8);
  to.read_within_5_minutes += recent;
  to.read_within_1_hour += hour - recent;
  to.read_within_1_day += day - hour;
  to.read_earlier += ever - day;
  if (status == name_of(provider_status::active)) to.never_read += n - ever;
  to.oldest_read = earlier(to.oldest_read, found.optional_time(row, 9));
  to.stale_marks += found.integer(row, 10);
  to.oldest_mark = earlier(to.oldest_mark, found.optional_time(row, 11));
  to.approvals_waiting += found.integer(row, 12);
}

void add_backlog(operator_figures& to, const rows& found, std::size_t row) {
  to.outbox_rows += found.integer(row, 1);
  to.oldest_outbox_row = earlier(to.oldest_outbox_row, made_at(found.optional_text(row, 2)));
  to.open_conflicts += found.integer(row, 3);
  to.open_dead_letters += found.integer(row, 4);
}

} // namespace

std::string_view name_of(provider_health h) {
  for (const auto& [value, name] : healths)
    if (value == h) return name;
  throw std::domain_error("not a health");
}

std::optional<provider_health> read_health(std::string_view word) {
  for (const auto& [value, name] : healths)
    if (name == word) return value;
  return std::nullopt;
}

std::optional<provider_sort> read_provider_sort(std::string_view word) {
  for (std::size_t i = 0; i < std::size(sort_keys); ++i)
    if (sort_keys[i].name == word) return static_cast<provider_sort>(i);
  return std::nullopt;
}

result<sorted_page<provider_line>> list_all_providers(transaction& tx, const provider_question& q,
                                                      instant now) {
  const auto size = page_size(q.limit);
  const auto& after = q.after;
  tx.defer(patience);
  auto found =
      tx.query(page_statement(q.by, q.descending),
               {q.tenant, q.type ? sql_value(name_of(*q.type)) : sql_value(),
                q.status ? sql_value(name_of(*q.status)) : sql_value(), now,
                q.health ? sql_value(name_of(*q.health)) : sql_value(), text_or_null(q.words),
                after ? sql_value(after->key) : sql_value(), after ? sql_value(after->tenant) : sql_value(),
                after ? text_or_null(after->id) : sql_value(), size + 1});
  if (!found && after && found.error().code == "data_exception")
    return failure(errc::invalid, "malformed_cursor", "Cursors come from next_cursor.", "cursor");
  if (!found) return tl::unexpected(std::move(found.error()));
  sorted_page<provider_line> page;
  for (std::size_t i = 0; i < found->size() && i < size; ++i) page.items.push_back(read_line(*found, i));
  if (found->size() > size)
    page.next = sort_mark{found->text(size - 1, provider_columns + 5), page.items.back().tenant,
                          page.items.back().what.id.str()};
  return page;
}

result<whole_standing> count_installation(transaction& tx, instant now) {
  tx.defer(patience);
  auto found = tx.query_all({{count_all, {sql_value(), sql_value(), sql_value(), now}},
                             {backlog_of_all, {}},
                             {count_directory, {}}});
  if (!found) return tl::unexpected(std::move(found.error()));
  whole_standing whole;
  for (std::size_t i = 0; i < (*found)[0].size(); ++i) add_calendars(whole.all, (*found)[0], i);
  for (std::size_t i = 0; i < (*found)[1].size(); ++i) add_backlog(whole.all, (*found)[1], i);
  const auto& directory = (*found)[2];
  whole.tenants = directory.integer(0, 0);
  whole.tenants_stopped = directory.integer(0, 1);
  whole.everything_stopped = directory.boolean(0, 2);
  return whole;
}

result<std::map<tenant_id, operator_figures>>
count_tenants(transaction& tx, const std::vector<tenant_id>& tenants, instant now) {
  sql_array ids;
  std::map<tenant_id, operator_figures> all;
  for (const auto& t : tenants) {
    ids.add(t);
    all.try_emplace(t);
  }
  tx.defer(patience);
  auto found =
      tx.query_all({{count_some, {ids, sql_value(), sql_value(), now}}, {backlog_of_some, {sql_value(ids)}}});
  if (!found) return tl::unexpected(std::move(found.error()));
  const auto& calendars = (*found)[0];
  const auto& backlog = (*found)[1];
  for (std::size_t i = 0; i < calendars.size(); ++i)
    add_calendars(all[calendars.as<tenant_id>(i, 0)], calendars, i);
  for (std::size_t i = 0; i < backlog.size(); ++i) add_backlog(all[backlog.as<tenant_id>(i, 0)], backlog, i);
  return all;
}

} // namespace kalends::persistence
