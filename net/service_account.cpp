// SPDX-License-Identifier: Apache-2.0
#include "net/service_account.hpp"

#include "net/crypto.hpp"
#include "net/http_message.hpp"
#include "net/json_reading.hpp"
#include "net/json_writing.hpp"
#include "net/rsa_signature.hpp"

namespace kalends::net {
namespace {

constexpr std::int64_t assertion_life_s = 3'600;

tl::unexpected<error> unreadable(const char* why) {
  return failure(errc::invalid, "service_account_unreadable", why);
}

} // namespace

result<service_account_key> read_service_account_key(const std::string& json) {
  const json_document document(json);
  if (!document.object()) return unreadable("The key file is no JSON object.");
  const auto& o = *document.object();
  if (text_member(o, "type") != "service_account")
    return unreadable("The key file is not that of a service account (\"type\": \"service_account\").");
  service_account_key out{
      std::string(text_member(o, "client_email")), std::string(text_member(o, "private_key")),
      std::string(text_member(o, "private_key_id")), std::string(text_member(o, "token_uri"))};
  if (out.email.empty() || out.private_key.empty() || !out.token_url.starts_with("https://"))
    return unreadable("The key file lacks client_email, private_key or an https token_uri.");
  return out;
}

result<std::string> token_request_of(const service_account_key& key, const std::string& scope, instant now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  json_writer header, claims;
  header.text("alg", "RS256").text("typ", "JWT").text("kid", key.key_id);
  claims.text("iss", key.email).text("scope", scope).text("aud", key.token_url);
  claims.number("iat", seconds).number("exp", seconds + assertion_life_s);
  const auto text = base64url(header.finish()) + "." + base64url(claims.finish());
  const auto signature = sign_rs256(key.private_key, text);
  if (!signature) return unreadable("The key file's private_key is no RSA key in PEM.");
  return "grant_type=" + percent_encode("urn:ietf:params:oauth:grant-type:jwt-bearer") +
         "&assertion=" + text + "." + base64url(*signature);
}

} // namespace kalends::net
