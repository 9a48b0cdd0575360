// SPDX-License-Identifier: Apache-2.0
#include "api/connect_pages.hpp"

#include "api/problem.hpp"
#include "net/html_escape.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

net::http_response page(int status, std::string_view title, std::string_view text, std::string_view code) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" "
                     "content=\"noindex\"><title>";
  html +=
      net::escape_html(title) + "</title></head>\n<body>\n<main>\n<h1>" + net::escape_html(title) + "</h1>\n";
  html += "<p>" + net::escape_html(text) + "</p>\n";
  if (!code.empty()) html += "<p><small>Code: <code>" + net::escape_html(code) + "</code></small></p>\n";
  html += "</main>\n</body>\n</html>\n";
  return {status,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"Content-Security-Policy",
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}},
          std::move(html)};
}

std::string_view title_of(const error& e) {
  for (const auto& p : known_problems())
    if (p.code == e.code) return p.title;
  return "The calendar could not be connected";
}

} // namespace

net::http_response connected_page(std::string_view account) {
  return page(200, "The calendar is connected",
              "The calendar of " + std::string(account) + " is now kept in step. You can close this window.",
              {});
}

net::http_response failure_page(const error& e) { return page(status_of(e), title_of(e), e.detail, e.code); }

std::string_view read_cookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    auto pair = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(pair.size() + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string own_address(const std::string& public_url, const std::string& wanted) {
  // A backslash or a control character may read as "/" or vanish in a browser, and so leave our origin.
  const bool plain = std::all_of(wanted.begin(), wanted.end(),
                                 [](unsigned char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  if (wanted.empty() || !plain || public_url.empty()) return {};
  if (wanted.front() == '/') return wanted.starts_with("//") ? std::string() : public_url + wanted;
  if (!wanted.starts_with(public_url)) return {};
  const auto rest = wanted.substr(public_url.size());
  return rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#' ? wanted
                                                                                           : std::string();
}

} // namespace kalends::api
