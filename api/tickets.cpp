// SPDX-License-Identifier: Apache-2.0
#include "api/tickets.hpp"

#include "net/oauth.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

constexpr std::size_t hex_length = 32;
constexpr std::size_t secret_length = 43;

std::string hex_of(const tenant_id& tenant) {
  std::string hex = tenant.str();
  std::erase(hex, '-');
  return hex;
}

std::optional<tenant_id> tenant_of_hex(std::string_view hex) {
  std::string uuid(hex);
  for (const std::size_t at : {8, 13, 18, 23}) {
    if (at > uuid.size()) return std::nullopt;
    uuid.insert(at, 1, '-');
  }
  if (!is_uuid(uuid)) return std::nullopt;
  return tenant_id(std::move(uuid));
}

/// The tenant in `<prefix><hex><parting><secret>`.
std::optional<tenant_id> read(std::string_view text, std::string_view prefix, char parting) {
  if (text.size() != prefix.size() + hex_length + 1 + secret_length || !text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text[hex_length] != parting || !is_secret(text.substr(hex_length + 1))) return std::nullopt;
  return tenant_of_hex(text.substr(0, hex_length));
}

} // namespace

std::string make_secret(const world& w) { return net::base64url(w.random_bytes(32)); }

bool is_secret(std::string_view text) {
  return text.size() == secret_length && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_';
         });
}

std::string make_key(const tenant_id& tenant, const world& w) {
  return "kl_" + hex_of(tenant) + "_" + make_secret(w);
}
std::optional<tenant_id> tenant_of_key(std::string_view key) { return read(key, "kl_", '_'); }

std::string make_state(const tenant_id& tenant, const world& w) {
  return hex_of(tenant) + "." + make_secret(w);
}
std::optional<tenant_id> tenant_of_state(std::string_view state) { return read(state, "", '.'); }

std::string make_session_token(const tenant_id& tenant, const world& w) {
  return "ks_" + hex_of(tenant) + "_" + make_secret(w);
}
std::optional<tenant_id> tenant_of_session(std::string_view token) { return read(token, "ks_", '_'); }

std::string make_link_token(const tenant_id& tenant, const world& w) {
  return "kn_" + hex_of(tenant) + "_" + make_secret(w);
}
std::optional<tenant_id> tenant_of_link(std::string_view token) { return read(token, "kn_", '_'); }

} // namespace kalends::api
