// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"
#include "commands/http_talk.hpp"
#include "net/io_threads.hpp"

#include <boost/json/value.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

/// What every `kalends admin …` needs: the configuration, a client, and the running server with its admin
/// key.
namespace kalends::commands {

inline constexpr int bad_configuration = 2; ///< exit status: nothing was begun

/// A line for whoever called.
void say(const std::string& line);
/// The text under `key`, or nothing.
std::string text_at(const boost::json::value& v, const char* key);

/// Owns a thread and a client; blocks whoever calls it.
class admin_desk {
public:
  /// An empty `server_url`: the server that the configuration tells of.
  admin_desk(configuration c, std::string server_url);
  ~admin_desk();
  admin_desk(const admin_desk&) = delete;
  admin_desk& operator=(const admin_desk&) = delete;

  /// `path` begins with /v1/admin. Without an admin key `admin_key_missing`.
  result<boost::json::value> ask(const char* method, const std::string& path,
                                 const boost::json::value& body = nullptr) const;
  const configuration& configured() const noexcept { return c_; }
  const std::shared_ptr<net::http_client>& http() const noexcept { return http_; }

private:
  const configuration c_;
  const std::string server_url_;
  net::io_threads io_{1};
  std::shared_ptr<net::http_client> http_;
  http_talk server_;
  std::string key_;
};

/// Runs `work(desk)`, which answers a `result`, and prints what went wrong. The exit status.
template <class Options, class Work>
int at_desk(const Options& o, Work work) {
  auto c = read_configuration(o.given);
  for (const auto& p : c.problems) std::fprintf(stderr, "kalends: %s\n", p.c_str());
  if (!c.problems.empty()) return bad_configuration;
  const admin_desk at(std::move(c.value), o.server_url);
  const auto done = work(at);
  std::fflush(stdout);
  if (done) return 0;
  std::fprintf(stderr, "kalends: %s (%s)\n", done.error().detail.c_str(), done.error().code.c_str());
  return 1;
}

} // namespace kalends::commands
