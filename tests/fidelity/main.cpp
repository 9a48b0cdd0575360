// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/generator.hpp"
#include "tests/fidelity/page.hpp"
#include "tests/fidelity/rule_peer.hpp"
#include "tests/fidelity/vendor_trip.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <mutex>
#include <thread>

/// Takes appointments to Google's and Microsoft's calendars and back, and asks whether they are still the
/// same.
namespace kalends::fidelity {
namespace {

struct options {
  unsigned cases = 1'000;
  unsigned seed = 1;
  unsigned workers = std::max(1U, std::thread::hardware_concurrency());
  std::string script = FIDELITY_PEER;
  bool rules_only = false;
  bool trips_only = false;
};

/// What all workers found, under one lock.
struct findings {
  std::mutex mutex;
  std::uint64_t cases = 0; ///< lived to their end, however many were asked for
  std::uint64_t changed = 0;
  std::uint64_t refused = 0;
  std::uint64_t rules = 0;
  std::uint64_t rules_in_sandbox = 0;
  std::uint64_t differing = 0;
  std::uint64_t broken = 0;
  std::map<std::string, std::uint64_t> refusals;
  std::map<std::string, std::uint64_t> normalised;
  std::map<std::string, std::uint64_t> passed_over;

  static constexpr std::uint64_t most_shown = 20;
  void show(const std::string& text, std::uint64_t& count) {
    if (++count <= most_shown) std::printf("%s\n\n", text.c_str());
  }
};

void travel(vendor_trip& trip, const specimen& s, findings& f) {
  auto end = trip.there_and_back(s);
  const std::lock_guard lock(f.mutex);
  if (!end.refusal.empty()) {
    ++f.refused;
    ++f.refusals[std::string(trip.name()) + " " + end.refusal];
    if (!tells_refusal(*read_name<provider_type>(trip.name()), end.refusal))
      end.change = "refused for a reason that docs/fidelity.md does not tell: " + end.refusal;
  }
  for (const auto& n : end.normalised) ++f.normalised[std::string(trip.name()) + " " + n];
  if (!end.change.empty())
    f.show(std::string(trip.name()) + ", seed " + std::to_string(s.seed) + ": " + end.change, f.changed);
}

void work(const options& o, std::atomic<unsigned>& next, findings& f) {
  rule_peer peer(o.script);
  vendor_trip google(provider_type::google);
  vendor_trip microsoft(provider_type::microsoft);
  for (;;) {
    const unsigned from = next.fetch_add(rule_peer::batch);
    if (from >= o.cases) break;
    const unsigned to = std::min<unsigned>(from + rule_peer::batch, o.cases);
    std::vector<specimen> batch;
    for (unsigned i = from; i < to; ++i) batch.push_back(make_specimen(o.seed + i));
    if (!o.trips_only) {
      for (const auto& s : batch) peer.ask(s.seed, s.what);
      peer.send();
    }
    if (!o.rules_only)
      for (const auto& s : batch) {
        travel(google, s, f);
        travel(microsoft, s, f);
      }
    for (const auto& d : peer.differences()) {
      const std::lock_guard lock(f.mutex);
      f.show(d, f.differing);
    }
    const std::lock_guard lock(f.mutex);
    f.cases += batch.size();
  }
  const std::lock_guard lock(f.mutex);
  f.rules += peer.compared;
  f.rules_in_sandbox += peer.by_sandbox;
  for (const auto& [name, count] : peer.passed_over) f.passed_over[name] += count;
}

void list(const char* title, const std::map<std::string, std::uint64_t>& counts) {
  if (!counts.empty()) std::printf("%s\n", title);
  for (const auto& [name, count] : counts)
    std::printf("  %8llu  %s\n", static_cast<unsigned long long>(count), name.c_str());
}

int run(const options& o) {
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<unsigned> next = 0;
  findings f;
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < o.workers; ++i)
    workers.emplace_back([&] {
      try {
        work(o, next, f);
      } catch (const std::exception& e) {
        const std::lock_guard lock(f.mutex);
        ++f.broken;
        std::printf("A worker ended: %s\n", e.what());
      }
    });
  for (auto& w : workers) w.join();

  list("refused beforehand:", f.refusals);
  list("normalised:", f.normalised);
  list("rules that the other library is known to get wrong:", f.passed_over);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::printf("seed=%u rules=%llu rules_in_sandbox=%llu rules_differing=%llu seconds=%.1f\n", o.seed,
              static_cast<unsigned long long>(f.rules), static_cast<unsigned long long>(f.rules_in_sandbox),
              static_cast<unsigned long long>(f.differing), seconds);
  std::printf("cases=%llu changed=%llu refused=%llu\n", static_cast<unsigned long long>(f.cases),
              static_cast<unsigned long long>(f.changed), static_cast<unsigned long long>(f.refused));
  const bool complete = f.broken == 0 && f.cases == o.cases;
  if (!complete)
    std::fprintf(stderr, "%llu of %u cases were not tried.\n",
                 static_cast<unsigned long long>(o.cases - f.cases), o.cases);
  return complete && f.changed == 0 && f.differing == 0 ? 0 : 1;
}

} // namespace
} // namespace kalends::fidelity

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN); // a second library that ends is told as what it is
  kalends::fidelity::options o;
  CLI::App app("Appointments to both vendors and back; rules against two other expansions");
  app.add_option("--cases", o.cases, "How many appointments");
  app.add_option("--seed", o.seed, "Of the first; the others follow");
  app.add_option("--workers", o.workers, "Threads, each with its own sandbox and second library");
  app.add_flag("--rules-only", o.rules_only,
               "Only the comparison of rules, by libical and the second library");
  app.add_flag("--trips-only", o.trips_only, "Only the trips to the vendors");
  bool page = false;
  app.add_flag("--page", page, "Write docs/fidelity.md to standard output");
  CLI11_PARSE(app, argc, argv);
  if (page) {
    std::fputs(kalends::fidelity::page().c_str(), stdout);
    return 0;
  }
  return kalends::fidelity::run(o);
}
