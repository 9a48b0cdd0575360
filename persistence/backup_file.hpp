// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/child_process.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace kalends::persistence {

/// What a backup says about itself. No secret is in here, unless `vault_keys` was asked for.
struct backup_manifest {
  std::string made_by; ///< version of kalends
  instant made_at{};
  int schema_version = 0;
  std::string schema_name;                ///< of the last migration: "0007_dead_letters.sql"
  int postgres = 0;                       ///< major version of the server that was dumped
  std::vector<std::string> vault_key_ids; ///< what opens the seals in it
  std::string vault_keys;                 ///< "id:base64,…"; empty unless it was asked for
};

/// A backup is one file: a PostgreSQL dump in custom format, the manifest as one line of JSON, and one last
/// line with the manifest's length and the SHA-256 of all that stands before that line:
///
///     PGDMP…{"format":1,…}\n
///     kalends-backup 1 0000000512 0123…ef\n
///
/// pg_restore reads such a file as it is: it takes no notice of what follows the dump.
namespace backup_file {

/// Ends `file` (open for reading and writing, positioned anywhere), which holds the dump so far.
result<void> finish(const descriptor& file, const backup_manifest& about);

/// Reads all of `path` and answers what it says, if it is whole. Errors: `backup_unreadable`,
/// `backup_damaged`, `backup_newer` (made by a later kalends in a form that this one does not know).
result<backup_manifest> check(const std::string& path);

} // namespace backup_file

} // namespace kalends::persistence
