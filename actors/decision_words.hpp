// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/sync.hpp"

#include <optional>
#include <string>
#include <vector>

/// The ledger read again: in words, and weighed under another policy. Pure; nothing is asked of a vendor or a
/// row.
namespace kalends::actors {

/// What happened and why, as one plain sentence.
std::string sentence_of(const decision& d);

/// A decision as it would have come out.
struct replayed {
  reason why{};            ///< under the other policy
  field_set differs;       ///< groups that would have ended otherwise
  field_set from_calendar; ///< of those: where the entry would have taken the calendar's value
};
/// Nothing for a decision that weighed nothing.
std::optional<replayed> replay_decision(const decision& d, conflict_policy policy);

} // namespace kalends::actors
