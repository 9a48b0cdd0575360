// SPDX-License-Identifier: Apache-2.0
#include "actors/entry_changes.hpp"

#include "actors/merge_parts.hpp"
#include "actors/plan_brake.hpp"
#include "actors/plan_conflict.hpp"
#include "actors/plan_people.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

std::vector<std::string_view> changed_names(const schedule_entry& before, const schedule_entry& after) {
  const auto groups = difference(before.what, after.what);
  auto names = names_of(groups);
  if (before.status != after.status && !groups.has(field_group::status)) names.emplace_back("status");
  if (before.occurrences != after.occurrences && !groups.has(field_group::occurrences))
    names.emplace_back("occurrences");
  if (before.work != after.work) names.emplace_back("work_item");
  if (before.assigned != after.assigned) names.emplace_back("assigned_user_ids");
  return names;
}

/// Longer notes are not remembered: a mapping is a row that is written often.
constexpr std::size_t most_superseded_bytes = 8 * 1024;

struct entry_change {
  const schedule_entry* before = nullptr; ///< null: new
  const schedule_entry* after = nullptr;  ///< null: deleted
  const provider_id* cause = nullptr;
};

/// What the entry said before this change may be on its way to the calendar, or have arrived there without an
/// answer: should the calendar show it, it is no change of a person's.
void remember_superseded(tenant_picture& p, const mapping& link, const entry_change& c) {
  if (c.before == nullptr || c.after == nullptr) return;
  // Which calendar has the guests may have been another one by then.
  const auto may = writable(link, p.calendar(link.provider)->mails == guest_mail::guests);
  auto given_up =
      difference_to_write(c.before->what, link.base_entry) & difference(c.before->what, c.after->what) & may;
  field_set notes;
  notes.add(field_group::notes);
  if (c.before->what.notes.size() > most_superseded_bytes) given_up = given_up - notes;
  if (given_up.empty()) return;
  auto knowing = link;
  auto said = take(link.base_entry, c.before->what, given_up);
  auto& all = knowing.superseded;
  if (std::find(all.begin(), all.end(), said) != all.end()) return;
  if (all.size() >= most_superseded) all.erase(all.begin());
  all.push_back(std::move(said));
  p.put_link(std::move(knowing));
}

void reach_calendar(tenant_picture& p, const provider& calendar, const entry_id& id, const entry_change& c) {
  const auto* link = p.link(calendar.id, id);
  if (!takes_pushes(calendar)) {
    // Nothing can be taken out of there; the link alone keeps the event from being imported again.
    if (c.after == nullptr && link != nullptr && !link->removing) {
      auto kept = *link;
      kept.removing = true;
      p.put_link(std::move(kept));
    }
    return;
  }
  if (c.after == nullptr || !belongs_in(*c.after, calendar)) {
    if (link != nullptr && !link->removing)
      send_away(p, *link, c.after != nullptr ? c.after->version : c.before->version);
    return;
  }
  if (link == nullptr) {
    // A meeting of a calendar's that the person had before, too: their calendar was expected to show it.
    const bool had_it = c.before != nullptr && !c.after->origin.empty() && belongs_in(*c.before, calendar);
    if (!had_it && !comes_by_itself(p, *c.after, calendar)) bring_anew(p, *c.after, calendar);
    return;
  }
  if (calendar.id != *c.cause) remember_superseded(p, *link, c);
  link = p.link(calendar.id, id);
  if (link->removing) {
    p.put_link(stays(*link));
  } else if (calendar.id == *c.cause ||
             (link->linked && c.before != nullptr && difference(c.before->what, c.after->what).empty() &&
              !unwritten(p, calendar, *c.after, *link).has(field_group::attendees))) {
    return;
  }
  p.enqueue(calendar.id, id, c.after->version, push_action::upsert);
}

void reach_calendars(tenant_picture& p, const entry_id& id, const entry_change& c) {
  for (const auto& near : p.calendars_near(id, c.after))
    if (const auto* calendar = p.calendar(near)) reach_calendar(p, *calendar, id, c);
}

} // namespace

bool takes_pushes(const provider& calendar) {
  return calendar.status != provider_status::pending_authorization &&
         calendar.status != provider_status::leaving && !calendar.rehearsing &&
         calendar.direction != sync_direction::from_provider;
}

bool concerns(const schedule_entry& e, const provider& calendar) {
  if (e.status == entry_status::cancelled) return false;
  if (calendar.scope == provider_scope::tenant) return !e.what.is_private || e.origin == calendar.id;
  return std::find(e.assigned.begin(), e.assigned.end(), calendar.user) != e.assigned.end();
}

bool belongs_in(const schedule_entry& e, const provider& calendar) {
  return takes_pushes(calendar) && concerns(e, calendar);
}

void reserve_link(tenant_picture& p, const entry_id& e, const provider& calendar) {
  mapping m;
  m.provider = calendar.id;
  m.entry = e;
  // What the insert will say, unless the host is faster: should its answer be lost, this is how a person's
  // change is told from ours.
  const auto* now = p.entry(e);
  if (now != nullptr) m.base_entry = m.base_event = insert_says(calendar, now->what, false);
  if (calendar.type == provider_type::google)
    m.event = make_google_event_id(p.outside());
  else
    m.transaction_id = make_uuid(p.outside());
  p.put_link(m);
  if (now == nullptr || !invites_from(p, calendar, *now, &m)) return;
  m.base_entry = m.base_event = insert_says(calendar, now->what, true);
  p.put_link(std::move(m));
}

void bring_anew(tenant_picture& p, const schedule_entry& e, const provider& calendar) {
  reserve_link(p, e.id, calendar);
  p.enqueue(calendar.id, e.id, e.version, push_action::upsert);
}

void send_away(tenant_picture& p, const mapping& link, std::int64_t version) {
  auto leaving = link;
  leaving.removing = true;
  leaving.disputed = {}; // its conflict ends with it; what comes back is written whole
  p.enqueue(leaving.provider, leaving.entry, version, push_action::remove);
  p.put_link(std::move(leaving));
}

void commit_new_entry(tenant_picture& p, schedule_entry e, const provider_id& cause) {
  e.version = p.next_version(e.id);
  e.created_at = p.outside().now();
  e.updated_at = e.created_at;
  p.put_entry(e);
  p.state_entry(fact_type::schedule_entry_created, e, {}, cause);
  reach_calendars(p, e.id, {nullptr, &e, &cause});
}

schedule_entry commit_change(tenant_picture& p, const schedule_entry& before, schedule_entry after,
                             const provider_id& cause) {
  const auto was = before; // `before` may lie in the picture
  after.version = p.next_version(was.id);
  after.updated_at = p.outside().now();
  p.put_entry(after);
  follow_entry(p, after);
  p.state_entry(fact_type::schedule_entry_updated, after, changed_names(was, after), cause);
  reach_calendars(p, was.id, {&was, &after, &cause});
  return after;
}

void commit_deletion(tenant_picture& p, const schedule_entry& before, const provider_id& cause) {
  const auto was = before;
  p.delete_entry(was.id);
  p.state_entry(fact_type::schedule_entry_deleted, was, {}, cause);
  reach_calendars(p, was.id, {&was, nullptr, &cause});
}

std::optional<std::string_view> fault_of_times(const appointment& a) {
  if (is_all_day(a.start) != is_all_day(a.end)) return "mixed_all_day";
  if (instant_of(a.end) <= instant_of(a.start)) return "end_before_start";
  return std::nullopt;
}

} // namespace kalends::actors
