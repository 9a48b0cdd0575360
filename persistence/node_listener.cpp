// SPDX-License-Identifier: Apache-2.0
#include "persistence/node_listener.hpp"

#include "persistence/child_process.hpp"
#include "persistence/connection.hpp"

#include "observe/log.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>
#include <utility>

namespace kalends::persistence {
namespace {

using namespace std::chrono_literals;

constexpr auto first_backoff = 100ms;
constexpr auto longest_backoff = 2s;
/// How often a silent connection is asked whether it is still there.
constexpr auto silence = 15s;

const statement listen_sql{"listen", "LISTEN kalends"};
const statement ask_sql{"still_there", "SELECT 1"};
const std::vector<sql_value> no_values;

/// The next word of `rest`, which is cut off from it.
std::string_view next_word(std::string_view& rest) {
  const auto end = std::min(rest.find(' '), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

} // namespace

void pass_on(std::string_view rest, const node_words& heard) {
  const auto what = next_word(rest);
  if (what == "leases" && rest.empty()) return heard.leases();
  if (what != "stale") return;
  const std::string tenant(next_word(rest));
  const std::string provider(next_word(rest));
  std::int64_t mark = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), mark);
  if (failed != std::errc() || end != rest.data() + rest.size() || mark <= 0) return;
  if (is_uuid(tenant) && is_uuid(provider)) heard.stale(tenant_id(tenant), provider_id(provider), mark);
}

struct node_listener::impl {
  impl(std::string url, std::string role, node_words words)
      : options{std::move(url), std::move(role)}, heard(std::move(words)),
        stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread([this] { live(); }) {}
  ~impl() {
    const std::uint64_t one = 1;
    (void)!::write(stop.get(), &one, sizeof one);
    thread.join();
  }

  bool stopping(std::chrono::milliseconds patience = 0ms) const {
    pollfd fd{stop.get(), POLLIN, 0};
    return ::poll(&fd, 1, static_cast<int>(patience.count())) > 0;
  }
  void live();
  void listen(connection& c);

  const connection_options options;
  const node_words heard;
  const descriptor stop;
  std::thread thread;
};

void node_listener::impl::live() {
  std::chrono::milliseconds backoff = first_backoff;
  while (!stopping()) {
    if (auto made = connection::open(options); made && (*made)->exchange({{&listen_sql, &no_values}})) {
      backoff = first_backoff;
      heard.leases(); // what was said while nobody listened
      listen(**made);
    } else if (backoff == first_backoff) {
      observe::log(observe::log_level::warn, "the other nodes cannot be heard for now: the database is away");
    }
    if (stopping(backoff)) return;
    backoff = std::min<std::chrono::milliseconds>(backoff * 2, longest_backoff);
  }
}

/// Until the connection is lost, or nobody wants to hear any more.
void node_listener::impl::listen(connection& c) {
  while (!c.lost() && !stopping()) {
    const auto words = c.await_words(silence, stop.get());
    for (const auto& w : words) pass_on(w, heard);
    if (words.empty() && !c.lost() && !stopping()) (void)c.exchange({{&ask_sql, &no_values}});
  }
}

node_listener::node_listener(std::string url, std::string role, node_words heard)
    : impl_(std::make_unique<impl>(std::move(url), std::move(role), std::move(heard))) {}

node_listener::~node_listener() = default;

} // namespace kalends::persistence
