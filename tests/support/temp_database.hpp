// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"

#include <memory>
#include <string>

namespace kalends::tests {

/// A fresh, migrated, empty database in a throwaway PostgreSQL that all tests of this process share and that
/// ends with the process. The first one of a build directory pays for initdb; a process pays for a start
/// (some 0.2 s), a database for a copy (some 30 ms). Not durable: power loss is not what these tests are
/// about. Throws when there is no PostgreSQL.
class temp_database {
public:
  temp_database();
  ~temp_database(); ///< drops it, whoever is connected
  temp_database(const temp_database&) = delete;
  temp_database& operator=(const temp_database&) = delete;

  const std::string& owner_url() const noexcept { return owner_url_; }
  const std::string& engine_url() const noexcept { return engine_url_; }

  /// Opens it as the engine does; `options.url` is filled in.
  std::unique_ptr<persistence::database> open(persistence::database_options options = {}) const;
  /// Runs SQL as the owner, whom row-level security does not bind (unless forced). Several statements are
  /// welcome.
  void as_owner(const std::string& sql) const;

private:
  std::string name_;
  std::string owner_url_;
  std::string engine_url_;
};

/// Puts a stopped, empty cluster below `data_dir`, as `embedded_cluster` would make it, only faster.
void copy_cluster(const std::string& data_dir);

/// A directory that is removed at the end, with all that is in it.
class temp_directory {
public:
  temp_directory();
  ~temp_directory();
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;
  const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

} // namespace kalends::tests
