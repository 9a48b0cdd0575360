// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Addresses and networks as people and peers write them, of both families, and who can reach them.
namespace kalends::net {

/// IPv4 in its mapped form (RFC 4291, 2.5.5.2), so that there is one kind of address.
using ip_bytes = std::array<std::uint8_t, 16>;

/// Nothing unless it is a numeric address, without port, brackets or zone.
std::optional<ip_bytes> read_ip(std::string_view text);

struct ip_network {
  ip_bytes first{};
  int bits = 128; ///< of the mapped form
  bool contains(const ip_bytes& address) const noexcept;
};

/// How many networks a setting may name.
inline constexpr std::size_t networks_limit = 64;

/// "10.1.0.0/16 fd00::/8, 192.0.2.7", parted by blanks or commas; what lies behind a network's length is
/// zero. Error invalid `networks_malformed`.
result<std::vector<ip_network>> read_networks(std::string_view text);

/// Whether one of them does.
bool any_contains(const std::vector<ip_network>& all, const ip_bytes& address) noexcept;

/// Who can reach an address: this machine, a network of somebody's own, nobody (or it is not certain that
/// anybody can), everybody.
enum class address_kind { loopback, internal, reserved, open, not_an_address };

/// Of what is certainly no public unicast address none is `open`. RFC 6890 and IANA's special-purpose
/// registries.
address_kind kind_of(const ip_bytes& address) noexcept;
/// The same of a text; brackets and a zone (fe80::1%eth0) are passed over.
address_kind kind_of_address(std::string_view numeric);

} // namespace kalends::net
