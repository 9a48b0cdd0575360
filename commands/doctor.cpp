// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/complaint.hpp"
#include "commands/demo_configuration.hpp"
#include "commands/installation.hpp"
#include "doctor/examine.hpp"
#include "doctor/report_text.hpp"
#include "net/io_threads.hpp"
#include "persistence/embedded_cluster.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

namespace kalends::commands {

namespace {

/// The database as a server would open it, which may run or not. The embedded one is started for as long as
/// this lives if nobody runs it, and never made.
struct database_at_hand {
  std::unique_ptr<persistence::embedded_cluster> cluster;
  std::unique_ptr<persistence::database> db;
  std::optional<error> away;
  bool not_made = false;

  explicit database_at_hand(const settings& s) {
    persistence::database_options o;
    o.connections = 1;
    if (s.database_url.empty()) {
      if (!reach_embedded(s.data_dir, o.url)) return;
    } else {
      o.url = s.database_url;
      o.role = persistence::embedded_cluster::engine_role;
    }
    auto opened = persistence::database::open(std::move(o));
    if (opened)
      db = std::move(*opened);
    else
      away = opened.error();
  }

private:
  bool reach_embedded(const std::string& data_dir, std::string& url) {
    if (!std::filesystem::exists(data_dir + "/postgres/data/PG_VERSION")) {
      not_made = true;
      return false;
    }
    auto started = persistence::embedded_cluster::start(data_dir);
    if (started) {
      cluster = std::move(*started);
      url = cluster->engine_url();
      return true;
    }
    if (started.error().code != "data_directory_in_use") {
      away = started.error();
      return false;
    }
    url = persistence::embedded_cluster::engine_url_of_running(data_dir);
    return true;
  }
};

/// Where the server listens, as this machine sees it.
std::string own_url(const settings& s) {
  auto local = s;
  local.public_url.clear();
  name_addresses(local);
  return local.public_url;
}

/// A demonstration's settings stand in its directory, unless something else was asked for.
configured read_installation(const overrides& given) {
  auto c = read_configuration(given);
  const auto& s = c.value.server;
  if (!given.file.empty() || !s.database_url.empty() || s.google || s.microsoft || !c.problems.empty())
    return c;
  if (auto demo = configuration_of_demo(s.data_dir)) c.value = std::move(*demo);
  return c;
}

bool colourful() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

} // namespace

doctor::installation installation_of(const configuration& c) {
  doctor::installation out{c.server, !c.server.public_url.empty(), c.vendors, c.database_connections,
                           c.microsoft_secret_ends};
  name_addresses(out.server);
  return out;
}

int doctor(const doctor_options& o) {
  const auto c = read_installation(o.given);
  if (!usable(c)) return bad_configuration;
  const auto what = installation_of(c.value);
  net::io_threads io(1);
  net::http_client_options options;
  options.ca_file = what.server.extra_ca_file;
  net::http_client http(io, options);
  doctor::report found;
  {
    database_at_hand at_hand(what.server);
    found = doctor::examine(what, {http, at_hand.db.get(), at_hand.away, at_hand.not_made, real_world(),
                                   own_url(c.value.server)});
  }
  http.stop();
  io.stop();
  const auto text = o.json ? boost::json::serialize(doctor::report_json(found)) + "\n"
                           : doctor::report_text(found, colourful());
  std::fwrite(text.data(), 1, text.size(), stdout);
  return doctor::count(found, doctor::finding_state::problem) == 0 ? 0 : 1;
}

} // namespace kalends::commands
