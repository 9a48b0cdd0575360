// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Sends notices over kept connections, one request at a time on each, as Google does: requests are made
/// before the clock starts. Closed loop (each connection sends when it has its answer) or, with --rate, open
/// loop: request i is due at i/rate, and its latency counts from then, however late a connection becomes
/// free.
///
/// Usage: bench_load --port P --channels FILE [--connections C] [--requests N] [--seconds S] [--rate R]
///                   [--first I] [--body BYTES]
/// Prints one line of JSON.
namespace {

using clock_type = std::chrono::steady_clock;

struct options {
  std::uint16_t port = 0;
  std::string channels;
  std::size_t connections = 32;
  std::uint64_t requests = UINT64_MAX;
  double seconds = 60;
  double rate = 0;
  std::size_t first = 0;
  std::size_t body = 0;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

template <class T>
T number(const char* text) {
  T value{};
  const auto [end, ec] = std::from_chars(text, text + std::strlen(text), value);
  if (ec != std::errc{} || *end != '\0') {
    std::fprintf(stderr, "not a number: %s\n", text);
    std::exit(2);
  }
  return value;
}

options read_options(int argc, char** argv) {
  options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port") o.port = number<std::uint16_t>(value);
    if (name == "--channels") o.channels = value;
    if (name == "--connections") o.connections = number<std::size_t>(value);
    if (name == "--requests") o.requests = number<std::uint64_t>(value);
    if (name == "--seconds") o.seconds = number<double>(value);
    if (name == "--rate") o.rate = number<double>(value);
    if (name == "--first") o.first = number<std::size_t>(value);
    if (name == "--body") o.body = number<std::size_t>(value);
  }
  return o;
}

std::vector<std::string> write_requests(const options& o) {
  std::vector<std::string> all;
  std::ifstream in(o.channels);
  std::string id, token;
  while (in >> id >> token)
    all.push_back(
        "POST /webhooks/google HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(o.port) +
        "\r\nUser-Agent: APIs-Google\r\nAccept: */*\r\nX-Goog-Channel-ID: " + id +
        "\r\nX-Goog-Channel-Token: " + token +
        "\r\nX-Goog-Resource-State: exists\r\nX-Goog-Message-Number: 4711\r\nX-Goog-Resource-ID: r" + id +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(o.body) + "\r\n\r\n" +
        std::string(o.body, ' '));
  if (all.empty()) {
    std::fprintf(stderr, "no channels in %s\n", o.channels.c_str());
    std::exit(2);
  }
  return all;
}

struct connection {
  int fd = -1;
  clock_type::time_point since;
  std::string unread;
};

/// How many bytes of a whole answer stand at the front of `text`; 0 while it is incomplete.
std::size_t answer_size(std::string_view text) {
  const auto head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::size_t body = 0;
  constexpr std::string_view name = "content-length:";
  for (auto at = text.find("\r\n"); at < head; at = text.find("\r\n", at + 2)) {
    auto line = text.substr(at + 2, text.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size()) continue;
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? char(a + 32) : a) == b; };
    if (!std::equal(name.begin(), name.end(), line.begin(), same)) continue;
    line.remove_prefix(name.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    std::from_chars(line.data(), line.data() + line.size(), body);
  }
  return text.size() < head + 4 + body ? 0 : head + 4 + body;
}

class generator {
public:
  explicit generator(options o) : o_(std::move(o)), requests_(write_requests(o_)), next_(o_.first) {}

  void run() {
    epoll_ = ::epoll_create1(0);
    connections_.resize(o_.connections);
    for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
    latencies_.reserve(1 << 20);
    start_ = clock_type::now();
    end_ =
        start_ + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(o_.seconds));
    for (std::size_t i = 0; i < connections_.size(); ++i) idle_.push_back(i);
    for (;;) {
      const bool more = feed();
      if (!more && idle_.size() == connections_.size()) break;
      if (!wait(more)) break;
    }
    stop_ = clock_type::now();
  }

  void report() {
    const double took = std::chrono::duration<double>(stop_ - start_).count();
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double p) {
      return latencies_.empty() ? 0.0 : latencies_[std::size_t(p * double(latencies_.size() - 1))] * 1e3;
    };
    std::printf(
        "{\"answers\":%zu,\"seconds\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"status\":{",
        latencies_.size(), took, at(0.5), at(0.99), at(1));
    const char* comma = "";
    for (const auto& [status, n] : statuses_) {
      std::printf("%s\"%d\":%llu", comma, status, static_cast<unsigned long long>(n));
      comma = ",";
    }
    std::printf("}}\n");
  }

private:
  void open(std::size_t i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(o_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.u64 = i;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) die("epoll_ctl");
    connections_[i].fd = fd;
  }

  clock_type::time_point due(std::uint64_t i) const {
    return start_ + std::chrono::duration_cast<clock_type::duration>(
                        std::chrono::duration<double>(double(i) / o_.rate));
  }

  /// Sends what is due on free connections; false when nothing will be due any more.
  bool feed() {
    const auto now = clock_type::now();
    while (!idle_.empty()) {
      if (sent_ >= o_.requests || now >= end_) return false;
      const auto when = o_.rate > 0 ? due(sent_) : now;
      if (when > now) return true;
      const auto i = idle_.front();
      idle_.pop_front();
      send(connections_[i], when);
    }
    return sent_ < o_.requests && now < end_;
  }

  void send(connection& c, clock_type::time_point since) {
    const auto& r = requests_[next_++ % requests_.size()];
    c.since = since;
    ++sent_;
    // A request fits into an empty socket buffer.
    if (::send(c.fd, r.data(), r.size(), MSG_NOSIGNAL) != ssize_t(r.size())) die("send");
  }

  /// False when no answer came for ten seconds.
  bool wait(bool more) {
    int patience_ms = 10'000;
    if (more && o_.rate > 0 && !idle_.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due(sent_) - clock_type::now());
      patience_ms = int(std::clamp<std::int64_t>(left.count(), 0, 1'000));
    }
    epoll_event events[256];
    const int n = ::epoll_wait(epoll_, events, 256, patience_ms);
    if (n == 0 && patience_ms == 10'000) {
      std::fputs("no answer for ten seconds\n", stderr);
      return false;
    }
    for (int k = 0; k < n; ++k) receive(events[k].data.u64);
    return true;
  }

  void receive(std::size_t i) {
    auto& c = connections_[i];
    char buffer[4'096];
    const auto got = ::recv(c.fd, buffer, sizeof buffer, 0);
    if (got <= 0) die("recv");
    std::string_view text(buffer, std::size_t(got));
    if (!c.unread.empty()) {
      c.unread.append(text);
      text = c.unread;
    }
    const auto size = answer_size(text);
    if (size == 0) {
      if (c.unread.empty()) c.unread = text;
      return;
    }
    int status = 0;
    std::from_chars(text.data() + 9, text.data() + 12, status);
    ++statuses_[status];
    latencies_.push_back(std::chrono::duration<float>(clock_type::now() - c.since).count());
    c.unread.clear();
    idle_.push_back(i);
  }

  const options o_;
  const std::vector<std::string> requests_;
  std::size_t next_;
  int epoll_ = -1;
  std::vector<connection> connections_;
  std::deque<std::size_t> idle_;
  std::uint64_t sent_ = 0;
  clock_type::time_point start_, end_, stop_;
  std::vector<float> latencies_;
  std::map<int, std::uint64_t> statuses_;
};

} // namespace

int main(int argc, char** argv) {
  generator g(read_options(argc, argv));
  g.run();
  g.report();
  return 0;
}
