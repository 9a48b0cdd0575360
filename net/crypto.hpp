// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace kalends::net {

/// RFC 7636: 43 characters from 32 random bytes, and its S256 challenge.
std::string make_verifier(const world& w);
std::string challenge_of(std::string_view verifier);

/// URL-safe base64 without padding (RFC 4648 section 5). Reading refuses padding, foreign characters and
/// non-zero leftover bits, so that one value has one spelling.
std::string base64url(std::string_view raw);
std::optional<std::string> from_base64url(std::string_view text);

/// SHA-256 as 32 raw bytes.
std::string sha256(std::string_view raw);

/// Takes as long for a near miss as for a far one; only a difference in length shows.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

} // namespace kalends::net
