// SPDX-License-Identifier: Apache-2.0
#include "sandbox/certificate.hpp"

#include "net/freed_by.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

namespace kalends::sandbox {

namespace {

namespace fs = std::filesystem;
using net::freed_by;

using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using cert_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
struct close_file {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using file_ptr = std::unique_ptr<std::FILE, close_file>;

constexpr long lifetime_seconds = 397L * 24 * 3600;
constexpr long renewal_seconds = 7L * 24 * 3600;

bool add_extension(X509* cert, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (!extension) return false;
  const bool added = X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

/// An unsigned certificate with everything that both kinds share.
cert_ptr blank(const char* common_name, EVP_PKEY* key) {
  cert_ptr cert(X509_new());
  unsigned char serial[16];
  if (!cert || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] &= 0x7F;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get()));
  BN_free(number);
  X509_set_version(cert.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), lifetime_seconds);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return cert;
}

cert_ptr make_ca(EVP_PKEY* key) {
  auto cert = blank("Kalends sandbox CA", key);
  if (!cert) return nullptr;
  X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
  const bool ok =
      add_extension(cert.get(), cert.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(cert.get(), cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(cert.get(), cert.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(cert.get(), key, EVP_sha256()) > 0;
  return ok ? std::move(cert) : nullptr;
}

cert_ptr make_leaf(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key) {
  auto cert = blank("localhost", key);
  if (!cert) return nullptr;
  X509_set_issuer_name(cert.get(), X509_get_subject_name(ca));
  const bool ok = add_extension(cert.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(cert.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(cert.get(), ca, NID_ext_key_usage, "serverAuth") &&
                  add_extension(cert.get(), ca, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                  add_extension(cert.get(), ca, NID_subject_key_identifier, "hash") &&
                  add_extension(cert.get(), ca, NID_authority_key_identifier, "keyid") &&
                  X509_sign(cert.get(), ca_key, EVP_sha256()) > 0;
  return ok ? std::move(cert) : nullptr;
}

bool is_fresh(const certificate_files& files) {
  std::error_code ignored;
  if (!fs::exists(files.ca, ignored) || !fs::exists(files.private_key, ignored)) return false;
  const file_ptr in(std::fopen(files.certificate.c_str(), "rb"));
  if (!in) return false;
  const cert_ptr cert(PEM_read_X509(in.get(), nullptr, nullptr, nullptr));
  if (!cert) return false;
  int days = 0;
  int seconds = 0;
  return ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(cert.get())) == 1 &&
         days * 24L * 3600 + seconds > renewal_seconds;
}

bool write_all(const certificate_files& files, EVP_PKEY* key, X509* leaf, X509* ca) {
  const file_ptr keys(std::fopen(files.private_key.c_str(), "wb"));
  std::error_code refused;
  fs::permissions(files.private_key, fs::perms::owner_read | fs::perms::owner_write, refused);
  const file_ptr chain(std::fopen(files.certificate.c_str(), "wb"));
  const file_ptr trusted(std::fopen(files.ca.c_str(), "wb"));
  return keys && chain && trusted && !refused &&
         PEM_write_PrivateKey(keys.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
         PEM_write_X509(chain.get(), leaf) == 1 && PEM_write_X509(chain.get(), ca) == 1 &&
         PEM_write_X509(trusted.get(), ca) == 1;
}

} // namespace

result<certificate_files> make_certificate(const fs::path& directory) {
  std::error_code refused;
  fs::create_directories(directory, refused);
  if (refused) return failure(errc::broken, "state_dir_unusable", refused.message());
  certificate_files files{directory / "ca.pem", directory / "server.pem", directory / "server.key"};
  if (is_fresh(files)) return files;
  const key_ptr ca_key(EVP_EC_gen("P-256"));
  const key_ptr key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return failure(errc::broken, "certificate_failed", "no key could be made");
  const auto ca = make_ca(ca_key.get());
  const auto leaf = ca ? make_leaf(key.get(), ca.get(), ca_key.get()) : nullptr;
  if (!leaf) return failure(errc::broken, "certificate_failed", "the certificate could not be signed");
  if (!write_all(files, key.get(), leaf.get(), ca.get()))
    return failure(errc::broken, "state_dir_unusable", "the certificate files could not be written");
  return files;
}

} // namespace kalends::sandbox
