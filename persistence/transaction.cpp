// SPDX-License-Identifier: Apache-2.0
#include "persistence/transaction.hpp"

#include "persistence/connection.hpp"
#include "persistence/require.hpp"

#include <iterator>
#include <utility>

namespace kalends::persistence {
namespace {

const statement begin_sql{"begin", "BEGIN"};
const statement begin_look_sql{"begin_look", "BEGIN READ ONLY"};
const statement acting_for_all_sql{"acting_for_all", "SELECT set_config('kalends.all_tenants', 'on', true)"};
const statement acting_tenants_sql{"acting_tenants", "SELECT set_config('kalends.tenants', $1, true)"};
const statement commit_sql{"commit", "COMMIT"};
const statement rollback_sql{"rollback", "ROLLBACK"};
const std::vector<sql_value> no_values;

} // namespace

transaction::transaction(connection& c, std::vector<tenant_id> tenants)
    : connection_(c), tenants_(std::move(tenants)) {}

transaction transaction::over_all(connection& c) {
  transaction tx(c, {});
  tx.over_all_ = true;
  return tx;
}

const tenant_id& transaction::tenant() const {
  require(tenants_.size() == 1, "a transaction asked for its tenant acts for exactly one");
  return tenants_.front();
}

result<rows> transaction::query(const statement& s, const std::vector<sql_value>& values) {
  auto answers = send({{&s, &values}}, false);
  if (!answers) return tl::unexpected(std::move(answers.error()));
  return std::move(answers->front());
}

result<std::vector<rows>> transaction::query_all(const std::vector<sql_call>& calls) {
  std::vector<sql_call_view> views;
  views.reserve(calls.size());
  for (const auto& [what, values] : calls) views.push_back({&what, &values});
  return send(std::move(views), false);
}

void transaction::defer(const statement& s, std::vector<sql_value> values) {
  deferred_.emplace_back(s, std::move(values));
}

result<std::vector<rows>> transaction::send(std::vector<sql_call_view> calls, bool ending) {
  if (failed_) return tl::unexpected(*failed_);
  std::vector<sql_call_view> all;
  all.reserve(deferred_.size() + calls.size() + 3);
  std::vector<sql_value> acting;
  if (!begun_ && over_all_) {
    all.push_back({&begin_look_sql, &no_values});
    all.push_back({&acting_for_all_sql, &no_values});
  } else if (!begun_) {
    sql_array ids;
    for (const auto& t : tenants_) ids.add(t);
    acting.push_back(ids);
    all.push_back({&begin_sql, &no_values});
    all.push_back({&acting_tenants_sql, &acting});
  }
  for (const auto& [what, values] : deferred_) all.push_back({&what, &values});
  const auto first = static_cast<std::ptrdiff_t>(all.size());
  const auto count = static_cast<std::ptrdiff_t>(calls.size());
  all.insert(all.end(), calls.begin(), calls.end());
  if (ending) all.push_back({&commit_sql, &no_values});

  auto answers = connection_.exchange(all);
  begun_ = true;
  deferred_.clear();
  if (!answers) {
    failed_ = answers.error();
    return answers;
  }
  return std::vector<rows>(std::make_move_iterator(answers->begin() + first),
                           std::make_move_iterator(answers->begin() + first + count));
}

result<void> transaction::commit() {
  if (failed_) return tl::unexpected(*failed_);
  if (!begun_ && deferred_.empty()) return {};
  auto ended = send({}, true);
  if (ended) return {};
  // Whether the server had got as far as COMMIT before the connection broke, nobody can tell.
  if (connection_.lost() && ended.error().kind == errc::retry_later)
    return failure(errc::retry_later, "commit_unknown",
                   "The connection broke during COMMIT: the work may or may not have been done.");
  return tl::unexpected(std::move(ended.error()));
}

void transaction::rollback() {
  if (begun_ && !connection_.lost()) (void)connection_.exchange({{&rollback_sql, &no_values}});
}

} // namespace kalends::persistence
