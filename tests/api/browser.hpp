// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/api/served_api.hpp"

namespace kalends::api {

/// A browser that signed in, or did not.
struct browser {
  std::string cookie; ///< "__Host-kalends=…"
  std::string csrf;
  boost::json::object session;
};

/// The API with browsers in front of it.
class signed_in_api : public served_api {
protected:
  /// Asks POST /v1/session.
  net::http_response sign_in(const boost::json::object& with, net::header_list more = {}) {
    return ask("", "POST", "/v1/session", boost::json::serialize(with), std::move(more));
  }
  static browser browser_of(const net::http_response& r) {
    browser b;
    b.session = body_of(r);
    b.csrf = b.session.at("csrf_token").as_string().c_str();
    const auto set = header_of(r, "Set-Cookie");
    b.cookie = set.substr(0, set.find(';'));
    return b;
  }
  browser open_browser(const boost::json::object& with) { return browser_of(sign_in(with)); }
  static std::string token_of(const net::http_response& link) {
    const std::string url = body_of(link).at("url").as_string().c_str();
    return url.substr(url.find('#') + 1);
  }
  browser open_by_link(const tenant_keys& t, const boost::json::object& wish) {
    return open_browser(
        {{"link", token_of(ask(t.admin, "POST", "/v1/sign-in-links", boost::json::serialize(wish)))}});
  }
  browser person(const tenant_keys& t, const std::string& user) {
    return open_by_link(t, {{"user_id", user}});
  }
  /// Asks as one of our pages does.
  net::http_response by(const browser& b, const std::string& method, const std::string& target,
                        const std::string& body = {}, net::header_list more = {}) {
    more.emplace_back("Cookie", b.cookie);
    if (method != "GET") more.emplace_back("X-CSRF-Token", b.csrf);
    return ask("", method, target, body, std::move(more));
  }
};

} // namespace kalends::api
