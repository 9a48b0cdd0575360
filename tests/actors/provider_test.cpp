// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// One calendar that is read: notices, cursors, tokens, orders.
class provider_test : public house_fixture {
protected:
  void answer_page(std::vector<calendar_event> events, const std::string& cursor) {
    google.answer<change_page>("list_changes", last_page(std::move(events), cursor));
    run();
  }
  void refuse(const std::string& verb, error e) {
    google.refuse(verb, std::move(e));
    run();
  }
  std::string asked_cursor() { return google.open("list_changes")->as<net::list_request>().cursor; }
  void answer_refresh(result<grant> g) {
    auto call = refreshes.back();
    call->open = false;
    call->done(std::move(g));
    run();
  }
};

TEST_F(provider_test, collapses_notices_during_a_read_into_exactly_one_more) {
  add_calendar(work);
  open_house();
  for (int i = 0; i < 6; ++i) notice(work);
  ASSERT_EQ(google.calls.size(), 1u);
  EXPECT_EQ(asked_cursor(), "cursor-0");

  answer_page({}, "cursor-1");
  EXPECT_EQ(asked_cursor(), "cursor-1");
  answer_page({}, "cursor-2");

  EXPECT_EQ(google.calls.size(), 2u);
  EXPECT_FALSE(rows(work).stale);
  EXPECT_EQ(rows(work).read_from->token, "cursor-2");
}

TEST_F(provider_test, commits_the_cursor_with_the_last_page_only) {
  add_calendar(work);
  open_house();
  notice(work);

  google.answer<change_page>("list_changes", page({foreign("one")}, "page-2"));
  run();
  EXPECT_EQ(rows(work).read_from->token, "cursor-0");
  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_TRUE(rows(work).stale);
  EXPECT_EQ(google.open()->as<net::list_request>().page, "page-2");
  answer_page({foreign("two")}, "cursor-1");

  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
  EXPECT_FALSE(rows(work).stale);
  EXPECT_EQ(run_outcomes(), words{"notice:succeeded"});
}

TEST_F(provider_test, clears_the_mark_only_up_to_the_counter_it_knew) {
  add_calendar(work);
  open_house();
  notice(work);
  ++rows(work).mark; // a notice whose message is lost

  answer_page({}, "cursor-1");
  EXPECT_TRUE(rows(work).stale);
  EXPECT_TRUE(google.open_calls().empty());
  pass(31s); // the slow second look finds the row
  ASSERT_EQ(google.open_calls().size(), 1u);
  answer_page({}, "cursor-2");

  EXPECT_FALSE(rows(work).stale);
  pass(60s);
  EXPECT_EQ(google.times("list_changes"), 2u);
}

TEST_F(provider_test, reads_everything_when_the_cursor_is_void_and_asks_for_each_event_that_is_missing) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  notice(work);

  refuse("list_changes", trouble(errc::resync, "cursor_void"));
  EXPECT_FALSE(rows(work).read_from);
  EXPECT_EQ(asked_cursor(), "");
  answer_page({}, "cursor-1");
  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_FALSE(rows(work).read_from);
  auto first_asked = google.open("get_event")->as<event_id>();
  bool first_is_visit = first_asked == rows().mappings.at({work, visit}).event;
  google.answer<calendar_event>("get_event", event_of(first_is_visit ? visit : second_visit, work, "v1"));
  run();
  refuse("get_event", trouble(errc::not_found, "gone"));

  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
  EXPECT_EQ(rows().entries.size(), 2u); // the host made them: the person is unassigned, nothing is deleted
  EXPECT_EQ(rows().entries.at(first_is_visit ? visit : second_visit).assigned, std::vector{alice});
  EXPECT_TRUE(rows().entries.at(first_is_visit ? second_visit : visit).assigned.empty());
}

TEST_F(provider_test, a_full_read_asks_for_what_was_on_its_way_out_because_it_may_be_wanted_again) {
  add_calendar(work);
  add_visit(visit, work);
  rows().entries.at(visit).assigned.clear();
  rows().mappings.at({work, visit}).removing = true;
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::resync, "cursor_void"));
  answer_page({}, "cursor-1");
  ASSERT_EQ(google.times("get_event"), 1u);

  entry_edit again;
  again.assigned = std::vector<user_id>{alice};
  EXPECT_TRUE(order(entry_order::kind::change, visit, again));
  EXPECT_FALSE(rows().mappings.at({work, visit}).removing);
  refuse("get_event", trouble(errc::not_found, "gone"));

  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
  EXPECT_FALSE(rows().mappings.contains({work, visit})) << "nobody holds an event that is gone";
}

TEST_F(provider_test, a_full_read_that_breaks_off_deletes_nothing) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::resync, "cursor_void"));
  answer_page({}, "cursor-1");

  refuse("get_event", trouble(errc::retry_later, "vendor_down"));

  EXPECT_EQ(rows().entries.at(visit).assigned, std::vector{alice});
  EXPECT_FALSE(rows(work).read_from);
  EXPECT_TRUE(rows(work).stale);
}

TEST_F(provider_test, a_second_void_cursor_in_one_read_ends_it) {
  add_calendar(work);
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::resync, "cursor_void"));

  refuse("list_changes", trouble(errc::resync, "cursor_void"));

  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_EQ(run_outcomes(), words{"notice:failed"});
}

TEST_F(provider_test, a_cursor_of_another_query_is_not_used) {
  add_calendar(work);
  open_house();
  google.fingerprint = "query-2";

  notice(work);

  EXPECT_EQ(asked_cursor(), "");
}

TEST_F(provider_test, asks_the_vendor_before_it_believes_an_unproven_removal) {
  add_calendar(work, provider_type::microsoft);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  notice(work);
  auto first = rows().mappings.at({work, visit}).event,
       other = rows().mappings.at({work, second_visit}).event;

  microsoft.answer<change_page>("list_changes", last_page({tombstone(first), tombstone(other)}, "cursor-1"));
  run();
  EXPECT_EQ(rows(work).read_from->token, "cursor-0");
  EXPECT_EQ(microsoft.open()->as<event_id>(), other);
  microsoft.refuse("get_event", trouble(errc::not_found, "gone"));
  run();
  microsoft.answer<calendar_event>("get_event", event_of(visit, work, "v1")); // it only left the window
  run();

  EXPECT_EQ(rows().entries.at(visit).assigned, std::vector{alice});
  EXPECT_TRUE(rows().entries.at(second_visit).assigned.empty());
  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
}

TEST_F(provider_test, waits_after_a_failure_and_keeps_the_mark) {
  add_calendar(work);
  open_house();
  notice(work);

  refuse("list_changes", trouble(errc::retry_later, "vendor_down"));
  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_TRUE(rows(work).stale);
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 1u);
  notice(work);
  EXPECT_TRUE(google.open_calls().empty()); // a notice is no reason to hurry
  pass(4s);
  refuse("list_changes", trouble(errc::retry_later, "vendor_down"));
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 1u); // told once
  pass(10s);
  refuse("list_changes", trouble(errc::broken, "not_json"));
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 2u); // until it changes
  pass(30s);
  answer_page({}, "cursor-1");

  EXPECT_FALSE(rows(work).stale);
  notice(work);
  refuse("list_changes", trouble(errc::retry_later, "vendor_down"));
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 3u); // or is mended
}

TEST_F(provider_test, obeys_retry_after_in_everything_it_does) {
  add_calendar(work);
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::retry_later, "quota", 10min));
  create(visit, "Visit");
  answers<sync_run> manual;
  answers<std::vector<calendar_listing>> listing;
  tell_calendar(work, sync_order{manual.slot()});
  tell_calendar(work, calendars_order{listing.slot()});

  pass(9min + 59s);
  EXPECT_EQ(google.calls.size(), 1u);
  ASSERT_EQ(manual.size(), 1u);
  EXPECT_EQ(manual[0]->outcome, run_outcome::running);
  EXPECT_EQ(listing[0].error().code, "vendor_asked_to_wait");
  pass(2s);

  EXPECT_EQ(google.calls.size(), 2u);
}

TEST_F(provider_test, a_wall_clock_that_is_set_forward_does_not_shorten_what_a_vendor_asked_for) {
  add_calendar(work);
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::retry_later, "quota", 10min));

  now += 1h;
  notice(work);
  pass(9min + 59s);
  EXPECT_EQ(google.calls.size(), 1u);
  pass(2s);

  EXPECT_EQ(google.calls.size(), 2u);
}

TEST_F(provider_test, a_listing_of_calendars_that_is_told_to_wait_makes_all_calls_wait) {
  add_calendar(work);
  open_house();
  answers<std::vector<calendar_listing>> listing;
  tell_calendar(work, calendars_order{listing.slot()});
  refuse("list_calendars", trouble(errc::retry_later, "quota", 10min));

  notice(work);
  pass(9min + 59s);
  EXPECT_EQ(google.calls.size(), 1u);
  pass(2s);

  EXPECT_EQ(listing[0].error().code, "quota");
  EXPECT_EQ(google.calls.size(), 2u);
}

TEST_F(provider_test, refreshes_a_token_once_and_saves_it_before_it_is_used) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now + 1min;
  open_house();
  notice(work);
  answers<sync_run> manual;
  tell_calendar(work, sync_order{manual.slot()});
  notice(work);
  ASSERT_EQ(refreshes.size(), 1u);
  EXPECT_TRUE(google.calls.empty());

  store.hold("save_grant");
  answer_refresh(grant{"access-1", "refresh-1", now + 1h, "calendar"});
  EXPECT_TRUE(google.calls.empty());
  store.answer("save_grant");
  run();

  EXPECT_EQ(google.open("list_changes")->who.access_token, "access-1");
  EXPECT_EQ(rows(work).tokens->refresh_token, "refresh-1");
  answer_page({}, "cursor-1");
  EXPECT_EQ(refreshes.size(), 1u);
}

TEST_F(provider_test, a_refused_token_is_refreshed_once_and_then_believed) {
  add_calendar(work);
  open_house();
  notice(work);
  refuse("list_changes", trouble(errc::reauthorize, "unauthorized"));
  ASSERT_EQ(refreshes.size(), 1u);
  answer_refresh(grant{"access-1", "refresh-0", now + 1h, "calendar"});

  refuse("list_changes", trouble(errc::reauthorize, "unauthorized"));

  EXPECT_EQ(rows(work).calendar.status, provider_status::action_required);
  EXPECT_EQ(rows(work).calendar.problem->code, "unauthorized");
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(refreshes.size(), 1u);
}

TEST_F(provider_test, a_revoked_grant_stops_all_calls_is_told_once_and_loses_nothing) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  open_house();
  create(visit, "Visit");
  ASSERT_EQ(refreshes.size(), 1u);
  answer_refresh(tl::unexpected(trouble(errc::reauthorize, "invalid_grant")));
  notice(work);
  edit(visit, "Changed meanwhile");
  answers<sync_run> manual;
  tell_calendar(work, sync_order{manual.slot()});
  pass(10min);

  EXPECT_TRUE(google.calls.empty());
  EXPECT_EQ(refreshes.size(), 1u);
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(manual[0].error().code, "provider_not_connected");
  EXPECT_TRUE(rows(work).stale);
  EXPECT_FALSE(rows().outbox.empty());

  rows(work).tokens = grant{"access-1", "refresh-1", now + 1h, "calendar"};
  rows(work).calendar.status = provider_status::pending_authorization;
  tell_calendar(work, wake{wake_reason::connected, 0});
  EXPECT_EQ(google.verbs(), words{"list_calendars"});
}

TEST_F(provider_test, a_revoked_grant_is_told_although_the_database_was_away) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  open_house();
  store.fail("save_health", trouble(errc::retry_later, "database_away"));
  notice(work);
  answer_refresh(tl::unexpected(trouble(errc::reauthorize, "invalid_grant")));
  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
  tell_calendar(work, wake{wake_reason::reloaded, 0});
  notice(work);

  pass(10s);

  EXPECT_EQ(rows(work).calendar.status, provider_status::action_required);
  ASSERT_TRUE(rows(work).calendar.problem);
  EXPECT_EQ(rows(work).calendar.problem->code, "invalid_grant");
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(refreshes.size(), 1u) << "the dead grant is not tried again";
  EXPECT_TRUE(google.calls.empty());
}

TEST_F(provider_test, a_problem_that_no_row_knows_is_forgotten_when_a_person_connects_again) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  open_house();
  store.fail("save_health", trouble(errc::retry_later, "database_away"));
  notice(work);
  answer_refresh(tl::unexpected(trouble(errc::reauthorize, "invalid_grant")));

  rows(work).tokens = grant{"access-1", "refresh-1", now + 1h, "calendar"};
  tell_calendar(work, wake{wake_reason::connected, 0});
  pass(10s);

  EXPECT_EQ(google.verbs(), words{"list_calendars"});
  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
}

TEST_F(provider_test, says_that_no_oauth_client_is_configured) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  configured.google.reset();
  open_house();

  notice(work);

  EXPECT_TRUE(refreshes.empty());
  EXPECT_TRUE(google.calls.empty());
  ASSERT_EQ(rows().runs.size(), 1u);
  EXPECT_EQ(rows().runs[0].error_code, "oauth_client_missing");
  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
}

TEST_F(provider_test, a_tenants_own_oauth_client_comes_before_the_installations) {
  add_calendar(work);
  rows(work).tokens->access_expires_at = now;
  rows().apps[provider_type::google] = oauth_app{"acme", "its secret", ""};
  open_house();

  notice(work);

  ASSERT_EQ(refreshes.size(), 1u);
  EXPECT_EQ(refreshes[0]->app.client_id, "acme");
}

TEST_F(provider_test, a_manual_run_is_answered_when_it_has_begun_and_joined_by_the_next_asker) {
  add_calendar(work);
  open_house();
  answers<sync_run> one, two;
  tell_calendar(work, sync_order{one.slot()});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]->outcome, run_outcome::running);
  EXPECT_EQ(rows().run(one[0]->id)->outcome, run_outcome::running);

  tell_calendar(work, sync_order{two.slot()});
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(two[0]->id, one[0]->id);
  answer_page({foreign("one")}, "cursor-1");

  EXPECT_EQ(rows().run(one[0]->id)->outcome, run_outcome::succeeded);
  EXPECT_EQ(rows().run(one[0]->id)->counts.entries_changed, 1);
  EXPECT_EQ(rows().runs.size(), 1u);
  EXPECT_EQ(facts(fact_type::calendar_sync_started), 1u);
  EXPECT_EQ(facts(fact_type::calendar_sync_completed), 1u);
}

TEST_F(provider_test, a_manual_run_reads_first_then_writes) {
  add_calendar(work);
  open_house();
  store.fail("load_outbox", trouble(errc::retry_later, "database_away"));
  create(visit, "Visit"); // its first push fails
  answers<sync_run> run_told;
  tell_calendar(work, sync_order{run_told.slot()});
  answer_page({}, "cursor-1");

  EXPECT_EQ(google.verbs(), (words{"list_changes", "insert_event"}));
}

TEST_F(provider_test, refuses_orders_while_it_is_not_connected) {
  add_calendar(work).status = provider_status::pending_authorization;
  open_house();
  answers<sync_run> run_told;
  answers<channel> renewed;

  tell_calendar(work, sync_order{run_told.slot()});
  tell_calendar(work, renewal_order{renewed.slot()});

  EXPECT_EQ(run_told[0].error().code, "provider_not_connected");
  EXPECT_EQ(renewed[0].error().code, "provider_not_connected");
  EXPECT_TRUE(google.calls.empty());
}

TEST_F(provider_test, lists_the_accounts_calendars_for_all_who_ask) {
  add_calendar(work);
  open_house();
  answers<std::vector<calendar_listing>> one, two;
  tell_calendar(work, calendars_order{one.slot()});
  tell_calendar(work, calendars_order{two.slot()});

  google.answer<std::vector<calendar_listing>>(
      "list_calendars", std::vector<calendar_listing>{{calendar_id("c"), "Work", "UTC", true, true}});
  run();

  EXPECT_EQ(one[0]->size(), 1u);
  EXPECT_EQ(two[0]->size(), 1u);
  EXPECT_EQ(google.calls.size(), 1u);
}

TEST_F(provider_test, ending_the_actor_cancels_its_call_and_nothing_runs_afterwards) {
  add_calendar(work);
  open_house();
  notice(work);
  auto call = google.open("list_changes");

  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  run();

  EXPECT_TRUE(call->cancelled);
  auto asked = store.times("commit") + store.times("save_run");
  pass(250ms);
  EXPECT_EQ(store.times("commit") + store.times("save_run"), asked);
  EXPECT_TRUE(rows(work).stale);
  pass(2s); // and it comes back to what it had not done
  EXPECT_EQ(asked_cursor(), "cursor-0");
}

TEST_F(provider_test, leaving_closes_the_channel_and_deletes_the_rows) {
  configured.webhook_url = "https://kalends.example.org";
  add_calendar(work);
  rows(work).channels["channel"] =
      channel{"channel", "resource", now + 24h * 6, "hash", "https://kalends.example.org/webhooks/google"};
  add_visit(visit, work);
  open_house();
  notice(work);
  auto reading = google.open("list_changes");
  answers<bool> one, two;

  tell_calendar(work, leave_order{one.slot()});
  tell_calendar(work, leave_order{two.slot()});
  EXPECT_TRUE(reading->cancelled);
  EXPECT_EQ(google.open("close_channel")->as<channel>().id, "channel");
  google.answer<bool>("close_channel", true);
  run();

  EXPECT_TRUE(one[0].value());
  EXPECT_TRUE(two[0].value());
  EXPECT_TRUE(rows().providers.empty());
  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(facts(fact_type::calendar_provider_disconnected), 1u);
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 0u);
  EXPECT_TRUE(house_state().tenants[acme].providers.empty());
}

TEST_F(provider_test, leaves_though_the_vendor_is_away) {
  add_calendar(work);
  rows(work).channels["channel"] = channel{"channel", "resource", now + 24h * 6, "hash"};
  open_house();
  answers<bool> left;
  tell_calendar(work, leave_order{left.slot()});

  refuse("close_channel", trouble(errc::retry_later, "timeout"));

  EXPECT_TRUE(left[0].value());
  EXPECT_TRUE(rows().providers.empty());
}

TEST_F(provider_test, stays_when_its_rows_cannot_be_deleted) {
  add_calendar(work);
  open_house();
  store.fail("delete_provider", trouble(errc::retry_later, "database_away"));
  answers<bool> one, two;

  tell_calendar(work, leave_order{one.slot()});
  EXPECT_EQ(one[0].error().kind, errc::retry_later);
  tell_calendar(work, leave_order{two.slot()});

  EXPECT_TRUE(two[0].value());
}

TEST_F(provider_test, leaving_breaks_off_a_row_of_writes) {
  add_calendar(work);
  open_house();
  create(visit, "One");
  create(second_visit, "Two");
  ASSERT_EQ(google.open_calls().size(), 1u);
  answers<bool> left;

  tell_calendar(work, leave_order{left.slot()});

  EXPECT_TRUE(left[0].value());
  EXPECT_EQ(google.calls.size(), 1u);
}

} // namespace
} // namespace kalends::actors
