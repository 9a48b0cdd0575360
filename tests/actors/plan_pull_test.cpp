// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/linked_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_pull_test : public linked_fixture {};

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

TEST_F(plan_pull_test, becoming_private_in_a_tenant_wide_calendar_takes_the_hosts_entry_out) {
  auto team = add("team", alice, provider_type::google, provider_scope::tenant);
  auto event = linked(team, {});
  event.version = "v2";
  event.what.is_private = true;

  pull(team, event);

  EXPECT_EQ(rows(taken()), names{"team:remove"});
}

} // namespace
} // namespace kalends::actors
