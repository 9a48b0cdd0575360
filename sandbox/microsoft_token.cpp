// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_identity.hpp"
#include "sandbox/microsoft_time.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr auto refresh_life = hours(24 * 90);
constexpr int shortest_access = 3'600;
constexpr int longest_access = 5'400;
constexpr auto id_token_life = hours(1);

bool has_scope(const std::string& scopes, std::string_view wanted) {
  return split_scopes(scopes).count(wanted) != 0;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// `Basic base64(id:secret)`, both percent-encoded (RFC 6749 2.3.1).
std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view header) {
  if (!header.starts_with("Basic ") || header.size() % 2 != 0) return std::nullopt;
  header.remove_prefix(6);
  std::string bytes(header.size(), '\0');
  const auto n =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(header.data()), static_cast<int>(header.size()));
  if (n < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(n));
  while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();
  const auto colon = bytes.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto parsed = net::parse_query("id=" + bytes.substr(0, colon) + "&secret=" + bytes.substr(colon + 1));
  return std::pair(parsed.at(0).second, parsed.at(1).second);
}

/// Scopes asked for at the token endpoint must have been consented to; the resource in front does not matter.
std::string short_name(const std::string& scope) {
  const auto slash = scope.rfind('/');
  return slash == std::string::npos ? scope : scope.substr(slash + 1);
}

bool covers(const std::set<std::string, std::less<>>& granted, const std::string& asked) {
  for (const auto& scope : split_scopes(asked)) {
    const auto name = short_name(scope);
    if (name == ".default") continue;
    if (std::none_of(granted.begin(), granted.end(),
                     [&](const std::string& have) { return short_name(have) == name; }))
      return false;
  }
  return true;
}

} // namespace

net::http_response identity::fail(const failed_grant& f) const {
  const auto trace = core_.people.random_uuid();
  const auto correlation = core_.people.random_uuid();
  auto time = format_instant(floor<seconds>(core_.now()));
  time.replace(10, 1, " ");
  const auto name = std::to_string(f.code);
  json::object body{{"error", f.error},
                    {"error_description", "AADSTS" + name + ": " + f.text + "\r\nTrace ID: " + trace +
                                              "\r\nCorrelation ID: " + correlation +
                                              "\r\nTimestamp: " + time},
                    {"error_codes", json::array{f.code}},
                    {"timestamp", time},
                    {"trace_id", trace},
                    {"correlation_id", correlation},
                    {"error_uri", core_.base_url + "/error?code=" + name}};
  if (!f.suberror.empty()) body["suberror"] = f.suberror;
  return json_answer(f.status, body);
}

std::optional<net::http_response> identity::named_error(std::string_view name, int status) const {
  struct named {
    std::string_view name;
    int status;
    int code;
  };
  static constexpr std::array<named, 7> names{{{"invalid_grant", 400, 70008},
                                               {"interaction_required", 400, 50076},
                                               {"consent_required", 400, 65001},
                                               {"login_required", 400, 50058},
                                               {"invalid_client", 401, 7000215},
                                               {"temporarily_unavailable", 503, 90033},
                                               {"server_error", 500, 90024}}};
  for (const auto& n : names)
    if (n.name == name)
      return fail(
          {status != 0 ? status : n.status, std::string(name), n.code, "Injected by a fault plan.", ""});
  int code = 0;
  if (!name.starts_with("AADSTS")) return std::nullopt;
  const auto digits = name.substr(6);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), code).ec != std::errc())
    return std::nullopt;
  return fail({status != 0 ? status : 400, "invalid_grant", code, "Injected by a fault plan.", ""});
}

std::optional<identity::failed_grant> identity::check_client(const call& c,
                                                             const oauth_client*& client) const {
  const auto basic = basic_credentials(c.header("Authorization"));
  const auto id = basic ? basic->first : c.form_value("client_id").value_or("");
  const auto secret = basic ? std::optional(basic->second) : c.form_value("client_secret");
  if (id.empty())
    return failed_grant{400, "invalid_request", 900144,
                        "The request body must contain the following parameter: 'client_id'.", ""};
  client = core_.people.find_client(id);
  if (client == nullptr || client->kind != vendor::microsoft)
    return failed_grant{400, "unauthorized_client", 700016,
                        "Application with identifier '" + id + "' was not found in the directory.", ""};
  if (!secret)
    return failed_grant{
        401, "invalid_client", 7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", ""};
  if (!same_secret(*secret, client->client_secret))
    return failed_grant{401, "invalid_client", 7000215, "Invalid client secret provided.", ""};
  return std::nullopt;
}

net::http_response identity::token(call& c) {
  const oauth_client* client = nullptr;
  if (auto refused = check_client(c, client)) return fail(*refused);
  const auto type = c.form_value("grant_type").value_or("");
  if (type == "authorization_code") return redeem_code(c, *client);
  if (type == "refresh_token") return redeem_refresh(c, *client);
  if (type.empty())
    return fail({400, "invalid_request", 900144,
                 "The request body must contain the following parameter: 'grant_type'.", ""});
  return fail({400, "unsupported_grant_type", 70003,
               "The app requested an unsupported grant type '" + type + "'.", ""});
}

net::http_response identity::redeem_code(call& c, const oauth_client& client) {
  auto* code = core_.people.find_code(c.form_value("code").value_or(""));
  if (code == nullptr || code->client_id != client.client_id)
    return fail({400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.", ""});
  if (code->used)
    return fail({400, "invalid_grant", 54005,
                 "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use "
                 "an existing refresh token.",
                 ""});
  if (code->expires <= core_.now())
    return fail({400, "invalid_grant", 70008,
                 "The provided authorization code or refresh token has expired due to inactivity.", ""});
  if (code->redirect_uri != c.form_value("redirect_uri").value_or(""))
    return fail(
        {400, "invalid_grant", 500112,
         "The reply address does not match the reply address provided when requesting Authorization code.",
         ""});
  const auto verifier = c.form_value("code_verifier").value_or("");
  const bool proven = code->challenge.empty()
                          ? verifier.empty()
                          : pkce_matches(code->challenge, code->challenge_method, verifier);
  if (!proven)
    return fail({400, "invalid_grant", 501481,
                 "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
                 ""});
  const auto* who = core_.people.find(code->email);
  if (who == nullptr || who->blocked)
    return fail({400, "invalid_grant", 50057, "The user account is disabled.", ""});
  const auto asked = c.form_value("scope").value_or(code->scope);
  if (!covers(split_scopes(code->scope), asked))
    return fail({400, "invalid_grant", 65001,
                 "The user or administrator has not consented to use the application.", "consent_required"});
  code->used = true;
  const auto& given = core_.people.allow(*who, client.client_id, split_scopes(code->scope), core_.now());
  code->grant_id = given.id;
  c.who = core_.people.find(code->email);
  c.wrote = true;
  return tokens_for(*who, client, given, asked, code->nonce, has_scope(asked, "offline_access"));
}

net::http_response identity::redeem_refresh(call& c, const oauth_client& client) {
  const auto text = c.form_value("refresh_token").value_or("");
  const auto* known = core_.people.find_token(text);
  if (known == nullptr || known->kind != token_kind::refresh || known->client_id != client.client_id)
    return fail({400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.", ""});
  const auto* who = core_.people.find(known->email);
  if (who == nullptr || who->blocked)
    return fail({400, "invalid_grant", 50057, "The user account is disabled.", ""});
  c.who = core_.people.find(known->email);
  const auto* given = core_.people.find_grant(known->grant_id);
  if (known->revoked || given == nullptr || given->revoked)
    return fail({400, "invalid_grant", 50173,
                 "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
                 "bad_token"});
  if (known->expires <= core_.now())
    return fail(
        {400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.", "bad_token"});
  const auto asked = c.form_value("scope").value_or(join_scopes(known->scopes));
  if (!covers(given->scopes, asked))
    return fail({400, "invalid_grant", 65001,
                 "The user or administrator has not consented to use the application.", "consent_required"});
  return tokens_for(*who, client, *given, asked, "", true); // the old refresh token keeps working
}

std::string identity::id_token(const account& who, const std::string& audience,
                               const std::string& nonce) const {
  const auto now = floor<seconds>(core_.now()).time_since_epoch().count();
  json::object claims{{"ver", "2.0"},
                      {"iss", core_.base_url + '/' + who.tenant_id + "/v2.0"},
                      {"sub", who.subject},
                      {"aud", audience},
                      {"exp", now + seconds(id_token_life).count()},
                      {"iat", now},
                      {"nbf", now},
                      {"name", who.display_name},
                      {"preferred_username", who.email},
                      {"email", who.email},
                      {"oid", who.object_id},
                      {"tid", who.tenant_id}};
  if (!nonce.empty()) claims["nonce"] = nonce;
  return core_.microsoft_keys.sign(claims);
}

net::http_response identity::tokens_for(const account& who, const oauth_client& client, const grant& g,
                                        const std::string& scope, const std::string& nonce, bool offline) {
  unsigned chance = 0;
  for (const char byte : core_.outside.random_bytes(4))
    chance = (chance << 8U) | static_cast<unsigned char>(byte);
  const auto lifetime =
      shortest_access +
      static_cast<int>(chance % static_cast<unsigned>(longest_access - shortest_access + 1));
  auto scopes = split_scopes(scope);
  if (scopes.count("https://graph.microsoft.com/.default") != 0 || scopes.count(".default") != 0)
    scopes = g.scopes;
  const auto now = core_.now();
  std::string answered;
  for (const auto& one : scopes)
    if (one != "offline_access") answered += (answered.empty() ? "" : " ") + short_name(one);
  const auto& access = core_.people.issue(token_kind::access, g, scopes, now, seconds(lifetime), "EwB");
  json::object body{{"token_type", "Bearer"},
                    {"scope", answered},
                    {"expires_in", lifetime},
                    {"ext_expires_in", lifetime},
                    {"access_token", access.text}};
  if (offline)
    body["refresh_token"] =
        core_.people.issue(token_kind::refresh, g, g.scopes, now, refresh_life, "1.AX").text;
  if (scopes.count("openid") != 0) body["id_token"] = id_token(who, client.client_id, nonce);
  body["client_info"] =
      base64url(json::serialize(json::object{{"uid", who.object_id}, {"utid", who.tenant_id}}));
  auto answer = json_answer(200, body);
  answer.headers.emplace_back("Cache-Control", "no-store, no-cache");
  return answer;
}

} // namespace kalends::sandbox::microsoft
