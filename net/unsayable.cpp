// SPDX-License-Identifier: Apache-2.0
#include "net/calendar_client.hpp"

namespace kalends::net {

std::optional<std::string> unsayable(provider_type vendor, const appointment& what) {
  if (!what.repeats) return std::nullopt;
  if (vendor == provider_type::microsoft && !what.repeats->rdates.empty()) return "recurrence_rdate";
  return std::nullopt;
}

} // namespace kalends::net
