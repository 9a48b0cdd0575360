// SPDX-License-Identifier: Apache-2.0
#include "persistence/dead_letters.hpp"

#include "persistence/letter_rows.hpp"
#include "persistence/own_things.hpp"
#include "persistence/row_codec.hpp"

#include <utility>

namespace kalends::persistence {
namespace {

const statement select_letters{
    "list_letters",
    "SELECT " KALENDS_LETTER("") " FROM dead_letters WHERE tenant_id = $1 AND letter_id < $2"
                                 " AND ($4::uuid IS NULL OR provider_id = $4)"
                                 " AND ($5::uuid IS NULL OR entry_id = $5)"
                                 " AND ($6::text IS NULL OR code = $6)"
                                 " AND ($7::smallint IS NULL OR state = $7)" KALENDS_OF_PERSON(
                                     "provider_id", "$8") " ORDER BY letter_id DESC LIMIT $3"};
const statement select_letter{
    "find_letter", "SELECT " KALENDS_LETTER("") " FROM dead_letters WHERE tenant_id = $1 AND letter_id = $2"};
const statement close_letter{"dismiss_letter", "UPDATE dead_letters SET state = $3, closed_at = $4"
                                               " WHERE tenant_id = $1 AND letter_id = $2 AND state = 0"};

template <class Tag>
sql_value id_or_null(const id<Tag>& v) {
  return v.empty() ? sql_value() : sql_value(v);
}

} // namespace

dead_letter read_letter(const rows& found, std::size_t row) {
  dead_letter l;
  l.id = found.text(row, 0);
  l.kind = read_number(found.integer(row, 1), letter_kind::pull);
  l.provider = found.as<provider_id>(row, 2);
  l.entry = found.as<entry_id>(row, 3);
  l.event = found.as<event_id>(row, 4);
  l.action = read_number(found.integer(row, 5), push_action::remove);
  l.state = read_number(found.integer(row, 6), letter_state::dismissed);
  l.attempts = static_cast<int>(found.integer(row, 7));
  l.code = found.text(row, 8);
  l.detail = found.text(row, 9);
  l.first_failed_at = found.time(row, 10);
  l.last_failed_at = found.time(row, 11);
  l.closed_at = found.optional_time(row, 12);
  return l;
}

result<page_of<dead_letter>> list_letters(transaction& tx, const letter_filter& filter,
                                          const std::string& cursor, std::size_t limit) {
  const auto from = continue_from(cursor, highest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  auto found = tx.query(select_letters,
                        {tx.tenant(), *from, size + 1, id_or_null(filter.provider), id_or_null(filter.entry),
                         text_or_null(filter.code),
                         filter.state ? sql_value(number_of(*filter.state)) : sql_value(), filter.of_person});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<dead_letter>(*found, size, read_letter, [](const dead_letter& l) { return l.id; });
}

result<std::optional<dead_letter>> find_letter(transaction& tx, const std::string& id) {
  auto found = tx.query(select_letter, {tx.tenant(), id});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return read_letter(*found, 0);
}

result<bool> dismiss_letter(transaction& tx, const std::string& id, instant now) {
  auto done = tx.query(close_letter, {tx.tenant(), id, number_of(letter_state::dismissed), now});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected() > 0;
}

} // namespace kalends::persistence
