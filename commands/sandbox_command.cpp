// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "net/io_threads.hpp"
#include "sandbox/sandbox.hpp"

#include <cstdio>
#include <filesystem>
#include <future>

namespace kalends::commands {

int run_sandbox(const sandbox_command_options& o) {
  std::error_code made;
  std::filesystem::create_directories(o.data_dir, made);
  sandbox::sandbox_options options;
  options.address = o.listen;
  options.port = o.port;
  options.state_dir = o.data_dir;
  auto started = sandbox::sandbox::start(options, real_world());
  if (!started) {
    std::fprintf(stderr, "kalends: %s (%s)\n", started.error().detail.c_str(), started.error().code.c_str());
    return 1;
  }
  net::io_threads io;
  std::promise<void> asked;
  io.on_stop_signal([&] { asked.set_value(); });
  std::printf("The sandbox answers at %s (CA: %s), its own page is %s\n", (*started)->base_url().c_str(),
              (*started)->ca_file().c_str(), (*started)->admin_url().c_str());
  std::fflush(stdout);
  asked.get_future().wait();
  (*started)->stop();
  return 0;
}

} // namespace kalends::commands
