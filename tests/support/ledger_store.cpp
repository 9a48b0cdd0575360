// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ledger_store.hpp"

#include "persistence/leases.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace kalends::testing {

using namespace persistence;

namespace {

tl::unexpected<error> tenant_gone() {
  return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
}
tl::unexpected<error> provider_gone() {
  return failure(errc::not_found, "provider_gone", "This calendar is not connected any more.");
}
tl::unexpected<error> stale_version() {
  return failure(errc::conflict, "stale_version", "The entry was changed by somebody else meanwhile.");
}
tl::unexpected<error> connection_lost() {
  return failure(errc::retry_later, "connection_lost", "The connection broke; the outcome is unknown.");
}

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

template <class T>
result<T> ledger_store::outcome(const std::string& what, const std::function<result<T>()>& work) {
  auto at = trouble_.find(what);
  if (at != trouble_.end() && at->second.fails > 0) {
    --at->second.fails;
    return tl::unexpected(at->second.with);
  }
  auto answer = work();
  if (at != trouble_.end() && at->second.losses > 0) {
    --at->second.losses;
    return connection_lost();
  }
  return answer;
}

template <class T>
void ledger_store::ask(const char* what, std::function<result<T>()> work, store_done<T> done) {
  asked.emplace_back(what);
  if (auto at = trouble_.find(what); at != trouble_.end() && at->second.blows > 0) {
    --at->second.blows;
    throw std::runtime_error(std::string("the store blows up in ") + what);
  }
  auto run = [this, name = std::string(what), work = std::move(work), done = std::move(done)](fate how) {
    if (how == fate::answered) return done(outcome<T>(name, work));
    if (how == fate::refused)
      return done(failure(errc::retry_later, "database_away", "The database is away."));
    if (how == fate::dropped) return;
    work();
    if (how == fate::answer_lost) done(connection_lost());
  };
  const bool wait = held || std::find(held_kinds_.begin(), held_kinds_.end(), what) != held_kinds_.end();
  if (wait)
    waiting_.push_back({what, std::move(run)});
  else
    run(fate::answered);
}

template <class T>
void ledger_store::ask_fenced(const char* what, const tenant_id& tenant, std::function<result<T>()> work,
                              store_done<T> done) {
  ask<T>(
      what,
      [this, tenant, epoch = leases_.epoch_of(tenant), work = std::move(work)]() -> result<T> {
        if (fenced(tenant, epoch)) return persistence::fenced();
        return work();
      },
      std::move(done));
}

// ---------------------------------------------------------------- a tenant's step

void ledger_store::load(load_request what, store_done<loaded> done) {
  ask<loaded>(
      "load",
      [this, what]() -> result<loaded> {
        if (!tenants.contains(what.tenant)) return tenant_gone();
        const auto& t = tenants[what.tenant];
        std::set<entry_id> wanted(what.entries.begin(), what.entries.end());
        for (const auto& ref : what.events) {
          if (!ref.tag.empty()) wanted.insert(ref.tag);
          for (const auto& [key, m] : t.mappings)
            if (key.provider == ref.provider &&
                (m.event == ref.event ||
                 (!ref.transaction_id.empty() && m.transaction_id == ref.transaction_id)))
              wanted.insert(key.entry);
        }
        loaded found;
        for (const auto& id : wanted)
          if (auto at = t.entries.find(id); at != t.entries.end()) found.entries.push_back(at->second);
        for (const auto& [key, m] : t.mappings)
          if (wanted.contains(key.entry)) found.mappings.push_back(m);
        return found;
      },
      std::move(done));
}

void ledger_store::commit(tenant_changes changes, store_done<std::vector<fact>> done) {
  if (changes.tenure != 0 && leases_.epoch_of(changes.tenant, changes.tenure) == 0)
    return done(persistence::fenced());
  ask_fenced<std::vector<fact>>(
      "commit", changes.tenant, [this, changes] { return carry_out(changes); }, std::move(done));
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

result<std::vector<fact>> ledger_store::carry_out(const tenant_changes& c) {
  auto at = tenants.find(c.tenant);
  if (at == tenants.end()) return tenant_gone();
  auto& t = at->second;
  if (objection)
    if (auto refused = objection(c)) return tl::unexpected(*refused);
  if (auto ok = possible(t, c); !ok) return tl::unexpected(ok.error());
  check(t, c);
  if (ledger_->before_commit) ledger_->before_commit(t, c);
  write(t, c);
  for (const auto& r : c.runs) put_run(t, r);
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

// ---------------------------------------------------------------- a provider's own rows

result<std::vector<fact>> ledger_store::with_provider(const tenant_id& tenant, const provider_id& provider,
                                                      std::vector<fact> facts,
                                                      const std::function<void(tenant_rows&)>& write) {
  auto t = tenants.find(tenant);
  if (t == tenants.end()) return tenant_gone();
  if (!t->second.providers.contains(provider)) return provider_gone();
  write(t->second);
  return append(tenant, t->second, std::move(facts));
}

void ledger_store::load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done) {
  ask<provider_state>(
      "load_provider",
      [this, tenant, provider]() -> result<provider_state> {
        if (!tenants.contains(tenant) || !tenants[tenant].providers.contains(provider))
          return provider_gone();
        auto& t = tenants[tenant];
        auto& p = t.providers[provider];
        provider_state s{p.calendar, p.read_from, p.mark, p.stale, {}, false};
        for (const auto& [id, c] : p.channels)
          if (!s.push_channel || c.expires_at > s.push_channel->expires_at) s.push_channel = c;
        for (const auto& [id, row] : t.outbox) s.outbox_waiting |= row.provider == provider;
        return s;
      },
      std::move(done));
}

void ledger_store::load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit,
                               store_done<std::vector<outbox_row>> done) {
  ask<std::vector<outbox_row>>(
      "load_outbox",
      [=, this]() -> result<std::vector<outbox_row>> {
        std::vector<outbox_row> due;
        for (const auto& [id, row] : tenants[tenant].outbox)
          if (row.provider == provider && row.due_at <= now && due.size() < limit) due.push_back(row);
        for (auto& row : due)
          for (const auto& l : tenants[tenant].letters)
            if (l.state == letter_state::open && l.kind == letter_kind::push && l.provider == provider &&
                l.entry == row.entry)
              row.has_letter = true;
        return due;
      },
      std::move(done));
}

void ledger_store::load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                              store_done<std::vector<mapping>> done) {
  ask<std::vector<mapping>>(
      "load_links",
      [=, this]() -> result<std::vector<mapping>> {
        std::vector<mapping> links;
        for (const auto& [key, m] : tenants[tenant].mappings)
          if (key.provider == provider && key.entry > after && links.size() < limit) links.push_back(m);
        return links;
      },
      std::move(done));
}

void ledger_store::load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after,
                                std::size_t limit, store_done<std::vector<schedule_entry>> done) {
  ask<std::vector<schedule_entry>>(
      "load_entries",
      [=, this]() -> result<std::vector<schedule_entry>> {
        std::vector<schedule_entry> found;
        for (const auto& [id, e] : tenants[tenant].entries) {
          const bool theirs = assignee.empty() ||
                              std::find(e.assigned.begin(), e.assigned.end(), assignee) != e.assigned.end();
          if (theirs && id > after && instant(instant_of(e.what.end)) >= from && found.size() < limit)
            found.push_back(e);
        }
        return found;
      },
      std::move(done));
}

void ledger_store::save_run(tenant_id tenant, sync_run run, std::vector<fact> facts,
                            store_done<std::vector<fact>> done) {
  ask_fenced<std::vector<fact>>(
      "save_run", tenant,
      [=, this] {
        return with_provider(tenant, run.provider, facts, [&](tenant_rows& t) { put_run(t, run); });
      },
      std::move(done));
}

void ledger_store::end_interrupted_runs(std::vector<tenant_id> ids, provider_id provider,
                                        store_done<bool> done) {
  std::map<tenant_id, std::int64_t> epochs;
  for (const auto& id : ids) epochs[id] = leases_.epoch_of(id);
  ask<bool>(
      "end_interrupted_runs",
      [=, this, epochs = std::move(epochs)]() -> result<bool> {
        for (const auto& id : ids) {
          if (fenced(id, epochs.at(id))) continue;
          for (auto& run : tenants[id].runs)
            if (run.outcome == run_outcome::running && (provider.empty() || run.provider == provider)) {
              run.outcome = run_outcome::failed;
              run.error_code = "interrupted";
            }
        }
        return true;
      },
      std::move(done));
}

void ledger_store::save_health(tenant_id tenant, provider_id provider, provider_status status,
                               std::optional<provider_problem> problem, std::optional<instant> last_sync_at,
                               std::optional<instant> next_poll_at, std::vector<fact> facts,
                               store_done<std::vector<fact>> done) {
  ask_fenced<std::vector<fact>>(
      "save_health", tenant,
      [=, this] {
        return with_provider(tenant, provider, facts, [&](tenant_rows& t) {
          auto& c = t.providers[provider].calendar;
          if (c.status != provider_status::paused) c.status = status; // a person resumes it
          c.problem = problem;
          if (last_sync_at) c.last_sync_at = last_sync_at;
          if (next_poll_at) c.next_poll_at = next_poll_at;
        });
      },
      std::move(done));
}

void ledger_store::save_channel_health(tenant_id tenant, provider_id provider, channel_health health,
                                       std::optional<provider_problem> problem, std::vector<fact> facts,
                                       store_done<std::vector<fact>> done) {
  ask_fenced<std::vector<fact>>(
      "save_channel_health", tenant,
      [=, this] {
        return with_provider(tenant, provider, facts, [&](tenant_rows& t) {
          auto& c = t.providers[provider].calendar;
          c.push = health;
          c.problem = problem;
        });
      },
      std::move(done));
}

void ledger_store::plan_reconcile(tenant_id tenant, provider_id provider, std::optional<instant> at,
                                  store_done<bool> done) {
  ask_fenced<bool>(
      "plan_reconcile", tenant,
      [=, this]() -> result<bool> {
        if (!tenants[tenant].providers.contains(provider)) return false;
        tenants[tenant].providers[provider].calendar.next_reconcile_at = at;
        return true;
      },
      std::move(done));
}

void ledger_store::load_unsettled(tenant_id tenant, provider_id provider, user_id assignee, instant from,
                                  entry_id after, std::size_t limit, store_done<std::vector<entry_id>> done) {
  ask<std::vector<entry_id>>(
      "load_unsettled",
      [=, this]() -> result<std::vector<entry_id>> {
        const auto& t = tenants[tenant];
        std::set<entry_id> found;
        for (const auto& [id, e] : t.entries) {
          const bool theirs = assignee.empty() ||
                              std::find(e.assigned.begin(), e.assigned.end(), assignee) != e.assigned.end();
          if (theirs && instant(instant_of(e.what.end)) >= from && !t.mappings.contains({provider, id}))
            found.insert(id);
        }
        for (const auto& [key, m] : t.mappings) {
          if (key.provider != provider) continue;
          auto e = t.entries.find(key.entry);
          if (e == t.entries.end() || !m.linked || m.removing || m.entry_version != e->second.version)
            found.insert(key.entry);
        }
        for (const auto& [id, row] : t.outbox)
          if (row.provider == provider) found.erase(row.entry);
        for (const auto& l : t.letters)
          if (l.provider == provider && l.kind == letter_kind::push && l.state == letter_state::open)
            found.erase(l.entry);
        std::vector<entry_id> page;
        for (const auto& id : found)
          if (id > after && page.size() < limit) page.push_back(id);
        return page;
      },
      std::move(done));
}

void ledger_store::drop_cursor(tenant_id tenant, provider_id provider, store_done<bool> done) {
  ask_fenced<bool>(
      "drop_cursor", tenant,
      [=, this]() -> result<bool> {
        tenants[tenant].providers[provider].read_from.reset();
        return true;
      },
      std::move(done));
}

void ledger_store::save_calendar(tenant_id tenant, provider_id provider, calendar_listing chosen,
                                 store_done<bool> done) {
  ask_fenced<bool>(
      "save_calendar", tenant,
      [=, this]() -> result<bool> {
        auto& c = tenants[tenant].providers[provider].calendar;
        c.calendar = chosen.id;
        c.calendar_name = chosen.name;
        return true;
      },
      std::move(done));
}

void ledger_store::load_grant(tenant_id tenant, provider_id provider, store_done<grant> done) {
  ask<grant>(
      "load_grant",
      [=, this]() -> result<grant> {
        const auto& tokens = tenants[tenant].providers[provider].tokens;
        if (!tokens) return failure(errc::not_found, "grant_missing", "There is no grant.");
        return *tokens;
      },
      std::move(done));
}

void ledger_store::save_grant(tenant_id tenant, provider_id provider, grant g, store_done<bool> done) {
  ask_fenced<bool>(
      "save_grant", tenant,
      [=, this]() -> result<bool> {
        tenants[tenant].providers[provider].tokens = g;
        return true;
      },
      std::move(done));
}

void ledger_store::load_oauth_app(tenant_id tenant, provider_type type,
                                  store_done<std::optional<oauth_app>> done) {
  ask<std::optional<oauth_app>>(
      "load_oauth_app",
      [=, this]() -> result<std::optional<oauth_app>> {
        const auto& apps = tenants[tenant].apps;
        auto at = apps.find(type);
        return at != apps.end() ? std::optional(at->second) : std::nullopt;
      },
      std::move(done));
}

void ledger_store::save_channel(tenant_id tenant, provider_id provider, channel c, std::string secret,
                                std::string replaces, store_done<bool> done) {
  ask_fenced<bool>(
      "save_channel", tenant,
      [=, this]() -> result<bool> {
        if (!tenants[tenant].providers.contains(provider)) return provider_gone();
        auto& p = tenants[tenant].providers[provider];
        if (secret.empty() && !p.secrets.contains(c.id)) wrongs.push_back("a renewal of an unknown channel");
        if (!secret.empty()) p.secrets[c.id] = secret;
        if (!replaces.empty() && replaces != c.id) p.channels.erase(replaces);
        p.channels[c.id] = c;
        return true;
      },
      std::move(done));
}

void ledger_store::delete_channel(tenant_id tenant, provider_id provider, std::string channel_id,
                                  store_done<bool> done) {
  ask_fenced<bool>(
      "delete_channel", tenant,
      [=, this]() -> result<bool> {
        return tenants[tenant].providers[provider].channels.erase(channel_id) > 0;
      },
      std::move(done));
}

void ledger_store::find_channels(tenant_id tenant, provider_id provider,
                                 store_done<std::vector<channel>> done) {
  ask<std::vector<channel>>(
      "find_channels",
      [=, this]() -> result<std::vector<channel>> {
        std::vector<channel> all;
        for (const auto& [id, c] : tenants[tenant].providers[provider].channels) all.push_back(c);
        return all;
      },
      std::move(done));
}

void ledger_store::delete_provider(tenant_id tenant, provider_id provider, std::vector<fact> facts,
                                   store_done<std::vector<fact>> done) {
  ask_fenced<std::vector<fact>>(
      "delete_provider", tenant,
      [=, this] {
        return with_provider(tenant, provider, facts, [&](tenant_rows& t) {
          t.providers.erase(provider);
          std::erase_if(t.mappings, [&](const auto& m) { return m.first.provider == provider; });
          std::erase_if(t.outbox, [&](const auto& row) { return row.second.provider == provider; });
          std::erase_if(t.letters, [&](const auto& l) { return l.provider == provider; });
        });
      },
      std::move(done));
}

// ---------------------------------------------------------------- the whole house

void ledger_store::list_tenants(store_done<std::vector<tenant_id>> done) {
  ask<std::vector<tenant_id>>(
      "list_tenants",
      [this]() -> result<std::vector<tenant_id>> {
        std::vector<tenant_id> ids;
        for (const auto& [id, own] : tenants) ids.push_back(id);
        return ids;
      },
      std::move(done));
}

void ledger_store::load_schedule(std::vector<tenant_id> ids, store_done<std::vector<schedule_line>> done) {
  ask<std::vector<schedule_line>>(
      "load_schedule",
      [this, ids]() -> result<std::vector<schedule_line>> {
        std::vector<schedule_line> lines;
        for (const auto& id : ids)
          for (const auto& [pid, p] : tenants[id].providers) {
            schedule_line line{id, pid, p.calendar.status, p.stale, {}, p.calendar.next_poll_at, {}, p.mark};
            line.type = p.calendar.type;
            line.channel_renews_at = p.calendar.push.renews_at;
            line.next_reconcile_at = p.calendar.next_reconcile_at;
            for (const auto& [rid, row] : tenants[id].outbox)
              if (row.provider == pid && (!line.outbox_due || row.due_at < *line.outbox_due))
                line.outbox_due = row.due_at;
            for (const auto& [cid, c] : p.channels)
              if (!line.channel_expires_at || c.expires_at > *line.channel_expires_at)
                line.channel_expires_at = c.expires_at;
            lines.push_back(line);
          }
        return lines;
      },
      std::move(done));
}

void ledger_store::load_providers(tenant_id tenant, store_done<std::vector<provider>> done) {
  ask<std::vector<provider>>(
      "load_providers",
      [this, tenant]() -> result<std::vector<provider>> {
        if (!tenants.contains(tenant)) return tenant_gone();
        std::vector<provider> all;
        for (const auto& [id, p] : tenants[tenant].providers) all.push_back(p.calendar);
        return all;
      },
      std::move(done));
}

void ledger_store::load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                                     store_done<std::vector<letter_key>> done) {
  ask<std::vector<letter_key>>(
      "load_open_letters",
      [=, this]() -> result<std::vector<letter_key>> {
        std::vector<letter_key> found;
        for (const auto& l : tenants[tenant].letters)
          if (l.kind == kind && l.state == letter_state::open && found.size() < limit)
            found.push_back(key_of(l));
        return found;
      },
      std::move(done));
}

void ledger_store::load_facts(tenant_id tenant, std::int64_t after, std::size_t limit,
                              store_done<std::vector<fact>> done) {
  ask<std::vector<fact>>(
      "load_facts",
      [=, this]() -> result<std::vector<fact>> {
        std::vector<fact> found;
        for (const auto& f : tenants[tenant].facts)
          if (f.sequence > after && found.size() < limit) found.push_back(f);
        return found;
      },
      std::move(done));
}

void ledger_store::last_sequence(tenant_id tenant, store_done<std::int64_t> done) {
  ask<std::int64_t>(
      "last_sequence",
      [=, this]() -> result<std::int64_t> { return static_cast<std::int64_t>(tenants[tenant].facts.size()); },
      std::move(done));
}

// ---------------------------------------------------------------- which tenants are whose

bool ledger_store::lives(const lease_row& l) const {
  const auto n = rows.nodes.find(l.node);
  return n != rows.nodes.end() && n->second.incarnation == l.incarnation && n->second.expires_at > now();
}

bool ledger_store::fenced(const tenant_id& tenant, std::int64_t epoch) {
  const auto row = rows.leases.find(tenant);
  if (row == rows.leases.end() || row->second.epoch == 0 || row->second.epoch == epoch) return false;
  leases_.refused(tenant, epoch);
  if (told_fenced_) told_fenced_(tenant, epoch);
  return true;
}

void ledger_store::give(const lease_round& r, const tenant_id& tenant) {
  auto& l = rows.leases[tenant];
  if (l.node == r.node && l.incarnation == r.incarnation) l.node = l.incarnation = "";
}

void ledger_store::leave(const lease_round& r) {
  for (const auto& [id, unused] : tenants) give(r, id);
  if (const auto n = rows.nodes.find(r.node); n != rows.nodes.end() && n->second.incarnation == r.incarnation)
    rows.nodes.erase(n);
}

result<lease_news> ledger_store::round_of(const lease_round& r) {
  if (r.leaving) {
    leave(r);
    return lease_news{{}, {}, 0, 0};
  }
  auto& own = rows.nodes[r.node];
  if (!own.incarnation.empty() && own.incarnation != r.incarnation && !r.arriving)
    return failure(errc::conflict, "node_replaced", "Another process goes by the id of this node.");
  own = {r.incarnation, r.url, now() + r.life};
  for (const auto& id : r.give_back) give(r, id);

  lease_view seen;
  seen.tenants = tenants.size();
  seen.nodes_alive = static_cast<std::size_t>(std::count_if(
      rows.nodes.begin(), rows.nodes.end(), [&](const auto& n) { return n.second.expires_at > now(); }));
  const std::set<tenant_id> given(r.give_back.begin(), r.give_back.end());
  for (const auto& [id, unused] : tenants) {
    const auto& l = rows.leases[id];
    if (given.contains(id)) continue;
    if (l.node == r.node && l.incarnation == r.incarnation)
      seen.held.push_back({id, l.epoch});
    else if (l.node == r.node)
      seen.before.push_back({id, l.epoch});
    else if (!lives(l))
      seen.free.push_back({id, l.epoch});
  }
  auto plan = plan_leases(seen);
  lease_news news{std::move(seen.held), std::move(plan.to_give), seen.nodes_alive, 0};
  for (const auto& l : plan.take) {
    rows.leases[l.tenant] = {r.node, r.incarnation, l.epoch + 1};
    news.held.push_back({l.tenant, l.epoch + 1});
  }
  return news;
}

void ledger_store::keep_leases(lease_round round, store_done<lease_news> done) {
  ask<lease_news>(
      "keep_leases", [this, round] { return round_of(round); }, std::move(done));
}

std::uint64_t ledger_store::hold(tenant_id tenant, std::int64_t epoch) { return leases_.hold(tenant, epoch); }

void ledger_store::on_fenced(std::function<void(const tenant_id&, std::int64_t)> told) {
  told_fenced_ = std::move(told);
}

void ledger_store::find_owner(tenant_id tenant, store_done<std::optional<node_line>> done) {
  ask<std::optional<node_line>>(
      "find_owner",
      [this, tenant]() -> result<std::optional<node_line>> {
        const auto l = rows.leases.find(tenant);
        if (l == rows.leases.end() || !lives(l->second)) return std::nullopt;
        return node_line{l->second.node, rows.nodes.at(l->second.node).url};
      },
      std::move(done));
}

} // namespace kalends::testing
