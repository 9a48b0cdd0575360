// SPDX-License-Identifier: Apache-2.0
#include "sandbox/state_file.hpp"

#include "sandbox/core.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalends::sandbox {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr auto log_name = "state.jsonl";
constexpr auto google_keys_name = "google-signing-keys.pem";
constexpr auto microsoft_keys_name = "microsoft-signing-keys.pem";
constexpr std::string_view first_line = R"({"format":"kalends-sandbox-state","version":1})";
/// The log is written anew when it is this long and so many times longer than its records need.
constexpr std::uint64_t compaction_floor = 4 * 1024 * 1024;
constexpr std::uint64_t compaction_factor = 4;

std::string reason() { return std::strerror(errno); }

/// A write that is cut short by a full disk or a limit leaves its errno.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Readers see the old file or the new one, never a part of it. Returns the open file, or -1.
int replace_file(const fs::path& file, std::string_view bytes) {
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int out =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (out < 0) return -1;
  if (write_all(out, bytes) && ::rename(fresh.c_str(), file.c_str()) == 0) return out;
  const int failed = errno;
  ::close(out);
  ::unlink(fresh.c_str());
  errno = failed;
  return -1;
}

/// Nothing when the file is not there.
result<std::optional<std::string>> read_file(const fs::path& file) {
  std::error_code failed;
  if (!fs::exists(file, failed) && !failed) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad())
    return failure(errc::broken, "state_file_unreadable", "Cannot read " + file.string() + ".");
  return std::move(text).str();
}

json::object settings_of(const core& c) {
  const auto frozen = c.clock.frozen_at();
  return {{"offset_ms", c.clock.offset().count()},
          {"frozen", frozen ? json::value(state_time(*frozen)) : json::value(nullptr)},
          {"consent", c.consent == consent_mode::automatic ? "auto" : "page"},
          {"consent_account", c.consent_account}};
}

void restore_settings(core& c, const json::object& o) {
  std::optional<instant> frozen;
  if (!o.at("frozen").is_null()) frozen = time_at(o, "frozen");
  c.clock.restore(std::chrono::milliseconds(number_at<std::int64_t>(o, "offset_ms")), frozen);
  c.consent = string_at(o, "consent") == "auto" ? consent_mode::automatic : consent_mode::page;
  c.consent_account = string_at(o, "consent_account");
}

} // namespace

state_file::state_file(core& c, fs::path directory) : core_(c), directory_(std::move(directory)) {}

state_file::~state_file() {
  if (log_ >= 0) ::close(log_);
  if (lock_ >= 0) ::close(lock_);
}

result<std::unique_ptr<state_file>> state_file::open(core& c, const fs::path& directory) {
  std::unique_ptr<state_file> made(new state_file(c, directory));
  if (auto r = made->take_directory(); !r) return tl::unexpected(r.error());
  if (auto r = made->load(); !r) return tl::unexpected(r.error());
  if (!made->rewrite())
    return failure(errc::broken, "state_dir_unusable",
                   "Cannot write " + (directory / log_name).string() + ": " + reason());
  return made;
}

result<void> state_file::take_directory() {
  std::error_code refused;
  fs::create_directories(directory_, refused);
  if (refused)
    return failure(errc::broken, "state_dir_unusable",
                   "Cannot make " + directory_.string() + ": " + refused.message());
  const auto file = directory_ / "state.lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock_ < 0)
    return failure(errc::broken, "state_dir_unusable", "Cannot open " + file.string() + ": " + reason());
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return failure(errc::broken, "state_dir_in_use",
                   "Another sandbox works on " + directory_.string() + "; stop it first.");
  return {};
}

result<void> state_file::read_lines(state_reader& in) {
  const auto file = directory_ / log_name;
  const auto read = read_file(file);
  if (!read) return tl::unexpected(read.error());
  if (!*read) return {};
  std::string_view rest = **read;
  const auto take_line = [&]() -> std::optional<std::string_view> {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
  };
  if (take_line() != first_line)
    return failure(errc::broken, "state_file_foreign",
                   file.string() + " is not a state file that this version can read. Move it away to begin "
                                   "with an empty sandbox.");
  std::size_t number = 1;
  try {
    // Without its end the last line was never acknowledged.
    for (; const auto line = take_line(); ++number) in.read(*line);
  } catch (const std::exception& e) {
    return failure(errc::broken, "state_file_unreadable",
                   file.string() + " is damaged in line " + std::to_string(number + 1) + ": " + e.what());
  }
  return {};
}

result<void> state_file::load() {
  state_reader in;
  if (auto r = read_lines(in); !r) return r;
  try {
    in.each("settings", [&](const std::string&, const json::object& o) { restore_settings(core_, o); });
    core_.people.load(in);
    for (auto v : {vendor::google, vendor::microsoft})
      if (auto* h = core_.half(v)) h->load(in);
    core_.push.load(in);
  } catch (const std::exception& e) {
    return failure(errc::broken, "state_file_unreadable",
                   (directory_ / log_name).string() + " cannot be taken up: " + e.what());
  }
  if (const auto kind = in.unknown_kind(); !kind.empty())
    return failure(errc::broken, "state_file_foreign",
                   (directory_ / log_name).string() + " holds records of an unknown kind, " + kind + ".");
  if (auto r = load_keys(core_.google_keys, google_keys_name, google_keys_); !r) return r;
  return load_keys(core_.microsoft_keys, microsoft_keys_name, microsoft_keys_);
}

result<void> state_file::load_keys(signing_keys& keys, const char* name, std::size_t& saved) {
  const auto file = directory_ / name;
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return {};
  if (!keys.restore(**text))
    return failure(errc::broken, "state_file_unreadable", file.string() + " holds no usable signing keys.");
  saved = keys.count();
  return {};
}

bool state_file::save_keys(const signing_keys& keys, const char* name, std::size_t& saved) {
  if (keys.count() == saved) return true;
  const int file = replace_file(directory_ / name, keys.private_pem());
  if (file < 0) return false;
  ::close(file);
  saved = keys.count();
  return true;
}

void state_file::gather(state_writer& out) {
  settings_.save(out, "settings", "", settings_of(core_));
  core_.people.save(out);
  for (auto v : {vendor::google, vendor::microsoft})
    if (auto* h = core_.half(v)) h->save(out);
  core_.push.save(out);
}

bool state_file::append(const std::string& lines) {
  if (write_all(log_, lines)) {
    size_ += lines.size();
    return true;
  }
  const int failed = errno;
  whole_ = false;
  // Half a line without its end is ignored by the reader, but nothing may follow it.
  [[maybe_unused]] const int cut = ::ftruncate(log_, static_cast<off_t>(size_));
  errno = failed;
  return false;
}

bool state_file::rewrite() {
  whole_ = false;
  state_writer out(true);
  gather(out);
  const auto text = std::string(first_line) + "\n" + out.take();
  const int fresh = replace_file(directory_ / log_name, text);
  if (fresh < 0) return false;
  if (log_ >= 0) ::close(log_);
  log_ = fresh;
  size_ = compact_size_ = text.size();
  whole_ = true;
  return true;
}

result<void> state_file::save() {
  const auto write = [&] {
    // A token must not be known whose key could be forgotten.
    if (!save_keys(core_.google_keys, google_keys_name, google_keys_) ||
        !save_keys(core_.microsoft_keys, microsoft_keys_name, microsoft_keys_))
      return false;
    if (!whole_ || (size_ > compaction_floor && size_ > compaction_factor * compact_size_)) return rewrite();
    state_writer out(false);
    gather(out);
    const auto lines = out.take();
    return lines.empty() || append(lines);
  };
  if (write()) return {};
  return failure(errc::broken, "state_not_saved",
                 "The sandbox cannot write to " + directory_.string() + ": " + reason());
}

} // namespace kalends::sandbox
