// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Secrets that carry their tenant in front, so that looking one up acts for that tenant and for nobody else.
namespace kalends::api {

/// "kl_<tenant, 32 hex>_<43 base64url characters>": what a host presents as its bearer token.
std::string make_key(const tenant_id& tenant, const world& w);
std::optional<tenant_id> tenant_of_key(std::string_view key);

/// "<tenant, 32 hex>.<43 base64url characters>": names one authorization under way, as link and as OAuth
/// `state`.
std::string make_state(const tenant_id& tenant, const world& w);
std::optional<tenant_id> tenant_of_state(std::string_view state);

/// "ks_<tenant, 32 hex>_<43 base64url characters>": what the browser of a session holds, in its cookie.
std::string make_session_token(const tenant_id& tenant, const world& w);
std::optional<tenant_id> tenant_of_session(std::string_view token);

/// "kn_<tenant, 32 hex>_<43 base64url characters>": lets its bearer in once.
std::string make_link_token(const tenant_id& tenant, const world& w);
std::optional<tenant_id> tenant_of_link(std::string_view token);

/// 43 characters of base64url, as 32 random bytes give.
std::string make_secret(const world& w);
bool is_secret(std::string_view text);

} // namespace kalends::api
