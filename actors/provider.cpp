// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"

#include "actors/last_words.hpp"
#include "actors/run_facts.hpp"
#include "observe/log.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

std::optional<run_cause> stronger(std::optional<run_cause> a, run_cause b) {
  // `connect` also fills the calendar, a notice is fresher than a poll.
  auto rank = [](run_cause c) { return c == run_cause::connect ? 2 : c == run_cause::notice ? 1 : 0; };
  return !a || rank(b) > rank(*a) ? b : *a;
}

constexpr std::size_t orders_of_a_kind = 100; ///< of people, waiting for one calendar

run_cause cause_of(sync_mode m) {
  return m == sync_mode::reconcile ? run_cause::reconcile : run_cause::manual;
}

} // namespace

connected_calendar::connected_calendar(caf::actor_config& cfg, tenant_id tenant, provider_id id,
                                       std::shared_ptr<const staff_parts> staff, supervisor_actor supervisor,
                                       tenant_actor owner, event_bus_actor bus)
    : actor_with<provider_actor, provider_actor_state>(cfg), tenant_id_(std::move(tenant)),
      id_(std::move(id)), staff_(std::move(staff)), parts_(*staff_) {
  state.born_at = now();
  state.supervisor = std::move(supervisor);
  state.tenant = std::move(owner);
  state.bus = std::move(bus);
  report_last_words(*this, "provider " + id_.str() + " of tenant " + tenant_id_.str());
}

connected_calendar::behavior_type connected_calendar::make_behavior() {
  return {[this](const wake& m) { wake_up(m); },
          [this](const sync_order& o) { order_sync(o); },
          [this](const renewal_order& o) { take(state.renewal_orders, o); },
          [this](const calendars_order& o) { take(state.calendars_orders, o); },
          [this](const reread_order& o) { take(state.reread_orders, o); },
          [this](const approval_order& o) { take(state.approvals, o); },
          [this](const leave_order& o) {
            if (!state.parting) state.call.cancel();
            take(state.leaving, o);
          },
          [this](go_to_sleep) { quit(); }};
}

/// At the limit the asker hears so; what nobody waits for is never dropped.
template <class Waiting, class Order>
void connected_calendar::take(Waiting& waiting, const Order& o) {
  ++state.orders_taken;
  if (waiting.size() >= orders_of_a_kind)
    return o.done(tl::unexpected(
        error{errc::retry_later, "provider_busy", "Too many orders wait for this calendar.", "", 5s}));
  waiting.push_back(o);
  next();
}

void connected_calendar::wake_up(const wake& m) {
  ++state.orders_taken;
  const bool known = state.row && m.mark <= state.mark;
  state.mark = std::max(state.mark, m.mark);
  if (state.row) state.row->mark = std::max(state.row->mark, m.mark);
  switch (m.why) {
  case wake_reason::notice:
    // A mark that is known is being read, waits to be read, or was read: it must not cost a second call.
    // Without a counter nobody knows up to where a read would clear the mark: the row does.
    if (m.mark == 0)
      state.reload = true;
    else if (!known)
      notice_came();
    break;
  case wake_reason::poll:
    state.pull = stronger(state.pull, run_cause::poll);
    break;
  case wake_reason::outbox:
    state.push = true;
    break;
  case wake_reason::renewal:
    if (!state.renew) state.renew = renewal_cause::clock;
    note_overdue();
    break;
  case wake_reason::reconcile:
    state.reconcile = true;
    break;
  case wake_reason::missed:
    state.missed = true;
    notice_came();
    break;
  case wake_reason::reauthorize:
    state.renew = renewal_cause::lifecycle;
    notice_came();
    break;
  case wake_reason::channel_lost:
    state.renew = renewal_cause::lost;
    state.channel_lost = true;
    notice_came();
    break;
  case wake_reason::connected:
    state.connect = true;
    [[fallthrough]];
  case wake_reason::resumed:
    state.pull_trouble = state.push_trouble = state.channel_trouble = {};
    state.resumed = true;
    [[fallthrough]];
  case wake_reason::reloaded:
    if (!state.busy) state.row.reset();
    state.reload = true;
    break;
  }
  next();
}

void connected_calendar::notice_came() {
  state.last_notice_at = now();
  state.pull = stronger(state.pull, run_cause::notice);
}

void connected_calendar::order_sync(const sync_order& o) {
  if (state.run && state.run->cause == cause_of(o.mode)) { // joined
    ++state.orders_taken;
    return o.done(*state.run);
  }
  take(state.sync_orders, o);
}

/// The one place that decides what is done next.
void connected_calendar::next() {
  if (state.busy) return;
  state.busy = true;
  if (!state.row || state.reload) return load_row();
  if (!state.leaving.empty()) return leave();
  if (calendar().status == provider_status::leaving && !state.unsaved) return depart();
  if (rehearses()) return rehearse_or_rest();
  if (!state.approvals.empty()) return answer_held();
  if (vendor_resting()) refuse_orders_of_the_vendor();
  if (!state.calendars_orders.empty()) return list_calendars();
  if (calendar().status != provider_status::active && !state.connect) {
    refuse_orders(error{errc::conflict, "provider_not_connected",
                        "The calendar is not connected, or its access was withdrawn. Connect it again."});
    state.pull.reset();
    state.renew.reset();
    state.push = state.reconcile = false;
    return state.unsaved && !resting(state.pull_trouble) ? save_problem() : rest();
  }
  if (calendar().push.silent_since && state.last_notice_at > calendar().push.silent_since)
    return speaks_again();
  if (!state.sync_orders.empty()) return begin_run(cause_of(state.sync_orders.front().mode));
  if (!state.renewal_orders.empty()) return renew_channel();
  if (vendor_resting()) return rest();
  if (!state.reread_orders.empty()) return reread_events();
  if (state.connect) return resting(state.pull_trouble) ? rest() : connect();
  if (state.renewal_overdue) return tell_overdue();
  if (!push_wanted() && (state.row->push_channel || calendar().push.renews_at))
    return drop_unwanted_channel();
  if (channel_wanted()) return renew_channel();
  if (state.missed) return compare_sooner();
  if (!calendar().next_reconcile_at && state.row->read_from && reconcile_interval())
    return plan_first_reconcile();
  if (state.reconcile && state.row->read_from && !resting(state.pull_trouble))
    return begin_run(run_cause::reconcile);
  if (state.pull && !resting(state.pull_trouble)) return begin_run(*state.pull);
  if (state.push && !calendar().recovering && !resting(state.push_trouble)) return begin_push();
  rest();
}

bool connected_calendar::stumble(trouble& t, const error& e) {
  const auto asked = e.retry_after.value_or(0ms);
  // What the governor refused says when to come back; it is no failure of the vendor's to back off from.
  const bool refused = never_asked(e);
  if (!refused) {
    ++t.failures;
    t.waited = backoff(t.waited, parts_.outside);
  }
  t.not_before = now() + (refused ? asked : std::max<std::chrono::milliseconds>(asked, t.waited));
  if (e.retry_after) vendor_asks_to_wait(asked);
  if (refused && !t.told.empty()) return false;
  return std::exchange(t.told, e.code) != e.code;
}

void connected_calendar::vendor_asks_to_wait(std::chrono::milliseconds pause) {
  const auto until = parts_.vendors_leave->now() + pause;
  state.vendor_not_before = std::max(state.vendor_not_before.value_or(until), until);
}

/// A run that a person asks for begins and says what is in the way; these would have nothing to show.
void connected_calendar::refuse_orders_of_the_vendor() {
  error wait{errc::retry_later, "vendor_asked_to_wait", "The vendor asked us to wait.", "",
             vendor_rests_for()};
  for (const auto& o : std::exchange(state.renewal_orders, {})) o.done(tl::unexpected(wait));
  for (const auto& o : std::exchange(state.calendars_orders, {})) o.done(tl::unexpected(wait));
  for (const auto& o : std::exchange(state.reread_orders, {})) o.done(tl::unexpected(wait));
}

void connected_calendar::step_done() {
  state.busy = false;
  next();
}

void connected_calendar::load_row() {
  state.reload = false;
  state.token.reset();
  parts_.store.load_provider(
      tenant_id_, id_,
      ask<persistence::provider_state>(this, [this](result<persistence::provider_state> row) {
        if (row) {
          keep_unsaved_problem(row->calendar);
          state.row = std::move(*row);
          state.mark = state.row->mark = std::max(state.row->mark, state.mark);
          if (state.row->stale) state.pull = stronger(state.pull, run_cause::notice);
          if (state.row->outbox_waiting) state.push = true;
          remember_channel();
          if (std::exchange(state.resumed, false)) state.pull = stronger(state.pull, run_cause::poll);
          // A first read that never ended is begun again with all that belongs to it.
          if (!state.row->read_from) {
            state.backfill = true;
            state.pull = stronger(state.pull, run_cause::connect);
          }
          if (calendar().status == provider_status::active && calendar().calendar_name.empty())
            state.connect = true;
          return step_done();
        }
        if (!state.leaving.empty()) return leave();
        refuse_orders(row.error());
        if (row.error().kind == errc::not_found) {
          send(state.supervisor, provider_gone{tenant_id_, id_});
          return quit();
        }
        state.reload = true;
        stumble(state.pull_trouble, row.error());
        rest();
      }));
}

/// The row does not know yet that the grant is gone; but if a person has connected again, it is another one.
void connected_calendar::keep_unsaved_problem(provider& stored) {
  if (state.connect || stored.status != provider_status::active) state.unsaved.reset();
  if (!state.unsaved) return;
  stored.status = provider_status::action_required;
  stored.problem = state.unsaved;
}

void connected_calendar::rest() {
  state.busy = false;
  provider_idle idle{tenant_id_, id_, {}, {}, {}, std::exchange(state.worked, false)};
  idle.orders_taken = state.orders_taken;
  idle.may_sleep = nothing_kept();
  auto not_before = [](std::optional<instant> t, std::optional<instant> floor) {
    return t && floor ? std::max(t, floor) : t;
  };
  if (!state.row || state.reload || state.connect || state.unsaved) {
    idle.next_poll_at = state.pull_trouble.not_before;
  } else if (calendar().status == provider_status::leaving) {
    if (!calendar().problem) idle.next_poll_at = state.push_trouble.not_before.value_or(now());
  } else if (rehearses()) {
    if (!state.rehearsed && !state.row->rehearsed)
      idle.next_poll_at = state.pull_trouble.not_before.value_or(now());
  } else if (calendar().status == provider_status::active) {
    if (!state.next_poll_at || *state.next_poll_at <= now()) plan_next_poll();
    auto poll = state.pull ? state.pull_trouble.not_before.value_or(now()) : *state.next_poll_at;
    idle.next_poll_at = not_before(poll, state.pull_trouble.not_before);
    std::optional<instant> push;
    if (state.push)
      push = now();
    else if (!state.outbox_due.empty())
      push = *state.outbox_due.begin();
    idle.outbox_due = not_before(push, state.push_trouble.not_before);
    idle.renewal_due = state.renewal_due;
    if (!state.reconcile) idle.reconcile_due = calendar().next_reconcile_at;
  }
  if (vendor_resting())
    for (auto* at : {&idle.next_poll_at, &idle.outbox_due, &idle.renewal_due, &idle.reconcile_due})
      *at = not_before(*at, now() + vendor_rests_for());
  send(state.supervisor, std::move(idle));
}

/// Whether rows and the supervisor's clock know all that this actor knows.
bool connected_calendar::nothing_kept() const {
  for (const auto* t : {&state.pull_trouble, &state.push_trouble, &state.channel_trouble})
    if (t->failures > 0 || !t->told.empty()) return false;
  if (state.renew || state.reconcile || state.missed || state.renewal_overdue || state.overdue_told)
    return false;
  if (state.unsaved) return false;
  if (state.quiet.untold_reads > 0 || state.quiet.reopened) return false;
  return state.row && !state.reload && !state.connect && !state.backfill && !state.push && !state.pull &&
         !vendor_resting() && state.moving.empty() && state.nameless.empty();
}

/// Polls of many calendars spread by themselves: each comes a tenth earlier or later than asked for.
void connected_calendar::plan_next_poll() {
  auto spread = static_cast<std::uint8_t>(parts_.outside.random_bytes(1)[0]);
  std::chrono::milliseconds interval = parts_.configured.poll_interval;
  if (push_away()) interval = std::min(interval, poll_interval_without_push);
  state.next_poll_at = now() + interval * (230 + spread / 5) / 256;
}

std::uint16_t connected_calendar::chance() const {
  const auto bytes = parts_.outside.random_bytes(2);
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                    static_cast<unsigned char>(bytes[1]));
}

void connected_calendar::refuse_orders(const error& e) {
  for (const auto& o : std::exchange(state.sync_orders, {})) o.done(tl::unexpected(e));
  for (const auto& o : std::exchange(state.renewal_orders, {})) o.done(tl::unexpected(e));
  for (const auto& o : std::exchange(state.calendars_orders, {})) o.done(tl::unexpected(e));
  for (const auto& o : std::exchange(state.reread_orders, {})) o.done(tl::unexpected(e));
  for (const auto& o : std::exchange(state.approvals, {})) o.done(tl::unexpected(e));
}

/// The grant is gone. Vendor calls stop, the problem is shown once, everything that waits stays in its rows.
void connected_calendar::needs_person(const error& e) {
  log_failure("the grant", e);
  state.row->calendar.status = provider_status::action_required;
  state.row->calendar.problem = state.unsaved = provider_problem{e.code, e.detail, now()};
  state.token.reset();
  state.connect = false;
  refuse_orders(error{errc::reauthorize, "reauthorization_required",
                      "The calendar has to be connected again: " + e.detail});
  save_problem();
}

/// Until it stands in the row nobody is asked to connect again, so that it is saved until it does. The grant
/// is not tried meanwhile.
void connected_calendar::save_problem() {
  const auto& problem = *state.unsaved;
  std::vector<fact> facts{provider_fact(fact_type::calendar_provider_error, id_,
                                        {{"code", problem.code}, {"detail", problem.detail}},
                                        parts_.outside)};
  parts_.store.save_health(tenant_id_, id_, provider_status::action_required, problem, {}, {},
                           std::move(facts),
                           ask<std::vector<fact>>(this, [this](result<std::vector<fact>> written) {
                             if (!written) {
                               stumble(state.pull_trouble, written.error());
                               return step_done();
                             }
                             state.unsaved.reset();
                             publish(std::move(*written));
                             send(state.tenant, calendars_changed{});
                             step_done();
                           }));
}

void connected_calendar::leave() {
  state.parting = true;
  auto gone = [this] {
    std::vector<fact> facts{
        provider_fact(fact_type::calendar_provider_disconnected, id_, {}, parts_.outside)};
    parts_.channels->drop_all(id_);
    parts_.store.delete_provider(
        tenant_id_, id_, std::move(facts),
        ask<std::vector<fact>>(this, [this](result<std::vector<fact>> written) {
          auto leaving = std::exchange(state.leaving, {});
          state.parting = false;
          if (!written) {
            for (const auto& o : leaving) o.done(tl::unexpected(written.error()));
            return leaving.empty() ? departure_failed(written.error()) : step_done();
          }
          refuse_orders(error{errc::not_found, "provider_not_found", "The calendar was disconnected."});
          publish(std::move(*written));
          send(state.supervisor, provider_gone{tenant_id_, id_});
          for (const auto& o : leaving) o.done(true);
          quit();
        }));
  };
  // Closing the channel is a courtesy: an unreachable vendor does not keep anybody from leaving.
  const bool connected = state.row && (calendar().status == provider_status::active ||
                                       calendar().status == provider_status::leaving);
  if (!connected || !state.row->push_channel) return gone();
  auto close = [c = *state.row->push_channel](net::calendar_client& vendor, net::calendar_access who,
                                              net::vendor_done<bool> reply) {
    return vendor.close_channel(std::move(who), c, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::close_channel, close, [gone](const result<bool>&) { gone(); });
}

void connected_calendar::log_failure(const char* what, const error& e) const {
  observe::log(observe::log_level::warn, std::string(what) + " failed",
               {{"tenant", tenant_id_},
                {"provider", id_},
                {"run", state.run ? state.run->id : run_id()},
                {"code", e.code},
                {"detail", e.detail}});
}

void connected_calendar::publish(std::vector<fact> facts) {
  if (!facts.empty()) send(state.bus, facts_committed{tenant_id_, std::move(facts)});
}

net::calendar_client& connected_calendar::client() const {
  return calendar().type == provider_type::google ? parts_.google : parts_.microsoft;
}

} // namespace kalends::actors
