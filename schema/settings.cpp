// SPDX-License-Identifier: Apache-2.0
#include "schema/settings.hpp"

namespace kalends {

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
