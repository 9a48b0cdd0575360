// SPDX-License-Identifier: Apache-2.0
#include "net/address_rules.hpp"

#include "net/client_call.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

namespace kalends::net {
namespace ip = boost::asio::ip;
namespace {

using address_bytes = std::array<std::uint8_t, 16>;

/// IPv4 in its mapped form, so that there is one kind of address.
std::optional<address_bytes> bytes_of(std::string_view text) {
  boost::system::error_code failed;
  // A zone ("fe80::1%eth0") names an interface of ours: never of use outside.
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  const auto address = ip::make_address(std::string(text), failed);
  if (failed) return std::nullopt;
  const auto v6 = address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
  address_bytes out{};
  const auto raw = v6.to_bytes();
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

bool lies_in(const address_bytes& address, const address_range& range) {
  for (int bit = 0; bit < range.length; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int left = std::min(8, range.length - bit);
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - left));
    if ((address[at] & mask) != (range.bits[at] & mask)) return false;
  }
  return true;
}

std::optional<address_range> read_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto bytes = bytes_of(text.substr(0, slash));
  if (!bytes) return std::nullopt;
  const bool v4 = text.find(':') == std::string_view::npos;
  const int most = v4 ? 32 : 128;
  int length = most;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (ec != std::errc() || end != digits.data() + digits.size() || length < 0 || length > most)
      return std::nullopt;
  }
  return address_range{*bytes, v4 ? length + 96 : length};
}

std::vector<address_range> ranges(std::initializer_list<std::string_view> texts) {
  std::vector<address_range> out;
  for (const auto text : texts) out.push_back(read_range(text).value());
  return out;
}

/// IANA's special-purpose registries (RFC 6890 and its updates), and multicast.
const std::vector<address_range>& closed_v4() {
  static const auto all = ranges({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                                  "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
                                  "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
                                  "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"});
  return all;
}
/// Within 2000::/3, outside of which nothing is public: Teredo and other special uses, documentation, 6to4.
const std::vector<address_range>& closed_v6() {
  static const auto all =
      ranges({"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"});
  return all;
}
const address_range& global_v6() {
  static const auto range = read_range("2000::/3").value();
  return range;
}
const address_range& mapped_v4() {
  static const auto range = read_range("::ffff:0:0/96").value();
  return range;
}

bool in_any(const address_bytes& address, const std::vector<address_range>& all) {
  return std::any_of(all.begin(), all.end(), [&](const auto& r) { return lies_in(address, r); });
}

bool is_public(const address_bytes& address) {
  if (lies_in(address, mapped_v4())) return !in_any(address, closed_v4());
  return lies_in(address, global_v6()) && !in_any(address, closed_v6());
}

bool is_loopback(const address_bytes& address) {
  static const auto own = ranges({"127.0.0.0/8", "::1/128"});
  return in_any(address, own);
}

tl::unexpected<error> refuse(const char* code, std::string why) {
  return failure(errc::invalid, code, std::move(why), "url");
}

} // namespace

result<std::vector<address_range>> read_networks(std::string_view text) {
  std::vector<address_range> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" ,"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto range = read_range(word);
    if (!range)
      return failure(errc::invalid, "networks_malformed",
                     "Networks are written like 10.1.0.0/16 or fd00::/8.");
    out.push_back(*range);
  }
  return out;
}

address_rules webhook_rules(const settings& s) {
  return {is_local(s), read_networks(s.webhook_networks).value_or(std::vector<address_range>{})};
}

bool may_be_called(const address_rules& rules, std::string_view address, bool tls) {
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  if (rules.loopback && is_loopback(*bytes)) return true;
  return tls && (in_any(*bytes, rules.allowed) || is_public(*bytes));
}

result<void> check_webhook_url(const address_rules& rules, const std::string& url) {
  const auto read = parse_url(url);
  if (!read) return refuse("webhook_url_malformed", read.error().detail);
  if (url.find('#') != std::string::npos)
    return refuse("webhook_url_malformed", "The URL has a fragment, which is never sent.");
  const auto& to = read->to;
  const auto numeric = bytes_of(to.host);
  const bool own =
      to.host == "localhost" || to.host.ends_with(".localhost") || (numeric && is_loopback(*numeric));
  if (own && !rules.loopback)
    return refuse(
        "webhook_address_refused",
        "This server does not send to its own machine. Give an address that is reachable from outside.");
  if (!to.tls && !own)
    return refuse("webhook_url_insecure", "Facts are sent over https only. Begin the URL with https://.");
  if (numeric && !may_be_called(rules, to.host, to.tls))
    return refuse(
        "webhook_address_refused",
        "This address is not on the public internet. The installation's operator can allow its network "
        "(KALENDS_WEBHOOK_NETWORKS).");
  return {};
}

} // namespace kalends::net
