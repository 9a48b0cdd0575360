// SPDX-License-Identifier: Apache-2.0
#include "persistence/backup_file.hpp"
#include "persistence/descriptor.hpp"

#include <boost/json.hpp>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace kalends::persistence::backup_file {
namespace {

namespace json = boost::json;

constexpr std::string_view mark = "kalends-backup ";
constexpr int format = 1;
constexpr std::size_t length_digits = 10;
constexpr std::size_t digest_digits = 64;
constexpr std::size_t manifest_limit = 64 * 1024;
/// "kalends-backup 1 0000000512 <digest>\n"
constexpr std::size_t last_line = mark.size() + 2 + length_digits + 1 + digest_digits + 1;

tl::unexpected<error> damaged(const std::string& why) {
  return failure(errc::invalid, "backup_damaged",
                 "This is not a whole backup of kalends (" + why +
                     "). Take another copy of it, or an earlier backup.");
}

tl::unexpected<error> unreadable(const std::string& path) {
  return failure(errc::invalid, "backup_unreadable", "Cannot read " + path + ": " + std::strerror(errno));
}

std::optional<std::string> read_at(int fd, std::uint64_t from, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const auto got = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    done += static_cast<std::size_t>(got);
  }
  return out;
}

/// SHA-256 of the first `size` bytes, in hex; nothing if they cannot be read.
std::optional<std::string> digest_of(int fd, std::uint64_t size) {
  constexpr std::size_t at_once = 1 << 20;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!sum || EVP_DigestInit_ex(sum.get(), EVP_sha256(), nullptr) != 1) return std::nullopt;
  for (std::uint64_t at = 0; at < size;) {
    const auto part = read_at(fd, at, static_cast<std::size_t>(std::min<std::uint64_t>(at_once, size - at)));
    if (!part || EVP_DigestUpdate(sum.get(), part->data(), part->size()) != 1) return std::nullopt;
    at += part->size();
  }
  std::array<unsigned char, 32> raw{};
  if (EVP_DigestFinal_ex(sum.get(), raw.data(), nullptr) != 1) return std::nullopt;
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (const auto byte : raw) out.append({hex[byte >> 4], hex[byte & 15]});
  return out;
}

std::optional<std::uint64_t> size_of(int fd) {
  struct stat seen {};
  if (::fstat(fd, &seen) != 0 || seen.st_size < 0) return std::nullopt;
  return static_cast<std::uint64_t>(seen.st_size);
}

std::string write_manifest(const backup_manifest& about) {
  json::array ids;
  for (const auto& id : about.vault_key_ids) ids.emplace_back(id);
  json::object o{{"format", format},
                 {"made_by", about.made_by},
                 {"made_at_ms", about.made_at.time_since_epoch().count()},
                 {"schema_version", about.schema_version},
                 {"schema_name", about.schema_name},
                 {"postgres", about.postgres},
                 {"vault_key_ids", std::move(ids)}};
  if (!about.vault_keys.empty()) o["vault_keys"] = about.vault_keys;
  return json::serialize(o) + "\n";
}

result<backup_manifest> read_manifest(const std::string& text) {
  json::error_code bad;
  const auto parsed = json::parse(text, bad);
  if (bad || !parsed.is_object()) return damaged("its manifest is not JSON");
  const auto& o = parsed.get_object();
  const auto text_at = [&](const char* name) {
    const auto* v = o.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  const auto number_at = [&](const char* name) {
    const auto* v = o.if_contains(name);
    return v != nullptr && v->is_int64() ? v->get_int64() : 0;
  };
  backup_manifest about;
  about.made_by = text_at("made_by");
  about.made_at = instant(std::chrono::milliseconds(number_at("made_at_ms")));
  about.schema_version = static_cast<int>(number_at("schema_version"));
  about.schema_name = text_at("schema_name");
  about.postgres = static_cast<int>(number_at("postgres"));
  about.vault_keys = text_at("vault_keys");
  if (const auto* ids = o.if_contains("vault_key_ids"); ids != nullptr && ids->is_array())
    for (const auto& id : ids->get_array())
      if (id.is_string()) about.vault_key_ids.emplace_back(id.get_string());
  if (about.schema_version < 1) return damaged("its manifest names no schema");
  return about;
}

} // namespace

result<void> finish(const descriptor& file, const backup_manifest& about) {
  const auto refused = [] {
    return failure(errc::broken, "backup_not_written",
                   std::string("The backup cannot be written: ") + std::strerror(errno));
  };
  const auto manifest = write_manifest(about);
  if (::lseek(file.get(), 0, SEEK_END) < 0 || !write_all(file.get(), manifest)) return refused();
  const auto size = size_of(file.get());
  const auto digest = size ? digest_of(file.get(), *size) : std::nullopt;
  if (!digest) return refused();
  auto length = std::to_string(manifest.size());
  length.insert(0, length_digits - length.size(), '0');
  const auto line = std::string(mark) + std::to_string(format) + " " + length + " " + *digest + "\n";
  if (!write_all(file.get(), line) || ::fsync(file.get()) != 0) return refused();
  return {};
}

result<backup_manifest> check(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto size = file.valid() ? size_of(file.get()) : std::nullopt;
  if (!size) return unreadable(path);
  if (*size <= last_line) return damaged("it is too short");
  const auto line = read_at(file.get(), *size - last_line, last_line);
  if (!line) return unreadable(path);
  if (!line->starts_with(mark) || line->back() != '\n') return damaged("its last line is missing");
  if (line->substr(mark.size(), 2) != std::to_string(format) + " ")
    return failure(errc::invalid, "backup_newer",
                   "This backup was made by a later kalends, in a form that this one does not know. Restore "
                   "it with that version.");
  std::size_t length = 0;
  const char* digits = line->data() + mark.size() + 2;
  if (std::from_chars(digits, digits + length_digits, length).ptr != digits + length_digits ||
      length > manifest_limit || length + last_line > *size)
    return damaged("its last line makes no sense");
  const auto said = line->substr(mark.size() + 2 + length_digits + 1, digest_digits);
  const auto digest = digest_of(file.get(), *size - last_line);
  if (!digest) return unreadable(path);
  if (*digest != said) return damaged("its checksum is another one");
  const auto manifest = read_at(file.get(), *size - last_line - length, length);
  if (!manifest) return unreadable(path);
  return read_manifest(*manifest);
}

} // namespace kalends::persistence::backup_file
