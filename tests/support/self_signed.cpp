// SPDX-License-Identifier: Apache-2.0
#include "tests/support/self_signed.hpp"

#include "net/freed_by.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

namespace kalends::testing {
namespace {

using net::freed_by;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using cert_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;

constexpr long lifetime_seconds = 24 * 3600;

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("self_signed: ") + what);
}

void add_extension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension && X509_add_ext(cert, extension, -1), "extension");
  X509_EXTENSION_free(extension);
}

cert_ptr make_cert(EVP_PKEY* key, const std::string& name, long serial, X509* issuer) {
  cert_ptr cert(X509_new());
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), lifetime_seconds);
  X509_set_pubkey(cert.get(), key);
  auto* subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), issuer ? X509_get_subject_name(issuer) : subject);
  return cert;
}

void write_cert(const std::filesystem::path& path, X509* cert) {
  file_ptr file(std::fopen(path.c_str(), "w"));
  must(file && PEM_write_X509(file.get(), cert), "certificate file");
}

} // namespace

self_signed::self_signed(const std::string& name) {
  std::string pattern = (std::filesystem::temp_directory_path() / "kalends-tls-XXXXXX").string();
  must(mkdtemp(pattern.data()), "directory");
  directory_ = pattern;

  key_ptr ca_key(EVP_EC_gen("P-256"));
  key_ptr key(EVP_EC_gen("P-256"));
  auto ca = make_cert(ca_key.get(), "Kalends test authority", 1, nullptr);
  add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  must(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  auto cert = make_cert(key.get(), name, 2, ca.get());
  const auto names = name == "localhost" ? "DNS:localhost,IP:127.0.0.1,IP:::1" : "DNS:" + name;
  add_extension(cert.get(), ca.get(), NID_subject_alt_name, names);
  add_extension(cert.get(), ca.get(), NID_ext_key_usage, "serverAuth");
  add_extension(cert.get(), ca.get(), NID_authority_key_identifier, "keyid");
  must(X509_sign(cert.get(), ca_key.get(), EVP_sha256()) > 0, "signature");

  write_cert(ca_file(), ca.get());
  write_cert(certificate_file(), cert.get());
  file_ptr file(std::fopen(key_file().c_str(), "w"));
  must(file && PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr),
       "key file");
}

self_signed::~self_signed() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

} // namespace kalends::testing
