// SPDX-License-Identifier: Apache-2.0
#include "net/oidc_check.hpp"

#include "net/crypto.hpp"
#include "net/json_reading.hpp"
#include "net/rsa_signature.hpp"

#include <algorithm>

namespace kalends::net {
namespace {

constexpr std::size_t id_limit = 256;
constexpr std::size_t member_limit = 64;

tl::unexpected<error> refused(const char* why) { return failure(errc::forbidden, "oidc_token_refused", why); }

/// The three parts of a compact JWS (RFC 7515 section 7.1).
struct parts {
  std::string_view signed_text, header, payload, signature;
};

std::optional<parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  return parts{token.substr(0, second), token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

/// Whether a name stands twice: what is checked and what another reader sees could differ. Also when there
/// are more members than any token or key has.
bool repeats_a_name(const simdjson::dom::object& o) {
  if (o.size() > member_limit) return true;
  std::vector<std::string_view> seen;
  for (const auto field : o) {
    if (std::find(seen.begin(), seen.end(), field.key) != seen.end()) return true;
    seen.push_back(field.key);
  }
  return false;
}

/// The id of the key that signed it, once the header is one that we take.
result<std::string> read_header(std::string_view encoded) {
  const auto text = from_base64url(encoded);
  if (!text) return refused("The token's header is no base64url.");
  const json_document document(*text);
  if (!document.object() || repeats_a_name(*document.object()))
    return refused("The token's header is no sound JSON object.");
  if (text_member(*document.object(), "alg") != "RS256")
    return refused("The token is not signed with RS256.");
  if (member(*document.object(), "crit")) return refused("The token asks for what is not known here.");
  const auto id = text_member(*document.object(), "kid");
  if (id.empty() || id.size() > id_limit) return refused("The token does not name its key.");
  return std::string(id);
}

/// What of the payload is looked at. Copies, because the parser's memory is shared.
struct claims {
  std::string issuer, audience, subject, email;
  bool email_verified = false;
  std::int64_t issued = 0, expires = 0;
};

result<claims> read_claims(std::string_view encoded) {
  const auto text = from_base64url(encoded);
  if (!text) return refused("The token's payload is no base64url.");
  const json_document document(*text);
  if (!document.object() || repeats_a_name(*document.object()))
    return refused("The token's payload is no sound JSON object.");
  const auto& o = *document.object();
  claims out;
  out.issuer = text_member(o, "iss");
  out.audience = text_member(o, "aud");
  out.subject = text_member(o, "sub");
  out.email = text_member(o, "email");
  if (const auto verified = member(o, "email_verified")) out.email_verified = flag_of(*verified);
  for (const auto& [name, value] : {std::pair{"iat", &out.issued}, std::pair{"exp", &out.expires}}) {
    const auto at = member(o, name);
    if (!at || at->get_int64().get(*value) != simdjson::SUCCESS || *value <= 0)
      return refused("The token does not say how long it is good.");
  }
  return out;
}

bool is_issued_by(const std::string& issuer, const std::string& wanted) {
  const auto scheme = wanted.find("://");
  return !wanted.empty() && (issuer == wanted || (scheme != std::string::npos &&
                                                  issuer == std::string_view(wanted).substr(scheme + 3)));
}

result<oidc_identity> judge(claims c, const oidc_rule& rule, instant now) {
  if (!is_issued_by(c.issuer, rule.issuer)) return refused("The token comes from another issuer.");
  if (rule.audience.empty() || c.audience != rule.audience)
    return refused("The token was made for another audience.");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto leeway = oidc_leeway.count();
  if (c.expires <= seconds - leeway) return refused("The token has expired.");
  if (c.issued > seconds + leeway) return refused("The token is from the future.");
  if (c.expires <= c.issued || c.expires - c.issued > oidc_longest_life.count())
    return refused("The token's life is too long.");
  if (!c.email_verified || c.email.empty()) return refused("The token names no verified e-mail address.");
  return oidc_identity{std::move(c.email), std::move(c.subject)};
}

std::optional<oidc_key> read_key(const simdjson::dom::element& e) {
  const auto o = object_of(e);
  if (!o || repeats_a_name(*o) || text_member(*o, "kty") != "RSA") return std::nullopt;
  if (const auto use = text_member(*o, "use"); !use.empty() && use != "sig") return std::nullopt;
  if (const auto alg = text_member(*o, "alg"); !alg.empty() && alg != "RS256") return std::nullopt;
  const auto id = text_member(*o, "kid");
  auto modulus = from_base64url(text_member(*o, "n"));
  auto exponent = from_base64url(text_member(*o, "e"));
  if (id.empty() || id.size() > id_limit || !modulus || !exponent || !is_rsa_key(*modulus, *exponent))
    return std::nullopt;
  return oidc_key{std::string(id), std::move(*modulus), std::move(*exponent)};
}

} // namespace

result<std::vector<oidc_key>> read_oidc_keys(std::string_view jwks) {
  const auto unreadable = failure(errc::broken, "oidc_keys_unreadable", "The issuer's keys cannot be read.");
  if (jwks.size() > oidc_key_set_limit) return unreadable;
  const json_document document{std::string(jwks)};
  const auto list = document.object() ? member(*document.object(), "keys") : std::nullopt;
  const auto items = list ? array_of(*list) : std::nullopt;
  if (!items || items->size() > oidc_keys_limit) return unreadable;
  std::vector<oidc_key> out;
  for (const auto item : *items)
    if (auto key = read_key(item)) out.push_back(std::move(*key));
  if (out.empty()) return unreadable;
  return out;
}

result<oidc_identity> check_oidc_token(std::string_view token, const std::vector<oidc_key>& keys,
                                       const oidc_rule& rule, instant now) {
  if (token.empty() || token.size() > oidc_token_limit) return refused("There is no token of a usable size.");
  const auto p = split(token);
  if (!p) return refused("The token is no signed JWT.");
  const auto id = read_header(p->header);
  if (!id) return tl::unexpected(id.error());
  const auto signature = from_base64url(p->signature);
  if (!signature || signature->empty()) return refused("The token's signature is no base64url.");
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const oidc_key& k) { return k.id == *id; });
  if (key == keys.end())
    return failure(errc::forbidden, "oidc_key_unknown", "The token is signed with a key that is not known.");
  if (!is_signed_by(key->modulus, key->exponent, p->signed_text, *signature))
    return refused("The token's signature is wrong.");
  return read_claims(p->payload).and_then([&](claims c) { return judge(std::move(c), rule, now); });
}

} // namespace kalends::net
