// SPDX-License-Identifier: Apache-2.0
#include "net/google_json.hpp"
#include "net/google_recurrence.hpp"
#include "schema/recurrence.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

const calendar_time monday_nine = *read_zoned_time("2026-10-05T09:00:00", "Europe/Berlin");

recurrence_id slot(std::string_view text) { return *read_slot(text); }

std::string master(const std::string& lines, const std::string& more = {}) {
  return R"({"id":"m1","etag":"\"1\"","status":"confirmed","summary":"Round","iCalUID":"m1@google.com",)"
         R"("start":{"dateTime":"2026-10-05T09:00:00+02:00","timeZone":"Europe/Berlin"},)"
         R"("end":{"dateTime":"2026-10-05T10:00:00+02:00","timeZone":"Europe/Berlin"},"recurrence":[)" +
         lines + "]" + more + "}";
}

std::string exception(const std::string& slot_utc, const std::string& rest) {
  return R"({"id":"m1_)" + slot_utc + R"(","etag":"\"2\"","recurringEventId":"m1",)" + rest + "}";
}

result<calendar_event> whole(const std::string& body, const std::string& rows) {
  auto read = read_google_event(body, {});
  if (!read) return tl::unexpected(read.error());
  auto exceptions = read_google_exceptions(R"({"items":[)" + rows + "]}", read->event);
  if (!exceptions) return tl::unexpected(exceptions.error());
  complete_google_series(read->event, std::move(*exceptions));
  return std::move(read->event);
}

TEST(google_series_test, reads_the_lines_on_the_clock_of_the_series) {
  const auto read = read_recurrence_lines(
      {"RRULE:FREQ=WEEKLY;UNTIL=20261231", "EXDATE;TZID=Europe/Berlin:20261012T090000,20261026T090000",
       "EXDATE:20261102T080000Z", "RDATE;TZID=Europe/London:20261007T100000"},
      monday_nine);

  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->rrule, "FREQ=WEEKLY;UNTIL=20261231T225959Z");
  EXPECT_EQ(read->exdates, (std::vector{slot("2026-10-12T09:00:00"), slot("2026-10-26T09:00:00"),
                                        slot("2026-11-02T09:00:00")}));
  EXPECT_EQ(read->rdates, std::vector{slot("2026-10-07T11:00:00")});
}

TEST(google_series_test, reads_days_as_days) {
  const auto read = read_recurrence_lines(
      {"RRULE:FREQ=DAILY;UNTIL=20261010T000000Z", "EXDATE;VALUE=DATE:20261006"}, *read_date("2026-10-05"));

  ASSERT_TRUE(read);
  EXPECT_EQ(read->rrule, "FREQ=DAILY;UNTIL=20261010");
  EXPECT_EQ(read->exdates, std::vector{slot("2026-10-06")});
}

TEST(google_series_test, says_what_it_cannot_read) {
  const auto code = [](std::vector<std::string_view> lines) {
    return read_recurrence_lines(lines, monday_nine).error().code;
  };

  EXPECT_EQ(code({"RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"}), "several_rrules");
  EXPECT_EQ(code({"RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"}), "exrule");
  for (const char* odd :
       {"nothing", "EXDATE:tomorrow", "EXDATE;TZID=Mars/Base:20261005T090000",
        "RDATE:", "RDATE;VALUE=PERIOD:20261005T090000Z/PT1H", "X-OTHER:1", "EXDATE;VALUE=DATE:20261005"})
    EXPECT_EQ(code({odd}), "unreadable_recurrence") << odd;
}

TEST(google_series_test, writes_the_lines_that_it_reads) {
  const recurrence r{"FREQ=WEEKLY", {slot("2026-10-07T11:00:00")}, {slot("2026-10-12T09:00:00")}, {}};

  const auto lines = write_recurrence_lines(r, monday_nine);

  EXPECT_EQ(lines, (std::vector<std::string>{"RRULE:FREQ=WEEKLY", "RDATE;TZID=Europe/Berlin:20261007T110000",
                                             "EXDATE;TZID=Europe/Berlin:20261012T090000"}));
  EXPECT_EQ(read_recurrence_lines({lines.begin(), lines.end()}, monday_nine), r);
  EXPECT_EQ(write_recurrence_lines({"", {}, {slot("2026-10-12")}, {}}, *read_date("2026-10-05")),
            std::vector<std::string>{"EXDATE;VALUE=DATE:20261012"});
}

TEST(google_series_test, a_series_is_its_master_and_its_exceptions) {
  const auto series = whole(
      master(R"("RRULE:FREQ=WEEKLY","EXDATE;TZID=Europe/Berlin:20261012T090000")"),
      exception("20261019T070000Z",
                R"("status":"cancelled","originalStartTime":{"dateTime":"2026-10-19T09:00:00+02:00"})") +
          "," +
          exception("20261026T080000Z",
                    R"("status":"tentative","summary":"Late round",)"
                    R"("originalStartTime":{"dateTime":"2026-10-26T08:00:00Z"},)"
                    R"("start":{"dateTime":"2026-10-26T11:00:00+01:00","timeZone":"Europe/Berlin"},)"
                    R"("end":{"dateTime":"2026-10-26T12:00:00+01:00","timeZone":"Europe/Berlin"})") +
          "," +
          exception(
              "20261027T080000Z",
              R"("summary":"of a rule that was","originalStartTime":{"dateTime":"2026-10-27T08:00:00Z"},)"
              R"("start":{"dateTime":"2026-10-27T09:00:00+01:00"},)"
              R"("end":{"dateTime":"2026-10-27T10:00:00+01:00"})") +
          R"(,{"id":"other_1","recurringEventId":"other","status":"cancelled"},17)");

  ASSERT_TRUE(series);
  ASSERT_FALSE(series->unreadable) << *series->unreadable;
  const auto& r = *series->what.repeats;
  EXPECT_EQ(r.exdates, (std::vector{slot("2026-10-12T09:00:00"), slot("2026-10-19T09:00:00")}));
  ASSERT_EQ(r.changed.size(), 1u);
  EXPECT_EQ(r.changed[0].at, slot("2026-10-26T09:00:00"));
  EXPECT_EQ(r.changed[0].what.title, "Late round");
  EXPECT_TRUE(r.changed[0].what.is_tentative);
}

TEST(google_series_test, the_version_changes_with_an_exception) {
  const auto cancelled = [](const std::string& etag) {
    return R"({"id":"m1_x","etag":")" + etag +
           R"(","recurringEventId":"m1","status":"cancelled",)"
           R"("originalStartTime":{"dateTime":"2026-10-19T09:00:00+02:00"}})";
  };
  const auto rule = master(R"("RRULE:FREQ=WEEKLY")");

  const auto none = whole(rule, "")->version;
  const auto one = whole(rule, cancelled("a"))->version;
  const auto other = whole(rule, cancelled("b"))->version;

  EXPECT_EQ(none.substr(0, 4), "\"1\"#");
  EXPECT_NE(none, one);
  EXPECT_NE(one, other);
  EXPECT_EQ(one, whole(rule, cancelled("a"))->version);
}

TEST(google_series_test, what_cannot_be_kept_is_unreadable_for_a_named_cause) {
  EXPECT_EQ(whole(master(R"("RRULE:FREQ=HOURLY")"), "")->unreadable, "rrule_part_unsupported");
  EXPECT_EQ(whole(master(R"("RRULE:FREQ=WEEKLY;BYDAY=TU")"), "")->unreadable, "start_not_in_rrule");
  EXPECT_EQ(whole(master(R"("EXRULE:FREQ=DAILY")"), "")->unreadable, "exrule");
  const auto endless =
      exception("20261019T070000Z", R"("summary":"x",)"
                                    R"("originalStartTime":{"dateTime":"2026-10-19T07:00:00Z"},)"
                                    R"("start":{"dateTime":"9999-12-31T00:00:00Z"},)"
                                    R"("end":{"dateTime":"9999-12-31T01:00:00Z"})");
  EXPECT_EQ(whole(master(R"("RRULE:FREQ=WEEKLY")"), endless)->unreadable, "unreadable_time");
}

TEST(google_series_test, rows_of_a_listing_name_their_series_only) {
  const auto page =
      read_google_page(R"({"nextSyncToken":"t","items":[)" + master(R"("RRULE:FREQ=DAILY")") +
                       R"(,{"id":"m1_x","recurringEventId":"m1","status":"cancelled"},)"
                       R"({"id":"m2","status":"cancelled","recurrence":["RRULE:FREQ=DAILY"]}]})");

  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 3u);
  EXPECT_EQ(page->events[0].series.str(), "m1");
  EXPECT_EQ(page->events[1].series.str(), "m1");
  EXPECT_FALSE(page->events[1].removed);
  EXPECT_TRUE(page->events[2].removed && page->events[2].series.empty());
}

TEST(google_series_test, an_occurrence_has_the_id_of_its_slot) {
  occurrence_write w;
  w.series = event_id("m1");
  w.master.start = monday_nine;
  w.at = slot("2026-12-07T09:00:00");
  EXPECT_EQ(google_occurrence_id(w).str(), "m1_20261207T080000Z");

  w.master.start = *read_date("2026-10-05");
  w.at = slot("2026-12-07");
  EXPECT_EQ(google_occurrence_id(w).str(), "m1_20261207");
}

// ---------------------------------------------------------------- people

constexpr const char* guests =
    R"(,"organizer":{"email":"boss@x.test"},"attendees":[)"
    R"({"email":"Zoe@x.test","displayName":"Zoe","responseStatus":"declined","optional":true,"comment":"ill"},)"
    R"({"email":"boss@x.test","organizer":true,"responseStatus":"accepted"},)"
    R"({"email":"BOSS@x.test","responseStatus":"needsAction"},{"displayName":"no address"},)"
    R"({"email":"me@x.test","self":true,"responseStatus":"tentative"}])";

TEST(google_series_test, reads_guests_and_whose_copy_it_is) {
  const auto read = read_google_event(master(R"("RRULE:FREQ=WEEKLY")", guests), {});

  ASSERT_TRUE(read);
  const auto& e = read->event;
  ASSERT_EQ(e.what.attendees.size(), 3u);
  EXPECT_EQ(e.what.attendees[0], (attendee{"boss@x.test", "", attendee_response::accepted, false, true}));
  EXPECT_EQ(e.what.attendees[2], (attendee{"Zoe@x.test", "Zoe", attendee_response::declined, true, false}));
  EXPECT_TRUE(e.guest_copy);
  EXPECT_EQ(e.own_response, attendee_response::tentative);
  EXPECT_FALSE(read_google_event(master("", R"(,"organizer":{"email":"a@x.test","self":true})"), {})
                   ->event.guest_copy);
  EXPECT_FALSE(read_google_event(master("", std::string(guests) + R"(,"guestsCanModify":true)"), {})
                   ->event.guest_copy);
}

TEST(google_series_test, a_list_of_guests_that_is_too_long_or_cut_is_refused) {
  std::string many = R"(,"attendees":[{"email":"a@x.test"})";
  for (int i = 0; i < 10'000; ++i) many += R"(,{"email":"g)" + std::to_string(i) + R"(@x.test"})";

  EXPECT_EQ(read_google_event(master("", many + "]"), {})->event.unreadable, "too_many_attendees");
  EXPECT_EQ(read_google_event(master("", R"(,"attendeesOmitted":true)"), {})->event.unreadable,
            "too_many_attendees");
}

TEST(google_series_test, a_new_list_of_guests_keeps_what_we_do_not_know) {
  const auto merged = merge_google_attendees(
      master("", guests), {{"zoe@x.test", "Zoe B.", attendee_response::accepted, false, false},
                           {"new@x.test", "", attendee_response::accepted, true, false}});

  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged,
            R"([{"email":"Zoe@x.test","responseStatus":"declined","comment":"ill","displayName":"Zoe B."},)"
            R"({"email":"boss@x.test","organizer":true,"responseStatus":"accepted"},)"
            R"({"email":"new@x.test","optional":true}])");
  const auto with_people = merge_google_attendees(master("", guests), {}, {"ZOE@x.test"});
  EXPECT_NE(with_people->find(R"("comment":"ill")"), std::string::npos) << "whom we schedule stays a guest";
  EXPECT_EQ(merge_google_attendees(R"({"attendeesOmitted":true})", {}).error().code, "attendees_omitted");
}

TEST(google_series_test, the_mark_is_found_in_title_and_notes) {
  const auto marked = [](const std::string& title, const std::string& notes) {
    return read_google_event(R"({"id":"e1","summary":")" + title + R"(","description":")" + notes +
                                 R"(","start":{"date":"2026-10-05"},"end":{"date":"2026-10-06"}})",
                             {})
        ->event.marked;
  };

  EXPECT_TRUE(marked("Round #Kalends", ""));
  EXPECT_TRUE(marked("", "please #kalends this"));
  EXPECT_FALSE(marked("kalends", "# kalends"));
}

TEST(google_series_test, google_says_what_its_zone_table_knows) {
  appointment a;
  a.start = a.end = monday_nine;
  EXPECT_FALSE(unsayable(provider_type::google, a));
  a.repeats = recurrence{"FREQ=YEARLY;BYYEARDAY=100", {slot("2026-10-07T11:00:00")}, {}, {}};
  EXPECT_FALSE(unsayable(provider_type::google, a));
  std::get<zoned_time>(a.start).time_zone = "Mars/Base";
  EXPECT_EQ(unsayable(provider_type::google, a), "recurrence_zone");
}

} // namespace
} // namespace kalends::net
