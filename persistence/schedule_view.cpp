// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule_view.hpp"

#include "persistence/entry_ranges.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

// KALENDS_ENTRY_COLUMNS without the long texts that a view of many does not show.
#define KALENDS_VIEW_COLUMNS                                                                                 \
  "e.tenant_id, e.entry_id, e.version, e.title,"                                                             \
  " CASE WHEN strpos(e.recurrence, '\"changed\"') > 0 THEN e.notes ELSE '' END, e.location, e.starts,"       \
  " e.ends, e.is_private, e.is_tentative, e.status, e.work_type, e.work_id, e.assigned::text, e.origin,"     \
  " e.created_at, e.updated_at, e.recurrence, '', e.occurrences"
// The range narrows more than the person does: whose an entry is, is looked up in its own row.
#define KALENDS_VIEW_OF                                                                                      \
  "SELECT " KALENDS_VIEW_COLUMNS " FROM entries e WHERE e.tenant_id = $1"                                    \
  " AND e.ends_at > $3 AND e.starts_at < $4 AND ($5::uuid IS NULL OR e.assigned @> ARRAY[$5::uuid])"
#define KALENDS_VIEW_SINGLE(kind)                                                                            \
  KALENDS_VIEW_OF " AND (e.starts_at, e.entry_id) > ($6, $7)" kind                                           \
                  " ORDER BY e.starts_at, e.entry_id LIMIT $2"
#define KALENDS_VIEW_SERIES(kind) KALENDS_VIEW_OF " AND e.ends_at >= $6" kind " LIMIT $2"

namespace kalends::persistence {
namespace {

const statement select_of_hours{"range_of_hours", KALENDS_VIEW_SINGLE(KALENDS_OF_HOURS)};
const statement select_of_days{"range_of_days", KALENDS_VIEW_SINGLE(KALENDS_OF_DAYS)};
const statement select_of_months{"range_of_months", KALENDS_VIEW_SINGLE(KALENDS_OF_MONTHS)};
const statement select_series_of_weeks{"range_of_weeks",
                                       KALENDS_VIEW_SERIES(" AND e.starts_at >= $7" KALENDS_SERIES_OF_WEEKS)};
const statement select_series_of_years{"range_of_years", KALENDS_VIEW_SERIES(KALENDS_SERIES_OF_YEARS)};

// The outbox has no index by entry: it is gone through once, not once per mapping. An entry that is new in a
// calendar has a row there before it has a mapping.
const statement select_standings{
    "list_standings",
    "WITH waiting AS MATERIALIZED (SELECT o.provider_id, o.entry_id, max(o.error_code) AS failed FROM outbox "
    "o"
    " WHERE o.tenant_id = $1 AND o.entry_id = ANY ($2::uuid[]) GROUP BY 1, 2),"
    " mapped AS (SELECT * FROM mappings m WHERE m.tenant_id = $1 AND m.entry_id = ANY ($2::uuid[])"
    " AND m.removal_gate <> 3)"
    " SELECT entry_id, provider_id, s.status, s.problem_code, s.rehearsing, s.held_from_calendar,"
    " coalesce(s.held_approved, true), coalesce(m.linked, false), coalesce(m.removing, false),"
    " w.entry_id IS NOT NULL, w.failed,"
    " (SELECT max(k.conflict_id::text) FROM conflicts k WHERE k.tenant_id = $1 AND k.state = 0"
    " AND k.entry_id = coalesce(m.entry_id, w.entry_id) AND k.provider_id = s.provider_id),"
    " (SELECT l.code FROM dead_letters l WHERE l.tenant_id = $1 AND l.kind = 0 AND l.state = 0"
    " AND l.entry_id = coalesce(m.entry_id, w.entry_id) AND l.provider_id = s.provider_id),"
    " (SELECT CASE WHEN d.reason = $3 AND e.version = m.entry_version THEN d.inputs END"
    " FROM decisions d JOIN entries e ON e.tenant_id = d.tenant_id AND e.entry_id = d.entry_id"
    " WHERE d.tenant_id = $1 AND d.entry_id = m.entry_id AND d.provider_id = m.provider_id"
    " AND d.reason IN ($3, $4, $5) ORDER BY d.decision_id DESC LIMIT 1), coalesce(m.removal_gate = 1, false)"
    " FROM mapped m FULL JOIN waiting w USING (entry_id, provider_id)"
    " JOIN provider_state s USING (provider_id) WHERE s.tenant_id = $1 ORDER BY entry_id, provider_id"};

/// "code" of a decision's inputs.
std::string code_in(const std::string& inputs) {
  boost::json::error_code failed;
  const auto told = boost::json::parse(inputs, failed);
  const auto* fields = failed ? nullptr : told.if_object();
  const auto* code = fields ? fields->if_contains("code") : nullptr;
  return code && code->is_string() ? std::string(code->as_string()) : std::string();
}

/// What is known of one entry in one calendar, as its rows say.
struct standing_row {
  provider_status status{};
  std::string problem;
  bool rehearsing = false;
  bool entries_held = false; ///< entries of this calendar would go: a yes is waited for
  bool event_held = false;   ///< the event would go: a yes is waited for
  bool linked = false;
  bool removing = false;
  bool pending = false;
  std::string failed; ///< why the last attempt to write did
  std::string conflict_id;
  std::string letter; ///< the code of an open dead letter
  std::string unsayable;
};

standing_row read_standing(const rows& r, std::size_t i) {
  standing_row s;
  s.status = read_enum<provider_status>(r.view(i, 2));
  s.problem = r.text(i, 3);
  s.rehearsing = r.boolean(i, 4);
  s.entries_held = !r.is_null(i, 5) && r.boolean(i, 5) && !r.boolean(i, 6);
  s.event_held = r.boolean(i, 14);
  s.linked = r.boolean(i, 7);
  s.removing = r.boolean(i, 8);
  s.pending = r.boolean(i, 9);
  s.failed = r.text(i, 10);
  s.conflict_id = r.text(i, 11);
  s.letter = r.text(i, 12);
  if (const auto inputs = r.optional_text(i, 13)) s.unsayable = code_in(*inputs);
  return s;
}

/// The word that a person has to act upon comes first.
std::pair<standing, std::string> standing_of(const standing_row& s) {
  const auto code = [](reason r) { return std::string(name_of(r)); };
  if (!s.conflict_id.empty()) return {standing::conflict, code(reason::pull_conflict_manual)};
  if (s.status != provider_status::active)
    return {standing::off, s.problem.empty() ? std::string(name_of(s.status)) : s.problem};
  if (s.rehearsing) return {standing::off, "rehearsing"};
  if (!s.pending && !s.letter.empty()) return {standing::refused, s.letter};
  if (!s.pending && !s.removing && !s.unsayable.empty()) return {standing::refused, s.unsayable};
  if (s.removing && s.event_held) return {standing::held, code(reason::push_held)};
  if (s.pending || s.removing || !s.linked)
    return {standing::waiting, s.failed.empty() ? s.letter : s.failed};
  if (s.entries_held) return {standing::held, code(reason::pull_held)};
  return {standing::in_step, ""};
}

/// Where to begin: after `after`, and after everything that starts at `first` or before.
std::optional<range_filter::place> later_of(std::optional<instant> first,
                                            const std::optional<range_filter::place>& after) {
  if (!first || (after && after->start > *first)) return after;
  return range_filter::place{*first, entry_id(highest_uuid)};
}

void append(std::vector<schedule_entry>& to, const rows& found) {
  auto more = read_all<schedule_entry>(found, read_entry);
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

} // namespace

result<range_entries> list_range(transaction& tx, const range_filter& filter, std::size_t limit) {
  const auto values = [&](std::size_t most, std::vector<sql_value> more) {
    std::vector<sql_value> all{tx.tenant(), most, filter.from, filter.to, filter.assigned_to};
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return all;
  };
  const auto single = [&](std::optional<instant> first) {
    const auto begin = later_of(first, filter.after);
    return values(limit, {begin ? sql_value(begin->start) : sql_value("-infinity"),
                          begin ? sql_value(begin->entry) : sql_value(lowest_uuid)});
  };
  const auto still_on = filter.after ? std::max(filter.from, filter.after->start) : filter.from;
  auto found = tx.query_all(
      {{select_of_hours, single(filter.from - of_hours)},
       {select_of_days, single(filter.from - of_days)},
       {select_of_months, single(std::nullopt)},
       {select_series_of_weeks, values(most_series_of_range + 1, {still_on, still_on - of_weeks})},
       {select_series_of_years, values(most_series_of_range + 1, {still_on})}});
  if (!found) return tl::unexpected(std::move(found.error()));
  range_entries all;
  for (std::size_t i = 0; i < 3; ++i) append(all.single, (*found)[i]);
  for (std::size_t i = 3; i < 5; ++i) append(all.series, (*found)[i]);
  const auto by_place = [](const schedule_entry& x, const schedule_entry& y) {
    return std::pair(instant_of(x.what.start), x.id) < std::pair(instant_of(y.what.start), y.id);
  };
  std::sort(all.single.begin(), all.single.end(), by_place);
  if (all.single.size() > limit) all.single.resize(limit);
  return all;
}

result<std::map<entry_id, std::vector<standing_line>>> list_standings(transaction& tx,
                                                                      const std::vector<entry_id>& entries) {
  std::map<entry_id, std::vector<standing_line>> all;
  if (entries.empty()) return all;
  sql_array ids;
  for (const auto& e : entries) ids.add_text(e.str());
  auto found =
      tx.query(select_standings, {tx.tenant(), ids, number_of(reason::push_unsayable),
                                  number_of(reason::push_inserted), number_of(reason::push_updated)});
  if (!found) return tl::unexpected(std::move(found.error()));
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto row = read_standing(*found, i);
    auto [state, why] = standing_of(row);
    all[found->as<entry_id>(i, 0)].push_back(
        {found->as<provider_id>(i, 1), state, std::move(why), std::move(row.conflict_id)});
  }
  return all;
}

std::string_view name_of(standing s) {
  switch (s) {
  case standing::in_step:
    return "in_step";
  case standing::waiting:
    return "waiting";
  case standing::conflict:
    return "conflict";
  case standing::refused:
    return "refused";
  case standing::held:
    return "held";
  case standing::off:
    return "off";
  }
  return "";
}

} // namespace kalends::persistence
