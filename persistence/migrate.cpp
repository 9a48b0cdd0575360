// SPDX-License-Identifier: Apache-2.0
#include "observe/log.hpp"
#include "persistence/connection.hpp"
#include "persistence/database.hpp"
#include "persistence/migrations.hpp"

#include <algorithm>
#include <cctype>

namespace kalends::persistence {
namespace {

/// "kalends" in ASCII: any number that no other program takes in the same database.
const statement lock_sql{"migration_lock", "SELECT pg_advisory_lock(30229304117290099)"};
/// A migration that waits longer for a table, or for another process' migrations, than this gives up.
constexpr const char* wait_limit = "SET lock_timeout = '10min'";

const statement role_sql{
    "engine_role", "SELECT rolsuper OR rolbypassrls, pg_has_role(current_user, oid, 'MEMBER'), current_user"
                   " FROM pg_roles WHERE rolname = $1"};
const statement applied_sql{"applied_migrations",
                            "SELECT version, name, sha256 FROM schema_migrations ORDER BY version"};
const statement note_sql{"note_migration",
                         "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)"};
const statement whoami_sql{"owner_name", "SELECT current_user"};

constexpr const char* ledger_sql = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                                   " version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
                                   " applied_at timestamptz NOT NULL DEFAULT now())";

/// Roles are made of the settings' words, never of a user's: this refuses rather than quotes.
bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

result<rows> ask(connection& c, const statement& s, const std::vector<sql_value>& values = {}) {
  auto answers = c.exchange({{&s, &values}});
  if (!answers) return tl::unexpected(std::move(answers.error()));
  return std::move(answers->front());
}

tl::unexpected<error> role_missing(const std::string& role, const std::string& owner) {
  return failure(errc::forbidden, "engine_role_missing",
                 "The role \"" + role + "\" cannot be set up by the database user \"" + owner +
                     "\". Run once as an administrator: CREATE ROLE \"" + role +
                     "\" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; GRANT \"" + role +
                     "\" TO \"" + owner + "\";");
}

/// Makes the role if it is not there, and the owner a member of it, so that the owner's login can become it
/// by SET ROLE. Roles belong to the whole server: another database of it may make the same one at the same
/// moment.
result<void> make_role(connection& c, const std::string& role) {
  auto found = ask(c, role_sql, {role});
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) {
    auto owner = ask(c, whoami_sql);
    if (!owner) return tl::unexpected(owner.error());
    auto made = c.script("DO $$ BEGIN CREATE ROLE " + role +
                         " LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;"
                         " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$");
    if (!made && made.error().kind == errc::retry_later) return made;
    if (!made) return role_missing(role, owner->text(0, 0));
    found = ask(c, role_sql, {role});
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) return role_missing(role, owner->text(0, 0));
  }
  if (found->boolean(0, 0))
    return failure(errc::forbidden, "role_bypasses_rls",
                   "The role \"" + role +
                       "\" is a superuser or has BYPASSRLS: it would see every tenant's rows.");
  if (found->boolean(0, 1)) return {};
  auto granted = c.script("GRANT " + role + " TO CURRENT_USER");
  if (!granted && granted.error().kind != errc::retry_later) return role_missing(role, found->text(0, 2));
  return granted;
}

/// The engine reads and writes rows of every table to come, and nothing else: no TRUNCATE (row-level security
/// does not bind it), no REFERENCES, no DDL. Given here rather than in a migration, because only the caller
/// knows the role.
result<void> grant_rows(connection& c, const std::string& role) {
  return c.script("DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO " + role +
                  "', current_schema()); EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I"
                  " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " +
                  role + "', current_schema()); END $$; GRANT SELECT ON schema_migrations TO " + role);
}

result<void> apply(connection& c, const migration& m) {
  auto failed = [&](const error& e) {
    if (!c.lost()) (void)c.script("ROLLBACK");
    if (e.kind == errc::retry_later) return tl::unexpected(e);
    return failure(errc::broken, "migration_failed", "Migration " + std::string(m.name) + ": " + e.detail);
  };
  if (auto begun = c.script("BEGIN"); !begun) return failed(begun.error());
  if (auto ran = c.script(std::string(m.sql)); !ran) return failed(ran.error());
  if (!c.in_transaction()) return failed({errc::broken, "", "it ends its own transaction", {}, {}});
  if (auto noted = ask(c, note_sql, {m.version, m.name, m.sha256}); !noted) return failed(noted.error());
  if (auto ended = c.script("COMMIT"); !ended) return failed(ended.error());
  observe::log(observe::log_level::info, "a migration was applied", {{"migration", m.name}});
  return {};
}

/// What was applied must be the beginning of what we have, unchanged. Answers how many were applied.
result<std::size_t> check_applied(const rows& applied, std::span<const migration> known) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const std::string name = applied.text(i, 1);
    if (i >= known.size())
      return failure(errc::invalid, "schema_newer",
                     "The database was made by a later kalends (it has " + name +
                         "). Run that version, or restore a backup from before it.");
    if (applied.integer(i, 0) != known[i].version || applied.view(i, 2) != known[i].sha256)
      return failure(errc::invalid, "migration_changed",
                     "Migration " + name +
                         " was applied in another form than the one in this kalends. Applied"
                         " migrations are never edited: add a new one.");
  }
  return applied.size();
}

} // namespace

result<int> apply_migrations(const std::string& owner_url, const std::string& engine_role,
                             std::span<const migration> known) {
  if (!engine_role.empty() && !plain_name(engine_role))
    return failure(errc::invalid, "role_malformed",
                   "A role's name is lower-case letters, digits and underscores.");
  auto opened = connection::open({owner_url, "", 0, false});
  if (!opened) return tl::unexpected(opened.error());
  connection& c = **opened;
  if (auto set = c.script(wait_limit); !set) return tl::unexpected(set.error());
  if (auto locked = ask(c, lock_sql); !locked) return tl::unexpected(locked.error());

  if (auto made = c.script(ledger_sql); !made) return tl::unexpected(made.error());
  auto applied = ask(c, applied_sql);
  if (!applied) return tl::unexpected(applied.error());
  const auto done = check_applied(*applied, known);
  if (!done) return tl::unexpected(done.error());

  if (!engine_role.empty()) {
    if (auto made = make_role(c, engine_role); !made) return tl::unexpected(made.error());
    if (auto granted = grant_rows(c, engine_role); !granted) return tl::unexpected(granted.error());
  }
  for (const auto& m : known.subspan(*done))
    if (auto ran = apply(c, m); !ran) return tl::unexpected(ran.error());
  return known.empty() ? 0 : known.back().version;
}

result<int> migrate(const std::string& owner_url, const std::string& engine_role) {
  return apply_migrations(owner_url, engine_role, compiled_migrations());
}

} // namespace kalends::persistence
