// SPDX-License-Identifier: Apache-2.0
#include "persistence/token_vault.hpp"
#include "persistence/descriptor.hpp"

#include "persistence/require.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace kalends::persistence {
namespace {

constexpr char format = 0x01;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t key_id_limit = 64;
/// What a row holds is far smaller; this keeps every length within OpenSSL's int.
constexpr std::size_t secret_limit = 1024 * 1024;
constexpr std::size_t key_file_limit = 4096;

using cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes(std::string& s, std::size_t at = 0) {
  return reinterpret_cast<unsigned char*>(s.data() + at);
}

/// A string that is overwritten before its memory is given back.
struct wiped {
  std::string text;
  wiped() = default;
  explicit wiped(std::string t) : text(std::move(t)) {}
  wiped(const wiped&) = delete;
  wiped& operator=(const wiped&) = delete;
  ~wiped() { OPENSSL_cleanse(text.data(), text.size()); }
};

/// Version, key id, tenant and row, each with its length before it: no two contexts read the same.
std::string context(std::string_view key_id, const tenant_id& tenant, std::string_view row) {
  std::string out(1, format);
  for (const std::string_view part : {key_id, std::string_view(tenant.str()), row}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(part.size() >> shift);
    out += part;
  }
  return out;
}

tl::unexpected<error> malformed(const std::string& why) {
  return failure(errc::invalid, "vault_key_malformed", why);
}

tl::unexpected<error> missing(const std::string& why) {
  return failure(errc::invalid, "vault_key_missing", why);
}

bool fit_id(std::string_view id) {
  if (id.empty() || id.size() > key_id_limit) return false;
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '_' || c == '.'))
      return false;
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// 32 bytes in base64 are 44 characters, the last one '='.
std::optional<std::string> decode_key(std::string_view text) {
  std::array<unsigned char, key_bytes + 1> raw{}; // the padding decodes to one byte more
  if (text.size() != 44 || text.back() != '=' || text[42] == '=') return std::nullopt;
  const int got = EVP_DecodeBlock(raw.data(), bytes(text), static_cast<int>(text.size()));
  std::optional<std::string> key;
  if (got == static_cast<int>(raw.size()) && raw.back() == 0)
    key.emplace(reinterpret_cast<const char*>(raw.data()), key_bytes);
  OPENSSL_cleanse(raw.data(), raw.size());
  return key;
}

std::string encode_key(std::string_view raw) {
  std::string text(4 * ((raw.size() + 2) / 3) + 1, '\0');
  text.resize(
      static_cast<std::size_t>(EVP_EncodeBlock(bytes(text), bytes(raw), static_cast<int>(raw.size()))));
  return text;
}

/// "id:base64,id:base64"; the first seals. Complaints name the position and never the text: it may be a key.
result<token_vault> parse_keys(std::string_view text, world w) {
  std::map<std::string, std::string> keys;
  std::string current;
  for (int position = 1; !text.empty(); ++position) {
    const auto comma = text.find(',');
    const auto item = trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto colon = item.find(':');
    const auto where = "Vault key " + std::to_string(position);
    if (colon == std::string_view::npos || !fit_id(item.substr(0, colon)))
      return malformed(where + " is not of the form id:base64.");
    std::string id(item.substr(0, colon));
    auto key = decode_key(item.substr(colon + 1));
    if (!key) return malformed(where + " is not 32 bytes in base64.");
    if (current.empty()) current = id;
    if (!keys.emplace(std::move(id), std::move(*key)).second) return malformed(where + " repeats an id.");
  }
  return token_vault::with_keys(std::move(keys), std::move(current), std::move(w));
}

/// Owns the descriptor of the key file.
struct open_file {
  int fd;
  ~open_file() {
    if (fd >= 0) ::close(fd);
  }
};

/// Makes the file whole or not at all: written beside, flushed, then linked into place, which fails if one is
/// there. `EEXIST` is then up to the caller.
int write_key_file(const std::string& file, std::string_view line) {
  const auto fresh = file + ".new";
  ::unlink(fresh.c_str());
  const open_file out{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  const bool made = out.fd >= 0 && ::fchmod(out.fd, 0600) == 0 && write_all(out.fd, line) &&
                    ::fsync(out.fd) == 0 && ::link(fresh.c_str(), file.c_str()) == 0;
  const int why = made ? 0 : errno;
  ::unlink(fresh.c_str());
  const auto slash = file.rfind('/');
  const open_file directory{::open(slash == std::string::npos ? "." : file.substr(0, slash + 1).c_str(),
                                   O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.fd >= 0) ::fsync(directory.fd);
  return why;
}

tl::unexpected<error> unmade(const std::string& file, int why) {
  return missing("The vault's key file " + file + " cannot be made: " + std::strerror(why));
}

result<void> make_key_file(const std::string& file, const world& w) {
  const wiped raw(w.random_bytes(key_bytes));
  if (raw.text.size() != key_bytes) return malformed("The random source gave no key.");
  const wiped encoded(encode_key(raw.text));
  const wiped line("k1:" + encoded.text + "\n");
  const int why = write_key_file(file, line.text);
  if (why != 0 && why != EEXIST) return unmade(file, why);
  return {};
}

result<token_vault> read_key_file(int fd, const std::string& file, world w) {
  struct stat seen {};
  if (::fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode))
    return malformed("The vault's key file " + file + " is no file.");
  if ((seen.st_mode & 077) != 0)
    return failure(errc::forbidden, "vault_key_readable",
                   "Others than its owner may use the vault's key file " + file + ". Run: chmod 600 " + file);
  wiped text;
  text.text.resize(key_file_limit);
  const auto got = ::read(fd, text.text.data(), text.text.size());
  if (got < 0 || static_cast<std::size_t>(got) == key_file_limit)
    return malformed("The vault's key file " + file + " cannot be read, or is too long.");
  const auto keys = trim(std::string_view(text.text).substr(0, static_cast<std::size_t>(got)));
  if (keys.empty()) return malformed("The vault's key file " + file + " is empty.");
  return parse_keys(keys, std::move(w));
}

} // namespace

token_vault::~token_vault() {
  for (auto& [id, key] : keys_) OPENSSL_cleanse(key.data(), key.size());
}

result<token_vault> token_vault::with_keys(std::map<std::string, std::string> keys, std::string current,
                                           world w) {
  if (keys.empty()) return missing("No vault key was given.");
  for (const auto& [id, key] : keys)
    if (!fit_id(id) || key.size() != key_bytes)
      return malformed("A vault key is not 32 bytes, or its id is no short word.");
  if (!keys.contains(current)) return missing("The vault key that should seal was not given.");
  token_vault vault;
  vault.keys_ = std::move(keys);
  vault.current_ = std::move(current);
  vault.world_ = std::move(w);
  return vault;
}

result<void> token_vault::keep(const std::string& keys_text, const std::string& file) {
  if (const int why = write_key_file(file, keys_text + "\n"); why != 0) return unmade(file, why);
  return {};
}

std::string token_vault::export_keys() const {
  std::string text = current_ + ":" + encode_key(keys_.at(current_));
  for (const auto& [id, key] : keys_)
    if (id != current_) text += "," + id + ":" + encode_key(key);
  return text;
}

result<token_vault> token_vault::load(const std::string& keys_text, const std::string& file, bool may_create,
                                      world w) {
  if (const auto given = trim(keys_text); !given.empty()) return parse_keys(given, std::move(w));
  if (!keys_text.empty() || file.empty()) return missing("No vault key was given: set KALENDS_VAULT_KEYS.");
  for (bool made = false;; made = true) {
    const open_file in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (in.fd >= 0) return read_key_file(in.fd, file, std::move(w));
    if (errno != ENOENT || made || !may_create)
      return missing("The vault's key file " + file + " cannot be opened: " + std::strerror(errno) +
                     ". Without it nothing that was sealed can be read; restore it from your backup. On a "
                     "new installation with a database of its own, `kalends keys init` makes it.");
    if (auto fresh = make_key_file(file, w); !fresh) return tl::unexpected(fresh.error());
  }
}

std::string token_vault::seal(const tenant_id& tenant, std::string_view row, std::string_view secret) const {
  require(secret.size() <= secret_limit, "a sealed secret is at most 1 MiB");
  const auto& key = keys_.at(current_);
  const auto nonce = world_.random_bytes(nonce_bytes);
  require(nonce.size() == nonce_bytes, "the random source gives as many bytes as it is asked for");
  const auto bound = context(current_, tenant, row);

  std::string out(1, format);
  out += static_cast<char>(current_.size());
  out += current_;
  out += nonce;
  const auto start = out.size();
  out.resize(start + secret.size() + tag_bytes);
  const cipher c(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  int last = 0;
  const bool sealed =
      c && EVP_EncryptInit_ex2(c.get(), EVP_aes_256_gcm(), bytes(key), bytes(nonce), nullptr) == 1 &&
      EVP_EncryptUpdate(c.get(), nullptr, &last, bytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_EncryptUpdate(c.get(), bytes(out, start), &length, bytes(secret),
                        static_cast<int>(secret.size())) == 1 &&
      EVP_EncryptFinal_ex(c.get(), bytes(out, start + static_cast<std::size_t>(length)), &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, bytes(out, start + secret.size())) == 1;
  require(sealed, "AES-256-GCM seals what it is given");
  return out;
}

result<std::string> token_vault::open(const tenant_id& tenant, std::string_view row,
                                      std::string_view sealed) const {
  auto broken = [] { return failure(errc::invalid, "vault_seal_broken", "A sealed value does not open."); };
  if (sealed.size() < 2 || sealed[0] != format) return broken();
  const auto id_size = static_cast<std::size_t>(static_cast<unsigned char>(sealed[1]));
  const auto head = 2 + id_size + nonce_bytes;
  if (id_size == 0 || sealed.size() < head + tag_bytes || sealed.size() > head + tag_bytes + secret_limit)
    return broken();
  const std::string id(sealed.substr(2, id_size));
  const auto key = keys_.find(id);
  if (key == keys_.end())
    return failure(errc::invalid, "vault_key_unknown",
                   "A value was sealed with a key that is not here any more.");

  const auto nonce = sealed.substr(2 + id_size, nonce_bytes);
  const auto body = sealed.substr(head, sealed.size() - head - tag_bytes);
  std::string tag(sealed.substr(sealed.size() - tag_bytes));
  const auto bound = context(id, tenant, row);
  std::string out(body.size(), '\0');
  const cipher c(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  int last = 0;
  const bool opened =
      c && EVP_DecryptInit_ex2(c.get(), EVP_aes_256_gcm(), bytes(key->second), bytes(nonce), nullptr) == 1 &&
      EVP_DecryptUpdate(c.get(), nullptr, &last, bytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_DecryptUpdate(c.get(), bytes(out), &length, bytes(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c.get(), bytes(out, static_cast<std::size_t>(length)), &last) == 1;
  if (opened) return out;
  OPENSSL_cleanse(out.data(), out.size()); // decrypted, but by whom it was made nobody knows
  return broken();
}

} // namespace kalends::persistence
