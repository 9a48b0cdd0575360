// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_conflict.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "schema/recurrence.hpp"

#include <utility>

namespace kalends::actors {
namespace {

conflict made_of(tenant_picture& p, const overlap& o, field_set groups) {
  conflict c;
  c.id = make_uuid(p.outside());
  c.provider = o.calendar.id;
  c.entry = o.entry.id;
  c.event = o.event.id;
  c.groups = groups;
  c.base = o.link.base_entry;
  c.local = o.entry.what;
  c.external = o.shown;
  c.entry_version = o.entry.version;
  c.event_version = o.event.version;
  c.opened_at = p.outside().now();
  return c;
}

conflict_story story_of(const conflict& c, std::string_view winner) {
  return {c.groups, name_of(conflict_policy::manual), winner, c.entry_version, c.event_version};
}

tl::unexpected<error> missing(const char* code, const char* detail) {
  return failure(errc::not_found, code, detail);
}

/// The entry with those groups of `content`. Statuses that only the host has go with their occurrences.
schedule_entry with_content(schedule_entry e, const appointment& content, field_set groups) {
  const auto started = e.what.start;
  e.what = take(std::move(e.what), content, groups);
  const bool began = e.status != entry_status::scheduled && e.status != entry_status::tentative;
  if (groups.has(field_group::status) && !began)
    e.status = e.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  const auto moved = slot_of(e.what.start) - slot_of(started);
  for (auto& o : e.occurrences) o.at += moved;
  std::erase_if(e.occurrences,
                [&](const occurrence_status& o) { return !e.what.repeats || !has_slot(e.what, o.at); });
  return e;
}

result<schedule_entry> whole(schedule_entry e) {
  auto sound = canonical_series(std::move(e.what));
  if (!sound) return tl::unexpected(sound.error());
  e.what = std::move(*sound);
  return e;
}

/// A choice that makes no series (the rule of one side, the start of the other) is refused.
result<schedule_entry> chosen_entry(const schedule_entry& e, const appointment& content, field_set groups) {
  auto made = whole(with_content(e, content, groups));
  if (made) return made;
  return failure(
      errc::invalid, made.error().code,
      "These values make no series together; take time, recurrence and occurrences from one side. " +
          made.error().detail,
      "fields");
}

} // namespace

// ---- what the picture knows of them

void tenant_picture::know(conflict c) {
  auto id = c.id;
  conflicts_.insert_or_assign(std::move(id), std::move(c));
}

const conflict* tenant_picture::find_conflict(const std::string& id) const {
  const auto at = conflicts_.find(id);
  return at == conflicts_.end() ? nullptr : &at->second;
}

const conflict* tenant_picture::open_conflict(const mapping_key& link) const {
  for (const auto& [id, c] : conflicts_)
    if (c.state == conflict_state::open && c.provider == link.provider && c.entry == link.entry) return &c;
  return nullptr;
}

void tenant_picture::put_conflict(conflict c) {
  touched_conflicts_.insert(c.id);
  know(std::move(c));
}

void tenant_picture::close_conflicts() {
  for (auto& [id, c] : conflicts_) {
    if (c.state != conflict_state::open) continue;
    const auto* at = link(c.provider, c.entry);
    if (at != nullptr && !at->removing && !at->disputed.empty()) continue;
    c.state = conflict_state::resolved;
    c.decided_by = at != nullptr && !at->removing ? "same_values" : "left_the_calendar";
    c.resolved_at = world_.now();
    touched_conflicts_.insert(id);
    state(fact_type::calendar_conflict_resolved, resolution_fact(c));
  }
}

// ---- how they begin and go on

field_set keep_disputed(tenant_picture& p, const overlap& o, field_set fresh) {
  const auto differs = difference(o.shown, o.entry.what);
  const auto disputed = (o.link.disputed & differs) | fresh;
  const auto news = fresh - o.link.disputed;
  const auto* known = p.open_conflict({o.calendar.id, o.entry.id});
  if (known == nullptr && news.empty()) return disputed;
  auto c = made_of(p, o, disputed);
  if (known != nullptr) {
    c.id = known->id;
    c.opened_at = known->opened_at;
    c.base = known->base;
    if (disputed.empty()) c.groups = known->groups; // what it was about
  }
  p.put_conflict(c);
  if (news.empty()) return disputed;
  auto told = c;
  told.groups = news;
  p.state(fact_type::calendar_conflict_detected, dispute_fact(told));
  return disputed;
}

void end_by_direction(tenant_picture& p, const overlap& o, bool external_won) {
  const auto* open = p.open_conflict({o.calendar.id, o.entry.id});
  if (open == nullptr) return;
  auto c = *open;
  c.state = conflict_state::resolved;
  c.choice = external_won ? conflict_choice::external : conflict_choice::local;
  c.from_calendar = external_won ? c.groups : field_set();
  c.decided_by = o.calendar.direction == sync_direction::both ? "calendar" : "direction";
  c.resolved_at = p.outside().now();
  p.state(fact_type::calendar_conflict_resolved, resolution_fact(c));
  p.put_conflict(std::move(c));
}

void note_decided(tenant_picture& p, const overlap& o, field_set groups, bool external_won) {
  auto c = made_of(p, o, groups);
  c.state = conflict_state::resolved;
  c.choice = external_won ? conflict_choice::external : conflict_choice::local;
  if (external_won) c.from_calendar = groups;
  c.decided_by = "policy";
  c.resolved_at = c.opened_at;
  p.put_conflict(std::move(c));
}

void follow_entry(tenant_picture& p, const schedule_entry& now) {
  std::vector<mapping> links; // what is put moves the others
  for (const auto* known : p.links_of(now.id))
    if (!known->disputed.empty()) links.push_back(*known);
  for (auto& link : links) {
    const auto* open = p.open_conflict({link.provider, link.entry});
    if (open == nullptr) continue;
    auto c = *open;
    const auto over = link.disputed - difference(now.what, c.external);
    link.disputed = link.disputed - over;
    link.base_event = take(link.base_event, c.external, over);
    link.base_entry = take(link.base_entry, now.what, over);
    c.local = now.what;
    c.entry_version = now.version;
    if (!link.disputed.empty()) c.groups = link.disputed;
    p.put_conflict(std::move(c));
    p.put_link(std::move(link));
  }
}

// ---- how they end

appointment resolved_content(const conflict& c, field_set from_calendar) {
  return take(c.local, c.external, from_calendar & c.groups);
}

field_set taken_by(const conflict& c, const conflict_resolution& how) {
  if (how.choice == conflict_choice::external) return c.groups;
  return how.choice == conflict_choice::merge ? how.from_calendar & c.groups : field_set();
}

appointment losing_content(const conflict& c) {
  return take(c.local, c.external, c.groups - c.from_calendar);
}

result<conflict> resolve_conflict(tenant_picture& p, const std::string& id, const conflict_resolution& how,
                                  const std::string& who) {
  const auto* known = p.find_conflict(id);
  if (known == nullptr) return missing("conflict_not_found", "There is no conflict with this id.");
  auto c = *known;
  const auto taken = taken_by(c, how);
  if (c.state == conflict_state::resolved && c.from_calendar == taken && c.choice) return c;
  if (c.state == conflict_state::resolved)
    return failure(errc::conflict, "conflict_resolved_already",
                   "It is resolved; POST …/restoration brings what lost back, and the entry can be changed.");
  const auto* entry = p.entry(c.entry);
  const auto* linked = p.link(c.provider, c.entry);
  const auto* calendar = p.calendar(c.provider);
  if (entry == nullptr || linked == nullptr || calendar == nullptr)
    return missing("entry_not_found", "The entry of this conflict is gone, or it left the calendar.");
  const auto before = *entry;
  auto after = chosen_entry(before, c.external, taken);
  if (!after) return tl::unexpected(after.error());

  auto link = *linked;
  link.disputed = link.disputed - c.groups;
  link.base_event = take(link.base_event, c.external, c.groups);
  link.base_entry = take(link.base_entry, c.external, c.groups);
  p.put_link(link);
  c.state = conflict_state::resolved;
  c.choice = how.choice;
  c.from_calendar = taken;
  c.decided_by = who;
  c.resolved_at = p.outside().now();
  p.put_conflict(c);
  p.state(fact_type::calendar_conflict_resolved, resolution_fact(c));
  p.explain(c.provider, c.entry, c.event, reason::conflict_resolved,
            conflict_inputs(story_of(c, name_of(how.choice)), losing_content(c)));
  if (!difference(before.what, after->what).empty() || after->status != before.status)
    commit_change(p, before, std::move(*after), c.provider);
  const auto* now = p.entry(c.entry);
  const auto differs = difference(now->what, link.base_entry) - link.disputed;
  if (!differs.empty() && takes_pushes(*calendar) && !link.removing)
    p.enqueue(c.provider, c.entry, now->version, push_action::upsert);
  if (differs.empty()) {
    auto agreed = *p.link(c.provider, c.entry);
    agreed.entry_version = now->version;
    p.put_link(std::move(agreed));
  }
  return c;
}

result<conflict> restore_losing(tenant_picture& p, const std::string& id, const std::string& who) {
  const auto* known = p.find_conflict(id);
  if (known == nullptr) return missing("conflict_not_found", "There is no conflict with this id.");
  const auto c = *known;
  if (c.state == conflict_state::open)
    return failure(errc::conflict, "conflict_open",
                   "Nothing has lost yet; POST …/resolution says whose values stand.");
  if (c.resolved_at && p.outside().now() - *c.resolved_at > losing_values_kept)
    return failure(errc::resync, "conflict_too_old", "What lost is kept for 90 days.");
  const auto* entry = p.entry(c.entry);
  if (entry == nullptr) return missing("entry_not_found", "The entry of this conflict is gone.");
  const auto before = *entry;
  const auto lost = losing_content(c);
  auto after = chosen_entry(before, lost, c.groups);
  if (!after) return tl::unexpected(after.error());
  if (difference(before.what, after->what).empty()) return c;
  auto told = story_of(c, c.from_calendar.empty() ? "external" : "local");
  told.policy = who;
  p.explain(c.provider, c.entry, c.event, reason::losing_value_restored, conflict_inputs(told, before.what));
  commit_change(p, before, std::move(*after), provider_id());
  return c;
}

} // namespace kalends::actors
