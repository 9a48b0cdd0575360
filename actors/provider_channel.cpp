// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"
#include "net/oauth.hpp"
#include "net/webhook_check.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto google_channel_life = 7 * 24h;
constexpr auto graph_channel_life =
    163h; ///< the limit is 10,080 minutes (168 h); asking for all of it is refused on clock skew
constexpr auto placeholder_life =
    2min; ///< a channel that nobody confirmed (a crash in between) is opened anew
constexpr std::size_t backfill_page = 200;
constexpr auto backfill_reaches_back =
    24h * 31; ///< older entries are not written into a newly connected calendar

} // namespace

// ---------------------------------------------------------------- connect

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

// ---------------------------------------------------------------- push subscription

bool connected_calendar::channel_wanted() const {
  if (webhook_address().empty()) return false;
  if (calendar().direction == sync_direction::to_provider) return false;
  if (resting(state.channel_trouble)) return false;
  return state.renew || !channel_stands();
}

std::string connected_calendar::webhook_address() const {
  const auto& c = parts_.configured;
  const bool google = calendar().type == provider_type::google;
  if (google && !c.google_relay_url.empty()) {
    auto relay = c.google_relay_url;
    constexpr std::string_view whose = "{tenant}";
    if (const auto at = relay.find(whose); at != std::string::npos)
      relay.replace(at, whose.size(), tenant_id_.str());
    return relay;
  }
  return c.webhook_url.empty() ? std::string()
                               : c.webhook_url + (google ? "/webhooks/google" : "/webhooks/microsoft");
}

bool connected_calendar::channel_stands() const {
  const auto& c = state.row->push_channel;
  return c && c->expires_at > now() && c->address == webhook_address();
}

void connected_calendar::renew_channel() {
  state.renew = false;
  if (webhook_address().empty()) {
    for (const auto& o : std::exchange(state.renewal_orders, {}))
      o.done(failure(errc::invalid, "webhooks_not_configured",
                     "The server has no webhook_url, so changes are polled."));
    return step_done();
  }
  if (std::exchange(state.channel_lost, false) && state.row->push_channel) {
    parts_.channels->drop(id_, state.row->push_channel->id);
    parts_.store.delete_channel(tenant_id_, id_, state.row->push_channel->id, [](const result<bool>&) {});
    state.row->push_channel.reset();
  }
  if (calendar().type == provider_type::google || !state.row->push_channel) return open_channel();
  if (!channel_stands()) return close_and_open_channel();
  auto renew = [c = *state.row->push_channel, until = now() + graph_channel_life](
                   net::calendar_client& vendor, net::calendar_access who, net::vendor_done<channel> reply) {
    return vendor.renew_channel(std::move(who), c, until, std::move(reply));
  };
  call_vendor<channel>(
      vendor_verb::renew_channel, renew, [this, c = *state.row->push_channel](result<channel> renewed) {
        if (!renewed && renewed.error().kind == errc::not_found)
          return open_channel(); // the vendor dropped it
        if (!renewed) return channel_settled(std::move(renewed), true);
        renewed->secret_hash = c.secret_hash;
        renewed->address = c.address;
        auto fresh = *renewed;
        parts_.store.save_channel(tenant_id_, id_, fresh, "", fresh.id,
                                  ask<bool>(this, [this, fresh](result<bool> saved) {
                                    channel_settled(saved.map([&](bool) { return fresh; }), true);
                                  }));
      });
}

/// Graph refuses a second subscription beside one that stands, so one that is of no use goes first. The read
/// that follows covers the gap.
void connected_calendar::close_and_open_channel() {
  auto old = *std::exchange(state.row->push_channel, std::nullopt);
  auto close = [old](net::calendar_client& vendor, net::calendar_access who, net::vendor_done<bool> reply) {
    return vendor.close_channel(std::move(who), old, std::move(reply));
  };
  if (!state.pull) state.pull = run_cause::notice;
  call_vendor<bool>(vendor_verb::close_channel, close, [this, old](const result<bool>&) {
    parts_.channels->drop(id_, old.id);
    parts_.store.delete_channel(tenant_id_, id_, old.id,
                                ask<bool>(this, [this](const result<bool>&) { open_channel(); }));
  });
}

/// The row and the secret's hash stand before the vendor is asked, so that its first notice already passes.
void connected_calendar::open_channel() {
  auto old = state.row->push_channel;
  bool google = calendar().type == provider_type::google;
  net::channel_ticket ticket{tenant_id_, id_, net::base64url(parts_.outside.random_bytes(32))};
  channel planned;
  planned.id = make_uuid(parts_.outside);
  planned.secret_hash = net::sha256(ticket.secret);
  planned.address = webhook_address();
  planned.expires_at = now() + placeholder_life;

  net::channel_request request;
  request.address = planned.address;
  request.lifecycle_address = google ? "" : parts_.configured.webhook_url + "/webhooks/microsoft/lifecycle";
  request.channel_id = planned.id;
  request.secret = net::write_ticket(ticket);
  request.expires_at = now() + (google ? std::chrono::hours(google_channel_life) : graph_channel_life);

  auto opened = [this, planned, old, secret = ticket.secret](result<channel> answer) {
    if (!answer) {
      parts_.channels->drop(id_, planned.id);
      parts_.store.delete_channel(tenant_id_, id_, planned.id, [](const result<bool>&) {});
      return channel_settled(std::move(answer), old.has_value());
    }
    answer->secret_hash = planned.secret_hash;
    answer->address = planned.address;
    auto fresh = *answer;
    parts_.store.save_channel(tenant_id_, id_, fresh, secret, planned.id,
                              ask<bool>(this, [this, planned, old, fresh](result<bool> saved) {
                                if (!saved)
                                  return channel_settled(tl::unexpected(saved.error()), old.has_value());
                                parts_.channels->put(id_, fresh.id, fresh.secret_hash);
                                if (fresh.id != planned.id) parts_.channels->drop(id_, planned.id);
                                close_old_channel(old, fresh);
                              }));
  };
  parts_.store.save_channel(tenant_id_, id_, planned, ticket.secret, "",
                            ask<bool>(this, [this, planned, request, opened](result<bool> saved) {
                              if (!saved) return channel_settled(tl::unexpected(saved.error()), false);
                              parts_.channels->put(id_, planned.id, planned.secret_hash);
                              auto open = [request](net::calendar_client& vendor, net::calendar_access who,
                                                    net::vendor_done<channel> reply) {
                                return vendor.open_channel(std::move(who), request, std::move(reply));
                              };
                              call_vendor<channel>(vendor_verb::open_channel, open, opened);
                            }));
}

/// The new one stands, so the old one may go; if the vendor does not let it go, it expires by itself and its
/// row says no more.
void connected_calendar::close_old_channel(const std::optional<channel>& old, const channel& fresh) {
  if (!old || old->id == fresh.id) return channel_settled(fresh, old.has_value());
  auto close = [c = *old](net::calendar_client& vendor, net::calendar_access who,
                          net::vendor_done<bool> reply) {
    return vendor.close_channel(std::move(who), c, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::close_channel, close, [this, old, fresh](const result<bool>&) {
    parts_.channels->drop(id_, old->id);
    parts_.store.delete_channel(tenant_id_, id_, old->id, ask<bool>(this, [this, fresh](const result<bool>&) {
                                  channel_settled(fresh, true);
                                }));
  });
}

void connected_calendar::channel_settled(result<channel> outcome, bool renewed) {
  for (const auto& o : std::exchange(state.renewal_orders, {})) o.done(outcome);
  std::vector<fact> facts;
  if (outcome) {
    state.row->push_channel = *outcome;
    state.channel_trouble = {};
    state.renewal_due = renewal_time(outcome->expires_at, now());
    if (!renewed) return step_done();
    facts.push_back(provider_fact(fact_type::calendar_channel_renewed, id_,
                                  {{"expires_at", to_rfc3339(outcome->expires_at)}}, parts_.outside));
  } else {
    if (outcome.error().kind == errc::reauthorize) return needs_person(outcome.error());
    log_failure("the channel", outcome.error());
    // Without push, changes are polled: later, but not lost.
    bool news = stumble(state.channel_trouble, outcome.error());
    state.renewal_due = state.channel_trouble.not_before;
    if (!news) return step_done();
    facts.push_back(provider_fact(fact_type::calendar_channel_renewal_failed, id_,
                                  {{"code", outcome.error().code}, {"detail", outcome.error().detail}},
                                  parts_.outside));
  }
  parts_.store.save_health(tenant_id_, id_, calendar().status, calendar().problem, {}, {}, std::move(facts),
                           ask<std::vector<fact>>(this, [this](result<std::vector<fact>> written) {
                             if (written) publish(std::move(*written));
                             step_done();
                           }));
}

} // namespace kalends::actors
