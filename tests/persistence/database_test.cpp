// SPDX-License-Identifier: Apache-2.0
#include "persistence/database.hpp"

#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace kalends::persistence {
namespace {

using namespace std::chrono_literals;

const tenant_id alpha("0193e0a1-0000-7000-8000-00000000000a");
const tenant_id beta("0193e0a1-0000-7000-8000-00000000000b");

constexpr const char* schema_sql = R"(
  CREATE TABLE notes (tenant_id uuid NOT NULL, id int NOT NULL, body text NOT NULL CHECK (body <> 'forbidden'),
                      parent int, PRIMARY KEY (tenant_id, id),
                      CONSTRAINT notes_parent FOREIGN KEY (tenant_id, parent) REFERENCES notes (tenant_id, id)
                        DEFERRABLE INITIALLY DEFERRED);
  ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
  ALTER TABLE notes FORCE ROW LEVEL SECURITY;
  CREATE POLICY notes_tenant ON notes USING (tenant_id = ANY ((SELECT acting_tenants())::uuid[]));
)";

const statement insert_note{"insert_note", "INSERT INTO notes (tenant_id, id, body) VALUES ($1, $2, $3)"};
const statement insert_child{"insert_child",
                             "INSERT INTO notes (tenant_id, id, body, parent) VALUES ($1, $2, 'x', $3)"};
const statement all_notes{"all_notes", "SELECT tenant_id, id, body FROM notes ORDER BY tenant_id, id"};

struct database_test : ::testing::Test {
  database_test() { store.as_owner(schema_sql); }

  result<std::size_t> add(database& db, const tenant_id& tenant, int id, const std::string& body = "x") {
    return db.run_now<std::size_t>({tenant}, [&](transaction& tx) {
      return tx.query(insert_note, {tx.tenant(), id, body}).map([](const rows& r) { return r.affected(); });
    });
  }
  std::size_t count(database& db, std::vector<tenant_id> tenants) {
    auto found = db.run_now<rows>(std::move(tenants), [](transaction& tx) { return tx.query(all_notes); });
    if (!found) throw std::runtime_error(found.error().detail);
    return found->size();
  }
  void end_backends() {
    store.as_owner(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()");
  }

  tests::temp_database store;
};

TEST_F(database_test, commits_what_the_work_returned) {
  auto db = store.open();

  const auto added = add(*db, alpha, 1);

  ASSERT_TRUE(added) << added.error().detail;
  EXPECT_EQ(*added, 1U);
  EXPECT_EQ(count(*db, {alpha}), 1U);
}

TEST_F(database_test, rolls_back_when_the_work_fails_or_throws) {
  auto db = store.open();

  const auto failed = db->run_now<int>({alpha}, [](transaction& tx) -> result<int> {
    if (auto added = tx.query(insert_note, {tx.tenant(), 1, "x"}); !added)
      return tl::unexpected(added.error());
    return failure(errc::conflict, "changed_my_mind", "");
  });
  const auto threw = db->run_now<int>({alpha}, [](transaction& tx) -> result<int> {
    (void)tx.query(insert_note, {tx.tenant(), 2, "x"});
    throw std::runtime_error("secret");
  });

  EXPECT_EQ(failed.error().code, "changed_my_mind");
  EXPECT_EQ(threw.error().code, "work_threw");
  EXPECT_EQ(threw.error().detail.find("secret"), std::string::npos);
  EXPECT_EQ(count(*db, {alpha}), 0U);
}

TEST_F(database_test, commits_nothing_when_the_work_overlooks_a_failure) {
  auto db = store.open();

  const auto outcome = db->run_now<int>({alpha}, [](transaction& tx) -> result<int> {
    (void)tx.query(insert_note, {tx.tenant(), 1, "x"});
    (void)tx.query(insert_note, {tx.tenant(), 2, "forbidden"});
    const auto after = tx.query(insert_note, {tx.tenant(), 3, "x"});
    EXPECT_EQ(after.error().code, "check_violation");
    return 1;
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "check_violation");
  EXPECT_EQ(outcome.error().field, "notes_body_check");
  EXPECT_EQ(count(*db, {alpha}), 0U);
}

TEST_F(database_test, shows_a_tenant_only_its_own_rows) {
  auto db = store.open();
  ASSERT_TRUE(add(*db, alpha, 1, "of alpha"));
  ASSERT_TRUE(add(*db, beta, 1, "of beta"));

  auto seen = db->run_now<rows>({beta}, [](transaction& tx) { return tx.query(all_notes); });

  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->size(), 1U);
  EXPECT_EQ(seen->text(0, 2), "of beta");
  EXPECT_EQ(count(*db, {}), 0U);
}

TEST_F(database_test, refuses_a_row_for_another_tenant) {
  auto db = store.open();

  const auto outcome = db->run_now<rows>({beta}, [](transaction& tx) {
    return tx.query(insert_note, {alpha, 1, "x"});
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "permission_denied");
  EXPECT_EQ(outcome.error().kind, errc::forbidden);
  EXPECT_EQ(count(*db, {alpha, beta}), 0U);
}

TEST_F(database_test, acts_for_several_tenants_at_once) {
  auto db = store.open();

  const auto outcome = db->run_now<std::size_t>({alpha, beta}, [](transaction& tx) -> result<std::size_t> {
    for (const auto& tenant : tx.tenants())
      if (auto added = tx.query(insert_note, {tenant, 1, "x"}); !added) return tl::unexpected(added.error());
    return tx.query(all_notes).map([](const rows& r) { return r.size(); });
  });

  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(*outcome, 2U);
}

TEST_F(database_test, forgets_the_tenants_with_the_transaction) {
  auto db = store.open({.connections = 1});
  ASSERT_TRUE(add(*db, alpha, 1));

  EXPECT_EQ(count(*db, {alpha}), 1U);
  EXPECT_EQ(count(*db, {}), 0U);
}

TEST_F(database_test, gives_the_engine_rows_and_nothing_else) {
  auto db = store.open();

  for (const char* sql : {"TRUNCATE notes", "CREATE TABLE more (id int)", "DROP TABLE notes",
                          "DELETE FROM schema_migrations", "ALTER TABLE notes DISABLE ROW LEVEL SECURITY"}) {
    const auto outcome = db->run_now<rows>({alpha}, [&](transaction& tx) {
      return tx.query({"forbidden", sql});
    });

    ASSERT_FALSE(outcome) << sql;
    EXPECT_EQ(outcome.error().code, "permission_denied") << sql;
  }
}

TEST_F(database_test, runs_several_statements_in_one_round_trip) {
  auto db = store.open();

  auto answers = db->run_now<std::vector<rows>>({alpha}, [](transaction& tx) {
    return tx.query_all(
        {{insert_note, {alpha, 1, "one"}}, {insert_note, {alpha, 2, "two"}}, {all_notes, {}}});
  });

  ASSERT_TRUE(answers) << answers.error().detail;
  ASSERT_EQ(answers->size(), 3U);
  EXPECT_EQ((*answers)[0].affected(), 1U);
  EXPECT_EQ((*answers)[2].size(), 2U);
}

TEST_F(database_test, stops_a_group_of_statements_at_its_first_failure) {
  auto db = store.open();

  const auto outcome = db->run_now<std::vector<rows>>({alpha}, [](transaction& tx) {
    return tx.query_all(
        {{insert_note, {alpha, 1, "one"}}, {insert_note, {alpha, 1, "again"}}, {all_notes, {}}});
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "unique_violation");
  EXPECT_EQ(outcome.error().kind, errc::conflict);
  EXPECT_EQ(outcome.error().field, "notes_pkey");
  EXPECT_EQ(count(*db, {alpha}), 0U);
  EXPECT_TRUE(add(*db, alpha, 7)) << "the connection is fit for more work";
}

TEST_F(database_test, sends_deferred_writes_with_the_next_query_or_with_commit) {
  auto db = store.open();

  const auto seen = db->run_now<std::size_t>({alpha}, [](transaction& tx) -> result<std::size_t> {
    tx.defer(insert_note, {alpha, 1, "one"});
    auto found = tx.query(all_notes);
    if (!found) return tl::unexpected(found.error());
    tx.defer(insert_note, {alpha, 2, "two"});
    return found->size();
  });

  ASSERT_TRUE(seen) << seen.error().detail;
  EXPECT_EQ(*seen, 1U);
  EXPECT_EQ(count(*db, {alpha}), 2U);
}

TEST_F(database_test, fails_the_work_when_a_deferred_write_fails) {
  auto db = store.open();

  const auto outcome = db->run_now<int>({alpha}, [](transaction& tx) -> result<int> {
    tx.defer(insert_note, {alpha, 1, "one"});
    tx.defer(insert_note, {alpha, 1, "again"});
    return 1;
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "unique_violation");
  EXPECT_EQ(count(*db, {alpha}), 0U);
}

TEST_F(database_test, reports_a_constraint_that_fails_at_commit) {
  auto db = store.open();

  const auto outcome = db->run_now<int>({alpha}, [](transaction& tx) -> result<int> {
    if (auto added = tx.query(insert_child, {alpha, 1, 99}); !added) return tl::unexpected(added.error());
    return 1;
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "foreign_key_violation");
  EXPECT_EQ(outcome.error().field, "notes_parent");
  EXPECT_EQ(count(*db, {alpha}), 0U);
}

TEST_F(database_test, survives_a_syntax_error) {
  auto db = store.open({.connections = 1});

  const auto outcome = db->run_now<rows>({}, [](transaction& tx) { return tx.query({"wrong", "SELEKT 1"}); });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "sql_error");
  EXPECT_NE(outcome.error().detail.find("wrong"), std::string::npos);
  EXPECT_TRUE(add(*db, alpha, 1));
}

TEST_F(database_test, carries_more_than_a_socket_holds_in_both_directions) {
  auto db = store.open({.connections = 1});
  const std::string large(200'000, 'x');
  const statement echo{"echo", "SELECT $1::text"};

  auto answers = db->run_now<std::vector<rows>>({}, [&](transaction& tx) {
    return tx.query_all(std::vector<sql_call>(100, sql_call{echo, {large}}));
  });

  ASSERT_TRUE(answers) << answers.error().detail;
  ASSERT_EQ(answers->size(), 100U);
  EXPECT_EQ(answers->back().view(0, 0), large);
}

TEST_F(database_test, ends_a_statement_that_takes_too_long) {
  auto db = store.open({.connections = 1, .statement_timeout_ms = 100});

  const auto outcome = db->run_now<rows>({}, [](transaction& tx) {
    return tx.query({"sleep", "SELECT pg_sleep(30)"});
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "statement_timeout");
  EXPECT_EQ(outcome.error().kind, errc::retry_later);
  EXPECT_TRUE(add(*db, alpha, 1));
}

TEST_F(database_test, reconnects_when_the_server_ended_its_sessions) {
  auto db = store.open({.connections = 2});
  ASSERT_TRUE(add(*db, alpha, 1));

  end_backends();

  EXPECT_TRUE(add(*db, alpha, 2));
  EXPECT_TRUE(db->ready());
  EXPECT_EQ(count(*db, {alpha}), 2U);
}

TEST_F(database_test, answers_database_away_when_the_session_ends_under_the_work) {
  auto db = store.open({.connections = 1});

  const auto outcome = db->run_now<int>({alpha}, [&](transaction& tx) -> result<int> {
    (void)tx.query(insert_note, {alpha, 1, "x"});
    end_backends();
    if (auto next = tx.query(all_notes); !next) return tl::unexpected(next.error());
    return 1;
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "database_away");
  EXPECT_EQ(outcome.error().kind, errc::retry_later);
  EXPECT_EQ(count(*db, {alpha}), 0U);
}

TEST_F(database_test, says_commit_unknown_when_the_session_ends_under_commit) {
  auto db = store.open({.connections = 1});

  const auto outcome = db->run_now<int>({alpha}, [&](transaction& tx) -> result<int> {
    (void)tx.query(insert_note, {alpha, 1, "x"});
    end_backends();
    return 1;
  });

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "commit_unknown");
  EXPECT_EQ(outcome.error().kind, errc::retry_later);
}

TEST_F(database_test, refuses_work_beyond_its_queue) {
  auto db = store.open({.connections = 1, .queue_limit = 4});
  std::promise<void> gate;
  std::promise<void> began;
  std::atomic<int> answered = 0;
  std::vector<std::string> refused;
  std::mutex mutex;
  auto note = [&](result<int> outcome) {
    const std::lock_guard lock(mutex);
    if (!outcome) refused.push_back(outcome.error().code);
    ++answered;
  };
  db->run<int>(
      {alpha},
      [&](transaction&) -> result<int> {
        began.set_value();
        gate.get_future().wait();
        return 1;
      },
      note);
  began.get_future().wait();

  for (int i = 0; i < 3; ++i)
    db->run<int>(
        {alpha}, [](transaction&) -> result<int> { return 1; }, note);
  for (int i = 0; i < 3; ++i)
    db->run<int>(
        {beta}, [](transaction&) -> result<int> { return 1; }, note);
  gate.set_value();
  db.reset();

  EXPECT_EQ(answered, 7);
  EXPECT_EQ(refused, std::vector<std::string>(2, "database_busy"));
}

TEST_F(database_test, finishes_what_was_queued_before_it_closes) {
  auto db = store.open({.connections = 2});
  std::atomic<int> done = 0;
  for (int i = 0; i < 50; ++i)
    db->run<rows>(
        {alpha},
        [i](transaction& tx) {
          return tx.query(insert_note, {alpha, i, "x"});
        },
        [&](result<rows> outcome) { done += outcome ? 1 : 0; });

  db.reset();

  EXPECT_EQ(done, 50);
}

TEST_F(database_test, refuses_work_given_while_it_closes) {
  auto db = store.open({.connections = 1});
  std::string late;
  auto* raw = db.get();
  std::promise<void> closing;
  db->run<int>(
      {},
      [&](transaction&) -> result<int> {
        closing.get_future().wait();
        return 1;
      },
      [&](result<int>) {
        raw->run<int>(
            {}, [](transaction&) -> result<int> { return 1; },
            [&](result<int> outcome) { late = outcome ? "done" : outcome.error().code; });
      });

  std::thread opener([&] {
    std::this_thread::sleep_for(50ms);
    closing.set_value();
  });
  db.reset();
  opener.join();

  EXPECT_EQ(late, "database_stopped");
}

TEST_F(database_test, survives_an_answer_that_throws) {
  auto db = store.open({.connections = 1});

  db->run<int>(
      {}, [](transaction&) -> result<int> { return 1; }, [](result<int>) { throw std::runtime_error("x"); });

  EXPECT_TRUE(add(*db, alpha, 1));
}

TEST_F(database_test, refuses_a_role_that_row_level_security_does_not_bind) {
  const auto as_superuser = database::open({.url = store.owner_url()});
  store.as_owner("CREATE ROLE sees_all LOGIN BYPASSRLS");
  const auto as_bypasser = database::open({.url = store.owner_url(), .role = "sees_all"});
  store.as_owner("DROP ROLE sees_all");

  ASSERT_FALSE(as_superuser);
  EXPECT_EQ(as_superuser.error().code, "role_bypasses_rls");
  ASSERT_FALSE(as_bypasser);
  EXPECT_EQ(as_bypasser.error().code, "role_bypasses_rls");
}

TEST_F(database_test, takes_the_engine_role_after_connecting_as_another) {
  auto db = database::open({.url = store.owner_url(), .role = "kalends_engine", .connections = 1});

  ASSERT_TRUE(db) << db.error().detail;
  ASSERT_TRUE(add(**db, alpha, 1));
  EXPECT_EQ(count(**db, {beta}), 0U);
}

TEST_F(database_test, says_which_role_it_may_not_take) {
  const auto db = database::open({.url = store.engine_url(), .role = "kalends_owner"});

  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, "role_unavailable");
  EXPECT_NE(db.error().detail.find("kalends_owner"), std::string::npos);
}

TEST_F(database_test, keeps_the_password_of_a_malformed_url_to_itself) {
  const auto db = database::open({.url = "postgresql://user:hunter2@host:notaport/%zz"});

  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, "database_url_malformed");
  EXPECT_EQ(db.error().detail.find("hunter2"), std::string::npos);
}

TEST_F(database_test, says_that_nobody_listens) {
  const auto db = database::open({.url = "postgresql:///x?host=/nonexistent"});

  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, "database_away");
  EXPECT_EQ(db.error().kind, errc::retry_later);
}

} // namespace
} // namespace kalends::persistence
