// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/result.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// The networks of proxies that say truly for whom they ask. Empty: nobody is believed.
class trusted_proxies {
public:
  static constexpr std::size_t limit = 64;

  /// Addresses and networks (10.0.0.0/8, fd00::/8, 192.0.2.7), parted by blanks or commas; bits beyond a
  /// network's length must be zero. Fails with `network_unreadable`.
  static result<trusted_proxies> read(std::string_view text);

  bool empty() const noexcept { return networks_.empty(); }
  bool contain(std::string_view address) const;

private:
  /// IPv4 as the IPv6 addresses that map it (RFC 4291, 2.5.5.2).
  struct network {
    std::array<unsigned char, 16> first{};
    unsigned bits = 128;
  };
  static bool take(std::string_view word, network& into);

  std::vector<network> networks_;
};

/// Who asked. `peer` is whoever is connected; when it is a trusted proxy, the last address of X-Forwarded-For
/// that is none. What stands left of that, the asker may have written itself. An entry that is no address
/// ends the search: then the last one that was believed.
std::string client_address(const std::string& peer, const header_list& headers,
                           const trusted_proxies& trusted);

} // namespace kalends::net
