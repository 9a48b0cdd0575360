// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/channel_directory.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"

#include "tests/simulation/chance.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/vendor.hpp"
#include "tests/support/held_calendar.hpp"
#include "tests/support/ledger_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kalends::simulation {

/// One process of the house, from its start to its crash: the engine's own actors under CAF's
/// test_coordinator, a door to the shared database and one to each vendor. Nothing in it moves unless it is
/// told to.
class node {
public:
  using clock = std::function<instant()>;
  using ledger = testing::ledger_store::ledger;

  /// A vendor call that waits for its answer. `caller`: the life of the actor that made it.
  struct open_call {
    vendor::call_ptr call;
    instant since;
    std::size_t caller = 0;
  };
  struct open_refresh {
    provider_type type;
    grant current;
    actors::answer_to<grant> done;
    std::shared_ptr<bool> cancelled;
    std::size_t caller = 0;
  };

  /// `now` is what its wall clock says; `steady` never jumps, and is what leases are measured by.
  node(int number, std::shared_ptr<ledger> shared, settings configured, clock now, clock steady, chance& dice,
       trace& log);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  int number() const { return number_; }
  /// By which the rows know it.
  std::string id() const { return "0192a000-0000-7000-8000-0000000000f" + std::to_string(number_); }
  testing::ledger_store& store() { return *store_; }
  actors::supervisor_actor supervisor() const { return supervisor_; }
  /// Whether `house_opened` was answered with success.
  bool open() const { return *opened_ == opening::done; }
  /// The first look failed: the process would end and be started again.
  bool stillborn() const { return *opened_ == opening::failed; }

  // ---- moving ----
  std::size_t jobs() { return scheduler().jobs.size(); }
  void run_job(std::size_t which);
  /// Everything that can be done without an answer from outside.
  void run_jobs();
  void let_time_pass(std::chrono::milliseconds d) { scheduler().advance_time(d); }
  /// When the supervisor wants to wake somebody next.
  std::optional<instant> next_due();

  // ---- orders from outside ----
  void order(actors::for_tenant o);
  void order(actors::for_provider o);
  /// As the webhook does it: proven by the channel's secret, then marked. Answers whether it was accepted.
  void deliver(const net::channel_ticket& t, actors::answer_to<bool> done);
  bool kill_provider(const tenant_id& t, const provider_id& p);
  bool kill_tenant(const tenant_id& t);
  /// How many actors run that the house does not know any more; none, once everything is at rest.
  std::size_t forgotten_actors();

  // ---- what it asks of the world ----
  std::vector<open_call> calls;
  std::vector<open_refresh> refreshes;
  /// Collects what the last job asked; `issued` hears of each call, `given_up` of each whose caller left.
  void collect_calls(instant now, const std::function<void(const open_call&)>& issued,
                     const std::function<void(const vendor::call_ptr&)>& given_up);

  /// What the bus of this node told, checked for order.
  std::function<void(const fact&)> on_fact;

private:
  enum class opening { waiting, done, failed };
  caf::scheduler::test_coordinator& scheduler();
  actors::supervisor_state& house();
  void end_actors();
  void run_first_job();

  int number_;
  chance& dice_;
  trace& log_;
  clock now_;
  std::unique_ptr<testing::ledger_store> store_;
  testing::held_calendar google_, microsoft_;
  std::shared_ptr<actors::channel_directory> channels_ = std::make_shared<actors::channel_directory>();
  std::shared_ptr<opening> opened_ = std::make_shared<opening>(opening::waiting);
  std::size_t running_ = 0; ///< whose job runs, or ran last: an actor's id, never given twice
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  actors::event_bus_actor bus_;
  actors::supervisor_actor supervisor_;
  actors::intake_actor intake_;
};

} // namespace kalends::simulation
