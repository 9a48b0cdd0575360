// SPDX-License-Identifier: Apache-2.0
#include "api/sessions.hpp"

#include "api/handling.hpp"
#include "api/letting_in.hpp"
#include "api/passwords.hpp"
#include "api/session_cookie.hpp"
#include "api/tickets.hpp"
#include "net/crypto.hpp"
#include "observe/log.hpp"
#include "persistence/sign_in.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::size_t token_bytes = 200;

json::string word(std::string_view text) { return json::string(text.data(), text.size()); }

json::value person_json(const std::optional<user>& u) {
  if (!u) return nullptr;
  return json::object{
      {"id", u->id.str()}, {"name", u->name}, {"email", u->email}, {"time_zone", u->time_zone}};
}

json::object session_json(const session& s, std::string_view token, const std::optional<user>& person,
                          const std::optional<tenant>& home, const call& c) {
  const auto now = c.with().outside.now();
  const bool own = s.kind == session_kind::user;
  json::object out{{"kind", word(name_of(s.kind))},
                   {"user", person_json(person)},
                   {"tenant", nullptr},
                   {"role", own ? json::string("user") : word(name_of(s.role))},
                   {"name", person ? person->name : s.name},
                   {"csrf_token", csrf_token_of(token)},
                   {"idle_expires_at", to_rfc3339(idle_end(s, c.with().configured, now))},
                   {"expires_at", to_rfc3339(s.expires_at)}};
  if (home) out["tenant"] = json::object{{"id", home->id.str()}, {"name", home->name}};
  return out;
}

struct surroundings {
  std::optional<user> person;
  std::optional<tenant> home;
};

result<surroundings> surroundings_of(persistence::transaction& tx, const session& s) {
  surroundings out;
  if (s.kind == session_kind::operator_) return out;
  auto home = persistence::find_tenant(tx);
  if (!home) return tl::unexpected(home.error());
  if (!*home) return tl::unexpected(session_expired());
  out.home = std::move(*home);
  if (s.user.empty()) return out;
  auto person = persistence::find_user(tx, s.user);
  if (!person) return tl::unexpected(person.error());
  if (!*person) return tl::unexpected(session_expired());
  out.person = std::move(*person);
  return out;
}

error link_void() {
  return {
      errc::not_found, "link_void", "This link has expired or was used already. Ask for a new one.", {}, {}};
}

session session_of_link(const sign_in_link& l) {
  if (l.tenant == installation_rows()) return session_of_admin_key();
  session s;
  s.tenant = l.tenant;
  s.kind = l.user.empty() ? session_kind::member : session_kind::user;
  s.user = l.user;
  s.role = l.user.empty() ? l.role : key_role::reader;
  s.actor = l.user.empty() ? "link:" + l.id : "user:" + l.user.str();
  s.name = name_of(s.role);
  return s;
}

void sign_in_by_link(const call_ptr& c, const std::string& token) {
  const auto tenant = tenant_of_link(token);
  if (!tenant) return c->finish(problem(link_void()));
  auto work =
      [c, hash = net::sha256(token)](persistence::transaction& tx) -> result<std::optional<begun_session>> {
    const auto link = persistence::take_link(tx, hash, c->with().outside.now());
    if (!link) return tl::unexpected(link.error());
    if (!*link) return std::nullopt; // committed: an expired one is gone
    auto begun = begin_session(tx, *c, session_of_link(**link), "link");
    if (!begun) return tl::unexpected(begun.error());
    begun->return_to = (*link)->return_to;
    return std::move(*begun);
  };
  ask<std::optional<begun_session>>(c, *tenant, std::move(work),
                                    [c, tenant = *tenant](const std::optional<begun_session>& b) {
                                      if (b) return answer_begun(c, *b);
                                      if (tenant != installation_rows())
                                        note_denial(*c, tenant, "link:unknown", "session", "link_void");
                                      c->finish(problem(link_void()));
                                    });
}

void sign_in_by_key(const call_ptr& c, const std::string& key) {
  if (holds(key, c->with().configured.admin_key)) {
    ask<begun_session>(
        c, installation_rows(),
        [c](persistence::transaction& tx) { return begin_session(tx, *c, session_of_admin_key(), "key"); },
        [c](const begun_session& b) { answer_begun(c, b); });
    return;
  }
  const auto tenant = tenant_of_key(key);
  if (!tenant) return c->finish(problem(sign_in_refused()));
  auto work = [c, tenant = *tenant, hash = net::sha256(key)](
                  persistence::transaction& tx) -> result<std::optional<begun_session>> {
    const auto found = look_up_key(tx, hash);
    if (!found) return tl::unexpected(found.error());
    if (!found->key) return std::nullopt;
    session s;
    s.kind = session_kind::member;
    s.tenant = tenant;
    s.key = found->key->id;
    s.role = found->key->role;
    s.actor = "key:" + found->key->id.str();
    s.name = found->key->name;
    return begin_session(tx, *c, std::move(s), "key").map([](begun_session b) {
      return std::optional(std::move(b));
    });
  };
  ask<std::optional<begun_session>>(c, *tenant, std::move(work), [c](const std::optional<begun_session>& b) {
    if (b) return answer_begun(c, *b);
    c->finish(problem(sign_in_refused()));
  });
}

struct sign_in_wish {
  std::string link, key;
  operator_proof account;
};

sign_in_wish read_wish(object_reader& body) {
  sign_in_wish w;
  w.link = body.text("link", {.max_bytes = token_bytes}).value_or("");
  w.key = body.text("key", {.max_bytes = token_bytes}).value_or("");
  w.account.email = body.text("email", {.max_bytes = email_bytes}).value_or("");
  w.account.password = read_secret(body, "password");
  w.account.code = body.text("code", {.max_bytes = 16}).value_or("");
  const bool by_account = !w.account.email.empty();
  if (int(!w.link.empty()) + int(!w.key.empty()) + int(by_account) != 1)
    body.refuse("missing_field", "Sign in with link, with key, or with email, password and code.", "link");
  return w;
}

/// Nobody waits for it: whoever signs in anew has left the session before.
void end_former(const call_ptr& c) {
  const std::string former(session_token(c->request));
  if (former.empty()) return;
  const auto tenant = *tenant_of_session(former);
  c->with().db.run<bool>(
      {tenant},
      [tenant, hash = net::sha256(former)](persistence::transaction& tx) {
        return persistence::delete_session(tx, tenant, hash);
      },
      [](const result<bool>& gone) {
        if (!gone)
          observe::log(observe::log_level::warn, "a former session could not be ended",
                       {{"code", gone.error().code}});
      });
}

} // namespace

error sign_in_refused() {
  return {errc::forbidden, "sign_in_refused", "Signing in with that is not possible.", {}, {}};
}

session session_of_admin_key() {
  session s;
  s.kind = session_kind::operator_;
  s.tenant = installation_rows();
  s.role = key_role::admin;
  s.actor = "admin";
  s.name = "admin";
  return s;
}

result<void> log_sign_in(persistence::transaction& tx, const tenant_id& tenant, const audit_line& line) {
  return tenant == installation_rows() ? persistence::append_installation_log(tx, line)
                                       : persistence::append_audit(tx, line);
}

result<begun_session> begin_session(persistence::transaction& tx, const call& c, session wanted,
                                    const std::string& how) {
  const auto& with = c.with();
  begun_session out;
  out.token = make_session_token(wanted.tenant, with.outside);
  wanted.id = make_uuid(with.outside);
  wanted.hash = net::sha256(out.token);
  wanted.created_at = wanted.last_seen_at = with.outside.now();
  wanted.expires_at = wanted.created_at + with.configured.session_lifetime;
  if (wanted.kind == session_kind::operator_ && wanted.operator_id.empty())
    wanted.proof = proof_of(out.token, with.configured.admin_key);
  auto around = surroundings_of(tx, wanted);
  if (!around) return tl::unexpected(around.error());
  if (auto kept = persistence::insert_session(tx, wanted); !kept) return tl::unexpected(kept.error());
  auto line = audit_of(c, "session.begun", "session:" + wanted.id,
                       {{"kind", word(name_of(wanted.kind))}, {"by", how}});
  line.actor = wanted.actor;
  if (auto a = log_sign_in(tx, wanted.tenant, line); !a) return tl::unexpected(a.error());
  out.person = std::move(around->person);
  out.home = std::move(around->home);
  out.begun = std::move(wanted);
  return out;
}

void answer_begun(const call_ptr& c, const begun_session& b) {
  end_former(c);
  auto shown = session_json(b.begun, b.token, b.person, b.home, *c);
  shown["return_to"] = text_or_null(b.return_to);
  auto answer = json_answer(200, shown);
  answer.headers.emplace_back("Set-Cookie", session_cookie(b.token));
  c->finish(std::move(answer));
}

void begin_session_route(const call_ptr& c) {
  if (!comes_from_here(*c)) return c->finish(problem(csrf_failed()));
  const auto wanted = read_body(*c, read_wish);
  if (!wanted) return c->fail(wanted.error());
  if (!wanted->link.empty()) return sign_in_by_link(c, wanted->link);
  if (!wanted->key.empty()) return sign_in_by_key(c, wanted->key);
  sign_in_by_password(c, wanted->account);
}

void get_session(const call_ptr& c) {
  const auto& s = *c->by_session;
  ask<surroundings>(
      c, s.tenant, [s](persistence::transaction& tx) { return surroundings_of(tx, s); },
      [c, s](const surroundings& around) {
        auto shown = session_json(s, session_token(c->request), around.person, around.home, *c);
        shown["return_to"] = nullptr;
        c->finish(json_answer(200, shown));
      });
}

void end_session(const call_ptr& c) {
  const auto& s = *c->by_session;
  ask<bool>(
      c, s.tenant,
      [c, s](persistence::transaction& tx) -> result<bool> {
        const auto gone = persistence::delete_session(tx, s.tenant, s.hash);
        if (!gone || !*gone) return gone;
        return log_sign_in(tx, s.tenant, audit_of(*c, "session.ended", "session:" + s.id)).map([] {
          return true;
        });
      },
      [c](bool) {
        auto answer = no_content();
        answer.headers.emplace_back("Set-Cookie", expired_session_cookie());
        c->finish(std::move(answer));
      });
}

} // namespace kalends::api
