// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kalends::net {

/// RSASSA-PKCS1-v1_5 with SHA-256 (RS256, RFC 7518 section 3.3).

/// Whether these big-endian numbers make a public key that we would trust: 2,048 to 8,192 bits.
bool is_rsa_key(std::string_view modulus, std::string_view exponent);

/// False for everything that is not exactly a signature of `text` by that key.
bool is_signed_by(std::string_view modulus, std::string_view exponent, std::string_view text,
                  std::string_view signature);

/// With a private key in PEM; nothing when it is no usable RSA key.
std::optional<std::string> sign_rs256(const std::string& private_pem, std::string_view text);

} // namespace kalends::net
