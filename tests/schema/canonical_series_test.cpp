// SPDX-License-Identifier: Apache-2.0
#include "schema/rrule.hpp"
#include "tests/schema/series_under_test.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

namespace kalends {
namespace {

using strings = std::vector<std::string>;

std::string kept(const appointment& a) {
  const auto c = canonical_series(a);
  return c ? c->repeats->rrule : c.error().code;
}

TEST(canonical_series_test, one_rule_has_one_spelling) {
  // 2026-12-01 is a Tuesday, the first of the month.
  const std::vector<std::tuple<const char*, const char*>> cases{
      {"FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY"},
      {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU", "FREQ=WEEKLY;INTERVAL=2"},
      {"freq=weekly;byday=th,tu", "FREQ=WEEKLY;BYDAY=TU,TH"},
      {"FREQ=DAILY;BYDAY=FR,MO,TU,WE,TH", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
      {"FREQ=DAILY;INTERVAL=2;BYDAY=TU", "FREQ=DAILY;INTERVAL=2;BYDAY=TU"},
      {"FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY"},
      {"FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYMONTHDAY=1,15"},
      {"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=1TU"},
      {"FREQ=MONTHLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=1", "FREQ=MONTHLY"},
      {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"},
      {"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1", "FREQ=YEARLY"},
      {"FREQ=YEARLY;BYMONTH=12", "FREQ=YEARLY"},
      {"FREQ=YEARLY;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTHDAY=1"},
      {"FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=6,12"},
      {"FREQ=YEARLY;BYMONTH=12;BYDAY=TU;BYSETPOS=1", "FREQ=YEARLY;BYDAY=1TU;BYMONTH=12"},
  };
  for (const auto& [rule, spelling] : cases) {
    const auto plain = timed_series("2026-12-01T09:00:00", "Europe/Berlin", rule);
    EXPECT_EQ(kept(plain), spelling) << rule;
    const auto once = canonical_series(plain);
    ASSERT_TRUE(once.has_value()) << rule;
    EXPECT_EQ(*canonical_series(*once), *once) << rule;
    EXPECT_EQ(written_slots(*once, 30), written_slots(plain, 30)) << rule;
  }
}

TEST(canonical_series_test, until_is_the_end_of_the_last_day) {
  for (const auto* until : {"20261215T080000Z", "20261215T235959", "20261220T120000Z", "20261222T075959Z"})
    EXPECT_EQ(
        kept(timed_series("2026-12-01T09:00:00", "Europe/Berlin", std::string("FREQ=WEEKLY;UNTIL=") + until)),
        "FREQ=WEEKLY;UNTIL=20261215T225959Z")
        << until;
  EXPECT_EQ(kept(timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=WEEKLY;UNTIL=20261222T080000Z")),
            "FREQ=WEEKLY;UNTIL=20261222T225959Z");
  EXPECT_EQ(kept(all_day_series("2026-12-01", "FREQ=WEEKLY;UNTIL=20261220")), "FREQ=WEEKLY;UNTIL=20261215");
}

TEST(canonical_series_test, an_until_in_utc_is_an_instant) {
  // 2026-12-02 in Auckland is 2026-12-01 in UTC.
  const auto a = canonical_series(
      timed_series("2026-12-01T09:00:00", "Pacific/Auckland", "FREQ=DAILY;UNTIL=20261202T195959Z"));
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(written_slots(*a, 9), (strings{"2026-12-01T09:00:00", "2026-12-02T09:00:00"}));
}

TEST(canonical_series_test, exceptions_without_effect_are_left_out) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY");
  a.repeats->rdates = {slot("2026-12-05T09:00:00"), slot("2026-12-05T11:00:00"), slot("2026-12-05T11:00:00")};
  a.repeats->exdates = {slot("2026-12-06T10:00:00"), slot("2026-12-04T09:00:00"), slot("2026-12-03T09:00:00"),
                        slot("2026-12-03T09:00:00")};
  a.repeats->changed = {retitled(a, "2026-12-09T09:00:00", "Other"),
                        retitled(a, "2026-12-08T09:00:00", a.title),
                        retitled(a, "2026-12-03T09:00:00", "Cancelled anyway")};

  const auto c = canonical_series(a);

  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->repeats->rdates, std::vector{slot("2026-12-05T11:00:00")});
  EXPECT_EQ(c->repeats->exdates, (std::vector{slot("2026-12-03T09:00:00"), slot("2026-12-04T09:00:00")}));
  ASSERT_EQ(c->repeats->changed.size(), 1u);
  EXPECT_EQ(c->repeats->changed[0].what.title, "Other");
}

TEST(canonical_series_test, of_two_changes_of_one_slot_the_last_counts) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY");
  a.repeats->changed = {retitled(a, "2026-12-09T09:00:00", "Older"),
                        retitled(a, "2026-12-09T09:00:00", "Newer")};

  const auto c = canonical_series(a);

  ASSERT_TRUE(c.has_value());
  ASSERT_EQ(c->repeats->changed.size(), 1u);
  EXPECT_EQ(c->repeats->changed[0].what.title, "Newer");
}

TEST(canonical_series_test, a_change_holds_no_series_and_no_guests_of_its_own) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY");
  auto c = retitled(a, "2026-12-09T09:00:00", "Other");
  c.what.repeats = recurrence{"FREQ=DAILY", {}, {}, {}};
  c.what.attendees = {{"a@example.com", "A", attendee_response::accepted, false, false}};
  a.repeats->changed = {c};

  const auto k = canonical_series(a);

  ASSERT_TRUE(k.has_value());
  EXPECT_FALSE(k->repeats->changed[0].what.repeats.has_value());
  EXPECT_TRUE(k->repeats->changed[0].what.attendees.empty());
}

TEST(canonical_series_test, nothing_that_repeats_is_no_series) {
  EXPECT_FALSE(canonical_series(timed_series("2026-12-01T09:00:00", "UTC", ""))->repeats.has_value());
  auto single = timed_series("2026-12-01T09:00:00", "UTC", "");
  single.repeats.reset();
  EXPECT_EQ(*canonical_series(single), single);
}

TEST(canonical_series_test, every_refusal_has_its_code) {
  const auto berlin = [](std::string rule) {
    return timed_series("2026-12-01T09:00:00", "Europe/Berlin", std::move(rule));
  };
  EXPECT_EQ(kept(berlin("FREQ=SOMETIMES")), "malformed_rrule");
  EXPECT_EQ(kept(berlin("FREQ=HOURLY")), "rrule_part_unsupported");
  EXPECT_EQ(kept(berlin("FREQ=YEARLY;INTERVAL=2;BYWEEKNO=49")), "rrule_part_unsupported");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;COUNT=2;UNTIL=20261224T000000Z")), "rrule_count_and_until");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;UNTIL=20261130T000000Z")), "rrule_until_before_start");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;UNTIL=20261201T085959")), "rrule_until_before_start");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;UNTIL=20261224")), "rrule_until_kind");
  EXPECT_EQ(kept(all_day_series("2026-12-01", "FREQ=DAILY;UNTIL=20261224T000000Z")), "rrule_until_kind");
  EXPECT_EQ(kept(berlin("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")), "rrule_without_occurrence");
  EXPECT_EQ(kept(berlin("FREQ=WEEKLY;BYDAY=WE")), "start_not_in_rrule");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;COUNT=10001")), "too_many_occurrences");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;COUNT=10000")), "FREQ=DAILY;COUNT=10000");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;UNTIL=21000101T000000Z")), "too_many_occurrences");
  EXPECT_EQ(kept(berlin("FREQ=DAILY;BYDAY=" + std::string(2'000, 'M'))), "rrule_too_long");

  auto elsewhere = berlin("FREQ=DAILY");
  std::get<zoned_time>(elsewhere.start).time_zone = "Customized Time Zone";
  EXPECT_EQ(kept(elsewhere), "unknown_time_zone");

  auto crowded = berlin("FREQ=DAILY");
  for (std::size_t i = 0; i <= limits::series_exceptions; ++i)
    crowded.repeats->exdates.push_back(slot("2026-12-01T09:00:00") + std::chrono::days(i));
  EXPECT_EQ(kept(crowded), "too_many_exceptions");

  auto stray = berlin("FREQ=DAILY");
  stray.repeats->changed = {retitled(stray, "2026-12-02T10:00:00", "Other")};
  EXPECT_EQ(kept(stray), "occurrence_not_in_series");

  auto early = berlin("FREQ=DAILY");
  early.repeats->rdates = {slot("2026-11-30T09:00:00")};
  EXPECT_EQ(kept(early), "start_not_in_rrule");
}

TEST(canonical_series_test, occurrences_may_overlap) {
  auto a = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY");
  a.end = *read_zoned_time("2026-12-03T09:00:00", "Europe/Berlin");
  EXPECT_EQ(kept(a), "FREQ=DAILY");
}

} // namespace
} // namespace kalends
