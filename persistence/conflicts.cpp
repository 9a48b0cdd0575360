// SPDX-License-Identifier: Apache-2.0
#include "persistence/conflicts.hpp"

#include "persistence/conflict_rows.hpp"
#include "persistence/own_things.hpp"

namespace kalends::persistence {
namespace {

constexpr std::size_t uid_bytes = 1'024;

const statement select_conflicts{"list_conflicts",
                                 "SELECT " KALENDS_CONFLICT_COLUMNS
                                 " FROM conflicts c WHERE c.tenant_id = $1 AND c.conflict_id < $2"
                                 " AND ($4::smallint IS NULL OR c.state = $4)"
                                 " AND ($5::uuid IS NULL OR c.provider_id = $5)"
                                 " AND ($6::uuid IS NULL OR c.entry_id = $6)" KALENDS_OF_PERSON(
                                     "c.provider_id", "$7") " ORDER BY c.conflict_id DESC LIMIT $3"};
const statement select_conflict{"find_conflict",
                                "SELECT " KALENDS_CONFLICT_COLUMNS
                                " FROM conflicts c WHERE c.tenant_id = $1 AND c.conflict_id = $2"};

} // namespace

const statement add_meetings{
    "add_meetings",
    "INSERT INTO meetings (tenant_id, ical_uid, entry_id) SELECT n.tenant_id, n.ical_uid, n.entry_id"
    " FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS n(tenant_id, ical_uid, entry_id)"
    " JOIN entries e ON e.tenant_id = n.tenant_id AND e.entry_id = n.entry_id ON CONFLICT DO NOTHING"};

const statement put_conflicts{
    "put_conflicts",
    "INSERT INTO conflicts (tenant_id, conflict_id, provider_id, entry_id, event_id, groups, state, choice,"
    " decided_by, base, entry_values, event_values, entry_version, event_version, opened_at, resolved_at,"
    " from_calendar) SELECT n.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], "
    "$6::integer[],"
    " $7::smallint[], $8::smallint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[],"
    " $14::text[], $15::timestamptz[], $16::timestamptz[], $17::integer[]) AS n(tenant_id, conflict_id, "
    "provider_id,"
    " entry_id, event_id, groups, state, choice, decided_by, base, entry_values, event_values,"
    " entry_version, event_version, opened_at, resolved_at, from_calendar)"
    " JOIN entries e ON e.tenant_id = n.tenant_id AND e.entry_id = n.entry_id"
    " ON CONFLICT (tenant_id, conflict_id) DO UPDATE SET event_id = excluded.event_id,"
    " groups = excluded.groups, state = excluded.state, choice = excluded.choice,"
    " decided_by = excluded.decided_by, base = excluded.base, entry_values = excluded.entry_values,"
    " event_values = excluded.event_values, entry_version = excluded.entry_version,"
    " event_version = excluded.event_version, resolved_at = excluded.resolved_at,"
    " from_calendar = excluded.from_calendar"};

bool is_kept_uid(std::string_view uid) {
  return !uid.empty() && uid.size() <= uid_bytes && uid.find('\0') == std::string_view::npos;
}

void add_conflict(conflict_rows& rows, const tenant_id& t, const conflict& c) {
  rows.add(t, c.id, c.provider, c.entry, c.event, static_cast<int>(c.groups.bits()), number_of(c.state),
           c.choice ? sql_value(number_of(*c.choice)) : sql_value(), c.decided_by, write_base(c.base),
           write_base(c.local), write_base(c.external), c.entry_version, c.event_version, c.opened_at,
           c.resolved_at, static_cast<int>(c.from_calendar.bits()));
}

conflict read_conflict(const rows& found, std::size_t row) {
  conflict c;
  c.id = found.text(row, 1);
  c.provider = found.as<provider_id>(row, 2);
  c.entry = found.as<entry_id>(row, 3);
  c.event = found.as<event_id>(row, 4);
  c.groups = field_set::from_bits(static_cast<std::uint16_t>(found.integer(row, 5)));
  c.state = read_number(found.integer(row, 6), conflict_state::resolved);
  if (!found.is_null(row, 7)) c.choice = read_number(found.integer(row, 7), conflict_choice::merge);
  c.decided_by = found.text(row, 8);
  c.base = read_base(found.view(row, 9));
  c.local = read_base(found.view(row, 10));
  c.external = read_base(found.view(row, 11));
  c.entry_version = found.integer(row, 12);
  c.event_version = found.text(row, 13);
  c.opened_at = found.time(row, 14);
  c.resolved_at = found.optional_time(row, 15);
  c.from_calendar = field_set::from_bits(static_cast<std::uint16_t>(found.integer(row, 16)));
  return c;
}

result<page_of<conflict>> list_conflicts(transaction& tx, const conflict_filter& filter,
                                         const std::string& cursor, std::size_t limit) {
  const auto from = continue_from(cursor, highest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  auto found = tx.query(select_conflicts, {tx.tenant(), *from, size + 1,
                                           filter.state ? sql_value(number_of(*filter.state)) : sql_value(),
                                           filter.provider, filter.entry, filter.of_person});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<conflict>(*found, size, read_conflict, [](const conflict& c) { return c.id; });
}

result<std::optional<conflict>> find_conflict(transaction& tx, const std::string& id) {
  auto found = tx.query(select_conflict, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return read_conflict(*found, 0);
}

} // namespace kalends::persistence
