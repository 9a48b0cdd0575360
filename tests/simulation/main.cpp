// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/// kalends_simulation --seeds N --from S [--steps K] [--jobs J] [--nodes N] [--also FILE] [--coverage FILE]
/// [--trace] Lives N seeded worlds; the last line is "seeds=N violations=V steps=…". See README.md beside
/// this file.
namespace {

using namespace kalends::simulation;

constexpr unsigned longest_life = 60; ///< seconds of processor time; a life takes a tenth of one
constexpr unsigned longest_wait =
    1200; ///< seconds of any time, however busy the machine: a life that is stuck

struct options {
  unsigned seeds = 100, from = 1, jobs = std::max(1u, std::thread::hardware_concurrency());
  int steps = 1'000;
  unsigned nodes = 1;
  std::string also;     ///< a file of seeds that once failed
  std::string coverage; ///< a file of what has to happen over all seeds
  bool trace = false;
};

/// A worker's lines to its parent: "seed N" before, "steps N", "violation TEXT", "line TEXT", "count N WHAT".
class report {
public:
  explicit report(int to) : to_(fdopen(to, "w")) {}
  ~report() { std::fclose(to_); }
  void line(const std::string& what, const std::string& value) {
    std::string flat = value;
    for (auto& c : flat)
      if (c == '\n') c = '\x01';
    std::fprintf(to_, "%s %s\n", what.c_str(), flat.c_str());
  }
  void flush() { std::fflush(to_); }

private:
  FILE* to_;
};

/// One that hangs ends its process. The processor's time is the same on a busy machine.
void watch_life() {
  itimerval life{};
  life.it_value.tv_sec = longest_life;
  setitimer(ITIMER_PROF, &life, nullptr);
  alarm(longest_wait);
}

void live(const std::vector<unsigned>& seeds, const options& o, report& to) {
  for (const auto seed : seeds) {
    to.line("seed", std::to_string(seed));
    to.flush();
    watch_life();
    auto come_to = world_of_seed(seed, o.trace, o.nodes).live(o.steps);
    to.line("steps", std::to_string(come_to.steps));
    if (!come_to.violation.empty() && !o.trace) // the same seed tells the same story, now in words
      come_to = world_of_seed(seed, true, o.nodes).live(o.steps);
    if (!come_to.violation.empty()) to.line("violation", come_to.violation);
    if (!come_to.violation.empty() || o.trace) {
      const std::size_t told =
          o.trace ? come_to.story.size() : std::min<std::size_t>(60, come_to.story.size());
      for (std::size_t i = come_to.story.size() - told; i < come_to.story.size(); ++i)
        to.line("line", come_to.story[i]);
    }
    for (const auto& [what, times] : come_to.happened) to.line("count", std::to_string(times) + " " + what);
  }
  to.line("end", "");
}

struct worker {
  pid_t pid = 0;
  FILE* from = nullptr;
};

worker begin(const std::vector<unsigned>& seeds, const options& o) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(2);
  worker w;
  w.pid = fork();
  if (w.pid == 0) {
    close(ends[0]);
    report to(ends[1]);
    live(seeds, o, to);
    to.flush();
    _exit(0);
  }
  close(ends[1]);
  w.from = fdopen(ends[0], "r");
  return w;
}

struct totals {
  unsigned seeds = 0, violations = 0;
  unsigned long long steps = 0;
  std::map<std::string, std::size_t> happened;
};

void unflatten(std::string& text) {
  for (auto& c : text)
    if (c == '\x01') c = '\n';
}

void listen(worker& w, const options& o, totals& all) {
  std::string seed = "?";
  bool ended = false;
  char* line = nullptr;
  std::size_t room = 0;
  while (getline(&line, &room, w.from) > 0) {
    std::string text(line);
    text.pop_back();
    const auto space = text.find(' ');
    const auto what = text.substr(0, space);
    auto value = text.substr(space + 1);
    unflatten(value);
    if (what == "seed") {
      seed = value;
      ++all.seeds;
    } else if (what == "steps") {
      all.steps += std::stoull(value);
    } else if (what == "violation") {
      ++all.violations;
      std::printf("seed %s: %s\n  again, alone: ./dev simulate --seeds 1 --from %s --steps %d --trace\n",
                  seed.c_str(), value.c_str(), seed.c_str(), o.steps);
    } else if (what == "line") {
      std::printf("    %s\n", value.c_str());
    } else if (what == "count") {
      const auto at = value.find(' ');
      all.happened[value.substr(at + 1)] += std::stoull(value.substr(0, at));
    } else if (what == "end") {
      ended = true;
    }
  }
  std::free(line);
  std::fclose(w.from);
  waitpid(w.pid, nullptr, 0);
  if (ended) return;
  ++all.violations;
  std::printf(
      "seed %s: the process died\n  again, alone: ./dev simulate --seeds 1 --from %s --steps %d --trace\n",
      seed.c_str(), seed.c_str(), o.steps);
}

options read(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 < argc) return argv[++i];
      std::fprintf(stderr, "%s needs a value\n", name.c_str());
      std::exit(2);
    };
    if (name == "--seeds")
      o.seeds = static_cast<unsigned>(std::stoul(value()));
    else if (name == "--from")
      o.from = static_cast<unsigned>(std::stoul(value()));
    else if (name == "--steps")
      o.steps = std::stoi(value());
    else if (name == "--jobs")
      o.jobs = static_cast<unsigned>(std::stoul(value()));
    else if (name == "--also")
      o.also = value();
    else if (name == "--trace")
      o.trace = true;
    else if (name == "--coverage")
      o.coverage = value();
    else if (name == "--nodes")
      o.nodes = static_cast<unsigned>(std::stoul(value()));
    else {
      std::fprintf(stderr, "what is %s?\n", name.c_str());
      std::exit(2);
    }
  }
  return o;
}

std::vector<unsigned> seeds_of(const options& o) {
  std::vector<unsigned> all;
  std::ifstream kept(o.also);
  for (std::string line; std::getline(kept, line);)
    if (!line.empty() && line.front() != '#') all.push_back(static_cast<unsigned>(std::stoul(line)));
  for (unsigned n = 0; n < o.seeds; ++n) all.push_back(o.from + n);
  return all;
}

/// What has to have happened over all seeds, or the worlds are too tame.
bool covers(const totals& all, const std::string& file) {
  bool complete = true;
  std::ifstream expected(file);
  for (std::string what; std::getline(expected, what);)
    if (!what.empty() && what.front() != '#' && !all.happened.contains(what)) {
      std::printf("never happened: %s\n", what.c_str());
      complete = false;
    }
  return complete;
}

} // namespace

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  const auto o = read(argc, argv);
  const auto seeds = seeds_of(o);
  std::vector<std::vector<unsigned>> shares(std::max(1u, o.jobs));
  for (std::size_t i = 0; i < seeds.size(); ++i) shares[i % shares.size()].push_back(seeds[i]);
  std::vector<worker> workers;
  for (const auto& share : shares) workers.push_back(begin(share, o));
  // Each worker is listened to on its own, so that none waits for the others' stories to be printed.
  totals all;
  std::vector<totals> heard(workers.size());
  std::vector<std::thread> ears;
  for (std::size_t i = 0; i < workers.size(); ++i)
    ears.emplace_back([&, i] { listen(workers[i], o, heard[i]); });
  for (auto& ear : ears) ear.join();
  for (const auto& h : heard) {
    all.seeds += h.seeds;
    all.violations += h.violations;
    all.steps += h.steps;
    for (const auto& [what, times] : h.happened) all.happened[what] += times;
  }
  if (std::getenv("KALENDS_SIMULATION_COUNTS") != nullptr)
    for (const auto& [what, times] : all.happened) std::printf("%9zu %s\n", times, what.c_str());
  const bool complete = o.coverage.empty() || covers(all, o.coverage);
  std::printf("seeds=%u violations=%u steps=%llu\n", all.seeds, all.violations, all.steps);
  return all.violations == 0 && complete ? 0 : 1;
}
