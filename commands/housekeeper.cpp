// SPDX-License-Identifier: Apache-2.0
#include "commands/housekeeper.hpp"

#include "observe/log.hpp"
#include "persistence/directory.hpp"
#include "persistence/webhooks.hpp"
#include "schema/sign_in.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace kalends::commands {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto first_round_after = 2min; ///< a start has better things to do
constexpr clock::duration round_period = 1h;
constexpr clock::duration longest_pause = 1s;
constexpr int batches_per_tenant = 40; ///< in one round: whoever has a backlog is not the only one
constexpr std::size_t tenants_per_read = 1'000;

} // namespace

struct housekeeper::impl {
  impl(persistence::database& d, settings s, world w)
      : db(d), configured(std::move(s)), outside(std::move(w)) {}

  void live();
  void round();
  result<persistence::forgotten> tidy(const tenant_id& tenant);
  result<persistence::forgotten> tidy_installation();
  /// False: it is time to go.
  bool sleep(clock::duration d);

  persistence::database& db;
  const settings configured;
  const world outside;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::thread thread;
};

housekeeper::housekeeper(persistence::database& db, settings configured, world outside)
    : impl_(std::make_unique<impl>(db, std::move(configured), std::move(outside))) {
  impl_->thread = std::thread([i = impl_.get()] { i->live(); });
}

housekeeper::~housekeeper() { stop(); }

void housekeeper::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool housekeeper::impl::sleep(clock::duration d) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, d, [this] { return stopping; });
  return !stopping;
}

void housekeeper::impl::live() {
  auto next = clock::now() + first_round_after;
  while (sleep(next - clock::now())) {
    next = clock::now() + round_period;
    round();
  }
}

/// All tenants once, spread over half of the period.
void housekeeper::impl::round() {
  const auto began = clock::now();
  persistence::forgotten sum;
  std::size_t failed = 0;
  tenant_id after;
  for (;;) {
    using ids = std::vector<tenant_id>;
    const auto found = db.run_now<ids>({}, [&](persistence::transaction& tx) {
      return persistence::list_tenant_ids(tx, after, tenants_per_read);
    });
    if (!found || found->empty()) break;
    const auto pause =
        std::min<clock::duration>(longest_pause, round_period / 2 / static_cast<clock::rep>(found->size()));
    for (const auto& tenant : *found) {
      if (const auto done = tidy(tenant))
        sum += *done;
      else
        ++failed;
      if (!sleep(pause)) return;
    }
    after = found->back();
    if (found->size() < tenants_per_read) break;
  }
  if (const auto done = tidy_installation())
    sum += *done;
  else
    ++failed;
  if (sum.all() == 0 && failed == 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began);
  observe::log(failed == 0 ? observe::log_level::info : observe::log_level::warn, "old rows were forgotten",
               {{"facts", sum.facts},
                {"decisions", sum.decisions},
                {"runs", sum.runs},
                {"dead_letters", sum.letters},
                {"audit_lines", sum.audit_lines},
                {"conflicts", sum.conflicts},
                {"answers", sum.answers},
                {"sign_ins", sum.sign_ins},
                {"notifications", sum.notifications},
                {"deliveries", sum.deliveries},
                {"tenants_failed", failed},
                {"took_ms", took.count()}});
}

result<persistence::forgotten> housekeeper::impl::tidy_installation() {
  return db.run_now<persistence::forgotten>({installation_rows()}, [&](persistence::transaction& tx) {
    return persistence::forget_installation_rows(tx, configured, outside.now());
  });
}

result<persistence::forgotten> housekeeper::impl::tidy(const tenant_id& tenant) {
  persistence::forgotten sum;
  for (int batch = 0; batch < batches_per_tenant; ++batch) {
    auto done = db.run_now<persistence::forgotten>({tenant}, [&](persistence::transaction& tx) {
      return persistence::forget_old_rows(tx, configured, outside.now(), persistence::facts_awaited_from);
    });
    if (!done) return done;
    sum += *done;
    if (!done->more || !sleep(10ms)) break;
  }
  return sum;
}

} // namespace kalends::commands
