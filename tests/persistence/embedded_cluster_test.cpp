// SPDX-License-Identifier: Apache-2.0
#include "persistence/embedded_cluster.hpp"

#include "persistence/child_process.hpp"
#include "persistence/cluster_files.hpp"
#include "persistence/connection.hpp"
#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace kalends::persistence {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct embedded_cluster_test : ::testing::Test {
  result<std::unique_ptr<embedded_cluster>> start(bool durable = false) {
    return embedded_cluster::start(home, {durable});
  }
  fs::path data() const { return fs::path(home) / "postgres" / "data"; }

  pid_t postmaster() const {
    pid_t pid = 0;
    std::ifstream(data() / "postmaster.pid") >> pid;
    return pid;
  }
  static result<std::string> ask(const std::string& url, const char* sql) {
    auto c = connection::open({url, "", 10'000, false});
    if (!c) return tl::unexpected(c.error());
    const statement s{"ask", sql};
    const std::vector<sql_value> none;
    return (*c)->exchange({{&s, &none}}).map([](const std::vector<rows>& r) {
      return r[0].empty() ? std::string() : r[0].text(0, 0);
    });
  }
  /// Asks until there is an answer: what the server says once it is back.
  static std::string ask_patiently(const std::string& url, const char* sql) {
    for (const auto deadline = std::chrono::steady_clock::now() + 20s;
         std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(30ms))
      if (auto answer = ask(url, sql)) return *answer;
    return "no answer";
  }
  static bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

  tests::temp_directory directory;
  std::string home = directory.path() + "/home";
};

TEST_F(embedded_cluster_test, makes_a_cluster_and_keeps_its_rows_until_the_next_start) {
  auto first = start();
  ASSERT_TRUE(first) << first.error().detail;
  ASSERT_TRUE(ask((*first)->owner_url(), "CREATE TABLE kept AS SELECT 42 AS v"));
  const pid_t pid = postmaster();

  first->reset();
  EXPECT_FALSE(alive(pid));
  auto second = start();

  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(ask((*second)->owner_url(), "SELECT v FROM kept"), "42");
  EXPECT_EQ(ask((*second)->engine_url(), "SELECT current_user"), "kalends_engine");
}

TEST_F(embedded_cluster_test, is_durable_private_and_silent_about_values) {
  tests::copy_cluster(home);
  auto cluster = start(true);
  ASSERT_TRUE(cluster) << cluster.error().detail;
  const auto& url = (*cluster)->owner_url();

  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes", "data_checksums"})
    EXPECT_EQ(ask(url, (std::string("SHOW ") + name).c_str()), "on") << name;
  EXPECT_EQ(ask(url, "SHOW listen_addresses"), "");
  EXPECT_EQ(ask(url, "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(ask(url, "SHOW log_error_verbosity"), "terse");
  EXPECT_EQ(ask(url, "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles"
                     " WHERE rolname = 'kalends_engine'"),
            "f");
  for (const char* name : {"", "/data", "/run"}) {
    struct stat seen {};
    ASSERT_EQ(::stat((home + "/postgres" + name).c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 0777, 0700U) << name;
  }
}

TEST_F(embedded_cluster_test, needs_no_way_through_the_directories_above) {
  ASSERT_EQ(::chmod(directory.path().c_str(), 0700), 0);

  auto cluster = start();

  ASSERT_TRUE(cluster) << cluster.error().detail;
  EXPECT_EQ(ask((*cluster)->owner_url(), "SELECT 1"), "1");
}

TEST_F(embedded_cluster_test, brings_a_killed_server_back_with_its_rows) {
  tests::copy_cluster(home);
  auto cluster = start(true);
  ASSERT_TRUE(cluster) << cluster.error().detail;
  const auto& url = (*cluster)->owner_url();
  ASSERT_TRUE(ask(url, "CREATE TABLE kept AS SELECT 42 AS v"));
  const pid_t killed = postmaster();

  ::kill(killed, SIGKILL);

  EXPECT_EQ(ask_patiently(url, "SELECT v FROM kept"), "42");
  EXPECT_NE(postmaster(), killed);
}

TEST_F(embedded_cluster_test, is_open_again_for_the_database_when_its_server_was_killed) {
  tests::copy_cluster(home);
  auto cluster = start();
  ASSERT_TRUE(cluster) << cluster.error().detail;
  auto db = database::open({.url = (*cluster)->engine_url(), .connections = 2});
  ASSERT_TRUE(db) << db.error().detail;

  ::kill(postmaster(), SIGKILL);
  std::this_thread::sleep_for(50ms);
  auto waited = (*db)->run_now<rows>({}, [](transaction& tx) { return tx.query({"one", "SELECT 1"}); });

  ASSERT_TRUE(waited) << waited.error().detail;
  EXPECT_TRUE((*db)->ready());
}

TEST_F(embedded_cluster_test, refuses_a_second_owner) {
  tests::copy_cluster(home);
  auto first = start();
  ASSERT_TRUE(first) << first.error().detail;

  const auto second = start();

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "data_directory_in_use");
  EXPECT_EQ(ask((*first)->owner_url(), "SELECT 1"), "1");
}

TEST_F(embedded_cluster_test, starts_over_after_its_owner_was_killed) {
  tests::copy_cluster(home);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto cluster = embedded_cluster::start(home);
    const bool made =
        cluster && ask((*cluster)->owner_url(), "CREATE TABLE kept AS SELECT 42 AS v").has_value();
    if (::write(ends[1], made ? "y" : "n", 1) == 1) ::pause();
    ::_exit(1);
  }
  char said = 0;
  ASSERT_EQ(::read(ends[0], &said, 1), 1);
  ASSERT_EQ(said, 'y');

  ::kill(owner, SIGKILL);
  auto next = start();
  ::waitpid(owner, nullptr, 0);

  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_EQ(ask((*next)->owner_url(), "SELECT v FROM kept"), "42");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(embedded_cluster_test, takes_over_a_server_that_lives_on_without_an_owner) {
  tests::copy_cluster(home);
  {
    auto once = start();
    ASSERT_TRUE(once) << once.error().detail;
  }
  const descriptor data_fd(::open(data().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const descriptor sockets(::open((home + "/postgres/run").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  child_settings orphan{{(find_programs(data())->bin / "postgres").string(), "-D", "/proc/self/fd/3", "-c",
                         "listen_addresses=", "-c", "unix_socket_directories=/proc/self/fd/4"}};
  if (::geteuid() == 0) orphan.as = find_os_user("postgres");
  orphan.descriptors = {data_fd.get(), sockets.get()};
  const auto pid = start_child(orphan);
  ASSERT_TRUE(pid);
  const auto url = "postgresql:///kalends?host=" + home + "/postgres/run&user=kalends_owner";
  ASSERT_EQ(ask_patiently(url, "SELECT 1"), "1");
  std::thread reaper([&] { (void)wait_child(*pid, 30s); });

  auto cluster = start();
  reaper.join();

  ASSERT_TRUE(cluster) << cluster.error().detail;
  EXPECT_NE(postmaster(), *pid);
  EXPECT_EQ(ask((*cluster)->owner_url(), "SELECT 1"), "1");
}

TEST_F(embedded_cluster_test, does_not_mistake_another_program_for_its_server) {
  tests::copy_cluster(home);
  std::ofstream(data() / "postmaster.pid")
      << ::getpid() << "\n/proc/self/fd/3\n0\n5432\n/x\n\n  1 1\nready\n";

  auto cluster = start();

  ASSERT_TRUE(cluster) << cluster.error().detail;
}

TEST_F(embedded_cluster_test, begins_again_when_it_was_killed_while_making_the_cluster) {
  for (const char* earlier : {"/postgres/data.new", "/postgres/data.new.aB3dEf"}) {
    fs::create_directories(home + earlier + "/base");
    std::ofstream(home + earlier + "/PG_VERSION") << "15\n";
  }

  auto cluster = start();

  ASSERT_TRUE(cluster) << cluster.error().detail;
  EXPECT_FALSE(fs::exists(home + "/postgres/data.new"));
  EXPECT_FALSE(fs::exists(home + "/postgres/data.new.aB3dEf"));
}

TEST_F(embedded_cluster_test, names_both_versions_and_the_way_out) {
  fs::create_directories(data());
  std::ofstream(data() / "PG_VERSION") << "9\n";

  const auto cluster = start();

  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, "postgres_version_mismatch");
  for (const char* part : {"PostgreSQL 9", "installed is", "postgresql-9", "pg_upgrade"})
    EXPECT_NE(cluster.error().detail.find(part), std::string::npos) << part;
}

TEST_F(embedded_cluster_test, says_what_to_install) {
  ::setenv("KALENDS_PG_BIN", "/nonexistent", 1);
  const auto cluster = start();
  ::unsetenv("KALENDS_PG_BIN");

  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, "postgres_not_installed");
  EXPECT_NE(cluster.error().detail.find("DATABASE_URL"), std::string::npos);
}

TEST_F(embedded_cluster_test, takes_the_programs_it_is_told_to) {
  const auto usual = find_programs(data());
  ASSERT_TRUE(usual);
  ::setenv("KALENDS_PG_BIN", usual->bin.c_str(), 1);
  const auto named = find_programs(data());
  ::unsetenv("KALENDS_PG_BIN");

  ASSERT_TRUE(named) << named.error().detail;
  EXPECT_EQ(named->major, usual->major);
}

TEST_F(embedded_cluster_test, shows_the_end_of_the_log_when_the_server_does_not_start) {
  tests::copy_cluster(home);
  std::ofstream(data() / "local.conf") << "no_such_setting = 1\n";

  const auto cluster = start();

  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, "postgres_start_failed");
  EXPECT_NE(cluster.error().detail.find("no_such_setting"), std::string::npos);
}

TEST_F(embedded_cluster_test, finds_a_short_place_for_the_socket_of_a_long_path) {
  home += "/" + std::string(120, 'd');
  tests::copy_cluster(home);
  auto cluster = start();
  ASSERT_TRUE(cluster) << cluster.error().detail;
  std::string elsewhere;
  std::ifstream(home + "/postgres/socket_dir") >> elsewhere;
  ASSERT_FALSE(elsewhere.empty());

  EXPECT_EQ(ask((*cluster)->owner_url(), "SELECT 1"), "1");
  cluster->reset();

  EXPECT_FALSE(fs::exists(elsewhere));
}

TEST_F(embedded_cluster_test, keeps_its_log_short) {
  tests::copy_cluster(home);
  std::ofstream(home + "/postgres/postgres.log") << std::string(9 * 1024 * 1024, 'x');

  auto cluster = start();

  ASSERT_TRUE(cluster) << cluster.error().detail;
  EXPECT_LT(fs::file_size(home + "/postgres/postgres.log"), 1024U * 1024U);
  EXPECT_GT(fs::file_size(home + "/postgres/postgres.log.1"), 8U * 1024U * 1024U);
}

TEST_F(embedded_cluster_test, is_out_of_reach_of_our_terminal) {
  tests::copy_cluster(home);
  auto cluster = start();
  ASSERT_TRUE(cluster) << cluster.error().detail;

  EXPECT_EQ(::getsid(postmaster()), postmaster());
}

} // namespace
} // namespace kalends::persistence
