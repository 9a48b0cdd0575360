// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/world.hpp"

#include <string>

namespace kalends::net {

/// What a Google service account's JSON key file holds. Secret.
struct service_account_key {
  std::string email, private_key, key_id, token_url;
};

/// Error (invalid): `service_account_unreadable`; quotes nothing of the file.
result<service_account_key> read_service_account_key(const std::string& json);

/// The body of a token request by the JWT bearer grant (RFC 7523 section 2.1), good for an hour. Error
/// (invalid): `service_account_unreadable`, when its private key is none.
result<std::string> token_request_of(const service_account_key& key, const std::string& scope, instant now);

} // namespace kalends::net
