// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_brake.hpp"
#include "actors/plan_reconcile.hpp"

#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_brake_test : public plan_fixture {
protected:
  const provider_id home{"home"};
  /// Linked with Alice's calendar, and on its way out.
  mapping leaving(removal_gate gate = removal_gate::open) {
    mapping m;
    m.provider = home;
    m.entry = visit;
    m.event = event_id("event");
    m.linked = m.removing = true;
    m.gate = gate;
    if (gate == removal_gate::held) m.held_since = now;
    return m;
  }
  const mapping& link() { return *p().link(home, visit); }
  bool waits(int waiting, int removed, int links, int held = 0) {
    return has_to_be_held({waiting, held, removed, links});
  }
};

TEST_F(plan_brake_test, ten_or_five_percent_go_unasked) {
  EXPECT_EQ(removals_allowed(0), 10);
  EXPECT_EQ(removals_allowed(219), 10);
  EXPECT_EQ(removals_allowed(220), 11);
  EXPECT_FALSE(waits(10, 0, 10));
  EXPECT_TRUE(waits(11, 0, 11));
  EXPECT_FALSE(waits(50, 0, 1000));
  EXPECT_TRUE(waits(51, 0, 1000));
}

TEST_F(plan_brake_test, what_went_in_the_last_minutes_counts) {
  EXPECT_FALSE(waits(1, 9, 100));
  EXPECT_TRUE(waits(1, 10, 100));
  EXPECT_FALSE(waits(10, 40, 960)) << "of a thousand there were";
  EXPECT_TRUE(waits(1, 50, 950));
}

TEST_F(plan_brake_test, one_more_joins_those_that_wait) { EXPECT_TRUE(waits(1, 0, 1000, 1)); }

TEST_F(plan_brake_test, only_an_event_that_stands_there_needs_to_be_weighed) {
  auto unknown = leaving();
  unknown.linked = false;

  EXPECT_TRUE(goes_unasked(push_remove{leaving()}));
  EXPECT_FALSE(goes_unasked(push_remove{leaving(removal_gate::approved)}));
  EXPECT_FALSE(goes_unasked(push_remove{unknown}));
  EXPECT_FALSE(goes_unasked(push_nothing{reason::push_nothing_to_do}));
}

TEST_F(plan_brake_test, what_is_held_or_refused_needs_no_push) {
  for (const auto gate : {removal_gate::held, removal_gate::refused}) {
    add("home", alice);
    p().know(leaving(gate));
    EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), home, visit)));
    EXPECT_EQ(plan_repairs(p(), home, std::vector<entry_id>{visit}).repaired, 0);
    dead_letter letter;
    letter.provider = home;
    letter.entry = visit;
    EXPECT_FALSE(replay_letter(p(), letter));
    EXPECT_TRUE(p().take_changes().outbox.empty());
  }
}

TEST_F(plan_brake_test, a_hold_is_written_once_with_its_reason) {
  add("home", alice);
  p().know(leaving());

  EXPECT_TRUE(hold_removal(p(), home, visit, {false, 12, 40, now, false}));
  EXPECT_FALSE(hold_removal(p(), home, visit, {false, 12, 40, now, false}));

  const auto c = p().take_changes();
  ASSERT_EQ(c.mappings.size(), 1u);
  EXPECT_EQ(c.mappings[0].gate, removal_gate::held);
  EXPECT_EQ(c.mappings[0].held_since, now);
  ASSERT_EQ(c.decisions.size(), 1u);
  EXPECT_EQ(c.decisions[0].why, reason::push_held);
  EXPECT_NE(c.decisions[0].inputs.find("\"count\":12"), std::string::npos);
}

TEST_F(plan_brake_test, who_does_not_have_to_leave_is_not_held) {
  add("home", alice);
  auto back = leaving();
  back.removing = false;
  schedule_entry e;
  e.id = visit;
  e.assigned = {alice};
  p().know(e);
  p().know(back);

  EXPECT_FALSE(hold_removal(p(), home, visit, {}));
  EXPECT_FALSE(hold_removal(p(), provider_id("other"), visit, {}));
  EXPECT_TRUE(p().take_changes().empty());
}

TEST_F(plan_brake_test, a_yes_makes_the_row_that_was_done) {
  add("home", alice);
  p().know(leaving(removal_gate::held));

  EXPECT_TRUE(answer_removal(p(), home, visit, true));
  EXPECT_FALSE(answer_removal(p(), home, visit, false)) << "answered already";

  EXPECT_TRUE(std::holds_alternative<push_remove>(plan_push(p(), home, visit)));
  const auto c = p().take_changes();
  ASSERT_EQ(c.outbox.size(), 1u);
  EXPECT_EQ(c.outbox[0].action, push_action::remove);
  EXPECT_EQ(c.mappings[0].gate, removal_gate::approved);
  EXPECT_FALSE(c.mappings[0].held_since);
  EXPECT_EQ(c.decisions[0].why, reason::push_approved);
}

TEST_F(plan_brake_test, a_no_keeps_the_link_and_makes_no_row) {
  add("home", alice);
  p().know(leaving(removal_gate::held));

  EXPECT_TRUE(answer_removal(p(), home, visit, false));

  EXPECT_EQ(link().gate, removal_gate::refused);
  EXPECT_TRUE(link().removing);
  const auto c = p().take_changes();
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(c.decisions[0].why, reason::push_kept);
}

TEST_F(plan_brake_test, deletions_that_nobody_was_asked_about_are_counted) {
  add("home", alice);
  for (const auto gate : {removal_gate::open, removal_gate::approved}) {
    p().know(leaving(gate));
    settle_removal(p(), leaving(gate), reason::push_deleted);
    p().know(leaving(gate));
    settle_removal(p(), leaving(gate), reason::push_gone);
  }

  const auto c = p().take_changes();
  ASSERT_EQ(c.removals.size(), 1u);
  EXPECT_EQ(c.removals[0].count, 1);
  EXPECT_EQ(c.removals[0].at, now);
}

} // namespace
} // namespace kalends::actors
