// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_ids.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace kalends::sandbox::microsoft {

namespace {

using namespace std::chrono;
using namespace std::string_view_literals;

constexpr std::size_t regular_bytes = 113;
constexpr std::size_t immutable_bytes = 51;
constexpr auto regular_head = "\x00\x03\x24"sv;
constexpr auto calendar_head = "\x01\x03\x24"sv;
constexpr auto immutable_head = "\x00\x09\x00\x2e\x00"sv;
constexpr auto instance_mark = "\x51\x00\x08"sv;
constexpr std::size_t instance_tail = 11;
/// 100 ns ticks between 0001-01-01 and 1970-01-01.
constexpr std::int64_t ticks_to_epoch = 621'355'968'000'000'000;
constexpr std::int64_t ticks_per_day = 864'000'000'000;
/// 100 ns ticks between 1601-01-01 and 1970-01-01.
constexpr std::int64_t filetime_to_epoch = 116'444'736'000'000'000;

std::string digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

/// `n` bytes that look random and depend on `seed` only.
std::string filler(std::string_view seed, std::size_t n) {
  std::string out;
  for (unsigned i = 0; out.size() < n; ++i) out += digest(std::string(seed) + '#' + std::to_string(i));
  out.resize(n);
  return out;
}

std::string made_id(std::string_view head, std::size_t size, std::string_view kind, std::string_view mailbox,
                    std::uint64_t key, unsigned moves) {
  const auto seed = std::string(kind) + ':' + std::string(mailbox) + ':' + std::to_string(key) + ':' +
                    std::to_string(moves);
  return item_base64(std::string(head) + filler(seed, size - head.size()));
}

std::string base64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto rest = std::min<std::size_t>(3, bytes.size() - i);
    unsigned block = 0;
    for (std::size_t k = 0; k < 3; ++k)
      block = (block << 8U) | (k < rest ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= rest ? alphabet[(block >> (18U - 6U * k)) & 63U] : '=';
  }
  return out;
}

constexpr auto item_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"sv;
constexpr auto plain_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"sv;

std::string hex(std::string_view bytes) {
  constexpr auto digits = "0123456789ABCDEF"sv;
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

std::string little_endian(std::uint64_t value) {
  std::string out;
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>((value >> (8U * i)) & 255U);
  return out;
}

std::uint64_t from_little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  return value;
}

} // namespace

std::string item_base64(std::string_view bytes) { return base64(bytes, item_alphabet); }
std::string plain_base64(std::string_view bytes) { return base64(bytes, plain_alphabet); }

std::optional<std::string> item_base64_decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const auto padding = text.ends_with("==") ? 2U : text.ends_with("=") ? 1U : 0U;
  std::string out;
  unsigned block = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const auto value = pad ? 0 : item_alphabet.find(text[i]);
    if (value == std::string_view::npos) return std::nullopt;
    block = (block << 6U) | static_cast<unsigned>(value);
    if (i % 4 != 3) continue;
    for (unsigned k = 0; k < 3; ++k) out += static_cast<char>((block >> (16U - 8U * k)) & 255U);
    block = 0;
  }
  out.resize(out.size() - padding);
  return out;
}

std::string regular_id(std::string_view mailbox, std::uint64_t key, unsigned moves) {
  return made_id(regular_head, regular_bytes, "item", mailbox, key, moves);
}
std::string immutable_id(std::string_view mailbox, std::uint64_t key) {
  return made_id(immutable_head, immutable_bytes, "immutable", mailbox, key, 0);
}
std::string calendar_id(std::string_view mailbox, std::uint64_t key) {
  return made_id(calendar_head, regular_bytes - 20, "calendar", mailbox, key, 0);
}
std::string short_calendar_id(std::string_view mailbox, std::uint64_t key) {
  return made_id(immutable_head, immutable_bytes, "calendar", mailbox, key, 0);
}

std::string instance_id(std::string_view master_id, local_days date) {
  auto bytes = item_base64_decode(master_id).value_or(std::string(master_id));
  const auto ticks = ticks_to_epoch + ticks_per_day * date.time_since_epoch().count();
  return item_base64(bytes + std::string(instance_mark) + little_endian(static_cast<std::uint64_t>(ticks)));
}

std::optional<instance_reference> split_instance_id(std::string_view id) {
  auto bytes = item_base64_decode(id);
  if (!bytes ||
      (bytes->size() != regular_bytes + instance_tail && bytes->size() != immutable_bytes + instance_tail))
    return std::nullopt;
  const auto base = bytes->size() - instance_tail;
  if (std::string_view(*bytes).substr(base, instance_mark.size()) != instance_mark) return std::nullopt;
  const auto ticks = static_cast<std::int64_t>(from_little_endian(std::string_view(*bytes).substr(base + 3)));
  if (ticks < 0 || (ticks - ticks_to_epoch) % ticks_per_day != 0) return std::nullopt;
  return instance_reference{item_base64(std::string_view(*bytes).substr(0, base)),
                            local_days(days((ticks - ticks_to_epoch) / ticks_per_day))};
}

std::string change_key(std::string_view mailbox, std::uint64_t key, std::uint64_t version) {
  const auto seed =
      "change:" + std::string(mailbox) + ':' + std::to_string(key) + ':' + std::to_string(version);
  return plain_base64(filler(seed, 16));
}

std::string occurrence_change_key(std::string_view master_change_key, local_days date) {
  return "DwAAABYAAAC" +
         plain_base64(filler(std::string(master_change_key) + format_date(date), 20)).substr(1);
}

std::string ical_uid(std::string_view seed, instant created, std::optional<local_days> date) {
  std::string bytes("\x04\x00\x00\x00\x82\x00\xE0\x00\x74\xC5\xB7\x10\x1A\x82\xE0\x08"sv);
  if (date) {
    const year_month_day d(*date);
    const auto y = static_cast<unsigned>(static_cast<int>(d.year()));
    bytes += static_cast<char>(y >> 8U);
    bytes += static_cast<char>(y & 255U);
    bytes += static_cast<char>(static_cast<unsigned>(d.month()));
    bytes += static_cast<char>(static_cast<unsigned>(d.day()));
  } else {
    bytes.append(4, '\0');
  }
  const auto filetime = filetime_to_epoch + created.time_since_epoch().count() * 10'000;
  bytes += little_endian(static_cast<std::uint64_t>(filetime));
  bytes.append(8, '\0');
  bytes += "\x10\x00\x00\x00"sv;
  bytes += filler("uid:" + std::string(seed), 16);
  return hex(bytes);
}

} // namespace kalends::sandbox::microsoft
