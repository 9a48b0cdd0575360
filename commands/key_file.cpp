// SPDX-License-Identifier: Apache-2.0
#include "commands/key_file.hpp"

#include "net/oauth.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace kalends::commands {

result<std::string> read_or_make_key(const std::string& file, const world& w) {
  if (std::ifstream in(file); in) {
    std::string key;
    std::getline(in, key);
    if (key.size() >= 24) return key;
    return failure(errc::invalid, "key_file_unusable", file + " holds no key.");
  }
  auto key = net::base64url(w.random_bytes(32));
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  auto line = key + "\n";
  bool written = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0) ::close(fd);
  if (written) return key;
  return failure(errc::invalid, "key_file_unusable", "Cannot write " + file + ": " + std::strerror(errno));
}

} // namespace kalends::commands
