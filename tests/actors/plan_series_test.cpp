// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

/// Tuesdays at nine from 1 December 2026, five times unless a test says otherwise.
class plan_series_test : public plan_fixture {
protected:
  static recurrence_id slot(const std::string& text) { return read_slot(text).value(); }
  static entry_edit one(const std::string& at) {
    entry_edit e;
    e.scope = edit_scope::single;
    e.occurrence = slot(at);
    return e;
  }
  static entry_edit from(const std::string& at) {
    auto e = one(at);
    e.scope = edit_scope::future;
    e.makes = entry_id("second");
    return e;
  }
  schedule_entry make(std::vector<user_id> people = {}, const std::string& rule = "FREQ=WEEKLY;COUNT=5") {
    auto edit = hour(std::move(people));
    recurrence r;
    r.rrule = rule;
    edit.repeats = r;
    auto made = create_entry(p(), visit, edit);
    EXPECT_TRUE(made) << made.error().code;
    return made.value_or(schedule_entry{});
  }
  const schedule_entry& now_is(const entry_id& id) { return *p().entry(id); }
  const recurrence& repeats(const entry_id& id) { return *p().entry(id)->what.repeats; }

  /// "12-01T09:00 12-08T11:00" of all that takes place.
  std::string dates(const entry_id& id) {
    std::string out;
    const auto from = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    for (const auto& o :
         occurrences_between(now_is(id).what, from, from + std::chrono::days(3'000), 50).items) {
      const auto text = is_all_day(o.what.start) ? write_date(std::get<calendar_date>(o.what.start))
                                                 : write_local(std::get<zoned_time>(o.what.start));
      out += (out.empty() ? "" : " ") + text.substr(5, 11);
    }
    return out;
  }
  std::string code(const entry_edit& edit) {
    const auto r = change_entry(p(), visit, edit);
    return r ? "made" : r.error().code;
  }
};

TEST_F(plan_series_test, keeps_the_rule_in_its_one_form) {
  add("a", alice);
  const auto made = make({alice}, "count=5;freq=weekly;interval=1");

  EXPECT_EQ(made.what.repeats->rrule.find("INTERVAL"), std::string::npos);
  EXPECT_EQ(dates(visit), "12-01T09:00 12-08T09:00 12-15T09:00 12-22T09:00 12-29T09:00");
  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

TEST_F(plan_series_test, refuses_a_rule_that_is_none) {
  auto edit = hour({});
  recurrence r;
  r.rrule = "FREQ=SOMETIMES";
  edit.repeats = r;
  const auto made = create_entry(p(), visit, edit);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "malformed_rrule");
  EXPECT_EQ(made.error().field, "recurrence.rrule");
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_series_test, changes_one_occurrence) {
  add("a", alice);
  make({alice});
  taken();
  auto edit = one("2026-12-08T09:00:00");
  edit.title = "Other switch";
  edit.start = at("2026-12-08T11:00:00");
  edit.end = at("2026-12-08T12:00:00");

  const auto after = change_entry(p(), visit, edit);

  ASSERT_TRUE(after) << after.error().code;
  EXPECT_EQ(after->version, 2);
  ASSERT_EQ(repeats(visit).changed.size(), 1u);
  EXPECT_EQ(repeats(visit).changed[0].what.title, "Other switch");
  EXPECT_EQ(after->what.title, "Replace switch");
  EXPECT_EQ(dates(visit), "12-01T09:00 12-08T11:00 12-15T09:00 12-22T09:00 12-29T09:00");
  const auto c = taken();
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
  EXPECT_EQ(json(c.facts[0].data).at("changed"), boost::json::array({"occurrences"}));
  EXPECT_EQ(rows(c), names{"a:upsert"});
}

TEST_F(plan_series_test, an_occurrence_changed_to_what_its_series_says_is_no_change) {
  make();
  taken();
  auto edit = one("2026-12-08T09:00:00");
  edit.title = "Replace switch";
  EXPECT_EQ(change_entry(p(), visit, edit)->version, 1);
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_series_test, cancels_and_restores_one_occurrence) {
  make();
  auto edit = one("2026-12-08T09:00:00");
  edit.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, edit));
  EXPECT_EQ(repeats(visit).exdates, std::vector{slot("2026-12-08T09:00:00")});
  EXPECT_EQ(dates(visit), "12-01T09:00 12-15T09:00 12-22T09:00 12-29T09:00");
  EXPECT_EQ(code(edit), "occurrence_not_found");

  edit.status = entry_status::scheduled;
  ASSERT_TRUE(change_entry(p(), visit, edit));
  EXPECT_TRUE(repeats(visit).exdates.empty());
  EXPECT_EQ(now_is(visit).version, 3);
}

TEST_F(plan_series_test, the_host_alone_knows_how_far_an_occurrence_is) {
  add("a", alice);
  make({alice});
  insert(*p().calendar(provider_id("a")), visit);
  taken();
  auto edit = one("2026-12-08T09:00:00");
  edit.status = entry_status::completed;

  ASSERT_TRUE(change_entry(p(), visit, edit));

  EXPECT_EQ(now_is(visit).occurrences,
            (std::vector{occurrence_status{slot("2026-12-08T09:00:00"), entry_status::completed}}));
  EXPECT_EQ(now_is(visit).status, entry_status::scheduled);
  const auto c = taken();
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(json(c.facts.at(0).data).at("changed"), boost::json::array({"occurrences"}));
  edit.status = entry_status::scheduled;
  ASSERT_TRUE(change_entry(p(), visit, edit));
  EXPECT_TRUE(now_is(visit).occurrences.empty());
}

TEST_F(plan_series_test, an_occurrence_for_other_people_leaves_the_series) {
  add("a", alice);
  add("b", bob);
  make({alice});
  taken();
  auto edit = one("2026-12-08T09:00:00");
  edit.assigned = std::vector<user_id>{bob};
  edit.title = "For Bob";
  edit.makes = entry_id("own");

  const auto made = change_entry(p(), visit, edit);

  ASSERT_TRUE(made) << made.error().code;
  EXPECT_EQ(made->id, entry_id("own"));
  EXPECT_EQ(made->version, 1);
  EXPECT_FALSE(made->what.repeats);
  EXPECT_EQ(made->what.title, "For Bob");
  EXPECT_EQ(made->assigned, std::vector<user_id>{bob});
  EXPECT_EQ(dates(entry_id("own")), "12-08T09:00");
  EXPECT_EQ(dates(visit), "12-01T09:00 12-15T09:00 12-22T09:00 12-29T09:00");
  EXPECT_EQ(now_is(visit).assigned, std::vector<user_id>{alice});
  const auto c = taken();
  EXPECT_EQ(facts(c), (fact_list{fact_type::schedule_entry_updated, fact_type::schedule_entry_created}));
  EXPECT_EQ(rows(c), (names{"a:upsert", "b:upsert"}));
  EXPECT_EQ(change_entry(p(), visit, edit)->id, entry_id("own")) << "a repetition finds what it made";
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_series_test, the_same_people_are_no_reason_to_leave) {
  make({alice});
  auto edit = one("2026-12-08T09:00:00");
  edit.assigned = std::vector<user_id>{alice};
  edit.title = "x";
  EXPECT_EQ(change_entry(p(), visit, edit)->id, visit);
}

TEST_F(plan_series_test, this_and_following_become_a_series_of_their_own) {
  add("a", alice);
  make({alice});
  auto gone = one("2026-12-22T09:00:00");
  gone.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, gone));
  auto moved = one("2026-12-08T09:00:00");
  moved.title = "Early";
  ASSERT_TRUE(change_entry(p(), visit, moved));
  auto done = one("2026-12-29T09:00:00");
  done.status = entry_status::completed;
  ASSERT_TRUE(change_entry(p(), visit, done));
  taken();
  auto edit = from("2026-12-15T09:00:00");
  edit.start = at("2026-12-15T14:00:00");
  edit.end = at("2026-12-15T15:00:00");

  const auto second = change_entry(p(), visit, edit);

  ASSERT_TRUE(second) << second.error().code;
  EXPECT_EQ(second->id, entry_id("second"));
  EXPECT_EQ(dates(visit), "12-01T09:00 12-08T09:00");
  EXPECT_EQ(dates(second->id), "12-15T14:00 12-29T14:00");
  EXPECT_EQ(repeats(visit).changed.size(), 1u);
  EXPECT_TRUE(repeats(visit).exdates.empty());
  EXPECT_EQ(repeats(second->id).exdates, std::vector{slot("2026-12-22T14:00:00")});
  EXPECT_TRUE(now_is(visit).occurrences.empty());
  EXPECT_EQ(now_is(second->id).occurrences.at(0).at, slot("2026-12-29T14:00:00"));
  EXPECT_EQ(now_is(second->id).assigned, std::vector<user_id>{alice});
  const auto c = taken();
  EXPECT_EQ(facts(c), (fact_list{fact_type::schedule_entry_updated, fact_type::schedule_entry_created}));
  EXPECT_EQ(c.entries.size(), 2u);
}

TEST_F(plan_series_test, a_split_without_a_change_is_none) {
  make();
  taken();
  auto edit = from("2026-12-15T09:00:00");
  edit.title = "Replace switch";
  EXPECT_EQ(change_entry(p(), visit, edit)->id, visit);
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_series_test, from_the_first_occurrence_on_is_all_of_it) {
  make();
  auto edit = from("2026-12-01T09:00:00");
  edit.title = "All";
  EXPECT_EQ(change_entry(p(), visit, edit)->id, visit);
  EXPECT_EQ(now_is(visit).what.title, "All");
  EXPECT_EQ(p().entry(entry_id("second")), nullptr);
}

TEST_F(plan_series_test, changed_occurrences_go_along_in_what_they_had_like_the_series) {
  make();
  auto edit = one("2026-12-08T09:00:00");
  edit.title = "Its own";
  ASSERT_TRUE(change_entry(p(), visit, edit));
  auto moved = one("2026-12-15T09:00:00");
  moved.start = at("2026-12-16T07:00:00");
  moved.end = at("2026-12-16T08:00:00");
  ASSERT_TRUE(change_entry(p(), visit, moved));
  entry_edit all;
  all.title = "New";
  all.notes = "Bring two ladders";
  all.start = at("2026-12-01T10:00:00");
  all.end = at("2026-12-01T12:00:00");

  const auto after = change_entry(p(), visit, all);

  ASSERT_TRUE(after) << after.error().code;
  EXPECT_EQ(dates(visit), "12-01T10:00 12-08T10:00 12-16T07:00 12-22T10:00 12-29T10:00");
  ASSERT_EQ(repeats(visit).changed.size(), 2u);
  const auto& first = repeats(visit).changed[0];
  EXPECT_EQ(first.at, slot("2026-12-08T10:00:00"));
  EXPECT_EQ(first.what.title, "Its own");
  EXPECT_EQ(first.what.notes, "Bring two ladders");
  EXPECT_EQ(write_local(std::get<zoned_time>(first.what.end)), "2026-12-08T12:00:00");
  const auto& second = repeats(visit).changed[1];
  EXPECT_EQ(second.what.title, "New");
  EXPECT_EQ(write_local(std::get<zoned_time>(second.what.end)), "2026-12-16T08:00:00");
}

TEST_F(plan_series_test, a_series_that_is_moved_keeps_its_last_occurrence) {
  make({}, "FREQ=WEEKLY;UNTIL=20261229T080000Z");
  entry_edit all;
  all.start = at("2026-12-01T15:00:00");
  all.end = at("2026-12-01T16:00:00");

  ASSERT_TRUE(change_entry(p(), visit, all));

  EXPECT_EQ(dates(visit), "12-01T15:00 12-08T15:00 12-15T15:00 12-22T15:00 12-29T15:00");
}

TEST_F(plan_series_test, a_series_that_is_moved_gets_no_other_occurrence) {
  make({}, "FREQ=DAILY;UNTIL=20261203T080000Z");
  entry_edit all;
  all.start = at("2026-12-02T20:00:00", "America/New_York");
  all.end = at("2026-12-02T21:00:00", "America/New_York");

  ASSERT_TRUE(change_entry(p(), visit, all));

  EXPECT_EQ(dates(visit), "12-02T20:00 12-03T20:00 12-04T20:00");
}

TEST_F(plan_series_test, becomes_all_day_with_its_bound_and_exceptions) {
  make({}, "FREQ=WEEKLY;UNTIL=20261229T080000Z");
  auto gone = one("2026-12-08T09:00:00");
  gone.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, gone));
  entry_edit all;
  all.start = on("2026-12-01");
  all.end = on("2026-12-02");

  const auto after = change_entry(p(), visit, all);

  ASSERT_TRUE(after) << after.error().code << after.error().detail;
  EXPECT_EQ(repeats(visit).rrule, "FREQ=WEEKLY;UNTIL=20261229");
  EXPECT_EQ(dates(visit), "12-01 12-15 12-22 12-29");
}

TEST_F(plan_series_test, a_new_rule_keeps_the_exceptions_that_it_still_has) {
  make();
  auto edit = one("2026-12-08T09:00:00");
  edit.title = "Its own";
  ASSERT_TRUE(change_entry(p(), visit, edit));
  auto gone = one("2026-12-15T09:00:00");
  gone.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, gone));
  entry_edit rule;
  recurrence fortnightly;
  fortnightly.rrule = "FREQ=WEEKLY;INTERVAL=2;COUNT=3";
  rule.repeats = fortnightly;
  rule.keeps_exdates = rule.keeps_rdates = true;

  ASSERT_TRUE(change_entry(p(), visit, rule));

  EXPECT_TRUE(repeats(visit).changed.empty());
  EXPECT_EQ(dates(visit), "12-01T09:00 12-29T09:00");
  rule.repeats->emplace(recurrence{"FREQ=WEEKLY;INTERVAL=2;COUNT=3", {}, {}, {}});
  rule.keeps_exdates = false;
  ASSERT_TRUE(change_entry(p(), visit, rule));
  EXPECT_EQ(dates(visit), "12-01T09:00 12-15T09:00 12-29T09:00");
}

TEST_F(plan_series_test, becomes_a_single_entry) {
  make();
  auto done = one("2026-12-08T09:00:00");
  done.status = entry_status::completed;
  ASSERT_TRUE(change_entry(p(), visit, done));
  entry_edit single;
  single.repeats.emplace(std::nullopt);

  ASSERT_TRUE(change_entry(p(), visit, single));

  EXPECT_FALSE(now_is(visit).what.repeats);
  EXPECT_TRUE(now_is(visit).occurrences.empty());
  EXPECT_EQ(code(one("2026-12-08T09:00:00")), "not_a_series");
}

TEST_F(plan_series_test, refuses_what_one_occurrence_cannot_have) {
  make();
  auto edit = one("2026-12-08T09:00:00");
  edit.repeats = recurrence{"FREQ=DAILY", {}, {}, {}};
  EXPECT_EQ(code(edit), "not_of_one_occurrence");
  edit = one("2026-12-08T09:00:00");
  edit.work = work_item{"ticket", "1"};
  EXPECT_EQ(code(edit), "not_of_one_occurrence");
  edit = one("2026-12-08T09:00:00");
  edit.attendees.emplace();
  EXPECT_EQ(code(edit), "not_of_one_occurrence");
  edit = one("2026-12-08T09:00:00");
  edit.end = at("2026-12-08T08:00:00");
  EXPECT_EQ(code(edit), "end_before_start");
  EXPECT_EQ(code(one("2026-12-09T09:00:00")), "occurrence_not_found");
  EXPECT_EQ(code(from("2026-12-09T09:00:00")), "occurrence_not_found");
}

TEST_F(plan_series_test, deletes_one_the_following_or_all) {
  make();
  taken();
  ASSERT_TRUE(remove_part(p(), visit, one("2026-12-08T09:00:00")));
  EXPECT_EQ(dates(visit), "12-01T09:00 12-15T09:00 12-22T09:00 12-29T09:00");
  EXPECT_EQ(remove_part(p(), visit, one("2026-12-08T09:00:00")).error().code, "occurrence_not_found");
  ASSERT_TRUE(remove_part(p(), visit, from("2026-12-22T09:00:00")));
  EXPECT_EQ(dates(visit), "12-01T09:00 12-15T09:00");
  ASSERT_TRUE(remove_part(p(), visit, one("2026-12-01T09:00:00")));
  EXPECT_EQ(dates(visit), "12-15T09:00");
  ASSERT_TRUE(remove_part(p(), visit, one("2026-12-15T09:00:00")));
  EXPECT_EQ(p().entry(visit), nullptr);
  const auto c = taken();
  EXPECT_EQ(facts(c).back(), fact_type::schedule_entry_deleted);
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{visit});
}

TEST_F(plan_series_test, from_the_first_occurrence_on_all_is_deleted) {
  make();
  ASSERT_TRUE(remove_part(p(), visit, from("2026-12-01T09:00:00")));
  EXPECT_EQ(p().entry(visit), nullptr);
}

TEST_F(plan_series_test, a_series_whose_last_occurrence_is_cancelled_is_cancelled) {
  make({}, "FREQ=WEEKLY;COUNT=1");
  auto edit = one("2026-12-01T09:00:00");
  edit.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, edit));
  EXPECT_EQ(now_is(visit).status, entry_status::cancelled);
}

TEST_F(plan_series_test, guests_keep_their_answers) {
  auto edit = hour({});
  edit.attendees = std::vector<attendee>{{"Kim@x.org", "Kim", attendee_response::accepted, false, true}};
  ASSERT_TRUE(create_entry(p(), visit, edit));
  entry_edit more;
  more.attendees = std::vector<attendee>{{"lee@x.org", "Lee"}, {"kim@x.org", "Kim"}};

  const auto after = change_entry(p(), visit, more);

  ASSERT_EQ(after->what.attendees.size(), 2u);
  EXPECT_EQ(after->what.attendees[0].response, attendee_response::accepted);
  EXPECT_TRUE(after->what.attendees[0].is_organizer);
  EXPECT_EQ(after->what.attendees[1].email, "lee@x.org");
}

} // namespace
} // namespace kalends::actors
