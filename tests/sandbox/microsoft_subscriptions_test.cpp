// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::sandbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;
namespace json = boost::json;

class microsoft_subscriptions_test : public testing::Test, public microsoft_bench {
protected:
  static json::object wish(const std::string& resource = "/me/events") {
    return {{"changeType", "created,updated,deleted"},
            {"notificationUrl", "https://app.test/hooks?x=1"},
            {"lifecycleNotificationUrl", "https://app.test/life"},
            {"resource", resource},
            {"expirationDateTime", "2026-11-28T09:00:00.0000000Z"},
            {"clientState", "state-1"}};
  }
  reply subscribe(const json::object& body, net::header_list headers = {}) {
    return send_late("POST", "/v1.0/subscriptions", body, std::move(headers));
  }
  reply create(const std::string& subject) { return post("/v1.0/me/events", meeting(subject)); }
  static std::string at(const std::string& id) { return "/v1.0/me/events/" + net::percent_encode(id); }
};

TEST_F(microsoft_subscriptions_test, asks_both_urls_before_it_answers) {
  const auto r = subscribe(wish());

  ASSERT_EQ(r.status, 201) << r.text;
  EXPECT_EQ(r["expirationDateTime"], "2026-11-28T09:00:00Z");
  EXPECT_EQ(r["clientState"], "state-1");
  ASSERT_EQ(received.size(), 2U);
  EXPECT_THAT(received[0].url, StartsWith("https://app.test/hooks?x=1&validationToken="));
  EXPECT_THAT(received[1].url, StartsWith("https://app.test/life?validationToken="));
  EXPECT_EQ(received[0].method, "POST");
  EXPECT_EQ(received[0].total_timeout, 10s);
  EXPECT_EQ(net::find_header(received[0].headers, "Content-Type"), "text/plain; charset=utf-8");
}

TEST_F(microsoft_subscriptions_test, the_token_must_come_back_exactly_decoded) {
  webhook = [](const net::outgoing_request& request) -> result<net::http_reply> {
    return net::http_reply{
        200, {{"Content-Type", "text/plain"}}, request.url.substr(request.url.find("Token=") + 6)};
  };
  const auto encoded = subscribe(wish());
  webhook = [](const net::outgoing_request& request) {
    auto r = echo(request);
    r->headers = {{"Content-Type", "text/html"}};
    return r;
  };
  const auto typed = subscribe(wish());
  webhook = [](const net::outgoing_request&) -> result<net::http_reply> {
    return net::http_reply{404, {}, ""};
  };
  const auto missing = subscribe(wish());
  webhook = [](const net::outgoing_request&) -> result<net::http_reply> {
    return failure(errc::retry_later, "timeout", "");
  };
  const auto slow = subscribe(wish());

  for (const auto* r : {&encoded, &typed, &missing, &slow}) {
    EXPECT_EQ(r->status, 400);
    EXPECT_EQ(r->error(), "ValidationError");
  }
  EXPECT_THAT(slow.text, HasSubstr("timed out"));
  EXPECT_TRUE(get("/v1.0/subscriptions")["value"].as_array().empty());
}

TEST_F(microsoft_subscriptions_test, refuses_what_the_service_refuses) {
  const auto with = [&](const char* name, const json::value& wished) {
    auto body = wish();
    body[name] = wished;
    return subscribe(body);
  };

  EXPECT_EQ(with("expirationDateTime", "2026-11-30T09:00:00Z").error(), "ExtensionError");
  EXPECT_EQ(with("expirationDateTime", "2026-11-21T09:00:00Z").status, 400);
  EXPECT_EQ(with("clientState", json::value(std::string(129, 'x'))).status, 400);
  EXPECT_EQ(with("changeType", "moved").status, 400);
  EXPECT_EQ(with("notificationUrl", "http://app.test/hooks").status, 400);
  EXPECT_EQ(with("resource", "/me/calendarView").error(), "ExtensionError");
  EXPECT_EQ(with("resource", "/users/bob@contoso.test/events").status, 403);
  EXPECT_EQ(with("notificationURL", "https://x.test").error(), "InvalidRequest");
  EXPECT_TRUE(received.empty());
}

TEST_F(microsoft_subscriptions_test, a_twin_is_a_conflict) {
  subscribe(wish());

  const auto r = subscribe(wish());

  EXPECT_EQ(r.status, 409);
  EXPECT_THAT(r.text, HasSubstr("already exists for the requested combination"));
}

TEST_F(microsoft_subscriptions_test, short_lives_become_45_minutes) {
  auto body = wish();
  body["expirationDateTime"] = "2026-11-22T09:10:00Z";

  EXPECT_EQ(subscribe(body)["expirationDateTime"], "2026-11-22T09:45:00Z");
}

TEST_F(microsoft_subscriptions_test, tells_of_every_kind_of_change) {
  const auto id = id_of(subscribe(wish()));
  received.clear();

  const auto made = create("x");
  patch(at(id_of(made)), {{"subject", "y"}});
  erase(at(id_of(made)));
  deliver();

  const auto all = notices();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].at("changeType"), "created");
  EXPECT_EQ(all[1].at("changeType"), "updated");
  EXPECT_EQ(all[2].at("changeType"), "deleted");
  EXPECT_EQ(all[0].at("subscriptionId"), json::value(id));
  EXPECT_EQ(all[0].at("clientState"), "state-1");
  EXPECT_EQ(all[0].at("resourceData").at("id"), made["id"]);
  EXPECT_EQ(all[0].at("subscriptionExpirationDateTime"), "2026-11-28T09:00:00+00:00");
  EXPECT_EQ(received[0].url, "https://app.test/hooks?x=1");
}

TEST_F(microsoft_subscriptions_test, ids_keep_the_form_of_the_creation) {
  subscribe(wish(), {{"Prefer", "IdType=\"ImmutableId\""}});
  const auto made = create("x");
  deliver();

  const auto all = notices();
  const auto stable = get(at(id_of(made)), {{"Prefer", "IdType=\"ImmutableId\""}});

  EXPECT_EQ(all.at(0).at("resourceData").at("id"), stable["id"]);
}

TEST_F(microsoft_subscriptions_test, a_calendars_subscription_hears_of_that_calendar_only) {
  const auto work = id_of(post("/v1.0/me/calendars", {{"name", "Work"}}));
  subscribe(wish("me/calendars('" + work + "')/events"));
  received.clear();

  create("elsewhere");
  post("/v1.0/me/calendars/" + net::percent_encode(work) + "/events", meeting("here"));
  post("/v1.0/me/events", meeting("bob's"), {{"Authorization", "Bearer " + bob}});
  deliver();

  EXPECT_EQ(notices().size(), 1U);
}

TEST_F(microsoft_subscriptions_test, one_message_serves_several_subscriptions_and_pairs) {
  subscribe(wish());
  subscribe(wish("/me/calendar/events"));
  patch("/_sandbox/microsoft/knobs", {{"extra_updates", 1}});
  received.clear();

  create("x");
  deliver();

  EXPECT_EQ(received.size(), 1U);
  EXPECT_EQ(notices().size(), 4U);
}

TEST_F(microsoft_subscriptions_test, an_edited_instance_is_told_under_the_masters_id) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  const auto view = get("/v1.0/me/calendarView?startDateTime=2026-11-24&endDateTime=2026-12-08");
  subscribe(wish());
  received.clear();

  erase(at(std::string(view["value"].at(0).at("id").as_string())));
  deliver();

  ASSERT_EQ(notices().size(), 1U);
  EXPECT_EQ(notices().at(0).at("changeType"), "updated");
  EXPECT_EQ(notices().at(0).at("resourceData").at("id"), master["id"]);
}

TEST_F(microsoft_subscriptions_test, a_refused_notice_comes_again_and_at_last_counts_as_missed) {
  subscribe(wish());
  received.clear();
  webhook = [](const net::outgoing_request& request) -> result<net::http_reply> {
    return net::http_reply{request.url.find("/life") == std::string::npos ? 503 : 202, {}, ""};
  };

  create("x");
  deliver();
  EXPECT_EQ(received.size(), 1U);
  c.clock.advance(10s);
  deliver();
  EXPECT_EQ(received.size(), 2U);
  for (int i = 0; i < 20; ++i) {
    c.clock.advance(31min);
    deliver();
  }

  const auto all = notices();
  EXPECT_EQ(all.back().at("lifecycleEvent"), "missed");
  EXPECT_EQ(received.size(), 16U);
  EXPECT_EQ(received.back().url, "https://app.test/life");
}

TEST_F(microsoft_subscriptions_test, renewal_prolongs_and_expiry_silences) {
  const auto id = id_of(subscribe(wish()));
  c.clock.advance(24h * 5);
  const auto fresh_token = token_for("alice@contoso.test");

  const auto renewed =
      send_late("PATCH", "/v1.0/subscriptions/" + id, {{"expirationDateTime", "2026-12-03T09:00:00Z"}});
  EXPECT_EQ(renewed.status, 200);
  c.clock.advance(24h * 7);
  received.clear();
  create("x");
  deliver();

  EXPECT_TRUE(notices().empty());
  EXPECT_EQ(get("/v1.0/subscriptions/" + id).status, 404);
  EXPECT_EQ(send_late("PATCH", "/v1.0/subscriptions/" + id, {{"expirationDateTime", "2026-12-06T09:00:00Z"}})
                .status,
            404);
}

TEST_F(microsoft_subscriptions_test, a_renewal_names_nothing_else) {
  const auto id = id_of(subscribe(wish()));

  EXPECT_EQ(send_late("PATCH", "/v1.0/subscriptions/" + id, {{"resource", "/me/calendars"}}).status, 400);
}

TEST_F(microsoft_subscriptions_test, a_new_url_is_asked_first) {
  const auto id = id_of(subscribe(wish()));
  received.clear();

  const auto r =
      send_late("PATCH", "/v1.0/subscriptions/" + id, {{"notificationUrl", "https://app.test/new"}});

  EXPECT_EQ(r["notificationUrl"], "https://app.test/new");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_THAT(received[0].url, StartsWith("https://app.test/new?validationToken="));
}

TEST_F(microsoft_subscriptions_test, deletion_ends_it) {
  const auto id = id_of(subscribe(wish()));
  EXPECT_EQ(get("/v1.0/subscriptions")["value"].as_array().size(), 1U);
  EXPECT_EQ(get("/v1.0/subscriptions/" + id, {{"Authorization", "Bearer " + bob}}).status, 404);

  EXPECT_EQ(erase("/v1.0/subscriptions/" + id).status, 204);
  received.clear();
  create("x");
  deliver();

  EXPECT_TRUE(received.empty());
  EXPECT_EQ(erase("/v1.0/subscriptions/" + id).status, 404);
}

TEST_F(microsoft_subscriptions_test, reminds_as_the_end_comes_near) {
  subscribe(wish());
  received.clear();
  c.clock.advance(24h * 6 - 30min);
  get("/v1.0/me");
  deliver();
  get("/v1.0/me");
  deliver();

  ASSERT_EQ(notices().size(), 1U);
  EXPECT_EQ(notices().at(0).at("lifecycleEvent"), "reauthorizationRequired");
  EXPECT_EQ(notices().at(0).at("clientState"), "state-1");
  EXPECT_EQ(received.at(0).url, "https://app.test/life");
}

TEST_F(microsoft_subscriptions_test, a_revoked_grant_removes_it_and_says_so) {
  subscribe(wish());
  received.clear();
  c.people.revoke_all("alice@contoso.test");

  c.microsoft
      ->person_writes(*c.people.find("alice@contoso.test"), "", "",
                      {{"title", "x"}, {"start", "2026-11-24T10:00"}, {"end", "2026-11-24T11:00"}})
      .value();
  c.microsoft->tick();
  deliver();

  for (const auto& item : notices()) EXPECT_EQ(item.at("lifecycleEvent"), "subscriptionRemoved");
  EXPECT_EQ(notices().size(), 1U);
  EXPECT_TRUE(c.microsoft->channels().empty());
}

TEST_F(microsoft_subscriptions_test, lifecycle_notices_on_request) {
  const auto id = id_of(subscribe(wish()));
  received.clear();
  const auto& owner = *c.people.find("alice@contoso.test");

  EXPECT_EQ(c.microsoft->send_lifecycle(owner, "", "missed"), 1U);
  EXPECT_EQ(c.microsoft->send_lifecycle(owner, "other", "missed"), 0U);
  deliver();

  EXPECT_EQ(notices().at(0).at("lifecycleEvent"), "missed");
  EXPECT_EQ(notices().at(0).at("subscriptionId"), json::value(id));
}

TEST_F(microsoft_subscriptions_test, fault_plans_drop_and_repeat_notices) {
  subscribe(wish());
  received.clear();
  fault_plan drop;
  drop.method = "notice";
  drop.notice = notice_fault::drop;
  c.faults.add(drop);
  fault_plan twice = drop;
  twice.notice = notice_fault::duplicate;
  twice.skip = 1;
  c.faults.add(twice);

  create("dropped");
  create("twice");
  deliver();

  EXPECT_EQ(notices().size(), 2U);
  EXPECT_EQ(notices()[0], notices()[1]);
}

TEST_F(microsoft_subscriptions_test, notices_may_come_late_and_before_the_event_is_readable) {
  patch("/_sandbox/microsoft/knobs", {{"notice_seconds", 60}, {"unreadable_seconds", 90}});
  subscribe(wish());
  received.clear();

  const auto made = create("x");
  deliver();
  EXPECT_TRUE(received.empty());
  c.clock.advance(60s);
  deliver();
  EXPECT_EQ(received.size(), 1U);
  EXPECT_EQ(get(at(id_of(made))).status, 404);
  c.clock.advance(30s);
  EXPECT_EQ(get(at(id_of(made))).status, 200);
}

} // namespace
} // namespace kalends::sandbox
