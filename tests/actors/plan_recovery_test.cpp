// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/linked_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_recovery_test : public linked_fixture {};

TEST_F(plan_recovery_test, after_a_restore_a_tag_brings_its_entry_back_for_all_whose_calendars_show_it) {
  auto& first = add("a", alice);
  auto& second = add("b", bob);
  first.recovering = second.recovering = true;
  const auto a = first;
  const auto b = second;
  auto hers = foreign("hers");
  auto his = foreign("his");
  hers.tag = his.tag = visit;
  his.what.location = "Later"; // edited after the other copy was last written

  pull(a, hers);
  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_recovered});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_created});
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_TRUE(entry().origin.empty());

  pull(b, his);
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_EQ(entry().what.location, "Later");
  EXPECT_EQ(p().link(b.id, visit)->event, event_id("his"));
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), b.id, visit)));
}

TEST_F(plan_recovery_test, after_a_restore_a_copy_of_an_event_of_ours_is_a_persons_own) {
  auto& calendar = add("a", alice);
  calendar.recovering = true;
  const auto a = calendar;
  auto event = foreign("ours");
  auto copy = foreign("copy");
  event.tag = copy.tag = visit;

  pull(a, event);
  pull(a, copy);

  EXPECT_EQ(reasons(taken()), (reason_list{reason::pull_recovered, reason::pull_created}));
}

TEST_F(plan_recovery_test, after_a_restore_the_calendars_later_values_win_whatever_the_policy) {
  for (const auto direction : {sync_direction::both, sync_direction::to_provider}) {
    SCOPED_TRACE(name_of(direction));
    auto& calendar = add(std::string(name_of(direction)), alice);
    calendar.recovering = true;
    calendar.direction = direction;
    calendar.on_conflict = conflict_policy::local;
  }
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  for (const auto direction : {sync_direction::both, sync_direction::to_provider}) {
    const auto c = *p().calendar(provider_id(std::string(name_of(direction))));
    auto event =
        event_of(*p().link(c.id, visit), entry().what, "v7"); // the pending insert has been made since
    event.what.title = "Of " + c.id.str();

    pull(c, event);

    EXPECT_EQ(entry().what.title, "Of " + c.id.str());
    EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), c.id, visit)));
  }
}

TEST_F(plan_recovery_test, after_a_restore_an_unknown_event_whose_listing_shows_no_tag_is_asked_for) {
  auto& calendar = add("m", alice, provider_type::microsoft);
  calendar.recovering = true;
  const auto m = calendar;
  auto event = foreign("x");

  EXPECT_EQ(pull(m, event, removal::unconfirmed), pull_verdict::confirm_removal);
  EXPECT_TRUE(taken().empty());
  event.tag = visit;
  EXPECT_EQ(pull(m, event, removal::confirmed), pull_verdict::settled);

  EXPECT_EQ(p().link(m.id, visit)->event, event.id);
}

TEST_F(plan_recovery_test, without_a_restore_a_tag_of_nothing_is_an_event_like_any_other) {
  auto a = add("a", alice);
  auto event = foreign("x");
  event.tag = visit;

  pull(a, event);

  EXPECT_EQ(p().entry(visit), nullptr);
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_created});
}

TEST_F(plan_recovery_test, our_tag_is_adopted_after_a_reconnect_but_not_on_a_copy) {
  auto a = add("a", alice);
  schedule_entry e;
  e.id = visit;
  e.version = 4;
  e.what = foreign("x").what;
  e.assigned = {alice};
  p().know(e);
  auto event = foreign("old");
  event.tag = visit;
  auto copy = foreign("copy");
  copy.tag = visit;

  pull(a, event);
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_adopted});
  pull(a, copy);

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_created});
  EXPECT_EQ(p().link(a.id, visit)->event, event_id("old"));
}

TEST_F(plan_recovery_test, our_tag_on_what_does_not_belong_there_makes_no_second_entry) {
  auto a = add("a", alice);
  schedule_entry e;
  e.id = visit;
  e.version = 4;
  e.what = foreign("x").what;
  e.assigned = {bob};
  p().know(e);
  auto event = foreign("old");
  event.tag = visit;

  pull(a, event);

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty() && c.mappings.empty() && c.outbox.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::pull_ignored_removing});
}

} // namespace
} // namespace kalends::actors
