// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Whether an installation is set up so that it can work, and if not, what exactly a person has to do. Facts
/// are gathered by thin shells and judged by pure functions; nothing is ever changed.
namespace kalends::doctor {

/// Worse ones compare greater. `skipped`: it could not be looked at, or does not apply; never a way to hide a
/// problem.
enum class finding_state { skipped, ok, warning, problem };

/// What a finding is about; the order in which they are shown.
enum class area { addresses, reachability, clocks, oauth, calendars, database, storage, operation };

/// One thing that was looked at. All texts are for people; none holds a secret.
struct finding {
  area where{};
  std::string check;   ///< stable, snake_case: one of a closed list (docs/operations.md)
  std::string subject; ///< which one: a URL, a vendor, a tenant's name, a setting
  finding_state state{};
  std::string found;       ///< what is so
  std::string consequence; ///< what follows from it; empty when all is well
  std::string remedy;      ///< the exact step; empty when there is nothing to do
  std::string copy;        ///< what has to be pasted or run for it, literally; often empty
};

struct report {
  std::vector<finding> findings; ///< by area; within one as they are checked
  instant began{};
  std::chrono::milliseconds took{0};
  bool by_server = false; ///< the running server looked; else a command beside it
};

std::string_view name_of(finding_state s);
std::string_view name_of(area a);
/// A heading for people: "Addresses and certificates".
std::string_view title_of(area a);

finding_state worst(const report& r);
/// How many findings are so.
std::size_t count(const report& r, finding_state s);

inline constexpr std::array all_areas{area::addresses, area::reachability, area::clocks,  area::oauth,
                                      area::calendars, area::database,     area::storage, area::operation};

} // namespace kalends::doctor
