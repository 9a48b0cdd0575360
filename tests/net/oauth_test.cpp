// SPDX-License-Identifier: Apache-2.0
#include "net/oauth.hpp"
#include "tests/net/vendor_fixture.hpp"

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using testing::replaced;

const std::string directory = "84bd8158-6d4d-4958-8b9f-9d6445542f95";
const std::string object = "8ee44408-0679-472c-bc2a-692812af3437";
const std::string google_scope =
    "openid https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/userinfo.email "
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly";

std::string jwt(const std::string& claims) {
  return base64url(R"({"alg":"RS256"})") + "." + base64url(claims) + ".c2ln";
}

std::string answer(const std::string& scope, const std::string& id_token,
                   const std::string& refresh = "1//refresh") {
  return R"({"access_token":"ya29.access","expires_in":3599,"refresh_token":")" + refresh + R"(","scope":")" +
         scope + R"(","token_type":"Bearer","id_token":")" + id_token + R"("})";
}

struct oauth_test : testing::vendor_fixture {
  vendor_endpoints endpoints = here();
  oauth_client client{http, endpoints, still_world()};
  oauth_app app{"client-1", "app-secret", "common"};
  std::string expiry = std::to_string((now() + 1h).time_since_epoch() / 1s);
  std::string google_claims =
      R"({"iss":"https://accounts.google.com","aud":"client-1","sub":"1089","email":"dana@example.com",)"
      R"("nonce":"n1","exp":)" +
      expiry + "}";
  std::string microsoft_claims = R"({"iss":")" + endpoints.microsoft_login + "/" + directory +
                                 R"(/v2.0","aud":"client-1",)"
                                 R"("sub":"pairwise","tid":")" +
                                 directory + R"(","oid":")" + object +
                                 R"(","preferred_username":"ada@contoso.test","nonce":"n1","exp":)" + expiry +
                                 "}";

  vendor_endpoints here() const {
    vendor_endpoints e;
    e.google_token = vendor.url("/token");
    e.google_revoke = vendor.url("/revoke");
    e.microsoft_login = vendor.url();
    return e;
  }
  result<authorization> exchange(provider_type type) {
    return outcome<authorization>([&](auto done) {
      return client.exchange_code(type, app, "https://k.example.com/cb", "4/0A&x", "verifier", "n1", done);
    });
  }
  result<grant> refresh(provider_type type) {
    return outcome<grant>([&](auto done) {
      return client.refresh(type, app, {"old", "kept-refresh", {}, "kept scope"}, done);
    });
  }
  result<authorization> google(const std::string& body) {
    testing::http_imposter fresh;
    fresh.when("POST /token").then(200, body);
    auto e = endpoints;
    e.google_token = fresh.url("/token");
    oauth_client there(http, e, still_world());
    return outcome<authorization>([&](auto done) {
      return there.exchange_code(provider_type::google, app, "https://k.example.com/cb", "c", "v", "n1",
                                 done);
    });
  }
};

TEST_F(oauth_test, asks_google_for_lasting_access) {
  const auto url = client.consent_url(provider_type::google, app, "https://k.example.com/cb", "st", "ch",
                                      "n1", "dana@example.com");

  EXPECT_EQ(
      url,
      "https://accounts.google.com/o/oauth2/v2/auth?client_id=client-1&"
      "redirect_uri=https%3A%2F%2Fk.example.com%2Fcb&response_type=code&"
      "scope=openid%20email%20https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events%20"
      "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.calendarlist.readonly&"
      "access_type=offline&prompt=consent&state=st&code_challenge=ch&code_challenge_method=S256&nonce=n1&"
      "login_hint=dana%40example.com");
}

TEST_F(oauth_test, asks_microsoft_at_the_apps_authority) {
  app.authority_tenant = "organizations";

  const auto url =
      client.consent_url(provider_type::microsoft, app, "https://k.example.com/cb", "st", "ch", "n1", "");

  EXPECT_EQ(url, vendor.url() +
                     "/organizations/oauth2/v2.0/authorize?client_id=client-1&"
                     "redirect_uri=https%3A%2F%2Fk.example.com%2Fcb&response_type=code&response_mode=query&"
                     "scope=openid%20email%20profile%20offline_access%20Calendars.ReadWrite&"
                     "prompt=select_account&state=st&code_challenge=ch&code_challenge_method=S256&nonce=n1");
}

TEST_F(oauth_test, exchanges_a_google_code) {
  vendor.when("POST /token").then(200, answer(google_scope, jwt(google_claims)));

  const auto a = exchange(provider_type::google);

  ASSERT_TRUE(a) << a.error().detail;
  EXPECT_EQ(a->subject, "1089");
  EXPECT_EQ(a->email, "dana@example.com");
  EXPECT_EQ(a->tokens.access_token, "ya29.access");
  EXPECT_EQ(a->tokens.refresh_token, "1//refresh");
  EXPECT_EQ(a->tokens.access_expires_at, now() + 3599s);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(asked.body,
            "grant_type=authorization_code&code=4%2F0A%26x&client_id=client-1&client_secret=app-secret&"
            "redirect_uri=https%3A%2F%2Fk.example.com%2Fcb&code_verifier=verifier");
  EXPECT_EQ(header(asked, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(header(asked, "Authorization"), "");
}

TEST_F(oauth_test, exchanges_a_microsoft_code) {
  vendor.when("POST /common/oauth2/v2.0/token")
      .then(200, answer("https://graph.microsoft.com/calendars.readwrite profile openid email",
                        jwt(microsoft_claims)));

  const auto a = exchange(provider_type::microsoft);

  ASSERT_TRUE(a) << a.error().detail;
  EXPECT_EQ(a->subject, directory + "." + object);
  EXPECT_EQ(a->email, "ada@contoso.test");
}

TEST_F(oauth_test, refuses_an_id_token_of_anybody_else) {
  const auto spoilt = [&](const std::string& from, const std::string& to) {
    const auto claims = replaced(google_claims, from, to);
    EXPECT_NE(claims, google_claims) << from;
    return google(answer(google_scope, jwt(claims)));
  };

  for (const auto& a :
       {spoilt("https://accounts.google.com", "https://accounts.google.com.evil.example"),
        spoilt(R"("aud":"client-1")", R"("aud":"client-2")"), spoilt(R"("nonce":"n1")", R"("nonce":"n2")"),
        spoilt(R"("nonce":"n1",)", ""), spoilt(R"("sub":"1089")", R"("sub":7)"),
        spoilt(expiry, std::to_string((now() - 1h).time_since_epoch() / 1s)), spoilt(expiry, "\"soon\""),
        spoilt(R"("aud":"client-1")", R"("aud":["client-1","client-2"])"), google(answer(google_scope, "")),
        google(answer(google_scope, "a.b")), google(answer(google_scope, "a.!!.c")),
        google(answer(google_scope, "a." + base64url("[]") + ".c"))}) {
    ASSERT_FALSE(a);
    EXPECT_EQ(a.error().code, "id_token_invalid");
    EXPECT_EQ(a.error().kind, errc::broken);
  }
}

TEST_F(oauth_test, accepts_the_spellings_that_google_uses) {
  EXPECT_TRUE(google(answer(
      google_scope, jwt(replaced(google_claims, "https://accounts.google.com", "accounts.google.com")))));
  EXPECT_TRUE(google(
      answer(google_scope, jwt(replaced(google_claims, R"("aud":"client-1")", R"("aud":["client-1"])")))));
  EXPECT_TRUE(google(answer("https://www.googleapis.com/auth/calendar", jwt(google_claims))))
      << "a wider scope will do";
}

TEST_F(oauth_test, a_directory_admits_itself_alone) {
  vendor.when("POST /" + directory + "/oauth2/v2.0/token")
      .then(200, answer("Calendars.ReadWrite", jwt(microsoft_claims)));
  vendor.when("POST /" + object + "/oauth2/v2.0/token")
      .then(200, answer("Calendars.ReadWrite", jwt(microsoft_claims)));

  app.authority_tenant = directory;
  EXPECT_TRUE(exchange(provider_type::microsoft));
  app.authority_tenant = object;
  EXPECT_EQ(exchange(provider_type::microsoft).error().code, "id_token_invalid");
}

TEST_F(oauth_test, a_consent_without_the_calendar_is_refused) {
  const auto partial =
      google(answer("openid email https://www.googleapis.com/auth/calendar.events", jwt(google_claims)));
  const auto online = google(answer(google_scope, jwt(google_claims), ""));

  EXPECT_EQ(partial.error().code, "scope_missing");
  EXPECT_EQ(partial.error().kind, errc::invalid);
  EXPECT_EQ(online.error().code, "scope_missing");
}

TEST_F(oauth_test, a_used_code_needs_a_person) {
  vendor.when("POST /token")
      .then(400, R"({"error":"invalid_grant","error_description":"Malformed auth code 4/0A&x"})");

  const auto a = exchange(provider_type::google);

  EXPECT_EQ(a.error().kind, errc::reauthorize);
  EXPECT_EQ(a.error().detail.find("4/0A"), std::string::npos) << "descriptions may quote what was sent";
}

TEST_F(oauth_test, a_refresh_keeps_what_the_vendor_leaves_out) {
  vendor.when("POST /token")
      .then(200, R"({"access_token":"ya29.new","expires_in":3599,"token_type":"Bearer"})");

  const auto g = refresh(provider_type::google);

  ASSERT_TRUE(g) << g.error().detail;
  EXPECT_EQ(g->access_token, "ya29.new");
  EXPECT_EQ(g->refresh_token, "kept-refresh");
  EXPECT_EQ(g->scope, "kept scope");
  EXPECT_EQ(
      vendor.requests().at(0).body,
      "grant_type=refresh_token&refresh_token=kept-refresh&client_id=client-1&client_secret=app-secret");
}

TEST_F(oauth_test, a_refresh_takes_a_rotated_token) {
  vendor.when("POST /common/oauth2/v2.0/token")
      .then(
          200,
          R"({"access_token":"a","expires_in":"4237","refresh_token":"new-refresh","scope":"Calendars.ReadWrite"})");

  const auto g = refresh(provider_type::microsoft);

  ASSERT_TRUE(g) << g.error().detail;
  EXPECT_EQ(g->refresh_token, "new-refresh");
  EXPECT_EQ(g->access_expires_at, now() + 4237s);
}

TEST_F(oauth_test, only_a_dead_grant_ends_a_refresh_for_good) {
  vendor.when("POST /token")
      .then(400, R"({"error":"invalid_grant"})")
      .then(401, R"({"error":"invalid_client"})")
      .then(503, "", {{"Retry-After", "5"}})
      .then(200, "<html>")
      .then(200, R"({"expires_in":3599})");

  EXPECT_EQ(refresh(provider_type::google).error().kind, errc::reauthorize);
  EXPECT_EQ(refresh(provider_type::google).error().code, "invalid_client");
  EXPECT_EQ(refresh(provider_type::google).error().retry_after, 5s);
  EXPECT_EQ(refresh(provider_type::google).error().kind, errc::broken);
  EXPECT_EQ(refresh(provider_type::google).error().kind, errc::broken);
}

TEST_F(oauth_test, revokes_at_google_and_has_nothing_to_revoke_at_microsoft) {
  vendor.when("POST /revoke").then(200, "{}").then(400, R"({"error":"invalid_token"})");
  const auto revoke = [&](provider_type type) {
    return outcome<bool>([&](auto done) { return client.revoke(type, "1//refresh", done); });
  };

  EXPECT_EQ(revoke(provider_type::google), true);
  EXPECT_EQ(revoke(provider_type::google), false);
  EXPECT_EQ(revoke(provider_type::microsoft), true);
  EXPECT_EQ(vendor.requests().size(), 2u);
  EXPECT_EQ(vendor.requests().at(0).body, "token=1%2F%2Frefresh");
}

} // namespace
} // namespace kalends::net
