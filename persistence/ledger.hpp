// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/schedule.hpp"

#include <optional>
#include <string>

/// The ledger of decisions over all entries of a tenant, by time. Reads only.
namespace kalends::persistence {

struct ledger_filter {
  entry_id entry;
  event_id event;
  provider_id provider;
  std::optional<reason> why;
  std::string title; ///< a part of the title of an entry that is still there, in any case
  std::optional<instant> from, to;
  /// Those about their own calendars, and about entries that they are assigned to; titles only of the latter.
  user_id of_person;
};
struct ledger_line : decision_line {
  std::optional<std::string> title; ///< none: no entry, one that is gone, or not theirs to read
};
/// Newest first; the cursor is the id of the last line.
result<page_of<ledger_line>> list_ledger(transaction& tx, const ledger_filter& filter,
                                         const std::string& cursor, std::size_t limit);

} // namespace kalends::persistence
