// SPDX-License-Identifier: Apache-2.0
#include "net/oidc_check.hpp"

#include "net/crypto.hpp"
#include "net/rsa_signature.hpp"
#include "tests/net/vendor_fixture.hpp"
#include "tests/support/token_signer.hpp"

#include <atomic>
#include <future>
#include <vector>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

const testing::token_signer& google() {
  static const testing::token_signer signer("key-1");
  return signer;
}
const testing::token_signer& stranger() {
  static const testing::token_signer signer("key-1"); // the same name, another key
  return signer;
}

constexpr std::int64_t noon = 1'800'000'000;
instant at(std::int64_t seconds) { return instant(std::chrono::seconds(seconds)); }

const std::string good_header = R"({"alg":"RS256","kid":"key-1","typ":"JWT"})";
const oidc_rule rule{"https://accounts.google.com", "https://kalends.test/webhooks/google/pubsub"};

struct claim_texts {
  std::string iss = R"("https://accounts.google.com")";
  std::string aud = R"("https://kalends.test/webhooks/google/pubsub")";
  std::string email = R"("pusher@p.test")";
  std::string verified = "true";
  std::string iat = std::to_string(noon - 10);
  std::string exp = std::to_string(noon + 3'590);
  std::string more = {};
  std::string text() const {
    return R"({"iss":)" + iss + R"(,"aud":)" + aud + R"(,"sub":"117","email":)" + email +
           R"(,"email_verified":)" + verified + R"(,"iat":)" + iat + R"(,"exp":)" + exp + more + "}";
  }
};

std::vector<oidc_key> keys_of(const testing::token_signer& s) {
  return *read_oidc_keys(R"({"keys":[)" + s.jwk() + "]}");
}

result<oidc_identity> check(const std::string& token, std::int64_t when = noon) {
  return check_oidc_token(token, keys_of(google()), rule, at(when));
}
result<oidc_identity> check(const claim_texts& c, std::int64_t when = noon) {
  return check(google().sign(good_header, c.text()), when);
}

TEST(oidc_check_test, knows_whose_a_sound_token_is) {
  const auto whose = check(claim_texts{});
  ASSERT_TRUE(whose) << whose.error().detail;
  EXPECT_EQ(whose->email, "pusher@p.test");
  EXPECT_EQ(whose->subject, "117");
  EXPECT_TRUE(check(claim_texts{.iss = R"("accounts.google.com")"}));
}

TEST(oidc_check_test, refuses_claims_that_are_not_the_expected_ones) {
  const struct {
    const char* what;
    claim_texts claims;
  } table[] = {
      {"another issuer", {.iss = R"("https://accounts.google.com.evil.test")"}},
      {"an issuer over http", {.iss = R"("http://accounts.google.com")"}},
      {"an issuer with a path", {.iss = R"("https://accounts.google.com/")"}},
      {"no issuer", {.iss = "null"}},
      {"another audience", {.aud = R"("https://kalends.test/webhooks/google")"}},
      {"a longer audience", {.aud = R"("https://kalends.test/webhooks/google/pubsub/")"}},
      {"an audience in another case", {.aud = R"("https://Kalends.test/webhooks/google/pubsub")"}},
      {"a list of audiences", {.aud = R"(["https://kalends.test/webhooks/google/pubsub"])"}},
      {"no audience", {.aud = "null"}},
      {"an address that is not verified", {.verified = "false"}},
      {"a verification as text", {.verified = R"("true")"}},
      {"no address", {.email = R"("")"}},
      {"an address that is no text", {.email = "[]"}},
      {"no expiry", {.exp = "null"}},
      {"an expiry as text", {.exp = R"("1800003590")"}},
      {"no issue time", {.iat = "null"}},
      {"a negative issue time", {.iat = "-1"}},
      {"a life of two days", {.exp = std::to_string(noon + 2 * 86'400)}},
      {"a life that ends before it begins",
       {.iat = std::to_string(noon + 50), .exp = std::to_string(noon + 40)}},
      {"an audience that stands twice", {.more = R"(,"aud":"https://kalends.test/webhooks/google/pubsub")"}},
      {"an expiry that stands twice", {.more = R"(,"exp":1900000000)"}},
  };
  for (const auto& row : table) {
    const auto r = check(row.claims);
    ASSERT_FALSE(r) << row.what;
    EXPECT_EQ(r.error().kind, errc::forbidden) << row.what;
    EXPECT_EQ(r.error().code, "oidc_token_refused") << row.what;
  }
}

TEST(oidc_check_test, allows_clocks_to_differ_by_the_leeway_and_no_more) {
  const claim_texts c{.iat = std::to_string(noon), .exp = std::to_string(noon + 3'600)};
  EXPECT_TRUE(check(c, noon + 3'600 + 59));
  EXPECT_FALSE(check(c, noon + 3'600 + 60));
  EXPECT_TRUE(check(c, noon - 60));
  EXPECT_FALSE(check(c, noon - 61));
}

TEST(oidc_check_test, takes_rs256_and_nothing_else) {
  const auto payload = base64url(claim_texts{}.text());
  const std::string none = base64url(R"({"alg":"none","kid":"key-1"})") + "." + payload + ".";
  const std::string hs_text = base64url(R"({"alg":"HS256","kid":"key-1"})") + "." + payload;
  const auto confused = hs_text + "." + base64url(testing::hmac_sha256(google().public_pem(), hs_text));
  for (const auto& token : {none, none + "AA", confused}) EXPECT_FALSE(check(token)) << token;
  for (const char* header :
       {R"({"alg":"none","kid":"key-1"})", R"({"alg":"HS256","kid":"key-1"})",
        R"({"alg":"RS512","kid":"key-1"})", R"({"alg":"PS256","kid":"key-1"})",
        R"({"alg":"rs256","kid":"key-1"})", R"({"kid":"key-1"})", R"({"alg":"RS256"})",
        R"({"alg":"RS256","kid":""})", R"({"alg":"RS256","kid":7})",
        R"({"alg":"none","alg":"RS256","kid":"key-1"})", R"({"alg":"RS256","kid":"key-1","kid":"key-1"})",
        R"({"alg":"RS256","kid":"key-1","crit":["b64"],"b64":false})", R"(["RS256"])", "RS256"}) {
    const auto r = check(google().sign(header, claim_texts{}.text()));
    ASSERT_FALSE(r) << header;
    EXPECT_EQ(r.error().code, "oidc_token_refused") << header;
  }
}

TEST(oidc_check_test, refuses_what_was_not_signed_by_that_key) {
  const auto good = google().sign(good_header, claim_texts{}.text());
  auto bent = good;
  bent[good.rfind('.') + 20] = bent[good.rfind('.') + 20] == 'A' ? 'B' : 'A';
  const auto other_claims = base64url(claim_texts{.email = R"("eve@p.test")"}.text());
  const auto swapped = good.substr(0, good.find('.') + 1) + other_claims + good.substr(good.rfind('.'));
  for (const auto& token :
       {stranger().sign(good_header, claim_texts{}.text()), bent, swapped, good + "=", good + ".x",
        good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1), std::string(),
        std::string(".."), std::string("a.b.c"), "Bearer " + good, good + std::string(oidc_token_limit, 'A')})
    EXPECT_FALSE(check(token)) << token.substr(0, 60);
  const auto unknown = check(google().sign(R"({"alg":"RS256","kid":"key-2"})", claim_texts{}.text()));
  EXPECT_EQ(unknown.error().code, "oidc_key_unknown");
}

TEST(oidc_check_test, an_empty_rule_admits_nobody) {
  const auto token = google().sign(good_header, claim_texts{.aud = R"("")"}.text());
  EXPECT_FALSE(check_oidc_token(token, keys_of(google()), {rule.issuer, ""}, at(noon)));
  EXPECT_FALSE(check_oidc_token(google().sign(good_header, claim_texts{.iss = R"("")"}.text()),
                                keys_of(google()), {"", rule.audience}, at(noon)));
  EXPECT_FALSE(check_oidc_token(token, {}, rule, at(noon)));
}

TEST(oidc_check_test, never_says_what_stands_in_the_token) {
  const auto r = check(claim_texts{.aud = R"("https://secret.test")"});
  EXPECT_EQ(r.error().detail.find("secret"), std::string::npos);
}

TEST(oidc_keys_test, reads_the_keys_that_sign_and_leaves_out_others) {
  const auto keys =
      read_oidc_keys(R"({"keys":[{"kty":"EC","kid":"e","crv":"P-256","x":"AA","y":"AA"},)"
                     R"({"kty":"RSA","use":"enc","kid":"x","n":"AQAB","e":"AQAB"},"nonsense",)" +
                     google().jwk() + "]}");
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().id, "key-1");
}

TEST(oidc_keys_test, refuses_sets_that_hold_no_trustworthy_key) {
  const testing::token_signer weak("weak", 1'024);
  std::string many = R"({"keys":[)" + google().jwk();
  for (std::size_t i = 0; i < oidc_keys_limit; ++i) many += "," + google().jwk();
  for (const auto& text : {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"keys":{}})"),
                           std::string(R"({"keys":[]})"), R"({"keys":[)" + weak.jwk() + "]}", many + "]}",
                           R"({"keys":[)" + google().jwk() + "]}" + std::string(oidc_key_set_limit, ' ')})
    EXPECT_EQ(read_oidc_keys(text).error().code, "oidc_keys_unreadable") << text.substr(0, 40);
  EXPECT_FALSE(is_rsa_key(std::string(300, '\x01'), "\x01"));
  EXPECT_FALSE(is_rsa_key(std::string(256, '\x02'), "\x03"));
  EXPECT_FALSE(is_rsa_key(std::string(2'000, '\x01'), "\x03"));
}

/// The checker against a server of keys.
struct oidc_checker_test : testing::vendor_fixture {
  std::atomic<std::int64_t> clock{noon};
  oidc_checker checker{http,
                       vendor.url("/certs"),
                       rule.issuer,
                       {[this] { return at(clock); }, [](std::size_t n) { return std::string(n, 'x'); }}};
  std::string keys = R"({"keys":[)" + google().jwk() + "]}";
  testing::token_signer second{"key-2"};

  std::string token(const std::string& header = good_header) const {
    claim_texts c;
    c.iat = std::to_string(clock - 10);
    c.exp = std::to_string(clock + 3'590);
    return google().sign(header, c.text());
  }
  std::string second_token() const {
    claim_texts c;
    c.iat = std::to_string(clock - 10);
    c.exp = std::to_string(clock + 3'590);
    return second.sign(R"({"alg":"RS256","kid":"key-2"})", c.text());
  }
  /// "" for a good token, else the error's code.
  std::string ask(const std::string& text) {
    std::promise<std::string> said;
    checker.check(text, rule.audience, [&](const result<oidc_identity>& r) {
      said.set_value(r ? std::string() : r.error().code);
    });
    return said.get_future().get();
  }
  std::size_t fetches() const { return vendor.requests().size(); }
};

TEST_F(oidc_checker_test, fetches_the_keys_once_and_keeps_them_for_their_age) {
  vendor.when("GET /certs").then(200, keys, {{"Cache-Control", "public, max-age=600, must-revalidate"}});
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(ask(token()), "");
  clock += 599;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 1U);
  clock += 1;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(oidc_checker_test, bounds_the_age_that_the_answer_claims) {
  vendor.when("GET /certs")
      .then(200, keys, {{"Cache-Control", "max-age=0"}})
      .then(200, keys, {{"Cache-Control", "max-age=99999999999999999999"}})
      .then(200, keys);
  EXPECT_EQ(ask(token()), "");
  clock += 59;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 1U);
  clock += 1;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 2U);
  clock += 24 * 3'600 - 1;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 2U);
  clock += 1;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 3U);
  clock += 3'600;
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 4U) << "an answer without an age is good for an hour";
}

TEST_F(oidc_checker_test, asks_for_an_unknown_key_again_but_not_at_every_token) {
  vendor.when("GET /certs")
      .then(200, keys)
      .then(200, keys)
      .then(200, R"({"keys":[)" + google().jwk() + "," + second.jwk() + "]}");
  EXPECT_EQ(ask(token()), "");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(second_token()), "oidc_key_unknown");
  EXPECT_EQ(fetches(), 1U) << "just fetched";
  clock += 30;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(second_token()), "oidc_key_unknown");
  EXPECT_EQ(fetches(), 2U);
  clock += 30;
  EXPECT_EQ(ask(second_token()), "");
  EXPECT_EQ(ask(token()), "");
  EXPECT_EQ(fetches(), 3U);
}

TEST_F(oidc_checker_test, has_one_fetch_in_flight_for_all_who_wait) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  vendor.when("GET /certs").then([&](const http_request&, const http_responder& respond) {
    gate.wait();
    respond({200, {{"Content-Type", "application/json"}}, keys});
  });
  std::atomic<int> good{0}, bad{0};
  for (int i = 0; i < 20; ++i)
    checker.check(i % 2 == 0 ? token() : std::string("nonsense"), rule.audience,
                  [&](const result<oidc_identity>& r) { ++(r ? good : bad); });
  EXPECT_EQ(good + bad, 0);
  go.set_value();
  for (int i = 0; i < 500 && good + bad < 20; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(good, 10);
  EXPECT_EQ(bad, 10);
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(oidc_checker_test, admits_nobody_while_the_keys_are_away) {
  vendor.when("GET /certs").then(503).then(200, "<html>").then(200, keys).then(500);
  EXPECT_EQ(ask(token()), "oidc_keys_away");
  EXPECT_EQ(ask(token()), "oidc_keys_away");
  EXPECT_EQ(fetches(), 1U) << "not again at once";
  clock += 2;
  EXPECT_EQ(ask(token()), "oidc_keys_away");
  clock += 2;
  EXPECT_EQ(ask(token()), "");
  clock += 3'600;
  EXPECT_EQ(ask(token()), "oidc_keys_away") << "old keys do not count";
}

TEST_F(oidc_checker_test, refuses_a_set_that_is_too_large) {
  vendor.when("GET /certs").then(200, keys + std::string(oidc_key_set_limit, ' '));
  EXPECT_EQ(ask(token()), "oidc_keys_away");
}

} // namespace
} // namespace kalends::net
