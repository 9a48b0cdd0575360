// SPDX-License-Identifier: Apache-2.0
#include "persistence/sign_in.hpp"

#include "persistence/row_codec.hpp"

#define KALENDS_SESSION_COLUMNS                                                                              \
  "session_id, session_hash, kind, tenant_id, user_id, key_id, operator_id, role, actor, name, proof,"       \
  " created_at, last_seen_at, expires_at"

namespace kalends::persistence {
namespace {

const statement add_session{"insert_session",
                            "INSERT INTO sessions (" KALENDS_SESSION_COLUMNS ") VALUES ($1, $2, $3, $4, $5,"
                            " $6, $7, $8, $9, $10, $11, $12, $13, $14)"};
const statement select_session{
    "find_session", "SELECT " KALENDS_SESSION_COLUMNS " FROM sessions s WHERE s.tenant_id = $1"
                    " AND s.session_hash = $2 AND (s.key_id IS NULL OR EXISTS (SELECT FROM api_keys k"
                    " WHERE k.tenant_id = s.tenant_id AND k.key_id = s.key_id AND k.revoked_at IS NULL))"};
const statement see_session{"touch_session", "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1"
                                             " AND session_hash = $2 AND last_seen_at < $3"};
const statement drop_session{"delete_session",
                             "DELETE FROM sessions WHERE tenant_id = $1 AND session_hash = $2"};
const statement drop_sessions_of{"delete_sessions_of_operator",
                                 "DELETE FROM sessions WHERE tenant_id = $1 AND operator_id = $2"};
const statement drop_old_sessions{
    "forget_sessions", "DELETE FROM sessions WHERE tenant_id = $1 AND session_hash IN (SELECT session_hash"
                       " FROM sessions WHERE tenant_id = $1 AND (expires_at <= $2 OR last_seen_at <= $3)"
                       " LIMIT $4)"};
const statement drop_old_links{
    "forget_links", "DELETE FROM sign_in_links WHERE tenant_id = $1 AND link_hash IN (SELECT link_hash"
                    " FROM sign_in_links WHERE tenant_id = $1 AND expires_at <= $2 LIMIT $3)"};

const statement add_link{"insert_link", "INSERT INTO sign_in_links (tenant_id, link_hash, link_id, user_id,"
                                        " role, return_to, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
const statement use_link{"take_link", "DELETE FROM sign_in_links WHERE tenant_id = $1 AND link_hash = $2"
                                      " RETURNING link_id, user_id, role, return_to, expires_at"};

const statement add_operator{"insert_operator",
                             "INSERT INTO operators (tenant_id, operator_id, email, salt, scrypt_n, scrypt_r,"
                             " scrypt_p, password_hash, sealed_totp, last_totp_step, created_at)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
const statement select_operator{
    "find_operator", "SELECT operator_id, email, created_at, salt, scrypt_n, scrypt_r, scrypt_p,"
                     " password_hash, sealed_totp, last_totp_step FROM operators WHERE tenant_id = $1"
                     " AND email = $2"};
const statement select_operators{"list_operators", "SELECT operator_id, email, created_at FROM operators"
                                                   " WHERE tenant_id = $1 ORDER BY operator_id"};
const statement renew_operator{
    "reset_operator", "UPDATE operators SET salt = $3, scrypt_n = $4, scrypt_r = $5, scrypt_p = $6,"
                      " password_hash = $7, sealed_totp = $8, last_totp_step = 0 WHERE tenant_id = $1"
                      " AND operator_id = $2"};
const statement drop_operator{"delete_operator",
                              "DELETE FROM operators WHERE tenant_id = $1 AND operator_id = $2"};
const statement use_step{"use_totp_step", "UPDATE operators SET last_totp_step = $3 WHERE tenant_id = $1"
                                          " AND operator_id = $2 AND last_totp_step < $3"};

const statement add_line{"append_installation_log",
                         "INSERT INTO installation_log (tenant_id, audit_id, happened_at, actor, action,"
                         " subject, detail, peer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
const statement select_lines{"list_installation_log",
                             "SELECT audit_id, happened_at, actor, action, subject, detail, peer"
                             " FROM installation_log WHERE tenant_id = $1 AND audit_id < $2"
                             " ORDER BY audit_id DESC LIMIT $3"};

std::string totp_row(const std::string& id) { return "operators/" + id + "/totp"; }

sql_value uuid_or_null(const std::string& id) { return text_or_null(id); }

session read_session(const rows& found) {
  session s;
  s.id = found.text(0, 0);
  s.hash = found.bytes(0, 1);
  s.kind = read_enum<session_kind>(found.view(0, 2));
  s.tenant = found.as<tenant_id>(0, 3);
  s.user = user_id(found.optional_text(0, 4).value_or(""));
  s.key = api_key_id(found.optional_text(0, 5).value_or(""));
  s.operator_id = found.optional_text(0, 6).value_or("");
  s.role = read_enum<key_role>(found.view(0, 7));
  s.actor = found.text(0, 8);
  s.name = found.text(0, 9);
  if (!found.is_null(0, 10)) s.proof = found.bytes(0, 10);
  s.created_at = found.time(0, 11);
  s.last_seen_at = found.time(0, 12);
  s.expires_at = found.time(0, 13);
  return s;
}

result<void> nothing(const result<rows>& done) {
  return done.map([](const rows&) {});
}
result<bool> touched(const result<rows>& done) {
  return done.map([](const rows& r) { return r.affected() > 0; });
}
result<std::size_t> counted(const result<rows>& done) {
  return done.map([](const rows& r) { return r.affected(); });
}

} // namespace

result<void> insert_session(transaction& tx, const session& s) {
  return nothing(tx.query(add_session, {s.id, sql_bytes(s.hash), name_of(s.kind), s.tenant, s.user, s.key,
                                        uuid_or_null(s.operator_id), name_of(s.role), s.actor, s.name,
                                        bytes_or_null(s.proof), s.created_at, s.last_seen_at, s.expires_at}));
}

result<std::optional<session>> find_session(transaction& tx, const tenant_id& tenant,
                                            const std::string& hash) {
  return tx.query(select_session, {tenant, sql_bytes(hash)}).map([](const rows& r) {
    return r.empty() ? std::nullopt : std::optional(read_session(r));
  });
}

void touch_session(transaction& tx, const session& s, instant now) {
  if (now - s.last_seen_at < session_seen_interval) return;
  tx.defer(see_session, {s.tenant, sql_bytes(s.hash), now});
}

result<bool> delete_session(transaction& tx, const tenant_id& tenant, const std::string& hash) {
  return touched(tx.query(drop_session, {tenant, sql_bytes(hash)}));
}

result<std::size_t> delete_sessions_of_operator(transaction& tx, const std::string& operator_id) {
  return counted(tx.query(drop_sessions_of, {installation_rows(), operator_id}));
}

result<std::size_t> delete_expired_sign_ins(transaction& tx, instant now, instant seen_before,
                                            std::size_t most) {
  const auto done = tx.query_all({{drop_old_sessions, {tx.tenant(), now, seen_before, most}},
                                  {drop_old_links, {tx.tenant(), now, most}}});
  if (!done) return tl::unexpected(done.error());
  return (*done)[0].affected() + (*done)[1].affected();
}

result<void> insert_link(transaction& tx, const sign_in_link& l) {
  return nothing(tx.query(
      add_link, {l.tenant, sql_bytes(l.hash), l.id, l.user, name_of(l.role), l.return_to, l.expires_at}));
}

result<std::optional<sign_in_link>> take_link(transaction& tx, const std::string& hash, instant now) {
  const auto found = tx.query(use_link, {tx.tenant(), sql_bytes(hash)});
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  sign_in_link l;
  l.id = found->text(0, 0);
  l.hash = hash;
  l.tenant = tx.tenant();
  l.user = user_id(found->optional_text(0, 1).value_or(""));
  l.role = read_enum<key_role>(found->view(0, 2));
  l.return_to = found->text(0, 3);
  l.expires_at = found->time(0, 4);
  if (l.expires_at <= now) return std::nullopt;
  return l;
}

result<void> insert_operator(transaction& tx, const token_vault& vault, const operator_account& o) {
  const auto& p = o.password;
  return nothing(
      tx.query(add_operator,
               {installation_rows(), o.id, o.email, sql_bytes(p.salt), p.cost.n, p.cost.r, p.cost.p,
                sql_bytes(p.hash), sql_bytes(vault.seal(installation_rows(), totp_row(o.id), o.totp_secret)),
                o.last_totp_step, o.created_at}));
}

result<std::optional<operator_account>> find_operator(transaction& tx, const token_vault& vault,
                                                      const std::string& email) {
  const auto found = tx.query(select_operator, {installation_rows(), email});
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  operator_account o;
  o.id = found->text(0, 0);
  o.email = found->text(0, 1);
  o.created_at = found->time(0, 2);
  o.password.salt = found->bytes(0, 3);
  o.password.cost = {found->integer(0, 4), static_cast<int>(found->integer(0, 5)),
                     static_cast<int>(found->integer(0, 6))};
  o.password.hash = found->bytes(0, 7);
  o.last_totp_step = found->integer(0, 9);
  auto secret = vault.open(installation_rows(), totp_row(o.id), found->bytes(0, 8));
  if (!secret) return tl::unexpected(secret.error());
  o.totp_secret = std::move(*secret);
  return o;
}

result<std::vector<operator_account>> list_operators(transaction& tx) {
  return tx.query(select_operators, {installation_rows()}).map([](const rows& r) {
    return read_all<operator_account>(r, [](const rows& found, std::size_t i) {
      operator_account o;
      o.id = found.text(i, 0);
      o.email = found.text(i, 1);
      o.created_at = found.time(i, 2);
      return o;
    });
  });
}

result<bool> reset_operator(transaction& tx, const token_vault& vault, const operator_account& o) {
  const auto& p = o.password;
  return touched(
      tx.query(renew_operator,
               {installation_rows(), o.id, sql_bytes(p.salt), p.cost.n, p.cost.r, p.cost.p, sql_bytes(p.hash),
                sql_bytes(vault.seal(installation_rows(), totp_row(o.id), o.totp_secret))}));
}

result<bool> delete_operator(transaction& tx, const std::string& id) {
  return touched(tx.query(drop_operator, {installation_rows(), id}));
}

result<bool> use_totp_step(transaction& tx, const std::string& id, std::int64_t step) {
  return touched(tx.query(use_step, {installation_rows(), id, step}));
}

result<void> append_installation_log(transaction& tx, const audit_line& line) {
  return nothing(tx.query(add_line, {installation_rows(), line.id, line.time, line.actor, line.action,
                                     line.subject, line.detail, line.peer}));
}

result<page_of<audit_line>> list_installation_log(transaction& tx, const std::string& cursor,
                                                  std::size_t limit) {
  const auto from = continue_from(cursor, highest_uuid);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  const auto found = tx.query(select_lines, {installation_rows(), *from, size + 1});
  if (!found) return tl::unexpected(found.error());
  return read_page<audit_line>(
      *found, size,
      [](const rows& r, std::size_t i) {
        return audit_line{r.text(i, 0), r.time(i, 1), r.text(i, 2), r.text(i, 3),
                          r.text(i, 4), r.text(i, 5), r.text(i, 6)};
      },
      [](const audit_line& l) { return l.id; });
}

} // namespace kalends::persistence
