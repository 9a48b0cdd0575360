// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/tenant.hpp"

namespace kalends::actors {
namespace {

class tenant_test : public house_fixture {
protected:
  tenant_test() {
    add_calendar(work);
    it = system->spawn<tenant>(acme, std::uint64_t{0}, std::ref(store), outside(), listening_supervisor(),
                               listening_bus());
    others.push_back(caf::actor_cast<caf::actor>(it));
  }

  entry_order creation(const entry_id& e, const std::string& title) {
    entry_order o{entry_order::kind::create, e, {}, done.slot()};
    o.edit.title = title;
    o.edit.start = hour(title).start;
    o.edit.end = hour(title).end;
    o.edit.assigned = std::vector<user_id>{alice};
    return o;
  }
  entry_order change(const entry_id& e, const std::string& title) {
    entry_order o{entry_order::kind::change, e, {}, done.slot()};
    o.edit.title = title;
    return o;
  }
  static entry_id numbered(int n) {
    auto text = std::to_string(n);
    return entry_id("0192a000-0000-7000-8000-" + std::string(12 - text.size(), '0') + text);
  }

  tenant_actor it;
  answers<schedule_entry> done;
};

TEST_F(tenant_test, commits_together_what_arrived_during_a_step) {
  store.hold("commit");
  tell(it, creation(numbered(1), "First"));
  for (int i = 2; i <= 20; ++i) tell(it, creation(numbered(i), "Later"));
  ASSERT_EQ(store.times("commit"), 1u);
  EXPECT_EQ(done.size(), 0u);

  store.answer("commit");
  run();
  EXPECT_EQ(done.size(), 1u);
  store.answer("commit");
  run();

  EXPECT_EQ(store.times("commit"), 2u);
  EXPECT_EQ(done.size(), 20u);
  EXPECT_EQ(rows().entries.size(), 20u);
  EXPECT_EQ(rows().outbox.size(), 20u);
}

TEST_F(tenant_test, wakes_the_calendars_after_the_commit_and_only_then) {
  store.hold("commit");
  tell(it, creation(visit, "Visit"));
  EXPECT_TRUE(heard->due.empty());
  EXPECT_TRUE(heard->facts.empty());

  store.answer("commit");
  run();

  ASSERT_EQ(heard->due.size(), 1u);
  EXPECT_EQ(heard->due[0].providers, std::vector{work});
  ASSERT_EQ(heard->facts.size(), 1u);
  EXPECT_EQ(heard->facts[0].facts.at(0).sequence, 1);
}

TEST_F(tenant_test, two_commands_for_one_entry_in_one_step_are_two_versions_and_two_facts) {
  add_visit(visit, work);
  store.hold("load");
  tell(it, change(second_visit, "nothing there")); // keeps the first step busy
  tell(it, change(visit, "One"));
  tell(it, change(visit, "Two"));
  store.answer("load");
  run();

  store.answer("load");
  run();

  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done[0].error().code, "entry_not_found");
  EXPECT_EQ(done[1]->version, 2);
  EXPECT_EQ(done[1]->what.title, "One");
  EXPECT_EQ(done[2]->version, 3);
  EXPECT_EQ(rows().entries.at(visit).version, 3);
  EXPECT_EQ(facts(fact_type::schedule_entry_updated), 2u);
  ASSERT_EQ(rows().outbox.size(), 1u);
  EXPECT_EQ(rows().outbox.begin()->second.entry_version, 3);
}

TEST_F(tenant_test, what_a_calendar_won_and_the_host_overwrote_in_the_same_step_is_told) {
  rows(work).calendar.on_conflict = conflict_policy::external;
  add_visit(visit, work);
  tell(it, change(visit, "Host"));
  auto event = event_of(visit, work, "v2");
  event.what.title = "Person";
  store.hold("load");
  tell(it, change(second_visit, "nothing there")); // keeps the first step busy
  tell(it, page_pulled{work,
                       std::make_shared<const std::vector<calendar_event>>(1, event),
                       removal::confirmed,
                       {},
                       {},
                       [](const result<page_applied>&) {}});
  tell(it, change(visit, "Host again"));
  store.answer("load");
  run();

  store.answer("load");
  run();

  EXPECT_EQ(rows().entries.at(visit).version, 4);
  EXPECT_EQ(rows().entries.at(visit).what.title, "Host again");
  EXPECT_EQ(rows().mappings.at({work, visit}).base_event.title, "Person");
  ASSERT_EQ(rows().decisions.size(), 1u);
  EXPECT_EQ(rows().decisions[0].why, reason::pull_conflict_external);
  EXPECT_NE(rows().decisions[0].inputs.find(R"("losing":{"title":"Host"})"), std::string::npos);
  EXPECT_NE(rows().decisions[0].inputs.find(R"("event":{"title":"Person"})"), std::string::npos);
  EXPECT_EQ(facts(fact_type::schedule_entry_updated), 3u);
}

TEST_F(tenant_test, what_is_wrong_in_a_step_fails_alone) {
  store.hold("load");
  tell(it, creation(numbered(1), "first"));
  for (int i = 2; i <= 4; ++i) tell(it, creation(numbered(i), "x"));
  store.answer("load");
  run();
  store.hold_nothing();
  store.fail("commit", trouble(errc::invalid, "group_refused"));
  store.hold("commit");
  store.answer("load");
  run();
  store.answer("commit"); // the group of three
  run();

  store.answer("commit"); // the first of them
  run();
  store.fail("commit", trouble(errc::invalid, "row_refused"));
  store.answer("commit");
  run();
  store.answer("commit");
  run();

  ASSERT_EQ(done.size(), 4u);
  EXPECT_TRUE(done[0]);
  EXPECT_TRUE(done[1]);
  EXPECT_EQ(done[2].error().code, "row_refused");
  EXPECT_TRUE(done[3]);
  EXPECT_EQ(rows().entries.size(), 3u);
}

TEST_F(tenant_test, decides_again_when_somebody_else_wrote_the_entry) {
  add_visit(visit, work);
  store.hold("commit");
  tell(it, change(visit, "Ours"));
  rows().entries[visit].version = 5; // another node
  rows().entries[visit].what.location = "Theirs";

  store.answer("commit");
  run();
  store.answer("commit");
  run();

  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0]->version, 6);
  EXPECT_EQ(done[0]->what.location, "Theirs");
}

TEST_F(tenant_test, gives_up_on_an_entry_that_is_always_written_by_somebody_else) {
  add_visit(visit, work);
  store.fail("commit", trouble(errc::conflict, "stale_version"), 100);

  tell(it, change(visit, "Ours"));

  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, "stale_version");
  EXPECT_EQ(store.times("commit"), 4u);
}

TEST_F(tenant_test, reads_the_calendars_again_when_they_change_between_load_and_decision) {
  store.hold("load");
  tell(it, creation(visit, "Visit"));
  add_calendar(second);
  tell(it, calendars_changed{});

  store.answer("load");
  run();
  store.answer("load");
  run();

  EXPECT_EQ(done.size(), 1u);
  EXPECT_EQ(rows().outbox.size(), 2u);
}

TEST_F(tenant_test, reads_the_calendars_again_when_they_change_while_they_are_read) {
  store.hold("load_providers");
  tell(it, creation(visit, "Visit"));
  tell(it, calendars_changed{});
  auto as_they_are = std::exchange(rows().providers, {});
  store.answer("load_providers"); // read before the change
  rows().providers = as_they_are;
  run();
  ASSERT_EQ(store.waiting("load_providers"), 1u);
  store.answer("load_providers");
  run();

  EXPECT_EQ(done.size(), 1u);
  EXPECT_EQ(rows().outbox.size(), 1u);
}

TEST_F(tenant_test, answers_with_the_stores_error_when_nothing_can_be_loaded) {
  store.fail("load_providers", trouble(errc::retry_later, "database_away"));
  tell(it, creation(visit, "Visit"));
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().kind, errc::retry_later);
  store.fail("load", trouble(errc::retry_later, "database_away"));
  tell(it, creation(visit, "Visit"));
  ASSERT_EQ(done.size(), 2u);

  tell(it, creation(visit, "Visit"));

  EXPECT_TRUE(done[2]);
}

TEST_F(tenant_test, refuses_more_work_than_its_queue_holds) {
  store.hold("load_providers");
  for (int i = 0; i < 2'002; ++i) caf::anon_send(it, change(visit, "x"));
  run();

  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].error().code, "tenant_busy");
  EXPECT_TRUE(done[0].error().retry_after);
}

TEST_F(tenant_test, finishes_what_it_has_and_takes_nothing_new_when_it_rests) {
  store.hold("commit");
  answers<bool> rested;
  tell(it, creation(numbered(1), "under way"));
  tell(it, creation(numbered(2), "queued"));
  tell(it, tenant_rest{rested.slot()});
  tell(it, creation(numbered(3), "late"));
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].error().code, "stopping");
  EXPECT_EQ(rested.size(), 0u);

  store.answer("commit");
  run();
  store.answer("commit");
  run();

  EXPECT_EQ(rested.size(), 1u);
  EXPECT_EQ(done.size(), 3u);
  EXPECT_EQ(rows().entries.size(), 2u);
}

TEST_F(tenant_test, asks_with_each_step_who_its_guests_are) {
  const auto meeting = [&](const std::string& version) {
    auto e = foreign("meeting", version);
    e.what.attendees = {{"B.Jones@Example.org", "", attendee_response::needs_action, false, false}};
    return e;
  };
  const auto show = [&](const calendar_event& e) {
    page_pulled page;
    page.provider = work;
    page.events = std::make_shared<const std::vector<calendar_event>>(1, e);
    page.done = [](const result<page_applied>&) {};
    tell(it, page);
  };
  show(meeting("v1"));
  ASSERT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(rows().entries.begin()->second.assigned, std::vector<user_id>{alice});

  rows().people.emplace("b.jones@example.org", bob); // by another node, for all that the tenant knows
  show(meeting("v2"));

  EXPECT_EQ(rows().entries.begin()->second.assigned, (std::vector<user_id>{alice, bob}));
  EXPECT_TRUE(rows().entries.begin()->second.what.attendees.empty());
}

TEST_F(tenant_test, a_page_that_asks_for_confirmation_moves_no_cursor) {
  add_visit(visit, work);
  auto gone = tombstone(rows().mappings.at({work, visit}).event);
  answers<page_applied> applied;
  page_pulled page{work,
                   std::make_shared<std::vector<calendar_event>>(1, gone),
                   removal::unconfirmed,
                   cursor_move{work, {"c1", "query-1", {}}, 0, "", {}},
                   {},
                   applied.slot()};

  tell(it, page);
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0]->confirm, std::vector{gone.id});
  EXPECT_FALSE(applied[0]->finished);
  EXPECT_EQ(rows(work).read_from->token, "cursor-0");
  answers<page_applied> confirmed;
  page.proof = removal::confirmed;
  page.done = confirmed.slot();
  tell(it, page);

  ASSERT_EQ(confirmed.size(), 1u);
  EXPECT_TRUE(confirmed[0]->finished);
  EXPECT_EQ(rows(work).read_from->token, "c1");
  EXPECT_TRUE(rows().entries.at(visit).assigned.empty());
}

// ---------------------------------------------------------------- what must not stop the others

class poison_test : public tenant_test {
protected:
  page_pulled page(std::vector<calendar_event> events) {
    page_pulled o;
    o.provider = work;
    o.events = std::make_shared<const std::vector<calendar_event>>(std::move(events));
    o.proof = removal::confirmed;
    o.finish = cursor_move{work, {"cursor-9", "query-1", {}}, 0, "", {}};
    o.done = applied.slot();
    return o;
  }
  /// A tenant whose planning throws the next time it needs chance.
  tenant_actor fragile() {
    auto w = outside();
    w.random_bytes = [this, sound = w.random_bytes](std::size_t n) {
      if (std::exchange(breaks, false)) throw std::runtime_error("a mistake of ours");
      return sound(n);
    };
    auto made = system->spawn<tenant>(acme, std::uint64_t{0}, std::ref(store), w, listening_supervisor(),
                                      listening_bus());
    others.push_back(caf::actor_cast<caf::actor>(made));
    return made;
  }
  void refuse_event(const std::string& id) {
    store.objection = [id](const tenant_changes& c) -> std::optional<error> {
      for (const auto& m : c.mappings)
        if (m.event == event_id(id)) return error{errc::invalid, "check_violation", "No."};
      return std::nullopt;
    };
  }
  bool breaks = false;
  answers<page_applied> applied;
};

TEST_F(poison_test, an_event_whose_planning_throws_is_set_aside_and_the_page_goes_on) {
  auto t = fragile();
  breaks = true;
  tell(t, page({foreign("bad"), foreign("good")}));

  ASSERT_EQ(applied.size(), 1u);
  ASSERT_TRUE(applied[0]);
  EXPECT_TRUE(applied[0]->finished);
  EXPECT_EQ(rows(work).read_from->token, "cursor-9");
  EXPECT_EQ(rows().entries.size(), 1u);
  ASSERT_EQ(rows().letters.size(), 1u);
  EXPECT_EQ(rows().letters[0].event, event_id("bad"));
  EXPECT_EQ(rows().letters[0].kind, letter_kind::pull);
  EXPECT_EQ(rows().letters[0].code, "planning_failed");
  EXPECT_NE(rows().letters[0].detail.find("a mistake of ours"), std::string::npos);
}

TEST_F(poison_test, an_event_that_is_read_well_later_settles_its_letter) {
  auto t = fragile();
  breaks = true;
  tell(t, page({foreign("bad")}));
  ASSERT_EQ(rows().letters.size(), 1u);

  tell(t, page({foreign("bad", "v2")}));

  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(rows().letters[0].state, letter_state::settled);
  EXPECT_EQ(rows().decisions.back().why, reason::pull_replayed);
}

TEST_F(poison_test, a_command_that_throws_fails_alone) {
  auto t = fragile();
  store.hold("load");
  breaks = true;
  tell(t, creation(visit, "Bad"));
  tell(t, creation(second_visit, "Good"));
  store.hold_nothing();
  store.answer_all();
  run();

  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].error().code, "planning_failed");
  EXPECT_TRUE(done[1]);
  EXPECT_EQ(rows().entries.size(), 1u);
}

TEST_F(poison_test, the_one_event_that_the_database_refuses_is_found) {
  refuse_event("e5");
  std::vector<calendar_event> events;
  for (int i = 0; i < 13; ++i) events.push_back(foreign("e" + std::to_string(i)));

  tell(it, page(events));

  ASSERT_EQ(applied.size(), 1u);
  ASSERT_TRUE(applied[0]) << applied[0].error().code;
  EXPECT_TRUE(applied[0]->finished);
  EXPECT_EQ(rows().entries.size(), 12u);
  ASSERT_EQ(rows().letters.size(), 1u);
  EXPECT_EQ(rows().letters[0].event, event_id("e5"));
  EXPECT_EQ(rows().letters[0].code, "check_violation");
  EXPECT_TRUE(store.wrongs.empty());
}

TEST_F(poison_test, trouble_of_the_database_sets_nothing_aside) {
  store.fail("commit", trouble(errc::retry_later, "database_away"), 5);

  tell(it, page({foreign("one"), foreign("two")}));

  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].error().code, "database_away");
  EXPECT_TRUE(rows().letters.empty());
}

TEST_F(poison_test, a_page_whose_cursor_is_refused_fails_after_the_events_were_tried) {
  store.objection = [](const tenant_changes& c) -> std::optional<error> {
    if (c.cursors.empty()) return std::nullopt;
    return error{errc::invalid, "check_violation", "No."};
  };

  tell(it, page({foreign("one"), foreign("two")}));

  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].error().code, "check_violation");
  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_TRUE(rows().letters.empty());
}

} // namespace
} // namespace kalends::actors
