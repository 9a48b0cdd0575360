// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/world.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::api {

inline constexpr std::size_t list_limit = 200;
inline constexpr std::size_t list_default = 50;
inline constexpr std::size_t cursor_bytes = 512;

/// Reads a query strictly, as object_reader reads a body: the first failure is kept and told by `close`.
class query_reader {
public:
  explicit query_reader(std::string_view query);

  std::optional<std::string> text(std::string_view name, std::size_t max_bytes = 512);
  std::string uuid(std::string_view name);            ///< empty when absent
  std::optional<instant> time(std::string_view name); ///< RFC 3339
  std::size_t limit();                                ///< "limit": 1 to `list_limit`
  std::string cursor();                               ///< "cursor"; empty when absent
  std::int64_t sequence(std::string_view name);
  void refuse(std::string code, std::string detail, std::string_view name);
  result<void> close();

private:
  std::vector<std::pair<std::string, std::string>> values_;
  std::vector<std::string> asked_;
  std::optional<error> first_;
};

} // namespace kalends::api
