// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace kalends::api {

/// Who may push a tenant's Google notices, as it was looked up a moment ago; a tenant without a relay is kept
/// as well, so that strangers cost no look-up each. A change by another node is noticed within `lifetime`.
/// Thread-safe.
class pusher_cache {
public:
  static constexpr std::chrono::seconds lifetime{30};
  static constexpr std::size_t limit = 10'000; ///< above, all are forgotten

  /// Both empty: nobody.
  struct pusher {
    std::string service_account, subscription;
  };
  std::optional<pusher> find(const tenant_id& tenant, instant now);
  void keep(const tenant_id& tenant, pusher p, instant now);
  void drop(const tenant_id& tenant);

private:
  struct line {
    pusher who;
    instant looked_up_at{};
  };
  std::mutex guard_;
  std::unordered_map<std::string, line> lines_;
};

} // namespace kalends::api
