// SPDX-License-Identifier: Apache-2.0
#include "commands/key_file.hpp"

#include "net/oauth.hpp"
#include "schema/ids.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace kalends::commands {

namespace {

/// Never over what is there.
bool write_once(const std::string& file, const std::string& line, int mode) {
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool written = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0) ::close(fd);
  return written;
}

} // namespace

result<std::string> read_or_make_key(const std::string& file, const world& w) {
  if (std::ifstream in(file); in) {
    std::string key;
    std::getline(in, key);
    if (key.size() >= 24) return key;
    return failure(errc::invalid, "key_file_unusable", file + " holds no key.");
  }
  auto key = net::base64url(w.random_bytes(32));
  if (write_once(file, key + "\n", 0600)) return key;
  return failure(errc::invalid, "key_file_unusable", "Cannot write " + file + ": " + std::strerror(errno));
}

result<std::string> read_or_make_node_id(const std::string& file, const world& w) {
  if (std::ifstream in(file); in) {
    std::string id;
    std::getline(in, id);
    if (is_uuid(id)) return id;
    return failure(errc::invalid, "node_file_unusable",
                   file + " holds no node id. Remove it, and a new one is made.");
  }
  auto id = make_uuid(w);
  if (write_once(file, id + "\n", 0644)) return id;
  return failure(errc::invalid, "node_file_unusable", "Cannot write " + file + ": " + std::strerror(errno));
}

} // namespace kalends::commands
