// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What a view of the schedule asks: the entries of a stretch of time, and how each stands in its calendars.
/// Reads only, whatever the number of entries in one round trip each.
namespace kalends::persistence {

/// A range may touch so many series, whether or not they have an occurrence in it.
inline constexpr std::size_t most_series_of_range = 10'000;

struct range_filter {
  user_id assigned_to; ///< empty: anyone
  instant from{};      ///< ends after
  instant to{};        ///< starts before
  /// Where the last page ended: what starts before it, or then and has no later id, is left out. Of a series
  /// only what could not begin there or later.
  struct place {
    instant start{};
    entry_id entry;
  };
  std::optional<place> after = {};
};

/// Without attendees, and without notes but for series of which an occurrence has its own.
struct range_entries {
  std::vector<schedule_entry> single; ///< by start, then by id; at most `limit`
  std::vector<schedule_entry> series; ///< all; more than `most_series_of_range` if there are too many
};
result<range_entries> list_range(transaction& tx, const range_filter& filter, std::size_t limit);

/// How an entry stands in one calendar, in one word.
enum class standing {
  in_step,
  waiting,  ///< something is to be written, or to be taken out of there
  conflict, ///< both sides changed the same: a person has to choose
  refused,  ///< the vendor does not take it, or cannot express it
  held,     ///< removals of that calendar wait for a person's yes, and it is or may be among them
  off,      ///< that calendar is not synced just now
};
struct standing_line {
  provider_id provider;
  standing state = standing::in_step;
  std::string reason;      ///< a code; empty when there is nothing to say
  std::string conflict_id; ///< of an open conflict
};
/// By entry, then by provider; entries that belong in no calendar are not in it.
result<std::map<entry_id, std::vector<standing_line>>> list_standings(transaction& tx,
                                                                      const std::vector<entry_id>& entries);

std::string_view name_of(standing s);

} // namespace kalends::persistence
