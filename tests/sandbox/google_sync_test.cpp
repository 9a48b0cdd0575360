// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/google_fixture.hpp"

#include <set>

namespace kalends::sandbox {
namespace {

namespace json = boost::json;

class google_sync_test : public google_fixture {
protected:
  std::string add(std::string_view title) {
    return text(insert(timed(title, "2026-09-14T09:00:00", "2026-09-14T10:00:00")).at("id"));
  }
  void remove(const std::string& id) {
    EXPECT_EQ(api("DELETE", "calendars/primary/events/" + id).status, 204);
  }
};

TEST_F(google_sync_test, pages_to_a_token_that_brings_only_what_changed) {
  std::set<std::string> made;
  for (int i = 0; i < 7; ++i) made.insert(add("E" + std::to_string(i)));
  const auto [all, token1] = list("maxResults=3");
  const auto changed = *made.begin();
  expect(200, api("PATCH", "calendars/primary/events/" + changed, {{"summary", "new"}}));
  const auto [delta, token2] = list("maxResults=3&syncToken=" + token1);
  const auto [nothing, token3] = list("syncToken=" + token2);

  EXPECT_EQ(all.size(), 7u);
  ASSERT_EQ(delta.size(), 1u);
  EXPECT_EQ(text(delta[0].at("id")), changed);
  EXPECT_EQ(text(delta[0].at("summary")), "new");
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(list("syncToken=" + token1).first.size(), 1u) << "an older token still works";
}

TEST_F(google_sync_test, brings_a_tombstone_for_what_was_deleted) {
  const auto id = add("A");
  const auto [all, sync] = list("");
  remove(id);
  const auto [delta, next] = list("syncToken=" + sync);

  ASSERT_EQ(delta.size(), 1u);
  EXPECT_EQ(delta[0].as_object().size(), 4u);
  EXPECT_EQ(text(delta[0].at("status")), "cancelled");
  EXPECT_EQ(text(delta[0].at("id")), id);
  EXPECT_TRUE(list("").first.empty()) << "a full listing has no tombstones";
  EXPECT_EQ(list("showDeleted=true").first.size(), 1u);
}

TEST_F(google_sync_test, loses_nothing_that_changes_while_paging) {
  for (int i = 0; i < 4; ++i) add("E");
  const auto first = expect(200, api("GET", "calendars/primary/events?maxResults=2"));
  const auto late = add("late");
  const auto last = expect(
      200, api("GET", "calendars/primary/events?maxResults=2&pageToken=" + text(first.at("nextPageToken"))));
  const auto [delta, next] = list("syncToken=" + net::percent_encode(text(last.at("nextSyncToken"))));

  ASSERT_EQ(delta.size(), 1u);
  EXPECT_EQ(text(delta[0].at("id")), late);
}

TEST_F(google_sync_test, refuses_a_token_with_restrictions_damage_or_other_parameters) {
  const auto [all, sync] = list("");
  const auto status = [&](const std::string& query) {
    return api("GET", "calendars/primary/events?" + query).status;
  };
  const auto restricted =
      api("GET", "calendars/primary/events?timeMin=2026-01-01T00:00:00Z&syncToken=" + sync);

  EXPECT_EQ(restricted.status, 400);
  EXPECT_EQ(reason(restricted), "syncTokenWithRequestRestrictions");
  EXPECT_EQ(status("showDeleted=false&syncToken=" + sync), 400);
  EXPECT_EQ(status("syncToken=x" + sync), 400);
  EXPECT_EQ(status("syncToken=AAAA"), 400);
  EXPECT_EQ(status("singleEvents=true&syncToken=" + sync), 400);
  EXPECT_EQ(status("showDeleted=true&maxResults=9&syncToken=" + sync), 200);
}

TEST_F(google_sync_test, answers_410_when_a_token_is_old_or_forced_out) {
  const auto [all, sync] = list("");
  admin("POST", "/sync-tokens/invalidate", {{"account", "dana@example.com"}});
  const auto forced = api("GET", "calendars/primary/events?syncToken=" + sync);
  const auto [again, fresh] = list("");
  const auto works = api("GET", "calendars/primary/events?syncToken=" + fresh).status;
  advance(std::chrono::hours(29 * 24));
  token = text(admin("POST", "/accounts/dana@example.com/grants").at("access_token"));

  EXPECT_EQ(forced.status, 410);
  EXPECT_EQ(reason(forced), "fullSyncRequired");
  EXPECT_EQ(works, 200);
  EXPECT_EQ(api("GET", "calendars/primary/events?syncToken=" + fresh).status, 410);
}

TEST_F(google_sync_test, filters_a_full_listing) {
  insert(timed("Early", "2026-09-01T09:00:00", "2026-09-01T10:00:00"));
  auto tagged = timed("Late", "2026-09-20T09:00:00", "2026-09-20T10:00:00");
  tagged["extendedProperties"] = {{"private", {{"key", "t7"}}}};
  const auto late = insert(tagged);
  const auto count = [&](const std::string& query) {
    return expect(200, api("GET", "calendars/primary/events?" + query)).at("items").as_array().size();
  };

  EXPECT_EQ(count("timeMin=2026-09-10T00:00:00Z"), 1u);
  EXPECT_EQ(count("timeMax=2026-09-10T00:00:00Z"), 1u);
  EXPECT_EQ(count("timeMin=2026-09-01T08:00:00Z"), 1u) << "the end is exclusive";
  EXPECT_EQ(count("q=late"), 1u);
  EXPECT_EQ(count("privateExtendedProperty=key%3Dt7"), 1u);
  EXPECT_EQ(count("privateExtendedProperty=key%3Dt8"), 0u);
  EXPECT_EQ(count("iCalUID=" + net::percent_encode(text(late.at("iCalUID")))), 1u);
  EXPECT_EQ(count("eventTypes=focusTime"), 0u);
  EXPECT_EQ(reason(api("GET",
                       "calendars/primary/events?timeMin=2026-09-10T00:00:00Z&timeMax=2026-09-10T00:00:00Z")),
            "timeRangeEmpty");
  EXPECT_EQ(api("GET", "calendars/primary/events?timeMin=2026-09-10").status, 400);
  EXPECT_EQ(api("GET", "calendars/primary/events?orderBy=startTime").status, 400);
  EXPECT_EQ(reason(api("GET", "calendars/primary/events?updatedMin=2020-01-01T00:00:00Z")),
            "updatedMinTooLongAgo");
}

class google_series_test : public google_sync_test {
protected:
  /// Mondays at nine in Berlin, over the end of summer time on 25 October.
  std::string mondays(const std::string& rule = "RRULE:FREQ=WEEKLY;BYDAY=MO") {
    auto body = timed("Standup", "2026-10-12T09:00:00", "2026-10-12T09:30:00");
    body["recurrence"] = {rule};
    return text(insert(body).at("id"));
  }
};

TEST_F(google_series_test, expands_in_the_events_zone) {
  mondays("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3");
  const auto answer = expect(200, api("GET", "calendars/primary/events?singleEvents=true&orderBy=startTime"));
  const auto& items = answer.at("items").as_array();

  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(text(items[0].at("start").at("dateTime")), "2026-10-12T09:00:00+02:00");
  EXPECT_EQ(text(items[2].at("start").at("dateTime")), "2026-10-26T09:00:00+01:00");
  EXPECT_EQ(text(items[2].at("end").at("dateTime")), "2026-10-26T09:30:00+01:00");
  EXPECT_TRUE(text(items[2].at("id")).ends_with("_20261026T080000Z"));
  EXPECT_FALSE(items[0].as_object().contains("recurrence"));
}

TEST_F(google_series_test, ends_at_an_until_in_utc_and_leaves_out_exdates) {
  const auto id = text(
      insert({{"summary", "S"},
              {"start", {{"dateTime", "2026-10-12T09:00:00"}, {"timeZone", "Europe/Berlin"}}},
              {"end", {{"dateTime", "2026-10-12T09:30:00"}, {"timeZone", "Europe/Berlin"}}},
              {"recurrence",
               {"RRULE:FREQ=WEEKLY;UNTIL=20261026T080000Z", "EXDATE;TZID=Europe/Berlin:20261019T090000"}}})
          .at("id"));
  const auto answer = expect(200, api("GET", "calendars/primary/events/" + id + "/instances"));

  ASSERT_EQ(answer.at("items").as_array().size(), 2u);
  EXPECT_EQ(text(answer.at("items").at(1).at("start").at("dateTime")), "2026-10-26T09:00:00+01:00");
}

TEST_F(google_series_test, keeps_a_changed_occurrence_as_an_exception) {
  const auto id = mondays();
  const auto [all, sync] = list("");
  const auto path = "calendars/primary/events/" + id + "_20261019T070000Z";
  const auto untouched = expect(200, api("GET", path));
  const auto moved = expect(200, api("PATCH", path,
                                     {{"start", {{"dateTime", "2026-10-20T11:00:00+02:00"}}},
                                      {"end", {{"dateTime", "2026-10-20T11:30:00+02:00"}}}}));
  const auto [delta, next] = list("syncToken=" + sync);

  EXPECT_EQ(text(untouched.at("recurringEventId")), id);
  EXPECT_EQ(text(moved.at("originalStartTime").at("dateTime")), "2026-10-19T09:00:00+02:00");
  EXPECT_EQ(text(moved.at("start").at("dateTime")), "2026-10-20T11:00:00+02:00");
  ASSERT_EQ(delta.size(), 1u) << "the master is not repeated";
  EXPECT_EQ(delta[0].at("id"), moved.at("id"));
  EXPECT_EQ(api("GET", "calendars/primary/events/" + id + "_20261020T070000Z").status, 404);
  EXPECT_EQ(api("GET", path + "_20261019T070000Z").status, 404);
}

TEST_F(google_series_test, keeps_a_deleted_occurrence_as_a_cancelled_exception) {
  const auto id = mondays();
  const auto instance = id + "_20261019T070000Z";
  remove(instance);
  const auto [rows, sync] = list("");

  ASSERT_EQ(rows.size(), 2u) << "cancelled occurrences come even in a full listing";
  const auto& gone = rows[0].at("status") == "cancelled" ? rows[0] : rows[1];
  EXPECT_EQ(text(gone.at("id")), instance);
  EXPECT_EQ(text(gone.at("recurringEventId")), id);
  EXPECT_EQ(text(gone.at("originalStartTime").at("dateTime")), "2026-10-19T09:00:00+02:00");
  EXPECT_FALSE(gone.as_object().contains("summary"));
  EXPECT_EQ(api("DELETE", "calendars/primary/events/" + instance).status, 410);
}

TEST_F(google_series_test, forgets_exceptions_whose_slot_is_gone) {
  const auto id = mondays();
  remove(id + "_20261019T070000Z");
  expect(200,
         api("PATCH", "calendars/primary/events/" + id, {{"recurrence", {"RRULE:FREQ=WEEKLY;COUNT=1"}}}));

  EXPECT_EQ(list("").first.size(), 1u);
}

TEST_F(google_series_test, takes_its_exceptions_along_when_deleted) {
  const auto id = mondays();
  expect(200, api("PATCH", "calendars/primary/events/" + id + "_20261019T070000Z", {{"summary", "other"}}));
  const auto [all, sync] = list("");
  remove(id);

  EXPECT_TRUE(list("").first.empty());
  const auto [delta, next] = list("syncToken=" + sync);
  ASSERT_EQ(delta.size(), 1u);
  EXPECT_EQ(text(delta[0].at("id")), id);
}

TEST_F(google_series_test, names_all_day_occurrences_by_date) {
  const auto id = text(insert({{"summary", "Bin day"},
                               {"start", {{"date", "2026-10-12"}}},
                               {"end", {{"date", "2026-10-13"}}},
                               {"recurrence", {"RRULE:FREQ=DAILY;COUNT=2"}}})
                           .at("id"));
  const auto answer = expect(200, api("GET", "calendars/primary/events/" + id + "/instances"));

  ASSERT_EQ(answer.at("items").as_array().size(), 2u);
  EXPECT_EQ(text(answer.at("items").at(1).at("id")), id + "_20261013");
  EXPECT_EQ(text(answer.at("items").at(1).at("end").at("date")), "2026-10-14");
}

TEST_F(google_series_test, needs_a_zone) {
  auto body = timed("S", "2026-10-12T09:00:00+02:00", "2026-10-12T09:30:00+02:00");
  body["start"].as_object().erase("timeZone");
  body["recurrence"] = {"RRULE:FREQ=DAILY"};

  EXPECT_EQ(api("POST", "calendars/primary/events", body).status, 400);
}

TEST_F(google_series_test, this_and_following_makes_a_second_series_named_after_the_first) {
  const auto id = mondays("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5");
  const auto ask_split = [&](const std::string& stamp) {
    return admin(
        "POST", "/google/this-and-following",
        {{"account", "dana@example.com"}, {"event", id + stamp}, {"change", {{"summary", "Later"}}}});
  };
  const auto [all, sync] = list("");

  const auto made = text(ask_split("_20261026T080000Z").at("id"));

  EXPECT_EQ(made, id + "_R20261026T080000");
  const auto [delta, next] = list("syncToken=" + sync);
  ASSERT_EQ(delta.size(), 2u);
  const auto first = expect(200, api("GET", "calendars/primary/events/" + id));
  EXPECT_EQ(text(first.at("recurrence").at(0)), "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261026T075959Z");
  const auto second = expect(200, api("GET", "calendars/primary/events/" + made));
  EXPECT_EQ(text(second.at("recurrence").at(0)), "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3");
  EXPECT_EQ(text(second.at("summary")), "Later");
  EXPECT_EQ(text(second.at("start").at("dateTime")), "2026-10-26T09:00:00+01:00");
}

class google_guests_test : public google_sync_test {
protected:
  google_guests_test() {
    admin("POST", "/accounts", {{"email", "eve@example.com"}, {"kind", "google"}});
    dana = token;
    eve = text(admin("POST", "/accounts/eve@example.com/grants").at("access_token"));
    auto body = timed("Review", "2026-09-14T09:00:00", "2026-09-14T10:00:00");
    body["attendees"] = {json::object{{"email", "eve@example.com"}},
                         json::object{{"email", "far@example.org"}}};
    id = text(insert(body).at("id"));
  }
  json::object seen_by(const std::string& whose) {
    token = whose;
    return expect(200, api("GET", "calendars/primary/events/" + id));
  }
  std::string dana, eve, id;
};

TEST_F(google_guests_test, puts_a_copy_into_the_guests_calendar) {
  const auto copy = seen_by(eve);

  EXPECT_EQ(text(copy.at("organizer").at("email")), "dana@example.com");
  EXPECT_FALSE(copy.at("organizer").as_object().contains("self"));
  EXPECT_TRUE(copy.at("attendees").at(0).at("self").as_bool());
  EXPECT_EQ(copy.at("iCalUID"), seen_by(dana).at("iCalUID"));
  EXPECT_NE(copy.at("etag"), seen_by(dana).at("etag"));
}

TEST_F(google_guests_test, carries_an_answer_to_the_organizer) {
  token = dana;
  const auto [all, sync] = list("");
  token = eve;
  const json::object mine{{"email", "eve@example.com"}, {"responseStatus", "accepted"}};
  expect(200, api("PATCH", "calendars/primary/events/" + id, {{"attendees", {mine}}}));
  token = dana;
  const auto [delta, next] = list("syncToken=" + sync);

  ASSERT_EQ(delta.size(), 1u);
  ASSERT_EQ(delta[0].at("attendees").as_array().size(), 2u)
      << "a guest's list counts for the own answer alone";
  EXPECT_EQ(text(delta[0].at("attendees").at(0).at("responseStatus")), "accepted");
}

TEST_F(google_guests_test, does_not_let_a_guest_change_the_meeting) {
  token = eve;
  const auto path = "calendars/primary/events/" + id;
  const auto refused = api("PATCH", path, {{"summary", "mine now"}});

  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(reason(refused), "forbiddenForNonOrganizer");
  EXPECT_EQ(api("PATCH", path, {{"extendedProperties", {{"private", {{"k", "v"}}}}}}).status, 200);
}

TEST_F(google_guests_test, cancels_the_copies_with_the_meeting) {
  token = dana;
  remove(id);

  EXPECT_EQ(text(seen_by(eve).at("status")), "cancelled");
}

TEST_F(google_guests_test, takes_a_guests_deletion_as_a_refusal) {
  token = eve;
  remove(id);

  const auto meeting = seen_by(dana);
  EXPECT_EQ(text(meeting.at("status")), "confirmed");
  EXPECT_EQ(text(meeting.at("attendees").at(0).at("responseStatus")), "declined");
}

TEST_F(google_guests_test, lets_copies_arrive_late_and_in_order) {
  token = dana;
  EXPECT_EQ(admin("PATCH", "/google/knobs", {{"guest_copy_seconds", 60}}).at("guest_copy_seconds"), 60);
  const auto path = "calendars/primary/events/" + id;
  expect(200, api("PATCH", path, {{"summary", "Second review"}}));
  admin("PATCH", "/google/knobs", {{"guest_copy_seconds", 0}});
  expect(200, api("PATCH", path, {{"summary", "Third review"}}));
  EXPECT_EQ(text(seen_by(eve).at("summary")), "Review");

  advance(std::chrono::seconds(61));

  EXPECT_EQ(text(seen_by(eve).at("summary")), "Third review");
  EXPECT_EQ(ask("PATCH", "/_sandbox/google/knobs", {}, R"({"guest_copy_seconds": -1})").status, 400);
  EXPECT_EQ(ask("PATCH", "/_sandbox/google/knobs", {}, R"({"other": 1})").status, 400);
}

TEST_F(google_guests_test, hides_guests_from_each_other_if_the_organizer_says_so) {
  token = dana;
  expect(200, api("PATCH", "calendars/primary/events/" + id, {{"guestsCanSeeOtherGuests", false}}));

  const auto guests = seen_by(eve).at("attendees").as_array();

  ASSERT_EQ(guests.size(), 1u);
  EXPECT_EQ(text(guests[0].at("email")), "eve@example.com");
  EXPECT_EQ(seen_by(dana).at("attendees").as_array().size(), 2u);
}

TEST_F(google_guests_test, keeps_answers_to_itself_beyond_two_hundred_guests) {
  token = dana;
  json::array many{json::object{{"email", "eve@example.com"}}};
  for (int i = 0; i < 200; ++i)
    many.push_back(json::object{{"email", "g" + std::to_string(i) + "@example.org"}});
  expect(200, api("PATCH", "calendars/primary/events/" + id, {{"attendees", many}}));
  token = eve;
  const json::object mine{{"email", "eve@example.com"}, {"responseStatus", "accepted"}};
  expect(200, api("PATCH", "calendars/primary/events/" + id, {{"attendees", {mine}}}));

  EXPECT_EQ(text(seen_by(eve).at("attendees").at(0).at("responseStatus")), "accepted");
  EXPECT_EQ(text(seen_by(dana).at("attendees").at(0).at("responseStatus")), "needsAction");
}

} // namespace
} // namespace kalends::sandbox
