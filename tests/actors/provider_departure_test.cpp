// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

/// A calendar that was disconnected with the events that we made there.
class provider_departure_test : public house_fixture {
protected:
  void send_away() {
    rows(work).calendar.status = provider_status::leaving;
    tell(supervisor, for_tenant{acme, calendars_changed{}});
    tell_calendar(work, wake{wake_reason::reloaded, 0});
  }
  /// The event of that entry as the vendor has it; one of a person's own bears no tag.
  calendar_event shown(const entry_id& e, bool ours, const std::string& version = "v7") {
    auto event = event_of(e, work, version);
    if (!ours) event.tag = {};
    return event;
  }
  void answer_look(result<calendar_event> event) {
    google.answer<calendar_event>("get_event", std::move(event));
    run();
  }
  bool connected() { return rows().providers.contains(work); }
};

TEST_F(provider_departure_test, takes_our_copies_along_and_leaves_what_people_made) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  rows().entries[second_visit].origin = provider_id("0192a000-0000-7000-8000-0000000000ff");
  open_house();

  send_away();
  answer_look(shown(visit, true));
  const auto erased = google.open("delete_event")->as<testing::event_deletion>();
  google.answer<bool>("delete_event", true);
  run();
  answer_look(shown(second_visit, false));

  EXPECT_EQ(erased.event, event_id("event-of-e1"));
  EXPECT_EQ(erased.version, "v7") << "what is deleted has been seen";
  EXPECT_EQ(google.times("delete_event"), 1u);
  EXPECT_FALSE(connected());
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_EQ(rows().entries[visit].version, 1);
  EXPECT_EQ(facts(fact_type::calendar_provider_disconnected), 1u);
  ASSERT_FALSE(rows().decisions.empty());
  EXPECT_EQ(rows().decisions.back().why, reason::push_deleted);
}

TEST_F(provider_departure_test, a_copy_that_a_person_made_of_our_event_is_theirs) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();
  auto copy = shown(visit, true);
  copy.tag = second_visit;

  answer_look(copy);

  EXPECT_EQ(google.times("delete_event"), 0u);
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, what_is_gone_already_holds_nobody_up) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  send_away();

  answer_look(tl::unexpected(trouble(errc::not_found, "event_not_found")));
  answer_look(tombstone(event_id("event-of-e2")));

  EXPECT_EQ(google.times("delete_event"), 0u);
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, nothing_is_read_or_pushed_meanwhile) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();

  notice(work);
  edit(visit, "Moved");
  ASSERT_TRUE(create(second_visit, "New"));
  answers<sync_run> ran;
  tell_calendar(work, sync_order{ran.slot()});

  EXPECT_EQ(google.verbs(), std::vector<std::string>{"get_event"});
  EXPECT_FALSE(rows().mappings.contains({work, second_visit}));
  answer_look(shown(visit, true));
  google.answer<bool>("delete_event", true);
  run();
  EXPECT_FALSE(connected());
  EXPECT_EQ(rows().entries.size(), 2u);
}

TEST_F(provider_departure_test, an_event_that_changes_is_looked_at_again_before_it_goes) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();
  answer_look(shown(visit, true));
  google.refuse("delete_event", trouble(errc::conflict, "version_mismatch"));
  run();
  answer_look(shown(visit, true, "v8"));

  EXPECT_EQ(google.open("delete_event")->as<testing::event_deletion>().version, "v8");
  google.answer<bool>("delete_event", true);
  run();
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, a_crash_in_between_begins_the_round_again) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  send_away();
  answer_look(shown(visit, true));
  google.answer<bool>("delete_event", true);
  run();
  ASSERT_EQ(google.open("get_event")->as<event_id>(), event_id("event-of-e2"));

  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  run();
  pass(1min);

  ASSERT_EQ(google.open("get_event")->as<event_id>(), event_id("event-of-e2"))
      << "the first one is known to be gone";
  answer_look(shown(second_visit, true));
  google.answer<bool>("delete_event", true);
  run();
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, a_start_goes_on_with_it) {
  add_calendar(work).status = provider_status::leaving;
  add_visit(visit, work);

  open_house();

  answer_look(shown(visit, true));
  google.answer<bool>("delete_event", true);
  run();
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, a_vendor_that_is_away_is_tried_again_and_nothing_is_lost) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();

  google.refuse("get_event", trouble(errc::retry_later, "vendor_unavailable"));
  run();
  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_EQ(rows().mappings.size(), 1u);
  pass(1min);

  answer_look(shown(visit, true));
  google.answer<bool>("delete_event", true);
  run();
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, without_a_grant_people_see_why_and_may_disconnect_without_it) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();
  google.refuse("get_event", trouble(errc::reauthorize, "grant_revoked"));
  run();
  while (!refreshes.empty() && refreshes.back()->open) {
    refreshes.back()->open = false;
    refreshes.back()->done(tl::unexpected(trouble(errc::reauthorize, "grant_revoked")));
    run();
  }
  pass(10min);
  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_EQ(rows(work).calendar.status, provider_status::leaving);
  ASSERT_TRUE(rows(work).calendar.problem);
  answers<bool> left;

  tell_calendar(work, leave_order{left.slot()});

  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0]);
  EXPECT_FALSE(connected());
}

TEST_F(provider_departure_test, who_does_not_want_to_wait_disconnects_at_once) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  send_away();
  answers<bool> left;

  tell_calendar(work, leave_order{left.slot()});

  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0]);
  EXPECT_FALSE(connected());
  EXPECT_EQ(google.times("delete_event"), 0u);
}

} // namespace
} // namespace kalends::actors
