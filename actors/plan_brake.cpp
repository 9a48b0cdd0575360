// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_brake.hpp"

#include "actors/decision_inputs.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

constexpr int links_per_removal = 20; ///< 5 %

} // namespace

bool goes_unasked(const push_step& s) {
  const auto* out = std::get_if<push_remove>(&s);
  return out != nullptr && out->link.linked && out->link.gate == removal_gate::open;
}

int removals_allowed(int links) { return std::max(removals_unasked, links / links_per_removal); }

bool has_to_be_held(const removal_tally& t) {
  return t.held > 0 || t.waiting + t.removed > removals_allowed(t.links + t.removed);
}

held_removals told_of(const removal_tally& t, instant now) {
  return {false, t.held + t.waiting, t.links + t.removed, now, false};
}

bool hold_removal(tenant_picture& p, const provider_id& calendar, const entry_id& entry,
                  const held_removals& with) {
  const auto* link = p.link(calendar, entry);
  const bool leaves = link != nullptr && (link->removing || p.entry(entry) == nullptr);
  if (!leaves || !link->linked || link->gate != removal_gate::open) return false;
  auto held = *link;
  held.removing = true;
  held.gate = removal_gate::held;
  held.held_since = with.since;
  p.explain(calendar, entry, held.event, reason::push_held, held_inputs(with));
  p.put_link(std::move(held));
  return true;
}

bool answer_removal(tenant_picture& p, const provider_id& calendar, const entry_id& entry, bool yes) {
  const auto* link = p.link(calendar, entry);
  if (link == nullptr || link->gate != removal_gate::held) return false;
  auto answered = *link;
  answered.gate = yes ? removal_gate::approved : removal_gate::refused;
  answered.held_since.reset();
  p.explain(calendar, entry, answered.event, yes ? reason::push_approved : reason::push_kept,
            change_inputs(answered.entry_version, answered.event_version, {}));
  if (yes) p.enqueue(calendar, entry, answered.entry_version, push_action::remove);
  p.put_link(std::move(answered));
  return true;
}

result<held_removals> meant_by(const removal_answer& answer, const provider& calendar) {
  const auto& entries = calendar.held;
  const auto& events = calendar.held_events;
  if (entries && events && !answer.from_calendar)
    return failure(errc::conflict, "approval_ambiguous", "Entries and events wait: say which is meant.",
                   "kind");
  const auto& meant = answer.from_calendar.value_or(entries.has_value()) ? entries : events;
  if (!meant) return failure(errc::not_found, "nothing_held", "No removals wait for approval.");
  if (answer.count && *answer.count != meant->count)
    return failure(errc::conflict, "approval_stale",
                   "It is " + std::to_string(meant->count) + " now; look again.", "count");
  return *meant;
}

mapping stays(mapping link) {
  link.removing = false;
  link.gate = removal_gate::open;
  link.held_since.reset();
  return link;
}

} // namespace kalends::actors
