// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/sync.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace kalends {

enum class conflict_state {
  open,     ///< policy `manual`: waits for a person
  resolved, ///< by a person, or by the calendar's policy when it was met
};
enum class conflict_choice {
  local,    ///< the entry's values
  external, ///< the calendar's
  merge,    ///< some of each, chosen by a person
};

/// Both sides changed the same groups since they last agreed. One per overlap and calendar; while it is open,
/// later changes of these groups go into it.
struct conflict {
  std::string id; ///< UUIDv7
  provider_id provider;
  entry_id entry;
  event_id event;
  field_set groups;
  conflict_state state = conflict_state::open;
  std::optional<conflict_choice> choice; ///< how it ended
  /// "policy", the key or person that chose; if it ended by itself: "same_values" (both sides say the same by
  /// now), "direction" (the calendar only reads or only writes by now: the other side has no say), "calendar"
  /// (a guest's copy, or a restored database: the calendar knows better), "left_the_calendar". Another
  /// conflict policy ends nothing: it is for what is met from then on.
  std::string decided_by;
  appointment base;     ///< what both sides last agreed on
  appointment local;    ///< the entry
  appointment external; ///< the event
  std::int64_t entry_version = 0;
  std::string event_version;
  instant opened_at{};
  std::optional<instant> resolved_at;
  field_set from_calendar = {}; ///< resolved: the groups in which the calendar's value stands
};

/// How a person ends one.
struct conflict_resolution {
  conflict_choice choice = conflict_choice::local;
  field_set from_calendar; ///< `merge`: the groups whose value is the calendar's; the others are the entry's
};

/// How long the losing values can be taken back.
inline constexpr std::chrono::hours losing_values_kept = std::chrono::hours(90 * 24);

std::string_view name_of(conflict_state v);
std::string_view name_of(conflict_choice v);

} // namespace kalends
