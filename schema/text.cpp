// SPDX-License-Identifier: Apache-2.0
#include "schema/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/utf8.h>

namespace kalends {
namespace {

bool is_unwelcome(UChar32 c) { return c < 0x20 && c != '\n' && c != '\t'; }

bool is_clean_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || is_unwelcome(byte);
  });
}

const icu::Normalizer2& nfc() {
  UErrorCode status = U_ZERO_ERROR;
  const auto* n = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status) || n == nullptr) std::abort(); // ICU is installed without its own data
  return *n;
}

void append(std::string& out, UChar32 c) {
  uint8_t bytes[U8_MAX_LENGTH];
  int32_t n = 0;
  U8_APPEND_UNSAFE(bytes, n, c);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n));
}

/// Valid UTF-8 without controls and with one kind of line end; not normalized yet.
std::string repaired(std::string_view text) {
  constexpr UChar32 replacement = 0xfffd;
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) c = replacement;
    if (c == '\r') {
      if (i < size && bytes[i] == '\n') ++i;
      c = '\n';
    }
    if (!is_unwelcome(c)) append(out, c);
  }
  return out;
}

bool is_valid(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0 || is_unwelcome(c)) return false;
  }
  return true;
}

bool is_normalized(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  return nfc().isNormalizedUTF8(piece, status) && U_SUCCESS(status);
}

} // namespace

std::string clean_text(std::string_view text) {
  if (is_clean_ascii(text)) return std::string(text);
  auto valid = repaired(text);
  if (is_normalized(valid)) return valid;
  UErrorCode status = U_ZERO_ERROR;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  nfc().normalizeUTF8(0, icu::StringPiece(valid.data(), static_cast<int32_t>(valid.size())), sink, nullptr,
                      status);
  if (U_FAILURE(status)) std::abort(); // valid input can only fail for want of memory
  return out;
}

bool is_clean(std::string_view text) {
  return is_clean_ascii(text) || (is_valid(text) && is_normalized(text));
}

} // namespace kalends
