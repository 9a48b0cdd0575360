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

} // namespace
} // namespace kalends::actors
