// SPDX-License-Identifier: Apache-2.0
#include "persistence/require.hpp"

#include "observe/log.hpp"

#include <cstdlib>

namespace kalends::persistence {

void require(bool kept, const char* promise) noexcept {
  if (kept) return;
  observe::log(observe::log_level::critical, "a promise was broken", {{"detail", promise}});
  std::abort();
}

} // namespace kalends::persistence
