// SPDX-License-Identifier: Apache-2.0
#include "tests/schema/series_under_test.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

namespace kalends {
namespace {

using namespace std::chrono;
using strings = std::vector<std::string>;

sys_seconds utc(std::string_view text) { return read_zoned_time(text, "")->utc; }

TEST(recurrence_test, a_series_keeps_its_hour_when_summer_time_begins_and_ends) {
  struct zone_case {
    const char* zone;
    const char* first;
    strings starts;
  };
  const std::vector<zone_case> cases{
      {"Europe/Berlin",
       "2026-03-28T09:00:00",
       {"2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"}},
      {"Europe/Berlin",
       "2026-10-24T09:00:00",
       {"2026-10-24T09:00:00+02:00", "2026-10-25T09:00:00+01:00", "2026-10-26T09:00:00+01:00"}},
      {"America/New_York",
       "2026-03-07T09:00:00",
       {"2026-03-07T09:00:00-05:00", "2026-03-08T09:00:00-04:00", "2026-03-09T09:00:00-04:00"}},
      {"America/New_York",
       "2026-10-31T09:00:00",
       {"2026-10-31T09:00:00-04:00", "2026-11-01T09:00:00-05:00", "2026-11-02T09:00:00-05:00"}},
      {"Australia/Lord_Howe",
       "2026-10-03T09:00:00",
       {"2026-10-03T09:00:00+10:30", "2026-10-04T09:00:00+11:00", "2026-10-05T09:00:00+11:00"}},
      {"Asia/Kolkata",
       "2026-03-28T09:00:00",
       {"2026-03-28T09:00:00+05:30", "2026-03-29T09:00:00+05:30", "2026-03-30T09:00:00+05:30"}},
      {"UTC",
       "2026-03-28T09:00:00",
       {"2026-03-28T09:00:00Z", "2026-03-29T09:00:00Z", "2026-03-30T09:00:00Z"}},
  };
  for (const auto& c : cases) {
    const auto a = canonical_series(timed_series(c.first, c.zone, "FREQ=DAILY;COUNT=3"));
    ASSERT_TRUE(a.has_value()) << c.zone;
    EXPECT_EQ(written_starts(*a, 10), c.starts) << c.zone;
  }
}

TEST(recurrence_test, a_time_that_summer_time_skips_is_held_behind_the_gap_and_goes_back) {
  const auto a =
      *canonical_series(timed_series("2026-03-28T02:30:00", "Europe/Berlin", "FREQ=DAILY;COUNT=3"));

  EXPECT_EQ(written_starts(a, 10),
            (strings{"2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}));
  EXPECT_EQ(written_slots(a, 10),
            (strings{"2026-03-28T02:30:00", "2026-03-29T03:30:00", "2026-03-30T02:30:00"}));
  EXPECT_TRUE(has_slot(a, slot("2026-03-29T03:30:00")));
  EXPECT_TRUE(has_slot(a, slot("2026-03-29T02:30:00"))); // the same, named as the rule says
}

TEST(recurrence_test, a_time_that_exists_twice_is_the_first) {
  const auto a =
      *canonical_series(timed_series("2026-10-24T02:30:00", "Europe/Berlin", "FREQ=DAILY;COUNT=3"));

  EXPECT_EQ(written_starts(a, 10),
            (strings{"2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}));
}

TEST(recurrence_test, an_occurrence_lasts_as_long_as_the_first_even_over_a_change_of_summer_time) {
  auto a = timed_series("2026-03-27T23:00:00", "Europe/Berlin", "FREQ=DAILY;COUNT=2");
  a.end = *read_zoned_time("2026-03-28T07:00:00", "Europe/Berlin");
  a = *canonical_series(a);

  const auto shift = occurrence_at(a, slot("2026-03-28T23:00:00"));

  ASSERT_TRUE(shift.has_value());
  EXPECT_EQ(written(shift->what.end), "2026-03-29T08:00:00+02:00");
}

TEST(recurrence_test, an_occurrence_out_of_a_gap_lasts_as_long_as_the_first) {
  auto a = timed_series("2027-11-07T02:45:00", "America/Los_Angeles",
                        "FREQ=WEEKLY;UNTIL=20280313T065959Z;INTERVAL=3");
  a.end = *read_zoned_time("2027-11-07T06:45:00", "America/Los_Angeles");
  a = *canonical_series(a);

  const auto shift = occurrence_at(a, slot("2028-03-12T02:45:00"));

  ASSERT_TRUE(shift.has_value());
  EXPECT_EQ(shift->at, slot("2028-03-12T03:45:00"));
  EXPECT_EQ(written(shift->what.start), "2028-03-12T03:45:00-07:00");
  EXPECT_EQ(written(shift->what.end), "2028-03-12T07:45:00-07:00");
}

TEST(recurrence_test, all_day_occurrences_last_whole_days) {
  const auto a = *canonical_series(all_day_series("2026-12-30", "FREQ=WEEKLY;COUNT=2", 3));

  const auto page = occurrences_between(a, utc("2026-12-01T00:00:00Z"), utc("2027-02-01T00:00:00Z"));

  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(written(page.items[1].what.start), "2027-01-06");
  EXPECT_EQ(written(page.items[1].what.end), "2027-01-09");
}

TEST(recurrence_test, cancelled_ones_count_and_do_not_take_place) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY;COUNT=4");
  a.repeats->exdates = {slot("2026-12-02T09:00:00")};
  a = *canonical_series(a);

  EXPECT_EQ(written_starts(a, 10),
            (strings{"2026-12-01T09:00:00+01:00", "2026-12-03T09:00:00+01:00", "2026-12-04T09:00:00+01:00"}));
  EXPECT_TRUE(has_slot(a, slot("2026-12-02T09:00:00")));
  EXPECT_FALSE(occurrence_at(a, slot("2026-12-02T09:00:00")).has_value());
  EXPECT_FALSE(occurrence_at(a, slot("2026-12-05T09:00:00")).has_value());
}

TEST(recurrence_test, added_dates_stand_among_those_of_the_rule) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=2");
  a.repeats->rdates = {slot("2027-01-01T10:00:00"), slot("2026-12-03T15:00:00")};
  a = *canonical_series(a);

  EXPECT_EQ(written_slots(a, 10), (strings{"2026-12-01T09:00:00", "2026-12-03T15:00:00",
                                           "2026-12-08T09:00:00", "2027-01-01T10:00:00"}));
}

TEST(recurrence_test, dates_alone_are_a_series_with_its_start) {
  auto a = all_day_series("2026-12-01", "");
  a.repeats->rdates = {slot("2026-12-24"), slot("2026-12-08")};
  a = *canonical_series(a);

  EXPECT_EQ(written_slots(a, 10), (strings{"2026-12-01", "2026-12-08", "2026-12-24"}));
  EXPECT_EQ(end_of_series(a), utc("2026-12-25T00:00:00Z"));
}

TEST(recurrence_test, a_moved_occurrence_is_found_where_it_takes_place) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=WEEKLY");
  auto moved = retitled(a, "2026-12-08T09:00:00", "Inspection");
  moved.what.start = *read_zoned_time("2026-12-18T12:00:00", "Europe/Berlin");
  moved.what.end = *read_zoned_time("2026-12-18T13:00:00", "Europe/Berlin");
  a.repeats->changed = {moved};
  a = *canonical_series(a);

  EXPECT_TRUE(occurrences_between(a, utc("2026-12-07T00:00:00Z"), utc("2026-12-10T00:00:00Z")).items.empty());
  const auto page = occurrences_between(a, utc("2026-12-10T00:00:00Z"), utc("2026-12-20T00:00:00Z"));
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_FALSE(page.items[0].changed);
  EXPECT_TRUE(page.items[1].changed);
  EXPECT_EQ(page.items[1].at, slot("2026-12-08T09:00:00"));
}

TEST(recurrence_test, an_occurrence_belongs_to_a_span_that_it_touches_inside) {
  const auto a = *canonical_series(timed_series("2026-12-01T09:00:00", "UTC", "FREQ=DAILY;COUNT=3"));

  EXPECT_TRUE(occurrences_between(a, utc("2026-12-01T10:00:00Z"), utc("2026-12-02T09:00:00Z")).items.empty());
  EXPECT_EQ(occurrences_between(a, utc("2026-12-01T09:59:59Z"), utc("2026-12-02T09:00:01Z")).items.size(),
            2u);
}

TEST(recurrence_test, a_page_is_cut_at_its_limit_and_says_so) {
  const auto a = *canonical_series(timed_series("2026-12-01T09:00:00", "UTC", "FREQ=DAILY"));
  const auto from = utc("2026-12-01T00:00:00Z");

  const auto cut = occurrences_between(a, from, from + days(10), 4);
  EXPECT_EQ(cut.items.size(), 4u);
  EXPECT_TRUE(cut.more);
  const auto whole = occurrences_between(a, from, from + days(4), 4);
  EXPECT_EQ(whole.items.size(), 4u);
  EXPECT_FALSE(whole.more);
}

TEST(recurrence_test, a_single_appointment_is_its_own_only_occurrence) {
  auto a = timed_series("2026-12-01T09:00:00", "UTC", "");
  a.repeats.reset();

  EXPECT_EQ(written_slots(a, 10), strings{"2026-12-01T09:00:00"});
  EXPECT_EQ(written_starts(a, 10), strings{"2026-12-01T09:00:00Z"});
  EXPECT_TRUE(occurrence_at(a, slot("2026-12-01T09:00:00")).has_value());
  EXPECT_FALSE(occurrence_at(a, slot("2026-12-02T09:00:00")).has_value());
  EXPECT_EQ(end_of_series(a), utc("2026-12-01T10:00:00Z"));
}

TEST(recurrence_test, a_series_ends_with_its_last_occurrence_or_never) {
  auto a = timed_series("2026-12-01T09:00:00", "UTC", "FREQ=DAILY;COUNT=3");
  EXPECT_EQ(end_of_series(*canonical_series(a)), utc("2026-12-03T10:00:00Z"));

  a.repeats->exdates = {slot("2026-12-03T09:00:00")};
  EXPECT_EQ(end_of_series(*canonical_series(a)), utc("2026-12-02T10:00:00Z"));

  a.repeats->rrule = "FREQ=DAILY";
  EXPECT_FALSE(end_of_series(*canonical_series(a)).has_value());
}

TEST(recurrence_test, slots_are_written_and_read) {
  EXPECT_EQ(write_slot(slot("2026-12-01T09:00:00"), false), "2026-12-01T09:00:00");
  EXPECT_EQ(write_slot(slot("2026-12-01"), true), "2026-12-01");
  for (const auto* text :
       {"", "2026", "2026-12-1", "2026-13-01", "2026-12-01T25:00:00", "2026-12-01 09:00:00",
        "2026-12-01T09:00:00Z", "2026-12-01T09:00:00+01:00", "20261201T090000Z", "tomorrow!!"})
    EXPECT_FALSE(read_slot(text).has_value()) << text;
}

TEST(recurrence_test, what_other_libraries_get_wrong_is_right) {
  const std::vector<std::tuple<const char*, const char*, strings>> cases{
      {"FREQ=DAILY;BYMONTHDAY=-1", "2026-01-31", {"2026-01-31", "2026-02-28", "2026-03-31"}},
      {"FREQ=YEARLY;BYMONTHDAY=-1", "2026-01-31", {"2026-01-31", "2026-02-28", "2026-03-31"}},
      {"FREQ=YEARLY;BYWEEKNO=53", "2020-12-28", {"2020-12-28", "2026-12-28", "2032-12-27"}},
      {"FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU", "2020-12-28", {"2020-12-28", "2021-01-03", "2021-01-04"}},
      {"FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "2027-01-03", {"2027-01-03", "2028-01-02", "2028-12-31"}},
      {"FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=2", "2026-01-06", {"2026-01-06", "2026-01-13", "2026-01-20"}},
      {"FREQ=WEEKLY;BYDAY=MO,TU,SU;BYSETPOS=1;WKST=SU",
       "2026-01-04",
       {"2026-01-04", "2026-01-11", "2026-01-18"}},
      {"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1", "2026-01-27", {"2026-01-27", "2026-02-02", "2026-02-24"}},
      {"FREQ=YEARLY;BYMONTH=3,9;BYSETPOS=-1", "2026-09-15", {"2026-09-15", "2027-09-15", "2028-09-15"}},
      {"FREQ=YEARLY;BYYEARDAY=-1,366", "2026-12-31", {"2026-12-31", "2027-12-31", "2028-12-31"}},
      {"FREQ=YEARLY", "2024-02-29", {"2024-02-29", "2028-02-29", "2032-02-29"}},
      {"FREQ=MONTHLY", "2026-01-31", {"2026-01-31", "2026-03-31", "2026-05-31"}},
  };
  for (const auto& [rule, start, dates] : cases) {
    const auto a = canonical_series(all_day_series(start, rule));
    ASSERT_TRUE(a.has_value()) << rule << ": " << a.error().detail;
    EXPECT_EQ(written_slots(*a, 3), dates) << rule;
  }
}

TEST(recurrence_test, hostile_rules_end_soon) {
  const auto begin = steady_clock::now();
  for (const auto* rule :
       {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=YEARLY;INTERVAL=9999;BYYEARDAY=366;BYMONTH=1",
        "FREQ=DAILY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6"}) {
    const auto a = canonical_series(all_day_series("1900-01-01", rule));
    ASSERT_FALSE(a.has_value()) << rule;
    EXPECT_EQ(a.error().code, "rrule_without_occurrence") << rule;
  }
  const auto forever = *canonical_series(all_day_series("1900-01-01", "FREQ=DAILY"));
  EXPECT_EQ(slots_of(forever, 1'000'000).size(), 109'573u); // to the end of 2199
  EXPECT_FALSE(has_slot(forever, slot("2199-12-31") + days(1)));
  EXPECT_LT(steady_clock::now() - begin, seconds(20));
}

TEST(recurrence_test, a_window_far_from_the_start_shows_what_the_walk_from_there_does) {
  const std::vector<std::string> rules{
      "FREQ=DAILY",
      "FREQ=DAILY;INTERVAL=17",
      "FREQ=DAILY;BYMONTH=3,10",
      "FREQ=DAILY;INTERVAL=3;BYMONTHDAY=-1,1,15",
      "FREQ=DAILY;UNTIL=20260401T000000Z",
      "FREQ=DAILY;COUNT=2000",
      "FREQ=WEEKLY",
      "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU,WE;WKST=SU",
      "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU,WE;WKST=MO",
      "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1,1",
      "FREQ=WEEKLY;BYMONTH=3;BYDAY=SU,MO",
      "FREQ=MONTHLY;BYDAY=-1SU",
      "FREQ=YEARLY;BYMONTH=3",
  };
  for (const auto& rule : rules) {
    auto a = timed_series("2019-03-13T02:30:00", "Europe/Berlin", rule); // a Wednesday; clocks skip 02:30
    a.repeats->rdates = {slot("2019-03-14T11:00:00"), slot("2026-03-28T23:00:00")};
    std::vector<std::pair<sys_seconds, recurrence_id>> all;
    for (const auto at : slots_of(a, 3'100)) all.emplace_back(instant_of(time_of_slot(a, at)), at);
    for (auto from = utc("2019-02-01T00:00:00Z"); from < utc("2027-06-01T00:00:00Z"); from += days(149)) {
      const auto to = from + days(9);
      std::vector<recurrence_id> shown, expected;
      for (const auto& o : occurrences_between(a, from, to).items) shown.push_back(o.at);
      for (const auto& [begins, at] : all)
        if (begins < to && begins + hours(1) > from) expected.push_back(at);
      EXPECT_EQ(shown, expected) << rule << " from " << from.time_since_epoch().count();
    }
  }
}

} // namespace
} // namespace kalends
