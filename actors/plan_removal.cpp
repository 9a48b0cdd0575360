// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_removal.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "actors/plan_people.hpp"
#include "actors/plan_tail.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

bool born_in(const tenant_picture& p, const schedule_entry& e, const mapping& link) {
  if (e.origin == link.provider) return true;
  return link.guest_copy && !e.origin.empty() && p.link(e.origin, e.id) == nullptr;
}

/// Whose part in the meeting ends with the organizer's copy: no calendar of theirs will say so.
std::vector<user_id> told_by_organizer(const tenant_picture& p, const schedule_entry& e,
                                       const provider& calendar, const mapping& link) {
  if (e.origin.empty() || !organizes(p, calendar, link)) return {};
  return known_by_invitation(p, e, link);
}

/// Everybody who is assigned has been invited by the vendor: the organizer's removal reaches them by itself.
bool all_invited(const tenant_picture& p, const schedule_entry& e, const provider& calendar,
                 const mapping& link) {
  if (e.origin != calendar.id || !organizes(p, calendar, link)) return false;
  const auto invited = invited_users(p, link.base_event.attendees);
  return std::includes(invited.begin(), invited.end(), e.assigned.begin(), e.assigned.end());
}

bool only_of_this_calendar(const tenant_picture& p, const schedule_entry& e, const provider& calendar,
                           const mapping& link) {
  if (!born_in(p, e, link)) return false;
  // Who connected a tenant-wide calendar is not its only reader: there, any assignee is somebody else.
  const bool of_a_person = calendar.scope == provider_scope::user;
  const auto told = told_by_organizer(p, e, calendar, link);
  const bool nobody_else = std::all_of(e.assigned.begin(), e.assigned.end(), [&](const user_id& u) {
    return (of_a_person && u == calendar.user) || std::binary_search(told.begin(), told.end(), u);
  });
  if (!nobody_else) return false;
  const auto links = p.links_of(e.id);
  return std::none_of(links.begin(), links.end(), [&](const mapping* m) {
    const auto* holder = p.calendar(m->provider);
    return holder != nullptr && !m->removing && holder->scope == provider_scope::user &&
           holder->id != calendar.id && !(of_a_person && holder->user == calendar.user);
  });
}

void unassign(tenant_picture& p, const schedule_entry& before, const provider& calendar,
              const std::vector<user_id>& told) {
  auto after = before;
  std::erase_if(after.assigned, [&](const user_id& u) {
    return (calendar.scope == provider_scope::user && u == calendar.user) ||
           std::binary_search(told.begin(), told.end(), u);
  });
  if (after.assigned != before.assigned) commit_change(p, before, std::move(after), calendar.id);
}

/// The very same event in another calendar of the person: it was moved there.
const mapping* moved_to(const tenant_picture& p, const provider& calendar, const mapping& link) {
  if (calendar.scope != provider_scope::user || link.event.empty()) return nullptr;
  for (const auto* other : p.links_of(link.entry)) {
    const auto* holder = p.calendar(other->provider);
    if (holder != nullptr && holder->id != calendar.id && holder->scope == provider_scope::user &&
        holder->user == calendar.user && other->linked && !other->removing && other->event == link.event)
      return other;
  }
  return nullptr;
}

enum class outcome { restored, deleted, cancelled, unlinked, moved };

outcome outcome_of(const tenant_picture& p, const schedule_entry& e, const provider& calendar,
                   const mapping& link) {
  if (moved_to(p, calendar, link) != nullptr) return outcome::moved;
  const bool hosts = calendar.direction == sync_direction::to_provider;
  if (!hosts && only_of_this_calendar(p, e, calendar, link)) return outcome::deleted;
  if (!hosts && e.origin.empty() && calendar.on_deletion == deletion_policy::cancel_entry)
    return outcome::cancelled;
  const bool standing = calendar.scope == provider_scope::tenant && !all_invited(p, e, calendar, link);
  if ((hosts || standing) && belongs_in(e, calendar)) return outcome::restored;
  return outcome::unlinked;
}

void tell(tenant_picture& p, const mapping& link, const event_id& event, const schedule_entry* known,
          reason why) {
  p.explain(link.provider, link.entry, event, why,
            change_inputs(
                known != nullptr ? known->version : link.entry_version, link.event_version, {},
                {&link.base_entry, nullptr, known != nullptr ? &known->what : nullptr, nullptr, nullptr}));
}

/// The link goes, and the entry becomes what the policy says.
void let_go(tenant_picture& p, const provider& calendar, const mapping& link, const event_id& event,
            const schedule_entry& before, outcome how) {
  tell(p, link, event, &before,
       how == outcome::deleted     ? reason::pull_deleted_entry
       : how == outcome::cancelled ? reason::pull_cancelled_entry
       : how == outcome::moved     ? reason::pull_relinked
                                   : reason::pull_unlinked);
  const auto* there = how == outcome::moved ? moved_to(p, calendar, link) : nullptr;
  const auto new_home = there != nullptr ? there->provider : provider_id();
  const auto told = told_by_organizer(p, before, calendar, link);
  p.drop_link({link.provider, link.entry});
  if (how == outcome::moved) {
    if (before.origin != calendar.id) return;
    auto after = before;
    after.origin = new_home;
    commit_change(p, before, std::move(after), calendar.id);
  } else if (how == outcome::deleted) {
    commit_deletion(p, before, calendar.id);
  } else if (how == outcome::cancelled) {
    auto after = before;
    after.status = entry_status::cancelled;
    after.what.is_tentative = false;
    commit_change(p, before, std::move(after), calendar.id);
  } else {
    unassign(p, before, calendar, told);
  }
}

/// What becomes of an occurrence that left its series: nobody's meeting, and nobody is a guest of it.
schedule_entry entry_of(const tenant_picture& p, const schedule_entry& series, const occurrence& o,
                        const std::vector<user_id>& people) {
  schedule_entry e;
  e.id = entry_id(make_uuid(p.outside()));
  e.what = o.what;
  e.what.repeats.reset();
  e.what.attendees.clear();
  e.status = o.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  for (const auto& s : series.occurrences)
    if (s.at == o.at) e.status = s.status;
  e.work = series.work;
  e.assigned = people;
  return e;
}

} // namespace

void plan_removal(tenant_picture& p, const provider& calendar, const mapping& gone,
                  const calendar_event& event) {
  const auto link = gone; // dropped below
  const auto* known = p.entry(link.entry);
  if (link.removing || known == nullptr) {
    tell(p, link, event.id, known, reason::push_gone);
    p.drop_link({link.provider, link.entry});
    return;
  }
  const auto before = *known;
  const auto how = outcome_of(p, before, calendar, link);
  if (how != outcome::restored) return let_go(p, calendar, link, event.id, before, how);
  tell(p, link, event.id, &before, reason::pull_restored);
  bring_anew(p, before, calendar);
}

bool plan_withdrawal(tenant_picture& p, const provider& calendar, const mapping& from,
                     const calendar_event& event) {
  const auto link = from; // dropped below
  const auto before = *p.entry(link.entry);
  const auto how = outcome_of(p, before, calendar, link);
  if (how == outcome::restored) return false;
  let_go(p, calendar, link, event.id, before, how);
  return true;
}

schedule_entry free_occurrences(tenant_picture& p, const provider& calendar, const mapping& link,
                                const schedule_entry& entry, const calendar_event& event) {
  const auto before = entry; // may lie in the picture
  if (calendar.scope != provider_scope::user || calendar.direction == sync_direction::to_provider ||
      before.assigned.size() < 2 || !leaves_alone(calendar, before))
    return before;
  const auto left = newly_cancelled(link.base_event, event.what, before.what);
  const auto people = keepers(p, calendar, before, event);
  if (left.empty() || people.empty()) return before;
  auto after = before;
  std::vector<std::pair<recurrence_id, schedule_entry>> freed;
  recurrence cancelled;
  cancelled.exdates = left;
  for (const auto at : left) {
    if (const auto o = occurrence_at(before.what, at))
      freed.emplace_back(at, entry_of(p, before, *o, people));
    take_slot(*after.what.repeats, cancelled, at);
    std::erase_if(after.occurrences, [at](const occurrence_status& s) { return s.at == at; });
  }
  auto whole = whole_series(std::move(after.what));
  if (!whole) return before;
  after.what = std::move(*whole);
  after = commit_change(p, before, std::move(after), calendar.id);
  for (auto& [at, e] : freed) {
    p.explain(calendar.id, before.id, event.id, reason::pull_occurrence_freed,
              freed_inputs(write_slot(at, is_all_day(before.what.start)), e.id, event.version));
    commit_new_entry(p, std::move(e), calendar.id);
  }
  return after;
}

} // namespace kalends::actors
