// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_meeting.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "actors/plan_merge.hpp"
#include "actors/plan_people.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

bool is_assigned(const schedule_entry& e, const user_id& user) {
  return std::binary_search(e.assigned.begin(), e.assigned.end(), user);
}

/// Another calendar's link through which the entry's values came, or went out.
const mapping* standing_link(const tenant_picture& p, const entry_id& e, const provider_id& but) {
  for (const auto* link : p.links_of(e))
    if (link->provider != but && link->linked && !link->removing) return link;
  return nullptr;
}

struct joining {
  const provider& calendar;
  const calendar_event& event;
  schedule_entry entry;
  bool masked = false;
  appointment theirs;
  field_set taken; ///< the event's value stands
  field_set kept;  ///< the entry's stands, and is written there
};

/// Of these groups, as one: whether the event's value stands.
bool event_stands(const joining& j, const mapping* other, field_set groups) {
  if (j.calendar.direction != sync_direction::both)
    return j.calendar.direction == sync_direction::from_provider;
  const bool younger = j.event.updated_at && *j.event.updated_at > j.entry.updated_at;
  const bool hosts = other == nullptr || !(difference(j.entry.what, other->base_entry) & groups).empty();
  if (hosts) return younger;
  if (other->masked != j.masked) return other->masked;
  if (other->guest_copy != j.event.guest_copy) return other->guest_copy;
  return younger;
}

void weigh_values(const tenant_picture& p, joining& j) {
  const auto* other = standing_link(p, j.entry.id, j.calendar.id);
  auto differs = difference(j.theirs, j.entry.what);
  const auto series = groups_of_busy();
  field_set own;
  own.add(field_group::privacy);
  own.add(field_group::status);
  differs = differs - own;
  if (j.masked) differs = differs & series;
  const auto decide = [&](field_set groups) {
    if (groups.empty()) return;
    auto& to = event_stands(j, other, groups) ? j.taken : j.kept;
    to = to | groups;
  };
  decide(differs & series);
  for (const auto g :
       {field_group::title, field_group::notes, field_group::location, field_group::attendees}) {
    field_set single;
    single.add(g);
    decide(differs & single);
  }
}

void tell_join(tenant_picture& p, const joining& j, reason why) {
  decision_sides sides;
  if (!j.masked) sides = {nullptr, nullptr, &j.entry.what, &j.event.what, nullptr};
  p.explain(j.calendar.id, j.entry.id, j.event.id, why,
            change_inputs(j.entry.version, j.event.version, j.taken, sides));
}

void put_joined_link(tenant_picture& p, const joining& j) {
  mapping link;
  link.provider = j.calendar.id;
  link.entry = j.entry.id;
  link.event = j.event.id;
  link.linked = true;
  link.event_version = j.event.version;
  link.entry_version = j.entry.version;
  link.guest_copy = j.event.guest_copy;
  link.masked = j.masked;
  link.base_event = j.event.what;
  // Of a guest's copy nothing can be written: what stays different is agreed to be.
  link.base_entry = take(j.entry.what, j.theirs, j.event.guest_copy ? j.taken : j.taken | j.kept);
  p.put_link(std::move(link));
}

void carry_out(tenant_picture& p, joining& j) {
  const bool of_a_person = j.calendar.scope == provider_scope::user;
  const bool known = of_a_person ? is_assigned(j.entry, j.calendar.user) : j.entry.origin == j.calendar.id;
  auto after = j.entry;
  auto whole = whole_series(take(j.entry.what, j.theirs, j.taken));
  if (!whole) j.taken = j.taken - groups_of_busy();
  after.what = whole ? std::move(*whole) : take(j.entry.what, j.theirs, j.taken);
  if (of_a_person && !known) {
    after.assigned.push_back(j.calendar.user);
    std::sort(after.assigned.begin(), after.assigned.end());
    after.what = without_people(p, std::move(after.what), {j.calendar.user});
  }
  put_joined_link(p, j);
  tell_join(p, j, known ? reason::pull_relinked : reason::pull_joined);
  auto version = j.entry.version;
  if (!difference(after.what, j.entry.what).empty() || after.assigned != j.entry.assigned)
    version = commit_change(p, j.entry, std::move(after), j.calendar.id).version;
  if (of_a_person && !known) take_off_guest_lists(p, j.entry.id, {j.calendar.user});
  if (has_to_be_told(p, j.calendar, j.entry.id))
    p.enqueue(j.calendar.id, j.entry.id, version, push_action::upsert);
}

} // namespace

bool join_meeting(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  const auto* known = p.meeting(event.ical_uid);
  if (event.ical_uid.empty() || known == nullptr || declined(event)) return false;
  const auto* link = p.link(calendar.id, known->id);
  if (link != nullptr && (link->linked || link->removing)) return false;
  if (known->status == entry_status::cancelled) {
    p.explain(calendar.id, known->id, event.id, reason::pull_ignored_removing,
              cause_inputs("does_not_belong_here", event.version));
    return true;
  }
  const bool of_a_person = calendar.scope == provider_scope::user;
  if (!of_a_person && !concerns(*known, calendar)) return false;
  const bool assigned = of_a_person && is_assigned(*known, calendar.user);
  if (!assigned && (!admits(calendar, event) || calendar.direction == sync_direction::to_provider))
    return false;
  joining j{calendar, event, *known, calendar.imports == import_policy::busy_only, {}, {}, {}};
  auto people = j.entry.assigned;
  if (of_a_person) people.push_back(calendar.user);
  j.theirs = without_people(p, event.what, people);
  weigh_values(p, j);
  carry_out(p, j);
  return true;
}

} // namespace kalends::actors
