// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kalends::testing {

/// A token issuer with one RSA key of `bits`, made at once.
class token_signer {
public:
  explicit token_signer(std::string key_id, int bits = 2'048);

  /// A compact JWS of exactly these texts, signed with RS256 whatever the header says.
  std::string sign(const std::string& header, const std::string& claims) const;
  /// The key as a member of a JWK set.
  std::string jwk() const;
  std::string public_pem() const;
  std::string private_pem() const { return private_pem_; }

private:
  std::string key_id_, private_pem_, public_pem_, modulus_, exponent_;
};

/// HMAC-SHA256 of `text`, raw.
std::string hmac_sha256(const std::string& key, const std::string& text);

} // namespace kalends::testing
