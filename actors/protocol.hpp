// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine.hpp"
#include "actors/mail.hpp"
#include "actors/plan_reconcile.hpp"
#include "actors/plan_sync.hpp"
#include "persistence/engine_store.hpp"
#include "schema/tenant_changes.hpp"
#include "schema/webhook.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The map: every actor and every message, in the order of the flow. Start reading here.
///
///   webhook --notice_proven--> intake --providers_stale--> supervisor --wake--> provider --page_pulled-->
///   tenant --facts_committed--> event bus API --entry_order--> supervisor --> tenant (commits entry +
///   outbox) --providers_due--> supervisor --wake--> provider --push_settled--> tenant
///
/// Commands carry an `answer_to<…>` where somebody waits; it may be called from any thread, once. Nothing
/// here crosses a process. Who may call a vendor next is decided beside the mailboxes: actors/governor.hpp.
namespace kalends::actors {

// ---------------------------------------------------------------- intake: verified notices on their way to
// disk

/// A notice whose secret was right. Answered when its mark is durable.
struct notice_proven {
  tenant_id tenant;
  provider_id provider;
  net::unproven_notice::kind what{};
  answer_to<bool> done;
};

using intake_actor =
    caf::typed_actor<caf::reacts_to<notice_proven>>; // collects while the last group is being written

// ---------------------------------------------------------------- provider: one connected calendar

/// Why a provider should look at its work. `connected`: the grant is new; `resumed`: a person wants it to go
/// on, and to read at once. `reauthorize`, `missed` and `channel_lost` are what the vendor says about the
/// channel itself.
enum class wake_reason {
  notice,
  poll,
  outbox,
  renewal,
  channel_lost,
  connected,
  reloaded,
  resumed,
  reauthorize,
  missed,
  reconcile
};

struct wake {
  wake_reason why{};
  std::int64_t mark = 0; ///< notice: the counter that the mark has reached
};
struct sync_order {
  answer_to<sync_run> done;
  sync_mode mode = sync_mode::changes;
};
struct renewal_order {
  answer_to<channel> done;
};
struct calendars_order {
  answer_to<std::vector<calendar_listing>> done;
};
/// Events that were set aside are asked for and planned again. How many were read.
struct reread_order {
  std::vector<event_id> events;
  answer_to<int> done;
};
/// A person's answer to removals that are held (`provider::held`).
struct approval_order {
  removal_answer answer;
  answer_to<bool> done;
};
/// Disconnect for good: close the channel, delete the rows, end.
struct leave_order {
  answer_to<bool> done;
};

/// Supervisor -> provider: you have nothing to do and nothing is on its way to you. End; the next message
/// finds a new actor, and all that it needs is in rows.
struct go_to_sleep {};

using provider_actor =
    caf::typed_actor<caf::reacts_to<wake>,            // there may be work: pull, push, renew
                     caf::reacts_to<sync_order>,      // a manual run, answered when it has begun
                     caf::reacts_to<renewal_order>,   // renew or re-create the channel now
                     caf::reacts_to<calendars_order>, // which calendars the account has
                     caf::reacts_to<reread_order>,    // read events again that were set aside
                     caf::reacts_to<approval_order>,  // removals may be carried out, or not
                     caf::reacts_to<leave_order>,     // disconnect
                     caf::reacts_to<go_to_sleep>>;    // idle for long

// ---------------------------------------------------------------- tenant: the only writer of entries and
// mappings

/// A change of an entry from the host. `what` says which.
struct entry_order {
  enum class kind { create, change, remove } what{};
  entry_id entry;
  entry_edit edit;                ///< remove: version, scope and occurrence
  answer_to<schedule_entry> done; ///< remove: the entry as it was
};

/// What came of a page of events.
struct page_applied {
  std::vector<event_id>
      confirm; ///< removals to be verified with the vendor first; then nothing of `finish` was committed
  int entries_changed = 0;
  int refused = 0;
  bool finished = false;           ///< cursor (and the closing run) are committed
  std::vector<instant> changed_at; ///< the vendor's times of the changes that changed an entry
  drift_counts drift;              ///< if the page was to be compared
  bool nameless = false;           ///< a tombstone that no link knows: an occurrence of a series may be gone
};
/// One page of a listing, or single events that were read again.
struct page_pulled {
  provider_id provider;
  std::shared_ptr<const std::vector<calendar_event>> events;
  removal proof = removal::unconfirmed;
  std::optional<cursor_move> finish; ///< with the last page
  std::optional<sync_run> closing;   ///< the run ends with this commit, if it finishes
  answer_to<page_applied> done;
  std::optional<comparison> compare = {}; ///< every linked pair on it is compared
  std::optional<held_removals> held = {}; ///< no events: that removals were held back is to be noted
};

/// What came of one vendor write; committed with the outbox rows that it settles.
struct push_settled {
  provider_id provider;
  entry_id entry;
  /// `id_taken`: the vendor has used up the id that was chosen for the insert.
  enum class kind { written, removed, nothing, refused, id_taken } what{};
  reason why{};
  mapping link;       ///< written, removed: as it was when the call began
  appointment pushed; ///< written
  std::int64_t entry_version = 0;
  calendar_event now;                 ///< written: the vendor's answer
  std::string inputs;                 ///< refused: the vendor's words
  std::vector<std::string> rows_done; ///< neither these nor `rows_later`: a part, the rows wait for the rest
  std::vector<outbox_retry> rows_later;
  std::optional<dead_letter> letter; ///< given up: takes the place of `rows_done`
  bool ends_letter = false;          ///< a dead letter about this entry is open; it is mended by this
  answer_to<bool> done;
};

/// Entries whose way into a calendar may have been lost: what is missing is made up for.
struct repair_order {
  provider_id provider;
  std::vector<entry_id> entries;
  answer_to<drift_counts> done;
};

/// Deletions in a calendar that a person has to agree to first. Their outbox rows are done: agreeing makes
/// new ones. How many are held now.
struct hold_order {
  struct line {
    entry_id entry;
    std::vector<std::string> rows;
  };
  provider_id provider;
  std::vector<line> lines;
  held_removals with;
  bool news = false; ///< people have not heard that something waits there
  answer_to<int> done;
};
/// A person's answer to them. How many still waited for it.
struct release_order {
  provider_id provider;
  std::vector<entry_id> entries;
  bool yes = false;
  answer_to<int> done;
};

/// Entries that a newly connected calendar might have to show.
struct backfill_order {
  provider_id provider;
  std::vector<schedule_entry> entries;
  answer_to<bool> done;
};

/// Dead letters of pushes that a person wants to be tried again. How many were put back.
struct replay_order {
  std::vector<dead_letter> letters;
  answer_to<int> done;
};

/// What a person says about a conflict.
struct conflict_order {
  enum class kind { resolve, restore } what{};
  std::string conflict;
  conflict_resolution how; ///< resolve
  std::string who;         ///< the key or person
  answer_to<kalends::conflict> done;
};

struct calendars_changed {}; ///< providers were written: read the directory again
struct tenant_rest {         ///< finish the step in progress, take nothing new, end
  answer_to<bool> done;
};

using tenant_actor =
    caf::typed_actor<caf::reacts_to<entry_order>,    // host -> entry, fact, outbox
                     caf::reacts_to<page_pulled>,    // calendar -> entries, mappings, facts, cursor
                     caf::reacts_to<push_settled>,   // vendor write -> mapping, outbox row done
                     caf::reacts_to<hold_order>,     // too many deletions -> they wait for a person
                     caf::reacts_to<release_order>,  // a person's answer -> outbox, or left alone
                     caf::reacts_to<backfill_order>, // connect -> mappings and outbox for what belongs there
                     caf::reacts_to<repair_order>,   // full comparison -> outbox rows that were lost
                     caf::reacts_to<replay_order>,   // dead letters -> outbox
                     caf::reacts_to<conflict_order>, // a person's choice -> entry, mapping, fact, outbox
                     caf::reacts_to<calendars_changed>, // the directory moved
                     caf::reacts_to<tenant_rest>>;      // stop

// ---------------------------------------------------------------- supervisor: who exists, what is due

/// Takes the leases that are this node's, opens their tenants, and answers.
struct house_opened {
  answer_to<bool> done;
};
struct clock_tick {};
/// Intake -> providers: these marks are durable.
struct providers_stale {
  struct line {
    tenant_id tenant;
    provider_id provider;
    wake what;
  };
  std::vector<line> lines;
};
/// Tenant -> providers: outbox rows were committed for these.
struct providers_due {
  tenant_id tenant;
  std::vector<provider_id> providers;
};
/// Provider -> clock: nothing to do until then.
struct provider_idle {
  tenant_id tenant;
  provider_id provider;
  std::optional<instant> next_poll_at;
  std::optional<instant> outbox_due;
  std::optional<instant> renewal_due;
  bool worked = false; ///< it got through: its failures are forgiven
  std::optional<instant> reconcile_due = {};
  /// Orders that it has taken since it was spawned: if the supervisor has sent as many, none is on its way.
  std::uint64_t orders_taken = 0;
  bool may_sleep = false; ///< all that it knows is in rows and in this message
};
struct provider_gone {
  tenant_id tenant;
  provider_id provider;
};
/// The door -> one tenant or provider, spawned if it is not awake.
struct for_tenant {
  tenant_id tenant;
  std::variant<entry_order, replay_order, conflict_order, calendars_changed> order;
};
struct for_provider {
  tenant_id tenant;
  provider_id provider;
  std::variant<wake, sync_order, renewal_order, calendars_order, reread_order, approval_order, leave_order>
      order;
};
/// The door: a tenant was made. Answered when it is known who runs it, here or elsewhere.
struct tenant_arrived {
  tenant_id tenant;
  answer_to<bool> done;
};
struct tenant_leaving {
  tenant_id tenant;
  answer_to<bool> done;
};
/// Another node gave tenants away, or left: there may be something to take.
struct leases_moved {};
/// The store refused a write of this tenant under this epoch (0: it was not held any more).
struct lease_fenced {
  tenant_id tenant;
  std::int64_t epoch = 0;
};
struct count_house {
  answer_to<engine_status> done;
};
/// Ends everything in order; answered when all tenants have come to rest.
struct house_closing {
  answer_to<bool> done;
};

using supervisor_actor =
    caf::typed_actor<caf::reacts_to<house_opened>,    // reads the directory, wakes what waits
                     caf::reacts_to<providers_stale>, // from intake
                     caf::reacts_to<for_provider>,    // from the door
                     caf::reacts_to<for_tenant>,      // from the door
                     caf::reacts_to<providers_due>,   // from a tenant
                     caf::reacts_to<provider_idle>,   // from a provider: when to wake it
                     caf::reacts_to<provider_gone>,   // a provider left
                     caf::reacts_to<clock_tick>,      // polls, retries, renewals, respawns that are due
                     caf::reacts_to<tenant_arrived>,  //
                     caf::reacts_to<tenant_leaving>,  //
                     caf::reacts_to<leases_moved>,    // look at the leases now
                     caf::reacts_to<lease_fenced>,    // a tenant is ours no more
                     caf::reacts_to<count_house>,     //
                     caf::reacts_to<house_closing>>;

// ---------------------------------------------------------------- event bus: readers of the committed stream

struct facts_committed {
  tenant_id tenant;
  std::vector<fact> facts; ///< with their sequences
};
struct reader_came {
  std::uint64_t reader = 0;
  tenant_id tenant; ///< empty: all
  std::function<void(const fact&)> sink;
};
struct reader_left {
  std::uint64_t reader = 0;
};
struct look_elsewhere_now {};

using event_bus_actor = caf::typed_actor<caf::reacts_to<facts_committed>,    // hands on in order of sequence,
                                                                             // fills gaps from the database
                                         caf::reacts_to<look_elsewhere_now>, // tenants of other nodes
                                         caf::reacts_to<reader_came>, caf::reacts_to<reader_left>>;

// ---------------------------------------------------------------- delivery: endpoints of the host

/// The bus -> delivery: the tenant's facts have reached this sequence.
struct facts_waiting {
  tenant_id tenant;
  std::int64_t sequence = 0;
};
/// The door -> delivery: rows of the tenant's endpoints were written.
struct endpoints_changed {
  tenant_id tenant;
};
/// The door -> delivery: one message now, beside the order; answered with what came of it.
struct endpoint_trial {
  tenant_id tenant;
  webhook_id endpoint;
  std::int64_t sequence = 0; ///< of the fact to be sent again; 0: a message that says nothing
  answer_to<webhook_delivery> done;
};
struct delivery_tick {};

using delivery_actor = caf::typed_actor<caf::reacts_to<facts_waiting>,     // there may be something to send
                                        caf::reacts_to<endpoints_changed>, // read them again
                                        caf::reacts_to<endpoint_trial>,    // a test, or one fact again
                                        caf::reacts_to<delivery_tick>>;    // what is due by now

} // namespace kalends::actors

KALENDS_MAIL(kalends::actors::facts_waiting)
KALENDS_MAIL(kalends::actors::endpoints_changed)
KALENDS_MAIL(kalends::actors::endpoint_trial)
KALENDS_MAIL(kalends::actors::delivery_tick)
KALENDS_MAIL(kalends::actors::notice_proven)
KALENDS_MAIL(kalends::actors::wake)
KALENDS_MAIL(kalends::actors::sync_order)
KALENDS_MAIL(kalends::actors::renewal_order)
KALENDS_MAIL(kalends::actors::calendars_order)
KALENDS_MAIL(kalends::actors::reread_order)
KALENDS_MAIL(kalends::actors::approval_order)
KALENDS_MAIL(kalends::actors::leave_order)
KALENDS_MAIL(kalends::actors::go_to_sleep)
KALENDS_MAIL(kalends::actors::entry_order)
KALENDS_MAIL(kalends::actors::page_pulled)
KALENDS_MAIL(kalends::actors::push_settled)
KALENDS_MAIL(kalends::actors::hold_order)
KALENDS_MAIL(kalends::actors::release_order)
KALENDS_MAIL(kalends::actors::backfill_order)
KALENDS_MAIL(kalends::actors::repair_order)
KALENDS_MAIL(kalends::actors::replay_order)
KALENDS_MAIL(kalends::actors::conflict_order)
KALENDS_MAIL(kalends::actors::calendars_changed)
KALENDS_MAIL(kalends::actors::tenant_rest)
KALENDS_MAIL(kalends::actors::house_opened)
KALENDS_MAIL(kalends::actors::clock_tick)
KALENDS_MAIL(kalends::actors::providers_stale)
KALENDS_MAIL(kalends::actors::providers_due)
KALENDS_MAIL(kalends::actors::provider_idle)
KALENDS_MAIL(kalends::actors::provider_gone)
KALENDS_MAIL(kalends::actors::for_tenant)
KALENDS_MAIL(kalends::actors::for_provider)
KALENDS_MAIL(kalends::actors::tenant_arrived)
KALENDS_MAIL(kalends::actors::tenant_leaving)
KALENDS_MAIL(kalends::actors::leases_moved)
KALENDS_MAIL(kalends::actors::lease_fenced)
KALENDS_MAIL(kalends::actors::count_house)
KALENDS_MAIL(kalends::actors::house_closing)
KALENDS_MAIL(kalends::actors::facts_committed)
KALENDS_MAIL(kalends::actors::reader_came)
KALENDS_MAIL(kalends::actors::reader_left)
KALENDS_MAIL(kalends::actors::look_elsewhere_now)
