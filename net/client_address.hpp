// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "net/ip_address.hpp"

#include <string>
#include <vector>

namespace kalends::net {

/// Who asked. `peer` is whoever is connected; when it is in one of the networks of `trusted` proxies, the
/// last address of X-Forwarded-For that is in none. What stands left of that, the asker may have written
/// itself. An entry that is no address ends the search: then the last one that was believed. Without
/// `trusted` nobody is.
std::string client_address(const std::string& peer, const header_list& headers,
                           const std::vector<ip_network>& trusted);

} // namespace kalends::net
