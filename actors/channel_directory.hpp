// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kalends::actors {

/// The secrets' hashes of all open channels, so that a notice is checked without a query. Shared by I/O
/// threads (they check) and provider actors (they write): the one place of the engine with a lock. The
/// database is the truth, this is its memory.
class channel_directory {
public:
  /// `hash` is SHA-256 of a secret, 32 raw bytes. A provider may have an old and a new channel for a while.
  void put(const provider_id& provider, const std::string& channel_id, std::string hash);
  void drop(const provider_id& provider, const std::string& channel_id);
  void drop_all(const provider_id& provider);

  /// Whether the secret belongs to one of the provider's channels, each compared in constant time; nothing if
  /// the provider is unknown here.
  std::optional<bool> proves(const provider_id& provider, std::string_view secret_hash) const;

private:
  mutable std::shared_mutex guard_;
  std::unordered_map<provider_id, std::map<std::string, std::string>> channels_;
};

} // namespace kalends::actors
