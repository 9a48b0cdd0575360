// SPDX-License-Identifier: Apache-2.0
#include "net/graph_json.hpp"
#include "tests/support/test_data.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using testing::replaced;
using testing::test_data;

const std::string own_tag = "0190f3a2-7b1c-7c4d-8e5f-001122334455";

const calendar_event& event_of(const change_page& page, const std::string& id) {
  for (const auto& event : page.events)
    if (event.id.str() == id) return event;
  throw std::runtime_error("no event " + id);
}

result<calendar_event> event_in(const std::string& body) {
  return read_graph_event(body).map([](graph_event told) { return std::move(told.event); });
}

struct graph_json_test : ::testing::Test {
  result<change_page> read = read_graph_page(test_data("graph/delta.json"));
};

appointment visit(const std::string& zone) {
  appointment a;
  a.title = "Visit";
  a.start = *read_zoned_time("2026-11-10T09:00:00", zone);
  a.end = *read_zoned_time("2026-11-10T09:30:00", zone);
  return a;
}

field_set only(field_group g) {
  field_set s;
  s.add(g);
  return s;
}

TEST_F(graph_json_test, reads_an_event_with_its_tag) {
  const auto e = event_in(test_data("graph/event.json"));

  ASSERT_TRUE(e);
  EXPECT_EQ(e->id.str(), "AAkALgExample1=");
  EXPECT_EQ(e->version, "W/\"kq1Zr0aXh0mQAAB7Hx==\"");
  EXPECT_EQ(e->transaction_id, "lnk-42-1");
  EXPECT_EQ(e->tag.str(), own_tag);
  EXPECT_EQ(e->what.title, "Plan");
  EXPECT_EQ(e->what.notes, "hello\nworld");
  EXPECT_EQ(e->what.location, "Room 4");
  EXPECT_TRUE(e->what.is_private);
  EXPECT_TRUE(e->what.is_tentative);
  EXPECT_FALSE(e->removed || !e->series.empty() || e->unreadable);
  EXPECT_EQ(to_rfc3339(e->updated_at.value()), "2026-11-02T08:00:01.200Z");
}

TEST_F(graph_json_test, tells_the_time_in_the_authors_zone) {
  const auto e = event_in(test_data("graph/event.json"));

  ASSERT_TRUE(e);
  EXPECT_EQ(e->what.start, calendar_time(*read_zoned_time("2026-11-10T09:00:00", "Europe/Berlin")));
  EXPECT_EQ(e->what.end, calendar_time(*read_zoned_time("2026-11-10T09:30:00", "Europe/Berlin")));
}

TEST_F(graph_json_test, reads_a_delta_page) {
  ASSERT_TRUE(read);

  EXPECT_EQ(read->next_cursor,
            "https://graph.microsoft.com/v1.0/me/calendars('C1')/calendarView/delta?$deltatoken=R0usT2");
  EXPECT_EQ(read->next_page, "");
  EXPECT_EQ(read->events.size(), 11u);
  EXPECT_EQ(event_of(*read, "S1=").what.notes, "hello");
}

TEST_F(graph_json_test, stubs_and_masters_are_in_series) {
  ASSERT_TRUE(read);

  EXPECT_FALSE(event_of(*read, "M1=").series.empty());
  EXPECT_FALSE(event_of(*read, "M1-0803=").series.empty());
  EXPECT_FALSE(event_of(*read, "M1-0803=").unreadable);
  EXPECT_TRUE(event_of(*read, "S1=").series.empty());
}

TEST_F(graph_json_test, tombstones_and_cancelled_copies_are_removed) {
  ASSERT_TRUE(read);

  EXPECT_TRUE(event_of(*read, "S9=").removed);
  EXPECT_TRUE(event_of(*read, "C1=").removed);
}

TEST_F(graph_json_test, an_all_day_event_keeps_its_dates_in_any_zone) {
  ASSERT_TRUE(read);
  const auto& e = event_of(*read, "D1=");

  EXPECT_EQ(e.what.start, calendar_time(*read_date("2026-12-24")));
  EXPECT_EQ(e.what.end, calendar_time(*read_date("2026-12-27")));
  EXPECT_EQ(e.what.title, "");
  EXPECT_FALSE(e.what.is_private || e.what.is_tentative || e.unreadable);
}

TEST_F(graph_json_test, a_zone_that_only_exchange_knows_becomes_utc) {
  ASSERT_TRUE(read);

  EXPECT_EQ(event_of(*read, "Z1=").what.start, calendar_time(*read_zoned_time("2026-11-10T08:00:00", "UTC")));
}

TEST_F(graph_json_test, a_broken_event_never_fails_the_page) {
  ASSERT_TRUE(read);

  EXPECT_EQ(event_of(*read, "Z2=").unreadable, "unknown_time_zone");
  EXPECT_EQ(event_of(*read, "Y1=").unreadable, "unreadable_time");
  EXPECT_EQ(event_of(*read, "R1=").unreadable, "draft");
}

TEST_F(graph_json_test, refuses_what_is_no_page) {
  for (const char* body : {"<html></html>", "", "{}", R"({"value":{}})", R"({"value":[)", "null"}) {
    const auto page = read_graph_page(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, "vendor_answer_unreadable");
  }
  EXPECT_EQ(read_graph_page(R"({"value":[]})").error().code, "cursor_missing");
}

TEST_F(graph_json_test, strips_what_exchange_appends) {
  EXPECT_EQ(normalised_body("a\r\n b \r\n\r\n"), "a\n b");
  EXPECT_EQ(normalised_body("\xC2\xA0\r\n"), "");
  EXPECT_EQ(normalised_body("  indented"), "  indented");
}

TEST_F(graph_json_test, builds_the_version_from_the_change_key_if_need_be) {
  const auto e = event_in(replaced(test_data("graph/event.json"), "@odata.etag", "@odata.other"));

  ASSERT_TRUE(e);
  EXPECT_EQ(e->version, "W/\"kq1Zr0aXh0mQAAB7Hx==\"");
}

TEST_F(graph_json_test, reads_calendars_subscriptions_and_existing_ids) {
  const auto calendars = read_graph_calendars(test_data("graph/calendars.json"));
  const auto subscription = read_graph_subscription(test_data("graph/subscription.json"), {});

  ASSERT_TRUE(calendars);
  ASSERT_EQ(calendars->items.size(), 2u);
  EXPECT_TRUE(calendars->items[0].primary && calendars->items[0].writable);
  EXPECT_FALSE(calendars->items[1].primary || calendars->items[1].writable);
  ASSERT_TRUE(subscription);
  EXPECT_EQ(subscription->id, "7f105c7d-2dc5-4530-97cd-4e7ae6534c07");
  EXPECT_EQ(to_rfc3339(subscription->expires_at), "2026-11-28T09:00:00.000Z");
  EXPECT_EQ(read_existing_event(R"({"error":{"code":"x","@event.existingEventId":"AAMk1="}})").str(),
            "AAMk1=");
  EXPECT_TRUE(read_existing_event("<html>").empty());
}

TEST_F(graph_json_test, writes_an_insert_without_attendees) {
  const new_event event{event_id(), "txn-1", entry_id(own_tag), visit("Europe/Berlin")};

  EXPECT_EQ(write_graph_insert(event, false),
            R"({"transactionId":"txn-1","subject":"Visit","body":{"contentType":"text","content":""},)"
            R"("location":{"displayName":""},"isAllDay":false,)"
            R"("start":{"dateTime":"2026-11-10T09:00:00","timeZone":"W. Europe Standard Time"},)"
            R"("end":{"dateTime":"2026-11-10T09:30:00","timeZone":"W. Europe Standard Time"},)"
            R"("sensitivity":"normal","showAs":"busy","singleValueExtendedProperties":[)"
            R"({"id":"String {6f1c2f0e-58d1-4b0b-9d0c-3a7f6b1c9e42} Name kalends_entry",)"
            R"("value":"0190f3a2-7b1c-7c4d-8e5f-001122334455"}]})");
}

TEST_F(graph_json_test, a_patch_holds_the_changed_groups_alone) {
  EXPECT_EQ(write_graph_patch({event_id("e"), "v", only(field_group::status), visit("UTC")}, false),
            R"({"showAs":"busy"})");
}

TEST_F(graph_json_test, all_day_is_written_at_midnight) {
  appointment a;
  a.start = *read_date("2026-12-24");
  a.end = *read_date("2026-12-25");

  EXPECT_EQ(write_graph_patch({event_id("e"), "v", only(field_group::time), a}, false),
            R"({"isAllDay":true,"start":{"dateTime":"2026-12-24T00:00:00","timeZone":"UTC"},)"
            R"("end":{"dateTime":"2026-12-25T00:00:00","timeZone":"UTC"}})");
}

TEST_F(graph_json_test, the_second_reading_of_an_ambiguous_hour_is_told_in_utc) {
  appointment a;
  a.start = *read_zoned_time("2026-10-25T02:30:00+01:00", "Europe/Berlin");
  a.end = *read_zoned_time("2026-10-25T03:30:00+01:00", "Europe/Berlin");

  EXPECT_EQ(write_graph_patch({event_id("e"), "v", only(field_group::time), a}, false),
            R"({"isAllDay":false,"start":{"dateTime":"2026-10-25T01:30:00","timeZone":"UTC"},)"
            R"("end":{"dateTime":"2026-10-25T03:30:00","timeZone":"W. Europe Standard Time"}})");
}

TEST_F(graph_json_test, times_can_be_told_in_utc) {
  const auto body =
      write_graph_patch({event_id("e"), "v", only(field_group::time), visit("Europe/Berlin")}, true);

  EXPECT_NE(body.find(R"("start":{"dateTime":"2026-11-10T08:00:00","timeZone":"UTC"})"), std::string::npos)
      << body;
}

} // namespace
} // namespace kalends::net
