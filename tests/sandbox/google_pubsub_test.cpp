// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "tests/sandbox/google_fixture.hpp"

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

const std::string topic_path = "/v1/projects/demo/topics/changes";
const std::string subscription_path = "/v1/projects/demo/subscriptions/push";

class google_pubsub_test : public google_fixture {
protected:
  google_pubsub_test() {
    add_robot("admin");
    add_robot("pusher", json::array{});
    cloud = access("admin");
  }

  json::object add_robot(const std::string& name, const json::value& roles = nullptr) {
    json::object body{{"project", "demo"}, {"name", name}};
    if (!roles.is_null()) body["roles"] = roles;
    return admin("POST", "/google/service-accounts", body);
  }
  static std::string mail(const std::string& name) { return name + "@demo.iam.gserviceaccount.com"; }
  std::string access(const std::string& name) {
    return text(admin("POST", "/google/service-accounts/" + mail(name) + "/grants").at("access_token"));
  }
  net::http_response call(std::string verb, std::string path, const json::value& body = nullptr) {
    return ask(std::move(verb), std::move(path), {{"Authorization", "Bearer " + cloud}},
               body.is_null() ? std::string() : json::serialize(body));
  }
  static json::object wish(const std::string& endpoint = "https://kalends.test/webhooks/google/pubsub") {
    return {
        {"topic", "projects/demo/topics/changes"},
        {"pushConfig",
         {{"pushEndpoint", endpoint},
          {"oidcToken", {{"serviceAccountEmail", mail("pusher")}, {"audience", "https://kalends.test"}}}}},
        {"retryPolicy", {{"minimumBackoff", "10s"}, {"maximumBackoff", "20s"}}}};
  }
  void set_up(const json::object& subscription = wish()) {
    expect(200, call("PUT", topic_path, json::object{}));
    expect(200, call("PUT", subscription_path, subscription));
  }
  net::http_response publish(const json::object& message) {
    return call("POST", topic_path + ":publish", {{"messages", json::array{message}}});
  }
  std::string status(const net::http_response& r) {
    return text(json::parse(r.body).at("error").at("status"));
  }
  static std::string header(const net::outgoing_request& r, std::string_view name) {
    return std::string(net::find_header(r.headers, name));
  }
  json::object claims_of(const net::outgoing_request& r) {
    const auto jwt = header(r, "Authorization").substr(7);
    const auto first = jwt.find('.'), last = jwt.rfind('.');
    EXPECT_TRUE(verify_rs256(text(heart.google_keys.pems().begin()->value()), jwt.substr(0, last),
                             base64url_decode(jwt.substr(last + 1))));
    return json::parse(base64url_decode(jwt.substr(first + 1, last - first - 1))).as_object();
  }

  std::string cloud;
};

TEST_F(google_pubsub_test, pushes_what_is_published_in_its_envelope_with_a_signed_token) {
  set_up();
  const auto published =
      expect(200, publish({{"data", "aGVsbG8="}, {"attributes", {{"x-goog-channel-id", "c-1"}}}}));
  const auto sent_push = deliver(204);
  const auto body = json::parse(sent_push.body);
  const auto& message = body.at("message");

  EXPECT_EQ(sent_push.url, "https://kalends.test/webhooks/google/pubsub");
  EXPECT_EQ(body.at("subscription"), "projects/demo/subscriptions/push");
  EXPECT_EQ(message.at("data"), "aGVsbG8=");
  EXPECT_EQ(message.at("attributes").at("x-goog-channel-id"), "c-1");
  EXPECT_EQ(message.at("messageId"), published.at("messageIds").at(0));
  EXPECT_EQ(message.at("publishTime"), message.at("publish_time"));
  const auto claims = claims_of(sent_push);
  EXPECT_EQ(claims.at("iss"), "https://accounts.google.com");
  EXPECT_EQ(claims.at("aud"), "https://kalends.test");
  EXPECT_EQ(text(claims.at("email")), mail("pusher"));
  EXPECT_EQ(claims.at("email_verified"), true);
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 3'600);
  EXPECT_TRUE(sent.empty());
}

TEST_F(google_pubsub_test, pushes_unwrapped_when_asked_to) {
  auto bare = wish();
  bare["pushConfig"].as_object()["noWrapper"] = {{"writeMetadata", true}};
  set_up(bare);
  expect(200, publish({{"data", "aGVsbG8="}, {"attributes", {{"x-goog-channel-id", "c-1"}}}}));
  const auto push = deliver(204);
  EXPECT_EQ(push.body, "hello");
  EXPECT_EQ(header(push, "x-goog-channel-id"), "c-1");
  EXPECT_EQ(header(push, "x-goog-pubsub-subscription-name"), "projects/demo/subscriptions/push");
  EXPECT_FALSE(header(push, "x-goog-pubsub-message-id").empty());
}

TEST_F(google_pubsub_test, repeats_with_backoff_until_it_is_acknowledged) {
  set_up();
  expect(200, publish({{"data", "aGVsbG8="}}));
  deliver(401);
  advance(std::chrono::seconds(9));
  EXPECT_TRUE(sent.empty()) << "not before the minimum backoff";
  advance(std::chrono::seconds(2));
  deliver(500);
  advance(std::chrono::seconds(21));
  deliver(302);
  advance(std::chrono::seconds(21));
  ASSERT_EQ(sent.size(), 1U) << "the maximum backoff holds";
  deliver(202);
  advance(std::chrono::hours(1));
  EXPECT_TRUE(sent.empty());
}

TEST_F(google_pubsub_test, a_repetition_follows_the_changed_subscription_with_a_fresh_token) {
  set_up();
  expect(200, publish({{"data", "aGVsbG8="}}));
  const auto first = deliver(503);
  auto push = wish("https://elsewhere.test/p").at("pushConfig").as_object();
  expect(200, call("POST", subscription_path + ":modifyPushConfig", {{"pushConfig", push}}));
  advance(std::chrono::seconds(11));
  const auto second = deliver(204);
  EXPECT_EQ(second.url, "https://elsewhere.test/p");
  EXPECT_GT(claims_of(second).at("exp").as_int64(), claims_of(first).at("exp").as_int64());
}

TEST_F(google_pubsub_test, a_waiting_repetition_does_not_hold_up_the_next_message) {
  set_up();
  expect(200, publish({{"data", "b25l"}}));
  deliver(500);
  expect(200, publish({{"data", "dHdv"}}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_NE(sent.front().request.body.find("dHdv"), std::string::npos);
}

TEST_F(google_pubsub_test, keeps_no_token_in_the_journal) {
  set_up();
  expect(200, publish({{"data", "aGVsbG8="}}));
  deliver(204);
  const auto journal = json::serialize(admin("GET", "/journal"));
  EXPECT_EQ(journal.find("eyJhbGciOi"), std::string::npos);
  EXPECT_EQ(journal.find(cloud), std::string::npos);
}

TEST_F(google_pubsub_test, says_what_is_there_already_and_what_is_not) {
  EXPECT_EQ(status(call("GET", topic_path)), "NOT_FOUND");
  EXPECT_EQ(status(call("PUT", subscription_path, wish())), "NOT_FOUND") << "no topic";
  set_up();
  EXPECT_EQ(call("PUT", topic_path, json::object{}).status, 409);
  EXPECT_EQ(status(call("PUT", subscription_path, wish())), "ALREADY_EXISTS");
  const auto shown = expect(200, call("GET", subscription_path));
  EXPECT_EQ(shown.at("topic"), "projects/demo/topics/changes");
  EXPECT_EQ(shown.at("state"), "ACTIVE");
  expect(200, call("DELETE", topic_path));
  EXPECT_EQ(expect(200, call("GET", subscription_path)).at("topic"), "_deleted-topic_");
  expect(200, call("DELETE", subscription_path));
  EXPECT_EQ(call("DELETE", subscription_path).status, 404);
}

TEST_F(google_pubsub_test, forgets_what_waits_when_the_subscription_goes) {
  set_up();
  expect(200, publish({{"data", "aGVsbG8="}}));
  deliver(500);
  expect(200, call("DELETE", subscription_path));
  advance(std::chrono::hours(1));
  EXPECT_TRUE(sent.empty());
}

TEST_F(google_pubsub_test, patches_what_the_mask_names) {
  set_up();
  const auto other = wish("https://elsewhere.test/p");
  expect(200, call("PATCH", subscription_path, {{"subscription", other}, {"updateMask", "push_config"}}));
  const auto shown = expect(200, call("GET", subscription_path));
  EXPECT_EQ(shown.at("pushConfig").at("pushEndpoint"), "https://elsewhere.test/p");
  EXPECT_EQ(status(call("PATCH", subscription_path, {{"subscription", other}})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(call("PATCH", subscription_path, {{"subscription", {}}, {"updateMask", "pushConfig"}})),
            "INVALID_ARGUMENT");
}

TEST_F(google_pubsub_test, refuses_what_pubsub_refuses) {
  expect(200, call("PUT", topic_path, json::object{}));
  EXPECT_EQ(status(call("PUT", "/v1/projects/demo/topics/9x", json::object{})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(call("PUT", "/v1/projects/demo/topics/google-x", json::object{})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(call("PUT", subscription_path, wish("http://kalends.test/p"))), "INVALID_ARGUMENT");
  auto stranger = wish();
  stranger["pushConfig"].at("oidcToken").as_object()["serviceAccountEmail"] = "nobody@demo.test";
  EXPECT_EQ(status(call("PUT", subscription_path, stranger)), "NOT_FOUND");
  auto dead = wish();
  dead["deadLetterPolicy"] = json::object{};
  EXPECT_EQ(status(call("PUT", subscription_path, dead)), "INVALID_ARGUMENT");
  EXPECT_EQ(status(publish({})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(publish({{"data", "!"}})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(publish({{"attributes", {{"googx", "1"}}}})), "INVALID_ARGUMENT");
  EXPECT_EQ(status(call("POST", topic_path + ":publish", json::object{})), "INVALID_ARGUMENT");
}

TEST_F(google_pubsub_test, demands_a_permission_for_everything) {
  set_up();
  add_robot("guest", json::array{"roles/pubsub.viewer"});
  add_robot("editor", json::array{"roles/pubsub.editor"});
  cloud = access("guest");
  EXPECT_EQ(call("GET", topic_path).status, 200);
  for (const auto& r : {call("PUT", topic_path, json::object{}), call("DELETE", topic_path),
                        publish({{"data", "aGVsbG8="}}), call("GET", topic_path + ":getIamPolicy"),
                        call("PUT", subscription_path, wish()), call("DELETE", subscription_path)}) {
    EXPECT_EQ(r.status, 403);
    EXPECT_EQ(status(r), "PERMISSION_DENIED");
  }
  cloud = access("editor");
  EXPECT_EQ(publish({{"data", "aGVsbG8="}}).status, 200);
  EXPECT_EQ(call("GET", topic_path + ":getIamPolicy").status, 403);
  const auto no_act_as = call("PUT", "/v1/projects/demo/subscriptions/second", wish());
  EXPECT_EQ(json::parse(no_act_as.body).at("error").at("details").at(0).at("metadata").at("permission"),
            "iam.serviceAccounts.actAs");
  cloud = "nonsense";
  EXPECT_EQ(status(call("GET", topic_path)), "UNAUTHENTICATED");
  cloud = token; // a person's calendar token
  EXPECT_EQ(status(call("GET", topic_path)), "UNAUTHENTICATED");
}

TEST_F(google_pubsub_test, a_binding_of_the_topic_lets_publish) {
  set_up();
  add_robot("relay", json::array{});
  const auto boss = cloud;
  const auto policy = expect(200, call("GET", topic_path + ":getIamPolicy"));
  json::object wanted = policy;
  wanted["bindings"] = json::array{
      {{"role", "roles/pubsub.publisher"}, {"members", json::array{"serviceAccount:" + mail("relay")}}}};
  cloud = access("relay");
  EXPECT_EQ(publish({{"data", "aGVsbG8="}}).status, 403);
  cloud = boss;
  expect(200, call("POST", topic_path + ":setIamPolicy", {{"policy", wanted}}));
  EXPECT_EQ(status(call("POST", topic_path + ":setIamPolicy", {{"policy", wanted}})), "ABORTED")
      << "old etag";
  cloud = access("relay");
  EXPECT_EQ(publish({{"data", "aGVsbG8="}}).status, 200);
}

TEST_F(google_pubsub_test, the_relay_publishes_a_channels_notices_when_it_may) {
  set_up();
  const net::header_list notice{
      {"X-Goog-Channel-ID", "c-1"}, {"X-Goog-Channel-Token", "t7"}, {"X-Goog-Resource-State", "exists"}};
  EXPECT_EQ(ask("POST", "/_sandbox/relay/demo/changes", notice).status, 403);
  add_robot("relay", json::array{"roles/pubsub.publisher"});
  EXPECT_EQ(ask("POST", "/_sandbox/relay/demo/nothing", notice).status, 404);
  EXPECT_EQ(ask("POST", "/_sandbox/relay/demo/changes").status, 400);
  EXPECT_EQ(ask("POST", "/_sandbox/relay/demo/changes", notice).status, 204);
  const auto body = json::parse(deliver(204).body);
  const json::object expected{
      {"x-goog-channel-id", "c-1"}, {"x-goog-channel-token", "t7"}, {"x-goog-resource-state", "exists"}};
  EXPECT_EQ(body.at("message").at("attributes"), json::value(expected));
}

/// A service account's own token request.
class google_robot_test : public google_pubsub_test {
protected:
  google_robot_test() { signer.restore(text(add_robot("own").at("private_key"))); }

  json::object claims() const {
    const auto now = std::chrono::floor<std::chrono::seconds>(heart.now().time_since_epoch()).count();
    return {{"iss", mail("own")},
            {"scope", "https://www.googleapis.com/auth/pubsub"},
            {"aud", "https://oauth2.googleapis.com/token"},
            {"iat", now},
            {"exp", now + 3'600}};
  }
  net::http_response exchange(const std::string& assertion) {
    return ask("POST", "/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
               "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion);
  }
  std::string failure_of(json::object changed) {
    const auto r = exchange(signer.sign(changed));
    EXPECT_EQ(r.status, 400) << r.body;
    return text(json::parse(r.body).at("error"));
  }
  signing_keys signer;
};

TEST_F(google_robot_test, exchanges_a_signed_assertion_for_an_access_token) {
  const auto answer = expect(200, exchange(signer.sign(claims())));
  cloud = text(answer.at("access_token"));
  EXPECT_EQ(call("PUT", topic_path, json::object{}).status, 200);
  advance(std::chrono::seconds(3'600));
  EXPECT_EQ(call("GET", topic_path).status, 401);
}

TEST_F(google_robot_test, refuses_assertions_that_prove_nothing) {
  auto c = claims();
  c["iss"] = mail("nobody");
  EXPECT_EQ(failure_of(c), "invalid_grant");
  c = claims();
  c["iss"] = mail("pusher"); // another's name under the own signature
  EXPECT_EQ(failure_of(c), "invalid_grant");
  c = claims();
  c["aud"] = "https://elsewhere.test/token";
  EXPECT_EQ(failure_of(c), "invalid_grant");
  c = claims();
  c["exp"] = c["iat"].as_int64() + 7'200;
  EXPECT_EQ(failure_of(c), "invalid_grant");
  c = claims();
  c.erase("scope");
  EXPECT_EQ(failure_of(c), "invalid_scope");
  const auto none = signer.missign(claims(), "none"), hmac = signer.missign(claims(), "HS256");
  for (const auto& text : {std::string(), std::string("a.b"), std::string("a.b.c"), none, hmac})
    EXPECT_EQ(exchange(text).status, 400);
}

TEST_F(google_robot_test, a_scope_that_is_not_pubsubs_is_not_enough) {
  auto c = claims();
  c["scope"] = "https://www.googleapis.com/auth/calendar";
  cloud = text(expect(200, exchange(signer.sign(c))).at("access_token"));
  EXPECT_EQ(call("GET", topic_path).status, 403);
}

} // namespace
} // namespace kalends::sandbox
