// SPDX-License-Identifier: Apache-2.0
#include "schema/calendar_time.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kalends {
namespace {

TEST(time_zone_test, knows_iana_names_and_only_those) {
  for (const char* name : {"UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                           "Asia/Calcutta", "Asia/Kolkata", "Europe/Kyiv", "Etc/GMT+5", "EST5EDT", "GMT"})
    EXPECT_TRUE(is_iana_zone(name)) << name;
  for (const char* name :
       {"", "Berlin", "europe/berlin", "GMT+5", "GMT-03:30", "UTC+1", "PST", "IST", "Etc/Unknown",
        "SystemV/PST8", "W. Europe Standard Time", "../etc/passwd", "\xff\xfe", "Europe/Berlin "})
    EXPECT_FALSE(is_iana_zone(name)) << name;
  EXPECT_FALSE(is_iana_zone(std::string(100'000, 'A')));
  EXPECT_FALSE(is_iana_zone(std::string_view("Europe/Berlin\0x", 15)));
}

TEST(time_zone_test, finds_the_windows_name) {
  EXPECT_EQ(windows_zone_of("Europe/Berlin"), "W. Europe Standard Time");
  EXPECT_EQ(windows_zone_of("Europe/Vienna"), "W. Europe Standard Time");
  EXPECT_EQ(windows_zone_of("Europe/Kyiv"), "FLE Standard Time");
  EXPECT_EQ(windows_zone_of("Asia/Kolkata"), "India Standard Time");
  EXPECT_EQ(windows_zone_of("America/New_York"), "Eastern Standard Time");
  EXPECT_EQ(windows_zone_of("UTC"), "UTC");
  EXPECT_EQ(windows_zone_of("Antarctica/Troll"), std::nullopt);
  EXPECT_EQ(windows_zone_of("Europe/Atlantis"), std::nullopt);
  EXPECT_EQ(windows_zone_of("GMT+5"), std::nullopt);
}

TEST(time_zone_test, finds_the_present_iana_name) {
  EXPECT_EQ(iana_zone_of("W. Europe Standard Time"), "Europe/Berlin");
  EXPECT_EQ(iana_zone_of("India Standard Time"), "Asia/Kolkata");
  EXPECT_EQ(iana_zone_of("Nepal Standard Time"), "Asia/Kathmandu");
  EXPECT_EQ(iana_zone_of("FLE Standard Time"), "Europe/Kyiv");
  EXPECT_EQ(iana_zone_of("UTC"), "UTC");
  EXPECT_EQ(iana_zone_of("UTC-11"), "Etc/GMT+11");
  EXPECT_EQ(iana_zone_of("Coordinated Universal Time"), "UTC");
  EXPECT_EQ(iana_zone_of("Kamchatka Standard Time"), "Asia/Kamchatka");
  EXPECT_EQ(iana_zone_of("Customized Time Zone"), std::nullopt);
  EXPECT_EQ(iana_zone_of(""), std::nullopt);
  EXPECT_EQ(iana_zone_of("W. Europe Standard Time/001"), std::nullopt);
  EXPECT_EQ(iana_zone_of("\xc3\xa9t\xc3\xa9"), std::nullopt);
}

TEST(time_zone_test, every_windows_name_leads_to_a_zone_that_is_known) {
  for (const char* iana :
       {"Europe/Berlin", "Europe/London", "America/Chicago", "America/Sao_Paulo", "Asia/Tokyo",
        "Asia/Kathmandu", "Australia/Adelaide", "Pacific/Chatham", "Africa/Cairo", "Asia/Tehran"}) {
    const auto windows = windows_zone_of(iana);
    ASSERT_TRUE(windows) << iana;
    const auto back = iana_zone_of(*windows);
    ASSERT_TRUE(back && is_iana_zone(*back)) << *windows;
    EXPECT_EQ(windows_zone_of(*back), windows);
  }
}

TEST(time_zone_test, serves_many_threads) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t n = 0; n < wrong.size(); ++n)
    threads.emplace_back([&wrong, n] {
      for (int i = 0; i < 200; ++i)
        if (write_with_offset(read_zoned_time("2026-07-01T09:00:00", "Europe/Berlin").value()) !=
            "2026-07-01T09:00:00+02:00")
          ++wrong[n];
    });
  for (auto& t : threads) t.join();

  EXPECT_EQ(wrong, (std::vector<int>{0, 0, 0, 0}));
}

} // namespace
} // namespace kalends
