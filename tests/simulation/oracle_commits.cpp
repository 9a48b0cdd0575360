// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/simulation/oracle.hpp"

#include <algorithm>

namespace kalends::simulation {

namespace {

bool takes_pushes(const provider& p) {
  return p.status != provider_status::pending_authorization && p.direction != sync_direction::from_provider;
}

/// The design's words, once more: whether the entry has to stand in that calendar.
bool belongs(const schedule_entry& e, const provider& p) {
  if (e.status == entry_status::cancelled || !takes_pushes(p)) return false;
  if (p.scope == provider_scope::tenant) return !e.what.is_private || e.origin == p.id;
  return std::find(e.assigned.begin(), e.assigned.end(), p.user) != e.assigned.end();
}

bool says(const std::string& json, const std::string& what) { return json.find(what) != std::string::npos; }

/// The vendor cannot express this version of the entry, and people were told.
bool told_unsayable(const oracle::rows& t, const schedule_entry& e, const mapping& link) {
  if (link.entry_version != e.version) return false;
  const auto last = std::find_if(t.decisions.rbegin(), t.decisions.rend(), [&](const decision& d) {
    return d.entry == e.id && d.provider == link.provider &&
           (d.why == reason::push_unsayable || d.why == reason::push_inserted ||
            d.why == reason::push_updated);
  });
  return last != t.decisions.rend() && last->why == reason::push_unsayable;
}

/// Microsoft brings back nothing that was cancelled there: of such an occurrence the calendar stays as it is.
appointment standing_of(appointment entry, const appointment& event, provider_type type) {
  if (type != provider_type::microsoft || !entry.repeats || !event.repeats) return entry;
  auto& r = *entry.repeats;
  for (const auto at : event.repeats->exdates) {
    if (std::binary_search(r.exdates.begin(), r.exdates.end(), at) || !has_slot(entry, at)) continue;
    r.exdates.insert(std::upper_bound(r.exdates.begin(), r.exdates.end(), at), at);
    std::erase_if(r.changed, [at](const changed_occurrence& c) { return c.at == at; });
  }
  return entry;
}

/// What is in dispute; of a series time, rule and occurrences together.
field_set waiting_for_a_person(const mapping& link) {
  field_set series;
  for (const auto g : {field_group::time, field_group::recurrence, field_group::occurrences}) series.add(g);
  const bool all = link.base_event.repeats && !(link.disputed & series).empty();
  return all ? link.disputed | series : link.disputed;
}

bool same(const mapping& a, const mapping& b) {
  return a.event == b.event && a.transaction_id == b.transaction_id && a.linked == b.linked &&
         a.removing == b.removing && a.event_version == b.event_version &&
         a.entry_version == b.entry_version && a.base_entry == b.base_entry && a.base_event == b.base_event &&
         a.superseded == b.superseded && a.guest_copy == b.guest_copy && a.masked == b.masked &&
         a.disputed == b.disputed && a.gate == b.gate && a.held_since == b.held_since;
}

bool is_entry_fact(const fact& f) {
  return f.type == fact_type::schedule_entry_created || f.type == fact_type::schedule_entry_updated ||
         f.type == fact_type::schedule_entry_deleted;
}

} // namespace

oracle::oracle(trace& log, std::shared_ptr<ledger> shared) : log_(log), ledger_(std::move(shared)) {
  ledger_->before_commit = [this](const rows& t, const tenant_changes& c) { before_commit(t, c); };
  ledger_->after_commit = [this](const rows& t, const tenant_changes& c) { after_commit(t, c); };
}

void oracle::before_commit(const rows& t, const tenant_changes& c) {
  ++commits_;
  entry_writes_ += c.entries.size() + c.deleted_entries.size();
  check_lease(c);
  check_needless(t, c);
  check_values(t, c);
  check_guests(t, c);
  check_explained(t, c);
  check_removals(t, c);
}

void oracle::after_commit(const rows& t, const tenant_changes& c) {
  std::set<provider_id> filled; // by now, what belongs into a calendar that was connected is noted
  for (const auto& m : c.cursors) {
    if (read_once_.insert(m.provider).second) filled.insert(m.provider);
    check_cursor(t, m, c);
    check_marks(t, m.provider);
  }
  check_outbox(t, c, filled);
  check_brake(t, c);
}

// ---------------------------------------------------------------- 21: one node writes

/// What a node decided for a tenant that another took over is refused. Nobody runs one that was given back:
/// who takes it comes with a higher epoch.
void oracle::check_lease(const tenant_changes& c) {
  const auto l = ledger_->leases.find(c.tenant);
  if (l == ledger_->leases.end() || l->second.epoch == 0 || ledger_->writer.empty()) return;
  if (!l->second.node.empty() && l->second.node != ledger_->writer)
    log_.violation(21, "a commit of a node that does not run its tenant any more");
}

// ---------------------------------------------------------------- 7: what is known is not written again

void oracle::check_needless(const rows& t, const tenant_changes& c) {
  for (const auto& m : c.mappings) {
    const auto known = t.mappings.find({m.provider, m.entry});
    if (known == t.mappings.end() || !same(known->second, m)) continue;
    // Unless it left the entry and came back within the commit, or something was told of it.
    const auto of_entry = [&](const auto& row) { return row.entry == m.entry; };
    if (std::any_of(c.entries.begin(), c.entries.end(),
                    [&](const entry_write& w) { return w.entry.id == m.entry; }) ||
        std::any_of(c.decisions.begin(), c.decisions.end(), of_entry) ||
        std::any_of(c.outbox.begin(), c.outbox.end(), of_entry))
      continue;
    log_.violation(7, "the link of entry " + m.entry.str() + " to " + m.event.str() +
                          " is written again, and says what it said");
  }
}

// ---------------------------------------------------------------- 18: every change by sync has its decision

void oracle::check_explained(const rows&, const tenant_changes& c) {
  for (const auto& f : c.facts) {
    if (!is_entry_fact(f) || !says(f.data, "\"cause\":\"provider\"")) continue;
    const auto named = f.data.find("\"entry_id\":\"") + 12;
    const auto whose = f.data.substr(named, f.data.find('"', named) - named);
    const bool told = std::any_of(c.decisions.begin(), c.decisions.end(), [&](const decision& d) {
      return d.entry.str() == whose ||
             ((d.why == reason::pull_occurrence_freed || d.why == reason::pull_tail_freed) &&
              says(d.inputs, whose));
    });
    if (!told) log_.violation(18, "a change by a calendar without a decision: " + f.data);
  }
  for (const auto& d : c.decisions) {
    log_.count("reason:" + std::string(name_of(d.why)));
    log_.say([&] {
      return "  decided " + std::string(name_of(d.why)) + " entry " + d.entry.str() + " event " +
             d.event.str() + " " + d.inputs;
    });
    if (d.why == reason::pull_created && ++imported_[{d.provider, d.event}] > 1)
      log_.violation(6, "event " + d.event.str() + " became an entry twice");
  }
}

// ---------------------------------------------------------------- 9, 10: what a removal may take with it

void oracle::check_removals(const rows& t, const tenant_changes& c) {
  for (const auto& d : c.decisions) {
    if (d.why != reason::pull_deleted_entry && d.why != reason::pull_unlinked &&
        d.why != reason::pull_cancelled_entry && d.why != reason::pull_restored)
      continue;
    const auto& a = accounts_->at(d.provider);
    auto event = a.model.events.find(d.event);
    if (event != a.model.events.end() && !event->second.now.removed)
      log_.violation(9, "event " + d.event.str() + " stands, and was taken for deleted");
    auto entry = t.entries.find(d.entry);
    if (d.why != reason::pull_deleted_entry || entry == t.entries.end()) continue;
    const auto& owner = t.providers.at(d.provider).calendar;
    for (const auto& user : entry->second.assigned)
      if (owner.scope == provider_scope::tenant || user != owner.user)
        log_.violation(10, "a deletion in " + a.calendar.str() + " took an entry of somebody else");
    if (entry->second.origin != d.provider)
      log_.violation(10, "a deletion took an entry that was not born in that calendar");
  }
}

// ---------------------------------------------------------------- 3: the cursor never runs ahead

const appointment& oracle::last_seen(const account& a, const mapping& link) {
  const auto event = a.model.events.find(link.event);
  if (event == a.model.events.end()) return link.base_event;
  const auto& versions = event->second.versions;
  const auto seen = versions.find(link.event_version);
  return seen != versions.end() ? seen->second : link.base_event;
}

/// Whatever the vendor had at that cursor is known: linked in that version, or a decision says why not.
void oracle::check_cursor(const rows& t, const cursor_move& m, const tenant_changes&) {
  const auto& a = accounts_->at(m.provider);
  const auto& calendar = t.providers.at(m.provider).calendar;
  const auto told = calendar_model::serial_of(m.next.token);
  std::map<event_id, const mapping*> links;
  for (auto at = t.mappings.lower_bound({m.provider, entry_id{}});
       at != t.mappings.end() && at->first.provider == m.provider; ++at)
    links.emplace(at->second.event, &at->second);
  for (const auto& [id, e] : a.model.events) {
    if (e.serial > told || a.hidden.contains(id)) continue;
    auto at = links.find(id);
    const auto* link = at != links.end() ? at->second : nullptr;
    if (e.now.removed) {
      const bool seen_gone = link == nullptr || !link->linked || link->removing ||
                             !calendar_model::in_window(last_seen(a, *link), m.next.window);
      if (!seen_gone) log_.violation(3, "the cursor is past the deletion of " + id.str());
      continue;
    }
    if (!calendar_model::in_window(e.now.what, m.next.window)) continue;
    if (link != nullptr && link->event_version == e.now.version) continue;
    const bool explained = (link == nullptr && calendar.direction == sync_direction::to_provider) ||
                           std::any_of(t.decisions.rbegin(), t.decisions.rend(),
                                       [&](const decision& d) { return d.event == id; });
    if (link != nullptr || !explained)
      log_.violation(3, "the cursor of " + a.calendar.str() + " is past a change of " + id.str() +
                            " that is not known (" + e.now.version + ")");
  }
}

// ---------------------------------------------------------------- 2: a mark stays until a later read covered
// it

void oracle::check_marks(const rows& t, const provider_id& p) {
  const auto& r = t.providers.at(p);
  auto& open = accepted_[p];
  const auto told = r.read_from ? calendar_model::serial_of(r.read_from->token) : 0;
  std::erase_if(open, [&](std::uint64_t serial) { return serial <= told; });
  if (!open.empty() && !r.stale && r.read_from)
    log_.violation(2, "an accepted notice of " + p.str() + " is forgotten unread");
}

// ---------------------------------------------------------------- 4: no work without a row

/// Whether the calendar does not show the entry as it stands, or shows it although it should not.
bool oracle::lacks(const rows& t, const provider& p, const entry_id& id) {
  auto at = t.entries.find(id);
  auto link = t.mappings.find({p.id, id});
  const bool linked = link != t.mappings.end();
  if (at == t.entries.end() || !belongs(at->second, p))
    return linked && link->second.gate != removal_gate::held && link->second.gate != removal_gate::refused;
  // Guests are in one calendar only, and what is in dispute waits for a person.
  field_set waits = link != t.mappings.end() ? waiting_for_a_person(link->second) : field_set();
  waits.add(field_group::attendees);
  if (linked && !link->second.removing && told_unsayable(t, at->second, link->second)) return false;
  return !linked || !link->second.linked || link->second.removing ||
         !(difference(at->second.what, link->second.base_entry) - waits).empty();
}

void oracle::check_outbox(const rows& t, const tenant_changes& c, const std::set<provider_id>& filled) {
  std::set<std::tuple<provider_id, entry_id, push_action>> once;
  for (const auto& row : c.outbox)
    if (!once.insert({row.provider, row.entry, row.action}).second)
      log_.violation(4, "two outbox rows of one kind for one entry in one commit");
  std::set<entry_id> touched;
  for (const auto& w : c.entries) touched.insert(w.entry.id);
  for (const auto& e : c.deleted_entries) touched.insert(e);
  for (const auto& m : c.mappings) touched.insert(m.entry);
  for (const auto& m : c.unlinked) touched.insert(m.entry);
  std::set<std::pair<provider_id, entry_id>> waiting;
  for (const auto& [id, row] : t.outbox) waiting.insert({row.provider, row.entry});
  for (const auto& l : t.letters)
    if (l.state == letter_state::open && l.kind == letter_kind::push) waiting.insert({l.provider, l.entry});
  // Rows that are gone may have covered more than this commit touched.
  if (!c.outbox_done.empty())
    for (const auto& [key, m] : t.mappings) touched.insert(key.entry);
  std::set<entry_id> all;
  if (!filled.empty())
    for (const auto& [id, e] : t.entries) all.insert(id);
  for (const auto& [p, r] : t.providers) {
    if (!read_once_.contains(p) || !takes_pushes(r.calendar)) continue; // its backfill is to come
    for (const auto& id : filled.contains(p) ? all : touched) {
      if (lacks(t, r.calendar, id) && !waiting.contains({p, id}))
        log_.violation(4, "entry " + id.str() + " has to be brought to " + accounts_->at(p).calendar.str() +
                              " and no outbox row says so" + story(t, id));
    }
  }
}

// ---------------------------------------------------------------- 14: too much at once is not deleted
// unasked

void oracle::check_brake(const rows& t, const tenant_changes& c) {
  for (const auto& r : c.removals) {
    const auto gone = t.providers.at(r.provider).removed.count;
    const auto links = std::count_if(t.mappings.begin(), t.mappings.end(), [&](const auto& m) {
      return m.first.provider == r.provider && m.second.linked;
    });
    if (gone > removals_unasked && gone > (links + gone) / 20)
      log_.violation(14, std::to_string(gone) + " events were deleted unasked in " +
                             accounts_->at(r.provider).calendar.str());
  }
}

// ---------------------------------------------------------------- 1, 15: what texts may say

void oracle::check_text(const tenant_id& t, const std::string& text, const char* where) {
  if (says(text, "sekrit")) log_.violation(15, std::string("a secret in ") + where + ": " + text);
  for (const auto& [id, mark] : marks_)
    if (id != t && (says(text, id.str()) || says(text, "\"" + mark + "h") || says(text, "\"" + mark + "p")))
      log_.violation(1, std::string("another tenant in ") + where + ": " + text);
}

void oracle::read_new_texts() {
  for (const auto& [id, t] : ledger_->tenants) {
    auto& read = texts_[id];
    for (; read.facts < t.facts.size(); ++read.facts) {
      const auto& f = t.facts[read.facts];
      log_.count("fact:" + std::string(name_of(f.type)));
      check_text(id, f.data, "a fact");
    }
    for (; read.decisions < t.decisions.size(); ++read.decisions)
      check_text(id, t.decisions[read.decisions].inputs, "a decision");
    if (read.runs == t.runs.size()) continue;
    read.runs = t.runs.size();
    for (const auto& [p, r] : t.providers)
      if (r.calendar.problem) check_text(id, r.calendar.problem->detail, "a problem");
    for (const auto& run : t.runs) check_text(id, run.error_detail, "a run");
  }
  if (!ledger_->wrongs.empty()) log_.violation(4, ledger_->wrongs.front());
}

void oracle::fact_told(int node, const fact& f) {
  auto& last = told_[{node, f.tenant}];
  if (last != 0 && f.sequence != last + 1)
    log_.violation(4, "the bus told " + std::to_string(f.sequence) + " after " + std::to_string(last));
  last = f.sequence;
}

// ---------------------------------------------------------------- at rest

bool oracle::anything_to_do(const provider_id& p) const {
  const auto& a = accounts_->at(p);
  const auto& t = ledger_->tenants.at(a.tenant);
  const auto& r = t.providers.at(p);
  if (r.stale || !r.read_from || r.calendar.status != provider_status::active || waits_for_a_yes(p))
    return true;
  return std::any_of(t.outbox.begin(), t.outbox.end(),
                     [&](const auto& row) { return row.second.provider == p; });
}

bool oracle::waits_for_a_yes(const provider_id& p) const {
  const auto& t = ledger_->tenants.at(accounts_->at(p).tenant);
  return std::any_of(t.mappings.begin(), t.mappings.end(), [&](const auto& m) {
    return m.first.provider == p && m.second.gate == removal_gate::held;
  });
}

std::string oracle::story(const rows& t, const entry_id& e) const {
  std::string all;
  for (const auto& d : t.decisions)
    if (d.entry == e) all += "\n    " + std::string(name_of(d.why)) + " " + d.event.str() + " " + d.inputs;
  for (const auto& f : t.facts)
    if (says(f.data, e.str())) all += "\n    " + std::string(name_of(f.type)) + " " + f.data;
  return all;
}

/// What differs because a person has yet to choose.
field_set oracle::disputed(const rows& t, const mapping& link) {
  if (link.disputed.empty()) return {};
  const bool open = std::any_of(t.conflicts.begin(), t.conflicts.end(), [&](const auto& row) {
    const auto& c = row.second;
    return c.state == conflict_state::open && c.provider == link.provider && c.entry == link.entry &&
           c.groups == link.disputed;
  });
  if (!open)
    log_.violation(18, "what is in dispute of entry " + link.entry.str() + " is no open conflict" +
                           story(t, link.entry));
  return waiting_for_a_person(link);
}

void oracle::expect_agreement() {
  expect_slots();
  for (const auto& [p, a] : *accounts_) {
    const auto& t = ledger_->tenants.at(a.tenant);
    auto r = t.providers.find(p);
    if (r != t.providers.end()) expect_agreement(t, a, r->second.calendar);
  }
}

void oracle::expect_agreement(const rows& t, const account& a, const provider& calendar) {
  const auto where = " in " + a.calendar.str();
  const auto& from = t.providers.at(a.provider).read_from;
  std::map<entry_id, int> shown;
  for (const auto& [id, e] : a.model.events) {
    if (e.now.removed) continue;
    const mapping* link = nullptr;
    for (const auto& [key, m] : t.mappings)
      if (key.provider == a.provider && m.event == id) link = &m;
    if (link == nullptr) {
      const bool not_ours_to_show =
          std::any_of(t.decisions.begin(), t.decisions.end(), [&](const decision& d) {
            return d.event == id && d.why == reason::pull_ignored_removing;
          });
      const bool left_alone = not_ours_to_show || a.hidden.contains(id) ||
                              calendar.direction == sync_direction::to_provider ||
                              (from && !calendar_model::in_window(e.now.what, from->window));
      if (!left_alone)
        log_.violation(5, "event " + id.str() + " '" + e.now.what.title + "' has no entry" + where);
      continue;
    }
    auto entry = t.entries.find(link->entry);
    if (entry == t.entries.end()) {
      if (calendar.direction != sync_direction::from_provider)
        log_.violation(5, "event " + id.str() + " of a deleted entry stands" + where + story(t, link->entry));
      continue;
    }
    if (++shown[link->entry] > 1) log_.violation(6, "entry " + link->entry.str() + " stands twice" + where);
    const bool host_may_differ = calendar.direction == sync_direction::from_provider;
    const bool out_of_sight = (from && !calendar_model::in_window(e.now.what, from->window)) ||
                              told_unsayable(t, entry->second, *link);
    field_set apart = disputed(t, *link);
    apart.add(field_group::attendees); // one by one
    const auto differs =
        difference(standing_of(entry->second.what, e.now.what, calendar.type), e.now.what) - apart;
    if (!out_of_sight) expect_guests(t, a, calendar, *link, e.now);
    if (!differs.empty() && !host_may_differ && !out_of_sight) {
      std::string groups;
      for (auto g : names_of(differs)) groups += " " + std::string(g);
      log_.violation(5, "entry " + link->entry.str() + " '" + entry->second.what.title + "' and event " +
                            id.str() + " '" + e.now.what.title + "' differ in" + groups + where +
                            story(t, link->entry));
    }
  }
  const auto in_sight = [&](const schedule_entry& e) {
    auto link = t.mappings.find({a.provider, e.id});
    return !from || (calendar_model::in_window(e.what, from->window) &&
                     (link == t.mappings.end() ||
                      calendar_model::in_window(last_seen(a, link->second), from->window)));
  };
  const auto unsayable_here = [&](const schedule_entry& e) {
    auto link = t.mappings.find({a.provider, e.id});
    return link != t.mappings.end() && told_unsayable(t, e, link->second);
  };
  for (const auto& [id, e] : t.entries)
    if (belongs(e, calendar) && !shown.contains(id) && in_sight(e) && !unsayable_here(e))
      log_.violation(5,
                     "entry " + id.str() + " '" + e.what.title + "' does not stand" + where + story(t, id));
}

} // namespace kalends::simulation
