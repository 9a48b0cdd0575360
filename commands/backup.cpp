// SPDX-License-Identifier: Apache-2.0
#include "persistence/backup.hpp"
#include "commands/commands.hpp"
#include "commands/complaint.hpp"
#include "persistence/database.hpp"
#include "persistence/embedded_cluster.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace kalends::commands {

namespace {

int refuse_own_database() {
  return fail({errc::invalid,
               "database_is_yours",
               "DATABASE_URL names a database of your own: back it up and restore it with its own tools. "
               "docs/backup.md says how.",
               {},
               {}});
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

/// The keys that the backup brings, kept where the settings say; never over others.
result<persistence::token_vault> unpack_keys(const settings& s, const persistence::backup_manifest& about,
                                             const world& w) {
  auto vault = persistence::token_vault::load(about.vault_keys, {}, false, w);
  if (!vault) return vault;
  std::error_code made;
  std::filesystem::create_directories(std::filesystem::path(s.vault_key_file).parent_path(), made);
  if (auto kept = persistence::token_vault::keep(about.vault_keys, s.vault_key_file); !kept)
    return tl::unexpected(kept.error());
  return vault;
}

} // namespace

int backup(const overrides& given, const backup_options& o) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  const auto& s = c.value.server;
  if (!s.database_url.empty()) return refuse_own_database();
  persistence::backup_order order{s.data_dir, o.file, o.version, {}, real_world()};
  if (o.with_vault_key) {
    auto vault = persistence::token_vault::load(s.vault_keys, s.vault_key_file, false, real_world());
    if (!vault) return fail(vault.error());
    order.vault_keys = vault->export_keys();
  }
  auto made = persistence::make_backup(order);
  if (!made) return fail(made.error());
  std::printf("The backup is in %s (schema version %d).\n", o.file.c_str(), made->schema_version);
  if (o.with_vault_key)
    std::printf("It holds the vault's keys: whoever has it can open every token in it.\n");
  else
    std::printf(
        "It can be restored only with the vault's keys (%s), which it does not hold: keep %s elsewhere.\n",
        listed(made->vault_key_ids).c_str(),
        s.vault_keys.empty() ? s.vault_key_file.c_str() : "KALENDS_VAULT_KEYS");
  return 0;
}

int restore(const overrides& given, const std::string& file) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  const auto& s = c.value.server;
  if (!s.database_url.empty()) return refuse_own_database();
  const auto keys = [&](const persistence::backup_manifest& about) {
    const bool at_hand = !s.vault_keys.empty() || std::filesystem::exists(s.vault_key_file);
    if (!at_hand && !about.vault_keys.empty()) return unpack_keys(s, about, real_world());
    return persistence::token_vault::load(s.vault_keys, s.vault_key_file, about.vault_key_ids.empty(),
                                          real_world());
  };
  auto restored = persistence::restore_backup({file, s.data_dir, keys, real_world()});
  if (!restored) return fail(restored.error());
  std::printf(
      "Restored %s into %s, as it was at %s. At its first start kalends reads every calendar to catch up.\n",
      file.c_str(), s.data_dir.c_str(), to_rfc3339(restored->made_at).c_str());
  return 0;
}

int mark_restored(const overrides& given) {
  auto c = read_configuration(given);
  if (!usable(c)) return bad_configuration;
  const auto& url = c.value.server.database_url;
  if (url.empty())
    return fail({errc::invalid,
                 "database_is_embedded",
                 "The embedded database is marked by `kalends restore`.",
                 {},
                 {}});
  auto version = persistence::migrate(url, std::string(persistence::embedded_cluster::engine_role));
  if (!version) return fail(version.error());
  const auto w = real_world();
  auto tenants = persistence::mark_restored(url, w.now(), w);
  if (!tenants) return fail(tenants.error());
  std::printf("Marked the database of %d tenants as restored. At its next start kalends reads every calendar "
              "to catch up.\n",
              *tenants);
  return 0;
}

} // namespace kalends::commands
