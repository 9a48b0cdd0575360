// SPDX-License-Identifier: Apache-2.0
#include "actors/last_words.hpp"

#include <spdlog/spdlog.h>

namespace kalends::actors {

caf::error last_words(const std::string& who, std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    spdlog::error("{} failed: {}", who, x.what());
  } catch (...) {
    spdlog::error("{} failed with something that is no exception", who);
  }
  return caf::make_error(caf::sec::runtime_error);
}

} // namespace kalends::actors
