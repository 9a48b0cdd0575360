// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::sandbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

// RFC 7636, appendix B.
constexpr auto verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr auto challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

class microsoft_identity_test : public testing::Test, public microsoft_bench {
protected:
  static std::string query(const std::string& more = {}) {
    return "client_id=app-1&response_type=code&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&scope=openid%"
           "20profile%20"
           "offline_access%20Calendars.ReadWrite&state=a%26b&code_challenge_method=S256&code_challenge=" +
           std::string(challenge) + more;
  }
  reply authorize(const std::string& more = {}) {
    return get("/common/oauth2/v2.0/authorize?" + query(more));
  }
  reply decide(const std::string& decision, const std::string& email = "alice%40contoso.test") {
    return as_reply(c.ask(make_request("POST", "/common/oauth2/v2.0/authorize", {},
                                       query("&decision=" + decision + "&account=" + email)))
                        .response);
  }
  std::string code(const std::string& email = "alice%40contoso.test") {
    const auto location = decide("accept", email).header("Location");
    for (const auto& [name, text] : net::parse_query(location.substr(location.find('?') + 1)))
      if (name == "code") return text;
    return {};
  }
  reply token(const std::string& form, const std::string& secret = "secret-1") {
    return as_reply(c.ask(make_request("POST", "/common/oauth2/v2.0/token",
                                       {{"Content-Type", "application/x-www-form-urlencoded"}},
                                       "client_id=app-1&client_secret=" + secret + "&" + form))
                        .response);
  }
  reply redeem(const std::string& with_code, const std::string& with_verifier = verifier) {
    return token("grant_type=authorization_code&code=" + net::percent_encode(with_code) +
                 "&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&code_verifier=" + with_verifier);
  }
  reply refresh(const reply& tokens) {
    return token("grant_type=refresh_token&refresh_token=" +
                 net::percent_encode(std::string(tokens["refresh_token"].as_string())));
  }
  static std::int64_t aadsts(const reply& r) { return r["error_codes"].as_array().at(0).as_int64(); }
};

TEST_F(microsoft_identity_test, discovery_names_its_endpoints) {
  const auto r = get("/common/v2.0/.well-known/openid-configuration");

  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r["token_endpoint"], "https://graph.test/common/oauth2/v2.0/token");
  EXPECT_EQ(r["issuer"], "https://graph.test/{tenantid}/v2.0");
}

TEST_F(microsoft_identity_test, publishes_its_signing_key) {
  const auto r = get("/common/discovery/v2.0/keys");

  EXPECT_EQ(r["keys"].at(0).at("kty"), "RSA");
}

TEST_F(microsoft_identity_test, offers_no_revocation_endpoint) {
  EXPECT_EQ(post("/common/oauth2/v2.0/revoke", nullptr).status, 404);
}

TEST_F(microsoft_identity_test, asks_with_the_hinted_account_chosen) {
  const auto r = authorize("&login_hint=bob%40contoso.test");

  EXPECT_EQ(r.status, 200);
  EXPECT_THAT(r.text, HasSubstr("value=\"bob@contoso.test\" checked"));
  EXPECT_THAT(r.text, HasSubstr("value=\"alice@contoso.test\">"));
}

TEST_F(microsoft_identity_test, escapes_what_the_request_says) {
  const auto r = authorize("&login_hint=%22%3E%3Cscript%3E");

  EXPECT_THAT(r.text, testing::Not(HasSubstr("<script>")));
}

TEST_F(microsoft_identity_test, answers_a_foreign_redirect_uri_with_a_page) {
  const auto r =
      get("/common/oauth2/v2.0/authorize?client_id=app-1&response_type=code&scope=openid&redirect_uri="
          "https%3A%2F%2Fapp.test%2Fcallback%2F");

  EXPECT_EQ(r.status, 400);
  EXPECT_EQ(r.header("Location"), "");
  EXPECT_THAT(r.text, HasSubstr("AADSTS50011"));
}

TEST_F(microsoft_identity_test, answers_an_unknown_application_with_a_page) {
  EXPECT_THAT(get("/common/oauth2/v2.0/authorize?client_id=x&response_type=code").text,
              HasSubstr("AADSTS700016"));
}

TEST_F(microsoft_identity_test, a_refusal_comes_back_with_the_state) {
  const auto location = decide("cancel").header("Location");

  EXPECT_THAT(location,
              StartsWith("https://app.test/callback?error=access_denied&error_description=AADSTS65004"));
  EXPECT_THAT(location, HasSubstr("&state=a%26b"));
}

TEST_F(microsoft_identity_test, silent_sign_in_needs_an_earlier_consent) {
  open("carol@contoso.test");

  EXPECT_THAT(authorize("&prompt=none").header("Location"), HasSubstr("error=login_required"));
  EXPECT_THAT(authorize("&prompt=none&login_hint=carol%40contoso.test").header("Location"),
              HasSubstr("error=consent_required"));
  EXPECT_THAT(authorize("&prompt=none&login_hint=alice%40contoso.test").header("Location"),
              HasSubstr("?code="));
}

TEST_F(microsoft_identity_test, gives_tokens_for_a_code) {
  const auto r = redeem(code());

  ASSERT_EQ(r.status, 200);
  EXPECT_EQ(r["token_type"], "Bearer");
  EXPECT_EQ(r["scope"], "Calendars.ReadWrite openid profile");
  EXPECT_GE(r["expires_in"].as_int64(), 3600);
  EXPECT_LE(r["expires_in"].as_int64(), 5400);
  const std::string access(r["access_token"].as_string());
  EXPECT_EQ(get("/v1.0/me", {{"Authorization", "Bearer " + access}})["mail"], "alice@contoso.test");
}

TEST_F(microsoft_identity_test, the_id_token_names_the_person) {
  const auto r = redeem(code());

  const std::string jwt(r["id_token"].as_string());
  const auto* alice_account = c.people.find("alice@contoso.test");
  EXPECT_EQ(std::count(jwt.begin(), jwt.end(), '.'), 2);
  const auto payload = base64url(R"({"ver":"2.0","iss":"https://graph.test/)" + alice_account->tenant_id);
  EXPECT_THAT(jwt, HasSubstr("." + payload.substr(0, payload.size() - 2)));
}

TEST_F(microsoft_identity_test, a_code_works_once) {
  const auto once = code();

  EXPECT_EQ(redeem(once).status, 200);
  const auto again = redeem(once);

  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(again["error"], "invalid_grant");
  EXPECT_EQ(aadsts(again), 54005);
}

TEST_F(microsoft_identity_test, a_code_dies_after_ten_minutes) {
  const auto late = code();
  c.clock.advance(10min);

  EXPECT_EQ(aadsts(redeem(late)), 70008);
}

TEST_F(microsoft_identity_test, refuses_a_wrong_verifier) {
  EXPECT_EQ(aadsts(redeem(code(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX")), 501481);
  EXPECT_EQ(aadsts(redeem(code(), "")), 501481);
}

TEST_F(microsoft_identity_test, refuses_another_redirect_uri_for_the_code) {
  const auto r = token("grant_type=authorization_code&code=" + net::percent_encode(code()) +
                       "&redirect_uri=https%3A%2F%2Fapp.test%2Ftwo&code_verifier=" + verifier);

  EXPECT_EQ(aadsts(r), 500112);
}

TEST_F(microsoft_identity_test, a_wrong_secret_is_401) {
  const auto r = token("grant_type=refresh_token&refresh_token=x", "wrong");

  EXPECT_EQ(r.status, 401);
  EXPECT_EQ(r["error"], "invalid_client");
  EXPECT_EQ(aadsts(r), 7000215);
}

TEST_F(microsoft_identity_test, takes_the_secret_by_basic_authentication) {
  const auto r =
      as_reply(c.ask(make_request("POST", "/common/oauth2/v2.0/token",
                                  {{"Authorization", "Basic YXBwLTE6c2VjcmV0LTE="}}, "grant_type=password"))
                   .response);

  EXPECT_EQ(r["error"], "unsupported_grant_type");
}

TEST_F(microsoft_identity_test, a_refresh_gives_a_new_token_and_keeps_the_old) {
  const auto first = redeem(code());

  const auto second = refresh(first);
  const auto again = refresh(first);

  EXPECT_EQ(second.status, 200);
  EXPECT_NE(second["refresh_token"], first["refresh_token"]);
  EXPECT_EQ(again.status, 200);
}

TEST_F(microsoft_identity_test, a_refresh_token_dies_after_ninety_idle_days) {
  const auto first = redeem(code());
  c.clock.advance(24h * 90);

  const auto r = refresh(first);

  EXPECT_EQ(r["error"], "invalid_grant");
  EXPECT_EQ(aadsts(r), 700082);
}

TEST_F(microsoft_identity_test, revoking_sessions_ends_refreshing_and_access) {
  const auto first = redeem(code());
  const net::header_list own{{"Authorization", "Bearer " + std::string(first["access_token"].as_string())}};
  EXPECT_EQ(post("/v1.0/me/revokeSignInSessions", nullptr, own).status, 200);

  EXPECT_EQ(aadsts(refresh(first)), 50173);
  EXPECT_EQ(get("/v1.0/me", own).status, 401);
}

TEST_F(microsoft_identity_test, no_refresh_token_without_offline_access) {
  auto reduced = query("&decision=accept&account=alice%40contoso.test");
  reduced.replace(reduced.find("offline_access%20"), 17, "");
  const auto location =
      as_reply(c.ask(make_request("POST", "/common/oauth2/v2.0/authorize", {}, reduced)).response)
          .header("Location");
  const auto given = net::parse_query(location.substr(location.find('?') + 1)).at(0).second;

  const auto r = redeem(given);

  EXPECT_FALSE(r.body.as_object().contains("refresh_token"));
}

TEST_F(microsoft_identity_test, graph_refuses_garbage_and_expired_tokens) {
  const auto garbage = get("/v1.0/me", {{"Authorization", "Bearer x"}});
  EXPECT_EQ(garbage.status, 401);
  EXPECT_EQ(garbage.error(), "InvalidAuthenticationToken");
  EXPECT_THAT(garbage.text, HasSubstr("IDX14100"));

  const auto first = redeem(code());
  c.clock.advance(91min);
  EXPECT_EQ(
      get("/v1.0/me", {{"Authorization", "Bearer " + std::string(first["access_token"].as_string())}}).status,
      401);
}

TEST_F(microsoft_identity_test, one_person_cannot_read_anothers_mailbox) {
  EXPECT_EQ(get("/v1.0/users/bob@contoso.test/events").status, 403);
  EXPECT_EQ(get("/v1.0/users/alice@contoso.test/events").status, 200);
}

TEST_F(microsoft_identity_test, a_fault_plan_can_ask_for_interaction) {
  fault_plan plan;
  plan.method = "oauth.token";
  plan.reason = "interaction_required";
  c.faults.add(plan);

  const auto r = token("grant_type=refresh_token&refresh_token=x");

  EXPECT_EQ(r["error"], "interaction_required");
  EXPECT_EQ(aadsts(r), 50076);
}

} // namespace
} // namespace kalends::sandbox
