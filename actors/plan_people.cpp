// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_people.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/plan_merge.hpp"

#include <algorithm>
#include <utility>

namespace kalends::actors {
namespace {

using people = std::vector<user_id>;

bool contains(const people& sorted, const user_id& u) {
  return std::binary_search(sorted.begin(), sorted.end(), u);
}

void put_in_order(people& all) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

people named_users(const tenant_picture& p, const std::vector<attendee>& guests, bool who_declined) {
  people found;
  for (const auto& g : guests)
    if (who_declined == (g.response == attendee_response::declined))
      if (const auto* user = p.user_of(g.email)) found.push_back(*user);
  put_in_order(found);
  return found;
}

bool has_own_link(const tenant_picture& p, const entry_id& e, const user_id& user) {
  const auto links = p.links_of(e);
  return std::any_of(links.begin(), links.end(), [&](const mapping* m) {
    const auto* holder = p.calendar(m->provider);
    return holder != nullptr && holder->scope == provider_scope::user && holder->user == user && m->linked;
  });
}

const attendee* guest_of(const tenant_picture& p, const std::vector<attendee>& guests, const user_id& u) {
  const auto at = std::find_if(guests.begin(), guests.end(), [&](const attendee& g) {
    const auto* user = p.user_of(g.email);
    return user != nullptr && *user == u;
  });
  return at == guests.end() ? nullptr : &*at;
}

people joining(const tenant_picture& p, const mapping& link, const schedule_entry& entry,
               const calendar_event& event) {
  const auto before = invited_users(p, link.base_event.attendees);
  auto found = invited_users(p, event.what.attendees);
  std::erase_if(found, [&](const user_id& u) {
    if (contains(entry.assigned, u)) return true;
    const auto* guest = guest_of(p, entry.what.attendees, u);
    if (guest == nullptr) return contains(before, u); // the host took him off
    // Not every copy shows what the others answered.
    return guest->response == attendee_response::declined &&
           guest_of(p, event.what.attendees, u)->response == attendee_response::needs_action;
  });
  return found;
}

struct leaving {
  people all;
  people declined; ///< of these
};

leaving leaving_people(const tenant_picture& p, const provider& calendar, const mapping& link,
                       const schedule_entry& entry, const calendar_event& event) {
  const auto now = invited_users(p, event.what.attendees);
  const auto said_no = named_users(p, event.what.attendees, true);
  const bool whole_list = !event.guest_copy && organizes(p, calendar, link);
  leaving found;
  for (const auto& u : known_by_invitation(p, entry, link)) {
    if (u == calendar.user || contains(now, u)) continue;
    const bool declines = contains(said_no, u);
    if (!declines && !whole_list) continue;
    found.all.push_back(u);
    if (declines) found.declined.push_back(u);
  }
  return found;
}

/// The link knows whom the event invites before anybody asks who needs a copy; and who declined is from now
/// on a guest like any other.
void agree_on_invitations(tenant_picture& p, mapping link, const calendar_event& event, const people& come,
                          const people& declined) {
  auto& agreed = link.base_event.attendees;
  agreed = guests_but(guests_but(std::move(agreed), p.addresses_of(declined)), p.addresses_of(come));
  for (const auto& u : come) agreed.push_back(*guest_of(p, event.what.attendees, u));
  p.put_link(std::move(link));
}

} // namespace

bool assigns_guests(const provider& calendar) {
  return calendar.direction != sync_direction::to_provider &&
         (calendar.imports == import_policy::all || calendar.imports == import_policy::marked);
}

people invited_users(const tenant_picture& p, const std::vector<attendee>& guests) {
  return named_users(p, guests, false);
}

people with_people(people all, const people& more) {
  for (const auto& u : more)
    if (all.size() < limits::assigned_users && std::find(all.begin(), all.end(), u) == all.end())
      all.push_back(u);
  put_in_order(all);
  return all;
}

bool comes_by_itself(const tenant_picture& p, const schedule_entry& e, const provider& calendar) {
  if (calendar.scope != provider_scope::user) return false;
  const auto links = p.links_of(e.id);
  return std::any_of(links.begin(), links.end(), [&](const mapping* m) {
    return m->provider != calendar.id && m->linked && !m->removing &&
           contains(invited_users(p, m->base_event.attendees), calendar.user);
  });
}

people known_by_invitation(const tenant_picture& p, const schedule_entry& e, const mapping& link) {
  auto found = invited_users(p, link.base_event.attendees);
  std::erase_if(found,
                [&](const user_id& u) { return !contains(e.assigned, u) || has_own_link(p, e.id, u); });
  return found;
}

bool organizes(const tenant_picture& p, const provider& calendar, const mapping& link) {
  if (link.guest_copy) return false;
  const auto& guests = link.base_event.attendees;
  return std::none_of(guests.begin(), guests.end(), [&](const attendee& g) {
    if (!g.is_organizer) return false;
    const auto* user = p.user_of(g.email);
    return lower_case(g.email) != lower_case(calendar.account) && (user == nullptr || *user != calendar.user);
  });
}

void take_off_guest_lists(tenant_picture& p, const entry_id& e, const people& who) {
  const auto addresses = p.addresses_of(who);
  std::vector<mapping> listed;
  for (const auto* link : p.links_of(e))
    if (std::any_of(addresses.begin(), addresses.end(),
                    [&](const std::string& a) { return is_guest(link->base_entry.attendees, a); }))
      listed.push_back(*link);
  for (auto& link : listed) {
    link.base_entry.attendees = guests_but(std::move(link.base_entry.attendees), addresses);
    p.put_link(std::move(link));
  }
}

schedule_entry follow_guest_list(tenant_picture& p, const provider& calendar, const mapping& known,
                                 const schedule_entry& entry, const calendar_event& event) {
  const auto before = entry; // both may lie in the picture
  auto link = known;
  if (before.origin.empty() || link.masked || !assigns_guests(calendar)) return before;
  const auto come = joining(p, link, before, event);
  const auto gone = leaving_people(p, calendar, link, before, event);
  auto after = before;
  std::erase_if(after.assigned, [&](const user_id& u) { return contains(gone.all, u); });
  after.assigned = with_people(std::move(after.assigned), come);
  if (after.assigned == before.assigned) return before;
  after.what = without_people(p, std::move(after.what), come);
  p.explain(calendar.id, before.id, event.id, reason::pull_people_changed,
            people_inputs(come, gone.all, before.version, event.version));
  agree_on_invitations(p, std::move(link), event, come, gone.declined);
  after = commit_change(p, before, std::move(after), calendar.id);
  take_off_guest_lists(p, before.id, come);
  return after;
}

} // namespace kalends::actors
