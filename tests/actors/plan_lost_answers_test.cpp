// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/linked_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_lost_answers_test : public linked_fixture {};

TEST_F(plan_lost_answers_test, an_insert_whose_answer_was_lost_is_adopted) {
  auto a = add("a", alice);
  auto m = add("m", alice, provider_type::microsoft);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto by_id = event_of(*p().link(a.id, visit), entry().what, "v1");
  auto by_transaction = event_of(*p().link(m.id, visit), entry().what, "v1");
  taken();

  pull(a, by_id);
  pull(m, by_transaction);

  const auto c = taken();
  EXPECT_EQ(reasons(c), (reason_list{reason::pull_adopted, reason::pull_adopted}));
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.outbox.empty());
  EXPECT_TRUE(p().link(m.id, visit)->linked);
  EXPECT_EQ(p().link(m.id, visit)->event, by_transaction.id);
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), m.id, visit)));
}

TEST_F(plan_lost_answers_test, what_a_person_changed_before_an_insert_was_answered_is_not_lost) {
  auto a = add("a", alice);
  add("b", bob);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice, bob})));
  auto event = event_of(*p().link(a.id, visit), entry().what, "v2");
  event.what.location = "Hall 4";
  taken();

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(reasons(c), (reason_list{reason::pull_adopted, reason::pull_updated}));
  EXPECT_EQ(entry().what.location, "Hall 4");
  EXPECT_EQ(rows(c), names{"b:upsert"});
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_lost_answers_test, whom_an_unanswered_insert_did_not_name_nobody_took_off) {
  auto& calendar = add("a", alice);
  calendar.mails = guest_mail::guests;
  const auto a = calendar;
  entry_edit made = hour({alice});
  made.attendees = std::vector<attendee>{{"guest@example.org", "", attendee_response::needs_action}};
  ASSERT_TRUE(create_entry(p(), visit, made));
  auto event = event_of(*p().link(a.id, visit), entry().what, "v2");
  event.what.attendees.clear(); // another calendar had the guests by then
  taken();

  pull(a, event);

  ASSERT_EQ(entry().what.attendees.size(), 1u);
  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(names_of(std::get<push_update>(step).changed), std::vector<std::string_view>{"attendees"});
}

TEST_F(plan_lost_answers_test, an_unanswered_insert_keeps_what_both_sides_changed_apart) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = event_of(*p().link(a.id, visit), entry().what, "v2");
  event.what.location = "Hall 4";
  taken();
  edit_title("Replace router");

  pull(a, event);

  EXPECT_EQ(entry().what.location, "Hall 4");
  EXPECT_EQ(entry().what.title, "Replace router");
  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(names_of(std::get<push_update>(step).changed), std::vector<std::string_view>{"title"});
}

TEST_F(plan_lost_answers_test, an_unanswered_write_never_brings_an_older_value_of_the_host_back) {
  auto& calendar = add("a", alice);
  calendar.on_conflict = conflict_policy::external;
  const auto a = calendar;
  auto event = linked(a, {alice});
  edit_title("Second");
  event.version = "v2";
  event.what.title = "Second"; // written, and the answer was lost
  edit_title("Third");

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_own_write});
  EXPECT_TRUE(c.facts.empty());
  EXPECT_EQ(entry().what.title, "Third");
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

TEST_F(plan_lost_answers_test, a_change_that_the_host_took_back_stays_taken_back) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  const auto before = entry().what.title;
  edit_title("Second");
  event.version = "v2";
  event.what.title = "Second"; // written, and the answer was lost
  edit_title(before);

  pull(a, event);

  EXPECT_EQ(entry().what.title, before);
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  EXPECT_TRUE(std::holds_alternative<push_update>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_lost_answers_test, a_person_who_changed_something_after_an_unanswered_write_is_heard) {
  auto& calendar = add("a", alice);
  calendar.on_conflict = conflict_policy::external;
  const auto a = calendar;
  auto event = linked(a, {alice});
  edit_title("Second");
  event.version = "v3";
  event.what.title = "Alice's";
  edit_title("Third");

  pull(a, event);

  EXPECT_EQ(entry().what.title, "Alice's");
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_conflict_external});
}

TEST_F(plan_lost_answers_test, a_confirmed_write_ends_the_memory_of_what_was_said_before) {
  auto a = add("a", alice);
  linked(a, {alice});
  edit_title("Second");
  edit_title("Third");
  EXPECT_EQ(p().link(a.id, visit)->superseded.size(), 1u);
  for (int n = 0; n < 20; ++n) edit_title("Title " + std::to_string(n));
  EXPECT_EQ(p().link(a.id, visit)->superseded.size(), most_superseded);

  const auto step = plan_push(p(), a.id, visit);
  const auto& update = std::get<push_update>(step);
  settle_push(p(), update.link, update.what, entry().version, event_of(update.link, update.what, "v9"),
              reason::push_updated);

  EXPECT_TRUE(p().link(a.id, visit)->superseded.empty());
}

TEST_F(plan_lost_answers_test, an_unanswered_insert_never_brings_an_older_value_of_the_host_back) {
  auto& calendar = add("a", alice);
  calendar.on_conflict = conflict_policy::external;
  const auto a = calendar;
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  edit_title("Second");
  auto event = event_of(*p().link(a.id, visit), entry().what, "v1"); // the insert said this
  edit_title("Third");

  pull(a, event);

  EXPECT_EQ(entry().what.title, "Third");
  EXPECT_TRUE(std::holds_alternative<push_update>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_lost_answers_test,
       an_insert_that_a_person_deleted_before_we_knew_it_is_found_by_its_transaction) {
  auto m = add("m", alice, provider_type::microsoft);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto gone = tombstone(event_id("g1"));
  gone.transaction_id = p().link(m.id, visit)->transaction_id;
  taken();

  EXPECT_EQ(pull(m, gone, removal::unconfirmed), pull_verdict::confirm_removal);
  pull(m, gone);

  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_unlinked});
}

} // namespace
} // namespace kalends::actors
