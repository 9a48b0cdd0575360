// SPDX-License-Identifier: Apache-2.0
#include "actors/last_words.hpp"

#include "observe/log.hpp"

namespace kalends::actors {

caf::error last_words(const std::string& who, std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    observe::log(observe::log_level::error, "an actor died", {{"actor", who}, {"detail", x.what()}});
  } catch (...) {
    observe::log(observe::log_level::error, "an actor died of something that is no exception",
                 {{"actor", who}});
  }
  return caf::make_error(caf::sec::runtime_error);
}

} // namespace kalends::actors
