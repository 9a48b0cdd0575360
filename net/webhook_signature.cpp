// SPDX-License-Identifier: Apache-2.0
#include "net/webhook_signature.hpp"

#include "net/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <cstdlib>

namespace kalends::net {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t least_key = 24;
constexpr std::size_t most_key = 64;

/// RFC 4648 section 4: the other alphabet, with padding.
std::string base64(std::string_view raw) {
  auto text = base64url(raw);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64(std::string text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.pop_back();
  for (char& c : text) {
    if (c == '-' || c == '_') return std::nullopt;
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return from_base64url(text);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  if (done == nullptr) std::abort(); // without memory nothing can be signed, and nothing unsigned may leave
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

} // namespace

std::string make_webhook_secret(const world& w) {
  return std::string(prefix) + base64(w.random_bytes(key_bytes));
}

std::optional<std::string> webhook_key(std::string_view secret) {
  if (!secret.starts_with(prefix)) return std::nullopt;
  auto key = from_base64(std::string(secret.substr(prefix.size())));
  if (!key || key->size() < least_key || key->size() > most_key) return std::nullopt;
  return key;
}

std::string sign_webhook(std::string_view secret, std::string_view id, std::int64_t timestamp,
                         std::string_view payload) {
  const auto key = webhook_key(secret);
  if (!key) return {};
  std::string signed_text;
  signed_text.reserve(id.size() + payload.size() + 24);
  signed_text += id;
  signed_text += '.' + std::to_string(timestamp) + '.';
  signed_text += payload;
  return "v1," + base64(hmac_sha256(*key, signed_text));
}

header_list webhook_headers(std::string_view secret, std::string_view before, std::string_view id,
                            instant now, std::string_view payload) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  auto signatures = sign_webhook(secret, id, seconds, payload);
  if (!before.empty()) signatures += ' ' + sign_webhook(before, id, seconds, payload);
  return {{"webhook-id", std::string(id)},
          {"webhook-timestamp", std::to_string(seconds)},
          {"webhook-signature", std::move(signatures)}};
}

} // namespace kalends::net
