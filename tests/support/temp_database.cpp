// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temp_database.hpp"

#include "observe/log.hpp"
#include "persistence/child_process.hpp"
#include "persistence/connection.hpp"
#include "persistence/embedded_cluster.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>

namespace kalends::tests {
namespace {

namespace fs = std::filesystem;
using namespace kalends::persistence;

template <class T>
T must(result<T> r) {
  if (!r) throw std::runtime_error(r.error().code + ": " + r.error().detail);
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// A stopped cluster that is copied instead of made: initdb costs more than most tests.
fs::path template_cluster() {
  const fs::path cache = KALENDS_TEST_CACHE;
  fs::create_directories(cache);
  const descriptor lock(::open((cache / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0)
    throw std::runtime_error("cannot lock " + cache.string());
  const auto kept = cache / "cluster";
  if (fs::exists(kept)) return kept;
  const auto making = cache / "cluster.new";
  fs::remove_all(making);
  (void)must(embedded_cluster::start(making.string(), {false})); // and stops it
  fs::rename(making, kept);
  return kept;
}

void copy_with_owners(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  if (::geteuid() != 0) return;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    struct stat seen {};
    const auto twin = to / fs::relative(entry.path(), from);
    if (::lstat(entry.path().c_str(), &seen) != 0 || ::lchown(twin.c_str(), seen.st_uid, seen.st_gid) != 0)
      throw std::runtime_error("cannot copy " + entry.path().string());
  }
}

/// The cluster of this process; its database `kalends` is migrated once and copied for each test.
struct process_cluster {
  process_cluster() {
    observe::open_log(observe::log_format::text, "warn");
    const auto home = fs::path(directory.path()) / "cluster";
    copy_cluster(home.string());
    cluster = must(embedded_cluster::start(home.string(), {false}));
    must(migrate(cluster->owner_url(), embedded_cluster::engine_role));
  }

  temp_directory directory;
  std::unique_ptr<embedded_cluster> cluster;
};

process_cluster& shared() {
  static process_cluster one;
  return one;
}

std::string on_database(std::string url, const std::string& name) {
  const std::string before = "///kalends?";
  return url.replace(url.find(before), before.size(), "///" + name + "?");
}

void run_script(const std::string& url, const std::string& sql) {
  auto c = must(connection::open({url, "", 60'000, false}));
  must(c->script(sql));
}

} // namespace

void copy_cluster(const std::string& data_dir) { copy_with_owners(template_cluster(), data_dir); }

temp_directory::temp_directory() : path_((fs::temp_directory_path() / "kalends-test-XXXXXX").string()) {
  if (!::mkdtemp(path_.data())) throw std::runtime_error("cannot make " + path_);
}

temp_directory::~temp_directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

temp_database::temp_database() {
  static std::atomic<int> made = 0;
  const auto& cluster = *shared().cluster;
  name_ = "t" + std::to_string(++made);
  owner_url_ = on_database(cluster.owner_url(), name_);
  engine_url_ = on_database(cluster.engine_url(), name_);
  run_script(on_database(cluster.owner_url(), "postgres"), "CREATE DATABASE " + name_ + " TEMPLATE kalends");
}

temp_database::~temp_database() {
  try {
    run_script(on_database(shared().cluster->owner_url(), "postgres"),
               "DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception& e) {
    observe::log(observe::log_level::error, "a database is not dropped",
                 {{"name", name_}, {"detail", e.what()}});
  }
}

std::unique_ptr<database> temp_database::open(database_options options) const {
  options.url = engine_url_;
  return must(database::open(std::move(options)));
}

void temp_database::as_owner(const std::string& sql) const { run_script(owner_url_, sql); }

} // namespace kalends::tests
