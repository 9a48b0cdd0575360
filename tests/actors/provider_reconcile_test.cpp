// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/plan_renewal.hpp"
#include "net/crypto.hpp"

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// Full comparisons, listings that do not end, channels that keep silent.
class provider_reconcile_test : public house_fixture {
protected:
  void answer_page(std::vector<calendar_event> events, const std::string& cursor) {
    google.answer<change_page>("list_changes", last_page(std::move(events), cursor));
    run();
  }
  std::string asked_cursor() { return google.open("list_changes")->as<net::list_request>().cursor; }
  result<sync_run> order_reconcile() {
    answers<sync_run> begun;
    tell_calendar(work, sync_order{begun.slot(), sync_mode::reconcile});
    return begun.size() == 1 ? begun[0] : failure(errc::broken, "answers", std::to_string(begun.size()));
  }
  void add_channel() {
    configured.webhook_url = "https://kalends.example.org";
    configured.poll_interval = std::chrono::hours(24); // the test polls
    rows(work).channels["channel"] = channel{"channel", "resource", now + 100h, net::sha256("secret"),
                                             "https://kalends.example.org/webhooks/google"};
    rows(work).secrets["channel"] = "secret";
    rows(work).calendar.push.attempted_at = now - 1h;
    rows(work).calendar.push.renews_at = now + 48h;
  }
  /// A poll that finds a change of `ago`.
  void poll(const std::string& id, std::chrono::milliseconds ago) {
    tell_calendar(work, wake{wake_reason::poll, 0});
    auto event = foreign(id);
    event.updated_at = now - ago;
    answer_page({event}, "cursor-" + id);
  }
  const provider& calendar() { return rows(work).calendar; }
};

TEST_F(provider_reconcile_test, reads_what_is_new_then_everything_and_proves_each_link) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  const auto begun = order_reconcile();
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->cause, run_cause::reconcile);
  EXPECT_EQ(begun->outcome, run_outcome::running);

  EXPECT_EQ(asked_cursor(), "cursor-0");
  answer_page({}, "cursor-1");
  EXPECT_EQ(asked_cursor(), "");
  auto drifted = event_of(visit, work, "v2");
  drifted.what.title = "Moved without a word";
  drifted.updated_at = now - 1h;
  answer_page({drifted, event_of(second_visit, work, "v1")}, "cursor-2");

  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_EQ(rows().entries.at(visit).what.title, "Moved without a word");
  EXPECT_EQ(rows(work).read_from->token, "cursor-2");
  ASSERT_TRUE(calendar().reconciled);
  EXPECT_EQ(calendar().reconciled->at, now);
  EXPECT_EQ(calendar().reconciled->found, (drift_counts{2, 1, 1}));
  EXPECT_EQ(rows().run(begun->id)->counts.drift, (drift_counts{2, 1, 1}));
  EXPECT_EQ(run_outcomes(), words{"reconcile:succeeded"});
  EXPECT_EQ(rows().decisions.back().why, reason::reconcile_repaired);
  EXPECT_GE(*calendar().next_reconcile_at, now + 21h);
  EXPECT_LE(*calendar().next_reconcile_at, now + 27h);
}

TEST_F(provider_reconcile_test, repairs_what_the_host_lost_and_writes_it_in_the_same_run) {
  add_calendar(work);
  add_visit(visit, work);
  rows().entries.at(visit).version = 2; // its outbox row is lost
  rows().entries.at(visit).what.title = "Never pushed";
  open_house();
  ASSERT_TRUE(order_reconcile());
  answer_page({}, "cursor-1");
  answer_page({event_of(visit, work, "v1")}, "cursor-2");

  EXPECT_EQ(google.open("update_event")->as<net::event_update>().what.title, "Never pushed");
  google.answer<calendar_event>("update_event", event_of(visit, work, "v2"));
  run();

  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(calendar().reconciled->found, (drift_counts{1, 1, 1}));
}

TEST_F(provider_reconcile_test, a_removal_that_nobody_told_is_confirmed_and_counted) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  ASSERT_TRUE(order_reconcile());
  answer_page({}, "cursor-1");
  answer_page({}, "cursor-2");
  google.refuse("get_event", trouble(errc::not_found, "gone"));
  run();

  EXPECT_TRUE(rows().entries.at(visit).assigned.empty());
  EXPECT_EQ(calendar().reconciled->found, (drift_counts{1, 1, 1}));
}

TEST_F(provider_reconcile_test, comes_when_it_is_planned_and_again_later_if_it_fails) {
  auto& c = add_calendar(work);
  c.next_poll_at = now + 24h;
  c.next_reconcile_at = now + 10s;
  open_house();
  pass(5s);
  EXPECT_TRUE(google.calls.empty());
  pass(6s);
  EXPECT_EQ(asked_cursor(), "cursor-0");
  answer_page({}, "cursor-1");
  google.refuse("list_changes", trouble(errc::retry_later, "vendor_down"));
  run();

  EXPECT_EQ(run_outcomes(), words{"reconcile:failed"});
  EXPECT_FALSE(calendar().reconciled);
  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
  EXPECT_GE(*calendar().next_reconcile_at, now + reconcile_retry);
  EXPECT_LE(*calendar().next_reconcile_at, now + 2 * reconcile_retry);
}

TEST_F(provider_reconcile_test, the_window_moves_with_it_and_what_slides_in_is_imported) {
  add_calendar(work, provider_type::microsoft);
  rows(work).read_from->window = read_window{now - 24h * 100, now + 24h * 722};
  open_house();
  answers<sync_run> begun;
  tell_calendar(work, sync_order{begun.slot(), sync_mode::reconcile});
  microsoft.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();
  const auto asked = microsoft.open("list_changes")->as<net::list_request>();
  EXPECT_EQ(asked.cursor, "");
  EXPECT_EQ(asked.window, window_at(now));
  microsoft.answer<change_page>("list_changes", last_page({foreign("far-off")}, "cursor-2"));
  run();
  microsoft.answer<calendar_event>("get_event", foreign("far-off")); // does it bear our tag?
  run();

  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(rows(work).read_from->window, window_at(now));
}

TEST_F(provider_reconcile_test, lost_notices_bring_the_comparison_forward) {
  add_calendar(work);
  open_house();
  rows(work).stale = true;

  tell_calendar(work, wake{wake_reason::missed, ++rows(work).mark});

  EXPECT_LE(*calendar().next_reconcile_at, now + reconcile_after_missed);
  EXPECT_EQ(asked_cursor(), "cursor-0");
}

TEST_F(provider_reconcile_test, a_ring_of_pages_is_broken_off) {
  add_calendar(work);
  open_house();
  notice(work);
  for (const auto* next : {"page-a", "page-b", "page-c", "page-a"}) {
    google.answer<change_page>("list_changes", page({}, next));
    run();
  }

  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_EQ(rows().runs.back().error_code, "endless_listing");
  EXPECT_EQ(rows(work).read_from->token, "cursor-0");
}

TEST_F(provider_reconcile_test, pages_that_show_the_same_events_for_ever_are_broken_off) {
  add_calendar(work);
  open_house();
  notice(work);
  int pages = 0;
  while (!google.open_calls().empty() && pages < 1'000) {
    google.answer<change_page>("list_changes", page({foreign("one")}, "page-" + std::to_string(++pages)));
    run();
  }

  EXPECT_EQ(rows().runs.back().error_code, "endless_listing");
  EXPECT_LT(pages, 250);
}

TEST_F(provider_reconcile_test, a_channel_that_told_nothing_of_two_reads_is_an_alert_and_opened_anew_once) {
  add_calendar(work);
  add_channel();
  open_house();
  poll("one", 5min);
  EXPECT_FALSE(calendar().push.silent_since);
  pass(6min);
  poll("two", 5min);

  EXPECT_EQ(calendar().push.silent_since, now);
  EXPECT_EQ(calendar().problem->code, "channel_silent");
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  auto asked = google.open("open_channel")->as<net::channel_request>();
  google.answer<channel>("open_channel", channel{asked.channel_id, "resource", now + 100h, ""});
  run();
  google.answer<bool>("close_channel", true);
  run();
  EXPECT_EQ(calendar().push.cause, renewal_cause::silent);
  EXPECT_EQ(calendar().problem->code, "channel_silent"); // stands until a notice comes
  EXPECT_EQ(google.times("open_channel"), 1u);

  pass(10s);
  notice(work);

  EXPECT_FALSE(calendar().push.silent_since);
  EXPECT_FALSE(calendar().problem);
}

TEST_F(provider_reconcile_test, echoes_and_changes_of_the_last_moments_prove_no_silence) {
  add_calendar(work);
  add_visit(visit, work);
  add_channel();
  open_house();
  for (int i = 0; i < 3; ++i) {
    poll("new-" + std::to_string(i), 1min);
    tell_calendar(work, wake{wake_reason::poll, 0});
    answer_page({event_of(visit, work, "v1")}, "cursor-echo-" + std::to_string(i));
    pass(10s);
  }

  EXPECT_FALSE(calendar().push.silent_since);
}

} // namespace
} // namespace kalends::actors
