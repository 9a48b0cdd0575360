// SPDX-License-Identifier: Apache-2.0
#include "sandbox/rule_dates.hpp"
#include "sandbox/zone.hpp"

#include <gtest/gtest.h>
#include <libical/ical.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Each fault of libical's iterator, and what the sandbox makes of such rules.
namespace kalends::sandbox {
namespace {

using strings = std::vector<std::string>;

strings dates(const std::string& rule, const char* start, std::size_t count) {
  strings out;
  auto found = rule_dates::of(rule, {zone::parse_date(start).value(), true, "", {}});
  if (!found) return {"refused"};
  while (out.size() < count) {
    const auto wall = found->next();
    if (!wall) break;
    out.push_back(zone::write_date(*wall));
  }
  return out;
}

/// libical by itself.
strings raw(const std::string& rule, std::string start, std::size_t count) {
  std::erase(start, '-');
  strings out;
  const auto read = icalrecurrencetype_from_string(rule.c_str());
  const std::unique_ptr<icalrecur_iterator, decltype(&icalrecur_iterator_free)> i(
      icalrecur_iterator_new(read, icaltime_from_string(start.c_str())), &icalrecur_iterator_free);
  while (i && out.size() < count) {
    const auto t = icalrecur_iterator_next(i.get());
    if (icaltime_is_null_time(t)) break;
    std::string text = icaltime_as_ical_string(t);
    out.push_back(text.insert(6, "-").insert(4, "-"));
  }
  return out;
}

/// Where libical 3.0.16 departs from RFC 5545 3.3.10; should another version not, the correction can go.
void expect_corrected(const std::string& rule, const char* start, const strings& by_the_rfc) {
  EXPECT_EQ(dates(rule, start, by_the_rfc.size()), by_the_rfc) << rule;
  if (std::string_view(ICAL_VERSION) != "3.0.16") return;
  EXPECT_NE(raw(rule, start, by_the_rfc.size()), by_the_rfc) << rule << ": libical has it right";
}

TEST(rule_dates_test, a_daily_rule_has_days_counted_from_the_end_of_the_month) {
  expect_corrected("FREQ=DAILY;BYMONTHDAY=-1", "2026-01-31", {"2026-01-31", "2026-02-28", "2026-03-31"});
  expect_corrected("FREQ=DAILY;INTERVAL=4;BYMONTHDAY=-1,13,31", "2026-04-30",
                   {"2026-04-30", "2026-06-13", "2026-07-31"});
}

TEST(rule_dates_test, days_of_the_month_are_those_of_every_month_of_the_year) {
  expect_corrected("FREQ=YEARLY;BYMONTHDAY=13", "2026-01-13",
                   {"2026-01-13", "2026-02-13", "2026-03-13", "2026-04-13"});
  expect_corrected("FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=13", "2026-02-13",
                   {"2026-02-13", "2026-03-13", "2026-11-13"});
  // Without BYMONTH a numbered day counts within the year.
  expect_corrected("FREQ=YEARLY;BYDAY=4TU;BYMONTHDAY=25,28", "2028-01-25", {"2028-01-25", "2031-01-28"});
}

TEST(rule_dates_test, days_of_the_year_may_be_limited) {
  expect_corrected("FREQ=YEARLY;BYMONTH=1;BYYEARDAY=28,131", "2030-01-28", {"2030-01-28", "2031-01-28"});
  expect_corrected("FREQ=YEARLY;BYMONTHDAY=9,11;BYYEARDAY=41,69,118", "2027-03-10", {"2028-03-09"});
}

TEST(rule_dates_test, weeks_with_an_interval_begin_with_the_one_of_the_start) {
  expect_corrected("FREQ=WEEKLY;INTERVAL=6;BYDAY=TU,WE,TH;WKST=FR", "2024-09-25",
                   {"2024-09-25", "2024-09-26", "2024-11-05"});
  expect_corrected("FREQ=WEEKLY;INTERVAL=3;BYDAY=SU", "2027-07-26", {"2027-08-01", "2027-08-22"});
}

TEST(rule_dates_test, a_day_that_is_named_twice_is_one) {
  expect_corrected("FREQ=WEEKLY;BYDAY=SU,SU", "2026-11-01", {"2026-11-01", "2026-11-08"});
}

TEST(rule_dates_test, positions_count_within_the_whole_period) {
  // The week of the start has its Monday before it: the start is the second of three days.
  expect_corrected("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-11-04", {"2026-11-04", "2026-11-11"});
  expect_corrected("FREQ=WEEKLY;BYDAY=MO,FR,SU;BYMONTH=10;BYSETPOS=2,3", "2026-10-04",
                   {"2026-10-04", "2026-10-09", "2026-10-11"});
}

TEST(rule_dates_test, a_day_of_the_month_named_from_both_ends_is_one) {
  // November's 15th is its 16th from the end: of two that are there the last but one is 15, of one there is
  // none.
  expect_corrected("FREQ=MONTHLY;BYMONTHDAY=-16,15;BYSETPOS=-2", "2026-11-01",
                   {"2026-12-15", "2027-01-15", "2027-02-13"});
}

TEST(rule_dates_test, weeks_are_numbered_as_in_iso_8601) {
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", 3),
            (strings{"1997-05-12", "1998-05-11", "1999-05-17"}));
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=53", "2026-12-28", 3),
            (strings{"2026-12-28", "2032-12-27", "2037-12-28"}));
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "2025-12-28", 3),
            (strings{"2025-12-28", "2027-01-03", "2028-01-02"}));
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;WKST=SU", "2026-01-05", 2),
            (strings{"2026-01-05", "2027-01-04"}));
}

TEST(rule_dates_test, of_weeks_the_other_lists_take_away) {
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,TU,WE,TH,FR;BYMONTH=12", "2024-12-30", 3),
            (strings{"2024-12-30", "2024-12-31", "2025-12-29"}));
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=2;BYMONTHDAY=5", "2026-01-05", 2),
            (strings{"2026-01-05", "2032-01-05"}));
  EXPECT_EQ(dates("FREQ=YEARLY;BYWEEKNO=2;BYYEARDAY=8", "2025-01-08", 2),
            (strings{"2025-01-08", "2026-01-08"}));
}

TEST(rule_dates_test, what_the_rfc_leaves_open_or_forbids_is_refused) {
  for (const char* rule :
       {"FREQ=YEARLY;INTERVAL=2;BYWEEKNO=20", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "FREQ=MONTHLY;BYWEEKNO=20", "FREQ=HOURLY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYYEARDAY=1", "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;RSCALE=CHINESE", "FREQ=SOMETIMES", ""})
    EXPECT_FALSE(rule_dates::can_expand(rule)) << rule;
}

TEST(rule_dates_test, count_and_until_end_a_rule) {
  EXPECT_EQ(dates("FREQ=DAILY;COUNT=2", "2026-11-01", 9), (strings{"2026-11-01", "2026-11-02"}));
  EXPECT_EQ(dates("FREQ=DAILY;UNTIL=20261103", "2026-11-01", 9).size(), 3u);
  EXPECT_EQ(dates("FREQ=DAILY;UNTIL=20261103T120000Z", "2026-11-01", 9).size(), 3u);
  // What lies before the start is not counted, nor is a start that the rule does not have.
  EXPECT_EQ(dates("FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=2", "2026-11-02", 9),
            (strings{"2026-11-15", "2026-12-01"}));
}

TEST(rule_dates_test, an_end_in_utc_is_an_instant) {
  const auto count = [](const char* until) {
    const auto start = zone::parse_date_time("2026-03-28T02:30:00")->wall;
    auto found =
        rule_dates::of("FREQ=DAILY;UNTIL=" + std::string(until), {start, false, "Europe/Berlin", {}});
    int n = 0;
    while (found && found->next()) ++n;
    return n;
  };

  EXPECT_EQ(count("20260329T013000Z"), 2) << "02:30 of the 29th is left out, and held at 03:30";
  EXPECT_EQ(count("20260329T012959Z"), 1);
}

TEST(rule_dates_test, a_rule_below_a_day_goes_by_the_clock) {
  const auto start = zone::parse_date_time("2026-11-01T22:00:00")->wall;
  auto found = rule_dates::of("FREQ=HOURLY;INTERVAL=2;COUNT=3", {start, false, "UTC", {}});
  strings out;
  while (const auto wall = found->next()) out.push_back(zone::write_wall(*wall));

  EXPECT_EQ(out, (strings{"2026-11-01T22:00:00", "2026-11-02T00:00:00", "2026-11-02T02:00:00"}));
}

TEST(rule_dates_test, what_never_comes_true_ends) {
  EXPECT_EQ(dates("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-02-28", 1), strings{});
  EXPECT_EQ(dates("FREQ=YEARLY;BYMONTH=12;BYYEARDAY=1", "2026-12-01", 1), strings{});
}

TEST(rule_dates_test, a_series_that_is_asked_for_again_is_the_same) {
  const auto start = zone::parse_date("2026-11-02").value();
  const auto of_rule = [&](int interval) {
    return series{start, true, "", {"RRULE:FREQ=DAILY;INTERVAL=" + std::to_string(interval)}};
  };
  const auto until = [&](int days) { return start + days * std::int64_t{86'400}; };

  EXPECT_EQ(expand(of_rule(1), until(10), 5).size(), 5u);
  EXPECT_EQ(expand(of_rule(1), until(10), 100).size(), 10u);
  EXPECT_EQ(expand(of_rule(1), until(3), 100).size(), 3u);
  for (int interval = 1; interval <= 40; ++interval) // more than are remembered
    EXPECT_EQ(expand(of_rule(interval), until(40), 100).size(), static_cast<std::size_t>(39 / interval + 1));
  EXPECT_EQ(expand(of_rule(1), until(20), 100).size(), 20u);
  EXPECT_TRUE(occurs_at(of_rule(7), until(14)));
  EXPECT_FALSE(occurs_at(of_rule(7), until(13)));
}

} // namespace
} // namespace kalends::sandbox
