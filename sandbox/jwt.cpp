// SPDX-License-Identifier: Apache-2.0
#include "sandbox/jwt.hpp"

#include "net/freed_by.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

} // namespace

std::string base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const unsigned char c : bytes) {
    held = held << 8U | c;
    for (bits += 8; bits >= 6; bits -= 6) out += letters[held >> (bits - 6) & 63U];
  }
  if (bits > 0) out += letters[held << (6 - bits) & 63U];
  return out;
}

std::string base64url_decode(std::string_view text) {
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto value = letters.find(c);
    if (value == std::string_view::npos) return {};
    held = held << 6U | static_cast<std::uint32_t>(value);
    if ((bits += 6) < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 0xFFU);
  }
  return out;
}

std::string sha256(std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

bool pkce_matches(std::string_view challenge, std::string_view method, std::string_view verifier) {
  if (verifier.size() < 43 || verifier.size() > 128) return false;
  return method == "S256" ? base64url(sha256(verifier)) == challenge : verifier == challenge;
}

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, net::freed_by<EVP_PKEY_free>>;

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("RSA key without its numbers");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return base64url(bytes);
}

} // namespace

struct signing_keys::impl {
  struct named_key {
    key_ptr key;
    std::string id, modulus, exponent;
  };
  std::vector<named_key> keys; // the newest last

  void make() {
    key_ptr key(EVP_RSA_gen(2048));
    if (!key) throw std::runtime_error("cannot make an RSA key");
    add(std::move(key));
  }

  void add(key_ptr key) {
    auto modulus = number_of(key.get(), OSSL_PKEY_PARAM_RSA_N);
    auto exponent = number_of(key.get(), OSSL_PKEY_PARAM_RSA_E);
    auto id = base64url(sha256(modulus)).substr(0, 27);
    keys.push_back({std::move(key), std::move(id), std::move(modulus), std::move(exponent)});
  }

  /// Made when first asked for: it takes a moment, and most tests sign nothing.
  const named_key& newest() {
    if (keys.empty()) make();
    return keys.back();
  }
};

signing_keys::signing_keys() : impl_(std::make_unique<impl>()) {}
signing_keys::~signing_keys() = default;
signing_keys::signing_keys(signing_keys&&) noexcept = default;
signing_keys& signing_keys::operator=(signing_keys&&) noexcept = default;

void signing_keys::rotate() {
  impl_->newest();
  impl_->make();
}

std::string signing_keys::sign(const json::object& claims) const {
  const auto& signer = impl_->newest();
  const json::object header{{"alg", "RS256"}, {"kid", signer.id}, {"typ", "JWT"}};
  auto text = base64url(json::serialize(header)) + "." + base64url(json::serialize(claims));
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signer.key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    throw std::runtime_error("cannot sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                     text.size()) != 1)
    throw std::runtime_error("cannot sign");
  signature.resize(size);
  return text + "." + base64url(signature);
}

std::string signing_keys::missign(const json::object& claims, const std::string& alg) const {
  const json::object header{{"alg", alg}, {"kid", impl_->newest().id}, {"typ", "JWT"}};
  const auto text = base64url(json::serialize(header)) + "." + base64url(json::serialize(claims));
  if (alg == "none") return text + ".";
  const auto known = pems();
  const std::string secret(known.at(impl_->newest().id).as_string());
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  unsigned size = SHA256_DIGEST_LENGTH;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  return text + "." + base64url(mac);
}

bool verify_rs256(const std::string& public_pem, std::string_view text, std::string_view signature) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())), BIO_free);
  const key_ptr key(memory ? PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto* signed_bytes = reinterpret_cast<const unsigned char*>(signature.data());
  const bool good = key && context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signed_bytes, signature.size(), bytes, text.size()) == 1;
  ERR_clear_error();
  return good;
}

json::object signing_keys::jwks() const {
  impl_->newest();
  json::array keys;
  for (auto k = impl_->keys.rbegin(); k != impl_->keys.rend(); ++k)
    keys.push_back(json::object{{"kty", "RSA"},
                                {"use", "sig"},
                                {"alg", "RS256"},
                                {"kid", k->id},
                                {"n", k->modulus},
                                {"e", k->exponent}});
  return {{"keys", std::move(keys)}};
}

json::object signing_keys::pems() const {
  impl_->newest();
  json::object out;
  for (const auto& k : impl_->keys) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    if (!memory || PEM_write_bio_PUBKEY(memory.get(), k.key.get()) != 1)
      throw std::runtime_error("cannot write a key");
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    out[k.id] = std::string_view(text, static_cast<std::size_t>(size));
  }
  return out;
}

std::size_t signing_keys::count() const { return impl_->keys.size(); }

std::string signing_keys::private_pem() const {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  for (const auto& k : impl_->keys)
    if (!memory ||
        PEM_write_bio_PrivateKey(memory.get(), k.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
      throw std::runtime_error("cannot write a key");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

bool signing_keys::restore(const std::string& private_pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size())), BIO_free);
  auto fresh = std::make_unique<impl>();
  while (memory) {
    key_ptr key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
    if (!key) break;
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return false;
    fresh->add(std::move(key));
  }
  ERR_clear_error(); // the end of the text is an error to the reader
  if (fresh->keys.empty()) return false;
  impl_ = std::move(fresh);
  return true;
}

} // namespace kalends::sandbox
