// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_identity.hpp"

#include "net/html_escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr auto code_life = minutes(10);
constexpr std::string_view consumers_tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

using fields = std::vector<std::pair<std::string, std::string>>;

std::string field(const fields& all, std::string_view name) {
  for (const auto& [key, value] : all)
    if (key == name) return value;
  return {};
}

bool has_scope(const std::string& scopes, std::string_view wanted) {
  return split_scopes(scopes).count(wanted) != 0;
}

/// An error page: errors about the redirect URI itself are never redirected.
net::http_response error_page(int code, const std::string& text) {
  return text_answer(400,
                     "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in to "
                     "your account</title></head>\n<body>"
                     "<h1>Sorry, but we're having trouble signing you in.</h1><p id=\"error\">AADSTS" +
                         std::to_string(code) + ": " + net::escape_html(text) + "</p></body></html>\n",
                     "text/html; charset=utf-8");
}

} // namespace

void identity::add_routes(router& routes) {
  const auto add = [&](const std::string& verb, const std::string& pattern, const std::string& name,
                       net::http_response (identity::*h)(call&)) {
    routes.add({verb,
                pattern,
                name,
                vendor::microsoft,
                false,
                {},
                [this, h](call& c) { return (this->*h)(c); },
                nullptr});
  };
  add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "oauth.discovery", &identity::discovery);
  add("GET", "/common/discovery/instance", "oauth.instances", &identity::instances);
  add("GET", "/{tenant}/discovery/v2.0/keys", "oauth.keys", &identity::keys);
  add("GET", "/{tenant}/oauth2/v2.0/authorize", "oauth.authorize", &identity::authorize);
  add("POST", "/{tenant}/oauth2/v2.0/authorize", "oauth.authorize", &identity::decide);
  add("POST", "/{tenant}/oauth2/v2.0/token", "oauth.token", &identity::token);
  add("GET", "/{tenant}/oauth2/v2.0/logout", "oauth.logout", &identity::logout);
}

net::http_response identity::discovery(call& c) {
  const auto& tenant = c.param("tenant");
  const auto base = core_.base_url + '/' + tenant;
  const bool any = tenant == "common" || tenant == "organizations";
  const auto issuer_tenant = any                     ? std::string("{tenantid}")
                             : tenant == "consumers" ? std::string(consumers_tenant)
                                                     : tenant;
  return json_answer(
      200, {{"token_endpoint", base + "/oauth2/v2.0/token"},
            {"token_endpoint_auth_methods_supported", {"client_secret_post", "client_secret_basic"}},
            {"jwks_uri", base + "/discovery/v2.0/keys"},
            {"response_modes_supported", {"query", "fragment", "form_post"}},
            {"subject_types_supported", json::array{"pairwise"}},
            {"id_token_signing_alg_values_supported", json::array{"RS256"}},
            {"response_types_supported", json::array{"code"}},
            {"scopes_supported", {"openid", "profile", "email", "offline_access"}},
            {"issuer", core_.base_url + '/' + issuer_tenant + "/v2.0"},
            {"request_uri_parameter_supported", false},
            {"userinfo_endpoint", core_.base_url + "/oidc/userinfo"},
            {"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
            {"end_session_endpoint", base + "/oauth2/v2.0/logout"},
            {"claims_supported",
             {"sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "oid",
              "email"}},
            {"tenant_region_scope", nullptr},
            {"cloud_instance_name", "microsoftonline.com"},
            {"msgraph_host", core_.base_url.substr(core_.base_url.find("//") + 2)}});
}

net::http_response identity::instances(call&) {
  const auto host = core_.base_url.substr(core_.base_url.find("//") + 2);
  return json_answer(
      200, {{"tenant_discovery_endpoint", core_.base_url + "/common/v2.0/.well-known/openid-configuration"},
            {"api-version", "1.1"},
            {"metadata",
             json::array{json::object{
                 {"preferred_network", host}, {"preferred_cache", host}, {"aliases", json::array{host}}}}}});
}

net::http_response identity::keys(call&) { return json_answer(200, core_.microsoft_keys.jwks()); }

net::http_response identity::logout(call& c) {
  const auto back = c.query_value("post_logout_redirect_uri");
  for (const auto* client : core_.people.clients())
    if (back && client->kind == vendor::microsoft && client->allows(*back)) return redirect(*back);
  return text_answer(200, "<!doctype html><title>Signed out</title><p>You signed out of your account.</p>\n",
                     "text/html; charset=utf-8");
}

net::http_response identity::authorize(call& c) { return answer_authorization(c, c.query, false); }
net::http_response identity::decide(call& c) {
  return answer_authorization(c, net::parse_query(c.request.body), true);
}

std::vector<const account*> identity::accounts_for(const std::string& tenant) const {
  std::vector<const account*> out;
  const bool any = tenant == "common" || tenant == "organizations" || tenant == "consumers";
  for (const auto* a : core_.people.all())
    if (a->kind == vendor::microsoft && (any || a->tenant_id == tenant)) out.push_back(a);
  return out;
}

net::http_response identity::send_back(const authorization& a, fields values) const {
  if (!a.state.empty()) values.emplace_back("state", a.state);
  std::string text;
  if (a.response_mode == "form_post") {
    for (const auto& [name, value] : values)
      text += "<input type=\"hidden\" name=\"" + net::escape_html(name) + "\" value=\"" +
              net::escape_html(value) + "\">";
    return text_answer(200,
                       "<!doctype html><title>Working...</title><form method=\"post\" action=\"" +
                           net::escape_html(a.redirect_uri) + "\">" + text +
                           "<noscript><button>Continue</button></noscript></"
                           "form><script>document.forms[0].submit()</script>\n",
                       "text/html; charset=utf-8");
  }
  for (const auto& [name, value] : values)
    text += (text.empty() ? "" : "&") + name + '=' + net::percent_encode(value);
  const char mark = a.response_mode == "fragment"                   ? '#'
                    : a.redirect_uri.find('?') == std::string::npos ? '?'
                                                                    : '&';
  return redirect(a.redirect_uri + mark + text);
}

net::http_response identity::send_error(const authorization& a, std::string error, int code,
                                        const std::string& text) const {
  return send_back(
      a, {{"error", std::move(error)}, {"error_description", "AADSTS" + std::to_string(code) + ": " + text}});
}

net::http_response identity::grant_code(const authorization& a, const account& who, bool forced) {
  if (who.blocked) return error_page(50057, "The user account is disabled.");
  oauth_code code;
  code.email = who.email;
  code.client_id = a.client->client_id;
  code.redirect_uri = a.redirect_uri;
  code.scope = a.scope;
  code.nonce = a.nonce;
  code.challenge = a.challenge;
  code.challenge_method = a.challenge_method;
  code.offline = has_scope(a.scope, "offline_access");
  code.forced_consent = forced;
  code.expires = core_.now() + code_life;
  const auto& made = core_.people.add_code(std::move(code), core_.now(), "1.A");
  return send_back(a, {{"code", made.text}, {"session_state", core_.people.random_uuid()}});
}

net::http_response identity::consent_page(const authorization& a) const {
  std::string hidden;
  for (const auto& [name, value] : a.query)
    hidden += "<input type=\"hidden\" name=\"" + net::escape_html(name) + "\" value=\"" +
              net::escape_html(value) + "\">\n";
  std::string people;
  const auto accounts = accounts_for(a.tenant);
  const auto hinted = std::find_if(accounts.begin(), accounts.end(),
                                   [&](const account* who) { return who->email == a.login_hint; });
  for (const auto* who : accounts) {
    const bool chosen = hinted == accounts.end() ? who == accounts.front() : who == *hinted;
    people += "<label><input type=\"radio\" name=\"account\" value=\"" + net::escape_html(who->email) + '"' +
              (chosen ? " checked" : "") + "> " + net::escape_html(who->display_name) + " &lt;" +
              net::escape_html(who->email) + "&gt;</label><br>\n";
  }
  std::string scopes;
  for (const auto& scope : split_scopes(a.scope)) scopes += "<li>" + net::escape_html(scope) + "</li>";
  return text_answer(
      200,
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in to your "
      "account</title>"
      "<style>body{font:16px sans-serif;max-width:32rem;margin:3rem auto}button{font:inherit;padding:.4rem "
      "1rem}</style></head>\n"
      "<body><h1>Pick an account</h1><p>Sandbox of the Microsoft identity platform. The application <b>" +
          net::escape_html(a.client->client_id) + "</b> asks for:</p><ul>" + scopes +
          "</ul>\n<form method=\"post\" action=\"/" + net::escape_html(a.tenant) +
          "/oauth2/v2.0/authorize\">\n" + hidden + people +
          "<p><button id=\"accept\" name=\"decision\" value=\"accept\">Accept</button> "
          "<button id=\"cancel\" name=\"decision\" "
          "value=\"cancel\">Cancel</button></p></form></body></html>\n",
      "text/html; charset=utf-8");
}

net::http_response identity::answer_authorization(call& c, const fields& query, bool decided) {
  authorization a;
  a.tenant = c.param("tenant");
  a.client = core_.people.find_client(field(query, "client_id"));
  if (a.client == nullptr || a.client->kind != vendor::microsoft)
    return error_page(700016, "Application with identifier '" + field(query, "client_id") +
                                  "' was not found in the directory.");
  a.redirect_uri = field(query, "redirect_uri");
  if (!a.client->allows(a.redirect_uri))
    return error_page(
        50011,
        "The redirect URI '" + a.redirect_uri +
            "' specified in the request does not match the redirect URIs configured for the application '" +
            a.client->client_id + "'.");
  a.state = field(query, "state");
  a.scope = field(query, "scope");
  a.nonce = field(query, "nonce");
  a.challenge = field(query, "code_challenge");
  a.challenge_method = field(query, "code_challenge_method");
  if (!a.challenge.empty() && a.challenge_method.empty()) a.challenge_method = "plain";
  a.response_mode = field(query, "response_mode");
  a.prompt = field(query, "prompt");
  a.login_hint = field(query, "login_hint");
  for (const auto& pair : query)
    if (pair.first != "account" && pair.first != "decision") a.query.push_back(pair);
  if (field(query, "response_type") != "code")
    return send_error(a, "unsupported_response_type", 700051, "response_type must be 'code'.");
  if (a.scope.empty())
    return send_error(a, "invalid_request", 900144,
                      "The request body must contain the following parameter: 'scope'.");
  if (!a.challenge_method.empty() && a.challenge_method != "S256" && a.challenge_method != "plain")
    return send_error(a, "invalid_request", 501491, "code_challenge_method must be 'S256' or 'plain'.");
  if (a.tenant == "consumers" || accounts_for(a.tenant).empty())
    return error_page(90002, "Tenant '" + a.tenant + "' not found or without accounts.");

  if (decided) {
    if (field(query, "decision") != "accept")
      return send_error(a, "access_denied", 65004, "User declined to consent to access the app.");
    const auto* who = core_.people.find(field(query, "account"));
    if (who == nullptr || who->kind != vendor::microsoft)
      return error_page(50034, "The user account does not exist in the directory.");
    return grant_code(a, *who, a.prompt == "consent");
  }
  const auto* hinted = core_.people.find(a.login_hint);
  if (hinted != nullptr && hinted->kind != vendor::microsoft) hinted = nullptr;
  if (a.prompt == "none") {
    if (hinted == nullptr)
      return send_error(a, "login_required", 50058,
                        "A silent sign-in request was sent but no user is signed in.");
    if (core_.people.live_grant(hinted->email, a.client->client_id) == nullptr)
      return send_error(a, "consent_required", 65001,
                        "The user or administrator has not consented to use the application.");
    return grant_code(a, *hinted, false);
  }
  if (core_.consent == consent_mode::automatic) {
    const auto* who = hinted != nullptr ? hinted : core_.people.find(core_.consent_account);
    if (who == nullptr || who->kind != vendor::microsoft) who = accounts_for(a.tenant).front();
    return grant_code(a, *who, a.prompt == "consent");
  }
  return consent_page(a);
}

} // namespace kalends::sandbox::microsoft
