// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"
#include "schema/provider.hpp"

#include <cstddef>
#include <optional>
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

/// At most `limit` bytes of `text`, ending at a character.
std::string_view cut_text(std::string_view text, std::size_t limit);

struct merge_weights;
/// What a decision looked at, so that it can be explained and weighed again. Null where there was none. Of
/// each side those groups are kept in which any two sides differ, texts up to `most_side_bytes`.
struct decision_sides {
  const appointment* base_entry = nullptr;
  const appointment* base_event = nullptr;
  const appointment* entry = nullptr;
  const appointment* event = nullptr;
  const merge_weights* weights = nullptr;
};
inline constexpr std::size_t most_side_bytes = 2 * 1024;

/// {"entry_version", "event_version", "changed"} and, for what was looked at, "base_entry", "base_event",
/// "entry", "event" (objects like an entry's fields; `base_event` only where it is spelled otherwise than
/// `base_entry`) and "weighed". What was too long is named by "cut".
std::string change_inputs(std::int64_t entry_version, std::string_view event_version, field_set changed,
                          const decision_sides& sides = {});

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
std::string conflict_inputs(const conflict_story& s, const appointment& losing,
                            const decision_sides& sides = {});

/// The weights as they stand in "weighed"; nothing if there are none, or not ours.
std::optional<merge_weights> read_weights(std::string_view inputs);

/// {"code": "dead_letter", "provider_id", "dead_letter_id", "kind", "cause", "entry_id"?, "event_id"?}.
std::string letter_fact(const dead_letter& l);
/// {"dead_letter_id", "code", "detail", "attempts", "first_failed_at", "last_failed_at"}.
std::string letter_inputs(const dead_letter& l);

/// {"cause": …, "event_version": …}.
std::string cause_inputs(std::string_view cause, std::string_view event_version);
/// {"occurrence", "becomes_entry_id", "event_version"}: an occurrence that left its series.
std::string freed_inputs(std::string_view occurrence, const entry_id& becomes,
                         std::string_view event_version);
/// {"assigned", "unassigned", "entry_version", "event_version"}: users whom a guest list moved.
std::string people_inputs(const std::vector<user_id>& assigned, const std::vector<user_id>& unassigned,
                          std::int64_t entry_version, std::string_view event_version);
/// {"count", "of", "since"}: removals that wait for a person.
std::string held_inputs(const held_removals& h);
/// {"conflict_id", "entry_id", "provider_id", "event_id", "groups", "policy", "winner": null,
/// "entry_version", "event_version"} and "base", "local", "external": the values of the groups.
std::string dispute_fact(const conflict& c);
/// {"conflict_id", "entry_id", "provider_id", "groups", "choice", "from_calendar", "decided_by"}.
std::string resolution_fact(const conflict& c);
/// A person changed an event that is on its way out: what nobody takes over, under "losing".
std::string leaving_inputs(const appointment& unheard, field_set changed, std::string_view event_version);

} // namespace kalends::actors
