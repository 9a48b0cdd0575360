// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/result.hpp"

#include <string>
#include <string_view>

/// The few pages that a person sees on the way to a connected calendar. No script, no secret, nothing from
/// outside.
namespace kalends::api {

net::http_response connected_page(std::string_view account);
/// The failure for a person, with its stable code to quote; the status is the failure's own.
net::http_response failure_page(const error& e);

/// The value of one cookie of a Cookie header (RFC 6265 4.2); empty if it is not there.
std::string_view read_cookie(std::string_view header, std::string_view name);

/// Where the browser may be sent in the end: a path of our own, or an address of our own origin. Empty if it
/// may not.
std::string own_address(const std::string& public_url, const std::string& wanted);

} // namespace kalends::api
