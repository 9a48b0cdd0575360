// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"
#include "persistence/token_vault.hpp"
#include "schema/directory.hpp"
#include "schema/webhook.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalends::persistence {

/// An endpoint that runs, and what there is for it.
struct webhook_line {
  tenant_id tenant;
  webhook_endpoint endpoint;
  webhook_secrets secrets;
  std::int64_t last_sequence = 0;        ///< of the tenant's newest fact
  std::optional<instant> oldest_waiting; ///< when the first fact after the position became true
};

/// A stretch of facts. Those that were not asked for are left out, but counted in `through`.
struct webhook_facts {
  std::vector<fact> facts;
  std::int64_t through = 0; ///< the last sequence that was looked at
  std::int64_t first = 0;   ///< the first there is after the position; 0: none
  bool first_restored =
      false; ///< that one says that the history was brought back: a gap before it is no loss
};

/// What came of one or several attempts, to be written down together.
struct webhook_progress {
  tenant_id tenant;
  webhook_endpoint after; ///< position, attempts, waits, stop: as they are to be
  std::int64_t from = 0;  ///< the position that the row must still have
  std::vector<webhook_delivery> deliveries;
  bool tidy = false;                    ///< the oldest deliveries above the limit go
  std::optional<fact> told = {};        ///< that it was stopped
  std::optional<audit_line> noted = {}; ///< the same
};
struct webhook_saved {
  bool kept =
      false; ///< else the row has another turn or position than was thought, or is gone: nothing was written
  std::vector<fact> told = {}; ///< with their sequences
};

/// What the sender of webhooks reads and writes. Callable from any thread; answers come on database threads,
/// exactly once.
class webhook_store {
public:
  template <class T>
  using done = std::function<void(result<T>)>;
  virtual ~webhook_store() = default;

  /// The endpoints of these tenants that run. One whose secret does not open is left out, and logged.
  virtual void load(std::vector<tenant_id> tenants, done<std::vector<webhook_line>> heard) = 0;
  /// One endpoint, whether it runs or not, and the fact with this sequence (0: none is wanted). Errors
  /// not_found `webhook_endpoint_not_found`, `fact_not_kept`.
  struct one {
    webhook_line line;
    std::optional<fact> what;
  };
  virtual void find(tenant_id tenant, webhook_id endpoint, std::int64_t sequence, done<one> heard) = 0;
  /// Facts after a position in order: `limit` are looked at, those of the wanted types (empty: all) are read.
  virtual void facts(tenant_id tenant, std::int64_t after, std::set<fact_type> types, std::size_t limit,
                     done<webhook_facts> heard) = 0;
  /// All of it or nothing. Whoever hears that facts were told hands them on to the bus.
  virtual void save(webhook_progress progress, done<webhook_saved> heard) = 0;
  /// An attempt that moves nothing.
  virtual void append(tenant_id tenant, webhook_delivery delivery, done<bool> heard) = 0;
};

/// The store on PostgreSQL. `db` and `vault` outlive it.
std::unique_ptr<webhook_store> open_webhook_store(database& db, const token_vault& vault);

} // namespace kalends::persistence
