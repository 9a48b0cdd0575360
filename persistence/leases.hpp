// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/engine_store.hpp"
#include "persistence/transaction.hpp"

#include <cstddef>
#include <optional>
#include <vector>

/// Who runs which tenant. A line of tenant_directory says it, a row of `nodes` says whether that node lives,
/// and the epoch in tenant_counters makes it safe (see migration 0006).
namespace kalends::persistence {

/// Leases that one round moves at most: each is a row lock.
constexpr std::size_t leases_per_round = 2'000;
/// Surplus tenants that are brought to rest at the same time.
constexpr std::size_t given_at_once = 20;

/// What a node sees when it looks.
struct lease_view {
  std::vector<lease> held;   ///< by this process
  std::vector<lease> before; ///< by an earlier process of this node
  std::vector<lease> free;   ///< by nobody who is alive
  std::size_t tenants = 0;
  std::size_t nodes_alive = 1;
};
struct lease_plan {
  std::vector<lease> take;
  std::vector<tenant_id> to_give;
};
/// A node's fair share is the tenants divided by the living nodes, rounded up. It takes what is free up to
/// its share, and its own of an earlier life whatever their number; above its share it gives, a few at a
/// time.
lease_plan plan_leases(const lease_view& seen);

/// Says that the node lives, and looks. Needs no tenant. Error conflict `node_replaced`.
result<lease_view> beat(transaction& tx, const lease_round& round);
/// For the tenants in `take`; answers those that were got. Rows that somebody holds are passed over, and so
/// is what somebody else took meanwhile.
result<std::vector<lease>> take_leases(transaction& tx, const lease_round& round,
                                       const std::vector<lease>& take);
/// Those of the transaction's tenants that this process holds become nobody's, and the other nodes hear of
/// it.
result<bool> give_leases(transaction& tx, const lease_round& round);
/// The tenants that this process holds.
result<std::vector<tenant_id>> held_tenants(transaction& tx, const lease_round& round);
/// The node is not there any more.
result<bool> forget_node(transaction& tx, const lease_round& round);
result<std::optional<node_line>> owner_of(transaction& tx, const tenant_id& tenant);

/// Takes the tenant's lock and refuses to go on under another epoch: stopped `fenced`, not_found
/// `tenant_gone`. Comes before any other write of the transaction.
result<void> check_epoch(transaction& tx, std::int64_t epoch);
/// The same for many: answers those that are held under these epochs.
result<std::vector<tenant_id>> lock_held(transaction& tx, const std::vector<lease>& leases);

/// The refusal.
tl::unexpected<error> fenced();

} // namespace kalends::persistence
