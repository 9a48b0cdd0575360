// SPDX-License-Identifier: Apache-2.0
#include "persistence/group_line.hpp"

#include "tests/persistence/store_fixture.hpp"

#include <atomic>
#include <map>
#include <mutex>

namespace kalends::persistence {
namespace {

/// Commits that all wait for their answers; what many callers at once see.
struct group_line_test : store_fixture {
  using answer = std::future<result<std::vector<fact>>>;
  answer send(tenant_changes c) {
    auto promise = std::make_shared<std::promise<result<std::vector<fact>>>>();
    auto future = promise->get_future();
    store->commit(std::move(c), [promise](result<std::vector<fact>> r) { promise->set_value(std::move(r)); });
    return future;
  }
  std::vector<fact> facts_of(const household& h) {
    return must(as(h.tenant, [](transaction& tx) { return list_facts(tx, 0, 5'000); }));
  }
};

TEST_F(group_line_test, numbers_facts_without_gaps_under_concurrent_units_of_many_tenants) {
  std::vector<household> homes;
  for (int i = 0; i < 4; ++i) homes.push_back(add_household());
  std::vector<std::future<void>> writers;

  for (int t = 0; t < 4; ++t)
    writers.push_back(std::async(std::launch::async, [&] {
      std::vector<answer> answers;
      for (int i = 0; i < 40; ++i)
        for (const auto& h : homes) {
          auto c = changes(h);
          c.facts = {new_fact(h), new_fact(h)};
          answers.push_back(send(c));
        }
      for (auto& a : answers) must(a.get());
    }));
  for (auto& w : writers) w.get();

  for (const auto& h : homes) {
    const auto all = facts_of(h);
    ASSERT_EQ(all.size(), 320U);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].sequence, static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(group_line_test, keeps_the_order_of_a_tenants_units) {
  const auto h = add_household();
  const auto other = add_household();
  auto w = new_entry(h);
  std::vector<answer> answers;

  for (int i = 0; i < 60; ++i) {
    auto c = changes(h);
    c.entries = {w};
    c.facts = {new_fact(h)};
    c.facts[0].data = std::to_string(i);
    answers.push_back(send(c));
    auto noise = changes(other);
    noise.facts = {new_fact(other)};
    answers.push_back(send(noise));
    w = next(w, std::to_string(i));
  }
  for (auto& a : answers) must(a.get());

  const auto all = facts_of(h);
  ASSERT_EQ(all.size(), 60U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].data, std::to_string(i));
}

TEST_F(group_line_test, lets_a_bad_unit_fail_alone) {
  std::vector<household> homes;
  for (int i = 0; i < 10; ++i) homes.push_back(add_household());
  std::map<std::size_t, answer> good;
  std::map<std::size_t, answer> stale;
  std::map<std::size_t, answer> unreadable;

  for (std::size_t i = 0; i < 200; ++i) {
    const auto& h = homes[i % homes.size()];
    auto c = changes(h);
    c.entries = {new_entry(h)};
    c.facts = {new_fact(h)};
    if (i % 50 == 20) c.entries[0].stored_version = 9;
    if (i % 50 == 33) c.outbox_done = {"not a uuid"};
    (i % 50 == 20 ? stale : i % 50 == 33 ? unreadable : good).emplace(i, send(c));
  }

  for (auto& [i, a] : good) EXPECT_TRUE(a.get()) << i;
  for (auto& [i, a] : stale) EXPECT_EQ(a.get().error().code, "stale_version") << i;
  for (auto& [i, a] : unreadable) EXPECT_EQ(a.get().error().code, "data_exception") << i;
  std::size_t facts = 0;
  for (const auto& h : homes) {
    const auto all = facts_of(h);
    facts += all.size();
    EXPECT_EQ(all.empty() ? 0 : all.back().sequence, static_cast<std::int64_t>(all.size()));
  }
  EXPECT_EQ(facts, 192U);
}

TEST_F(group_line_test, collects_what_arrives_while_a_group_is_under_way) {
  const auto h = add_household();
  std::mutex mutex;
  std::vector<std::size_t> sizes;
  std::promise<void> go;
  auto gate = go.get_future().share();
  const auto open = std::make_shared<open_work>();
  const auto line =
      std::make_shared<group_line<int, int>>(*db, group_limits{10, 100, 1, 1'000, false}, open,
                                             [&](transaction&, const std::vector<const int*>& asks) {
                                               gate.wait();
                                               const std::lock_guard lock(mutex);
                                               sizes.push_back(asks.size());
                                               std::vector<int> answers;
                                               for (const auto* a : asks) answers.push_back(*a * 2);
                                               return result<std::vector<int>>(answers);
                                             });
  std::atomic<int> sum = 0;

  for (int i = 0; i < 25; ++i)
    line->add({h.tenant.str(), {h.tenant}, 1, {}, i, [&](result<int> r) { sum += r.value(); }});
  go.set_value();
  open->wait();

  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 10, 10, 4}));
  EXPECT_EQ(sum, 600);
}

TEST_F(group_line_test, keeps_two_groups_of_an_ordered_line_apart_by_tenant_and_key) {
  std::mutex mutex;
  std::map<std::string, int> under_way;
  bool overlapped = false;
  std::atomic<bool> shared_key = false;
  const auto open = std::make_shared<open_work>();
  using ask = std::pair<std::string, std::string>; // lane, key
  const auto line =
      std::make_shared<group_line<ask, int>>(*db, group_limits{50, 100, 2, 10'000, true}, open,
                                             [&](transaction&, const std::vector<const ask*>& asks) {
                                               std::map<std::string, std::map<std::string, int>> here;
                                               for (const auto* a : asks)
                                                 if (++here[a->first][a->second] > 1) shared_key = true;
                                               {
                                                 const std::lock_guard lock(mutex);
                                                 for (const auto& [lane, unused] : here)
                                                   overlapped = ++under_way[lane] > 1 || overlapped;
                                               }
                                               std::this_thread::sleep_for(1ms);
                                               const std::lock_guard lock(mutex);
                                               for (const auto& [lane, unused] : here) --under_way[lane];
                                               return result<std::vector<int>>(std::vector<int>(asks.size()));
                                             });
  std::atomic<int> answered = 0;

  for (int i = 0; i < 400; ++i) {
    const auto lane = std::to_string(i % 7);
    const auto key = std::to_string(i % 3);
    line->add(
        {lane, {}, 1, {key}, ask{lane, key}, [&](result<int> r) { answered += r.has_value() ? 1 : 0; }});
  }
  open->wait();

  EXPECT_EQ(answered, 400);
  EXPECT_FALSE(overlapped);
  EXPECT_FALSE(shared_key);
}

TEST_F(group_line_test, gives_every_tenant_a_place_in_the_next_group_whatever_another_has_waiting) {
  std::mutex mutex;
  std::vector<std::string> order;
  std::promise<void> go;
  auto gate = go.get_future().share();
  const auto open = std::make_shared<open_work>();
  const auto line = std::make_shared<group_line<std::string, int>>(
      *db, group_limits{10, 100, 1, 1'000, false}, open,
      [&](transaction&, const std::vector<const std::string*>& asks) {
        gate.wait();
        const std::lock_guard lock(mutex);
        for (const auto* a : asks) order.push_back(*a);
        return result<std::vector<int>>(std::vector<int>(asks.size()));
      });

  for (int i = 0; i < 100; ++i) line->add({"noisy", {}, 1, {}, "noisy", [](result<int>) {}});
  line->add({"quiet", {}, 1, {}, "quiet", [](result<int>) {}});
  go.set_value();
  open->wait();

  const auto place = std::find(order.begin(), order.end(), "quiet") - order.begin();
  EXPECT_LE(place, 10);
}

TEST_F(group_line_test, refuses_more_than_may_wait) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  const auto open = std::make_shared<open_work>();
  const auto line = std::make_shared<group_line<int, int>>(
      *db, group_limits{10, 100, 1, 8, false}, open, [&](transaction&, const std::vector<const int*>& asks) {
        gate.wait();
        return result<std::vector<int>>(std::vector<int>(asks.size()));
      });
  std::atomic<int> refused = 0;

  for (int i = 0; i < 20; ++i)
    line->add(
        {"noisy", {}, 1, {}, i, [&](result<int> r) { refused += !r && r.error().code == "store_busy"; }});
  line->add({"quiet", {}, 1, {}, 0, [&](result<int> r) { refused += r ? 0 : 100; }});
  go.set_value();
  open->wait();

  EXPECT_EQ(refused, 15); // one under way, four waiting: half of eight
}

// The counters of pg_stat_user_tables arrive late: asked again until they show what was done.
TEST_F(group_line_test, updates_marks_cursors_and_mappings_in_place) {
  static const statement hot{"hot",
                             "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1"};
  std::vector<household> homes;
  for (int i = 0; i < 5; ++i) homes.push_back(add_household());
  std::vector<entry_write> entries;
  for (const auto& h : homes) {
    auto c = changes(h);
    entries.push_back(new_entry(h));
    c.entries = {entries.back()};
    c.mappings = {link(h, entries.back(), "ev")};
    must(commit(c));
  }

  for (int round = 0; round < 80; ++round) {
    for (std::size_t i = 0; i < homes.size(); ++i) {
      const auto& h = homes[i];
      entries[i] = next(entries[i], "round " + std::to_string(round));
      auto c = changes(h);
      c.entries = {entries[i]};
      c.mappings = {link(h, entries[i], "ev")};
      c.cursors = {
          {h.calendar, {"token-" + std::to_string(round), "fp", std::nullopt}, round, "", std::nullopt}};
      must(mark({{h.tenant, h.calendar, 1}}));
      must(commit(c));
    }
  }

  for (const auto& [table, least] :
       std::map<std::string, int>{{"provider_state", 800}, {"mappings", 400}, {"entries", 400}}) {
    std::int64_t updated = 0;
    std::int64_t in_place = 0;
    for (int tries = 0; tries < 100 && updated < least; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(100ms);
      const auto r = must(db->run_now<rows>({}, [&](transaction& tx) { return tx.query(hot, {table}); }));
      updated = r.integer(0, 0);
      in_place = r.integer(0, 1);
    }
    EXPECT_GE(updated, least) << table;
    EXPECT_GT(in_place * 10, updated * 9) << table << ": " << in_place << " of " << updated;
  }
}

} // namespace
} // namespace kalends::persistence
