// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

namespace kalends::api {
namespace {

struct console_test : served_api {
  net::http_response as_operator(const std::string& method, const std::string& target,
                                 const std::string& body = {}) {
    return ask(admin_key, method, target, body);
  }
  static std::string text(const boost::json::value& v) { return std::string(v.as_string().c_str()); }
};

constexpr const char* all_lists[] = {"/v1/admin/providers", "/v1/admin/summary",      "/v1/admin/quota",
                                     "/v1/admin/work",      "/v1/admin/dead-letters", "/v1/admin/conflicts",
                                     "/v1/admin/approvals", "/v1/admin/sync-runs",    "/v1/admin/audit-log",
                                     "/v1/admin/timeline",  "/v1/admin/doctor"};

TEST_F(console_test, answers_the_operator_and_nobody_else) {
  const auto t = make_tenant("A");
  for (const auto* path : all_lists) {
    EXPECT_EQ(as_operator("GET", path).status, 200) << path;
    EXPECT_EQ(ask(t.admin, "GET", path).status, 401) << path;
    EXPECT_EQ(as_operator("GET", std::string(path) + "?nothing=1").status,
              std::string_view(path) == "/v1/admin/work" || std::string_view(path) == "/v1/admin/summary"
                  ? 200
                  : 422)
        << path;
  }
}

TEST_F(console_test, shows_all_tenants_calendars_and_walks_through_them) {
  const auto a = make_tenant("Acme"), b = make_tenant("Brick");
  const auto of_a = make_provider(a, make_user(a, "ada@a.test"), "google");
  const auto of_b = make_provider(b, make_user(b, "bob@b.test"), "microsoft");

  const auto first = body_of(as_operator("GET", "/v1/admin/providers?sort=-tenant&limit=1"));
  const auto cursor = text(first.at("next_cursor"));
  const auto rest = body_of(as_operator("GET", "/v1/admin/providers?sort=-tenant&limit=1&cursor=" + cursor));

  const auto& shown = first.at("items").as_array().at(0);
  EXPECT_EQ(text(shown.at("id")), of_b);
  EXPECT_EQ(text(shown.at("tenant").at("name")), "Brick");
  EXPECT_EQ(text(shown.at("user_email")), "bob@b.test");
  EXPECT_EQ(text(shown.at("health")), "idle");
  EXPECT_EQ(text(rest.at("items").as_array().at(0).at("id")), of_a);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/providers?sort=name&cursor=" + cursor)),
            "malformed_cursor");
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/providers?cursor=x")), "malformed_cursor");
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/providers?sort=secret")), "unknown_value");
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/providers?health=ill")), "unknown_value");
  EXPECT_EQ(items_of(as_operator("GET", "/v1/admin/providers?q=BRI")).size(), 1u);
  EXPECT_EQ(items_of(as_operator("GET", "/v1/admin/providers?type=google")).size(), 1u);
}

TEST_F(console_test, sums_up_the_installation_and_each_tenant) {
  const auto a = make_tenant("Acme");
  make_tenant("Empty");
  make_provider(a, make_user(a, "ada@a.test"), "google");

  const auto all = body_of(as_operator("GET", "/v1/admin/summary"));
  const auto tenants = items_of(as_operator("GET", "/v1/admin/tenants?with=summary"));

  EXPECT_EQ(all.at("tenants").at("total"), 2);
  EXPECT_EQ(all.at("providers").at("total"), 1);
  EXPECT_EQ(all.at("providers").at("by_state").at("pending_authorization"), 1);
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[0].at("summary").at("providers").at("total"), 1);
  EXPECT_EQ(tenants[1].at("summary").at("providers").at("total"), 0);
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/tenants?with=everything")), "unknown_value");
}

TEST_F(console_test, stops_and_releases_a_tenant_with_a_trace) {
  const auto t = make_tenant("Acme");
  const auto place = "/v1/admin/tenants/" + t.id;

  const auto stopped = as_operator("PATCH", place, R"({"work_stopped": true})");
  ASSERT_EQ(stopped.status, 200);
  EXPECT_TRUE(body_of(stopped).at("work_stopped").as_bool());
  EXPECT_FALSE(body_of(stopped).at("work_stopped_at").is_null());
  EXPECT_EQ(as_operator("PATCH", place, R"({"work_stopped": true})").status, 200);
  EXPECT_TRUE(body_of(as_operator("GET", place)).at("work_stopped").as_bool());
  EXPECT_EQ(body_of(as_operator("GET", "/v1/admin/summary")).at("tenants").at("stopped"), 1);
  EXPECT_FALSE(
      body_of(as_operator("PATCH", place, R"({"work_stopped": false})")).at("work_stopped").as_bool());
  EXPECT_EQ(audit(t, "tenant.work_stopped").size(), 1u);
  EXPECT_EQ(audit(t, "tenant.work_released").size(), 1u);
}

TEST_F(console_test, connects_no_calendar_of_a_stopped_tenant) {
  const auto t = make_tenant("Acme");
  const auto p = make_provider(t, make_user(t, "ada@a.test"), "google");
  as_operator("PUT", "/v1/admin/work", R"({"work_stopped": true})");

  const auto refused = ask(t.admin, "POST", "/v1/calendar-providers/" + p + "/authorization", "{}");

  EXPECT_EQ(code_of(refused), "work_stopped");
  EXPECT_EQ(refused.status, 409);
}

TEST_F(console_test, stops_everything_at_once_and_tells_every_tenant) {
  const auto a = make_tenant("A"), b = make_tenant("B");

  const auto stopped = as_operator("PUT", "/v1/admin/work", R"({"work_stopped": true})");

  EXPECT_TRUE(body_of(stopped).at("work_stopped").as_bool());
  EXPECT_TRUE(body_of(as_operator("GET", "/v1/admin/work")).at("work_stopped").as_bool());
  EXPECT_TRUE(body_of(as_operator("GET", "/v1/admin/summary")).at("work_stopped").as_bool());
  EXPECT_EQ(audit(a, "work.stopped_everywhere").size(), 1u);
  EXPECT_EQ(audit(b, "work.stopped_everywhere").size(), 1u);
  EXPECT_FALSE(body_of(as_operator("PUT", "/v1/admin/work", R"({"work_stopped": false})"))
                   .at("work_stopped")
                   .as_bool());
  EXPECT_EQ(code_of(as_operator("PUT", "/v1/admin/work", "{}")), "missing_field");
}

TEST_F(console_test, keeps_stage_and_flags_and_refuses_flags_that_it_does_not_know) {
  const auto t = make_tenant("Acme");
  const auto place = "/v1/admin/tenants/" + t.id;

  const auto changed = body_of(
      as_operator("PATCH", place, R"({"release_stage": "beta", "flags": {"connect_google": false}})"));

  EXPECT_EQ(text(changed.at("release_stage")), "beta");
  EXPECT_FALSE(changed.at("flags").at("connect_google").as_bool());
  EXPECT_TRUE(changed.at("flags").at("guest_mail").as_bool());
  const auto unknown = as_operator("PATCH", place, R"({"flags": {"teleport": true}})");
  EXPECT_EQ(code_of(unknown), "unknown_field");
  EXPECT_EQ(text(body_of(unknown).at("field")), "flags.teleport");
  EXPECT_EQ(code_of(as_operator("PATCH", place, R"({"release_stage": "alpha"})")), "unknown_value");
  EXPECT_EQ(code_of(as_operator("PATCH", place, "{}")), "missing_field");
  EXPECT_EQ(audit(t, "tenant.stage_changed").size(), 1u);
  EXPECT_EQ(audit(t, "tenant.flag_changed").size(), 1u);
}

TEST_F(console_test, a_withheld_feature_is_refused_until_it_is_given_back) {
  const auto t = make_tenant("Acme");
  const auto user = make_user(t, "ada@a.test");
  const auto place = "/v1/admin/tenants/" + t.id;
  auto make = [&](const std::string& more) {
    return ask(t.admin, "POST", "/v1/calendar-providers",
               R"({"type": "google", "user_id": ")" + user + "\"" + more + "}");
  };
  as_operator("PATCH", place, R"({"flags": {"connect_google": false, "guest_mail": false}})");

  EXPECT_EQ(code_of(make("")), "feature_withheld");
  EXPECT_EQ(make("").status, 403);
  as_operator("PATCH", place, R"({"flags": {"connect_google": true}})");
  EXPECT_EQ(code_of(make(R"(, "guest_mail": "guests")")), "feature_withheld");
  EXPECT_EQ(make("").status, 201);
}

TEST_F(console_test, shows_who_did_what_over_all_tenants) {
  const auto a = make_tenant("A"), b = make_tenant("B");

  const auto lines = items_of(as_operator("GET", "/v1/admin/audit-log?action=tenant.created"));

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(text(lines[0].at("tenant").at("id")), b.id);
  EXPECT_EQ(text(lines[1].at("tenant").at("name")), "A");
  EXPECT_EQ(
      items_of(as_operator("GET", "/v1/admin/audit-log?action=tenant.created&tenant_id=" + a.id)).size(), 1u);
}

TEST_F(console_test, counts_as_many_hours_as_were_asked_for) {
  EXPECT_EQ(items_of(as_operator("GET", "/v1/admin/timeline")).size(), 24u);
  EXPECT_EQ(items_of(as_operator("GET", "/v1/admin/timeline?hours=168")).size(), 168u);
  EXPECT_EQ(code_of(as_operator("GET", "/v1/admin/timeline?hours=169")), "malformed_parameter");
}

} // namespace
} // namespace kalends::api
