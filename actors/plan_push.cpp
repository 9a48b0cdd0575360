// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "actors/plan_brake.hpp"
#include "actors/plan_people.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

/// Whether `now` is still the link for which `then` was a push in flight, and not a later one to another
/// event.
bool same_event(const mapping& now, const mapping& then) {
  return now.transaction_id == then.transaction_id && (then.event.empty() || now.event == then.event);
}

/// The link was dropped while its insert was in flight: the event stands there, so that it has to be known,
/// and to leave unless the entry belongs there.
void relink(tenant_picture& p, mapping link) {
  const auto* entry = p.entry(link.entry);
  const auto* calendar = p.calendar(link.provider);
  const auto version = entry != nullptr ? entry->version : link.entry_version;
  if (entry != nullptr && calendar != nullptr && concerns(*entry, *calendar)) {
    p.enqueue(link.provider, link.entry, version, push_action::upsert);
    p.put_link(std::move(link));
  } else {
    send_away(p, link, version);
  }
}

} // namespace

push_step plan_push(const tenant_picture& p, const provider_id& calendar, const entry_id& entry) {
  const auto* where = p.calendar(calendar);
  const auto* link = p.link(calendar, entry);
  const auto* what = p.entry(entry);
  if (where == nullptr || link == nullptr || !takes_pushes(*where))
    return push_nothing{reason::push_nothing_to_do};
  if (link->gate == removal_gate::held || link->gate == removal_gate::refused)
    return push_nothing{reason::push_nothing_to_do};
  if (link->removing || what == nullptr) return push_remove{*link};
  if (!belongs_in(*what, *where)) return push_nothing{reason::push_nothing_to_do};
  const bool invites = invites_from(p, *where, *what, link);
  if (!link->linked) return push_insert{*link, insert_says(*where, what->what, invites), invites};
  const auto differs = difference_to_write(what->what, link->base_entry);
  const auto changed = unwritten(p, *where, *what, *link);
  if (changed.empty() && !link->superseded.empty()) return push_look{*link};
  const bool refused = link->guest_copy && !differs.empty();
  if (changed.empty()) return push_nothing{refused ? reason::push_not_organizer : reason::push_nothing_to_do};
  return push_update{*link, changed, what->what, invites};
}

// ---------------------------------------------------------------- what may be written there

provider_id calendar_of_guests(const tenant_picture& p, const schedule_entry& e) {
  const auto links = p.links_of(e.id);
  const auto first = [&](const auto& fits) {
    provider_id found;
    for (const auto* link : links) {
      const auto* calendar = p.calendar(link->provider);
      if (calendar == nullptr || link->removing || !belongs_in(e, *calendar) || !fits(*calendar)) continue;
      if (found.empty() || calendar->id < found) found = calendar->id;
    }
    return found;
  };
  if (auto born = first([&](const provider& c) { return c.id == e.origin; }); !born.empty()) return born;
  for (const auto& user : e.assigned) {
    auto of_user =
        first([&](const provider& c) { return c.scope == provider_scope::user && c.user == user; });
    if (!of_user.empty()) return of_user;
  }
  return {};
}

bool invites_from(const tenant_picture& p, const provider& calendar, const schedule_entry& e,
                  const mapping* link) {
  const bool none = e.what.attendees.empty() && (link == nullptr || link->base_event.attendees.empty());
  if (calendar.mails != guest_mail::guests || none) return false;
  return (link == nullptr || !link->guest_copy) && calendar_of_guests(p, e) == calendar.id;
}

field_set writable(const mapping& link, bool invites) {
  field_set may;
  if (link.masked) {
    for (const auto g : {field_group::time, field_group::recurrence, field_group::occurrences}) may.add(g);
  } else {
    may = field_set::all();
  }
  field_set own, guests;
  own.add(field_group::privacy);
  guests.add(field_group::attendees);
  if (link.guest_copy) may = may & own;
  if (!invites) may = may - guests;
  // As long as it is open where a series begins or how it repeats, nobody can name its occurrences.
  const auto series = groups_of_busy();
  if (link.base_event.repeats && !(link.disputed & series).empty()) may = may - series;
  return may - link.disputed;
}

field_set unwritten(const tenant_picture& p, const provider& calendar, const schedule_entry& e,
                    const mapping& link) {
  return difference_to_write(e.what, link.base_entry) & writable(link, invites_from(p, calendar, e, &link));
}

appointment insert_says(const provider& calendar, appointment what, bool invites) {
  if (!invites) what.attendees.clear();
  for (auto& g : what.attendees) g.response = attendee_response::needs_action;
  if (!what.repeats) return what;
  what.repeats->changed.clear();
  if (calendar.type == provider_type::microsoft) what.repeats->exdates.clear();
  return what;
}

// ---------------------------------------------------------------- what came of it

void settle_push(tenant_picture& p, const mapping& link, const appointment& pushed,
                 std::int64_t entry_version, const calendar_event& now, reason why) {
  const auto changed = link.linked ? difference(pushed, link.base_entry) : field_set::all();
  const auto version_before = link.event_version;
  const auto* current = p.link(link.provider, link.entry);
  const bool dropped = current == nullptr;
  if (dropped ? link.linked : !same_event(*current, link)) return;
  const bool fresh = !link.linked;
  const decision_sides sides{fresh ? nullptr : &link.base_entry, fresh ? nullptr : &link.base_event, &pushed,
                             &now.what, nullptr};
  p.explain(link.provider, link.entry, now.id, why,
            change_inputs(entry_version, now.version, changed, sides));

  auto settled = dropped ? link : *current;
  if (settled.linked && settled.event_version != version_before && settled.event_version != now.version)
    return;
  settled.linked = true;
  if (!now.id.empty()) settled.event = now.id;
  settled.event_version = now.version;
  settled.entry_version = entry_version;
  // What is in dispute stays as it was when the dispute began, or as it was resolved while this was written.
  const auto disputed = settled.disputed | link.disputed;
  settled.base_entry = take(pushed, settled.base_entry, disputed);
  settled.base_event = take(settled.masked ? mask(now.what) : now.what, settled.base_event, disputed);
  p.note_meeting(now.ical_uid, link.entry);
  settled.superseded.clear();
  if (dropped)
    relink(p, std::move(settled));
  else
    p.put_link(std::move(settled));
}

void settle_unsayable(tenant_picture& p, const mapping& link, std::int64_t entry_version) {
  const auto* current = p.link(link.provider, link.entry);
  if (current == nullptr || !same_event(*current, link)) return;
  auto told = *current;
  told.entry_version = entry_version;
  p.put_link(std::move(told));
}

void settle_removal(tenant_picture& p, const mapping& link, reason why) {
  const auto* current = p.link(link.provider, link.entry);
  if (current == nullptr || !same_event(*current, link)) return;
  const bool wanted_again = !current->removing;
  if (why == reason::push_deleted && link.linked && link.gate == removal_gate::open)
    p.note_removal(link.provider);
  p.explain(link.provider, link.entry, link.event, why,
            change_inputs(link.entry_version, link.event_version, {}));
  const mapping_key key{link.provider, link.entry};
  p.drop_link(key);
  const auto* entry = p.entry(key.entry);
  const auto* calendar = p.calendar(key.provider);
  if (wanted_again && entry != nullptr && calendar != nullptr && belongs_in(*entry, *calendar) &&
      !comes_by_itself(p, *entry, *calendar))
    bring_anew(p, *entry, *calendar);
}

void rename_event(tenant_picture& p, const mapping& link) {
  const auto* current = p.link(link.provider, link.entry);
  const auto* calendar = p.calendar(link.provider);
  if (current == nullptr || calendar == nullptr || current->linked || !same_event(*current, link)) return;
  const bool removing = current->removing;
  reserve_link(p, link.entry, *calendar);
  if (!removing) return;
  auto leaving = *p.link(link.provider, link.entry);
  leaving.removing = true;
  p.put_link(std::move(leaving));
}

void plan_backfill(tenant_picture& p, const provider_id& calendar, std::span<const schedule_entry> entries) {
  const auto* where = p.calendar(calendar);
  if (where == nullptr || !takes_pushes(*where)) return;
  for (const auto& e : entries) {
    const auto* link = p.link(calendar, e.id);
    if (!belongs_in(e, *where)) {
      if (link != nullptr && !link->removing) send_away(p, *link, e.version);
    } else if (link == nullptr) {
      if (!comes_by_itself(p, e, *where)) bring_anew(p, e, *where);
    } else if (link->removing) {
      p.put_link(stays(*link));
      p.enqueue(calendar, e.id, e.version, push_action::upsert);
    } else if (!link->linked || !unwritten(p, *where, e, *link).empty()) {
      p.enqueue(calendar, e.id, e.version, push_action::upsert);
    }
  }
}

} // namespace kalends::actors
