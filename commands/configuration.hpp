// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/vendor_budget.hpp"
#include "net/calendar_client.hpp"
#include "net/ip_address.hpp"
#include "schema/mail_settings.hpp"
#include "schema/settings.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace kalends::commands {

/// As `webhook_url`: the public URL, whatever it turns out to be.
inline constexpr auto webhooks_here = "self";

/// All that a server is started with.
struct configuration {
  settings server;
  net::vendor_endpoints vendors;
  actors::vendor_grants granted;
  std::vector<net::ip_network> proxies; ///< whose word on the asker's address is taken
  mail_settings mail;
  std::size_t io_threads = 1;
  std::size_t database_connections = 4;
  /// Where the other nodes of this database reach this one's API; empty: at the public URL.
  std::string node_url;
  /// When Entra's client secret ends, as the operator noted it: the doctor warns in time.
  std::optional<std::chrono::sys_days> microsoft_secret_ends;
  /// For trials on the local host alone: writing an appointment with this in its title ends the actor.
  std::string failpoint_title;
};

/// What the command line said; it wins over the environment, which wins over the file.
struct overrides {
  std::string file;
  std::optional<std::string> data_dir, listen, public_url, webhook_url, log_format, node_url;
  std::optional<std::uint16_t> port;
};

struct configured {
  configuration value;
  std::vector<std::string> problems; ///< all of them at once; empty: usable
};

/// Reads the TOML file (an unknown key is a problem, so that a typing error cannot switch something off),
/// then KALENDS_… and DATABASE_URL, then the command line.
configured read_configuration(const overrides& given);

/// Fills in what follows from the address that is listened on, and webhooks that come to the public URL.
void name_addresses(settings& s);

} // namespace kalends::commands
