// SPDX-License-Identifier: Apache-2.0
#include "persistence/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace kalends::persistence {
namespace {

constexpr int first_descriptor = 3;
constexpr int exec_failed = 127;
constexpr std::size_t descriptors_limit = 8;

/// Everything the child needs, laid out before the fork.
struct launch {
  std::vector<char*> argv;
  std::array<char*, 3> env;
  const child_settings& settings;
  int null_in;
  pid_t parent;
};

bool become(const os_user& user) {
  return ::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setgid(user.gid) == 0 &&
         ::setuid(user.uid) == 0;
}

/// Moves the descriptors to 3, 4, … in two steps, since a source may stand where another has to go.
bool arrange_descriptors(const launch& l) {
  std::array<int, descriptors_limit> high{};
  const int count = static_cast<int>(l.settings.descriptors.size());
  const int out = ::fcntl(l.settings.output >= 0 ? l.settings.output : l.null_in, F_DUPFD, 64);
  const int in = ::fcntl(l.null_in, F_DUPFD, 64);
  for (int i = 0; i < count; ++i)
    high[static_cast<std::size_t>(i)] =
        ::fcntl(l.settings.descriptors[static_cast<std::size_t>(i)], F_DUPFD, 64);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) return false;
  for (int i = 0; i < count; ++i)
    if (::dup2(high[static_cast<std::size_t>(i)], first_descriptor + i) < 0) return false;
  return ::close_range(static_cast<unsigned>(first_descriptor + count), ~0U, 0) == 0;
}

/// Between fork and exec: system calls only.
[[noreturn]] void run_child(const launch& l) {
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  ::umask(077);
  if (!arrange_descriptors(l)) ::_exit(exec_failed);
  if (l.settings.as && !become(*l.settings.as)) ::_exit(exec_failed);
  if (l.settings.signal_when_we_die != 0) {
    ::prctl(PR_SET_PDEATHSIG, l.settings.signal_when_we_die); // after setuid, which clears it
    if (::getppid() != l.parent) ::_exit(exec_failed);        // we died before the line above
  }
  if (::chdir("/") == 0) ::execve(l.argv.front(), l.argv.data(), l.env.data());
  ::_exit(exec_failed);
}

} // namespace

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

std::optional<os_user> find_os_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16'384);
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found)
    return std::nullopt;
  os_user user{name, entry.pw_uid, entry.pw_gid, std::vector<gid_t>(256)};
  int count = static_cast<int>(user.groups.size());
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) return std::nullopt;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

result<pid_t> start_child(const child_settings& settings) {
  const descriptor null_in(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_in.valid() || settings.argv.empty() || settings.descriptors.size() > descriptors_limit)
    return failure(errc::broken, "child_not_started", "The program cannot be started.");
  char path[] = "PATH=/usr/bin:/bin";
  char locale[] = "LC_ALL=C";
  launch l{{}, {path, locale, nullptr}, settings, null_in.get(), ::getpid()};
  for (const auto& word : settings.argv) l.argv.push_back(const_cast<char*>(word.c_str()));
  l.argv.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid == 0) run_child(l);
  if (pid < 0)
    return failure(errc::retry_later, "child_not_started", std::string("fork: ") + std::strerror(errno));
  return pid;
}

std::optional<int> wait_child(pid_t pid, std::chrono::milliseconds limit) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + limit;
  const descriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) return 0; // not our child any more
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd fd{watched.get(), POLLIN, 0};
    if (watched.valid())
      ::poll(&fd, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
    else // a sandbox without pidfd_open
      std::this_thread::sleep_for(std::min(left, std::chrono::milliseconds(100)));
  }
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

} // namespace kalends::persistence
