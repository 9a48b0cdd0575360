// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

namespace kalends::simulation {

const std::vector<std::string>& expected_to_happen() {
  static const std::vector<std::string> all{
      "fault:timeout_before",
      "fault:timeout_after",
      "fault:broken_answer",
      "fault:token_refused",
  };
  return all;
}

} // namespace kalends::simulation
