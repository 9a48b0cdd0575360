// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

// A read that does not come to an end is broken off: some vendors' links have led in circles, or ever on with
// the same events.
constexpr int page_limit = 20'000;
constexpr int barren_pages_allowed = 200; ///< in a row, without an event that had not been shown

/// Whether reading goes on after this page.
bool leads_on(pull_progress& reading, const change_page& page) {
  bool fresh = false;
  for (const auto& e : page.events) fresh = reading.seen.add(e.id.str()) || fresh;
  reading.barren_pages = fresh ? 0 : reading.barren_pages + 1;
  if (page.next_page.empty()) return true;
  return ++reading.pages <= page_limit && reading.barren_pages <= barren_pages_allowed &&
         reading.links.add(page.next_page);
}

} // namespace

// ---------------------------------------------------------------- a run and its reading

void connected_calendar::begin_run(run_cause cause) {
  sync_run run;
  run.id = run_id(make_uuid(parts_.outside));
  run.provider = id_;
  run.cause = cause;
  run.started_at = now();
  state.run = run;
  state.comparing.reset();
  if (cause == run_cause::reconcile) state.reconcile = false;
  const auto watchers = take_orders(cause);
  state.impatient = !watchers.empty();
  if (cause == run_cause::notice || cause == run_cause::poll) return begin_pull();
  // Somebody watches, or it takes its time: the run is visible before it works.
  std::vector<fact> facts;
  if (!watchers.empty() || (cause == run_cause::connect && state.pull_trouble.failures == 0))
    facts.push_back(fact_of(run, parts_.outside));
  parts_.store.save_run(
      tenant_id_, run, std::move(facts),
      ask<std::vector<fact>>(this, [this, run, watchers](result<std::vector<fact>> written) {
        for (const auto& o : watchers) o.done(written.map([&](const auto&) { return run; }));
        if (!written) return finish_run(written.error());
        publish(std::move(*written));
        begin_pull();
      }));
}

/// Who asked for a run of this kind, and is answered by it.
std::vector<sync_order> connected_calendar::take_orders(run_cause cause) {
  std::vector<sync_order> taken;
  if (cause != run_cause::manual && cause != run_cause::reconcile) return taken;
  const auto mode = cause == run_cause::reconcile ? sync_mode::reconcile : sync_mode::changes;
  auto others = std::partition(state.sync_orders.begin(), state.sync_orders.end(),
                               [&](const sync_order& o) { return o.mode == mode; });
  taken.assign(state.sync_orders.begin(), others);
  state.sync_orders.erase(state.sync_orders.begin(), others);
  return taken;
}

void connected_calendar::begin_pull() {
  state.pull.reset();
  if (calendar().status != provider_status::active)
    return finish_run(error{errc::conflict, "provider_not_connected", "The calendar is not connected."});
  if (vendor_resting())
    return finish_run(error{errc::retry_later, "vendor_asked_to_wait", "The vendor asked us to wait.", "",
                            vendor_rests_for()});
  // What belongs there is noted before the first cursor stands, so that a crash in between begins all of it
  // again.
  if (state.backfill) return backfill(entry_id{});
  plan_next_poll();
  const auto& from = state.row->read_from;
  const bool usable =
      from && from->fingerprint == client().cursor_fingerprint() && !window_ends(from->window, now());
  if (!usable && state.run->cause == run_cause::reconcile) return begin_comparison(std::nullopt);
  begin_reading(!usable);
  if (usable && from->window) state.reading->window = *from->window;
  list_page();
}

void connected_calendar::begin_reading(bool full) {
  const auto seed = parts_.outside.random_bytes(8);
  std::uint64_t number = 0;
  for (const char c : seed) number = number << 8 | static_cast<unsigned char>(c);
  state.reading.emplace();
  auto& reading = *state.reading;
  reading.seen = reading.links = event_set(number);
  reading.mark_seen = state.row->mark;
  reading.began = now();
  reading.full = full;
  reading.window = window_at(now());
}

void connected_calendar::list_page() {
  const auto& reading = *state.reading;
  net::list_request request;
  if (!reading.full) request.cursor = state.row->read_from->token;
  request.page = reading.page;
  request.window = reading.window;
  auto list = [request](net::calendar_client& vendor, net::calendar_access who,
                        net::vendor_done<change_page> reply) {
    return vendor.list_changes(std::move(who), request, std::move(reply));
  };
  call_vendor<change_page>(vendor_verb::list_changes, list,
                           [this](result<change_page> page) { take_page(std::move(page)); });
}

void connected_calendar::take_page(result<change_page> page) {
  auto& reading = *state.reading;
  if (!page && page.error().kind == errc::resync && !reading.restarted) return restart_from_the_beginning();
  if (!page) return finish_run(page.error());
  if (!leads_on(reading, *page))
    return finish_run(
        error{errc::broken, "endless_listing", "The vendor's listing does not come to an end."});
  state.run->counts.pulled += static_cast<int>(page->events.size());
  if (!set_series_aside(page->events))
    return finish_run(error{errc::invalid, "too_many_series",
                            "The calendar has more repeating events than one read can hold."});
  reading.page = page->next_page;
  reading.next_cursor = page->next_cursor;
  if (!page->calendar_zone.empty()) reading.calendar_zone = page->calendar_zone;
  bool last = reading.page.empty();
  hand_in(std::move(page->events),
          calendar().type == provider_type::google ? removal::confirmed : removal::unconfirmed, last);
}

/// The cursor is void. Nothing is deleted because of that: everything is read, and what is missing then is
/// asked for one by one.
void connected_calendar::restart_from_the_beginning() {
  parts_.store.drop_cursor(tenant_id_, id_, ask<bool>(this, [this](result<bool> dropped) {
                             if (!dropped) return finish_run(dropped.error());
                             const auto mark = state.reading->mark_seen;
                             const auto began = state.reading->began;
                             state.row->read_from.reset();
                             begin_reading(true);
                             state.reading->restarted = true;
                             state.reading->mark_seen = mark;
                             state.reading->began = began;
                             list_page();
                           }));
}

// ---------------------------------------------------------------- to the tenant and back

std::optional<cursor_move> connected_calendar::cursor_to_commit() const {
  const auto& reading = *state.reading;
  cursor next{reading.next_cursor, client().cursor_fingerprint(), {}};
  if (calendar().type == provider_type::microsoft) next.window = reading.window;
  return cursor_move{id_, std::move(next), reading.mark_seen, reading.calendar_zone, state.next_poll_at};
}

void connected_calendar::hand_in(std::vector<calendar_event> events, removal proof, bool last) {
  auto& reading = *state.reading;
  bool sweep_first = reading.full && !reading.swept;
  // What the tenant says to a tombstone without a name may lead on.
  const bool nameless =
      !reading.full && proof == removal::unconfirmed &&
      std::any_of(events.begin(), events.end(), [](const calendar_event& e) { return e.removed; });
  page_pulled page;
  page.provider = id_;
  page.events = std::make_shared<const std::vector<calendar_event>>(std::move(events));
  page.proof = proof;
  page.compare = state.comparing;
  if (last && !sweep_first && reading.series.empty() && !reading.nameless && !nameless) {
    page.finish = cursor_to_commit();
    bool alone = state.run->cause == run_cause::notice || state.run->cause == run_cause::poll;
    if (alone) page.closing = state.run;
  }
  page.done = ask<page_applied>(
      this, [this, last](result<page_applied> applied) { handed_in(std::move(applied), last); });
  send(state.tenant, std::move(page));
}

void connected_calendar::handed_in(result<page_applied> applied, bool last) {
  if (!applied) return finish_run(applied.error());
  auto& reading = *state.reading;
  if (!applied->finished || (state.run->cause != run_cause::notice && state.run->cause != run_cause::poll)) {
    state.run->counts.entries_changed += applied->entries_changed;
    state.run->counts.refused += applied->refused;
  }
  state.run->counts.drift = state.run->counts.drift + applied->drift;
  watch_channel(applied->changed_at);
  reading.unconfirmed.insert(reading.unconfirmed.end(), applied->confirm.begin(), applied->confirm.end());
  reading.nameless = reading.nameless || (applied->nameless && !reading.full);
  if (applied->finished) {
    if (std::exchange(state.row->calendar.recovering, false)) send(state.tenant, calendars_changed{});
    state.row->read_from = cursor_to_commit()->next;
    state.row->stale = state.row->mark > reading.mark_seen;
    return pull_done(state.run->cause == run_cause::notice || state.run->cause == run_cause::poll);
  }
  if (!reading.unconfirmed.empty()) return confirm_next_removal();
  if (!last) return list_page();
  go_on_reading();
}

/// All pages were read: what they only hinted at, then what they did not show.
void connected_calendar::go_on_reading() {
  auto& reading = *state.reading;
  if (reading.nameless) return search_series(state.series_searched_to);
  if (!reading.series.empty()) return read_series();
  if (reading.full && !reading.swept) return sweep(entry_id{});
  hand_in({}, removal::confirmed, true);
}

/// A tombstone may only mean "left the window", and a missing row may only mean a poor listing: the vendor is
/// asked for the event itself.
void connected_calendar::confirm_next_removal() {
  auto& reading = *state.reading;
  if (reading.unconfirmed.empty()) {
    if (removals_held()) return;
    auto events = std::exchange(reading.confirmed, {});
    // An event may have taken the place of one that is gone.
    std::stable_partition(events.begin(), events.end(), [](const auto& e) { return e.removed; });
    return hand_in(std::move(events), removal::confirmed, reading.page.empty());
  }
  auto event = reading.unconfirmed.back();
  reading.unconfirmed.pop_back();
  auto get = [event](net::calendar_client& vendor, net::calendar_access who,
                     net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::get_event, get, [this, event](result<calendar_event> found) {
    if (!found && found.error().kind != errc::not_found) return finish_run(found.error());
    if (!found) {
      found = calendar_event{};
      found->id = event;
      found->removed = true;
    }
    state.reading->confirmed.push_back(std::move(*found));
    confirm_next_removal();
  });
}

// ---------------------------------------------------------------- the end

/// How fresh what was read is (but for what is old, because the calendar was only now connected), and whether
/// what a notice should have told was found without one.
void connected_calendar::watch_channel(const std::vector<instant>& changed_at) {
  if (state.run->cause != run_cause::connect)
    for (const auto at : changed_at)
      parts_.meter.fresh_in(label(), std::max<std::chrono::milliseconds>(now() - at, 0ms));
  const auto& h = calendar().push;
  const bool stands = push_wanted() && channel_stands() && h.attempted_at && h.failures == 0;
  if (state.run->cause == run_cause::notice || !stands) return;
  const channel_story story{*h.attempted_at, state.last_notice_at};
  if (should_have_told(story, changed_at, state.reading->began)) state.reading->untold = true;
}

void connected_calendar::pull_done(bool closed) {
  state.last_read_began = state.reading->began;
  const bool notice_came_meanwhile = state.last_notice_at >= state.reading->began;
  const bool untold = state.reading->untold && !notice_came_meanwhile;
  const auto began = state.reading->began;
  const bool full = state.reading->full;
  state.reading.reset();
  state.pull_trouble = {};
  if (state.row->stale) state.pull = run_cause::notice; // a notice came while we read
  if (closed) tell_run(*std::exchange(state.run, std::nullopt));
  auto go_on = [this, closed, began] {
    if (closed) return finish_run({});
    if (state.run->cause == run_cause::reconcile && !state.comparing) return begin_comparison(began);
    begin_push();
  };
  auto settle = [this, untold, go_on] {
    if (!untold) return go_on();
    read_found_untold(go_on);
  };
  if (!full) return settle();
  forget_held(settle);
}

/// Whether the end of the run is told; a failure is remembered either way.
bool connected_calendar::told_run_end(const std::optional<error>& failed, run_part where) {
  if (!failed || failed->kind == errc::reauthorize) return true;
  if (!state.leaving.empty()) return false;
  if (where == run_part::pull && state.comparing) where = run_part::comparison;
  if (where == run_part::comparison) {
    // Its time is planned anew; a vendor that asks for a pause gets it from everybody.
    if (failed->retry_after) stumble(state.pull_trouble, *failed);
    return std::exchange(state.reconcile_trouble.told, failed->code) != failed->code;
  }
  bool news = stumble(where == run_part::pull ? state.pull_trouble : state.push_trouble, *failed);
  // What was to be done stands in rows or in this wish, and is done again.
  if (where == run_part::push)
    state.push = true;
  else if (!state.pull)
    state.pull = state.backfill ? run_cause::connect : run_cause::poll;
  return news;
}

/// A run that ended with the tenant's commit.
void connected_calendar::tell_run(sync_run run) {
  run.outcome = run_outcome::succeeded;
  run.finished_at = now();
  parts_.meter.run_ended(label(), run);
}

void connected_calendar::finish_run(std::optional<error> failed, run_part where) {
  if (failed) log_failure("the run", *failed);
  state.reading.reset();
  state.pushing.clear();
  state.picture.reset();
  bool news = told_run_end(failed, where);
  state.worked = state.worked || !failed;
  auto settled = [this, failed] {
    if (failed && failed->kind == errc::reauthorize) return needs_person(*failed);
    step_done();
  };
  if (!state.run) return settled();
  auto run = *std::exchange(state.run, std::nullopt);
  run.outcome = failed ? run_outcome::failed : run_outcome::succeeded;
  run.finished_at = now();
  if (failed) {
    run.error_code = failed->code;
    run.error_detail = failed->detail;
  }
  parts_.meter.run_ended(label(), run);
  for (const auto& o : take_orders(run.cause)) o.done(run);
  std::vector<fact> facts;
  if (is_news(run) && (news || run.cause == run_cause::manual)) facts.push_back(fact_of(run, parts_.outside));
  auto written = [this, settled, run, failed](result<std::vector<fact>> told) {
    if (told) publish(std::move(*told));
    if (run.cause != run_cause::reconcile) return settled();
    comparison_ended(run, failed.has_value() || !told, settled);
  };
  parts_.store.save_run(tenant_id_, run, std::move(facts), ask<std::vector<fact>>(this, std::move(written)));
}

} // namespace kalends::actors
