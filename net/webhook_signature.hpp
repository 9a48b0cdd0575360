// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/world.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Signatures of the messages that we send, as Standard Webhooks has them
/// (standard-webhooks/standard-webhooks, spec/standard-webhooks.md): HMAC-SHA256 over "id.timestamp.payload".
namespace kalends::net {

/// "whsec_" and base64 of 24 to 64 random bytes; ours have 32.
std::string make_webhook_secret(const world& w);
/// The key behind a secret; nothing if it is none.
std::optional<std::string> webhook_key(std::string_view secret);

/// "v1,<base64>"; empty if the secret is none.
std::string sign_webhook(std::string_view secret, std::string_view id, std::int64_t timestamp,
                         std::string_view payload);

/// `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`; with `before`, a secret that was
/// replaced lately, two signatures parted by a blank.
header_list webhook_headers(std::string_view secret, std::string_view before, std::string_view id,
                            instant now, std::string_view payload);

} // namespace kalends::net
