// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/vendor.hpp"

#include "tests/simulation/oracle.hpp"

#include <algorithm>

namespace kalends::simulation {

using namespace std::chrono_literals;
using testing::event_deletion;
using testing::held_calendar;

namespace {

constexpr auto access_life = 1h;
constexpr unsigned latest_effect = 25'000; ///< ms: a request that was given up lands by then, or never
constexpr auto most_graph_channel = 24h * 7;

error plain(errc kind, const char* code, const char* detail,
            std::optional<std::chrono::milliseconds> retry_after = {}) {
  return {kind, code, detail, "", retry_after};
}

bool writes(const std::string& verb) {
  return verb == "insert_event" || verb == "update_event" || verb == "delete_event" ||
         verb == "write_occurrence";
}

} // namespace

// ---------------------------------------------------------------- accounts and tokens

account& vendor::open_account(const tenant_id& t, const provider_id& p, provider_type type,
                              const std::string& name) {
  return accounts_.try_emplace(p, t, p, type, name).first->second;
}

account* vendor::owner_of(const net::calendar_access& who) {
  for (auto& [id, a] : accounts_)
    if (who.access_token.find("-" + a.calendar.str() + "-") != std::string::npos) return &a;
  return nullptr;
}

grant vendor::new_grant(account& a, instant now) {
  a.revoked = false;
  const auto n = "-" + a.calendar.str() + "-" + std::to_string(++a.tokens);
  grant g{"sekrit-access" + n, "sekrit-refresh" + n, now + access_life, "calendar"};
  a.access[g.access_token] = g.access_expires_at;
  a.refresh.insert(g.refresh_token);
  return g;
}

void vendor::revoke(account& a) {
  a.revoked = true;
  a.access.clear();
  a.refresh.clear();
}

/// Microsoft hands out a new refresh token each time; Google keeps the old one.
result<grant> vendor::refresh(account& a, const grant& current, instant now) {
  if (!a.refresh.contains(current.refresh_token))
    return failure(errc::reauthorize, "invalid_grant", "The grant was withdrawn.");
  auto fresh = new_grant(a, now);
  if (a.model.type() == provider_type::google) {
    a.refresh.erase(fresh.refresh_token);
    fresh.refresh_token = current.refresh_token;
  }
  return fresh;
}

// ---------------------------------------------------------------- calls

bool vendor::strikes(const char* kind, unsigned rarer) {
  if (trouble == 0 || !faults.contains(kind) || !dice_.one_in(trouble * rarer)) return false;
  log_.fault(kind);
  return true;
}

template <class T>
void vendor::answer(const call_ptr& c, result<T> outcome) {
  if (strikes("timeout_after")) outcome = tl::unexpected(plain(errc::retry_later, "timeout", "Too late."));
  if (strikes("broken_answer", 3))
    outcome = tl::unexpected(plain(errc::broken, "vendor_answer_unreadable", "Not what was asked for."));
  log_.say([&] { return "  " + c->verb + " -> " + (outcome ? std::string("ok") : outcome.error().code); });
  held_calendar::answer_call<T>(c, std::move(outcome));
}

/// Who may call at all: tokens, quotas.
std::optional<error> vendor::admission(account* a, const call_ptr& c, instant now) {
  if (a == nullptr) return plain(errc::reauthorize, "access_token_refused", "Nobody's token.");
  auto token = a->access.find(c->who.access_token);
  if (token == a->access.end() || token->second <= now)
    return plain(errc::reauthorize, "access_token_refused", "The token is not valid.");
  if (strikes("token_refused", 3))
    return plain(errc::reauthorize, "access_token_refused",
                 "The token is not valid, says one of our servers.");
  if (now < a->throttled_until)
    return plain(errc::retry_later, "vendor_rate_limited", "Too many requests.",
                 std::chrono::duration_cast<std::chrono::milliseconds>(a->throttled_until - now));
  if (strikes("throttled")) {
    const auto wait = std::chrono::seconds(1 + dice_.below(90));
    a->throttled_until = now + wait;
    return plain(errc::retry_later, "vendor_rate_limited", "Too many requests.", wait);
  }
  if (strikes("unavailable")) return plain(errc::retry_later, "vendor_unavailable", "Not now.");
  if (writes(c->verb) && strikes("write_refused", 4))
    return plain(errc::forbidden, "access_denied", "Not this one.");
  return std::nullopt;
}

std::optional<error> vendor::serve(const call_ptr& c, instant now) {
  ++calls_served;
  log_.count("call:" + c->verb);
  auto* a = owner_of(c->who);
  judge_.call_arrives(a, *c);
  const auto too_late = plain(errc::retry_later, "timeout", "Too late.");
  if (strikes("timeout_before")) {
    c->refuse(too_late);
    return too_late;
  }
  if (auto refused = admission(a, c, now)) {
    log_.count("vendor_error:" + refused->code);
    log_.say([&] { return "  " + c->verb + " -> " + refused->code; });
    c->refuse(*refused);
    return refused;
  }
  if (strikes("late_effect", 2)) {
    ghosts_.push_back({now + std::chrono::milliseconds(dice_.below(latest_effect)), effect_of(a, c)});
    c->refuse(too_late);
    return too_late;
  }
  act(*a, c, now);
  return std::nullopt;
}

void vendor::act(account& a, const call_ptr& c, instant now) {
  if (c->verb == "list_changes") return listing(a, c);
  if (c->verb == "get_event") return answer(c, a.model.get(c->as<event_id>()));
  if (c->verb == "insert_event") return answer(c, insert(a, c->as<net::new_event>(), now));
  if (c->verb == "update_event") return answer(c, update(a, c->as<net::event_update>(), now));
  if (c->verb == "delete_event") return answer(c, erase(a, c->as<event_deletion>(), now));
  if (c->verb == "write_occurrence")
    return answer(c, write_occurrence(a, c->as<net::occurrence_write>(), now));
  if (c->verb == "list_calendars") {
    std::vector<calendar_listing> all{{a.calendar, "Work", "Europe/Berlin", true, true}};
    return answer(c, result<std::vector<calendar_listing>>(all));
  }
  if (c->verb == "open_channel") return answer(c, open_channel(a, c->as<net::channel_request>(), now));
  if (c->verb == "renew_channel") {
    auto renewed = c->as<channel>();
    auto at = a.channels.find(renewed.id);
    if (at == a.channels.end() || at->second.expires_at <= now)
      return answer<channel>(c, failure(errc::not_found, "channel_not_found", "There is no such channel."));
    renewed.expires_at = at->second.expires_at = now + most_graph_channel;
    return answer<channel>(c, renewed);
  }
  if (c->verb == "close_channel") return answer(c, result<bool>(a.channels.erase(c->as<channel>().id) > 0));
  throw std::logic_error("no vendor serves " + c->verb);
}

/// What a request does when nobody hears its answer.
vendor::effect vendor::effect_of(account* a, const call_ptr& c) {
  if (a == nullptr) return [](instant) {};
  if (c->verb == "insert_event")
    return [this, a, what = c->as<net::new_event>()](instant t) {
      // To bring back what was deleted takes a second request, which nobody sends any more.
      if (!a->model.events.contains(what.event)) (void)insert(*a, what, t);
    };
  if (c->verb == "update_event")
    return [this, a, what = c->as<net::event_update>()](instant t) { (void)update(*a, what, t); };
  if (c->verb == "delete_event")
    return [this, a, what = c->as<event_deletion>()](instant t) { (void)erase(*a, what, t); };
  if (c->verb == "write_occurrence")
    return
        [this, a, what = c->as<net::occurrence_write>()](instant t) { (void)write_occurrence(*a, what, t); };
  if (c->verb == "open_channel")
    return [this, a, what = c->as<net::channel_request>()](instant t) { (void)open_channel(*a, what, t); };
  return [](instant) {};
}

void vendor::abandon(const call_ptr& c, instant now) {
  if (dice_.coin()) return;
  log_.count("fault:abandoned_call_carried_out");
  ghosts_.push_back(
      {now + std::chrono::milliseconds(dice_.below(latest_effect)), effect_of(owner_of(c->who), c)});
}

void vendor::time_out(const call_ptr& c, instant now) {
  if (dice_.coin()) effect_of(owner_of(c->who), c)(now);
  c->refuse(plain(errc::retry_later, "timeout", "Too late."));
}

// ---------------------------------------------------------------- reading

/// Pages of up to three events, and the ways in which listings have gone wrong.
void vendor::listing(account& a, const call_ptr& c) {
  const auto& what = c->as<net::list_request>();
  if (!what.cursor.empty() && what.page.empty() && strikes("cursor_void", 2)) a.model.forget_cursors();
  if (!what.page.empty() && strikes("page_fails"))
    return c->refuse(plain(errc::retry_later, "vendor_unavailable", "Not this page."));
  auto page = a.model.list(what, 3);
  if (!page) return answer(c, std::move(page));
  if (what.cursor.empty() && !page->events.empty() && strikes("listing_misses", 2)) {
    const auto missed = page->events.begin() + dice_.below(page->events.size());
    a.hidden.insert(missed->id);
    page->events.erase(missed);
  }
  if (!page->events.empty() && strikes("listing_repeats")) {
    const auto again = dice_.pick(page->events); // names an element that push_back may move
    page->events.push_back(again);
  }
  if (!page->next_page.empty() && !what.page.empty() && strikes("listing_cycles", 2))
    page->next_page = what.page;
  answer(c, std::move(page));
}

// ---------------------------------------------------------------- writing

result<calendar_event> vendor::insert(account& a, const net::new_event& e, instant now) {
  auto made = a.model.insert(e, now);
  if (made && !made->stood_already) {
    judge_.event_inserted(a, e, *made);
    changed(a, now);
  }
  return made;
}

result<calendar_event> vendor::update(account& a, const net::event_update& u, instant now) {
  auto before = a.model.events.find(u.event);
  std::optional<calendar_event> was;
  if (before != a.model.events.end()) was = before->second.now;
  auto written = a.model.update(u, now);
  if (u.version.empty()) judge_.unguarded("an update without a version");
  if (written) {
    const auto& now_there = a.model.events.at(u.event).now; // of a series the answer tells the master alone
    judge_.event_updated(a, *was, u, now_there);
    judge_.check_guests_of_event(a, *was, now_there);
    judge_.check_extras(a, u.event);
    changed(a, now);
  }
  return written;
}

result<bool> vendor::erase(account& a, const event_deletion& d, instant now) {
  auto at = a.model.events.find(d.event);
  std::optional<model_event> was;
  if (at != a.model.events.end()) was = at->second;
  auto removed = a.model.erase(d.event, d.version, now);
  if (removed && *removed) {
    judge_.event_erased(a, *was, d.version);
    if (at->second.now.removed && dice_.coin()) at->second.purged = true;
    changed(a, now);
  }
  return removed;
}

result<bool> vendor::write_occurrence(account& a, const net::occurrence_write& w, instant now) {
  auto written = a.model.write_occurrence(w, now);
  if (written && *written) {
    judge_.check_extras(a, w.series);
    changed(a, now);
  }
  return written;
}

result<channel> vendor::open_channel(account& a, const net::channel_request& r, instant now) {
  channel c;
  const bool google = a.model.type() == provider_type::google;
  c.id = google ? r.channel_id : "subscription-" + std::to_string(++a.tokens);
  if (google) c.resource_id = "resource";
  c.expires_at = std::min(r.expires_at, now + most_graph_channel);
  if (a.channels.contains(c.id)) return failure(errc::duplicate, "channel_exists", "The id is taken.");
  if (!google)
    for (const auto& [id, other] : a.channels)
      if (other.expires_at > now) return failure(errc::duplicate, "channel_exists", "There is one already.");
  a.channels[c.id] = {r.secret, c.expires_at};
  return c;
}

// ---------------------------------------------------------------- people and notices

void vendor::person_put(account& a, calendar_event e, instant now) {
  a.model.put(std::move(e), now);
  changed(a, now);
}

void vendor::person_puts_occurrences(account& a, calendar_event e, instant now, bool silently) {
  a.model.put_occurrences(std::move(e), now).history.back().silent = silently;
  changed(a, now);
}

void vendor::person_remove(account& a, const event_id& id, instant now) {
  a.model.remove(id, now);
  if (dice_.coin()) a.model.events.at(id).purged = true;
  changed(a, now);
}

/// A notice for every channel that stands: soon, late, twice or never.
void vendor::changed(account& a, instant now) {
  for (const auto& [id, c] : a.channels) {
    if (c.expires_at <= now || strikes("notice_lost")) continue;
    auto delay = std::chrono::milliseconds(dice_.below(1'500));
    if (strikes("notice_late")) delay += std::chrono::seconds(dice_.below(240));
    notices_.push_back({&a, c.secret, now + delay});
    if (strikes("notice_doubled")) notices_.push_back({&a, c.secret, now + delay * 2});
  }
}

std::vector<notice> vendor::due_notices(instant now) {
  std::vector<notice> due;
  std::erase_if(notices_, [&](const notice& n) {
    if (n.due > now) return false;
    due.push_back(n);
    return true;
  });
  return due;
}

void vendor::repeat(notice n, instant now) {
  constexpr int most_tries = 10;
  n.due = now + std::chrono::seconds(2 + dice_.below(20));
  if (++n.tries < most_tries) notices_.push_back(std::move(n));
}

void vendor::let_time_pass(instant now) {
  std::vector<ghost> landing;
  std::erase_if(ghosts_, [&](ghost& g) {
    if (g.due > now) return false;
    landing.push_back(std::move(g));
    return true;
  });
  for (auto& g : landing) {
    log_.say([] { return std::string("  a late request reaches its vendor"); });
    g.effect(now);
  }
}

} // namespace kalends::simulation
