// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/ip_address.hpp"
#include "schema/result.hpp"
#include "schema/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Which addresses a customer's URL may lead to. A tenant names the URL of its webhook endpoint, and we stand
/// inside a network: without these rules it could have us call whatever is beside us.
namespace kalends::net {

struct address_rules {
  bool loopback = false;           ///< this machine itself, also without TLS
  std::vector<ip_network> allowed; ///< networks of the operator's own, though they are not public
};

/// What an installation allows: its own networks, and its own machine if it is somebody's machine.
address_rules webhook_rules(const settings& s);

/// Whether `address`, as a text without a name, may be connected to. What is not certainly a public unicast
/// address is not: private, shared, link-local (and so the metadata services of clouds), documentation,
/// benchmark, multicast and reserved ranges, and forms of IPv6 that carry an IPv4 address of these.
bool may_be_called(const address_rules& rules, std::string_view address, bool tls);

/// A webhook endpoint's URL as far as it can be judged without asking a name server: absolute, https (http to
/// this machine only), no user information, no fragment, no address that is refused. Errors invalid
/// `webhook_url_malformed`, `webhook_url_insecure`, `webhook_address_refused`, with field "url".
result<void> check_webhook_url(const address_rules& rules, const std::string& url);

} // namespace kalends::net
