// SPDX-License-Identifier: Apache-2.0
#include "net/google_json.hpp"
#include "tests/support/test_data.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using testing::replaced;
using testing::test_data;

const std::string own_tag = "0190f3a2-7b1c-7c4d-8e5f-001122334455";

const calendar_event& event_of(const change_page& page, const std::string& id) {
  for (const auto& event : page.events)
    if (event.id.str() == id) return event;
  throw std::runtime_error("no event " + id);
}

struct google_json_test : ::testing::Test {
  result<change_page> read = read_google_page(test_data("google/changes.json"));
};

appointment berlin_visit() {
  appointment a;
  a.title = "Visit \"A\"";
  a.notes = "line one\nline two";
  a.location = "Gleis \\ 3";
  a.start = *read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin");
  a.end = *read_zoned_time("2026-09-14T10:00:00", "Europe/Berlin");
  return a;
}

appointment two_days() {
  appointment a;
  a.title = "Away";
  a.start = *read_date("2026-09-14");
  a.end = *read_date("2026-09-16");
  return a;
}

field_set only(field_group g) {
  field_set s;
  s.add(g);
  return s;
}

TEST_F(google_json_test, reads_a_single_event) {
  ASSERT_TRUE(read);
  const auto& e = event_of(*read, "tenant7evt00042");

  EXPECT_EQ(e.version, "\"3576501060246000\"");
  EXPECT_EQ(e.ical_uid, "tenant7evt00042@google.com");
  EXPECT_EQ(e.what.title, "Site visit");
  EXPECT_EQ(e.what.notes, "Bring the <b>ladder</b>\nand a torch");
  EXPECT_EQ(e.what.start, calendar_time(*read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin")));
  EXPECT_EQ(e.what.end, calendar_time(*read_zoned_time("2026-09-14T10:00:00", "Europe/Berlin")));
  EXPECT_EQ(e.tag.str(), own_tag);
  EXPECT_FALSE(e.removed || !e.series.empty() || e.unreadable || e.what.is_private || e.what.is_tentative);
  ASSERT_TRUE(e.updated_at);
  EXPECT_EQ(to_rfc3339(*e.updated_at), "2026-09-01T08:15:30.123Z");
}

TEST_F(google_json_test, composes_decomposed_text) {
  ASSERT_TRUE(read);

  EXPECT_EQ(event_of(*read, "tenant7evt00042").what.location, "Caf\u00e9 M\u00fcller");
}

TEST_F(google_json_test, reads_all_day_tentative_and_private) {
  ASSERT_TRUE(read);
  const auto& e = event_of(*read, "holiday00001");

  EXPECT_EQ(e.what.start, calendar_time(*read_date("2026-09-14")));
  EXPECT_EQ(e.what.end, calendar_time(*read_date("2026-09-16")));
  EXPECT_TRUE(e.what.is_tentative);
  EXPECT_TRUE(e.what.is_private);
  EXPECT_FALSE(e.unreadable);
}

TEST_F(google_json_test, an_event_without_a_zone_has_the_calendars) {
  ASSERT_TRUE(read);

  EXPECT_EQ(read->calendar_zone, "Europe/Berlin");
  EXPECT_EQ(event_of(*read, "nozone00001").what.start,
            calendar_time(*read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin")));
  EXPECT_TRUE(event_of(*read, "nozone00001").what.is_private);
}

TEST_F(google_json_test, tells_series_and_removals_apart) {
  ASSERT_TRUE(read);

  EXPECT_FALSE(event_of(*read, "standup26abcde").series.empty());
  EXPECT_FALSE(event_of(*read, "standup26abcde").removed);
  EXPECT_FALSE(event_of(*read, "standup26abcde_20260916T070000Z").series.empty());
  EXPECT_FALSE(event_of(*read, "standup26abcde_20260916T070000Z").removed);
  EXPECT_TRUE(event_of(*read, "tenant7evt00043").removed);
  EXPECT_TRUE(event_of(*read, "tenant7evt00043").series.empty());
  EXPECT_FALSE(event_of(*read, "tenant7evt00043").unreadable);
}

TEST_F(google_json_test, a_broken_event_never_fails_the_page) {
  ASSERT_TRUE(read);

  EXPECT_EQ(event_of(*read, "mars00001").unreadable, "unknown_time_zone");
  EXPECT_EQ(event_of(*read, "backwards00001").unreadable, "end_before_start");
  EXPECT_EQ(event_of(*read, "mixed00001").unreadable, "unreadable_time");
  EXPECT_EQ(event_of(*read, "empty00001").unreadable, "unreadable_time");
  EXPECT_EQ(read->events.size(), 11u);
}

TEST_F(google_json_test, a_title_cut_in_the_middle_of_a_character_never_fails_the_page) {
  const auto page_with = [](const std::string& title) {
    return read_google_page("{\"nextSyncToken\":\"t\",\"items\":[{\"id\":\"bad00001\",\"summary\":\"" +
                            title +
                            "\",\"start\":{\"date\":\"2026-09-14\"},\"end\":{\"date\":\"2026-09-15\"}},"
                            "{\"id\":\"good0001\",\"summary\":\"Fine \\ud83d\\ude00 \\\\ud83d\","
                            "\"start\":{\"date\":\"2026-09-14\"},\"end\":{\"date\":\"2026-09-15\"}}]}");
  };
  for (const std::string title : {"x\\ud83d", "x\\ude00", "x\xf0\x9f\x98", "x\xff", "x\xed\xa0\x80"}) {
    const auto page = page_with(title);
    ASSERT_TRUE(page) << title;
    ASSERT_EQ(page->events.size(), 2u);
    EXPECT_EQ(page->events[0].what.title.substr(0, 4), "x\uFFFD") << title;
    EXPECT_EQ(page->events[1].what.title, "Fine \U0001F600 \\ud83d") << "the others stay as they are";
  }
}

TEST_F(google_json_test, unexpected_types_read_as_absent) {
  ASSERT_TRUE(read);
  const auto& e = event_of(*read, "types00001");

  EXPECT_EQ(e.version, "");
  EXPECT_EQ(e.what.title, "");
  EXPECT_FALSE(!e.series.empty() || e.removed || e.unreadable);
  EXPECT_EQ(e.what.end, calendar_time(*read_date("2026-09-15"))) << "a day without extent lasts its day";
}

TEST_F(google_json_test, keeps_the_sync_token_as_it_is) {
  ASSERT_TRUE(read);

  EXPECT_EQ(read->next_cursor, "CPiZ+Kz4zJYDEPiZ+Kz4zJYDGAU=");
  EXPECT_EQ(read->next_page, "");
}

TEST_F(google_json_test, an_empty_page_may_continue) {
  const auto page = read_google_page(R"({"nextPageToken":"p2","nextSyncToken":"s"})");

  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_page, "p2");
  EXPECT_EQ(page->next_cursor, "");
  EXPECT_TRUE(page->events.empty());
}

TEST_F(google_json_test, refuses_what_is_no_page) {
  const std::string deep =
      R"({"nextSyncToken":"s","items":)" + std::string(100, '[') + std::string(100, ']') + "}";

  for (const auto& body :
       {std::string("<html>sorry</html>"), std::string(), std::string("[]"), deep,
        std::string(R"({"items":{},"nextSyncToken":"s"})"), std::string(R"({"items":[)")}) {
    const auto page = read_google_page(body);
    ASSERT_FALSE(page) << body.substr(0, 40);
    EXPECT_EQ(page.error().kind, errc::broken);
    EXPECT_EQ(page.error().code, "vendor_answer_unreadable");
  }
  EXPECT_EQ(read_google_page(R"({"items":[]})").error().code, "cursor_missing");
}

TEST_F(google_json_test, texts_above_the_limits_are_unreadable) {
  const auto body =
      replaced(test_data("google/event.json"), "Site visit", std::string(limits::title_bytes + 1, 'x'));

  const auto event = read_google_event(body, {});

  ASSERT_TRUE(event);
  EXPECT_EQ(event->event.unreadable, "text_too_long");
}

TEST_F(google_json_test, removes_what_text_may_not_hold) {
  const auto body = replaced(test_data("google/event.json"), "Site visit", R"(a\u0000b\r\nc)");

  const auto event = read_google_event(body, {});

  ASSERT_TRUE(event);
  EXPECT_EQ(event->event.what.title, "ab\nc");
}

TEST_F(google_json_test, drops_ids_and_tags_that_could_not_be_used) {
  const auto smuggled =
      replaced(test_data("google/event.json"), R"(\"3576501060246000\")", R"(1\r\nX-Evil: 1)");
  const auto foreign = replaced(test_data("google/event.json"), own_tag, "' or 1=1");

  ASSERT_TRUE(read_google_event(smuggled, {}));
  EXPECT_EQ(read_google_event(smuggled, {})->event.version, "");
  ASSERT_TRUE(read_google_event(foreign, {}));
  EXPECT_EQ(read_google_event(foreign, {})->event.tag.str(), "");
}

TEST_F(google_json_test, says_when_the_zone_is_missing) {
  const auto bare = replaced(test_data("google/event.json"), R"(, "timeZone": "Europe/Berlin")", "");

  const auto event = read_google_event(bare, "Europe/Berlin");

  ASSERT_TRUE(event);
  EXPECT_TRUE(event->zone_missing);
  EXPECT_EQ(event->event.what.start, calendar_time(*read_zoned_time("2026-09-14T09:00:00", "Europe/Berlin")));
  EXPECT_FALSE(read_google_event(test_data("google/event.json"), {})->zone_missing);
}

TEST_F(google_json_test, reads_calendars) {
  const auto calendars = read_google_calendars(test_data("google/calendar_list.json"));

  ASSERT_TRUE(calendars);
  EXPECT_EQ(calendars->next_page, "page/2=");
  ASSERT_EQ(calendars->items.size(), 3u) << "a deleted one is left out";
  EXPECT_EQ(calendars->items[0].id.str(), "dana@example.com");
  EXPECT_TRUE(calendars->items[0].primary && calendars->items[0].writable);
  EXPECT_EQ(calendars->items[0].time_zone, "Europe/Berlin");
  EXPECT_EQ(calendars->items[1].name, "Feiertage");
  EXPECT_FALSE(calendars->items[1].writable);
  EXPECT_TRUE(calendars->items[2].writable);
}

TEST_F(google_json_test, reads_the_expiry_as_text_and_as_number) {
  const auto text = test_data("google/channel.json");
  const auto number = replaced(text, "\"1788855300000\"", "1788855300000");
  const auto absent = replaced(text, "expiration", "later");
  const instant expected(5s);

  ASSERT_TRUE(read_google_channel(text, expected));
  EXPECT_EQ(read_google_channel(text, expected)->expires_at, instant(1788855300000ms));
  EXPECT_EQ(read_google_channel(text, expected)->resource_id, "o3hgv1538sdjfhexample");
  EXPECT_EQ(read_google_channel(number, expected)->expires_at, instant(1788855300000ms));
  EXPECT_EQ(read_google_channel(absent, expected)->expires_at, expected);
}

TEST_F(google_json_test, writes_an_insert) {
  const new_event event{event_id("k0001"), "", entry_id(own_tag), berlin_visit()};

  EXPECT_EQ(
      write_google_insert(event),
      R"({"id":"k0001","summary":"Visit \"A\"","description":"line one\u000aline two","location":"Gleis \\ 3",)"
      R"("start":{"dateTime":"2026-09-14T09:00:00+02:00","timeZone":"Europe/Berlin"},)"
      R"("end":{"dateTime":"2026-09-14T10:00:00+02:00","timeZone":"Europe/Berlin"},)"
      R"("visibility":"default","status":"confirmed",)"
      R"("extendedProperties":{"private":{"kalends_entry":"0190f3a2-7b1c-7c4d-8e5f-001122334455"}}})");
}

TEST_F(google_json_test, a_patch_holds_the_changed_groups_alone) {
  EXPECT_EQ(write_google_patch({event_id("k"), "v", only(field_group::title), berlin_visit()}),
            R"({"summary":"Visit \"A\""})");
  EXPECT_EQ(write_google_patch({event_id("k"), "v", only(field_group::privacy), berlin_visit()}),
            R"({"visibility":"default"})");
}

TEST_F(google_json_test, a_patch_nulls_the_other_form_of_time) {
  EXPECT_EQ(write_google_patch({event_id("k"), "v", only(field_group::time), two_days()}),
            R"({"start":{"date":"2026-09-14","dateTime":null,"timeZone":null},)"
            R"("end":{"date":"2026-09-16","dateTime":null,"timeZone":null}})");
  EXPECT_EQ(write_google_patch({event_id("k"), "v", only(field_group::time), berlin_visit()}),
            R"({"start":{"date":null,"dateTime":"2026-09-14T09:00:00+02:00","timeZone":"Europe/Berlin"},)"
            R"("end":{"date":null,"dateTime":"2026-09-14T10:00:00+02:00","timeZone":"Europe/Berlin"}})");
}

TEST_F(google_json_test, what_is_written_reads_back_the_same) {
  auto what = two_days();
  what.is_private = what.is_tentative = true;
  what.notes = "quote \" backslash \\ tab \t end \x7F";
  what.notes.pop_back();
  const auto body = write_google_insert({event_id("k0001"), "", entry_id(own_tag), what});

  const auto event = read_google_event(body, {});

  ASSERT_TRUE(event);
  EXPECT_EQ(event->event.what, what);
  EXPECT_EQ(event->event.tag.str(), own_tag);
}

} // namespace
} // namespace kalends::net
