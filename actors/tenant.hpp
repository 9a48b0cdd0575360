// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace kalends::actors {

struct tenant_state {
  tenant_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "tenant";
  using work = std::variant<entry_order, page_pulled, push_settled, backfill_order, repair_order>;

  std::deque<work> queue;
  std::size_t alone = 0;        ///< this many from the front go one by one: they failed together
  int repeats = 0;              ///< of the front item after `stale_version`
  bool stepping = false;        ///< a step is with the database
  calendar_index_ptr calendars; ///< read when needed, forgotten when they change
  bool calendars_moved = false; ///< while they were being read
  std::vector<answer_to<bool>> resting;
  supervisor_actor supervisor;
  event_bus_actor bus;
};

/// One tenant, in steps: what arrived while the last step was being committed is loaded, decided and
/// committed together, in order of arrival. It is the only writer of this tenant's entries and mappings, so
/// between load and commit nobody else moves them.
class tenant : public actor_with<tenant_actor, tenant_state> {
public:
  tenant(caf::actor_config& cfg, tenant_id id, persistence::engine_store& store, world w,
         supervisor_actor supervisor, event_bus_actor bus);
  behavior_type make_behavior() override;

private:
  /// Tells the asker how its part of a step ended: the commit's error, or nothing.
  using reply = std::function<void(const std::optional<error>&)>;
  struct step {
    std::vector<tenant_state::work> items;
    std::vector<reply> replies;
    tenant_changes changes;
  };
  using step_ptr = std::shared_ptr<step>;

  void enqueue(tenant_state::work w);
  void next_step();
  void load_calendars();
  step_ptr take_items();
  void decide(const step_ptr& s, persistence::loaded found);
  void commit(const step_ptr& s);
  void committed(const step_ptr& s, const std::vector<fact>& facts);
  void not_committed(const step_ptr& s, const error& e);
  void put_back(const step_ptr& s);
  void fail(const step_ptr& s, const error& e);
  void end_step();

  reply apply(tenant_picture& p, tenant_changes& extra, const entry_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const page_pulled& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const push_settled& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const backfill_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const repair_order& o);

  tenant_id id_;
  persistence::engine_store& store_;
  world world_;
};

} // namespace kalends::actors
