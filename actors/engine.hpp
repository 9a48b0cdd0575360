// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/budget_line.hpp"
#include "actors/plan_sync.hpp"
#include "actors/vendor_budget.hpp"
#include "net/calendar_client.hpp"
#include "net/webhook_check.hpp"
#include "net/webhook_sender.hpp"
#include "observe/meter.hpp"
#include "persistence/engine_store.hpp"
#include "persistence/webhook_store.hpp"
#include "schema/settings.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kalends::actors {

/// Somebody waits for one answer. Callable from any thread; the first call counts. When the last copy goes
/// and nobody has answered (its holder died, its message was dropped), the one who waits hears errc::stopped
/// `answer_lost`, on whatever thread dropped it: nobody waits for ever.
template <class T>
class answer_to {
public:
  answer_to() = default;
  answer_to(std::nullptr_t) {} // NOLINT: as std::function
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, answer_to> && std::is_invocable_v<F&, result<T>>)
      answer_to(F&& heard)
      : slot_(std::make_shared<slot>(std::forward<F>(heard))) {} // NOLINT: as std::function

  void operator()(result<T> r) const {
    if (slot_) slot_->say(std::move(r));
  }
  explicit operator bool() const { return slot_ != nullptr; }

private:
  struct slot {
    template <class F>
    explicit slot(F&& f) : heard(std::forward<F>(f)) {}
    ~slot() {
      try {
        say(failure(errc::stopped, "answer_lost", "The question was dropped unanswered."));
      } catch (...) { // whoever hears of it has no way to complain here
      }
    }
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;
    void say(result<T> r) {
      if (!used.test_and_set() && heard) heard(std::move(r));
    }
    std::function<void(result<T>)> heard;
    std::atomic_flag used = ATOMIC_FLAG_INIT;
  };
  std::shared_ptr<slot> slot_;
};

/// `oauth_client::refresh`, or a test's.
using token_refresh = std::function<net::call_token(provider_type, oauth_app, grant, answer_to<grant>)>;

/// `net::webhook_sender::send`, or a test's.
using webhook_post =
    std::function<net::call_token(net::webhook_message, std::function<void(result<net::webhook_answer>)>)>;

/// Who this process is among those that share the database.
struct node_identity {
  std::string id;          ///< UUID, the same over restarts
  std::string url;         ///< where other nodes reach its API
  std::string incarnation; ///< UUID of this process; empty: the engine makes one
};

/// What the engine works with. All of it outlives the engine.
struct engine_parts {
  persistence::engine_store& store;
  net::calendar_client& google;
  net::calendar_client& microsoft;
  token_refresh refresh;
  settings configured;
  world outside;
  observe::meter& meter;
  node_identity node = {}; ///< an empty id: a node that nobody knows from earlier
  vendor_grants granted = {};
  /// Where facts are sent to; null: to nobody.
  persistence::webhook_store* webhooks = nullptr;
  webhook_post post = {};
};

/// Ends its subscription when destroyed.
class subscription {
public:
  subscription() = default;
  explicit subscription(std::function<void()> end) : end_(std::move(end)) {}
  subscription(subscription&& o) noexcept : end_(std::exchange(o.end_, nullptr)) {}
  subscription& operator=(subscription&& o) noexcept {
    std::swap(end_, o.end_);
    return *this;
  }
  ~subscription() {
    if (end_) end_();
  }

private:
  std::function<void()> end_;
};

struct engine_status {
  std::size_t tenants = 0;          ///< held here
  std::size_t nodes = 1;            ///< alive
  std::size_t providers = 0;        ///< known
  std::size_t provider_actors = 0;  ///< awake
  std::size_t failed_providers = 0; ///< waiting for their respawn, the parked ones among them
  std::size_t parked_providers = 0; ///< failed again and again
  std::size_t tenant_actors = 0;    ///< awake
};

/// The actors, seen from outside: no CAF in here. Every function may be called from any thread; every answer
/// comes once, on a thread of the engine or of the database, and must not block there.
class engine {
public:
  /// Starts the actor system, loads the directory of tenants and arms what is due.
  static result<std::unique_ptr<engine>> start(engine_parts parts);
  ~engine();
  /// Takes nothing new, lets steps in progress finish (at most ten seconds), leaves the rest in rows for the
  /// next start. Afterwards no actor runs, and every question is answered with errc::stopped `stopping` at
  /// once, on the asker's thread.
  void stop();

  // ---- notices: the answer means durable. Errors: invalid `notice_refused` (wrong secret, unknown channel);
  // retry_later ----
  void notice(net::unproven_notice n, answer_to<bool> done);

  // ---- entries: retry_later `tenant_busy` when too many of a tenant wait, `tenant_not_awake` while it
  // recovers ----
  void create_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done);
  void change_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done);
  /// Of `which` version, scope and occurrence count.
  void remove_entry(tenant_id tenant, entry_id id, entry_edit which, answer_to<bool> done);

  // ---- conflicts: errors as of `actors::resolve_conflict` and `restore_losing` ----
  void resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how, std::string who,
                        answer_to<conflict> done);
  void restore_losing(tenant_id tenant, std::string id, std::string who, answer_to<conflict> done);

  // ---- providers ----
  /// After its rows were written: tells tenant and provider to read them again. `connected`: the grant is
  /// new, so open the channel, read, and write what belongs there; the fact CALENDAR_PROVIDER_CONNECTED goes
  /// out.
  void provider_changed(tenant_id tenant, provider_id provider, bool connected);
  /// A person switched it on again, or wants a parked one to try at once: it reads what happened meanwhile
  /// and writes what waits.
  void provider_resumed(tenant_id tenant, provider_id provider);
  /// Closes the channel, forgets grant, cursor and mappings, deletes the provider; events in the calendar
  /// stay.
  void remove_provider(tenant_id tenant, provider_id provider, answer_to<bool> done);
  void list_calendars(tenant_id tenant, provider_id provider, answer_to<std::vector<calendar_listing>> done);
  /// Begins a run by hand, or joins one of its mode that is under way, and answers it at once with outcome
  /// `running`. Errors: not_found; conflict `provider_not_connected`; retry_later `provider_busy`. A parked
  /// calendar tries again.
  void sync_now(tenant_id tenant, provider_id provider, sync_mode mode, answer_to<sync_run> done);
  /// Renews or re-creates the channel now.
  void renew_channel(tenant_id tenant, provider_id provider, answer_to<channel> done);

  /// A person's answer to removals that are held. Entries that would go (`provider::held`): yes lets the next
  /// read carry them out, and it begins at once; no carries nothing out, and a read that finds the same again
  /// is held again. Events that would go (`provider::held_events`): yes deletes exactly those, no leaves them
  /// in the calendar for good. Errors: not_found, also `nothing_held`; conflict `approval_ambiguous` (both
  /// wait), `approval_stale` (they are not as many as the person saw).
  void approve_removals(tenant_id tenant, provider_id provider, removal_answer answer, answer_to<bool> done);

  // ---- dead letters ----
  /// Puts pushes back into the outbox: what the calendar needs by then is written. Says how many were put
  /// back; letters of calendars or entries that need nothing any more end, too.
  void replay_pushes(tenant_id tenant, std::vector<dead_letter> letters, answer_to<int> done);
  /// Asks the vendor for these events and plans them again; answered when they were read. Errors: conflict
  /// `provider_not_connected`, and the vendor's.
  void reread_events(tenant_id tenant, provider_id provider, std::vector<event_id> events,
                     answer_to<int> done);

  // ---- the host's endpoints ----
  /// After their rows were written.
  void webhooks_changed(tenant_id tenant);
  /// Sends one message now, beside the order: the fact with this sequence once more, or one that says nothing
  /// (0). Answers what came of it, also when it failed. Errors: not_found `webhook_endpoint_not_found`,
  /// `fact_not_kept`; conflict `work_stopped`; retry_later `tenant_moving`, `tenant_busy`.
  void try_webhook(tenant_id tenant, webhook_id endpoint, std::int64_t sequence,
                   answer_to<webhook_delivery> done);

  // ---- tenants ----
  /// Answers when it is known who runs it: this node, or another.
  void tenant_created(tenant_id tenant, answer_to<bool> done);
  /// Stops its actors; answers when no step of it runs any more, so that its rows can be erased.
  void tenant_removed(tenant_id tenant, answer_to<bool> done);

  // ---- other nodes ----
  /// Whether orders for this tenant are carried out here; elsewhere they end with retry_later
  /// `tenant_moving`. Does not wait.
  bool runs_here(const tenant_id& tenant) const;
  /// The node that runs it, if one that is alive does.
  void find_owner(tenant_id tenant, answer_to<std::optional<persistence::node_line>> done);
  /// What the nodes tell each other through the database: a calendar of ours was marked elsewhere; leases
  /// were given away.
  void marked_elsewhere(tenant_id tenant, provider_id provider, std::int64_t mark);
  void leases_moved();

  // ---- the bus ----
  /// Committed facts of this tenant from now on, in order, on an engine thread; `sink` must be quick. An
  /// empty tenant means all.
  [[nodiscard]] subscription subscribe(tenant_id tenant, std::function<void(const fact&)> sink);

  void status(answer_to<engine_status> done);
  /// What is in use of what the vendors allow, here; the tightest `most` budgets. Does not wait.
  budget_report budgets(std::size_t most) const;

private:
  struct doors;
  struct impl;
  explicit engine(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::actors
