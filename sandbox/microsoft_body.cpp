// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_body.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace kalends::sandbox::microsoft {

namespace {

constexpr std::size_t preview_limit = 255;
constexpr std::string_view meta =
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// The name of the tag that starts at "<": "br", "/p"; empty for comments and the like.
std::string tag_name(std::string_view tag) {
  std::size_t at = 1;
  if (at < tag.size() && tag[at] == '/') ++at;
  while (at < tag.size() && std::isalnum(static_cast<unsigned char>(tag[at])) != 0) ++at;
  return lower(tag.substr(1, at - 1));
}

/// The end (one past) of the tag or comment at `at`.
std::size_t tag_end(std::string_view html, std::size_t at) {
  const bool comment = html.substr(at, 4) == "<!--";
  const auto end = comment ? html.find("-->", at) : html.find('>', at);
  if (end == std::string_view::npos) return html.size();
  return end + (comment ? 3 : 1);
}

/// Behind the closing tag of an element whose content is dropped whole.
std::size_t element_end(std::string_view html, std::size_t at, const std::string& name) {
  const auto close = lower(html.substr(at)).find("</" + name);
  return close == std::string::npos ? html.size() : tag_end(html, at + close);
}

bool unsafe(const std::string& name) {
  constexpr std::array<std::string_view, 7> names{"script", "style", "iframe", "object",
                                                  "embed",  "form",  "title"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The tag without attributes whose names begin with "on" (handlers).
std::string without_handlers(std::string_view tag) {
  std::string out;
  for (std::size_t i = 0; i < tag.size();) {
    const bool starts = i > 0 && std::isspace(static_cast<unsigned char>(tag[i - 1])) != 0;
    if (starts && lower(tag.substr(i, 2)) == "on") {
      i = std::min(tag.find('=', i), tag.size() - 1);
      if (tag[i] == '=') ++i;
      const char quote = i < tag.size() && (tag[i] == '"' || tag[i] == '\'') ? tag[i] : '\0';
      const auto end = quote != '\0' ? tag.find(quote, i + 1) : tag.find_first_of(" \t\r\n>", i);
      i = end == std::string_view::npos ? tag.size() - 1 : end + (quote != '\0' ? 1 : 0);
      continue;
    }
    out += tag[i++];
  }
  return out;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

/// Reads "&amp;", "&#8211;" … at `at`; nothing if it is no entity.
std::optional<std::size_t> entity_at(std::string_view html, std::size_t at, std::string& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names{
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};
  const auto end = html.find(';', at);
  if (end == std::string_view::npos || end - at > 10) return std::nullopt;
  auto name = html.substr(at + 1, end - at - 1);
  for (const auto& [entity, text] : names)
    if (entity == name) {
      out += text;
      return end + 1;
    }
  if (name.empty() || name.front() != '#') return std::nullopt;
  const bool hexadecimal = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  name.remove_prefix(hexadecimal ? 2 : 1);
  std::uint32_t c = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), c, hexadecimal ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != name.data() + name.size() || c == 0 || c > 0x10FFFF)
    return std::nullopt;
  append_utf8(out, c);
  return end + 1;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

bool ends_line(const std::string& tag) {
  constexpr std::array<std::string_view, 9> names{"br",  "/p",  "/div", "/li", "/tr",
                                                  "/h1", "/h2", "/h3",  "/ul"};
  return std::find(names.begin(), names.end(), tag) != names.end();
}

} // namespace

std::string html_from_text(std::string_view text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r') continue;
    if (c == '\n')
      lines += "<br>\r\n";
    else if (c == '&')
      lines += "&amp;";
    else if (c == '<')
      lines += "&lt;";
    else if (c == '>')
      lines += "&gt;";
    else if (c == ' ' && i + 1 < text.size() && text[i + 1] == ' ')
      lines += "&nbsp;";
    else
      lines += c;
  }
  if (lines.empty()) lines = "&nbsp;";
  return "<html>\r\n<head>\r\n" + std::string(meta) +
         "<meta name=\"Generator\" content=\"Microsoft Exchange Server\">\r\n<!-- converted from text -->\r\n"
         "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } "
         "--></style>\r\n"
         "</head>\r\n<body>\r\n<font size=\"2\"><span style=\"font-size:11pt;\"><div class=\"PlainText\">" +
         lines + "</div>\r\n</span></font>\r\n</body>\r\n</html>\r\n";
}

std::string sanitise_html(std::string_view html) {
  std::string out;
  for (std::size_t i = 0; i < html.size();) {
    if (html[i] != '<') {
      out += html[i++];
      continue;
    }
    const auto end = tag_end(html, i);
    const auto tag = html.substr(i, end - i);
    const auto name = tag_name(tag);
    if (unsafe(name)) {
      i = element_end(html, end, name);
      continue;
    }
    if (!name.empty() && name != "meta") out += without_handlers(tag);
    i = end;
  }
  if (lower(out).find("<html") != std::string::npos) {
    const auto head = lower(out).find("<head>");
    if (head != std::string::npos) out.insert(head + 6, "\r\n" + std::string(meta));
    return out;
  }
  return "<html><head>\r\n" + std::string(meta) + "</head>\r\n<body>\r\n" + out +
         "\r\n</body>\r\n</html>\r\n";
}

std::string text_from_html(std::string_view html) {
  std::string out;
  for (std::size_t i = 0; i < html.size();) {
    if (html[i] == '<') {
      const auto end = tag_end(html, i);
      const auto name = tag_name(html.substr(i, end - i));
      if (ends_line(name)) out += "\r\n";
      i = unsafe(name) ? element_end(html, end, name) : end;
      continue;
    }
    if (html[i] == '&')
      if (auto next = entity_at(html, i, out)) {
        i = *next;
        continue;
      }
    // Line breaks of the source are blanks, and none behind a break that stands already.
    if (html[i] == '\r' || html[i] == '\n') {
      if (!out.empty() && out.back() != '\n' && out.back() != ' ') out += ' ';
      ++i;
      continue;
    }
    out += html[i++];
  }
  const auto text = trimmed(out);
  return text.empty() ? text : text + "\r\n";
}

std::string preview_of(std::string_view text) {
  auto out = trimmed(text);
  if (out.size() <= preview_limit) return out;
  auto cut = preview_limit;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0U) == 0x80U) --cut;
  out.resize(cut);
  return out;
}

} // namespace kalends::sandbox::microsoft
