// SPDX-License-Identifier: Apache-2.0
#include "persistence/token_vault.hpp"

#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace kalends::persistence {
namespace {

const tenant_id alpha("0193e0a1-0000-7000-8000-00000000000a");
const tenant_id beta("0193e0a1-0000-7000-8000-00000000000b");
const std::string row = "oauth_grants/0193e0a1-0000-7000-8000-0000000000cc/refresh_token";
// 32 times 'A' and 32 times 'B'.
const std::string key_a = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const std::string key_b = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

token_vault vault(std::map<std::string, std::string> keys = {{"k1", std::string(32, 'A')}},
                  std::string current = "k1") {
  return token_vault::with_keys(std::move(keys), std::move(current), real_world()).value();
}

TEST(token_vault_test, opens_what_it_sealed) {
  const auto v = vault();

  for (const std::string& secret :
       {std::string("1//refresh"), std::string(), std::string("\0\xff", 2), std::string(9000, 's')})
    EXPECT_EQ(v.open(alpha, row, v.seal(alpha, row, secret)), secret);
}

TEST(token_vault_test, writes_the_format_it_promises) {
  world w = real_world();
  w.random_bytes = [](std::size_t n) { return std::string(n, 'n'); };
  const auto v = token_vault::with_keys({{"k1", std::string(32, 'A')}}, "k1", w).value();

  const auto sealed = v.seal(alpha, row, "secret");

  EXPECT_EQ(sealed.substr(0, 16), std::string("\x01\x02k1") + std::string(12, 'n'));
  EXPECT_EQ(sealed.size(), 16 + 6 + 16U);
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
}

TEST(token_vault_test, never_seals_twice_alike) {
  const auto v = vault();

  EXPECT_NE(v.seal(alpha, row, "secret"), v.seal(alpha, row, "secret"));
}

TEST(token_vault_test, opens_only_for_the_tenant_and_row_it_was_sealed_for) {
  const auto v = vault();
  const auto sealed = v.seal(alpha, row, "secret");

  EXPECT_EQ(v.open(beta, row, sealed).error().code, "vault_seal_broken");
  EXPECT_EQ(v.open(alpha, row + "x", sealed).error().code, "vault_seal_broken");
  EXPECT_EQ(v.open(tenant_id(alpha.str() + row), "", sealed).error().code, "vault_seal_broken");
}

TEST(token_vault_test, notices_every_changed_byte_and_every_cut) {
  const auto v = vault();
  const auto sealed = v.seal(alpha, row, "secret");

  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(v.open(alpha, row, changed)) << "byte " << i;
    EXPECT_FALSE(v.open(alpha, row, sealed.substr(0, i))) << "cut to " << i;
  }
  EXPECT_FALSE(v.open(alpha, row, sealed + "x"));
  EXPECT_FALSE(v.open(alpha, row, "1//plain-refresh-token")) << "raw bytes are no sealed value";
}

TEST(token_vault_test, opens_with_an_older_key_and_seals_with_the_current_one) {
  const auto before = vault();
  const auto sealed = before.seal(alpha, row, "secret");
  const auto rotated = vault({{"k1", std::string(32, 'A')}, {"k2", std::string(32, 'B')}}, "k2");

  EXPECT_EQ(rotated.open(alpha, row, sealed), "secret");
  EXPECT_EQ(before.open(alpha, row, rotated.seal(alpha, row, "x")).error().code, "vault_key_unknown");
}

TEST(token_vault_test, refuses_another_key_of_the_same_name) {
  const auto sealed = vault().seal(alpha, row, "secret");

  EXPECT_EQ(vault({{"k1", std::string(32, 'B')}}).open(alpha, row, sealed).error().code, "vault_seal_broken");
}

TEST(token_vault_test, reads_keys_from_text_and_the_first_seals) {
  const auto both = token_vault::load("k2:" + key_b + ", k1:" + key_a + "\n", "", false, real_world());

  ASSERT_TRUE(both) << both.error().detail;
  EXPECT_EQ(both->open(alpha, row, vault().seal(alpha, row, "secret")), "secret");
  EXPECT_EQ(both->seal(alpha, row, "x").substr(2, 2), "k2");
}

TEST(token_vault_test, refuses_malformed_keys_without_repeating_them) {
  for (const std::string& text :
       {key_a, "k1:" + key_a.substr(1), "k1:" + key_a + "=", ":" + key_a, "k 1:" + key_a,
        "k1:" + key_a + ",k1:" + key_b, "k1:" + key_a + ",,k2:" + key_b, std::string("k1:"),
        "k1:" + std::string(43, '!') + "=", std::string(65, 'k') + ":" + key_a}) {
    const auto loaded = token_vault::load(text, "", false, real_world());
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().code, "vault_key_malformed") << text;
    EXPECT_EQ(loaded.error().detail.find(key_a.substr(1, 20)), std::string::npos) << text;
  }
  EXPECT_EQ(token_vault::load(" ", "/nonexistent/key", true, real_world()).error().code, "vault_key_missing");
  EXPECT_EQ(token_vault::load("", "", true, real_world()).error().code, "vault_key_missing");
}

struct token_vault_file_test : ::testing::Test {
  result<token_vault> load(bool may_create) { return token_vault::load("", file, may_create, real_world()); }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(file, std::ios::trunc) << text;
    ::chmod(file.c_str(), mode);
  }

  tests::temp_directory directory;
  std::string file = directory.path() + "/vault.key";
};

TEST_F(token_vault_file_test, makes_its_file_once_for_its_owner_alone) {
  ::umask(0);
  const auto made = load(true);
  const auto again = load(true);
  ::umask(022);

  ASSERT_TRUE(made) << made.error().detail;
  ASSERT_TRUE(again);
  EXPECT_EQ(again->open(alpha, row, made->seal(alpha, row, "secret")), "secret");
  struct stat seen {};
  ASSERT_EQ(::stat(file.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 07777, 0600U);
  EXPECT_NE(::access((file + ".new").c_str(), F_OK), 0) << "nothing lies beside it";
}

TEST_F(token_vault_file_test, does_not_make_a_file_where_one_must_be) {
  const auto loaded = load(false);

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "vault_key_missing");
  EXPECT_NE(::access(file.c_str(), F_OK), 0);
}

TEST_F(token_vault_file_test, refuses_a_file_that_others_may_use) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0644U}) {
    write("k1:" + key_a + "\n", mode);

    const auto loaded = load(true);

    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, "vault_key_readable");
  }
}

TEST_F(token_vault_file_test, refuses_a_broken_file_instead_of_making_another) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("k1:short"), std::string(5000, 'x')}) {
    write(text, 0600);

    EXPECT_EQ(load(true).error().code, "vault_key_malformed");
  }
}

TEST_F(token_vault_file_test, refuses_a_symbolic_link_and_a_directory_that_is_missing) {
  write("k1:" + key_a, 0600);
  const auto link = directory.path() + "/link";
  ASSERT_EQ(::symlink(file.c_str(), link.c_str()), 0);

  EXPECT_EQ(token_vault::load("", link, true, real_world()).error().code, "vault_key_missing");
  EXPECT_EQ(token_vault::load("", directory.path() + "/no/key", true, real_world()).error().code,
            "vault_key_missing");
}

} // namespace
} // namespace kalends::persistence
