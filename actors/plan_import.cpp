// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_import.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

bool shown_to_others(const tenant_picture& p, const schedule_entry& e, const provider& calendar) {
  const auto links = p.links_of(e.id);
  return std::any_of(links.begin(), links.end(), [&](const mapping* m) {
    const auto* holder = p.calendar(m->provider);
    return holder != nullptr && holder->id != calendar.id && holder->scope == provider_scope::user &&
           holder->user != calendar.user && m->linked && !m->masked;
  });
}

/// Not a word of what is forgotten gets into the ledger.
void mask_known(tenant_picture& p, const provider& calendar, mapping link) {
  const auto before = *p.entry(link.entry);
  const auto hosts = difference(before.what, link.base_entry);
  link.masked = true;
  link.base_entry = mask(std::move(link.base_entry));
  link.base_event = mask(std::move(link.base_event));
  for (auto& said : link.superseded) said = mask(std::move(said));
  const auto event = link.event;
  const auto version = link.event_version;
  p.put_link(std::move(link));
  if (shown_to_others(p, before, calendar)) return;
  auto after = before;
  after.what = take(mask(before.what), before.what, hosts);
  const auto changed = difference(after.what, before.what);
  if (changed.empty()) return;
  p.explain(calendar.id, before.id, event, reason::pull_updated,
            change_inputs(before.version, version, changed));
  commit_change(p, before, std::move(after), calendar.id);
}

} // namespace

calendar_event as_imported(tenant_picture& p, const provider& calendar, calendar_event event, bool at_once) {
  if (event.removed || event.unreadable) return event;
  const bool busy = calendar.imports == import_policy::busy_only;
  const auto* link = p.link_of(calendar.id, event);
  if (link == nullptr) {
    const bool ours = !event.tag.empty() && p.link(calendar.id, event.tag) == nullptr &&
                      (calendar.recovering || p.entry(event.tag) != nullptr);
    return busy && !ours ? mask(std::move(event)) : event;
  }
  const auto* entry = p.entry(link->entry);
  const bool becomes =
      busy && !link->masked && link->linked && entry != nullptr && entry->origin == calendar.id;
  const bool stays = link->masked == busy || (!link->masked && !becomes);
  const bool echo = event.version == link->event_version && !at_once;
  if (stays || echo) return link->masked ? mask(std::move(event)) : event;
  if (becomes) {
    mask_known(p, calendar, *link);
    return mask(std::move(event));
  }
  auto told = *link;
  told.masked = false;
  p.put_link(std::move(told));
  return event;
}

} // namespace kalends::actors
