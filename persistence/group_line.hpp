// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"
#include "schema/result.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kalends::persistence {

/// Counts what was begun and not yet answered, so that an owner can wait for it. Any thread.
class open_work {
public:
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void end(std::size_t n = 1) {
    const std::lock_guard lock(mutex_);
    count_ -= n;
    if (count_ == 0) none_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [&] { return count_ == 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

struct group_limits {
  std::size_t units = 200;      ///< in one group
  std::size_t weight = 5'000;   ///< in one group, unless a single unit weighs more
  std::size_t in_flight = 2;    ///< groups at once
  std::size_t waiting = 20'000; ///< units; above this: retry_later `store_busy`. One lane gets half of it
  /// Whether a lane keeps its order: then no lane is in two groups at once, and units of a lane that share a
  /// key are in different groups.
  bool ordered = false;
};

/// What arrives while a group is on its way to the database becomes the next group. An idle line sends a unit
/// at once, alone. Lanes (tenants) take turns at getting into a group, so that one with a backlog delays no
/// other. A group that fails by what is in it is halved until the failing units stand alone; halves keep
/// their order. Any thread. Answers come on database threads, outside of any lock, and must not throw.
template <class Ask, class Answer>
class group_line : public std::enable_shared_from_this<group_line<Ask, Answer>> {
public:
  struct unit {
    std::string lane;
    std::vector<tenant_id> tenants;
    std::size_t weight = 1;
    std::vector<std::string> keys; ///< what it writes; used in ordered lines only
    Ask ask;
    std::function<void(result<Answer>)> done;
  };
  /// One transaction for all of `asks`: one answer each, in their order.
  using perform = std::function<result<std::vector<Answer>>(transaction&, const std::vector<const Ask*>&)>;

  group_line(database& db, group_limits limits, std::shared_ptr<open_work> open, perform work)
      : db_(db), limits_(limits), open_(std::move(open)), perform_(std::move(work)) {}

  void add(unit u) {
    {
      const std::lock_guard lock(mutex_);
      auto& own = lanes_[u.lane];
      if (waiting_ < limits_.waiting && own.waiting.size() < (limits_.waiting + 1) / 2) {
        open_->begin();
        if (own.waiting.empty() && !own.busy) turns_.push_back(u.lane);
        own.waiting.push_back(std::move(u));
        ++waiting_;
        u.done = nullptr;
      } else if (own.waiting.empty() && !own.busy) {
        lanes_.erase(u.lane);
      }
    }
    if (u.done) return u.done(failure(errc::retry_later, "store_busy", "Too much work waits to be written."));
    send_next();
  }

private:
  using group = std::vector<unit>;
  struct lane_state {
    std::deque<unit> waiting;
    bool busy = false; ///< ordered lines: in a group that is on its way
  };
  struct parts { ///< of one group, the next one first
    std::deque<group> todo;
    std::vector<std::string> lanes;
    std::size_t answered = 0;
  };

  void send_next() {
    auto p = std::make_shared<parts>();
    {
      const std::lock_guard lock(mutex_);
      if (in_flight_ >= limits_.in_flight || turns_.empty()) return;
      p->todo.push_back(take_group(p->lanes));
      ++in_flight_;
    }
    send_part(std::move(p));
  }

  /// With the lock held. Every lane that is in the group and in an ordered line leaves the turns.
  group take_group(std::vector<std::string>& lanes) {
    group out;
    std::size_t weight = 0;
    std::unordered_map<std::string, std::unordered_set<std::string>> written;
    while (!turns_.empty() && out.size() < limits_.units) {
      const std::string name = turns_.front();
      auto& from = lanes_[name];
      auto& next = from.waiting.front();
      if (!out.empty() && weight + next.weight > limits_.weight) break;
      turns_.pop_front();
      if (limits_.ordered) {
        auto& keys = written[name];
        const auto taken = [&](const std::string& k) { return keys.contains(k); };
        if (std::any_of(next.keys.begin(), next.keys.end(), taken)) continue; // its lane waits for this group
        keys.insert(next.keys.begin(), next.keys.end());
        if (!from.busy) lanes.push_back(name);
        from.busy = true;
      }
      weight += next.weight;
      out.push_back(std::move(next));
      from.waiting.pop_front();
      --waiting_;
      if (!from.waiting.empty()) {
        turns_.push_back(name);
      } else if (!from.busy) {
        lanes_.erase(name);
      }
    }
    if (limits_.ordered) std::erase_if(turns_, [&](const std::string& name) { return lanes_[name].busy; });
    return out;
  }

  void send_part(std::shared_ptr<parts> p) {
    if (p->todo.empty()) return finish(*p);
    auto part = std::make_shared<group>(std::move(p->todo.front()));
    p->todo.pop_front();
    auto self = this->shared_from_this();
    std::function<result<std::vector<Answer>>(transaction&)> work = [self, part](transaction& tx) {
      std::vector<const Ask*> asks;
      asks.reserve(part->size());
      for (const auto& u : *part) asks.push_back(&u.ask);
      return self->perform_(tx, asks);
    };
    std::function<void(result<std::vector<Answer>>)> done = [self, part,
                                                             p](result<std::vector<Answer>> outcome) mutable {
      self->answer(*part, std::move(outcome), *p);
      self->send_part(std::move(p));
    };
    db_.run<std::vector<Answer>>(tenants_of(*part), std::move(work), std::move(done));
  }

  static std::vector<tenant_id> tenants_of(const group& g) {
    std::vector<tenant_id> all;
    for (const auto& u : g) all.insert(all.end(), u.tenants.begin(), u.tenants.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  /// Whether doing it in smaller parts can end better than it did.
  static bool halve(const error& e, std::size_t size) {
    if (size < 2 || (e.kind == errc::stopped && e.code != "fenced")) return false;
    return e.kind != errc::retry_later || e.code == "serialization_failure" || e.code == "statement_timeout";
  }

  void answer(group& g, result<std::vector<Answer>> outcome, parts& p) noexcept {
    if (!outcome && halve(outcome.error(), g.size())) {
      const auto middle = g.begin() + static_cast<std::ptrdiff_t>(g.size() / 2);
      p.todo.emplace_front(std::make_move_iterator(middle), std::make_move_iterator(g.end()));
      p.todo.emplace_front(std::make_move_iterator(g.begin()), std::make_move_iterator(middle));
      return;
    }
    for (std::size_t i = 0; i < g.size(); ++i) {
      if (outcome) {
        g[i].done(std::move((*outcome)[i]));
      } else {
        g[i].done(tl::unexpected(outcome.error()));
      }
    }
    p.answered += g.size();
    g.clear();
  }

  void finish(const parts& p);

  database& db_;
  const group_limits limits_;
  const std::shared_ptr<open_work> open_;
  const perform perform_;
  std::mutex mutex_;
  std::unordered_map<std::string, lane_state> lanes_; ///< only those with something waiting or under way
  std::deque<std::string> turns_;                     ///< lanes that may get into the next group
  std::size_t waiting_ = 0;
  std::size_t in_flight_ = 0;
};

template <class Ask, class Answer>
void group_line<Ask, Answer>::finish(const parts& p) {
  {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    for (const auto& name : p.lanes) {
      auto& freed = lanes_[name];
      freed.busy = false;
      if (freed.waiting.empty()) {
        lanes_.erase(name);
      } else {
        turns_.push_back(name);
      }
    }
  }
  send_next();
  open_->end(p.answered);
}

} // namespace kalends::persistence
