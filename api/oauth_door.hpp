// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/oauth.hpp"

#include <string>

namespace kalends::api {

/// What connecting a calendar asks of the vendors' login. `net::oauth_client` stands behind it in the server.
class oauth_door {
public:
  virtual ~oauth_door() = default;
  virtual std::string consent_url(provider_type type, const oauth_app& app, const std::string& redirect_uri,
                                  const std::string& state, const std::string& challenge,
                                  const std::string& nonce, const std::string& login_hint) const = 0;
  /// `done` is called once, on a thread that must not be blocked.
  virtual void exchange_code(provider_type type, oauth_app app, std::string redirect_uri, std::string code,
                             std::string verifier, std::string nonce,
                             net::vendor_done<net::authorization> done) = 0;
};

} // namespace kalends::api
