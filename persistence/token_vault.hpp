// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <map>
#include <string>
#include <string_view>

namespace kalends::persistence {

/// Seals secrets (tokens, client secrets, channel secrets, cursors) before they touch a row: AES-256-GCM, a
/// fresh nonce each, with key id, tenant and row as authenticated context, so that a sealed value moved to
/// another row or tenant does not open. Format: 0x01, key id length, key id, 12-byte nonce, ciphertext,
/// 16-byte tag. Immutable after load; any thread.
class token_vault {
public:
  ~token_vault(); ///< overwrites the keys
  token_vault(token_vault&&) = default;
  token_vault(const token_vault&) = default;

  /// Keys by id; `current` seals, all open. Each is 32 raw bytes.
  static result<token_vault> with_keys(std::map<std::string, std::string> keys, std::string current, world w);
  /// From `KALENDS_VAULT_KEYS` ("id:base64,id:base64", the first seals) if given, else from `file`, which is
  /// made (mode 0600) only when `may_create`. A missing or malformed key is a refusal: `vault_key_missing`,
  /// `vault_key_malformed`, `vault_key_readable` (others may read the file).
  static result<token_vault> load(const std::string& keys_text, const std::string& file, bool may_create,
                                  world w);

  /// Whether what was sealed with this key can be opened.
  bool knows(const std::string& key_id) const { return keys_.contains(key_id); }
  /// All keys as `KALENDS_VAULT_KEYS` takes them, the sealing one first: a secret like no other.
  std::string export_keys() const;

  /// Writes keys in that form (mode 0600) where no file is yet.
  static result<void> keep(const std::string& keys_text, const std::string& file);

  /// `row` names table, row and column: "oauth_grants/<provider id>/refresh_token".
  std::string seal(const tenant_id& tenant, std::string_view row, std::string_view secret) const;
  /// Errors: `vault_key_unknown`, `vault_seal_broken`. Never falls back to the raw bytes.
  result<std::string> open(const tenant_id& tenant, std::string_view row, std::string_view sealed) const;

private:
  token_vault() = default;

  std::map<std::string, std::string> keys_;
  std::string current_;
  world world_;
};

} // namespace kalends::persistence
