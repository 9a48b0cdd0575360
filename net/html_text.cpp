// SPDX-License-Identifier: Apache-2.0
#include "net/html_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace kalends::net {
namespace {

constexpr std::size_t longest_name = 12; ///< of the elements and references that mean something here

constexpr std::array references = {
    std::pair{std::string_view("amp"), char32_t('&')},
    std::pair{std::string_view("lt"), char32_t('<')},
    std::pair{std::string_view("gt"), char32_t('>')},
    std::pair{std::string_view("quot"), char32_t('"')},
    std::pair{std::string_view("apos"), char32_t('\'')},
    std::pair{std::string_view("nbsp"), char32_t(' ')},
    std::pair{std::string_view("ndash"), char32_t(0x2013)},
    std::pair{std::string_view("mdash"), char32_t(0x2014)},
    std::pair{std::string_view("hellip"), char32_t(0x2026)},
    std::pair{std::string_view("bull"), char32_t(0x2022)},
    std::pair{std::string_view("euro"), char32_t(0x20AC)},
    std::pair{std::string_view("copy"), char32_t(0xA9)},
    std::pair{std::string_view("auml"), char32_t(0xE4)},
    std::pair{std::string_view("ouml"), char32_t(0xF6)},
    std::pair{std::string_view("uuml"), char32_t(0xFC)},
    std::pair{std::string_view("szlig"), char32_t(0xDF)},
    std::pair{std::string_view("Auml"), char32_t(0xC4)},
    std::pair{std::string_view("Ouml"), char32_t(0xD6)},
    std::pair{std::string_view("Uuml"), char32_t(0xDC)},
};
constexpr std::array<std::string_view, 12> lines = {"p",  "div", "li", "tr", "h1",    "h2",
                                                    "h3", "h4",  "ul", "ol", "table", "blockquote"};
constexpr std::array<std::string_view, 4> unseen = {"head", "style", "script", "title"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

template <class List>
bool holds(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

void append(std::string& out, char32_t c) {
  const auto byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
  const auto u = static_cast<std::uint32_t>(c);
  if (u < 0x80) {
    byte(u);
  } else if (u < 0x800) {
    byte(0xC0 | u >> 6);
    byte(0x80 | (u & 0x3F));
  } else if (u < 0x10000) {
    byte(0xE0 | u >> 12);
    byte(0x80 | (u >> 6 & 0x3F));
    byte(0x80 | (u & 0x3F));
  } else {
    byte(0xF0 | u >> 18);
    byte(0x80 | (u >> 12 & 0x3F));
    byte(0x80 | (u >> 6 & 0x3F));
    byte(0x80 | (u & 0x3F));
  }
}

/// The character of "amp", "#8364", "#x20AC"; nothing if it is none.
std::optional<char32_t> character_of(std::string_view name) {
  if (name.empty() || name.front() != '#') {
    const auto found =
        std::find_if(references.begin(), references.end(), [&](const auto& r) { return r.first == name; });
    return found == references.end() ? std::nullopt : std::optional(found->second);
  }
  const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  const auto digits = name.substr(hex ? 2 : 1);
  std::uint32_t value = 0;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  const bool whole = failed == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  if (!whole || value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
  return value == 0xA0 ? U' ' : static_cast<char32_t>(value);
}

class reader {
public:
  explicit reader(std::string_view html) : rest_(html) { out_.reserve(html.size() / 2); }

  std::string read() {
    while (!rest_.empty()) {
      if (rest_.front() == '<')
        tag();
      else if (rest_.front() == '&')
        reference();
      else
        plain();
    }
    while (!out_.empty() && (out_.back() == '\n' || out_.back() == ' ')) out_.pop_back();
    return std::move(out_);
  }

private:
  void plain() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (is_space(c))
      space_ = true;
    else
      say({&c, 1});
  }

  /// White space counts once, and not at the ends of a line.
  void say(std::string_view text) {
    if (space_ && !out_.empty() && out_.back() != '\n') out_ += ' ';
    space_ = false;
    out_ += text;
  }

  /// A block begins on a line of its own; a break is a break.
  void new_line(bool always) {
    space_ = false;
    if (always || (!out_.empty() && out_.back() != '\n')) out_ += '\n';
  }

  void reference() {
    const auto end = rest_.substr(0, longest_name).find(';');
    const auto c = end == std::string_view::npos ? std::nullopt : character_of(rest_.substr(1, end - 1));
    if (!c) {
      rest_.remove_prefix(1);
      return say("&");
    }
    rest_.remove_prefix(end + 1);
    if (*c == U' ' || (*c < 0x80 && is_space(static_cast<char>(*c)))) {
      space_ = true;
      return;
    }
    std::string text;
    append(text, *c);
    say(text);
  }

  void skip_past(std::string_view mark) {
    const auto at = rest_.find(mark);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + mark.size());
  }

  void tag() {
    if (rest_.substr(0, 4) == "<!--") return skip_past("-->");
    const bool closes = rest_.size() > 1 && rest_[1] == '/';
    const auto begin = closes ? 2U : 1U;
    auto end = std::size_t(begin);
    while (end < rest_.size() && end < begin + longest_name &&
           ((rest_[end] | 0x20) >= 'a' ? (rest_[end] | 0x20) <= 'z' : rest_[end] >= '0' && rest_[end] <= '9'))
      ++end;
    const bool declares = begin < rest_.size() && (rest_[begin] == '!' || rest_[begin] == '?');
    if (end == begin && !declares) {
      rest_.remove_prefix(1);
      return say("<"); // no tag: somebody wrote "a < b"
    }
    const auto name = lower(rest_.substr(begin, end - begin));
    skip_past(">");
    if (!closes && holds(unseen, name)) return skip_element(name);
    if (name == "br") return new_line(true);
    if (holds(lines, name)) new_line(false);
    if (name == "td" || name == "th") space_ = true;
  }

  /// To the end of an element whose content nobody sees; to the end of all if it is never closed.
  void skip_element(const std::string& name) {
    const auto mark = "</" + name;
    while (!rest_.empty()) {
      const auto at = rest_.find("</");
      if (at == std::string_view::npos) {
        rest_ = {};
        return;
      }
      rest_.remove_prefix(at);
      if (lower(rest_.substr(0, mark.size())) == mark) return skip_past(">");
      rest_.remove_prefix(2);
    }
  }

  std::string_view rest_;
  std::string out_;
  bool space_ = false; ///< white space that nothing followed yet
};

} // namespace

std::optional<std::string> text_of_html(std::string_view html) {
  if (html.size() > html_limit) return std::nullopt;
  return reader(html).read();
}

} // namespace kalends::net
