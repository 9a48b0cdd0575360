// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/words.hpp"

/// Whether PostgreSQL keeps what it says it keeps, and lets nobody see more than is theirs.
namespace kalends::doctor {
namespace {

using persistence::server_look;

/// Each node: its pool, one that listens for the others, one for migrations and the doctor.
constexpr int besides_the_pool = 2;

bool embedded(const facts& f) { return f.of.server.database_url.empty(); }

/// How a setting of the server is changed, in the words of this installation.
findings::advice set_to(const facts& f, std::string found, std::string consequence, const std::string& name,
                        const std::string& value) {
  if (embedded(f))
    return {std::move(found), std::move(consequence),
            "Take " + name + " out of " + f.of.server.data_dir +
                "/postgres/data/local.conf, and restart the server.",
            name + " = " + value};
  return {std::move(found), std::move(consequence),
          "As a superuser of the database run ALTER SYSTEM and SELECT pg_reload_conf(). If it is set for the "
          "role or the database alone, ALTER ROLE … RESET or ALTER DATABASE … RESET takes it away (\\drds "
          "shows it); then restart kalends.",
          "ALTER SYSTEM SET " + name + " = '" + value + "'"};
}

struct safe_setting {
  const char* name;
  const char* consequence;
};
constexpr safe_setting must_be_on[] = {
    {"fsync", "After a crash of the machine the database may be corrupt as a whole."},
    {"full_page_writes", "After a crash of the machine half-written pages make tables unreadable."},
    {"synchronous_commit",
     "What was acknowledged may be lost in a crash: a vendor's notice that got its 2xx, or a host's write. "
     "Neither is sent again."},
};

void judge_settings(findings& out, const facts& f, const server_look& s) {
  for (const auto& [name, consequence] : must_be_on) {
    const auto at = s.settings.find(name);
    const auto value = at == s.settings.end() ? std::string("unknown") : at->second;
    if (value == "off")
      out.problem(name, "PostgreSQL", set_to(f, std::string(name) + " is off.", consequence, name, "on"));
    else
      out.ok(name, "PostgreSQL", std::string(name) + " is " + value + ".");
  }
}

void judge_version(findings& out, const server_look& s) {
  if (s.version >= oldest_postgres) return out.ok("database_version", "PostgreSQL", s.version_text + ".");
  out.problem("database_version", "PostgreSQL",
              {"It is " + s.version_text + ".", "This program is made for PostgreSQL 15 and later.",
               "Upgrade the database server (pg_upgrade, or dump and restore)."});
}

void judge_role(findings& out, const facts& f, const server_look& s) {
  if (s.role_superuser || s.role_bypasses_rls)
    return out.problem(
        "database_role", s.role,
        {"The server works as " + s.role + ", which " +
             (s.role_superuser ? "is a superuser." : "has BYPASSRLS."),
         "Row-level security does not bind it: a mistake would show one tenant's rows to "
         "another.",
         "Take it away, as a superuser:", "ALTER ROLE \"" + s.role + "\" NOSUPERUSER NOBYPASSRLS"});
  if (!embedded(f) && (s.login_superuser || s.login_bypasses_rls))
    return out.warn("database_role", s.login,
                    {"DATABASE_URL logs in as " + s.login + ", a superuser; the server then works as " +
                         s.role + ", which is none.",
                     "Whoever gets hold of DATABASE_URL can do everything to the whole database server.",
                     "Make a role that owns this database alone, let it be a member of " + s.role +
                         ", and name it in DATABASE_URL. docs/operations.md says how.",
                     "CREATE ROLE kalends_owner LOGIN NOSUPERUSER NOBYPASSRLS"});
  out.ok("database_role", s.role, "It is no superuser, and row-level security binds it.");
}

void judge_connections(findings& out, const facts& f, const server_look& s) {
  const int nodes = std::max(f.database.nodes.value_or(1), 1);
  const int each = static_cast<int>(f.of.database_connections) + besides_the_pool;
  const int wanted = nodes * each;
  const int free = s.connections_allowed - s.connections_used;
  const auto reckoned = counted(nodes, "node") + " with " + std::to_string(each) + " each need " +
                        std::to_string(wanted) + " of " + std::to_string(s.connections_allowed) + "; " +
                        std::to_string(free) + " are free now.";
  if (wanted > s.connections_allowed || free <= 0)
    return out.problem("connections", "PostgreSQL",
                       set_to(f, "There are too few connections: " + reckoned,
                              "Nodes cannot start, or wait for each other's connections.", "max_connections",
                              std::to_string(std::max(2 * wanted, 100))));
  if (free < each)
    return out.warn("connections", "PostgreSQL",
                    set_to(f, "Few connections are left: " + reckoned,
                           "Another node, a migration or a backup may find none. Other programs that use the "
                           "same server count too.",
                           "max_connections", std::to_string(std::max(2 * wanted, 100))));
  out.ok("connections", "PostgreSQL", reckoned);
}

void judge_encoding(findings& out, const server_look& s) {
  if (s.encoding == "UTF8") return out.ok("encoding", "PostgreSQL", "UTF8.");
  out.problem("encoding", "PostgreSQL",
              {"The database's encoding is " + s.encoding + ".",
               "Titles and notes with characters that it does not have cannot be stored.",
               "Encodings are chosen when a database is made: make one with UTF8, and copy everything by "
               "pg_dump and pg_restore.",
               "CREATE DATABASE kalends ENCODING 'UTF8' TEMPLATE template0"});
}

void judge_zone(findings& out, const server_look& s) {
  const auto at = s.settings.find("TimeZone");
  const auto zone = at == s.settings.end() ? std::string() : at->second;
  const bool utc = zone == "UTC" || zone == "Etc/UTC" || zone == "GMT";
  out.ok("time_zone", "PostgreSQL",
         utc ? "UTC."
             : zone + "; the server's own sessions use UTC, only the database's log is in that zone.");
}

void judge_schema(findings& out, const facts& f, const server_look& s) {
  const auto needed = std::to_string(f.database.schema_needed);
  if (!s.schema_version)
    return out.skip("schema_version", "schema", "It has not been made yet; the first start makes it.",
                    "To make it now:", "kalends migrate");
  const auto has = std::to_string(*s.schema_version);
  if (*s.schema_version == f.database.schema_needed)
    return out.ok("schema_version", "schema", "Version " + has + ", as this program needs it.");
  if (*s.schema_version > f.database.schema_needed)
    return out.problem("schema_version", "schema",
                       {"It is at version " + has + "; this program knows " + needed + ".",
                        "This program does not start beside it.",
                        "Run the version of kalends that made it, or a later one."});
  out.warn("schema_version", "schema",
           {"It is at version " + has + "; this program needs " + needed + ".",
            "The next start of this program brings it up to date; nodes of the former version end then.",
            "To do it now, after a backup:", "kalends migrate"});
}

void judge_away(findings& out, const facts& f) {
  const auto& e = *f.database.away;
  const auto subject = embedded(f) ? f.of.server.data_dir : std::string("DATABASE_URL");
  std::string remedy = embedded(f) ? "See what it says in " + f.of.server.data_dir + "/postgres/postgres.log."
                                   : "See that the server named by DATABASE_URL runs, lets this machine in "
                                     "(pg_hba.conf, firewall), and knows the user and the password.";
  std::string copy = embedded(f) ? "" : "psql \"$DATABASE_URL\" -c 'SELECT 1'";
  if (e.code == "role_unavailable") {
    remedy = "The schema has not been made yet, or by another user. Make it:";
    copy = "kalends migrate";
  } else if (e.code == "role_bypasses_rls") {
    remedy = "Take it away, as a superuser of the database:";
    copy = "ALTER ROLE kalends_engine NOSUPERUSER NOBYPASSRLS";
  }
  out.problem("database", subject,
              {e.detail, "The server does not start, or answers nothing that needs the database.",
               std::move(remedy), std::move(copy)});
}

} // namespace

std::vector<finding> judge_database(const facts& f) {
  findings out{area::database};
  const auto& d = f.database;
  if (d.not_made) {
    out.skip("database", f.of.server.data_dir,
             "The embedded database has not been made yet; the first start makes it.",
             "Start the server, and run this again.", "kalends serve");
    return std::move(out.all);
  }
  if (d.away || !d.server) {
    if (d.away) judge_away(out, f);
    return std::move(out.all);
  }
  const auto& s = *d.server;
  if (s.in_recovery)
    out.problem("database", "PostgreSQL",
                {"It is a standby.", "Nothing can be written.",
                 "Let DATABASE_URL name the primary, for example with target_session_attrs=read-write."});
  else
    out.ok("database", "PostgreSQL",
           embedded(f) ? "The embedded database answers." : "The database answers.");
  judge_version(out, s);
  judge_schema(out, f, s);
  judge_settings(out, f, s);
  judge_role(out, f, s);
  judge_connections(out, f, s);
  judge_encoding(out, s);
  judge_zone(out, s);
  return std::move(out.all);
}

} // namespace kalends::doctor
