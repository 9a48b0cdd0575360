// SPDX-License-Identifier: Apache-2.0
#include "persistence/connection.hpp"

#include "observe/log.hpp"
#include "persistence/require.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace kalends::persistence {
namespace {

using namespace std::chrono_literals;

/// Statements kept prepared per connection; more than this are sent unprepared.
constexpr std::size_t prepared_limit = 500;
/// Statements in one exchange.
constexpr std::size_t exchange_limit = 1'000;
/// How much longer than the server's own limit we wait before we give the connection up.
constexpr auto answer_grace = 5s;
constexpr const char* connect_timeout_s = "5";
/// A transaction of ours never waits on anything but the database, so an idle one is a hung process. Shorter
/// than the life of a node's heartbeat, so that nothing of a frozen node is in the way of those who take
/// over.
constexpr const char* idle_in_transaction_ms = "8000";

const statement session_settings{
    "session_settings", "SELECT set_config('statement_timeout', $1, false), "
                        "set_config('idle_in_transaction_session_timeout', $2, false),"
                        " set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO, YMD', false),"
                        " set_config('bytea_output', 'hex', false)"};
const statement take_role{"take_role", "SELECT set_config('role', $1, false)"};
const statement role_powers{"role_powers",
                            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"};

void log_notice(void*, const char* message) {
  std::string_view text = message;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  observe::log(observe::log_level::debug, "PostgreSQL says", {{"detail", text}});
}

/// libpq's own words, on one line.
std::string one_line(const char* message) {
  std::string text = message ? message : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  return text;
}

std::string_view field(const pg_result* r, int code) {
  const char* text = PQresultErrorField(r, code);
  return text ? text : "";
}

/// Text parameters reach libpq as C strings: a NUL would silently cut the value.
const sql_call_view* with_nul(const std::vector<sql_call_view>& calls) {
  auto cut = [](const sql_value& v) { return v.text && v.text->find('\0') != std::string::npos; };
  for (const auto& call : calls)
    if (std::any_of(call.values->begin(), call.values->end(), cut)) return &call;
  return nullptr;
}

/// The whole message is kept only where it speaks of our SQL and not of somebody's values.
std::string explain(std::string_view state, const pg_result* r, const char* name) {
  std::string text = "Statement " + std::string(name) + " failed with SQLSTATE " + std::string(state);
  if (state.substr(0, 2) == "42") text += ": " + std::string(field(r, PG_DIAG_MESSAGE_PRIMARY));
  return text + ".";
}

/// A prepared plan the server no longer accepts (the schema changed under us): a new connection prepares
/// afresh.
bool stale_plan(const pg_result* r) {
  const auto state = field(r, PG_DIAG_SQLSTATE);
  return state == "26000" || (state == "0A000" && field(r, PG_DIAG_MESSAGE_PRIMARY).find("cached plan") !=
                                                      std::string_view::npos);
}

bool fatal(const pg_result* r) {
  const auto severity = field(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

error away_error(std::string detail) {
  return {errc::retry_later, "database_away", std::move(detail), {}, {}};
}

struct meaning {
  std::string_view state; ///< the whole SQLSTATE, or its class (two characters)
  errc kind;
  const char* code;
};

/// The first match counts. https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr meaning meanings[] = {
    {"23505", errc::conflict, "unique_violation"},
    {"23P01", errc::conflict, "exclusion_violation"},
    {"23514", errc::invalid, "check_violation"},
    {"23503", errc::invalid, "foreign_key_violation"},
    {"23502", errc::invalid, "not_null_violation"},
    {"22", errc::invalid, "data_exception"},
    {"40001", errc::retry_later, "serialization_failure"},
    {"40P01", errc::retry_later, "serialization_failure"},
    {"40003", errc::retry_later, "commit_unknown"},
    {"57014", errc::retry_later, "statement_timeout"},
    {"55P03", errc::retry_later, "statement_timeout"},
    {"53", errc::retry_later, "database_busy"},
    {"08", errc::retry_later, "database_away"},
    {"57P", errc::retry_later, "database_away"},
    {"25P", errc::retry_later, "database_away"},
    {"42501", errc::forbidden, "permission_denied"},
};

} // namespace

error sql_failure(const pg_result* r, const char* name) {
  const auto state = field(r, PG_DIAG_SQLSTATE);
  error e{errc::broken, "sql_error", explain(state, r, name), {}, {}};
  if (state.empty()) return away_error("The connection broke during statement " + std::string(name) + ".");
  if (stale_plan(r)) return away_error("The schema changed under statement " + std::string(name) + ".");
  for (const auto& m : meanings) {
    if (state.substr(0, m.state.size()) != m.state) continue;
    e.kind = m.kind;
    e.code = m.code;
    break;
  }
  e.field = std::string(field(r, PG_DIAG_CONSTRAINT_NAME));
  if (e.field.empty()) e.field = std::string(field(r, PG_DIAG_COLUMN_NAME));
  return e;
}

void connection::finish::operator()(pg_conn* c) const { PQfinish(c); }

connection::connection(pg_conn* c, int statement_timeout_ms)
    : conn_(c), statement_timeout_ms_(statement_timeout_ms) {}

connection::~connection() = default;

result<std::unique_ptr<connection>> connection::open(const connection_options& options) {
  // libpq's own complaint about a malformed URL can quote its password.
  PQconninfoOption* parsed = PQconninfoParse(options.url.c_str(), nullptr);
  if (!parsed) return failure(errc::invalid, "database_url_malformed", "The database URL cannot be read.");
  PQconninfoFree(parsed);

  const char* keys[] = {"dbname",
                        "application_name",
                        "connect_timeout",
                        "client_encoding",
                        "keepalives_idle",
                        "tcp_user_timeout",
                        nullptr};
  const char* values[] = {options.url.c_str(), "kalends", connect_timeout_s, "UTF8", "30", "20000", nullptr};
  std::unique_ptr<connection> made(
      new connection(PQconnectdbParams(keys, values, 1), options.statement_timeout_ms));
  pg_conn* c = made->conn_.get();
  if (PQstatus(c) != CONNECTION_OK) return tl::unexpected(away_error(one_line(PQerrorMessage(c))));

  PQsetNoticeProcessor(c, log_notice, nullptr);
  if (PQsetnonblocking(c, 1) != 0 || PQenterPipelineMode(c) != 1)
    return made->away("The connection cannot be set up.");
  if (auto prepared = made->prepare_session(options); !prepared) return tl::unexpected(prepared.error());
  return made;
}

result<void> connection::prepare_session(const connection_options& options) {
  const std::vector<sql_value> settings{options.statement_timeout_ms, idle_in_transaction_ms};
  const std::vector<sql_value> role{options.role};
  const std::vector<sql_value> none;
  if (auto set = exchange({{&session_settings, &settings}}); !set) return tl::unexpected(set.error());
  if (!options.role.empty())
    if (auto taken = exchange({{&take_role, &role}}); !taken) {
      if (taken.error().kind == errc::retry_later) return tl::unexpected(taken.error());
      return failure(errc::forbidden, "role_unavailable",
                     "The database user may not act as the role \"" + options.role +
                         "\". Make the role and grant it to that user: GRANT \"" + options.role +
                         "\" TO <user>;");
    }
  if (!options.engine) return {};
  auto powers = exchange({{&role_powers, &none}});
  if (!powers) return tl::unexpected(powers.error());
  const auto& found = powers->front();
  if (found.size() != 1 || found.boolean(0, 0) || found.boolean(0, 1))
    return failure(errc::forbidden, "role_bypasses_rls",
                   "The database role is a superuser or has BYPASSRLS: row-level security would not keep "
                   "tenants apart.");
  return {};
}

result<std::vector<rows>> connection::exchange(const std::vector<sql_call_view>& calls) {
  require(calls.size() <= exchange_limit, "an exchange carries at most 1,000 statements");
  if (lost_) return away("The connection is gone.");
  if (const auto* bad = with_nul(calls))
    return failure(errc::invalid, "data_exception",
                   "A text with a NUL was given to statement " + std::string(bad->what->name) + ".");

  std::vector<step> steps;
  steps.reserve(calls.size() + 1);
  preparing_.clear();
  if (!queue(calls, steps) || PQpipelineSync(conn_.get()) != 1)
    return away("The statements could not be sent.");

  const auto limit = statement_timeout_ms_ == 0 ? clock::time_point::max()
                                                : clock::now() + answer_grace +
                                                      static_cast<int>(calls.size()) *
                                                          std::chrono::milliseconds(statement_timeout_ms_);
  outcome out;
  for (std::size_t at = 0;;) {
    if (!await_result(limit)) return away("The connection broke, or the server did not answer in time.");
    pg_result* r = PQgetResult(conn_.get());
    if (!r) {
      // The end of one statement's results. More ends than statements: libpq lost the connection.
      if (PQstatus(conn_.get()) != CONNECTION_OK || ++at > steps.size()) return away("The connection broke.");
      continue;
    }
    if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
      PQclear(r);
      break;
    }
    if (!take(r, at < steps.size() ? steps[at] : steps.back(), calls, out))
      return away("The server ended the session.");
  }
  if (out.failed) return tl::unexpected(std::move(*out.failed));
  return std::move(out.answers);
}

bool connection::queue(const std::vector<sql_call_view>& calls, std::vector<step>& steps) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string sql = calls[i].what->sql;
    const std::string* name = nullptr;
    if (auto known = prepared_.find(sql); known != prepared_.end()) name = &known->second;
    if (auto known = preparing_.find(sql); !name && known != preparing_.end()) name = &known->second;
    if (!name && prepared_.size() + preparing_.size() < prepared_limit) {
      name = &preparing_.emplace(sql, std::string(calls[i].what->name) + "_" + std::to_string(++next_name_))
                  .first->second;
      if (PQsendPrepare(conn_.get(), name->c_str(), sql.c_str(), 0, nullptr) != 1) return false;
      steps.push_back({i, true});
    }
    if (!queue_call(calls[i], name ? *name : "")) return false;
    steps.push_back({i, false});
  }
  return true;
}

bool connection::queue_call(const sql_call_view& call, const std::string& prepared) {
  std::vector<const char*> texts;
  texts.reserve(call.values->size());
  for (const auto& v : *call.values) texts.push_back(v.text ? v.text->c_str() : nullptr);
  const int count = static_cast<int>(texts.size());
  if (prepared.empty())
    return PQsendQueryParams(conn_.get(), call.what->sql, count, nullptr, texts.data(), nullptr, nullptr,
                             0) == 1;
  return PQsendQueryPrepared(conn_.get(), prepared.c_str(), count, texts.data(), nullptr, nullptr, 0) == 1;
}

/// Writes what is unsent and reads until a result can be had. Both at once: a server whose answers nobody
/// reads stops reading our statements.
bool connection::await_result(clock::time_point deadline) {
  pg_conn* c = conn_.get();
  for (;;) {
    const int unsent = PQflush(c);
    if (unsent < 0) return false;
    if (PQisBusy(c) == 0) return true;
    int wait_ms = -1;
    if (deadline != clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
      if (left <= 0) return false;
      wait_ms = static_cast<int>(std::min<long long>(left, 3'600'000));
    }
    pollfd fd{PQsocket(c), static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN), 0};
    if (::poll(&fd, 1, wait_ms) < 0 && errno != EINTR) return false;
    if ((fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && PQconsumeInput(c) != 1) return false;
  }
}

/// Files one result; false when the session is over.
bool connection::take(pg_result* r, const step& s, const std::vector<sql_call_view>& calls, outcome& out) {
  rows owned(r);
  const auto& what = *calls[s.call].what;
  switch (PQresultStatus(r)) {
  case PGRES_COMMAND_OK:
  case PGRES_TUPLES_OK:
  case PGRES_EMPTY_QUERY:
    if (!s.prepares) {
      out.answers.push_back(std::move(owned));
    } else if (auto made = preparing_.find(what.sql); made != preparing_.end()) {
      prepared_.insert(preparing_.extract(made));
    }
    return true;
  case PGRES_PIPELINE_ABORTED:
    return true;
  case PGRES_FATAL_ERROR:
  case PGRES_BAD_RESPONSE:
    if (!out.failed) out.failed = sql_failure(r, what.name);
    if (stale_plan(r)) lost_ = true;
    return !fatal(r);
  default:
    return false; // COPY and the like: no statement of ours
  }
}

result<void> connection::script(const std::string& sql) {
  pg_conn* c = conn_.get();
  if (lost_) return away("The connection is gone.");
  if (PQexitPipelineMode(c) != 1 || PQsetnonblocking(c, 0) != 0) return away("The connection is not idle.");
  pg_result* r = PQexec(c, sql.c_str());
  const rows owned(r);
  const bool back = PQsetnonblocking(c, 1) == 0 && PQenterPipelineMode(c) == 1;
  if (const auto status = PQresultStatus(r);
      status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    auto failed = sql_failure(r, "script");
    failed.detail = std::string(field(r, PG_DIAG_MESSAGE_PRIMARY));
    if (PQstatus(c) != CONNECTION_OK) lost_ = true;
    return tl::unexpected(std::move(failed));
  }
  if (!back) return away("The connection broke.");
  return {};
}

bool connection::usable() {
  if (lost_) return false;
  // Between our own questions the server speaks only to say goodbye (or that its settings changed, which is
  // rare enough).
  pollfd fd{PQsocket(conn_.get()), POLLIN, 0};
  if (::poll(&fd, 1, 0) != 0) lost_ = true;
  return !lost_;
}

std::vector<std::string> connection::await_words(std::chrono::milliseconds patience, int or_readable) {
  std::vector<std::string> words;
  const auto take_words = [&] {
    while (pgNotify* n = PQnotifies(conn_.get())) {
      words.emplace_back(n->extra);
      PQfreemem(n);
    }
  };
  take_words();
  if (!words.empty() || lost_) return words;
  pollfd fds[] = {{PQsocket(conn_.get()), POLLIN, 0}, {or_readable, POLLIN, 0}};
  if (::poll(fds, 2, static_cast<int>(patience.count())) <= 0 || fds[0].revents == 0) return words;
  if (PQconsumeInput(conn_.get()) != 1 || PQstatus(conn_.get()) != CONNECTION_OK) lost_ = true;
  take_words();
  return words;
}

bool connection::in_transaction() const { return PQtransactionStatus(conn_.get()) == PQTRANS_INTRANS; }

tl::unexpected<error> connection::away(const char* why) {
  lost_ = true;
  return tl::unexpected(away_error(why));
}

} // namespace kalends::persistence
