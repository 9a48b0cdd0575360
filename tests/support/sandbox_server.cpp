// SPDX-License-Identifier: Apache-2.0
//
// The sandbox as a process of its own, for tests in other languages: prints one line of JSON with `base_url`,
// `admin_url` and `ca_file` once it answers, and stops when its input ends or at SIGINT or SIGTERM.
// Usage: sandbox_server STATE_DIR
#include "sandbox/sandbox.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdio>
#include <string>

#include <poll.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t stopping = 0;

void stop_soon(int) { stopping = 1; }

/// Returns when the parent closed our input, or a signal came.
void wait_for_the_end() {
  char byte = 0;
  while (!stopping) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, -1) > 0 && read(STDIN_FILENO, &byte, 1) <= 0) return;
  }
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: sandbox_server STATE_DIR\n", stderr);
    return 2;
  }
  struct sigaction action {};
  action.sa_handler = stop_soon;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  kalends::sandbox::sandbox_options options;
  options.state_dir = arguments[1];
  auto started = kalends::sandbox::sandbox::start(options, kalends::real_world());
  if (!started) {
    std::fprintf(stderr, "%s: %s\n", started.error().code.c_str(), started.error().detail.c_str());
    return 1;
  }
  const boost::json::object line{{"base_url", (*started)->base_url()},
                                 {"admin_url", (*started)->admin_url()},
                                 {"ca_file", (*started)->ca_file()}};
  std::puts(boost::json::serialize(line).c_str());
  std::fflush(stdout);
  wait_for_the_end();
  return 0;
}
