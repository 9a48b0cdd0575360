// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include "net/webhook_check.hpp"

namespace kalends::api {
namespace {

const error refused{errc::invalid, "notice_refused", "No.", {}, {}};
const error away{errc::retry_later, "database_away", "Away.", {}, {}};

struct webhooks_test : served_api {
  std::string good =
      net::write_ticket({tenant_id("0190a0a0-0000-7000-8000-000000000001"),
                         provider_id("0190a0a0-0000-7000-8000-000000000002"), std::string(43, 'g')});
  std::string bad =
      net::write_ticket({tenant_id("0190a0a0-0000-7000-8000-000000000001"),
                         provider_id("0190a0a0-0000-7000-8000-000000000002"), std::string(43, 'b')});
  std::vector<std::string> seen;

  void SetUp() override {
    engine_->on_notice = [this](const net::unproven_notice& n) -> result<bool> {
      seen.push_back(n.ticket.secret.substr(0, 1));
      if (n.ticket.secret.front() == 'b') return tl::unexpected(refused);
      if (n.ticket.secret.front() == 'd') return tl::unexpected(away);
      return true;
    };
  }
  net::http_response google(const std::string& token) {
    return ask("", "POST", "/webhooks/google", "",
               {{"X-Goog-Channel-ID", "c"},
                {"X-Goog-Channel-Token", token},
                {"X-Goog-Resource-State", "exists"},
                {"X-Goog-Resource-ID", "r"},
                {"X-Goog-Message-Number", "2"}});
  }
  net::http_response graph(const std::vector<std::string>& tickets) {
    boost::json::array items;
    for (const auto& ticket : tickets)
      items.push_back({{"subscriptionId", "s"},
                       {"clientState", ticket},
                       {"changeType", "updated"},
                       {"resource", "Users/u/Events/e"},
                       {"subscriptionExpirationDateTime", "2026-12-01T00:00:00Z"},
                       {"tenantId", "t"},
                       {"resourceData", {{"id", "e"}}}});
    return ask("", "POST", "/webhooks/microsoft",
               boost::json::serialize(boost::json::object{{"value", items}}));
  }
};

TEST_F(webhooks_test, acknowledges_a_google_notice_once_it_is_durable) {
  const auto r = google(good);
  EXPECT_EQ(r.status, 204);
  EXPECT_EQ(seen, std::vector<std::string>{"g"});
}

TEST_F(webhooks_test, refuses_forged_google_notices) {
  for (const auto& token : {bad, std::string("nonsense"), std::string()}) {
    const auto r = google(token);
    EXPECT_EQ(r.status, 401);
    EXPECT_EQ(code_of(r), "notice_refused");
  }
  EXPECT_EQ(ask("", "POST", "/webhooks/google").status, 401);
  EXPECT_EQ(seen, std::vector<std::string>{"b"});
}

TEST_F(webhooks_test, asks_to_come_again_when_nothing_can_be_kept) {
  auto doomed = good;
  std::replace(doomed.begin() + 66, doomed.end(), 'g', 'd');
  for (const auto& r : {google(doomed), graph({good, doomed})}) {
    EXPECT_EQ(r.status, 503);
    EXPECT_EQ(header_of(r, "Retry-After"), "1");
  }
}

TEST_F(webhooks_test, checks_every_item_of_a_batch) {
  EXPECT_EQ(graph({good}).status, 202);
  seen.clear();
  EXPECT_EQ(graph({good, bad, good, "nonsense"}).status, 202);
  EXPECT_EQ(seen, (std::vector<std::string>{"g", "b", "g"}));
  EXPECT_EQ(code_of(graph({bad, bad})), "notice_refused");
  EXPECT_EQ(graph({"nonsense"}).status, 401);
  EXPECT_EQ(graph({}).status, 401);
}

TEST_F(webhooks_test, refuses_bodies_that_are_no_notices) {
  EXPECT_EQ(code_of(ask("", "POST", "/webhooks/microsoft", "{")), "notice_body_malformed");
  EXPECT_EQ(code_of(ask("", "POST", "/webhooks/microsoft", "")), "notice_body_malformed");
  EXPECT_EQ(ask("", "POST", "/webhooks/microsoft/lifecycle", "[]").status, 400);
}

TEST_F(webhooks_test, counts_what_proved_nothing_for_the_operator) {
  const auto told = [this] {
    return body_of(ask(admin_key, "GET", "/v1/admin/summary")).at("notices_refused").as_object();
  };
  google(good);
  EXPECT_EQ(told().at("last_24_hours"), 0);
  EXPECT_TRUE(told().at("last_at").is_null());
  google(bad);
  graph({bad, bad});
  graph({"nonsense"});
  EXPECT_EQ(told().at("last_24_hours"), 4);
  EXPECT_EQ(told().at("last_code"), "notice_ticket_malformed");
  EXPECT_FALSE(told().at("last_at").is_null());
}

TEST(refused_notices_test, forgets_what_is_a_day_old) {
  refused_notices all;
  const instant noon{std::chrono::hours(480'000)};
  all.note("a", noon);
  all.note("b", noon + std::chrono::hours(5));
  EXPECT_EQ(all.count(noon + std::chrono::hours(23)).last_24_hours, 2u);
  EXPECT_EQ(all.count(noon + std::chrono::hours(24)).last_24_hours, 1u);
  all.note("c", noon + std::chrono::hours(24));
  EXPECT_EQ(all.count(noon + std::chrono::hours(24)).last_24_hours, 2u);
  EXPECT_EQ(all.count(noon + std::chrono::hours(50)).last_24_hours, 0u);
  EXPECT_FALSE(all.count(noon + std::chrono::hours(50)).last_at);
}

TEST_F(webhooks_test, answers_the_validation_handshake_as_plain_text) {
  const auto r = ask("", "POST", "/webhooks/microsoft?validationToken=%3Cscript%3E%20x");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "<script> x");
  EXPECT_TRUE(header_of(r, "Content-Type").starts_with("text/plain"));
  EXPECT_EQ(header_of(r, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(ask("", "POST", "/webhooks/microsoft/lifecycle?validationToken=y").body, "y");
}

TEST_F(webhooks_test, takes_posts_only) {
  EXPECT_EQ(ask("", "GET", "/webhooks/google").status, 405);
  EXPECT_EQ(header_of(ask("", "GET", "/webhooks/microsoft?validationToken=y"), "Allow"), "POST");
}

} // namespace
} // namespace kalends::api
