// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "actors/plan_import.hpp"
#include "actors/plan_meeting.hpp"
#include "actors/plan_merge.hpp"
#include "actors/plan_people.hpp"
#include "actors/plan_removal.hpp"
#include "actors/plan_tail.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

/// A new link on which entry and event agree; of guests each side has its own list.
mapping link_between(const schedule_entry& e, const provider& calendar, const calendar_event& event) {
  mapping link;
  link.provider = calendar.id;
  link.entry = e.id;
  link.event = event.id;
  link.linked = true;
  link.event_version = event.version;
  link.entry_version = 1;
  link.guest_copy = event.guest_copy;
  link.base_entry = e.what;
  link.base_event = event.what;
  return link;
}

void import_event(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  schedule_entry e;
  e.id = entry_id(make_uuid(p.outside()));
  e.status = event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  if (calendar.scope == provider_scope::user) e.assigned.push_back(calendar.user);
  if (assigns_guests(calendar))
    e.assigned = with_people(std::move(e.assigned), invited_users(p, event.what.attendees));
  e.what = without_people(p, event.what, e.assigned);
  e.origin = calendar.id;

  auto link = link_between(e, calendar, event);
  link.masked = calendar.imports == import_policy::busy_only;
  p.put_link(std::move(link));
  p.note_meeting(event.ical_uid, e.id);
  p.explain(calendar.id, e.id, event.id, reason::pull_created,
            change_inputs(1, event.version, field_set(), {nullptr, nullptr, nullptr, &event.what, nullptr}));
  commit_new_entry(p, std::move(e), calendar.id);
}

/// Whether an insert was under way that says what its event began with.
bool knows_its_beginning(const mapping& link) { return !link.linked && !(link.base_entry == appointment{}); }

/// By the time of the insert another calendar may have had the guests: who is not shown was never named
/// there, and taken off by nobody.
void forget_unnamed_guests(mapping& link, const calendar_event& event) {
  const auto unnamed = [&](const attendee& g) {
    return !is_guest(event.what.attendees, lower_case(g.email));
  };
  std::erase_if(link.base_entry.attendees, unnamed);
  std::erase_if(link.base_event.attendees, unnamed);
}

/// The event is ours, but the answer to its insert never came. If the link knows what the insert was to say,
/// what differs from that is news from there or from here. If not, the host's values are written over where
/// they differ.
void adopt(tenant_picture& p, const provider& calendar, mapping link, const schedule_entry& known,
           const calendar_event& event) {
  const auto entry = known; // `known` may lie in the picture
  const auto differs = difference(entry.what, event.what);
  const bool begun = knows_its_beginning(link);
  const mapping_key key{link.provider, link.entry};
  link.linked = true;
  link.event = event.id;
  link.event_version = event.version;
  link.entry_version = entry.version;
  const decision_sides sides{begun ? &link.base_entry : nullptr, nullptr, &entry.what, &event.what, nullptr};
  p.explain(link.provider, link.entry, event.id, reason::pull_adopted,
            change_inputs(entry.version, event.version, differs, sides));
  if (begun) {
    forget_unnamed_guests(link, event);
    merge_event(p, calendar, std::move(link), entry, event);
  } else {
    link.base_event = event.what;
    link.base_entry = take(entry.what, event.what, differs);
    link.guest_copy = event.guest_copy;
    p.note_meeting(event.ical_uid, link.entry);
    p.put_link(std::move(link));
  }
  if (has_to_be_told(p, calendar, key.entry))
    p.enqueue(key.provider, key.entry, p.entry(key.entry)->version, push_action::upsert);
}

/// What guests answered is theirs, wherever the entry goes.
void hear_answers(tenant_picture& p, const mapping& link, const calendar_event& event) {
  const auto* known = p.entry(link.entry);
  if (known == nullptr) return;
  const auto entry = *known;
  auto after = entry;
  after.what.attendees = merge_guests(link.base_event.attendees, entry.what.attendees, event.what.attendees,
                                      {.list_flows = false});
  const auto heard = difference(after.what, entry.what);
  if (heard.empty()) return;
  p.explain(link.provider, link.entry, event.id, reason::pull_updated,
            change_inputs(entry.version, event.version, heard,
                          {&link.base_entry, &link.base_event, &entry.what, &event.what, nullptr}));
  commit_change(p, entry, std::move(after), link.provider);
}

/// On its way out by our own hand. The entry may come back before it is gone: then its own values are to be
/// pushed over whatever the calendar shows, so that the base has to say what that is.
void note_leaving(tenant_picture& p, mapping link, const calendar_event& event) {
  const auto before = link;
  const auto changed = link.linked ? difference(event.what, link.base_event) : field_set::all();
  link.linked = true;
  link.event = event.id;
  link.event_version = event.version;
  link.base_event = event.what;
  link.base_entry = take(link.base_entry, event.what, changed);
  p.explain(link.provider, link.entry, event.id, reason::pull_ignored_removing,
            leaving_inputs(event.what, changed, event.version));
  p.put_link(std::move(link));
  hear_answers(p, before, event);
}

/// The entry was made after the point to which the database was brought back: its event names it.
void recover_entry(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  schedule_entry e;
  e.id = event.tag;
  e.status = event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  if (calendar.scope == provider_scope::user) e.assigned.push_back(calendar.user);
  e.what = without_people(p, event.what, e.assigned);
  p.put_link(link_between(e, calendar, event));
  p.note_meeting(event.ical_uid, e.id);
  p.explain(calendar.id, e.id, event.id, reason::pull_recovered,
            change_inputs(1, event.version, field_set(), {nullptr, nullptr, nullptr, &event.what, nullptr}));
  commit_new_entry(p, std::move(e), calendar.id);
}

/// The entry came to this calendar after that point, and what the calendar says of it is younger.
void recover_link(tenant_picture& p, const provider& calendar, const entry_id& id,
                  const calendar_event& event) {
  const auto before = *p.entry(id);
  auto link = link_between(before, calendar, event);
  link.base_event = before.what;
  p.put_link(link);
  p.explain(calendar.id, id, event.id, reason::pull_recovered,
            change_inputs(before.version, event.version, difference(before.what, event.what),
                          {nullptr, nullptr, &before.what, &event.what, nullptr}));
  auto after = before;
  if (calendar.scope == provider_scope::user && !concerns(before, calendar)) {
    after.assigned.push_back(calendar.user);
    std::sort(after.assigned.begin(), after.assigned.end());
    after = commit_change(p, before, std::move(after), calendar.id);
  }
  link.entry_version = after.version;
  merge_event(p, calendar, std::move(link), after, event);
}

/// True if the event's tag tells where it belongs.
bool recover(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  const auto* tagged = p.entry(event.tag);
  if (tagged == nullptr) {
    recover_entry(p, calendar, event);
    return true;
  }
  const bool copy = p.link(calendar.id, event.tag) != nullptr;
  const bool hidden = calendar.scope == provider_scope::tenant && !concerns(*tagged, calendar);
  if (copy || hidden || tagged->status == entry_status::cancelled) return false;
  recover_link(p, calendar, event.tag, event);
  return true;
}

void meet_unknown(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  if (!event.series.empty()) return;
  if (calendar.recovering && !event.tag.empty() && unholdable(event).empty() && recover(p, calendar, event))
    return;
  // Our tag on an event without a link: the calendar was disconnected meanwhile. An entry never gets a second
  // event there, nor a copy of an event of ours a second entry.
  const auto* tagged = event.tag.empty() ? nullptr : p.entry(event.tag);
  const bool ours = tagged != nullptr && p.link(calendar.id, event.tag) == nullptr;
  const auto cause = unholdable(event);
  if (ours && !concerns(*tagged, calendar)) {
    p.explain(calendar.id, event.tag, event.id, reason::pull_ignored_removing,
              cause_inputs("does_not_belong_here", event.version));
  } else if (ours && cause.empty()) {
    mapping link;
    link.provider = calendar.id;
    link.entry = event.tag;
    adopt(p, calendar, std::move(link), *tagged, event);
  } else if (ours) {
    refuse_event(p, calendar.id, event.tag, event, cause);
  } else if (cause.empty() && join_meeting(p, calendar, event)) {
    return;
  } else if (calendar.direction == sync_direction::to_provider || !admits(calendar, event)) {
    return;
  } else if (!cause.empty()) {
    refuse_event(p, calendar.id, entry_id(), event, cause);
  } else {
    import_event(p, calendar, event);
  }
}

/// Its person said no, or took the mark away: from there on it is nobody's but the calendar's.
bool withdrawn(const provider& calendar, const schedule_entry& entry, const calendar_event& event) {
  if (declined(event)) return true;
  return calendar.imports == import_policy::marked && !event.marked && entry.origin == calendar.id;
}

void meet_linked(tenant_picture& p, const provider& calendar, const mapping& link,
                 const calendar_event& event) {
  if (link.linked && !event.version.empty() && event.version == link.event_version)
    return; // an echo, or seen before
  const auto* entry = p.entry(link.entry);
  if (!event.series.empty()) {
    p.explain(calendar.id, link.entry, event.id, reason::pull_ignored_series,
              cause_inputs(event.unreadable.value_or("in_series"), event.version));
  } else if (link.removing || entry == nullptr) {
    note_leaving(p, link, event);
  } else if (const auto cause = unholdable(event); !cause.empty()) {
    refuse_event(p, calendar.id, link.entry, event, cause);
  } else if (!link.linked) {
    adopt(p, calendar, link, *entry, event);
  } else if (!withdrawn(calendar, *entry, event) || !plan_withdrawal(p, calendar, link, event)) {
    const auto followed = follow_guest_list(p, calendar, link, *entry, event);
    const auto& linked = *p.link(link.provider, link.entry);
    const auto headed = free_tail(p, calendar, linked, followed, event);
    const auto current = free_occurrences(p, calendar, *p.link(link.provider, link.entry), headed, event);
    merge_event(p, calendar, mapping(*p.link(link.provider, link.entry)), current, event);
  }
}

/// Graph's listing does not show our tag: the event itself has to be asked for it.
bool says_no_tag(const provider& calendar, const calendar_event& event) {
  return calendar.type == provider_type::microsoft && event.tag.empty();
}

} // namespace

pull_verdict plan_pull(tenant_picture& p, const provider_id& calendar, const calendar_event& shown,
                       removal proof) {
  const auto* known = p.calendar(calendar);
  if (known == nullptr) return pull_verdict::settled; // disconnected meanwhile
  const auto event = as_imported(p, *known, shown);
  const auto* link = p.link_of(calendar, event);
  if (event.removed) {
    if (link == nullptr) return pull_verdict::settled;
    if (proof == removal::unconfirmed) return pull_verdict::confirm_removal;
    plan_removal(p, *known, *link, event);
  } else if (link == nullptr) {
    if (known->recovering && event.series.empty() && says_no_tag(*known, event) &&
        proof == removal::unconfirmed)
      return pull_verdict::confirm_removal;
    meet_unknown(p, *known, event);
  } else {
    meet_linked(p, *known, mapping(*link), event);
  }
  return pull_verdict::settled;
}

} // namespace kalends::actors
