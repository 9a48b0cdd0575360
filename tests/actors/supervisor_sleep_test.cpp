// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

#include <malloc.h>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

class supervisor_sleep_test : public house_fixture {};

TEST_F(supervisor_sleep_test, a_calendar_that_has_nothing_to_do_ends_and_its_tenant_after_it) {
  add_calendar(work);
  open_house();
  notice(work);
  answer_reads();
  EXPECT_TRUE(awake(work));

  pass(121s);
  EXPECT_FALSE(awake(work));
  EXPECT_TRUE(awake_tenant());
  pass(140s);

  EXPECT_FALSE(awake_tenant());
  EXPECT_EQ(status().providers, 1u);
  EXPECT_EQ(status().provider_actors, 0u);
  EXPECT_EQ(status().tenant_actors, 0u);
  EXPECT_EQ(status().failed_providers, 0u);
}

TEST_F(supervisor_sleep_test, what_sleeps_wakes_with_the_next_notice_and_the_next_poll) {
  configured.poll_interval = 300s;
  add_calendar(work);
  open_house();
  notice(work);
  answer_reads();
  pass(130s);
  EXPECT_FALSE(awake(work));
  const auto before = google.calls.size();

  notice(work);
  EXPECT_EQ(google.calls.size(), before + 1);
  answer_reads();
  pass(130s);
  EXPECT_FALSE(awake(work));
  pass(215s);

  EXPECT_EQ(google.calls.size(), before + 2);
  answer_reads();
}

TEST_F(supervisor_sleep_test, what_waits_for_its_vendor_or_has_trouble_does_not_sleep) {
  add_calendar(work);
  open_house();
  notice(work);
  pass(150s);
  EXPECT_TRUE(awake(work)) << "a call is open";

  google.refuse("list_changes", trouble(errc::retry_later, "vendor_unavailable", 10min));
  run();
  pass(3min);
  EXPECT_TRUE(awake(work)) << "it remembers when to try again";
}

TEST_F(supervisor_sleep_test, an_order_on_its_way_keeps_it_awake) {
  add_calendar(work);
  open_house();
  notice(work);
  answer_reads();
  pass(119s);
  now += 1s;
  // Both arrive in one go: the clock finds the order sent, whatever the calendar has seen of it.
  caf::anon_send(supervisor, for_provider{acme, work, wake{wake_reason::notice, ++rows(work).mark}});
  caf::anon_send(supervisor, clock_tick{});
  run();

  EXPECT_EQ(google.open_calls().size(), 1u);
  EXPECT_TRUE(awake(work));
}

TEST_F(supervisor_sleep_test, orders_for_a_tenant_that_is_just_ending_wait_for_its_last_step) {
  open_house();
  store.hold("commit");
  answers<schedule_entry> first, second_one;
  entry_order o{entry_order::kind::create, visit, {}, first.slot()};
  o.edit.start = hour("").start;
  o.edit.end = hour("").end;
  tell(supervisor, for_tenant{acme, o});
  pass(140s); // told to rest in the middle of its step
  o.entry = second_visit;
  o.done = second_one.slot();
  tell(supervisor, for_tenant{acme, o});
  EXPECT_EQ(first.size() + second_one.size(), 0u);

  store.hold_nothing();
  store.answer("commit");
  run();

  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second_one.size(), 1u);
  EXPECT_TRUE(first[0]);
  EXPECT_TRUE(second_one[0]);
  EXPECT_EQ(rows().entries.size(), 2u);
}

TEST_F(supervisor_sleep_test, ten_thousand_calendars_are_known_and_none_is_awake) {
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 10'000; ++i) add_calendar(numbered(i));
  const auto stored = mallinfo2().uordblks;
  open_house();

  EXPECT_EQ(status().providers, 10'000u);
  EXPECT_EQ(status().provider_actors, 0u);
  const auto known = mallinfo2().uordblks;
  std::printf("a calendar that sleeps: %zu bytes (its rows in this test: %zu)\n", (known - stored) / 10'000,
              (stored - before) / 10'000);
  EXPECT_LT((known - stored) / 10'000, 2'048u);
}

TEST_F(supervisor_sleep_test, a_calendar_that_is_awake_and_idle_is_small) {
  for (int i = 0; i < 1'000; ++i) add_calendar(numbered(i));
  open_house();
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 1'000; ++i) tell_calendar(numbered(i), wake{wake_reason::reloaded, 0});

  EXPECT_EQ(status().provider_actors, 1'000u);
  const auto each = (mallinfo2().uordblks - before) / 1'000;
  std::printf("a calendar that is awake and idle: %zu bytes\n", each);
  EXPECT_LT(each, 16'384u);
}

class supervisor_deaths_test : public supervisor_sleep_test {};

TEST_F(supervisor_deaths_test, a_parked_calendar_does_not_rise_for_notices_and_rests_longer_each_time) {
  add_calendar(work);
  open_house();
  store.blow_up("load_provider", 8);
  notice(work);
  pass(2min);
  EXPECT_EQ(status().parked_providers, 1u);
  for (int i = 0; i < 100; ++i) notice(work);
  EXPECT_EQ(store.times("load_provider"), 6u);

  pass(10min);
  EXPECT_EQ(store.times("load_provider"), 7u) << "one try, parked again";
  EXPECT_EQ(status().parked_providers, 1u);
  pass(18min);
  EXPECT_EQ(store.times("load_provider"), 7u);
  pass(2min);
  EXPECT_EQ(store.times("load_provider"), 8u);
  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
}

TEST_F(supervisor_deaths_test, a_person_lets_a_parked_calendar_out_and_its_problem_goes_when_it_works) {
  add_calendar(work);
  open_house();
  store.blow_up("load_provider", 6);
  notice(work);
  pass(2min);
  ASSERT_EQ(rows(work).calendar.problem->code, "provider_parked");
  answers<sync_run> begun;

  tell_calendar(work, sync_order{begun.slot()});
  answer_reads();

  ASSERT_EQ(begun.size(), 1u);
  EXPECT_TRUE(begun[0]);
  EXPECT_EQ(status().parked_providers, 0u);
  EXPECT_FALSE(rows(work).calendar.problem);
}

TEST_F(supervisor_deaths_test, an_alert_changes_no_status) {
  add_calendar(work).status = provider_status::paused;
  open_house();
  store.blow_up("load_provider", 6);
  tell_calendar(work, wake{wake_reason::reloaded, 0});
  pass(2min);

  EXPECT_EQ(rows(work).calendar.status, provider_status::paused);
  EXPECT_EQ(rows(work).calendar.problem->code, "provider_parked");
}

TEST_F(supervisor_deaths_test, a_tenant_that_keeps_dying_is_parked_and_its_calendars_are_not_to_blame) {
  add_calendar(work);
  open_house();
  store.blow_up("load", 6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(create(visit, "Visit"));
    pass(40s);
  }

  EXPECT_EQ(store.times("load"), 6u);
  EXPECT_EQ(create(visit, "Visit").error().code, "tenant_not_awake");
  EXPECT_EQ(store.times("load"), 6u);
  EXPECT_EQ(status().parked_providers, 0u);
  pass(10min);
  EXPECT_TRUE(create(visit, "Visit"));
}

TEST_F(supervisor_deaths_test, orders_of_an_actor_that_dies_are_answered) {
  add_calendar(work);
  open_house();
  store.blow_up("load_provider");
  answers<sync_run> first, behind;
  caf::anon_send(supervisor, for_provider{acme, work, sync_order{first.slot()}});
  caf::anon_send(supervisor, for_provider{acme, work, sync_order{behind.slot()}});
  run();

  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(behind.size(), 1u);
  EXPECT_EQ(first[0].error().kind, errc::stopped);
  EXPECT_FALSE(behind[0]);
}

TEST_F(supervisor_deaths_test, a_calendar_takes_only_so_many_orders) {
  add_calendar(work);
  store.hold("load_provider");
  open_house();
  answers<std::vector<calendar_listing>> asked;
  for (int i = 0; i < 101; ++i) tell_calendar(work, calendars_order{asked.slot()});

  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].error().code, "provider_busy");
}

TEST_F(supervisor_deaths_test, a_paused_calendar_keeps_what_comes_and_goes_on_from_there) {
  add_calendar(work);
  add_visit(visit, work);
  rows(work).calendar.status = provider_status::paused;
  open_house();
  notice(work);
  edit(visit, "Moved");
  pass(1min);
  EXPECT_TRUE(google.calls.empty());
  EXPECT_EQ(rows().outbox.size(), 1u);
  EXPECT_TRUE(rows(work).stale);

  rows(work).calendar.status = provider_status::active;
  tell_calendar(work, wake{wake_reason::resumed, 0});
  ASSERT_EQ(google.open()->verb, "list_changes");
  answer_reads();

  EXPECT_EQ(google.open()->verb, "update_event");
}

TEST_F(supervisor_deaths_test, a_calendar_that_was_resumed_reads_at_once) {
  add_calendar(work).status = provider_status::paused;
  open_house();
  rows(work).calendar.status = provider_status::active;

  tell_calendar(work, wake{wake_reason::resumed, 0});

  EXPECT_EQ(google.times("list_changes"), 1u);
}

TEST(mortality_test, pauses_grow_with_deaths_and_a_life_in_between_is_a_new_beginning) {
  mortality m;
  auto now = instant(std::chrono::milliseconds(1'796'000'000'000));

  EXPECT_EQ(pause_after_death(m, now), 1s);
  EXPECT_EQ(pause_after_death(m, now), 2s);
  EXPECT_EQ(pause_after_death(m, now += 6min), 1s);
  for (int i = 0; i < 4; ++i) pause_after_death(m, now);
  EXPECT_EQ(pause_after_death(m, now), 10min);
  EXPECT_TRUE(m.parked);
  m.parked = false;
  m.on_probation = true;
  m.back_at = now;
  EXPECT_EQ(pause_after_death(m, now + 1s), 20min);
  m.parked = false;
  m.on_probation = true;
  m.back_at = now;
  EXPECT_EQ(pause_after_death(m, now + 6min), 1s);
  EXPECT_FALSE(m.parked);
}

TEST(answer_to_test, who_waits_hears_exactly_once_even_if_nobody_answers) {
  int heard = 0;
  std::string code;
  auto listen = [&](const result<bool>& r) {
    ++heard;
    code = r ? "" : r.error().code;
  };
  {
    const answer_to<bool> dropped(listen);
    const auto copy = dropped;
  }
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(code, "answer_lost");
  {
    const answer_to<bool> answered(listen);
    answered(true);
    answered(failure(errc::broken, "twice", ""));
  }
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(code, "");
  answer_to<bool>()(true);
}

} // namespace
} // namespace kalends::actors
