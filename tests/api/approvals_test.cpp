// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

/// Removals that wait for a person's yes.
struct approvals_test : served_api {
  tenant_keys t = make_tenant("A");
  std::string calendar = make_provider(t, make_user(t, "ada@example.test"), "google");
  std::string place = "/v1/calendar-providers/" + calendar + "/approvals";

  void hold() {
    set(t, "UPDATE provider_state SET held_from_calendar = true, held_count = 12, held_of = 40,"
           " held_since = '2026-12-01T09:00:00Z', held_approved = false");
  }
  net::http_response answer(const std::string& body, const std::string& key = {}) {
    return ask(key.empty() ? t.operator_ : key, "POST", place, body);
  }
  /// The field that a problem names; empty when it names none.
  static std::string field_of(const net::http_response& r) {
    const auto told = body_of(r);
    const auto* field = told.if_contains("field");
    return field ? std::string(field->as_string()) : std::string();
  }
  bool was_told(const std::string& what) const {
    const auto told = engine_->told();
    return std::find(told.begin(), told.end(), what) != told.end();
  }
};

TEST_F(approvals_test, shows_what_waits_and_nothing_when_nothing_does) {
  const auto none = ask(t.reader, "GET", place);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(body_of(none).at("provider_id"), boost::json::string(calendar));
  EXPECT_TRUE(items_of(none).empty());

  hold();

  const auto shown = items_of(ask(t.reader, "GET", place));
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].at("kind"), "entries_would_go");
  EXPECT_EQ(shown[0].at("count"), 12);
  EXPECT_EQ(shown[0].at("of"), 40);
  EXPECT_EQ(shown[0].at("since"), "2026-12-01T09:00:00.000Z");
  EXPECT_EQ(shown[0].at("approved"), false);
}

TEST_F(approvals_test, a_yes_reaches_the_engine_and_the_audit_log) {
  hold();

  const auto done = answer(R"({"decision": "approve", "count": 12})");

  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(items_of(done).size(), 1u);
  EXPECT_TRUE(was_told("approved"));
  EXPECT_EQ(audit(t, "provider.removals_approved").size(), 1u);
}

TEST_F(approvals_test, a_no_reaches_the_engine_and_the_audit_log) {
  hold();

  EXPECT_EQ(answer(R"({"decision": "refuse"})").status, 200);

  EXPECT_TRUE(was_told("refused"));
  EXPECT_EQ(audit(t, "provider.removals_refused").size(), 1u);
}

TEST_F(approvals_test, a_yes_to_what_was_shown_is_none_to_more) {
  hold();

  const auto stale = answer(R"({"decision": "approve", "count": 11})");

  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(code_of(stale), "approval_stale");
  EXPECT_EQ(field_of(stale), "count");
  EXPECT_FALSE(was_told("approved"));
}

TEST_F(approvals_test, an_answer_when_nothing_waits_any_more_changes_nothing) {
  EXPECT_EQ(code_of(answer(R"({"decision": "approve"})")), "nothing_held");
  EXPECT_FALSE(was_told("approved"));

  hold();
  engine_->on_approval = [] { return failure(errc::not_found, "nothing_held", "No removals wait."); };
  const auto late = answer(R"({"decision": "approve"})");

  EXPECT_EQ(late.status, 404);
  EXPECT_EQ(code_of(late), "nothing_held");
  EXPECT_TRUE(items_of(ask(t.admin, "GET", "/v1/audit-log?limit=200")).size() > 0);
  for (const auto& line : items_of(ask(t.admin, "GET", "/v1/audit-log?limit=200")))
    EXPECT_NE(line.at("action"), "provider.removals_approved");
}

TEST_F(approvals_test, a_repeated_answer_is_the_first_one) {
  hold();
  const net::header_list key = {{"Idempotency-Key", "k1"}};

  const auto first = ask(t.operator_, "POST", place, R"({"decision": "approve"})", key);
  const auto again = ask(t.operator_, "POST", place, R"({"decision": "approve"})", key);

  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(header_of(again, "Idempotency-Replayed"), "true");
  const auto told = engine_->told();
  EXPECT_EQ(std::count(told.begin(), told.end(), "approved"), 1);
}

TEST_F(approvals_test, refuses_what_is_no_answer) {
  hold();
  const std::vector<std::array<std::string, 3>> bodies = {
      {"{}", "missing_field", "decision"},
      {R"({"decision": "yes"})", "unknown_value", "decision"},
      {R"({"decision": true})", "wrong_type", "decision"},
      {R"({"decision": "approve", "count": "12"})", "wrong_type", "count"},
      {R"({"decision": "approve", "why": "x"})", "unknown_field", "why"},
      {R"(["approve"])", "body_not_object", ""},
      {R"({"decision": )", "malformed_json", ""}};
  for (const auto& [body, code, field] : bodies) {
    const auto r = answer(body);
    EXPECT_EQ(code_of(r), code) << body;
    EXPECT_EQ(field_of(r), field) << body;
  }
  EXPECT_FALSE(was_told("approved"));
}

TEST_F(approvals_test, is_for_those_who_may_and_whose_it_is) {
  hold();
  const auto b = make_tenant("B");
  const std::string yes = R"({"decision": "approve"})";

  EXPECT_EQ(code_of(answer(yes, t.reader)), "role_too_low");
  EXPECT_EQ(code_of(answer(yes, "nobody's key")), "unauthenticated");
  EXPECT_EQ(code_of(ask(b.admin, "GET", place)), "provider_not_found");
  EXPECT_EQ(code_of(answer(yes, b.admin)), "provider_not_found");
  for (const std::string& id : {make_uuid(outside_), std::string("none")}) {
    const auto elsewhere = "/v1/calendar-providers/" + id + "/approvals";
    EXPECT_EQ(code_of(ask(t.reader, "GET", elsewhere)), "provider_not_found");
    EXPECT_EQ(code_of(ask(t.operator_, "POST", elsewhere, yes)), "provider_not_found");
  }
  EXPECT_FALSE(was_told("approved"));
}

} // namespace
} // namespace kalends::api
