// SPDX-License-Identifier: Apache-2.0
#include "api/person_rules.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

using persistence::own_thing;
using enum person_rule;

constexpr person_line table[] = {
    {"GET", "/v1/session", own_rows},
    {"DELETE", "/v1/session", own_rows},

    {"GET", "/v1/users", own_rows},
    {"GET", "/v1/users/{user_id}", own_path},

    {"POST", "/v1/calendar-providers", own_rows},
    {"GET", "/v1/calendar-providers", own_rows},
    {"GET", "/v1/calendar-providers/{provider_id}", own_path},
    {"PATCH", "/v1/calendar-providers/{provider_id}", own_path},
    {"DELETE", "/v1/calendar-providers/{provider_id}", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/authorization", own_path},
    {"GET", "/v1/calendar-providers/{provider_id}/calendars", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/resume", own_path},
    {"GET", "/v1/calendar-providers/{provider_id}/rehearsal", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/rehearsal/approval", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/sync", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/channel/renewal", own_path},
    {"GET", "/v1/calendar-providers/{provider_id}/approvals", own_path},
    {"POST", "/v1/calendar-providers/{provider_id}/approvals", own_path},

    {"POST", "/v1/schedule-entries", own_rows},
    {"GET", "/v1/schedule-entries", own_rows},
    {"GET", "/v1/schedule-entries/{entry_id}", own_path},
    {"PATCH", "/v1/schedule-entries/{entry_id}", own_path},
    {"DELETE", "/v1/schedule-entries/{entry_id}", own_path},
    {"GET", "/v1/schedule-entries/{entry_id}/occurrences", own_path},
    {"GET", "/v1/schedule-entries/{entry_id}/sync-status", own_path},
    {"GET", "/v1/schedule-entries/{entry_id}/decisions", own_path},
    {"POST", "/v1/schedule-entries/{entry_id}/decisions/replay", own_path},

    {"GET", "/v1/conflicts", own_rows},
    {"GET", "/v1/conflicts/{conflict_id}", own_path},
    {"POST", "/v1/conflicts/{conflict_id}/preview", own_path},
    {"POST", "/v1/conflicts/{conflict_id}/resolution", own_path},
    {"POST", "/v1/conflicts/{conflict_id}/restoration", own_path},
    {"GET", "/v1/decisions", own_rows},
    {"GET", "/v1/ledger", own_rows},
    {"GET", "/v1/notifications", own_rows},
    {"POST", "/v1/notifications/seen-all", own_rows},
    {"POST", "/v1/notifications/{notification_id}/seen", own_path},
    {"GET", "/v1/notification-settings", own_rows},
    {"PUT", "/v1/notification-settings", own_rows},
    {"GET", "/v1/dead-letters", own_rows},
    {"POST", "/v1/dead-letters/replay", own_rows},
    {"GET", "/v1/dead-letters/{letter_id}", own_path},
    {"DELETE", "/v1/dead-letters/{letter_id}", own_path},
    {"POST", "/v1/dead-letters/{letter_id}/replay", own_path},
    {"GET", "/v1/sync-runs", own_rows},
    {"GET", "/v1/sync-runs/{run_id}", own_path},

    {"GET", "/v1/events", own_rows},
    {"GET", "/v1/events/stream", own_rows},
};

struct thing_name {
  std::string_view subject; ///< as the routes have it
  own_thing thing;
  const char* not_found;
};

constexpr thing_name things[] = {
    {"user", own_thing::user, "user_not_found"},
    {"provider", own_thing::provider, "provider_not_found"},
    {"entry", own_thing::entry, "entry_not_found"},
    {"conflict", own_thing::conflict, "conflict_not_found"},
    {"dead_letter", own_thing::dead_letter, "dead_letter_not_found"},
    {"run", own_thing::run, "run_not_found"},
    {"notification", own_thing::notification, "notification_not_found"},
};

} // namespace

std::span<const person_line> person_rules() { return table; }

person_rule rule_for_person(const route& r) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const person_line& l) {
    return l.method == r.method && l.path == r.path;
  });
  if (found == std::end(table)) return refused;
  return found->rule == own_path && !thing_of(r) ? refused : found->rule;
}

std::optional<own_thing> thing_of(const route& r) {
  for (const auto& t : things)
    if (t.subject == r.subject) return t.thing;
  return std::nullopt;
}

const char* not_found_code(own_thing thing) {
  for (const auto& t : things)
    if (t.thing == thing) return t.not_found;
  return "route_not_found";
}

} // namespace kalends::api
