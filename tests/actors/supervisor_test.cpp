// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

class supervisor_test : public house_fixture {};

TEST_F(supervisor_test, knows_all_calendars_and_wakes_none_without_need) {
  add_calendar(work);
  add_calendar(second);

  open_house();

  EXPECT_EQ(status().tenants, 1u);
  EXPECT_EQ(status().providers, 2u);
  EXPECT_EQ(status().provider_actors, 0u);
  EXPECT_FALSE(awake_tenant());
}

TEST_F(supervisor_test, a_house_that_cannot_read_its_rows_says_so) {
  store.fail("load_schedule", trouble(errc::retry_later, "database_away"));
  bus = listening_bus();
  supervisor = system->spawn<actors::supervisor>(staff(), bus);
  answers<bool> opened;

  tell(supervisor, house_opened{opened.slot()});

  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].error().code, "database_away");
}

TEST_F(supervisor_test, runs_that_the_last_process_left_open_are_closed) {
  add_calendar(work);
  sync_run left;
  left.id = run_id("left");
  left.provider = work;
  rows().runs.push_back(left);

  open_house();

  EXPECT_EQ(rows().runs[0].outcome, run_outcome::failed);
  EXPECT_EQ(rows().runs[0].error_code, "interrupted");
}

TEST_F(supervisor_test, wakes_what_was_left_to_be_done) {
  add_calendar(work);
  rows(work).stale = true;
  rows(work).mark = 3;

  open_house();

  ASSERT_EQ(google.verbs(), words{"list_changes"});
  answer_reads();
  EXPECT_FALSE(rows(work).stale);
}

TEST_F(supervisor_test, missed_polls_are_spread_over_a_minute_and_a_second_look_puts_none_off) {
  for (int i = 0; i < 200; ++i) add_calendar(numbered(i)).next_poll_at = now - 1h;
  open_house();
  std::size_t before = 0, busiest = 0;
  for (int second_passed = 0; second_passed < 61; ++second_passed) {
    pass(1s);
    answer_reads();
    busiest = std::max(busiest, google.calls.size() - before);
    before = google.calls.size();
  }

  EXPECT_EQ(google.calls.size(), 200u);
  EXPECT_LT(busiest, 20u);
}

TEST_F(supervisor_test, polls_again_and_again_a_tenth_earlier_or_later) {
  add_calendar(work).next_poll_at = now;
  configured.poll_interval = 300s;
  open_house();
  std::vector<instant> at;
  for (int i = 0; i < 4 * 60 * 30; ++i) {
    pass(250ms);
    if (!google.open_calls().empty()) at.push_back(now);
    answer_reads();
  }

  ASSERT_GE(at.size(), 5u);
  for (std::size_t i = 1; i < at.size(); ++i) {
    EXPECT_GE(at[i] - at[i - 1], 265s);
    EXPECT_LE(at[i] - at[i - 1], 335s);
  }
}

TEST_F(supervisor_test, what_died_comes_back_after_a_pause_to_what_it_had_not_done) {
  add_calendar(work);
  open_house();
  store.blow_up("load_provider");
  notice(work);
  EXPECT_FALSE(awake(work));
  EXPECT_EQ(status().failed_providers, 1u);
  answers<sync_run> refused;
  tell_calendar(work, sync_order{refused.slot()});
  EXPECT_EQ(refused[0].error().code, "provider_not_awake");

  pass(2s);

  EXPECT_TRUE(awake(work));
  EXPECT_EQ(google.verbs(), words{"list_changes"});
  EXPECT_EQ(status().failed_providers, 0u);
}

TEST_F(supervisor_test, what_keeps_dying_is_parked_with_an_alert_and_comes_back) {
  add_calendar(work);
  open_house();
  store.blow_up("load_provider", 6);
  notice(work);
  pass(2min);

  EXPECT_EQ(store.times("load_provider"), 6u);
  EXPECT_EQ(rows(work).calendar.problem->code, "provider_parked");
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  notice(work);
  EXPECT_EQ(store.times("load_provider"), 6u);
  pass(10min);

  EXPECT_EQ(google.verbs(), words{"list_changes"});
}

TEST_F(supervisor_test, a_dead_tenant_takes_its_calendars_along_and_all_come_back) {
  add_calendar(work);
  open_house();
  notice(work);
  ASSERT_TRUE(awake_tenant());
  store.blow_up("load");
  EXPECT_FALSE(create(visit, "Visit"));
  EXPECT_FALSE(awake_tenant());
  EXPECT_FALSE(awake(work));
  const auto refused = create(visit, "Visit");
  EXPECT_EQ(refused.error().code, "tenant_not_awake");
  EXPECT_TRUE(refused.error().retry_after);
  pass(2s);

  EXPECT_TRUE(create(visit, "Visit"));
  EXPECT_TRUE(awake(work));
  EXPECT_EQ(status().failed_providers, 0u);
  EXPECT_EQ(google.open_calls().size(), 1u);
}

TEST_F(supervisor_test, forgets_a_calendar_that_is_gone) {
  add_calendar(work);
  open_house();
  rows().providers.clear();

  tell_calendar(work, wake{wake_reason::poll, 0});

  EXPECT_EQ(status().providers, 0u);
  EXPECT_FALSE(awake(work));
}

TEST_F(supervisor_test, a_look_around_finds_rows_whose_messages_were_lost) {
  add_calendar(work);
  add_calendar(second);
  open_house();
  rows(work).stale = true; // marked by another node
  rows(work).mark = 1;
  add_visit(visit, second);
  rows().entries[visit].what.title = "Changed by another node";
  rows().outbox["row"] = outbox_row{"row", second, visit, 2, push_action::upsert, 0, now};

  pass(31s);

  auto verbs = google.verbs();
  std::sort(verbs.begin(), verbs.end());
  EXPECT_EQ(verbs, (words{"list_changes", "update_event"}));
}

TEST_F(supervisor_test, a_failed_look_around_is_repeated) {
  add_calendar(work);
  open_house();
  rows(work).stale = true;
  rows(work).mark = 1;
  store.fail("load_schedule", trouble(errc::retry_later, "database_away"));
  pass(31s);
  EXPECT_TRUE(google.calls.empty());

  pass(31s);

  EXPECT_EQ(google.calls.size(), 1u);
}

TEST_F(supervisor_test, a_tenant_that_leaves_is_answered_when_its_step_is_over) {
  add_calendar(work);
  open_house();
  notice(work);
  auto call = google.open("list_changes");
  store.hold("commit");
  answers<schedule_entry> made;
  entry_order o{entry_order::kind::create, visit, {}, made.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;
  tell(supervisor, for_tenant{acme, o});
  answers<bool> left;

  tell(supervisor, tenant_leaving{acme, left.slot()});
  EXPECT_TRUE(call->cancelled);
  EXPECT_EQ(left.size(), 0u);
  store.answer("commit");
  run();

  EXPECT_EQ(left.size(), 1u);
  EXPECT_EQ(made.size(), 1u);
  EXPECT_EQ(status().tenants, 0u);
  store.tenants.erase(acme);
  EXPECT_EQ(create(second_visit, "Late").error().code, "tenant_moving");
  pass(2min);
  EXPECT_EQ(google.calls.size(), 1u);
}

TEST_F(supervisor_test, a_tenant_that_arrived_can_be_worked_for) {
  open_house();
  store.tenants[other_house];
  answers<bool> arrived;
  tell(supervisor, tenant_arrived{other_house, arrived.slot()});
  answers<schedule_entry> made;
  entry_order o{entry_order::kind::create, visit, {}, made.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;

  tell(supervisor, for_tenant{other_house, o});

  EXPECT_TRUE(made[0]);
}

TEST_F(supervisor_test, the_house_closes_when_its_tenants_rest_and_takes_nothing_more) {
  add_calendar(work);
  open_house();
  notice(work);
  store.hold("commit");
  answers<schedule_entry> made;
  entry_order o{entry_order::kind::create, visit, {}, made.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;
  tell(supervisor, for_tenant{acme, o});
  answers<bool> closed;
  tell(supervisor, house_closing{closed.slot()});
  EXPECT_EQ(closed.size(), 0u);

  store.answer("commit");
  run();

  EXPECT_EQ(closed.size(), 1u);
  EXPECT_TRUE(made[0]);
  EXPECT_EQ(create(second_visit, "Late").error().code, "stopping");
  notice(work);
  pass(2min);
  EXPECT_EQ(google.calls.size(), 1u);
}

} // namespace
} // namespace kalends::actors
