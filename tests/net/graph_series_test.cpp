// SPDX-License-Identifier: Apache-2.0
#include "net/graph_json.hpp"
#include "net/graph_recurrence.hpp"
#include "schema/recurrence.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using std::chrono::local_days;

recurrence_id slot(std::string_view text) { return *read_slot(text); }

appointment series(std::string rule, const calendar_time& start) {
  appointment a;
  a.title = "Round";
  a.start = a.end = start;
  a.repeats = recurrence{std::move(rule), {}, {}, {}};
  return a;
}

calendar_time nine(const std::string& day, const std::string& zone = "Europe/Berlin") {
  return *read_zoned_time(day + "T09:00:00", zone);
}

/// A pattern as Graph answers it, with everything filled in.
std::string answer(const std::string& pattern, const std::string& range) {
  return R"("recurrence":{"pattern":{)" + pattern + R"(},"range":{)" + range + "}}";
}

constexpr const char* no_end =
    R"("type":"noEnd","startDate":"2026-10-05","endDate":"0001-01-01","recurrenceTimeZone":"W. Europe Standard Time",)"
    R"("numberOfOccurrences":0)";

std::string master(const std::string& recurrence, const std::string& more = {}) {
  return R"({"@odata.etag":"W/\"1\"","id":"M1=","type":"seriesMaster","subject":"Round","isAllDay":false,)"
         R"("body":{"contentType":"text","content":""},"originalStartTimeZone":"W. Europe Standard Time",)"
         R"("start":{"dateTime":"2026-10-05T07:00:00.0000000","timeZone":"UTC"},)"
         R"("end":{"dateTime":"2026-10-05T08:00:00.0000000","timeZone":"UTC"},)" +
         recurrence + more + "}";
}

result<calendar_event> whole(const std::string& body, const std::string& exceptions = "{}") {
  auto read = read_graph_event(body);
  if (!read) return tl::unexpected(read.error());
  auto told = read_graph_exceptions(exceptions, read->event);
  if (!told) return tl::unexpected(told.error());
  complete_graph_series(read->event, std::move(*told));
  return std::move(read->event);
}

std::string rule_told(const std::string& pattern, const std::string& range = no_end) {
  const auto read = read_graph_event(master(answer(pattern, range)));
  return read->event.unreadable ? *read->event.unreadable : read->event.what.repeats->rrule;
}

TEST(graph_series_test, every_pattern_has_its_rule) {
  EXPECT_EQ(rule_told(R"("type":"daily","interval":3)"), "FREQ=DAILY;INTERVAL=3");
  EXPECT_EQ(
      rule_told(
          R"("type":"weekly","interval":2,"daysOfWeek":["Thursday","monday"],"firstDayOfWeek":"sunday")"),
      "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU");
  EXPECT_EQ(rule_told(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":5)"),
            "FREQ=MONTHLY;BYMONTHDAY=5");
  EXPECT_EQ(rule_told(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":29)"),
            "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1");
  EXPECT_EQ(rule_told(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":30)"),
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1");
  EXPECT_EQ(rule_told(R"("type":"absoluteMonthly","interval":2,"dayOfMonth":31)"),
            "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1");
  EXPECT_EQ(rule_told(R"("type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"],"index":"second")"),
            "FREQ=MONTHLY;BYDAY=2TU");
  EXPECT_EQ(rule_told(R"("type":"relativeMonthly","interval":1,"index":"last",)"
                      R"("daysOfWeek":["monday","tuesday","wednesday","thursday","friday"])"),
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1");
  EXPECT_EQ(
      rule_told(R"("type":"relativeMonthly","interval":1,"index":"third","daysOfWeek":["monday","tuesday",)"
                R"("wednesday","thursday","friday","saturday","sunday"])"),
      "FREQ=MONTHLY;BYMONTHDAY=3");
  EXPECT_EQ(rule_told(R"("type":"absoluteYearly","interval":1,"month":2,"dayOfMonth":29)"),
            "FREQ=YEARLY;BYMONTHDAY=28,29;BYMONTH=2;BYSETPOS=-1");
  EXPECT_EQ(rule_told(R"("type":"absoluteYearly","interval":1,"month":4,"dayOfMonth":31)"),
            "FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=4");
  EXPECT_EQ(
      rule_told(
          R"("type":"relativeYearly","interval":1,"month":11,"daysOfWeek":["thursday"],"index":"fourth")"),
      "FREQ=YEARLY;BYDAY=4TH;BYMONTH=11");
}

TEST(graph_series_test, every_range_has_its_end) {
  const std::string daily = R"("type":"daily","interval":1)";
  const std::string zone = R"("recurrenceTimeZone":"W. Europe Standard Time","startDate":"2026-10-05",)";

  EXPECT_EQ(rule_told(daily, zone + R"("type":"endDate","endDate":"2026-10-30","numberOfOccurrences":0)"),
            "FREQ=DAILY;UNTIL=20261030T080000Z");
  EXPECT_EQ(rule_told(daily, zone + R"("type":"numbered","endDate":"0001-01-01","numberOfOccurrences":7)"),
            "FREQ=DAILY;COUNT=7");
  EXPECT_EQ(rule_told(daily), "FREQ=DAILY");
}

TEST(graph_series_test, the_first_day_is_the_first_that_the_pattern_has) {
  const auto event = read_graph_event(master(answer(
      R"("type":"weekly","interval":1,"daysOfWeek":["wednesday"],"firstDayOfWeek":"monday")", no_end)));

  ASSERT_TRUE(event);
  EXPECT_EQ(event->event.what.start, nine("2026-10-07"));
  EXPECT_TRUE(canonical_series(event->event.what));
}

TEST(graph_series_test, the_zone_of_the_series_is_looked_for_where_it_may_stand) {
  const auto zone = [](const std::string& recurrence_zone, const std::string& original) {
    auto body = master(
        answer(R"("type":"daily","interval":1)",
               R"("type":"noEnd","startDate":"2026-10-05","recurrenceTimeZone":")" + recurrence_zone + '"'));
    const std::string known = "W. Europe Standard Time";
    body.replace(body.find(known), known.size(), original);
    const auto read = read_graph_event(body);
    return read->event.unreadable ? *read->event.unreadable
                                  : std::get<zoned_time>(read->event.what.start).time_zone;
  };

  EXPECT_EQ(zone("Europe/Vienna", "UTC"), "Europe/Vienna");
  EXPECT_EQ(zone("", "W. Europe Standard Time"), "Europe/Berlin");
  EXPECT_EQ(zone("tzone://Microsoft/Custom", "Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(zone("tzone://Microsoft/Custom", "tzone://Microsoft/Utc"), "UTC");
  EXPECT_EQ(zone("", "tzone://Microsoft/Custom"), "unknown_time_zone");
}

TEST(graph_series_test, a_pattern_that_makes_no_sense_is_unreadable) {
  for (const char* odd : {R"("type":"hourly","interval":1)", R"("type":"daily","interval":0)",
                          R"("type":"weekly","interval":1,"daysOfWeek":[])",
                          R"("type":"absoluteMonthly","interval":1,"dayOfMonth":40)",
                          R"("type":"absoluteYearly","interval":1,"month":13,"dayOfMonth":1)", R"("type":7)"})
    EXPECT_EQ(rule_told(odd), "unreadable_recurrence") << odd;
  EXPECT_EQ(rule_told(R"("type":"daily","interval":1)", R"("type":"endDate","startDate":"2026-10-05")"),
            "unreadable_recurrence");
  EXPECT_EQ(read_graph_event(master(R"("recurrence":{})"))->event.unreadable, "unreadable_recurrence");
}

// ---------------------------------------------------------------- what can be said

std::string unsaid(const std::string& rule, const std::string& day = "2026-10-05") {
  return unsayable(provider_type::microsoft, series(rule, nine(day))).value_or("said");
}

TEST(graph_series_test, what_graph_has_no_words_for_is_named) {
  EXPECT_EQ(unsaid("FREQ=YEARLY;BYYEARDAY=100"), "recurrence_byyearday");
  EXPECT_EQ(unsaid("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"), "recurrence_byweekno");
  EXPECT_EQ(unsaid("FREQ=DAILY;INTERVAL=100"), "recurrence_interval");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYMONTHDAY=31"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY", "2026-10-30"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYMONTHDAY=1,15"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYMONTHDAY=-2"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYDAY=5MO"), "recurrence_byday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYDAY=MO"), "recurrence_byday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=5"), "recurrence_bysetpos");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1,-1"), "recurrence_bysetpos");
  EXPECT_EQ(unsaid("FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=1"), "recurrence_bymonth");
  EXPECT_EQ(unsaid("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1"), "recurrence_bymonth");
  EXPECT_EQ(unsaid("FREQ=YEARLY;BYDAY=20MO"), "recurrence_byday");
  EXPECT_EQ(unsaid("FREQ=YEARLY", "2028-02-29"), "recurrence_bymonthday");
  EXPECT_EQ(unsaid("FREQ=DAILY;BYMONTH=1"), "recurrence_bymonth");
  EXPECT_EQ(unsaid("FREQ=DAILY;INTERVAL=2;BYDAY=MO"), "recurrence_byday");
  EXPECT_EQ(unsaid("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1"), "recurrence_bysetpos");
  EXPECT_EQ(unsaid(""), "recurrence_rdate");
  auto more = series("FREQ=DAILY", nine("2026-10-05"));
  more.repeats->rdates = {slot("2026-10-05T12:00:00")};
  EXPECT_EQ(unsayable(provider_type::microsoft, more), "recurrence_rdate");
  EXPECT_FALSE(unsayable(provider_type::microsoft, [&] {
    more.repeats.reset();
    return more;
  }()));
}

TEST(graph_series_test, a_zone_without_a_windows_name_holds_no_series) {
  EXPECT_EQ(unsayable(provider_type::microsoft, series("FREQ=DAILY", nine("2026-10-05", "Antarctica/Troll"))),
            "recurrence_zone");
  EXPECT_FALSE(unsayable(provider_type::microsoft, series("FREQ=DAILY", nine("2026-10-05", "UTC"))));
  EXPECT_FALSE(unsayable(provider_type::microsoft, series("FREQ=DAILY", *read_date("2026-10-05"))));
}

TEST(graph_series_test, a_series_whose_first_occurrence_outlasts_the_clock_is_not_said) {
  const auto night = [](const char* first) {
    auto a = series("FREQ=WEEKLY", *read_zoned_time(first, "Europe/Berlin"));
    a.end = *at_zone(instant_of(a.start) + std::chrono::hours(8), "Europe/Berlin");
    return unsayable(provider_type::microsoft, a).value_or("said");
  };

  EXPECT_EQ(night("2026-10-24T22:00:00"), "recurrence_clock_change");
  EXPECT_EQ(night("2026-03-28T22:00:00"), "recurrence_clock_change");
  EXPECT_EQ(night("2026-10-23T22:00:00"), "said");
}

TEST(graph_series_test, an_occurrence_while_the_clocks_change_is_written_with_its_time) {
  occurrence_write w;
  w.how = occurrence_write::kind::change;
  w.changed.add(field_group::title);
  w.what.title = "Night";
  w.what.start = *read_zoned_time("2026-10-24T22:00:00", "Europe/Berlin");
  w.what.end = *at_zone(instant_of(w.what.start) + std::chrono::hours(8), "Europe/Berlin");
  EXPECT_NE(write_graph_occurrence(w, false).find("2026-10-25T05:00:00"), std::string::npos);

  w.what.end = *at_zone(instant_of(w.what.start) + std::chrono::hours(1), "Europe/Berlin");
  EXPECT_EQ(write_graph_occurrence(w, false).find("start"), std::string::npos);
}

TEST(graph_series_test, an_occurrence_out_of_a_gap_is_written_with_its_time) {
  auto a = series("FREQ=WEEKLY;INTERVAL=3;COUNT=7",
                  *read_zoned_time("2027-11-07T02:45:00", "America/Los_Angeles"));
  a.end = *at_zone(instant_of(a.start) + std::chrono::hours(4), "America/Los_Angeles");
  a = *canonical_series(a);
  occurrence_write w;
  w.how = occurrence_write::kind::change;
  w.changed.add(field_group::title);
  w.master = a;
  const auto written = [&](const char* at) {
    w.at = slot(at);
    w.what = occurrence_at(a, w.at)->what;
    return write_graph_occurrence(w, false);
  };

  EXPECT_EQ(written("2028-02-20T02:45:00").find("dateTime"), std::string::npos);
  EXPECT_NE(written("2028-03-12T03:45:00").find("2028-03-12T07:45:00"), std::string::npos);
}

TEST(graph_series_test, an_occurrence_beyond_its_neighbour_cannot_be_said) {
  auto a = series("FREQ=DAILY", nine("2026-10-05"));
  const auto change = [&](const char* from, const char* to) {
    changed_occurrence c;
    c.at = slot(std::string(from) + "T09:00:00");
    c.what.start = c.what.end = nine(to);
    a.repeats->changed = {c};
    return unsayable(provider_type::microsoft, a).value_or("said");
  };

  EXPECT_EQ(change("2026-10-07", "2026-10-08"), "recurrence_occurrence_moved");
  EXPECT_EQ(change("2026-10-07", "2026-10-07"), "said");
  a.repeats->exdates = {slot("2026-10-08T09:00:00")};
  EXPECT_EQ(change("2026-10-07", "2026-10-08"), "said");
}

TEST(graph_series_test, what_is_said_means_the_same_when_read) {
  for (const auto& [rule, day] : std::vector<std::pair<std::string, std::string>>{
           {"FREQ=DAILY;INTERVAL=2;COUNT=9", "2026-10-05"},
           {"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-10-05"},
           {"FREQ=WEEKLY", "2026-10-05"},
           {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;UNTIL=20261231T225959Z", "2026-10-05"},
           {"FREQ=MONTHLY", "2026-10-05"},
           {"FREQ=MONTHLY;BYMONTHDAY=-1", "2026-10-31"},
           {"FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "2026-10-29"},
           {"FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "2026-10-30"},
           {"FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2", "2026-10-04"},
           {"FREQ=YEARLY", "2026-10-05"},
           {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2027-02-28"},
           {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1", "2027-02-28"},
           {"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=1TU", "2026-11-03"}}) {
    const auto planned = canonical_series(series(rule, nine(day)));
    ASSERT_TRUE(planned) << rule << planned.error().code;

    const auto said = recurrence_of(*planned);
    ASSERT_TRUE(said) << rule << ": " << said.error();
    EXPECT_EQ(first_day_of(*said), said->start) << rule;
    auto again = *planned;
    again.repeats->rrule = write_rrule(*rule_of(*said, planned->start));
    const auto read = canonical_series(again);

    ASSERT_TRUE(read) << rule << read.error().code;
    EXPECT_EQ(*read, *planned) << rule << " became " << read->repeats->rrule;
  }
}

TEST(graph_series_test, a_series_is_written_with_zone_and_first_day_of_week) {
  const new_event event{event_id(), "txn-1", entry_id("0190f3a2-7b1c-7c4d-8e5f-001122334455"),
                        series("FREQ=WEEKLY;COUNT=3", nine("2026-10-05"))};

  const auto body = write_graph_insert(event, true);

  EXPECT_NE(body.find(R"("start":{"dateTime":"2026-10-05T09:00:00","timeZone":"W. Europe Standard Time"})"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("recurrence":{"pattern":{"type":"weekly","interval":1,"daysOfWeek":["monday"],)"
                      R"("firstDayOfWeek":"monday"},"range":{"type":"numbered","startDate":"2026-10-05",)"
                      R"("numberOfOccurrences":3,"recurrenceTimeZone":"W. Europe Standard Time"}})"),
            std::string::npos)
      << body;
}

// ---------------------------------------------------------------- exceptions

std::string exception(const std::string& hint, const std::string& rest) {
  return R"({"id":"x","@odata.etag":"W/\"1\"","type":"exception","seriesMasterId":"M1=",)" + hint +
         R"(,"subject":"Moved","body":{"contentType":"text","content":""},)" + rest + "}";
}

TEST(graph_series_test, exceptions_are_known_by_any_hint_of_their_day) {
  const std::string times = R"("start":{"dateTime":"2026-10-13T11:00:00","timeZone":"UTC"},)"
                            R"("end":{"dateTime":"2026-10-13T12:00:00","timeZone":"UTC"})";
  for (const char* hint : {R"("occurrenceId":"OID.M1=.2026-10-12")",
                           R"("occurrenceId":null,"iCalUId":"040000008200E00074C5B7101A82E00807EA0A0C0000")",
                           R"("occurrenceId":null,"iCalUId":null,"originalStart":"2026-10-12T07:00:00Z")"}) {
    const auto event =
        whole(master(answer(R"("type":"weekly","interval":1,"daysOfWeek":["monday"])", no_end)),
              R"({"id":"M1=","cancelledOccurrences":["OID.M1=.2026-10-19"],"exceptionOccurrences":[)" +
                  exception(hint, times) + "]}");

    ASSERT_TRUE(event && event->what.repeats) << hint;
    ASSERT_FALSE(event->unreadable) << hint << *event->unreadable;
    EXPECT_EQ(event->what.repeats->exdates, std::vector{slot("2026-10-19T09:00:00")});
    ASSERT_EQ(event->what.repeats->changed.size(), 1u) << hint;
    EXPECT_EQ(event->what.repeats->changed[0].at, slot("2026-10-12T09:00:00"));
    EXPECT_EQ(event->what.repeats->changed[0].what.title, "Moved");
  }
  EXPECT_EQ(whole(master(answer(R"("type":"daily","interval":1)", no_end)),
                  R"({"exceptionOccurrences":[)" + exception(R"("occurrenceId":null)", times) + "]}")
                ->unreadable,
            "unreadable_recurrence");
}

TEST(graph_series_test, an_exception_that_says_little_is_to_be_asked_for) {
  const auto read = read_graph_event(master(answer(R"("type":"daily","interval":1)", no_end)));
  const auto told = read_graph_exceptions(
      R"({"exceptionOccurrences":[{"id":"x1","type":"exception","occurrenceId":"OID.M1=.2026-10-12"}],)"
      R"("exceptionOccurrences@odata.nextLink":"https://graph.microsoft.com/v1.0/next"})",
      read->event);

  ASSERT_TRUE(told);
  ASSERT_EQ(told->incomplete.size(), 1u);
  EXPECT_EQ(told->incomplete[0].str(), "x1");
  EXPECT_EQ(told->next_link, "https://graph.microsoft.com/v1.0/next");
}

TEST(graph_series_test, rows_of_a_delta_name_their_series_only) {
  const auto page =
      read_graph_page(R"({"@odata.deltaLink":"https://g/d","value":[)"
                      R"({"id":"o1","type":"occurrence","seriesMasterId":"M1=","start":{},"end":{}},)"
                      R"({"id":"o2","type":"exception","seriesMasterId":"M1=","isCancelled":true},)"
                      R"({"id":"t1","@removed":{"reason":"deleted"}}]})");

  ASSERT_TRUE(page);
  EXPECT_EQ(page->events[0].series.str(), "M1=");
  EXPECT_EQ(page->events[1].series.str(), "M1=");
  EXPECT_FALSE(page->events[1].removed);
  EXPECT_TRUE(page->events[2].removed && page->events[2].series.empty());
}

// ---------------------------------------------------------------- people, marks, bodies

std::string single(const std::string& more) {
  return R"({"id":"S1=","type":"singleInstance","subject":"x","start":{"dateTime":"2026-10-05T07:00:00",)"
         R"("timeZone":"UTC"},"end":{"dateTime":"2026-10-05T08:00:00","timeZone":"UTC"},)" +
         more + "}";
}
calendar_event read_single(const std::string& more) { return read_graph_event(single(more))->event; }

TEST(graph_series_test, reads_guests_and_whose_copy_it_is) {
  const auto e = read_single(
      R"("isOrganizer":false,"responseStatus":{"response":"tentativelyAccepted"},)"
      R"("organizer":{"emailAddress":{"address":"boss@x.test"}},"attendees":[)"
      R"({"type":"optional","status":{"response":"declined"},"emailAddress":{"name":"Zoe","address":"zoe@x.test"}},)"
      R"({"type":"required","status":{"response":"none"},"emailAddress":{"address":"Boss@x.test"}},)"
      R"({"type":"required","emailAddress":{"name":"nobody","address":null}}])");

  EXPECT_TRUE(e.guest_copy);
  EXPECT_EQ(e.own_response, attendee_response::tentative);
  ASSERT_EQ(e.what.attendees.size(), 2u);
  EXPECT_EQ(e.what.attendees[0], (attendee{"Boss@x.test", "", attendee_response::accepted, false, true}));
  EXPECT_EQ(e.what.attendees[1], (attendee{"zoe@x.test", "Zoe", attendee_response::declined, true, false}));
  const auto own = read_single(R"("isOrganizer":true,"responseStatus":{"response":"organizer"})");
  EXPECT_FALSE(own.guest_copy || own.own_response);
}

TEST(graph_series_test, whom_we_schedule_stays_a_guest) {
  const auto merged =
      merge_graph_attendees(R"({"attendees":[{"type":"optional","emailAddress":{"address":"Bob@x.test"}},)"
                            R"({"type":"required","emailAddress":{"address":"gone@x.test"}}]})",
                            {}, {"bob@X.test"});

  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, R"([{"type":"optional","emailAddress":{"address":"Bob@x.test"}}])");
}

TEST(graph_series_test, ten_thousand_guests_are_too_many) {
  std::string many = R"("attendees":[{"emailAddress":{"address":"a@x.test"}})";
  for (int i = 0; i < 10'000; ++i)
    many += R"(,{"emailAddress":{"address":"g)" + std::to_string(i) + R"(@x.test"}})";

  EXPECT_EQ(read_single(many + "]").unreadable, "too_many_attendees");
}

TEST(graph_series_test, a_new_list_of_guests_keeps_what_we_do_not_know) {
  const auto merged = merge_graph_attendees(
      R"({"attendees":[{"type":"resource","status":{"response":"accepted"},"emailAddress":{"address":"Room@x.test"}},)"
      R"({"type":"required","emailAddress":{"address":"gone@x.test"}}]})",
      {{"room@x.test", "", {}, false, false}, {"new@x.test", "New", {}, true, false}});

  ASSERT_TRUE(merged);
  EXPECT_EQ(
      *merged,
      R"([{"status":{"response":"accepted"},"emailAddress":{"address":"Room@x.test"},"type":"resource"},)"
      R"({"type":"optional","emailAddress":{"address":"new@x.test","name":"New"}}])");
}

TEST(graph_series_test, the_mark_is_a_category_or_a_word) {
  EXPECT_TRUE(read_single(R"("categories":["Red","KALENDS"])").marked);
  EXPECT_TRUE(read_single(R"("body":{"contentType":"text","content":"for #Kalends"})").marked);
  EXPECT_FALSE(read_single(R"("categories":["kalends2"])").marked);
}

TEST(graph_series_test, a_body_in_html_is_read_as_its_text_and_a_bomb_is_not) {
  EXPECT_EQ(read_single(R"("body":{"contentType":"html","content":"<p>one</p>\r\n<p>two</p>"})").what.notes,
            "one\ntwo");
  const auto bomb =
      read_single(R"("body":{"contentType":"html","content":")" + std::string(1'100'000, 'x') + R"("})");
  EXPECT_EQ(bomb.unreadable, "body_too_large");
  EXPECT_EQ(read_single(R"("body":{"contentType":"text","content":")" + std::string(1'000'000, 'x') + R"("})")
                .unreadable,
            "text_too_long");
}

TEST(graph_series_test, odd_events_never_fail_their_page) {
  const auto page =
      read_graph_page(R"({"@odata.deltaLink":"https://g/d","value":[)" +
                      single(R"("subject":"half \ud83d")") + "," + single(R"("isDraft":true)") +
                      R"(,{"id":"9999","start":{"dateTime":"9999-12-31T23:59:59","timeZone":"UTC"},)"
                      R"("end":{"dateTime":"9999-12-31T23:59:59","timeZone":"UTC"}},)"
                      R"({"id":"back","start":{"dateTime":"2026-10-05T07:00:00","timeZone":"UTC"},)"
                      R"("end":{"dateTime":"2026-10-05T06:00:00","timeZone":"UTC"}}]})");

  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 4u);
  EXPECT_FALSE(page->events[0].unreadable);
  EXPECT_EQ(page->events[1].unreadable, "draft");
  EXPECT_EQ(page->events[2].unreadable, "unreadable_time");
  EXPECT_EQ(page->events[3].unreadable, "end_before_start");
}

} // namespace
} // namespace kalends::net
