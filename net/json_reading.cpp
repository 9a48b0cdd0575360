// SPDX-License-Identifier: Apache-2.0
#include "net/json_reading.hpp"

#include <charconv>

namespace kalends::net {
namespace {

constexpr std::size_t depth_limit = 64;
/// A parser holds about fourteen times its capacity.
constexpr std::size_t shared_capacity = 1024 * 1024;
constexpr std::size_t first_capacity = 64 * 1024;

struct thread_parser {
  simdjson::dom::parser parser;
  bool ready = parser.allocate(first_capacity, depth_limit) == simdjson::SUCCESS;
  bool taken = false;
};
thread_local thread_parser shared;

constexpr std::string_view replacement = "\xEF\xBF\xBD"; ///< U+FFFD

/// How many bytes of well-formed UTF-8 (RFC 3629) a character has that begins `text`; 0 if none does.
std::size_t character_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xc2 && first <= 0xdf   ? 2
                           : first >= 0xe0 && first <= 0xef ? 3
                           : first >= 0xf0 && first <= 0xf4 ? 4
                                                            : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

/// The code unit of "\\uXXXX" at the beginning of `text`.
std::optional<unsigned> escape_at(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const auto [end, failed] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  if (failed != std::errc() || end != text.data() + 6) return std::nullopt;
  return unit;
}

/// The text with U+FFFD for what is no character: bytes that are no UTF-8, and halves of a pair. Titles that
/// were cut in the middle of an emoji have been seen; one of them must not make a whole page unreadable.
std::string with_sound_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    std::size_t taken = 1;
    if (const auto unit = escape_at(text); unit && *unit >= 0xd800 && *unit <= 0xdfff) {
      const auto next = escape_at(text.substr(6));
      const bool pair = *unit < 0xdc00 && next && *next >= 0xdc00 && *next <= 0xdfff;
      taken = pair ? 12 : 6;
      out += pair ? text.substr(0, 12) : replacement;
    } else if (text[0] == '\\' && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0x80) {
      taken = 2;
      out += text.substr(0, 2);
    } else if (const auto size = character_at(text); size != 0) {
      taken = size;
      out += text.substr(0, size);
    } else {
      out += replacement;
    }
    text.remove_prefix(taken);
  }
  return out;
}

} // namespace

json_document::json_document(const std::string& body) {
  auto* parser = &shared.parser;
  if (shared.taken || !shared.ready || body.size() > shared_capacity) {
    own_ = std::make_unique<simdjson::dom::parser>();
    if (own_->allocate(body.size(), depth_limit) != simdjson::SUCCESS) return;
    parser = own_.get();
  } else {
    shared.taken = true;
  }
  simdjson::dom::element root;
  auto outcome = parser->parse(body).get(root);
  if (outcome == simdjson::UTF8_ERROR || outcome == simdjson::STRING_ERROR)
    outcome = parser->parse(with_sound_characters(body)).get(root);
  if (outcome == simdjson::SUCCESS) object_ = object_of(root);
}

json_document::~json_document() {
  if (!own_) shared.taken = false;
}

} // namespace kalends::net
