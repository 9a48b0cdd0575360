// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include "net/webhook_check.hpp"

namespace kalends::api {
namespace {

namespace json = boost::json;

/// Pushes as Pub/Sub makes them. A token's text is the address that it proves; "away" stands for keys that
/// cannot be fetched, "bad" for a token that proves nothing.
struct google_pubsub_test : served_api {
  tenant_keys one = make_tenant("One"), two = make_tenant("Two");
  std::string seen_audience;
  std::vector<std::string> seen; ///< channels that reached the engine

  void SetUp() override {
    on_push_token = [this](const std::string& token,
                           const std::string& audience) -> result<net::oidc_identity> {
      seen_audience = audience;
      if (token == "away") return failure(errc::retry_later, "oidc_keys_away", "Away.");
      if (token == "bad") return failure(errc::forbidden, "oidc_token_refused", "The token has expired.");
      return net::oidc_identity{token, "117"};
    };
    engine_->on_notice = [this](const net::unproven_notice& n) -> result<bool> {
      seen.push_back(n.channel);
      if (n.channel == "forged") return failure(errc::invalid, "notice_refused", "No.");
      if (n.channel == "unlucky") return failure(errc::retry_later, "database_away", "Away.");
      return true;
    };
  }

  static std::string admin_path(const tenant_keys& t) {
    return "/v1/admin/tenants/" + t.id + "/google-pubsub";
  }
  net::http_response expect_pusher(const tenant_keys& t, const std::string& account,
                                   const std::string& subscription = "projects/p/subscriptions/s") {
    return ask(admin_key, "PUT", admin_path(t),
               json::serialize(json::object{{"topic", "projects/p/topics/t"},
                                            {"subscription", subscription},
                                            {"service_account", account}}));
  }
  static std::string ticket(const tenant_keys& t) {
    return net::write_ticket(
        {tenant_id(t.id), provider_id("0190a0a0-0000-7000-8000-000000000002"), std::string(43, 's')});
  }
  static std::string envelope(const std::string& token, const std::string& channel = "c-1",
                              const std::string& subscription = "projects/p/subscriptions/s") {
    return json::serialize(json::object{{"message",
                                         {{"attributes",
                                           {{"x-goog-channel-id", channel},
                                            {"x-goog-channel-token", token},
                                            {"x-goog-resource-state", "exists"}}},
                                          {"messageId", "1"}}},
                                        {"subscription", subscription}});
  }
  net::http_response push(const std::string& bearer, const std::string& body) {
    net::header_list headers{{"Content-Type", "application/json"}};
    if (!bearer.empty()) headers.emplace_back("Authorization", "Bearer " + bearer);
    return ask("", "POST", "/webhooks/google/pubsub", body, headers);
  }
};

TEST_F(google_pubsub_test, acknowledges_a_push_of_the_tenants_own_account_once_it_is_durable) {
  expect_pusher(one, "Pusher@P.test");
  const auto r = push("pusher@p.test", envelope(ticket(one)));
  EXPECT_EQ(r.status, 204) << r.body;
  EXPECT_EQ(seen, std::vector<std::string>{"c-1"});
  EXPECT_EQ(seen_audience, "https://kalends.test/webhooks/google/pubsub");
}

TEST_F(google_pubsub_test, takes_unwrapped_pushes) {
  expect_pusher(one, "pusher@p.test");
  const auto r = ask("", "POST", "/webhooks/google/pubsub", "",
                     {{"Authorization", "Bearer pusher@p.test"},
                      {"x-goog-pubsub-subscription-name", "projects/p/subscriptions/s"},
                      {"x-goog-channel-id", "c-1"},
                      {"x-goog-channel-token", ticket(one)},
                      {"x-goog-resource-state", "exists"}});
  EXPECT_EQ(r.status, 204) << r.body;
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(google_pubsub_test, refuses_every_other_pusher_and_changes_nothing) {
  expect_pusher(one, "pusher@p.test");
  expect_pusher(two, "other@p.test", "projects/p/subscriptions/two");
  const auto body = envelope(ticket(one));
  const net::http_response refused[] = {
      push("", body),
      push("bad", body),
      push("other@p.test", body),
      push("pusher@p.test.evil", body),
      push("pusher@p.test", envelope(ticket(two))),
      push("pusher@p.test", envelope(ticket(one), "c-1", "projects/p/subscriptions/x"))};
  for (const auto& r : refused) {
    EXPECT_EQ(r.status, 401);
    EXPECT_EQ(code_of(r), "push_refused");
  }
  EXPECT_TRUE(seen.empty());
}

TEST_F(google_pubsub_test, refuses_a_request_with_two_tokens) {
  expect_pusher(one, "pusher@p.test");
  const auto r = ask("", "POST", "/webhooks/google/pubsub", envelope(ticket(one)),
                     {{"Content-Type", "application/json"},
                      {"Authorization", "Bearer pusher@p.test"},
                      {"authorization", "Bearer pusher@p.test"}});
  EXPECT_EQ(r.status, 401);
  EXPECT_TRUE(seen.empty());
}

TEST_F(google_pubsub_test, looks_at_the_token_before_the_message) {
  EXPECT_EQ(push("bad", "{").status, 401);
  EXPECT_EQ(push("away", "{").status, 503);
}

TEST_F(google_pubsub_test, admits_nobody_for_a_tenant_without_a_relay) {
  EXPECT_EQ(push("pusher@p.test", envelope(ticket(one))).status, 401);
  EXPECT_EQ(push("", envelope(ticket(one))).status, 401);
  EXPECT_TRUE(seen.empty());
}

TEST_F(google_pubsub_test, acknowledges_and_drops_what_can_never_become_a_mark) {
  expect_pusher(one, "pusher@p.test");
  for (const auto& body :
       {std::string(), std::string("{"), std::string("{}"), envelope("nonsense"), envelope("")}) {
    EXPECT_EQ(push("pusher@p.test", body).status, 202) << body;
    EXPECT_TRUE(seen.empty()) << body;
  }
  EXPECT_EQ(push("pusher@p.test", envelope(ticket(one), "forged")).status, 202);
}

TEST_F(google_pubsub_test, asks_to_come_again_when_nothing_can_be_kept_or_checked) {
  expect_pusher(one, "pusher@p.test");
  for (const auto& r :
       {push("pusher@p.test", envelope(ticket(one), "unlucky")), push("away", envelope(ticket(one)))}) {
    EXPECT_EQ(r.status, 503);
    EXPECT_EQ(header_of(r, "Retry-After"), "1");
  }
}

TEST_F(google_pubsub_test, obeys_a_changed_pusher_at_once) {
  expect_pusher(one, "pusher@p.test");
  EXPECT_EQ(push("pusher@p.test", envelope(ticket(one))).status, 204);
  expect_pusher(one, "next@p.test");
  EXPECT_EQ(push("pusher@p.test", envelope(ticket(one))).status, 401);
  EXPECT_EQ(push("next@p.test", envelope(ticket(one))).status, 204);
  EXPECT_EQ(ask(admin_key, "DELETE", admin_path(one)).status, 204);
  EXPECT_EQ(push("next@p.test", envelope(ticket(one))).status, 401);
  EXPECT_EQ(ask(admin_key, "DELETE", admin_path(one)).status, 204);
}

TEST_F(google_pubsub_test, shows_what_a_subscription_needs_and_what_is_expected) {
  const auto before = body_of(ask(admin_key, "GET", admin_path(one)));
  EXPECT_EQ(before.at("push_endpoint"), "https://kalends.test/webhooks/google/pubsub");
  EXPECT_EQ(before.at("audience"), "https://kalends.test/webhooks/google/pubsub");
  EXPECT_TRUE(before.at("subscription").is_null());
  const auto put = expect_pusher(one, "Pusher@p.test");
  EXPECT_EQ(put.status, 200);
  const auto after = body_of(ask(admin_key, "GET", admin_path(one)));
  EXPECT_EQ(after, body_of(put));
  EXPECT_EQ(after.at("service_account"), "pusher@p.test");
  EXPECT_TRUE(body_of(ask(admin_key, "GET", admin_path(two))).at("subscription").is_null());
  EXPECT_EQ(audit(one, "google_pubsub.changed").size(), 1U);
}

TEST_F(google_pubsub_test, is_for_the_installation_alone) {
  for (const auto* method : {"GET", "PUT", "DELETE"})
    EXPECT_EQ(ask(one.admin, method, admin_path(one), "{}").status, 401) << method;
  EXPECT_EQ(
      ask(admin_key, "GET", "/v1/admin/tenants/0190a0a0-0000-7000-8000-000000000009/google-pubsub").status,
      404);
}

TEST_F(google_pubsub_test, refuses_names_that_are_none) {
  const struct {
    const char *topic, *subscription, *account;
  } table[] = {
      {"topics/t", "projects/p/subscriptions/s", "a@p.test"},
      {"projects/p/subscriptions/s", "projects/p/subscriptions/s", "a@p.test"},
      {"projects/p/topics/t", "projects/p/topics/t", "a@p.test"},
      {"projects/p/topics/t", "projects//subscriptions/s", "a@p.test"},
      {"projects/p/topics/t", "projects/p/subscriptions/", "a@p.test"},
      {"projects/p/topics/t", "projects/p/subscriptions/s/t", "a@p.test"},
      {"projects/p/topics/t", "projects/p/subscriptions/s t", "a@p.test"},
      {"projects/p/topics/t", "projects/p/subscriptions/s", "nobody"},
      {"projects/p/topics/t", "projects/p/subscriptions/s", ""},
  };
  for (const auto& row : table) {
    const auto r =
        ask(admin_key, "PUT", admin_path(one),
            json::serialize(json::object{
                {"topic", row.topic}, {"subscription", row.subscription}, {"service_account", row.account}}));
    EXPECT_EQ(r.status, 422) << row.topic << " " << row.subscription << " " << row.account;
  }
}

} // namespace
} // namespace kalends::api
