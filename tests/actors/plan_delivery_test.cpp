// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_delivery.hpp"
#include "actors/plan_sync.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;

struct plan_delivery_test : ::testing::Test {
  plan_delivery_test() {
    outside = real_world();
    outside.now = [this] { return now; };
    endpoint.id = webhook_id("0192a000-0000-7000-8000-0000000000e1");
    endpoint.position = 7;
  }
  webhook_endpoint after(int status, std::optional<std::chrono::milliseconds> pause = {}) const {
    return plan_attempt(endpoint, 8, {status, {}, pause}, outside);
  }

  instant now{std::chrono::hours(480'000)};
  world outside;
  webhook_endpoint endpoint;
};

TEST_F(plan_delivery_test, what_was_taken_is_settled_and_forgets_earlier_failures) {
  endpoint.attempts = 4;
  endpoint.failing_since = now - 1h;
  endpoint.waited = 20s;

  for (const int status : {200, 202, 204}) {
    const auto e = after(status);
    EXPECT_EQ(e.position, 8);
    EXPECT_EQ(e.attempts, 0);
    EXPECT_FALSE(e.failing_since || e.next_attempt_at || e.stopped);
    EXPECT_EQ(e.last_code, "");
    EXPECT_EQ(e.last_delivered_at, now);
  }
}

TEST_F(plan_delivery_test, what_was_not_taken_waits_and_moves_nothing) {
  for (const int status : {301, 400, 404, 500, 503}) {
    const auto e = after(status);
    EXPECT_EQ(e.position, 7);
    EXPECT_EQ(e.attempts, 1);
    EXPECT_EQ(e.failing_since, now);
    EXPECT_GE(*e.next_attempt_at, now + shortest_backoff);
    EXPECT_LE(*e.next_attempt_at, now + longest_backoff);
    EXPECT_FALSE(e.stopped);
  }
}

TEST_F(plan_delivery_test, the_waits_grow_and_stay_bounded) {
  std::chrono::milliseconds longest{};
  for (int i = 0; i < 200; ++i) {
    endpoint = after(500);
    EXPECT_LE(endpoint.waited, longest_backoff);
    longest = std::max(longest, endpoint.waited);
  }
  EXPECT_GT(longest, 1min);
}

TEST_F(plan_delivery_test, waits_as_long_as_it_is_asked_to_but_not_for_ever) {
  EXPECT_EQ(after(429, 2h).next_attempt_at, now + 2h);
  EXPECT_EQ(after(503, 1000h).next_attempt_at, now + longest_asked_pause);
}

TEST_F(plan_delivery_test, one_that_is_gone_is_stopped_at_once) {
  const auto e = after(410);

  ASSERT_TRUE(e.stopped);
  EXPECT_EQ(e.stopped->code, "endpoint_gone");
  EXPECT_EQ(e.position, 7);
  EXPECT_FALSE(e.runs());
}

TEST_F(plan_delivery_test, three_days_of_failures_stop_it) {
  endpoint.failing_since = now - endpoint_patience;
  endpoint.attempts = least_failures_to_stop - 1;

  ASSERT_TRUE(after(500).stopped);
  EXPECT_EQ(after(500).stopped->code, "endpoint_failing");
  EXPECT_FALSE(after(200).stopped);

  endpoint.failing_since = now - endpoint_patience + 1s;
  EXPECT_FALSE(after(500).stopped);
}

TEST_F(plan_delivery_test, days_in_which_nobody_tried_are_no_failures) {
  endpoint.failing_since = now - 30 * 24h;
  endpoint.attempts = 1;

  EXPECT_FALSE(after(500).stopped);
}

TEST_F(plan_delivery_test, says_why_it_failed) {
  EXPECT_EQ(failure_of({204, {}, {}}), "");
  EXPECT_EQ(failure_of({302, {}, {}}), "redirect_refused");
  EXPECT_EQ(failure_of({410, {}, {}}), "endpoint_gone");
  EXPECT_EQ(failure_of({500, {}, {}}), "http_500");
  EXPECT_EQ(failure_of({0, "timeout", {}}), "timeout");
  EXPECT_EQ(failure_of({0, "", {}}), "no_answer");
}

TEST_F(plan_delivery_test, sends_what_the_feed_shows_and_a_timestamp) {
  fact f;
  f.id = "0192a000-0000-7000-8000-0000000000f1";
  f.type = fact_type::schedule_entry_updated;
  f.tenant = tenant_id("0192a000-0000-7000-8000-00000000000a");
  f.sequence = 42;
  f.time = now;
  f.data = R"({"title":"\"quoted\""})";

  const auto body = boost::json::parse(delivery_body(f)).as_object();

  EXPECT_EQ(body.at("id").as_string(), f.id);
  EXPECT_EQ(body.at("type").as_string(), "SCHEDULE_ENTRY_UPDATED");
  EXPECT_EQ(body.at("tenant_id").as_string(), f.tenant.str());
  EXPECT_EQ(body.at("sequence").as_int64(), 42);
  EXPECT_EQ(body.at("time").as_string(), to_rfc3339(now));
  EXPECT_EQ(body.at("timestamp"), body.at("time"));
  EXPECT_EQ(body.at("data").as_object().at("title").as_string(), "\"quoted\"");
}

TEST_F(plan_delivery_test, tells_of_a_stop_without_the_url) {
  endpoint.url = "https://host.example/a-secret";
  const auto e = after(410);

  const auto told = stop_fact(tenant_id("t"), e, outside);
  const auto noted = stop_audit(e, outside);

  EXPECT_EQ(told.type, fact_type::webhook_endpoint_disabled);
  EXPECT_EQ(told.data, noted.detail);
  EXPECT_NE(told.data.find(e.id.str()), std::string::npos);
  EXPECT_EQ(told.data.find("a-secret"), std::string::npos);
  EXPECT_EQ(noted.actor, "engine");
  EXPECT_EQ(noted.action, "webhook_endpoint.disabled");
}

} // namespace
} // namespace kalends::actors
