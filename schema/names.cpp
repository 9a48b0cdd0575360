// SPDX-License-Identifier: Apache-2.0
#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"
#include "schema/directory.hpp"
#include "schema/fact.hpp"
#include "schema/sign_in.hpp"
#include "schema/sync.hpp"
#include "schema/webhook.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace kalends {
namespace {

using std::string_view_literals::operator""sv;

/// The names of `Enum`'s values, in their order.
template <class Enum>
constexpr auto names = nullptr;

template <>
constexpr std::array names<provider_type>{"google"sv, "microsoft"sv};
static_assert(names<provider_type>.size() == static_cast<std::size_t>(provider_type::microsoft) + 1);

template <>
constexpr std::array names<provider_scope>{"user"sv, "tenant"sv};
static_assert(names<provider_scope>.size() == static_cast<std::size_t>(provider_scope::tenant) + 1);

template <>
constexpr std::array names<sync_direction>{"both"sv, "to_provider"sv, "from_provider"sv};
static_assert(names<sync_direction>.size() == static_cast<std::size_t>(sync_direction::from_provider) + 1);

template <>
constexpr std::array names<conflict_policy>{"newest"sv, "local"sv, "external"sv, "manual"sv};
static_assert(names<conflict_policy>.size() == static_cast<std::size_t>(conflict_policy::manual) + 1);

template <>
constexpr std::array names<import_policy>{"all"sv, "marked"sv, "busy_only"sv, "none"sv};
static_assert(names<import_policy>.size() == static_cast<std::size_t>(import_policy::none) + 1);

template <>
constexpr std::array names<guest_mail>{"nobody"sv, "guests"sv};
static_assert(names<guest_mail>.size() == static_cast<std::size_t>(guest_mail::guests) + 1);

template <>
constexpr std::array names<attendee_response>{"needs_action"sv, "declined"sv, "tentative"sv, "accepted"sv};
static_assert(names<attendee_response>.size() == static_cast<std::size_t>(attendee_response::accepted) + 1);

template <>
constexpr std::array names<key_role>{"reader"sv, "operator"sv, "admin"sv};
static_assert(names<key_role>.size() == static_cast<std::size_t>(key_role::admin) + 1);

template <>
constexpr std::array names<session_kind>{"user"sv, "member"sv, "operator"sv};
static_assert(names<session_kind>.size() == static_cast<std::size_t>(session_kind::operator_) + 1);

template <>
constexpr std::array names<conflict_state>{"open"sv, "resolved"sv};
static_assert(names<conflict_state>.size() == static_cast<std::size_t>(conflict_state::resolved) + 1);

template <>
constexpr std::array names<conflict_choice>{"local"sv, "external"sv, "merge"sv};
static_assert(names<conflict_choice>.size() == static_cast<std::size_t>(conflict_choice::merge) + 1);

template <>
constexpr std::array names<deletion_policy>{"unlink"sv, "cancel_entry"sv};
static_assert(names<deletion_policy>.size() == static_cast<std::size_t>(deletion_policy::cancel_entry) + 1);

template <>
constexpr std::array names<provider_status>{"pending_authorization"sv, "active"sv, "action_required"sv,
                                            "paused"sv, "leaving"sv};
static_assert(names<provider_status>.size() == static_cast<std::size_t>(provider_status::leaving) + 1);

template <>
constexpr std::array names<entry_status>{"scheduled"sv, "tentative"sv, "in_progress"sv, "completed"sv,
                                         "cancelled"sv};
static_assert(names<entry_status>.size() == static_cast<std::size_t>(entry_status::cancelled) + 1);

template <>
constexpr std::array names<push_action>{"upsert"sv, "remove"sv};
static_assert(names<push_action>.size() == static_cast<std::size_t>(push_action::remove) + 1);

template <>
constexpr std::array names<run_cause>{"notice"sv, "manual"sv, "poll"sv, "reconcile"sv, "connect"sv, "push"sv};
static_assert(names<run_cause>.size() == static_cast<std::size_t>(run_cause::push) + 1);

template <>
constexpr std::array names<run_outcome>{"running"sv, "succeeded"sv, "failed"sv};
static_assert(names<run_outcome>.size() == static_cast<std::size_t>(run_outcome::failed) + 1);

template <>
constexpr std::array names<renewal_cause>{"connected"sv, "clock"sv,           "manual"sv, "lifecycle"sv,
                                          "lost"sv,      "address_changed"sv, "silent"sv};
static_assert(names<renewal_cause>.size() == static_cast<std::size_t>(renewal_cause::silent) + 1);

template <>
constexpr std::array names<sync_mode>{"changes"sv, "reconcile"sv};
static_assert(names<sync_mode>.size() == static_cast<std::size_t>(sync_mode::reconcile) + 1);

template <>
constexpr std::array names<reason>{"pull_created"sv,
                                   "pull_updated"sv,
                                   "pull_merged"sv,
                                   "pull_conflict_newest"sv,
                                   "pull_conflict_local"sv,
                                   "pull_conflict_external"sv,
                                   "pull_echo"sv,
                                   "pull_unchanged"sv,
                                   "pull_deleted_entry"sv,
                                   "pull_unlinked"sv,
                                   "pull_cancelled_entry"sv,
                                   "pull_ignored_unknown"sv,
                                   "pull_ignored_direction"sv,
                                   "pull_ignored_removing"sv,
                                   "pull_ignored_series"sv,
                                   "pull_refused_unreadable"sv,
                                   "pull_adopted"sv,
                                   "pull_restored"sv,
                                   "push_inserted"sv,
                                   "push_updated"sv,
                                   "push_deleted"sv,
                                   "push_nothing_to_do"sv,
                                   "push_superseded"sv,
                                   "push_gone"sv,
                                   "push_refused"sv,
                                   "sweep_missing"sv,
                                   "push_dead_lettered"sv,
                                   "push_replayed"sv,
                                   "pull_poisoned"sv,
                                   "pull_replayed"sv,
                                   "pull_recovered"sv,
                                   "reconcile_repaired"sv,
                                   "pull_own_write"sv,
                                   "pull_joined"sv,
                                   "pull_relinked"sv,
                                   "pull_ignored_policy"sv,
                                   "pull_conflict_manual"sv,
                                   "pull_occurrence_freed"sv,
                                   "pull_held"sv,
                                   "push_unsayable"sv,
                                   "push_not_organizer"sv,
                                   "push_held"sv,
                                   "conflict_resolved"sv,
                                   "losing_value_restored"sv,
                                   "pull_people_changed"sv,
                                   "pull_tail_freed"sv,
                                   "push_approved"sv,
                                   "push_kept"sv};
static_assert(names<reason>.size() == static_cast<std::size_t>(last_reason) + 1);

template <>
constexpr std::array names<release_stage>{"internal"sv, "beta"sv, "ga"sv};
static_assert(names<release_stage>.size() == static_cast<std::size_t>(release_stage::ga) + 1);

template <>
constexpr std::array names<feature>{"connect_google"sv, "connect_microsoft"sv, "guest_mail"sv};
static_assert(names<feature>.size() == std::size(all_features));

template <>
constexpr std::array names<letter_kind>{"push"sv, "pull"sv};
static_assert(names<letter_kind>.size() == static_cast<std::size_t>(letter_kind::pull) + 1);

template <>
constexpr std::array names<letter_state>{"open"sv, "replayed"sv, "settled"sv, "dismissed"sv};
static_assert(names<letter_state>.size() == static_cast<std::size_t>(letter_state::dismissed) + 1);

template <>
constexpr std::array names<fact_type>{
    "SCHEDULE_ENTRY_CREATED"sv,          "SCHEDULE_ENTRY_UPDATED"sv,     "SCHEDULE_ENTRY_DELETED"sv,
    "CALENDAR_SYNC_STARTED"sv,           "CALENDAR_SYNC_COMPLETED"sv,    "CALENDAR_SYNC_FAILED"sv,
    "CALENDAR_CONFLICT_DETECTED"sv,      "CALENDAR_CONFLICT_RESOLVED"sv, "CALENDAR_PROVIDER_CONNECTED"sv,
    "CALENDAR_PROVIDER_DISCONNECTED"sv,  "CALENDAR_PROVIDER_ERROR"sv,    "CALENDAR_CHANNEL_RENEWED"sv,
    "CALENDAR_CHANNEL_RENEWAL_FAILED"sv, "HISTORY_RESTORED"sv,           "WEBHOOK_ENDPOINT_DISABLED"sv};
static_assert(names<fact_type>.size() == static_cast<std::size_t>(last_fact_type) + 1);

template <>
constexpr std::array names<delivery_cause>{"feed"sv, "replay"sv, "test"sv, "gap"sv};
static_assert(names<delivery_cause>.size() == static_cast<std::size_t>(delivery_cause::gap) + 1);

template <>
constexpr std::array names<delivery_outcome>{"delivered"sv, "failed"sv};
static_assert(names<delivery_outcome>.size() == static_cast<std::size_t>(delivery_outcome::failed) + 1);

template <class Enum>
std::string_view text_of(Enum v) {
  const auto at = static_cast<std::size_t>(v);
  if (at >= names<Enum>.size()) std::abort();
  return names<Enum>[at];
}

} // namespace

std::string_view name_of(provider_type v) { return text_of(v); }
std::string_view name_of(provider_scope v) { return text_of(v); }
std::string_view name_of(sync_direction v) { return text_of(v); }
std::string_view name_of(conflict_policy v) { return text_of(v); }
std::string_view name_of(import_policy v) { return text_of(v); }
std::string_view name_of(guest_mail v) { return text_of(v); }
std::string_view name_of(attendee_response v) { return text_of(v); }
std::string_view name_of(conflict_state v) { return text_of(v); }
std::string_view name_of(key_role v) { return text_of(v); }
std::string_view name_of(session_kind v) { return text_of(v); }
std::string_view name_of(conflict_choice v) { return text_of(v); }
std::string_view name_of(deletion_policy v) { return text_of(v); }
std::string_view name_of(provider_status v) { return text_of(v); }
std::string_view name_of(entry_status v) { return text_of(v); }
std::string_view name_of(push_action v) { return text_of(v); }
std::string_view name_of(run_cause v) { return text_of(v); }
std::string_view name_of(run_outcome v) { return text_of(v); }
std::string_view name_of(renewal_cause v) { return text_of(v); }
std::string_view name_of(sync_mode v) { return text_of(v); }
std::string_view name_of(reason v) { return text_of(v); }
std::string_view name_of(release_stage v) { return text_of(v); }
std::string_view name_of(feature v) { return text_of(v); }
std::string_view name_of(letter_kind v) { return text_of(v); }
std::string_view name_of(letter_state v) { return text_of(v); }
std::string_view name_of(fact_type v) { return text_of(v); }
std::string_view name_of(delivery_cause v) { return text_of(v); }
std::string_view name_of(delivery_outcome v) { return text_of(v); }

template <class Enum>
std::optional<Enum> read_name(std::string_view name) {
  const auto at = std::find(names<Enum>.begin(), names<Enum>.end(), name);
  if (at == names<Enum>.end()) return std::nullopt;
  return static_cast<Enum>(at - names<Enum>.begin());
}

template std::optional<provider_type> read_name(std::string_view);
template std::optional<provider_scope> read_name(std::string_view);
template std::optional<sync_direction> read_name(std::string_view);
template std::optional<conflict_policy> read_name(std::string_view);
template std::optional<import_policy> read_name(std::string_view);
template std::optional<guest_mail> read_name(std::string_view);
template std::optional<attendee_response> read_name(std::string_view);
template std::optional<conflict_state> read_name(std::string_view);
template std::optional<key_role> read_name(std::string_view);
template std::optional<session_kind> read_name(std::string_view);
template std::optional<conflict_choice> read_name(std::string_view);
template std::optional<deletion_policy> read_name(std::string_view);
template std::optional<provider_status> read_name(std::string_view);
template std::optional<entry_status> read_name(std::string_view);
template std::optional<push_action> read_name(std::string_view);
template std::optional<run_cause> read_name(std::string_view);
template std::optional<run_outcome> read_name(std::string_view);
template std::optional<renewal_cause> read_name(std::string_view);
template std::optional<sync_mode> read_name(std::string_view);
template std::optional<reason> read_name(std::string_view);
template std::optional<release_stage> read_name(std::string_view);
template std::optional<feature> read_name(std::string_view);
template std::optional<letter_kind> read_name(std::string_view);
template std::optional<letter_state> read_name(std::string_view);
template std::optional<fact_type> read_name(std::string_view);
template std::optional<delivery_cause> read_name(std::string_view);
template std::optional<delivery_outcome> read_name(std::string_view);

std::string write_types(const std::set<fact_type>& types) {
  std::string out;
  for (const auto t : types) out += (out.empty() ? "" : " ") + std::string(name_of(t));
  return out;
}

std::set<fact_type> read_types(std::string_view text) {
  std::set<fact_type> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (const auto t = read_name<fact_type>(text.substr(0, end))) out.insert(*t);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

letter_key key_of(const dead_letter& l) {
  if (l.kind == letter_kind::push) return {l.kind, l.provider, l.entry, {}};
  return {l.kind, l.provider, {}, l.event};
}

} // namespace kalends
