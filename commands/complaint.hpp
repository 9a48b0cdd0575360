// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"
#include "schema/result.hpp"

#include <cstdio>

/// How a command that cannot do its work says so: on stderr, with an exit code of its own.
namespace kalends::commands {

inline constexpr int bad_configuration = 2;

/// False, with each problem told, if the configuration has any.
inline bool usable(const configured& c) {
  for (const auto& p : c.problems) std::fprintf(stderr, "kalends: %s\n", p.c_str());
  return c.problems.empty();
}

/// The exit code of a command that failed with this.
inline int fail(const error& e) {
  std::fprintf(stderr, "kalends: %s (%s)\n", e.detail.c_str(), e.code.c_str());
  return 1;
}

} // namespace kalends::commands
