// SPDX-License-Identifier: Apache-2.0
#include "tests/support/series_model.hpp"

#include "schema/recurrence.hpp"

#include <algorithm>
#include <stdexcept>

namespace kalends::testing {

namespace {

bool is_named(const changed_occurrence& c, recurrence_id at) { return c.at == at; }

appointment plain_at(const appointment& series, recurrence_id at) {
  auto plain = series;
  plain.repeats->exdates.clear();
  plain.repeats->changed.clear();
  return occurrence_at(plain, at)->what;
}

/// What a guest answered is his; who is scheduled by us stays the guest that he was.
std::vector<attendee> guests_written(const std::vector<attendee>& standing, const net::event_update& asked) {
  auto guests = asked.what.attendees;
  const auto known = [](const std::vector<attendee>& all, const std::string& address) {
    return std::find_if(all.begin(), all.end(), [&](const attendee& a) { return a.email == address; });
  };
  for (auto& g : guests) {
    const auto at = known(standing, g.email);
    g.response = at != standing.end() ? at->response : attendee_response::needs_action;
  }
  for (const auto& g : standing)
    if (std::find(asked.people.begin(), asked.people.end(), g.email) != asked.people.end() &&
        known(guests, g.email) == guests.end())
      guests.push_back(g);
  return guests;
}

} // namespace

std::string guard_of(const std::string& version) { return version.substr(0, version.find('#')); }

appointment as_inserted(const net::new_event& asked, provider_type type) {
  auto a = asked.what;
  if (!asked.invites) a.attendees.clear();
  for (auto& g : a.attendees) g.response = attendee_response::needs_action;
  if (!a.repeats) return a;
  a.repeats->changed.clear();
  if (type == provider_type::microsoft) a.repeats->exdates.clear();
  return as_read(std::move(a));
}

appointment as_updated(const appointment& standing, const net::event_update& asked, provider_type type) {
  field_set not_here;
  not_here.add(field_group::occurrences);
  if (!asked.invites) not_here.add(field_group::attendees);
  const auto changed = asked.changed - not_here;
  auto a = take(standing, asked.what, changed);
  if (changed.has(field_group::attendees)) a.attendees = guests_written(standing.attendees, asked);
  if (!a.repeats) return a;
  if (!standing.repeats) {
    a.repeats->exdates.clear();
    a.repeats->changed.clear();
    return as_read(std::move(a));
  }
  const bool pattern = changed.has(field_group::time) || changed.has(field_group::recurrence);
  if (pattern) {
    a.repeats->exdates = standing.repeats->exdates;
    a.repeats->changed = standing.repeats->changed;
  }
  if (pattern && type == provider_type::microsoft) {
    a.repeats->exdates.clear();
    a.repeats->changed.clear();
  }
  return as_read(std::move(a));
}

appointment master_alone(appointment a) {
  if (!a.repeats) return a;
  a.repeats->exdates.clear();
  a.repeats->changed.clear();
  return a;
}

result<bool> write_slot(appointment& series, const net::occurrence_write& asked, provider_type type) {
  using kind = net::occurrence_write::kind;
  if (!series.repeats || !has_slot(series, asked.at)) return false;
  auto& r = *series.repeats;
  const bool cancelled = std::binary_search(r.exdates.begin(), r.exdates.end(), asked.at);
  if (asked.how == kind::restore && type == provider_type::microsoft)
    return failure(errc::invalid, "occurrence_not_restorable", "What was cancelled there is gone.");
  if (asked.how != kind::restore && cancelled) return false;
  const auto known = std::find_if(r.changed.begin(), r.changed.end(),
                                  [&](const changed_occurrence& c) { return is_named(c, asked.at); });
  auto says = known != r.changed.end() ? known->what : plain_at(series, asked.at);
  std::erase_if(r.changed, [&](const changed_occurrence& c) { return is_named(c, asked.at); });
  std::erase(r.exdates, asked.at);
  if (asked.how == kind::cancel) {
    r.exdates.insert(std::lower_bound(r.exdates.begin(), r.exdates.end(), asked.at), asked.at);
  } else if (asked.how == kind::change) {
    says = take(says, asked.what, asked.changed);
    const auto place = std::find_if(r.changed.begin(), r.changed.end(),
                                    [&](const changed_occurrence& c) { return c.at > asked.at; });
    r.changed.insert(place, {asked.at, std::move(says)});
  }
  series = as_read(std::move(series));
  return true;
}

appointment as_read(appointment a) {
  if (!a.repeats) return a;
  std::erase_if(a.repeats->exdates, [&](recurrence_id at) { return !has_slot(a, at); });
  const auto changed = a.repeats->changed;
  a.repeats->changed.clear();
  for (const auto& c : changed)
    if (has_slot(a, c.at)) a.repeats->changed.push_back(c);
  auto read = canonical_series(std::move(a));
  if (!read) throw std::logic_error("a model's series is none: " + read.error().code);
  return std::move(*read);
}

} // namespace kalends::testing
