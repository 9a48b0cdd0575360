// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace kalends::persistence {

/// The OS user a child runs as. Looked up before the fork: afterwards only system calls are safe.
struct os_user {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// By name; nothing when there is no such user.
std::optional<os_user> find_os_user(const std::string& name);

/// Owns a file descriptor.
class descriptor {
public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~descriptor();
  descriptor(descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  descriptor& operator=(descriptor&& other) noexcept;
  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

struct child_settings {
  std::vector<std::string> argv;     ///< argv[0] is the program's whole path
  std::optional<os_user> as = {};    ///< empty: as ourselves
  std::vector<int> descriptors = {}; ///< become 3, 4, … in the child; nothing else is inherited
  int output = -1;                   ///< stdout and stderr
  int signal_when_we_die = 0;        ///< sent when the *thread* that started it ends
};

/// Starts a program in a session of its own, with a clean environment and default signals: a Ctrl-C meant for
/// us does not reach it. An exec that fails is an exit status of 127.
result<pid_t> start_child(const child_settings& settings);

/// The wait status when it has ended within `limit`; nothing while it runs.
std::optional<int> wait_child(pid_t pid, std::chrono::milliseconds limit);

/// "exit status 1", "signal 9".
std::string describe_status(int status);

} // namespace kalends::persistence
