// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/google_fixture.hpp"

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

constexpr const char* verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; // RFC 7636 appendix B
const std::string calendar_scope = "https://www.googleapis.com/auth/calendar.events";

class google_oauth_test : public google_fixture {
protected:
  google_oauth_test() {
    const auto client =
        admin("POST", "/clients", {{"kind", "google"}, {"redirect_uris", {"https://host.example/back"}}});
    id = text(client.at("client_id"));
    secret = text(client.at("client_secret"));
    admin("POST", "/consent-mode", {{"mode", "auto"}, {"account", "dana@example.com"}});
  }

  std::string auth_url(const std::string& more, const std::string& redirect = "https://host.example/back") {
    return "/o/oauth2/v2/auth?response_type=code&client_id=" + id +
           "&redirect_uri=" + net::percent_encode(redirect) +
           "&scope=" + net::percent_encode("openid email " + calendar_scope) + "&state=s%201" + more;
  }

  std::vector<std::pair<std::string, std::string>> location_query(const net::http_response& answer) {
    EXPECT_EQ(answer.status, 302) << answer.body;
    const std::string location(net::find_header(answer.headers, "Location"));
    return net::parse_query(location.substr(location.find('?') + 1));
  }

  std::string value(const std::vector<std::pair<std::string, std::string>>& query, std::string_view name) {
    for (const auto& [key, v] : query)
      if (key == name) return v;
    return "";
  }

  std::string code(const std::string& more = "&access_type=offline") {
    return value(location_query(ask("GET", auth_url(more))), "code");
  }

  net::http_response form(const std::string& path, std::vector<std::pair<std::string, std::string>> fields) {
    std::string body;
    for (const auto& [key, v] : fields)
      body += (body.empty() ? "" : "&") + key + "=" + net::percent_encode(v);
    return ask("POST", path, {{"Content-Type", "application/x-www-form-urlencoded"}}, body);
  }

  net::http_response exchange(const std::string& with, const std::string& verify = "") {
    std::vector<std::pair<std::string, std::string>> fields{{"grant_type", "authorization_code"},
                                                            {"code", with},
                                                            {"client_id", id},
                                                            {"client_secret", secret},
                                                            {"redirect_uri", "https://host.example/back"}};
    if (!verify.empty()) fields.emplace_back("code_verifier", verify);
    return form("/token", fields);
  }

  net::http_response refresh(const std::string& with) {
    return form("/token", {{"grant_type", "refresh_token"},
                           {"refresh_token", with},
                           {"client_id", id},
                           {"client_secret", secret}});
  }

  std::string id, secret;
};

TEST_F(google_oauth_test, gives_tokens_for_a_code_and_echoes_the_state) {
  const auto back = location_query(ask("GET", auth_url("&access_type=offline&nonce=n1")));
  const auto tokens = expect(200, exchange(value(back, "code")));

  EXPECT_EQ(value(back, "state"), "s 1");
  EXPECT_EQ(text(tokens.at("token_type")), "Bearer");
  EXPECT_EQ(tokens.at("expires_in").as_int64(), 3599);
  EXPECT_NE(text(tokens.at("scope")).find(calendar_scope), std::string::npos);
  EXPECT_TRUE(tokens.contains("refresh_token"));
  EXPECT_TRUE(tokens.contains("id_token"));
  token = text(tokens.at("access_token"));
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 200);
}

TEST_F(google_oauth_test, shows_a_page_with_accounts_and_takes_a_denial_back) {
  admin("POST", "/consent-mode", {{"mode", "page"}});
  const auto page = ask("GET", auth_url(""));
  const auto denied =
      location_query(form("/o/oauth2/v2/auth/decision", {{"client_id", id},
                                                         {"redirect_uri", "https://host.example/back"},
                                                         {"response_type", "code"},
                                                         {"scope", "openid"},
                                                         {"state", "s 1"},
                                                         {"decision", "deny"}}));

  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("dana@example.com"), std::string::npos);
  EXPECT_NE(page.body.find("Deny"), std::string::npos);
  EXPECT_EQ(value(denied, "error"), "access_denied");
  EXPECT_EQ(value(denied, "state"), "s 1");
}

TEST_F(google_oauth_test, grants_only_the_scopes_that_were_ticked) {
  const auto back =
      location_query(form("/o/oauth2/v2/auth/decision", {{"client_id", id},
                                                         {"redirect_uri", "https://host.example/back"},
                                                         {"response_type", "code"},
                                                         {"scope", "openid email " + calendar_scope},
                                                         {"account", "dana@example.com"},
                                                         {"allow", "email"},
                                                         {"decision", "allow"}}));
  const auto tokens = expect(200, exchange(value(back, "code")));
  token = text(tokens.at("access_token"));
  const auto refused = api("GET", "calendars/primary/events");

  EXPECT_EQ(text(tokens.at("scope")), "openid https://www.googleapis.com/auth/userinfo.email");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(reason(refused), "insufficientPermissions");
}

TEST_F(google_oauth_test, does_not_redirect_to_an_unregistered_uri) {
  const auto answer = ask("GET", auth_url("", "https://host.example/back/"));

  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("redirect_uri_mismatch"), std::string::npos);
  EXPECT_TRUE(net::find_header(answer.headers, "Location").empty());
}

TEST_F(google_oauth_test, takes_a_code_only_once_and_then_withdraws_what_it_gave) {
  const auto once = code();
  token = text(expect(200, exchange(once)).at("access_token"));
  const auto again = expect(400, exchange(once));

  EXPECT_EQ(text(again.at("error")), "invalid_grant");
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 401);
}

TEST_F(google_oauth_test, checks_the_proof_key) {
  const auto s256 = std::string("&code_challenge_method=S256&code_challenge=") + challenge;
  EXPECT_EQ(exchange(code(s256), verifier).status, 200);
  EXPECT_EQ(exchange(code(s256), std::string(43, 'x')).status, 400);
  EXPECT_EQ(exchange(code(s256)).status, 400);
  EXPECT_EQ(exchange(code(std::string("&code_challenge=") + verifier), verifier).status, 200)
      << "plain is the default";
}

TEST_F(google_oauth_test, lets_a_code_grow_old) {
  const auto old = code();
  advance(std::chrono::minutes(11));

  EXPECT_EQ(exchange(old).status, 400);
}

TEST_F(google_oauth_test, refreshes_without_rotating) {
  const auto tokens = expect(200, exchange(code()));
  const auto refresh_token = text(tokens.at("refresh_token"));
  advance(std::chrono::hours(2));
  token = text(tokens.at("access_token"));
  const auto expired = api("GET", "calendars/primary/events");
  const auto fresh = expect(200, refresh(refresh_token));
  token = text(fresh.at("access_token"));

  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(reason(expired), "authError");
  EXPECT_FALSE(fresh.contains("refresh_token"));
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 200);
  EXPECT_EQ(refresh(refresh_token).status, 200);
}

TEST_F(google_oauth_test, gives_a_refresh_token_again_only_on_consent) {
  EXPECT_TRUE(expect(200, exchange(code())).contains("refresh_token"));
  EXPECT_FALSE(expect(200, exchange(code())).contains("refresh_token"));
  EXPECT_TRUE(expect(200, exchange(code("&access_type=offline&prompt=consent"))).contains("refresh_token"));
  EXPECT_FALSE(expect(200, exchange(code("&prompt=consent"))).contains("refresh_token")) << "not offline";
}

TEST_F(google_oauth_test, revokes_the_whole_grant) {
  const auto tokens = expect(200, exchange(code()));
  token = text(tokens.at("access_token"));
  EXPECT_EQ(form("/revoke", {{"token", token}}).status, 200);

  EXPECT_EQ(api("GET", "calendars/primary/events").status, 401);
  EXPECT_EQ(text(expect(400, refresh(text(tokens.at("refresh_token")))).at("error")), "invalid_grant");
  EXPECT_EQ(form("/revoke", {{"token", token}}).status, 400);
}

TEST_F(google_oauth_test, refuses_a_wrong_client_secret) {
  const auto good = code();
  secret = "wrong";

  EXPECT_EQ(text(expect(401, exchange(good)).at("error")), "invalid_client");
}

TEST_F(google_oauth_test, signs_id_tokens_with_a_published_key) {
  const auto tokens = expect(200, exchange(code("&nonce=n1")));
  const auto keys = expect(200, ask("GET", "/oauth2/v3/certs"));
  const auto jwt = text(tokens.at("id_token"));

  EXPECT_EQ(std::ranges::count(jwt, '.'), 2);
  EXPECT_EQ(keys.at("keys").as_array().size(), 1u);
  EXPECT_EQ(text(keys.at("keys").at(0).at("alg")), "RS256");
}

TEST_F(google_oauth_test, knows_who_the_token_belongs_to) {
  const net::header_list bearer{{"Authorization", "Bearer " + token}};
  const auto oidc = expect(200, ask("GET", "/v1/userinfo", bearer));
  const auto older = expect(200, ask("GET", "/oauth2/v2/userinfo", bearer));
  const auto info = expect(200, ask("GET", "/tokeninfo?access_token=" + token));

  EXPECT_EQ(text(oidc.at("email")), "dana@example.com");
  EXPECT_EQ(oidc.at("sub"), older.at("id"));
  EXPECT_EQ(oidc.at("sub"), info.at("sub"));
}

TEST_F(google_oauth_test, keeps_secrets_out_of_the_journal) {
  exchange(code());

  EXPECT_EQ(json::serialize(admin("GET", "/journal")).find(secret), std::string::npos);
}

} // namespace
} // namespace kalends::sandbox
