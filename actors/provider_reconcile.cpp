// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "observe/log.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

constexpr std::size_t links_page = 500;
constexpr std::size_t repairs_page = 200;
/// Older entries that a calendar lacks are left alone, as when it was connected.
constexpr std::chrono::milliseconds repairs_reach_back = 24h * 31;

} // namespace

// ---------------------------------------------------------------- when

std::optional<std::chrono::milliseconds> connected_calendar::reconcile_interval() const {
  return reconcile_every(parts_.configured.reconcile_interval, calendar().type);
}

/// The plan is a row, so that a restart neither forgets it nor compares all calendars at once.
void connected_calendar::plan_first_reconcile() {
  plan_reconcile(first_reconcile(now(), *reconcile_interval(), chance()), [this] { step_done(); });
}

void connected_calendar::plan_reconcile(std::optional<instant> at, std::function<void()> then) {
  state.row->calendar.next_reconcile_at = at;
  parts_.store.plan_reconcile(tenant_id_, id_, at,
                              ask<bool>(this, [this, then = std::move(then)](const result<bool>& planned) {
                                if (!planned) log_failure("planning the comparison", planned.error());
                                then();
                              }));
}

/// The vendor lost notices; the next read may tell all of it, or not.
void connected_calendar::compare_sooner() {
  state.missed = false;
  const auto soon = first_reconcile(now(), reconcile_after_missed, chance());
  const auto& planned = calendar().next_reconcile_at;
  if (planned && *planned <= soon) return step_done();
  plan_reconcile(soon, [this] { step_done(); });
}

// ---------------------------------------------------------------- how

/// What the cursor tells has been read by now (or there is no cursor): what differs from here on was told by
/// nobody. First what the host may have lost, then the calendar, event by event.
void connected_calendar::begin_comparison(std::optional<instant> read_began) {
  comparison by;
  if (read_began)
    by.told_until = *read_began - notice_latency;
  else if (calendar().last_sync_at && state.row->read_from)
    by.told_until = *calendar().last_sync_at - notice_latency;
  if (state.row->read_from) by.window = state.row->read_from->window;
  state.comparing = by;
  repair_lost(entry_id{});
}

void connected_calendar::repair_lost(entry_id after) {
  auto compare = [this] {
    begin_reading(true);
    list_page();
  };
  if (calendar().direction == sync_direction::from_provider) return compare();
  auto repaired = [this, compare](const entry_id& last, bool more) {
    return [this, compare, last, more](const result<drift_counts>& found) {
      if (!found) return finish_run(found.error(), run_part::comparison);
      state.run->counts.drift = state.run->counts.drift + *found;
      if (more) return repair_lost(last);
      compare();
    };
  };
  const auto assignee = calendar().scope == provider_scope::user ? calendar().user : user_id{};
  parts_.store.load_unsettled(
      tenant_id_, id_, assignee, now() - repairs_reach_back, std::move(after), repairs_page,
      ask<std::vector<entry_id>>(this, [this, compare, repaired](result<std::vector<entry_id>> lost) {
        if (!lost) return finish_run(lost.error(), run_part::comparison);
        if (lost->empty()) return compare();
        const auto last = lost->back();
        const bool more = lost->size() == repairs_page;
        send(state.tenant,
             repair_order{id_, std::move(*lost), ask<drift_counts>(this, repaired(last, more))});
      }));
}

/// Linked events that a full read did not show. Each is asked for: a missing row may only mean a poor
/// listing. A calendar of more events than can be remembered is read, but not swept.
void connected_calendar::sweep(entry_id after) {
  if (state.reading->seen.full()) {
    if (state.comparing)
      return finish_run(error{errc::invalid,
                              "calendar_too_large",
                              "The calendar has more events than a full comparison can remember.",
                              "",
                              {}},
                        run_part::comparison);
    observe::log(observe::log_level::warn, "a calendar is too large to be swept",
                 {{"tenant", tenant_id_}, {"provider", id_}});
    state.reading->swept = true;
    return confirm_next_removal();
  }
  parts_.store.load_links(
      tenant_id_, id_, std::move(after), links_page,
      ask<std::vector<mapping>>(this, [this](result<std::vector<mapping>> links) {
        if (!links) return finish_run(links.error(), state.comparing ? run_part::comparison : run_part::pull);
        auto& reading = *state.reading;
        std::optional<read_window> bounds;
        if (calendar().type == provider_type::microsoft) bounds = reading.window;
        reading.links_known += static_cast<int>(std::count_if(
            links->begin(), links->end(), [](const mapping& m) { return m.linked && !m.removing; }));
        for (const auto& m : missing_after_full_read(*links, reading.seen, bounds))
          if (reading.unconfirmed.push_back(m.event); m.removing) reading.leaving.insert(m.event);
        if (links->size() == links_page) return sweep(links->back().entry);
        reading.swept = reading.sweeping = true;
        confirm_next_removal();
      }));
}

// ---------------------------------------------------------------- the end

/// "In step as of now", or another try.
void connected_calendar::comparison_ended(const sync_run& run, bool failed, std::function<void()> then) {
  state.comparing.reset();
  const auto every = reconcile_interval();
  if (failed) {
    if (!every) return then();
    return plan_reconcile(reconcile_again(now(), ++state.reconcile_trouble.failures, chance()),
                          std::move(then));
  }
  state.reconcile_trouble = {};
  state.row->calendar.reconciled = reconciliation{*run.finished_at, run.counts.drift};
  parts_.meter.drift_found(label(), run.counts.drift.drifted);
  plan_reconcile(every ? std::optional(next_reconcile(now(), *every, chance())) : std::nullopt,
                 std::move(then));
}

} // namespace kalends::actors
