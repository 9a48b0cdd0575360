// SPDX-License-Identifier: Apache-2.0
#include "schema/settings.hpp"

#include <string_view>

namespace kalends {
namespace {

/// Of an absolute URL, without port and brackets.
std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return url.substr(1, url.find(']') - 1);
  return url.substr(0, url.find(':'));
}

bool is_loopback(std::string_view host) {
  return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

} // namespace

bool is_local(const settings& s) {
  return is_loopback(s.listen_address) && is_loopback(host_of(s.public_url));
}

std::string redirect_uri(const settings& s, provider_type type) {
  return s.public_url +
         (type == provider_type::google ? "/oauth/google/callback" : "/oauth/microsoft/callback");
}

std::string pubsub_push_endpoint(const settings& s) {
  return (s.webhook_url.empty() ? s.public_url : s.webhook_url) + "/webhooks/google/pubsub";
}

std::string pubsub_audience(const settings& s) {
  return s.google_pubsub_audience.empty() ? pubsub_push_endpoint(s) : s.google_pubsub_audience;
}

} // namespace kalends
