// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ledger_questions.hpp"

#include <boost/json.hpp>

#include <set>

namespace kalends::testing {

using namespace persistence;

namespace {

std::string entry_of(const fact& f) {
  const auto data = boost::json::parse(f.data).as_object();
  const auto* id = data.if_contains("entry_id");
  return id != nullptr ? std::string(id->as_string()) : std::string();
}

} // namespace

const sync_run* ledger_store::tenant_rows::run(const run_id& id) const {
  auto at = std::find_if(runs.begin(), runs.end(), [&](const sync_run& r) { return r.id == id; });
  return at == runs.end() ? nullptr : &*at;
}

// ---------------------------------------------------------------- pace and trouble

std::size_t ledger_store::times(std::string_view what) const {
  return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), what));
}

std::size_t ledger_store::waiting(std::string_view what) const {
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(), [&](const question& q) { return q.what == what; }));
}

void ledger_store::answer(std::size_t which) { end(which, fate::answered); }

void ledger_store::end(std::size_t which, fate how) {
  auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(which);
  auto q = std::move(*at);
  waiting_.erase(at);
  q.run(how);
}

void ledger_store::answer(std::string_view what) {
  for (std::size_t i = 0; i < waiting_.size(); ++i)
    if (waiting_[i].what == what) return answer(i);
  throw std::logic_error("nobody asked for " + std::string(what));
}

void ledger_store::answer_all() {
  while (!waiting_.empty()) answer();
}

void ledger_store::fail(std::string_view what, error e, int count) {
  auto& t = trouble_[std::string(what)];
  t.fails = count;
  t.with = std::move(e);
}

void ledger_store::lose_answer(std::string_view what) { ++trouble_[std::string(what)].losses; }

void ledger_store::blow_up(std::string_view what, int count) { trouble_[std::string(what)].blows = count; }

// ---------------------------------------------------------------- a tenant's step

void ledger_store::add_people(const tenant_rows& t, const load_request& what, loaded& found) {
  std::set<user_id> who(what.users.begin(), what.users.end());
  for (const auto& e : found.entries) who.insert(e.assigned.begin(), e.assigned.end());
  for (const auto& a : what.addresses)
    if (const auto at = t.people.find(a); at != t.people.end()) who.insert(at->second);
  for (const auto& [address, user] : t.people)
    if (who.contains(user)) found.people.push_back({address, user});
}

loaded ledger_store::find(const tenant_rows& t, const load_request& what) {
  loaded found;
  std::set<entry_id> wanted(what.entries.begin(), what.entries.end());
  std::set<std::string> uids;
  for (const auto& ref : what.events) {
    if (!ref.tag.empty()) wanted.insert(ref.tag);
    if (!ref.ical_uid.empty()) uids.insert(ref.ical_uid);
    for (const auto& [key, m] : t.mappings)
      if (key.provider == ref.provider &&
          (m.event == ref.event || (!ref.transaction_id.empty() && m.transaction_id == ref.transaction_id)))
        wanted.insert(key.entry);
  }
  for (const auto& uid : uids)
    if (auto at = t.meetings.find(uid); at != t.meetings.end()) {
      wanted.insert(at->second);
      found.meetings.push_back({uid, at->second});
    }
  const std::set<std::string> asked_for(what.conflicts.begin(), what.conflicts.end());
  for (const auto& id : asked_for)
    if (auto at = t.conflicts.find(id); at != t.conflicts.end()) wanted.insert(at->second.entry);
  for (const auto& [id, c] : t.conflicts)
    if (asked_for.contains(id) || (c.state == conflict_state::open && wanted.contains(c.entry)))
      found.conflicts.push_back(c);
  for (const auto& id : wanted)
    if (auto at = t.entries.find(id); at != t.entries.end()) found.entries.push_back(at->second);
  for (const auto& [key, m] : t.mappings)
    if (wanted.contains(key.entry)) found.mappings.push_back(m);
  if (what.people) add_people(t, what, found);
  return found;
}

void ledger_store::load(load_request what, store_done<loaded> done) {
  if (asker) loaded_under_[{asker(), what.tenant}] = leases_.epoch_of(what.tenant);
  ask<loaded>(
      "load",
      [this, what]() -> result<loaded> {
        if (!tenants.contains(what.tenant)) return tenant_gone();
        return find(tenants[what.tenant], what);
      },
      std::move(done));
}

void ledger_store::commit(tenant_changes changes, store_done<std::vector<fact>> done) {
  if (changes.tenure != 0 && leases_.epoch_of(changes.tenant, changes.tenure) == 0)
    return done(persistence::fenced());
  const bool moved = asker && loaded_under_[{asker(), changes.tenant}] != leases_.epoch_of(changes.tenant);
  ask_fenced<std::vector<fact>>(
      "commit", changes.tenant,
      [this, changes, moved] {
        if (moved) wrongs.push_back("what was loaded under one lease is committed under another");
        return carry_out(changes);
      },
      std::move(done));
}

/// Each change of an entry is one version and one fact (invariant 4).
void ledger_store::check_entries(const tenant_rows& before, const tenant_changes& c) {
  std::map<std::string, std::int64_t> told, deletions;
  for (const auto& f : c.facts) {
    if (f.type == fact_type::schedule_entry_created || f.type == fact_type::schedule_entry_updated)
      ++told[entry_of(f)];
    if (f.type == fact_type::schedule_entry_deleted) ++deletions[entry_of(f)];
  }
  std::set<entry_id> seen;
  for (const auto& w : c.entries) {
    if (!seen.insert(w.entry.id).second) wrongs.push_back("an entry twice in one step");
    if (told[w.entry.id.str()] != w.entry.version - w.stored_version)
      wrongs.push_back("entry " + w.entry.id.str() + ": " + std::to_string(told[w.entry.id.str()]) +
                       " facts for versions " + std::to_string(w.stored_version) + " to " +
                       std::to_string(w.entry.version));
  }
  for (const auto& e : c.deleted_entries)
    if (deletions[e.str()] != 1) wrongs.push_back("a deletion without exactly one fact");
  for (const auto& [id, n] : told)
    if (n > 0 && !before.entries.contains(entry_id(id)) && !seen.contains(entry_id(id)) && deletions[id] == 0)
      wrongs.push_back("a fact about an entry that is not written");
}

void ledger_store::check(const tenant_rows& before, const tenant_changes& c) {
  check_entries(before, c);
  for (const auto& row : c.outbox) {
    if (before.outbox.contains(row.id)) wrongs.push_back("an outbox row's id is used twice");
    auto written = std::find_if(c.entries.begin(), c.entries.end(),
                                [&](const entry_write& w) { return w.entry.id == row.entry; });
    if (row.action == push_action::upsert && written != c.entries.end() &&
        row.entry_version > written->entry.version)
      wrongs.push_back("an outbox row speaks of a version that does not exist");
  }
  std::set<std::string> conflicts;
  for (const auto& k : c.conflicts)
    if (!conflicts.insert(k.id).second) wrongs.push_back("a conflict twice in one step");
  std::set<provider_id> moved;
  for (const auto& m : c.cursors) {
    if (!moved.insert(m.provider).second) wrongs.push_back("two cursors of one provider in one step");
    auto at = before.providers.find(m.provider);
    if (at != before.providers.end() && m.mark_seen > at->second.mark)
      wrongs.push_back("a mark was seen that is not there yet");
    if (m.next.token.empty()) wrongs.push_back("an empty cursor");
  }
}

void ledger_store::check_keys(const tenant_rows& after) {
  std::set<std::pair<provider_id, event_id>> events;
  std::set<std::pair<provider_id, std::string>> transactions;
  for (const auto& [key, m] : after.mappings) {
    if (!m.event.empty() && !events.insert({key.provider, m.event}).second)
      wrongs.push_back("two links of one event");
    if (!m.transaction_id.empty() && !transactions.insert({key.provider, m.transaction_id}).second)
      wrongs.push_back("two links of one transaction");
  }
}

/// All or nothing: whatever may fail is looked at before anything is written.
result<void> ledger_store::possible(const tenant_rows& t, const tenant_changes& c) {
  for (const auto& w : c.entries) {
    auto at = t.entries.find(w.entry.id);
    if ((at != t.entries.end() ? at->second.version : 0) != w.stored_version) return stale_version();
  }
  bool known = true;
  for (const auto& m : c.mappings) known = known && t.providers.contains(m.provider);
  for (const auto& row : c.outbox) known = known && t.providers.contains(row.provider);
  for (const auto& m : c.cursors) known = known && t.providers.contains(m.provider);
  for (const auto& k : c.conflicts) known = known && t.providers.contains(k.provider);
  if (!known) return provider_gone();
  return {};
}

void ledger_store::write(tenant_rows& t, const tenant_changes& c) {
  for (const auto& e : c.deleted_entries) t.entries.erase(e);
  for (const auto& w : c.entries) t.entries.insert_or_assign(w.entry.id, w.entry);
  for (const auto& k : c.unlinked) t.mappings.erase(k);
  for (const auto& m : c.mappings) t.mappings.insert_or_assign({m.provider, m.entry}, m);
  for (const auto& row : c.outbox) t.outbox.emplace(row.id, row);
  for (const auto& id : c.outbox_done) t.outbox.erase(id);
  for (const auto& r : c.outbox_retries)
    if (auto row = t.outbox.find(r.id); row != t.outbox.end()) {
      row->second.due_at = r.due_at;
      if (r.waits.count() == 0) continue;
      ++row->second.attempts;
      row->second.strikes += r.strike ? 1 : 0;
      row->second.waited = r.waits;
      if (!row->second.failing_since) row->second.failing_since = r.due_at - r.waits;
    }
  write_letters(t, c);
  write_meetings(t, c);
  t.decisions.insert(t.decisions.end(), c.decisions.begin(), c.decisions.end());
  for (const auto& m : c.cursors) {
    auto& p = t.providers.at(m.provider);
    p.read_from = m.next;
    p.calendar.recovering = false;
    if (p.mark <= m.mark_seen) p.stale = false;
    if (m.next_poll_at) p.calendar.next_poll_at = m.next_poll_at;
  }
}

void ledger_store::write_letters(tenant_rows& t, const tenant_changes& c) {
  const auto open = [&t](const letter_key& what) {
    return std::find_if(t.letters.begin(), t.letters.end(), [&](const dead_letter& l) {
      return l.state == letter_state::open && key_of(l) == what;
    });
  };
  for (const auto& end : c.letters_ended)
    if (auto at = open(end.what); at != t.letters.end()) {
      at->state = end.how;
      at->closed_at = at->last_failed_at;
    }
  for (const auto& l : c.letters) {
    auto at = open(key_of(l));
    if (at == t.letters.end()) {
      t.letters.push_back(l);
      continue;
    }
    at->attempts += l.attempts;
    at->code = l.code;
    at->detail = l.detail;
    at->last_failed_at = l.last_failed_at;
  }
}

/// Both go with their entry, and are not kept of one that was made and deleted in the same step.
void ledger_store::write_meetings(tenant_rows& t, const tenant_changes& c) {
  std::erase_if(t.meetings, [&](const auto& m) { return !t.entries.contains(m.second); });
  std::erase_if(t.conflicts, [&](const auto& k) { return !t.entries.contains(k.second.entry); });
  for (const auto& m : c.meetings)
    if (t.entries.contains(m.entry)) t.meetings.emplace(m.ical_uid, m.entry);
  for (const auto& k : c.conflicts)
    if (t.entries.contains(k.entry)) t.conflicts.insert_or_assign(k.id, k);
}

result<std::vector<fact>> ledger_store::carry_out(const tenant_changes& c) {
  auto at = tenants.find(c.tenant);
  if (at == tenants.end()) return tenant_gone();
  auto& t = at->second;
  if (objection)
    if (auto refused = objection(c)) return tl::unexpected(*refused);
  if (auto ok = possible(t, c); !ok) return tl::unexpected(ok.error());
  check(t, c);
  ledger_->writer = node_;
  if (ledger_->before_commit) ledger_->before_commit(t, c);
  write(t, c);
  for (const auto& r : c.runs) put_run(t, r);
  for (const auto& r : c.removals) {
    auto& all = t.providers[r.provider].removed;
    if (all.at > r.at - removal_window)
      all.count += r.count;
    else
      all = r;
  }
  auto facts = append(c.tenant, t, c.facts);
  check_keys(t);
  if (ledger_->after_commit) ledger_->after_commit(t, c);
  return facts;
}

void ledger_store::put_run(tenant_rows& t, const sync_run& r) {
  auto at =
      std::find_if(t.runs.begin(), t.runs.end(), [&](const sync_run& known) { return known.id == r.id; });
  if (at == t.runs.end())
    t.runs.push_back(r);
  else
    *at = r;
  auto p = t.providers.find(r.provider);
  if (p == t.providers.end() || r.outcome != run_outcome::succeeded) return;
  p->second.calendar.last_sync_at = r.finished_at;
  if (r.cause == run_cause::reconcile)
    p->second.calendar.reconciled = reconciliation{r.finished_at.value_or(instant{}), r.counts.drift};
}

std::vector<fact> ledger_store::append(const tenant_id& tenant, tenant_rows& t, std::vector<fact> facts) {
  for (auto& f : facts) {
    f.tenant = tenant;
    f.sequence = static_cast<std::int64_t>(t.facts.size()) + 1;
    t.facts.push_back(f);
  }
  return facts;
}

void ledger_store::mark(std::vector<notice_mark> marks, store_done<std::vector<std::int64_t>> done) {
  ask<std::vector<std::int64_t>>(
      "mark",
      [this, marks]() -> result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> counters;
        std::set<std::pair<tenant_id, provider_id>> seen;
        for (const auto& m : marks) {
          if (!seen.insert({m.tenant, m.provider}).second)
            wrongs.push_back("a provider marked twice at once");
          auto t = tenants.find(m.tenant);
          if (t == tenants.end() || !t->second.providers.contains(m.provider)) {
            counters.push_back(0);
            continue;
          }
          auto& p = t->second.providers[m.provider];
          p.mark += m.count;
          p.stale = true;
          counters.push_back(p.mark);
        }
        return counters;
      },
      std::move(done));
}

} // namespace kalends::testing
