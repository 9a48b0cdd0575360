// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/backup_file.hpp"
#include "persistence/token_vault.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <functional>
#include <string>

namespace kalends::persistence {

/// Backups of the embedded cluster. A database of the operator's own is backed up with its own tools
/// (docs/backup.md); after a restore of it, `mark_restored` has to be called before the first start.

struct backup_order {
  std::string data_dir;
  std::string file;       ///< must not exist
  std::string made_by;    ///< version of kalends
  std::string vault_keys; ///< to be kept in the backup, as "id:base64,…"; usually empty
  world outside;
};
/// A consistent copy of the database as it is at one moment, whether a kalends uses it or not. Errors:
/// `backup_exists`, `no_database`, `backup_not_written`, and those of embedded_cluster.
result<backup_manifest> make_backup(const backup_order& order);

struct restore_order {
  std::string file;
  std::string data_dir; ///< empty but for keys
  /// The keys that are at hand, given what the backup says; a refusal ends the restore.
  std::function<result<token_vault>(const backup_manifest&)> keys;
  world outside;
};
/// Makes `<data_dir>/postgres` from a backup, whole or not at all, upgrades its schema and marks it as
/// restored. Errors: `data_directory_not_empty`, `schema_newer`, `vault_key_missing`, `vault_key_wrong`,
/// `restore_failed`, and those of backup_file::check and embedded_cluster.
result<backup_manifest> restore_backup(const restore_order& order);

/// Tells a database that was brought back to an earlier point so. Until each calendar has been read to its
/// end, its events are the better memory: those that bear our tag are taken at their word. Every calendar is
/// read at once and gets a new channel. Each tenant's facts go on at a sequence that was never given before,
/// with HISTORY_RESTORED. `made_at`: the moment to which the database was brought back, as far as is known.
/// Answers how many tenants there are.
result<int> mark_restored(const std::string& owner_url, instant made_at, const world& w);

} // namespace kalends::persistence
