// SPDX-License-Identifier: Apache-2.0
#include "doctor/finding.hpp"

#include <algorithm>

namespace kalends::doctor {

std::string_view name_of(finding_state s) {
  switch (s) {
  case finding_state::ok:
    return "ok";
  case finding_state::warning:
    return "warning";
  case finding_state::problem:
    return "problem";
  case finding_state::skipped:
    break;
  }
  return "skipped";
}

namespace {
struct naming {
  std::string_view name, title;
};
constexpr naming names[] = {{"addresses", "Addresses and certificates"},
                            {"reachability", "Reachability"},
                            {"clocks", "Clocks"},
                            {"oauth", "OAuth clients"},
                            {"calendars", "Connected calendars"},
                            {"database", "Database"},
                            {"storage", "Keys and storage"},
                            {"operation", "Operation"}};
static_assert(std::size(names) == all_areas.size());
} // namespace

std::string_view name_of(area a) { return names[static_cast<std::size_t>(a)].name; }
std::string_view title_of(area a) { return names[static_cast<std::size_t>(a)].title; }

finding_state worst(const report& r) {
  auto state = finding_state::skipped;
  for (const auto& f : r.findings) state = std::max(state, f.state);
  return state;
}

std::size_t count(const report& r, finding_state s) {
  return static_cast<std::size_t>(
      std::count_if(r.findings.begin(), r.findings.end(), [s](const finding& f) { return f.state == s; }));
}

} // namespace kalends::doctor
