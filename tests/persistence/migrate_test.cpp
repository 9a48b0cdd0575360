// SPDX-License-Identifier: Apache-2.0
#include "persistence/migrations.hpp"

#include "persistence/connection.hpp"
#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace kalends::persistence {
namespace {

/// An empty schema of its own in a fresh database, so that the lists of these tests begin at version 1.
struct migrate_test : ::testing::Test {
  migrate_test() { store.as_owner("DROP TABLE schema_migrations"); }
  result<int> apply(std::vector<migration> list) {
    return apply_migrations(store.owner_url(), "kalends_engine", list);
  }
  bool exists(const std::string& table) {
    auto c = connection::open({store.owner_url(), "", 10'000, false});
    const statement asked{"exists", "SELECT to_regclass($1) IS NOT NULL"};
    const std::vector<sql_value> values{table};
    return (*c)->exchange({{&asked, &values}})->front().boolean(0, 0);
  }

  tests::temp_database store;
  const migration first{1, "0001_first.sql", "aa",
                        "CREATE TABLE first (id int); CREATE TABLE first_too (id int);"};
  const migration second{2, "0002_second.sql", "bb", "ALTER TABLE first ADD COLUMN second int;"};
};

TEST(migrations_test, are_compiled_in_by_version_with_their_checksums) {
  const auto all = compiled_migrations();

  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().name, "0001_foundation.sql");
  EXPECT_NE(all.front().sql.find("FUNCTION acting_tenants"), std::string_view::npos);
  int before = 0;
  for (const auto& m : all) {
    EXPECT_GT(m.version, before) << m.name;
    EXPECT_EQ(m.sha256.size(), 64U);
    before = m.version;
  }
}

TEST_F(migrate_test, applies_each_once) {
  EXPECT_EQ(apply({first}), 1);
  EXPECT_EQ(apply({first, second}), 2);
  EXPECT_EQ(apply({first, second}), 2);
  EXPECT_TRUE(exists("first_too"));
}

TEST_F(migrate_test, leaves_the_compiled_schema_as_it_is_when_run_again) {
  tests::temp_database migrated;

  const auto again = migrate(migrated.owner_url(), "kalends_engine");

  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(*again, compiled_migrations().back().version);
}

TEST_F(migrate_test, refuses_a_schema_of_a_later_version) {
  ASSERT_EQ(apply({first, second}), 2);

  const auto older = apply({first});

  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, "schema_newer");
  EXPECT_NE(older.error().detail.find("0002_second.sql"), std::string::npos);
}

TEST_F(migrate_test, refuses_an_applied_migration_that_changed) {
  ASSERT_EQ(apply({first}), 1);
  auto edited = first;
  edited.sha256 = "cc";

  const auto outcome = apply({edited, second});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "migration_changed");
  EXPECT_EQ(apply({first, second}), 2);
}

TEST_F(migrate_test, undoes_a_migration_that_fails_and_keeps_those_before_it) {
  const migration bad{2, "0002_bad.sql", "bb", "CREATE TABLE half (id int); SELECT nonsense;"};

  const auto outcome = apply({first, bad});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "migration_failed");
  EXPECT_NE(outcome.error().detail.find("0002_bad.sql"), std::string::npos);
  EXPECT_NE(outcome.error().detail.find("nonsense"), std::string::npos);
  EXPECT_TRUE(exists("first"));
  EXPECT_FALSE(exists("half"));
}

TEST_F(migrate_test, refuses_a_file_that_ends_its_own_transaction) {
  const auto outcome = apply({{1, "0001_commits.sql", "aa", "COMMIT;"}});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "migration_failed");
}

TEST_F(migrate_test, lets_two_at_once_take_turns) {
  const migration slow{1, "0001_slow.sql", "aa", "SELECT pg_sleep(0.2); CREATE TABLE once (id int);"};
  auto run = [&] { return apply({slow}); };

  auto one = std::async(std::launch::async, run);
  auto two = std::async(std::launch::async, run);

  EXPECT_EQ(one.get(), 1);
  EXPECT_EQ(two.get(), 1);
}

TEST_F(migrate_test, makes_the_role_for_an_owner_who_may) {
  store.as_owner("CREATE ROLE landlord LOGIN CREATEROLE; GRANT CREATE ON SCHEMA public TO landlord");
  auto url = store.owner_url();
  url.replace(url.find("kalends_owner"), 13, "landlord");

  const auto outcome = apply_migrations(url, "tenant_engine", std::vector{first});
  const auto db = database::open({.url = url, .role = "tenant_engine", .connections = 1});
  const auto read = db ? (*db)->run_now<rows>({},
                                              [](transaction& tx) {
                                                return tx.query({"r", "SELECT id FROM first"});
                                              })
                       : result<rows>(tl::unexpected(db.error()));
  const auto cleared = db ? (*db)
                                ->run_now<rows>({},
                                                [](transaction& tx) {
                                                  return tx.query({"t", "TRUNCATE first"});
                                                })
                                .error()
                                .code
                          : "";
  store.as_owner("DROP OWNED BY tenant_engine; DROP OWNED BY landlord; DROP ROLE tenant_engine, landlord");

  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_TRUE(read) << read.error().detail;
  EXPECT_EQ(cleared, "permission_denied");
}

TEST_F(migrate_test, says_what_to_run_when_the_owner_may_not_make_the_role) {
  store.as_owner("CREATE ROLE lodger LOGIN; GRANT CREATE ON SCHEMA public TO lodger");
  auto url = store.owner_url();
  url.replace(url.find("kalends_owner"), 13, "lodger");

  const auto missing = apply_migrations(url, "other_engine", std::vector{first});
  const auto foreign = apply_migrations(url, "kalends_engine", std::vector{first});
  store.as_owner("DROP OWNED BY lodger; DROP ROLE lodger");

  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "engine_role_missing");
  EXPECT_NE(missing.error().detail.find("CREATE ROLE \"other_engine\""), std::string::npos);
  EXPECT_NE(missing.error().detail.find("GRANT \"other_engine\" TO \"lodger\""), std::string::npos);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, "engine_role_missing");
}

TEST_F(migrate_test, refuses_a_role_that_sees_everything_or_has_an_odd_name) {
  store.as_owner("CREATE ROLE too_mighty LOGIN BYPASSRLS");

  const auto mighty = apply_migrations(store.owner_url(), "too_mighty", std::vector{first});
  const auto odd = apply_migrations(store.owner_url(), "x; DROP TABLE y", std::vector{first});
  store.as_owner("DROP ROLE too_mighty");

  EXPECT_EQ(mighty.error().code, "role_bypasses_rls");
  EXPECT_EQ(odd.error().code, "role_malformed");
}

} // namespace
} // namespace kalends::persistence
