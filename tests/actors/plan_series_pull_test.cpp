// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/series_fixture.hpp"

#include "actors/merge_parts.hpp"

namespace kalends::actors {
namespace {

class plan_series_pull_test : public series_fixture {};

TEST_F(plan_series_pull_test, an_unknown_series_becomes_one_entry_with_all_its_exceptions) {
  auto a = add("a", alice);
  auto event = weekly("s");
  cancel(event, "2026-12-08T09:00:00");
  change(event, "2026-12-15T09:00:00", "Moved");

  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].entry.what, event.what);
  EXPECT_EQ(c.mappings.size(), 1u);
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_created});
}

TEST_F(plan_series_pull_test, series_exceptions_are_not_lost_when_the_host_renames_the_series_meanwhile) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  edit_title("Ours");
  event.version = "v2";
  cancel(event, "2026-12-08T09:00:00");
  change(event, "2026-12-15T09:00:00", "Moved");

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(entry().what.title, "Ours");
  EXPECT_EQ(entry().what.repeats, event.what.repeats);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_merged});
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

TEST_F(plan_series_pull_test, occurrences_that_only_one_side_changed_come_together_without_a_conflict) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  auto here = event;
  cancel(here, "2026-12-08T09:00:00");
  say(here.what);
  event.version = "v2";
  change(event, "2026-12-15T09:00:00", "Moved");

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-08T09:00:00"}));
  ASSERT_EQ(entry().what.repeats->changed.size(), 1u);
  EXPECT_EQ(entry().what.repeats->changed[0].what.title, "Moved");
  EXPECT_EQ(reasons(c), reason_list{reason::pull_merged});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

TEST_F(plan_series_pull_test, only_a_slot_that_both_changed_is_a_conflict_and_the_others_merge) {
  for (const auto policy : {conflict_policy::local, conflict_policy::external}) {
    auto& calendar = add(std::string(name_of(policy)), alice);
    calendar.on_conflict = policy;
  }
  for (const auto policy : {conflict_policy::local, conflict_policy::external}) {
    const auto a = *p().calendar(provider_id(std::string(name_of(policy))));
    auto event = imported(a, weekly("s-" + a.id.str()));
    auto here = event;
    change(here, "2026-12-08T09:00:00", "Ours");
    cancel(here, "2026-12-22T09:00:00");
    say(here.what);
    event.version = "v2";
    change(event, "2026-12-08T09:00:00", "Theirs");
    change(event, "2026-12-15T09:00:00", "Moved");

    pull(a, event);

    const auto c = taken();
    const auto& repeats = *entry().what.repeats;
    ASSERT_EQ(repeats.changed.size(), 2u);
    EXPECT_EQ(repeats.changed[0].what.title, policy == conflict_policy::local ? "Ours" : "Theirs");
    EXPECT_EQ(repeats.changed[1].what.title, "Moved");
    EXPECT_EQ(repeats.exdates, slots({"2026-12-22T09:00:00"}));
    EXPECT_EQ(reasons(c), reason_list{policy == conflict_policy::local ? reason::pull_conflict_local
                                                                       : reason::pull_conflict_external});
  }
}

TEST_F(plan_series_pull_test, a_series_that_moved_keeps_what_the_host_cancelled_under_its_new_name) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  auto here = event;
  cancel(here, "2026-12-08T09:00:00");
  say(here.what);
  event.version = "v2";
  event.what.start = at("2026-12-01T11:00:00");
  event.what.end = at("2026-12-01T12:00:00");

  pull(a, event);

  EXPECT_EQ(entry().what.start, event.what.start);
  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-08T11:00:00"}));
}

TEST_F(plan_series_pull_test, a_series_whose_rule_changed_drops_exceptions_that_have_no_slot_any_more) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  auto here = event;
  cancel(here, "2026-12-08T09:00:00");
  change(here, "2026-12-15T09:00:00", "Ours");
  say(here.what);
  event.version = "v2";
  event.what.repeats->rrule = "FREQ=WEEKLY;INTERVAL=2";

  pull(a, event);

  EXPECT_EQ(entry().what.repeats->rrule, "FREQ=WEEKLY;INTERVAL=2");
  EXPECT_TRUE(entry().what.repeats->exdates.empty());
  EXPECT_EQ(entry().what.repeats->changed.size(), 1u);
}

TEST_F(plan_series_pull_test, weekdays_are_not_shifted_when_one_side_moves_the_start_and_the_other_the_rule) {
  for (const auto policy : {conflict_policy::local, conflict_policy::external}) {
    auto& calendar = add(std::string(name_of(policy)), alice);
    calendar.on_conflict = policy;
  }
  for (const auto policy : {conflict_policy::local, conflict_policy::external}) {
    const auto a = *p().calendar(provider_id(std::string(name_of(policy))));
    auto event = imported(a, weekly("s-" + a.id.str()));
    auto here = event.what;
    here.start = at("2026-12-02T09:00:00");
    here.end = at("2026-12-02T10:00:00");
    say(here);
    event.version = "v2";
    event.what.repeats->rrule = "FREQ=WEEKLY;BYDAY=TU,TH";

    pull(a, event);

    EXPECT_EQ(entry().what.start, policy == conflict_policy::local ? here.start : event.what.start);
    EXPECT_EQ(entry().what.repeats->rrule,
              canonical_series(policy == conflict_policy::local ? here : event.what)->repeats->rrule);
    EXPECT_TRUE(canonical_series(entry().what));
    taken();
  }
}

TEST_F(plan_series_pull_test, a_single_event_becomes_a_series_and_a_series_a_single_event) {
  auto a = add("a", alice);
  auto event = imported(a, foreign("e"));
  event.version = "v2";
  event.what.repeats = recurrence{"FREQ=DAILY;COUNT=5", {}, {}, {}};
  pull(a, event);
  EXPECT_EQ(entry().what.repeats, event.what.repeats);

  event.version = "v3";
  event.what.repeats.reset();
  pull(a, event);
  EXPECT_FALSE(entry().what.repeats);
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_series_pull_test, the_hosts_status_of_an_occurrence_is_not_lost_and_goes_where_it_goes) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  auto done = entry();
  done.occurrences = {{slot("2026-12-08T09:00:00"), entry_status::completed}};
  p().know(done);
  event.version = "v2";
  event.what.start = at("2026-12-01T11:00:00");
  event.what.end = at("2026-12-01T12:00:00");

  pull(a, event);

  ASSERT_EQ(entry().occurrences.size(), 1u);
  EXPECT_EQ(entry().occurrences[0],
            (occurrence_status{slot("2026-12-08T11:00:00"), entry_status::completed}));
}

TEST_F(plan_series_pull_test, exceptions_that_the_vendor_wiped_under_our_own_write_are_written_again) {
  auto a = add("a", alice);
  auto base = weekly("s");
  cancel(base, "2026-12-08T09:00:00");
  auto event = imported(a, base);
  auto here = event.what;
  here.repeats->rrule = "FREQ=DAILY";
  say(here);
  event.version = "v2"; // the answer to our write of the master never came
  event.what.repeats = recurrence{"FREQ=DAILY", {}, {}, {}};

  pull(a, event);

  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-08T09:00:00"}));
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
}

TEST_F(plan_series_pull_test, a_series_that_no_entry_can_hold_is_refused_with_its_cause) {
  auto a = add("a", alice);
  auto text = weekly("e1");
  change(text, "2026-12-08T09:00:00", std::string(limits::title_bytes + 1, 'x'));
  auto hourly = weekly("e2");
  hourly.what.repeats->rrule = "FREQ=HOURLY";
  auto guests = foreign("e3");
  for (std::size_t i = 0; i <= limits::attendees; ++i)
    guests.what.attendees.push_back({"g" + std::to_string(i) + "@example.org", "", {}, false, false});

  for (const auto& e : {text, hourly, guests}) pull(a, e);

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty());
  ASSERT_EQ(reasons(c), reason_list(3, reason::pull_refused_unreadable));
  EXPECT_EQ(json(c.decisions[0].inputs).at("cause"), "title_too_long");
  EXPECT_EQ(json(c.decisions[1].inputs).at("cause"), "rrule_part_unsupported");
  EXPECT_EQ(json(c.decisions[2].inputs).at("cause"), "too_many_attendees");
}

TEST_F(plan_series_pull_test, a_series_that_cannot_be_read_leaves_its_entry_as_it_is) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  calendar_event closed;
  closed.id = closed.series = event.id;
  closed.unreadable = "forbidden";

  pull(a, closed);

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_ignored_series});
  EXPECT_EQ(json(c.decisions[0].inputs).at("cause"), "forbidden");
  EXPECT_TRUE(c.entries.empty() && c.mappings.empty());
}

TEST_F(plan_series_pull_test, a_series_whose_start_left_the_window_is_not_missing_while_it_goes_on) {
  auto old = weekly("s");
  old.what.start = at("2020-01-07T09:00:00");
  old.what.end = at("2020-01-07T10:00:00");
  const read_window window{now - std::chrono::hours(24), now + std::chrono::hours(24 * 365)};

  EXPECT_TRUE(takes_place_in(old.what, window));
  old.what.repeats->rrule = "FREQ=WEEKLY;COUNT=3";
  EXPECT_FALSE(takes_place_in(old.what, window));
  old.what.repeats.reset();
  EXPECT_FALSE(takes_place_in(old.what, window));
}

TEST_F(plan_series_pull_test,
       an_occurrence_that_one_of_several_people_deletes_becomes_an_entry_of_the_others) {
  auto a = add("a", alice);
  auto b = add("b", bob);
  auto event = imported(a, weekly("s"));
  assign({alice, bob});
  insert(b, id());
  taken();
  event.version = "v2";
  cancel(event, "2026-12-08T09:00:00");

  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 2u);
  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-08T09:00:00"}));
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  const auto& freed = c.entries[0].entry.id == id() ? c.entries[1].entry : c.entries[0].entry;
  EXPECT_EQ(freed.assigned, std::vector<user_id>{bob});
  EXPECT_EQ(freed.what.start, at("2026-12-08T09:00:00"));
  EXPECT_FALSE(freed.what.repeats);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_occurrence_freed});
  EXPECT_EQ(rows(c), (names{"b:upsert", "b:upsert"}));
  EXPECT_EQ(facts(c), (fact_list{fact_type::schedule_entry_updated, fact_type::schedule_entry_created}));
}

TEST_F(plan_series_pull_test, an_occurrence_that_the_only_person_deletes_is_cancelled) {
  auto a = add("a", alice);
  auto event = imported(a, weekly("s"));
  event.version = "v2";
  cancel(event, "2026-12-08T09:00:00");

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_updated});
  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-08T09:00:00"}));
}

TEST_F(plan_series_pull_test, an_occurrence_that_a_guest_leaves_stays_the_meetings) {
  add("a", alice).account = "alice@example.org";
  add("b", bob).account = "bob@example.org";
  const auto a = *p().calendar(provider_id("a"));
  const auto b = *p().calendar(provider_id("b"));
  auto meeting = weekly("s");
  meeting.ical_uid = "uid";
  meeting.what.attendees = {{"alice@example.org", "", attendee_response::accepted, false, true},
                            {"bob@example.org", "", attendee_response::accepted, false, false}};
  imported(a, meeting);
  auto copy = meeting;
  copy.id = event_id("copy");
  copy.guest_copy = true;
  pull(b, copy);
  taken();
  copy.version = "v2";
  cancel(copy, "2026-12-08T09:00:00");

  pull(b, copy);

  EXPECT_TRUE(entry().what.repeats->exdates.empty());
  EXPECT_TRUE(taken().outbox.empty());
  meeting.version = "v2";
  cancel(meeting, "2026-12-15T09:00:00");
  pull(a, meeting);
  EXPECT_EQ(entry().what.repeats->exdates, slots({"2026-12-15T09:00:00"})) << "its organizer cancels it";
  EXPECT_EQ(taken().entries.size(), 1u);
}

/// One of several people cuts the series in a calendar of their own.
class plan_tail_test : public series_fixture {
protected:
  void SetUp() override {
    add("a", alice).account = "alice@example.org";
    add("b", bob).account = "bob@example.org";
  }
  const provider& a() { return *p().calendar(provider_id("a")); }
  const provider& b() { return *p().calendar(provider_id("b")); }
  /// Alice's series, also Bob's by the host.
  calendar_event shared() {
    auto e = imported(a(), weekly("s"));
    assign({alice, bob});
    insert(b(), id());
    taken();
    e.version = "v2";
    return e;
  }
  static void cut(calendar_event& e, const std::string& last) {
    e.what.repeats->rrule = "FREQ=WEEKLY;UNTIL=" + last;
    e.what = canonical_series(e.what).value();
  }
  schedule_entry other_of(const tenant_changes& c) {
    for (const auto& e : c.entries)
      if (e.entry.id != id()) return e.entry;
    return {};
  }
};

TEST_F(plan_tail_test, what_followed_becomes_an_entry_of_the_others) {
  auto e = shared();
  cut(e, "20261215T090000");

  pull(a(), e);

  const auto c = taken();
  const auto tail = other_of(c);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_tail_freed});
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_EQ(slots_of(entry().what, 10).size(), 3u);
  EXPECT_EQ(tail.assigned, std::vector<user_id>{bob});
  EXPECT_EQ(tail.what.start, at("2026-12-22T09:00:00"));
  EXPECT_EQ(tail.what.repeats->rrule, "FREQ=WEEKLY");
  EXPECT_EQ(rows(c), (names{"b:upsert", "b:upsert"})) << "nothing is left to be written to Alice";
  EXPECT_EQ(json(c.decisions[0].inputs).at("becomes_entry_id").as_string(), tail.id.str());
}

TEST_F(plan_tail_test, what_followed_takes_its_exceptions_and_statuses_along) {
  auto e = shared();
  entry_edit done;
  done.scope = edit_scope::single;
  done.occurrence = slot("2026-12-29T09:00:00");
  done.status = entry_status::in_progress;
  ASSERT_TRUE(change_entry(p(), id(), done));
  taken();
  cut(e, "20261215T090000");

  pull(a(), e);

  const auto tail = other_of(taken());
  ASSERT_EQ(tail.occurrences.size(), 1u);
  EXPECT_EQ(tail.occurrences[0].at, slot("2026-12-29T09:00:00"));
  EXPECT_TRUE(entry().occurrences.empty());
}

TEST_F(plan_tail_test, the_only_person_cuts_the_entry) {
  auto e = imported(a(), weekly("s"));
  e.version = "v2";
  cut(e, "20261215T090000");

  pull(a(), e);

  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_updated});
  EXPECT_EQ(slots_of(entry().what, 10).size(), 3u);
}

TEST_F(plan_tail_test, by_policy_a_cut_of_the_hosts_series_counts_for_all) {
  add("a", alice).on_deletion = deletion_policy::cancel_entry;
  auto edit = hour({alice, bob});
  edit.repeats = recurrence{"FREQ=WEEKLY", {}, {}, {}};
  ASSERT_TRUE(create_entry(p(), visit, edit));
  auto e = insert(a(), visit);
  insert(b(), visit);
  taken();
  e.version = "v2";
  cut(e, "20261215T090000");

  pull(a(), e);

  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(slots_of(p().entry(visit)->what, 10).size(), 3u);
  EXPECT_EQ(rows(c), names{"b:upsert"});
}

TEST_F(plan_tail_test, a_guest_who_cuts_a_meeting_takes_it_from_nobody_and_its_organizer_from_all) {
  auto meeting = weekly("s");
  meeting.ical_uid = "uid";
  meeting.what.attendees = {{"alice@example.org", "", attendee_response::accepted, false, true},
                            {"bob@example.org", "", attendee_response::accepted, false, false}};
  imported(a(), meeting);
  auto copy = meeting;
  copy.id = event_id("copy");
  copy.guest_copy = true;
  pull(b(), copy);
  taken();
  copy.version = "v2";
  cut(copy, "20261215T090000");
  pull(b(), copy);
  EXPECT_EQ(entry().what.repeats->rrule, "FREQ=WEEKLY");
  EXPECT_TRUE(taken().outbox.empty());

  meeting.version = "v2";
  cut(meeting, "20261222T090000");
  pull(a(), meeting);

  EXPECT_EQ(slots_of(entry().what, 10).size(), 4u);
  EXPECT_EQ(taken().entries.size(), 1u);
}

TEST_F(plan_tail_test, a_rule_that_becomes_another_one_is_no_cut) {
  auto e = shared();
  e.what.repeats->rrule = "FREQ=WEEKLY;INTERVAL=2;COUNT=3";

  pull(a(), e);

  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(slots_of(entry().what, 10).size(), 3u);
}

TEST_F(plan_tail_test, where_the_series_cannot_be_parted_it_stays_whole_and_is_written_back) {
  auto e = weekly("s");
  e.what.repeats->rrule = "FREQ=WEEKLY;COUNT=3";
  e.what.repeats->rdates = slots({"2026-12-10T09:00:00"});
  e.what = canonical_series(e.what).value();
  e = imported(a(), e);
  assign({alice, bob});
  insert(b(), id());
  taken();
  const auto whole = entry().what;
  e.version = "v2";
  e.what.repeats->rrule = "FREQ=WEEKLY;COUNT=2";
  e.what.repeats->rdates.clear();

  pull(a(), e);

  const auto c = taken();
  EXPECT_EQ(slots_of(entry().what, 10).size(), 4u);
  EXPECT_TRUE(difference(entry().what, whole).empty());
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

} // namespace
} // namespace kalends::actors
