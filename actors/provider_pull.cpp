// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr int page_limit =
    20'000; ///< a read that pages on is broken off: some vendors' links have led in circles
constexpr std::size_t links_page = 500;
constexpr auto window_back = 24h * 92;
constexpr auto window_ahead = 24h * 730;
constexpr auto window_least_ahead = 24h * 365; ///< a Graph window that reaches less far is read anew

bool window_ends(const cursor& c, instant now) { return c.window && c.window->to < now + window_least_ahead; }

} // namespace

// ---------------------------------------------------------------- a run and its reading

void connected_calendar::begin_run(run_cause cause) {
  sync_run run;
  run.id = run_id(make_uuid(parts_.outside));
  run.provider = id_;
  run.cause = cause;
  run.started_at = now();
  state.run = run;
  state.impatient = cause == run_cause::manual;
  if (cause != run_cause::manual && cause != run_cause::connect) return begin_pull();
  // Somebody watches: the run is visible before it works.
  std::vector<fact> facts;
  if (cause == run_cause::manual || state.pull_trouble.failures == 0)
    facts.push_back(fact_of(run, parts_.outside));
  parts_.store.save_run(tenant_id_, run, std::move(facts),
                        ask<std::vector<fact>>(this, [this, run](result<std::vector<fact>> written) {
                          if (run.cause == run_cause::manual)
                            for (const auto& o : std::exchange(state.sync_orders, {}))
                              o.done(written.map([&](const auto&) { return run; }));
                          if (!written) return finish_run(written.error());
                          publish(std::move(*written));
                          begin_pull();
                        }));
}

void connected_calendar::begin_pull() {
  state.pull.reset();
  if (calendar().status != provider_status::active)
    return finish_run(error{errc::conflict, "provider_not_connected", "The calendar is not connected."});
  if (vendor_resting())
    return finish_run(error{errc::retry_later, "vendor_asked_to_wait", "The vendor asked us to wait.", "",
                            *state.vendor_not_before - now()});
  // What belongs there is noted before the first cursor stands, so that a crash in between begins all of it
  // again.
  if (state.backfill) return backfill(entry_id{});
  plan_next_poll();
  pull_progress reading;
  reading.mark_seen = state.row->mark;
  reading.began = now();
  auto& from = state.row->read_from;
  bool usable = from && from->fingerprint == client().cursor_fingerprint() && !window_ends(*from, now());
  reading.full = !usable;
  reading.window =
      usable && from->window ? *from->window : read_window{now() - window_back, now() + window_ahead};
  state.reading = std::move(reading);
  list_page();
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
  if (++reading.pages > page_limit || (!page->next_page.empty() && page->next_page == reading.page))
    return finish_run(
        error{errc::broken, "endless_listing", "The vendor's listing does not come to an end."});
  state.run->counts.pulled += static_cast<int>(page->events.size());
  if (reading.full)
    for (const auto& e : page->events)
      if (!e.removed) reading.seen.push_back(e.id);
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
                             auto mark = state.reading->mark_seen;
                             auto began = state.reading->began;
                             state.row->read_from.reset();
                             pull_progress again;
                             again.full = again.restarted = true;
                             again.mark_seen = mark;
                             again.began = began;
                             again.window = {now() - window_back, now() + window_ahead};
                             state.reading = std::move(again);
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
  page_pulled page;
  page.provider = id_;
  page.events = std::make_shared<const std::vector<calendar_event>>(std::move(events));
  page.proof = proof;
  if (last && !sweep_first) {
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
  reading.unconfirmed.insert(reading.unconfirmed.end(), applied->confirm.begin(), applied->confirm.end());
  if (applied->finished) {
    state.row->read_from = cursor_to_commit()->next;
    state.row->stale = state.row->mark > reading.mark_seen;
    return pull_done(state.run->cause == run_cause::notice || state.run->cause == run_cause::poll);
  }
  if (!reading.unconfirmed.empty()) return confirm_next_removal();
  if (!last) return list_page();
  if (reading.full && !reading.swept) return sweep(entry_id{});
  hand_in({}, removal::confirmed, true);
}

/// A tombstone may only mean "left the window", and a missing row may only mean a poor listing: the vendor is
/// asked for the event itself.
void connected_calendar::confirm_next_removal() {
  auto& reading = *state.reading;
  if (reading.unconfirmed.empty()) {
    auto events = std::exchange(reading.confirmed, {});
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

void connected_calendar::sweep(entry_id after) {
  parts_.store.load_links(tenant_id_, id_, std::move(after), links_page,
                          ask<std::vector<mapping>>(this, [this](result<std::vector<mapping>> links) {
                            if (!links) return finish_run(links.error());
                            auto& reading = *state.reading;
                            std::sort(reading.seen.begin(), reading.seen.end());
                            std::optional<read_window> bounds;
                            if (calendar().type == provider_type::microsoft) bounds = reading.window;
                            for (const auto& m : missing_after_full_read(*links, reading.seen, bounds))
                              reading.unconfirmed.push_back(m.event);
                            if (links->size() == links_page) return sweep(links->back().entry);
                            reading.swept = true;
                            confirm_next_removal();
                          }));
}

// ---------------------------------------------------------------- the end

void connected_calendar::pull_done(bool closed) {
  state.last_read_began = state.reading->began;
  state.reading.reset();
  state.pull_trouble = {};
  if (state.row->stale) state.pull = run_cause::notice; // a notice came while we read
  if (closed) {
    state.run.reset();
    return finish_run({});
  }
  begin_push();
}

/// Whether the end of the run is told; a failure is remembered either way.
bool connected_calendar::told_run_end(const std::optional<error>& failed, run_part where) {
  if (!failed || failed->kind == errc::reauthorize) return true;
  if (!state.leaving.empty()) return false;
  bool news = stumble(where == run_part::pull ? state.pull_trouble : state.push_trouble, *failed);
  // What was to be done stands in rows or in this wish, and is done again.
  if (where == run_part::push)
    state.push = true;
  else if (!state.pull)
    state.pull = state.backfill ? run_cause::connect : run_cause::poll;
  return news;
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
  if (run.cause == run_cause::manual)
    for (const auto& o : std::exchange(state.sync_orders, {})) o.done(run);
  std::vector<fact> facts;
  if (is_news(run) && (news || run.cause == run_cause::manual)) facts.push_back(fact_of(run, parts_.outside));
  parts_.store.save_run(tenant_id_, run, std::move(facts),
                        ask<std::vector<fact>>(this, [this, settled](result<std::vector<fact>> written) {
                          if (written) publish(std::move(*written));
                          settled();
                        }));
}

} // namespace kalends::actors
