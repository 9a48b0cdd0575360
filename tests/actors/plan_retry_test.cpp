// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;

class plan_retry_test : public plan_fixture {
protected:
  outbox_row row(int attempts, int strikes = 0) {
    outbox_row r;
    r.id = make_uuid(outside());
    r.provider = provider_id("a");
    r.entry = visit;
    r.attempts = attempts;
    r.strikes = strikes;
    r.due_at = now;
    r.waited = 1min;
    if (attempts > 0) r.failing_since = now - 1h;
    return r;
  }
  retry_plan plan(const outbox_row& r, const error& e, std::optional<instant> others = {}) {
    return plan_retry({&r, 1}, e, others, outside());
  }
  const error refusal{errc::invalid, "invalid_time", "The time is not one."};
  const error outage{errc::retry_later, "vendor_busy", "Try later."};
};

TEST_F(plan_retry_test, gives_up_what_the_vendor_refuses_after_a_few_tries) {
  for (int tries = 0; tries + 1 < tries_if_refused; ++tries) {
    const auto again = plan(row(tries, tries), refusal);
    EXPECT_FALSE(again.set_aside) << tries;
    EXPECT_TRUE(again.strike);
  }
  EXPECT_TRUE(plan(row(4, tries_if_refused - 1), refusal).set_aside);
  EXPECT_TRUE(plan(row(4, 4), error{errc::conflict, "event_not_mergeable", "It cannot."}).set_aside);
  EXPECT_FALSE(plan(row(4, 4), error{errc::conflict, "event_moving", "It moves."}).set_aside);
}

TEST_F(plan_retry_test, passing_trouble_counts_only_when_others_get_through) {
  EXPECT_FALSE(plan(row(200, 0), outage).strike);
  EXPECT_FALSE(plan(row(200, 0), outage).set_aside) << "an outage of an hour";
  EXPECT_FALSE(plan(row(3), outage, now - 2min).strike) << "it was before this one failed last";
  EXPECT_TRUE(plan(row(3), outage, now - 30s).strike);
  EXPECT_FALSE(plan(row(0), outage, now - 30s).strike) << "it fails for the first time";
  EXPECT_TRUE(plan(row(60, tries_alone - 1), outage, now - 30s).set_aside);
  auto paced = outage;
  paced.retry_after = 10min;
  EXPECT_FALSE(plan(row(3), paced, now - 30s).strike) << "a vendor that names its pace means everybody";
  EXPECT_GE(plan(row(3), paced, now - 30s).wait, 10min);
}

TEST_F(plan_retry_test, an_outage_is_sat_out_for_days) {
  auto r = row(least_tries_in_an_outage - 1);
  r.failing_since = now - tries_in_an_outage + 1s;
  EXPECT_FALSE(plan(r, outage).set_aside);
  r.failing_since = now - tries_in_an_outage;
  EXPECT_TRUE(plan(r, outage).set_aside);
  r.attempts = 3; // the server slept over the weekend
  EXPECT_FALSE(plan(r, outage).set_aside);
}

TEST_F(plan_retry_test, a_new_change_gets_its_own_tries) {
  const std::vector<outbox_row> rows{row(4, 4), row(0)};

  const auto again = plan_retry(rows, refusal, {}, outside());

  EXPECT_FALSE(again.set_aside);
  EXPECT_GT(again.wait, 0ms);
}

TEST_F(plan_retry_test, a_letter_tells_the_story_of_its_rows) {
  auto e = refusal;
  e.detail = std::string(5'000, 'x');
  const std::vector<outbox_row> rows{row(4, 4), row(1)};

  const auto l = make_letter(rows, e, event_id("ev"), outside());

  EXPECT_EQ(l.kind, letter_kind::push);
  EXPECT_EQ(l.entry, visit);
  EXPECT_EQ(l.attempts, 5);
  EXPECT_EQ(l.code, "invalid_time");
  EXPECT_EQ(l.detail.size(), most_letter_detail);
  EXPECT_EQ(l.first_failed_at, now - 1h);
  EXPECT_EQ(l.last_failed_at, now);
}

TEST_F(plan_retry_test, a_row_tells_when_it_was_committed) {
  const auto r = row(0);

  EXPECT_EQ(committed_at(r), now);
  auto foreign = r;
  foreign.id = "row-1";
  EXPECT_EQ(committed_at(foreign), std::nullopt);
}

TEST_F(plan_retry_test, a_replay_does_what_the_calendar_needs_by_then) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  taken();
  dead_letter l;
  l.id = "letter";
  l.provider = a.id;
  l.entry = visit;

  EXPECT_TRUE(replay_letter(p(), l));
  auto changes = taken();
  EXPECT_EQ(rows(changes), names{"a:upsert"});
  ASSERT_EQ(changes.letters_ended.size(), 1u);
  EXPECT_EQ(changes.letters_ended[0].how, letter_state::replayed);
  EXPECT_EQ(reasons(changes), reason_list{reason::push_replayed});

  ASSERT_TRUE(remove_entry(p(), visit, {}));
  taken();
  EXPECT_TRUE(replay_letter(p(), l));
  EXPECT_EQ(rows(taken()), names{"a:remove"});

  l.entry = entry_id("never-there");
  EXPECT_FALSE(replay_letter(p(), l));
  changes = taken();
  EXPECT_TRUE(changes.outbox.empty());
  EXPECT_EQ(changes.letters_ended.size(), 1u);
}

// ---------------------------------------------------------------- a write whose answer was lost

class lost_answer_test : public plan_fixture {
protected:
  /// The entry stands in the calendar, then the host says one thing and, before a write of it is confirmed,
  /// another.
  void edit_twice(const std::string& first, const std::string& then) {
    ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
    agreed = insert(calendar, visit);
    edit(first);
    attempted = p().entry(visit)->what;
    edit(then);
    taken();
  }
  void edit(const std::string& title) {
    entry_edit e;
    e.title = title;
    ASSERT_TRUE(change_entry(p(), visit, e));
  }
  calendar_event shown(const appointment& what, const std::string& version) {
    auto e = agreed;
    e.what = what;
    e.version = version;
    e.updated_at = now + 1min;
    return e;
  }
  provider calendar;
  calendar_event agreed;
  appointment attempted;
};

TEST_F(lost_answer_test, a_late_host_edit_is_not_lost_to_its_own_earlier_write) {
  auto& c = add("a", alice);
  c.on_conflict = conflict_policy::external;
  calendar = c;
  edit_twice("First", "Second");

  pull(calendar, shown(attempted, "v2"));

  const auto changes = taken();
  EXPECT_EQ(p().entry(visit)->what.title, "Second");
  EXPECT_EQ(reasons(changes), reason_list{reason::pull_own_write});
  EXPECT_EQ(rows(changes), names{"a:upsert"});
  const auto step = plan_push(p(), calendar.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(std::get<push_update>(step).link.event_version, "v2");
  EXPECT_EQ(std::get<push_update>(step).what.title, "Second");
  EXPECT_TRUE(p().link(calendar.id, visit)->superseded.empty());
}

TEST_F(lost_answer_test, what_a_person_changed_on_top_of_it_still_counts) {
  auto& c = add("a", alice);
  c.on_conflict = conflict_policy::external;
  calendar = c;
  edit_twice("First", "Second");
  auto event = shown(attempted, "v2");
  event.what.location = "Theirs";

  pull(calendar, event);

  EXPECT_EQ(p().entry(visit)->what.title, "Second");
  EXPECT_EQ(p().entry(visit)->what.location, "Theirs");
}

TEST_F(lost_answer_test, a_persons_own_value_is_none_of_ours) {
  auto& c = add("a", alice);
  c.on_conflict = conflict_policy::external;
  calendar = c;
  edit_twice("First", "Second");
  auto theirs = shown(agreed.what, "v2");
  theirs.what.title = "Theirs";

  pull(calendar, theirs);

  EXPECT_EQ(p().entry(visit)->what.title, "Theirs");
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_conflict_external});
}

TEST_F(lost_answer_test, a_host_that_takes_its_change_back_looks_before_it_rests) {
  auto& c = add("a", alice);
  c.on_conflict = conflict_policy::external;
  calendar = c;
  edit_twice("First", "Replace switch"); // as it was agreed
  EXPECT_TRUE(std::holds_alternative<push_look>(plan_push(p(), calendar.id, visit)));

  pull(calendar, shown(attempted, "v2")); // the write had reached it

  EXPECT_EQ(p().entry(visit)->what.title, "Replace switch");
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  EXPECT_TRUE(std::holds_alternative<push_update>(plan_push(p(), calendar.id, visit)));
}

TEST_F(lost_answer_test, a_confirmed_write_forgets_what_was_said_before) {
  calendar = add("a", alice);
  edit_twice("First", "Second");
  ASSERT_EQ(p().link(calendar.id, visit)->superseded.size(), 1u);
  const auto step = std::get<push_update>(plan_push(p(), calendar.id, visit));

  settle_push(p(), step.link, step.what, 3, event_of(step.link, step.what, "v2"), reason::push_updated);

  EXPECT_TRUE(p().link(calendar.id, visit)->superseded.empty());
}

TEST_F(lost_answer_test, remembers_only_so_much) {
  calendar = add("a", alice);
  edit_twice("First", "Second");
  for (int i = 0; i < 20; ++i) edit("Title " + std::to_string(i));

  EXPECT_EQ(p().link(calendar.id, visit)->superseded.size(), most_superseded);
}

TEST_F(lost_answer_test, a_single_change_costs_no_memory) {
  calendar = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(calendar, visit);
  taken();

  edit("First");

  EXPECT_TRUE(taken().mappings.empty());
}

} // namespace
} // namespace kalends::actors
