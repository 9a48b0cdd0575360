// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// Calendars and the governor between them and their vendor.
class provider_leave_test : public house_fixture {
protected:
};

TEST_F(provider_leave_test, leave_is_asked_for_and_given_back) {
  add_calendar(work);
  open_house();
  notice(work);
  EXPECT_EQ(gate()->calls_under_way(), 1u);

  google.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();

  EXPECT_EQ(gate()->calls_under_way(), 0u);
  EXPECT_EQ(rows().runs.back().counts.vendor_calls, 1);
}

TEST_F(provider_leave_test, a_calendar_that_dies_gives_its_leave_back) {
  add_calendar(work);
  open_house();
  notice(work);
  ASSERT_EQ(gate()->calls_under_way(), 1u);

  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  run();

  EXPECT_EQ(gate()->calls_under_way(), 0u);
}

TEST_F(provider_leave_test, what_the_vendor_asked_of_a_calendar_that_is_ending_holds_for_its_next_life) {
  add_calendar(work);
  open_house();
  notice(work);
  caf::anon_send_exit(awake(work), caf::exit_reason::kill); // before its turn to hear of this:
  google.refuse("list_changes", trouble(errc::retry_later, "vendor_rate_limited", 20s));
  run();

  pass(5s);
  ASSERT_TRUE(awake(work));
  EXPECT_TRUE(google.open_calls().empty());

  pass(20s);

  EXPECT_FALSE(google.open_calls().empty());
}

TEST_F(provider_leave_test, the_fifth_calendar_of_a_graph_account_waits_for_one_of_the_four) {
  for (int i = 0; i < 5; ++i) add_calendar(numbered(i), provider_type::microsoft).subject = "alice";
  open_house();
  for (int i = 0; i < 5; ++i) notice(numbered(i));
  EXPECT_EQ(microsoft.open_calls().size(), 4u);
  EXPECT_EQ(gate()->calls_waiting(), 1u);

  microsoft.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();

  EXPECT_EQ(microsoft.open_calls().size(), 4u);
  EXPECT_EQ(microsoft.calls.size(), 5u);
}

TEST_F(provider_leave_test, a_calendar_that_waits_can_leave) {
  for (int i = 0; i < 5; ++i) add_calendar(numbered(i), provider_type::microsoft).subject = "alice";
  open_house();
  for (int i = 0; i < 5; ++i) notice(numbered(i));
  answers<bool> left;

  tell_calendar(numbered(4), leave_order{left.slot()});

  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0]);
  EXPECT_EQ(gate()->calls_waiting(), 0u);
}

TEST_F(provider_leave_test, an_account_that_called_too_often_rests_in_all_its_calendars) {
  add_calendar(work).subject = "alice";
  add_calendar(second).subject = "alice";
  open_house();
  notice(work);
  google.refuse("list_changes", trouble(errc::retry_later, "vendor_rate_limited", 20s));
  run();

  notice(second);
  EXPECT_TRUE(google.open_calls().empty());
  pass(21s);

  EXPECT_FALSE(google.open_calls().empty());
}

TEST_F(provider_leave_test, an_account_rests_as_long_as_was_asked_whatever_the_wall_clock_says) {
  add_calendar(work).subject = "alice";
  add_calendar(second).subject = "alice";
  open_house();
  notice(work);
  google.refuse("list_changes", trouble(errc::retry_later, "vendor_rate_limited", 20s));
  run();

  now += 1h;
  notice(second);
  pass(19s);
  EXPECT_TRUE(google.open_calls().empty());
  now -= 2h;
  pass(2s);

  EXPECT_FALSE(google.open_calls().empty());
}

TEST_F(provider_leave_test, a_vendor_that_is_down_is_asked_by_one_calendar_at_a_time) {
  for (int i = 0; i < 20; ++i) add_calendar(numbered(i));
  open_house();
  for (int i = 0; i < 20; ++i) {
    notice(numbered(i));
    if (google.open_calls().empty()) continue;
    google.refuse("list_changes", trouble(errc::retry_later, "vendor_unavailable"));
    run();
  }

  EXPECT_EQ(google.calls.size(), 8u);
  EXPECT_EQ(run_outcomes().back(), "notice:failed");
  EXPECT_EQ(rows().runs.back().error_code, "vendor_circuit_open");
  pass(30s);
  EXPECT_EQ(google.open_calls().size(), 1u) << "one goes ahead to see";
  google.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();
  for (int i = 0; i < 4 * 60; ++i) {
    pass(250ms);
    for (const auto& c : google.open_calls()) {
      held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
      run();
    }
  }
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(rows(numbered(i)).stale) << i;
}

TEST_F(provider_leave_test, an_open_circuit_fails_no_row_of_the_outbox) {
  add_calendar(work);
  add_visit(visit, work);
  for (int i = 0; i < 8; ++i) add_calendar(numbered(i));
  open_house();
  for (int i = 0; i < 8; ++i) {
    notice(numbered(i));
    google.refuse("list_changes", trouble(errc::retry_later, "vendor_unavailable"));
    run();
  }

  edit(visit, "Moved");

  ASSERT_EQ(rows().outbox.size(), 9u) << "one for each of her calendars";
  for (const auto& [id, row] : rows().outbox) EXPECT_EQ(row.attempts, 0);
  EXPECT_EQ(google.times("update_event"), 0u);
}

TEST_F(provider_leave_test, a_call_that_never_ends_is_broken_off) {
  add_calendar(work);
  open_house();
  notice(work);
  const auto call = google.open("list_changes");

  pass(3min + 6s);

  EXPECT_TRUE(call->cancelled);
  ASSERT_FALSE(rows().runs.empty());
  EXPECT_EQ(rows().runs.back().error_code, "vendor_call_stuck");
  EXPECT_TRUE(rows(work).stale);
}

TEST_F(provider_leave_test, refreshing_a_token_is_a_call_like_any_other) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  open_house();
  notice(work);

  EXPECT_EQ(gate()->calls_under_way(), 1u);
  ASSERT_EQ(refreshes.size(), 1u);
  refreshes[0]->done(grant{"access-1", "refresh-0", now + 1h, "calendar"});
  run();
  EXPECT_EQ(gate()->calls_under_way(), 1u);
  google.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();

  EXPECT_EQ(gate()->calls_under_way(), 0u);
  EXPECT_EQ(rows().runs.back().counts.vendor_calls, 2);
}

} // namespace
} // namespace kalends::actors
