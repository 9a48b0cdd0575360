// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace kalends::api {

/// The notices that proved nothing, counted by the hour, so that an operator sees that somebody sends them.
/// Whose calendar a forged one names is not kept: anybody could raise an alarm about anybody. Thread-safe;
/// each node counts for itself, and forgets with its process.
class refused_notices {
public:
  static constexpr std::size_t hours = 24;

  struct tally {
    std::uint64_t last_24_hours = 0;
    std::optional<instant> last_at;
    std::string last_code; ///< empty when there was none
  };

  void note(std::string_view code, instant now);
  tally count(instant now) const;

private:
  struct bucket {
    std::int64_t hour = -1; ///< since the epoch
    std::uint64_t refused = 0;
  };
  mutable std::mutex guard_;
  std::array<bucket, hours> buckets_;
  std::optional<instant> last_at_;
  std::string last_code_;
};

} // namespace kalends::api
