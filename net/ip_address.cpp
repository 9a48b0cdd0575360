// SPDX-License-Identifier: Apache-2.0
#include "net/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <arpa/inet.h>

namespace kalends::net {
namespace {

constexpr int all_bits = 128;
constexpr int mapped_bits = 96; ///< before an IPv4 address

std::optional<ip_network> read_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = read_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int before = text.find(':') == std::string_view::npos ? mapped_bits : 0;
  ip_network out{*address, all_bits};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    int length = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (wrong != std::errc() || end != digits.data() + digits.size() || length < 0 ||
        length > all_bits - before)
      return std::nullopt;
    out.bits = before + length;
  }
  for (int at = out.bits; at < all_bits; ++at)
    if ((out.first[static_cast<std::size_t>(at / 8)] & (0x80U >> (at % 8))) != 0) return std::nullopt;
  return out;
}

struct known_network {
  const char* text;
  address_kind kind;
};

/// The first that fits. 2001::/23 holds Teredo, 2002::/16 is 6to4: they carry addresses of IPv4.
constexpr known_network known[] = {
    {"127.0.0.0/8", address_kind::loopback},
    {"10.0.0.0/8", address_kind::internal},
    {"172.16.0.0/12", address_kind::internal},
    {"192.168.0.0/16", address_kind::internal},
    {"100.64.0.0/10", address_kind::internal},
    {"169.254.0.0/16", address_kind::internal},
    {"0.0.0.0/8", address_kind::reserved},
    {"192.0.0.0/24", address_kind::reserved},
    {"192.0.2.0/24", address_kind::reserved},
    {"192.31.196.0/24", address_kind::reserved},
    {"192.52.193.0/24", address_kind::reserved},
    {"192.88.99.0/24", address_kind::reserved},
    {"192.175.48.0/24", address_kind::reserved},
    {"198.18.0.0/15", address_kind::reserved},
    {"198.51.100.0/24", address_kind::reserved},
    {"203.0.113.0/24", address_kind::reserved},
    {"224.0.0.0/3", address_kind::reserved},
    {"0.0.0.0/0", address_kind::open},
    {"::1", address_kind::loopback},
    {"fc00::/7", address_kind::internal},
    {"fe80::/10", address_kind::internal},
    {"2001::/23", address_kind::reserved},
    {"2001:db8::/32", address_kind::reserved},
    {"2002::/16", address_kind::reserved},
    {"2620:4f:8000::/48", address_kind::reserved},
    {"3fff::/20", address_kind::reserved},
    {"2000::/3", address_kind::open},
};

struct range {
  ip_network network;
  address_kind kind{};
};

const std::vector<range>& ranges() {
  static const auto all = [] {
    std::vector<range> out;
    for (const auto& k : known) out.push_back({read_network(k.text).value(), k.kind});
    return out;
  }();
  return all;
}

} // namespace

std::optional<ip_bytes> read_ip(std::string_view text) {
  const std::string word(text);
  ip_bytes six{};
  if (::inet_pton(AF_INET6, word.c_str(), six.data()) == 1) return six;
  ip_bytes four{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (::inet_pton(AF_INET, word.c_str(), four.data() + mapped_bits / 8) == 1) return four;
  return std::nullopt;
}

bool ip_network::contains(const ip_bytes& address) const noexcept {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - std::min(8, bits - bit)));
    if ((address[at] & mask) != (first[at] & mask)) return false;
  }
  return true;
}

result<std::vector<ip_network>> read_networks(std::string_view text) {
  std::vector<ip_network> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" ,\t\n"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto network = read_network(word);
    if (!network)
      return failure(errc::invalid, "networks_malformed",
                     "\"" + std::string(word) +
                         "\" is no network: they are written like 10.1.0.0/16 or fd00::/8.");
    if (out.size() == networks_limit)
      return failure(errc::invalid, "networks_malformed",
                     "At most " + std::to_string(networks_limit) + " networks can be named.");
    out.push_back(*network);
  }
  return out;
}

bool any_contains(const std::vector<ip_network>& all, const ip_bytes& address) noexcept {
  return std::any_of(all.begin(), all.end(), [&](const ip_network& n) { return n.contains(address); });
}

address_kind kind_of(const ip_bytes& address) noexcept {
  for (const auto& r : ranges())
    if (r.network.contains(address)) return r.kind;
  return address_kind::reserved;
}

address_kind kind_of_address(std::string_view numeric) {
  auto text = numeric.substr(0, numeric.find('%'));
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const auto address = read_ip(text);
  return address ? kind_of(*address) : address_kind::not_an_address;
}

} // namespace kalends::net
