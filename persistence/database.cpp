// SPDX-License-Identifier: Apache-2.0
#include "persistence/database.hpp"

#include "observe/log.hpp"
#include "persistence/connection.hpp"
#include "persistence/fair_queue.hpp"
#include "persistence/require.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <typeinfo>

namespace kalends::persistence {

using observe::log;
using observe::log_level;
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto first_backoff = 50ms;
constexpr auto longest_backoff = 2s;
/// How long work waits for a database that is away.
constexpr auto away_patience = 10s;
/// How often an idle connection is looked at, so that `ready` does not speak of one that died long ago.
constexpr auto idle_look = 2s;
constexpr std::size_t connections_limit = 64;

thread_local bool on_database_thread = false;

} // namespace

struct database::impl {
  struct waiting {
    job work;
    clock::time_point since;
  };

  explicit impl(database_options o) : options(std::move(o)), queue(options.queue_limit) {}
  ~impl();

  void serve(std::unique_ptr<connection> c);
  std::unique_ptr<connection> connect();
  void count_live(int change);
  std::vector<waiting> overdue();
  std::optional<waiting> next(connection& c);
  void perform(connection& c, waiting w);
  static void answer(job& j, result<void> outcome);

  connection_options to_connect() const {
    return {options.url, options.role, options.statement_timeout_ms, true};
  }

  database_options options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  fair_queue<waiting> queue;
  clock::time_point away_since = clock::now();
  int live = 0;
  std::size_t busy = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

result<std::unique_ptr<database>> database::open(database_options options) {
  options.connections = std::clamp<std::size_t>(options.connections, 1, connections_limit);
  auto made = std::make_unique<impl>(std::move(options));
  auto first = connection::open(made->to_connect());
  if (!first) return tl::unexpected(first.error());
  made->live = 1;
  made->threads.emplace_back([i = made.get(), c = std::move(*first)]() mutable { i->serve(std::move(c)); });
  for (std::size_t n = 1; n < made->options.connections; ++n)
    made->threads.emplace_back([i = made.get()] { i->serve(nullptr); });
  return std::unique_ptr<database>(new database(std::move(made)));
}

database::database(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

database::~database() = default;

database::impl::~impl() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (auto& t : threads) t.join();
}

bool database::ready() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->live > 0;
}

database_figures database::figures() const {
  const auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  return {i.options.connections, static_cast<std::size_t>(i.live), i.busy, i.queue.size()};
}

void database::enqueue(job j) {
  auto& i = *impl_;
  const std::string lane = j.tenants.size() == 1 ? j.tenants.front().str() : "";
  error refusal;
  {
    const std::lock_guard lock(i.mutex);
    if (i.stopping) {
      refusal = {errc::stopped, "database_stopped", "The database is closed.", {}, {}};
    } else if (!i.queue.has_room(lane)) {
      refusal = {errc::retry_later, "database_busy", "Too much work waits for the database.", {}, 1s};
    } else {
      i.queue.push(lane, {std::move(j), clock::now()});
    }
  }
  if (!refusal.code.empty()) {
    i.options.meter->work_refused(refusal.code);
    return impl::answer(j, tl::unexpected(std::move(refusal)));
  }
  i.wake.notify_one();
}

void database::enqueue_and_wait(job j) {
  require(!on_database_thread, "nobody waits for the database on one of its own threads");
  std::mutex mutex;
  std::condition_variable done;
  bool answered = false;
  j.done = [&, inner = std::move(j.done)](result<void> outcome) {
    inner(std::move(outcome));
    const std::lock_guard lock(mutex); // held while notifying: the waiter may leave as soon as it can lock
    answered = true;
    done.notify_one();
  };
  enqueue(std::move(j));
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return answered; });
}

/// One thread's life: connect, serve until the connection is lost, again; at the end, only once the queue is
/// empty.
void database::impl::serve(std::unique_ptr<connection> c) {
  on_database_thread = true;
  for (;;) {
    if (!c) c = connect();
    if (!c) return;
    while (auto w = next(*c)) perform(*c, std::move(*w));
    const bool lost = c->lost();
    c.reset();
    count_live(-1);
    if (!lost) return;
  }
}

/// Tries until it succeeds; nothing, when there is nothing left to do and we are stopping.
std::unique_ptr<connection> database::impl::connect() {
  std::chrono::milliseconds backoff = first_backoff;
  for (;;) {
    auto made = connection::open(to_connect());
    if (made) {
      count_live(+1);
      return std::move(*made);
    }
    if (backoff == first_backoff) // once per outage and thread, not once per attempt
      log(log_level::warn, "the database cannot be reached",
          {{"code", made.error().code}, {"detail", made.error().detail}});
    for (auto& late : overdue()) {
      options.meter->work_refused("database_away");
      answer(late.work, failure(errc::retry_later, "database_away", "The database cannot be reached."));
    }
    std::unique_lock lock(mutex);
    if (stopping && queue.empty()) return nullptr;
    wake.wait_for(lock, backoff, [&] { return stopping && queue.empty(); });
    if (stopping && queue.empty()) return nullptr;
    backoff = std::min<std::chrono::milliseconds>(backoff * 2, longest_backoff);
  }
}

void database::impl::count_live(int change) {
  const std::lock_guard lock(mutex);
  live += change;
  if (live == 0) away_since = clock::now();
}

/// Work that has waited its full patience while no connection was up. A busy database is not an absent one.
std::vector<database::impl::waiting> database::impl::overdue() {
  std::vector<waiting> late;
  std::vector<waiting> early;
  const std::lock_guard lock(mutex);
  const auto now = clock::now();
  if (live > 0 || queue.empty() || now - away_since < away_patience) return late;
  while (auto item = queue.pop())
    (now - item->since < away_patience ? early : late).push_back(std::move(*item));
  for (auto& item : early) {
    const auto& tenants = item.work.tenants;
    queue.push(tenants.size() == 1 ? tenants.front().str() : "", std::move(item));
  }
  return late;
}

/// The next work for this connection; nothing, when the connection is lost or we are stopping and all is
/// done.
std::optional<database::impl::waiting> database::impl::next(connection& c) {
  std::unique_lock lock(mutex);
  for (;;) {
    if (!queue.empty() || stopping) {
      if (c.lost() || (!queue.empty() && !c.usable())) return std::nullopt;
      auto taken = queue.pop();
      if (taken) ++busy;
      return taken;
    }
    if (!wake.wait_for(lock, idle_look, [&] { return stopping || !queue.empty(); }) && !c.usable())
      return std::nullopt;
    if (c.lost()) return std::nullopt;
  }
}

void database::impl::perform(connection& c, waiting w) {
  const auto began = clock::now();
  auto& j = w.work;
  transaction tx = j.over_all ? transaction::over_all(c) : transaction(c, std::move(j.tenants));
  result<void> outcome;
  try {
    outcome = j.work(tx);
  } catch (const std::exception& e) {
    // The text of a foreign exception may quote a value: it goes to the type's name only.
    log(log_level::error, "work on the database threw", {{"exception", typeid(e).name()}});
    outcome = failure(errc::broken, "work_threw", "The work on the database failed unexpectedly.");
  } catch (...) {
    outcome = failure(errc::broken, "work_threw", "The work on the database failed unexpectedly.");
  }
  const auto committing = clock::now();
  if (outcome) outcome = tx.commit();
  if (!outcome) tx.rollback();
  const auto ended = clock::now();
  using micro = std::chrono::microseconds;
  options.meter->transaction_ended(std::chrono::duration_cast<micro>(began - w.since),
                                   std::chrono::duration_cast<micro>(ended - began),
                                   std::chrono::duration_cast<micro>(ended - committing),
                                   outcome ? std::string_view() : outcome.error().code);
  {
    const std::lock_guard lock(mutex);
    --busy;
  }
  answer(j, std::move(outcome));
}

void database::impl::answer(job& j, result<void> outcome) {
  try {
    j.done(std::move(outcome));
  } catch (const std::exception& e) {
    log(log_level::error, "an answer of the database was not taken", {{"exception", typeid(e).name()}});
  } catch (...) {
    log(log_level::error, "an answer of the database was not taken");
  }
}

} // namespace kalends::persistence
