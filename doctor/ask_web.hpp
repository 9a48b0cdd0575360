// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.hpp"
#include "net/http_client.hpp"

#include <chrono>
#include <stop_token>
#include <string>

namespace kalends::doctor {

/// Asks over HTTP, one thing at a time, each within the limit. Any thread.
class web_questions {
public:
  web_questions(net::http_client& http, net::vendor_endpoints vendors, world outside, std::stop_token stop,
                std::chrono::milliseconds within)
      : http_(http), vendors_(std::move(vendors)), world_(std::move(outside)), stop_(std::move(stop)),
        within_(within) {}

  web_look get(const std::string& url) const;
  web_look post(const std::string& url) const; ///< without a body
  /// What time the host of this URL says it is.
  web_look clock_of(const std::string& url) const;
  /// The consent page, as nobody: it answers with an error at our redirect URI if it knows client and URI.
  web_look consent_of(const installation& i, provider_type t, const oauth_app& app) const;
  /// Shows the token endpoint the client and no code.
  web_look client_of(const installation& i, provider_type t, const oauth_app& app) const;
  /// Nobody knows it beforehand.
  std::string some_word() const;

private:
  web_look ask(net::outgoing_request r) const;

  net::http_client& http_;
  net::vendor_endpoints vendors_;
  world world_;
  std::stop_token stop_;
  std::chrono::milliseconds within_;
};

} // namespace kalends::doctor
