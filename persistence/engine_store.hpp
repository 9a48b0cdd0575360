// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"
#include "schema/tenant_changes.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalends::persistence {

template <class T> using store_done = std::function<void(result<T>)>;

/// What a step wants to look at. Mappings come with their entries and with all other mappings of those entries.
struct load_request {
  tenant_id tenant;
  std::vector<entry_id> entries;
  struct event_ref {
    provider_id provider;
    event_id event;
    std::string transaction_id;
    entry_id tag;
  };
  std::vector<event_ref> events;
};
struct loaded {
  std::vector<schedule_entry> entries;
  std::vector<mapping> mappings;
};

/// A notice on its way to disk: `stale since` is set if it was not, the counter grows, the cause is kept.
struct notice_mark {
  tenant_id tenant;
  provider_id provider;
};

/// Where a provider stands between runs; all that its actor needs to begin.
struct provider_state {
  provider calendar;
  std::optional<cursor> read_from; ///< opened; absent: read from the beginning
  std::int64_t mark = 0;           ///< the mark's counter
  bool stale = false;
  std::optional<channel> push_channel;
  bool outbox_waiting = false;
};

/// One line of the start-up scan and of the slow look-around: what each provider waits for.
struct schedule_line {
  tenant_id tenant;
  provider_id provider;
  provider_status status{};
  bool stale = false;
  std::optional<instant> outbox_due;
  std::optional<instant> next_poll_at;
  std::optional<instant> channel_expires_at;
};

/// What the engine's actors read and write. `load`, `commit` and `mark` are collected across tenants: whatever arrived while the last group was
/// being written goes out as one group (one transaction, set-based statements over `unnest`, one round trip), and every caller is
/// answered when the group's commit is durable. A group in which one unit fails is taken apart and committed unit by unit, so a bad unit
/// fails alone. Callable from any thread; answers come on database threads, exactly once.
class engine_store {
public:
  engine_store(database& db, world w);
  ~engine_store(); ///< waits for what was begun

  void load(load_request what, store_done<loaded> done);
  /// All of the changes or none. The answer tells the facts as the bus shows them (with their sequence).
  /// Errors: conflict `stale_version` (an entry's stored version was not one less: someone else wrote), not_found `tenant_gone`,
  /// retry_later as in database.
  void commit(tenant_changes changes, store_done<std::vector<fact>> done);
  /// Durable when answered. A provider that does not exist (any more) is skipped.
  void mark(std::vector<notice_mark> marks, store_done<bool> done);

  // ---- a provider's own rows, one provider at a time ----
  void load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done);
  void load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit, store_done<std::vector<outbox_row>> done);
  /// Mappings of one provider after `after` in entry order: the sweep reads them page by page.
  void load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit, store_done<std::vector<mapping>> done);
  /// Entries assigned to `assignee` (or all of the tenant when empty) after `after` in id order, not ended before `from`: for the backfill of a new calendar.
  void load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after, std::size_t limit, store_done<std::vector<schedule_entry>> done);
  void save_run(tenant_id tenant, sync_run run, std::vector<fact> facts, store_done<std::vector<fact>> done);
  void save_health(tenant_id tenant, provider_id provider, provider_status status, std::optional<provider_problem> problem,
                   std::optional<instant> last_sync_at, std::optional<instant> next_poll_at, std::vector<fact> facts,
                   store_done<std::vector<fact>> done);
  /// Forgets the cursor, so that the next read begins at the beginning.
  void drop_cursor(tenant_id tenant, provider_id provider, store_done<bool> done);

  // ---- the whole house ----
  void list_tenants(store_done<std::vector<tenant_id>> done);
  void load_schedule(std::vector<tenant_id> tenants, store_done<std::vector<schedule_line>> done);
  void load_providers(tenant_id tenant, store_done<std::vector<provider>> done);
  /// Facts after `sequence`, in order, at most `limit`.
  void load_facts(tenant_id tenant, std::int64_t after, std::size_t limit, store_done<std::vector<fact>> done);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::persistence
