// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <memory>
#include <string>

namespace kalends::persistence {

struct cluster_options {
  bool durable =
      true; ///< false only for clusters that are thrown away (tests, benchmarks of everything else)
};

/// A private PostgreSQL under `<data_dir>/postgres`, reached over a Unix socket that only our OS user (and
/// root) can use. Makes it on first use, starts it, restarts it when it dies, stops it cleanly. As root it
/// runs as the OS user `postgres` (PostgreSQL refuses root), which needs no access to the directories above.
/// If we are killed it shuts itself down; one that is still alive at the next start is stopped and started
/// again. Works on Linux with /proc. Errors (each with a clear text): `postgres_not_installed`,
/// `postgres_version_mismatch` (data directory of another major version), `data_directory_in_use` (another
/// kalends owns it), `postgres_start_failed` (with the log's last lines). Settings of the operator's own go
/// into `<data_dir>/postgres/data/local.conf`.
class embedded_cluster {
public:
  static result<std::unique_ptr<embedded_cluster>> start(const std::string& data_dir,
                                                         cluster_options options = {});
  ~embedded_cluster(); ///< fast shutdown, waits at most 40 s; close the databases first

  /// The owner's connection string of the cluster that another kalends runs in `data_dir`. Whether it answers
  /// is for the connection to say; only the same OS user and root are let in.
  static std::string owner_url_of_running(const std::string& data_dir);
  /// The same, of the engine's role.
  static std::string engine_url_of_running(const std::string& data_dir);

  /// Connection string of the owner of the schema (migrations) and of the engine's role (everything else).
  const std::string& owner_url() const noexcept;
  const std::string& engine_url() const noexcept;
  /// The role in `engine_url`, which `migrate` gives its rights.
  static constexpr const char* engine_role = "kalends_engine";

private:
  struct impl;
  explicit embedded_cluster(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::persistence
