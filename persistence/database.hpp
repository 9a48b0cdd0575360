// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/house_meter.hpp"
#include "persistence/transaction.hpp"
#include "schema/ids.hpp"
#include "schema/result.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kalends::persistence {

struct database_options {
  std::string url = {};
  std::string role = {}; ///< taken with SET ROLE right after connecting; empty: the URL's own user
  std::size_t connections = 4;
  std::size_t queue_limit =
      10'000; ///< waiting work above this: retry_later `database_busy`; one tenant gets half of it
  int statement_timeout_ms = 15'000;
  observe::house_meter* meter = &observe::no_house_meter(); ///< outlives the database
};

/// How it stands at this moment.
struct database_figures {
  std::size_t connections = 0; ///< wanted
  std::size_t up = 0;
  std::size_t busy = 0;    ///< with a transaction
  std::size_t waiting = 0; ///< work in the queue
};

/// N connections, one thread each; waiting work is taken tenant by tenant in turn, so that one tenant's
/// backlog delays the others by one transaction, not by its length. Work is a closure over one transaction:
/// it commits when the closure returns a value and rolls back on an error or exception. A lost connection is
/// re-made with backoff; work that had not begun waits for it (at most 10 s, then retry_later
/// `database_away`); work whose COMMIT was cut is answered with retry_later `commit_unknown`, so writes must
/// be idempotent. A throwing closure is answered with broken `work_threw`.
class database {
public:
  /// Connects once before it answers. Errors: `database_url_malformed`, `database_away`, `role_unavailable`
  /// (SET ROLE refused), `role_bypasses_rls` (a superuser or BYPASSRLS role would see every tenant's rows).
  static result<std::unique_ptr<database>> open(database_options options);
  ~database(); ///< finishes what was queued

  /// Runs `work` on behalf of these tenants; `done` gets its result on a database thread, exactly once.
  template <class T>
  void run(std::vector<tenant_id> tenants, std::function<result<T>(transaction&)> work,
           std::function<void(result<T>)> done) {
    enqueue(job_of<T>(std::move(tenants), std::move(work), std::move(done), false));
  }

  /// Runs `work` over the rows of all tenants, for the installation's operator; it can write nothing.
  template <class T>
  void look(std::function<result<T>(transaction&)> work, std::function<void(result<T>)> done) {
    enqueue(job_of<T>({}, std::move(work), std::move(done), true));
  }

  /// The same, waiting: for start-up, tools and tests, never for a mailbox or an I/O thread.
  template <class T>
  result<T> run_now(std::vector<tenant_id> tenants, std::function<result<T>(transaction&)> work);

  /// Whether a connection is up right now.
  bool ready() const noexcept;
  database_figures figures() const;

private:
  struct job {
    std::vector<tenant_id> tenants;
    std::function<result<void>(transaction&)> work;
    std::function<void(result<void>)> done;
    bool over_all = false; ///< looks, whoever's the rows are
  };
  template <class T>
  static job job_of(std::vector<tenant_id> tenants, std::function<result<T>(transaction&)> work,
                    std::function<void(result<T>)> done, bool over_all) {
    auto shared = std::make_shared<std::pair<std::function<void(result<T>)>, result<T>>>(
        std::move(done), failure(errc::stopped, "database_stopped", "The database is closed."));
    return {std::move(tenants),
            [shared, work = std::move(work)](transaction& tx) -> result<void> {
              shared->second = work(tx);
              if (!shared->second) return tl::unexpected(shared->second.error());
              return {};
            },
            [shared](result<void> outcome) {
              if (!outcome) shared->second = tl::unexpected(outcome.error());
              shared->first(std::move(shared->second));
            },
            over_all};
  }
  struct impl;
  explicit database(std::unique_ptr<impl> i);
  void enqueue(job j);
  void enqueue_and_wait(job j);
  std::unique_ptr<impl> impl_;
};

template <class T>
result<T> database::run_now(std::vector<tenant_id> tenants, std::function<result<T>(transaction&)> work) {
  result<T> answer = failure(errc::stopped, "database_stopped", "The database is closed.");
  enqueue_and_wait({std::move(tenants),
                    [&](transaction& tx) -> result<void> {
                      answer = work(tx);
                      if (!answer) return tl::unexpected(answer.error());
                      return {};
                    },
                    [&](result<void> outcome) {
                      if (!outcome) answer = tl::unexpected(outcome.error());
                    },
                    false});
  return answer;
}

/// Applies the migrations that are compiled in (schema/migrations), each once, in order, under an advisory
/// lock, as the owner; makes the engine's role (LOGIN, no BYPASSRLS, no ownership) if `engine_role` is given.
/// Returns the schema version. A second process waits. Errors: `schema_newer` (made by a later kalends),
/// `migration_failed`, `migration_changed` (checksum), `engine_role_missing` (the owner may not make it; the
/// text says what to run), `role_bypasses_rls`.
result<int> migrate(const std::string& owner_url, const std::string& engine_role);

} // namespace kalends::persistence
