// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/sync.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What the ledger and the facts say, as JSON objects within their limit.
namespace kalends::actors {

/// A fact's data and a decision's inputs.
inline constexpr std::size_t most_json_bytes = 64 * 1024;
/// What is kept of one losing text: escaped it may double, and the whole still fits.
inline constexpr std::size_t most_losing_bytes = 24 * 1024;

/// `text` if it fits, else `{"cut":true}`.
std::string within_limit(std::string text);

/// {"entry_id", "version", "changed", "assigned_user_ids", "cause", "provider_id"?}: no content of the entry.
std::string entry_fact(const schedule_entry& e, const std::vector<std::string_view>& changed,
                       const provider_id& cause);

/// {"entry_version", "event_version", "changed"}.
std::string change_inputs(std::int64_t entry_version, std::string_view event_version, field_set changed);

struct conflict_story {
  field_set groups;
  std::string_view policy; ///< or the rule that stood above it
  std::string_view winner; ///< "local", "external"
  std::int64_t entry_version = 0;
  std::string_view event_version;
};
/// {"entry_id", "provider_id", "groups", "policy", "winner"}.
std::string conflict_fact(const conflict_story& s, const entry_id& e, const provider_id& p);
/// The same with versions and `losing`, the values of the groups on the side that lost. A text that is too
/// long is cut at a character and `cut` names its group.
std::string conflict_inputs(const conflict_story& s, const appointment& losing);

/// {"cause": …, "event_version": …}.
std::string cause_inputs(std::string_view cause, std::string_view event_version);

} // namespace kalends::actors
