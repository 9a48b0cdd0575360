// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"
#include "actors/merge_rule.hpp"
#include "actors/plan_removal.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

/// Why no entry can hold this event; empty if one can.
std::string_view unholdable(const calendar_event& event) {
  if (event.unreadable) return *event.unreadable;
  const auto& a = event.what;
  if (is_all_day(a.start) != is_all_day(a.end)) return "mixed_all_day";
  if (instant_of(a.end) < instant_of(a.start)) return "end_before_start";
  if (a.title.size() > limits::title_bytes) return "title_too_long";
  if (a.location.size() > limits::location_bytes) return "location_too_long";
  if (a.notes.size() > limits::notes_bytes) return "notes_too_long";
  return {};
}

void refuse(tenant_picture& p, const provider_id& calendar, const entry_id& entry,
            const calendar_event& event, std::string_view cause) {
  p.explain(calendar, entry, event.id, reason::pull_refused_unreadable, cause_inputs(cause, event.version));
}

mapping link_between(const schedule_entry& e, const provider& calendar, const calendar_event& event) {
  mapping link;
  link.provider = calendar.id;
  link.entry = e.id;
  link.event = event.id;
  link.linked = true;
  link.event_version = event.version;
  link.entry_version = 1;
  link.base_entry = event.what;
  link.base_event = event.what;
  return link;
}

void import_event(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  schedule_entry e;
  e.id = entry_id(make_uuid(p.outside()));
  e.what = event.what;
  e.status = event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  if (calendar.scope == provider_scope::user) e.assigned.push_back(calendar.user);
  e.origin = calendar.id;

  p.put_link(link_between(e, calendar, event));
  p.explain(calendar.id, e.id, event.id, reason::pull_created,
            change_inputs(1, event.version, field_set(), {nullptr, nullptr, nullptr, &event.what, nullptr}));
  commit_new_entry(p, std::move(e), calendar.id);
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
  default:
    return false;
  }
}

/// The groups in which `shown` says what the entry said for a while since the base. Yes or no is said by
/// chance, too: privacy and status do not tell who wrote them.
field_set own_writes(const mapping& link, const appointment& shown) {
  field_set own;
  for (const auto& said : link.superseded) {
    const auto written = difference(said, link.base_entry);
    for (const auto g : {field_group::time, field_group::title, field_group::notes, field_group::location})
      if (written.has(g) && shows(shown, said, g)) own.add(g);
  }
  return own;
}

merge_weights weights_of(const provider& calendar, const schedule_entry& entry, const mapping& link,
                         const calendar_event& event) {
  merge_weights w;
  w.changed = difference(event.what, link.base_event);
  w.differs = difference(event.what, entry.what);
  w.local = difference(entry.what, link.base_entry);
  if (!calendar.recovering) w.own = own_writes(link, event.what) & w.changed & w.differs;
  if (status_is_the_hosts(entry)) w.hosts_own.add(field_group::status);
  w.event_newer = event.updated_at && *event.updated_at > entry.updated_at;
  w.direction = calendar.recovering ? sync_direction::from_provider : calendar.direction;
  w.policy = calendar.on_conflict;
  return w;
}

/// What one merge looked at and decided.
struct merge_case {
  const provider& calendar;
  const schedule_entry& entry;
  const mapping& link;
  const calendar_event& event;
  merge_weights weights;
  merge_plan plan;

  decision_sides sides() const {
    return {&link.base_entry, &link.base_event, &entry.what, &event.what, &weights};
  }
};

void tell_merge(tenant_picture& p, const merge_case& c) {
  const auto& m = c.plan;
  const auto tell = [&](reason why, std::string inputs) {
    p.explain(c.calendar.id, c.entry.id, c.event.id, why, std::move(inputs));
  };
  if (!c.weights.own.empty())
    tell(reason::pull_own_write, change_inputs(c.entry.version, c.event.version, c.weights.own, c.sides()));
  if (m.taken.empty() && m.refused.empty()) return; // both sides say the same already
  const auto why = reason_of(m, c.weights.direction, c.weights.policy);
  if (m.conflict.empty() && m.refused.empty())
    return tell(why, change_inputs(c.entry.version, c.event.version, m.taken, c.sides()));
  const auto groups = m.conflict.empty() ? m.refused : m.conflict;
  const bool external = !m.conflict.empty() && m.external_wins;
  const conflict_story story{groups, m.rule, external ? "external" : "local", c.entry.version,
                             c.event.version};
  if (!m.conflict.empty())
    p.state(fact_type::calendar_conflict_detected, conflict_fact(story, c.entry.id, c.calendar.id));
  tell(why, conflict_inputs(story, external ? c.entry.what : c.event.what, c.sides()));
}

void merge_event(tenant_picture& p, const provider& calendar, const mapping& known_link,
                 const schedule_entry& known, const calendar_event& event) {
  const auto before = known; // both may lie in the picture
  const auto met = known_link;
  const auto weights = weights_of(calendar, before, met, event);
  const merge_case c{calendar, before, met, event, weights, weigh(weights)};
  const auto& m = c.plan;
  auto link = met;
  link.event_version = event.version;
  link.superseded.clear(); // no write guarded by the version before can reach it any more
  if (m.changed.empty()) {
    p.put_link(std::move(link));
    return;
  }
  auto after = before;
  after.what = take(before.what, event.what, m.taken);
  if (m.taken.has(field_group::status))
    after.status = event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  link.base_event = event.what;
  link.base_entry = take(link.base_entry, event.what, m.changed);
  const bool agrees = difference(after.what, link.base_entry).empty();
  const auto version = m.taken.empty() ? before.version : p.next_version(before.id);
  if (agrees) link.entry_version = version;
  p.put_link(link);

  tell_merge(p, c);
  if (!m.taken.empty()) commit_change(p, before, after, calendar.id);
  const auto* now = p.link(calendar.id, before.id);
  if (!agrees && takes_pushes(calendar) && !now->removing)
    p.enqueue(calendar.id, before.id, version, push_action::upsert);
}

/// Whether an insert was under way that says what its event began with.
bool knows_its_beginning(const mapping& link) { return !link.linked && !(link.base_entry == appointment{}); }

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
    merge_event(p, calendar, std::move(link), entry, event);
  } else {
    link.base_event = event.what;
    link.base_entry = take(entry.what, event.what, differs);
    p.put_link(std::move(link));
  }
  const auto* now = p.entry(key.entry);
  if (takes_pushes(calendar) && !difference(now->what, p.link(key.provider, key.entry)->base_entry).empty())
    p.enqueue(key.provider, key.entry, now->version, push_action::upsert);
}

/// On its way out by our own hand. The entry may come back before it is gone: then its own values are to be
/// pushed over whatever the calendar shows, so that the base has to say what that is.
void note_leaving(tenant_picture& p, mapping link, const calendar_event& event) {
  const auto changed = link.linked ? difference(event.what, link.base_event) : field_set::all();
  link.linked = true;
  link.event = event.id;
  link.event_version = event.version;
  link.base_event = event.what;
  link.base_entry = take(link.base_entry, event.what, changed);
  p.explain(link.provider, link.entry, event.id, reason::pull_ignored_removing,
            leaving_inputs(event.what, changed, event.version));
  p.put_link(std::move(link));
}

/// The entry was made after the point to which the database was brought back: its event names it.
void recover_entry(tenant_picture& p, const provider& calendar, const calendar_event& event) {
  schedule_entry e;
  e.id = event.tag;
  e.what = event.what;
  e.status = event.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
  if (calendar.scope == provider_scope::user) e.assigned.push_back(calendar.user);
  p.put_link(link_between(e, calendar, event));
  p.explain(calendar.id, e.id, event.id, reason::pull_recovered,
            change_inputs(1, event.version, field_set(), {nullptr, nullptr, nullptr, &event.what, nullptr}));
  commit_new_entry(p, std::move(e), calendar.id);
}

/// The entry came to this calendar after that point, and what the calendar says of it is younger.
void recover_link(tenant_picture& p, const provider& calendar, const entry_id& id,
                  const calendar_event& event) {
  const auto before = *p.entry(id);
  auto link = link_between(before, calendar, event);
  link.base_entry = link.base_event = before.what;
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
  } else if (!ours && calendar.direction == sync_direction::to_provider) {
    return;
  } else if (!cause.empty()) {
    refuse(p, calendar.id, ours ? event.tag : entry_id(), event, cause);
  } else if (ours) {
    mapping link;
    link.provider = calendar.id;
    link.entry = event.tag;
    adopt(p, calendar, std::move(link), *tagged, event);
  } else {
    import_event(p, calendar, event);
  }
}

void meet_linked(tenant_picture& p, const provider& calendar, const mapping& link,
                 const calendar_event& event) {
  if (link.linked && !event.version.empty() && event.version == link.event_version)
    return; // an echo, or seen before
  const auto* entry = p.entry(link.entry);
  if (!event.series.empty()) {
    p.explain(calendar.id, link.entry, event.id, reason::pull_ignored_series,
              cause_inputs("in_series", event.version));
  } else if (link.removing || entry == nullptr) {
    note_leaving(p, link, event);
  } else if (const auto cause = unholdable(event); !cause.empty()) {
    refuse(p, calendar.id, link.entry, event, cause);
  } else if (!link.linked) {
    adopt(p, calendar, link, *entry, event);
  } else {
    merge_event(p, calendar, link, *entry, event);
  }
}

/// Graph's listing does not show our tag: the event itself has to be asked for it.
bool says_no_tag(const provider& calendar, const calendar_event& event) {
  return calendar.type == provider_type::microsoft && event.tag.empty();
}

} // namespace

pull_verdict plan_pull(tenant_picture& p, const provider_id& calendar, const calendar_event& event,
                       removal proof) {
  const auto* known = p.calendar(calendar);
  if (known == nullptr) return pull_verdict::settled; // disconnected meanwhile
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
