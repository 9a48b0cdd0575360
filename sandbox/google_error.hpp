// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace kalends::sandbox::google {

/// The classic error form of the Calendar API.
/// https://developers.google.com/workspace/calendar/api/guides/errors
struct api_error {
  int status = 400;
  std::string reason;
  std::string message;
  std::string domain = "global";
  std::string location_type = {};
  std::string location = {};
};

net::http_response answer(const api_error& e);

/// The front end's form, with `status` and ErrorInfo: credentials and scopes.
net::http_response invalid_credentials();
net::http_response missing_credentials();
net::http_response missing_scope(std::string_view method);

/// The body that belongs to a reason ("rateLimitExceeded", "fullSyncRequired", …). Unknown reasons are
/// `status` (or 400) with the reason as message.
net::http_response standard_error(std::string_view reason, int status);

/// Lets a deep check refuse a request; caught where the routes are made, never leaves the Google half.
struct refusal : std::runtime_error {
  explicit refusal(api_error e) : std::runtime_error(e.message), what_to_say(std::move(e)) {}
  api_error what_to_say;
};

[[noreturn]] void refuse(int status, std::string reason, std::string message);
[[noreturn]] void refuse_invalid(std::string message); ///< 400 `invalid`
[[noreturn]] void refuse_not_found();

} // namespace kalends::sandbox::google
