// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"
#include "actors/run_facts.hpp"
#include "net/oauth.hpp"
#include "net/webhook_check.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

constexpr std::chrono::milliseconds placeholder_life =
    2min; ///< a channel that nobody confirmed (a crash in between) is opened anew

/// Problems of the channel end with it; others are not its business.
bool is_about_the_channel(const std::optional<provider_problem>& p) {
  return p && p->code.starts_with("channel_");
}

} // namespace

// ---------------------------------------------------------------- what stands, what is wanted

bool connected_calendar::push_wanted() const {
  return !webhook_address().empty() && calendar().direction != sync_direction::to_provider;
}

bool connected_calendar::push_away() const {
  return push_wanted() && (!channel_stands() || calendar().push.silent_since);
}

bool connected_calendar::channel_wanted() const {
  return push_wanted() && !resting(state.channel_trouble) && (state.renew || !channel_stands());
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

/// What its rows say of the channel. A failure from before a restart is neither told nor tried twice.
void connected_calendar::remember_channel() {
  const auto& h = calendar().push;
  state.renewal_due = h.renews_at;
  if (!push_wanted()) state.renewal_due.reset();
  if (push_wanted() && !h.renews_at && state.row->push_channel)
    state.renewal_due = plan_renewal(now(), state.row->push_channel->expires_at, chance());
  if (h.failures > 0) {
    state.channel_trouble.failures = h.failures;
    state.channel_trouble.told = h.error_code;
    if (h.renews_at && *h.renews_at > now()) state.channel_trouble.not_before = h.renews_at;
  }
  note_overdue();
}

void connected_calendar::note_overdue() {
  if (!state.row) return; // noted when it is loaded
  const auto& h = calendar().push;
  state.renewal_overdue = push_wanted() && renewal_missed(h, now()) && state.overdue_told != h.renews_at;
}

/// Written with every attempt and every change of the alert; in memory it counts at once.
void connected_calendar::save_push(std::vector<fact> facts, std::function<void()> then) {
  parts_.store.save_channel_health(
      tenant_id_, id_, calendar().push, calendar().problem, std::move(facts),
      ask<std::vector<fact>>(this, [this, then = std::move(then)](result<std::vector<fact>> written) {
        if (written)
          publish(std::move(*written));
        else
          log_failure("noting how the channel fares", written.error());
        then();
      }));
}

/// A planned renewal that nobody attempted: told before it is made up for.
void connected_calendar::tell_overdue() {
  state.renewal_overdue = false;
  state.overdue_told = calendar().push.renews_at;
  if (!state.renew) state.renew = renewal_cause::clock;
  const error late{errc::retry_later,
                   "channel_renewal_missed",
                   "The renewal of the push channel was planned for " +
                       to_rfc3339(*calendar().push.renews_at) + " and was not attempted.",
                   "",
                   {}};
  log_failure("the clock", late);
  parts_.meter.channel_renewed(label(), &late);
  auto& row = state.row->calendar;
  if (!row.problem || is_about_the_channel(row.problem))
    row.problem = provider_problem{late.code, late.detail, now()};
  save_push({provider_fact(fact_type::calendar_channel_renewal_failed, id_,
                           {{"code", late.code}, {"detail", late.detail}}, parts_.outside)},
            [this] { step_done(); });
}

// ---------------------------------------------------------------- silence

/// A read that no notice caused has found what a notice should have told.
void connected_calendar::read_found_untold(std::function<void()> then) {
  auto& row = state.row->calendar;
  const bool silent = row.push.silent_since.has_value();
  if (note_untold(state.quiet, silent) != silence_verdict::fell_silent) return then();
  row.push.silent_since = now();
  if (!std::exchange(state.quiet.reopened, true)) state.renew = renewal_cause::silent;
  const provider_problem silence{
      "channel_silent", "The push channel stands, but it did not tell of changes that were found by polling.",
      now()};
  if (!row.problem || is_about_the_channel(row.problem)) row.problem = silence;
  parts_.meter.channel_silent(label(), true);
  plan_next_poll();
  save_push({provider_fact(fact_type::calendar_provider_error, id_,
                           {{"code", silence.code}, {"detail", silence.detail}}, parts_.outside)},
            std::move(then));
}

void connected_calendar::speaks_again() {
  auto& row = state.row->calendar;
  note_notice(state.quiet, true);
  row.push.silent_since.reset();
  if (row.problem && row.problem->code == "channel_silent") row.problem.reset();
  parts_.meter.channel_silent(label(), false);
  save_push({}, [this] { step_done(); });
}

// ---------------------------------------------------------------- renewals

renewal_cause connected_calendar::cause_of_renewal() const {
  const auto& c = state.row->push_channel;
  const auto& h = calendar().push;
  if (!state.renewal_orders.empty()) return renewal_cause::manual;
  if (c && c->address != webhook_address()) return renewal_cause::address_changed;
  if (h.failures > 0 && h.cause && !c) return *h.cause; // still the same
  if (state.renew && (c || *state.renew != renewal_cause::clock)) return *state.renew;
  return h.attempted_at ? renewal_cause::lost : renewal_cause::connected;
}

void connected_calendar::renew_channel() {
  if (!push_wanted()) {
    state.renew.reset();
    for (const auto& o : std::exchange(state.renewal_orders, {}))
      o.done(failure(errc::invalid, "webhooks_not_configured",
                     "The server has no webhook_url or this calendar is not read, so there is no channel."));
    return step_done();
  }
  auto& h = state.row->calendar.push;
  const auto cause = cause_of_renewal();
  const bool asked_again = cause == renewal_cause::lifecycle && h.cause == cause && channel_stands() &&
                           h.failures == 0 && h.attempted_at &&
                           now() < *h.attempted_at + lifecycle_repeats_within;
  state.renew.reset();
  if (asked_again) return step_done();
  h.cause = cause;
  h.attempted_at = now();
  const bool told_lost = std::exchange(state.channel_lost, false);
  // The vendor's doubt about the grant is answered with a fresh token.
  if ((cause == renewal_cause::lifecycle || told_lost) && state.token)
    state.token->access_expires_at = instant{};
  if (told_lost && state.row->push_channel) {
    parts_.channels->drop(id_, state.row->push_channel->id);
    parts_.store.delete_channel(tenant_id_, id_, state.row->push_channel->id, [](const result<bool>&) {});
    state.row->push_channel.reset();
  }
  if (calendar().type == provider_type::google || !state.row->push_channel) return open_channel();
  if (!channel_stands() || cause == renewal_cause::silent) return close_and_open_channel();
  prolong_channel();
}

void connected_calendar::prolong_channel() {
  auto renew = [c = *state.row->push_channel, until = now() + graph_channel_life](
                   net::calendar_client& vendor, net::calendar_access who, net::vendor_done<channel> reply) {
    return vendor.renew_channel(std::move(who), c, until, std::move(reply));
  };
  call_vendor<channel>(vendor_verb::renew_channel, renew,
                       [this, c = *state.row->push_channel](result<channel> renewed) {
                         if (!renewed && renewed.error().kind == errc::not_found) { // the vendor dropped it
                           state.row->calendar.push.cause = renewal_cause::lost;
                           if (!state.pull) state.pull = run_cause::notice;
                           return open_channel();
                         }
                         if (!renewed) return channel_settled(std::move(renewed));
                         renewed->secret_hash = c.secret_hash;
                         renewed->address = c.address;
                         auto fresh = *renewed;
                         parts_.store.save_channel(tenant_id_, id_, fresh, "", fresh.id,
                                                   ask<bool>(this, [this, fresh](result<bool> saved) {
                                                     channel_settled(saved.map([&](bool) { return fresh; }));
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
  // Both are good for a while; after a start the directory knows neither.
  if (old) parts_.channels->put(id_, old->id, old->secret_hash);
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
  request.expires_at = now() + (google ? google_channel_life : graph_channel_life);

  auto opened = [this, planned, old, secret = ticket.secret](result<channel> answer) {
    if (!answer) {
      parts_.channels->drop(id_, planned.id);
      parts_.store.delete_channel(tenant_id_, id_, planned.id, [](const result<bool>&) {});
      return channel_settled(std::move(answer));
    }
    answer->secret_hash = planned.secret_hash;
    answer->address = planned.address;
    auto fresh = *answer;
    parts_.store.save_channel(tenant_id_, id_, fresh, secret, planned.id,
                              ask<bool>(this, [this, planned, old, fresh](result<bool> saved) {
                                if (!saved) return channel_settled(tl::unexpected(saved.error()));
                                parts_.channels->put(id_, fresh.id, fresh.secret_hash);
                                if (fresh.id != planned.id) parts_.channels->drop(id_, planned.id);
                                close_old_channel(old, fresh);
                              }));
  };
  parts_.store.save_channel(tenant_id_, id_, planned, ticket.secret, "",
                            ask<bool>(this, [this, planned, request, opened](result<bool> saved) {
                              if (!saved) return channel_settled(tl::unexpected(saved.error()));
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
  if (!old || old->id == fresh.id) return channel_settled(fresh);
  auto close = [c = *old](net::calendar_client& vendor, net::calendar_access who,
                          net::vendor_done<bool> reply) {
    return vendor.close_channel(std::move(who), c, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::close_channel, close, [this, old, fresh](const result<bool>&) {
    parts_.channels->drop(id_, old->id);
    parts_.store.delete_channel(tenant_id_, id_, old->id, ask<bool>(this, [this, fresh](const result<bool>&) {
                                  channel_settled(fresh);
                                }));
  });
}

/// Nothing is read from there any more, or nobody can reach us: what stands is closed, as a courtesy.
void connected_calendar::drop_unwanted_channel() {
  const auto old = std::exchange(state.row->push_channel, std::nullopt);
  state.renewal_due.reset();
  state.renew.reset();
  state.channel_trouble = {};
  auto& row = state.row->calendar;
  row.push = {};
  if (is_about_the_channel(row.problem)) row.problem.reset();
  auto forgotten = [this] { save_push({}, [this] { step_done(); }); };
  if (!old) return forgotten();
  auto close = [old](net::calendar_client& vendor, net::calendar_access who, net::vendor_done<bool> reply) {
    return vendor.close_channel(std::move(who), *old, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::close_channel, close, [this, old, forgotten](const result<bool>&) {
    parts_.channels->drop(id_, old->id);
    parts_.store.delete_channel(tenant_id_, id_, old->id,
                                ask<bool>(this, [forgotten](const result<bool>&) { forgotten(); }));
  });
}

// ---------------------------------------------------------------- the outcome

/// Every attempt leaves its outcome and the next one's time in the rows.
void connected_calendar::channel_settled(result<channel> outcome) {
  if (outcome && outcome->expires_at < now() + shortest_channel_life)
    outcome = failure(errc::retry_later, "channel_ends_at_once", "The vendor's channel ends at once.");
  for (const auto& o : std::exchange(state.renewal_orders, {})) o.done(outcome);
  if (!outcome) return channel_failed(outcome.error());
  auto& row = state.row->calendar;
  auto& h = row.push;
  const bool news = h.cause != renewal_cause::connected || h.failures > 0;
  state.row->push_channel = *outcome;
  row.channel_expires_at = outcome->expires_at;
  state.channel_trouble = {};
  h.error_code.clear();
  h.error_detail.clear();
  h.failures = 0;
  h.renews_at = state.renewal_due = plan_renewal(now(), outcome->expires_at, chance());
  if (is_about_the_channel(row.problem) && !(h.silent_since && row.problem->code == "channel_silent"))
    row.problem.reset();
  parts_.meter.channel_renewed(label(), nullptr);
  std::vector<fact> facts;
  if (news)
    facts.push_back(provider_fact(fact_type::calendar_channel_renewed, id_,
                                  {{"cause", std::string(name_of(*h.cause))},
                                   {"expires_at", to_rfc3339(outcome->expires_at)},
                                   {"renews_at", to_rfc3339(*h.renews_at)}},
                                  parts_.outside));
  save_push(std::move(facts), [this] { step_done(); });
}

/// Without push, changes are polled: later, but not lost. It is tried again for ever.
void connected_calendar::channel_failed(const error& e) {
  if (!state.leaving.empty()) return step_done();
  log_failure("the channel", e);
  parts_.meter.channel_renewed(label(), &e);
  const bool news = stumble(state.channel_trouble, e);
  auto& row = state.row->calendar;
  auto& h = row.push;
  h.error_code = e.code;
  h.error_detail = e.detail;
  h.failures = state.channel_trouble.failures;
  h.renews_at = state.renewal_due = state.channel_trouble.not_before;
  if (!row.problem || (is_about_the_channel(row.problem) && row.problem->code != "channel_renewal_failed"))
    row.problem = provider_problem{"channel_renewal_failed", e.code + ": " + e.detail, now()};
  const auto planned = state.next_poll_at;
  plan_next_poll(); // sooner, if push is away now
  if (planned && *planned > now()) state.next_poll_at = std::min(*planned, *state.next_poll_at);
  std::vector<fact> facts;
  if (news)
    facts.push_back(provider_fact(fact_type::calendar_channel_renewal_failed, id_,
                                  {{"cause", std::string(name_of(*h.cause))},
                                   {"code", e.code},
                                   {"detail", e.detail},
                                   {"tried_again_at", to_rfc3339(*h.renews_at)}},
                                  parts_.outside));
  save_push(std::move(facts), [this, e] {
    if (e.kind == errc::reauthorize) return needs_person(e);
    step_done();
  });
}

} // namespace kalends::actors
