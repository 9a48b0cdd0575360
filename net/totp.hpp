// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Codes that change with time (RFC 6238): HMAC-SHA-1, steps of 30 seconds, six digits, as every
/// authenticator knows them.
namespace kalends::net {

inline constexpr std::chrono::seconds totp_step_length{30};
inline constexpr std::size_t totp_secret_bytes = 20; ///< RFC 4226 section 4, R6

/// The code of a step.
std::string totp_code(std::string_view secret, std::int64_t step);
/// The step of now, or the one before or after, whose code this is; takes as long whatever it finds.
std::optional<std::int64_t> matching_totp_step(std::string_view secret, std::string_view code, instant now);

/// Base32 without padding (RFC 4648 section 6).
std::string base32(std::string_view raw);
/// What an authenticator reads: "otpauth://totp/Kalends:…".
std::string otpauth_uri(std::string_view account, std::string_view secret);

} // namespace kalends::net
