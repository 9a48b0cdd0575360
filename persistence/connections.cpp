// SPDX-License-Identifier: Apache-2.0
#include "persistence/connections.hpp"

#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <utility>

namespace kalends::persistence {
namespace {

const statement upsert_app{
    "put_oauth_app",
    "INSERT INTO oauth_apps (tenant_id, type, client_id, sealed_secret, authority_tenant)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, type) DO UPDATE SET client_id = excluded.client_id,"
    " sealed_secret = excluded.sealed_secret, authority_tenant = excluded.authority_tenant"};
const statement select_app{"find_oauth_app",
                           "SELECT client_id, sealed_secret, authority_tenant FROM oauth_apps"
                           " WHERE tenant_id = $1 AND type = $2"};
const statement drop_app{"delete_oauth_app", "DELETE FROM oauth_apps WHERE tenant_id = $1 AND type = $2"};

#define KALENDS_AUTHORIZATION_COLUMNS                                                                        \
  "state_hash, provider_id, user_id, type, sealed_verifier, nonce, browser_hash, redirect_uri, return_to,"   \
  " expires_at"
const statement add_authorization{
    "insert_authorization", "INSERT INTO oauth_authorizations (tenant_id, " KALENDS_AUTHORIZATION_COLUMNS
                            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
const statement bind_authorization{
    "bind_browser",
    "UPDATE oauth_authorizations SET browser_hash = $3 WHERE tenant_id = $1 AND state_hash = $2"
    " AND expires_at > $4 AND (browser_hash IS NULL OR browser_hash = $3)"
    " RETURNING " KALENDS_AUTHORIZATION_COLUMNS};
// One statement, so that of any number of callbacks with one state a single one gets the row.
const statement take_authorization{"consume_authorization",
                                   "DELETE FROM oauth_authorizations WHERE tenant_id = $1 AND state_hash = $2"
                                   " AND browser_hash = $3 AND expires_at > $4"
                                   " RETURNING " KALENDS_AUTHORIZATION_COLUMNS};
const statement drop_expired{"delete_expired_authorizations",
                             "DELETE FROM oauth_authorizations WHERE expires_at <= $1"};

const statement upsert_grant{
    "put_grant", "INSERT INTO oauth_grants (tenant_id, provider_id, sealed_access, sealed_refresh, "
                 "access_expires_at, scope)"
                 " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, provider_id) DO UPDATE SET"
                 " sealed_access = excluded.sealed_access, sealed_refresh = excluded.sealed_refresh,"
                 " access_expires_at = excluded.access_expires_at, scope = excluded.scope"};
const statement select_grant{
    "find_grant", "SELECT sealed_access, sealed_refresh, access_expires_at, scope FROM oauth_grants"
                  " WHERE tenant_id = $1 AND provider_id = $2"};
const statement drop_grant{"delete_grant",
                           "DELETE FROM oauth_grants WHERE tenant_id = $1 AND provider_id = $2"};

// Another account is let in only while nothing has come of the first one.
const statement connect_calendar{
    "connect_provider",
    "UPDATE providers p SET account = $3, subject = $4, calendar_id = $5, calendar_name = $6"
    " FROM provider_state s WHERE p.tenant_id = $1 AND p.provider_id = $2 AND s.tenant_id = p.tenant_id"
    " AND s.provider_id = p.provider_id AND (p.subject IN ('', $4) OR (s.last_sync_at IS NULL"
    " AND s.sealed_cursor IS NULL AND NOT EXISTS (SELECT FROM mappings m WHERE m.tenant_id = p.tenant_id"
    " AND m.provider_id = p.provider_id)))"};
const statement activate{
    "activate_provider",
    "UPDATE provider_state SET status = CASE status WHEN 'leaving' THEN status ELSE 'active' END,"
    " problem_code = NULL,"
    " problem_detail = NULL, problem_since = NULL,"
    " calendar_zone = coalesce($3, calendar_zone) WHERE tenant_id = $1 AND provider_id = $2"};
const statement provider_there{"provider_there",
                               "SELECT FROM providers WHERE tenant_id = $1 AND provider_id = $2"};

const statement upsert_channel{
    "put_channel",
    "INSERT INTO channels (tenant_id, provider_id, channel_id, resource_id, expires_at, secret_hash,"
    " sealed_secret, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (tenant_id, provider_id, channel_id)"
    " DO UPDATE SET resource_id = excluded.resource_id, expires_at = excluded.expires_at,"
    " secret_hash = excluded.secret_hash, sealed_secret = excluded.sealed_secret,"
    " address = excluded.address"};
const statement select_secret{"channel_secret",
                              "SELECT sealed_secret, secret_hash FROM channels WHERE tenant_id = $1"
                              " AND provider_id = $2 AND channel_id = $3 FOR UPDATE"};
const statement drop_channel{
    "delete_channel", "DELETE FROM channels WHERE tenant_id = $1 AND provider_id = $2 AND channel_id = $3"};
const statement select_channels{
    "list_channels", "SELECT " KALENDS_CHANNEL_COLUMNS ", c.tenant_id, c.provider_id FROM channels c"
                     " WHERE c.tenant_id = ANY ((SELECT acting_tenants())::uuid[])"
                     " ORDER BY c.tenant_id, c.provider_id, c.expires_at"};
const statement select_channels_of{"find_channels",
                                   "SELECT " KALENDS_CHANNEL_COLUMNS " FROM channels c WHERE c.tenant_id = $1"
                                   " AND c.provider_id = $2 ORDER BY c.expires_at"};

std::string hex(std::string_view raw) { return sql_bytes(raw).text->substr(2); }

std::string app_seal(provider_type t) { return "oauth_apps/" + std::string(name_of(t)) + "/client_secret"; }
std::string verifier_seal(const std::string& state_hash) {
  return "oauth_authorizations/" + hex(state_hash) + "/verifier";
}
std::string access_seal(const provider_id& p) { return "oauth_grants/" + p.str() + "/access_token"; }
std::string refresh_seal(const provider_id& p) { return "oauth_grants/" + p.str() + "/refresh_token"; }
std::string channel_seal(const provider_id& p, const std::string& channel_id) {
  return "channels/" + p.str() + "/" + channel_id + "/secret";
}

result<void> nothing(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return {};
}
result<bool> touched(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return done->affected() > 0;
}

/// The values of `upsert_grant`.
std::vector<sql_value> grant_values(const tenant_id& t, const token_vault& vault, const provider_id& p,
                                    const grant& g) {
  return {t,
          p,
          sql_bytes(vault.seal(t, access_seal(p), g.access_token)),
          sql_bytes(vault.seal(t, refresh_seal(p), g.refresh_token)),
          g.access_expires_at,
          g.scope};
}

result<std::optional<authorization_request>> read_authorization(transaction& tx, const token_vault& vault,
                                                                const result<rows>& found) {
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  authorization_request r;
  r.state_hash = found->bytes(0, 0);
  r.provider = found->as<provider_id>(0, 1);
  r.user = found->as<user_id>(0, 2);
  r.type = read_enum<provider_type>(found->view(0, 3));
  auto verifier = vault.open(tx.tenant(), verifier_seal(r.state_hash), found->bytes(0, 4));
  if (!verifier) return tl::unexpected(std::move(verifier.error()));
  r.verifier = std::move(*verifier);
  r.nonce = found->text(0, 5);
  if (!found->is_null(0, 6)) r.browser_hash = found->bytes(0, 6);
  r.redirect_uri = found->text(0, 7);
  r.return_to = found->text(0, 8);
  r.expires_at = found->time(0, 9);
  return r;
}

} // namespace

result<void> put_oauth_app(transaction& tx, const token_vault& vault, provider_type type,
                           const oauth_app& app) {
  return nothing(tx.query(upsert_app, {tx.tenant(), name_of(type), app.client_id,
                                       sql_bytes(vault.seal(tx.tenant(), app_seal(type), app.client_secret)),
                                       app.authority_tenant}));
}

result<std::optional<oauth_app>> find_oauth_app(transaction& tx, const token_vault& vault,
                                                provider_type type) {
  auto found = tx.query(select_app, {tx.tenant(), name_of(type)});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  auto secret = vault.open(tx.tenant(), app_seal(type), found->bytes(0, 1));
  if (!secret) return tl::unexpected(std::move(secret.error()));
  return oauth_app{found->text(0, 0), std::move(*secret), found->text(0, 2)};
}

result<bool> delete_oauth_app(transaction& tx, provider_type type) {
  return touched(tx.query(drop_app, {tx.tenant(), name_of(type)}));
}

result<void> insert_authorization(transaction& tx, const token_vault& vault, const authorization_request& r) {
  return nothing(
      tx.query(add_authorization,
               {tx.tenant(), sql_bytes(r.state_hash), r.provider, r.user, name_of(r.type),
                sql_bytes(vault.seal(tx.tenant(), verifier_seal(r.state_hash), r.verifier)), r.nonce,
                bytes_or_null(r.browser_hash), r.redirect_uri, r.return_to, r.expires_at}));
}

result<std::optional<authorization_request>> bind_browser(transaction& tx, const token_vault& vault,
                                                          const std::string& state_hash,
                                                          const std::string& browser_hash, instant now) {
  return read_authorization(
      tx, vault,
      tx.query(bind_authorization, {tx.tenant(), sql_bytes(state_hash), sql_bytes(browser_hash), now}));
}

result<std::optional<authorization_request>> consume_authorization(transaction& tx, const token_vault& vault,
                                                                   const std::string& state_hash,
                                                                   const std::string& browser_hash,
                                                                   instant now) {
  return read_authorization(
      tx, vault,
      tx.query(take_authorization, {tx.tenant(), sql_bytes(state_hash), sql_bytes(browser_hash), now}));
}

result<std::size_t> delete_expired_authorizations(transaction& tx, instant now) {
  auto done = tx.query(drop_expired, {now});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected();
}

result<void> put_grant(transaction& tx, const token_vault& vault, const provider_id& provider,
                       const grant& g) {
  return nothing(tx.query(upsert_grant, grant_values(tx.tenant(), vault, provider, g)));
}

result<std::optional<grant>> find_grant(transaction& tx, const token_vault& vault,
                                        const provider_id& provider) {
  auto found = tx.query(select_grant, {tx.tenant(), provider});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  auto access = vault.open(tx.tenant(), access_seal(provider), found->bytes(0, 0));
  if (!access) return tl::unexpected(std::move(access.error()));
  auto refresh = vault.open(tx.tenant(), refresh_seal(provider), found->bytes(0, 1));
  if (!refresh) return tl::unexpected(std::move(refresh.error()));
  return grant{std::move(*access), std::move(*refresh), found->time(0, 2), found->text(0, 3)};
}

result<bool> delete_grant(transaction& tx, const provider_id& provider) {
  return touched(tx.query(drop_grant, {tx.tenant(), provider}));
}

result<bool> connect_provider(transaction& tx, const token_vault& vault, const provider_id& provider,
                              const grant& g, const std::string& account, const std::string& subject,
                              const calendar_id& calendar, const std::string& calendar_name,
                              const std::string& calendar_zone) {
  const std::vector<sql_value> which{tx.tenant(), provider};
  const auto connected =
      touched(tx.query(connect_calendar, {tx.tenant(), provider, account, subject, calendar, calendar_name}));
  if (!connected) return connected;
  if (!*connected) {
    auto there = tx.query(provider_there, which);
    if (!there) return tl::unexpected(std::move(there.error()));
    if (there->empty()) return false;
    return failure(
        errc::conflict, "account_mismatch",
        "This calendar has been synced with another account. Connect that account again, or remove "
        "the calendar and add it anew.");
  }
  auto done = tx.query_all({{activate, {tx.tenant(), provider, text_or_null(calendar_zone)}},
                            {upsert_grant, grant_values(tx.tenant(), vault, provider, g)}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return true;
}

result<void> put_channel(transaction& tx, const token_vault& vault, const provider_id& provider,
                         const channel& c, const std::string& secret) {
  return nothing(tx.query(
      upsert_channel, {tx.tenant(), provider, c.id, c.resource_id, c.expires_at, sql_bytes(c.secret_hash),
                       sql_bytes(vault.seal(tx.tenant(), channel_seal(provider, c.id), secret)), c.address}));
}

result<void> renew_channel(transaction& tx, const token_vault& vault, const provider_id& provider,
                           const channel& c, const std::string& stored_as) {
  auto found = tx.query(select_secret, {tx.tenant(), provider, stored_as});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty())
    return failure(errc::not_found, "channel_gone", "This channel does not exist any more.");
  // The seal names the row: a secret that moves to another is opened and sealed anew.
  auto secret = vault.open(tx.tenant(), channel_seal(provider, stored_as), found->bytes(0, 0));
  if (!secret) return tl::unexpected(std::move(secret.error()));
  auto renewed = c;
  renewed.secret_hash = found->bytes(0, 1);
  if (stored_as != c.id)
    if (auto gone = delete_channel(tx, provider, stored_as); !gone)
      return tl::unexpected(std::move(gone.error()));
  return put_channel(tx, vault, provider, renewed, *secret);
}

result<bool> delete_channel(transaction& tx, const provider_id& provider, const std::string& channel_id) {
  return touched(tx.query(drop_channel, {tx.tenant(), provider, channel_id}));
}

result<std::vector<channel_line>> list_channels(transaction& tx) {
  auto found = tx.query(select_channels);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<channel_line>(*found, [](const rows& r, std::size_t i) {
    return channel_line{r.as<tenant_id>(i, channel_columns), r.as<provider_id>(i, channel_columns + 1),
                        read_channel(r, i)};
  });
}

result<std::vector<channel>> find_channels(transaction& tx, const provider_id& provider) {
  auto found = tx.query(select_channels_of, {tx.tenant(), provider});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<channel>(*found, [](const rows& r, std::size_t i) { return read_channel(r, i); });
}

} // namespace kalends::persistence
