// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

TEST(lease_book_test, runs_out_by_itself_counted_from_the_question) {
  std::chrono::milliseconds now{0};
  lease_book book([&] { return now; });
  const tenant_id acme("a"), other("b");
  book.hold(acme);
  EXPECT_FALSE(book.holds(acme)) << "nothing was confirmed yet";

  now = 5s;
  book.renew(2s, 10s);

  EXPECT_TRUE(book.holds(acme));
  EXPECT_FALSE(book.holds(other));
  now = 12s - 1ms;
  EXPECT_TRUE(book.holds(acme));
  now = 12s;
  EXPECT_FALSE(book.holds(acme));
  EXPECT_TRUE(book.expired());
  book.renew(11s, 10s);
  EXPECT_TRUE(book.holds(acme));
  book.let_go(acme);
  EXPECT_FALSE(book.holds(acme));
}

class leases_test : public house_fixture {
protected:
  static constexpr auto other_node = "0192a000-0000-7000-8000-0000000000f2";

  /// Another process of this installation.
  void other_node_lives() { store.rows.nodes[other_node] = {"other-life", "http://two.test", now + 24h}; }
  void other_node_takes(const tenant_id& t) {
    other_node_lives();
    auto& l = store.rows.leases[t];
    l = {other_node, "other-life", l.epoch + 1};
  }
  void edit_without_waiting() {
    entry_order o{entry_order::kind::change, visit, {}, [](const result<schedule_entry>&) {}};
    o.edit.title = "Changed";
    tell(supervisor, for_tenant{acme, o});
  }
  bool here(const tenant_id& t) { return house_state().tenants.contains(t); }
  std::int64_t epoch(const tenant_id& t) { return store.rows.leases[t].epoch; }
};

TEST_F(leases_test, a_house_works_for_the_tenants_that_it_was_given) {
  store.tenants[other_house];
  other_node_takes(other_house);
  add_calendar(work);

  open_house();

  EXPECT_TRUE(here(acme));
  EXPECT_FALSE(here(other_house));
  EXPECT_TRUE(leases->holds(acme));
  EXPECT_EQ(house_state().nodes_alive, 2u);
  answers<schedule_entry> made;
  tell(supervisor, for_tenant{other_house, entry_order{entry_order::kind::create, visit, {}, made.slot()}});
  EXPECT_EQ(made[0].error().code, "tenant_moving");
  EXPECT_EQ(made[0].error().kind, errc::retry_later);
  answers<sync_run> begun;
  tell(supervisor, for_provider{other_house, work, sync_order{begun.slot()}});
  EXPECT_EQ(begun[0].error().code, "tenant_moving");
}

TEST_F(leases_test, a_tenant_that_arrives_is_opened_with_what_waits_for_it) {
  other_node_takes(acme);
  add_calendar(work);
  rows(work).stale = true;
  rows(work).mark = 1;
  sync_run left;
  left.id = run_id("left");
  left.provider = work;
  rows().runs.push_back(left);
  open_house();
  EXPECT_TRUE(google.calls.empty());
  EXPECT_EQ(rows().runs[0].outcome, run_outcome::running);

  store.rows.nodes.erase(other_node);
  pass(3s);

  EXPECT_TRUE(here(acme));
  EXPECT_EQ(epoch(acme), 2);
  EXPECT_EQ(rows().runs[0].error_code, "interrupted");
  EXPECT_EQ(google.verbs(), words{"list_changes"});
}

TEST_F(leases_test, a_lost_tenant_is_let_go_with_all_that_runs_for_it) {
  add_calendar(work);
  open_house();
  notice(work);
  auto call = google.open("list_changes");

  other_node_takes(acme);
  pass(3s);

  EXPECT_TRUE(call->cancelled);
  EXPECT_FALSE(here(acme));
  EXPECT_FALSE(leases->holds(acme));
  notice(work);
  pass(2min);
  EXPECT_EQ(google.calls.size(), 1u);
}

TEST_F(leases_test, a_refused_write_lets_the_tenant_go_at_once_and_whoever_asked_hears_it) {
  add_calendar(work);
  open_house();
  other_node_takes(acme);

  const auto made = create(visit, "Late");

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "fenced");
  EXPECT_FALSE(here(acme));
  EXPECT_FALSE(leases->holds(acme));
  EXPECT_TRUE(rows().entries.empty());
}

TEST_F(leases_test, when_the_database_is_silent_for_the_life_of_a_lease_everything_is_let_go) {
  add_calendar(work);
  open_house();
  notice(work);
  auto call = google.open("list_changes");
  store.hold("keep_leases");

  pass(7s);
  EXPECT_TRUE(here(acme));
  pass(5s);

  EXPECT_FALSE(here(acme));
  EXPECT_TRUE(call->cancelled);
  store.hold_nothing();
  while (store.waiting("keep_leases") > 0) store.answer("keep_leases");
  run();
  EXPECT_FALSE(here(acme)) << "an answer that comes too late gives nothing";
  pass(3s);
  EXPECT_TRUE(here(acme));
  EXPECT_EQ(epoch(acme), 1) << "nobody else had it";
}

TEST_F(leases_test, a_failing_database_does_not_end_leases_before_their_time) {
  open_house();
  store.fail("keep_leases", trouble(errc::retry_later, "database_away"), 5);

  pass(8s);

  EXPECT_TRUE(here(acme));
}

TEST_F(leases_test, a_frozen_process_calls_no_vendor_when_it_goes_on) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  store.hold("load");
  edit_without_waiting();
  store.hold_nothing();
  other_node_takes(acme);
  now += 30s; // nothing ran meanwhile
  uptime += 30s;

  while (store.waiting("load") > 0) store.answer("load");
  run();

  EXPECT_TRUE(google.calls.empty());
  pass(1s);
  EXPECT_TRUE(google.calls.empty());
  EXPECT_FALSE(here(acme));
}

TEST_F(leases_test, what_was_decided_in_an_earlier_tenure_is_not_committed_in_the_next_one) {
  add_calendar(work);
  open_house();
  store.hold("load");
  answers<schedule_entry> made;
  entry_order o{entry_order::kind::create, visit, {}, made.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;
  tell(supervisor, for_tenant{acme, o});
  const auto epoch = store.rows.leases[acme].epoch;
  store.fail("keep_leases", trouble(errc::retry_later, "database_away"), 12);
  pass(14s); // the leases run out, and come back as they were
  ASSERT_TRUE(here(acme));
  ASSERT_EQ(store.rows.leases[acme].epoch, epoch);

  store.hold_nothing();
  while (store.waiting("load") > 0) store.answer("load");
  run();

  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].error().code, "fenced");
  EXPECT_FALSE(store.tenants[acme].entries.contains(visit));
}

TEST_F(leases_test, a_vendor_call_is_not_begun_without_the_lease) {
  add_calendar(work);
  open_house();
  store.hold("load_grant");
  notice(work);
  ASSERT_EQ(store.waiting("load_grant"), 1u);
  leases->let_go(acme);

  store.answer("load_grant");
  run();

  EXPECT_TRUE(google.calls.empty());
}

TEST_F(leases_test, surplus_is_brought_to_rest_and_then_given) {
  add_calendar(work);
  store.tenants[other_house];
  open_house();
  ASSERT_TRUE(here(acme) && here(other_house));
  store.hold("commit");
  answers<schedule_entry> made;
  entry_order o{entry_order::kind::create, visit, {}, made.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;
  tell(supervisor, for_tenant{other_house, o});

  other_node_lives();
  pass(3s);
  EXPECT_EQ(store.rows.leases[other_house].incarnation, "life-1") << "a step is under way";
  answers<schedule_entry> late;
  tell(supervisor, for_tenant{other_house, entry_order{entry_order::kind::create, visit, {}, late.slot()}});
  EXPECT_EQ(late[0].error().code, "tenant_moving");
  store.answer("commit");
  run();

  EXPECT_TRUE(made[0]);
  EXPECT_FALSE(here(other_house));
  EXPECT_EQ(store.rows.leases[other_house].node, "");
  EXPECT_TRUE(here(acme));
  pass(10s);
  EXPECT_EQ(store.rows.leases[other_house].node, "") << "it is the other node's to take";
}

TEST_F(leases_test, a_closing_house_gives_everything_back) {
  store.tenants[other_house];
  open_house();
  answers<bool> closed;

  tell(supervisor, house_closing{closed.slot()});

  EXPECT_EQ(closed.size(), 1u);
  EXPECT_TRUE(store.rows.nodes.empty());
  for (const auto& [id, l] : store.rows.leases) EXPECT_EQ(l.node, "") << id.str();
}

TEST_F(leases_test, the_last_round_comes_after_the_one_under_way) {
  open_house();
  store.hold("keep_leases");
  pass(3s);
  ASSERT_EQ(store.waiting("keep_leases"), 1u);
  answers<bool> closed;
  tell(supervisor, house_closing{closed.slot()});
  EXPECT_EQ(closed.size(), 0u);

  store.answer("keep_leases");
  run();
  ASSERT_EQ(store.waiting("keep_leases"), 1u);
  store.answer("keep_leases");
  run();

  EXPECT_EQ(closed.size(), 1u);
  EXPECT_TRUE(store.rows.nodes.empty());
}

TEST_F(leases_test, a_process_that_took_our_place_leaves_us_nothing) {
  open_house();
  store.rows.nodes.begin()->second.incarnation = "life-2";

  pass(3s);

  EXPECT_FALSE(here(acme));
  EXPECT_EQ(create(visit, "Late").error().code, "tenant_moving");
}

TEST_F(leases_test, what_another_node_gave_away_is_taken_without_waiting) {
  other_node_takes(acme);
  open_house();
  ASSERT_FALSE(here(acme));
  store.rows.nodes.erase(other_node);
  store.rows.leases[acme].node = store.rows.leases[acme].incarnation = "";

  tell(supervisor, leases_moved{});

  EXPECT_TRUE(here(acme));
}

TEST_F(leases_test, a_tenant_that_is_being_erased_is_not_taken_up_again) {
  open_house();
  answers<bool> left;
  tell(supervisor, tenant_leaving{acme, left.slot()});
  ASSERT_EQ(left.size(), 1u);

  pass(10s);
  EXPECT_FALSE(here(acme));
  pass(60s);

  EXPECT_TRUE(here(acme)) << "its erasure failed: it works on";
}

} // namespace
} // namespace kalends::actors
