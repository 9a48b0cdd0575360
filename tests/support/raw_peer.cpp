// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_peer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace kalends::testing {
namespace {

constexpr int read_limit_seconds = 5;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void give_up(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

} // namespace

raw_peer::raw_peer(int fd) : fd_(fd) {
  const timeval limit{read_limit_seconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

raw_peer raw_peer::connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up("socket");
  raw_peer peer(fd);
  const auto address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("connect");
  return peer;
}

raw_peer::~raw_peer() { close(); }

void raw_peer::close(bool reset) {
  if (fd_ < 0) return;
  if (reset) {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(std::exchange(fd_, -1));
}

bool raw_peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool raw_peer::fill() {
  char bytes[16384];
  const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  ahead_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

std::string raw_peer::read_until(std::string_view mark) {
  std::size_t at;
  while ((at = ahead_.find(mark)) == std::string::npos)
    if (!fill()) return std::exchange(ahead_, {});
  auto out = ahead_.substr(0, at + mark.size());
  ahead_.erase(0, out.size());
  return out;
}

std::string raw_peer::read_all() {
  while (fill()) {
  }
  return std::exchange(ahead_, {});
}

std::string raw_peer::read_answer() {
  auto out = read_until("\r\n\r\n");
  const auto field = out.find("Content-Length: ");
  if (field == std::string::npos) return out;
  const auto size = std::strtoul(out.c_str() + field + 16, nullptr, 10);
  while (ahead_.size() < size && fill()) {
  }
  out += ahead_.substr(0, size);
  ahead_.erase(0, std::min(size, ahead_.size()));
  return out;
}

bool raw_peer::at_end() {
  if (!ahead_.empty()) return false;
  char byte;
  errno = 0;
  const auto n = ::recv(fd_, &byte, 1, MSG_PEEK);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

raw_server::raw_server(std::function<void(raw_peer&, int)> serve)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (fd_ < 0 || ::bind(fd_, raw, size) != 0 || ::listen(fd_, 64) != 0 || ::getsockname(fd_, raw, &size) != 0)
    give_up("raw_server");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, s = std::move(serve)] { accept(s); });
}

void raw_server::accept(const std::function<void(raw_peer&, int)>& serve) {
  std::vector<std::thread> threads;
  for (int nth = 0;; ++nth) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) break;
    threads.emplace_back([fd, nth, &serve] {
      raw_peer peer(fd);
      serve(peer, nth);
    });
  }
  for (auto& t : threads) t.join();
}

raw_server::~raw_server() {
  ::shutdown(fd_, SHUT_RDWR); // wakes accept
  thread_.join();
  ::close(fd_);
}

} // namespace kalends::testing
