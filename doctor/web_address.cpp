// SPDX-License-Identifier: Apache-2.0
#include "doctor/web_address.hpp"

#include "net/host_probe.hpp"

#include <algorithm>
#include <charconv>

namespace kalends::doctor {

namespace {

bool read_port(std::string_view text, std::uint16_t& into) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failed == std::errc() && end == text.data() + text.size() && into != 0;
}

} // namespace

std::string web_address::origin() const {
  const bool brackets = host.find(':') != std::string::npos;
  auto text = std::string(https ? "https://" : "http://") + (brackets ? "[" + host + "]" : host);
  if (port != (https ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

bool web_address::loopback() const {
  return host == "localhost" || host.ends_with(".localhost") ||
         net::kind_of_address(host) == net::address_kind::loopback;
}

std::optional<web_address> read_web_address(std::string_view url) {
  web_address out;
  if (url.starts_with("https://"))
    out.https = true;
  else if (!url.starts_with("http://"))
    return std::nullopt;
  url.remove_prefix(out.https ? 8 : 7);
  auto authority = url.substr(0, url.find_first_of("/?#"));
  auto rest = url.substr(authority.size());
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    out.has_extras = true;
    authority.remove_prefix(at + 1);
  }
  const auto cut = rest.find_first_of("?#");
  out.has_extras = out.has_extras || cut != std::string_view::npos;
  out.path = std::string(rest.substr(0, cut));
  out.port = out.https ? 443 : 80;
  auto host = authority;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && (authority.front() != ':' || !read_port(authority.substr(1), out.port)))
      return std::nullopt;
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    if (!read_port(authority.substr(colon + 1), out.port)) return std::nullopt;
  }
  if (host.empty() || host.find_first_of(" \t\"<>\\") != std::string_view::npos) return std::nullopt;
  out.host = std::string(host);
  std::transform(out.host.begin(), out.host.end(), out.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool on_loopback(std::string_view url) {
  const auto a = read_web_address(url);
  return a && a->loopback();
}

} // namespace kalends::doctor
