// SPDX-License-Identifier: Apache-2.0
#include "net/client_address.hpp"

#include "net/http_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kalends::net {
namespace {

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

std::string client_address(const std::string& peer, const header_list& headers,
                           const std::vector<ip_network>& trusted) {
  const auto speaks_for_others = [&](std::string_view address) {
    const auto bytes = read_ip(address);
    return bytes && any_contains(trusted, *bytes);
  };
  if (!speaks_for_others(peer)) return peer;
  const auto all = hops(headers);
  std::string believed = peer;
  for (auto hop = all.rbegin(); hop != all.rend(); ++hop) {
    const auto address = without_port(*hop);
    if (!read_ip(address)) break;
    believed = address;
    if (!speaks_for_others(address)) break;
  }
  return believed;
}

} // namespace kalends::net
