// SPDX-License-Identifier: Apache-2.0
#include "observe/meter.hpp"

#include "observe/house_meter.hpp"

#include <array>

namespace kalends::observe {

std::string_view name_of(vendor_verb v) {
  static constexpr std::array<std::string_view, 11> names{
      "list_changes",   "get_event",    "insert_event",  "update_event",  "delete_event", "write_occurrence",
      "list_calendars", "open_channel", "renew_channel", "close_channel", "refresh_token"};
  static_assert(names.size() == static_cast<std::size_t>(vendor_verb::refresh_token) + 1);
  return names.at(static_cast<std::size_t>(v));
}

meter& no_meter() {
  static meter nothing;
  return nothing;
}

house_meter& no_house_meter() {
  static house_meter nothing;
  return nothing;
}

} // namespace kalends::observe
