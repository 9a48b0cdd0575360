// SPDX-License-Identifier: Apache-2.0
#include "net/mail_message.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace kalends::net {
namespace {

constexpr std::size_t longest_line = 76;   ///< RFC 2045: without the CRLF
constexpr std::size_t longest_word = 75;   ///< RFC 2047: an encoded word with all that is around it
constexpr std::size_t longest_header = 70; ///< of text that needs no encoding, on the line of its name
constexpr std::size_t longest_address = 254;
constexpr char digits[] = "0123456789ABCDEF";
constexpr std::string_view word_begin = "=?UTF-8?Q?", word_end = "?=";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// Bytes of the character that begins with `c`.
std::size_t length_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// In RFC 2047's "Q": what may stand for itself in any header.
bool plain_in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '!' ||
         c == '*' || c == '/' || c == '+';
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return out;
}

/// "Tue, 01 Dec 2026 08:00:00 +0000"
std::string write_date(instant t) {
  using namespace std::chrono;
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(t);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(t - day));
  std::array<char, 64> text{};
  const int n = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000", days[weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(n));
}

void add_part(std::string& out, const std::string& boundary, const char* type, std::string_view body) {
  out += "--" + boundary + "\r\nContent-Type: " + type +
         "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(body) +
         "\r\n";
}

} // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (text.size() > longest_address || at == std::string_view::npos || at == 0 || at + 1 == text.size())
    return false;
  constexpr std::string_view structural = "\"(),:;<>[\\]@";
  const auto sound = [&](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [&](char c) {
      return c > ' ' && c < 0x7f && structural.find(c) == std::string_view::npos;
    });
  };
  return sound(text.substr(0, at)) && sound(text.substr(at + 1)) && text.front() != '-';
}

std::string encode_header(std::string_view given) {
  const auto text = without_controls(given);
  const bool plain = text.size() <= longest_header && text.find("=?") == std::string::npos &&
                     std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (plain) return text;
  std::string out, word;
  const auto close = [&] {
    if (!out.empty()) out += "\r\n ";
    out.append(word_begin).append(word).append(word_end);
    word.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    // A character is never parted: each word is decoded by itself.
    const auto bytes = std::min(length_of(text[i]), text.size() - i);
    std::string piece;
    for (std::size_t b = 0; b < bytes; ++b) {
      const char c = text[i + b];
      if (c == ' ')
        piece += '_';
      else if (plain_in_word(c))
        piece += c;
      else
        append_escaped(piece, c);
    }
    if (word_begin.size() + word.size() + piece.size() + word_end.size() > longest_word) close();
    word += piece;
    i += bytes;
  }
  close();
  return out;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool line_ends = i + 1 == text.size() || text[i + 1] == '\n';
    const bool itself = (c > ' ' && c < 0x7f && c != '=') || (c == ' ' && !line_ends);
    const std::size_t width = itself ? 1 : 3;
    if (column + width > longest_line - (line_ends ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    if (itself)
      out += c;
    else
      append_escaped(out, c);
    column += width;
  }
  return out;
}

result<std::string> compose(const mail_message& m) {
  if (!is_mail_address(m.from) || !is_mail_address(m.to) || !is_mail_address(m.id + "@x"))
    return failure(errc::invalid, "malformed_address", "An address is name@host, in ASCII.");
  // No text of ours can hold it: a line that begins with "--=_" would be written "--=3D_".
  const auto boundary = "=_" + m.id;
  std::string out = "Date: " + write_date(m.date) + "\r\n";
  out += "From: " + encode_header(m.from_name) + "\r\n <" + m.from + ">\r\n";
  out += "To: <" + m.to + ">\r\n";
  out += "Subject: " + encode_header(m.subject) + "\r\n";
  out += "Message-ID: <" + m.id + m.from.substr(m.from.rfind('@')) + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  add_part(out, boundary, "text/plain", m.text);
  add_part(out, boundary, "text/html", m.html);
  out += "--" + boundary + "--\r\n";
  return out;
}

} // namespace kalends::net
