// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kalends::persistence {
namespace {

using namespace std::string_literals;

/// Values go to the real server and come back: only it knows whether a literal means what we meant.
struct sql_value_test : ::testing::Test {
  static void SetUpTestSuite() {
    store = std::make_unique<tests::temp_database>();
    db = store->open({.connections = 1});
  }
  static void TearDownTestSuite() {
    db.reset();
    store.reset();
  }

  static result<rows> ask(const char* sql, std::vector<sql_value> values) {
    return db->run_now<rows>({}, [&](transaction& tx) { return tx.query({"ask", sql}, values); });
  }

  static inline std::unique_ptr<tests::temp_database> store;
  static inline std::unique_ptr<database> db;
};

TEST_F(sql_value_test, brings_back_every_text_of_an_array) {
  const std::vector<std::string> texts{"plain",       "",     "NULL",        "null",
                                       "two words",   "a,b",  "{x}",         "\"quoted\"",
                                       "back\\slash", "\\\"", "line\nbreak", "grüße 日本 🗓",
                                       "'single'",    "\t",   "a-b_c.d:e+f"};
  sql_array array;
  for (const auto& text : texts) array.add(text);

  auto found = ask("SELECT v FROM unnest($1::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n", {array});

  ASSERT_TRUE(found) << found.error().detail;
  ASSERT_EQ(found->size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_FALSE(found->is_null(i, 0));
    EXPECT_EQ(found->text(i, 0), texts[i]);
  }
}

TEST_F(sql_value_test, tells_null_from_empty_in_arrays_and_values) {
  sql_array array;
  array.add(std::nullopt);
  array.add("");

  auto found = ask("SELECT v, $2::text, $3::text FROM unnest($1::text[]) AS v", {array, std::nullopt, ""});

  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->optional_text(0, 0), std::nullopt);
  EXPECT_EQ(found->optional_text(1, 0), "");
  EXPECT_EQ(found->optional_text(0, 1), std::nullopt);
  EXPECT_EQ(found->optional_text(0, 2), "");
}

TEST_F(sql_value_test, takes_an_empty_array_as_no_rows) {
  auto found = ask("SELECT v FROM unnest($1::uuid[]) AS v", {sql_array{}});

  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_TRUE(found->empty());
}

TEST_F(sql_value_test, brings_back_all_bytes) {
  std::string raw;
  for (int i = 0; i < 256; ++i) raw += static_cast<char>(i);
  sql_array array;
  array.add_bytes(raw);
  array.add_bytes("");

  auto found = ask("SELECT $1::bytea, v FROM unnest($2::bytea[]) WITH ORDINALITY AS u(v, n) ORDER BY n",
                   {sql_bytes(raw), array});

  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->bytes(0, 0), raw);
  EXPECT_EQ(found->bytes(0, 1), raw);
  EXPECT_EQ(found->bytes(1, 1), "");
}

TEST_F(sql_value_test, brings_back_numbers_truths_ids_and_times) {
  using namespace std::chrono;
  const instant time{milliseconds(1'796'112'000'123)};
  const tenant_id tenant("0193e0a1-0000-7000-8000-000000000001");

  auto found = ask(
      "SELECT $1::bigint, $2::boolean, $3::uuid, $4::timestamptz, '2026-07-01 00:00:00.5+02'::timestamptz,"
      " NULL::timestamptz, '1969-12-31 23:59:59.9999+00'::timestamptz",
      {std::int64_t{-9'000'000'000}, true, tenant, time});

  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->integer(0, 0), -9'000'000'000);
  EXPECT_TRUE(found->boolean(0, 1));
  EXPECT_EQ(found->as<tenant_id>(0, 2), tenant);
  EXPECT_EQ(found->time(0, 3), time);
  EXPECT_EQ(found->time(0, 4), instant(sys_days(2026y / June / 30)) + 22h + 500ms);
  EXPECT_EQ(found->optional_time(0, 5), std::nullopt);
  EXPECT_EQ(found->time(0, 6), instant(milliseconds(-1)));
}

TEST_F(sql_value_test, refuses_a_nul_instead_of_cutting_the_text) {
  sql_array array;
  array.add("a\0b"s);

  for (const sql_value& value : {sql_value("a\0b"s), sql_value(array)}) {
    auto found = ask("SELECT $1::text", {value});

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "data_exception");
    EXPECT_EQ(found.error().kind, errc::invalid);
  }
}

TEST_F(sql_value_test, keeps_the_value_out_of_the_error) {
  auto found = ask("SELECT $1::uuid", {"hunter2"});

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "data_exception");
  EXPECT_EQ(found.error().detail.find("hunter2"), std::string::npos);
}

TEST_F(sql_value_test, rolls_back_work_that_misreads_a_row) {
  auto misread = db->run_now<std::int64_t>({}, [](transaction& tx) -> result<std::int64_t> {
    return tx.query({"words", "SELECT 'twelve'"})->integer(0, 0);
  });
  auto beyond = db->run_now<std::string>({}, [](transaction& tx) -> result<std::string> {
    return tx.query({"words", "SELECT 'twelve'"})->text(1, 0);
  });

  EXPECT_EQ(misread.error().code, "work_threw");
  EXPECT_EQ(beyond.error().code, "work_threw");
}

} // namespace
} // namespace kalends::persistence
