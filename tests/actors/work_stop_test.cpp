// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

class work_stop_test : public house_fixture {
protected:
  void stop(const tenant_id& t) {
    store.stopped.insert(t);
    pass(2s);
  }
  void release(const tenant_id& t) {
    store.stopped.erase(t);
    pass(3s);
  }
};

TEST_F(work_stop_test, breaks_off_the_call_under_way_and_makes_no_other) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  notice(work);
  const auto call = google.open("list_changes");

  stop(acme);
  const auto made = google.calls.size();

  EXPECT_TRUE(call->cancelled);
  EXPECT_EQ(status().provider_actors, 0u);
  EXPECT_TRUE(leases->holds(acme));
  EXPECT_FALSE(leases->may_call(acme));
  for (const auto& r : rows().runs) EXPECT_NE(r.outcome, run_outcome::running);
  notice(work);
  edit(visit, "Changed meanwhile");
  pass(30min);
  EXPECT_EQ(google.calls.size(), made);
}

TEST_F(work_stop_test, takes_commands_and_marks_and_does_all_of_it_afterwards) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  stop(acme);
  const auto made = google.calls.size();

  edit(visit, "Changed meanwhile");
  rows(work).stale = true;
  ++rows(work).mark;

  EXPECT_EQ(rows().entries.at(visit).what.title, "Changed meanwhile");
  EXPECT_EQ(rows().outbox.size(), 1u);
  EXPECT_EQ(google.calls.size(), made);
  release(acme);
  ASSERT_GT(google.calls.size(), made);
  google.answer<change_page>("list_changes", last_page({}, "cursor-2"));
  run();
  pass(1s);
  EXPECT_EQ(google.times("update_event"), 1u);
  EXPECT_FALSE(rows(work).stale);
}

TEST_F(work_stop_test, tells_whoever_orders_what_needs_the_vendor) {
  add_calendar(work);
  open_house();
  stop(acme);
  answers<sync_run> begun;
  answers<channel> renewed;

  tell_calendar(work, sync_order{begun.slot()});
  tell_calendar(work, renewal_order{renewed.slot()});

  ASSERT_EQ(begun.size(), 1u);
  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_EQ(begun[0].error().code, "work_stopped");
  EXPECT_EQ(begun[0].error().kind, errc::conflict);
  EXPECT_EQ(renewed[0].error().code, "work_stopped");
}

TEST_F(work_stop_test, a_house_that_opens_finds_the_stop_in_its_first_round) {
  add_calendar(work);
  rows(work).stale = true;
  rows(work).mark = 1;
  store.stopped.insert(acme);

  open_house();
  pass(30min);

  EXPECT_TRUE(google.calls.empty());
  release(acme);
  EXPECT_EQ(google.verbs(), words{"list_changes"});
}

TEST_F(work_stop_test, a_stop_that_comes_and_goes_between_two_looks_changes_nothing) {
  add_calendar(work);
  open_house();
  notice(work);
  const auto call = google.open("list_changes");

  store.stopped.insert(acme);
  store.stopped.erase(acme);
  pass(4s);

  EXPECT_FALSE(call->cancelled);
}

} // namespace
} // namespace kalends::actors
