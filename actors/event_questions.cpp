// SPDX-License-Identifier: Apache-2.0
#include "actors/event_questions.hpp"

#include "actors/import_projector.hpp"

#include <algorithm>
#include <utility>

namespace kalends::actors {

void ask_for_events(persistence::load_request& r, const provider_id& calendar,
                    const std::vector<calendar_event>& events) {
  r.people = true;
  for (const auto& e : events) {
    r.events.push_back({calendar, e.id, e.transaction_id, e.tag, e.ical_uid});
    for (const auto& guest : e.what.attendees)
      if (!guest.email.empty()) r.addresses.push_back(lower_case(guest.email));
  }
  std::sort(r.addresses.begin(), r.addresses.end());
  r.addresses.erase(std::unique(r.addresses.begin(), r.addresses.end()), r.addresses.end());
}

} // namespace kalends::actors
