// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/directory.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Who signs in at the pages: people of a tenant, members of a tenant with a role, operators of the
/// installation.
namespace kalends {

/// The tenant of rows that are the installation's own: the nil UUID, which no tenant has.
inline const tenant_id& installation_rows() {
  static const tenant_id id("00000000-0000-0000-0000-000000000000");
  return id;
}

enum class session_kind {
  user,      ///< one person, with what is theirs
  member,    ///< a tenant, with a role
  operator_, ///< the whole installation
};
std::string_view name_of(session_kind k);

/// Of a browser. Its token is not here: only who holds the token can ask for the session.
struct session {
  std::string id;   ///< UUIDv7
  std::string hash; ///< SHA-256 of the token, 32 raw bytes
  session_kind kind = session_kind::user;
  tenant_id tenant;        ///< `installation_rows()` of an operator
  user_id user;            ///< kind user
  api_key_id key;          ///< begun with a tenant's key: ends when that is revoked
  std::string operator_id; ///< begun by an operator with an account
  key_role role = key_role::reader;
  std::string actor; ///< in the audit log
  std::string name;  ///< for people
  std::string proof; ///< of an operator without an account: of the admin key it was begun with
  instant created_at{};
  instant last_seen_at{}; ///< within a minute
  instant expires_at{};   ///< at the latest
};

/// How often at most a session's use is written down.
inline constexpr std::chrono::seconds session_seen_interval{60};

/// Lets its bearer in once.
struct sign_in_link {
  std::string id;   ///< UUIDv7
  std::string hash; ///< SHA-256 of the token, 32 raw bytes
  tenant_id tenant; ///< `installation_rows()`: lets an operator in
  user_id user;     ///< empty: lets a member in, with `role`
  key_role role = key_role::reader;
  std::string return_to; ///< a path of the pages, or empty
  instant expires_at{};
};

/// RFC 7914: N, r and p.
struct scrypt_cost {
  std::int64_t n = 1 << 15;
  int r = 8;
  int p = 3;
};

/// A password as it is kept.
struct password_hash {
  std::string salt; ///< at least 16 bytes
  scrypt_cost cost;
  std::string hash; ///< 32 bytes
};

/// Somebody who runs the installation.
struct operator_account {
  std::string id;    ///< UUIDv7
  std::string email; ///< lower case
  password_hash password;
  std::string totp_secret;         ///< RFC 6238, raw
  std::int64_t last_totp_step = 0; ///< no code of it or of an earlier one is taken any more
  instant created_at{};
};

} // namespace kalends
