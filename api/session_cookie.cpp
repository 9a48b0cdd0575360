// SPDX-License-Identifier: Apache-2.0
#include "api/session_cookie.hpp"

#include "api/connect_pages.hpp"
#include "api/tickets.hpp"
#include "net/crypto.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

/// "https://host:port" of an address.
std::string_view origin_of(std::string_view url) {
  const auto host = url.find("://");
  if (host == std::string_view::npos) return {};
  return url.substr(0, url.find('/', host + 3));
}

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

std::string_view session_token(const net::http_request& r) {
  const auto value = read_cookie(net::find_header(r.headers, "Cookie"), session_cookie_name);
  return tenant_of_session(value) ? value : std::string_view();
}

std::string session_cookie(std::string_view token) {
  return std::string(session_cookie_name) + "=" + std::string(token) +
         "; Path=/; Secure; HttpOnly; SameSite=Lax";
}

std::string expired_session_cookie() {
  return std::string(session_cookie_name) + "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
}

std::string csrf_token_of(std::string_view token) {
  return net::base64url(net::sha256("kalends csrf\n" + std::string(token)));
}

std::string proof_of(std::string_view token, std::string_view admin_key) {
  return net::sha256("kalends admin key\n" + std::string(token) + "\n" + std::string(admin_key));
}

bool comes_from_here(const call& c) {
  const auto said = net::find_header(c.request.headers, "Origin");
  return said.empty() || equal_without_case(said, origin_of(c.with().configured.public_url));
}

bool proves_intent(const call& c, std::string_view token) {
  return comes_from_here(c) && net::equal_in_constant_time(
                                   net::find_header(c.request.headers, "X-CSRF-Token"), csrf_token_of(token));
}

error csrf_failed() {
  return {errc::forbidden,
          "csrf_failed",
          "A change needs the session's csrf_token as X-CSRF-Token, and comes from our own pages.",
          {},
          {}};
}

bool is_alive(const session& s, const settings& configured, instant now) {
  return now < s.expires_at && now - s.last_seen_at < configured.session_idle;
}

instant idle_end(const session& s, const settings& configured, instant now) {
  const auto seen = now - s.last_seen_at < session_seen_interval ? s.last_seen_at : now;
  return std::min(instant(seen + configured.session_idle), s.expires_at);
}

} // namespace kalends::api
