// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_reconcile.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/plan_import.hpp"
#include "actors/plan_merge.hpp"
#include "actors/plan_people.hpp"
#include "schema/recurrence.hpp"

namespace kalends::actors {
namespace {

bool should_have_been_told(const calendar_event& event, const comparison& by) {
  return event.updated_at && *event.updated_at <= by.told_until;
}

bool lay_within(const appointment& a, const std::optional<read_window>& w) {
  return !w || takes_place_in(a, *w);
}

void tell_repair(tenant_picture& p, const provider_id& calendar, const entry_id& entry, const event_id& event,
                 std::string inputs, drift_counts& found) {
  ++found.drifted;
  ++found.repaired;
  p.explain(calendar, entry, event, reason::reconcile_repaired, std::move(inputs));
}

/// An event without a link: ours if its tag says so, else one that came.
pull_verdict compare_unknown(tenant_picture& p, const provider& calendar, const calendar_event& event,
                             removal proof, const comparison& by, drift_counts& found) {
  const bool tag_unseen = calendar.type == provider_type::microsoft && proof == removal::unconfirmed;
  if (tag_unseen && event.tag.empty() && !event.removed && event.series.empty())
    return pull_verdict::confirm_removal;
  const auto changes_before = p.entry_changes();
  const auto verdict = plan_pull(p, calendar.id, event, proof);
  const auto* link = p.link_of(calendar.id, event);
  if (link == nullptr) return verdict;
  const auto entry = link->entry;
  if (entry == event.tag)
    tell_repair(p, calendar.id, entry, event.id, cause_inputs("event_without_mapping", event.version), found);
  else if (p.entry_changes() > changes_before && should_have_been_told(event, by) &&
           lay_within(event.what, by.window))
    tell_repair(p, calendar.id, entry, event.id, cause_inputs("event_not_told", event.version), found);
  return verdict;
}

pull_verdict compare_gone(tenant_picture& p, const mapping& link, const calendar_event& event, removal proof,
                          drift_counts& found) {
  const auto verdict = plan_pull(p, link.provider, event, proof);
  if (verdict == pull_verdict::confirm_removal || !link.linked || link.removing) return verdict;
  ++found.compared;
  tell_repair(p, link.provider, link.entry, event.id, cause_inputs("removal_not_told", link.event_version),
              found);
  return verdict;
}

pull_verdict compare_pair(tenant_picture& p, mapping link, const calendar_event& event, removal proof,
                          const comparison& by, drift_counts& found) {
  const auto* entry = p.entry(link.entry);
  if (!link.linked || link.removing || entry == nullptr || !event.series.empty() || event.unreadable)
    return plan_pull(p, link.provider, event, proof);
  ++found.compared;
  if (link.event_version == event.version) { // who became a user, or got another address, is known by now
    follow_guest_list(p, *p.calendar(link.provider), link, *entry, event);
    link = *p.link(link.provider, link.entry);
    entry = p.entry(link.entry);
  }
  // Where one of the sides has no say any more, nothing waits for a person.
  const auto* calendar = p.calendar(link.provider);
  const bool waits = calendar != nullptr && calendar->direction == sync_direction::both;
  const auto changed = difference(event.what, link.base_event) - (waits ? link.disputed : field_set());
  const bool version_known = event.version == link.event_version;
  if (changed.empty() || !(version_known || should_have_been_told(event, by)))
    return plan_pull(p, link.provider, event, proof);
  const auto entry_version = entry->version;
  if (version_known) { // else it would pass for an echo
    link.event_version.clear();
    p.put_link(link);
  }
  const auto refused_before = p.refusals();
  const auto verdict = plan_pull(p, link.provider, event, proof);
  if (p.refusals() == refused_before)
    tell_repair(p, link.provider, link.entry, event.id, change_inputs(entry_version, event.version, changed),
                found);
  else
    ++found.drifted;
  return verdict;
}

/// What is missing on the entry's way there; an empty text: nothing.
std::string_view repair(tenant_picture& p, const provider& calendar, const entry_id& id) {
  const auto* entry = p.entry(id);
  const auto* known = p.link(calendar.id, id);
  if (known == nullptr) {
    if (entry == nullptr || !belongs_in(*entry, calendar) || comes_by_itself(p, *entry, calendar)) return {};
    bring_anew(p, *entry, calendar);
    return "no_mapping";
  }
  const auto link = *known;
  if (link.gate == removal_gate::held || link.gate == removal_gate::refused) return {};
  if (link.removing) {
    send_away(p, link, link.entry_version);
    return "removal_not_queued";
  }
  if (entry == nullptr) {
    if (calendar.direction == sync_direction::to_provider)
      send_away(p, link, link.entry_version);
    else
      p.drop_link({link.provider, link.entry});
    return "mapping_without_entry";
  }
  if (!belongs_in(*entry, calendar)) {
    send_away(p, link, entry->version);
    return "does_not_belong_here";
  }
  // Of a version that the vendor cannot express, it knows.
  const bool unsayable = !link.linked && link.entry_version == entry->version;
  if (!unsayable && (!link.linked || has_to_be_told(p, calendar, id))) {
    p.enqueue(calendar.id, id, entry->version, push_action::upsert);
    return link.linked ? "change_not_queued" : "insert_not_queued";
  }
  if (link.entry_version == entry->version) return {};
  auto agreed = link; // the later versions changed nothing that a calendar shows
  agreed.entry_version = entry->version;
  p.put_link(std::move(agreed));
  return {};
}

} // namespace

pull_verdict plan_compared_pull(tenant_picture& p, const provider_id& calendar, const calendar_event& shown,
                                removal proof, const comparison& by, drift_counts& found) {
  const auto* where = p.calendar(calendar);
  if (where == nullptr) return pull_verdict::settled;
  const auto event = as_imported(p, *where, shown, true);
  const auto* link = p.link_of(calendar, event);
  if (link == nullptr) return compare_unknown(p, *where, event, proof, by, found);
  if (event.removed) return compare_gone(p, mapping(*link), event, proof, found);
  return compare_pair(p, *link, event, proof, by, found);
}

drift_counts plan_repairs(tenant_picture& p, const provider_id& calendar, std::span<const entry_id> entries) {
  drift_counts found;
  const auto* where = p.calendar(calendar);
  if (where == nullptr || !takes_pushes(*where)) return found;
  for (const auto& id : entries) {
    const auto* link = p.link(calendar, id);
    const auto event = link != nullptr ? link->event : event_id();
    const auto version = link != nullptr ? link->event_version : std::string();
    if (const auto cause = repair(p, *where, id); !cause.empty())
      tell_repair(p, calendar, id, event, cause_inputs(cause, version), found);
  }
  return found;
}

bool takes_place_in(const appointment& a, const read_window& w) {
  if (instant_of(a.start) >= w.to) return false;
  const auto end = end_of_series(a);
  return !end || *end > w.from;
}

std::vector<mapping> missing_after_full_read(std::span<const mapping> links, const event_set& seen,
                                             const std::optional<read_window>& window) {
  std::vector<mapping> missing;
  for (const auto& m : links)
    if (m.linked && !seen.contains(m.event.str()) && lay_within(m.base_event, window)) missing.push_back(m);
  return missing;
}

} // namespace kalends::actors
