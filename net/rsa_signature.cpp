// SPDX-License-Identifier: Apache-2.0
#include "net/rsa_signature.hpp"

#include "net/freed_by.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <memory>

namespace kalends::net {
namespace {

constexpr std::size_t smallest_modulus = 2'048 / 8, largest_modulus = 8'192 / 8, largest_exponent = 8;

template <class T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;
using key_ptr = owned<EVP_PKEY, EVP_PKEY_free>;
using context_ptr = owned<EVP_MD_CTX, EVP_MD_CTX_free>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

owned<BIGNUM, BN_free> number(std::string_view big_endian) {
  return owned<BIGNUM, BN_free>(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

key_ptr public_key(std::string_view modulus, std::string_view exponent) {
  const auto n = number(modulus), e = number(exponent);
  const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return {};
  const owned<OSSL_PARAM, OSSL_PARAM_free> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return {};
  return key_ptr(key);
}

} // namespace

bool is_rsa_key(std::string_view modulus, std::string_view exponent) {
  const bool odd =
      !modulus.empty() && !exponent.empty() && (modulus.back() & 1) != 0 && (exponent.back() & 1) != 0;
  // A leading zero would make a short key look long.
  return odd && modulus.front() != '\0' && exponent.front() != '\0' && modulus.size() >= smallest_modulus &&
         modulus.size() <= largest_modulus && exponent.size() <= largest_exponent &&
         (exponent.size() > 1 || exponent.front() != '\x01');
}

bool is_signed_by(std::string_view modulus, std::string_view exponent, std::string_view text,
                  std::string_view signature) {
  if (!is_rsa_key(modulus, exponent) || signature.size() != modulus.size()) return false;
  const auto key = public_key(modulus, exponent);
  const context_ptr context(EVP_MD_CTX_new());
  const bool good =
      key && context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
  ERR_clear_error();
  return good;
}

std::optional<std::string> sign_rs256(const std::string& private_pem, std::string_view text) {
  const owned<BIO, BIO_free> memory(
      BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size())));
  const key_ptr key(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  const context_ptr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  std::optional<std::string> out;
  if (key && context && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size()) == 1) {
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(text),
                       text.size()) == 1) {
      signature.resize(size);
      out = std::move(signature);
    }
  }
  ERR_clear_error();
  return out;
}

} // namespace kalends::net
