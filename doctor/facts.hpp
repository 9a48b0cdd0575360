// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"
#include "net/host_probe.hpp"
#include "persistence/examination.hpp"
#include "schema/result.hpp"
#include "schema/settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What is known of an installation before it is judged. Plain values; the secrets among the settings are
/// looked at and never repeated.
namespace kalends::doctor {

/// What the server is started with.
struct installation {
  settings server;               ///< public and webhook URL as they are in use
  bool public_url_given = false; ///< else it was made of the address that is listened on
  net::vendor_endpoints vendors;
  std::size_t database_connections = 4;
  std::optional<std::chrono::sys_days> microsoft_secret_ends; ///< as the operator noted it
};

/// A trial on one machine: nobody outside is meant to reach it, and sandboxes stand in for the vendors.
bool is_trial(const installation& i);

/// One request and what came of it.
struct web_look {
  std::string url; ///< empty: it was not asked
  int status = 0;  ///< 0: no answer
  std::string failure_code, failure;
  std::string body; ///< its beginning
  std::string location, date;
  instant asked_at{}, answered_at{};
  bool asked() const noexcept { return !url.empty(); }
  bool answered() const noexcept { return status != 0; }
};

struct vendor_facts {
  web_look clock;   ///< any answer of the token endpoint's host
  web_look consent; ///< the consent page asked without anybody to consent
  web_look client;  ///< the token endpoint, shown the client and no code
};

struct database_facts {
  bool not_made = false;     ///< the embedded one comes with the first start
  std::optional<error> away; ///< why it could not be asked
  instant asked_at{}, answered_at{};
  std::optional<persistence::server_look> server;
  int schema_needed = 0; ///< by this program
  std::optional<int> nodes, confirmed_channels;
  std::optional<persistence::grant_look> grants;
  bool all_grants = true; ///< false: there are more tenants than were looked at
  std::optional<std::vector<persistence::lost_grant>> lost;
  std::optional<error> calendars_away; ///< why grants or losses could not be counted
};

struct file_look {
  std::string path;
  bool there = false;
  int mode = 0; ///< permission bits
};

struct machine_facts {
  bool vault_keys_given = false; ///< by the environment, not by a file
  file_look vault_key, admin_key;
  std::optional<error> vault_failure; ///< why the keys cannot be used
  std::string data_dir;
  std::optional<std::uintmax_t> free_bytes;
  std::uintmax_t all_bytes = 0;
  std::optional<std::uint64_t> descriptors_soft, descriptors_hard;
  std::optional<bool> clock_disciplined; ///< what the kernel says of NTP
};

struct facts {
  installation of;
  instant now{};
  bool by_server = false;
  web_look own; ///< the server at the address that it listens on; not asked when it asks itself
  std::map<std::string, net::name_look> names;       ///< by host
  std::map<std::string, net::tls_look> certificates; ///< by origin
  web_look public_health;
  web_look handshake; ///< what Microsoft does before it opens a subscription
  std::string handshake_word;
  web_look google_webhook; ///< asked by a method that it does not know: no notice is counted
  vendor_facts google, microsoft;
  database_facts database;
  machine_facts machine;

  /// A certificate that is not for the address is an answer too.
  bool server_runs() const noexcept {
    return by_server || own.answered() || own.failure_code == "tls_failed";
  }
  const vendor_facts& vendor(provider_type t) const {
    return t == provider_type::google ? google : microsoft;
  }
  const std::optional<oauth_app>& app(provider_type t) const {
    return t == provider_type::google ? of.server.google : of.server.microsoft;
  }
};

} // namespace kalends::doctor
