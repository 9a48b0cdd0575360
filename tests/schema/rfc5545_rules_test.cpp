// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

/// The examples of RFC 5545 3.8.5.3, all in the zone and with the starts that it gives. A rule of hours,
/// minutes or BYHOUR is refused, and one whose start is not in it, too.
namespace kalends {
namespace {

appointment series(std::string_view start, std::string rule) {
  appointment a;
  a.title = "example";
  a.start = *read_zoned_time(start, "America/New_York");
  a.end = *at_zone(instant_of(a.start) + std::chrono::hours(1), "America/New_York");
  a.repeats = recurrence{std::move(rule), {}, {}, {}};
  return a;
}

struct example {
  const char* rule;
  const char* start;
  /// The dates that the RFC lists, in order; a last "..." if the series goes on.
  std::vector<std::string> dates;
};

std::vector<std::string> first_dates(const appointment& a, std::size_t limit) {
  std::vector<std::string> out;
  for (const auto at : slots_of(a, limit)) out.push_back(write_slot(at, true));
  return out;
}

std::vector<std::string> days_of(const std::string& month, std::vector<int> days) {
  std::vector<std::string> out;
  for (const int d : days) out.push_back(month + (d < 10 ? "-0" : "-") + std::to_string(d));
  return out;
}

template <class... More>
std::vector<std::string> joined(std::vector<std::string> first, const More&... more) {
  (first.insert(first.end(), more.begin(), more.end()), ...);
  return first;
}

void expect_dates(const example& e) {
  const auto a = canonical_series(series(e.start, e.rule));
  ASSERT_TRUE(a.has_value()) << e.rule << ": " << a.error().detail;
  auto wanted = e.dates;
  const bool goes_on = !wanted.empty() && wanted.back() == "...";
  if (goes_on) wanted.pop_back();
  EXPECT_EQ(first_dates(*a, goes_on ? wanted.size() : wanted.size() + 1), wanted) << e.rule;
}

const std::string friday = "1997-09-05T09:00:00";
const std::string tuesday = "1997-09-02T09:00:00";
const std::vector<std::string> on{"..."};

TEST(rfc5545_rules_test, daily_for_ten_occurrences) {
  expect_dates(
      {"FREQ=DAILY;COUNT=10", tuesday.c_str(), days_of("1997-09", {2, 3, 4, 5, 6, 7, 8, 9, 10, 11})});
}

TEST(rfc5545_rules_test, daily_until_christmas_eve) {
  const auto a = *canonical_series(series(tuesday, "FREQ=DAILY;UNTIL=19971224T000000Z"));
  const auto dates = first_dates(a, 1'000);
  EXPECT_EQ(dates.size(), 113u);
  EXPECT_EQ(dates.back(), "1997-12-23");
  EXPECT_EQ(a.repeats->rrule, "FREQ=DAILY;UNTIL=19971224T045959Z");
}

TEST(rfc5545_rules_test, every_other_day_and_every_ten_days) {
  expect_dates({"FREQ=DAILY;INTERVAL=2", tuesday.c_str(),
                joined(days_of("1997-09", {2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30}),
                       days_of("1997-10", {2, 4, 6}), on)});
  expect_dates({"FREQ=DAILY;INTERVAL=10;COUNT=5", tuesday.c_str(),
                joined(days_of("1997-09", {2, 12, 22}), days_of("1997-10", {2, 12}))});
}

TEST(rfc5545_rules_test, every_day_in_january_for_three_years_by_either_rule) {
  for (const auto* rule : {"FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
                           "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1"}) {
    const auto a = canonical_series(series("1998-01-01T09:00:00", rule));
    ASSERT_TRUE(a.has_value()) << rule;
    const auto dates = first_dates(*a, 1'000);
    EXPECT_EQ(dates.size(), 93u) << rule;
    EXPECT_EQ(dates[31], "1999-01-01") << rule;
    EXPECT_EQ(dates.back(), "2000-01-31") << rule;
  }
}

TEST(rfc5545_rules_test, weekly_for_ten_occurrences_until_and_forever) {
  expect_dates({"FREQ=WEEKLY;COUNT=10", tuesday.c_str(),
                joined(days_of("1997-09", {2, 9, 16, 23, 30}), days_of("1997-10", {7, 14, 21, 28}),
                       days_of("1997-11", {4}))});
  expect_dates({"FREQ=WEEKLY;UNTIL=19971224T000000Z", tuesday.c_str(),
                joined(days_of("1997-09", {2, 9, 16, 23, 30}), days_of("1997-10", {7, 14, 21, 28}),
                       days_of("1997-11", {4, 11, 18, 25}), days_of("1997-12", {2, 9, 16, 23}))});
  expect_dates(
      {"FREQ=WEEKLY;INTERVAL=2;WKST=SU", tuesday.c_str(),
       joined(days_of("1997-09", {2, 16, 30}), days_of("1997-10", {14, 28}), days_of("1997-11", {11, 25}),
              days_of("1997-12", {9, 23}), days_of("1998-01", {6, 20}), days_of("1998-02", {3, 17}), on)});
}

TEST(rfc5545_rules_test, weekly_on_tuesday_and_thursday_for_five_weeks) {
  const auto dates = joined(days_of("1997-09", {2, 4, 9, 11, 16, 18, 23, 25, 30}), days_of("1997-10", {2}));
  expect_dates({"FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", tuesday.c_str(), dates});
  expect_dates({"FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", tuesday.c_str(), dates});
}

TEST(rfc5545_rules_test, every_other_week_on_several_days) {
  expect_dates({"FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01T09:00:00",
                joined(days_of("1997-09", {1, 3, 5, 15, 17, 19, 29}),
                       days_of("1997-10", {1, 3, 13, 15, 17, 27, 29, 31}),
                       days_of("1997-11", {10, 12, 14, 24, 26, 28}), days_of("1997-12", {8, 10, 12, 22}))});
  expect_dates({"FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", tuesday.c_str(),
                joined(days_of("1997-09", {2, 4, 16, 18, 30}), days_of("1997-10", {2, 14, 16}))});
}

TEST(rfc5545_rules_test, monthly_on_the_first_friday) {
  expect_dates({"FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
                friday.c_str(),
                {"1997-09-05", "1997-10-03", "1997-11-07", "1997-12-05", "1998-01-02", "1998-02-06",
                 "1998-03-06", "1998-04-03", "1998-05-01", "1998-06-05"}});
  expect_dates({"FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
                friday.c_str(),
                {"1997-09-05", "1997-10-03", "1997-11-07", "1997-12-05"}});
}

TEST(rfc5545_rules_test, monthly_on_first_and_last_sunday_and_second_to_last_monday) {
  expect_dates({"FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
                "1997-09-07T09:00:00",
                {"1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30", "1998-01-04", "1998-01-25",
                 "1998-03-01", "1998-03-29", "1998-05-03", "1998-05-31"}});
  expect_dates({"FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
                "1997-09-22T09:00:00",
                {"1997-09-22", "1997-10-20", "1997-11-17", "1997-12-22", "1998-01-19", "1998-02-16"}});
}

TEST(rfc5545_rules_test, monthly_by_day_of_the_month) {
  expect_dates({"FREQ=MONTHLY;BYMONTHDAY=-3",
                "1997-09-28T09:00:00",
                {"1997-09-28", "1997-10-29", "1997-11-28", "1997-12-29", "1998-01-29", "1998-02-26", "..."}});
  expect_dates({"FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
                tuesday.c_str(),
                {"1997-09-02", "1997-09-15", "1997-10-02", "1997-10-15", "1997-11-02", "1997-11-15",
                 "1997-12-02", "1997-12-15", "1998-01-02", "1998-01-15"}});
  expect_dates({"FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
                "1997-09-30T09:00:00",
                {"1997-09-30", "1997-10-01", "1997-10-31", "1997-11-01", "1997-11-30", "1997-12-01",
                 "1997-12-31", "1998-01-01", "1998-01-31", "1998-02-01"}});
  expect_dates({"FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "1997-09-10T09:00:00",
                joined(days_of("1997-09", {10, 11, 12, 13, 14, 15}), days_of("1999-03", {10, 11, 12, 13}))});
}

TEST(rfc5545_rules_test, every_tuesday_every_other_month) {
  expect_dates({"FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", tuesday.c_str(),
                joined(days_of("1997-09", {2, 9, 16, 23, 30}), days_of("1997-11", {4, 11, 18, 25}),
                       days_of("1998-01", {6, 13, 20, 27}), days_of("1998-03", {3, 10, 17, 24, 31}), on)});
}

TEST(rfc5545_rules_test, yearly_in_months_and_on_days_of_the_year) {
  expect_dates({"FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
                "1997-06-10T09:00:00",
                {"1997-06-10", "1997-07-10", "1998-06-10", "1998-07-10", "1999-06-10", "1999-07-10",
                 "2000-06-10", "2000-07-10", "2001-06-10", "2001-07-10"}});
  expect_dates({"FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
                "1997-03-10T09:00:00",
                {"1997-03-10", "1999-01-10", "1999-02-10", "1999-03-10", "2001-01-10", "2001-02-10",
                 "2001-03-10", "2003-01-10", "2003-02-10", "2003-03-10"}});
  expect_dates({"FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
                "1997-01-01T09:00:00",
                {"1997-01-01", "1997-04-10", "1997-07-19", "2000-01-01", "2000-04-09", "2000-07-18",
                 "2003-01-01", "2003-04-10", "2003-07-19", "2006-01-01"}});
}

TEST(rfc5545_rules_test, yearly_by_weekday_and_week) {
  expect_dates(
      {"FREQ=YEARLY;BYDAY=20MO", "1997-05-19T09:00:00", {"1997-05-19", "1998-05-18", "1999-05-17", "..."}});
  expect_dates({"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
                "1997-05-12T09:00:00",
                {"1997-05-12", "1998-05-11", "1999-05-17", "..."}});
  expect_dates({"FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13T09:00:00",
                joined(days_of("1997-03", {13, 20, 27}), days_of("1998-03", {5, 12, 19, 26}),
                       days_of("1999-03", {4, 11, 18, 25}), on)});
  expect_dates({"FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05T09:00:00",
                joined(days_of("1997-06", {5, 12, 19, 26}), days_of("1997-07", {3, 10, 17, 24, 31}),
                       days_of("1997-08", {7, 14, 21, 28}), days_of("1998-06", {4, 11, 18, 25}), on)});
}

TEST(rfc5545_rules_test, friday_the_thirteenth_and_other_meetings_of_two_parts) {
  expect_dates({"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
                "1998-02-13T09:00:00",
                {"1998-02-13", "1998-03-13", "1998-11-13", "1999-08-13", "2000-10-13", "..."}});
  expect_dates({"FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
                "1997-09-13T09:00:00",
                {"1997-09-13", "1997-10-11", "1997-11-08", "1997-12-13", "1998-01-10", "1998-02-07",
                 "1998-03-07", "1998-04-11", "1998-05-09", "1998-06-13", "..."}});
  expect_dates({"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
                "1996-11-05T09:00:00",
                {"1996-11-05", "2000-11-07", "2004-11-02", "..."}});
}

TEST(rfc5545_rules_test, positions_within_the_month) {
  expect_dates({"FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
                "1997-09-04T09:00:00",
                {"1997-09-04", "1997-10-07", "1997-11-06"}});
  expect_dates({"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
                "1997-09-29T09:00:00",
                {"1997-09-29", "1997-10-30", "1997-11-27", "1997-12-30", "1998-01-29", "1998-02-26",
                 "1998-03-30", "..."}});
}

TEST(rfc5545_rules_test, the_week_start_decides_which_weeks_are_skipped) {
  expect_dates({"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05T09:00:00",
                days_of("1997-08", {5, 10, 19, 24})});
  expect_dates({"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05T09:00:00",
                days_of("1997-08", {5, 17, 19, 31})});
}

TEST(rfc5545_rules_test, a_day_that_does_not_exist_is_passed_over) {
  expect_dates({"FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
                "2007-01-15T09:00:00",
                {"2007-01-15", "2007-01-30", "2007-02-15", "2007-03-15", "2007-03-30"}});
}

TEST(rfc5545_rules_test, rules_within_a_day_are_refused) {
  for (const auto* rule :
       {"FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4", "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16"}) {
    const auto a = canonical_series(series(tuesday, rule));
    ASSERT_FALSE(a.has_value()) << rule;
    EXPECT_EQ(a.error().code, "rrule_part_unsupported") << rule;
  }
}

} // namespace
} // namespace kalends
