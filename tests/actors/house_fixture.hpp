// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/channel_directory.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"

#include "tests/support/held_calendar.hpp"
#include "tests/support/ledger_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace kalends::actors {

using namespace std::chrono_literals;
using testing::held_calendar;
using testing::ledger_store;

/// What stand-ins for supervisor and bus have been told.
struct overheard {
  std::vector<providers_stale> stale;
  std::vector<providers_due> due;
  std::vector<facts_committed> facts;
};

/// Keeps the answers to one kind of question.
template <class T>
struct answers {
  std::shared_ptr<std::vector<result<T>>> heard = std::make_shared<std::vector<result<T>>>();
  answer_to<T> slot() const {
    return [h = heard](result<T> r) { h->push_back(std::move(r)); };
  }
  std::size_t size() const { return heard->size(); }
  const result<T>& operator[](std::size_t i) const { return heard->at(i); }
};

/// The actors in one thread, on a clock and a chance of the test's own, with a store and vendors it plays.
class house_fixture : public ::testing::Test {
protected:
  struct refresh_call {
    provider_type type{};
    oauth_app app;
    grant current;
    answer_to<grant> done;
    bool open = true;
  };

  house_fixture();
  ~house_fixture() override;

  const tenant_id acme{"0192a000-0000-7000-8000-00000000000a"};
  const tenant_id other_house{"0192a000-0000-7000-8000-00000000000b"};
  const user_id alice{"0192a000-0000-7000-8000-0000000000a1"};
  const user_id bob{"0192a000-0000-7000-8000-0000000000b1"};
  const provider_id work{"0192a000-0000-7000-8000-0000000000c1"};
  const provider_id second{"0192a000-0000-7000-8000-0000000000c2"};
  const entry_id visit{"0192a000-0000-7000-8000-0000000000e1"};
  const entry_id second_visit{"0192a000-0000-7000-8000-0000000000e2"};

  // ---- what stands in the rows ----
  ledger_store::tenant_rows& rows() { return store.tenants[acme]; }
  ledger_store::provider_rows& rows(const provider_id& p) { return rows().providers.at(p); }
  /// An active calendar of Alice that has been read before, with a token that lasts.
  provider& add_calendar(const provider_id& id, provider_type type = provider_type::google);
  /// An entry of Alice in `where`, as both sides agreed on it.
  schedule_entry add_visit(const entry_id& id, const provider_id& where, const std::string& title = "Visit");
  static calendar_event event_of(const mapping& m, const std::string& version);
  calendar_event event_of(const entry_id& e, const provider_id& p, const std::string& version) {
    return event_of(rows().mappings.at({p, e}), version);
  }
  calendar_event foreign(const std::string& id, const std::string& version = "v1") const;
  static calendar_event tombstone(const event_id& id);
  std::size_t facts(fact_type type) const;
  std::vector<std::string> run_outcomes() const; ///< "poll:succeeded", …

  // ---- the house ----
  world outside();
  staff_parts staff();
  std::shared_ptr<governor> gate(); ///< who may call a vendor; the same one for the whole house
  /// Stand-ins that only listen.
  supervisor_actor listening_supervisor();
  event_bus_actor listening_bus();
  void open_house();
  supervisor_state& house_state();
  provider_actor awake(const provider_id& p);
  tenant_actor awake_tenant();
  engine_status status();
  /// Every listing that is waited for in Google shows nothing new.
  void answer_reads();
  static provider_id numbered(int n);

  void run() { sched().run(); }
  /// Lets time go by, a clock tick at a time.
  void pass(std::chrono::milliseconds d);
  caf::scheduler::test_coordinator& sched();
  template <class Actor, class Message>
  void tell(const Actor& to, Message m) {
    caf::anon_send(to, std::move(m));
    run();
  }
  template <class Order>
  void tell_calendar(const provider_id& p, Order o) {
    tell(supervisor, for_provider{acme, p, std::move(o)});
  }
  /// A notice that intake has made durable.
  void notice(const provider_id& p);
  void edit(const entry_id& e, const std::string& title);
  result<schedule_entry> create(const entry_id& e, const std::string& title);
  result<schedule_entry> order(entry_order::kind what, const entry_id& e, entry_edit edit);

  static change_page last_page(std::vector<calendar_event> events, const std::string& cursor);
  static change_page page(std::vector<calendar_event> events, const std::string& next);
  static error trouble(errc kind, const std::string& code,
                       std::optional<std::chrono::milliseconds> retry_after = {});
  appointment hour(const std::string& title) const;

  instant now = instant(std::chrono::milliseconds(1'796'000'000'000));
  std::mt19937 chance{20261122};
  settings configured;
  ledger_store store;
  held_calendar google, microsoft;
  std::vector<std::shared_ptr<refresh_call>> refreshes;
  std::shared_ptr<channel_directory> channels = std::make_shared<channel_directory>();
  std::chrono::milliseconds uptime{0}; ///< goes with `pass`; a jump of `now` ends no lease
  std::shared_ptr<lease_book> leases = std::make_shared<lease_book>([this] { return uptime; });
  std::shared_ptr<overheard> heard = std::make_shared<overheard>();
  event_bus_actor bus;
  supervisor_actor supervisor;
  std::vector<caf::actor> others; ///< ended with the house

private:
  std::shared_ptr<governor> gate_;
  std::unique_ptr<caf::actor_system_config> config_;

protected:
  std::unique_ptr<caf::actor_system> system;
};

} // namespace kalends::actors
