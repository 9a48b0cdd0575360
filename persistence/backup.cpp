// SPDX-License-Identifier: Apache-2.0
#include "persistence/backup.hpp"

#include "persistence/cluster_files.hpp"
#include "persistence/connection.hpp"
#include "persistence/database.hpp"
#include "persistence/embedded_cluster.hpp"
#include "persistence/migrations.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

namespace kalends::persistence {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A dump or a restore of a large installation takes its time; one that hangs for so long never ends.
constexpr auto program_limit = 24h;
constexpr std::size_t shown_bytes = 2'000;
constexpr const char* file_in_child = "/proc/self/fd/3";
constexpr const char* staging = "restore.new";

const statement export_snapshot{"export_snapshot", "SELECT pg_export_snapshot()"};
const statement last_migration{"last_migration",
                               "SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1"};
/// Columns named sealed_… hold the vault's output only: 0x01, the key id's length, the key id, …
const statement sealed_columns{
    "sealed_columns",
    "SELECT string_agg(format('SELECT substr(%I, 3, get_byte(%I, 1)) AS id FROM %I.%I WHERE octet_length(%I) "
    "> 2',"
    " column_name, column_name, table_schema, table_name, column_name), ' UNION ')"
    " FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND column_name LIKE 'sealed\\_%' AND data_type = 'bytea'"};
const statement a_grant_each{
    "a_grant_each", "SELECT DISTINCT ON (substr(sealed_refresh, 3, get_byte(sealed_refresh, 1))) tenant_id,"
                    " provider_id, sealed_refresh FROM oauth_grants WHERE octet_length(sealed_refresh) > 2"};

tl::unexpected<error> broken(const char* code, const std::string& detail) {
  return failure(errc::broken, code, detail);
}

result<rows> ask(connection& c, const statement& s) {
  const std::vector<sql_value> none;
  auto answers = c.exchange({{&s, &none}});
  if (!answers) return tl::unexpected(std::move(answers.error()));
  return std::move(answers->front());
}

/// Runs one of PostgreSQL's programs with `file` as descriptor 3; its complaints become the error's text.
result<void> run(std::vector<std::string> argv, const descriptor& file, const char* code) {
  const auto name = fs::path(argv.front()).filename().string();
  std::string path = (fs::temp_directory_path() / "kalends-said-XXXXXX").string();
  const descriptor said(::mkostemp(path.data(), O_CLOEXEC));
  if (!said.valid()) return broken(code, "cannot make " + path + ": " + std::strerror(errno));
  ::unlink(path.c_str());
  child_settings child{std::move(argv)};
  child.descriptors = {file.get()};
  child.output = said.get();
  child.signal_when_we_die = SIGTERM;
  const auto pid = start_child(child);
  if (!pid) return tl::unexpected(pid.error());
  const auto status = wait_child(*pid, program_limit);
  if (status && *status == 0) return {};
  std::string text(shown_bytes, '\0');
  const auto got = ::pread(said.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return broken(code, name + " failed (" + (status ? describe_status(*status) : "too slow") + "): " + text);
}

/// The cluster of `data_dir`: another kalends runs it, or we do for as long as this lives.
struct reached_cluster {
  std::unique_ptr<embedded_cluster> ours;
  std::string url;
};

result<reached_cluster> reach(const std::string& data_dir) {
  if (!fs::exists(fs::path(data_dir) / "postgres" / "data" / "PG_VERSION"))
    return failure(
        errc::not_found, "no_database",
        "There is no database in " + data_dir +
            ". Name the server's --data-dir; a database of your own is backed up with its own tools.");
  auto started = embedded_cluster::start(data_dir);
  if (started) {
    auto url = (*started)->owner_url();
    return reached_cluster{std::move(*started), std::move(url)};
  }
  if (started.error().code != "data_directory_in_use") return tl::unexpected(started.error());
  return reached_cluster{nullptr, embedded_cluster::owner_url_of_running(data_dir)};
}

result<std::vector<std::string>> key_ids(connection& c) {
  auto question = ask(c, sealed_columns);
  if (!question) return tl::unexpected(question.error());
  std::vector<std::string> ids;
  if (question->is_null(0, 0)) return ids;
  const auto text = question->text(0, 0);
  const statement all{"sealing_keys", text.c_str()};
  auto found = ask(c, all);
  if (!found) return tl::unexpected(found.error());
  for (std::size_t row = 0; row < found->size(); ++row) ids.push_back(found->bytes(row, 0));
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// The manifest and the dump see the same snapshot; the server goes on meanwhile.
result<backup_manifest> dump(const backup_order& order, const std::string& url, const descriptor& out) {
  const auto programs = find_programs(fs::path(order.data_dir) / "postgres" / "data");
  if (!programs) return tl::unexpected(programs.error());
  auto opened = connection::open({url, "", 0, false});
  if (!opened) return tl::unexpected(opened.error());
  connection& c = **opened;
  if (auto begun = c.script(
          "SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      !begun)
    return tl::unexpected(begun.error());
  auto snapshot = ask(c, export_snapshot);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto schema = ask(c, last_migration);
  if (!schema) return tl::unexpected(schema.error());
  if (schema->empty())
    return failure(errc::not_found, "no_database", "The database is empty: nothing was ever kept in it.");
  auto ids = key_ids(c);
  if (!ids) return tl::unexpected(ids.error());
  auto dumped =
      run({(programs->bin / "pg_dump").string(), "--format=custom", "--snapshot=" + snapshot->text(0, 0),
           std::string("--file=") + file_in_child, "--dbname=" + url},
          out, "backup_not_written");
  if (!dumped) return tl::unexpected(dumped.error());
  return backup_manifest{order.made_by,      order.outside.now(), static_cast<int>(schema->integer(0, 0)),
                         schema->text(0, 1), programs->major,     std::move(*ids),
                         order.vault_keys};
}

tl::unexpected<error> not_written(const std::string& file) {
  return broken("backup_not_written", "Cannot write " + file + ": " + std::strerror(errno));
}

// ---------------------------------------------------------------- restore

result<void> check_place(const std::string& data_dir) {
  std::error_code bad;
  fs::create_directories(data_dir, bad);
  if (bad) return broken("restore_failed", "cannot make " + data_dir + ": " + bad.message());
  for (const auto& entry : fs::directory_iterator(data_dir, bad)) {
    const auto name = entry.path().filename().string();
    if (name == "vault.key" || name == "admin.key" || name == staging) continue;
    return failure(
        errc::conflict, "data_directory_not_empty",
        data_dir + " is not empty (there is " + name +
            "). A restore never writes over anything: name another --data-dir, or move this one away first.");
  }
  if (bad) return broken("restore_failed", "cannot read " + data_dir + ": " + bad.message());
  return {};
}

result<void> check_schema(const backup_manifest& about) {
  const auto known = compiled_migrations();
  if (known.empty() || about.schema_version <= known.back().version) return {};
  return failure(errc::invalid, "schema_newer",
                 "The backup was made by a later kalends (" + about.made_by + ", its schema has " +
                     about.schema_name + "). Restore it with that version or a later one.");
}

result<void> check_keys(const token_vault& vault, const backup_manifest& about) {
  std::string missing;
  for (const auto& id : about.vault_key_ids)
    if (!vault.knows(id)) missing += (missing.empty() ? "" : ", ") + id;
  if (missing.empty()) return {};
  return failure(
      errc::invalid, "vault_key_missing",
      "The tokens in the backup are sealed with keys that are not at hand: " + missing +
          ". Put the vault's key file of that installation into the data directory (vault.key), name it"
          " with KALENDS_VAULT_KEY_FILE, or give KALENDS_VAULT_KEYS.");
}

/// A key of the right name may be another one all the same.
result<void> try_keys(const token_vault& vault, const std::string& url) {
  auto opened = connection::open({url, "", 0, false});
  if (!opened) return tl::unexpected(opened.error());
  auto grants = ask(**opened, a_grant_each);
  if (!grants) return tl::unexpected(grants.error());
  for (std::size_t row = 0; row < grants->size(); ++row) {
    const auto what = "oauth_grants/" + grants->text(row, 1) + "/refresh_token";
    if (vault.open(grants->as<tenant_id>(row, 0), what, grants->bytes(row, 2))) continue;
    return failure(
        errc::invalid, "vault_key_wrong",
        "The vault's key does not open the tokens in the backup: it has the same name, but it is another"
        " key. Give the key file of the installation that the backup was made of.");
  }
  return {};
}

/// Fills a fresh cluster; it has ended when this returns.
result<void> fill(const restore_order& order, const backup_manifest& about, const token_vault& vault,
                  const std::string& place) {
  const descriptor from(::open(order.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return broken("restore_failed", "cannot read " + order.file);
  auto cluster = embedded_cluster::start(place);
  if (!cluster) return tl::unexpected(cluster.error());
  const auto programs = find_programs(fs::path(place) / "postgres" / "data");
  if (!programs) return tl::unexpected(programs.error());
  const auto& url = (*cluster)->owner_url();
  return run({(programs->bin / "pg_restore").string(), "--exit-on-error", "--single-transaction",
              "--dbname=" + url, file_in_child},
             from, "restore_failed")
      .and_then([&] { return migrate(url, embedded_cluster::engine_role).map([](int) {}); })
      .and_then([&] { return try_keys(vault, url); })
      .and_then([&] { return mark_restored(url, about.made_at, order.outside).map([](int) {}); });
}

} // namespace

result<backup_manifest> make_backup(const backup_order& order) {
  if (fs::exists(order.file))
    return failure(errc::conflict, "backup_exists",
                   order.file + " exists already and is kept. Name another file.");
  auto cluster = reach(order.data_dir);
  if (!cluster) return tl::unexpected(cluster.error());
  const auto fresh = order.file + ".new";
  ::unlink(fresh.c_str());
  const descriptor out(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out.valid()) return not_written(fresh);
  auto about = dump(order, cluster->url, out);
  if (about)
    if (auto ended = backup_file::finish(out, *about); !ended) about = tl::unexpected(ended.error());
  if (about && ::link(fresh.c_str(), order.file.c_str()) != 0) about = not_written(order.file);
  ::unlink(fresh.c_str());
  return about;
}

result<backup_manifest> restore_backup(const restore_order& order) {
  auto about = backup_file::check(order.file);
  if (!about) return about;
  if (auto sound = check_schema(*about).and_then([&] { return check_place(order.data_dir); }); !sound)
    return tl::unexpected(sound.error());
  auto vault = order.keys(*about);
  if (!vault) return tl::unexpected(vault.error());
  if (auto known = check_keys(*vault, *about); !known) return tl::unexpected(known.error());

  // Made under another name and renamed when whole, so that a kill in the middle leaves nothing half-made.
  const auto place = fs::path(order.data_dir) / staging;
  std::error_code bad;
  fs::remove_all(place, bad);
  auto filled = fill(order, *about, *vault, place.string());
  if (filled) {
    fs::remove(place / "postgres" / "socket_dir", bad);
    fs::rename(place / "postgres", fs::path(order.data_dir) / "postgres", bad);
    if (bad) filled = broken("restore_failed", "cannot rename " + place.string() + ": " + bad.message());
  }
  fs::remove_all(place, bad);
  if (!filled) return tl::unexpected(filled.error());
  return about;
}

} // namespace kalends::persistence
