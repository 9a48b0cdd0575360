// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"

namespace kalends {

recurrence_id slot_of(const calendar_time& start) {
  if (const auto* date = std::get_if<calendar_date>(&start))
    return recurrence_id(std::chrono::local_days(date->day));
  return std::get<zoned_time>(start).local;
}

void rename_slots(recurrence& r, const calendar_time& from, const calendar_time& to) {
  const auto shift = slot_of(to) - slot_of(from);
  for (auto& at : r.rdates) at += shift;
  for (auto& at : r.exdates) at += shift;
  for (auto& c : r.changed) c.at += shift;
}

} // namespace kalends
