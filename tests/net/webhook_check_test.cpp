// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "net/webhook_check.hpp"
#include "tests/support/test_data.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using testing::replaced;
using testing::test_data;

const channel_ticket ticket{tenant_id("0190f3a2-7b1c-7c4d-8e5f-001122334455"),
                            provider_id("0190f3a2-7b1c-7c4d-8e5f-66778899aabb"),
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_"};

header_list google_headers(const std::string& state = "exists") {
  return {{"x-goog-channel-id", "5b0c6a0e-2f0e-4c55-9a57-0d9e1f2a3b4c"},
          {"X-Goog-Channel-Token", write_ticket(ticket)},
          {"X-Goog-Resource-State", state},
          {"X-Goog-Message-Number", "3119"}};
}

http_request validation(const std::string& query, const std::string& method = "POST") {
  http_request r;
  r.method = method;
  r.query = query;
  return r;
}

TEST(webhook_check_test, a_ticket_survives_the_journey) {
  const auto text = write_ticket(ticket);
  const auto back = read_ticket(text);

  EXPECT_EQ(text.size(), 109u);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->tenant, ticket.tenant);
  EXPECT_EQ(back->provider, ticket.provider);
  EXPECT_EQ(back->secret, ticket.secret);
}

TEST(webhook_check_test, refuses_what_is_no_ticket) {
  const auto good = write_ticket(ticket);
  auto upper = good;
  upper[10] = 'A';
  auto no_dot = good;
  no_dot[32] = '0';
  auto odd = good;
  odd[108] = '=';
  auto nul = good;
  nul[108] = '\0';

  for (const auto& text :
       {std::string(), good + "a", good.substr(1), upper, no_dot, odd, nul, std::string(109, '.')})
    EXPECT_FALSE(read_ticket(text)) << text;
}

TEST(webhook_check_test, reads_googles_headers) {
  const auto changed = read_google_notice(google_headers());
  const auto opened = read_google_notice(google_headers("sync"));
  const auto unknown = read_google_notice(google_headers("something_new"));

  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->what, unproven_notice::kind::changed);
  EXPECT_EQ(changed->channel, "5b0c6a0e-2f0e-4c55-9a57-0d9e1f2a3b4c");
  EXPECT_EQ(changed->ticket.secret, ticket.secret);
  ASSERT_TRUE(opened && unknown);
  EXPECT_EQ(opened->what, unproven_notice::kind::opened);
  EXPECT_EQ(unknown->what, unproven_notice::kind::changed);
}

TEST(webhook_check_test, refuses_missing_doubled_and_malformed_headers) {
  auto missing = google_headers();
  missing.erase(missing.begin());
  auto doubled = google_headers();
  doubled.emplace_back("x-goog-channel-token", write_ticket(ticket));
  auto malformed = google_headers();
  malformed[1].second = "t7.cal42.hmac";
  auto huge = google_headers();
  huge[0].second = std::string(10'000, 'a');

  EXPECT_EQ(read_google_notice(missing).error().code, "notice_headers_missing");
  EXPECT_EQ(read_google_notice(doubled).error().code, "notice_headers_missing");
  EXPECT_EQ(read_google_notice({}).error().kind, errc::invalid);
  EXPECT_EQ(read_google_notice(malformed).error().code, "notice_ticket_malformed");
  EXPECT_EQ(read_google_notice(huge).error().code, "notice_ticket_malformed");
}

TEST(webhook_check_test, reads_a_mixed_graph_notification) {
  const auto notices =
      read_graph_notices(replaced(test_data("graph/notification.json"), "TICKET", write_ticket(ticket)));

  ASSERT_TRUE(notices);
  EXPECT_EQ(notices->refused, 1u);
  ASSERT_EQ(notices->items.size(), 4u);
  EXPECT_EQ(notices->items[0].what, unproven_notice::kind::changed);
  EXPECT_EQ(notices->items[0].channel, "7f105c7d-2dc5-4530-97cd-4e7ae6534c07");
  EXPECT_EQ(notices->items[1].what, unproven_notice::kind::reauthorization_required);
  EXPECT_EQ(notices->items[2].what, unproven_notice::kind::subscription_removed);
  EXPECT_EQ(notices->items[3].what, unproven_notice::kind::missed);
}

TEST(webhook_check_test, refuses_hostile_bodies) {
  const std::string deep = R"({"value":)" + std::string(5'000, '[') + std::string(5'000, ']') + "}";
  const std::string huge = R"({"value":[")" + std::string(10 * 1024 * 1024, 'a') + R"("]})";

  for (const auto& body : {std::string(), std::string("<html>"), std::string("[]"), std::string("{}"), deep,
                           std::string(R"({"value":{}})"), std::string(R"({"value":[],"value":[]})"),
                           std::string(R"({"value":[)")})
    EXPECT_EQ(read_graph_notices(body).error().code, "notice_body_malformed") << body.substr(0, 40);
  EXPECT_EQ(read_graph_notices(huge).error().code, "notice_body_too_large");
}

TEST(webhook_check_test, counts_items_that_cannot_prove_themselves) {
  const auto good = write_ticket(ticket);
  const std::string body = R"({"value":[1,null,"x",[],{},
    {"clientState":7,"subscriptionId":"s"},{"clientState":")" +
                           good + R"("},
    {"clientState":")" + good +
                           R"(","subscriptionId":"a\u0000b"},
    {"clientState":"x","clientState":")" +
                           good + R"(","subscriptionId":"s"},
    {"clientState":")" + good +
                           R"(","subscriptionId":")" + std::string(300, 's') + R"("},
    {"clientState":")" + good +
                           R"(","subscriptionId":"s"}]})";

  const auto notices = read_graph_notices(body);

  ASSERT_TRUE(notices);
  EXPECT_EQ(notices->refused, 10u);
  ASSERT_EQ(notices->items.size(), 1u);
  EXPECT_EQ(notices->items[0].channel, "s");
}

TEST(webhook_check_test, refuses_more_than_a_thousand_items) {
  std::string body = R"({"value":[0)";
  for (int i = 0; i < 999; ++i) body += ",0";

  EXPECT_EQ(read_graph_notices(body + "]}")->refused, 1'000u);
  EXPECT_EQ(read_graph_notices(body + ",0]}").error().code, "too_many_items");
}

TEST(webhook_check_test, finds_the_validation_token) {
  EXPECT_EQ(graph_validation_token(validation("x=1&validationToken=Validation%3a+Testing%2b1")),
            "Validation: Testing+1");
  EXPECT_FALSE(graph_validation_token(validation("x=1")));
  EXPECT_FALSE(graph_validation_token(validation("validationToken=")));
  EXPECT_FALSE(graph_validation_token(validation("validationToken=a&validationToken=b")));
  EXPECT_FALSE(graph_validation_token(validation("validationToken=a", "GET")));
  EXPECT_FALSE(graph_validation_token(validation("validationToken=" + std::string(4'097, 'a'))));
  EXPECT_TRUE(graph_validation_token(validation("validationToken=" + std::string(4'096, 'a'))));
}

TEST(crypto_test, base64url_round_trips_and_has_one_spelling) {
  for (const auto& raw : {std::string(), std::string("f"), std::string("fo"), std::string("foo"),
                          std::string("foob"), std::string("\xff\xfe\x00\x01", 4)})
    EXPECT_EQ(from_base64url(base64url(raw)), raw);
  EXPECT_EQ(base64url("fo"), "Zm8");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  EXPECT_FALSE(from_base64url("Zm9"));
  EXPECT_FALSE(from_base64url("Zm8="));
  EXPECT_FALSE(from_base64url("Zm+v"));
  EXPECT_FALSE(from_base64url("Z"));
}

TEST(crypto_test, challenges_as_rfc_7636_appendix_b) {
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  EXPECT_EQ(make_verifier({nullptr, [](std::size_t n) { return std::string(n, 'x'); }}).size(), 43u);
}

TEST(crypto_test, compares_whole_texts) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

} // namespace
} // namespace kalends::net
