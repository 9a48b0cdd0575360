// SPDX-License-Identifier: Apache-2.0
#include "actors/event_questions.hpp"
#include "actors/plan_rehearsal.hpp"
#include "actors/provider.hpp"

#include <utility>

/// A calendar that was connected for a rehearsal: it is read once, as a first connection would read it, and
/// what would come of that is planned and counted. Nothing is committed but the report; no channel is opened,
/// nothing is polled and nothing pushed, until a person has agreed.
namespace kalends::actors {

namespace {

// A rehearsal is a look and not the work: what lies beyond is said to be there.
constexpr int pages_looked_at = 200;
constexpr std::size_t series_looked_at = 500;
constexpr std::size_t entries_per_page = 200;
constexpr auto backfill_reaches_back = std::chrono::hours(24 * 31);

} // namespace

struct rehearsal_progress {
  rehearsal_plan plan;
  read_window window;
  std::string page = {};
  int pages = 0;
  std::set<event_id> series = {}; ///< not read yet
  std::size_t series_read = 0;
};

/// Whether this calendar must not be synced yet.
bool connected_calendar::rehearses() const {
  return calendar().rehearsing && calendar().status == provider_status::active && !state.unsaved;
}

void connected_calendar::rehearse_or_rest() {
  if (!state.calendars_orders.empty() && !vendor_resting()) return list_calendars();
  refuse_orders(
      error{errc::conflict, "calendar_rehearses",
            "The calendar was connected for a rehearsal. Look at what was found, and agree to it."});
  state.pull.reset();
  state.renew.reset();
  state.push = state.reconcile = state.missed = state.backfill = state.renewal_overdue = false;
  if (vendor_resting() || resting(state.pull_trouble)) return rest();
  if (state.connect) {
    state.rehearsed = false;
    return connect();
  }
  if (state.rehearsed || state.row->rehearsed) return rest();
  auto unsayable = [type = calendar().type](const appointment& a) {
    return net::unsayable(type, a).has_value();
  };
  state.rehearsing = std::make_shared<rehearsal_progress>(rehearsal_progress{
      rehearsal_plan(tenant_id_, calendar(), parts_.outside, unsayable), window_at(now())});
  rehearse_page();
}

void connected_calendar::rehearse_page() {
  net::list_request request;
  request.page = state.rehearsing->page;
  request.window = state.rehearsing->window;
  auto list = [request](net::calendar_client& vendor, net::calendar_access who,
                        net::vendor_done<change_page> reply) {
    return vendor.list_changes(std::move(who), request, std::move(reply));
  };
  call_vendor<change_page>(vendor_verb::list_changes, list, [this](result<change_page> page) {
    if (!page) return rehearsal_failed(page.error());
    auto& seen = *state.rehearsing;
    // Of a series the listing shows parts: it is read whole, by its master.
    std::vector<calendar_event> single;
    for (auto& e : page->events)
      if (e.series.empty())
        single.push_back(std::move(e));
      else
        seen.series.insert(e.series);
    seen.page = page->next_page;
    const bool more = !seen.page.empty();
    const bool enough = ++seen.pages >= pages_looked_at;
    if (more && enough) seen.plan.is_not_all();
    rehearse_events(std::move(single), [this, go_on = more && !enough] {
      if (go_on) return rehearse_page();
      rehearse_next_series();
    });
  });
}

void connected_calendar::rehearse_events(std::vector<calendar_event> events, std::function<void()> then) {
  if (events.empty()) return then();
  persistence::load_request wanted;
  wanted.tenant = tenant_id_;
  ask_for_events(wanted, id_, events);
  parts_.store.load(std::move(wanted),
                    ask<persistence::loaded>(this, [this, events = std::move(events), then = std::move(then)](
                                                       const result<persistence::loaded>& f) {
                      if (!f) return rehearsal_failed(f.error());
                      state.rehearsing->plan.add_events(events, f->entries, f->mappings, f->meetings,
                                                        f->people);
                      then();
                    }));
}

void connected_calendar::rehearse_next_series() {
  auto& series = state.rehearsing->series;
  if (series.empty()) return rehearse_entries(entry_id{});
  if (state.rehearsing->series_read++ >= series_looked_at) {
    for (const auto& id : series) {
      calendar_event unread;
      unread.id = id;
      state.rehearsing->plan.leave_out(unread, "series_not_read");
    }
    state.rehearsing->plan.is_not_all();
    return rehearse_entries(entry_id{});
  }
  auto get = [master = *series.begin()](net::calendar_client& vendor, net::calendar_access who,
                                        net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), master, std::move(reply));
  };
  series.erase(series.begin());
  call_vendor<calendar_event>(vendor_verb::get_event, get, [this](result<calendar_event> found) {
    if (!found && found.error().kind == errc::not_found) return rehearse_next_series();
    if (!found) return rehearsal_failed(found.error());
    std::vector<calendar_event> whole;
    whole.push_back(std::move(*found));
    rehearse_events(std::move(whole), [this] { rehearse_next_series(); });
  });
}

void connected_calendar::rehearse_entries(entry_id after) {
  auto assignee = calendar().scope == provider_scope::user ? calendar().user : user_id{};
  parts_.store.load_entries(
      tenant_id_, assignee, now() - backfill_reaches_back, std::move(after), entries_per_page,
      ask<std::vector<schedule_entry>>(this, [this](const result<std::vector<schedule_entry>>& found) {
        if (!found) return rehearsal_failed(found.error());
        state.rehearsing->plan.add_entries(*found);
        if (found->size() < entries_per_page) return rehearsal_found();
        rehearse_entries(found->back().id);
      }));
}

void connected_calendar::rehearsal_found() {
  parts_.store.save_rehearsal(tenant_id_, id_, state.rehearsing->plan.report(),
                              ask<bool>(this, [this](const result<bool>& saved) {
                                if (!saved) return rehearsal_failed(saved.error());
                                state.rehearsing.reset();
                                state.pull_trouble = {};
                                // A person has agreed meanwhile, or it was disconnected: the row says.
                                state.rehearsed = *saved;
                                state.reload = state.reload || !*saved;
                                step_done();
                              }));
}

void connected_calendar::rehearsal_failed(const error& e) {
  state.rehearsing.reset();
  if (!state.leaving.empty()) return step_done();
  if (e.kind == errc::reauthorize) return needs_person(e);
  log_failure("the rehearsal", e);
  stumble(state.pull_trouble, e);
  rest();
}

} // namespace kalends::actors
