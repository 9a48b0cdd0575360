// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/sync.hpp"

#include <string_view>

/// Who wins, and nothing else: groups in, groups out. The pull weighs with it, and so does the replay of a
/// decision from the ledger, which has nothing but these.
namespace kalends::actors {

struct merge_weights {
  field_set changed;   ///< in the calendar, since the base
  field_set differs;   ///< the calendar says something else than the entry
  field_set local;     ///< in the entry, since its base
  field_set own;       ///< the calendar shows an unanswered write of ours there
  field_set hosts_own; ///< the host's alone, whatever the policy
  field_set parts;     ///< what differs there differs in parts that only one side changed: no conflict
  field_set disputed;  ///< in an open conflict already: nothing is decided about these
  bool event_newer = false;
  sync_direction direction{};
  conflict_policy policy{};
};

/// What is decided about the groups that changed in the calendar.
struct merge_plan {
  field_set changed;  ///< there, since the base
  field_set local;    ///< here, since the base, and not the same as there
  field_set conflict; ///< changed on both sides, to different values
  field_set taken;    ///< the entry takes these
  field_set refused;  ///< the entry keeps its own, which is pushed
  field_set disputed; ///< of `conflict`: a person decides, both sides keep theirs
  std::string_view rule;
  bool external_wins = false;
};
/// Whose value stands where both changed it.
bool calendar_wins(const merge_weights& w);
merge_plan weigh(const merge_weights& w);
/// What the ledger calls it.
reason reason_of(const merge_plan& m, sync_direction direction, conflict_policy policy);

} // namespace kalends::actors
