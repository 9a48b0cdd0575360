// SPDX-License-Identifier: Apache-2.0
#include "net/address_rules.hpp"

#include "net/client_call.hpp"

namespace kalends::net {
namespace {

bool is_loopback(const ip_bytes& address) { return kind_of(address) == address_kind::loopback; }

tl::unexpected<error> refuse(const char* code, std::string why) {
  return failure(errc::invalid, code, std::move(why), "url");
}

} // namespace

address_rules webhook_rules(const settings& s) {
  return {is_local(s), read_networks(s.webhook_networks).value_or(std::vector<ip_network>{})};
}

bool may_be_called(const address_rules& rules, std::string_view address, bool tls) {
  const auto bytes = read_ip(address);
  if (!bytes) return false;
  if (rules.loopback && is_loopback(*bytes)) return true;
  return tls && (any_contains(rules.allowed, *bytes) || kind_of(*bytes) == address_kind::open);
}

result<void> check_webhook_url(const address_rules& rules, const std::string& url) {
  const auto read = parse_url(url);
  if (!read) return refuse("webhook_url_malformed", read.error().detail);
  if (url.find('#') != std::string::npos)
    return refuse("webhook_url_malformed", "The URL has a fragment, which is never sent.");
  const auto& to = read->to;
  const auto numeric = read_ip(to.host);
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
