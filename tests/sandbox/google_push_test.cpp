// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/google_fixture.hpp"

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

class google_push_test : public google_fixture {
protected:
  json::object watch(const std::string& id, json::object more = {}) {
    json::object body{
        {"id", id}, {"type", "web_hook"}, {"address", "https://hooks.example.com/g"}, {"token", "t7"}};
    for (const auto& [key, value] : more) body[key] = value;
    return expect(200, api("POST", "calendars/primary/events/watch", body));
  }
  std::string add() {
    return text(insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  }
  std::string header(const net::outgoing_request& r, std::string_view name) {
    return std::string(net::find_header(r.headers, name));
  }
  void fault(const json::object& plan) { admin("POST", "/faults", plan); }
};

TEST_F(google_push_test, greets_a_new_channel_and_then_tells_of_changes) {
  const auto channel = watch("c-1");
  const auto first = deliver(200);
  add();
  const auto second = deliver(200);

  EXPECT_EQ(text(channel.at("kind")), "api#channel");
  EXPECT_EQ(text(channel.at("resourceUri")),
            "https://www.googleapis.com/calendar/v3/calendars/primary/events?alt=json");
  EXPECT_EQ(text(channel.at("expiration")), "1788855330123") << "seven days";
  EXPECT_EQ(header(first, "X-Goog-Resource-State"), "sync");
  EXPECT_EQ(header(first, "X-Goog-Message-Number"), "1");
  EXPECT_EQ(header(first, "X-Goog-Channel-ID"), "c-1");
  EXPECT_EQ(header(first, "X-Goog-Channel-Token"), "t7");
  EXPECT_EQ(header(first, "X-Goog-Channel-Expiration"), "Tue, 08 Sep 2026 08:15:30 GMT");
  EXPECT_EQ(header(first, "X-Goog-Resource-ID"), text(channel.at("resourceId")));
  EXPECT_TRUE(first.body.empty());
  EXPECT_EQ(header(second, "X-Goog-Resource-State"), "exists");
  EXPECT_GT(std::stoi(header(second, "X-Goog-Message-Number")), 1);
  EXPECT_EQ(admin("GET", "/journal?method=notice").at("count").as_int64(), 2);
}

TEST_F(google_push_test, tells_of_what_the_person_did_by_hand) {
  watch("c-1");
  deliver(200);
  const auto made = admin("POST", "/accounts/dana@example.com/events",
                          {{"title", "By hand"}, {"start", "2026-09-14T09:00"}, {"end", "2026-09-14T10:00"}});
  deliver(200);
  admin("PATCH", "/accounts/dana@example.com/events/" + text(made.at("id")), {{"title", "Again"}});
  deliver(200);
  admin("DELETE", "/accounts/dana@example.com/events/" + text(made.at("id")));
  deliver(200);

  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(text(made.at("start").at("dateTime")), "2026-09-14T09:00:00+02:00");
}

TEST_F(google_push_test, repeats_only_after_a_5xx) {
  watch("c-1");
  deliver(503);
  EXPECT_TRUE(sent.empty()) << "not at once";
  advance(std::chrono::seconds(2));
  deliver(404);
  advance(std::chrono::hours(1));

  EXPECT_TRUE(sent.empty());
}

TEST_F(google_push_test, refuses_bad_channels) {
  watch("c-1");
  const auto refused = [&](const json::object& body) {
    const auto answer = api("POST", "calendars/primary/events/watch", body);
    EXPECT_EQ(answer.status, 400);
    return reason(answer);
  };

  EXPECT_EQ(refused({{"id", "c-1"}, {"type", "web_hook"}, {"address", "https://h.example"}}),
            "channelIdNotUnique");
  EXPECT_EQ(refused({{"id", "c-2"}, {"type", "web_hook"}, {"address", "http://h.example"}}),
            "push.webhookUrlNotHttps");
  EXPECT_EQ(refused({{"id", "c-2"}, {"type", "carrier_pigeon"}, {"address", "https://h.example"}}),
            "invalid");
  EXPECT_EQ(refused({{"type", "web_hook"}, {"address", "https://h.example"}}), "required");
}

TEST_F(google_push_test, shortens_a_wish_and_expires_by_the_clock) {
  const auto brief = watch("c-1", {{"params", {{"ttl", "3600"}}}});
  const auto greedy = watch("c-2", {{"params", {{"ttl", "99999999"}}}});
  deliver(200);
  deliver(200);
  advance(std::chrono::hours(2));
  token = text(admin("POST", "/accounts/dana@example.com/grants").at("access_token"));
  add();

  EXPECT_EQ(text(brief.at("expiration")), "1788254130123");
  EXPECT_EQ(text(greedy.at("expiration")), "1788855330123");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(header(sent.front().request, "X-Goog-Channel-ID"), "c-2");
}

TEST_F(google_push_test, stops_a_channel_for_its_owner_only) {
  const auto channel = watch("c-1");
  deliver(200);
  const json::object stop{{"id", "c-1"}, {"resourceId", channel.at("resourceId")}};
  admin("POST", "/accounts", {{"email", "eve@example.com"}, {"kind", "google"}});
  const auto dana =
      std::exchange(token, text(admin("POST", "/accounts/eve@example.com/grants").at("access_token")));
  EXPECT_EQ(api("POST", "channels/stop", stop).status, 404);
  token = dana;

  EXPECT_EQ(api("POST", "channels/stop", stop).status, 204);
  EXPECT_EQ(api("POST", "channels/stop", stop).status, 404);
  add();
  EXPECT_TRUE(sent.empty());
}

TEST_F(google_push_test, drops_doubles_delays_and_reorders_on_request) {
  watch("c-1");
  deliver(200);
  fault({{"notice", "drop"}});
  add();
  EXPECT_TRUE(sent.empty());

  fault({{"notice", "duplicate"}});
  add();
  const auto one = deliver(200);
  const auto same = deliver(200);
  EXPECT_EQ(header(one, "X-Goog-Message-Number"), header(same, "X-Goog-Message-Number"));

  fault({{"notice", "delay"}, {"delay_seconds", 60}});
  add();
  EXPECT_TRUE(sent.empty());
  advance(std::chrono::seconds(61));
  deliver(200);

  fault({{"notice", "reorder"}});
  add();
  EXPECT_TRUE(sent.empty());
  add();
  const auto newer = deliver(200);
  const auto older = deliver(200);
  EXPECT_GT(std::stoi(header(newer, "X-Goog-Message-Number")),
            std::stoi(header(older, "X-Goog-Message-Number")));
}

class faults_test : public google_push_test {};

TEST_F(faults_test, answers_instead_for_the_calls_it_was_told) {
  fault({{"method", "events.list"},
         {"skip", 1},
         {"times", 2},
         {"reason", "rateLimitExceeded"},
         {"retry_after", 7}});
  std::vector<int> statuses;
  std::string retry_after;
  for (int i = 0; i < 4; ++i) {
    const auto answer = api("GET", "calendars/primary/events");
    statuses.push_back(answer.status);
    if (answer.status == 403) retry_after = net::find_header(answer.headers, "Retry-After");
  }

  EXPECT_EQ(statuses, (std::vector{200, 403, 403, 200}));
  EXPECT_EQ(retry_after, "7");
}

TEST_F(faults_test, strikes_only_the_account_it_names) {
  admin("POST", "/accounts", {{"email", "eve@example.com"}, {"kind", "google"}});
  fault({{"account", "Eve@example.com"}, {"method", "events.*"}, {"times", 0}, {"status", 503}});
  const auto dana = api("GET", "calendars/primary/events").status;
  token = text(admin("POST", "/accounts/eve@example.com/grants").at("access_token"));

  EXPECT_EQ(dana, 200);
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 503);
  EXPECT_EQ(api("GET", "users/me/calendarList").status, 200);
}

TEST_F(faults_test, cuts_before_or_after_the_effect) {
  const auto post = [&] {
    return heart.ask(make_request("POST", "/calendar/v3/calendars/primary/events",
                                  {{"Authorization", "Bearer " + token}},
                                  json::serialize(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"))));
  };
  fault({{"method", "events.insert"}, {"cut", true}});
  const auto before = post();
  const auto rows_before = list("").first.size();
  fault({{"method", "events.insert"}, {"cut", true}, {"after_effect", true}, {"latency_ms", 5}});
  const auto after = post();

  EXPECT_TRUE(before.cut);
  EXPECT_EQ(rows_before, 0u);
  EXPECT_TRUE(after.cut);
  EXPECT_EQ(after.latency.count(), 5);
  EXPECT_EQ(list("").first.size(), 1u);
  const auto writes = admin("GET", "/journal?method=events.insert&wrote=true");
  EXPECT_EQ(writes.at("count").as_int64(), 1);
  EXPECT_EQ(writes.at("items").at(0).at("status").as_int64(), 0);
}

TEST_F(faults_test, answers_html_when_asked) {
  fault({{"method", "events.list"}, {"status", 502}, {"body", "<html>"}, {"content_type", "text/html"}});
  const auto answer = api("GET", "calendars/primary/events");

  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.body, "<html>");
  EXPECT_EQ(net::find_header(answer.headers, "Content-Type"), "text/html");
}

TEST_F(faults_test, refuses_a_plan_it_does_not_understand) {
  const auto status = [&](const json::object& plan) {
    return ask("POST", "/_sandbox/faults", {}, json::serialize(plan)).status;
  };

  EXPECT_EQ(status({}), 400);
  EXPECT_EQ(status({{"status", "five"}}), 400);
  EXPECT_EQ(status({{"statuss", 500}}), 400);
  EXPECT_EQ(status({{"vendor", "apple"}, {"status", 500}}), 400);
  EXPECT_EQ(ask("POST", "/_sandbox/faults", {}, "{").status, 400);
  EXPECT_EQ(ask("DELETE", "/_sandbox/faults/none").status, 404);
}

TEST_F(faults_test, are_listed_and_taken_away) {
  fault({{"method", "events.list"}, {"times", 0}, {"status", 500}});
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 500);
  EXPECT_EQ(admin("GET", "/faults").at("items").at(0).at("struck").as_int64(), 1);
  admin("DELETE", "/faults");

  EXPECT_EQ(api("GET", "calendars/primary/events").status, 200);
}

class journal_test : public google_push_test {};

TEST_F(journal_test, keeps_what_was_asked_without_the_credentials) {
  const auto id = add();
  const auto path = "calendars/primary/events/" + id;
  expect(200, api("PATCH", path, {{"summary", "B"}}, {{"If-Match", "*"}}));
  api("GET", "calendars/primary/events/none");
  const auto report = admin("GET", "/journal?account=dana@example.com");
  const auto& patch = report.at("items").at(1).as_object();

  EXPECT_EQ(report.at("count").as_int64(), 3);
  EXPECT_EQ(report.at("by_method").at("events.insert").as_int64(), 1);
  EXPECT_EQ(text(patch.at("method")), "events.patch");
  EXPECT_EQ(text(patch.at("headers").at("If-Match")), "*");
  EXPECT_FALSE(patch.at("headers").as_object().contains("Authorization"));
  EXPECT_EQ(text(patch.at("body")), R"({"summary":"B"})");
  EXPECT_TRUE(patch.at("wrote").as_bool());
  EXPECT_EQ(admin("GET", "/journal?status=404").at("count").as_int64(), 1);
  EXPECT_EQ(admin("GET", "/journal?after=2").at("count").as_int64(), 1);
  admin("DELETE", "/journal");
  EXPECT_EQ(admin("GET", "/journal").at("count").as_int64(), 0);
}

} // namespace
} // namespace kalends::sandbox
