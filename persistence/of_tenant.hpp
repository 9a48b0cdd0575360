// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/row_codec.hpp"
#include "persistence/transaction.hpp"
#include "schema/directory.hpp"

#include <string>
#include <utility>

/// Lists over all tenants: for `database::look`.
namespace kalends::persistence {

/// Something of a tenant's, and whose it is.
template <class T>
struct of_tenant {
  T what;
  tenant_id tenant;
  std::string tenant_name;
};

/// Of each tenant the newest, of these the newest: `SELECT <columns> … WHERE <alias>.tenant_id = t.tenant_id
/// AND <alias>.<id> < $1 … ORDER BY <id> DESC LIMIT $2`, which walks an index that begins with the tenant.
/// Ids are UUIDv7: their order is that of time. $3: one tenant, or NULL.
#define KALENDS_NEWEST_OF_ALL(columns, from, alias, id, narrowed)                                            \
  "SELECT x.*, t.tenant_id, t.name FROM tenants t CROSS JOIN LATERAL (SELECT " columns " FROM " from         \
  " " alias " WHERE " alias ".tenant_id = t.tenant_id AND " alias "." id " < $1" narrowed " ORDER BY " alias \
  "." id " DESC LIMIT $2) x WHERE ($3::uuid IS NULL OR t.tenant_id = $3)"                                    \
  " ORDER BY x." id " DESC LIMIT $2"

/// Asks such a statement; `more` are its values from $4 on. `columns` is how many `read` reads.
template <class T, class Read, class Id>
result<page_of<of_tenant<T>>> newest_of_all(transaction& tx, const statement& s, const tenant_id& of,
                                            const std::string& cursor, std::size_t limit, int columns,
                                            Read read, Id id_of, std::vector<sql_value> more = {}) {
  const auto from = continue_from(cursor, highest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  std::vector<sql_value> values{*from, size + 1, of};
  values.insert(values.end(), more.begin(), more.end());
  auto found = tx.query(s, values);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<of_tenant<T>>(
      *found, size,
      [&](const rows& r, std::size_t row) {
        return of_tenant<T>{read(r, row), r.as<tenant_id>(row, columns), r.text(row, columns + 1)};
      },
      [&](const of_tenant<T>& line) { return id_of(line.what); });
}

} // namespace kalends::persistence
