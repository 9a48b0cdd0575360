// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct pg_conn;

namespace kalends::persistence {

/// A call that borrows its statement and values.
struct sql_call_view {
  const statement* what;
  const std::vector<sql_value>* values;
};

struct connection_options {
  std::string url;
  std::string role = {};             ///< SET ROLE to it; empty: stay who the URL says
  int statement_timeout_ms = 15'000; ///< 0: no limit (migrations)
  bool engine = true;                ///< refuse a role that row-level security does not bind
};

/// The only owner of a PGconn. Stays in libpq's pipeline mode: each `exchange` is one round trip however many
/// statements it carries. One thread at a time. Once `lost`, it stays lost: make a new one.
class connection {
public:
  static result<std::unique_ptr<connection>> open(const connection_options& options);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Sends all calls and one Sync, reads all answers: one `rows` per call, or the first failure (the calls
  /// after it were not run). Prepares each statement the first time it sees it, in the same round trip.
  result<std::vector<rows>> exchange(const std::vector<sql_call_view>& calls);

  /// Runs several statements without values (a migration file).
  result<void> script(const std::string& sql);

  /// Looks, without waiting, whether the server closed the connection while it was idle.
  bool usable();
  /// Waits, at most that long or until `or_readable` can be read, for words (the payloads of NOTIFY) on what
  /// this session LISTENs to; those that came meanwhile are answered at once.
  std::vector<std::string> await_words(std::chrono::milliseconds patience, int or_readable);
  bool lost() const noexcept { return lost_; }
  bool in_transaction() const;

private:
  struct finish {
    void operator()(pg_conn* c) const;
  };
  struct step {
    std::size_t call;
    bool prepares;
  };
  struct outcome {
    std::vector<rows> answers;
    std::optional<error> failed;
  };
  using clock = std::chrono::steady_clock;

  explicit connection(pg_conn* c, int statement_timeout_ms);
  result<void> prepare_session(const connection_options& options);
  bool queue(const std::vector<sql_call_view>& calls, std::vector<step>& steps);
  bool queue_call(const sql_call_view& call, const std::string& prepared);
  bool await_result(clock::time_point deadline);
  bool take(pg_result* r, const step& s, const std::vector<sql_call_view>& calls, outcome& out);
  tl::unexpected<error> away(const char* why);

  std::unique_ptr<pg_conn, finish> conn_;
  std::unordered_map<std::string, std::string> prepared_; ///< by SQL text: the name the server knows it by
  std::unordered_map<std::string, std::string> preparing_;
  std::size_t next_name_ = 0;
  int statement_timeout_ms_;
  bool lost_ = false;
};

/// What a failed result means, without the values it is about: messages about values quote them.
error sql_failure(const pg_result* r, const char* statement_name);

} // namespace kalends::persistence
