// SPDX-License-Identifier: Apache-2.0
#include "persistence/leases.hpp"
#include "persistence/node_listener.hpp"

#include "tests/persistence/store_fixture.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>

namespace kalends::persistence {
namespace {

std::vector<lease> leases(int n) {
  std::vector<lease> all;
  for (int i = 0; i < n; ++i) all.push_back({tenant_id(std::to_string(1000 + i)), 1});
  return all;
}

TEST(plan_leases_test, a_lone_node_takes_everything) {
  const auto plan = plan_leases({{}, leases(2), leases(5), 7, 1});

  EXPECT_EQ(plan.take.size(), 7U);
  EXPECT_TRUE(plan.to_give.empty());
}

TEST(plan_leases_test, takes_up_to_its_share_but_all_of_its_own_earlier_life) {
  EXPECT_EQ(plan_leases({leases(1), {}, leases(9), 10, 3}).take.size(), 3U);
  EXPECT_EQ(plan_leases({{}, leases(8), leases(2), 10, 2}).take.size(), 8U);
  EXPECT_TRUE(plan_leases({leases(4), {}, leases(6), 10, 3}).take.empty());
}

TEST(plan_leases_test, gives_its_surplus_a_few_at_a_time) {
  EXPECT_EQ(plan_leases({leases(100), {}, {}, 100, 2}).to_give.size(), given_at_once);
  EXPECT_EQ(plan_leases({leases(6), {}, {}, 10, 2}).to_give.size(), 1U);
  EXPECT_TRUE(plan_leases({leases(5), {}, {}, 9, 2}).to_give.empty());
}

TEST(plan_leases_test, moves_no_more_than_a_round_may) {
  EXPECT_EQ(plan_leases({{}, {}, leases(5'000), 5'000, 1}).take.size(), leases_per_round);
}

struct leases_test : store_fixture {
  leases_test() : second(open_engine_store(*db, *vault, outside)) {}

  result<lease_news> ask(engine_store& s, lease_round r) {
    auto news = wait_for<lease_news>([&](auto done) { s.keep_leases(std::move(r), std::move(done)); });
    if (news)
      for (const auto& l : news->held) s.hold(l.tenant, l.epoch);
    return news;
  }
  static std::vector<tenant_id> tenants_of(const lease_news& n) {
    std::vector<tenant_id> ids;
    for (const auto& l : n.held) ids.push_back(l.tenant);
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  /// The first node was not heard of for longer than it lives.
  void first_node_dies() {
    temp.as_owner("UPDATE nodes SET expires_at = now() - interval '1 second' WHERE node_id = '" +
                  this_node.node + "'");
  }
  std::optional<node_line> owner(const tenant_id& t) {
    return must(
        wait_for<std::optional<node_line>>([&](auto done) { second->find_owner(t, std::move(done)); }));
  }
  lease_round next_life() const {
    auto r = this_node;
    r.incarnation = uuid();
    r.arriving = true;
    return r;
  }

  /// One number of all rows of all tables that the engine writes.
  std::string everything() {
    static const statement digest{
        "digest",
        "SELECT md5(string_agg(t, '|')) FROM (SELECT entries::text AS t FROM entries"
        " UNION ALL SELECT outbox::text FROM outbox UNION ALL SELECT sync_runs::text FROM sync_runs"
        " UNION ALL SELECT provider_state::text FROM provider_state UNION ALL SELECT facts::text FROM facts"
        " UNION ALL SELECT providers::text FROM providers UNION ALL SELECT channels::text FROM channels"
        " UNION ALL SELECT oauth_grants::text FROM oauth_grants"
        " UNION ALL SELECT tenant_counters::text FROM tenant_counters ORDER BY 1) rows"};
    const auto all = must(db->run_now<std::vector<tenant_id>>(
        {}, [](transaction& tx) { return list_tenant_ids(tx, {}, 1'000); }));
    return must(db->run_now<std::string>(all, [](transaction& tx) -> result<std::string> {
      return tx.query(digest).map([](const rows& r) { return r.text(0, 0); });
    }));
  }
  std::int64_t runs_under_way(const household& h) {
    static const statement count{"count", "SELECT count(*) FROM sync_runs WHERE outcome = 'running'"};
    return must(as(h.tenant, [](transaction& tx) -> result<std::int64_t> {
      return tx.query(count).map([](const rows& r) { return r.integer(0, 0); });
    }));
  }
  static result<bool> append_fact(transaction& tx, const household& h) {
    static const statement bump{"bump", "UPDATE tenant_counters SET next_sequence = next_sequence + 1"};
    return tx.query(bump, {}).map([&](const rows&) { return !h.tenant.empty(); });
  }

  std::unique_ptr<engine_store> second;
  const lease_round other_node{uuid(), uuid(), "http://127.0.0.1:2"};
};

TEST_F(leases_test, a_first_lease_has_an_epoch_and_an_owner) {
  const auto h = add_household();

  const auto news = must(ask(*store, this_node));

  EXPECT_EQ(news.held, (std::vector<lease>{{h.tenant, 1}}));
  EXPECT_EQ(news.nodes_alive, 1U);
  EXPECT_EQ(owner(h.tenant)->node, this_node.node);
  EXPECT_EQ(owner(h.tenant)->url, this_node.url);
  EXPECT_FALSE(owner(tenant_id(uuid())));
}

TEST_F(leases_test, nothing_is_taken_from_a_node_that_lives) {
  const auto h = add_household();

  const auto news = must(ask(*second, other_node));

  EXPECT_TRUE(news.held.empty());
  EXPECT_EQ(news.nodes_alive, 2U);
  EXPECT_EQ(owner(h.tenant)->node, this_node.node);
}

TEST_F(leases_test, a_dead_node_is_taken_over_and_writes_no_more) {
  const auto h = add_household();
  auto c = changes(h);
  c.facts = {new_fact(h)};
  must(commit(c));
  first_node_dies();
  EXPECT_FALSE(owner(h.tenant));

  const auto news = must(ask(*second, other_node));
  const auto late = commit(c);

  EXPECT_EQ(news.held, (std::vector<lease>{{h.tenant, 2}}));
  EXPECT_EQ(late.error().code, "fenced");
  EXPECT_EQ(late.error().kind, errc::stopped);
  EXPECT_TRUE(must(ask(*store, this_node)).held.empty()) << "it lives again, and has nothing";
}

TEST_F(leases_test, an_earlier_life_is_taken_back_at_once) {
  const auto h = add_household();

  const auto news = must(ask(*second, next_life()));

  EXPECT_EQ(news.held, (std::vector<lease>{{h.tenant, 2}}));
  auto c = changes(h);
  c.facts = {new_fact(h)};
  EXPECT_EQ(commit(c).error().code, "fenced");
}

TEST_F(leases_test, two_processes_with_one_id_do_not_share) {
  add_household();
  must(ask(*second, next_life()));

  const auto replaced = ask(*store, this_node);

  EXPECT_EQ(replaced.error().code, "node_replaced");
}

TEST_F(leases_test, a_joining_node_gets_its_share_when_it_is_given_back) {
  for (int i = 0; i < 4; ++i) add_household();
  must(ask(*second, other_node));

  auto giving = this_node;
  giving.give_back = must(ask(*store, this_node)).to_give;
  ASSERT_EQ(giving.give_back.size(), 2U);
  const auto kept = must(ask(*store, giving));
  const auto got = must(ask(*second, other_node));

  EXPECT_EQ(kept.held.size(), 2U);
  EXPECT_TRUE(kept.to_give.empty());
  std::sort(giving.give_back.begin(), giving.give_back.end());
  EXPECT_EQ(tenants_of(got), giving.give_back);
  for (const auto& l : got.held) EXPECT_EQ(l.epoch, 2);
  EXPECT_EQ(must(ask(*store, this_node)).held.size(), 2U);
}

TEST_F(leases_test, who_leaves_gives_everything_back) {
  const auto h = add_household();
  auto leaving = this_node;
  leaving.leaving = true;

  must(ask(*store, leaving));
  EXPECT_FALSE(owner(h.tenant));
  const auto news = must(ask(*second, other_node));

  EXPECT_EQ(tenants_of(news), std::vector{h.tenant});
  EXPECT_EQ(news.nodes_alive, 1U);
}

TEST_F(leases_test, a_take_over_waits_for_a_commit_under_way) {
  const auto h = add_household();
  first_node_dies();
  std::promise<void> begun, go_on;
  auto goes_on = go_on.get_future();
  std::promise<result<bool>> ended;
  db->run<bool>(
      {h.tenant},
      [&](transaction& tx) -> result<bool> {
        if (auto ours = check_epoch(tx, 1); !ours) return tl::unexpected(ours.error());
        begun.set_value();
        goes_on.wait();
        return append_fact(tx, h);
      },
      [&](result<bool> r) { ended.set_value(std::move(r)); });
  begun.get_future().wait();

  const auto blocked = must(ask(*second, other_node));
  go_on.set_value();
  const auto committed = ended.get_future().get();
  const auto taken = must(ask(*second, other_node));

  EXPECT_TRUE(blocked.held.empty());
  EXPECT_EQ(blocked.busy, 1U);
  EXPECT_TRUE(committed);
  EXPECT_EQ(taken.held, (std::vector<lease>{{h.tenant, 2}}));
}

TEST_F(leases_test, every_kind_of_write_is_refused_to_who_holds_it_no_more) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto first = changes(h);
  first.entries = {w};
  first.runs = {new_run(h)};
  must(commit(first));
  using flag = store_done<bool>;
  using told = store_done<std::vector<fact>>;
  const auto as_bool = [](const flag& done) {
    return told(
        [done](const result<std::vector<fact>>& r) { done(r.map([](const auto&) { return true; })); });
  };
  auto& s = *store;
  const std::map<std::string, std::function<void(flag)>> writes{
      {"commit",
       [&](flag d) {
         auto c = changes(h);
         c.outbox = {new_push(h, w.entry.id)};
         s.commit(c, as_bool(d));
       }},
      {"save_run", [&](flag d) { s.save_run(h.tenant, new_run(h), {new_fact(h)}, as_bool(d)); }},
      {"end_interrupted_runs", [&](flag d) { s.end_interrupted_runs({h.tenant}, h.calendar, d); }},
      {"save_health",
       [&](flag d) {
         s.save_health(h.tenant, h.calendar, provider_status::paused, {}, {}, {}, {new_fact(h)}, as_bool(d));
       }},
      {"save_channel_health",
       [&](flag d) { s.save_channel_health(h.tenant, h.calendar, {}, {}, {new_fact(h)}, as_bool(d)); }},
      {"plan_reconcile", [&](flag d) { s.plan_reconcile(h.tenant, h.calendar, now, d); }},
      {"drop_cursor", [&](flag d) { s.drop_cursor(h.tenant, h.calendar, d); }},
      {"save_calendar", [&](flag d) { s.save_calendar(h.tenant, h.calendar, {}, d); }},
      {"save_grant",
       [&](flag d) {
         s.save_grant(h.tenant, h.calendar, {"a", "r", now, "s"}, d);
       }},
      {"save_channel",
       [&](flag d) {
         s.save_channel(h.tenant, h.calendar, {"ch", "res", now, std::string(32, 'c')}, "s", "", d);
       }},
      {"delete_channel", [&](flag d) { s.delete_channel(h.tenant, h.calendar, "ch", d); }},
      {"delete_provider", [&](flag d) { s.delete_provider(h.tenant, h.calendar, {}, as_bool(d)); }},
  };
  std::vector<std::int64_t> refused;
  s.on_fenced([&](const tenant_id& t, std::int64_t epoch) {
    EXPECT_EQ(t, h.tenant);
    refused.push_back(epoch);
  });
  const auto before = everything();
  first_node_dies();
  must(ask(*second, other_node));
  const auto taken = everything();

  for (const auto& [name, write] : writes) {
    s.hold(h.tenant, 1);
    const auto stale = wait_for<bool>(write);
    s.hold(h.tenant, 0);
    const auto not_held = wait_for<bool>(write);

    ASSERT_FALSE(stale) << name;
    EXPECT_EQ(stale.error().code, "fenced") << name;
    ASSERT_FALSE(not_held) << name;
    EXPECT_EQ(not_held.error().code, "fenced") << name;
  }
  s.on_fenced(nullptr);

  EXPECT_NE(before, taken) << "the comparison sees what changes";
  EXPECT_EQ(everything(), taken);
  EXPECT_EQ(refused.size(), 2 * writes.size());
}

TEST_F(leases_test, who_shares_a_group_with_a_fenced_one_is_not_refused) {
  const auto lost = add_household();
  std::vector<household> others;
  for (int i = 0; i < 5; ++i) others.push_back(add_household());
  store->hold(lost.tenant, 99);
  std::vector<std::future<result<std::vector<fact>>>> answers;
  const auto send = [&](const household& h) {
    auto c = changes(h);
    c.facts = {new_fact(h)};
    auto p = std::make_shared<std::promise<result<std::vector<fact>>>>();
    answers.push_back(p->get_future());
    store->commit(c, [p](result<std::vector<fact>> r) { p->set_value(std::move(r)); });
  };

  for (int round = 0; round < 20; ++round)
    for (const auto& h : others) {
      send(h);
      send(lost);
    }

  int refused = 0, kept = 0;
  for (auto& a : answers) ++(a.get() ? kept : refused);
  EXPECT_EQ(kept, 100);
  EXPECT_EQ(refused, 100);
}

TEST_F(leases_test, runs_are_ended_for_tenants_that_are_held_and_for_no_other) {
  const auto ours = add_household();
  const auto theirs = add_household();
  for (const auto& h : {ours, theirs}) {
    auto c = changes(h);
    c.runs = {new_run(h)};
    must(commit(c));
  }
  store->hold(theirs.tenant, 7);

  must(wait_for<bool>([&](auto done) {
    store->end_interrupted_runs({ours.tenant, theirs.tenant}, {}, std::move(done));
  }));

  EXPECT_EQ(runs_under_way(ours), 0);
  EXPECT_EQ(runs_under_way(theirs), 1);
}

TEST_F(leases_test, a_mark_is_taken_by_any_node_and_its_owner_hears_of_it) {
  const auto h = add_household();
  std::mutex guard;
  std::condition_variable wake;
  std::vector<std::string> heard;
  const auto note = [&](std::string word) {
    const std::lock_guard lock(guard);
    heard.push_back(std::move(word));
    wake.notify_all();
  };
  const auto heard_of = [&](const std::string& word) {
    std::unique_lock lock(guard);
    return wake.wait_for(lock, 20s,
                         [&] { return std::find(heard.begin(), heard.end(), word) != heard.end(); });
  };
  const node_listener listener(temp.engine_url(), "",
                               {[&](const tenant_id& t, const provider_id& p, std::int64_t mark) {
                                  note(t.str() + p.str() + std::to_string(mark));
                                },
                                [&] { note("leases"); }});
  ASSERT_TRUE(heard_of("leases")) << "said once the connection stands";

  must(mark({{h.tenant, h.calendar, 1}})); // ours: nobody has to be told
  const auto counters = must(wait_for<std::vector<std::int64_t>>([&](auto done) {
    second->mark({{h.tenant, h.calendar, 2}}, std::move(done));
  }));

  EXPECT_EQ(counters, std::vector<std::int64_t>{3});
  EXPECT_TRUE(heard_of(h.tenant.str() + h.calendar.str() + "3"));
  const std::lock_guard lock(guard);
  EXPECT_EQ(heard.size(), 2U);
}

TEST(node_words_test, what_is_not_understood_is_passed_over) {
  std::vector<std::string> heard;
  const node_words words{[&](const tenant_id&, const provider_id&, std::int64_t mark) {
                           heard.push_back("stale " + std::to_string(mark));
                         },
                         [&] { heard.push_back("leases"); }};
  const std::string id = "0192a000-0000-7000-8000-00000000000a";

  for (const auto& word : {std::string(), std::string("lease"), std::string("leases now"), "stale " + id,
                           "stale " + id + " " + id, "stale " + id + " " + id + " ", "stale " + id + " x 1",
                           "stale " + id + " " + id + " 1x", "stale " + id + " " + id + " 0",
                           "stale " + id + " " + id + " 99999999999999999999"})
    pass_on(word, words);
  EXPECT_TRUE(heard.empty());

  pass_on("leases", words);
  pass_on("stale " + id + " " + id + " 7", words);
  EXPECT_EQ(heard, (std::vector<std::string>{"leases", "stale 7"}));
}

} // namespace
} // namespace kalends::persistence
