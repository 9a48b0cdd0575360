// SPDX-License-Identifier: Apache-2.0
#include "api/problem.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <set>

namespace kalends::api {
namespace {

error of(errc kind, std::string code) { return {kind, std::move(code), "Why.", {}, {}}; }

TEST(problem_test, gives_each_kind_its_status) {
  EXPECT_EQ(status_of(of(errc::invalid, "x")), 422);
  EXPECT_EQ(status_of(of(errc::conflict, "x")), 409);
  EXPECT_EQ(status_of(of(errc::duplicate, "x")), 409);
  EXPECT_EQ(status_of(of(errc::not_found, "x")), 404);
  EXPECT_EQ(status_of(of(errc::forbidden, "x")), 403);
  EXPECT_EQ(status_of(of(errc::retry_later, "x")), 503);
  EXPECT_EQ(status_of(of(errc::reauthorize, "x")), 409);
  EXPECT_EQ(status_of(of(errc::broken, "x")), 502);
  EXPECT_EQ(status_of(of(errc::stopped, "x")), 503);
}

TEST(problem_test, lets_a_code_have_its_own_status) {
  EXPECT_EQ(status_of(of(errc::conflict, "version_mismatch")), 412);
  EXPECT_EQ(status_of(of(errc::invalid, "malformed_json")), 400);
  EXPECT_EQ(status_of(of(errc::invalid, "notice_refused")), 401);
}

TEST(problem_test, writes_rfc_9457) {
  const auto r = problem({errc::invalid, "unknown_time_zone", "No \"Mars\".", "start.time_zone", {}});

  const auto body = boost::json::parse(r.body).as_object();
  EXPECT_EQ(r.status, 422);
  EXPECT_EQ(net::find_header(r.headers, "content-type"), "application/problem+json");
  EXPECT_EQ(body.at("type"), "urn:kalends:problem:unknown_time_zone");
  EXPECT_EQ(body.at("status"), 422);
  EXPECT_EQ(body.at("code"), "unknown_time_zone");
  EXPECT_EQ(body.at("detail"), "No \"Mars\".");
  EXPECT_EQ(body.at("field"), "start.time_zone");
  EXPECT_TRUE(body.contains("title"));
}

TEST(problem_test, rounds_the_wait_up_to_seconds) {
  error e = of(errc::retry_later, "database_away");
  EXPECT_EQ(net::find_header(problem(e).headers, "Retry-After"), "1");
  e.retry_after = std::chrono::milliseconds(2'001);
  EXPECT_EQ(net::find_header(problem(e).headers, "Retry-After"), "3");
}

TEST(problem_test, asks_for_a_key_when_one_is_missing) {
  EXPECT_EQ(net::find_header(problem(of(errc::forbidden, "unauthenticated")).headers, "WWW-Authenticate"),
            "Bearer");
}

TEST(problem_test, lists_each_code_once) {
  std::set<std::string_view> seen;
  for (const auto& p : known_problems()) EXPECT_TRUE(seen.insert(p.code).second) << p.code;
}

} // namespace
} // namespace kalends::api
