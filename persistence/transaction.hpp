// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_result;

namespace kalends::persistence {

class connection;
struct sql_call_view;

/// One parameter of a statement, in PostgreSQL's text format (or binary for bytes). NULL is `sql_value{}`.
struct sql_value {
  std::optional<std::string> text;

  sql_value() = default;
  sql_value(std::nullopt_t) {}
  sql_value(std::string s) : text(std::move(s)) {}
  sql_value(std::string_view s) : text(std::string(s)) {}
  sql_value(const char* s) : text(std::string(s)) {}
  sql_value(std::int64_t v) : text(std::to_string(v)) {}
  sql_value(int v) : text(std::to_string(v)) {}
  sql_value(std::size_t v) : text(std::to_string(v)) {}
  sql_value(bool v) : text(v ? "t" : "f") {}
  sql_value(instant t) : text(to_rfc3339(t)) {}
  template <class Tag>
  sql_value(const id<Tag>& v) : text(v.empty() ? std::nullopt : std::optional(v.str())) {}
  template <class T>
  sql_value(const std::optional<T>& v) : sql_value(v ? sql_value(*v) : sql_value()) {}
};

/// bytea in hex format.
sql_value sql_bytes(std::string_view raw);

/// Builds a PostgreSQL array literal element by element ("{…}"), for `unnest($1::text[])`. Quotes what needs
/// quoting.
class sql_array {
public:
  void add(const sql_value& v);
  void add_text(std::string_view text);
  void add_null();
  void add_bytes(std::string_view raw);
  std::size_t size() const noexcept { return size_; }
  operator sql_value() const;

private:
  std::string text_;
  std::size_t size_ = 0;
};

/// The rows of one statement. Owns the libpq result.
class rows {
public:
  explicit rows(pg_result* r);
  // Reading what is not there, or not of that kind, throws; `database::run` turns it into `work_threw` and
  // rolls back.
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  bool is_null(std::size_t row, int column) const;
  std::string_view view(std::size_t row, int column) const; ///< lives as long as this
  std::string text(std::size_t row, int column) const { return std::string(view(row, column)); }
  std::optional<std::string> optional_text(std::size_t row, int column) const;
  std::int64_t integer(std::size_t row, int column) const;
  bool boolean(std::size_t row, int column) const;
  instant time(std::size_t row, int column) const; ///< timestamptz in UTC
  std::optional<instant> optional_time(std::size_t row, int column) const;
  std::string bytes(std::size_t row, int column) const; ///< bytea
  template <class Id>
  Id as(std::size_t row, int column) const {
    return Id(text(row, column));
  }
  std::size_t affected() const; ///< of INSERT, UPDATE, DELETE

private:
  struct clear {
    void operator()(pg_result* r) const;
  };
  std::unique_ptr<pg_result, clear> result_;
};

/// A statement with a name: the name appears in logs, metrics and errors, and in the name of the prepared
/// statement each connection keeps of it. Both live as long as the program.
struct statement {
  const char* name;
  const char* sql;
};

/// One statement and its values, for `transaction::query_all`.
using sql_call = std::pair<statement, std::vector<sql_value>>;

/// An open transaction that may touch the rows of `tenants()` and of nobody else: the database's row-level
/// security is told so at its start. Lives on one database thread, inside one `database::run`. Read
/// committed.
///
/// Cost: BEGIN and the tenants travel with the first statement, so a transaction of n queries is n + 1 round
/// trips. `query_all` makes several statements one round trip, `defer` makes a write ride along with whatever
/// goes next.
///
/// The first failure dooms the transaction: later calls answer with the same error and nothing is committed,
/// even if the closure returns a value. Prefer ON CONFLICT to catching `unique_violation`.
class transaction {
public:
  transaction(connection& c, std::vector<tenant_id> tenants);
  /// Looks over all tenants' rows, of the tables that are open to operators (migration 0021); read-only.
  static transaction over_all(connection& c);
  const std::vector<tenant_id>& tenants() const noexcept { return tenants_; }
  /// The only tenant; a check fails if there are several.
  const tenant_id& tenant() const;
  /// Errors: retry_later `database_away`, `database_busy`, `serialization_failure`, `statement_timeout`;
  /// conflict `unique_violation`, `exclusion_violation`; invalid `check_violation`, `foreign_key_violation`,
  /// `not_null_violation`, `data_exception` (a value of the wrong form, or a text with a NUL); forbidden
  /// `permission_denied` (also: a row of a tenant we do not act for); broken `sql_error`. `field` names the
  /// constraint.
  result<rows> query(const statement& s, const std::vector<sql_value>& values = {});
  /// Runs them in order, in one round trip; one `rows` each. At the first failure the rest is not run.
  result<std::vector<rows>> query_all(const std::vector<sql_call>& calls);
  /// Sends it with the next query, or with COMMIT, for no round trip of its own. Its rows are dropped; its
  /// failure is the failure of that query, or of the whole work.
  void defer(const statement& s, std::vector<sql_value> values = {});

private:
  friend class database;
  result<void> commit();
  void rollback();
  /// Whatever must go first, then `calls`, then COMMIT if `ending`, as one exchange; the rows are those of
  /// `calls`.
  result<std::vector<rows>> send(std::vector<sql_call_view> calls, bool ending);

  connection& connection_;
  std::vector<tenant_id> tenants_;
  bool over_all_ = false;
  std::vector<sql_call> deferred_;
  std::optional<error> failed_;
  bool begun_ = false;
};

} // namespace kalends::persistence
