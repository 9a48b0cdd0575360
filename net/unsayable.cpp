// SPDX-License-Identifier: Apache-2.0
#include "net/calendar_client.hpp"
#include "net/graph_recurrence.hpp"
#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>

namespace kalends::net {
namespace {

using std::chrono::days;
using std::chrono::floor;

/// A series may never end: its occurrences are listed until the last that matters.
constexpr std::size_t slots_at_once = 64;

/// Exchange keeps occurrences in their order: none may be on the day of its neighbour, or beyond it.
bool crosses_a_neighbour(const appointment& what) {
  const auto& r = *what.repeats;
  const bool moved = std::any_of(r.changed.begin(), r.changed.end(), [](const changed_occurrence& c) {
    return floor<days>(slot_of(c.what.start)) != floor<days>(c.at);
  });
  if (!moved) return false;
  // What comes after the last change and its day is in order.
  auto latest = r.changed.back().at;
  for (const auto& c : r.changed) latest = std::max(latest, slot_of(c.what.start));
  auto slots = slots_of(what, slots_at_once);
  for (auto count = slots_at_once; slots.size() == count && slots.back() <= latest + days(1);)
    slots = slots_of(what, count *= 2);
  std::erase_if(slots,
                [&](recurrence_id at) { return std::binary_search(r.exdates.begin(), r.exdates.end(), at); });
  auto last = std::chrono::local_days::min();
  auto change = r.changed.begin();
  for (const auto slot : slots) {
    while (change != r.changed.end() && change->at < slot) ++change;
    const bool changed = change != r.changed.end() && change->at == slot;
    const auto day = floor<days>(changed ? slot_of(change->what.start) : slot);
    if (day <= last) return true;
    last = day;
  }
  return false;
}

/// The wall clock of a series counts in its zone, which has to have a name there, and has to lead to the same
/// instant.
bool lacks_a_zone(const calendar_time& start) {
  const auto* time = std::get_if<zoned_time>(&start);
  if (time == nullptr) return false;
  const auto again = read_zoned_time(write_local(*time), time->time_zone);
  return !windows_zone_of(time->time_zone) || !again || again->utc != time->utc;
}

} // namespace

std::optional<std::string> unsayable(provider_type vendor, const appointment& what) {
  if (!what.repeats) return std::nullopt;
  if (vendor == provider_type::google) {
    const auto* time = std::get_if<zoned_time>(&what.start);
    if (time != nullptr && !is_iana_zone(time->time_zone)) return "recurrence_zone";
    return std::nullopt;
  }
  if (const auto said = recurrence_of(what); !said) return said.error();
  if (lacks_a_zone(what.start)) return "recurrence_zone";
  if (lasts_over_a_clock_change(what)) return "recurrence_clock_change";
  if (crosses_a_neighbour(what)) return "recurrence_occurrence_moved";
  return std::nullopt;
}

} // namespace kalends::net
