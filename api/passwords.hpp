// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"
#include "api/json_reader.hpp"
#include "schema/sign_in.hpp"

#include <functional>
#include <string>

namespace kalends::api {

inline constexpr std::size_t shortest_password = 12;
inline constexpr std::size_t longest_password = 1024;

/// A secret text as it was typed: neither trimmed nor normalised. Empty if it is not there.
std::string read_secret(object_reader& body, std::string_view name);

/// Hashes on the thread for that, with a fresh salt, and goes on there; answers 503 when too much waits.
void hash_then(const call_ptr& c, std::string password, std::function<void(password_hash)> then);

/// What somebody signs in with who has an account.
struct operator_proof {
  std::string email, password, code;
};
/// Lets an operator in, or answers `sign_in_refused`: as late for an account that there is not as for a wrong
/// password or code. 429 `too_many_attempts` after too many.
void sign_in_by_password(const call_ptr& c, operator_proof given);

} // namespace kalends::api
