// SPDX-License-Identifier: Apache-2.0
#include "net/oauth.hpp"

#include "net/json_reading.hpp"
#include "net/oauth_questions.hpp"
#include "net/reaction.hpp"
#include "net/vendor_call.hpp"
#include "net/vendor_event.hpp"
#include "schema/text.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view google_scopes = "openid email https://www.googleapis.com/auth/calendar.events "
                                           "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
constexpr std::string_view microsoft_scopes = "openid email profile offline_access Calendars.ReadWrite";

/// What sync cannot do without; one scope of each row must be granted.
constexpr std::array<std::array<std::string_view, 4>, 2> google_needs{{
    {"calendar.events", "calendar", "", ""},
    {"calendar.calendarlist.readonly", "calendar.calendarlist", "calendar.readonly", "calendar"},
}};
constexpr std::array<std::array<std::string_view, 4>, 1> microsoft_needs{{
    {"calendars.readwrite", "calendars.readwrite.shared", "", ""},
}};

constexpr auto clock_skew = 300s;
constexpr std::size_t token_limit = 16 * 1024;
constexpr std::int64_t longest_lifetime_s = 7 * 24 * 3'600;
constexpr std::int64_t usual_lifetime_s = 3'600;

using form = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string write_form(const form& fields) {
  std::string out;
  for (const auto& [key, value] : fields) {
    if (value.empty()) continue;
    if (!out.empty()) out += '&';
    out += key;
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

std::string authority(const vendor_endpoints& e, const oauth_app& app) {
  return e.microsoft_login + "/" +
         percent_encode(app.authority_tenant.empty() ? "common" : app.authority_tenant);
}

outgoing_request token_request(std::string url, std::string body) {
  outgoing_request r;
  r.method = "POST";
  r.url = std::move(url);
  r.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  r.body = std::move(body);
  r.body_limit = 256 * 1024;
  return r;
}

std::string token_url(provider_type type, const vendor_endpoints& e, const oauth_app& app) {
  return type == provider_type::google ? e.google_token : authority(e, app) + "/oauth2/v2.0/token";
}

error reaction_of(provider_type type, const http_reply& reply, instant now) {
  return type == provider_type::google ? google_token_reaction(reply, now)
                                       : microsoft_token_reaction(reply, now);
}

/// The last segment in lower case: vendors qualify scopes by their resource as they like.
std::string short_scope(std::string_view scope) {
  std::string out(scope.substr(scope.rfind('/') == std::string_view::npos ? 0 : scope.rfind('/') + 1));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

using scope_needs = std::span<const std::array<std::string_view, 4>>;

scope_needs needs_of(provider_type type) {
  return type == provider_type::google ? scope_needs(google_needs) : scope_needs(microsoft_needs);
}

std::vector<std::string> short_scopes(std::string_view granted) {
  std::vector<std::string> have;
  while (!granted.empty()) {
    const auto end = std::min(granted.find(' '), granted.size());
    have.push_back(short_scope(granted.substr(0, end)));
    granted.remove_prefix(std::min(end + 1, granted.size()));
  }
  return have;
}

/// As the vendor writes it in a request.
std::string long_scope(provider_type type, std::string_view scope) {
  if (type == provider_type::google) return "https://www.googleapis.com/auth/" + std::string(scope);
  return "Calendars.ReadWrite";
}

bool grants_enough(provider_type type, std::string_view scope) { return missing_scopes(type, scope).empty(); }

struct token_answer {
  grant tokens;
  std::string id_token;
};

std::int64_t lifetime_of(const simdjson::dom::element& e) {
  // Some proxies of Microsoft's older endpoint spell it as a string.
  std::int64_t seconds = 0;
  if (e.get_int64().get(seconds) != simdjson::SUCCESS) {
    seconds = 0;
    for (const char c : text_of(e).substr(0, 9)) {
      if (c < '0' || c > '9') return usual_lifetime_s;
      seconds = seconds * 10 + (c - '0');
    }
  }
  return seconds > 0 ? std::min(seconds, longest_lifetime_s) : usual_lifetime_s;
}

result<token_answer> read_tokens(const std::string& body, instant now) {
  const json_document document(body);
  if (!document.object()) return tl::unexpected(unreadable_answer("The token answer is no JSON object."));
  token_answer out;
  std::int64_t lifetime = usual_lifetime_s;
  for (const auto field : *document.object()) {
    if (field.key == "access_token")
      out.tokens.access_token = usable_or_empty(text_of(field.value), token_limit);
    else if (field.key == "refresh_token")
      out.tokens.refresh_token = usable_or_empty(text_of(field.value), token_limit);
    else if (field.key == "scope")
      out.tokens.scope = usable_or_empty(text_of(field.value), token_limit);
    else if (field.key == "id_token")
      out.id_token = usable_or_empty(text_of(field.value), token_limit);
    else if (field.key == "expires_in")
      lifetime = lifetime_of(field.value);
  }
  if (out.tokens.access_token.empty())
    return tl::unexpected(unreadable_answer("The token answer holds no token."));
  out.tokens.access_expires_at = now + std::chrono::seconds(lifetime);
  return out;
}

tl::unexpected<error> bad_id_token(std::string_view why) {
  return failure(errc::broken, "id_token_invalid", std::string(why));
}

/// What of an id_token is looked at. Copies, because the parser's memory is shared.
struct claims {
  std::string issuer, subject, object, directory, nonce, email, user_name, authorized_party;
  std::vector<std::string> audience;
  std::int64_t expires = 0;
};

result<claims> read_claims(std::string_view id_token) {
  const auto first = id_token.find('.');
  const auto second = first == std::string_view::npos ? first : id_token.find('.', first + 1);
  if (second == std::string_view::npos || id_token.find('.', second + 1) != std::string_view::npos)
    return bad_id_token("The id_token is no JWT.");
  const auto payload = from_base64url(id_token.substr(first + 1, second - first - 1));
  if (!payload) return bad_id_token("The id_token's payload is no base64url.");
  const json_document document(*payload);
  if (!document.object()) return bad_id_token("The id_token's payload is no JSON object.");
  claims out;
  for (const auto field : *document.object()) {
    const std::string text(text_of(field.value));
    if (field.key == "iss")
      out.issuer = text;
    else if (field.key == "sub")
      out.subject = text;
    else if (field.key == "oid")
      out.object = text;
    else if (field.key == "tid")
      out.directory = text;
    else if (field.key == "nonce")
      out.nonce = text;
    else if (field.key == "email")
      out.email = text;
    else if (field.key == "preferred_username")
      out.user_name = text;
    else if (field.key == "azp")
      out.authorized_party = text;
    else if (field.key == "exp" && field.value.get_int64().get(out.expires) != simdjson::SUCCESS)
      out.expires = 0;
    else if (field.key == "aud") {
      if (!text.empty()) out.audience = {text};
      if (const auto list = array_of(field.value))
        for (const auto one : *list) out.audience.emplace_back(text_of(one));
    }
  }
  return out;
}

bool is_issued_by(provider_type type, const vendor_endpoints& e, const oauth_app& app, const claims& c) {
  if (type == provider_type::google) {
    const auto scheme = e.google_issuer.find("://");
    const auto bare = scheme == std::string::npos ? e.google_issuer : e.google_issuer.substr(scheme + 3);
    return c.issuer == e.google_issuer || c.issuer == bare;
  }
  // "common" and its like admit every directory; a directory named in the authority admits itself alone.
  const bool named = is_uuid(app.authority_tenant);
  return is_uuid(c.directory) && (!named || c.directory == app.authority_tenant) &&
         c.issuer == e.microsoft_login + "/" + c.directory + "/v2.0";
}

/// OpenID Connect Core 3.1.3.7, without the signature: the token came over TLS from the issuer itself.
result<authorization> identify(provider_type type, const vendor_endpoints& e, const oauth_app& app,
                               token_answer answer, std::string_view nonce, instant now) {
  const auto c = read_claims(answer.id_token);
  if (!c) return tl::unexpected(c.error());
  if (!is_issued_by(type, e, app, *c)) return bad_id_token("The id_token comes from another issuer.");
  if (std::find(c->audience.begin(), c->audience.end(), app.client_id) == c->audience.end() ||
      (c->audience.size() > 1 && c->authorized_party != app.client_id))
    return bad_id_token("The id_token was made for another application.");
  const auto limit = std::chrono::floor<std::chrono::seconds>(now - clock_skew).time_since_epoch().count();
  if (c->expires <= limit) return bad_id_token("The id_token has expired.");
  if (nonce.empty() || !equal_in_constant_time(c->nonce, nonce))
    return bad_id_token("The id_token answers another sign-in.");
  authorization out;
  out.tokens = std::move(answer.tokens);
  if (type == provider_type::google)
    out.subject = usable_or_empty(c->subject);
  else if (is_usable(c->object))
    out.subject = c->directory + "." + c->object;
  if (out.subject.empty()) return bad_id_token("The id_token does not say who signed in.");
  out.email = clean_text(usable_or_empty(c->email.empty() ? c->user_name : c->email));
  return out;
}

result<authorization> read_authorization(provider_type type, const vendor_endpoints& e, const oauth_app& app,
                                         const http_reply& reply, std::string_view nonce, instant now) {
  if (reply.status < 200 || reply.status >= 300) return tl::unexpected(reaction_of(type, reply, now));
  auto answer = read_tokens(reply.body, now);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  // RFC 6749 5.1: no scope means the one that was asked for.
  auto& scope = answer->tokens.scope;
  if (scope.empty()) scope = type == provider_type::google ? google_scopes : microsoft_scopes;
  if (!grants_enough(type, scope))
    return failure(errc::invalid, "scope_missing", "The consent leaves out access to the calendar.");
  if (answer->tokens.refresh_token.empty())
    return failure(errc::invalid, "scope_missing",
                   "The consent leaves out access while nobody is signed in.");
  return identify(type, e, app, std::move(*answer), nonce, now);
}

result<grant> read_refreshed(provider_type type, const http_reply& reply, grant current, instant now) {
  if (reply.status < 200 || reply.status >= 300) return tl::unexpected(reaction_of(type, reply, now));
  auto answer = read_tokens(reply.body, now);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  auto fresh = std::move(answer->tokens);
  if (fresh.refresh_token.empty()) fresh.refresh_token = std::move(current.refresh_token);
  if (fresh.scope.empty()) fresh.scope = std::move(current.scope);
  return fresh;
}

} // namespace

std::vector<std::string> missing_scopes(provider_type type, std::string_view granted) {
  const auto have = short_scopes(granted);
  std::vector<std::string> missing;
  for (const auto& choices : needs_of(type))
    if (std::none_of(choices.begin(), choices.end(), [&](std::string_view scope) {
          return !scope.empty() && std::find(have.begin(), have.end(), scope) != have.end();
        }))
      missing.push_back(long_scope(type, choices.front()));
  return missing;
}

outgoing_request client_question(const vendor_endpoints& e, provider_type type, const oauth_app& app,
                                 const std::string& redirect_uri) {
  return token_request(token_url(type, e, app), write_form({{"grant_type", "authorization_code"},
                                                            {"code", "not-a-code"},
                                                            {"client_id", app.client_id},
                                                            {"client_secret", app.client_secret},
                                                            {"redirect_uri", redirect_uri}}));
}

oauth_client::oauth_client(std::shared_ptr<http_client> http, vendor_endpoints endpoints, world w)
    : http_(std::move(http)), endpoints_(std::move(endpoints)), world_(std::move(w)) {}

std::string oauth_client::consent_url(provider_type type, const oauth_app& app,
                                      const std::string& redirect_uri, const std::string& state,
                                      const std::string& challenge, const std::string& nonce,
                                      const std::string& login_hint) const {
  const bool google = type == provider_type::google;
  return (google ? endpoints_.google_authorization : authority(endpoints_, app) + "/oauth2/v2.0/authorize") +
         "?" +
         write_form({{"client_id", app.client_id},
                     {"redirect_uri", redirect_uri},
                     {"response_type", "code"},
                     {"response_mode", google ? "" : "query"},
                     {"scope", google ? google_scopes : microsoft_scopes},
                     {"access_type", google ? "offline" : ""},
                     {"prompt", google ? "consent" : "select_account"},
                     {"state", state},
                     {"code_challenge", challenge},
                     {"code_challenge_method", "S256"},
                     {"nonce", nonce},
                     {"login_hint", login_hint}});
}

call_token oauth_client::exchange_code(provider_type type, oauth_app app, std::string redirect_uri,
                                       std::string code, std::string verifier, std::string nonce,
                                       vendor_done<authorization> done) {
  auto body = write_form({{"grant_type", "authorization_code"},
                          {"code", code},
                          {"client_id", app.client_id},
                          {"client_secret", app.client_secret},
                          {"redirect_uri", redirect_uri},
                          {"code_verifier", verifier}});
  auto request = token_request(token_url(type, endpoints_, app), std::move(body));
  return http_->send(std::move(request), [type, endpoints = endpoints_, app = std::move(app),
                                          nonce = std::move(nonce), now = world_.now,
                                          done = std::move(done)](result<http_reply> reply) {
    if (!reply) return done(tl::unexpected(std::move(reply.error())));
    done(read_guarded([&] { return read_authorization(type, endpoints, app, *reply, nonce, now()); }));
  });
}

call_token oauth_client::refresh(provider_type type, oauth_app app, grant current, vendor_done<grant> done) {
  auto body = write_form({{"grant_type", "refresh_token"},
                          {"refresh_token", current.refresh_token},
                          {"client_id", app.client_id},
                          {"client_secret", app.client_secret}});
  auto request = token_request(token_url(type, endpoints_, app), std::move(body));
  return http_->send(std::move(request), [type, now = world_.now, current = std::move(current),
                                          done = std::move(done)](result<http_reply> reply) {
    if (!reply) return done(tl::unexpected(std::move(reply.error())));
    done(read_guarded([&] { return read_refreshed(type, *reply, current, now()); }));
  });
}

call_token oauth_client::revoke(provider_type type, std::string token, vendor_done<bool> done) {
  if (type == provider_type::microsoft) {
    done(true);
    return {};
  }
  auto request = token_request(endpoints_.google_revoke, write_form({{"token", token}}));
  return http_->send(std::move(request),
                     [now = world_.now, done = std::move(done)](result<http_reply> reply) {
                       if (!reply) return done(tl::unexpected(std::move(reply.error())));
                       if (reply->status >= 200 && reply->status < 300) return done(true);
                       // What was revoked before is revoked.
                       if (reply->status == 400) return done(false);
                       done(tl::unexpected(google_token_reaction(*reply, now())));
                     });
}

} // namespace kalends::net
