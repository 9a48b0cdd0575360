// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include "api/tickets.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

constexpr const char* nobody = "0190a0a0-0000-7000-8000-0000000000ff";

struct access_test : served_api {};

TEST_F(access_test, shows_a_new_key_once_and_stores_it_nowhere) {
  const auto t = make_tenant("A");

  const auto listed = ask(admin_key, "GET", "/v1/admin/tenants/" + t.id + "/keys");

  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(body_of(listed).at("items").as_array().size(), 3u);
  EXPECT_EQ(listed.body.find(t.admin.substr(36)), std::string::npos);
  EXPECT_EQ(listed.body.find("\"key\""), std::string::npos);
}

TEST_F(access_test, refuses_every_wrong_key) {
  const auto t = make_tenant("A");
  const auto forged = make_key(tenant_id(t.id), outside_);

  for (const auto& key : {std::string(), std::string("x"), forged, make_key(tenant_id(nobody), outside_),
                          std::string(admin_key), t.admin.substr(0, 78)}) {
    const auto r = ask(key, "GET", "/v1/users");
    EXPECT_EQ(code_of(r), "unauthenticated") << key;
    EXPECT_EQ(r.status, 401);
    EXPECT_EQ(header_of(r, "WWW-Authenticate"), "Bearer");
  }
  for (const auto& key : {std::string(), t.admin, std::string(admin_key) + "x", forged})
    EXPECT_EQ(ask(key, "GET", "/v1/admin/tenants").status, 401);
  EXPECT_EQ(audit(t, "access.denied"), (std::vector<std::string>{"tenant:" + t.id}));
}

TEST_F(access_test, lets_each_role_do_its_own) {
  const auto t = make_tenant("A");
  const auto entry = R"({"title": "x", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}})";

  EXPECT_EQ(ask(t.reader, "GET", "/v1/schedule-entries").status, 200);
  EXPECT_EQ(code_of(ask(t.reader, "POST", "/v1/schedule-entries", entry)), "role_too_low");
  EXPECT_EQ(ask(t.operator_, "POST", "/v1/schedule-entries", entry).status, 201);
  EXPECT_EQ(code_of(ask(t.operator_, "POST", "/v1/users", "{}")), "role_too_low");
  EXPECT_EQ(code_of(ask(t.operator_, "GET", "/v1/audit-log")), "role_too_low");
  EXPECT_EQ(ask(t.admin, "GET", "/v1/audit-log").status, 200);
  EXPECT_EQ(ask(t.reader, "POST", "/v1/schedule-entries", entry).status, 403);
  const auto denied = audit(t, "access.denied");
  EXPECT_EQ(std::count(denied.begin(), denied.end(), "route:POST /v1/schedule-entries"), 1);
}

TEST_F(access_test, forgets_a_revoked_key_at_once) {
  const auto t = make_tenant("A");
  ASSERT_EQ(ask(t.reader, "GET", "/v1/users").status, 200);
  const auto keys = items_of(ask(admin_key, "GET", "/v1/admin/tenants/" + t.id + "/keys"));
  std::string id;
  for (const auto& k : keys)
    if (k.at("role") == "reader") id = k.at("id").as_string().c_str();

  EXPECT_EQ(ask(admin_key, "DELETE", "/v1/admin/tenants/" + t.id + "/keys/" + id).status, 204);

  EXPECT_EQ(ask(t.reader, "GET", "/v1/users").status, 401);
  EXPECT_EQ(ask(t.operator_, "GET", "/v1/users").status, 200);
  EXPECT_EQ(code_of(ask(admin_key, "DELETE", "/v1/admin/tenants/" + t.id + "/keys/" + nobody)),
            "key_not_found");
}

/// What an answer says apart from the id of its request.
std::string without_request(const std::string& body) {
  const auto at = body.find(",\"request_id\"");
  return at == std::string::npos ? body : body.substr(0, at);
}

TEST_F(access_test, answers_foreign_and_missing_ids_alike) {
  const auto ours = make_tenant("A");
  const auto theirs = make_tenant("B");
  const auto user = make_user(theirs, "ada@b.test");
  const auto provider = make_provider(theirs, user, "google");
  const auto entry = make_entry(theirs, "Secret plan");

  for (const auto& [path, foreign] : {std::pair{std::string("/v1/users/"), user},
                                      {"/v1/calendar-providers/", provider},
                                      {"/v1/schedule-entries/", entry}}) {
    for (const auto* method : {"GET", "DELETE", "PATCH"}) {
      const auto body = std::string(method) == "PATCH" ? "{}" : "";
      const auto got = ask(ours.admin, method, path + foreign, body);
      const auto missing = ask(ours.admin, method, path + nobody, body);
      EXPECT_EQ(got.status, 404) << method << path;
      EXPECT_EQ(without_request(got.body), without_request(missing.body));
    }
    EXPECT_EQ(ask(ours.admin, "GET", path + "not-a-uuid").status, 404);
    EXPECT_EQ(ask(theirs.admin, "GET", path + foreign).status, 200);
  }
  const auto denied = audit(ours, "access.denied");
  EXPECT_EQ(std::count(denied.begin(), denied.end(), "entry:" + entry), 1);
  EXPECT_EQ(body_of(ask(ours.admin, "GET", "/v1/schedule-entries")).at("items").as_array().size(), 0u);
  EXPECT_EQ(body_of(ask(ours.admin, "GET", "/v1/events")).at("items").as_array().size(), 0u);
}

TEST_F(access_test, refuses_a_foreign_user_as_an_unknown_one) {
  const auto ours = make_tenant("A");
  const auto theirs = make_tenant("B");
  const auto user = make_user(theirs, "ada@b.test");

  const auto entry = ask(ours.admin, "POST", "/v1/schedule-entries",
                         R"({"title": "x", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"},
                             "assigned_user_ids": [")" +
                             user + "\"]}");
  const auto provider =
      ask(ours.admin, "POST", "/v1/calendar-providers", R"({"type": "google", "user_id": ")" + user + "\"}");

  EXPECT_EQ(code_of(entry), "unknown_user");
  EXPECT_EQ(code_of(provider), "unknown_user");
}

TEST_F(access_test, erases_a_tenant_after_its_engine_stopped) {
  const auto t = make_tenant("A");
  make_entry(t, "x");

  EXPECT_EQ(ask(admin_key, "DELETE", "/v1/admin/tenants/" + t.id).status, 204);

  EXPECT_EQ(engine_->told().back(), "tenant_removed " + t.id);
  EXPECT_EQ(ask(t.admin, "GET", "/v1/users").status, 401);
  EXPECT_EQ(code_of(ask(admin_key, "GET", "/v1/admin/tenants/" + t.id)), "tenant_not_found");
  EXPECT_EQ(code_of(ask(admin_key, "DELETE", "/v1/admin/tenants/" + t.id)), "tenant_not_found");
}

TEST_F(access_test, pages_through_tenants_and_shows_their_providers) {
  const auto a = make_tenant("A");
  make_tenant("B");
  const auto provider = make_provider(a, make_user(a, "ada@a.test"), "microsoft");

  const auto first = body_of(ask(admin_key, "GET", "/v1/admin/overview?limit=1"));
  ASSERT_EQ(first.at("items").as_array().size(), 1u);
  const auto& shown = first.at("items").as_array().at(0);
  EXPECT_EQ(shown.at("id").as_string(), a.id.c_str());
  EXPECT_EQ(shown.at("providers").as_array().at(0).at("id").as_string(), provider.c_str());
  const std::string cursor = first.at("next_cursor").as_string().c_str();
  const auto second = body_of(ask(admin_key, "GET", "/v1/admin/tenants?limit=1&cursor=" + cursor));
  EXPECT_EQ(second.at("items").as_array().at(0).at("name"), "B");
  EXPECT_EQ(code_of(ask(admin_key, "GET", "/v1/admin/tenants?cursor=x")), "malformed_cursor");
}

TEST_F(access_test, turns_away_what_it_does_not_know) {
  const auto t = make_tenant("A");
  const auto wrong_method = ask(t.admin, "PUT", "/v1/users", "{}");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(header_of(wrong_method, "Allow"), "POST, GET, HEAD");
  EXPECT_EQ(code_of(ask(t.admin, "GET", "/v2/users")), "route_not_found");
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", "{}", {{"Content-Type", "text/plain"}})),
            "unsupported_media_type");
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", "{")), "malformed_json");
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", "[]")), "body_not_object");
  EXPECT_EQ(ask(t.admin, "POST", "/v1/users", std::string(1024 * 1024 + 1, ' ')).status, 413);
  EXPECT_EQ(code_of(ask(t.admin, "GET", "/v1/users?limit=1000")), "malformed_parameter");
  const auto options = ask("", "OPTIONS", "/v1/users");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header_of(options, "Access-Control-Allow-Origin"), "");
}

TEST_F(access_test, bears_its_security_headers_everywhere) {
  for (const auto& r :
       {ask("", "GET", "/healthz"), ask("", "GET", "/nowhere"), ask(admin_key, "GET", "/v1/admin/tenants"),
        ask("", "GET", "/openapi.json"), ask("", "GET", "/connect/x")}) {
    EXPECT_EQ(header_of(r, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(r, "Referrer-Policy"), "no-referrer");
    EXPECT_NE(header_of(r, "Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_FALSE(header_of(r, "Cache-Control").empty());
  }
  EXPECT_EQ(header_of(ask(admin_key, "GET", "/v1/admin/tenants"), "Cache-Control"), "no-store");
}

TEST_F(access_test, says_when_it_is_ready_and_why_not) {
  EXPECT_EQ(ask("", "GET", "/healthz").status, 200);
  EXPECT_EQ(ask("", "GET", "/readyz").status, 200);
  engine_->down = true;
  const auto r = ask("", "GET", "/readyz");
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(code_of(r), "not_ready");
  EXPECT_EQ(body_of(r).at("detail"), "engine: engine_stopped");
  EXPECT_EQ(body_of(r).at("checks").at("engine").at("reason"), "engine_stopped");
  EXPECT_EQ(body_of(r).at("checks").at("database").at("ready"), true);
}

TEST_F(access_test, shows_its_figures_to_scrapers_only) {
  const auto t = make_tenant("Figures");
  EXPECT_EQ(ask("", "GET", "/metrics").status, 401);
  EXPECT_EQ(ask(t.admin, "GET", "/metrics").status, 401);
  EXPECT_EQ(ask("wrong", "GET", "/metrics").status, 401);

  const auto r = ask(metrics_token, "GET", "/metrics");

  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "figure 1\n");
  EXPECT_TRUE(header_of(r, "Content-Type").starts_with("text/plain; version=0.0.4"));
  EXPECT_EQ(ask(admin_key, "GET", "/metrics").status, 200);
  EXPECT_EQ(ask(metrics_token, "GET", "/v1/admin/tenants").status, 401);
}

TEST_F(access_test, names_every_request) {
  auto id = [](const net::http_response& r) { return header_of(r, "X-Request-Id"); };
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";

  EXPECT_EQ(id(ask("", "GET", "/healthz", {}, {{"X-Request-Id", "host-42.a_b"}})), "host-42.a_b");
  EXPECT_EQ(id(ask("", "GET", "/healthz", {}, {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}})),
            trace);
  for (const std::string bad : {"a b", "x\ny", "\"", "", "ä"})
    EXPECT_TRUE(is_uuid(id(ask("", "GET", "/healthz", {}, {{"X-Request-Id", bad}})))) << bad;
  EXPECT_TRUE(is_uuid(id(ask("", "GET", "/healthz", {}, {{"X-Request-Id", std::string(65, 'x')}}))));
  EXPECT_TRUE(is_uuid(id(ask("", "GET", "/healthz", {}, {{"traceparent", "00-" + trace}}))));

  const auto refused = ask("", "GET", "/v1/users", {}, {{"X-Request-Id", "host-43"}});
  EXPECT_EQ(body_of(refused).at("request_id"), "host-43");
  const auto t = make_tenant("Traced");
  ask(t.admin, "POST", "/v1/users", R"({"email":"a@b.example","name":"A","time_zone":"UTC"})",
      {{"X-Request-Id", "host-44"}});
  const auto log = items_of(ask(t.admin, "GET", "/v1/audit-log?limit=200"));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const auto& line) {
    return boost::json::serialize(line).find("host-44") != std::string::npos;
  }));
}

TEST_F(access_test, serves_the_page_under_a_strict_policy) {
  const auto r = ask("", "GET", "/");
  EXPECT_EQ(r.status, 200);
  EXPECT_TRUE(header_of(r, "Content-Type").starts_with("text/html"));
  EXPECT_NE(header_of(r, "Content-Security-Policy").find("script-src 'self'"), std::string::npos);
  EXPECT_EQ(header_of(r, "Content-Security-Policy").find("unsafe"), std::string::npos);
  EXPECT_EQ(header_of(r, "Cache-Control"), "no-cache");
  const auto kept = ask("", "GET", "/", "", {{"If-None-Match", header_of(r, "ETag")}});
  EXPECT_EQ(kept.status, 304);
  EXPECT_EQ(header_of(kept, "Content-Security-Policy"), header_of(r, "Content-Security-Policy"));
  EXPECT_EQ(ask("", "GET", "/../schema/openapi.yaml").status, 404);
  EXPECT_EQ(ask("", "POST", "/").status, 404);
}

TEST_F(access_test, serves_its_description_with_an_etag) {
  const auto r = ask("", "GET", "/openapi.json");
  EXPECT_EQ(body_of(r).at("openapi"), "3.1.0");
  EXPECT_EQ(ask("", "GET", "/openapi.json", "", {{"If-None-Match", header_of(r, "ETag")}}).status, 304);
}

} // namespace
} // namespace kalends::api
