// SPDX-License-Identifier: Apache-2.0
#include "net/password.hpp"

#include "net/freed_by.hpp"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <memory>

namespace kalends::net {
namespace {

constexpr std::size_t hash_bytes = 32;

tl::unexpected<error> failed() {
  return failure(errc::broken, "scrypt_failed", "The password could not be hashed.");
}

} // namespace

result<std::string> scrypt(std::string_view password, std::string_view salt, std::int64_t n, int r, int p) {
  if (n < 2 || r < 1 || p < 1 || static_cast<std::uint64_t>(n) > scrypt_memory_limit) return failed();
  const std::unique_ptr<EVP_KDF, freed_by<EVP_KDF_free>> kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  if (!kdf) return failed();
  const std::unique_ptr<EVP_KDF_CTX, freed_by<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(kdf.get()));
  if (!context) return failed();
  std::string secret(password), with(salt);
  auto cost_n = static_cast<std::uint64_t>(n);
  auto cost_r = static_cast<std::uint32_t>(r);
  auto cost_p = static_cast<std::uint32_t>(p);
  std::uint64_t most = scrypt_memory_limit;
  const std::array<OSSL_PARAM, 7> said{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, with.data(), with.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost_n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &cost_r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &cost_p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
      OSSL_PARAM_construct_end()};
  std::string out(hash_bytes, '\0');
  if (EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(), said.data()) !=
      1)
    return failed();
  return out;
}

} // namespace kalends::net
