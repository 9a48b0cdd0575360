// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/support/ledger_questions.hpp"

#include <set>

namespace kalends::testing {

using namespace persistence;

namespace {

/// Of a series the end of its last occurrence.
instant last_end(const appointment& a) {
  if (!a.repeats) return instant_of(a.end);
  const auto end = end_of_series(a);
  return end ? instant(*end) : instant::max();
}

} // namespace

result<std::vector<fact>> ledger_store::with_provider(const tenant_id& tenant, const provider_id& provider,
                                                      std::vector<fact> facts,
                                                      const std::function<void(tenant_rows&)>& write) {
  auto t = tenants.find(tenant);
  if (t == tenants.end()) return tenant_gone();
  if (!t->second.providers.contains(provider)) return provider_gone();
  write(t->second);
  return append(tenant, t->second, std::move(facts));
}

namespace {
/// Events of that calendar that wait for a person, as their links tell it.
std::optional<held_removals> held_events(const ledger_store::tenant_rows& t, const provider_id& provider) {
  held_removals all;
  for (const auto& [key, m] : t.mappings) {
    if (key.provider != provider || !m.linked || m.gate == removal_gate::refused) continue;
    ++all.of;
    if (m.gate != removal_gate::held) continue;
    all.since = all.count == 0 ? *m.held_since : std::min(all.since, *m.held_since);
    ++all.count;
  }
  if (all.count == 0) return std::nullopt;
  return all;
}
} // namespace

void ledger_store::load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done) {
  ask<provider_state>(
      "load_provider",
      [this, tenant, provider]() -> result<provider_state> {
        if (!tenants.contains(tenant) || !tenants[tenant].providers.contains(provider))
          return provider_gone();
        auto& t = tenants[tenant];
        auto& p = t.providers[provider];
        provider_state s{p.calendar, p.read_from, p.mark, p.stale, {}, false};
        s.rehearsed = p.rehearsed.has_value();
        s.calendar.held_events = held_events(t, provider);
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
          if (theirs && id > after && last_end(e.what) >= from && found.size() < limit) found.push_back(e);
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
          if (c.status != provider_status::paused && c.status != provider_status::leaving)
            c.status = status; // a person resumes it
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

void ledger_store::save_held(tenant_id tenant, provider_id provider, std::optional<held_removals> waiting_for,
                             std::vector<fact> facts, store_done<std::vector<fact>> done) {
  ask_fenced<std::vector<fact>>(
      "save_held", tenant,
      [=, this] {
        return with_provider(tenant, provider, facts,
                             [&](tenant_rows& t) { t.providers[provider].calendar.held = waiting_for; });
      },
      std::move(done));
}

void ledger_store::count_removals(tenant_id tenant, provider_id provider, instant when,
                                  persistence::store_done<removal_tally> done) {
  ask<removal_tally>(
      "count_removals",
      [=, this]() -> result<removal_tally> {
        const auto& t = tenants[tenant];
        removal_tally found;
        std::set<entry_id> queued;
        for (const auto& [id, row] : t.outbox)
          if (row.provider == provider) queued.insert(row.entry);
        for (const auto& [key, m] : t.mappings) {
          if (key.provider != provider) continue;
          found.links += m.linked && m.gate != removal_gate::refused;
          found.held += m.gate == removal_gate::held;
          found.waiting +=
              m.linked && m.removing && m.gate == removal_gate::open && queued.contains(key.entry);
        }
        const auto at = t.providers.find(provider);
        if (at != t.providers.end() && at->second.removed.at > when - removal_window)
          found.removed = at->second.removed.count;
        return found;
      },
      std::move(done));
}

void ledger_store::load_held(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                             persistence::store_done<std::vector<entry_id>> done) {
  ask<std::vector<entry_id>>(
      "load_held",
      [=, this]() -> result<std::vector<entry_id>> {
        std::vector<entry_id> page;
        for (const auto& [key, m] : tenants[tenant].mappings)
          if (key.provider == provider && key.entry > after && m.gate == removal_gate::held &&
              page.size() < limit)
            page.push_back(key.entry);
        return page;
      },
      std::move(done));
}

void ledger_store::save_rehearsal(tenant_id tenant, provider_id provider, std::string report,
                                  store_done<bool> done) {
  ask_fenced<bool>(
      "save_rehearsal", tenant,
      [=, this]() -> result<bool> {
        auto at = tenants[tenant].providers.find(provider);
        if (at == tenants[tenant].providers.end() || !at->second.calendar.rehearsing) return false;
        at->second.rehearsed = report;
        return true;
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
          if (theirs && last_end(e.what) >= from && !t.mappings.contains({provider, id})) found.insert(id);
        }
        for (const auto& [key, m] : t.mappings) {
          if (key.provider != provider || m.gate == removal_gate::held || m.gate == removal_gate::refused)
            continue;
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
          std::erase_if(t.conflicts, [&](const auto& k) { return k.second.provider == provider; });
        });
      },
      std::move(done));
}

} // namespace kalends::testing
