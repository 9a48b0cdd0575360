// SPDX-License-Identifier: Apache-2.0
#include "net/client_call.hpp"

#include "net/http_rules.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace kalends::net {
namespace {

constexpr std::size_t longest_host = 253; // RFC 1035 section 2.3.4

bool token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), token_char);
}

bool stays_on_its_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool written_by_client(std::string_view name) {
  return same_name(name, "Host") || same_name(name, "Content-Length") ||
         same_name(name, "Transfer-Encoding") || same_name(name, "Connection");
}

tl::unexpected<error> bad_url(const char* why) { return failure(errc::invalid, "bad_url", why); }

bool split_authority(std::string_view authority, origin& to) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return false;
    to.host.assign(authority.substr(1, end - 1));
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority.front() != ':') return false;
    if (!authority.empty()) port = authority.substr(1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    to.host.assign(authority.substr(0, colon));
    if (colon < authority.size()) port = authority.substr(colon + 1);
  }
  std::transform(to.host.begin(), to.host.end(), to.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  to.port = to.tls ? 443 : 80;
  if (port.empty()) return true;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), to.port);
  return ec == std::errc() && end == port.data() + port.size() && to.port != 0;
}

} // namespace

std::string origin::authority() const {
  auto out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string origin::text() const {
  return (tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

result<target_url> parse_url(const std::string& url) {
  target_url out;
  std::string_view rest = url;
  const auto scheme = rest.find("://");
  if (scheme == std::string_view::npos) return bad_url("The URL is not absolute.");
  out.to.tls = same_name(rest.substr(0, scheme), "https");
  if (!out.to.tls && !same_name(rest.substr(0, scheme), "http"))
    return bad_url("The URL is neither http nor https.");
  rest.remove_prefix(scheme + 3);
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return bad_url("The URL holds user information.");
  if (!split_authority(authority, out.to)) return bad_url("The URL's host or port cannot be read.");
  if (out.to.host.empty() || out.to.host.size() > longest_host)
    return bad_url("The URL's host is missing or too long.");
  rest.remove_prefix(end);
  rest = rest.substr(0, rest.find('#'));
  const auto unfit = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 127;
  };
  if (std::any_of(url.begin(), url.end(), unfit))
    return bad_url("The URL holds characters that must be encoded.");
  if (!rest.starts_with('/')) out.target = "/";
  out.target += rest;
  return out;
}

result<std::string> write_request(const outgoing_request& request, const target_url& url) {
  if (!is_token(request.method)) return failure(errc::invalid, "bad_request", "The method is not a token.");
  std::string out;
  out.reserve(512 + request.body.size());
  out += request.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.to.authority() + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !stays_on_its_line(value))
      return failure(errc::invalid, "bad_request", "A header field cannot be sent.");
    if (written_by_client(name)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  // Google compresses only for agents that say "gzip" here too.
  if (find_header(request.headers, "User-Agent").empty()) out += "User-Agent: kalends (gzip)\r\n";
  if (find_header(request.headers, "Accept-Encoding").empty()) out += "Accept-Encoding: gzip\r\n";
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                        request.method == "PATCH";
  if (has_body) out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  out += "\r\n";
  out += request.body;
  return out;
}

} // namespace kalends::net
