// SPDX-License-Identifier: Apache-2.0
#include "persistence/require.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace kalends::persistence {

void require(bool kept, const char* promise) noexcept {
  if (kept) return;
  spdlog::critical("broken promise: {}", promise);
  std::abort();
}

} // namespace kalends::persistence
