// SPDX-License-Identifier: Apache-2.0
#include "observe/scrape.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>

namespace kalends::observe {

namespace {

/// What /proc/self/stat tells after the program's name, which may hold blanks.
struct process_line {
  double cpu_seconds = 0, start_ticks = 0, threads = 0, resident_bytes = 0, virtual_bytes = 0;
};

process_line read_process() {
  process_line p;
  std::ifstream in("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return p;
  std::istringstream fields(text.substr(end_of_name + 2));
  std::vector<std::string> f;
  for (std::string word; fields >> word;) f.push_back(word);
  if (f.size() < 22) return p;
  // proc(5): field 3 (state) is the first one here.
  auto number = [&](std::size_t field) { return std::stod(f[field - 3]); };
  const double tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  p.cpu_seconds = (number(14) + number(15)) / tick;
  p.threads = number(20);
  p.start_ticks = number(22) / tick;
  p.virtual_bytes = number(23);
  p.resident_bytes = number(24) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return p;
}

/// When the machine started, in seconds since the epoch.
double boot_time() {
  std::ifstream in("/proc/stat");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  return 0;
}

double open_descriptors() {
  auto* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int n = -3; // ".", ".." and the folder's own
  while (::readdir(folder) != nullptr) ++n;
  ::closedir(folder);
  return n;
}

double most_descriptors() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

} // namespace

std::vector<prometheus::MetricFamily> process_families(const std::string& version) {
  std::vector<prometheus::MetricFamily> out;
  auto one = [&out](const char* name, const char* help, double value, bool counts = false) {
    family_maker made(name, help, counts);
    made.add(value);
    out.push_back(made.take());
  };
  static const double booted = boot_time();
  const auto p = read_process();
  one("process_cpu_seconds_total", "CPU time of the process.", p.cpu_seconds, true);
  one("process_resident_memory_bytes", "Resident memory of the process.", p.resident_bytes);
  one("process_virtual_memory_bytes", "Virtual memory of the process.", p.virtual_bytes);
  one("process_start_time_seconds", "When the process started, since the epoch.", booted + p.start_ticks);
  one("process_open_fds", "Open file descriptors.", open_descriptors());
  one("process_max_fds", "Most file descriptors that may be open.", most_descriptors());
  one("process_threads", "Threads of the process.", p.threads);
  family_maker build("kalends_build_info", "What was built; always 1.");
  build.add(1, {{"version", version}, {"compiler", "g++ " __VERSION__}});
  out.push_back(build.take());
  return out;
}

} // namespace kalends::observe
