// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace kalends::persistence {

/// One file of schema/migrations: "0001_foundation.sql" is version 1. `sha256` is of the file, in hex.
struct migration {
  int version;
  std::string_view name;
  std::string_view sha256;
  std::string_view sql;
};

/// What was compiled in, by version. Made by embed_migrations.cmake.
std::span<const migration> compiled_migrations();

/// `migrate` with a list of one's own.
result<int> apply_migrations(const std::string& owner_url, const std::string& engine_role,
                             std::span<const migration> migrations);

} // namespace kalends::persistence
