// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/event_set.hpp"
#include "actors/plan_occurrences.hpp"
#include "actors/plan_renewal.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"
#include "actors/visible_to_tsan.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace kalends::actors {

using observe::vendor_verb;

inline drift_counts operator+(const drift_counts& a, const drift_counts& b) {
  return {a.compared + b.compared, a.drifted + b.drifted, a.repaired + b.repaired};
}

/// A read under way.
struct pull_progress {
  std::string page;       ///< next page of this read
  bool full = false;      ///< from the beginning, so what is missing at the end may be gone
  bool restarted = false; ///< the cursor was void once already
  bool swept = false;
  int pages = 0;
  instant began{};
  read_window window; ///< Graph
  std::int64_t mark_seen = 0;
  event_set seen;          ///< events, so that a full read knows what is missing
  event_set links;         ///< pages: none comes twice
  int barren_pages = 0;    ///< in a row, that showed nothing new
  bool untold = false;     ///< a change that the channel should have told
  std::string next_cursor; ///< known after the last page
  std::string calendar_zone;
  std::vector<event_id> unconfirmed;
  std::vector<calendar_event> confirmed;
  bool sweeping = false;           ///< `unconfirmed` is what a full read did not show
  int links_known = 0;             ///< of the calendar, when it was swept
  std::set<event_id> leaving = {}; ///< not shown, and on their way out by our own hand
  /// Series of which something was shown, by their masters, with the rows: each is read whole, after the last
  /// page.
  std::map<event_id, std::vector<calendar_event>> series;
  std::vector<calendar_event> whole_series; ///< as far as they were read
  bool nameless = false;                    ///< a tombstone may be of an occurrence
  std::size_t searched = 0;                 ///< series that are read because of it
};

/// A series on its way into a calendar, occurrence by occurrence.
struct series_writing {
  push_update wanted;
  std::vector<occurrence_step> steps;
  std::size_t next = 0;
  bool wrote = false;
  std::vector<recurrence_id> undone; ///< the vendor refused them for good
  std::string refused;               ///< its code for the first of these
};

/// Outbox rows of one entry: they collapse into what the calendar needs now.
struct push_group {
  entry_id entry;
  std::vector<outbox_row> rows;
  int rereads = 0;                    ///< after a 412, or because somebody else wrote meanwhile
  std::optional<calendar_event> seen; ///< the series as it was last read
  std::optional<series_writing> series;
};

/// Something that keeps failing: when it is tried again, and what people were told about it.
struct trouble {
  int failures = 0;                   ///< in a row
  std::chrono::milliseconds waited{}; ///< after the last one
  std::optional<instant> not_before;
  std::string told; ///< the error's code; a failure is news once, until it changes or is mended
};

struct rehearsal_progress;

struct provider_actor_state {
  provider_actor_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "provider";

  bool busy = false; ///< a question is out; its answer continues
  instant born_at{}; ///< what was to be pushed by then, an earlier life may have tried
  std::optional<persistence::provider_state> row;
  std::optional<grant> token;
  net::call_token call;  ///< at most one vendor call, or the wait for leave to make it; ending the actor
                         ///< cancels it
  call_leave allowed;    ///< of the call that begins now
  std::int64_t mark = 0; ///< the highest counter that a notice told

  // What is wanted next.
  bool connect = false, reload = false, resumed = false, backfill = false, push = false, channel_lost = false;
  bool renewal_overdue = false; ///< people have to hear of it first
  std::optional<renewal_cause> renew;
  bool reconcile = false;
  bool missed = false; ///< the vendor lost notices: the next comparison comes earlier
  std::optional<run_cause> pull;
  std::vector<sync_order> sync_orders;
  std::vector<renewal_order> renewal_orders;
  std::vector<calendars_order> calendars_orders;
  std::deque<reread_order> reread_orders;
  std::vector<approval_order> approvals;
  std::vector<leave_order> leaving;
  bool parting = false; ///< the last call of a calendar that leaves
  std::shared_ptr<rehearsal_progress> rehearsing;
  bool rehearsed = false; ///< what was found stands in the rows

  std::optional<provider_problem> unsaved; ///< needs a person, and no row says so yet

  // What is under way.
  std::optional<sync_run> run;
  std::optional<pull_progress> reading;
  std::optional<comparison> comparing; ///< the run is a full comparison, past its first read
  std::deque<push_group> pushing;
  std::optional<tenant_picture> picture; ///< of the entries in `pushing`
  std::set<entry_id> may_go;             ///< of these: deletions that are few enough
  std::vector<calendar_event> reread;    ///< of the first of `reread_orders`, as far as it was read
  std::optional<instant> wrote_at;       ///< the last write that got through

  // When to try again.
  trouble pull_trouble, push_trouble, channel_trouble, reconcile_trouble;
  entry_id push_trouble_at; ///< the entry whose write failed, if one did
  /// Retry-After: no call of any kind until then, by the governor's clock: a wall clock that is set forward
  /// must not shorten it.
  std::optional<instant> vendor_not_before;
  std::optional<instant> next_poll_at, renewal_due;
  std::set<instant> outbox_due;           ///< rows to be tried again
  std::map<entry_id, instant> moving;     ///< their events moved on again and again: not before then
  std::map<entry_id, instant> nameless;   ///< Graph: have to leave, but their event is not known; since when
  std::optional<instant> last_read_began; ///< the last one that came to its end
  entry_id series_searched_to;            ///< where the search for a nameless tombstone's series goes on
  std::optional<instant> last_notice_at;
  std::optional<instant> overdue_told; ///< the plan that went by
  silence quiet;
  bool impatient = false; ///< a person asked: the next push tries what was put off, too
  bool worked = false;
  std::uint64_t orders_taken = 0;

  supervisor_actor supervisor;
  tenant_actor tenant;
  event_bus_actor bus;
};

/// One connected calendar: a state machine with one question in flight. It reads changes and mails them to
/// its tenant, carries out what the outbox says, keeps token and channel alive, and rests when there is
/// nothing to do. Everything it must not forget is in rows.
class connected_calendar : public actor_with<provider_actor, provider_actor_state> {
public:
  connected_calendar(caf::actor_config& cfg, tenant_id tenant, provider_id id,
                     std::shared_ptr<const staff_parts> staff, supervisor_actor supervisor,
                     tenant_actor owner, event_bus_actor bus);
  behavior_type make_behavior() override;

private:
  // ---- provider.cpp: life ----
  template <class Waiting, class Order>
  void take(Waiting& waiting, const Order& o);
  void wake_up(const wake& m);
  void order_sync(const sync_order& o);
  void next();
  void step_done();
  void load_row();
  void rest();
  bool nothing_kept() const;
  void plan_next_poll();
  void refuse_orders(const error& e);
  void leave();
  void needs_person(const error& e);
  void save_problem();
  void keep_unsaved_problem(provider& stored);
  /// A failure goes into the log where it happens; what people see of it is in runs, facts and the provider's
  /// problem.
  void log_failure(const char* what, const error& e) const;
  bool resting(const trouble& t) const { return t.not_before && now() < *t.not_before; }
  bool vendor_resting() const { return vendor_rests_for() > std::chrono::milliseconds{}; }
  /// How much of the vendor's pause is left.
  std::chrono::milliseconds vendor_rests_for() const {
    return state.vendor_not_before ? *state.vendor_not_before - parts_.vendors_leave->now()
                                   : std::chrono::milliseconds{};
  }
  void vendor_asks_to_wait(std::chrono::milliseconds pause);
  /// One more failure in a row. True if people have not heard of it yet.
  bool stumble(trouble& t, const error& e);
  void refuse_orders_of_the_vendor();
  void publish(std::vector<fact> facts);
  const provider& calendar() const { return state.row->calendar; }
  net::calendar_client& client() const;
  observe::calendar_label label() const { return {tenant_id_, calendar().type}; }
  std::uint16_t chance() const;
  instant now() const { return parts_.outside.now(); }

  // ---- provider_token.cpp: no vendor call without a valid token, one refresh in flight ----
  /// Asked for right before each vendor call: a process that was frozen must not go on where it stood.
  tl::unexpected<error> not_ours() const;
  using with_token = std::function<void(result<bool>)>;
  void have_token(with_token then);
  void refresh(with_token then);
  bool token_lasts() const;
  using with_app = std::function<void(result<std::optional<oauth_app>>)>;
  /// The tenant's OAuth client, or the installation's, or none.
  void load_app(with_app then);

  // ---- provider_leave.cpp: no vendor call without the governor's leave ----
  using waited = std::chrono::milliseconds;
  using with_waited = std::function<void(result<waited>)>;
  void with_leave(vendor_verb verb, with_waited go);
  void ask_leave(vendor_verb verb, with_waited go);
  void learn_project(vendor_verb verb, with_waited go);
  void send_refresh(const oauth_app& app, waited wait, with_token then);
  void call_answered(vendor_verb verb, waited wait, instant asked_at, const error* failed);
  urgency how_urgent() const;
  static error stuck_call();
  /// Who is told the vendor's answer: the governor at once, on whatever thread it comes, then the actor. What
  /// a vendor asks for is known to all even if the actor ends before its turn.
  template <class T>
  std::function<void(result<T>)> governor_first(std::function<void(result<T>)> heard);
  template <class T>
  using vendor_call =
      std::function<net::call_token(net::calendar_client&, net::calendar_access, net::vendor_done<T>)>;
  template <class T>
  void call_vendor(vendor_verb verb, vendor_call<T> start, std::function<void(result<T>)> then,
                   bool refreshed = false);

  // ---- provider_channel.cpp: connect, push subscription ----
  void connect();
  void choose_calendar(const std::vector<calendar_listing>& found);
  void list_calendars();
  bool channel_wanted() const;
  bool channel_stands() const;
  std::string webhook_address() const;
  void close_and_open_channel();
  bool push_wanted() const;
  bool push_away() const;
  renewal_cause cause_of_renewal() const;
  void renew_channel();
  void prolong_channel();
  void open_channel();
  void drop_unwanted_channel();
  void close_old_channel(const std::optional<channel>& old, const channel& fresh);
  void channel_settled(result<channel> outcome);
  void channel_failed(const error& e);
  void note_overdue();
  void tell_overdue();
  void save_push(std::vector<fact> facts, std::function<void()> then);
  void remember_channel();
  void notice_came();
  void speaks_again();
  void read_found_untold(std::function<void()> then);
  void backfill(entry_id after);

  // ---- provider_pull.cpp ----
  void begin_run(run_cause cause);
  std::vector<sync_order> take_orders(run_cause cause);
  void begin_pull();
  void begin_reading(bool full);
  void list_page();
  void take_page(result<change_page> page);
  void restart_from_the_beginning();
  void hand_in(std::vector<calendar_event> events, removal proof, bool last);
  void handed_in(result<page_applied> applied, bool last);
  void go_on_reading();
  void confirm_next_removal();
  void pull_done(bool closed);
  void watch_channel(const std::vector<instant>& changed_at);
  enum class run_part { pull, push, comparison };
  void finish_run(std::optional<error> failed, run_part where = run_part::pull);
  void tell_run(sync_run run);
  bool told_run_end(const std::optional<error>& failed, run_part where);
  std::optional<cursor_move> cursor_to_commit() const;

  // ---- provider_series.cpp: what repeats is read as a whole ----
  bool set_series_aside(std::vector<calendar_event>& rows);
  void search_series(entry_id after);
  void read_series();
  void read_occurrences_alone(std::vector<calendar_event> rows);
  void read_whole(const event_id& id, std::function<void(const calendar_event&)> then);

  // ---- provider_reconcile.cpp: full comparisons, and what a full read did not show ----
  void plan_first_reconcile();
  void plan_reconcile(std::optional<instant> at, std::function<void()> then);
  void compare_sooner();
  void begin_comparison(std::optional<instant> read_began);
  void repair_lost(entry_id after);
  void sweep(entry_id after);
  void comparison_ended(const sync_run& run, bool failed, std::function<void()> then);
  std::optional<std::chrono::milliseconds> reconcile_interval() const;

  // ---- provider_held.cpp: removals that a person has to agree to ----
  bool removals_held();
  void hold_removals(held_removals now_held);
  void held_back(std::optional<error> failed);
  void forget_held(std::function<void()> then);
  void answer_held();
  void answer_fresh(const approval_order& order);
  void answer_entries(const approval_order& order);
  void answer_events(const approval_order& order, entry_id after);

  // ---- provider_brake.cpp: deletions there that a person has to agree to ----
  void weigh_removals();
  void hold_events(const removal_tally& t, const std::set<entry_id>& unasked);

  // ---- provider_departure.cpp: a calendar that takes its copies along ----
  using links_ptr = std::shared_ptr<const std::vector<mapping>>;
  void depart();
  void depart_from(entry_id after);
  void look_at_copy(const links_ptr& links, std::size_t which, int tries);
  void remove_copy(const links_ptr& links, std::size_t which, const std::string& version, int tries);
  void copy_removed(const links_ptr& links, std::size_t which, reason why);
  void departure_failed(const error& e);

  // ---- provider_rehearsal.cpp: what connecting would do ----
  bool rehearses() const;
  void rehearse_or_rest();
  void rehearse_page();
  void rehearse_events(std::vector<calendar_event> events, std::function<void()> then);
  void rehearse_next_series();
  void rehearse_entries(entry_id after);
  void rehearsal_found();
  void rehearsal_failed(const error& e);

  // ---- provider_push.cpp ----
  void begin_push();
  void take_rows(std::vector<outbox_row> rows);
  void push_next();
  void put_off(instant until);
  void carry_out(const push_nothing& s);
  void carry_out(const push_insert& s);
  void carry_out(const push_update& s);
  void carry_out(const push_remove& s);
  void carry_out(const push_look& s);
  void know_all_calendars(persistence::loaded found);
  void remove_event(const push_remove& s, std::string version, int tries);
  void written(const mapping& link, const appointment& what, reason why, result<calendar_event> answer);
  void reread_and_merge(const mapping& link);
  void plan_again(const mapping& link);
  void reload_entry(const mapping& link, std::function<void()> then);
  using with_event = std::function<void(calendar_event)>;
  /// `then` only if it is there; else the group ends.
  void read_event(const mapping& link, with_event then);
  void hand_in_event(const mapping& link, calendar_event event, std::function<void()> then);
  void event_is_gone(const mapping& link);
  void settle(push_settled s);
  /// Commits a part of what the front group needs; its rows stand until the rest is done.
  void settle_part(push_settled s, std::function<void()> then);
  push_settled written_outcome(const mapping& link, reason why, appointment agreed, calendar_event now);
  void remove_unknown_event(const push_remove& s);
  void take_standing_event(const mapping& link, calendar_event found);
  void push_failed(const error& e, const mapping& link);
  void try_later(const error& e, const mapping& link, const retry_plan& plan);
  void set_aside(const error& e, const event_id& event, const retry_plan& plan);
  void got_through();
  void reread_events();
  void reread_done(const result<int>& outcome);
  void push_mended(const entry_id& entry);
  void push_done(std::optional<error> failed);

  // ---- provider_series_push.cpp: master, then occurrence by occurrence ----
  bool unsayable_there(const push_step& s);
  void tell_unsayable(const mapping& link, const std::string& code);
  void master_written(const push_update& s, field_set written, calendar_event answer);
  void look_at_series(const mapping& link);
  void write_occurrences(const push_update& s);
  void next_occurrence();
  void occurrence_written(const result<bool>& answer);
  void series_written();
  void series_agreed(const calendar_event& now, const series_outcome& outcome);

  tenant_id tenant_id_;
  provider_id id_;
  std::shared_ptr<const staff_parts> staff_;
  const staff_parts& parts_;
};

/// Whether a call used all the requests that it may take.
template <class T>
bool extraordinary(const result<T>& answer) {
  if (!answer) return true;
  if constexpr (std::is_same_v<T, calendar_event>) return answer->stood_already;
  return false;
}

template <class T>
std::function<void(result<T>)> connected_calendar::governor_first(std::function<void(result<T>)> heard) {
  auto leave = std::make_shared<call_leave>(std::move(state.allowed));
  leave->guard([heard, at = std::weak_ptr<call_leave>(leave)] {
    const auto stuck = stuck_call();
    if (const auto open = at.lock()) open->answered(&stuck, true);
    heard(tl::unexpected(stuck));
  });
  return [leave, heard = std::move(heard)](result<T> answer) {
    leave->answered(answer ? nullptr : &answer.error(), extraordinary(answer));
    heard(std::move(answer));
  };
}

template <class T>
void connected_calendar::call_vendor(vendor_verb verb, vendor_call<T> start,
                                     std::function<void(result<T>)> then, bool refreshed) {
  if (!state.leaving.empty() && !state.parting)
    return then(failure(errc::stopped, "leaving", "The calendar is being disconnected."));
  with_leave(verb, [this, verb, start = std::move(start), then = std::move(then),
                    refreshed](result<waited> wait) {
    if (!wait) return then(tl::unexpected(wait.error()));
    if (!parts_.leases->may_call(tenant_id_)) {
      state.allowed = {};
      return then(not_ours());
    }
    if (state.run) ++state.run->counts.vendor_calls;
    auto asked_at = now();
    auto heard = ask<T>(this, [this, verb, start, then, refreshed, asked_at, wait = *wait](result<T> answer) {
      call_answered(verb, wait, asked_at, answer ? nullptr : &answer.error());
      // A token may die before its time (revoked, clock skew): refresh once, then believe it.
      if (!answer && answer.error().kind == errc::reauthorize && !refreshed && state.token) {
        state.token->access_expires_at = instant{};
        return call_vendor<T>(verb, start, then, true);
      }
      then(std::move(answer));
    });
    net::calendar_access who{state.token->access_token, calendar().calendar};
    state.call = start(client(), std::move(who), governor_first<T>(std::move(heard)));
  });
}

} // namespace kalends::actors
