// SPDX-License-Identifier: Apache-2.0
#include "persistence/examination.hpp"

#include "persistence/migrations.hpp"
#include "schema/sync.hpp"

#include <charconv>

namespace kalends::persistence {

namespace {

constexpr statement patience{"examination_patience", "SELECT set_config('statement_timeout', '5000', true)"};

/// `reset_val`: what the session would have without what this program sets in each of its own.
constexpr statement server_settings{
    "examination_settings", "SELECT name, CASE WHEN name = 'TimeZone' THEN reset_val ELSE setting END"
                            " FROM pg_settings WHERE name IN ('fsync', 'full_page_writes',"
                            " 'synchronous_commit', 'TimeZone', 'server_version_num',"
                            " 'server_version', 'max_connections', 'superuser_reserved_connections')"};

/// -1 means no limit in both catalogues.
constexpr statement server_facts{"examination_server", R"(
SELECT session_user, current_user, l.rolsuper, l.rolbypassrls, r.rolsuper, r.rolbypassrls,
       least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
             nullif(l.rolconnlimit, -1), nullif(d.datconnlimit, -1)),
       (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database), pg_is_in_recovery(), clock_timestamp(),
       pg_encoding_to_char(d.encoding), to_regclass('schema_migrations') IS NOT NULL
FROM pg_roles l, pg_roles r, pg_database d
WHERE l.rolname = session_user AND r.rolname = current_user AND d.datname = current_database())"};

constexpr statement schema_state{"examination_schema", "SELECT max(version) FROM schema_migrations"};

constexpr statement living_nodes{"examination_nodes",
                                 "SELECT count(*) FROM nodes WHERE expires_at > clock_timestamp()"};

constexpr statement confirmed_channels{"examination_channels", R"(
SELECT count(*) FROM channels c JOIN providers p ON p.tenant_id = c.tenant_id AND p.provider_id = c.provider_id
WHERE p.type = 'microsoft' AND starts_with(c.address, $1) AND c.expires_at > $2)"};

constexpr statement granted_scopes{"examination_scopes", R"(
SELECT t.tenant_id, t.name, p.type, g.scope, count(*) FROM oauth_grants g
JOIN providers p ON p.tenant_id = g.tenant_id AND p.provider_id = g.provider_id
JOIN tenants t ON t.tenant_id = g.tenant_id
WHERE g.tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 4)"};

constexpr statement own_clients{"examination_clients",
                                "SELECT type, count(*) FROM oauth_apps"
                                " WHERE tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1"};

/// When consent was given last stands in the audit log.
constexpr statement lost_grants{"examination_lost_grants", R"(
SELECT t.name, p.type, s.problem_code, s.problem_since,
       (SELECT max(a.happened_at) FROM audit_log a
        WHERE a.tenant_id = s.tenant_id AND a.action = 'provider.connected'
          AND a.subject = 'provider:' || s.provider_id AND a.happened_at <= s.problem_since)
FROM (SELECT tenant_id, provider_id, problem_code, problem_since FROM provider_state
      WHERE problem_code IN ('invalid_grant', 'invalid_client') ORDER BY problem_since DESC LIMIT 500) s
JOIN providers p ON p.tenant_id = s.tenant_id AND p.provider_id = s.provider_id
JOIN tenants t ON t.tenant_id = s.tenant_id
ORDER BY s.problem_since DESC)"};

int number(const std::map<std::string, std::string>& settings, const std::string& name) {
  int value = 0;
  if (const auto at = settings.find(name); at != settings.end())
    std::from_chars(at->second.data(), at->second.data() + at->second.size(), value);
  return value;
}

provider_type type_at(const rows& found, std::size_t row, int column) {
  return found.view(row, column) == "google" ? provider_type::google : provider_type::microsoft;
}

} // namespace

result<server_look> look_at_server(transaction& tx) {
  auto found = tx.query_all({{server_settings, {}}, {server_facts, {}}});
  if (!found) return tl::unexpected(std::move(found.error()));
  const auto& settings = (*found)[0];
  const auto& facts = (*found)[1];
  server_look out;
  for (std::size_t i = 0; i < settings.size(); ++i) out.settings[settings.text(i, 0)] = settings.text(i, 1);
  out.version = number(out.settings, "server_version_num");
  out.version_text = out.settings["server_version"];
  if (facts.empty()) return failure(errc::broken, "database_unreadable", "The catalogues tell nothing.");
  out.login = facts.text(0, 0);
  out.role = facts.text(0, 1);
  out.login_superuser = facts.boolean(0, 2);
  out.login_bypasses_rls = facts.boolean(0, 3);
  out.role_superuser = facts.boolean(0, 4);
  out.role_bypasses_rls = facts.boolean(0, 5);
  out.connections_allowed = static_cast<int>(facts.integer(0, 6));
  out.connections_used = static_cast<int>(facts.integer(0, 7));
  out.in_recovery = facts.boolean(0, 8);
  out.clock = facts.time(0, 9);
  out.encoding = facts.text(0, 10);
  if (!facts.boolean(0, 11)) return out;
  auto version = tx.query(schema_state);
  if (!version) return tl::unexpected(std::move(version.error()));
  if (!version->empty() && !version->is_null(0, 0))
    out.schema_version = static_cast<int>(version->integer(0, 0));
  return out;
}

int newest_schema_version() {
  const auto all = compiled_migrations();
  return all.empty() ? 0 : all.back().version;
}

result<int> count_nodes(transaction& tx) {
  return tx.query(living_nodes).map([](const rows& r) { return static_cast<int>(r.integer(0, 0)); });
}

result<int> count_confirmed_channels(transaction& tx, const std::string& webhook_url, instant now) {
  return tx.query(confirmed_channels, {webhook_url + "/", now}).map([](const rows& r) {
    return static_cast<int>(r.integer(0, 0));
  });
}

result<grant_look> look_at_grants(transaction& tx) {
  tx.defer(patience);
  auto found = tx.query_all({{granted_scopes, {}}, {own_clients, {}}});
  if (!found) return tl::unexpected(std::move(found.error()));
  grant_look out;
  const auto& scopes = (*found)[0];
  const auto& clients = (*found)[1];
  for (std::size_t i = 0; i < scopes.size(); ++i)
    out.scopes.push_back({scopes.as<tenant_id>(i, 0), scopes.text(i, 1), type_at(scopes, i, 2),
                          scopes.text(i, 3), static_cast<int>(scopes.integer(i, 4))});
  for (std::size_t i = 0; i < clients.size(); ++i)
    out.own_clients[type_at(clients, i, 0)] = static_cast<int>(clients.integer(i, 1));
  return out;
}

result<std::vector<lost_grant>> list_lost_grants(transaction& tx) {
  tx.defer(patience);
  auto found = tx.query(lost_grants);
  if (!found) return tl::unexpected(std::move(found.error()));
  std::vector<lost_grant> out;
  for (std::size_t i = 0; i < found->size(); ++i)
    out.push_back({found->text(i, 0), type_at(*found, i, 1), found->text(i, 2), found->optional_time(i, 4),
                   found->time(i, 3)});
  return out;
}

} // namespace kalends::persistence
