// SPDX-License-Identifier: Apache-2.0
#include "schema/sync.hpp"
#include "tests/schema/series_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace kalends {
namespace {

const appointment series = timed_series("2026-12-01T09:00:00", "Europe/Berlin", "FREQ=DAILY");
const recurrence_id at = slot("2026-12-05T09:00:00");

/// One slot: as planned, cancelled, or changed in one of two ways.
enum class state { planned, cancelled, one_way, other_way };
constexpr std::array all_states{state::planned, state::cancelled, state::one_way, state::other_way};

recurrence with(state s) {
  recurrence r = *series.repeats;
  if (s == state::cancelled) r.exdates = {at};
  if (s == state::one_way) r.changed = {retitled(series, "2026-12-05T09:00:00", "One way")};
  if (s == state::other_way) r.changed = {retitled(series, "2026-12-05T09:00:00", "Other way")};
  return r;
}

TEST(merge_occurrences_test, every_meeting_of_two_sides_in_one_slot) {
  for (const auto base : all_states)
    for (const auto local : all_states)
      for (const auto external : all_states)
        for (const bool external_wins : {false, true}) {
          const auto m = merge_occurrences(with(base), with(local), with(external), external_wins);

          const bool overlap = local != base && external != base && local != external;
          const auto expected =
              overlap ? (external_wins ? external : local) : (local != base ? local : external);
          EXPECT_EQ(m.merged, with(expected)) << int(base) << int(local) << int(external) << external_wins;
          EXPECT_EQ(m.overlaps, overlap ? std::vector{at} : std::vector<recurrence_id>{})
              << int(base) << int(local) << int(external) << external_wins;
        }
}

TEST(merge_occurrences_test, slots_are_merged_each_for_itself_and_in_order) {
  recurrence base = *series.repeats;
  base.exdates = {slot("2026-12-03T09:00:00")};
  auto local = base;
  local.rdates = {slot("2026-12-24T15:00:00")};
  local.exdates = {slot("2026-12-03T09:00:00"), slot("2026-12-09T09:00:00")};
  local.changed = {retitled(series, "2026-12-07T09:00:00", "Ours")};
  auto external = base;
  external.rrule = "FREQ=DAILY;COUNT=30";
  external.exdates = {slot("2026-12-04T09:00:00")};
  external.changed = {retitled(series, "2026-12-06T09:00:00", "Theirs"),
                      retitled(series, "2026-12-09T09:00:00", "Theirs, too")};

  const auto m = merge_occurrences(base, local, external, false);

  EXPECT_EQ(m.merged.rrule, local.rrule);
  EXPECT_EQ(m.merged.rdates, local.rdates);
  EXPECT_EQ(m.merged.exdates, (std::vector{slot("2026-12-04T09:00:00"), slot("2026-12-09T09:00:00")}));
  ASSERT_EQ(m.merged.changed.size(), 2u);
  EXPECT_EQ(m.merged.changed[0].what.title, "Theirs");
  EXPECT_EQ(m.merged.changed[1].what.title, "Ours");
  EXPECT_EQ(m.overlaps, std::vector{slot("2026-12-09T09:00:00")});
}

TEST(merge_occurrences_test, renamed_slots_move_with_the_start) {
  auto r = with(state::one_way);
  r.exdates = {slot("2026-12-06T09:00:00")};
  r.rdates = {slot("2026-12-24T15:00:00")};
  rename_slots(r, series.start, *read_zoned_time("2026-12-02T10:30:00", "Europe/Berlin"));

  EXPECT_EQ(r.exdates, std::vector{slot("2026-12-07T10:30:00")});
  EXPECT_EQ(r.rdates, std::vector{slot("2026-12-25T16:30:00")});
  EXPECT_EQ(r.changed[0].at, slot("2026-12-06T10:30:00"));
}

TEST(merge_occurrences_test, a_series_that_becomes_all_day_names_its_slots_by_dates) {
  auto r = with(state::cancelled);
  rename_slots(r, series.start, *read_date("2026-12-01"));

  EXPECT_EQ(r.exdates, std::vector{slot("2026-12-05")});
}

} // namespace
} // namespace kalends
