// SPDX-License-Identifier: Apache-2.0
#include "persistence/ledger.hpp"

#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

namespace kalends::persistence {
namespace {

/// Ids are made a little before their decision is committed, which is when it counts as decided.
constexpr auto made_before = std::chrono::hours(24);

#define KALENDS_LEDGER(narrowed)                                                                             \
  "SELECT " KALENDS_DECISION_COLUMNS ", e.title"                                                             \
  " FROM decisions d LEFT JOIN entries e ON e.tenant_id = d.tenant_id AND e.entry_id = d.entry_id"           \
  " AND ($4::uuid IS NULL OR $4 = ANY (e.assigned))"                                                         \
  " WHERE d.tenant_id = $1 AND d.decision_id < $2 AND d.decision_id >= $5"                                   \
  " AND d.decided_at >= $6 AND d.decided_at < $7"                                                            \
  " AND ($8::uuid IS NULL OR d.provider_id = $8) AND ($9::text IS NULL OR d.event_id = $9)"                  \
  " AND ($10::smallint IS NULL OR d.reason = $10)"                                                           \
  " AND ($4 IS NULL OR d.provider_id IN (SELECT own.provider_id FROM providers own"                          \
  " WHERE own.tenant_id = $1 AND own.user_id = $4 AND own.scope = 'user')"                                   \
  " OR (d.provider_id IS NULL AND e.entry_id IS NOT NULL))" narrowed " ORDER BY d.decision_id DESC LIMIT $3"

const statement select_ledger{"list_ledger", KALENDS_LEDGER("")};
const statement select_ledger_of{"list_ledger_of_entry", KALENDS_LEDGER(" AND d.entry_id = $11")};
const statement select_ledger_titled{
    "list_ledger_by_title",
    KALENDS_LEDGER(" AND d.entry_id IN (SELECT t.entry_id FROM entries t WHERE t.tenant_id = $1"
                   " AND ($4 IS NULL OR $4 = ANY (t.assigned)) AND t.title ILIKE $11)")};

/// A pattern that finds `part` itself, whatever is in it.
std::string containing(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

ledger_line read_line(const rows& found, std::size_t row) {
  return {read_decision(found, row), found.optional_text(row, decision_columns)};
}

} // namespace

result<page_of<ledger_line>> list_ledger(transaction& tx, const ledger_filter& filter,
                                         const std::string& cursor, std::size_t limit) {
  const auto after = continue_from(cursor, highest_uuid);
  if (!after) return tl::unexpected(after.error());
  const auto size = page_size(limit);
  const auto earliest = filter.from ? first_uuid(instant(*filter.from - made_before)) : lowest_uuid;
  std::vector<sql_value> values{tx.tenant(),
                                *after,
                                size + 1,
                                filter.of_person,
                                earliest,
                                filter.from ? sql_value(*filter.from) : sql_value("-infinity"),
                                filter.to ? sql_value(*filter.to) : sql_value("infinity"),
                                filter.provider,
                                text_or_null(filter.event.str()),
                                filter.why ? sql_value(number_of(*filter.why)) : sql_value()};
  const auto* asked = &select_ledger;
  if (!filter.entry.empty()) {
    asked = &select_ledger_of;
    values.emplace_back(filter.entry);
  } else if (!filter.title.empty()) {
    asked = &select_ledger_titled;
    values.emplace_back(containing(filter.title));
  }
  auto found = tx.query(*asked, values);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<ledger_line>(*found, size, read_line, [](const ledger_line& d) { return d.what.id; });
}

} // namespace kalends::persistence
