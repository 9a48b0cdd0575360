// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Checks the OpenID Connect tokens that Google's services bear when they call us (Pub/Sub's pushes). The
/// signature is the whole proof, so everything here fails closed.
/// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions, RFC 7515, 7517, 7519.
namespace kalends::net {

inline constexpr std::size_t oidc_token_limit = 8 * 1024;
inline constexpr std::size_t oidc_key_set_limit = 64 * 1024;
inline constexpr std::size_t oidc_keys_limit = 32;
/// How far the issuer's clock may be from ours.
inline constexpr std::chrono::seconds oidc_leeway{60};
/// Google's own libraries take no token that says it lives longer.
inline constexpr std::chrono::seconds oidc_longest_life{24 * 3'600};

/// A public RSA key of the issuer: big-endian numbers.
struct oidc_key {
  std::string id, modulus, exponent;
};

/// Reads a JWK set. Keys of another kind or use are left out; none that is left, or a malformed set, is
/// broken `oidc_keys_unreadable`.
result<std::vector<oidc_key>> read_oidc_keys(std::string_view jwks);

struct oidc_rule {
  std::string issuer;   ///< "https://accounts.google.com"; the name without the scheme counts as well
  std::string audience; ///< compared byte for byte
};

/// Whose token it is. `email` is verified.
struct oidc_identity {
  std::string email, subject;
};

/// Pure. RS256 and nothing else, whatever the token asks for. Errors (forbidden): `oidc_token_refused`; its
/// detail says what is wrong with the token and quotes nothing of it; `oidc_key_unknown`: signed with a key
/// that is not in `keys`, so newer keys may help.
result<oidc_identity> check_oidc_token(std::string_view token, const std::vector<oidc_key>& keys,
                                       const oidc_rule& rule, instant now);

/// The same with the issuer's published keys, fetched when they are needed and kept as long as their answer
/// allows. One fetch at a time; a token that names an unknown key causes a fetch at most every
/// `unknown_key_pause`. Thread-safe.
class oidc_checker {
public:
  static constexpr std::chrono::seconds shortest_age{60}, usual_age{3'600}, longest_age{24 * 3'600};
  static constexpr std::chrono::seconds unknown_key_pause{30};
  static constexpr std::chrono::seconds failed_fetch_pause{2};
  static constexpr std::size_t waiting_limit = 1'000;

  oidc_checker(std::shared_ptr<http_client> http, std::string keys_url, std::string issuer, world w);

  using done = std::function<void(result<oidc_identity>)>;
  /// Errors besides those of `check_oidc_token`: retry_later `oidc_keys_away`. `on_done` is called exactly
  /// once, before this returns or on an I/O thread.
  void check(std::string token, std::string audience, done on_done);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::net
