// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <memory>
#include <string>

namespace kalends::persistence {

/// A private PostgreSQL under `<data_dir>/postgres`, reached over a Unix socket that only our OS user can
/// use. Makes it on first use, starts it, restarts it when it dies, stops it cleanly. As root it runs as the
/// OS user `postgres` (PostgreSQL refuses root). A cluster left running by a killed server is taken over.
/// Errors (each with a clear text): `postgres_not_installed`, `postgres_version_mismatch` (data directory of
/// another major version), `data_directory_in_use` (another kalends owns it), `postgres_start_failed` (with
/// the log's last lines).
class embedded_cluster {
public:
  static result<std::unique_ptr<embedded_cluster>> start(const std::string& data_dir);
  ~embedded_cluster(); ///< fast shutdown, waits

  /// Connection string of the owner of the schema (migrations) and of the engine's role (everything else).
  const std::string& owner_url() const noexcept;
  const std::string& engine_url() const noexcept;

private:
  struct impl;
  explicit embedded_cluster(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::persistence
