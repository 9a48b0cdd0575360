// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t backfill_page = 200;
constexpr auto backfill_reaches_back =
    24h * 31; ///< older entries are not written into a newly connected calendar

} // namespace

void connected_calendar::connect() {
  auto list = [](net::calendar_client& vendor, net::calendar_access who,
                 net::vendor_done<std::vector<calendar_listing>> reply) {
    return vendor.list_calendars(std::move(who), std::move(reply));
  };
  call_vendor<std::vector<calendar_listing>>(vendor_verb::list_calendars, list,
                                             [this](result<std::vector<calendar_listing>> found) {
                                               if (found) return choose_calendar(*found);
                                               if (found.error().kind == errc::reauthorize)
                                                 return needs_person(found.error());
                                               log_failure("connecting", found.error());
                                               stumble(state.pull_trouble, found.error());
                                               rest();
                                             });
}

void connected_calendar::choose_calendar(const std::vector<calendar_listing>& found) {
  auto wanted = calendar().calendar;
  auto at = std::find_if(found.begin(), found.end(), [&](const calendar_listing& c) {
    return wanted.empty() ? c.primary : c.id == wanted;
  });
  if (at == found.end())
    return needs_person(error{errc::not_found, "calendar_not_found",
                              "The chosen calendar is not among the account's calendars."});
  auto& row = state.row->calendar;
  row.calendar = at->id;
  row.calendar_name = at->name;
  if (!at->time_zone.empty()) row.calendar_zone = at->time_zone;
  parts_.store.save_calendar(
      tenant_id_, id_, *at, ask<bool>(this, [this](result<bool> saved) {
        if (!saved) {
          stumble(state.pull_trouble, saved.error());
          return rest();
        }
        std::vector<fact> facts{
            provider_fact(fact_type::calendar_provider_connected, id_,
                          {{"type", std::string(name_of(calendar().type))}, {"account", calendar().account}},
                          parts_.outside)};
        parts_.store.save_health(tenant_id_, id_, provider_status::active, {}, {}, {}, std::move(facts),
                                 ask<std::vector<fact>>(this, [this](result<std::vector<fact>> written) {
                                   if (!written) {
                                     stumble(state.pull_trouble, written.error());
                                     return rest();
                                   }
                                   state.row->calendar.status = provider_status::active;
                                   state.row->calendar.problem.reset();
                                   state.connect = false;
                                   state.backfill = state.push = true;
                                   state.pull = run_cause::connect;
                                   publish(std::move(*written));
                                   send(state.tenant, calendars_changed{});
                                   step_done();
                                 }));
      }));
}

void connected_calendar::list_calendars() {
  auto list = [](net::calendar_client& vendor, net::calendar_access who,
                 net::vendor_done<std::vector<calendar_listing>> reply) {
    return vendor.list_calendars(std::move(who), std::move(reply));
  };
  call_vendor<std::vector<calendar_listing>>(
      vendor_verb::list_calendars, list, [this](const result<std::vector<calendar_listing>>& found) {
        for (const auto& o : std::exchange(state.calendars_orders, {})) o.done(found);
        if (!found && found.error().kind == errc::reauthorize && calendar().status == provider_status::active)
          return needs_person(found.error());
        step_done();
      });
}

/// The entries that belong into a calendar that was just connected, page by page, through the tenant.
void connected_calendar::backfill(entry_id after) {
  auto assignee = calendar().scope == provider_scope::user ? calendar().user : user_id{};
  auto filled = [this](entry_id last, bool more) {
    return [this, last, more](const result<bool>& filled_in) {
      if (!filled_in) return finish_run(filled_in.error());
      if (more) return backfill(last);
      state.backfill = false;
      begin_pull();
    };
  };
  parts_.store.load_entries(
      tenant_id_, assignee, now() - backfill_reaches_back, std::move(after), backfill_page,
      ask<std::vector<schedule_entry>>(this, [this, filled](result<std::vector<schedule_entry>> found) {
        if (!found) return finish_run(found.error());
        auto last = found->empty() ? entry_id{} : found->back().id;
        bool more = found->size() == backfill_page;
        send(state.tenant, backfill_order{id_, std::move(*found), ask<bool>(this, filled(last, more))});
      }));
}

} // namespace kalends::actors
