// SPDX-License-Identifier: Apache-2.0
#include "actors/channel_directory.hpp"

#include "net/oauth.hpp"

#include <utility>

namespace kalends::actors {

void channel_directory::put(const provider_id& provider, const std::string& channel_id, std::string hash) {
  std::unique_lock lock(guard_);
  channels_[provider][channel_id] = std::move(hash);
}

void channel_directory::drop(const provider_id& provider, const std::string& channel_id) {
  std::unique_lock lock(guard_);
  if (auto at = channels_.find(provider); at != channels_.end()) at->second.erase(channel_id);
}

void channel_directory::drop_all(const provider_id& provider) {
  std::unique_lock lock(guard_);
  channels_.erase(provider);
}

std::optional<bool> channel_directory::proves(const provider_id& provider,
                                              std::string_view secret_hash) const {
  std::shared_lock lock(guard_);
  auto at = channels_.find(provider);
  if (at == channels_.end() || at->second.empty()) return std::nullopt;
  bool proven = false;
  for (const auto& [id, hash] : at->second) proven |= net::equal_in_constant_time(hash, secret_hash);
  return proven;
}

} // namespace kalends::actors
