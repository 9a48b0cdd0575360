// SPDX-License-Identifier: Apache-2.0
#include "persistence/embedded_cluster.hpp"

#include "observe/log.hpp"
#include "persistence/cluster_files.hpp"
#include "persistence/connection.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace kalends::persistence {

using observe::log;
using observe::log_level;
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto init_limit = 120s;
/// Recovery after a crash replays up to max_wal_size: seconds, on a slow disk minutes.
constexpr auto start_limit = 10min;
constexpr auto fast_stop_limit = 30s;
/// A killed kalends' server may be recovering, which a fast shutdown waits for and an immediate one does not;
/// either way what was committed is there.
constexpr auto former_stop_limit = 3s;
constexpr auto immediate_stop_limit = 5s;
constexpr auto log_look = 5s;
constexpr auto first_backoff = 200ms;
constexpr auto longest_backoff = 5s;
/// The orphans of a killed postmaster hold its memory until they notice; a start meanwhile fails.
constexpr int first_start_attempts = 5;

constexpr const char* owner_role = "kalends_owner";
constexpr const char* database_name = "kalends";
constexpr const char* unfinished = "data.new"; ///< how the names of clusters in the making begin
constexpr const char* data_in_child = "/proc/self/fd/3";
constexpr const char* sockets_in_child = "/proc/self/fd/4";

/// The socket's directory stands as a percent-encoded parameter, so that any path fits.
std::string url(const std::string& user, const std::string& database, const fs::path& sockets) {
  std::string host;
  for (const char c : sockets.string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '/';
    constexpr char hex[] = "0123456789ABCDEF";
    if (plain)
      host += c;
    else
      host.append({'%', hex[byte >> 4], hex[byte & 15]});
  }
  return "postgresql:///" + database + "?host=" + host + "&port=5432&user=" + user +
         "&sslmode=disable&gssencmode=disable";
}

descriptor open_directory(const fs::path& path) {
  return descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

/// Line 8 of postmaster.pid, once line 1 is this server's: what pg_ctl looks at, too.
bool says_ready(const fs::path& data, pid_t pid) {
  std::ifstream in(data / "postmaster.pid");
  std::string line;
  for (int n = 1; std::getline(in, line); ++n) {
    if (n == 1 && line != std::to_string(pid)) return false;
    if (n == 8) return line.starts_with("ready");
  }
  return false;
}

/// As far as it goes: the next start looks again.
void remove_unfinished(const fs::path& base) {
  std::vector<fs::path> found;
  std::error_code bad;
  for (fs::directory_iterator at(base, bad), end; !bad && at != end; at.increment(bad))
    if (at->path().filename().string().starts_with(unfinished)) found.push_back(at->path());
  for (const auto& path : found) fs::remove_all(path, bad);
}

} // namespace

struct embedded_cluster::impl {
  impl(cluster_files f, postgres_programs p, cluster_options o)
      : files(std::move(f)), programs(std::move(p)), options(o),
        owner(url(owner_role, database_name, files.sockets)),
        engine(url(engine_role, database_name, files.sockets)) {}
  ~impl();

  result<void> make();
  result<void> end_former();
  result<pid_t> launch();
  result<pid_t> launch_and_wait();
  result<void> prepare_database();
  void supervise(std::promise<result<void>> started);
  std::optional<pid_t> restart();
  void stop(pid_t pid);
  bool pause(std::chrono::milliseconds length);
  bool stopping();

  cluster_files files;
  postgres_programs programs;
  cluster_options options;
  std::string owner;
  std::string engine;
  std::mutex mutex;
  std::condition_variable wake;
  bool stop_asked = false;
  std::atomic<pid_t> serving = 0;
  std::thread supervisor;
};

result<std::unique_ptr<embedded_cluster>> embedded_cluster::start(const std::string& data_dir,
                                                                  cluster_options options) {
  auto files = cluster_files::claim(data_dir);
  if (!files) return tl::unexpected(files.error());
  auto programs = find_programs(files->data);
  if (!programs) return tl::unexpected(programs.error());
  auto i = std::make_unique<impl>(std::move(*files), std::move(*programs), options);
  if (auto ended = i->end_former(); !ended) return tl::unexpected(ended.error());
  if (!i->files.made())
    if (auto made = i->make(); !made) return tl::unexpected(made.error());

  std::promise<result<void>> started;
  auto outcome = started.get_future();
  i->supervisor =
      std::thread([p = i.get(), s = std::move(started)]() mutable { p->supervise(std::move(s)); });
  if (auto up = outcome.get(); !up) return tl::unexpected(up.error());
  if (auto ready = i->prepare_database(); !ready) return tl::unexpected(ready.error());
  return std::unique_ptr<embedded_cluster>(new embedded_cluster(std::move(i)));
}

std::string embedded_cluster::owner_url_of_running(const std::string& data_dir) {
  return url(owner_role, database_name, cluster_files::sockets_of(data_dir));
}

std::string embedded_cluster::engine_url_of_running(const std::string& data_dir) {
  return url(engine_role, database_name, cluster_files::sockets_of(data_dir));
}

embedded_cluster::embedded_cluster(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
embedded_cluster::~embedded_cluster() = default;
const std::string& embedded_cluster::owner_url() const noexcept { return impl_->owner; }
const std::string& embedded_cluster::engine_url() const noexcept { return impl_->engine; }

embedded_cluster::impl::~impl() {
  {
    const std::lock_guard lock(mutex);
    stop_asked = true;
    if (const pid_t pid = serving; pid > 0) ::kill(pid, SIGINT);
  }
  wake.notify_all();
  if (supervisor.joinable()) supervisor.join();
  if (files.sockets.parent_path() == files.base) return;
  std::error_code ignored;
  fs::remove_all(files.sockets, ignored);
}

/// Made under another name and renamed when whole, so that a kill in the middle leaves nothing half-made. The
/// name is a new one each time: what a killed attempt started may still be writing for a moment.
result<void> embedded_cluster::impl::make() {
  remove_unfinished(files.base);
  std::string name = (files.base / unfinished).string() + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    return failure(errc::broken, "postgres_start_failed", "cannot make " + name);
  const fs::path fresh = name;
  if (auto own = files.private_directory(fresh); !own) return own;
  const auto dir = open_directory(fresh);
  child_settings initdb{{(programs.bin / "initdb").string(), "-D", data_in_child, "-U", owner_role, "-E",
                         "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions",
                         "--auth-local=trust", "--auth-host=reject"}};
  if (!options.durable) initdb.argv.insert(initdb.argv.end(), {"--no-sync", "--wal-segsize=1"});
  initdb.as = files.user;
  initdb.descriptors = {dir.get()};
  initdb.output = files.log_file.get();
  initdb.signal_when_we_die = SIGKILL;
  const auto pid = start_child(initdb);
  if (!pid) return tl::unexpected(pid.error());
  const auto status = wait_child(*pid, init_limit);
  if (!status) {
    ::kill(*pid, SIGKILL);
    (void)wait_child(*pid, immediate_stop_limit);
  }
  if (!status || *status != 0)
    return failure(errc::broken, "postgres_start_failed",
                   "initdb failed (" + (status ? describe_status(*status) : "too slow") + "):\n" +
                       files.last_log_lines());
  std::error_code bad;
  fs::rename(fresh, files.data, bad);
  if (bad)
    return failure(errc::broken, "postgres_start_failed",
                   "cannot rename " + fresh.string() + ": " + bad.message());
  log(log_level::info, "a PostgreSQL cluster was made",
      {{"version", programs.major}, {"folder", files.data.string()}});
  return {};
}

/// A server that outlived the kalends that started it is not our child: it could not be watched. So it is
/// ended.
result<void> embedded_cluster::impl::end_former() {
  auto gone_within = [&](std::chrono::milliseconds limit) {
    for (const auto deadline = clock::now() + limit; clock::now() < deadline;
         std::this_thread::sleep_for(20ms))
      if (!files.living_postmaster()) return true;
    return !files.living_postmaster();
  };
  if (const auto former = files.living_postmaster()) {
    log(log_level::warn, "taking over the PostgreSQL that a killed kalends left",
        {{"process", *former}, {"folder", files.data.string()}});
    ::kill(*former, SIGINT);
    if (!gone_within(former_stop_limit)) ::kill(*former, SIGQUIT);
    if (!gone_within(immediate_stop_limit)) ::kill(*former, SIGKILL);
    if (!gone_within(immediate_stop_limit))
      return failure(errc::broken, "postgres_start_failed",
                     "The PostgreSQL server (process " + std::to_string(*former) + ") of " +
                         files.data.string() + " does not end.");
  }
  files.clear_stale();
  return {};
}

/// Only from the supervisor's thread: the server is told to shut down when the thread that started it is
/// gone.
result<pid_t> embedded_cluster::impl::launch() {
  files.bound_log();
  const auto data = open_directory(files.data);
  const auto sockets = open_directory(files.sockets);
  child_settings postgres{{(programs.bin / "postgres").string(), "-D", data_in_child, "-c",
                           "listen_addresses=", "-c",
                           std::string("unix_socket_directories=") + sockets_in_child, "-c", "port=5432",
                           "-c", "unix_socket_permissions=0700", "-c", "logging_collector=off"}};
  postgres.as = files.user;
  postgres.descriptors = {data.get(), sockets.get()};
  postgres.output = files.log_file.get();
  postgres.signal_when_we_die = SIGINT;
  return start_child(postgres);
}

result<pid_t> embedded_cluster::impl::launch_and_wait() {
  auto pid = launch();
  if (!pid) return pid;
  {
    const std::lock_guard lock(mutex);
    serving = *pid;
    if (stop_asked) ::kill(*pid, SIGINT);
  }
  for (const auto deadline = clock::now() + start_limit; clock::now() < deadline;) {
    if (const auto status = wait_child(*pid, 15ms)) {
      serving = 0;
      return failure(errc::broken, "postgres_start_failed",
                     "PostgreSQL ended while starting (" + describe_status(*status) + "):\n" +
                         files.last_log_lines());
    }
    if (says_ready(files.data, *pid)) return pid;
  }
  stop(*pid);
  return failure(errc::broken, "postgres_start_failed",
                 "PostgreSQL does not get ready:\n" + files.last_log_lines());
}

/// The database and the engine's role, made once. Both names are ours, so they are written into the SQL.
result<void> embedded_cluster::impl::prepare_database() {
  static const statement missing{"cluster_contents",
                                 "SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = $1),"
                                 " NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $2)"};
  const std::vector<sql_value> names{database_name, engine_role};
  auto c = connection::open({url(owner_role, "postgres", files.sockets), "", 60'000, false});
  if (!c) return tl::unexpected(c.error());
  auto found = (*c)->exchange({{&missing, &names}});
  if (!found) return tl::unexpected(found.error());
  if (found->front().boolean(0, 1))
    if (auto made = (*c)->script(std::string("CREATE ROLE ") + engine_role +
                                 " LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION");
        !made)
      return made;
  if (found->front().boolean(0, 0)) return (*c)->script(std::string("CREATE DATABASE ") + database_name);
  return {};
}

void embedded_cluster::impl::supervise(std::promise<result<void>> started) {
  result<pid_t> up = files.write_settings(options.durable, true).and_then([&] { return launch_and_wait(); });
  for (int attempt = 1; !up && attempt < first_start_attempts && pause(first_backoff * attempt); ++attempt) {
    // A PostgreSQL built without lz4 refuses the setting; so does nothing else of ours.
    const bool no_lz4 = up.error().detail.find("wal_compression") != std::string::npos;
    up = files.write_settings(options.durable, !no_lz4).and_then([&] { return launch_and_wait(); });
  }
  if (!up) return started.set_value(tl::unexpected(up.error()));
  started.set_value({});

  for (pid_t pid = *up; !stopping();) {
    const auto status = wait_child(pid, log_look);
    files.bound_log();
    if (!status) continue;
    serving = 0;
    if (stopping()) return;
    log(log_level::error, "PostgreSQL died and is restarted", {{"detail", describe_status(*status)}});
    const auto next = restart();
    if (!next) return;
    pid = *next;
  }
  if (const pid_t pid = serving; pid > 0) stop(pid);
}

/// Until it runs again; nothing when we are stopping.
std::optional<pid_t> embedded_cluster::impl::restart() {
  for (std::chrono::milliseconds backoff = first_backoff; pause(backoff);
       backoff = std::min<std::chrono::milliseconds>(backoff * 2, longest_backoff)) {
    auto up = launch_and_wait();
    if (up) {
      log(log_level::info, "PostgreSQL runs again");
      return *up;
    }
    if (!stopping())
      log(log_level::error, "PostgreSQL cannot be restarted",
          {{"code", up.error().code}, {"detail", up.error().detail}});
  }
  return std::nullopt;
}

void embedded_cluster::impl::stop(pid_t pid) {
  ::kill(pid, SIGINT);
  auto ended = wait_child(pid, fast_stop_limit);
  if (!ended) {
    log(log_level::error, "PostgreSQL does not stop and is ended at once; it will recover at the next start");
    ::kill(pid, SIGQUIT);
    ended = wait_child(pid, immediate_stop_limit);
  }
  if (!ended) {
    ::kill(pid, SIGKILL);
    (void)wait_child(pid, immediate_stop_limit);
  }
  serving = 0;
}

/// False when there is no point in going on.
bool embedded_cluster::impl::pause(std::chrono::milliseconds length) {
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, length, [&] { return stop_asked; });
}

bool embedded_cluster::impl::stopping() {
  const std::lock_guard lock(mutex);
  return stop_asked;
}

} // namespace kalends::persistence
