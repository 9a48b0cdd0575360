// SPDX-License-Identifier: Apache-2.0
#include "api/router.hpp"

namespace kalends::api {
namespace {

/// The next segment of a path that begins with "/", which it is cut from.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool fits(std::string_view pattern, std::string_view path, path_values& values) {
  std::size_t taken = 0;
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return false;
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty() || taken == values.size()) return false;
      values[taken++] = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

void allow(std::string& allowed, std::string_view method) {
  if (!allowed.empty()) allowed += ", ";
  allowed += method;
  if (method == "GET") allowed += ", HEAD";
}

} // namespace

route_match match(std::span<const route> table, std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  route_match out;
  for (const auto& r : table) {
    path_values values;
    if (!fits(r.path, path, values)) continue;
    allow(out.allowed, r.method);
    if (r.method != method) continue;
    out.found = &r;
    out.values = std::move(values);
  }
  return out;
}

} // namespace kalends::api
