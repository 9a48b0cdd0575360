// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/series_fixture.hpp"

#include "actors/import_projector.hpp"

namespace kalends::actors {
namespace {

/// What of a calendar's events gets in.
class plan_import_test : public series_fixture {
protected:
  calendar_event secret() {
    auto e = weekly("s");
    e.what.title = "SECRET";
    e.what.notes = "SECRET";
    e.what.location = "SECRET";
    e.what.attendees = {{"SECRET@example.org", "SECRET", {}, false, false}};
    change(e, "2026-12-08T09:00:00", "SECRET too");
    return e;
  }
  static bool tells(const tenant_changes& c) {
    std::string all;
    for (const auto& f : c.facts) all += f.data;
    for (const auto& d : c.decisions) all += d.inputs;
    for (const auto& e : c.entries) all += text_of(e.entry.what);
    for (const auto& m : c.mappings) all += text_of(m.base_entry) + text_of(m.base_event);
    return all.find("SECRET") != std::string::npos;
  }
  static std::string text_of(const appointment& a) {
    auto all = a.title + a.notes + a.location;
    for (const auto& g : a.attendees) all += g.email + g.name;
    if (a.repeats)
      for (const auto& c : a.repeats->changed) all += text_of(c.what);
    return all;
  }
};

TEST_F(plan_import_test, busy_only_masks_the_series_and_each_exception_and_tells_nobody) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::busy_only;
  const auto a = calendar;
  pull(a, secret());

  auto c = taken();
  EXPECT_FALSE(tells(c));
  ASSERT_EQ(c.entries.size(), 1u);
  const auto& what = c.entries[0].entry.what;
  EXPECT_EQ(what.title, "Busy");
  EXPECT_TRUE(what.is_private);
  ASSERT_EQ(what.repeats->changed.size(), 1u);
  EXPECT_EQ(what.repeats->changed[0].what.title, "Busy");
  EXPECT_TRUE(c.mappings[0].masked);

  auto moved = secret();
  moved.version = "v2";
  moved.what.title = "SECRET again";
  moved.what.end = at("2026-12-01T11:00:00");
  pull(a, moved);

  c = taken();
  EXPECT_FALSE(tells(c));
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].entry.what.end, moved.what.end);
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(plan_import_test, an_entry_of_the_hosts_is_not_masked_in_a_busy_calendar) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::busy_only;
  const auto a = calendar;
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = insert(a, visit);
  event.version = "v2";
  event.what.title = "Renamed";

  pull(a, event);

  EXPECT_EQ(p().entry(visit)->what.title, "Renamed");
}

TEST_F(plan_import_test, what_was_imported_before_is_masked_by_the_next_comparison) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::busy_only;
  const auto a = calendar;
  auto event = secret();
  schedule_entry e;
  e.id = visit;
  e.version = 1;
  e.what = event.what;
  e.assigned = {alice};
  e.origin = a.id;
  p().know(e);
  mapping link;
  link.provider = a.id;
  link.entry = visit;
  link.event = event.id;
  link.linked = true;
  link.event_version = event.version;
  link.base_entry = link.base_event = event.what;
  p().know(link);
  drift_counts found;

  plan_compared_pull(p(), a.id, event, removal::confirmed, {now, {}}, found);

  const auto c = taken();
  EXPECT_FALSE(tells(c));
  EXPECT_EQ(p().entry(visit)->what, mask(event.what));
  EXPECT_TRUE(p().link(a.id, visit)->masked);
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(found.drifted, 0);
}

TEST_F(plan_import_test, what_was_masked_is_told_anew_when_the_policy_allows_it) {
  const auto a = add("a", alice);
  auto event = foreign("e");
  schedule_entry e;
  e.id = visit;
  e.version = 1;
  e.what = mask(event.what);
  e.assigned = {alice};
  e.origin = a.id;
  p().know(e);
  mapping link;
  link.provider = a.id;
  link.entry = visit;
  link.event = event.id;
  link.linked = true;
  link.masked = true;
  link.event_version = event.version;
  link.base_entry = link.base_event = e.what;
  p().know(link);
  drift_counts found;

  plan_compared_pull(p(), a.id, event, removal::confirmed, {now, {}}, found);

  EXPECT_EQ(p().entry(visit)->what, event.what);
  EXPECT_FALSE(p().link(a.id, visit)->masked);
}

TEST_F(plan_import_test, only_marked_events_get_in_and_who_loses_the_mark_gets_out) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::marked;
  const auto a = calendar;
  pull(a, foreign("unmarked"));
  EXPECT_TRUE(taken().empty());
  auto event = foreign("e");
  event.marked = true;
  imported(a, event);
  event.version = "v2";
  event.marked = false;

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{id()});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_deleted_entry});
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(plan_import_test, policy_none_lets_in_only_what_is_ours) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::none;
  const auto a = calendar;
  pull(a, foreign("e"));
  EXPECT_TRUE(taken().empty());

  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = insert(a, visit);
  event.version = "v2";
  event.what.title = "Renamed";
  pull(a, event);
  EXPECT_EQ(p().entry(visit)->what.title, "Renamed");
}

TEST_F(plan_import_test, a_busy_copy_joins_a_meeting_with_its_time_alone) {
  auto& calendar = add("b", bob);
  calendar.imports = import_policy::busy_only;
  const auto a = add("a", alice);
  const auto b = *p().calendar(provider_id("b"));
  auto event = foreign("one");
  event.ical_uid = "uid";
  imported(a, event);
  event.id = event_id("two");
  event.what.notes = "SECRET";

  pull(b, event);

  const auto c = taken();
  EXPECT_FALSE(tells(c));
  EXPECT_EQ(entry().what.title, "Dentist");
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_TRUE(p().link(b.id, id())->masked);
  EXPECT_TRUE(c.outbox.empty());
}

/// The policy is another one than when the event was imported.
class changed_policy_test : public plan_import_test {
protected:
  /// As it was imported under policy `all`.
  calendar_event imported_before(const provider& calendar) {
    auto event = foreign("e");
    schedule_entry e;
    e.id = visit;
    e.version = 1;
    e.what = event.what;
    e.assigned = {alice};
    e.origin = calendar.id;
    mapping link;
    link.provider = calendar.id;
    link.entry = visit;
    link.event = event.id;
    link.linked = true;
    link.event_version = event.version;
    link.entry_version = 1;
    link.base_entry = link.base_event = event.what;
    p().know(e);
    p().know(link);
    return event;
  }
  drift_counts compare(const provider& calendar, const calendar_event& event) {
    drift_counts found;
    plan_compared_pull(p(), calendar.id, event, removal::confirmed, {now, {}}, found);
    return found;
  }
  static calendar_event renamed(calendar_event e) {
    e.version += "+";
    e.what.title = "Renamed";
    return e;
  }
};

TEST_F(changed_policy_test, from_all_to_marked_nothing_goes_before_its_event_changes_without_the_mark) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::marked;
  const auto a = calendar;
  const auto event = imported_before(a);
  compare(a, event);
  EXPECT_TRUE(taken().empty());
  auto kept = renamed(event);
  kept.marked = true;
  pull(a, kept);
  EXPECT_EQ(p().entry(visit)->what.title, "Renamed");
  taken();
  kept = renamed(kept);
  kept.marked = false;

  pull(a, kept);

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{visit});
  EXPECT_TRUE(c.outbox.empty()) << "nothing is done to the event";
}

TEST_F(changed_policy_test, from_marked_to_all_the_others_come_in_with_the_next_comparison) {
  const auto a = add("a", alice);

  compare(a, foreign("unmarked before"));

  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(changed_policy_test, to_none_what_is_an_entry_stays_in_step_and_nothing_else_comes_in) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::none;
  const auto a = calendar;
  const auto event = imported_before(a);
  compare(a, event);
  compare(a, foreign("other"));
  EXPECT_TRUE(taken().empty());

  pull(a, renamed(event));
  EXPECT_EQ(p().entry(visit)->what.title, "Renamed");
  entry_edit edit;
  edit.title = "The host's";
  ASSERT_TRUE(change_entry(p(), visit, edit));
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  pull(a, tombstone(event.id));

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{visit});
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(changed_policy_test, to_busy_only_the_entry_is_masked_and_the_event_is_not_written) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::busy_only;
  const auto a = calendar;
  const auto event = imported_before(a);

  pull(a, renamed(event));

  const auto c = taken();
  EXPECT_EQ(p().entry(visit)->what, mask(event.what));
  EXPECT_TRUE(p().link(a.id, visit)->masked);
  EXPECT_TRUE(c.outbox.empty() && c.unlinked.empty() && c.deleted_entries.empty());
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(changed_policy_test, to_marked_what_others_have_too_is_only_unassigned) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::marked;
  add("b", bob);
  const auto a = *p().calendar(provider_id("a"));
  const auto event = imported_before(a);
  auto both = *p().entry(visit);
  both.assigned = {alice, bob};
  p().know(both);

  pull(a, renamed(event));

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_unlinked});
  EXPECT_EQ(p().entry(visit)->assigned, std::vector<user_id>{bob});
  EXPECT_EQ(p().entry(visit)->what.title, "Dentist");
}

} // namespace
} // namespace kalends::actors
