// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_reconcile.hpp"

#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;

/// A calendar that agrees with its entry, and what a full comparison makes of differences.
class plan_reconcile_test : public plan_fixture {
protected:
  calendar_event agree(const provider& c) {
    EXPECT_TRUE(create_entry(p(), visit, hour({alice})));
    auto event = insert(c, visit);
    taken();
    return event;
  }
  pull_verdict compare(const provider& c, const calendar_event& e, removal proof = removal::confirmed) {
    return plan_compared_pull(p(), c.id, e, proof, by, found);
  }
  drift_counts repair(const provider& c) { return plan_repairs(p(), c.id, std::vector{visit}); }

  comparison by{now + 1h, std::nullopt};
  drift_counts found;
};

TEST_F(plan_reconcile_test, a_pair_that_agrees_is_counted_and_left_alone) {
  const auto c = add("work", alice);
  const auto event = agree(c);

  compare(c, event);

  EXPECT_EQ(found, (drift_counts{1, 0, 0}));
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_reconcile_test, a_change_that_nobody_told_is_drift_and_taken) {
  const auto c = add("work", alice);
  auto event = agree(c);
  event.version = "v2";
  event.what.title = "Replace router";

  compare(c, event);

  EXPECT_EQ(found, (drift_counts{1, 1, 1}));
  EXPECT_EQ(p().entry(visit)->what.title, "Replace router");
  EXPECT_EQ(reasons(taken()), (reason_list{reason::pull_updated, reason::reconcile_repaired}));
}

TEST_F(plan_reconcile_test, a_change_since_the_last_read_is_news_and_no_drift) {
  const auto c = add("work", alice);
  auto event = agree(c);
  event.version = "v2";
  event.what.title = "Replace router";
  event.updated_at = by.told_until + 1ms;

  compare(c, event);

  EXPECT_EQ(found, (drift_counts{1, 0, 0}));
  EXPECT_EQ(p().entry(visit)->what.title, "Replace router");
}

TEST_F(plan_reconcile_test, another_content_under_the_known_version_is_not_taken_for_an_echo) {
  const auto c = add("work", alice);
  auto event = agree(c);
  event.what.location = "Hall 4";
  event.updated_at.reset();

  compare(c, event);

  EXPECT_EQ(found, (drift_counts{1, 1, 1}));
  EXPECT_EQ(p().entry(visit)->what.location, "Hall 4");
  EXPECT_EQ(p().link(c.id, visit)->event_version, "v1");
}

TEST_F(plan_reconcile_test, a_drifted_copy_of_a_calendar_that_only_takes_is_written_over) {
  auto c = add("work", alice);
  c.direction = sync_direction::to_provider;
  add("work", alice).direction = sync_direction::to_provider;
  auto event = agree(c);
  event.version = "v2";
  event.what.title = "Replace router";

  compare(c, event);

  EXPECT_EQ(found, (drift_counts{1, 1, 1}));
  EXPECT_EQ(rows(taken()), (names{"work:upsert"}));
}

TEST_F(plan_reconcile_test, a_removal_that_nobody_told_is_drift_once_it_is_confirmed) {
  const auto c = add("work", alice);
  const auto event = agree(c);

  EXPECT_EQ(compare(c, tombstone(event.id), removal::unconfirmed), pull_verdict::confirm_removal);
  EXPECT_EQ(found, drift_counts());
  compare(c, tombstone(event.id));

  EXPECT_EQ(found, (drift_counts{1, 1, 1}));
  EXPECT_TRUE(p().entry(visit)->assigned.empty());
}

TEST_F(plan_reconcile_test, an_event_with_our_tag_and_without_a_link_is_linked_again) {
  const auto c = add("work", alice);
  const auto event = agree(c);
  p().drop_link({c.id, visit});

  compare(c, event);

  EXPECT_EQ(found.drifted, 1);
  EXPECT_EQ(p().link(c.id, visit)->event, event.id);
  EXPECT_EQ(p().entry_changes(), 1); // the entry's making; no second one is made
}

TEST_F(plan_reconcile_test, an_unknown_event_whose_tag_the_listing_cannot_show_is_asked_for_itself) {
  const auto c = add("work", alice, provider_type::microsoft);

  EXPECT_EQ(compare(c, foreign("one"), removal::unconfirmed), pull_verdict::confirm_removal);
  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(compare(c, foreign("one")), pull_verdict::settled);

  EXPECT_EQ(found, (drift_counts{0, 1, 1})); // it came, and nobody had told
  EXPECT_EQ(p().entry_changes(), 1);
}

TEST_F(plan_reconcile_test, an_event_that_slid_into_the_window_is_news) {
  const auto c = add("work", alice, provider_type::microsoft);
  by.window = read_window{now - 24h, now - 1h};

  compare(c, foreign("one"));

  EXPECT_EQ(found, drift_counts());
  EXPECT_EQ(p().entry_changes(), 1);
}

TEST_F(plan_reconcile_test, an_entry_without_link_and_row_gets_both) {
  const auto c = add("work", alice);
  EXPECT_TRUE(create_entry(p(), visit, hour({alice})));
  p().drop_link({c.id, visit});
  taken();

  EXPECT_EQ(repair(c), (drift_counts{0, 1, 1}));

  EXPECT_NE(p().link(c.id, visit), nullptr);
  const auto made = taken();
  EXPECT_EQ(rows(made), (names{"work:upsert"}));
  EXPECT_EQ(reasons(made), (reason_list{reason::reconcile_repaired}));
}

TEST_F(plan_reconcile_test, an_entry_of_somebody_else_needs_nothing) {
  const auto c = add("work", alice);
  EXPECT_TRUE(create_entry(p(), visit, hour({bob})));
  taken();

  EXPECT_EQ(repair(c), drift_counts());
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_reconcile_test, a_change_that_nobody_was_about_to_push_is_queued) {
  const auto c = add("work", alice);
  agree(c);
  entry_edit e;
  e.title = "Replace router";
  EXPECT_TRUE(change_entry(p(), visit, e));
  taken(); // its outbox row is lost

  EXPECT_EQ(repair(c), (drift_counts{0, 1, 1}));
  EXPECT_EQ(rows(taken()), (names{"work:upsert"}));
}

TEST_F(plan_reconcile_test, a_version_that_changed_nothing_in_the_calendar_is_agreed_silently) {
  const auto c = add("work", alice);
  agree(c);
  entry_edit e;
  e.work = work_item{"ticket", "4711"};
  EXPECT_TRUE(change_entry(p(), visit, e));
  taken();

  EXPECT_EQ(repair(c), drift_counts());

  const auto made = taken();
  EXPECT_TRUE(made.outbox.empty());
  EXPECT_TRUE(made.decisions.empty());
  EXPECT_EQ(p().link(c.id, visit)->entry_version, p().entry(visit)->version);
}

TEST_F(plan_reconcile_test, what_the_vendor_is_known_to_have_no_words_for_is_not_written_again) {
  const auto c = add("work", alice);
  EXPECT_TRUE(create_entry(p(), visit, hour({alice})));
  settle_unsayable(p(), mapping(*p().link(c.id, visit)), p().entry(visit)->version);
  taken();

  EXPECT_EQ(repair(c), drift_counts());

  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_reconcile_test, a_link_whose_entry_is_gone_is_dropped_so_that_its_event_is_met_anew) {
  const auto c = add("work", alice);
  const auto event = agree(c);
  p().delete_entry(visit);

  EXPECT_EQ(repair(c), (drift_counts{0, 1, 1}));

  EXPECT_EQ(p().link(c.id, visit), nullptr);
}

TEST_F(plan_reconcile_test, a_removal_that_nobody_was_about_to_push_is_queued) {
  const auto c = add("work", alice);
  agree(c);
  auto link = *p().link(c.id, visit);
  link.removing = true;
  p().put_link(link);
  taken();

  EXPECT_EQ(repair(c), (drift_counts{0, 1, 1}));
  EXPECT_EQ(rows(taken()), (names{"work:remove"}));
}

TEST_F(plan_reconcile_test, a_calendar_that_takes_no_pushes_needs_nothing) {
  add("work", alice).direction = sync_direction::from_provider;
  EXPECT_TRUE(create_entry(p(), visit, hour({alice})));
  taken();

  EXPECT_EQ(plan_repairs(p(), provider_id("work"), std::vector{visit}), drift_counts());
}

} // namespace
} // namespace kalends::actors
