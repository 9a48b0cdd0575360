// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/child_process.hpp"
#include "schema/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace kalends::persistence {

/// The PostgreSQL programs of one major version.
struct postgres_programs {
  std::filesystem::path bin;
  int major = 0;
};

/// The programs that fit the data directory: of its major version, or the newest when it is still to be made.
/// `KALENDS_PG_BIN` names the only ones to look at. Errors: `postgres_not_installed`,
/// `postgres_version_mismatch`.
result<postgres_programs> find_programs(const std::filesystem::path& data);

/// The files around one embedded cluster, and the lock that says it is ours. PostgreSQL's processes are
/// handed the data and socket directories as open descriptors (3 and 4): another OS user then needs no way
/// through the parents.
///
///     <data_dir>/postgres/lock          held while a kalends uses the directory
///     <data_dir>/postgres/postgres.log  what the server says, bounded; postgres.log.1 is what came before
///     <data_dir>/postgres/run/          the socket, unless the path is too long for one: then `socket_dir`
///     names the place <data_dir>/postgres/data/         the cluster; local.conf in it is read last and is
///     the operator's
struct cluster_files {
  std::filesystem::path base;
  std::filesystem::path data;
  std::filesystem::path log;
  std::filesystem::path sockets;
  std::optional<os_user> user; ///< whom the server runs as, when we are root
  descriptor lock;
  descriptor log_file;

  /// Makes what is missing and takes the lock. Errors: `data_directory_in_use`, `postgres_not_installed` (no
  /// OS user `postgres`), `postgres_start_failed` (the file system refuses).
  static result<cluster_files> claim(const std::filesystem::path& data_dir);

  /// Where the server that uses `data_dir` has its socket.
  static std::filesystem::path sockets_of(const std::filesystem::path& data_dir);

  bool made() const; ///< whether the cluster has been made already
  /// Makes `dir` for the server alone (mode 0700, its OS user's).
  result<void> private_directory(const std::filesystem::path& dir) const;
  result<void> write_settings(bool durable, bool lz4) const;
  /// The postmaster that serves this data directory now, whoever started it.
  std::optional<pid_t> living_postmaster() const;
  /// Removes what a killed server left behind and a reused process id would make look alive.
  void clear_stale() const;
  std::string last_log_lines() const;
  /// Starts the log anew once it has grown too long.
  void bound_log() const;
};

} // namespace kalends::persistence
