// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"
#include "net/crypto.hpp"

#include <string>

namespace kalends::net {

/// What the vendor said after the consent: tokens, and whose they are (from the id_token, whose issuer,
/// audience, expiry and nonce were checked; it came over TLS from the token endpoint itself, OpenID Connect
/// Core 3.1.3.7).
struct authorization {
  grant tokens;
  std::string subject; ///< Google `sub`; Microsoft `tid.oid`
  std::string email;
};

/// Thread-safe. Nothing here is logged.
class oauth_client {
public:
  oauth_client(std::shared_ptr<http_client> http, vendor_endpoints endpoints, world w);

  /// The vendor's consent page. `challenge` is S256 of the verifier (RFC 7636), `nonce` goes into the
  /// id_token.
  std::string consent_url(provider_type type, const oauth_app& app, const std::string& redirect_uri,
                          const std::string& state, const std::string& challenge, const std::string& nonce,
                          const std::string& login_hint) const;

  /// Errors: reauthorize `invalid_grant` (code used or expired), invalid `invalid_client`, invalid
  /// `scope_missing` (the person left out a permission that sync needs), broken `id_token_invalid`,
  /// retry_later.
  [[nodiscard]] call_token exchange_code(provider_type type, oauth_app app, std::string redirect_uri,
                                         std::string code, std::string verifier, std::string nonce,
                                         vendor_done<authorization> done);
  /// Keeps the old refresh token when the vendor sends none. errc::reauthorize only for `invalid_grant` (and
  /// Microsoft's `interaction_required`): everything else is the installation's fault or passes.
  [[nodiscard]] call_token refresh(provider_type type, oauth_app app, grant current, vendor_done<grant> done);
  /// Google only; for Microsoft succeeds at once (no such endpoint).
  [[nodiscard]] call_token revoke(provider_type type, std::string token, vendor_done<bool> done);

private:
  std::shared_ptr<http_client> http_;
  vendor_endpoints endpoints_;
  world world_;
};

} // namespace kalends::net
