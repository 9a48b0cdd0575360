// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"
#include "persistence/token_vault.hpp"
#include "schema/directory.hpp"
#include "schema/tenant_changes.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalends::persistence {

template <class T>
using store_done = std::function<void(result<T>)>;

/// What a step wants to look at. Mappings come with their entries and with all other mappings of those
/// entries.
struct load_request {
  tenant_id tenant;
  std::vector<entry_id> entries;
  struct event_ref {
    provider_id provider;
    event_id event;
    std::string transaction_id;
    entry_id tag;
    std::string ical_uid = {};
  };
  std::vector<event_ref> events;
  std::vector<std::string> conflicts = {}; ///< ids, with their entries
  /// Whose addresses are wanted, besides those of everybody who is assigned to an entry that is found: these
  /// users' and those of whom the addresses (in lower case) name.
  bool people = false;
  std::vector<user_id> users = {};
  std::vector<std::string> addresses = {};
};
struct loaded {
  std::vector<schedule_entry> entries;
  std::vector<mapping> mappings;
  std::vector<meeting_line> meetings = {}; ///< of the UIDs that were asked for
  std::vector<conflict> conflicts = {};    ///< asked for, and the open ones of the mappings found
  std::vector<person_line> people = {};    ///< if asked for; may name others, too
};

/// A notice on its way to disk: `stale since` is set if it was not, the counter grows, the cause is kept.
struct notice_mark {
  tenant_id tenant;
  provider_id provider;
  int count = 1;
};

/// Where a provider stands between runs; all that its actor needs to begin.
struct provider_state {
  provider calendar;
  std::optional<cursor> read_from; ///< opened; absent: read from the beginning
  std::int64_t mark = 0;           ///< the mark's counter
  bool stale = false;
  std::optional<channel> push_channel;
  bool outbox_waiting = false;
  bool rehearsed = false; ///< what a rehearsal has found stands in a row
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
  std::int64_t mark = 0; ///< what the counter of notices has reached
  provider_type type{};
  std::optional<instant> channel_renews_at = {}; ///< when an attempt to renew it is planned
  std::optional<instant> next_reconcile_at = {};
};

/// One look of a node at the leases, every two seconds. All times are the database's: the nodes' clocks may
/// differ.
struct lease_round {
  std::string node;        ///< UUID, kept in the data directory: the same over restarts
  std::string incarnation; ///< UUID of this process: leases of its earlier life are taken back at once
  std::string url = {};    ///< where other nodes reach its API
  std::chrono::milliseconds life{10'000}; ///< of the heartbeat
  bool arriving = false; ///< the first round of this process: it takes the place of its earlier life
  bool leaving = false;  ///< gives everything back; the node's row goes
  std::vector<tenant_id> give_back = {}; ///< came to rest here
};
/// The right to run a tenant. The epoch grows with every take-over and is what writes are checked against.
struct lease {
  tenant_id tenant;
  std::int64_t epoch = 0;
  bool stopped = false; ///< an operator stopped its work, or everybody's: no vendor is called for it
  bool operator==(const lease&) const = default;
};
struct lease_news {
  std::vector<lease> held;        ///< all that this node may run now
  std::vector<tenant_id> to_give; ///< surplus: bring to rest, then give back
  std::size_t nodes_alive = 1;    ///< with this one
  std::size_t busy = 0; ///< ours to take, but a commit of the former holder still has the row: ask again soon
};
/// A node that is alive, and where its API is.
struct node_line {
  std::string node;
  std::string url;
};

/// What the engine's actors read and write. `load`, `commit` and `mark` are collected across tenants:
/// whatever arrived while the last group was being written goes out as one group (one transaction, set-based
/// statements over `unnest`, one round trip), and every caller is answered when the group's commit is
/// durable. A group in which one unit fails is taken apart and committed unit by unit, so a bad unit fails
/// alone. Callable from any thread; answers come on database threads, exactly once.
///
/// Every write of a tenant's rows is done under the epoch that `hold` named when it was asked for, and
/// refused with stopped `fenced` when the tenant is not held here or the row's epoch is another one. Only
/// `mark` is free: any node may take a notice.
class engine_store {
public:
  virtual ~engine_store() = default; ///< waits for what was begun

  virtual void load(load_request what, store_done<loaded> done) = 0;
  /// All of the changes or none. The answer tells the facts as the bus shows them (with their sequence).
  /// Errors: conflict `stale_version` (an entry's stored version was not `stored_version`: someone else
  /// wrote), not_found `tenant_gone`, retry_later as in database.
  virtual void commit(tenant_changes changes, store_done<std::vector<fact>> done) = 0;
  /// Durable when answered, with each mark's counter as it now is (in the order given, no provider twice):
  /// the reader clears the mark only up to the counter it knew when it began. 0 for a provider that does not
  /// exist (any more).
  virtual void mark(std::vector<notice_mark> marks, store_done<std::vector<std::int64_t>> done) = 0;

  // ---- a provider's own rows, one provider at a time ----
  virtual void load_provider(tenant_id tenant, provider_id provider, store_done<provider_state> done) = 0;
  virtual void load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit,
                           store_done<std::vector<outbox_row>> done) = 0;
  /// Mappings of one provider after `after` in entry order: the sweep reads them page by page.
  virtual void load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                          store_done<std::vector<mapping>> done) = 0;
  /// Entries assigned to `assignee` (or all of the tenant when empty) after `after` in id order, not ended
  /// before `from`: for the backfill of a new calendar.
  virtual void load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after,
                            std::size_t limit, store_done<std::vector<schedule_entry>> done) = 0;
  /// Inserts or replaces the run; one that succeeded also moves the provider's `last_sync_at`, and if its
  /// cause is `reconcile`, its `reconciled`.
  virtual void save_run(tenant_id tenant, sync_run run, std::vector<fact> facts,
                        store_done<std::vector<fact>> done) = 0;
  /// Runs that whoever began them cannot end any more become failed, `interrupted`: all of these tenants', or
  /// one provider's. Tenants that are not held here are left alone; `fenced` if none is.
  virtual void end_interrupted_runs(std::vector<tenant_id> tenants, provider_id only,
                                    store_done<bool> done) = 0;
  virtual void save_health(tenant_id tenant, provider_id provider, provider_status status,
                           std::optional<provider_problem> problem, std::optional<instant> last_sync_at,
                           std::optional<instant> next_poll_at, std::vector<fact> facts,
                           store_done<std::vector<fact>> done) = 0;
  /// How the channel fares; `problem` is what people see from now on (nothing: no problem), the status stays.
  /// The facts go with it.
  virtual void save_channel_health(tenant_id tenant, provider_id provider, channel_health health,
                                   std::optional<provider_problem> problem, std::vector<fact> facts,
                                   store_done<std::vector<fact>> done) = 0;
  /// Entries' removals that wait for a person's yes; absent: none do (any more). Not_found `provider_gone`.
  virtual void save_held(tenant_id tenant, provider_id provider, std::optional<held_removals> held,
                         std::vector<fact> facts, store_done<std::vector<fact>> done) = 0;
  /// What a pass that deletes events there has to know.
  virtual void count_removals(tenant_id tenant, provider_id provider, instant now,
                              store_done<removal_tally> done) = 0;
  /// Entries after `after`, in id order, whose events there wait for a person's yes.
  virtual void load_held(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                         store_done<std::vector<entry_id>> done) = 0;
  /// What a rehearsal of this calendar has found, as JSON. False if the calendar does not rehearse (any
  /// more).
  virtual void save_rehearsal(tenant_id tenant, provider_id provider, std::string report,
                              store_done<bool> done) = 0;
  /// When this calendar is compared in full the next time; nothing: never by itself.
  virtual void plan_reconcile(tenant_id tenant, provider_id provider, std::optional<instant> at,
                              store_done<bool> done) = 0;
  /// Entries after `after`, in id order, that may lack an outbox row for this calendar and have neither one
  /// nor an open letter: assigned to `assignee` (empty: any), not ended before `from` and without a mapping
  /// there; or with a mapping there whose entry is gone, that waits for its insert or its removal, or that
  /// has not seen the entry's last version. Candidates: whether something has to be done is decided on the
  /// loaded rows.
  virtual void load_unsettled(tenant_id tenant, provider_id provider, user_id assignee, instant from,
                              entry_id after, std::size_t limit, store_done<std::vector<entry_id>> done) = 0;
  /// Forgets the cursor, so that the next read begins at the beginning.
  virtual void drop_cursor(tenant_id tenant, provider_id provider, store_done<bool> done) = 0;
  virtual void save_calendar(tenant_id tenant, provider_id provider, calendar_listing chosen,
                             store_done<bool> done) = 0;
  /// Not_found `grant_missing` if there is none; a seal that does not open is an error, never an absence.
  virtual void load_grant(tenant_id tenant, provider_id provider, store_done<grant> done) = 0;
  virtual void save_grant(tenant_id tenant, provider_id provider, grant g, store_done<bool> done) = 0;
  /// The tenant's own OAuth client, if it has one.
  virtual void load_oauth_app(tenant_id tenant, provider_type type,
                              store_done<std::optional<oauth_app>> done) = 0;
  /// An empty `secret` keeps the stored one (a renewal). `replaces`: the id of a row that this one takes the
  /// place of (the placeholder of a channel whose id the vendor chose), or empty.
  virtual void save_channel(tenant_id tenant, provider_id provider, channel c, std::string secret,
                            std::string replaces, store_done<bool> done) = 0;
  virtual void delete_channel(tenant_id tenant, provider_id provider, std::string channel_id,
                              store_done<bool> done) = 0;
  virtual void find_channels(tenant_id tenant, provider_id provider,
                             store_done<std::vector<channel>> done) = 0;
  /// Configuration, mappings, cursor, channels, grant, outbox; entries and events stay.
  virtual void delete_provider(tenant_id tenant, provider_id provider, std::vector<fact> facts,
                               store_done<std::vector<fact>> done) = 0;

  // ---- the whole house ----
  virtual void list_tenants(store_done<std::vector<tenant_id>> done) = 0;
  virtual void load_schedule(std::vector<tenant_id> tenants, store_done<std::vector<schedule_line>> done) = 0;
  virtual void load_providers(tenant_id tenant, store_done<std::vector<provider>> done) = 0;
  /// What the tenant's open dead letters of that kind are about, at most `limit`.
  virtual void load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                                 store_done<std::vector<letter_key>> done) = 0;
  /// Facts after `sequence`, in order, at most `limit`.
  virtual void load_facts(tenant_id tenant, std::int64_t after, std::size_t limit,
                          store_done<std::vector<fact>> done) = 0;
  /// Of the tenant's newest fact; 0 before the first.
  virtual void last_sequence(tenant_id tenant, store_done<std::int64_t> done) = 0;

  // ---- which tenants are ours ----
  /// Says that this node lives, and takes and gives tenants: its own of an earlier life at once, those of
  /// dead nodes and of nobody up to its fair share. Error conflict `node_replaced`: another process goes by
  /// this node's id; nothing is held any more.
  virtual void keep_leases(lease_round round, store_done<lease_news> done) = 0;
  /// The epoch with which this store writes for `tenant` from now on; 0: the tenant is not ours. Answers the
  /// tenure that begins here: a lease may be let go and come back with its epoch, and what somebody of the
  /// earlier tenure still wants to commit must not be done in the new one.
  virtual std::uint64_t hold(tenant_id tenant, std::int64_t epoch) = 0;
  /// Told of every write that was refused as `fenced`, with the epoch it was asked under (0: not held), on
  /// any thread. Null: nobody listens any more, and no call of the former listener is under way when this
  /// returns.
  virtual void on_fenced(std::function<void(const tenant_id&, std::int64_t epoch)> told) = 0;
  /// The node that runs the tenant, if one that is alive does.
  virtual void find_owner(tenant_id tenant, store_done<std::optional<node_line>> done) = 0;
};

/// The store on PostgreSQL. `db` and `vault` outlive it.
std::unique_ptr<engine_store> open_engine_store(database& db, const token_vault& vault, world w);

} // namespace kalends::persistence
