// SPDX-License-Identifier: Apache-2.0
#include "actors/vendor_budget.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;
using observe::vendor_verb;

const instant start{std::chrono::milliseconds(1'796'000'000'000)};
const provider_id first{"0192a000-0000-7000-8000-0000000000c1"};
const provider_id second{"0192a000-0000-7000-8000-0000000000c2"};

TEST(sliding_window_test, no_span_ever_holds_more_than_was_let_through) {
  std::mt19937 chance{7};
  for (const auto span : {std::chrono::milliseconds(60'000), std::chrono::milliseconds(600'000)}) {
    sliding_window window;
    std::deque<instant> granted;
    auto now = start;
    std::size_t most = 0, all = 0;
    for (int i = 0; i < 60'000; ++i) {
      now += std::chrono::milliseconds(chance() % 40);
      if (window.used(now, span) + 1 > 100) continue;
      window.add(now, span, 1);
      granted.push_back(now);
      ++all;
      while (granted.front() <= now - span) granted.pop_front();
      most = std::max(most, granted.size());
    }
    EXPECT_LE(most, 100u);
    // Little of it is lost.
    EXPECT_GE(all, static_cast<std::size_t>((now - start) / span) * 95);
  }
}

TEST(sliding_window_test, tells_when_there_is_room_again) {
  sliding_window window;
  window.add(start, 60s, 80);
  window.add(start + 10s, 60s, 20);

  const auto free = window.free_at(start + 20s, 60s, 50);

  EXPECT_GT(free, start + 60s);
  EXPECT_LE(free, start + 62s);
  EXPECT_EQ(window.free_at(start + 20s, 60s, 100), start + 20s);
  EXPECT_LE(window.used(free, 60s), 50u);
}

TEST(sliding_window_test, takes_back_what_did_not_happen_but_nothing_that_is_forgotten) {
  sliding_window window;
  window.add(start, 60s, 3);
  window.take_back(start, 60s, 2);

  EXPECT_EQ(window.used(start, 60s), 1u);
  window.take_back(start, 60s, 9);
  EXPECT_EQ(window.used(start, 60s), 0u);
  window.add(start + 10min, 60s, 3);
  window.take_back(start, 60s, 2);
  EXPECT_EQ(window.used(start + 10min, 60s), 3u);
}

TEST(sliding_window_test, a_clock_that_is_set_back_frees_nothing) {
  sliding_window window;
  window.add(start, 60s, 5);

  EXPECT_EQ(window.used(start - 1h, 60s), 5u);
  window.add(start - 1h, 60s, 1);
  EXPECT_EQ(window.used(start, 60s), 6u);
}

TEST(vendor_cost_test, a_patch_at_google_counts_three) {
  EXPECT_EQ(cost_of(provider_type::google, vendor_verb::update_event).usual, 3u);
  EXPECT_EQ(cost_of(provider_type::google, vendor_verb::list_changes).most, 1u);
}

TEST(vendor_answer_test, each_refusal_concerns_whom_it_means) {
  auto said = [](errc kind, const char* code) { return scope_of(error{kind, code, "", "", {}}); };

  EXPECT_EQ(said(errc::retry_later, "vendor_rate_limited"), answer_scope::mailbox);
  EXPECT_EQ(said(errc::retry_later, "vendor_quota_exceeded"), answer_scope::mailbox);
  EXPECT_EQ(said(errc::retry_later, "vendor_daily_limit"), answer_scope::project);
  EXPECT_EQ(said(errc::retry_later, "vendor_unavailable"), answer_scope::down);
  EXPECT_EQ(said(errc::retry_later, "timeout"), answer_scope::down);
  EXPECT_EQ(said(errc::stopped, "stopped"), answer_scope::unknown);
  EXPECT_EQ(said(errc::not_found, "event_not_found"), answer_scope::fine);
  EXPECT_EQ(said(errc::reauthorize, "access_token_refused"), answer_scope::fine);
}

TEST(circuit_breaker_test, one_calendar_that_always_fails_does_not_open_it) {
  circuit_breaker circuit;
  for (int i = 0; i < 100; ++i) circuit.failed(first, start);

  EXPECT_FALSE(circuit.open());
  EXPECT_FALSE(circuit.closed_for(second, start));
}

TEST(circuit_breaker_test, several_calendars_that_fail_in_a_row_open_it) {
  circuit_breaker circuit;
  for (int i = 0; i < 4; ++i) {
    circuit.failed(first, start);
    circuit.failed(second, start);
  }

  EXPECT_TRUE(circuit.open());
  EXPECT_EQ(circuit.closed_for(first, start), std::chrono::milliseconds(5s));
}

TEST(circuit_breaker_test, a_call_that_worked_in_between_begins_the_count_anew) {
  circuit_breaker circuit;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) {
      circuit.failed(first, start);
      circuit.failed(second, start);
    }
    circuit.worked();
  }

  EXPECT_FALSE(circuit.open());
}

TEST(circuit_breaker_test, lets_one_through_to_see_and_closes_when_it_works) {
  circuit_breaker circuit;
  for (int i = 0; i < 4; ++i) {
    circuit.failed(first, start);
    circuit.failed(second, start);
  }
  const auto later = start + 5s;

  EXPECT_FALSE(circuit.closed_for(first, later));
  circuit.passed(later);
  EXPECT_TRUE(circuit.closed_for(second, later));
  circuit.worked();
  EXPECT_FALSE(circuit.closed_for(second, later));
  EXPECT_FALSE(circuit.open());
}

TEST(circuit_breaker_test, pauses_grow_and_another_calendar_is_the_next_to_try) {
  circuit_breaker circuit;
  for (int i = 0; i < 4; ++i) {
    circuit.failed(first, start);
    circuit.failed(second, start);
  }
  auto now = start + 5s;
  circuit.passed(now);
  circuit.failed(first, now);

  EXPECT_EQ(circuit.closed_for(second, now), std::chrono::milliseconds(10s));
  now += 10s;
  EXPECT_TRUE(circuit.closed_for(first, now));
  EXPECT_FALSE(circuit.closed_for(second, now));
  now += 10s;
  EXPECT_FALSE(circuit.closed_for(first, now));
}

TEST(circuit_breaker_test, a_probe_that_nobody_reports_makes_way_for_another) {
  circuit_breaker circuit;
  for (int i = 0; i < 4; ++i) {
    circuit.failed(first, start);
    circuit.failed(second, start);
  }
  circuit.passed(start + 5s);

  EXPECT_TRUE(circuit.closed_for(second, start + 6s));
  EXPECT_FALSE(circuit.closed_for(second, start + 5s + circuit_breaker::probe_patience));
  circuit.unheard();
  EXPECT_FALSE(circuit.closed_for(second, start + 6s));
}

} // namespace
} // namespace kalends::actors
