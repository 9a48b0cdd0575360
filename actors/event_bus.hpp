// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/lease_book.hpp"
#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"

#include <cstdint>
#include <map>
#include <memory>

namespace kalends::actors {

struct event_bus_state {
  event_bus_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "event_bus";
  struct reader {
    tenant_id tenant;
    std::function<void(const fact&)> sink;
  };
  struct stream {
    std::int64_t told = 0;              ///< sequence of the last fact handed on; 0 until the first
    std::map<std::int64_t, fact> early; ///< arrived before their predecessors
    bool begun = false;                 ///< `told` is known
    bool filling = false;               ///< a gap is being read from the database
  };
  std::map<std::uint64_t, reader> readers;
  std::map<tenant_id, stream> streams;
};

/// Hands committed facts to readers, per tenant in the order of their sequence. Commits may report out of
/// order (they end on several threads); a fact waits until its predecessors are there, and what does not come
/// is read from the database, which is the truth. A failure inside makes it begin its streams anew, a little
/// earlier; a reader that throws is a reader no more. Facts of tenants that run on other nodes are read there
/// every second, for those that have readers here.
class event_bus : public actor_with<event_bus_actor, event_bus_state> {
public:
  /// Without a lease book all tenants run here.
  event_bus(caf::actor_config& cfg, persistence::engine_store& store,
            std::shared_ptr<lease_book> leases = nullptr, observe::meter& meter = observe::no_meter());
  behavior_type make_behavior() override;

private:
  void take(const facts_committed& m);
  void hand_on(const tenant_id& tenant, event_bus_state::stream& s);
  void fill_gap(const tenant_id& tenant, event_bus_state::stream& s);

  void gap_read(const tenant_id& tenant, result<std::vector<fact>> found);
  bool tell(const event_bus_state::reader& to, const fact& f);
  void look_elsewhere();
  void begin_stream(const tenant_id& tenant);

  persistence::engine_store& store_;
  std::shared_ptr<lease_book> leases_;
  observe::meter& meter_;
};

} // namespace kalends::actors
