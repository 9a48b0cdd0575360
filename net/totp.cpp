// SPDX-License-Identifier: Apache-2.0
#include "net/totp.hpp"

#include "net/crypto.hpp"
#include "net/http_message.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace kalends::net {
namespace {

constexpr std::uint32_t codes = 1'000'000; ///< six digits
constexpr std::int64_t steps_of_grace = 1;

std::array<unsigned char, EVP_MAX_MD_SIZE> hmac_sha1(std::string_view key, std::string_view text,
                                                     unsigned& size) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return out;
}

} // namespace

std::string totp_code(std::string_view secret, std::int64_t step) {
  std::string counter(8, '\0');
  auto rest = static_cast<std::uint64_t>(step);
  for (std::size_t i = 8; i-- > 0; rest >>= 8) counter[i] = static_cast<char>(rest & 0xffU);
  unsigned size = 0;
  const auto mac = hmac_sha1(secret, counter, size);
  const std::size_t at = mac.at(size - 1) & 0x0fU; // RFC 4226 section 5.3
  const std::uint32_t number = (mac.at(at) & 0x7fU) << 24 | static_cast<std::uint32_t>(mac.at(at + 1)) << 16 |
                               static_cast<std::uint32_t>(mac.at(at + 2)) << 8 | mac.at(at + 3);
  auto digits = std::to_string(number % codes);
  digits.insert(0, 6 - digits.size(), '0');
  return digits;
}

std::optional<std::int64_t> matching_totp_step(std::string_view secret, std::string_view code, instant now) {
  const auto current = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch() / totp_step_length;
  std::optional<std::int64_t> found;
  for (auto step = current - steps_of_grace; step <= current + steps_of_grace; ++step)
    if (equal_in_constant_time(totp_code(secret, step), code)) found = step;
  return found;
}

std::string base32(std::string_view raw) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : raw) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xfffU;
    for (held += 8; held >= 5; held -= 5) out += alphabet[bits >> (held - 5) & 31U];
  }
  if (held > 0) out += alphabet[bits << (5 - held) & 31U];
  return out;
}

std::string otpauth_uri(std::string_view account, std::string_view secret) {
  return "otpauth://totp/Kalends:" + percent_encode(account) + "?secret=" + base32(secret) +
         "&issuer=Kalends&algorithm=SHA1&digits=6&period=30";
}

} // namespace kalends::net
