// SPDX-License-Identifier: Apache-2.0
#include "persistence/cluster_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

namespace kalends::persistence {
namespace {

namespace fs = std::filesystem;

using namespace std::chrono_literals;

constexpr auto lock_patience = 1s;
constexpr std::uintmax_t log_limit = 8 * 1024 * 1024;
constexpr std::size_t shown_log_bytes = 2'000;
constexpr std::string_view socket_name = "/.s.PGSQL.5432";

tl::unexpected<error> start_failed(const std::string& detail) {
  return failure(errc::broken, "postgres_start_failed", detail);
}

tl::unexpected<error> refused(const std::string& what, const fs::path& path) {
  return start_failed(what + " " + path.string() + ": " + std::strerror(errno));
}

int leading_number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string first_line(const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// "postgres (PostgreSQL) 15.20 (Debian …)" is major version 15.
int version_of(const fs::path& bin) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return 0;
  const descriptor from(ends[0]);
  descriptor to(ends[1]);
  child_settings settings{{(bin / "postgres").string(), "--version"}};
  settings.output = to.get();
  const auto pid = start_child(settings);
  if (!pid) return 0;
  { const descriptor closed = std::move(to); }
  char text[256];
  const auto got = ::read(from.get(), text, sizeof text);
  (void)wait_child(*pid, std::chrono::seconds(5));
  const std::string_view said(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto at = said.find(") ");
  return at == std::string_view::npos ? 0 : leading_number(said.substr(at + 2));
}

std::vector<postgres_programs> installed_programs() {
  std::vector<postgres_programs> found;
  auto add = [&](const fs::path& bin, int major) {
    if (major > 0 && ::access((bin / "postgres").c_str(), X_OK) == 0 &&
        ::access((bin / "initdb").c_str(), X_OK) == 0)
      found.push_back({bin, major});
  };
  if (const char* named = std::getenv("KALENDS_PG_BIN"); named && *named) {
    if (::access((fs::path(named) / "postgres").c_str(), X_OK) == 0) add(named, version_of(named));
    return found;
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    add(entry.path() / "bin", leading_number(entry.path().filename().string()));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.major > b.major; });
  return found;
}

bool fits_socket(const fs::path& dir) {
  return dir.string().size() + socket_name.size() < sizeof(sockaddr_un::sun_path);
}

/// Where the server's socket fits: next to the data, else in a short directory that is remembered for the
/// next start.
result<fs::path> choose_sockets(const cluster_files& files) {
  const auto near = files.base / "run";
  if (fits_socket(near)) return near;
  const auto remembered = files.base / "socket_dir";
  const fs::path before = first_line(remembered);
  struct stat seen {};
  const uid_t owner = files.user ? files.user->uid : ::geteuid();
  if (!before.empty() && ::lstat(before.c_str(), &seen) == 0 && S_ISDIR(seen.st_mode) &&
      seen.st_uid == owner && (seen.st_mode & 0777) == 0700)
    return before;
  std::string made =
      (::geteuid() == 0 && ::access("/run", W_OK) == 0 ? "/run" : "/tmp") + std::string("/kalends-XXXXXX");
  if (!::mkdtemp(made.data())) return refused("cannot make", made);
  std::ofstream(remembered, std::ios::trunc) << made << "\n";
  return fs::path(made);
}

} // namespace

result<postgres_programs> find_programs(const fs::path& data) {
  const auto installed = installed_programs();
  if (installed.empty())
    return failure(
        errc::invalid, "postgres_not_installed",
        "No PostgreSQL server programs were found under /usr/lib/postgresql (or in KALENDS_PG_BIN). Install"
        " the package \"postgresql\", or set DATABASE_URL to a server of your own.");
  const int wanted = leading_number(first_line(data / "PG_VERSION"));
  if (wanted == 0) return installed.front();
  std::string others;
  for (const auto& programs : installed) {
    if (programs.major == wanted) return programs;
    others += (others.empty() ? "" : ", ") + std::to_string(programs.major);
  }
  const auto was = std::to_string(wanted);
  return failure(errc::invalid, "postgres_version_mismatch",
                 "The data directory " + data.string() + " was made by PostgreSQL " + was +
                     ", but installed is " + others + ". Install the package \"postgresql-" + was +
                     "\" beside it, or move the data with pg_upgrade or pg_dump and restore.");
}

result<cluster_files> cluster_files::claim(const fs::path& data_dir) {
  cluster_files files;
  std::error_code bad;
  fs::create_directories(data_dir, bad);
  if (bad) return start_failed("cannot make " + data_dir.string() + ": " + bad.message());
  files.base = fs::canonical(data_dir, bad) / "postgres";
  files.data = files.base / "data";
  files.log = files.base / "postgres.log";
  if (::mkdir(files.base.c_str(), 0700) != 0 && errno != EEXIST) return refused("cannot make", files.base);

  const auto lock_path = files.base / "lock";
  files.lock = descriptor(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!files.lock.valid()) return refused("cannot open", lock_path);
  // A killed owner holds its lock until the kernel has cleared it away.
  const auto deadline = std::chrono::steady_clock::now() + lock_patience;
  bool locked = ::flock(files.lock.get(), LOCK_EX | LOCK_NB) == 0;
  for (; !locked && std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(50ms))
    locked = ::flock(files.lock.get(), LOCK_EX | LOCK_NB) == 0;
  if (!locked)
    return failure(errc::conflict, "data_directory_in_use",
                   "Another kalends uses " + data_dir.string() +
                       ". Stop it, or give this one a directory of its own.");

  if (::geteuid() == 0) {
    files.user = find_os_user("postgres");
    if (!files.user)
      return failure(
          errc::invalid, "postgres_not_installed",
          "PostgreSQL does not run as root, and there is no OS user \"postgres\" to run it as. Install the"
          " package \"postgresql\", or start kalends as another user.");
  }
  auto sockets = choose_sockets(files);
  if (!sockets) return tl::unexpected(sockets.error());
  files.sockets = *sockets;
  if (auto own = files.private_directory(files.sockets); !own) return tl::unexpected(own.error());
  files.log_file =
      descriptor(::open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!files.log_file.valid()) return refused("cannot open", files.log);
  return files;
}

fs::path cluster_files::sockets_of(const fs::path& data_dir) {
  std::error_code ignored;
  const auto base = fs::weakly_canonical(data_dir, ignored) / "postgres";
  if (fits_socket(base / "run")) return base / "run";
  return first_line(base / "socket_dir");
}

bool cluster_files::made() const { return ::access((data / "PG_VERSION").c_str(), F_OK) == 0; }

result<void> cluster_files::private_directory(const fs::path& dir) const {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return refused("cannot make", dir);
  const descriptor open(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!open.valid() || ::fchmod(open.get(), 0700) != 0) return refused("cannot use", dir);
  if (user && ::fchown(open.get(), user->uid, user->gid) != 0) return refused("cannot hand over", dir);
  return {};
}

result<void> cluster_files::write_settings(bool durable, bool lz4) const {
  std::ostringstream text;
  text << "# Written by kalends at each start. Your own settings go into local.conf, which is read after "
          "this.\n"
          "cluster_name = 'kalends'\n"
          "max_connections = 40\n"
          "shared_buffers = 128MB\n"
          "max_wal_size = 2GB\n"
          "checkpoint_completion_target = 0.9\n"
          "random_page_cost = 1.1\n"
          "jit = off\n"
          "timezone = 'UTC'\n"
          "log_timezone = 'UTC'\n"
          // What people wrote into their calendars stays out of the log: no values, no DETAIL, no failed
          // statements.
          "log_min_messages = warning\n"
          "log_error_verbosity = terse\n"
          "log_min_error_statement = panic\n"
          "log_parameter_max_length = 0\n"
          "log_parameter_max_length_on_error = 0\n"
       << (lz4 ? "wal_compression = lz4\n" : "wal_compression = on\n");
  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"})
    text << name << " = " << (durable ? "on" : "off") << "\n";
  text << "include_if_exists = 'local.conf'\n";

  const auto path = data / "postgresql.conf";
  const auto fresh = data / "postgresql.conf.new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << text.str();
    if (!out.flush()) return refused("cannot write", fresh);
  }
  if (::chmod(fresh.c_str(), 0600) != 0 || (user && ::chown(fresh.c_str(), user->uid, user->gid) != 0) ||
      ::rename(fresh.c_str(), path.c_str()) != 0)
    return refused("cannot write", path);
  return {};
}

std::optional<pid_t> cluster_files::living_postmaster() const {
  const int pid = leading_number(first_line(data / "postmaster.pid"));
  if (pid <= 1) return std::nullopt;
  // A process id is reused sooner or later; a PostgreSQL that stands in our data directory is ours.
  const auto proc = fs::path("/proc") / std::to_string(pid);
  struct stat theirs {};
  struct stat ours {};
  if (::stat((proc / "cwd").c_str(), &theirs) != 0 || ::stat(data.c_str(), &ours) != 0) return std::nullopt;
  if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino) return std::nullopt;
  if (first_line(proc / "comm") != "postgres") return std::nullopt;
  return pid;
}

void cluster_files::clear_stale() const {
  std::error_code ignored;
  fs::remove(data / "postmaster.pid", ignored);
  fs::remove(sockets / ".s.PGSQL.5432", ignored);
  fs::remove(sockets / ".s.PGSQL.5432.lock", ignored);
}

std::string cluster_files::last_log_lines() const {
  std::ifstream in(log, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<std::size_t>(in.tellg());
  const auto shown = std::min(size, shown_log_bytes);
  std::string text(shown, '\0');
  in.seekg(static_cast<std::streamoff>(size - shown));
  in.read(text.data(), static_cast<std::streamsize>(shown));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void cluster_files::bound_log() const {
  std::error_code bad;
  if (fs::file_size(log, bad) <= log_limit || bad) return;
  // The server holds the file open for appending, so it is copied and emptied rather than renamed.
  fs::copy_file(log, log.string() + ".1", fs::copy_options::overwrite_existing, bad);
  if (::ftruncate(log_file.get(), 0) != 0) return;
}

} // namespace kalends::persistence
