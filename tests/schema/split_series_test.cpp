// SPDX-License-Identifier: Apache-2.0
#include "tests/schema/series_under_test.hpp"

#include <gtest/gtest.h>

namespace kalends {
namespace {

using strings = std::vector<std::string>;

appointment daily(std::string rule) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", std::move(rule));
  return *canonical_series(a);
}

TEST(split_series_test, a_count_is_shared_out) {
  const auto halves = split_series(daily("FREQ=DAILY;COUNT=10"), slot("2026-12-05T09:00:00"));

  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(halves->before.repeats->rrule, "FREQ=DAILY;COUNT=4");
  EXPECT_EQ(halves->from_there.repeats->rrule, "FREQ=DAILY;COUNT=6");
  EXPECT_EQ(written(halves->from_there.start), "2026-12-05T09:00:00+01:00");
  EXPECT_EQ(written(halves->from_there.end), "2026-12-05T10:00:00+01:00");
}

TEST(split_series_test, an_endless_rule_ends_before_and_goes_on_from_there) {
  const auto halves = split_series(daily("FREQ=DAILY"), slot("2026-12-05T09:00:00"));

  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(halves->before.repeats->rrule, "FREQ=DAILY;UNTIL=20261204T225959Z");
  EXPECT_EQ(halves->from_there.repeats->rrule, "FREQ=DAILY");
}

TEST(split_series_test, an_until_stays_with_the_second) {
  const auto a = *canonical_series(all_day_series("2026-12-01", "FREQ=WEEKLY;UNTIL=20261229", 2));
  const auto halves = split_series(a, slot("2026-12-15"));

  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(halves->before.repeats->rrule, "FREQ=WEEKLY;UNTIL=20261208");
  EXPECT_EQ(halves->from_there.repeats->rrule, "FREQ=WEEKLY;UNTIL=20261229");
  EXPECT_EQ(written(halves->from_there.end), "2026-12-17");
}

TEST(split_series_test, exceptions_go_with_their_slots) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY;COUNT=10");
  a.repeats->exdates = {slot("2026-12-03T09:00:00"), slot("2026-12-07T09:00:00")};
  a.repeats->rdates = {slot("2026-12-02T15:00:00"), slot("2026-12-06T15:00:00")};
  a.repeats->changed = {retitled(a, "2026-12-04T09:00:00", "Before"),
                        retitled(a, "2026-12-05T09:00:00", "First"),
                        retitled(a, "2026-12-09T09:00:00", "Later")};
  a = *canonical_series(a);

  const auto halves = split_series(a, slot("2026-12-05T09:00:00"));

  ASSERT_TRUE(halves.has_value());
  const auto& before = *halves->before.repeats;
  const auto& after = *halves->from_there.repeats;
  EXPECT_EQ(before.exdates, std::vector{slot("2026-12-03T09:00:00")});
  EXPECT_EQ(after.exdates, std::vector{slot("2026-12-07T09:00:00")});
  EXPECT_EQ(before.rdates, std::vector{slot("2026-12-02T15:00:00")});
  EXPECT_EQ(after.rdates, std::vector{slot("2026-12-06T15:00:00")});
  ASSERT_EQ(before.changed.size(), 1u);
  EXPECT_EQ(before.changed[0].what.title, "Before");
  ASSERT_EQ(after.changed.size(), 2u);
  EXPECT_EQ(after.changed[0].what.title, "First");
  EXPECT_EQ(halves->from_there.title, a.title); // the series' values, not the occurrence's
}

TEST(split_series_test, both_halves_together_take_place_as_the_whole_did) {
  for (const auto* rule :
       {"FREQ=DAILY;COUNT=40", "FREQ=WEEKLY;COUNT=20;BYDAY=TU,TH", "FREQ=MONTHLY;BYDAY=1TU;COUNT=9",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;COUNT=12;WKST=SU", "FREQ=YEARLY;COUNT=5",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=1,-1;COUNT=12"}) {
    const auto whole = daily(rule);
    const auto slots = slots_of(whole, 100);
    for (std::size_t i = 1; i < slots.size(); ++i) {
      const auto halves = split_series(whole, slots[i]);
      ASSERT_TRUE(halves.has_value()) << rule << ": " << halves.error().detail;
      auto both = written_starts(halves->before, 100);
      for (auto& s : written_starts(halves->from_there, 100)) both.push_back(std::move(s));
      EXPECT_EQ(both, written_starts(whole, 100)) << rule << " at " << i;
    }
  }
}

TEST(split_series_test, a_series_of_dates_is_parted) {
  auto a = all_day_series("2026-12-01", "");
  a.repeats->rdates = {slot("2026-12-08"), slot("2026-12-24"), slot("2026-12-31")};
  a = *canonical_series(a);

  const auto halves = split_series(a, slot("2026-12-24"));

  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(written_slots(halves->before, 9), (strings{"2026-12-01", "2026-12-08"}));
  EXPECT_EQ(written_slots(halves->from_there, 9), (strings{"2026-12-24", "2026-12-31"}));
}

TEST(split_series_test, refuses_what_would_not_be_two_series) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=4");
  a.repeats->exdates = {slot("2026-12-01T09:00:00"), slot("2026-12-15T09:00:00")};
  a.repeats->rdates = {slot("2026-12-10T09:00:00")};
  a = *canonical_series(a);
  const auto code = [&](const char* at) {
    const auto halves = split_series(a, slot(at));
    return halves ? std::string() : halves.error().code;
  };

  EXPECT_EQ(code("2026-12-02T09:00:00"), "occurrence_not_found");
  EXPECT_EQ(code("2026-12-15T09:00:00"), "occurrence_not_found"); // cancelled
  EXPECT_EQ(code("2026-12-08T09:00:00"), "series_begins_there");  // the first is cancelled
  EXPECT_EQ(code("2026-12-10T09:00:00"), "start_not_in_rrule");   // added, not of the rule
  EXPECT_EQ(code("2026-12-22T09:00:00"), "");
  EXPECT_EQ(split_series(daily("FREQ=DAILY"), slot("2026-12-01T09:00:00")).error().code,
            "series_begins_there");
  auto single = daily("FREQ=DAILY");
  single.repeats.reset();
  EXPECT_EQ(split_series(single, slot("2026-12-01T09:00:00")).error().code, "occurrence_not_found");
}

TEST(split_series_test, does_not_move_a_series_to_the_clock_behind_a_gap) {
  const auto a =
      *canonical_series(timed_series("2026-03-27T02:30:00", "Europe/Berlin", "FREQ=DAILY;COUNT=5"));

  EXPECT_EQ(split_series(a, slot("2026-03-29T03:30:00")).error().code, "start_not_in_rrule");
  EXPECT_TRUE(split_series(a, slot("2026-03-30T02:30:00")).has_value());
}

} // namespace
} // namespace kalends
