// SPDX-License-Identifier: Apache-2.0
#include "api/person_rules.hpp"
#include "api/router.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kalends::api {
namespace {

TEST(router_test, finds_a_route_and_what_stands_for_its_names) {
  const auto m = match(routes(), "DELETE", "/v1/admin/tenants/t-1/keys/k-2");

  ASSERT_NE(m.found, nullptr);
  EXPECT_EQ(m.found->path, "/v1/admin/tenants/{tenant_id}/keys/{key_id}");
  EXPECT_EQ(m.values[0], "t-1");
  EXPECT_EQ(m.values[1], "k-2");
}

TEST(router_test, prefers_nothing_over_a_longer_or_shorter_path) {
  EXPECT_EQ(match(routes(), "GET", "/v1/users/").found, nullptr);
  EXPECT_EQ(match(routes(), "GET", "/v1/users/a/b").found, nullptr);
  EXPECT_EQ(match(routes(), "GET", "/v1").found, nullptr);
  EXPECT_EQ(match(routes(), "GET", "v1/users").found, nullptr);
  EXPECT_EQ(match(routes(), "GET", "").found, nullptr);
}

TEST(router_test, tells_what_a_path_allows) {
  const auto wrong = match(routes(), "PUT", "/v1/users/x");
  EXPECT_EQ(wrong.found, nullptr);
  EXPECT_EQ(wrong.allowed, "GET, HEAD, PATCH, DELETE");
  EXPECT_EQ(match(routes(), "GET", "/nowhere").allowed, "");
}

TEST(router_test, serves_head_as_get) {
  const auto m = match(routes(), "HEAD", "/healthz");
  ASSERT_NE(m.found, nullptr);
  EXPECT_EQ(m.found->method, "GET");
}

TEST(router_test, holds_each_method_of_a_path_once) {
  std::set<std::string> seen;
  for (const auto& r : routes())
    EXPECT_TRUE(seen.insert(std::string(r.method) + " " + std::string(r.path)).second) << r.path;
}

TEST(router_test, opens_nothing_of_the_api_to_everybody) {
  for (const auto& r : routes()) {
    if (r.path.starts_with("/v1/admin/")) {
      EXPECT_EQ(r.needs, access::installation) << r.path;
    } else if (r.path == "/v1/session") {
      EXPECT_EQ(r.needs, r.method == "POST" ? access::open : access::session);
    } else if (r.path.starts_with("/v1/")) {
      EXPECT_TRUE(r.needs != access::open && r.needs != access::installation) << r.path;
    } else if (r.path == "/metrics") {
      EXPECT_EQ(r.needs, access::scraper);
    } else {
      EXPECT_EQ(r.needs, access::open) << r.path;
    }
  }
}

TEST(router_test, lets_readers_change_nothing) {
  for (const auto& r : routes())
    if (r.needs == access::reader && !r.path.ends_with("/decisions/replay") &&
        !r.path.ends_with("/preview")) { // which only reckon
      EXPECT_EQ(r.method, "GET") << r.path;
    }
}

TEST(router_test, rules_for_persons_name_routes_that_there_are) {
  for (const auto& line : person_rules()) {
    const auto m = match(routes(), line.method, line.path);
    ASSERT_NE(m.found, nullptr) << line.method << " " << line.path;
    EXPECT_EQ(m.found->path, line.path);
    EXPECT_EQ(rule_for_person(*m.found), line.rule) << line.method << " " << line.path;
    EXPECT_EQ(line.rule == person_rule::own_path, line.path.find('{') != std::string_view::npos) << line.path;
  }
}

TEST(router_test, refuses_a_person_where_nothing_is_said) {
  const route unknown{"GET", "/v1/news", access::reader, nullptr};
  EXPECT_EQ(rule_for_person(unknown), person_rule::refused);
  for (const auto& r : routes())
    if (r.needs == access::installation || r.path.starts_with("/v1/oauth-clients") ||
        r.path == "/v1/audit-log" || r.path == "/v1/sign-in-links") {
      EXPECT_EQ(rule_for_person(r), person_rule::refused) << r.path;
    }
}

TEST(router_test, keeps_no_answer_that_holds_a_secret) {
  for (const auto& r : routes()) {
    if (!r.path.ends_with("/keys") && !r.path.starts_with("/v1/admin/operators") &&
        !r.path.ends_with("/authorization") && !r.path.ends_with("-links") && r.path != "/v1/session")
      continue;
    EXPECT_FALSE(r.idempotent) << r.path;
  }
}

} // namespace
} // namespace kalends::api
