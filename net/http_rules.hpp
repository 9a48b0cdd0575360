// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace kalends::net {

/// The byte that "%41…" stands for; nothing when `text` does not begin with a whole escape.
std::optional<char> escaped_byte(std::string_view text);

/// Header names and tokens compare without regard to ASCII case.
bool same_name(std::string_view a, std::string_view b);

/// True when the comma-separated `list` ("keep-alive, Upgrade") holds `token`.
bool has_token(std::string_view list, std::string_view token);

/// 1xx, 204 and 304 never have a body (RFC 9110 section 6.4.1).
constexpr bool bodiless(int status) { return status / 100 == 1 || status == 204 || status == 304; }

} // namespace kalends::net
