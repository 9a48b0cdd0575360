// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

/// Removals in bulk that nobody named one by one.
class provider_held_test : public house_fixture {
protected:
  static constexpr int many = 11;

  /// That many entries that were born in Alice's calendar, and a read from the beginning that shows none.
  void add_visits(int count) {
    add_calendar(work);
    rows(work).read_from.reset();
    for (int i = 0; i < count; ++i) {
      const entry_id id("0192a000-0000-7000-8000-0000000001" + std::to_string(10 + i));
      add_visit(id, work);
      rows().entries.at(id).origin = work;
    }
    open_house();
    tell_calendar(work, wake{wake_reason::poll, 0});
  }
  void read_nothing() {
    google.answer<change_page>("list_changes", last_page({}, "cursor-1"));
    run();
    while (!google.open_calls().empty() && google.open()->verb == "get_event") {
      google.answer<calendar_event>("get_event", tl::unexpected(trouble(errc::not_found, "event_gone")));
      run();
    }
  }
  result<bool> approve(bool yes) {
    answers<bool> heard_answer;
    tell_calendar(work, approval_order{removal_answer{yes}, heard_answer.slot()});
    return heard_answer.size() == 1 ? heard_answer[0] : failure(errc::broken, "no_answer", "");
  }
  std::size_t held_decisions() {
    const auto& all = rows().decisions;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const decision& d) { return d.why == reason::pull_held; }));
  }
  const std::optional<held_removals>& held() { return rows(work).calendar.held; }
};

TEST_F(provider_held_test, ten_missing_events_are_removed_unasked) {
  add_visits(10);

  read_nothing();

  EXPECT_TRUE(rows().entries.empty());
  EXPECT_FALSE(held());
  EXPECT_TRUE(rows(work).read_from);
}

TEST_F(provider_held_test, more_wait_for_approval_and_the_cursor_waits_with_them) {
  add_visits(many);

  read_nothing();

  ASSERT_TRUE(held());
  EXPECT_TRUE(held()->from_calendar);
  EXPECT_EQ(held()->count, many);
  EXPECT_EQ(held()->of, many);
  EXPECT_EQ(rows().entries.size(), static_cast<std::size_t>(many));
  EXPECT_FALSE(rows(work).read_from);
  EXPECT_EQ(held_decisions(), 1u);
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(rows().runs.back().error_code, "removals_held");

  pass(30min);
  EXPECT_TRUE(google.open_calls().empty()) << "it is not read in a circle";
  pass(31min);
  read_nothing();
  EXPECT_EQ(held_decisions(), 1u) << "told once";
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(rows().entries.size(), static_cast<std::size_t>(many));
}

TEST_F(provider_held_test, a_persons_yes_carries_them_out_at_once) {
  add_visits(many);
  read_nothing();

  const auto answered = approve(true);
  ASSERT_TRUE(answered && *answered);
  read_nothing();

  EXPECT_TRUE(rows().entries.empty());
  EXPECT_FALSE(held());
  EXPECT_EQ(rows(work).read_from->token, "cursor-1");
}

TEST_F(provider_held_test, a_persons_no_leaves_everything_as_it_is) {
  add_visits(many);
  read_nothing();

  ASSERT_TRUE(approve(false));
  EXPECT_FALSE(held());
  EXPECT_EQ(rows().entries.size(), static_cast<std::size_t>(many));

  const auto again = approve(true);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "nothing_held");
}

TEST_F(provider_held_test, events_that_come_back_end_the_waiting) {
  add_visits(many);
  read_nothing();
  ASSERT_TRUE(held());
  pass(61min);
  std::vector<calendar_event> all;
  for (const auto& [key, link] : rows().mappings) all.push_back(event_of(link, link.event_version));

  google.answer<change_page>("list_changes", last_page(all, "cursor-2"));
  run();

  EXPECT_FALSE(held());
  EXPECT_EQ(rows().entries.size(), static_cast<std::size_t>(many));
  EXPECT_EQ(rows(work).read_from->token, "cursor-2");
}

} // namespace
} // namespace kalends::actors
