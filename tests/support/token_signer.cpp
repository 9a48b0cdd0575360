// SPDX-License-Identifier: Apache-2.0
#include "tests/support/token_signer.hpp"

#include "net/crypto.hpp"
#include "net/rsa_signature.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>

namespace kalends::testing {
namespace {

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("no RSA key");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return bytes;
}

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  if (!memory || write(memory.get()) != 1) throw std::runtime_error("cannot write a key");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

} // namespace

token_signer::token_signer(std::string key_id, int bits) : key_id_(std::move(key_id)) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(static_cast<std::size_t>(bits)),
                                                                EVP_PKEY_free);
  if (!key) throw std::runtime_error("cannot make a key");
  private_pem_ = pem_of([&](BIO* to) {
    return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  public_pem_ = pem_of([&](BIO* to) { return PEM_write_bio_PUBKEY(to, key.get()); });
  modulus_ = number_of(key.get(), OSSL_PKEY_PARAM_RSA_N);
  exponent_ = number_of(key.get(), OSSL_PKEY_PARAM_RSA_E);
}

std::string token_signer::sign(const std::string& header, const std::string& claims) const {
  const auto text = net::base64url(header) + "." + net::base64url(claims);
  return text + "." + net::base64url(*net::sign_rs256(private_pem_, text));
}

std::string token_signer::jwk() const {
  return R"({"kty":"RSA","use":"sig","alg":"RS256","kid":")" + key_id_ + R"(","n":")" +
         net::base64url(modulus_) + R"(","e":")" + net::base64url(exponent_) + "\"}";
}

std::string token_signer::public_pem() const { return public_pem_; }

std::string hmac_sha256(const std::string& key, const std::string& text) {
  std::string out(32, '\0');
  unsigned size = 32;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

} // namespace kalends::testing
