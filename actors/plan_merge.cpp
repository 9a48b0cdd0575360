// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_merge.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/import_projector.hpp"
#include "actors/merge_parts.hpp"
#include "actors/merge_rule.hpp"
#include "actors/plan_conflict.hpp"
#include "actors/plan_tail.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

std::string_view fault_of_texts(const appointment& a) {
  if (is_all_day(a.start) != is_all_day(a.end)) return "mixed_all_day";
  if (instant_of(a.end) < instant_of(a.start)) return "end_before_start";
  if (a.title.size() > limits::title_bytes) return "title_too_long";
  if (a.location.size() > limits::location_bytes) return "location_too_long";
  if (a.notes.size() > limits::notes_bytes) return "notes_too_long";
  return {};
}

bool status_is_the_hosts(const schedule_entry& e) {
  return e.status != entry_status::scheduled && e.status != entry_status::tentative;
}

/// A vendor may give a zone another name and a text other line ends.
bool shows(const appointment& event, const appointment& said, field_group g) {
  const auto plain = [](std::string_view text) {
    std::string out;
    for (const char c : text)
      if (c != '\r') out += c;
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    return out;
  };
  switch (g) {
  case field_group::time:
    return is_all_day(event.start) == is_all_day(said.start) &&
           instant_of(event.start) == instant_of(said.start) && instant_of(event.end) == instant_of(said.end);
  case field_group::title:
    return plain(event.title) == plain(said.title);
  case field_group::notes:
    return plain(event.notes) == plain(said.notes);
  case field_group::location:
    return plain(event.location) == plain(said.location);
  case field_group::recurrence:
    return !difference(event, said).has(g);
  default:
    return false;
  }
}

/// The groups in which `shown` says what the entry said for a while since the base. Yes or no is said by
/// chance, too: privacy and status do not tell who wrote them. Occurrences are told slot by slot.
field_set own_writes(const mapping& link, const appointment& shown) {
  field_set own;
  for (const auto& said : link.superseded) {
    const auto written = difference(said, link.base_entry);
    for (const auto g : {field_group::time, field_group::title, field_group::notes, field_group::location,
                         field_group::recurrence})
      if (written.has(g) && shows(shown, said, g)) own.add(g);
  }
  return own;
}

/// What one merge looks at and decides.
struct merge_case {
  const provider& calendar;
  const calendar_event& event;
  schedule_entry entry; ///< before
  mapping link;         ///< before
  appointment shown;    ///< what the event says to this entry
  appointment theirs;   ///< the same, with what the entry keeps of occurrences and guests
  merge_weights weights;
  merge_plan plan;
  field_set merged;            ///< groups that come together in parts: `theirs` holds both sides'
  bool guests_refused = false; ///< the calendar invited somebody whom the next write takes off
  appointment after;

  decision_sides sides() const {
    return {&link.base_entry, &link.base_event, &entry.what, &event.what, &weights};
  }
  overlap met() const { return {calendar, link, entry, shown, event}; }
  merge_sides parts() const {
    return {link.base_entry, link.base_event, entry.what, event.what, link.superseded};
  }
};

void weigh_sides(merge_case& c) {
  auto& w = c.weights;
  w.changed = difference(c.event.what, c.link.base_event);
  w.local = difference(c.entry.what, c.link.base_entry);
  if (status_is_the_hosts(c.entry)) w.hosts_own.add(field_group::status);
  w.event_newer = c.event.updated_at && *c.event.updated_at > c.entry.updated_at;
  const bool calendars_own = c.calendar.recovering || c.event.guest_copy;
  w.direction = calendars_own ? sync_direction::from_provider : c.calendar.direction;
  w.policy = c.calendar.on_conflict;
  if (w.direction == sync_direction::both) w.disputed = c.link.disputed;
}

bool names_all(const std::vector<attendee>& guests, const std::vector<attendee>& shown) {
  return std::all_of(shown.begin(), shown.end(),
                     [&](const attendee& g) { return is_guest(guests, lower_case(g.email)); });
}

void merge_guest_lists(merge_case& c) {
  if (!c.weights.changed.has(field_group::attendees)) return;
  const guest_rule rule{c.weights.direction != sync_direction::to_provider, calendar_wins(c.weights)};
  c.theirs.attendees =
      merge_guests(c.link.base_event.attendees, c.entry.what.attendees, c.shown.attendees, rule);
  c.guests_refused = !rule.list_flows && c.calendar.mails == guest_mail::guests &&
                     !names_all(c.theirs.attendees, c.shown.attendees);
  c.weights.parts.add(field_group::attendees);
}

/// A guest who leaves one occurrence of somebody's meeting takes it away from nobody.
void keep_occurrences_of_others(const tenant_picture& p, merge_case& c) {
  if (!c.event.guest_copy || !c.entry.what.repeats || !c.theirs.repeats) return;
  auto others = c.entry.assigned;
  std::erase(others, c.calendar.user);
  const auto addresses = p.addresses_of(others);
  if (std::none_of(addresses.begin(), addresses.end(),
                   [&](const std::string& a) { return is_guest(c.event.what.attendees, a); }))
    return;
  const auto left = newly_cancelled(c.link.base_event, c.event.what, c.entry.what);
  if (left.empty()) return;
  auto standing = *c.entry.what.repeats;
  rename_slots(standing, c.entry.what.start, c.event.what.start);
  for (const auto at : left)
    take_slot(*c.theirs.repeats, standing, at + (slot_of(c.event.what.start) - slot_of(c.entry.what.start)));
}

void merge_occurrence_slots(merge_case& c) {
  auto& w = c.weights;
  if (!w.changed.has(field_group::occurrences) || w.direction == sync_direction::to_provider) return;
  if (!w.local.has(field_group::occurrences) && !half_written(c.parts())) return;
  auto slots = merge_slots(c.parts(), calendar_wins(w));
  if (!slots) return;
  c.theirs.repeats->exdates = std::move(slots->merged.exdates);
  c.theirs.repeats->changed = std::move(slots->merged.changed);
  c.merged.add(field_group::occurrences);
  if (!slots->overlap) w.parts.add(field_group::occurrences);
}

result<void> decide(merge_case& c) {
  auto& w = c.weights;
  w.differs = difference(c.theirs, c.entry.what);
  w.own = {};
  if (!c.calendar.recovering) w.own = own_writes(c.link, c.event.what) & w.changed & w.differs;
  c.plan = weigh(w);
  if (c.guests_refused) c.plan.refused.add(field_group::attendees);
  auto after =
      whole_series(take(c.entry.what, c.theirs, c.plan.taken | (c.merged - w.disputed - c.plan.disputed)));
  if (!after) return tl::unexpected(after.error());
  c.after = std::move(*after);
  return {};
}

/// Rule and start of two sides make no series: they and the occurrences are taken from one of them.
result<void> decide_as_one(merge_case& c) {
  const auto series = groups_of_busy();
  c.theirs = take(c.theirs, c.shown, series);
  const auto apart = difference(c.theirs, c.entry.what) & series;
  c.weights.changed = c.weights.changed | apart;
  c.weights.local = c.weights.local | apart;
  c.weights.parts = c.weights.parts - series;
  c.merged = c.merged - series;
  return decide(c);
}

void tell_merge(tenant_picture& p, const merge_case& c) {
  const auto& m = c.plan;
  const auto tell = [&](reason why, std::string inputs) {
    p.explain(c.calendar.id, c.entry.id, c.event.id, why, std::move(inputs));
  };
  if (!c.weights.own.empty())
    tell(reason::pull_own_write, change_inputs(c.entry.version, c.event.version, c.weights.own, c.sides()));
  if (m.taken.empty() && m.refused.empty() && m.conflict.empty()) return; // both sides say the same already
  const auto why = reason_of(m, c.weights.direction, c.weights.policy);
  if (m.conflict.empty() && m.refused.empty())
    return tell(why, change_inputs(c.entry.version, c.event.version, m.taken, c.sides()));
  const auto groups = m.conflict.empty() ? m.refused : m.conflict;
  const bool external = !m.conflict.empty() && m.external_wins;
  const bool open = !m.disputed.empty();
  const conflict_story story{groups, m.rule,
                             open       ? "nobody"
                             : external ? "external"
                                        : "local",
                             c.entry.version, c.event.version};
  // Of what was in dispute already, people know.
  const auto news = m.conflict - c.link.disputed;
  if (!news.empty() && !open) {
    note_decided(p, c.met(), news, external);
    auto fresh = story;
    fresh.groups = news;
    p.state(fact_type::calendar_conflict_detected, conflict_fact(fresh, c.entry.id, c.calendar.id));
  }
  tell(why, conflict_inputs(story, external ? c.entry.what : c.event.what, c.sides()));
}

/// How far the host is with an occurrence goes where the occurrence goes.
void keep_statuses(schedule_entry& e, const calendar_time& started) {
  if (e.occurrences.empty()) return;
  const auto moved = slot_of(e.what.start) - slot_of(started);
  for (auto& o : e.occurrences) o.at += moved;
  std::erase_if(e.occurrences,
                [&](const occurrence_status& o) { return !e.what.repeats || !has_slot(e.what, o.at); });
}

void commit_merge(tenant_picture& p, const merge_case& c) {
  auto link = c.link;
  link.event_version = c.event.version;
  link.guest_copy = c.event.guest_copy;
  link.superseded.clear(); // no write guarded by the version before can reach it any more
  p.note_meeting(c.event.ical_uid, c.entry.id);
  link.disputed = {};
  if (c.weights.direction == sync_direction::both)
    link.disputed = keep_disputed(p, c.met(), c.plan.disputed);
  else if (!c.link.disputed.empty())
    end_by_direction(p, c.met(), c.weights.direction == sync_direction::from_provider);
  if (c.plan.changed.empty()) return p.put_link(std::move(link));

  auto after = c.entry;
  after.what = c.after;
  keep_statuses(after, c.entry.what.start);
  if (c.plan.taken.has(field_group::status))
    after.status = c.event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  const bool changes = !difference(after.what, c.entry.what).empty() || after.status != c.entry.status;
  const auto version = changes ? p.next_version(c.entry.id) : c.entry.version;
  link.base_event = take(c.event.what, c.link.base_event, link.disputed);
  link.base_entry = take(link.base_entry, c.shown, c.plan.changed - link.disputed);
  if ((difference(after.what, link.base_entry) - link.disputed).empty()) link.entry_version = version;
  p.put_link(std::move(link));

  tell_merge(p, c);
  if (changes) commit_change(p, c.entry, after, c.calendar.id);
  if (has_to_be_told(p, c.calendar, c.entry.id))
    p.enqueue(c.calendar.id, c.entry.id, version, push_action::upsert);
}

} // namespace

std::string unholdable(const calendar_event& event) {
  if (event.unreadable) return *event.unreadable;
  const auto& a = event.what;
  if (const auto fault = fault_of_texts(a); !fault.empty()) return std::string(fault);
  if (a.attendees.size() > limits::attendees) return "too_many_attendees";
  if (!a.repeats) return {};
  for (const auto& c : a.repeats->changed)
    if (const auto fault = fault_of_texts(c.what); !fault.empty()) return std::string(fault);
  const auto canonical = canonical_series(a);
  return canonical ? std::string() : canonical.error().code;
}

void refuse_event(tenant_picture& p, const provider_id& calendar, const entry_id& entry,
                  const calendar_event& event, std::string_view cause) {
  p.explain(calendar, entry, event.id, reason::pull_refused_unreadable, cause_inputs(cause, event.version));
}

appointment without_people(const tenant_picture& p, appointment a, const std::vector<user_id>& assigned) {
  if (!a.attendees.empty()) a.attendees = guests_but(std::move(a.attendees), p.addresses_of(assigned));
  return a;
}

void merge_event(tenant_picture& p, const provider& calendar, const mapping& link,
                 const schedule_entry& entry, const calendar_event& event) {
  merge_case c{calendar, event, entry, link, {}, {}, {}, {}, {}, false, {}}; // both may lie in the picture
  c.theirs = c.shown = without_people(p, event.what, entry.assigned);
  weigh_sides(c);
  merge_guest_lists(c);
  merge_occurrence_slots(c);
  keep_occurrences_of_others(p, c);
  keep_tail_of_others(p, calendar, c.link, c.entry, event, c.theirs);
  auto decided = decide(c);
  if (!decided) decided = decide_as_one(c);
  if (!decided) return refuse_event(p, calendar.id, c.entry.id, event, decided.error().code);
  commit_merge(p, c);
}

bool has_to_be_told(const tenant_picture& p, const provider& calendar, const entry_id& entry) {
  const auto* link = p.link(calendar.id, entry);
  const auto* now = p.entry(entry);
  if (link == nullptr || now == nullptr || link->removing || !takes_pushes(calendar)) return false;
  return !unwritten(p, calendar, *now, *link).empty();
}

} // namespace kalends::actors
