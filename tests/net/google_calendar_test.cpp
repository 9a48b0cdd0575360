// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "tests/net/vendor_fixture.hpp"

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using testing::replaced;
using testing::test_data;

const std::string own_tag = "0190f3a2-7b1c-7c4d-8e5f-001122334455";
const std::string events = "/calendars/dana@example.com/events";
const std::string one_event = events + "/tenant7evt00042";
const std::string wire_event = "/calendars/dana%40example.com/events/tenant7evt00042";
const std::string tombstone =
    R"({"kind":"calendar#event","etag":"\"9\"","id":"tenant7evt00042","status":"cancelled"})";

std::string refusal(int code, const std::string& reason, const std::string& message = "m") {
  return R"({"error":{"errors":[{"domain":"global","reason":")" + reason + R"("}],"code":)" +
         std::to_string(code) + R"(,"message":")" + message + R"("}})";
}

struct google_calendar_test : testing::vendor_fixture {
  std::unique_ptr<calendar_client> client = make(30s);
  calendar_access who{"ya29.secret", calendar_id("dana@example.com")};
  event_id event{"tenant7evt00042"};

  std::unique_ptr<calendar_client> make(std::chrono::milliseconds deadline) {
    vendor_endpoints endpoints;
    endpoints.google_calendar = vendor.url();
    return make_google_calendar(http, endpoints, still_world(), deadline);
  }
  result<change_page> list(const list_request& what) {
    return outcome<change_page>([&](auto done) { return client->list_changes(who, what, done); });
  }
  result<calendar_event> get() {
    return outcome<calendar_event>([&](auto done) { return client->get_event(who, event, done); });
  }
  result<calendar_event> insert() {
    return outcome<calendar_event>([&](auto done) { return client->insert_event(who, visit(), done); });
  }
  result<calendar_event> update(field_set changed, std::string version = "\"1\"") {
    return outcome<calendar_event>([&](auto done) {
      return client->update_event(who, {event, std::move(version), changed, visit().what}, done);
    });
  }
  result<bool> remove(const std::string& version = "\"1\"") {
    return outcome<bool>([&](auto done) { return client->delete_event(who, event, version, done); });
  }
  new_event visit() const {
    appointment what;
    what.title = "Site visit";
    what.start = *read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin");
    what.end = *read_zoned_time("2026-09-14T10:00:00", "Europe/Berlin");
    return {event, "", entry_id(own_tag), what};
  }
  static field_set title() {
    field_set s;
    s.add(field_group::title);
    return s;
  }
};

TEST_F(google_calendar_test, reads_from_the_beginning_without_forbidden_parameters) {
  vendor.when("GET " + events).then(200, test_data("google/changes.json"));

  const auto page = list({});

  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->events.size(), 11u);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(line(asked).substr(0, 126),
            "GET /calendars/dana%40example.com/events?singleEvents=false&showDeleted=true&"
            "eventTypes=default&maxResults=250&fields=timeZone");
  for (const char* forbidden :
       {"timeMin", "timeMax", "orderBy", "updatedMin", "syncToken", "pageToken", "iCalUID=", "&q="})
    EXPECT_EQ(asked.query.find(forbidden), std::string::npos) << forbidden;
  EXPECT_EQ(header(asked, "Authorization"), "Bearer ya29.secret");
  EXPECT_NE(header(asked, "User-Agent").find("gzip"), std::string::npos);
}

TEST_F(google_calendar_test, continues_by_cursor_and_page_with_the_same_query) {
  vendor.when("GET " + events).then(200, test_data("google/changes.json"));

  ASSERT_TRUE(list({"abc+/=", "p&1", {}, 9'999}));
  ASSERT_TRUE(list({}));

  const auto asked = vendor.requests();
  EXPECT_NE(asked[0].query.find("&maxResults=2500&"), std::string::npos);
  EXPECT_TRUE(asked[0].query.ends_with("&syncToken=abc%2B%2F%3D&pageToken=p%261")) << asked[0].query;
  const auto shared = [](const std::string& q) { return q.substr(0, q.find("&maxResults")); };
  EXPECT_EQ(shared(asked[0].query), shared(asked[1].query));
  EXPECT_TRUE(client->cursor_fingerprint().ends_with(shared(asked[1].query)));
}

TEST_F(google_calendar_test, a_void_cursor_means_reading_again) {
  vendor.when("GET " + events).then(410, refusal(410, "fullSyncRequired")).then(400, refusal(400, "invalid"));

  EXPECT_EQ(list({"old", "", {}, 250}).error().kind, errc::resync);
  EXPECT_EQ(list({"damaged", "", {}, 250}).error().kind, errc::resync);
  EXPECT_EQ(list({}).error().kind, errc::invalid) << "without a cursor the fault is elsewhere";
}

TEST_F(google_calendar_test, an_answer_in_html_is_broken) {
  vendor.when("GET " + one_event).then(200, "<html>Sign in to the hotel's network</html>");

  const auto e = get();

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().kind, errc::broken);
  EXPECT_EQ(e.error().code, "vendor_answer_unreadable");
}

TEST_F(google_calendar_test, a_refusal_that_quotes_the_token_is_not_repeated) {
  vendor.when("GET " + one_event).then(403, refusal(403, "forbidden", "no such thing as ya29.secret"));

  const auto e = get();

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().kind, errc::forbidden);
  EXPECT_EQ(e.error().detail.find("ya29"), std::string::npos);
}

TEST_F(google_calendar_test, a_vendor_that_hangs_is_left_at_the_deadline) {
  vendor.when("GET " + one_event).then_hang();
  client = make(200ms);

  const auto e = get();

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().kind, errc::retry_later);
  EXPECT_EQ(e.error().code, "timeout");
}

TEST_F(google_calendar_test, a_dropped_token_cancels_the_call) {
  vendor.when("GET " + one_event).then_hang();
  std::promise<result<calendar_event>> told;
  auto answer = told.get_future();

  auto token = client->get_event(who, event, [&](auto r) { told.set_value(std::move(r)); });
  ASSERT_EQ(vendor.wait_for_requests(1).size(), 1u);
  token.cancel();

  ASSERT_EQ(answer.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(answer.get().error().kind, errc::stopped);
}

TEST_F(google_calendar_test, the_second_request_of_a_call_can_be_cancelled) {
  vendor.when("POST " + events).then(409, refusal(409, "duplicate"));
  vendor.when("GET " + one_event).then_hang();
  std::promise<result<calendar_event>> told;
  auto answer = told.get_future();

  auto token = client->insert_event(who, visit(), [&](auto r) { told.set_value(std::move(r)); });
  ASSERT_EQ(vendor.wait_for_requests(2).size(), 2u);
  token.cancel();

  ASSERT_EQ(answer.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(answer.get().error().kind, errc::stopped);
}

TEST_F(google_calendar_test, a_call_outlives_its_client) {
  vendor.when("GET " + one_event).then(200, test_data("google/event.json"));
  std::promise<result<calendar_event>> told;
  auto answer = told.get_future();

  auto token = client->get_event(who, event, [&](auto r) { told.set_value(std::move(r)); });
  client.reset();

  ASSERT_EQ(answer.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(answer.get());
}

TEST_F(google_calendar_test, asks_for_the_calendars_zone_when_an_event_has_none) {
  vendor.when("GET " + one_event)
      .then(200, replaced(test_data("google/event.json"), R"(, "timeZone": "Europe/Berlin")", ""));
  vendor.when("GET /users/me/calendarList/dana@example.com").then(200, R"({"timeZone":"Europe/Berlin"})");

  const auto e = get();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->what.start, calendar_time(*read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin")));
}

TEST_F(google_calendar_test, inserts_under_our_id_and_mails_nobody) {
  vendor.when("POST " + events).then(200, test_data("google/event.json"));

  const auto e = insert();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->tag.str(), own_tag);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(line(asked), "POST /calendars/dana%40example.com/events?sendUpdates=none");
  EXPECT_EQ(header(asked, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_NE(asked.body.find(R"("id":"tenant7evt00042")"), std::string::npos);
  EXPECT_EQ(asked.body.find("attendees"), std::string::npos);
}

TEST_F(google_calendar_test, mails_guests_when_it_invites) {
  vendor.when("POST " + events).then(200, test_data("google/event.json"));
  vendor.when("DELETE " + one_event + "_20260921T070000Z").then(204, "");
  auto event_with_guests = visit();
  event_with_guests.what.attendees = {{"zoe@x.test", "Zoe", attendee_response::declined, true, false}};
  event_with_guests.invites = true;
  occurrence_write cancel;
  cancel.series = event;
  cancel.master = visit().what;
  cancel.at = std::get<zoned_time>(visit().what.start).local + std::chrono::days(7);
  cancel.invites = true;

  EXPECT_TRUE(
      outcome<calendar_event>([&](auto done) { return client->insert_event(who, event_with_guests, done); }));
  EXPECT_EQ(outcome<bool>([&](auto done) { return client->write_occurrence(who, cancel, done); }), true);

  const auto asked = vendor.requests();
  EXPECT_EQ(line(asked.at(0)), "POST /calendars/dana%40example.com/events?sendUpdates=all");
  EXPECT_NE(
      asked.at(0).body.find(R"("attendees":[{"email":"zoe@x.test","displayName":"Zoe","optional":true}])"),
      std::string::npos)
      << asked.at(0).body;
  EXPECT_NE(line(asked.at(1)).find("_20260921T070000Z?sendUpdates=all"), std::string::npos);
}

TEST_F(google_calendar_test, a_guest_of_one_occurrence_only_has_an_event_of_its_own) {
  vendor.when("GET " + one_event)
      .then(200, R"({"id":"tenant7evt00042","etag":"\"1\"","recurringEventId":"series1","summary":"Once",)"
                 R"("start":{"date":"2026-09-14"},"end":{"date":"2026-09-15"}})");
  vendor.when("GET " + events + "/series1").then(404, refusal(404, "notFound"));

  const auto e = get();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->what.title, "Once");
  EXPECT_TRUE(e->series.empty());
  EXPECT_EQ(vendor.requests().size(), 2u);
}

TEST_F(google_calendar_test, what_it_cannot_say_is_refused_without_a_call) {
  auto odd = visit();
  odd.what.repeats = recurrence{"FREQ=DAILY", {}, {}, {}};
  std::get<zoned_time>(odd.what.start).time_zone = "Mars/Base";

  const auto e = outcome<calendar_event>([&](auto done) { return client->insert_event(who, odd, done); });

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, "recurrence_zone");
  EXPECT_TRUE(vendor.requests().empty());
}

TEST_F(google_calendar_test, the_guard_is_the_etag_without_what_we_added) {
  vendor.when("PATCH " + one_event).then(200, test_data("google/event.json"));

  ASSERT_TRUE(update(title(), "\"1\"#0123456789abcdef"));

  EXPECT_EQ(header(vendor.requests().at(0), "If-Match"), "\"1\"");
}

TEST_F(google_calendar_test, a_repeated_insert_finds_its_earlier_self) {
  vendor.when("POST " + events).then(409, refusal(409, "duplicate"));
  vendor.when("GET " + one_event).then(200, test_data("google/event.json"));

  const auto e = insert();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->version, "\"3576501060246000\"");
  EXPECT_EQ(vendor.requests().size(), 2u);
}

TEST_F(google_calendar_test, a_repeated_insert_revives_a_deleted_event) {
  vendor.when("POST " + events).then(409, refusal(409, "duplicate"));
  vendor.when("GET " + one_event).then(200, tombstone);
  vendor.when("PUT " + one_event).then(200, test_data("google/event.json"));

  const auto e = insert();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_FALSE(e->removed);
  const auto revival = vendor.requests().at(2);
  EXPECT_EQ(line(revival), "PUT " + wire_event + "?sendUpdates=none");
  EXPECT_EQ(header(revival, "If-Match"), "\"9\"");
  EXPECT_NE(revival.body.find(R"("status":"confirmed")"), std::string::npos);
}

TEST_F(google_calendar_test, an_id_that_another_entry_holds_is_a_duplicate) {
  vendor.when("POST " + events).then(409, refusal(409, "duplicate"));
  vendor.when("GET " + one_event)
      .then(200, replaced(test_data("google/event.json"), own_tag, "0190f3a2-7b1c-7c4d-8e5f-ffffffffffff"))
      .then(404, refusal(404, "notFound"));

  EXPECT_EQ(insert().error().code, "event_id_taken");
  EXPECT_EQ(insert().error().kind, errc::duplicate);
}

TEST_F(google_calendar_test, updates_the_changed_groups_under_guard) {
  vendor.when("PATCH " + one_event).then(200, test_data("google/event.json"));

  ASSERT_TRUE(update(title(), "\"3576501060246000\""));

  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(line(asked), "PATCH " + wire_event + "?sendUpdates=none");
  EXPECT_EQ(header(asked, "If-Match"), "\"3576501060246000\"");
  EXPECT_EQ(asked.body, R"({"summary":"Site visit"})");
}

TEST_F(google_calendar_test, a_failed_guard_is_a_conflict) {
  vendor.when("PATCH " + one_event).then(412, refusal(412, "conditionNotMet"));

  EXPECT_EQ(update(title()).error().kind, errc::conflict);
}

TEST_F(google_calendar_test, never_updates_without_a_guard_or_an_id) {
  EXPECT_EQ(update(title(), "").error().code, "version_missing");
  event = event_id();
  EXPECT_EQ(update(title()).error().code, "event_id_missing");
  EXPECT_EQ(remove().error().code, "event_id_missing");
  EXPECT_TRUE(vendor.requests().empty());
}

TEST_F(google_calendar_test, tells_a_delete_from_a_repeated_one) {
  vendor.when("DELETE " + one_event)
      .then(204)
      .then(410, refusal(410, "deleted"))
      .then(404, refusal(404, "notFound"));

  EXPECT_EQ(remove(), true);
  EXPECT_EQ(remove(), false);
  EXPECT_EQ(remove(""), false);

  const auto asked = vendor.requests();
  EXPECT_EQ(line(asked[0]), "DELETE " + wire_event + "?sendUpdates=none");
  EXPECT_EQ(header(asked[0], "If-Match"), "\"1\"");
  EXPECT_EQ(header(asked[2], "If-Match"), "");
}

TEST_F(google_calendar_test, looks_into_a_delete_whose_guard_failed) {
  vendor.when("DELETE " + one_event).then(412, refusal(412, "conditionNotMet"));
  vendor.when("GET " + one_event).then(200, tombstone).then(200, test_data("google/event.json"));

  EXPECT_EQ(remove(), false) << "it was deleted before";
  EXPECT_EQ(remove().error().kind, errc::conflict) << "it was changed";
}

TEST_F(google_calendar_test, lists_every_page_of_calendars) {
  vendor.when("GET /users/me/calendarList")
      .then(200, test_data("google/calendar_list.json"))
      .then(200, R"({"items":[{"id":"b@example.com","summary":"B","accessRole":"owner"}]})");

  const auto calendars =
      outcome<std::vector<calendar_listing>>([&](auto done) { return client->list_calendars(who, done); });

  ASSERT_TRUE(calendars) << calendars.error().detail;
  EXPECT_EQ(calendars->size(), 4u);
  EXPECT_EQ(line(vendor.requests().at(1)), "GET /users/me/calendarList?maxResults=250&pageToken=page%2F2%3D");
}

TEST_F(google_calendar_test, opens_a_channel_and_keeps_only_the_secrets_hash) {
  vendor.when("POST " + events + "/watch").then(200, test_data("google/channel.json"));

  const auto opened = outcome<channel>([&](auto done) {
    return client->open_channel(
        who, {"https://k.example.com/webhooks/google", "", "5b0c", "s3cret", now() + 240h}, done);
  });

  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->resource_id, "o3hgv1538sdjfhexample");
  EXPECT_EQ(opened->secret_hash, sha256("s3cret"));
  EXPECT_EQ(
      vendor.requests().at(0).body,
      R"({"id":"5b0c","type":"web_hook","address":"https://k.example.com/webhooks/google","token":"s3cret",)"
      R"("params":{"ttl":"604800"}})");
}

TEST_F(google_calendar_test, a_channel_is_not_renewed_but_closed) {
  vendor.when("POST /channels/stop").then(204).then(404, refusal(404, "notFound"));
  const channel current{"5b0c", "o3hg", {}, {}};
  const auto close = [&] {
    return outcome<bool>([&](auto done) { return client->close_channel(who, current, done); });
  };

  const auto renewed =
      outcome<channel>([&](auto done) { return client->renew_channel(who, current, now(), done); });

  EXPECT_EQ(renewed.error().code, "open_a_new_channel");
  EXPECT_EQ(close(), true);
  EXPECT_EQ(close(), false);
  EXPECT_EQ(vendor.requests().at(0).body, R"({"id":"5b0c","resourceId":"o3hg"})");
}

TEST_F(google_calendar_test, honours_retry_after) {
  vendor.when("GET " + one_event)
      .then(429, "", {{"Retry-After", "7"}})
      .then(503, "", {{"Retry-After", "Fri, 20 Nov 2026 09:00:30 GMT"}});

  EXPECT_EQ(get().error().retry_after, 7s);
  EXPECT_EQ(get().error().retry_after, 30s);
}

} // namespace
} // namespace kalends::net
