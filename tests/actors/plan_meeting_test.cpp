// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/series_fixture.hpp"

namespace kalends::actors {
namespace {

/// Several calendars that show one meeting.
class plan_meeting_test : public series_fixture {
protected:
  calendar_event copy(const std::string& id, bool guest = false) {
    auto e = foreign(id);
    e.ical_uid = "uid";
    e.guest_copy = guest;
    e.updated_at = now - std::chrono::hours(24);
    return e;
  }
};

TEST_F(plan_meeting_test, a_group_meeting_is_not_doubled_but_joined_by_each_person_on_their_own) {
  const auto a = add("a", alice);
  const auto b = add("b", bob, provider_type::microsoft);
  pull(a, copy("one"));
  pull(b, copy("two", true));

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].entry.assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_EQ(c.mappings.size(), 2u);
  EXPECT_EQ(c.meetings.size(), 1u);
  EXPECT_EQ(reasons(c), (reason_list{reason::pull_created, reason::pull_joined}));
  EXPECT_TRUE(c.outbox.empty());

  pull(b, tombstone(event_id("two")));
  EXPECT_EQ(p().entry(c.entries[0].entry.id)->assigned, std::vector<user_id>{alice});
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_unlinked});
}

TEST_F(plan_meeting_test, a_meeting_of_an_earlier_step_is_known_by_its_line) {
  const auto b = add("b", bob);
  schedule_entry e;
  e.id = visit;
  e.version = 1;
  e.what = copy("one").what;
  e.assigned = {alice};
  p().know(e);
  p().know(meeting_line{"uid", visit});

  pull(b, copy("two"));

  const auto c = taken();
  EXPECT_EQ(p().link(b.id, visit)->event, event_id("two"));
  EXPECT_TRUE(c.meetings.empty()) << "it is stored already";
  EXPECT_EQ(c.entries.size(), 1u);
}

TEST_F(plan_meeting_test, a_calendar_that_is_connected_again_finds_its_entries_before_they_are_doubled) {
  auto& calendar = add("a", alice);
  calendar.imports = import_policy::none;
  const auto a = calendar;
  schedule_entry e;
  e.id = visit;
  e.version = 1;
  e.what = copy("one").what;
  e.assigned = {alice};
  p().know(e);
  p().know(meeting_line{"uid", visit});
  plan_backfill(p(), a.id, {&e, 1}); // a copy of it is about to be inserted

  pull(a, copy("one"));

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_relinked});
  EXPECT_EQ(c.mappings.size(), 1u);
  EXPECT_EQ(p().link(a.id, visit)->event, event_id("one"));
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_meeting_test, an_older_copy_does_not_overwrite_what_the_host_said) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  imported(a, copy("one"));
  entry_edit edit;
  edit.title = "Ours";
  ASSERT_TRUE(change_entry(p(), id(), edit));
  taken();

  pull(b, copy("two"));
  EXPECT_EQ(entry().what.title, "Ours");
  EXPECT_EQ(rows(taken()), names{"b:upsert"});
}

TEST_F(plan_meeting_test, the_organizers_copy_stands_before_a_guests) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  auto stale = copy("one", true);
  stale.what.notes = "Old notes";
  imported(a, stale);
  auto organizers = copy("two");
  organizers.what.notes = "Notes";

  pull(b, organizers);
  EXPECT_EQ(entry().what.notes, "Notes");
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), b.id, id())));
}

TEST_F(plan_meeting_test, a_guests_copy_that_differs_changes_nothing_and_nothing_is_written_there) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  imported(a, copy("one"));
  auto other = copy("two", true);
  other.what.title = "As it was called before";

  pull(b, other);

  EXPECT_EQ(entry().what.title, "Dentist");
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_meeting_test, privacy_of_another_copy_is_its_own_affair) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  imported(a, copy("one"));
  auto other = copy("two", true);
  other.what.is_private = true;

  pull(b, other);

  EXPECT_FALSE(entry().what.is_private);
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_meeting_test, a_second_copy_in_one_calendar_is_an_entry_of_its_own) {
  const auto a = add("a", alice);
  pull(a, copy("one"));
  pull(a, copy("two"));

  EXPECT_EQ(taken().entries.size(), 2u);
}

TEST_F(plan_meeting_test, a_private_meeting_is_not_joined_by_a_tenant_wide_calendar) {
  const auto a = add("a", alice);
  const auto wide = add("wide", bob, provider_type::google, provider_scope::tenant);
  auto secret = copy("one");
  secret.what.is_private = true;
  pull(a, secret);
  pull(wide, copy("two"));

  EXPECT_EQ(taken().entries.size(), 2u);
}

TEST_F(plan_meeting_test, guests_who_join_are_not_invited_again) {
  auto& inviting = add("a", alice);
  inviting.account = "alice@example.org";
  inviting.mails = guest_mail::guests;
  add("b", bob).account = "bob@example.org";
  const auto a = *p().calendar(provider_id("a"));
  const auto b = *p().calendar(provider_id("b"));
  auto edit = hour({alice});
  edit.attendees = {{"bob@example.org", "", attendee_response::needs_action, false, false}};
  ASSERT_TRUE(create_entry(p(), visit, edit));
  auto invitation = insert(a, visit);
  p().know(meeting_line{"uid", visit});
  invitation.id = event_id("two");
  invitation.ical_uid = "uid";
  invitation.tag = entry_id();
  invitation.guest_copy = true;

  pull(b, invitation);

  EXPECT_EQ(p().entry(visit)->assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_TRUE(p().entry(visit)->what.attendees.empty());
  EXPECT_TRUE(p().link(a.id, visit)->base_entry.attendees.empty());
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_meeting_test, a_meeting_that_its_organizer_called_off_goes_with_its_last_copy) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  imported(a, copy("one"));
  pull(b, copy("two", true));
  taken();

  pull(a, tombstone(event_id("one")));
  EXPECT_EQ(entry().assigned, std::vector<user_id>{bob});
  pull(b, tombstone(event_id("two")));

  EXPECT_EQ(taken().deleted_entries, std::vector<entry_id>{id()});
}

TEST_F(plan_meeting_test, an_event_that_was_moved_to_another_calendar_is_not_read_as_deleted) {
  const auto a = add("a", alice);
  const auto other = add("other", alice);
  imported(a, copy("one"));
  p().drop_link({other.id, id()}); // only where the event itself is
  taken();
  pull(other, copy("one"));
  taken();

  pull(a, tombstone(event_id("one")));

  const auto c = taken();
  EXPECT_TRUE(c.deleted_entries.empty());
  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_EQ(entry().origin, other.id);
  EXPECT_FALSE(p().link(other.id, id())->removing);
}

TEST_F(plan_meeting_test, what_the_host_cancelled_is_not_brought_back_by_another_copy) {
  const auto a = add("a", alice);
  const auto b = add("b", bob);
  imported(a, copy("one"));
  entry_edit edit;
  edit.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), id(), edit));
  taken();

  pull(b, copy("two"));

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::pull_ignored_removing});
}

} // namespace
} // namespace kalends::actors
