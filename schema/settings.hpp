// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace kalends {

/// Everything an operator can set. Values come from a TOML file, then from the environment (KALENDS_…,
/// DATABASE_URL), then from the command line; main.cpp reads them and reports every problem at once.
struct settings {
  std::string data_dir = "data";
  std::string database_url; ///< empty: the embedded cluster
  std::string listen_address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string certificate_file, private_key_file; ///< both or none
  /// What the outside world calls us: prefix of redirect URIs, webhook addresses and links. Without a
  /// trailing slash.
  std::string public_url;
  /// Where vendors can reach the webhooks; empty: no push, changes are polled.
  std::string webhook_url;
  /// Google's notices go here instead: a relay that publishes them to Pub/Sub, which pushes them to us.
  std::string google_relay_url;
  /// What the tokens of Pub/Sub's pushes must be made for; empty: the address they are pushed to.
  std::string google_pubsub_audience;
  /// The service account that may push for every tenant; empty: only a tenant's own may.
  std::string google_pubsub_account;
  std::string admin_key; ///< for /v1/admin
  std::string vault_keys, vault_key_file;
  std::optional<oauth_app> google, microsoft; ///< the installation's own OAuth clients
  std::string extra_ca_file;
  /// Networks besides the public internet in which webhook endpoints may be: CIDR, parted by blanks.
  std::string webhook_networks;
  std::string metrics_token; ///< for GET /metrics, besides the admin key
  /// How long a session of the pages lives without being used, and at the longest.
  std::chrono::minutes session_idle{30}, session_lifetime{12 * 60};
  /// Who may show the pages in a frame, as Content-Security-Policy's frame-ancestors has it; empty: nobody.
  std::string frame_ancestors;
  std::size_t metrics_tenant_limit =
      100;                     ///< so many tenants have figures of their own, the rest one together
  std::string log_format = {}; ///< "json" or "text"; empty: as the command likes it
  std::chrono::seconds poll_interval{300};
  std::chrono::seconds reconcile_interval{24 * 3600};
  /// How long the past is kept, by age. Facts that a delivery still needs are kept longer.
  std::chrono::days facts_kept{30}, decisions_kept{90}, runs_kept{90}, letters_kept{90}, audit_kept{365};
};

/// Whether this is somebody's own machine: it listens on its loopback address and is called by it. Then
/// webhook endpoints may be on it, too, without TLS.
bool is_local(const settings& s);

/// The one place that makes a redirect URI: "<public_url>/oauth/google/callback".
std::string redirect_uri(const settings& s, provider_type type);

/// Where Pub/Sub pushes to, and the one audience its tokens are asked for and checked against.
std::string pubsub_push_endpoint(const settings& s);
std::string pubsub_audience(const settings& s);

} // namespace kalends
