// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_rehearsal.hpp"

#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

namespace json = boost::json;

class plan_rehearsal_test : public plan_fixture {
protected:
  provider& calendar = add("work", alice);

  rehearsal_plan plan(rehearsal_plan::unsayable_there unsayable = {}) {
    calendar.rehearsing = true;
    return rehearsal_plan(tenant_id("tenant"), calendar, outside(), std::move(unsayable));
  }
  static appointment an_hour(const std::string& title) {
    appointment a;
    a.title = title;
    a.start = at("2026-12-01T09:00:00");
    a.end = at("2026-12-01T10:00:00");
    return a;
  }
  static calendar_event event(const std::string& id, const std::string& title = "Dentist") {
    calendar_event e;
    e.id = event_id(id);
    e.version = "v1";
    e.what = an_hour(title);
    return e;
  }
  schedule_entry entry(const std::string& id, const std::string& title = "Replace switch") const {
    schedule_entry e;
    e.id = entry_id(id);
    e.version = 1;
    e.what = an_hour(title);
    e.assigned = {alice};
    return e;
  }
  static json::object read(const rehearsal_plan& r) { return json::parse(r.report()).as_object(); }
  static std::int64_t count(const rehearsal_plan& r, const char* part) {
    return read(r).at(part).at("count").as_int64();
  }
};

TEST_F(plan_rehearsal_test, counts_and_shows_what_would_be_made_here) {
  auto r = plan();
  std::vector<calendar_event> events;
  for (int i = 0; i < 14; ++i) events.push_back(event("e" + std::to_string(i), std::string(300, 'x')));

  r.add_events(events, {}, {}, {});

  EXPECT_EQ(count(r, "created_here"), 14);
  const auto told = read(r);
  const auto& some = told.at("created_here").at("samples").as_array();
  ASSERT_EQ(some.size(), 10u);
  EXPECT_EQ(some[0].at("id"), "e0");
  EXPECT_EQ(some[0].at("start"), "2026-12-01T09:00:00+01:00");
  EXPECT_LE(some[0].at("title").as_string().size(), 200u);
  EXPECT_LE(r.report().size(), 128u * 1024);
}

TEST_F(plan_rehearsal_test, an_event_of_an_entry_that_is_known_is_linked_and_not_made_again) {
  auto r = plan();
  const auto known = entry("visit");
  mapping link;
  link.provider = calendar.id;
  link.entry = known.id;
  link.event = event_id("e1");
  link.linked = true;
  link.event_version = "v0";
  link.entry_version = 1;
  link.base_entry = link.base_event = known.what;
  const std::vector<calendar_event> events{event("e1", "Renamed there")};

  r.add_events(events, {&known, 1}, {&link, 1}, {});
  r.add_entries({&known, 1});

  EXPECT_EQ(count(r, "linked"), 1);
  EXPECT_EQ(count(r, "changed_here"), 1);
  EXPECT_EQ(count(r, "created_here"), 0);
  EXPECT_EQ(count(r, "created_there"), 0) << "it stands there already";
}

TEST_F(plan_rehearsal_test, says_what_would_be_made_there_and_whom_it_would_mail) {
  auto invited = entry("visit");
  invited.what.attendees = {{"guest@x.test", "", {}, false, false}, {"b@x.test", "", {}, false, false}};
  auto of_bob = entry("other");
  of_bob.assigned = {bob};
  const std::vector<schedule_entry> entries{invited, of_bob};
  auto silent = plan();
  silent.add_entries(entries);
  calendar.mails = guest_mail::guests;
  auto inviting = plan();
  inviting.add_entries(entries);

  EXPECT_EQ(count(silent, "created_there"), 1);
  EXPECT_EQ(read(silent).at("mailed"), 0);
  EXPECT_EQ(read(silent).at("created_there").at("samples").at(0).at("id"), "visit");
  EXPECT_EQ(read(inviting).at("mailed"), 2);
}

TEST_F(plan_rehearsal_test, what_the_vendor_cannot_say_is_left_out_with_its_reason) {
  auto r = plan([](const appointment& a) { return a.title == "Odd"; });
  const std::vector<schedule_entry> entries{entry("a"), entry("b", "Odd")};

  r.add_entries(entries);

  EXPECT_EQ(count(r, "created_there"), 1);
  const auto told = read(r);
  const auto& skipped = told.at("skipped").as_array();
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].at("reason"), "push_unsayable");
  EXPECT_EQ(skipped[0].at("count"), 1);
}

TEST_F(plan_rehearsal_test, what_is_not_brought_in_is_counted_by_reason_and_tells_no_title) {
  calendar.direction = sync_direction::to_provider;
  auto r = plan();
  auto odd = event("e2");
  odd.unreadable = "no_start";
  const std::vector<calendar_event> events{event("e1"), odd};

  r.add_events(events, {}, {}, {});
  r.leave_out(event("e3"), "series_not_read");
  r.is_not_all();

  EXPECT_EQ(read(r).at("events_read"), 3);
  EXPECT_EQ(read(r).at("complete"), false);
  EXPECT_EQ(count(r, "created_here"), 0);
  std::int64_t left_out = 0;
  const auto told = read(r);
  for (const auto& s : told.at("skipped").as_array()) {
    left_out += s.at("count").as_int64();
    EXPECT_EQ(s.at("samples").at(0).at("title"), "");
  }
  EXPECT_EQ(left_out, 3);
  EXPECT_NE(r.report().find("pull_ignored_direction"), std::string::npos);
  EXPECT_EQ(r.report().find("Dentist"), std::string::npos);
}

TEST_F(plan_rehearsal_test, removed_events_are_nothing_to_anybody) {
  auto r = plan();
  auto gone = event("e1");
  gone.removed = true;

  r.add_events({&gone, 1}, {}, {}, {});

  EXPECT_EQ(read(r).at("events_read"), 0);
  EXPECT_TRUE(read(r).at("skipped").as_array().empty());
}

TEST_F(plan_rehearsal_test, a_calendar_that_rehearses_or_leaves_takes_no_entry) {
  auto known = entry("visit");
  EXPECT_TRUE(belongs_in(known, calendar));
  calendar.rehearsing = true;
  EXPECT_FALSE(belongs_in(known, calendar));
  calendar.rehearsing = false;
  calendar.status = provider_status::leaving;
  EXPECT_FALSE(belongs_in(known, calendar));
}

} // namespace
} // namespace kalends::actors
