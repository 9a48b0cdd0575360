// SPDX-License-Identifier: Apache-2.0
#include "api/letting_in.hpp"

#include "api/handling.hpp"
#include "api/person_rules.hpp"
#include "api/session_cookie.hpp"
#include "api/tickets.hpp"
#include "net/crypto.hpp"
#include "persistence/sign_in.hpp"

#include <utility>

namespace kalends::api {
namespace {

using begin_call = void (*)(const call_ptr&);

constexpr std::string_view tenant_header = "X-Kalends-Tenant";

error unauthenticated() {
  return {
      errc::forbidden, "unauthenticated", "Authorization: Bearer with a valid key, or a session.", {}, {}};
}

error no_such_tenant() { return {errc::not_found, "tenant_not_found", "There is no such thing.", {}, {}}; }

/// The tenant that the request names besides its key or session; an event source can set no header. Empty if
/// it names none.
std::string named_tenant(const call& c) {
  if (const auto named = net::find_header(c.request.headers, tenant_header); !named.empty())
    return std::string(named);
  if (c.where->path == "/v1/events/stream")
    for (auto& [name, value] : net::parse_query(c.request.query))
      if (name == "tenant_id") return value;
  return {};
}

bool role_suffices(key_role has, access needs) {
  switch (needs) {
  case access::reader:
    return true;
  case access::operator_:
    return has != key_role::reader;
  case access::admin:
    return has == key_role::admin;
  case access::open:
  case access::installation:
  case access::scraper:
  case access::session:
    break;
  }
  return false;
}

void deny(const call_ptr& c, const error& e) {
  note_denial(*c, c->who.tenant, c->who.actor(),
              "route:" + std::string(c->where->method) + " " + std::string(c->where->path), e.code);
  c->finish(problem(e));
}

/// A person goes on with what is theirs; what is not is not there.
void let_person_in(const call_ptr& c, begin_call begin) {
  const auto rule = rule_for_person(*c->where);
  if (rule == person_rule::refused)
    return deny(c, {errc::forbidden, "not_yours", "This is not for you to see or to change.", {}, {}});
  if (rule == person_rule::own_rows) return begin(c);
  const auto thing = *thing_of(*c->where);
  const auto id = path_id<std::string>(*c, 0, not_found_code(thing));
  if (!id) return c->fail(id.error());
  ask<bool>(
      c, c->who.tenant,
      [person = c->who.user, thing, id = *id](persistence::transaction& tx) {
        return persistence::is_own(tx, person, thing, id);
      },
      [c, begin, thing](bool own) {
        if (own) return begin(c);
        c->fail({errc::not_found, not_found_code(thing), "There is no such thing.", {}, {}});
      });
}

void let_in(const call_ptr& c, principal who, begin_call begin) {
  c->who = std::move(who);
  if (c->who.person()) return let_person_in(c, begin);
  if (c->where->needs == access::session || role_suffices(c->who.role, c->where->needs)) return begin(c);
  deny(c, {errc::forbidden, "role_too_low", "This key's or session's role does not permit that.", {}, {}});
}

/// Whoever has a tenant of their own may name it, and no other.
bool names_another(const call& c, const tenant_id& own) {
  const auto named = named_tenant(c);
  return !named.empty() && named != own.str();
}

void check_tenant_key(const call_ptr& c, std::string_view token, begin_call begin) {
  const auto tenant = tenant_of_key(token);
  if (!tenant) return c->finish(problem(unauthenticated()));
  const auto hash = net::sha256(token);
  auto go_on = [c, begin](const principal& who) {
    if (!names_another(*c, who.tenant)) return let_in(c, who, begin);
    c->who = who;
    deny(c, no_such_tenant());
  };
  if (auto known = c->at->keys.find(hash, c->with().outside.now())) return go_on(*known);
  ask<key_lookup>(
      c, *tenant, [hash](persistence::transaction& tx) { return look_up_key(tx, hash); },
      [c, tenant = *tenant, hash, go_on](key_lookup found) {
        if (!found.key) {
          if (found.known_tenant)
            note_denial(*c, tenant, "key:unknown", "tenant:" + tenant.str(), "unauthenticated");
          return c->finish(problem(unauthenticated()));
        }
        const principal who{principal::kind::key, tenant, found.key->id, found.key->role};
        c->at->keys.keep(hash, who, c->with().outside.now());
        go_on(who);
      });
}

/// Goes on within a tenant for somebody who may act for all of them.
void enter_tenant(const call_ptr& c, principal who, const std::string& named, begin_call begin) {
  if (!is_uuid(named)) return c->finish(problem(no_such_tenant()));
  const tenant_id wanted(named);
  ask<bool>(
      c, wanted,
      [](persistence::transaction& tx) {
        return persistence::find_tenant(tx).map([](const auto& t) { return t.has_value(); });
      },
      [c, who = std::move(who), wanted, begin](bool there) mutable {
        if (!there) return c->finish(problem(no_such_tenant()));
        who.tenant = wanted;
        who.role = key_role::admin;
        let_in(c, std::move(who), begin);
      });
}

bool is_for_installation(access needs) { return needs == access::installation || needs == access::scraper; }

void check_key(const call_ptr& c, begin_call begin) {
  const auto token = bearer_token(net::find_header(c->request.headers, "Authorization"));
  const auto& s = c->with().configured;
  const auto needs = c->where->needs;
  if (needs == access::session) return c->finish(problem(unauthenticated()));
  if (is_for_installation(needs)) {
    if (!holds(token, s.admin_key) && !(needs == access::scraper && holds(token, s.metrics_token)))
      return c->finish(problem(unauthenticated()));
    c->who.is = principal::kind::installation;
    return begin(c);
  }
  const auto named = named_tenant(*c);
  if (named.empty() || !holds(token, s.admin_key)) return check_tenant_key(c, token, begin);
  principal who;
  who.is = principal::kind::installation;
  enter_tenant(c, std::move(who), named, begin);
}

principal principal_of(const session& s) {
  principal who;
  who.role = s.role;
  who.called = s.actor;
  who.key = s.key;
  switch (s.kind) {
  case session_kind::user:
    who.is = principal::kind::user;
    who.tenant = s.tenant;
    who.user = s.user;
    break;
  case session_kind::member:
    who.is = principal::kind::member;
    who.tenant = s.tenant;
    break;
  case session_kind::operator_:
    who.is = principal::kind::operator_;
    break;
  }
  return who;
}

void go_on_by_session(const call_ptr& c, const session& s, begin_call begin) {
  const auto needs = c->where->needs;
  auto who = principal_of(s);
  c->by_session = s;
  if (who.runs_all()) {
    const auto named = named_tenant(*c);
    c->who = who;
    if (is_for_installation(needs) || needs == access::session) return begin(c);
    if (!named.empty()) return enter_tenant(c, std::move(who), named, begin);
    return c->finish(problem({errc::invalid,
                              "tenant_needed",
                              "Whoever acts for all tenants names one with X-Kalends-Tenant.",
                              "X-Kalends-Tenant",
                              {}}));
  }
  if (names_another(*c, who.tenant)) {
    c->who = std::move(who);
    return deny(c, no_such_tenant());
  }
  let_in(c, std::move(who), begin);
}

void check_session(const call_ptr& c, const std::string& token, begin_call begin) {
  auto refuse = [](const call_ptr& to, const error& e) {
    auto answer = problem(e);
    if (e.code == "session_expired") answer.headers.emplace_back("Set-Cookie", expired_session_cookie());
    to->finish(std::move(answer));
  };
  c->with().db.run<session>(
      {*tenant_of_session(token)},
      [c, token](persistence::transaction& tx) {
        const auto now = c->with().outside.now();
        auto found = find_live_session(tx, c->with().configured, now, token);
        if (found) persistence::touch_session(tx, *found, now);
        return found;
      },
      [c, token, begin, refuse](result<session> found) {
        guarded(c, [&] {
          if (!found) return refuse(c, found.error());
          const bool reads = c->request.method == "GET" || c->request.method == "HEAD";
          if (reads || proves_intent(*c, token)) return go_on_by_session(c, *found, begin);
          c->who = principal_of(*found);
          deny(c, csrf_failed());
        });
      });
}

} // namespace

bool holds(std::string_view token, const std::string& secret) {
  return !secret.empty() && net::equal_in_constant_time(net::sha256(token), net::sha256(secret));
}

result<key_lookup> look_up_key(persistence::transaction& tx, const std::string& hash) {
  auto key = persistence::find_key_by_hash(tx, hash);
  if (!key) return tl::unexpected(key.error());
  if (*key) return key_lookup{std::move(*key), true};
  return persistence::find_tenant(tx).map([](const auto& t) {
    return key_lookup{std::nullopt, t.has_value()};
  });
}

error session_expired() {
  return {errc::forbidden, "session_expired", "The session is over. Sign in again.", {}, {}};
}

result<session> find_live_session(persistence::transaction& tx, const settings& configured, instant now,
                                  const std::string& token) {
  const auto tenant = tenant_of_session(token);
  if (!tenant) return tl::unexpected(session_expired());
  const auto found = persistence::find_session(tx, *tenant, net::sha256(token));
  if (!found) return tl::unexpected(found.error());
  if (!*found || !is_alive(**found, configured, now)) return tl::unexpected(session_expired());
  const auto& s = **found;
  if (!s.proof.empty() && !net::equal_in_constant_time(s.proof, proof_of(token, configured.admin_key)))
    return tl::unexpected(session_expired());
  return s;
}

session_check check_of(const call& c) {
  if (!c.by_session) return [](const std::function<void(result<void>)>& done) { done({}); };
  // Not the house itself: what is open hangs on it. One check at a time.
  const auto checked = std::make_shared<instant>(c.with().outside.now());
  const auto configured = std::make_shared<const settings>(c.with().configured);
  return [&db = c.with().db, outside = c.with().outside, configured, checked,
          token = std::string(session_token(c.request))](std::function<void(result<void>)> done) {
    const auto now = outside.now();
    if (now - *checked < session_check_interval) return done({});
    *checked = now;
    db.run<session>(
        {*tenant_of_session(token)},
        [configured, now, token](persistence::transaction& tx) {
          return find_live_session(tx, *configured, now, token);
        },
        [done = std::move(done)](const result<session>& found) { done(found.map([](const session&) {})); });
  };
}

void let_in_then(const call_ptr& c, void (*begin)(const call_ptr&)) {
  if (c->where->needs == access::open) return c->where->begin(c);
  const auto token = session_token(c->request);
  const bool by_key = !net::find_header(c->request.headers, "Authorization").empty();
  if (by_key || token.empty() || c->where->needs == access::scraper) return check_key(c, begin);
  check_session(c, std::string(token), begin);
}

} // namespace kalends::api
