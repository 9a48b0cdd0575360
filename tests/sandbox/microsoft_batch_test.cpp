// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

class microsoft_batch_test : public testing::Test, public microsoft_bench {
protected:
  /// The responses by id.
  std::map<std::string, json::object> batch(const json::array& requests) {
    const auto r = send_late("POST", "/v1.0/$batch", {{"requests", requests}});
    EXPECT_EQ(r.status, 200) << r.text;
    std::map<std::string, json::object> out;
    for (const auto& one : r["responses"].as_array())
      out[std::string(one.at("id").as_string())] = one.as_object();
    return out;
  }
  static json::object insert(const std::string& id, const std::string& subject) {
    return {{"id", id},
            {"method", "POST"},
            {"url", "/me/events"},
            {"body", meeting(subject)},
            {"headers", {{"Content-Type", "application/json"}}}};
  }
};

TEST_F(microsoft_batch_test, answers_each_part) {
  const auto r = batch({insert("1", "a"), json::object{{"id", "2"}, {"method", "GET"}, {"url", "/me"}},
                        json::object{{"id", "3"}, {"method", "GET"}, {"url", "me/nothing"}}});

  EXPECT_EQ(r.at("1").at("status"), 201);
  EXPECT_EQ(r.at("1").at("body").at("subject"), "a");
  EXPECT_EQ(r.at("2").at("body").at("mail"), "alice@contoso.test");
  EXPECT_EQ(r.at("3").at("status"), 400);
}

TEST_F(microsoft_batch_test, dependents_of_a_failure_are_not_run) {
  auto second = insert("2", "b");
  second["dependsOn"] = json::array{"1"};

  const auto r = batch({insert("1", std::string(300, 'x')), second});

  EXPECT_EQ(r.at("1").at("status"), 400);
  EXPECT_EQ(r.at("2").at("status"), 424);
  EXPECT_TRUE(get("/v1.0/me/events")["value"].as_array().empty());
}

TEST_F(microsoft_batch_test, faults_strike_single_parts) {
  fault_plan plan;
  plan.method = "graph.events.insert";
  plan.reason = "ApplicationThrottled";
  plan.headers = {{"Retry-After", "2"}};
  plan.skip = 1;
  c.faults.add(plan);

  const auto r = batch({insert("1", "a"), insert("2", "b"), insert("3", "c")});

  EXPECT_EQ(r.at("1").at("status"), 201);
  EXPECT_EQ(r.at("2").at("status"), 429);
  EXPECT_EQ(r.at("2").at("headers").at("Retry-After"), "2");
  EXPECT_EQ(r.at("3").at("status"), 201);
}

TEST_F(microsoft_batch_test, the_fifth_at_once_may_be_throttled) {
  patch("/_sandbox/microsoft/knobs", {{"strict_batch_concurrency", true}});
  json::array all;
  for (int i = 1; i <= 6; ++i) all.push_back(insert(std::to_string(i), "e"));

  const auto r = batch(all);

  EXPECT_EQ(r.at("4").at("status"), 201);
  EXPECT_EQ(r.at("5").at("status"), 429);
  EXPECT_EQ(r.at("6").at("status"), 429);
}

TEST_F(microsoft_batch_test, refuses_malformed_envelopes) {
  json::array many;
  for (int i = 0; i < 21; ++i) many.push_back(insert(std::to_string(i), "e"));

  EXPECT_EQ(send_late("POST", "/v1.0/$batch", {{"requests", many}}).status, 400);
  EXPECT_EQ(send_late("POST", "/v1.0/$batch", {{"requests", json::array{insert("1", "a"), insert("1", "b")}}})
                .status,
            400);
  EXPECT_EQ(send_late("POST", "/v1.0/$batch", {{"requests", 1}}).status, 400);
}

TEST_F(microsoft_batch_test, a_subscription_inside_waits_for_its_handshake) {
  const auto r = batch({json::object{{"id", "1"},
                                     {"method", "POST"},
                                     {"url", "/subscriptions"},
                                     {"body",
                                      {{"changeType", "updated"},
                                       {"notificationUrl", "https://app.test/hooks"},
                                       {"resource", "/me/events"},
                                       {"expirationDateTime", "2026-11-23T09:00:00Z"}}}},
                        insert("2", "a")});

  EXPECT_EQ(r.at("1").at("status"), 201);
  EXPECT_EQ(r.at("2").at("status"), 201);
}

TEST_F(microsoft_batch_test, every_part_is_in_the_journal) {
  batch({insert("1", "a"), insert("2", "b")});

  journal_filter filter;
  filter.method = "graph.events.insert";
  EXPECT_EQ(c.log.count(filter), 2U);
}

} // namespace
} // namespace kalends::sandbox
