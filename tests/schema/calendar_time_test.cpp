// SPDX-License-Identifier: Apache-2.0
#include "schema/calendar_time.hpp"

#include <gtest/gtest.h>

namespace kalends {
namespace {

std::string told(std::string_view date_time, std::string_view zone) {
  const auto t = read_zoned_time(date_time, zone);
  return t ? write_with_offset(*t) + " " + t->time_zone : t.error().code;
}

TEST(calendar_time_test, reads_a_wall_clock_in_its_zone) {
  EXPECT_EQ(told("2026-12-01T09:00:00", "Europe/Berlin"), "2026-12-01T09:00:00+01:00 Europe/Berlin");
  EXPECT_EQ(told("2026-07-01T09:00:00", "Europe/Berlin"), "2026-07-01T09:00:00+02:00 Europe/Berlin");
  EXPECT_EQ(told("2026-07-01T09:00:00", "America/St_Johns"), "2026-07-01T09:00:00-02:30 America/St_Johns");
  EXPECT_EQ(told("2026-07-01T09:00:00", "UTC"), "2026-07-01T09:00:00Z UTC");
  EXPECT_EQ(told("2026-11-10T09:00:00.0000000", "UTC"), "2026-11-10T09:00:00Z UTC");
}

TEST(calendar_time_test, reads_a_windows_zone_as_iana) {
  EXPECT_EQ(told("2026-12-01T09:00:00", "W. Europe Standard Time"),
            "2026-12-01T09:00:00+01:00 Europe/Berlin");
  EXPECT_EQ(told("2026-12-01T09:00:00", "India Standard Time"), "2026-12-01T09:00:00+05:30 Asia/Kolkata");
  EXPECT_EQ(told("2026-12-01T09:00:00", "tzone://Microsoft/Utc"), "2026-12-01T09:00:00Z UTC");
}

TEST(calendar_time_test, lets_the_offset_decide_the_instant_and_the_zone_the_clock) {
  EXPECT_EQ(told("2026-12-01T09:00:00+01:00", ""), "2026-12-01T08:00:00Z UTC");
  EXPECT_EQ(told("2026-12-01T09:00:00Z", "Europe/Berlin"), "2026-12-01T10:00:00+01:00 Europe/Berlin");
  EXPECT_EQ(told("2026-12-01T09:00:00-05:00", "Europe/Berlin"), "2026-12-01T15:00:00+01:00 Europe/Berlin");
  EXPECT_EQ(told("2026-10-25T02:30:00+01:00", "Europe/Berlin"), "2026-10-25T02:30:00+01:00 Europe/Berlin");
}

TEST(calendar_time_test, keeps_an_unknown_zone_only_beside_an_offset) {
  EXPECT_EQ(told("2026-12-01T09:00:00+01:00", "Customized Time Zone"),
            "2026-12-01T09:00:00+01:00 Customized Time Zone");
  EXPECT_EQ(told("2026-12-01T09:00:00", "Customized Time Zone"), "unknown_time_zone");
  EXPECT_EQ(told("2026-12-01T09:00:00Z", std::string(129, 'x')), "unknown_time_zone");
  EXPECT_EQ(told("2026-12-01T09:00:00Z", std::string("a\0b", 3)), "unknown_time_zone");
  EXPECT_EQ(told("2026-12-01T09:00:00Z", "\xff"), "unknown_time_zone");
}

struct dst_case {
  const char* zone;
  const char* in_gap;
  const char* behind_gap;
  const char* twice;
  const char* first;
};

class dst_test : public ::testing::TestWithParam<dst_case> {};

TEST_P(dst_test, moves_a_missing_time_forward_and_takes_the_first_of_two) {
  const auto& c = GetParam();

  EXPECT_EQ(told(c.in_gap, c.zone), std::string(c.behind_gap) + " " + c.zone);
  EXPECT_EQ(told(c.twice, c.zone), std::string(c.first) + " " + c.zone);
}

INSTANTIATE_TEST_SUITE_P(
    calendar_time_test, dst_test,
    ::testing::Values(dst_case{"Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00",
                               "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"},
                      dst_case{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T03:30:00-04:00",
                               "2026-11-01T01:30:00", "2026-11-01T01:30:00-04:00"},
                      dst_case{"Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-04T02:45:00+11:00",
                               "2026-04-05T01:45:00", "2026-04-05T01:45:00+11:00"},
                      dst_case{"America/Santiago", "2026-09-06T00:30:00", "2026-09-06T01:30:00-03:00",
                               "2026-04-04T23:30:00", "2026-04-04T23:30:00-03:00"}));

TEST(calendar_time_test, refuses_what_is_no_time) {
  for (const char* bad : {"",
                          "2026-12-01",
                          "2026-12-01T09:00",
                          "2026-12-01T9:00:00",
                          "2026-13-01T09:00:00",
                          "2026-02-29T09:00:00",
                          "2026-12-01T24:00:00",
                          "2026-12-01T09:60:00",
                          "2026-12-01T09:00:60",
                          "2026-12-01 09:00:00",
                          "2026-12-01T09:00:00.",
                          "2026-12-01T09:00:00.1234567890123",
                          "2026-12-01T09:00:00+1:00",
                          "2026-12-01T09:00:00+24:00",
                          "2026-12-01T09:00:00+01:60",
                          "2026-12-01T09:00:00Zx",
                          "2026-12-01T09:00:00+01:00Z",
                          "-2026-12-01T09:00:00",
                          "２026-12-01T09:00:00",
                          "2026-12-01T09:00:00 "})
    EXPECT_EQ(told(bad, "UTC"), "malformed_date_time") << bad;
  EXPECT_EQ(told("2026-12-01T09:00:00", ""), "missing_time_zone");
  EXPECT_EQ(told("2026-12-01T09:00:00", "Europe/Atlantis"), "unknown_time_zone");
  EXPECT_EQ(read_zoned_time("x", "UTC").error().kind, errc::invalid);
}

TEST(calendar_time_test, keeps_to_its_range_of_years) {
  EXPECT_EQ(told("0001-01-01T00:00:00.0000000", "UTC"), "time_out_of_range");
  EXPECT_EQ(told("9999-12-31T23:59:59.9999999", "UTC"), "time_out_of_range");
  EXPECT_EQ(told("1899-12-31T23:59:59Z", "UTC"), "time_out_of_range");
  EXPECT_EQ(told("2200-12-31T23:59:59Z", "Asia/Tokyo"), "time_out_of_range");
  EXPECT_EQ(told("1900-01-01T00:00:00", "UTC"), "1900-01-01T00:00:00Z UTC");
  EXPECT_EQ(told("2200-12-31T23:59:59", "UTC"), "2200-12-31T23:59:59Z UTC");
}

TEST(calendar_time_test, reads_and_writes_dates) {
  EXPECT_EQ(write_date(read_date("2028-02-29").value()), "2028-02-29");
  for (const char* bad : {"", "2026-2-1", "2026-02-29", "2026-12-01T00:00:00", "20261201", "2026-12-00"})
    EXPECT_EQ(read_date(bad).error().code, "malformed_date") << bad;
  EXPECT_EQ(read_date("1899-12-31").error().code, "time_out_of_range");
  EXPECT_EQ(read_date("2201-01-01").error().code, "time_out_of_range");
}

TEST(calendar_time_test, begins_a_date_at_its_first_moment_in_the_zone) {
  const calendar_time date = read_date("2026-09-06").value(); // Chile's clocks jump at midnight

  EXPECT_EQ(write_with_offset(at_zone(instant_of(date, "America/Santiago"), "America/Santiago").value()),
            "2026-09-06T01:00:00-03:00");
  EXPECT_EQ(write_with_offset(at_zone(instant_of(date), "UTC").value()), "2026-09-06T00:00:00Z");
  EXPECT_EQ(instant_of(date, "Nowhere/Else"), instant_of(date));
  const calendar_time zoned = read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin").value();
  EXPECT_EQ(instant_of(zoned, "Asia/Tokyo"), std::get<zoned_time>(zoned).utc);
}

TEST(calendar_time_test, shows_an_instant_on_a_zones_clock) {
  const auto t = read_zoned_time("2026-12-01T08:00:00Z", "").value();

  EXPECT_EQ(write_local(at_zone(t.utc, "Asia/Kathmandu").value()), "2026-12-01T13:45:00");
  EXPECT_EQ(at_zone(t.utc, "W. Europe Standard Time").error().code, "unknown_time_zone");
}

TEST(calendar_time_test, tells_an_odd_offset_of_long_ago_in_utc) {
  const auto t = read_zoned_time("1900-06-01T12:00:00", "Europe/Amsterdam").value();

  EXPECT_EQ(read_zoned_time(write_with_offset(t), "Europe/Amsterdam").value(), t);
}

TEST(calendar_time_test, reads_back_every_time_it_wrote) {
  for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"})
    for (int hour = 0; hour < 24 * 366; hour += 7) {
      const auto utc = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::hours(hour);
      const auto t = at_zone(utc, zone).value();
      ASSERT_EQ(read_zoned_time(write_with_offset(t), zone).value(), t) << zone << " " << hour;
    }
}

} // namespace
} // namespace kalends
