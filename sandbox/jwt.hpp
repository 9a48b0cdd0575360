// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace kalends::sandbox {

std::string base64url(std::string_view bytes); ///< without padding
/// What is no base64url reads as "".
std::string base64url_decode(std::string_view text);
/// Whether `signature` (raw) is one of `text` by RS256.
bool verify_rs256(const std::string& public_pem, std::string_view text, std::string_view signature);
std::string sha256(std::string_view bytes); ///< 32 raw bytes

/// RFC 7636: whether `verifier` answers `challenge` ("S256" or "plain").
bool pkce_matches(std::string_view challenge, std::string_view method, std::string_view verifier);

/// RSA keys that sign id_tokens and push tokens (RS256), RFC 7515 and 7517. One per vendor.
class signing_keys {
public:
  signing_keys(); ///< a 2048 bit key is made when it is first needed
  ~signing_keys();
  signing_keys(signing_keys&&) noexcept;
  signing_keys& operator=(signing_keys&&) noexcept;

  /// A compact JWS of these claims, signed by the newest key.
  std::string sign(const boost::json::object& claims) const;
  /// The same claims as an attacker would have them: unsigned with `alg` "none", else signed with HMAC-SHA256
  /// and the public key's PEM as the secret.
  std::string missign(const boost::json::object& claims, const std::string& alg) const;
  /// `{"keys": […]}` with every key, the newest first.
  boost::json::object jwks() const;
  /// The same keys as `{kid: PEM}`.
  boost::json::object pems() const;
  /// A new key signs from now on; the old ones stay published.
  void rotate();

  // -- to be kept and found again --
  std::size_t count() const;                    ///< none before one was needed
  std::string private_pem() const;              ///< every private key, the oldest first; secret
  bool restore(const std::string& private_pem); ///< false, and nothing changed, when it holds no RSA key

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::sandbox
