// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/google_fixture.hpp"

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

class google_events_test : public google_fixture {};

TEST_F(google_events_test, answers_an_insert_with_the_full_resource) {
  const auto e = insert(timed("Site visit", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));

  EXPECT_EQ(text(e.at("kind")), "calendar#event");
  EXPECT_EQ(text(e.at("id")).size(), 26u);
  EXPECT_EQ(text(e.at("iCalUID")), text(e.at("id")) + "@google.com");
  EXPECT_EQ(text(e.at("status")), "confirmed");
  EXPECT_EQ(text(e.at("start").at("dateTime")), "2026-09-14T09:00:00+02:00");
  EXPECT_EQ(text(e.at("start").at("timeZone")), "Europe/Berlin");
  EXPECT_EQ(text(e.at("created")), "2026-09-01T08:15:30.000Z");
  EXPECT_EQ(text(e.at("updated")), "2026-09-01T08:15:30.123Z");
  EXPECT_TRUE(e.at("organizer").at("self").as_bool());
  EXPECT_TRUE(e.at("reminders").at("useDefault").as_bool());
  EXPECT_EQ(e.at("sequence").as_int64(), 0);
  EXPECT_FALSE(e.contains("transparency")) << "defaults are left out";
}

TEST_F(google_events_test, makes_etags_of_twice_the_microseconds_that_rise_with_every_change) {
  const auto first = insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));
  const auto id = text(first.at("id"));
  const auto second = expect(200, api("PATCH", "calendars/primary/events/" + id, {{"summary", "B"}}));
  const auto number = [&](const json::object& e) { return std::stoll(text(e.at("etag")).substr(1)); };

  EXPECT_GE(number(first), 2 * 1'788'250'530'123'000LL);
  EXPECT_LT(number(first), 2 * 1'788'250'530'124'000LL);
  EXPECT_GT(number(second), number(first));
}

TEST_F(google_events_test, takes_the_callers_id_and_never_gives_it_twice) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["id"] = "tenant7evt00042";
  EXPECT_EQ(text(insert(body).at("id")), "tenant7evt00042");
  const auto twice = api("POST", "calendars/primary/events", body);
  EXPECT_EQ(api("DELETE", "calendars/primary/events/tenant7evt00042").status, 204);
  const auto after_deletion = api("POST", "calendars/primary/events", body);

  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(reason(twice), "duplicate");
  EXPECT_EQ(after_deletion.status, 409);
}

TEST_F(google_events_test, refuses_what_makes_no_sense) {
  const auto refused = [&](json::object body) {
    const auto answer = api("POST", "calendars/primary/events", body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return reason(answer);
  };
  const auto good = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  auto bad_id = good;
  bad_id["id"] = "xyz_NO";
  auto no_end = good;
  no_end.erase("end");
  auto mixed = good;
  mixed["end"] = {{"date", "2026-09-15"}};
  auto no_zone = good;
  no_zone["start"] = {{"dateTime", "2026-09-14T09:00:00"}};
  auto strange_zone = good;
  strange_zone["start"] = {{"dateTime", "2026-09-14T09:00:00"}, {"timeZone", "Mars/Olympus"}};
  auto bad_status = good;
  bad_status["status"] = "maybe";
  auto bad_rule = good;
  bad_rule["recurrence"] = {"FREQ=WEEKLY"};

  EXPECT_EQ(refused(bad_id), "invalid");
  EXPECT_EQ(refused(no_end), "invalid");
  EXPECT_EQ(refused(mixed), "invalid");
  EXPECT_EQ(refused(no_zone), "invalid");
  EXPECT_EQ(refused(strange_zone), "invalid");
  EXPECT_EQ(refused(bad_status), "invalid");
  EXPECT_EQ(refused(bad_rule), "invalid");
  EXPECT_EQ(refused(timed("A", "2026-09-14T10:00:00", "2026-09-14T09:00:00")), "timeRangeEmpty");
  EXPECT_EQ(api("POST", "calendars/primary/events", "not an object").status, 400);
}

TEST_F(google_events_test, keeps_whole_days_as_dates) {
  const auto e =
      insert({{"summary", "Fair"}, {"start", {{"date", "2026-09-14"}}}, {"end", {{"date", "2026-09-16"}}}});
  const auto empty = api("POST", "calendars/primary/events",
                         {{"start", {{"date", "2026-09-14"}}}, {"end", {{"date", "2026-09-14"}}}});

  EXPECT_EQ(e.at("start"), (json::value{{"date", "2026-09-14"}}));
  EXPECT_EQ(e.at("end"), (json::value{{"date", "2026-09-16"}}));
  EXPECT_EQ(empty.status, 400);
}

TEST_F(google_events_test, patches_by_merging_and_deletes_what_is_null) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["location"] = "Room 1";
  body["extendedProperties"] = {{"private", {{"key", "1"}, {"other", "2"}}}};
  body["attendees"] = {json::object{{"email", "a@example.org"}}, json::object{{"email", "b@example.org"}}};
  const auto path = "calendars/primary/events/" + text(insert(body).at("id"));
  const auto e = expect(200, api("PATCH", path,
                                 {{"location", nullptr},
                                  {"extendedProperties", {{"private", {{"key", "9"}}}}},
                                  {"attendees", {json::object{{"email", "c@example.org"}}}}}));

  EXPECT_EQ(text(e.at("summary")), "A");
  EXPECT_FALSE(e.contains("location"));
  EXPECT_EQ(e.at("extendedProperties").at("private"), (json::value{{"key", "9"}, {"other", "2"}}));
  ASSERT_EQ(e.at("attendees").as_array().size(), 1u) << "arrays are replaced";
  EXPECT_EQ(text(e.at("attendees").at(0).at("email")), "c@example.org");
}

TEST_F(google_events_test, turns_a_timed_event_into_a_day_only_when_the_time_is_nulled) {
  const auto path = "calendars/primary/events/" +
                    text(insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  const auto half =
      api("PATCH", path, {{"start", {{"date", "2026-09-14"}}}, {"end", {{"date", "2026-09-15"}}}});
  const json::object start{{"date", "2026-09-14"}, {"dateTime", nullptr}, {"timeZone", nullptr}};
  const json::object end{{"date", "2026-09-15"}, {"dateTime", nullptr}, {"timeZone", nullptr}};
  const auto whole = expect(200, api("PATCH", path, {{"start", start}, {"end", end}}));

  EXPECT_EQ(half.status, 400);
  EXPECT_EQ(whole.at("start"), (json::value{{"date", "2026-09-14"}}));
}

TEST_F(google_events_test, replaces_everything_on_update) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["location"] = "Room 1";
  const auto path = "calendars/primary/events/" + text(insert(body).at("id"));
  const auto e = expect(200, api("PUT", path, timed("B", "2026-09-14T11:00:00", "2026-09-14T12:00:00")));

  EXPECT_EQ(text(e.at("summary")), "B");
  EXPECT_FALSE(e.contains("location"));
  EXPECT_EQ(e.at("sequence").as_int64(), 1);
}

TEST_F(google_events_test, guards_writes_by_etag) {
  const auto made = insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));
  const auto path = "calendars/primary/events/" + text(made.at("id"));
  const auto first = text(made.at("etag"));
  const auto second =
      text(expect(200, api("PATCH", path, {{"summary", "B"}}, {{"If-Match", first}})).at("etag"));
  const auto stale = api("PATCH", path, {{"summary", "C"}}, {{"If-Match", first}});

  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(reason(stale), "conditionNotMet");
  EXPECT_EQ(api("DELETE", path, nullptr, {{"If-Match", first}}).status, 412);
  EXPECT_EQ(api("GET", path, nullptr, {{"If-None-Match", second}}).status, 304);
  EXPECT_EQ(api("GET", path, nullptr, {{"If-None-Match", first}}).status, 200);
  EXPECT_EQ(api("PATCH", path, {{"summary", "D"}}, {{"If-Match", "*"}}).status, 200);
}

TEST_F(google_events_test, deletes_once_and_keeps_a_cancelled_resource) {
  const auto path = "calendars/primary/events/" +
                    text(insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  const auto first = api("DELETE", path);
  const auto second = api("DELETE", path);
  const auto rest = expect(200, api("GET", path));

  EXPECT_EQ(first.status, 204);
  EXPECT_TRUE(first.body.empty());
  EXPECT_EQ(second.status, 410);
  EXPECT_EQ(reason(second), "deleted");
  EXPECT_EQ(text(rest.at("status")), "cancelled");
  EXPECT_EQ(api("PATCH", path, {{"summary", "B"}}).status, 403);
  EXPECT_EQ(text(expect(200, api("PATCH", path, {{"status", "confirmed"}})).at("status")), "confirmed");
}

TEST_F(google_events_test, imports_a_uid_once_and_then_changes_it) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["iCalUID"] = "demo-1@example.com";
  const auto first = expect(200, api("POST", "calendars/primary/events/import", body));
  body["summary"] = "B";
  const auto second = expect(200, api("POST", "calendars/primary/events/import", body));

  EXPECT_EQ(text(first.at("id")), "_chimqrpd6506au31dlo6op9ecdnmq");
  EXPECT_EQ(first.at("id"), second.at("id"));
  EXPECT_EQ(text(second.at("summary")), "B");
}

TEST_F(google_events_test, cuts_and_drops_extended_properties_without_a_word) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["extendedProperties"] = {
      {"private", {{std::string(45, 'k'), "gone"}, {"long", std::string(2000, 'v')}}}};
  const auto kept = insert(body).at("extendedProperties").at("private").as_object();

  EXPECT_EQ(kept.size(), 1u);
  EXPECT_EQ(text(kept.at("long")).size(), 1024u);
}

TEST_F(google_events_test, leaves_updated_alone_when_only_reminders_change) {
  const auto made = insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));
  advance(std::chrono::minutes(5));
  const json::object reminders{{"useDefault", false},
                               {"overrides", {json::object{{"method", "popup"}, {"minutes", 0}}}}};
  const auto path = "calendars/primary/events/" + text(made.at("id"));
  const auto after = expect(200, api("PATCH", path, {{"reminders", reminders}}));

  EXPECT_EQ(after.at("updated"), made.at("updated"));
  EXPECT_EQ(after.at("reminders"), json::value(reminders));
}

TEST_F(google_events_test, answers_in_the_zone_that_was_asked_for) {
  const auto path = "calendars/primary/events/" +
                    text(insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  const auto e = expect(200, api("GET", path + "?timeZone=America/New_York"));

  EXPECT_EQ(text(e.at("start").at("dateTime")), "2026-09-14T03:00:00-04:00");
  EXPECT_EQ(text(e.at("start").at("timeZone")), "Europe/Berlin");
}

TEST_F(google_events_test, keeps_a_conference_that_a_write_does_not_mention) {
  auto body = timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
  body["conferenceData"] = {
      {"createRequest", {{"requestId", "r1"}, {"conferenceSolutionKey", {{"type", "hangoutsMeet"}}}}}};
  const auto made = expect(200, api("POST", "calendars/primary/events?conferenceDataVersion=1", body));
  const auto path = "calendars/primary/events/" + text(made.at("id"));
  const auto put = expect(200, api("PUT", path, timed("B", "2026-09-14T09:00:00", "2026-09-14T10:00:00")));

  EXPECT_TRUE(text(made.at("hangoutLink")).starts_with("https://meet.google.com/"));
  EXPECT_EQ(put.at("hangoutLink"), made.at("hangoutLink"));
}

TEST_F(google_events_test, selects_fields) {
  insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));
  const auto some =
      expect(200, api("GET", "calendars/primary/events?fields=items(id,start/dateTime),nextSyncToken"));

  EXPECT_EQ(some.size(), 2u);
  EXPECT_EQ(some.at("items").at(0).as_object().size(), 2u);
  EXPECT_EQ(some.at("items").at(0).at("start").as_object().size(), 1u);
  EXPECT_EQ(api("GET", "calendars/primary/events?fields=items(").status, 400);
}

TEST_F(google_events_test, needs_a_token_with_the_right_scope) {
  const auto nobody = ask("GET", "/calendar/v3/calendars/primary/events");
  token = text(admin("POST", "/accounts/dana@example.com/grants",
                     {{"scope", "https://www.googleapis.com/auth/calendar.events.readonly"}})
                   .at("access_token"));
  const auto write = api("POST", "calendars/primary/events", json::object{});

  EXPECT_EQ(nobody.status, 401);
  EXPECT_NE(nobody.body.find("CREDENTIALS_MISSING"), std::string::npos);
  EXPECT_EQ(api("GET", "calendars/primary/events").status, 200);
  EXPECT_EQ(write.status, 403);
  EXPECT_NE(write.body.find("calendar.v3.Events.Insert"), std::string::npos);
  EXPECT_EQ(api("GET", "users/me/calendarList").status, 403);
}

TEST_F(google_events_test, knows_no_other_calendar_than_ones_own) {
  admin("POST", "/accounts", {{"email", "eve@example.com"}, {"kind", "google"}});

  EXPECT_EQ(reason(api("GET", "calendars/eve%40example.com/events")), "notFound");
  EXPECT_EQ(api("GET", "calendars/dana%40example.com/events").status, 200);
  EXPECT_EQ(api("GET", "calendars/primary/events/unknown").status, 404);
}

TEST_F(google_events_test, runs_a_batch_part_by_part) {
  const auto id = text(insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  const std::string body =
      "--b1\r\nContent-Type: application/http\r\nContent-ID: <item-1>\r\n\r\n"
      "DELETE /calendar/v3/calendars/dana%40example.com/events/" +
      id +
      " HTTP/1.1\r\n\r\n--b1\r\nContent-Type: application/http\r\nContent-ID: <item-2>\r\n\r\n"
      "GET /calendar/v3/calendars/primary/events/nothing HTTP/1.1\r\n\r\n--b1--\r\n";
  const auto answer =
      ask("POST", "/batch/calendar/v3",
          {{"Content-Type", "multipart/mixed; boundary=b1"}, {"Authorization", "Bearer " + token}}, body);

  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("Content-ID: <response-item-1>\r\n\r\nHTTP/1.1 204"), std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find("Content-ID: <response-item-2>\r\n\r\nHTTP/1.1 404"), std::string::npos);
}

TEST_F(google_events_test, tells_busy_times_without_details) {
  insert(timed("A", "2026-09-14T09:00:00", "2026-09-14T10:00:00"));
  insert(timed("B", "2026-09-14T09:30:00", "2026-09-14T10:30:00"));
  const auto answer =
      expect(200, api("POST", "freeBusy",
                      {{"timeMin", "2026-09-14T00:00:00Z"},
                       {"timeMax", "2026-09-15T00:00:00Z"},
                       {"items", {json::object{{"id", "primary"}}, json::object{{"id", "ghost"}}}}}));
  const auto& busy = answer.at("calendars").at("primary").at("busy").as_array();

  ASSERT_EQ(busy.size(), 1u);
  EXPECT_EQ(busy[0], (json::value{{"start", "2026-09-14T07:00:00Z"}, {"end", "2026-09-14T08:30:00Z"}}));
  EXPECT_EQ(text(answer.at("calendars").at("ghost").at("errors").at(0).at("reason")), "notFound");
}

TEST_F(google_events_test, lists_and_makes_calendars) {
  const auto made = expect(200, api("POST", "calendars", {{"summary", "Field work"}}));
  const auto path = "users/me/calendarList";
  const auto listed = expect(200, api("GET", path));
  const auto entry = expect(200, api("GET", std::string(path) + "/primary"));

  EXPECT_TRUE(text(made.at("id")).ends_with("@group.calendar.google.com"));
  EXPECT_EQ(listed.at("items").as_array().size(), 2u);
  EXPECT_TRUE(entry.at("primary").as_bool());
  EXPECT_EQ(text(entry.at("id")), "dana@example.com");
  EXPECT_EQ(text(entry.at("timeZone")), "Europe/Berlin");
}

} // namespace
} // namespace kalends::sandbox
