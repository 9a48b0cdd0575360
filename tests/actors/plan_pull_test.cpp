// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/plan_fixture.hpp"

#include <array>

namespace kalends::actors {
namespace {

class plan_pull_test : public plan_fixture {
protected:
  /// One linked entry in calendar `a`; nothing is left to be taken.
  calendar_event linked(const provider& c, std::vector<user_id> assigned) {
    EXPECT_TRUE(create_entry(p(), visit, hour(std::move(assigned))));
    auto event = insert(c, visit);
    taken();
    return event;
  }
  void edit_title(const std::string& title) {
    entry_edit e;
    e.title = title;
    ASSERT_TRUE(change_entry(p(), visit, e));
    taken();
  }
  const schedule_entry& entry() { return *p().entry(visit); }
};

TEST_F(plan_pull_test, an_echo_writes_nothing) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});

  EXPECT_EQ(pull(a, event), pull_verdict::settled);

  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_pull_test, a_new_version_without_a_mapped_change_moves_the_version_alone) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  event.version = "v2";

  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.mappings.size(), 1u);
  EXPECT_EQ(c.mappings[0].event_version, "v2");
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.outbox.empty() && c.decisions.empty());
}

TEST_F(plan_pull_test, our_own_write_whose_answer_was_lost_is_no_conflict) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  edit_title("Replace router");
  event.version = "v2";
  event.what.title = "Replace router";

  pull(a, event);

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.outbox.empty() && c.decisions.empty());
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_pull_test, a_change_in_the_calendar_reaches_the_entry_and_its_other_calendars) {
  auto a = add("a", alice);
  auto b = add("b", bob);
  auto event = linked(a, {alice, bob});
  insert(b, visit);
  taken();
  event.version = "v2";
  event.what.title = "At noon";
  event.what.start = at("2026-12-01T12:00:00");
  event.what.end = at("2026-12-01T13:00:00");
  now += std::chrono::seconds(5);

  pull(a, event);

  EXPECT_EQ(entry().what.title, "At noon");
  EXPECT_EQ(entry().version, 2);
  EXPECT_EQ(entry().updated_at, now);
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"b:upsert"});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_updated});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
  const auto data = json(c.facts[0].data);
  EXPECT_EQ(data.at("cause"), "provider");
  EXPECT_EQ(data.at("provider_id"), "a");
  EXPECT_EQ(data.at("changed"), boost::json::array({"time", "title"}));
  EXPECT_EQ(p().link(a.id, visit)->entry_version, 2);
}

TEST_F(plan_pull_test, a_spelling_of_the_vendor_is_never_a_change) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto wanted = std::get<push_insert>(plan_push(p(), a.id, visit));
  auto event = event_of(wanted.link, wanted.what, "v1");
  event.what.notes += "\n";
  settle_push(p(), wanted.link, wanted.what, 1, event, reason::push_inserted);
  taken();
  event.version = "v2";
  event.what.title = "New";

  pull(a, event);

  EXPECT_EQ(entry().what.notes, "Bring a ladder");
  EXPECT_EQ(entry().what.title, "New");
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_pull_test, changes_in_different_groups_are_merged_and_ours_is_pushed_on) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  edit_title("Ours");
  event.version = "v2";
  event.what.location = "Theirs";

  pull(a, event);

  EXPECT_EQ(entry().what.title, "Ours");
  EXPECT_EQ(entry().what.location, "Theirs");
  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_merged});
  EXPECT_EQ(rows(c), names{"a:upsert"});
  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(names_of(std::get<push_update>(step).changed), std::vector<std::string_view>{"title"});
  EXPECT_EQ(std::get<push_update>(step).link.event_version, "v2");
  EXPECT_EQ(std::get<push_update>(step).what.location, "Theirs");
}

TEST_F(plan_pull_test, a_conflict_is_told_once_and_keeps_the_losing_value) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  now += std::chrono::seconds(1);
  edit_title("Ours");
  event.version = "v2";
  event.what.title = "Theirs";
  event.updated_at = now + std::chrono::seconds(1);

  pull(a, event);

  EXPECT_EQ(entry().what.title, "Theirs");
  const auto c = taken();
  EXPECT_EQ(facts(c), (fact_list{fact_type::calendar_conflict_detected, fact_type::schedule_entry_updated}));
  const auto data = json(c.facts[0].data);
  EXPECT_EQ(data.at("entry_id"), "visit");
  EXPECT_EQ(data.at("provider_id"), "a");
  EXPECT_EQ(data.at("groups"), boost::json::array({"title"}));
  EXPECT_EQ(data.at("policy"), "newest");
  EXPECT_EQ(data.at("winner"), "external");
  EXPECT_FALSE(data.contains("losing"));
  EXPECT_EQ(reasons(c), reason_list{reason::pull_conflict_newest});
  EXPECT_EQ(json(c.decisions[0].inputs).at("losing").at("title"), "Ours");
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(plan_pull_test, a_huge_losing_value_is_cut_at_a_character_and_flagged) {
  auto& cal = add("a", alice);
  cal.on_conflict = conflict_policy::local;
  auto a = cal;
  auto event = linked(a, {alice});
  entry_edit e;
  e.notes = "ours";
  ASSERT_TRUE(change_entry(p(), visit, e));
  taken();
  event.version = "v2";
  event.what.notes = "x";
  while (event.what.notes.size() < limits::notes_bytes - 2) event.what.notes += "\"\xc3\xa9";

  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.decisions.size(), 1u);
  EXPECT_LE(c.decisions[0].inputs.size(), 64u * 1024u);
  const auto inputs = json(c.decisions[0].inputs);
  EXPECT_EQ(inputs.at("cut"), boost::json::array({"notes"}));
  const auto kept = std::string(inputs.at("losing").at("notes").as_string());
  EXPECT_EQ(event.what.notes.substr(0, kept.size()), kept);
  EXPECT_GT(kept.size(), 20'000u);
}

TEST_F(plan_pull_test, a_value_set_back_after_a_lost_conflict_is_still_pushed) {
  auto& cal = add("a", alice);
  cal.on_conflict = conflict_policy::local;
  auto a = cal;
  auto event = linked(a, {alice});
  edit_title("Ours");
  event.version = "v2";
  event.what.title = "Theirs";
  pull(a, event);

  edit_title("Replace switch"); // as it was when both agreed

  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(std::get<push_update>(step).what.title, "Replace switch");
}

TEST_F(plan_pull_test, what_only_the_host_has_survives) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  entry_edit e;
  e.status = entry_status::in_progress;
  e.work = work_item{"ticket", "1"};
  ASSERT_TRUE(change_entry(p(), visit, e));
  taken();
  event.version = "v2";
  event.what.title = "New";
  event.what.is_tentative = true;

  pull(a, event);

  EXPECT_EQ(entry().what.title, "New");
  EXPECT_EQ(entry().status, entry_status::in_progress);
  EXPECT_FALSE(entry().what.is_tentative);
  EXPECT_EQ(entry().work.type, "ticket");
  const auto step = plan_push(p(), a.id, visit); // written back over
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(names_of(std::get<push_update>(step).changed), std::vector<std::string_view>{"status"});
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
}

TEST_F(plan_pull_test, tentative_and_scheduled_follow_the_calendar) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  event.version = "v2";
  event.what.is_tentative = true;
  pull(a, event);
  EXPECT_EQ(entry().status, entry_status::tentative);
  event.version = "v3";
  event.what.is_tentative = false;
  pull(a, event);
  EXPECT_EQ(entry().status, entry_status::scheduled);
}

TEST_F(plan_pull_test, towards_a_provider_the_host_writes_back_over_a_persons_change) {
  auto& cal = add("a", alice);
  cal.direction = sync_direction::to_provider;
  auto a = cal;
  auto event = linked(a, {alice});
  event.version = "v2";
  event.what.title = "Theirs";

  pull(a, event);

  EXPECT_EQ(entry().version, 1);
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"a:upsert"});
  EXPECT_TRUE(c.facts.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::pull_conflict_local});
  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(std::get<push_update>(step).link.event_version, "v2");
  EXPECT_EQ(std::get<push_update>(step).what.title, "Replace switch");
}

TEST_F(plan_pull_test, a_calendar_that_only_gives_is_never_written) {
  auto& cal = add("a", alice);
  cal.direction = sync_direction::from_provider;
  auto a = cal;
  pull(a, foreign("e"));
  const auto id = taken().entries.at(0).entry.id;
  entry_edit e;
  e.title = "Ours";
  ASSERT_TRUE(change_entry(p(), id, e));
  EXPECT_TRUE(taken().outbox.empty());
  EXPECT_FALSE(p().link(a.id, id)->removing);

  auto event = foreign("e");
  event.version = "v2";
  event.what.title = "Theirs";
  pull(a, event);

  EXPECT_EQ(p().entry(id)->what.title, "Theirs");
  auto c = taken();
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::pull_conflict_external});
  ASSERT_TRUE(remove_entry(p(), id, {}));
  event.version = "v3";
  pull(a, event);
  c = taken();
  EXPECT_TRUE(c.entries.empty() && c.outbox.empty());
  EXPECT_EQ(c.deleted_entries.size(), 1u);
}

TEST_F(plan_pull_test, an_unknown_event_becomes_an_entry_of_the_calendars_person) {
  auto a = add("a", alice);
  add("m", alice, provider_type::microsoft);
  add("b", bob);
  auto event = foreign("e");
  event.what.is_tentative = true;

  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  const auto& e = c.entries[0].entry;
  EXPECT_TRUE(is_uuid(e.id.str()));
  EXPECT_EQ(e.version, 1);
  EXPECT_EQ(e.assigned, std::vector<user_id>{alice});
  EXPECT_EQ(e.origin, a.id);
  EXPECT_EQ(e.status, entry_status::tentative);
  EXPECT_EQ(e.what, event.what);
  EXPECT_EQ(rows(c), names{"m:upsert"});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_created});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_created});
  EXPECT_TRUE(p().link(a.id, e.id)->linked);
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, e.id)));
}

TEST_F(plan_pull_test, a_tenant_wide_calendar_assigns_nobody_and_keeps_its_private_events) {
  auto team = add("team", alice, provider_type::google, provider_scope::tenant);
  auto event = foreign("e");
  event.what.is_private = true;

  pull(team, event);

  auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_TRUE(c.entries[0].entry.assigned.empty());
  entry_edit e;
  e.title = "New";
  ASSERT_TRUE(change_entry(p(), c.entries[0].entry.id, e));
  EXPECT_EQ(rows(taken()), names{"team:upsert"});
}

TEST_F(plan_pull_test, unknown_events_that_are_not_imported_leave_no_trace) {
  auto to = add("to", alice);
  auto& t = add("to", alice);
  t.direction = sync_direction::to_provider;
  to = t;
  auto a = add("a", alice);
  auto series = foreign("s");
  series.series = event_id("series");

  EXPECT_EQ(pull(a, tombstone(event_id("never"))), pull_verdict::settled);
  EXPECT_EQ(pull(a, tombstone(event_id("never")), removal::unconfirmed), pull_verdict::settled);
  pull(a, series);
  pull(to, foreign("e"));

  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_pull_test, an_event_that_no_entry_can_hold_is_refused_with_its_cause) {
  auto a = add("a", alice);
  auto broken = foreign("e1");
  broken.unreadable = "time_out_of_range";
  auto mixed = foreign("e2");
  mixed.what.end = on("2026-12-03");
  auto backwards = foreign("e3");
  backwards.what.end = at("2026-12-01T09:00:00");
  auto huge = foreign("e4");
  huge.what.title = std::string(limits::title_bytes + 1, 'x');

  for (const auto& e : {broken, mixed, backwards, huge}) pull(a, e);

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty());
  EXPECT_EQ(reasons(c), reason_list(4, reason::pull_refused_unreadable));
  EXPECT_EQ(json(c.decisions[0].inputs).at("cause"), "time_out_of_range");
  EXPECT_EQ(json(c.decisions[1].inputs).at("cause"), "mixed_all_day");
  EXPECT_EQ(json(c.decisions[2].inputs).at("cause"), "end_before_start");
  EXPECT_EQ(json(c.decisions[3].inputs).at("cause"), "title_too_long");
}

TEST_F(plan_pull_test, a_linked_event_that_became_a_series_or_unreadable_is_left_alone) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  event.version = "v2";
  event.series = event_id("series");
  event.what.title = "x";
  pull(a, event);
  event.series = event_id();
  event.unreadable = "time_out_of_range";
  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(reasons(c), (reason_list{reason::pull_ignored_series, reason::pull_refused_unreadable}));
  EXPECT_TRUE(c.mappings.empty() && c.entries.empty() && c.facts.empty() && c.outbox.empty());
  EXPECT_EQ(p().link(a.id, visit)->event_version, "v1");
}

TEST_F(plan_pull_test, an_insert_whose_answer_was_lost_is_adopted) {
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

TEST_F(plan_pull_test, what_a_person_changed_before_an_insert_was_answered_is_not_lost) {
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

TEST_F(plan_pull_test, an_unanswered_insert_keeps_what_both_sides_changed_apart) {
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

TEST_F(plan_pull_test, an_unanswered_write_never_brings_an_older_value_of_the_host_back) {
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

TEST_F(plan_pull_test, a_change_that_the_host_took_back_stays_taken_back) {
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

TEST_F(plan_pull_test, a_person_who_changed_something_after_an_unanswered_write_is_heard) {
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

TEST_F(plan_pull_test, a_confirmed_write_ends_the_memory_of_what_was_said_before) {
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

TEST_F(plan_pull_test, an_unanswered_insert_never_brings_an_older_value_of_the_host_back) {
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

TEST_F(plan_pull_test, after_a_restore_a_tag_brings_its_entry_back_for_all_whose_calendars_show_it) {
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

TEST_F(plan_pull_test, after_a_restore_a_copy_of_an_event_of_ours_is_a_persons_own) {
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

TEST_F(plan_pull_test, after_a_restore_the_calendars_later_values_win_whatever_the_policy) {
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

TEST_F(plan_pull_test, after_a_restore_an_unknown_event_whose_listing_shows_no_tag_is_asked_for) {
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

TEST_F(plan_pull_test, without_a_restore_a_tag_of_nothing_is_an_event_like_any_other) {
  auto a = add("a", alice);
  auto event = foreign("x");
  event.tag = visit;

  pull(a, event);

  EXPECT_EQ(p().entry(visit), nullptr);
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_created});
}

TEST_F(plan_pull_test, our_tag_is_adopted_after_a_reconnect_but_not_on_a_copy) {
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

TEST_F(plan_pull_test, our_tag_on_what_does_not_belong_there_makes_no_second_entry) {
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

TEST_F(plan_pull_test, an_event_on_its_way_out_is_remembered_and_not_merged) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = event_of(*p().link(a.id, visit), entry().what, "v1");
  ASSERT_TRUE(remove_entry(p(), visit, {}));
  taken();

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_ignored_removing});
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.outbox.empty());
  EXPECT_TRUE(p().link(a.id, visit)->linked);
  EXPECT_TRUE(p().link(a.id, visit)->removing);
  EXPECT_TRUE(std::holds_alternative<push_remove>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_pull_test, what_changed_while_it_was_leaving_is_written_over_when_it_comes_back) {
  auto a = add("a", alice);
  auto event = linked(a, {alice});
  entry_edit off;
  off.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, off));
  event.version = "v2";
  event.what.location = "Elsewhere";
  pull(a, event);
  entry_edit back;
  back.status = entry_status::scheduled;
  ASSERT_TRUE(change_entry(p(), visit, back));

  const auto step = plan_push(p(), a.id, visit);

  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  EXPECT_EQ(names_of(std::get<push_update>(step).changed), std::vector<std::string_view>{"location"});
  EXPECT_EQ(std::get<push_update>(step).link.event_version, "v2");
}

TEST_F(plan_pull_test, an_insert_that_a_person_deleted_before_we_knew_it_is_found_by_its_transaction) {
  auto m = add("m", alice, provider_type::microsoft);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto gone = tombstone(event_id("g1"));
  gone.transaction_id = p().link(m.id, visit)->transaction_id;
  taken();

  EXPECT_EQ(pull(m, gone, removal::unconfirmed), pull_verdict::confirm_removal);
  pull(m, gone);

  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_unlinked});
}

TEST_F(plan_pull_test, becoming_private_in_a_tenant_wide_calendar_takes_the_hosts_entry_out) {
  auto team = add("team", alice, provider_type::google, provider_scope::tenant);
  auto event = linked(team, {});
  event.version = "v2";
  event.what.is_private = true;

  pull(team, event);

  EXPECT_EQ(rows(taken()), names{"team:remove"});
}

// ---- every (base, here, there) of every group under every policy ----

appointment with_value(appointment a, field_group g, int v) {
  const auto text = std::string(1, static_cast<char>('A' + v));
  switch (g) {
  case field_group::time:
    a.end = at("2026-12-01T1" + std::to_string(v) + ":00:00");
    break;
  case field_group::title:
    a.title = text;
    break;
  case field_group::notes:
    a.notes = text;
    break;
  case field_group::location:
    a.location = text;
    break;
  case field_group::privacy:
    a.is_private = v == 1;
    break;
  case field_group::status:
    a.is_tentative = v == 1;
    break;
  case field_group::attendees:
    a.attendees.resize(1);
    a.attendees[0].email = text + "@example.org";
    break;
  case field_group::recurrence:
  case field_group::occurrences:
    break; // told in tests of their own: they are not independent of each other
  }
  return a;
}

struct merge_case {
  field_group group;
  conflict_policy policy;
  int event_age; ///< seconds after the entry's change
};

class merge_table_test : public plan_pull_test, public ::testing::WithParamInterface<merge_case> {
protected:
  void run(const provider& calendar, int base, int here, int there) {
    const auto& c = GetParam();
    const entry_id id("e" + std::to_string(base) + std::to_string(here) + std::to_string(there));
    const event_id event("ev-" + id.str());
    const auto start = foreign("x").what;
    schedule_entry e;
    e.id = id;
    e.version = 7;
    e.what = with_value(start, c.group, here);
    e.what.start = at("2026-12-01T08:00:00");
    e.status = e.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
    e.assigned = {alice};
    e.updated_at = now;
    mapping m;
    m.provider = calendar.id;
    m.entry = id;
    m.event = event;
    m.linked = true;
    m.event_version = "v1";
    m.entry_version = 6;
    m.base_entry = with_value(e.what, c.group, base);
    m.base_event = m.base_entry;
    p().know(e);
    p().know(m);
    calendar_event incoming;
    incoming.id = event;
    incoming.version = "v2";
    incoming.what = with_value(e.what, c.group, there);
    incoming.updated_at = now + std::chrono::seconds(c.event_age);

    pull(calendar, incoming);

    const bool conflict = here != base && there != base && here != there;
    const bool external =
        c.policy == conflict_policy::external || (c.policy == conflict_policy::newest && c.event_age > 0);
    const int wanted = there == base ? here : here == base || external ? there : here;
    const auto what =
        "base " + std::to_string(base) + " here " + std::to_string(here) + " there " + std::to_string(there);
    const auto changes = taken();
    EXPECT_EQ(p().entry(id)->what, with_value(e.what, c.group, wanted)) << what;
    EXPECT_EQ(p().entry(id)->version, wanted == here ? 7 : 8) << what;
    EXPECT_EQ(p().entry(id)->status == entry_status::tentative, p().entry(id)->what.is_tentative) << what;
    EXPECT_EQ(p().link(calendar.id, id)->event_version, "v2") << what;
    EXPECT_EQ(p().link(calendar.id, id)->base_event, incoming.what) << what;
    EXPECT_EQ(changes.facts.size(), (conflict ? 1u : 0u) + (wanted != here ? 1u : 0u)) << what;
    EXPECT_EQ(rows(changes), there != base && wanted != there ? names{"a:upsert"} : names{}) << what;
    EXPECT_EQ(std::holds_alternative<push_update>(plan_push(p(), calendar.id, id)), wanted != there) << what;
    EXPECT_EQ(changes.decisions.size(), conflict || wanted != here ? 1u : 0u) << what;
  }
};

TEST_P(merge_table_test, decides_every_case) {
  auto& cal = add("a", alice);
  cal.on_conflict = GetParam().policy;
  const auto a = cal;
  const bool two_values = GetParam().group == field_group::privacy || GetParam().group == field_group::status;
  const int values = two_values ? 2 : 3;
  for (int base = 0; base < values; ++base)
    for (int here = 0; here < values; ++here)
      for (int there = 0; there < values; ++there) run(a, base, here, there);
}

std::vector<merge_case> merge_cases() {
  std::vector<merge_case> out;
  for (const auto g : {field_group::time, field_group::title, field_group::notes, field_group::location,
                       field_group::privacy, field_group::status})
    for (const auto policy : {conflict_policy::newest, conflict_policy::local, conflict_policy::external})
      for (const int age : {-1, 0, 1}) out.push_back({g, policy, age});
  return out;
}

INSTANTIATE_TEST_SUITE_P(plan_pull_test, merge_table_test, ::testing::ValuesIn(merge_cases()));

} // namespace
} // namespace kalends::actors
