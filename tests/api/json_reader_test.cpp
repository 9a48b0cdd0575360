// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"
#include "api/query_reader.hpp"

#include <gtest/gtest.h>

namespace kalends::api {
namespace {

std::string code_of(const result<void>& r) { return r ? "" : r.error().code + " " + r.error().field; }

std::string refusal_of(std::string_view body) {
  const auto read = read_object(body);
  return read ? "" : read.error().code;
}

TEST(json_reader_test, refuses_what_is_no_json) {
  EXPECT_EQ(refusal_of("{"), "malformed_json");
  EXPECT_EQ(refusal_of(""), "malformed_json");
  EXPECT_EQ(refusal_of("{\"a\":1} x"), "malformed_json");
  EXPECT_EQ(refusal_of("{'a':1}"), "malformed_json");
  EXPECT_EQ(refusal_of("{\"a\":NaN}"), "malformed_json");
  EXPECT_EQ(refusal_of("{\"a\":\"\xff\"}"), "malformed_json");
  EXPECT_EQ(refusal_of("{\"a\":\"\\ud800\"}"), "malformed_json");
  EXPECT_EQ(refusal_of(std::string_view("{\"a\":1}\0", 8)), "malformed_json");
}

TEST(json_reader_test, refuses_deep_nesting) {
  const std::string open(200'000, '[');
  EXPECT_EQ(refusal_of("{\"a\":" + open), "malformed_json");
  EXPECT_EQ(refusal_of("{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}"), "");
  EXPECT_EQ(refusal_of("{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}"), "malformed_json");
}

TEST(json_reader_test, wants_an_object) {
  EXPECT_EQ(refusal_of("[]"), "body_not_object");
  EXPECT_EQ(refusal_of("null"), "body_not_object");
  EXPECT_EQ(refusal_of("\"{}\""), "body_not_object");
}

TEST(json_reader_test, keeps_the_first_failure_with_its_path) {
  const auto o = *read_object(R"({"inner": {"n": 1}, "b": "yes", "c": 3})");
  object_reader reader(o);

  auto inner = reader.object("inner");
  inner->text("n");
  (void)inner->close();
  reader.flag("b");

  EXPECT_EQ(code_of(reader.close()), "wrong_type inner.n");
}

TEST(json_reader_test, refuses_fields_that_nobody_asked_for) {
  const auto o = *read_object(R"({"name": "x", "nmae": "y"})");
  object_reader reader(o);
  reader.text("name");
  EXPECT_EQ(code_of(reader.close()), "unknown_field nmae");
}

TEST(json_reader_test, refuses_unknown_fields_within) {
  const auto o = *read_object(R"({"inner": {"x": 1}})");
  object_reader reader(o);
  (void)reader.object("inner")->close();
  EXPECT_EQ(code_of(reader.close()), "unknown_field inner.x");
}

TEST(json_reader_test, misses_what_is_required) {
  const auto o = *read_object("{}");
  object_reader reader(o);
  EXPECT_FALSE(reader.text("name", {.required = true}));
  EXPECT_EQ(code_of(reader.close()), "missing_field name");
}

TEST(json_reader_test, counts_bytes_after_cleaning) {
  const auto o = *read_object(R"({"a": "e\u0301x\r\n", "b": "12345"})");
  object_reader reader(o);
  EXPECT_EQ(reader.text("a", {.max_bytes = 4}), "\u00e9x\n");
  EXPECT_EQ(code_of(object_reader(*read_object("{}")).close()), "");
  reader.text("b", {.max_bytes = 4});
  EXPECT_EQ(code_of(reader.close()), "field_too_long b");
}

TEST(json_reader_test, takes_null_only_where_it_means_something) {
  const auto o = *read_object(R"({"notes": null, "title": null})");
  object_reader reader(o);
  EXPECT_EQ(reader.text("notes", {.null_is_empty = true}), "");
  reader.text("title");
  EXPECT_EQ(code_of(reader.close()), "wrong_type title");
}

TEST(json_reader_test, reads_lists_of_ids) {
  const auto o = *read_object(R"({"a": ["0190a0a0-0000-7000-8000-000000000001"], "b": ["X"], "c": "x"})");
  object_reader reader(o);
  EXPECT_EQ(reader.uuids("a", 1)->size(), 1u);
  EXPECT_FALSE(reader.uuids("a", 0));
  EXPECT_EQ(code_of(reader.close()), "too_many_values a");

  object_reader second(o);
  second.uuids("b", 5);
  EXPECT_EQ(code_of(second.close()), "malformed_id b[0]");
}

TEST(json_reader_test, knows_the_words_of_an_enum) {
  const auto o = *read_object(R"({"a": "from_provider", "b": "sideways"})");
  object_reader reader(o);
  EXPECT_EQ(reader.choice<sync_direction>("a"), sync_direction::from_provider);
  EXPECT_FALSE(reader.choice<sync_direction>("b"));
  EXPECT_EQ(code_of(reader.close()), "unknown_value b");
}

TEST(query_reader_test, reads_limits_and_cursors) {
  query_reader query("limit=200&cursor=abc&from=2026-12-01T09:00:00%2B01:00");
  EXPECT_EQ(query.limit(), 200u);
  EXPECT_EQ(query.cursor(), "abc");
  EXPECT_EQ(to_rfc3339(*query.time("from")), "2026-12-01T08:00:00.000Z");
  EXPECT_TRUE(query.close());
}

TEST(query_reader_test, refuses_what_it_cannot_read) {
  const auto refusal = [](std::string_view text) {
    query_reader query(text);
    query.limit();
    query.uuid("user_id");
    query.time("to");
    query.sequence("after");
    return code_of(query.close());
  };
  EXPECT_EQ(refusal("limit=0"), "malformed_parameter limit");
  EXPECT_EQ(refusal("limit=201"), "malformed_parameter limit");
  EXPECT_EQ(refusal("limit=1e2"), "malformed_parameter limit");
  EXPECT_EQ(refusal("limit=5&limit=6"), "malformed_parameter limit");
  EXPECT_EQ(refusal("user_id=ABC"), "malformed_id user_id");
  EXPECT_EQ(refusal("to=tomorrow"), "malformed_parameter to");
  EXPECT_EQ(refusal("after=-1"), "malformed_parameter after");
  EXPECT_EQ(refusal("after=99999999999999999999"), "malformed_parameter after");
  EXPECT_EQ(refusal("lmit=5"), "unknown_parameter lmit");
}

} // namespace
} // namespace kalends::api
