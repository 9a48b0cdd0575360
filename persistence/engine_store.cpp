// SPDX-License-Identifier: Apache-2.0
#include "persistence/engine_store.hpp"

#include "persistence/approvals.hpp"
#include "persistence/commit_group.hpp"
#include "persistence/connections.hpp"
#include "persistence/directory.hpp"
#include "persistence/group_line.hpp"
#include "persistence/held_leases.hpp"
#include "persistence/leases.hpp"
#include "persistence/load_group.hpp"
#include "persistence/provider_rows.hpp"
#include "persistence/schedule.hpp"

#include <set>
#include <utility>

namespace kalends::persistence {
namespace {

/// Ids of tenants read in one transaction.
constexpr std::size_t tenants_per_read = 10'000;

constexpr group_limits load_limits{};
constexpr group_limits commit_limits{200, 5'000, 2, 20'000, true};
/// One group of marks at a time: the next one collects meanwhile, which is what makes a notice cheap.
constexpr group_limits mark_limits{2'000, 5'000, 1, 50'000, false};

using marks = std::vector<notice_mark>;
using counters = std::vector<std::int64_t>;
using facts = std::vector<fact>;

class postgres_store final : public engine_store {
public:
  postgres_store(database& db, const token_vault& vault, world w);
  ~postgres_store() override { open_->wait(); }

  void load(load_request what, store_done<loaded> done) override;
  void commit(tenant_changes changes, store_done<facts> done) override;
  void mark(marks what, store_done<counters> done) override;

  void load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done) override;
  void load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit,
                   store_done<std::vector<outbox_row>> done) override;
  void load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                  store_done<std::vector<mapping>> done) override;
  void load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after, std::size_t limit,
                    store_done<std::vector<schedule_entry>> done) override;
  void save_run(tenant_id tenant, sync_run run, facts what, store_done<facts> done) override;
  void end_interrupted_runs(std::vector<tenant_id> tenants, provider_id only, store_done<bool> done) override;
  void save_health(tenant_id tenant, provider_id provider, provider_status status,
                   std::optional<provider_problem> problem, std::optional<instant> last_sync_at,
                   std::optional<instant> next_poll_at, facts what, store_done<facts> done) override;
  void save_channel_health(tenant_id tenant, provider_id provider, channel_health h,
                           std::optional<provider_problem> problem, facts what,
                           store_done<facts> done) override;
  void save_held(tenant_id tenant, provider_id provider, std::optional<held_removals> held, facts what,
                 store_done<facts> done) override;
  void count_removals(tenant_id tenant, provider_id provider, instant now,
                      store_done<removal_tally> done) override;
  void load_held(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                 store_done<std::vector<entry_id>> done) override;
  void save_rehearsal(tenant_id tenant, provider_id provider, std::string report,
                      store_done<bool> done) override;
  void plan_reconcile(tenant_id tenant, provider_id provider, std::optional<instant> at,
                      store_done<bool> done) override;
  void load_unsettled(tenant_id tenant, provider_id provider, user_id assignee, instant from, entry_id after,
                      std::size_t limit, store_done<std::vector<entry_id>> done) override;
  void drop_cursor(tenant_id tenant, provider_id provider, store_done<bool> done) override;
  void save_calendar(tenant_id tenant, provider_id provider, calendar_listing chosen,
                     store_done<bool> done) override;
  void load_grant(tenant_id tenant, provider_id provider, store_done<grant> done) override;
  void save_grant(tenant_id tenant, provider_id provider, grant g, store_done<bool> done) override;
  void load_oauth_app(tenant_id tenant, provider_type type,
                      store_done<std::optional<oauth_app>> done) override;
  void save_channel(tenant_id tenant, provider_id provider, channel c, std::string secret,
                    std::string replaces, store_done<bool> done) override;
  void delete_channel(tenant_id tenant, provider_id provider, std::string channel_id,
                      store_done<bool> done) override;
  void find_channels(tenant_id tenant, provider_id provider, store_done<std::vector<channel>> done) override;
  void delete_provider(tenant_id tenant, provider_id provider, facts what, store_done<facts> done) override;

  void list_tenants(store_done<std::vector<tenant_id>> done) override;
  void load_schedule(std::vector<tenant_id> tenants, store_done<std::vector<schedule_line>> done) override;
  void load_providers(tenant_id tenant, store_done<std::vector<provider>> done) override;
  void load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                         store_done<std::vector<letter_key>> done) override;
  void load_facts(tenant_id tenant, std::int64_t after, std::size_t limit, store_done<facts> done) override;
  void last_sequence(tenant_id tenant, store_done<std::int64_t> done) override;

  void keep_leases(lease_round round, store_done<lease_news> done) override;
  std::uint64_t hold(tenant_id tenant, std::int64_t epoch) override { return held_->hold(tenant, epoch); }
  void on_fenced(std::function<void(const tenant_id&, std::int64_t)> told) override {
    held_->listen(std::move(told));
  }
  void find_owner(tenant_id tenant, store_done<std::optional<node_line>> done) override;

private:
  /// Runs it as a transaction of its own.
  template <class T>
  void ask(std::vector<tenant_id> tenants, std::function<result<T>(transaction&)> work, store_done<T> done) {
    open_->begin();
    db_.run<T>(std::move(tenants), std::move(work),
               [open = open_, d = std::move(done)](result<T> outcome) noexcept {
                 d(std::move(outcome));
                 open->end();
               });
  }

  /// A write of a tenant's rows: under the epoch that is held now, or not at all.
  template <class T>
  void write(tenant_id tenant, std::function<result<T>(transaction&)> work, store_done<T> done) {
    const auto epoch = held_->epoch_of(tenant);
    done = unless_fenced(tenant, epoch, std::move(done));
    if (epoch == 0) return done(fenced());
    ask<T>(
        {std::move(tenant)},
        [epoch, work = std::move(work)](transaction& tx) -> result<T> {
          if (auto ours = check_epoch(tx, epoch); !ours) return tl::unexpected(std::move(ours.error()));
          return work(tx);
        },
        std::move(done));
  }
  /// Whoever keeps the leases hears of a refusal before the writer does.
  template <class T>
  store_done<T> unless_fenced(const tenant_id& tenant, std::int64_t epoch, store_done<T> done) {
    return [held = held_, tenant, epoch, d = std::move(done)](result<T> r) {
      if (!r && r.error().code == "fenced") held->refused(tenant, epoch);
      d(std::move(r));
    };
  }
  void move_leases(lease_round round, lease_view seen, store_done<lease_news> done);
  void leave_house(lease_round round, store_done<lease_news> done);

  database& db_;
  const token_vault& vault_;
  const world world_;
  const std::shared_ptr<held_leases> held_ = std::make_shared<held_leases>();
  const std::shared_ptr<open_work> open_ = std::make_shared<open_work>();
  std::shared_ptr<group_line<load_request, loaded>> loads_;
  std::shared_ptr<group_line<commit_unit, facts>> commits_;
  std::shared_ptr<group_line<marks, counters>> marks_;
};

postgres_store::postgres_store(database& db, const token_vault& vault, world w)
    : db_(db), vault_(vault), world_(std::move(w)) {
  loads_ = std::make_shared<group_line<load_request, loaded>>(db_, load_limits, open_, read_units);
  commits_ = std::make_shared<group_line<commit_unit, facts>>(
      db_, commit_limits, open_,
      [&v = vault_, now = world_.now](transaction& tx, const std::vector<const commit_unit*>& units) {
        return write_units(tx, v, now(), units);
      });
  marks_ = std::make_shared<group_line<marks, counters>>(
      db_, mark_limits, open_,
      [now = world_.now, held = held_](transaction& tx, const std::vector<const marks*>& asks) {
        return write_marks(tx, now(), asks, [&](const tenant_id& t) { return held->epoch_of(t) != 0; });
      });
}

/// Facts, and the provider's row that they speak of; not_found `provider_gone` if `write` finds none.
template <class Write>
std::function<result<facts>(transaction&)> told_with(Write write, facts what) {
  return [write = std::move(write), what = std::move(what)](transaction& tx) -> result<facts> {
    auto appended = append_facts(tx, what);
    if (!appended) return appended;
    const auto put = write(tx);
    if (!put) return tl::unexpected(put.error());
    if (!*put) return failure(errc::not_found, "provider_gone", "This calendar is not connected any more.");
    return appended;
  };
}

void postgres_store::load(load_request what, store_done<loaded> done) {
  const auto tenant = what.tenant;
  const auto weight = what.entries.size() + what.events.size();
  loads_->add({tenant.str(), {tenant}, weight, {}, std::move(what), std::move(done)});
}

void postgres_store::commit(tenant_changes changes, store_done<facts> done) {
  const auto tenant = changes.tenant;
  const auto weight = weight_of(changes);
  const auto epoch = held_->epoch_of(tenant, changes.tenure);
  auto keys = keys_of(changes);
  done = unless_fenced(tenant, epoch, std::move(done));
  if (epoch == 0) return done(fenced());
  commits_->add({tenant.str(),
                 {tenant},
                 weight,
                 std::move(keys),
                 commit_unit{std::move(changes), epoch},
                 std::move(done)});
}

void postgres_store::mark(marks what, store_done<counters> done) {
  std::vector<tenant_id> tenants;
  for (const auto& m : what) tenants.push_back(m.tenant);
  const auto weight = what.size();
  const auto lane = tenants.size() == 1 ? tenants.front().str() : std::string();
  marks_->add({lane, std::move(tenants), weight, {}, std::move(what), std::move(done)});
}

void postgres_store::load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done) {
  ask<provider_state>(
      {std::move(tenant)}, [&v = vault_, provider](transaction& tx) { return load_state(tx, v, provider); },
      std::move(done));
}

void postgres_store::load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit,
                                 store_done<std::vector<outbox_row>> done) {
  ask<std::vector<outbox_row>>(
      {std::move(tenant)}, [=](transaction& tx) { return due_outbox(tx, provider, now, limit); },
      std::move(done));
}

void postgres_store::load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                                store_done<std::vector<mapping>> done) {
  ask<std::vector<mapping>>(
      {std::move(tenant)}, [=](transaction& tx) { return links_after(tx, provider, after, limit); },
      std::move(done));
}

void postgres_store::load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after,
                                  std::size_t limit, store_done<std::vector<schedule_entry>> done) {
  ask<std::vector<schedule_entry>>(
      {std::move(tenant)}, [=](transaction& tx) { return entries_after(tx, assignee, from, after, limit); },
      std::move(done));
}

void postgres_store::save_run(tenant_id tenant, sync_run run, facts what, store_done<facts> done) {
  tenant_changes c;
  c.tenant = std::move(tenant);
  c.runs.push_back(std::move(run));
  c.facts = std::move(what);
  commit(std::move(c), std::move(done));
}

void postgres_store::end_interrupted_runs(std::vector<tenant_id> tenants, provider_id only,
                                          store_done<bool> done) {
  if (tenants.empty()) return done(false);
  std::vector<lease> ours;
  for (const auto& t : tenants) ours.push_back({t, held_->epoch_of(t)});
  auto told = [held = held_, ours, d = std::move(done)](result<bool> r) {
    if (!r && r.error().code == "fenced")
      for (const auto& l : ours) held->refused(l.tenant, l.epoch);
    d(std::move(r));
  };
  std::erase_if(ours, [](const lease& l) { return l.epoch == 0; });
  if (ours.empty()) return told(fenced());
  ask<bool>(
      std::move(tenants),
      [only = std::move(only), now = world_.now, ours = std::move(ours)](transaction& tx) -> result<bool> {
        auto locked = lock_held(tx, ours);
        if (!locked) return tl::unexpected(std::move(locked.error()));
        if (locked->empty()) return fenced();
        return end_open_runs(tx, *locked, only, now());
      },
      std::move(told));
}

void postgres_store::save_health(tenant_id tenant, provider_id provider, provider_status status,
                                 std::optional<provider_problem> problem, std::optional<instant> last_sync_at,
                                 std::optional<instant> next_poll_at, facts what, store_done<facts> done) {
  health h{status, std::move(problem), last_sync_at, next_poll_at};
  write<facts>(
      std::move(tenant),
      told_with([provider, h = std::move(h)](transaction& tx) { return put_health(tx, provider, h); },
                std::move(what)),
      std::move(done));
}

void postgres_store::save_channel_health(tenant_id tenant, provider_id provider, channel_health h,
                                         std::optional<provider_problem> problem, facts what,
                                         store_done<facts> done) {
  write<facts>(std::move(tenant),
               told_with([provider, h = std::move(h), p = std::move(problem)](
                             transaction& tx) { return put_channel_health(tx, provider, h, p); },
                         std::move(what)),
               std::move(done));
}

void postgres_store::save_held(tenant_id tenant, provider_id provider, std::optional<held_removals> held,
                               facts what, store_done<facts> done) {
  write<facts>(
      std::move(tenant),
      told_with([provider, held](transaction& tx) { return put_held(tx, provider, held); }, std::move(what)),
      std::move(done));
}

void postgres_store::count_removals(tenant_id tenant, provider_id provider, instant now,
                                    store_done<removal_tally> done) {
  ask<removal_tally>(
      {std::move(tenant)}, [=](transaction& tx) { return tally_removals(tx, provider, now); },
      std::move(done));
}

void postgres_store::load_held(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                               store_done<std::vector<entry_id>> done) {
  ask<std::vector<entry_id>>(
      {std::move(tenant)}, [=](transaction& tx) { return held_after(tx, provider, after, limit); },
      std::move(done));
}

void postgres_store::save_rehearsal(tenant_id tenant, provider_id provider, std::string report,
                                    store_done<bool> done) {
  rehearsal found{std::move(report), world_.now()};
  write<bool>(
      std::move(tenant),
      [provider, found = std::move(found)](transaction& tx) { return put_rehearsal(tx, provider, found); },
      std::move(done));
}

void postgres_store::plan_reconcile(tenant_id tenant, provider_id provider, std::optional<instant> at,
                                    store_done<bool> done) {
  write<bool>(
      std::move(tenant), [=](transaction& tx) { return put_next_reconcile(tx, provider, at); },
      std::move(done));
}

void postgres_store::load_unsettled(tenant_id tenant, provider_id provider, user_id assignee, instant from,
                                    entry_id after, std::size_t limit,
                                    store_done<std::vector<entry_id>> done) {
  ask<std::vector<entry_id>>(
      {std::move(tenant)},
      [=](transaction& tx) { return unsettled_after(tx, provider, assignee, from, after, limit); },
      std::move(done));
}

void postgres_store::drop_cursor(tenant_id tenant, provider_id provider, store_done<bool> done) {
  write<bool>(
      std::move(tenant), [=](transaction& tx) { return forget_cursor(tx, provider); }, std::move(done));
}

void postgres_store::save_calendar(tenant_id tenant, provider_id provider, calendar_listing chosen,
                                   store_done<bool> done) {
  write<bool>(
      std::move(tenant),
      [provider, chosen = std::move(chosen)](transaction& tx) {
        return choose_calendar(tx, provider, chosen);
      },
      std::move(done));
}

void postgres_store::load_grant(tenant_id tenant, provider_id provider, store_done<grant> done) {
  ask<grant>(
      {std::move(tenant)},
      [&v = vault_, provider](transaction& tx) -> result<grant> {
        auto found = find_grant(tx, v, provider);
        if (!found) return tl::unexpected(std::move(found.error()));
        if (!*found) return failure(errc::not_found, "grant_missing", "There is no grant for this calendar.");
        return std::move(**found);
      },
      std::move(done));
}

void postgres_store::save_grant(tenant_id tenant, provider_id provider, grant g, store_done<bool> done) {
  write<bool>(
      std::move(tenant),
      [&v = vault_, provider, g = std::move(g)](transaction& tx) -> result<bool> {
        if (auto put = put_grant(tx, v, provider, g); !put) return tl::unexpected(std::move(put.error()));
        return true;
      },
      std::move(done));
}

void postgres_store::load_oauth_app(tenant_id tenant, provider_type type,
                                    store_done<std::optional<oauth_app>> done) {
  ask<std::optional<oauth_app>>(
      {std::move(tenant)}, [&v = vault_, type](transaction& tx) { return find_oauth_app(tx, v, type); },
      std::move(done));
}

void postgres_store::save_channel(tenant_id tenant, provider_id provider, channel c, std::string secret,
                                  std::string replaces, store_done<bool> done) {
  write<bool>(
      std::move(tenant),
      [&v = vault_, provider, c = std::move(c), secret = std::move(secret),
       old = std::move(replaces)](transaction& tx) -> result<bool> {
        if (secret.empty())
          return renew_channel(tx, v, provider, c, old.empty() ? c.id : old).map([] { return true; });
        if (!old.empty() && old != c.id)
          if (auto gone = persistence::delete_channel(tx, provider, old); !gone) return gone;
        return put_channel(tx, v, provider, c, secret).map([] { return true; });
      },
      std::move(done));
}

void postgres_store::delete_channel(tenant_id tenant, provider_id provider, std::string channel_id,
                                    store_done<bool> done) {
  write<bool>(
      std::move(tenant),
      [=](transaction& tx) { return persistence::delete_channel(tx, provider, channel_id); },
      std::move(done));
}

void postgres_store::find_channels(tenant_id tenant, provider_id provider,
                                   store_done<std::vector<channel>> done) {
  ask<std::vector<channel>>(
      {std::move(tenant)}, [=](transaction& tx) { return persistence::find_channels(tx, provider); },
      std::move(done));
}

void postgres_store::delete_provider(tenant_id tenant, provider_id provider, facts what,
                                     store_done<facts> done) {
  write<facts>(std::move(tenant),
               told_with([provider](transaction& tx) { return persistence::delete_provider(tx, provider); },
                         std::move(what)),
               std::move(done));
}

void postgres_store::list_tenants(store_done<std::vector<tenant_id>> done) {
  ask<std::vector<tenant_id>>(
      {},
      [](transaction& tx) -> result<std::vector<tenant_id>> {
        std::vector<tenant_id> all;
        for (;;) {
          const auto after = all.empty() ? tenant_id() : all.back();
          auto page = list_tenant_ids(tx, after, tenants_per_read);
          if (!page) return page;
          all.insert(all.end(), page->begin(), page->end());
          if (page->size() < tenants_per_read) return all;
        }
      },
      std::move(done));
}

void postgres_store::load_schedule(std::vector<tenant_id> tenants,
                                   store_done<std::vector<schedule_line>> done) {
  ask<std::vector<schedule_line>>(std::move(tenants), schedule_lines, std::move(done));
}

void postgres_store::load_providers(tenant_id tenant, store_done<std::vector<provider>> done) {
  ask<std::vector<provider>>({std::move(tenant)}, all_providers, std::move(done));
}

void postgres_store::load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                                       store_done<std::vector<letter_key>> done) {
  ask<std::vector<letter_key>>(
      {std::move(tenant)}, [=](transaction& tx) { return open_letters(tx, kind, limit); }, std::move(done));
}

void postgres_store::load_facts(tenant_id tenant, std::int64_t after, std::size_t limit,
                                store_done<facts> done) {
  ask<facts>(
      {std::move(tenant)}, [=](transaction& tx) { return list_facts(tx, after, limit); }, std::move(done));
}

void postgres_store::last_sequence(tenant_id tenant, store_done<std::int64_t> done) {
  ask<std::int64_t>(
      {std::move(tenant)}, [](transaction& tx) { return persistence::last_sequence(tx); }, std::move(done));
}

// ---- which tenants are ours ----

void postgres_store::keep_leases(lease_round round, store_done<lease_news> done) {
  if (round.leaving) return leave_house(std::move(round), std::move(done));
  auto seen = [this, round, done = std::move(done)](result<lease_view> view) {
    if (!view) return done(tl::unexpected(std::move(view.error())));
    move_leases(round, std::move(*view), done);
  };
  ask<lease_view>(
      {}, [round](transaction& tx) { return beat(tx, round); }, std::move(seen));
}

/// A second transaction, which may touch the rows of the tenants that come and go, and only theirs.
void postgres_store::move_leases(lease_round round, lease_view seen, store_done<lease_news> done) {
  const std::set<tenant_id> given(round.give_back.begin(), round.give_back.end());
  std::erase_if(seen.held, [&](const lease& l) { return given.contains(l.tenant); });
  auto plan = plan_leases(seen);
  lease_news news{std::move(seen.held), std::move(plan.to_give), seen.nodes_alive, 0};
  if (plan.take.empty() && given.empty()) return done(std::move(news));
  std::vector<tenant_id> taken;
  for (const auto& l : plan.take) taken.push_back(l.tenant);
  auto took = [this, round, news = std::move(news), take = std::move(plan.take), taken = std::move(taken),
               done = std::move(done)](const result<bool>& given_back) {
    if (!given_back) return done(tl::unexpected(given_back.error()));
    ask<lease_news>(
        taken,
        [round, news, take](transaction& tx) -> result<lease_news> {
          auto got = take_leases(tx, round, take);
          if (!got) return tl::unexpected(std::move(got.error()));
          auto all = news;
          all.busy = take.size() - got->size();
          all.held.insert(all.held.end(), got->begin(), got->end());
          return all;
        },
        done);
  };
  if (given.empty()) return took(true);
  ask<bool>(
      round.give_back, [round](transaction& tx) { return give_leases(tx, round); }, std::move(took));
}

void postgres_store::leave_house(lease_round round, store_done<lease_news> done) {
  auto gone = [this, round, done = std::move(done)](result<std::vector<tenant_id>> held) {
    if (!held) return done(tl::unexpected(std::move(held.error())));
    ask<lease_news>(
        std::move(*held),
        [round](transaction& tx) -> result<lease_news> {
          if (auto given = give_leases(tx, round); !given) return tl::unexpected(std::move(given.error()));
          if (auto left = forget_node(tx, round); !left) return tl::unexpected(std::move(left.error()));
          return lease_news{{}, {}, 0, 0};
        },
        done);
  };
  ask<std::vector<tenant_id>>(
      {}, [round](transaction& tx) { return held_tenants(tx, round); }, std::move(gone));
}

void postgres_store::find_owner(tenant_id tenant, store_done<std::optional<node_line>> done) {
  ask<std::optional<node_line>>(
      {}, [tenant = std::move(tenant)](transaction& tx) { return owner_of(tx, tenant); }, std::move(done));
}

} // namespace

std::unique_ptr<engine_store> open_engine_store(database& db, const token_vault& vault, world w) {
  return std::make_unique<postgres_store>(db, vault, std::move(w));
}

} // namespace kalends::persistence
