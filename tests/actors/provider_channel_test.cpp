// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "net/crypto.hpp"
#include "net/webhook_check.hpp"

#include <caf/send.hpp>

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// Connecting a calendar, and its push subscription.
class provider_channel_test : public house_fixture {
protected:
  provider_channel_test() { configured.webhook_url = "https://kalends.example.org"; }

  /// Consent has been given; nothing has been read.
  void add_new_calendar() {
    auto& c = add_calendar(work);
    c.status = provider_status::pending_authorization;
    c.calendar = calendar_id();
    c.calendar_name.clear();
    rows(work).read_from.reset();
  }
  void list_calendars() {
    google.answer<std::vector<calendar_listing>>(
        "list_calendars", std::vector<calendar_listing>{
                              {calendar_id("other"), "Other", "UTC", false, true},
                              {calendar_id("alice@example.org"), "Alice", "Europe/Berlin", true, true}});
    run();
  }
  std::string open_channel(held_calendar& vendor, std::chrono::hours life, const std::string& id = {}) {
    auto asked = vendor.open("open_channel")->as<net::channel_request>();
    channel c{id.empty() ? asked.channel_id : id, "resource", now + life, ""};
    vendor.answer<channel>("open_channel", c);
    run();
    return c.id;
  }
  void add_channel(const std::string& id, std::chrono::hours left) {
    auto address =
        configured.webhook_url +
        (rows(work).calendar.type == provider_type::google ? "/webhooks/google" : "/webhooks/microsoft");
    rows(work).channels[id] = channel{id, "resource", now + left, net::sha256("secret"), address};
    rows(work).secrets[id] = "secret";
    rows(work).calendar.push.attempted_at = now - 1h;
    rows(work).calendar.push.renews_at = now + left / 2;
  }
};

TEST_F(provider_channel_test, connects_chooses_the_calendar_opens_the_channel_fills_reads_and_writes) {
  add_new_calendar();
  auto waiting = add_visit(visit, work);
  rows().mappings.clear();
  open_house();

  tell_calendar(work, wake{wake_reason::connected, 0});
  list_calendars();
  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
  EXPECT_EQ(rows(work).calendar.calendar, calendar_id("alice@example.org"));
  EXPECT_EQ(facts(fact_type::calendar_provider_connected), 1u);
  open_channel(google, 24h * 7);
  EXPECT_TRUE(rows().mappings.contains({work, visit})); // filled before the first read stands
  EXPECT_FALSE(rows(work).read_from);
  EXPECT_EQ(google.open("list_changes")->as<net::list_request>().cursor, "");
  google.answer<change_page>("list_changes", last_page({foreign("one")}, "cursor-1"));
  run();
  auto insert = google.open("insert_event")->as<net::new_event>();
  EXPECT_EQ(insert.what.title, waiting.what.title);
  google.answer<calendar_event>("insert_event", event_of(visit, work, "v1"));
  run();

  EXPECT_EQ(google.verbs(), (words{"list_calendars", "open_channel", "list_changes", "insert_event"}));
  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(run_outcomes().front(), "connect:succeeded");
}

TEST_F(provider_channel_test, a_death_while_connecting_begins_again) {
  configured.webhook_url.clear();
  add_new_calendar();
  add_visit(visit, work);
  rows().mappings.clear();
  open_house();
  store.blow_up("load_entries");
  tell_calendar(work, wake{wake_reason::connected, 0});
  list_calendars();
  EXPECT_FALSE(awake(work));
  EXPECT_TRUE(rows().mappings.empty());

  pass(3s);
  ASSERT_EQ(google.open_calls().size(), 1u);
  google.answer<change_page>("list_changes", last_page({}, "cursor-1"));
  run();

  EXPECT_EQ(google.verbs(), (words{"list_calendars", "list_changes", "insert_event"}));
  for (const auto& r : rows().runs) EXPECT_FALSE(r.outcome == run_outcome::running && r.finished_at);
  EXPECT_EQ(run_outcomes().front(), "connect:failed");
  EXPECT_EQ(rows().runs.front().error_code, "interrupted");
}

TEST_F(provider_channel_test, a_calendar_that_could_not_be_connected_is_tried_again) {
  configured.webhook_url.clear();
  add_new_calendar();
  open_house();
  tell_calendar(work, wake{wake_reason::connected, 0});
  google.refuse("list_calendars", trouble(errc::retry_later, "vendor_down"));
  run();
  pass(4s);
  store.fail("save_health", trouble(errc::retry_later, "database_away"));
  list_calendars();
  EXPECT_EQ(rows(work).calendar.status, provider_status::pending_authorization);
  pass(12s);

  list_calendars();

  EXPECT_EQ(rows(work).calendar.status, provider_status::active);
  EXPECT_EQ(google.open("list_changes")->as<net::list_request>().cursor, "");
}

TEST_F(provider_channel_test, a_chosen_calendar_that_is_not_there_needs_a_person) {
  add_new_calendar();
  rows(work).calendar.calendar = calendar_id("gone");
  open_house();
  tell_calendar(work, wake{wake_reason::connected, 0});

  list_calendars();

  EXPECT_EQ(rows(work).calendar.problem->code, "calendar_not_found");
  EXPECT_EQ(google.calls.size(), 1u);
}

TEST_F(provider_channel_test, the_row_stands_before_the_vendor_is_asked_and_is_replaced_by_its_answer) {
  add_calendar(work, provider_type::microsoft);
  open_house();
  notice(work);
  auto asked = microsoft.open("open_channel")->as<net::channel_request>();
  auto ticket = net::read_ticket(asked.secret);

  ASSERT_TRUE(ticket);
  EXPECT_EQ(channels->proves(work, net::sha256(ticket->secret)), true); // its first notice passes already
  ASSERT_EQ(rows(work).channels.size(), 1u);
  EXPECT_LT(rows(work).channels.begin()->second.expires_at, now + 1h); // and would not pass for a channel
  EXPECT_EQ(asked.address, "https://kalends.example.org/webhooks/microsoft");
  open_channel(microsoft, 160h, "subscription-1");

  ASSERT_EQ(rows(work).channels.size(), 1u);
  EXPECT_EQ(rows(work).channels.begin()->first, "subscription-1");
  EXPECT_EQ(rows(work).channels.begin()->second.expires_at, now + 160h);
  EXPECT_EQ(channels->proves(work, net::sha256(ticket->secret)), true);
  EXPECT_EQ(channels->proves(work, net::sha256("guess")), false);
}

TEST_F(provider_channel_test, a_death_while_the_channel_is_opened_leads_to_another_one) {
  add_calendar(work);
  open_house();
  notice(work);
  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  run();
  pass(11min);
  for (auto& c : google.open_calls())
    if (c->verb == "list_changes") {
      held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
      run();
    }

  EXPECT_EQ(google.open("open_channel")->verb, "open_channel");
}

TEST_F(provider_channel_test, google_gets_a_new_channel_before_the_old_one_is_closed) {
  add_calendar(work);
  add_channel("old", 36h);
  rows(work).calendar.next_poll_at = now + 24h * 30;
  open_house();
  pass(10s);
  EXPECT_TRUE(google.calls.empty());
  house_state().next_look = now + 24h * 30;
  now += 18h; // the planned time; what waits in the rows is spread over a minute
  pass(61s);
  channels->put(work, "old", net::sha256("secret"));

  ASSERT_EQ(google.verbs(), words{"open_channel"});
  auto fresh = open_channel(google, 24h * 7);
  EXPECT_EQ(rows(work).channels.size(), 2u);
  EXPECT_EQ(channels->proves(work, net::sha256("secret")), true);
  EXPECT_EQ(google.open("close_channel")->as<channel>().id, "old");
  google.answer<bool>("close_channel", true);
  run();

  ASSERT_EQ(rows(work).channels.size(), 1u);
  EXPECT_TRUE(rows(work).channels.contains(fresh));
  EXPECT_EQ(channels->proves(work, net::sha256("secret")), false);
  EXPECT_EQ(facts(fact_type::calendar_channel_renewed), 1u);
}

TEST_F(provider_channel_test, a_subscription_is_renewed_and_keeps_its_secret) {
  add_calendar(work, provider_type::microsoft);
  add_channel("subscription", 100h);
  open_house();
  answers<channel> renewed;

  tell_calendar(work, renewal_order{renewed.slot()});
  microsoft.answer<channel>("renew_channel", channel{"subscription", "", now + 160h, ""});
  run();

  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_EQ(rows(work).channels.at("subscription").expires_at, now + 160h);
  EXPECT_EQ(rows(work).channels.at("subscription").secret_hash, net::sha256("secret"));
}

TEST_F(provider_channel_test,
       a_subscription_of_another_webhook_is_closed_before_one_is_opened_and_the_gap_is_read) {
  add_calendar(work, provider_type::microsoft);
  add_channel("elsewhere", 100h);
  rows(work).channels["elsewhere"].address = "https://old.example.org/webhooks/microsoft";
  open_house();

  tell_calendar(work, wake{wake_reason::renewal, 0});
  microsoft.refuse("close_channel", trouble(errc::retry_later, "timeout"));
  run();
  open_channel(microsoft, 160h, "subscription-2");

  EXPECT_EQ(microsoft.verbs(), (words{"close_channel", "open_channel", "list_changes"}));
  ASSERT_EQ(rows(work).channels.size(), 1u);
  EXPECT_EQ(rows(work).channels.begin()->second.address, "https://kalends.example.org/webhooks/microsoft");
}

TEST_F(provider_channel_test, a_subscription_that_the_vendor_dropped_is_opened_anew) {
  add_calendar(work, provider_type::microsoft);
  add_channel("subscription", 100h);
  open_house();
  answers<channel> renewed;
  tell_calendar(work, renewal_order{renewed.slot()});

  microsoft.refuse("renew_channel", trouble(errc::not_found, "gone"));
  run();
  open_channel(microsoft, 160h, "subscription-2");
  microsoft.refuse("close_channel", trouble(errc::not_found, "gone"));
  run();

  EXPECT_EQ(renewed[0]->id, "subscription-2");
  EXPECT_EQ(rows(work).channels.size(), 1u);
}

TEST_F(provider_channel_test, a_lost_channel_is_forgotten_and_opened_anew_and_the_gap_is_read) {
  add_calendar(work, provider_type::microsoft);
  add_channel("lost", 100h);
  open_house();

  tell_calendar(work, wake{wake_reason::channel_lost, ++rows(work).mark});

  EXPECT_FALSE(rows(work).channels.contains("lost"));
  open_channel(microsoft, 160h, "subscription-2");
  EXPECT_EQ(microsoft.verbs(), (words{"open_channel", "list_changes"}));
}

TEST_F(provider_channel_test, without_a_channel_it_polls_and_says_so_once) {
  add_calendar(work);
  rows(work).calendar.next_poll_at = now;
  open_house();
  notice(work);
  google.refuse("open_channel", trouble(errc::forbidden, "push_refused"));
  run();
  EXPECT_EQ(facts(fact_type::calendar_channel_renewal_failed), 1u);
  EXPECT_TRUE(rows(work).channels.empty());

  for (int i = 0; i < 12 * 60 * 4; ++i) {
    pass(250ms);
    for (auto& c : google.open_calls()) {
      if (c->verb == "list_changes")
        held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
      else
        c->refuse(trouble(errc::forbidden, "push_refused"));
      run();
    }
  }

  EXPECT_EQ(facts(fact_type::calendar_channel_renewal_failed), 1u);
  EXPECT_GE(google.times("list_changes"), 10u); // now, and each minute: push is away
  EXPECT_LE(google.times("list_changes"), 15u);
  EXPECT_GE(google.times("open_channel"), 3u);
  EXPECT_LE(google.times("open_channel"), 20u);
}

TEST_F(provider_channel_test, a_relay_takes_the_place_of_the_webhook_at_google_alone) {
  configured.webhook_url.clear();
  configured.google_relay_url = "https://relay.example.org/{tenant}/google";
  add_calendar(work);
  open_house();
  tell_calendar(work, wake{wake_reason::notice, 1});
  ASSERT_NE(google.open("open_channel"), nullptr);
  EXPECT_EQ(google.open("open_channel")->as<net::channel_request>().address,
            "https://relay.example.org/" + acme.str() + "/google");
}

} // namespace
} // namespace kalends::actors
