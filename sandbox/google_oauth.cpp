// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include "net/html_escape.hpp"

#include <algorithm>
#include <array>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds access_life{3599};
constexpr std::chrono::seconds code_life{600};
constexpr std::chrono::hours refresh_life{24 * 182}; ///< of disuse
constexpr std::size_t refresh_token_limit = 100;     ///< per account and client; the oldest dies

/// The authorization request as it travels from the first page to the decision.
struct wish {
  std::string client_id, redirect_uri, response_type, scope, state, nonce, prompt, login_hint, access_type;
  std::string challenge, challenge_method, include_granted;
};

constexpr std::array wish_fields{std::pair{"client_id", &wish::client_id},
                                 std::pair{"redirect_uri", &wish::redirect_uri},
                                 std::pair{"response_type", &wish::response_type},
                                 std::pair{"scope", &wish::scope},
                                 std::pair{"state", &wish::state},
                                 std::pair{"nonce", &wish::nonce},
                                 std::pair{"prompt", &wish::prompt},
                                 std::pair{"login_hint", &wish::login_hint},
                                 std::pair{"access_type", &wish::access_type},
                                 std::pair{"code_challenge", &wish::challenge},
                                 std::pair{"code_challenge_method", &wish::challenge_method},
                                 std::pair{"include_granted_scopes", &wish::include_granted}};

std::string page(std::string_view title, const std::string& body) {
  return "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>" +
         net::escape_html(title) +
         "</title><style>body{font:16px system-ui;max-width:30em;margin:12vh auto;padding:0 "
         "1em;color:#202124}"
         "h1{font-size:1.4em}button{font:inherit;padding:.5em 1.4em;margin:.3em .5em 0 0;border-radius:1.2em;"
         "border:1px solid #747775;background:#fff;cursor:pointer}button.yes{background:#0b57d0;color:#fff;"
         "border-color:#0b57d0}li,label{line-height:1.8}small{color:#5f6368}</style>" +
         body;
}

/// Google's own error page: nothing is sent to the redirect URI.
net::http_response error_page(int status, std::string_view code, std::string_view detail) {
  return text_answer(status,
                     page("Error " + std::to_string(status),
                          "<h1>Access blocked: authorization error</h1><p>" + net::escape_html(detail) +
                              "</p><p>Error " + std::to_string(status) + ": <code>" + net::escape_html(code) +
                              "</code></p>"),
                     "text/html; charset=utf-8");
}

std::string with_query(std::string uri, const std::vector<std::pair<std::string, std::string>>& add) {
  char glue = uri.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [key, value] : add) {
    uri += glue + key + "=" + net::percent_encode(value);
    glue = '&';
  }
  return uri;
}

net::http_response redirect_error(const wish& w, std::string_view code) {
  std::vector<std::pair<std::string, std::string>> add{{"error", std::string(code)}};
  if (!w.state.empty()) add.emplace_back("state", w.state);
  return redirect(with_query(w.redirect_uri, add));
}

/// What must be refused on Google's own page, or back at the application.
std::optional<net::http_response> check_wish(half& h, const wish& w) {
  const auto* client = h.all.people.find_client(w.client_id);
  if (!client || client->kind != vendor::google)
    return error_page(401, "invalid_client", "The OAuth client was not found.");
  if (w.redirect_uri.empty())
    return error_page(400, "invalid_request", "Missing required parameter: redirect_uri");
  if (!client->allows(w.redirect_uri))
    return error_page(400, "redirect_uri_mismatch",
                      "The redirect URI in the request does not match a registered one.");
  if (w.response_type != "code")
    return error_page(400, "invalid_request", "Invalid or missing parameter: response_type");
  if (w.scope.empty()) return error_page(400, "invalid_request", "Missing required parameter: scope");
  if (!w.challenge_method.empty() && w.challenge_method != "S256" && w.challenge_method != "plain")
    return error_page(400, "invalid_request", "Invalid code_challenge_method");
  if (!w.access_type.empty() && w.access_type != "online" && w.access_type != "offline")
    return error_page(400, "invalid_request", "Invalid access_type");
  const auto prompts = split_scopes(w.prompt);
  if (prompts.contains("none") && prompts.size() > 1)
    return error_page(400, "invalid_request", "prompt none must stand alone");
  return std::nullopt;
}

/// The short names that people use ("email") are the long ones in what is granted.
std::string long_scope(const std::string& scope) {
  if (scope == "email" || scope == "profile") return "https://www.googleapis.com/auth/userinfo." + scope;
  return scope;
}

std::string grant_text(const wish& w, const std::set<std::string, std::less<>>& chosen) {
  std::string out;
  std::string_view rest = w.scope;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    const std::string one(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool always = one == "openid";
    if (!one.empty() && (always || chosen.empty() || chosen.contains(one)))
      out += (out.empty() ? "" : " ") + long_scope(one);
  }
  return out;
}

net::http_response approve(half& h, call& c, const wish& w, const std::string& email,
                           const std::set<std::string, std::less<>>& chosen) {
  auto* who = h.all.people.find(email);
  if (!who || who->kind != vendor::google) return error_page(400, "invalid_request", "No such account.");
  c.who = who;
  c.wrote = true;
  oauth_code code;
  code.email = who->email;
  code.client_id = w.client_id;
  code.redirect_uri = w.redirect_uri;
  code.scope = grant_text(w, chosen);
  code.nonce = w.nonce;
  code.challenge = w.challenge;
  code.challenge_method = w.challenge.empty()          ? ""
                          : w.challenge_method.empty() ? "plain"
                                                       : w.challenge_method;
  code.offline = w.access_type == "offline";
  code.forced_consent = split_scopes(w.prompt).contains("consent");
  code.expires = h.all.now() + code_life;
  if (w.include_granted == "true")
    if (const auto* before = h.all.people.live_grant(who->email, w.client_id))
      for (const auto& scope : before->scopes)
        if (!split_scopes(code.scope).contains(scope)) code.scope += " " + scope;
  const auto& kept = h.all.people.add_code(std::move(code), h.all.now(), "4/0A");
  std::vector<std::pair<std::string, std::string>> add;
  if (!w.state.empty()) add.emplace_back("state", w.state);
  add.emplace_back("code", kept.text);
  add.emplace_back("scope", kept.scope);
  add.emplace_back("authuser", "0");
  add.emplace_back("prompt", w.prompt.empty() ? "consent" : w.prompt);
  return redirect(with_query(w.redirect_uri, add));
}

net::http_response consent_page(half& h, const wish& w) {
  std::string form = "<h1>Choose an account</h1><p>to continue to <b>" + net::escape_html(w.client_id) +
                     "</b></p><form method=post action='/o/oauth2/v2/auth/decision'>";
  for (const auto& [name, member] : wish_fields)
    form +=
        "<input type=hidden name='" + std::string(name) + "' value='" + net::escape_html(w.*member) + "'>";
  bool first = true;
  for (const auto* a : h.all.people.all()) {
    if (a->kind != vendor::google) continue;
    const bool checked =
        w.login_hint.empty() ? first : w.login_hint == a->email || w.login_hint == a->subject;
    form += "<label><input type=radio name=account value='" + net::escape_html(a->email) + "'" +
            (checked ? " checked" : "") + "> " + net::escape_html(a->display_name) + " <small>" +
            net::escape_html(a->email) + "</small></label><br>";
    first = false;
  }
  form += "<h1>The application wants to</h1>";
  for (const auto& scope : split_scopes(w.scope))
    form += "<label><input type=checkbox name=allow value='" + net::escape_html(scope) + "' checked> <code>" +
            net::escape_html(scope) + "</code></label><br>";
  form += "<p><button class=yes name=decision value=allow>Allow</button>"
          "<button name=decision value=deny>Deny</button></p></form>"
          "<p><small>Kalends sandbox: this is not Google.</small></p>";
  return text_answer(200, page("Sign in with Google (sandbox)", form), "text/html; charset=utf-8");
}

net::http_response authorize_page(half& h, call& c) {
  wish w;
  for (const auto& [name, member] : wish_fields) w.*member = c.query_value(name).value_or("");
  if (auto refused = check_wish(h, w)) return std::move(*refused);
  auto* hinted = h.all.people.find(w.login_hint);
  const bool known = hinted && hinted->kind == vendor::google;
  if (w.prompt == "none") {
    const auto* g = known ? h.all.people.live_grant(hinted->email, w.client_id) : nullptr;
    return g ? approve(h, c, w, hinted->email, {})
             : redirect_error(w, known ? "consent_required" : "login_required");
  }
  if (h.all.consent == consent_mode::automatic)
    return approve(h, c, w, known ? hinted->email : h.all.consent_account, {});
  return consent_page(h, w);
}

net::http_response decision(half& h, call& c) {
  wish w;
  for (const auto& [name, member] : wish_fields) w.*member = c.form_value(name).value_or("");
  if (auto refused = check_wish(h, w)) return std::move(*refused);
  if (c.form_value("decision") != "allow") return redirect_error(w, "access_denied");
  std::set<std::string, std::less<>> chosen;
  for (const auto& [key, value] : net::parse_query(c.request.body))
    if (key == "allow") chosen.insert(value);
  if (chosen.empty()) return redirect_error(w, "access_denied");
  return approve(h, c, w, c.form_value("account").value_or(""), chosen);
}

// -- tokens --

net::http_response token_error(int status, std::string_view code, std::string_view detail) {
  return json_answer(status, {{"error", code}, {"error_description", detail}});
}

std::string id_token(half& h, const account& who, const std::string& client_id, const std::string& nonce,
                     const std::string& access) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(h.all.now().time_since_epoch()).count();
  json::object claims{{"iss", "https://accounts.google.com"},
                      {"azp", client_id},
                      {"aud", client_id},
                      {"sub", who.subject},
                      {"email", who.email},
                      {"email_verified", true},
                      {"at_hash", base64url(sha256(access).substr(0, 16))},
                      {"name", who.display_name},
                      {"iat", now},
                      {"exp", now + 3600}};
  if (!who.email.ends_with("@gmail.com")) claims["hd"] = who.email.substr(who.email.find('@') + 1);
  if (!nonce.empty()) claims["nonce"] = nonce;
  return h.all.google_keys.sign(claims);
}

json::object token_answer(half& h, const grant& g, const std::string& scope, const std::string& nonce) {
  auto& people = h.all.people;
  const auto& access =
      people.issue(token_kind::access, g, split_scopes(scope), h.all.now(), access_life, "ya29.");
  json::object out{{"access_token", access.text},
                   {"expires_in", access_life.count()},
                   {"scope", scope},
                   {"token_type", "Bearer"}};
  if (split_scopes(scope).contains("openid"))
    out["id_token"] = id_token(h, *people.find(g.email), g.client_id, nonce, access.text);
  return out;
}

net::http_response exchange_code(half& h, call& c, const oauth_client& client) {
  auto& people = h.all.people;
  auto* code = people.find_code(c.form_value("code").value_or(""));
  auto* who = code ? people.find(code->email) : nullptr;
  if (!code || !who || who->kind != vendor::google || code->client_id != client.client_id)
    return token_error(400, "invalid_grant", "Malformed auth code.");
  c.who = who;
  if (code->used) {
    if (auto* g = people.find_grant(code->grant_id)) people.revoke(*g); // RFC 6749 4.1.2
    return token_error(400, "invalid_grant", "Bad Request");
  }
  if (code->expires <= h.all.now()) return token_error(400, "invalid_grant", "Bad Request");
  if (c.form_value("redirect_uri").value_or("") != code->redirect_uri)
    return token_error(400, "redirect_uri_mismatch", "Bad Request");
  const auto verifier = c.form_value("code_verifier").value_or("");
  if (code->challenge.empty() ? !verifier.empty()
                              : !pkce_matches(code->challenge, code->challenge_method, verifier))
    return token_error(400, "invalid_grant",
                       verifier.empty() ? "Missing code verifier." : "Invalid code verifier.");
  code->used = true;
  c.wrote = true;
  const bool first = !people.live_grant(who->email, client.client_id);
  auto& g = people.allow(*who, client.client_id, split_scopes(code->scope), h.all.now());
  code->grant_id = g.id;
  auto out = token_answer(h, g, code->scope, code->nonce);
  if (code->offline && (first || code->forced_consent)) {
    out["refresh_token"] =
        people.issue(token_kind::refresh, g, split_scopes(code->scope), h.all.now(), refresh_life, "1//0g")
            .text;
    people.cap_refresh_tokens(who->email, client.client_id, refresh_token_limit);
  }
  return json_answer(200, out);
}

net::http_response refresh(half& h, call& c, const oauth_client& client) {
  auto& people = h.all.people;
  auto* token =
      people.live_token(c.form_value("refresh_token").value_or(""), token_kind::refresh, h.all.now());
  auto* g = token && token->client_id == client.client_id ? people.find_grant(token->grant_id) : nullptr;
  if (!g) return token_error(400, "invalid_grant", "Token has been expired or revoked.");
  c.who = people.find(g->email);
  c.wrote = true;
  token->expires = h.all.now() + refresh_life;
  return json_answer(200, token_answer(h, *g, join_scopes(token->scopes), ""));
}

/// The client may stand in the form or in a Basic header.
const oauth_client* client_of(half& h, const call& c) {
  const auto* client = h.all.people.find_client(c.form_value("client_id").value_or(""));
  const bool mine = client && client->kind == vendor::google;
  return mine && c.form_value("client_secret").value_or("") == client->client_secret ? client : nullptr;
}

net::http_response token(half& h, call& c) {
  const auto kind = c.form_value("grant_type").value_or("");
  if (kind.empty()) return token_error(400, "invalid_request", "Missing required parameter: grant_type");
  if (kind == "urn:ietf:params:oauth:grant-type:jwt-bearer") return service_account_token(h, c);
  if (kind != "authorization_code" && kind != "refresh_token")
    return token_error(400, "unsupported_grant_type", "Invalid grant_type: " + kind);
  const auto* client = client_of(h, c);
  if (!client) {
    const bool known = h.all.people.find_client(c.form_value("client_id").value_or(""));
    return token_error(401, "invalid_client", known ? "Unauthorized" : "The OAuth client was not found.");
  }
  return kind == "refresh_token" ? refresh(h, c, *client) : exchange_code(h, c, *client);
}

/// All scopes given to the application go, whichever of its tokens is named.
net::http_response revoke(half& h, call& c) {
  auto text = c.form_value("token").value_or("");
  if (text.empty()) text = c.query_value("token").value_or("");
  auto* t = h.all.people.find_token(text);
  if (!t || t->revoked || t->expires <= h.all.now())
    return token_error(400, "invalid_token", "Token expired or revoked");
  c.who = h.all.people.find(t->email);
  c.wrote = true;
  h.all.people.revoke_all(t->email, t->client_id);
  return json_answer(200, json::object{});
}

net::http_response token_info(half& h, call& c) {
  auto text = c.query_value("access_token").value_or("");
  if (text.empty()) text = c.form_value("access_token").value_or("");
  if (text.empty() && c.header("Authorization").starts_with("Bearer "))
    text = c.header("Authorization").substr(7);
  const auto* t = h.all.people.live_token(text, token_kind::access, h.all.now());
  const auto* who = t ? h.all.people.find(t->email) : nullptr;
  if (!who || who->kind != vendor::google) return token_error(400, "invalid_token", "Invalid Value");
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(t->expires - h.all.now()).count();
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(t->expires.time_since_epoch()).count();
  return json_answer(200, {{"azp", t->client_id},
                           {"aud", t->client_id},
                           {"sub", who->subject},
                           {"scope", join_scopes(t->scopes)},
                           {"exp", std::to_string(at)},
                           {"expires_in", std::to_string(left)},
                           {"email", who->email},
                           {"email_verified", "true"},
                           {"access_type", "offline"}});
}

/// Both forms: OpenID Connect's, and the older one with `id` and `verified_email`.
net::http_response userinfo(half& h, call& c, bool older) {
  if (auto refused = h.authorize(c)) return std::move(*refused);
  const auto& a = *c.who;
  json::object out{{older ? "id" : "sub", a.subject}, {"name", a.display_name}};
  if (c.token->scopes.contains("https://www.googleapis.com/auth/userinfo.email")) {
    out["email"] = a.email;
    out[older ? "verified_email" : "email_verified"] = true;
  }
  if (!a.email.ends_with("@gmail.com")) out["hd"] = a.email.substr(a.email.find('@') + 1);
  return json_answer(200, out);
}

/// The issuer keeps its real name, since id_tokens carry it; the rest leads here.
net::http_response discovery(half& h) {
  const auto& at = h.all.base_url;
  return json_answer(200, {{"issuer", "https://accounts.google.com"},
                           {"authorization_endpoint", at + "/o/oauth2/v2/auth"},
                           {"token_endpoint", at + "/token"},
                           {"userinfo_endpoint", at + "/v1/userinfo"},
                           {"revocation_endpoint", at + "/revoke"},
                           {"jwks_uri", at + "/oauth2/v3/certs"},
                           {"response_types_supported", json::array{"code"}},
                           {"subject_types_supported", json::array{"public"}},
                           {"id_token_signing_alg_values_supported", json::array{"RS256"}},
                           {"scopes_supported", json::array{"openid", "email", "profile"}},
                           {"code_challenge_methods_supported", json::array{"plain", "S256"}},
                           {"grant_types_supported", json::array{"authorization_code", "refresh_token"}}});
}

} // namespace

void add_oauth_routes(half& h, router& routes) {
  const auto add = [&](const char* verb, const char* path, const char* name,
                       std::function<net::http_response(call&)> answer) {
    routes.add({verb, path, name, vendor::google, false, {}, std::move(answer), {}});
  };
  add("GET", "/o/oauth2/v2/auth", "oauth.authorize", [&h](call& c) { return authorize_page(h, c); });
  add("POST", "/o/oauth2/v2/auth/decision", "oauth.decision", [&h](call& c) { return decision(h, c); });
  add("POST", "/token", "oauth.token", [&h](call& c) { return token(h, c); });
  add("POST", "/oauth2/v4/token", "oauth.token", [&h](call& c) { return token(h, c); });
  add("POST", "/revoke", "oauth.revoke", [&h](call& c) { return revoke(h, c); });
  add("GET", "/tokeninfo", "oauth.tokeninfo", [&h](call& c) { return token_info(h, c); });
  add("POST", "/tokeninfo", "oauth.tokeninfo", [&h](call& c) { return token_info(h, c); });
  add("GET", "/oauth2/v3/certs", "oauth.certs",
      [&h](call&) { return json_answer(200, h.all.google_keys.jwks()); });
  add("GET", "/oauth2/v1/certs", "oauth.certs",
      [&h](call&) { return json_answer(200, h.all.google_keys.pems()); });
  add("GET", "/oauth2/v2/userinfo", "oauth.userinfo", [&h](call& c) { return userinfo(h, c, true); });
  add("GET", "/v1/userinfo", "oauth.userinfo", [&h](call& c) { return userinfo(h, c, false); });
  add("GET", "/.well-known/openid-configuration", "oauth.discovery", [&h](call&) { return discovery(h); });
}

} // namespace kalends::sandbox::google
