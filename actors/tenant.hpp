// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace kalends::actors {

struct tenant_state {
  tenant_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "tenant";
  using work = std::variant<entry_order, page_pulled, push_settled, hold_order, release_order, backfill_order,
                            repair_order, replay_order, conflict_order>;
  /// Where a piece of work stands that the database refuses for what it says.
  enum class trial {
    none,
    part,    ///< of a page, to find the event at fault: nobody waits for it
    repeated ///< what is at fault was looked for; if it fails again, it fails
  };
  struct item {
    work what;
    trial at = trial::none;
  };

  std::deque<item> queue;
  /// Whose planning threw, or whose rows were refused, with the cause: set aside by the step under way.
  std::map<letter_key, error> poison;
  letter_key planning;            ///< what is being decided right now
  std::set<letter_key> set_aside; ///< open dead letters of events
  bool set_aside_known = false;
  std::size_t orders = 0;       ///< entry orders in the queue
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
  /// `tenure`: whose end is the end of what it may write (`engine_store::hold`).
  tenant(caf::actor_config& cfg, tenant_id id, std::uint64_t tenure, persistence::engine_store& store,
         world w, supervisor_actor supervisor, event_bus_actor bus,
         observe::meter& meter = observe::no_meter());
  behavior_type make_behavior() override;

private:
  /// Tells the asker how its part of a step ended: the commit's error, or nothing.
  using reply = std::function<void(const std::optional<error>&)>;
  struct step {
    std::vector<tenant_state::item> items;
    std::vector<reply> replies;
    tenant_changes changes;
  };
  using step_ptr = std::shared_ptr<step>;

  void enqueue(tenant_state::work w);
  void next_step();
  void load_calendars();
  void load_set_aside();
  step_ptr take_items();
  /// False: something in it threw; it was isolated, and the rest is decided anew.
  bool decide(const step_ptr& s, persistence::loaded found);
  void isolate(const step_ptr& s, std::size_t which, const char* what);
  /// True: what is at fault in it was found, or is being looked for.
  bool take_apart(const step_ptr& s, const error& e);
  bool is_poisoned(tenant_picture& p, const letter_key& key, const entry_id& entry);
  void tell_meter(const tenant_changes& c) const;
  void commit(const step_ptr& s);
  void committed(const step_ptr& s, const std::vector<fact>& facts);
  void not_committed(const step_ptr& s, const error& e);
  void put_back(const step_ptr& s);
  void fail(const step_ptr& s, const error& e);
  void end_step();

  reply apply(tenant_picture& p, tenant_changes& extra, const entry_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const page_pulled& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const push_settled& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const hold_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const release_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const backfill_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const repair_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const replay_order& o);
  reply apply(tenant_picture& p, tenant_changes& extra, const conflict_order& o);

  tenant_id id_;
  std::uint64_t tenure_;
  persistence::engine_store& store_;
  world world_;
  observe::meter& meter_;
};

} // namespace kalends::actors
