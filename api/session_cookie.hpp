// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

#include <string>
#include <string_view>

/// What a browser holds of its session, and what is reckoned from it.
namespace kalends::api {

/// The prefix binds it to our own host, to https and to the whole of the site (RFC 6265bis 4.1.3.2).
inline constexpr std::string_view session_cookie_name = "__Host-kalends";

/// The token that the request's cookie bears; empty without one that could be ours.
std::string_view session_token(const net::http_request& r);
std::string session_cookie(std::string_view token);
std::string expired_session_cookie();

/// What the pages send back with every write, so that no other site's page can make the browser write. Made
/// of the token, which no script can read, and tells nothing of it.
std::string csrf_token_of(std::string_view token);
/// Ties a session to the admin key it was begun with.
std::string proof_of(std::string_view token, std::string_view admin_key);

/// Whether the request, if it says which page it comes from, comes from one of ours.
bool comes_from_here(const call& c);
/// Whether the request bears the token's CSRF token and comes from here.
bool proves_intent(const call& c, std::string_view token);

error csrf_failed();

/// False when nobody used it for too long, or when its longest time is over.
bool is_alive(const session& s, const settings& configured, instant now);
/// When it ends unless it is used.
instant idle_end(const session& s, const settings& configured, instant now);

} // namespace kalends::api
