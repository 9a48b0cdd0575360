// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/complaint.hpp"
#include "commands/server.hpp"
#include "persistence/database.hpp"
#include "persistence/embedded_cluster.hpp"
#include "persistence/token_vault.hpp"

#include <cstdio>
#include <filesystem>
#include <future>

namespace kalends::commands {

int serve(const overrides& given) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  auto started = server::start(c.value, real_world());
  if (!started) return fail(started.error());
  auto asked = std::make_shared<std::promise<void>>();
  auto stop = asked->get_future();
  (*started)->on_stop_signal([asked] { asked->set_value(); });
  std::printf("Kalends answers at %s\n", (*started)->base_url().c_str());
  if (c.value.server.admin_key.empty())
    std::printf("The admin key is in %s/admin.key\n", c.value.server.data_dir.c_str());
  std::fflush(stdout);
  stop.wait();
  (*started)->stop();
  return 0;
}

int make_vault_key(const overrides& given) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  const auto& file = c.value.server.vault_key_file;
  if (std::filesystem::exists(file))
    return fail({errc::conflict, "vault_key_exists", file + " exists already and is kept.", {}, {}});
  std::error_code made;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), made);
  auto vault = persistence::token_vault::load({}, file, true, real_world());
  if (!vault) return fail(vault.error());
  std::printf("The vault's key is in %s. Back it up: without it no stored token can be opened.\n",
              file.c_str());
  return 0;
}

int migrate(const overrides& given) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  std::unique_ptr<persistence::embedded_cluster> cluster;
  auto url = c.value.server.database_url;
  if (url.empty()) {
    auto started = persistence::embedded_cluster::start(c.value.server.data_dir);
    if (!started) return fail(started.error());
    cluster = std::move(*started);
    url = cluster->owner_url();
  }
  auto version = persistence::migrate(url, std::string(persistence::embedded_cluster::engine_role));
  if (!version) return fail(version.error());
  std::printf("The schema is at version %d\n", *version);
  return 0;
}

} // namespace kalends::commands
