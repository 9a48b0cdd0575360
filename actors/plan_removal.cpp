// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_removal.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

bool only_of_this_calendar(const tenant_picture& p, const schedule_entry& e, const provider& calendar) {
  if (e.origin != calendar.id) return false;
  // Who connected a tenant-wide calendar is not its only reader: there, any assignee is somebody else.
  const bool of_a_person = calendar.scope == provider_scope::user;
  const bool nobody_else = std::all_of(e.assigned.begin(), e.assigned.end(),
                                       [&](const user_id& u) { return of_a_person && u == calendar.user; });
  if (!nobody_else) return false;
  const auto links = p.links_of(e.id);
  return std::none_of(links.begin(), links.end(), [&](const mapping* m) {
    const auto* holder = p.calendar(m->provider);
    return holder != nullptr && !m->removing && holder->scope == provider_scope::user &&
           holder->id != calendar.id && !(of_a_person && holder->user == calendar.user);
  });
}

void unassign(tenant_picture& p, const schedule_entry& before, const provider& calendar) {
  auto after = before;
  std::erase(after.assigned, calendar.user);
  if (after.assigned != before.assigned) commit_change(p, before, std::move(after), calendar.id);
}

} // namespace

void plan_removal(tenant_picture& p, const provider& calendar, const mapping& gone,
                  const calendar_event& event) {
  const auto link = gone; // dropped below
  const auto* known = p.entry(link.entry);
  const auto tell = [&](reason why) {
    p.explain(link.provider, link.entry, event.id, why,
              change_inputs(
                  known != nullptr ? known->version : link.entry_version, link.event_version, {},
                  {&link.base_entry, nullptr, known != nullptr ? &known->what : nullptr, nullptr, nullptr}));
  };
  if (link.removing || known == nullptr) {
    tell(reason::push_gone);
    p.drop_link({link.provider, link.entry});
    return;
  }
  const auto before = *known;
  const bool tenant_wide = calendar.scope == provider_scope::tenant;
  const bool deletes =
      calendar.direction != sync_direction::to_provider && only_of_this_calendar(p, before, calendar);
  const bool cancels = !deletes && calendar.direction != sync_direction::to_provider &&
                       before.origin.empty() && calendar.on_deletion == deletion_policy::cancel_entry;
  const bool restores = !deletes && !cancels && belongs_in(before, calendar) &&
                        (tenant_wide || calendar.direction == sync_direction::to_provider);
  if (restores) {
    tell(reason::pull_restored);
    bring_anew(p, before, calendar);
    return;
  }
  tell(deletes ? reason::pull_deleted_entry : cancels ? reason::pull_cancelled_entry : reason::pull_unlinked);
  p.drop_link({link.provider, link.entry});
  if (deletes) {
    commit_deletion(p, before, calendar.id);
  } else if (cancels) {
    auto after = before;
    after.status = entry_status::cancelled;
    after.what.is_tentative = false;
    commit_change(p, before, std::move(after), calendar.id);
  } else if (!tenant_wide) {
    unassign(p, before, calendar);
  }
}

} // namespace kalends::actors
