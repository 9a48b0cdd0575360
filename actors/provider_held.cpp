// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_brake.hpp"
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

/// A read that was held back is tried again only so often by itself: it may be all of the calendar.
constexpr std::chrono::milliseconds held_read_rests = std::chrono::hours(1);
constexpr std::size_t held_per_commit = 200;

} // namespace

/// A full read that found many events missing which nobody had named one by one: nothing is removed before a
/// person agrees. A person's yes is for as many as were held; if far more are missing by then, it is asked
/// for again. True: this read ends here.
bool connected_calendar::removals_held() {
  auto& reading = *state.reading;
  if (!std::exchange(reading.sweeping, false)) return false;
  const auto gone =
      static_cast<int>(std::count_if(reading.confirmed.begin(), reading.confirmed.end(), [&](const auto& e) {
        return e.removed && !reading.leaving.contains(e.id);
      }));
  const auto& held = calendar().held;
  const bool agreed = held && held->from_calendar && held->approved;
  const int unasked = removals_allowed(reading.links_known);
  if (gone <= unasked + (agreed ? held->count : 0)) return false;
  hold_removals(held_removals{true, gone, reading.links_known, now(), false});
  return true;
}

void connected_calendar::hold_removals(held_removals now_held) {
  auto& held = state.row->calendar.held;
  const bool told = held && held->from_calendar && !held->approved;
  if (told) now_held.since = held->since;
  held = now_held;
  std::vector<fact> facts;
  if (!told)
    facts.push_back(provider_fact(fact_type::calendar_provider_error, id_,
                                  {{"code", "removals_held"},
                                   {"kind", "entries_would_go"},
                                   {"count", std::to_string(now_held.count)},
                                   {"of", std::to_string(now_held.of)}},
                                  parts_.outside));
  parts_.store.save_held(
      tenant_id_, id_, now_held, std::move(facts),
      ask<std::vector<fact>>(this, [this, told, now_held](result<std::vector<fact>> saved) {
        if (!saved) return held_back(saved.error());
        publish(std::move(*saved));
        if (told) return held_back({});
        page_pulled nothing;
        nothing.provider = id_;
        nothing.events = std::make_shared<const std::vector<calendar_event>>();
        nothing.held = now_held;
        nothing.done = ask<page_applied>(this, [this](const result<page_applied>& noted) {
          held_back(noted ? std::optional<error>() : noted.error());
        });
        send(state.tenant, std::move(nothing));
      }));
}

/// The cursor stays where it was; the same read comes again, not before long unless somebody agrees.
void connected_calendar::held_back(std::optional<error> failed) {
  const bool saved = !failed;
  if (saved)
    failed = error{errc::conflict, "removals_held",
                   "More events are missing at once than are removed unasked. A person has to approve it."};
  finish_run(failed, state.comparing ? run_part::comparison : run_part::pull);
  if (saved)
    state.pull_trouble.not_before =
        std::max(state.pull_trouble.not_before.value_or(now()), now() + held_read_rests);
}

/// A full read came to its end: nothing waits any more.
void connected_calendar::forget_held(std::function<void()> then) {
  const auto& held = calendar().held;
  if (!held || !held->from_calendar) return then();
  state.row->calendar.held.reset();
  parts_.store.save_held(tenant_id_, id_, std::nullopt, {},
                         ask<std::vector<fact>>(this, [this, then = std::move(then)](const auto& saved) {
                           if (!saved) log_failure("forgetting what was held", saved.error());
                           then();
                         }));
}

/// The row as it stands now: what is held changes with what other actors commit.
void connected_calendar::answer_held() {
  const auto order = state.approvals.front();
  state.approvals.erase(state.approvals.begin());
  parts_.store.load_provider(
      tenant_id_, id_,
      ask<persistence::provider_state>(this, [this, order](const result<persistence::provider_state>& row) {
        if (!row) {
          order.done(tl::unexpected(row.error()));
          return step_done();
        }
        state.row->calendar.held = row->calendar.held;
        state.row->calendar.held_events = row->calendar.held_events;
        answer_fresh(order);
      }));
}

void connected_calendar::answer_fresh(const approval_order& order) {
  const auto meant = meant_by(order.answer, calendar());
  if (meant) return meant->from_calendar ? answer_entries(order) : answer_events(order, entry_id{});
  order.done(tl::unexpected(meant.error()));
  step_done();
}

/// Yes: the next read carries out what was held, and begins now. No: nothing is held any more; a read that
/// finds the same is held again.
void connected_calendar::answer_entries(const approval_order& order) {
  const bool yes = order.answer.yes;
  auto answered = calendar().held;
  answered->approved = true;
  if (!yes) answered.reset();
  parts_.store.save_held(
      tenant_id_, id_, answered, {},
      ask<std::vector<fact>>(this, [this, order, yes, answered](const result<std::vector<fact>>& saved) {
        if (!saved) {
          order.done(tl::unexpected(saved.error()));
          return step_done();
        }
        state.row->calendar.held = answered;
        if (yes) {
          state.pull_trouble.not_before.reset();
          state.reconcile = state.row->read_from.has_value();
          if (!state.reconcile && !state.pull) state.pull = run_cause::poll;
        }
        order.done(true);
        step_done();
      }));
}

/// Page by page to the tenant. Nothing is held anew meanwhile, since that is done here, too; what a crash
/// leaves unanswered is held as before.
void connected_calendar::answer_events(const approval_order& order, entry_id after) {
  auto ended = [this, order](result<bool> how) {
    if (how) state.row->calendar.held_events.reset();
    order.done(std::move(how));
    step_done();
  };
  auto found = [this, order, ended](result<std::vector<entry_id>> page) {
    if (!page) return ended(tl::unexpected(page.error()));
    if (page->empty()) return ended(true);
    release_order release{id_, std::move(*page), order.answer.yes, {}};
    release.done = ask<int>(this, [this, order, ended, last = release.entries.back()](const result<int>& n) {
      if (!n) return ended(tl::unexpected(n.error()));
      answer_events(order, last);
    });
    send(state.tenant, std::move(release));
  };
  parts_.store.load_held(tenant_id_, id_, std::move(after), held_per_commit,
                         ask<std::vector<entry_id>>(this, std::move(found)));
}

} // namespace kalends::actors
