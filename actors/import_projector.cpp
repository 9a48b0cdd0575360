// SPDX-License-Identifier: Apache-2.0
#include "actors/import_projector.hpp"

#include <algorithm>
#include <utility>

namespace kalends::actors {

appointment mask(appointment a) {
  appointment busy;
  busy.title = masked_title;
  busy.start = std::move(a.start);
  busy.end = std::move(a.end);
  busy.is_private = true;
  busy.repeats = std::move(a.repeats);
  if (busy.repeats)
    for (auto& c : busy.repeats->changed) c.what = mask(std::move(c.what));
  return busy;
}

calendar_event mask(calendar_event e) {
  e.what = mask(std::move(e.what));
  return e;
}

field_set groups_of_busy() {
  field_set groups;
  for (const auto g : {field_group::time, field_group::recurrence, field_group::occurrences}) groups.add(g);
  return groups;
}

bool declined(const calendar_event& event) { return event.own_response == attendee_response::declined; }

bool admits(const provider& calendar, const calendar_event& event) {
  if (declined(event)) return false;
  switch (calendar.imports) {
  case import_policy::all:
  case import_policy::busy_only:
    return true;
  case import_policy::marked:
    return event.marked;
  case import_policy::none:
    return false;
  }
  return false;
}

std::string lower_case(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_guest(const std::vector<attendee>& guests, const std::string& address) {
  return std::any_of(guests.begin(), guests.end(),
                     [&](const attendee& a) { return lower_case(a.email) == address; });
}

std::vector<attendee> guests_but(std::vector<attendee> guests, const std::vector<std::string>& people) {
  std::erase_if(guests, [&](const attendee& a) {
    return std::find(people.begin(), people.end(), lower_case(a.email)) != people.end();
  });
  return guests;
}

} // namespace kalends::actors
