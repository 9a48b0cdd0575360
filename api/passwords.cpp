// SPDX-License-Identifier: Apache-2.0
#include "api/passwords.hpp"

#include "api/handling.hpp"
#include "api/sessions.hpp"
#include "net/crypto.hpp"
#include "net/password.hpp"
#include "net/totp.hpp"
#include "observe/log.hpp"
#include "persistence/sign_in.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

constexpr std::size_t salt_bytes = 16;

error too_much_waits() {
  return {
      errc::retry_later, "sign_in_busy", "Too many people sign in just now.", {}, std::chrono::seconds(5)};
}

/// What is reckoned in place of an account that there is not.
const operator_account& nobodys_account() {
  static const operator_account none = [] {
    operator_account o;
    o.password = {std::string(salt_bytes, 's'), {}, std::string(32, '\0')};
    o.totp_secret = std::string(net::totp_secret_bytes, 't');
    return o;
  }();
  return none;
}

result<std::string> hash_of(const std::string& password, const password_hash& like) {
  return net::scrypt(password, like.salt, like.cost.n, like.cost.r, like.cost.p);
}

/// The attempt is counted; what keeps it from being made.
std::optional<error> count_attempt(const call& c, const std::string& email) {
  const auto now = c.with().outside.now();
  auto& guard = c.at->sign_in;
  const auto by_address = guard.addresses.take(counted_address(c.request.peer), now);
  const auto by_account = guard.accounts.take(email, now);
  if (!by_address && !by_account) return std::nullopt;
  const auto wait = std::max(by_address.value_or(by_account.value_or(std::chrono::milliseconds(0))),
                             by_account.value_or(by_address.value_or(std::chrono::milliseconds(0))));
  return error{errc::retry_later, "too_many_attempts", "Too many attempts to sign in. Wait.", {}, wait};
}

/// A line of the installation's log, at most one per address and minute; nobody waits for it.
void note_refusal(const call& c, const std::string& code) {
  const auto now = c.with().outside.now();
  if (!c.at->denials.lets_through("session.refused " + counted_address(c.request.peer), now)) return;
  auto line = audit_of(c, "session.refused", "session", {{"code", code}, {"by", "password"}});
  c.with().db.run<bool>(
      {installation_rows()},
      [line = std::move(line)](persistence::transaction& tx) -> result<bool> {
        return persistence::append_installation_log(tx, line).map([] { return true; });
      },
      [](const result<bool>& kept) {
        if (!kept)
          observe::log(observe::log_level::warn, "a refusal could not be recorded",
                       {{"code", kept.error().code}});
      });
}

void refuse(const call_ptr& c) {
  note_refusal(*c, "sign_in_refused");
  c->finish(problem(sign_in_refused()));
}

session session_of(const operator_account& o) {
  session s;
  s.kind = session_kind::operator_;
  s.tenant = installation_rows();
  s.operator_id = o.id;
  s.role = key_role::admin;
  s.actor = "operator:" + o.email;
  s.name = o.email;
  return s;
}

/// Password and code are right: the code is used up, and lets one session begin.
void let_operator_in(const call_ptr& c, const operator_account& account, std::int64_t step) {
  auto work = [c, account, step](persistence::transaction& tx) -> result<std::optional<begun_session>> {
    const auto fresh = persistence::use_totp_step(tx, account.id, step);
    if (!fresh) return tl::unexpected(fresh.error());
    if (!*fresh) return std::nullopt;
    return begin_session(tx, *c, session_of(account), "password").map([](begun_session b) {
      return std::optional(std::move(b));
    });
  };
  ask<std::optional<begun_session>>(c, installation_rows(), std::move(work),
                                    [c, account](const std::optional<begun_session>& b) {
                                      if (!b) return refuse(c);
                                      c->at->sign_in.accounts.forgive(account.email);
                                      c->at->sign_in.addresses.forgive(counted_address(c->request.peer));
                                      answer_begun(c, *b);
                                    });
}

/// Everything is reckoned before anything is compared with what it decides.
void weigh(const call_ptr& c, const operator_proof& given, const std::optional<operator_account>& known) {
  const auto& account = known ? *known : nobodys_account();
  const auto hash = hash_of(given.password, account.password);
  if (!hash) return c->fail(hash.error());
  const bool right = net::equal_in_constant_time(*hash, account.password.hash);
  const auto step = net::matching_totp_step(account.totp_secret, given.code, c->with().outside.now());
  if (!known || !right || !step) return refuse(c);
  let_operator_in(c, account, *step);
}

} // namespace

std::string read_secret(object_reader& body, std::string_view name) {
  const auto* given = body.any(name);
  if (given == nullptr) return {};
  if (!given->is_string() || given->get_string().size() > longest_password) {
    body.refuse("field_too_long", "A text of at most 1024 bytes.", name);
    return {};
  }
  return std::string(given->get_string());
}

void hash_then(const call_ptr& c, std::string password, std::function<void(password_hash)> then) {
  auto work = [c, password = std::move(password), then = std::move(then)] {
    guarded(c, [&] {
      password_hash made;
      made.salt = c->with().outside.random_bytes(salt_bytes);
      auto hash = hash_of(password, made);
      if (!hash) return c->fail(hash.error());
      made.hash = std::move(*hash);
      then(std::move(made));
    });
  };
  if (!c->at->sign_in.reckoning.add(std::move(work))) c->fail(too_much_waits());
}

void sign_in_by_password(const call_ptr& c, operator_proof given) {
  for (char& ch : given.email)
    if (ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch - 'A' + 'a');
  if (auto held_up = count_attempt(*c, given.email)) {
    note_refusal(*c, held_up->code);
    return c->finish(problem(*held_up));
  }
  using found = std::optional<operator_account>;
  auto look = [c, email = given.email](persistence::transaction& tx) {
    return persistence::find_operator(tx, c->with().vault, email);
  };
  ask<found>(c, installation_rows(), std::move(look), [c, given](const found& known) {
    auto work = [c, given, known] { guarded(c, [&] { weigh(c, given, known); }); };
    if (!c->at->sign_in.reckoning.add(std::move(work))) c->fail(too_much_waits());
  });
}

} // namespace kalends::api
