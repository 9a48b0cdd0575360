// SPDX-License-Identifier: Apache-2.0
// Units per second through engine_store beside a bare grouped write path of the same shape, in one run, so
// that the ratio means something on any machine:
//   update    a unit of 5 replaced entries, 5 mappings, 5 decisions, 5 facts, 1 cursor, over known rows
//   create    the same with new entries and mappings
//   mark      one notice each
//   tell      all that is told to the meter on the way of one notice: beside `update`, which is only a part
//   of
//             that way, it must cost less than 2 %
//   bare      groups of 50 units: 250 events upserted (text), 50 cursors moved, 250 facts appended; no
//   policies, no
//             guards, no ledger, no sealing: what PostgreSQL itself asks for
// Usage: store_bench [rounds] [units per round]. Needs PostgreSQL's programs; makes and removes its own
// cluster.
#include "observe/prometheus_meter.hpp"
#include "persistence/connection.hpp"
#include "persistence/directory.hpp"
#include "persistence/embedded_cluster.hpp"
#include "persistence/engine_store.hpp"
#include "persistence/row_codec.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>

#include <sys/resource.h>

namespace {

using namespace kalends;
using namespace kalends::persistence;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t tenants = 100;
constexpr std::size_t calendars_per_tenant = 10;
constexpr std::size_t entries_per_unit = 5;
constexpr std::size_t window = 400; ///< units begun and not answered
constexpr std::size_t bare_group = 50;
constexpr double meter_share_limit = 0.02;

template <class T>
T must(result<T> r) {
  if (!r) throw std::runtime_error(r.error().code + ": " + r.error().detail);
  return std::move(*r);
}
void must(result<void> r) {
  if (!r) throw std::runtime_error(r.error().code + ": " + r.error().detail);
}

struct directory {
  directory() : path((std::filesystem::temp_directory_path() / "kalends-bench-XXXXXX").string()) {
    if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
  }
  ~directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

/// Lets at most `window` calls be open.
class turnstile {
public:
  void enter() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return open_ < window; });
    ++open_;
  }
  template <class T>
  std::function<void(result<T>)> leave() {
    return [this](result<T> r) {
      const std::lock_guard lock(mutex_);
      --open_;
      if (!r && failed_.empty()) failed_ = r.error().code + ": " + r.error().detail;
      moved_.notify_all();
    };
  }
  void drain() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return open_ == 0; });
    if (!failed_.empty()) throw std::runtime_error(failed_);
  }

private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::size_t open_ = 0;
  std::string failed_;
};

struct calendar {
  tenant_id tenant;
  user_id user;
  provider_id provider;
  std::vector<entry_write> entries;
};

const statement bare_events{
    "bare_events",
    "INSERT INTO bare_events SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])"
    " ON CONFLICT (tenant_id, event_id) DO UPDATE SET version = excluded.version, raw = excluded.raw"};
const statement bare_cursors{
    "bare_cursors", "INSERT INTO bare_cursors SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])"
                    " ON CONFLICT (tenant_id, provider_id) DO UPDATE SET token = excluded.token"};
const statement bare_facts{"bare_facts", "INSERT INTO bare_facts (tenant_id, data) SELECT * FROM"
                                         " unnest($1::uuid[], $2::text[])"};
constexpr const char* bare_schema =
    "CREATE TABLE bare_events (tenant_id uuid, event_id uuid, version bigint, raw text,"
    " PRIMARY KEY (tenant_id, event_id)) WITH (fillfactor = 50);"
    "CREATE TABLE bare_cursors (tenant_id uuid, provider_id uuid, token text,"
    " PRIMARY KEY (tenant_id, provider_id)) WITH (fillfactor = 50);"
    "CREATE TABLE bare_facts (tenant_id uuid, id bigint GENERATED ALWAYS AS IDENTITY, data text,"
    " PRIMARY KEY (tenant_id, id));";

class bench {
public:
  explicit bench(const embedded_cluster& cluster)
      : vault_(must(token_vault::with_keys({{"k", std::string(32, 'k')}}, "k", world_))) {
    must(migrate(cluster.owner_url(), embedded_cluster::engine_role));
    owner_ = must(connection::open({cluster.owner_url(), "", 0, false}));
    must(owner_->script(bare_schema));
    db_ = must(database::open({.url = cluster.engine_url()}));
    store_ = open_engine_store(*db_, vault_, world_);
    for (std::size_t i = 0; i < tenants; ++i) add_tenant();
    take_leases();
    create(calendars_.size());
    must(owner_->script("VACUUM ANALYZE"));
  }

  void checkpoint() { must(owner_->script("CHECKPOINT")); }

  void create(std::size_t units) {
    for (std::size_t i = 0; i < units; ++i) {
      auto& c = next();
      c.entries.clear();
      for (std::size_t n = 0; n < entries_per_unit; ++n) {
        entry_write w;
        w.entry.id = entry_id(make_uuid(world_));
        w.entry.version = 1;
        w.entry.assigned = {c.user};
        w.entry.what.title = "Replace switch";
        w.entry.what.notes = std::string(300, 'n');
        w.entry.what.start = read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin").value();
        w.entry.what.end = read_zoned_time("2026-12-01T10:00:00", "Europe/Berlin").value();
        w.entry.created_at = w.entry.updated_at = world_.now();
        c.entries.push_back(std::move(w));
      }
      commit(c, reason::pull_created);
    }
    gate_.drain();
  }

  void update(std::size_t units) {
    for (std::size_t i = 0; i < units; ++i) {
      auto& c = next();
      for (auto& w : c.entries) {
        w.stored_version = w.entry.version++;
        w.entry.what.title = "Replace switch, take " + std::to_string(w.entry.version);
        w.entry.updated_at = world_.now();
      }
      commit(c, reason::pull_updated);
    }
    gate_.drain();
  }

  void mark(std::size_t notices) {
    for (std::size_t i = 0; i < notices; ++i) {
      auto& c = next();
      gate_.enter();
      store_->mark({{c.tenant, c.provider, 1}}, gate_.leave<std::vector<std::int64_t>>());
    }
    gate_.drain();
  }

  void tell(std::size_t notices) {
    using namespace std::chrono_literals;
    sync_run run;
    run.outcome = run_outcome::succeeded;
    run.finished_at = run.started_at + 30ms;
    for (std::size_t i = 0; i < notices; ++i) {
      const auto& c = next();
      const observe::calendar_label of{c.tenant, provider_type::google};
      meter_.request_answered("POST", "/webhooks/google", 204, 900us);
      meter_.notices_accepted(c.tenant, provider_type::google, 1);
      meter_.vendor_called(of, observe::vendor_verb::list_changes, 0ms, 12ms, nullptr);
      for (std::size_t e = 0; e < entries_per_unit; ++e) meter_.fresh_in(of, 150ms);
      for (int transactions = 0; transactions < 4; ++transactions)
        meter_.transaction_ended(40us, 900us, 300us, {});
      meter_.run_ended(of, run);
    }
  }

  void bare(std::size_t units) {
    for (std::size_t done = 0; done < units; done += bare_group) {
      row_set<4> events;
      row_set<3> cursors;
      row_set<2> facts;
      for (std::size_t i = 0; i < bare_group; ++i) {
        auto& c = next();
        for (const auto& w : c.entries) {
          events.add(c.tenant, w.entry.id, ++bare_version_, std::string(940, 'r'));
          facts.add(c.tenant, std::string(120, 'f'));
        }
        cursors.add(c.tenant, c.provider, std::string(100, 'c'));
      }
      gate_.enter();
      db_->run<bool>(
          {},
          [calls = std::vector<sql_call>{{bare_events, events.values()},
                                         {bare_cursors, cursors.values()},
                                         {bare_facts, facts.values()}}](transaction& tx) -> result<bool> {
            auto sent = tx.query_all(calls);
            if (!sent) return tl::unexpected(sent.error());
            return true;
          },
          gate_.leave<bool>());
    }
    gate_.drain();
  }

private:
  void add_tenant() {
    const tenant_id t(make_uuid(world_));
    must(db_->run_now<bool>({t}, [&](transaction& tx) -> result<bool> {
      must(insert_tenant(tx, {t, "Acme", world_.now()}));
      const user_id u(make_uuid(world_));
      must(insert_user(tx, {u, "a@example.org", "A", "UTC", world_.now()}));
      for (std::size_t i = 0; i < calendars_per_tenant; ++i) {
        provider p;
        p.id = provider_id(make_uuid(world_));
        p.user = u;
        must(insert_provider(tx, p));
        calendars_.push_back({t, u, p.id, {}});
      }
      return true;
    }));
  }

  /// All tenants are this node's, or their rows could not be written.
  void take_leases() {
    gate_.enter();
    store_->keep_leases({make_uuid(world_), make_uuid(world_)}, [this](result<lease_news> news) {
      if (news)
        for (const auto& l : news->held) store_->hold(l.tenant, l.epoch);
      gate_.leave<lease_news>()(std::move(news));
    });
    gate_.drain();
  }

  /// A different tenant each time, as notices come.
  calendar& next() {
    const auto i = turn_++ % calendars_.size();
    return calendars_[(i % tenants) * calendars_per_tenant + i / tenants];
  }

  void commit(const calendar& c, reason why) {
    tenant_changes t;
    t.tenant = c.tenant;
    t.entries = c.entries;
    for (const auto& w : c.entries) {
      mapping m;
      m.provider = c.provider;
      m.entry = w.entry.id;
      m.event = event_id(w.entry.id.str());
      m.linked = true;
      m.event_version = "\"" + std::to_string(w.entry.version) + "\"";
      m.entry_version = w.entry.version;
      m.base_entry = m.base_event = w.entry.what;
      t.mappings.push_back(std::move(m));
      t.decisions.push_back({make_uuid(world_), c.provider, w.entry.id, event_id(w.entry.id.str()), why,
                             R"({"entry_version":1,"event_version":"1","groups":["title"]})"});
      t.facts.push_back({make_uuid(world_), fact_type::schedule_entry_updated, c.tenant, 0, world_.now(),
                         R"({"entry_id":")" + w.entry.id.str() + R"(","version":1})"});
    }
    t.cursors = {{c.provider, {std::string(100, 'c'), "fp", std::nullopt}, 0, "", std::nullopt}};
    gate_.enter();
    store_->commit(std::move(t), gate_.leave<std::vector<fact>>());
  }

  world world_ = real_world();
  token_vault vault_;
  std::unique_ptr<connection> owner_;
  std::unique_ptr<database> db_;
  turnstile gate_;
  observe::prometheus_meter meter_{{tenants, "bench"}};
  std::unique_ptr<engine_store> store_;
  std::vector<calendar> calendars_;
  std::size_t turn_ = 0;
  std::int64_t bare_version_ = 0;
};

struct measured {
  double per_second = 0;
  double cpu_us = 0; ///< of this process, for each: making the units, too
};

double own_cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

measured measure(std::size_t n, const std::function<void()>& work) {
  const auto begun = clock_type::now();
  const auto cpu = own_cpu_seconds();
  work();
  const auto count = static_cast<double>(n);
  return {count / std::chrono::duration<double>(clock_type::now() - begun).count(),
          (own_cpu_seconds() - cpu) / count * 1e6};
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

int run(std::size_t rounds, std::size_t units) {
  const directory home;
  const auto cluster = must(embedded_cluster::start(home.path));
  bench b(*cluster);
  b.bare(units); // its rows exist too
  std::map<std::string, std::vector<double>> rates;
  std::map<std::string, std::vector<double>> ratios;
  std::map<std::string, std::vector<double>> cpu;
  for (std::size_t r = 0; r < rounds; ++r) {
    std::map<std::string, measured> now;
    b.checkpoint();
    now["bare"] = measure(units, [&] { b.bare(units); });
    now["update"] = measure(units, [&] { b.update(units); });
    now["mark"] = measure(units * 10, [&] { b.mark(units * 10); });
    now["tell"] = measure(units * 10, [&] { b.tell(units * 10); });
    now["create"] = measure(units, [&] { b.create(units); });
    for (const auto& [name, m] : now) {
      rates[name].push_back(m.per_second);
      ratios[name].push_back(m.per_second / now["bare"].per_second);
      cpu[name].push_back(m.cpu_us);
    }
  }
  std::printf("%zu rounds of %zu units of %zu entries; medians; ratio to bare within a round\n", rounds,
              units, entries_per_unit);
  for (const char* name : {"bare", "update", "create", "mark", "tell"})
    std::printf("%-8s %10.0f /s   %.2fx   %.0f us of our CPU\n", name, median(rates[name]),
                median(ratios[name]), median(cpu[name]));
  const auto share = median(cpu["tell"]) / median(cpu["update"]);
  std::printf("the meter costs %.2f us per notice, %.2f %% of an update\n", median(cpu["tell"]), 100 * share);
  return share < meter_share_limit ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int at, std::size_t otherwise) {
      return argc > at ? static_cast<std::size_t>(std::max(1, std::atoi(argv[at]))) : otherwise;
    };
    return run(number(1, 5), number(2, 4'000));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
