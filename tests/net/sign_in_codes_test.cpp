// SPDX-License-Identifier: Apache-2.0
#include "net/password.hpp"
#include "net/totp.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

std::string hex(std::string_view raw) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : raw) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

constexpr std::string_view rfc_secret = "12345678901234567890";

TEST(sign_in_codes_test, agrees_with_the_test_vectors_of_rfc_6238) {
  // Appendix B, the last six of its eight digits.
  EXPECT_EQ(totp_code(rfc_secret, 59 / 30), "287082");
  EXPECT_EQ(totp_code(rfc_secret, 1111111109 / 30), "081804");
  EXPECT_EQ(totp_code(rfc_secret, 1111111111 / 30), "050471");
  EXPECT_EQ(totp_code(rfc_secret, 1234567890 / 30), "005924");
  EXPECT_EQ(totp_code(rfc_secret, 2000000000 / 30), "279037");
  EXPECT_EQ(totp_code(rfc_secret, 20000000000 / 30), "353130");
}

TEST(sign_in_codes_test, takes_the_code_of_one_step_before_and_after) {
  const instant now{1'000'000'000s};
  const std::int64_t step = 1'000'000'000 / 30;

  for (const auto near : {step - 1, step, step + 1})
    EXPECT_EQ(matching_totp_step(rfc_secret, totp_code(rfc_secret, near), now), near);
  EXPECT_FALSE(matching_totp_step(rfc_secret, totp_code(rfc_secret, step - 2), now));
  EXPECT_FALSE(matching_totp_step(rfc_secret, totp_code(rfc_secret, step + 2), now));
  EXPECT_FALSE(matching_totp_step(rfc_secret, "", now));
  EXPECT_FALSE(matching_totp_step(rfc_secret, "12345", now));
}

TEST(sign_in_codes_test, writes_what_authenticators_read) {
  EXPECT_EQ(base32(""), "");
  EXPECT_EQ(base32("f"), "MY");
  EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(otpauth_uri("ada@a.test", rfc_secret),
            "otpauth://totp/Kalends:ada%40a.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Kalends"
            "&algorithm=SHA1&digits=6&period=30");
}

TEST(sign_in_codes_test, hashes_as_rfc_7914_does) {
  // Section 12; the first 32 of its 64 bytes are the hash of 32.
  const auto first = scrypt("password", "NaCl", 1024, 8, 16);
  const auto second = scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1);

  ASSERT_TRUE(first && second);
  EXPECT_EQ(hex(*first), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  EXPECT_EQ(hex(*second), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST(sign_in_codes_test, refuses_a_cost_that_makes_no_sense) {
  EXPECT_FALSE(scrypt("p", "salt", 0, 8, 1));
  EXPECT_FALSE(scrypt("p", "salt", 1000, 8, 1));
  EXPECT_FALSE(scrypt("p", "salt", 1 << 15, 0, 1));
  EXPECT_FALSE(scrypt("p", "salt", std::int64_t{1} << 40, 8, 1));
}

} // namespace
} // namespace kalends::net
