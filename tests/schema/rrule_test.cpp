// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "schema/rrule.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace kalends {
namespace {

using namespace std::chrono;

std::string rewritten(std::string_view text) {
  const auto r = read_rrule(text);
  return r ? write_rrule(*r) : r.error().code + " " + r.error().detail.substr(0, r.error().detail.find(':'));
}

TEST(rrule_test, reads_every_part) {
  const auto r =
      read_rrule("FREQ=YEARLY;INTERVAL=2;COUNT=9;BYDAY=-1FR,2MO,MO;BYMONTHDAY=-1,13;BYYEARDAY=100,-1;"
                 "BYMONTH=12,1;BYSETPOS=-2,1;WKST=SU");
  ASSERT_TRUE(r.has_value()) << r.error().detail;

  EXPECT_EQ(r->freq, rrule::frequency::yearly);
  EXPECT_EQ(r->interval, 2);
  EXPECT_EQ(r->count, 9);
  EXPECT_FALSE(r->until.has_value());
  EXPECT_EQ(r->by_day, (std::vector<rrule::day>{{0, Monday}, {2, Monday}, {-1, Friday}}));
  EXPECT_EQ(r->by_month_day, (std::vector{-1, 13}));
  EXPECT_EQ(r->by_year_day, (std::vector{-1, 100}));
  EXPECT_EQ(r->by_month, (std::vector{1, 12}));
  EXPECT_EQ(r->by_set_pos, (std::vector{-2, 1}));
  EXPECT_EQ(r->week_start, Sunday);
}

TEST(rrule_test, writes_the_parts_in_the_order_of_the_rfc) {
  EXPECT_EQ(rewritten("byday=we,mo,mo;interval=1;freq=weekly"), "FREQ=WEEKLY;BYDAY=MO,WE");
  EXPECT_EQ(rewritten("WKST=SU;FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=4"),
            "FREQ=WEEKLY;COUNT=4;INTERVAL=2;BYDAY=MO,SU;WKST=SU");
  EXPECT_EQ(rewritten("FREQ=YEARLY;BYWEEKNO=20,1;BYDAY=+MO;WKST=SA"), "malformed_rrule BYDAY");
  EXPECT_EQ(rewritten("FREQ=YEARLY;BYWEEKNO=20,1;BYDAY=MO;WKST=SA"),
            "FREQ=YEARLY;BYDAY=MO;BYWEEKNO=1,20;WKST=SA");
  EXPECT_EQ(rewritten("FREQ=MONTHLY;BYDAY=+2TU,-1TU;"), "FREQ=MONTHLY;BYDAY=-1TU,2TU");
}

TEST(rrule_test, leaves_out_a_week_start_that_says_nothing) {
  EXPECT_EQ(rewritten("FREQ=DAILY;WKST=SU"), "FREQ=DAILY");
  EXPECT_EQ(rewritten("FREQ=WEEKLY;INTERVAL=2;WKST=SU"), "FREQ=WEEKLY;INTERVAL=2");
  EXPECT_EQ(rewritten("FREQ=WEEKLY;BYDAY=TU;WKST=SU"), "FREQ=WEEKLY;BYDAY=TU");
  EXPECT_EQ(rewritten("FREQ=WEEKLY;BYDAY=TU;BYSETPOS=1;WKST=SU"), "FREQ=WEEKLY;BYDAY=TU;BYSETPOS=1;WKST=SU");
}

TEST(rrule_test, keeps_the_three_kinds_of_until) {
  EXPECT_EQ(rewritten("FREQ=DAILY;UNTIL=20261224"), "FREQ=DAILY;UNTIL=20261224");
  EXPECT_EQ(rewritten("FREQ=DAILY;UNTIL=20261224T235959"), "FREQ=DAILY;UNTIL=20261224T235959");
  EXPECT_EQ(rewritten("FREQ=DAILY;UNTIL=20261224T235959Z"), "FREQ=DAILY;UNTIL=20261224T235959Z");
}

TEST(rrule_test, names_the_part_that_is_malformed) {
  const std::array cases{
      std::pair{"", "FREQ"},
      std::pair{"INTERVAL=2", "FREQ"},
      std::pair{"FREQ=FORTNIGHTLY", "RRULE"},
      std::pair{"FREQ=DAILY;FREQ=DAILY", "FREQ"},
      std::pair{"FREQ=DAILY;COUNT=", "COUNT"},
      std::pair{"FREQ=DAILY;COUNT=0", "COUNT"},
      std::pair{"FREQ=DAILY;COUNT=-1", "COUNT"},
      std::pair{"FREQ=DAILY;COUNT=99999999999999999999", "COUNT"},
      std::pair{"FREQ=DAILY;COUNT=3x", "COUNT"},
      std::pair{"FREQ=DAILY;INTERVAL=0", "INTERVAL"},
      std::pair{"FREQ=DAILY;UNTIL=tomorrow", "UNTIL"},
      std::pair{"FREQ=DAILY;UNTIL=20260231", "UNTIL"},
      std::pair{"FREQ=DAILY;UNTIL=20260301T250000Z", "UNTIL"},
      std::pair{"FREQ=WEEKLY;BYDAY=XX", "BYDAY"},
      std::pair{"FREQ=WEEKLY;BYDAY=MO,", "BYDAY"},
      std::pair{"FREQ=WEEKLY;BYDAY=1MO", "BYDAY"},
      std::pair{"FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY"},
      std::pair{"FREQ=MONTHLY;BYDAY=99MO", "BYDAY"},
      std::pair{"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"},
      std::pair{"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"},
      std::pair{"FREQ=MONTHLY;BYMONTHDAY=1;2", "2"},
      std::pair{"FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY"},
      std::pair{"FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO"},
      std::pair{"FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO"},
      std::pair{"FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY"},
      std::pair{"FREQ=YEARLY;BYMONTH=13", "BYMONTH"},
      std::pair{"FREQ=YEARLY;BYMONTH=0", "BYMONTH"},
      std::pair{"FREQ=YEARLY;BYMONTH=5L", "BYMONTH"},
      std::pair{"FREQ=YEARLY;BYSETPOS=1", "BYSETPOS"},
      std::pair{"FREQ=YEARLY;BYMONTH=3;BYSETPOS=367", "BYSETPOS"},
      std::pair{"FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO", "BYDAY"},
      std::pair{"FREQ=DAILY;WKST=1", "WKST"},
      std::pair{"FREQ=DAILY;X-SOMETHING=1", "X-SOMETHING"},
      std::pair{"RRULE:FREQ=DAILY", "RRULE:FREQ"},
  };
  for (const auto& [text, part] : cases) {
    const auto r = read_rrule(text);
    ASSERT_FALSE(r.has_value()) << text;
    EXPECT_EQ(r.error().kind, errc::invalid) << text;
    EXPECT_EQ(r.error().code, "malformed_rrule") << text;
    EXPECT_EQ(r.error().field, "recurrence.rrule") << text;
    const auto named = r.error().detail.substr(0, r.error().detail.find(": "));
    EXPECT_TRUE(named == part || named == "RRULE") << text << ": " << r.error().detail;
  }
}

TEST(rrule_test, refuses_parts_that_no_calendar_syncs) {
  EXPECT_EQ(rewritten("FREQ=HOURLY"), "rrule_part_unsupported FREQ");
  EXPECT_EQ(rewritten("FREQ=MINUTELY"), "rrule_part_unsupported FREQ");
  EXPECT_EQ(rewritten("FREQ=SECONDLY"), "rrule_part_unsupported FREQ");
  EXPECT_EQ(rewritten("FREQ=DAILY;BYHOUR=9"), "rrule_part_unsupported BYHOUR");
  EXPECT_EQ(rewritten("FREQ=DAILY;BYMINUTE=0"), "rrule_part_unsupported BYMINUTE");
  EXPECT_EQ(rewritten("FREQ=DAILY;BYSECOND=0"), "rrule_part_unsupported BYSECOND");
  EXPECT_EQ(rewritten("FREQ=YEARLY;RSCALE=HEBREW"), "rrule_part_unsupported RSCALE");
  EXPECT_EQ(rewritten("FREQ=YEARLY;SKIP=FORWARD"), "rrule_part_unsupported SKIP");
  EXPECT_EQ(rewritten("FREQ=DAILY;INTERVAL=10000"), "rrule_part_unsupported INTERVAL");
  EXPECT_EQ(rewritten("FREQ=DAILY;INTERVAL=9999"), "FREQ=DAILY;INTERVAL=9999");
}

TEST(rrule_test, refuses_two_ends_and_a_rule_without_measure) {
  EXPECT_EQ(rewritten("FREQ=DAILY;COUNT=3;UNTIL=20261224"), "rrule_count_and_until COUNT");
  EXPECT_EQ(rewritten("FREQ=DAILY;" + std::string(limits::rrule_bytes, 'X')), "rrule_too_long RRULE");
}

TEST(rrule_test, holds_the_longest_lists) {
  std::string month_days;
  for (int d = -31; d <= 31; ++d)
    if (d != 0) month_days += (month_days.empty() ? "" : ",") + std::to_string(d);
  const auto r = read_rrule("FREQ=MONTHLY;BYMONTHDAY=" + month_days);

  // More values than days: libical has no room for them, and says so instead of cutting.
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code, "malformed_rrule");
}

} // namespace
} // namespace kalends
