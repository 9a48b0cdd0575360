// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

#include <functional>

namespace kalends::api {

/// Finds out who asks, by key or by session, and whether the route is theirs; then goes on with `begin`, or
/// answers.
void let_in_then(const call_ptr& c, void (*begin)(const call_ptr&));

/// Whether this is the key of the installation; in constant time.
bool holds(std::string_view token, const std::string& secret);

/// The key behind `hash`, and whether the tenant that it names exists.
struct key_lookup {
  std::optional<api_key> key;
  bool known_tenant = false;
};
result<key_lookup> look_up_key(persistence::transaction& tx, const std::string& hash);

/// The session with that token if it is alive and, when it was begun with the admin key, that key is the
/// same. Error forbidden `session_expired`. The transaction acts for the token's tenant.
result<session> find_live_session(persistence::transaction& tx, const settings& configured, instant now,
                                  const std::string& token);
/// Says, now and then and at most every `session_check_interval` for real, whether the request's session is
/// still alive: for answers that stay open. A request without a session goes on for ever.
using session_check = std::function<void(std::function<void(result<void>)> done)>;
inline constexpr std::chrono::seconds session_check_interval{10};
session_check check_of(const call& c);

error session_expired();

} // namespace kalends::api
