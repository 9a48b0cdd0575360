// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kalends::net {

/// Writes one JSON object from front to back and places the commas. Keys are literals that need no escape;
/// values are UTF-8. An empty key is an element of an array.
class json_writer {
public:
  json_writer() { open(); }

  json_writer& open(std::string_view key = {}) { return begin(key, '{'); }
  json_writer& close() { return end('}'); }
  json_writer& open_array(std::string_view key) { return begin(key, '['); }
  json_writer& close_array() { return end(']'); }

  json_writer& text(std::string_view key, std::string_view value) {
    name(key);
    quote(value);
    return *this;
  }
  json_writer& flag(std::string_view key, bool value) { return literal(key, value ? "true" : "false"); }
  json_writer& number(std::string_view key, std::int64_t value) {
    return literal(key, std::to_string(value));
  }
  /// A value that is JSON already.
  json_writer& raw(std::string_view key, std::string_view json) { return literal(key, json); }
  json_writer& null(std::string_view key) { return literal(key, "null"); }

  /// Closes the object; call once, last.
  std::string finish() {
    close();
    return std::move(out_);
  }

private:
  void name(std::string_view key) {
    if (more_) out_ += ',';
    more_ = true;
    if (key.empty()) return;
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  json_writer& begin(std::string_view key, char bracket) {
    name(key);
    out_ += bracket;
    more_ = false;
    return *this;
  }
  json_writer& end(char bracket) {
    out_ += bracket;
    more_ = true;
    return *this;
  }
  json_writer& literal(std::string_view key, std::string_view value) {
    name(key);
    out_ += value;
    return *this;
  }
  void quote(std::string_view value) {
    constexpr std::string_view hex = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20 || byte == 0x7F) {
        out_ += "\\u00";
        out_ += hex[byte >> 4];
        out_ += hex[byte & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
  bool more_ = false;
};

} // namespace kalends::net
