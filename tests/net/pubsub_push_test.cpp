// SPDX-License-Identifier: Apache-2.0
#include "net/pubsub_push.hpp"

#include "net/service_account.hpp"
#include "tests/support/token_signer.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

const std::string ticket =
    "0190a0a0000070008000000000000001.0190a0a0000070008000000000000002." + std::string(43, 's');

std::string attributes(const std::string& token = ticket, const std::string& state = "exists") {
  return R"({"x-goog-channel-id":"c-1","X-Goog-Channel-Token":")" + token + R"(","x-goog-resource-state":")" +
         state + R"(","x-goog-message-number":"7"})";
}
std::string envelope(const std::string& attribute_text) {
  return R"({"message":{"attributes":)" + attribute_text +
         R"(,"data":"","messageId":"1","publishTime":"2026-09-01T08:15:31.004Z"},)"
         R"("subscription":"projects/p/subscriptions/s"})";
}
http_request request_with(std::string body, header_list headers = {}) {
  http_request r;
  r.method = "POST";
  r.headers = std::move(headers);
  r.body = std::move(body);
  return r;
}

TEST(pubsub_push_test, reads_the_notice_in_an_envelope) {
  const auto r = read_pubsub_push(request_with(envelope(attributes())));
  ASSERT_TRUE(r) << r.error().detail;
  EXPECT_EQ(r->subscription, "projects/p/subscriptions/s");
  EXPECT_EQ(r->notice.channel, "c-1");
  EXPECT_EQ(write_ticket(r->notice.ticket), ticket);
  EXPECT_EQ(r->notice.what, unproven_notice::kind::changed);
  EXPECT_EQ(read_pubsub_push(request_with(envelope(attributes(ticket, "sync"))))->notice.what,
            unproven_notice::kind::opened);
}

TEST(pubsub_push_test, reads_an_unwrapped_notice_from_the_headers) {
  const auto r = read_pubsub_push(
      request_with("anything", {{"x-goog-pubsub-subscription-name", "projects/p/subscriptions/s"},
                                {"x-goog-pubsub-message-id", "1"},
                                {"x-goog-channel-id", "c-1"},
                                {"x-goog-channel-token", ticket},
                                {"x-goog-resource-state", "exists"}}));
  ASSERT_TRUE(r) << r.error().detail;
  EXPECT_EQ(r->subscription, "projects/p/subscriptions/s");
  EXPECT_EQ(r->notice.channel, "c-1");
}

TEST(pubsub_push_test, does_not_mix_the_two_forms) {
  const auto headers_only = request_with(
      "",
      {{"x-goog-channel-id", "c-1"}, {"x-goog-channel-token", ticket}, {"x-goog-resource-state", "exists"}});
  EXPECT_EQ(read_pubsub_push(headers_only).error().code, "push_malformed") << "a channel notice is no push";
  const auto both = request_with(envelope(attributes()), {{"x-goog-pubsub-subscription-name", "s"}});
  EXPECT_EQ(read_pubsub_push(both).error().code, "notice_headers_missing");
  const auto twice = request_with(envelope(attributes()), {{"x-goog-pubsub-subscription-name", "s"},
                                                           {"X-Goog-PubSub-Subscription-Name", "s"}});
  EXPECT_EQ(read_pubsub_push(twice).error().code, "push_malformed");
}

TEST(pubsub_push_test, refuses_what_is_no_notice) {
  const std::string good = attributes();
  for (const auto& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"message":[]})"), std::string(R"({"message":{}})"),
        std::string(R"({"message":{"data":"e30="},"subscription":"s"})"),
        std::string(R"({"message":{"attributes":[]},"subscription":"s"})"), envelope("{}"),
        envelope(attributes("nonsense")), envelope(attributes("")),
        envelope(R"({"channel_id":"c","channel_token":")" + ticket + R"(","resource_state":"exists"})"),
        envelope(good.substr(0, good.size() - 1) + R"(,"X-GOOG-CHANNEL-ID":"c-2"})"),
        R"({"message":{"attributes":)" + good + R"(}})",
        R"({"message":{"attributes":)" + good + R"(},"subscription":""})",
        R"({"message":{"attributes":)" + good + R"(},"message":{"attributes":)" + good +
            R"(},"subscription":"s"})",
        R"({"message":{"attributes":)" + good + R"(,"attributes":)" + good + R"(},"subscription":"s"})",
        R"({"message":{"attributes":)" + good + R"(},"subscription":")" + std::string(600, 's') + "\"}"}) {
    const auto r = read_pubsub_push(request_with(body));
    ASSERT_FALSE(r) << body;
    EXPECT_EQ(r.error().kind, errc::invalid) << body;
  }
}

TEST(service_account_test, signs_a_token_request_that_google_would_take) {
  const testing::token_signer signer("k");
  std::string pem;
  for (const char c : signer.private_pem()) pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  const auto key = read_service_account_key(R"({"type":"service_account","client_email":"admin@p.test",)"
                                            R"("private_key_id":"k","token_uri":"https://token.test/token",)"
                                            R"("private_key":")" +
                                            pem + "\"}");
  ASSERT_TRUE(key) << key.error().detail;
  const auto body =
      token_request_of(*key, "https://scope.test/a", instant(std::chrono::seconds(1'800'000'000)));
  ASSERT_TRUE(body);
  const auto expected = signer.sign(R"({"alg":"RS256","typ":"JWT","kid":"k"})",
                                    R"({"iss":"admin@p.test","scope":"https://scope.test/a",)"
                                    R"("aud":"https://token.test/token","iat":1800000000,"exp":1800003600})");
  EXPECT_EQ(*body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + expected);
}

TEST(service_account_test, refuses_other_files_and_quotes_nothing) {
  for (const std::string text :
       {"", "{}", "[]",
        R"({"type":"authorized_user","client_email":"a","private_key":"hidden","token_uri":"https://t"})",
        R"({"type":"service_account","client_email":"a","private_key":"hidden","token_uri":"http://t"})",
        R"({"type":"service_account","client_email":"","private_key":"hidden","token_uri":"https://t"})"}) {
    const auto r = read_service_account_key(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().code, "service_account_unreadable");
    EXPECT_EQ(r.error().detail.find("hidden"), std::string::npos);
  }
  const service_account_key broken{"a@p.test", "hidden", "k", "https://t"};
  EXPECT_EQ(token_request_of(broken, "s", instant{}).error().code, "service_account_unreadable");
}

} // namespace
} // namespace kalends::net
