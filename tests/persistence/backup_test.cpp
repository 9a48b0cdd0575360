// SPDX-License-Identifier: Apache-2.0
#include "persistence/backup.hpp"

#include "persistence/connection.hpp"
#include "persistence/database.hpp"
#include "persistence/embedded_cluster.hpp"
#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace kalends::persistence {
namespace {

namespace fs = std::filesystem;

/// One installation with a tenant, a provider with a sealed grant, and a fact.
struct backup_test : ::testing::Test {
  static constexpr const char* tenant = "01900000-0000-7000-8000-000000000001";
  static constexpr const char* calendar = "01900000-0000-7000-8000-000000000002";

  static token_vault vault(const std::string& id = "k1", char filling = 'k') {
    return *token_vault::with_keys({{id, std::string(32, filling)}}, id, real_world());
  }

  /// All answers of a script of single values: only the last statement's first value.
  static std::string ask(const std::string& url, const std::string& sql, std::vector<sql_value> values = {}) {
    auto c = connection::open({url, "", 10'000, false});
    if (!c) return c.error().detail;
    const statement s{"ask", sql.c_str()};
    auto found = (*c)->exchange({{&s, &values}});
    if (!found) return found.error().detail;
    return found->front().empty() || found->front().is_null(0, 0) ? std::string() : found->front().text(0, 0);
  }

  void fill(const std::string& url) {
    ASSERT_TRUE(migrate(url, embedded_cluster::engine_role));
    const std::string t = "'" + std::string(tenant) + "'";
    const std::string p = "'" + std::string(calendar) + "'";
    ask(url, "INSERT INTO tenants VALUES (" + t + ", 'A', now())");
    ask(url, "INSERT INTO tenant_directory VALUES (" + t + ")");
    ask(url, "INSERT INTO tenant_counters VALUES (" + t + ", 8)");
    ask(url, "INSERT INTO users VALUES (" + t + ", " + p + ", 'a@b', 'A', 'UTC', now())");
    ask(url, "INSERT INTO providers VALUES (" + t + ", " + p + ", 'google', 'user', " + p +
                 ", 'both', 'newest', 'unlink', 'a', 's', NULL, '', now())");
    ask(url, "INSERT INTO provider_state (tenant_id, provider_id, status, calendar_zone) VALUES (" + t +
                 ", " + p + ", 'active', 'UTC')");
    const auto seal = [&](const char* column) {
      return sql_value(sql_bytes(
          vault().seal(tenant_id(tenant), "oauth_grants/" + std::string(calendar) + "/" + column, "secret")));
    };
    ask(url, "INSERT INTO oauth_grants VALUES (" + t + ", " + p + ", $1, $2, now(), '')",
        {seal("access_token"), seal("refresh_token")});
    ASSERT_EQ(ask(url, "SELECT count(*) FROM oauth_grants"), "1");
  }

  backup_order order(const std::string& to) { return {home, to, "1.2.3", {}, real_world()}; }
  result<backup_manifest> restore(const std::string& from, const std::string& into,
                                  result<token_vault> keys = vault()) {
    return restore_backup({from, into, [keys](const backup_manifest&) { return keys; }, real_world()});
  }
  static std::string code_of(const result<backup_manifest>& r) { return r ? "done" : r.error().code; }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string written(const char* name, const std::string& bytes) {
    const auto path = fs::path(directory.path()) / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

  tests::temp_directory directory;
  std::string home = (fs::path(directory.path()) / "home").string();
  std::string file = (fs::path(directory.path()) / "a.backup").string();
  std::string other = (fs::path(directory.path()) / "other").string();
};

TEST_F(backup_test, made_beside_a_running_server_it_comes_back_whole_and_marked) {
  {
    auto running = embedded_cluster::start(home, {false});
    ASSERT_TRUE(running) << running.error().detail;
    fill((*running)->owner_url());
    const auto made = make_backup(order(file));
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_EQ(made->vault_key_ids, std::vector<std::string>{"k1"});
    EXPECT_EQ(code_of(make_backup(order(file))), "backup_exists");
  }
  const auto about = backup_file::check(file);
  ASSERT_TRUE(about) << about.error().detail;
  EXPECT_EQ(about->made_by, "1.2.3");
  EXPECT_TRUE(about->vault_keys.empty());

  const auto begun = real_world().now();
  const auto restored = restore(file, other);
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_FALSE(fs::exists(fs::path(other) / "restore.new"));

  auto again = embedded_cluster::start(other, {false});
  ASSERT_TRUE(again) << again.error().detail;
  const auto& url = (*again)->owner_url();
  EXPECT_EQ(ask(url, "SELECT recovering AND stale_since IS NOT NULL AND mark = 1 FROM provider_state"), "t");
  EXPECT_EQ(ask(url, "SELECT type FROM facts"), "13");
  EXPECT_EQ(ask(url, "SELECT data::json ->> 'last_sequence' FROM facts"), "7");
  const auto sequence = std::stoll(ask(url, "SELECT sequence FROM facts"));
  EXPECT_GE(sequence, begun.time_since_epoch().count());
  EXPECT_EQ(ask(url, "SELECT next_sequence FROM tenant_counters"), std::to_string(sequence + 1));
  EXPECT_EQ(ask(url, "SELECT has_table_privilege('kalends_engine', 'entries', 'UPDATE')"), "t");
}

TEST_F(backup_test, what_cannot_be_restored_is_refused_before_anything_is_made) {
  {
    auto cluster = embedded_cluster::start(home, {false});
    ASSERT_TRUE(cluster) << cluster.error().detail;
    fill((*cluster)->owner_url());
  }
  ASSERT_TRUE(make_backup(order(file))); // nothing runs: it starts the cluster itself
  const auto whole = bytes_of(file);
  auto changed = whole;
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);

  EXPECT_EQ(code_of(restore(written("cut", whole.substr(0, whole.size() - 100)), other)), "backup_damaged");
  EXPECT_EQ(code_of(restore(written("changed", changed), other)), "backup_damaged");
  EXPECT_EQ(code_of(restore(written("else", "no backup"), other)), "backup_damaged");
  EXPECT_EQ(code_of(restore(directory.path() + std::string("/nowhere"), other)), "backup_unreadable");
  EXPECT_EQ(code_of(restore(file, home)), "data_directory_not_empty");
  EXPECT_EQ(code_of(restore(file, other, vault("k2"))), "vault_key_missing");
  EXPECT_EQ(code_of(restore(file, other, vault("k1", 'x'))), "vault_key_wrong");
  EXPECT_FALSE(fs::exists(fs::path(other) / "postgres"));
  EXPECT_EQ(code_of(restore(file, other)), "done");
}

TEST_F(backup_test, a_later_schema_is_not_restored_by_an_earlier_program) {
  {
    auto cluster = embedded_cluster::start(home, {false});
    ASSERT_TRUE(cluster) << cluster.error().detail;
    fill((*cluster)->owner_url());
    ask((*cluster)->owner_url(), "INSERT INTO schema_migrations VALUES (9999, '9999_later.sql', 'x')");
  }
  const auto made = make_backup(order(file));
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->schema_version, 9999);

  EXPECT_EQ(code_of(restore(file, other)), "schema_newer");
  EXPECT_FALSE(fs::exists(fs::path(other) / "postgres"));
}

TEST_F(backup_test, without_a_database_there_is_no_backup) {
  EXPECT_EQ(code_of(make_backup(order(file))), "no_database");
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(backup_test, keys_leave_the_vault_in_the_form_in_which_they_come_back) {
  const auto text = vault().export_keys();
  const auto kept = (fs::path(directory.path()) / "vault.key").string();

  ASSERT_TRUE(token_vault::keep(text, kept));
  EXPECT_FALSE(token_vault::keep(text, kept)); // never over another

  const auto back = token_vault::load({}, kept, false, real_world());
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE(back->knows("k1"));
  EXPECT_EQ(*back->open(tenant_id(tenant), "row", vault().seal(tenant_id(tenant), "row", "secret")),
            "secret");
}

} // namespace
} // namespace kalends::persistence
