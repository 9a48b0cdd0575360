// SPDX-License-Identifier: Apache-2.0
#include "actors/event_set.hpp"
#include "actors/plan_renewal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kalends::actors {
namespace {

const instant noon{std::chrono::hours(500'000)};
constexpr std::uint16_t least = 0, most = 65'535;

struct plan_case {
  const char* name;
  std::chrono::milliseconds life, earliest, latest;
};

class plan_renewal_test : public ::testing::TestWithParam<plan_case> {};

TEST_P(plan_renewal_test, lies_within_the_cadence_and_well_before_the_end) {
  const auto& c = GetParam();
  const auto ends = noon + c.life;

  EXPECT_EQ(plan_renewal(noon, ends, least), noon + c.earliest);
  const auto last = plan_renewal(noon, ends, most);
  EXPECT_LE(last, noon + c.latest);
  EXPECT_GE(last, noon + c.latest - 1s);
}

INSTANTIATE_TEST_SUITE_P(lives, plan_renewal_test,
                         ::testing::Values(plan_case{"google", 168h, 40h, 50h},
                                           plan_case{"graph", 163h, 40h, 50h},
                                           plan_case{"half_its_life_is_the_cadence", 100h, 40h, 50h},
                                           plan_case{"a_day", 24h, 9h + 36min, 12h},
                                           plan_case{"an_hour", 1h, 24min, 30min},
                                           plan_case{"over", 0h, 0h, 1s}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(renewal_missed_test, is_a_plan_that_went_by_without_an_attempt) {
  channel_health h;
  EXPECT_FALSE(renewal_missed(h, noon));
  h.renews_at = noon;
  EXPECT_FALSE(renewal_missed(h, noon + renewal_overdue_after - 1ms));
  EXPECT_TRUE(renewal_missed(h, noon + renewal_overdue_after));
  h.attempted_at = noon - 1h;
  EXPECT_TRUE(renewal_missed(h, noon + renewal_overdue_after));
  h.attempted_at = noon + 1s;
  EXPECT_FALSE(renewal_missed(h, noon + renewal_overdue_after));
}

struct told_case {
  const char* name;
  std::chrono::milliseconds changed; ///< after noon
  bool should;
};

class should_have_told_test : public ::testing::TestWithParam<told_case> {};

/// The channel stands since noon, the last notice came at one o'clock, the read began at two.
TEST_P(should_have_told_test, judges_one_change) {
  const channel_story story{noon, noon + 1h};

  EXPECT_EQ(should_have_told(story, std::vector{noon + GetParam().changed}, noon + 2h), GetParam().should);
}

INSTANTIATE_TEST_SUITE_P(changes, should_have_told_test,
                         ::testing::Values(told_case{"before_the_channel_stood", -1min, false},
                                           told_case{"before_the_last_notice", 59min, false},
                                           told_case{"after_the_last_notice", 61min, true},
                                           told_case{"long_enough_before_the_read", 117min, true},
                                           told_case{"its_notice_may_still_come", 118min, false},
                                           told_case{"while_it_was_read", 121min, false}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(silence_test, begins_with_the_second_untold_read_and_ends_with_a_notice) {
  silence s;
  EXPECT_EQ(note_untold(s, false), silence_verdict::nothing);
  EXPECT_EQ(note_untold(s, false), silence_verdict::fell_silent);
  EXPECT_EQ(note_untold(s, true), silence_verdict::nothing);

  EXPECT_EQ(note_notice(s, true), silence_verdict::speaks_again);
  EXPECT_EQ(note_untold(s, false), silence_verdict::nothing);
  EXPECT_EQ(note_notice(s, false), silence_verdict::nothing);
}

TEST(window_test, neighbouring_windows_overlap_in_all_but_a_week_or_two) {
  const auto w = window_at(noon);

  EXPECT_FALSE(window_ends(std::nullopt, noon));
  EXPECT_FALSE(window_ends(w, noon + window_rolls_every));
  EXPECT_FALSE(window_ends(w, noon + 2 * window_rolls_every));
  EXPECT_TRUE(window_ends(w, noon + 2 * window_rolls_every + 1ms));
  const auto next = window_at(noon + 2 * window_rolls_every);
  EXPECT_LT(next.from, w.to);
  EXPECT_GT(w.to - next.from, window_ahead);
}

TEST(reconcile_test, is_planned_within_its_interval_and_spread) {
  EXPECT_EQ(reconcile_every(24h, provider_type::google), std::chrono::milliseconds(24h));
  EXPECT_EQ(reconcile_every(0h, provider_type::google), std::nullopt);
  EXPECT_EQ(reconcile_every(0h, provider_type::microsoft), window_rolls_every);
  EXPECT_EQ(reconcile_every(24h * 90, provider_type::microsoft), window_rolls_every);
  EXPECT_EQ(first_reconcile(noon, 24h, least), noon);
  EXPECT_LT(first_reconcile(noon, 24h, most), noon + 24h);
  EXPECT_EQ(next_reconcile(noon, 20h, least), noon + 18h);
  EXPECT_LE(next_reconcile(noon, 20h, most), noon + 22h);
  EXPECT_EQ(reconcile_again(noon, 1, least), noon + 1h);
  EXPECT_EQ(reconcile_again(noon, 100, least), noon + 6h);
}

TEST(event_set_test, knows_what_was_added_and_grows) {
  event_set seen(42);
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(seen.add("event-" + std::to_string(i)));

  EXPECT_FALSE(seen.add("event-7"));
  EXPECT_EQ(seen.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(seen.contains("event-" + std::to_string(i)));
  for (int i = 20'000; i < 40'000; ++i) ASSERT_FALSE(seen.contains("event-" + std::to_string(i)));
  EXPECT_FALSE(event_set().contains("anything"));
}

TEST(event_set_test, gives_up_at_its_limit_and_says_so) {
  event_set seen;
  for (std::size_t i = 0; i <= event_set::limit; ++i) seen.add(std::to_string(i));

  EXPECT_TRUE(seen.full());
  EXPECT_EQ(seen.size(), 0u);
  EXPECT_TRUE(seen.add("one more"));
}

} // namespace
} // namespace kalends::actors
