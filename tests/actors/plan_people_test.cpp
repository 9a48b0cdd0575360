// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/series_fixture.hpp"

#include "actors/merge_parts.hpp"

namespace kalends::actors {
namespace {

attendee guest(const std::string& email, attendee_response r = attendee_response::needs_action) {
  return {email, "", r, false, false};
}

/// Guests of an appointment, and what its people say to it.
class plan_people_test : public series_fixture {
protected:
  provider& add_person(const std::string& id, const user_id& user) {
    auto& c = add(id, user);
    c.account = user.str() + "@Example.org";
    return c;
  }
  calendar_event meeting(std::vector<attendee> guests) {
    auto e = foreign("meeting");
    e.ical_uid = "uid";
    e.what.attendees = std::move(guests);
    return e;
  }
  std::vector<std::string> guests() {
    std::vector<std::string> out;
    for (const auto& g : entry().what.attendees) out.push_back(g.email);
    return out;
  }
};

TEST_F(plan_people_test, who_is_assigned_is_no_guest_however_the_address_is_written) {
  const auto a = add_person("a", alice);
  imported(a, meeting({guest("ALICE@example.org"), guest("guest@example.org")}));

  EXPECT_EQ(guests(), names{"guest@example.org"});
  EXPECT_EQ(p().link(a.id, id())->base_event.attendees.size(), 2u);
}

TEST_F(plan_people_test, answers_flow_in_and_are_pushed_nowhere) {
  const auto a = add_person("a", alice);
  auto event = imported(a, meeting({guest("alice@example.org"), guest("guest@example.org")}));
  event.version = "v2";
  event.what.attendees[1].response = attendee_response::accepted;

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(entry().what.attendees[0].response, attendee_response::accepted);
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::pull_updated});
}

TEST_F(plan_people_test, an_answer_is_not_overwritten_when_the_host_changed_the_guests_meanwhile) {
  auto& calendar = add_person("a", alice);
  calendar.on_conflict = conflict_policy::local;
  calendar.mails = guest_mail::guests;
  const auto a = calendar;
  auto event = imported(a, meeting({guest("one@example.org"), guest("two@example.org")}));
  auto here = entry().what;
  here.attendees = {guest("new@example.org"), guest("one@example.org")};
  say(here);
  event.version = "v2";
  event.what.attendees[0].response = attendee_response::declined;

  pull(a, event);

  EXPECT_EQ(guests(), (names{"new@example.org", "one@example.org"}));
  EXPECT_EQ(entry().what.attendees[1].response, attendee_response::declined);
  EXPECT_EQ(rows(taken()), names{"a:upsert"});
}

TEST_F(plan_people_test, towards_a_provider_only_the_answers_of_guests_count) {
  auto& calendar = add_person("a", alice);
  calendar.direction = sync_direction::to_provider;
  const auto a = calendar;
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = insert(a, visit);
  auto e = *p().entry(visit);
  e.what.attendees = {guest("one@example.org")};
  p().know(e);
  auto link = *p().link(a.id, visit);
  link.base_entry = link.base_event = e.what;
  p().know(link);
  taken();
  event.what = e.what;
  event.version = "v2";
  event.what.attendees = {guest("one@example.org", attendee_response::tentative), guest("new@example.org")};

  pull(a, event);

  const auto& guests_now = p().entry(visit)->what.attendees;
  ASSERT_EQ(guests_now.size(), 1u);
  EXPECT_EQ(guests_now[0].response, attendee_response::tentative);
}

TEST_F(plan_people_test, of_a_guests_copy_the_calendar_wins) {
  auto& calendar = add_person("a", alice);
  calendar.on_conflict = conflict_policy::local;
  const auto a = calendar;
  auto copy = meeting({});
  copy.guest_copy = true;
  auto event = imported(a, copy);
  EXPECT_TRUE(p().link(a.id, id())->guest_copy);
  edit_title("Ours");
  event.version = "v2";
  event.what.title = "The organizer's";

  pull(a, event);
  EXPECT_EQ(entry().what.title, "The organizer's");

  event.version = "v3";
  event.guest_copy = false;
  pull(a, event);
  EXPECT_FALSE(p().link(a.id, id())->guest_copy);
}

TEST_F(plan_people_test, who_declines_is_unassigned_and_the_others_keep_the_meeting) {
  const auto a = add_person("a", alice);
  const auto b = add_person("b", bob);
  auto event = imported(a, meeting({guest("alice@example.org"), guest("bob@example.org")}));
  auto copy = event;
  copy.id = event_id("copy");
  copy.guest_copy = true;
  pull(b, copy);
  taken();
  copy.version = "v2";
  copy.own_response = attendee_response::declined;

  pull(b, copy);

  auto c = taken();
  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_EQ(p().link(b.id, id()), nullptr);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_unlinked});
  EXPECT_TRUE(c.outbox.empty()) << "nothing is done to the event";

  copy.version = "v3";
  copy.own_response = attendee_response::accepted;
  pull(b, copy);
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_joined});
}

TEST_F(plan_people_test, the_only_person_who_declines_takes_the_entry_along) {
  const auto a = add_person("a", alice);
  auto event = imported(a, meeting({guest("alice@example.org")}));
  event.version = "v2";
  event.own_response = attendee_response::declined;

  pull(a, event);

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries.size(), 1u);
  EXPECT_EQ(reasons(c), reason_list{reason::pull_deleted_entry});
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(plan_people_test, what_was_declined_before_it_was_known_is_not_imported) {
  const auto a = add_person("a", alice);
  auto event = meeting({guest("alice@example.org")});
  event.own_response = attendee_response::declined;

  pull(a, event);

  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_people_test, a_copy_that_must_stay_is_not_taken_out_because_its_person_declined) {
  auto& calendar = add_person("a", alice);
  calendar.direction = sync_direction::to_provider;
  const auto a = calendar;
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = insert(a, visit);
  taken();
  event.version = "v2";
  event.own_response = attendee_response::declined;

  pull(a, event);

  const auto c = taken();
  EXPECT_TRUE(c.entries.empty() && c.unlinked.empty() && c.outbox.empty());
  EXPECT_EQ(p().link(a.id, visit)->event_version, "v2");
}

TEST_F(plan_people_test, guests_come_together_one_by_one) {
  const std::vector<attendee> base{guest("gone-here@x"), guest("gone-there@x"), guest("stays@x")};
  const std::vector<attendee> local{guest("gone-there@x"), guest("new-here@x"), guest("stays@x")};
  std::vector<attendee> external{guest("gone-here@x", attendee_response::accepted), guest("new-there@x"),
                                 guest("Stays@x", attendee_response::accepted)};

  const auto merged = merge_guests(base, local, external, {});
  const auto answers = merge_guests(base, local, external, {false, true});

  EXPECT_EQ(merged, (std::vector<attendee>{guest("new-here@x"), guest("new-there@x"),
                                           guest("stays@x", attendee_response::accepted)}));
  EXPECT_EQ(answers, (std::vector<attendee>{guest("gone-there@x"), guest("new-here@x"),
                                            guest("stays@x", attendee_response::accepted)}));
}

TEST_F(plan_people_test, a_guest_of_two_calendars_has_the_answer_that_he_gave_in_one) {
  const std::vector<attendee> asked{guest("one@x")};
  const std::vector<attendee> heard{guest("one@x", attendee_response::declined)};

  EXPECT_EQ(merge_guests(asked, heard, asked, {}), heard);
  EXPECT_EQ(merge_guests({}, heard, asked, {}), heard);
  EXPECT_EQ(merge_guests(heard, asked, heard, {}), asked);
}

TEST_F(plan_people_test, an_answer_that_was_heard_elsewhere_is_no_work_for_the_calendar_of_guests) {
  auto& calendar = add_person("a", alice);
  calendar.mails = guest_mail::guests;
  const auto a = calendar;
  imported(a, meeting({guest("one@example.org")}));
  auto here = entry().what;
  here.attendees = {guest("one@example.org", attendee_response::accepted)};
  say(here);

  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, id())));

  here.attendees.push_back(guest("two@example.org"));
  say(here);
  EXPECT_TRUE(std::holds_alternative<push_update>(plan_push(p(), a.id, id())));
}

TEST_F(plan_people_test, an_insert_invites_and_says_nothing_of_answers) {
  auto& calendar = add_person("a", alice);
  appointment what;
  what.attendees = {guest("one@example.org", attendee_response::accepted)};

  EXPECT_EQ(insert_says(calendar, what, true).attendees, std::vector<attendee>{guest("one@example.org")});
  EXPECT_TRUE(insert_says(calendar, what, false).attendees.empty());
}

TEST_F(plan_people_test, an_answer_to_an_event_on_its_way_out_is_heard) {
  const auto a = add_person("a", alice);
  auto event = imported(a, meeting({guest("one@example.org")}));
  entry_edit off;
  off.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), id(), off));
  taken();
  event.version = "v2";
  event.what.title = "Elsewhere";
  event.what.attendees[0].response = attendee_response::tentative;

  pull(a, event);

  EXPECT_EQ(entry().what.attendees[0].response, attendee_response::tentative);
  EXPECT_NE(entry().what.title, "Elsewhere");
  EXPECT_TRUE(p().link(a.id, id())->removing);
  EXPECT_EQ(reasons(taken()), (reason_list{reason::pull_ignored_removing, reason::pull_updated}));
}

/// Guests who are users of the tenant, by whichever of their addresses.
class plan_invited_test : public series_fixture {
protected:
  const user_id carol{"carol"};

  void SetUp() override {
    add("a", alice).account = "alice@example.org";
    add("b", bob).account = "b.private@example.net";
  }
  const provider& a() { return *p().calendar(provider_id("a")); }
  const provider& b() { return *p().calendar(provider_id("b")); }
  void know_people() {
    p().know(person_line{"alice@example.org", alice});
    p().know(person_line{"bob@example.org", bob});
    p().know(person_line{"carol@example.org", carol});
    p().know(person_line{"c.smith@example.org", carol});
  }
  calendar_event meeting(std::vector<attendee> guests) {
    auto e = foreign("meeting");
    e.ical_uid = "uid";
    e.what.attendees = std::move(guests);
    return e;
  }
  std::vector<std::string> guests() {
    std::vector<std::string> out;
    for (const auto& g : entry().what.attendees) out.push_back(g.email);
    return out;
  }
  calendar_event again(calendar_event e) {
    e.version += "+";
    return e;
  }
};

TEST_F(plan_invited_test, users_whom_a_meeting_invites_are_assigned_and_others_stay_guests) {
  know_people();
  auto e = meeting({guest("BOB@Example.org"), guest("C.Smith@example.org"), guest("other@example.org")});

  pull(a(), e);

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].entry.assigned, (std::vector<user_id>{alice, bob, carol}));
  ASSERT_EQ(c.entries[0].entry.what.attendees.size(), 1u);
  EXPECT_EQ(c.entries[0].entry.what.attendees[0].email, "other@example.org");
  EXPECT_TRUE(c.outbox.empty()) << "the vendor brings the meeting to them";
  EXPECT_EQ(c.mappings.size(), 1u);
}

TEST_F(plan_invited_test, the_address_of_a_connected_calendar_names_its_person_too) {
  imported(a(), meeting({guest("B.Private@example.net")}));

  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
}

TEST_F(plan_invited_test, each_is_linked_when_their_own_calendar_shows_the_meeting) {
  know_people();
  auto e = imported(a(), meeting({guest("bob@example.org")}));
  auto copy = e;
  copy.id = event_id("copy");
  copy.guest_copy = true;

  pull(b(), copy);

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_relinked});
  EXPECT_EQ(p().link(b().id, id())->event, event_id("copy"));
  EXPECT_TRUE(c.outbox.empty() && c.entries.empty());
}

TEST_F(plan_invited_test, policies_that_tell_nothing_of_guests_assign_nobody) {
  auto& calendar = add("a", alice);
  calendar.account = "alice@example.org";
  calendar.imports = import_policy::busy_only;
  know_people();

  imported(a(), meeting({guest("bob@example.org")}));

  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
}

TEST_F(plan_invited_test, who_declined_is_a_guest_until_he_accepts) {
  know_people();
  auto e = imported(a(), meeting({guest("carol@example.org", attendee_response::declined)}));
  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_EQ(guests(), names{"carol@example.org"});

  e = again(e);
  e.what.attendees[0].response = attendee_response::accepted;
  pull(a(), e);
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, carol}));
  EXPECT_TRUE(guests().empty());
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_people_changed});

  e = again(e);
  e.what.attendees[0].response = attendee_response::declined;
  pull(a(), e);
  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_EQ(guests(), names{"carol@example.org"});
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_invited_test, whom_the_organizer_takes_off_the_list_is_unassigned_and_whom_he_adds_is_assigned) {
  know_people();
  auto e = imported(a(), meeting({guest("carol@example.org")}));
  e = again(e);
  e.what.attendees = {guest("bob@example.org")};

  pull(a(), e);

  const auto c = taken();
  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, bob}));
  ASSERT_EQ(reasons(c).front(), reason::pull_people_changed);
  const auto said = json(c.decisions[0].inputs);
  EXPECT_EQ(said.at("assigned").as_array().at(0), "bob");
  EXPECT_EQ(said.at("unassigned").as_array().at(0), "carol");
  EXPECT_TRUE(c.outbox.empty());
}

TEST_F(plan_invited_test, a_guests_copy_that_hides_the_others_takes_nobody_off) {
  know_people();
  auto e = meeting({guest("alice@example.org"), guest("carol@example.org")});
  e.guest_copy = true;
  e = again(imported(a(), e));
  e.what.attendees.pop_back();

  pull(a(), e);

  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, carol}));
}

TEST_F(plan_invited_test, whom_the_host_took_off_stays_off) {
  know_people();
  auto e = imported(a(), meeting({guest("carol@example.org")}));
  assign({alice});
  taken();
  e = again(e);
  e.what.title = "Dentists";

  pull(a(), e);

  EXPECT_EQ(entry().assigned, std::vector<user_id>{alice});
  EXPECT_EQ(entry().what.title, "Dentists");
}

TEST_F(plan_invited_test, who_becomes_a_user_later_is_assigned_by_the_next_change_or_comparison) {
  auto e = imported(a(), meeting({guest("carol@example.org")}));
  EXPECT_EQ(guests(), names{"carol@example.org"});
  know_people();
  drift_counts drift;

  plan_compared_pull(p(), a().id, e, removal::confirmed, {now, {}}, drift);

  EXPECT_EQ(entry().assigned, (std::vector<user_id>{alice, carol}));
  EXPECT_TRUE(guests().empty());
  EXPECT_EQ(drift.drifted, 0);
}

TEST_F(plan_invited_test, an_entry_of_the_hosts_is_assigned_by_the_host) {
  know_people();
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto e = insert(a(), visit);
  taken();
  e = again(e);
  e.what.attendees = {guest("carol@example.org")};

  pull(a(), e);

  EXPECT_EQ(p().entry(visit)->assigned, std::vector<user_id>{alice});
}

TEST_F(plan_invited_test, with_the_organizers_meeting_goes_the_entry_of_those_who_have_no_calendar) {
  know_people();
  imported(a(), meeting({guest("carol@example.org")}));

  pull(a(), tombstone(event_id("meeting")));

  EXPECT_EQ(p().entry(id()), nullptr);
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_deleted_entry});
}

TEST_F(plan_invited_test, a_guest_who_leaves_takes_the_meeting_from_nobody) {
  know_people();
  auto e = meeting({guest("alice@example.org"), guest("carol@example.org"), guest("bob@example.org")});
  e.guest_copy = true;
  imported(a(), e);

  pull(a(), tombstone(event_id("meeting")));

  EXPECT_EQ(entry().assigned, (std::vector<user_id>{bob, carol}));
  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_unlinked});
  EXPECT_TRUE(c.outbox.empty()) << "Bob's calendar has a copy of its own";
}

TEST_F(plan_invited_test, a_calendar_that_comes_later_is_given_no_second_copy) {
  know_people();
  imported(a(), meeting({guest("bob@example.org")}));
  const auto e = entry();

  plan_backfill(p(), b().id, {&e, 1});

  EXPECT_EQ(p().link(b().id, id()), nullptr);
  EXPECT_TRUE(taken().outbox.empty());
}

TEST_F(plan_invited_test,
       of_a_guests_copy_only_what_is_the_guests_own_is_written_and_the_rest_has_its_reason) {
  auto e = meeting({guest("alice@example.org")});
  e.guest_copy = true;
  imported(a(), e);
  const auto agreed = entry().what;
  auto others = agreed;
  others.title = "Ours";
  others.notes = "Ours";
  others.location = "Ours";
  others.start = at("2026-12-03T09:00:00");
  others.end = at("2026-12-03T10:00:00");
  others.is_tentative = true;
  others.attendees = {guest("new@example.org")};
  say(others);
  const auto refused = plan_push(p(), a().id, id());
  ASSERT_TRUE(std::holds_alternative<push_nothing>(refused));
  EXPECT_EQ(std::get<push_nothing>(refused).why, reason::push_not_organizer);

  others.is_private = true;
  say(others);

  const auto written = std::get<push_update>(plan_push(p(), a().id, id()));
  field_set own;
  own.add(field_group::privacy);
  EXPECT_TRUE((written.changed - own).empty());
  EXPECT_FALSE(written.invites);
}

} // namespace
} // namespace kalends::actors
