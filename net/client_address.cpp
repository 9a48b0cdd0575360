// SPDX-License-Identifier: Apache-2.0
#include "net/client_address.hpp"

#include "net/http_rules.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace kalends::net {
namespace {

using address_bytes = std::array<unsigned char, 16>;

constexpr unsigned all_bits = 128;
constexpr unsigned mapped_bits = 96; ///< before an IPv4 address

struct parsed_address {
  address_bytes bytes{};
  bool v4 = false;
};

std::optional<parsed_address> parse(std::string_view text) {
  const std::string word(text);
  parsed_address out;
  if (inet_pton(AF_INET6, word.c_str(), out.bytes.data()) == 1) return out;
  out.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  out.v4 = true;
  if (inet_pton(AF_INET, word.c_str(), out.bytes.data() + mapped_bits / 8) == 1) return out;
  return std::nullopt;
}

bool bit(const address_bytes& a, unsigned at) { return (a[at / 8] >> (7 - at % 8) & 1) != 0; }

bool is_separator(char c) { return c == ' ' || c == ',' || c == '\t' || c == '\n'; }

/// Without a port and brackets: "[2001:db8::1]:4711", "192.0.2.7:4711" and the plain ones.
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) return hop.substr(1, std::min(hop.find(']'), hop.size()) - 1);
  const auto colon = hop.find(':');
  return colon != std::string_view::npos && hop.find(':', colon + 1) == std::string_view::npos
             ? hop.substr(0, colon)
             : hop;
}

/// The words of all X-Forwarded-For lines in their order (RFC 9110, 5.3: the same as one line).
std::vector<std::string_view> hops(const header_list& headers) {
  std::vector<std::string_view> all;
  for (const auto& [name, value] : headers) {
    if (!same_name(name, "X-Forwarded-For")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end =
          static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_separator) - rest.begin());
      if (end > 0) all.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return all;
}

} // namespace

bool trusted_proxies::take(std::string_view word, network& into) {
  const auto slash = word.find('/');
  const auto address = parse(word.substr(0, slash));
  if (!address) return false;
  const auto beyond = address->v4 ? mapped_bits : 0;
  into.first = address->bytes;
  into.bits = all_bits;
  if (slash != std::string_view::npos) {
    const auto digits = word.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (wrong != std::errc() || end != digits.data() + digits.size() || bits > all_bits - beyond)
      return false;
    into.bits = bits + beyond;
  }
  for (auto at = into.bits; at < all_bits; ++at)
    if (bit(into.first, at)) return false;
  return true;
}

result<trusted_proxies> trusted_proxies::read(std::string_view text) {
  trusted_proxies out;
  while (!text.empty()) {
    const auto end =
        static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_separator) - text.begin());
    if (end > 0) {
      network n;
      if (!take(text.substr(0, end), n))
        return failure(errc::invalid, "network_unreadable",
                       "\"" + std::string(text.substr(0, end)) +
                           "\" is no address and no network like 10.0.0.0/8.");
      if (out.networks_.size() == limit)
        return failure(errc::invalid, "network_unreadable",
                       "At most " + std::to_string(limit) + " networks can be named.");
      out.networks_.push_back(n);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool trusted_proxies::contain(std::string_view address) const {
  const auto parsed = parse(address);
  return parsed && std::any_of(networks_.begin(), networks_.end(), [&](const network& n) {
           for (unsigned at = 0; at < n.bits; ++at)
             if (bit(n.first, at) != bit(parsed->bytes, at)) return false;
           return true;
         });
}

std::string client_address(const std::string& peer, const header_list& headers,
                           const trusted_proxies& trusted) {
  if (trusted.empty() || !trusted.contain(peer)) return peer;
  const auto all = hops(headers);
  std::string believed = peer;
  for (auto hop = all.rbegin(); hop != all.rend(); ++hop) {
    const auto address = without_port(*hop);
    if (!parse(address)) break;
    believed = address;
    if (!trusted.contain(address)) break;
  }
  return believed;
}

} // namespace kalends::net
