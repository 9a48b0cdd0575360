// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace kalends {

/// A string that cannot be mistaken for another kind of string. Ours hold a lower-case UUID (36 characters),
/// the vendors' hold whatever the vendor says.
template <class Tag>
class id {
public:
  id() = default;
  explicit id(std::string text) : text_(std::move(text)) {}

  const std::string& str() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }

  friend auto operator<=>(const id&, const id&) = default;
  friend bool operator==(const id&, const id&) = default;

private:
  std::string text_;
};

using tenant_id = id<struct tenant_tag>;
using user_id = id<struct user_tag>;
using api_key_id = id<struct api_key_tag>;
using provider_id = id<struct provider_tag>;
using entry_id = id<struct entry_tag>;
using run_id = id<struct run_tag>;

/// The vendor's id of an event within one calendar. Graph: always the immutable id.
using event_id = id<struct event_tag>;
/// The vendor's id of a calendar ("primary" is resolved before it is stored).
using calendar_id = id<struct calendar_tag>;

/// Whether `text` is a UUID in the form we store (lower case, hyphens).
bool is_uuid(std::string_view text) noexcept;

} // namespace kalends

template <class Tag>
struct std::hash<kalends::id<Tag>> {
  std::size_t operator()(const kalends::id<Tag>& v) const noexcept {
    return std::hash<std::string>{}(v.str());
  }
};
