// SPDX-License-Identifier: Apache-2.0
#include "commands/watch.hpp"

#include "observe/log.hpp"
#include "persistence/directory.hpp"
#include "persistence/figures.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace kalends::commands {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto knock_period = 2s;
/// What a scrape waits for the rows, and a look-out for the database.
constexpr auto patience = 3s;
/// Several scrapers cost no more than one.
constexpr auto rows_good_for = 5s;
/// A row policy compares each row with each tenant that is acted for, so the tenants are taken in portions.
constexpr std::size_t tenants_at_once = 200;
constexpr std::size_t scrapes_waiting_limit = 32;

double seconds(clock::duration d) { return std::chrono::duration<double>(d).count(); }

} // namespace

struct watch::impl : std::enable_shared_from_this<watch::impl> {
  explicit impl(parts given) : p(std::move(given)) {}

  void live();
  void knock();
  void look_at_rows();
  void count_next(std::shared_ptr<observe::row_figures> sum, tenant_id after, clock::time_point began);
  void rows_read(result<observe::row_figures> counted, clock::time_point began);
  void measure_lag();
  std::string scrape_now();

  parts p;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::function<void(std::string)>> waiting;
  bool stopping = false;
  std::atomic<bool> answers = true;
  bool knocking = false, counting = false; ///< asked and not answered yet
  clock::time_point next_knock = clock::now();
  std::optional<observe::row_figures> rows;
  clock::time_point rows_at{};
  double rows_took = 0;
  std::atomic<double> lag = 0;
};

watch::watch(parts p) : impl_(std::make_shared<impl>(std::move(p))) {
  impl_->thread = std::thread([i = impl_.get()] { i->live(); });
}

watch::~watch() { stop(); }

void watch::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool watch::database_answers() const noexcept { return impl_->answers.load(); }

void watch::scrape(std::function<void(std::string)> done) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->stopping && impl_->waiting.size() < scrapes_waiting_limit) {
      impl_->waiting.push_back(std::move(done));
      done = nullptr;
    }
  }
  if (done) return done({});
  impl_->changed.notify_all();
}

void watch::impl::live() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    changed.wait_until(lock, next_knock, [&] { return stopping || !waiting.empty(); });
    if (clock::now() >= next_knock) {
      next_knock = clock::now() + knock_period;
      lock.unlock();
      knock();
      measure_lag();
      lock.lock();
    }
    if (waiting.empty()) continue;
    auto served = std::exchange(waiting, {});
    lock.unlock();
    const auto text = scrape_now();
    for (auto& done : served) done(text);
    lock.lock();
  }
  auto left = std::exchange(waiting, {});
  lock.unlock();
  for (auto& done : left) done({});
}

/// Asks the database for nothing in particular. An earlier question that hangs is answer enough.
void watch::impl::knock() {
  std::unique_lock lock(mutex);
  if (!std::exchange(knocking, true)) {
    lock.unlock();
    p.db.run<bool>({}, persistence::knock, [self = shared_from_this()](const result<bool>& r) {
      const std::lock_guard guard(self->mutex);
      self->knocking = false;
      const bool well = r.has_value() || r.error().code == "database_busy";
      if (!self->answers.exchange(well) && well)
        observe::log(observe::log_level::info, "the database answers again");
      self->changed.notify_all();
    });
    lock.lock();
  }
  if (!changed.wait_for(lock, patience, [&] { return !knocking || stopping; }) && answers.exchange(false))
    observe::log(observe::log_level::error, "the database does not answer");
}

void watch::impl::measure_lag() {
  p.io.after(
      0ms, [self = shared_from_this(), asked = clock::now()] { self->lag = seconds(clock::now() - asked); });
}

void watch::impl::look_at_rows() {
  const auto began = clock::now();
  count_next(std::make_shared<observe::row_figures>(), tenant_id(), began);
}

/// One portion of tenants after the other, each in two transactions: their ids, then their rows.
void watch::impl::count_next(std::shared_ptr<observe::row_figures> sum, tenant_id after,
                             clock::time_point began) {
  using ids = std::vector<tenant_id>;
  auto count = [self = shared_from_this(), sum, began](result<ids> found) {
    if (!found) return self->rows_read(tl::unexpected(found.error()), began);
    if (found->empty()) return self->rows_read(std::move(*sum), began);
    sum->tenants += static_cast<std::int64_t>(found->size());
    using lines = std::vector<observe::calendar_figures>;
    self->p.db.run<lines>(
        *found,
        [self](persistence::transaction& tx) {
          return persistence::count_rows(tx, self->p.outside.now(), self->p.push_expected);
        },
        [self, sum, began, last = found->back(),
         whole = found->size() == tenants_at_once](result<lines> counted) {
          if (!counted) return self->rows_read(tl::unexpected(counted.error()), began);
          for (auto& line : *counted) sum->lines.push_back(std::move(line));
          if (!whole) return self->rows_read(std::move(*sum), began);
          self->count_next(sum, last, began);
        });
  };
  p.db.run<ids>(
      {},
      [after](persistence::transaction& tx) {
        return persistence::list_tenant_ids(tx, after, tenants_at_once);
      },
      std::move(count));
}

void watch::impl::rows_read(result<observe::row_figures> counted, clock::time_point began) {
  if (!counted)
    observe::log(observe::log_level::warn, "the rows could not be counted", {{"code", counted.error().code}});
  const std::lock_guard lock(mutex);
  counting = false;
  rows_took = seconds(clock::now() - began);
  rows_at = clock::now();
  rows = counted ? std::optional(std::move(*counted)) : std::nullopt;
  changed.notify_all();
}

std::string watch::impl::scrape_now() {
  {
    std::unique_lock lock(mutex);
    const bool fresh = rows && clock::now() - rows_at < rows_good_for;
    if (!fresh && answers && !std::exchange(counting, true)) {
      lock.unlock();
      look_at_rows();
      lock.lock();
    }
    if (!fresh && answers && !changed.wait_for(lock, patience, [&] { return !counting || stopping; }))
      rows.reset();
    if (!answers) rows.reset();
  }
  observe::house_figures house;
  house.database_up = answers;
  const auto db = p.db.figures();
  house.database_connections = db.connections;
  house.database_connections_up = db.up;
  house.database_connections_busy = db.busy;
  house.database_waiting = db.waiting;
  house.http_connections = p.http_connections();
  house.loop_lag = lag;
  const std::lock_guard lock(mutex);
  house.rows = rows;
  house.rows_took = rows_took;
  return p.meter.text(house);
}

} // namespace kalends::commands
