// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/row_codec.hpp"
#include "persistence/transaction.hpp"
#include "schema/conflict.hpp"

#include <cstddef>
#include <string_view>

/// Rows of conflicts and meetings as groups write and read them.
#define KALENDS_CONFLICT_COLUMNS                                                                             \
  "c.tenant_id, c.conflict_id, c.provider_id, c.entry_id, c.event_id, c.groups, c.state, c.choice,"          \
  " c.decided_by, c.base, c.entry_values, c.event_values, c.entry_version, c.event_version, c.opened_at,"    \
  " c.resolved_at, c.from_calendar"

namespace kalends::persistence {

/// A conflict or a meeting of an entry that is not there (any more) is dropped: it was made and deleted in
/// one step.
using meeting_rows = row_set<3>;
extern const statement add_meetings;
/// A UID comes from outside: one that is no text, or longer than any vendor makes them, is not kept.
bool is_kept_uid(std::string_view uid);

using conflict_rows = row_set<17>;
extern const statement put_conflicts;
void add_conflict(conflict_rows& rows, const tenant_id& t, const conflict& c);

conflict read_conflict(const rows& found, std::size_t row);

} // namespace kalends::persistence
