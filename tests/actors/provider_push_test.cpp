// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// One calendar that is written to.
class provider_push_test : public house_fixture {
protected:
  template <class T>
  void answer(const std::string& verb, result<T> outcome) {
    google.answer<T>(verb, std::move(outcome));
    run();
  }
  void refuse(const std::string& verb, error e) {
    google.refuse(verb, std::move(e));
    run();
  }
  /// The event that the open insert or update would make.
  calendar_event made(const std::string& version) {
    auto c = google.open();
    calendar_event e;
    e.version = version;
    if (c->verb == "insert_event") {
      e.id = c->as<net::new_event>().event;
      e.tag = c->as<net::new_event>().tag;
      e.what = c->as<net::new_event>().what;
    } else {
      e.id = c->as<net::event_update>().event;
      e.what = c->as<net::event_update>().what;
    }
    return e;
  }
  const mapping& link(const entry_id& e) { return rows().mappings.at({work, e}); }
};

TEST_F(provider_push_test, inserts_updates_and_removes) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  EXPECT_EQ(google.open("insert_event")->as<net::new_event>().tag, visit);
  answer<calendar_event>("insert_event", made("v1"));
  EXPECT_TRUE(link(visit).linked);

  edit(visit, "Other");
  auto update = google.open("update_event")->as<net::event_update>();
  EXPECT_EQ(update.version, "v1");
  EXPECT_EQ(names_of(update.changed), std::vector<std::string_view>{"title"});
  answer<calendar_event>("update_event", made("v2"));
  ASSERT_TRUE(order(entry_order::kind::remove, visit, {}));
  EXPECT_EQ(google.open("delete_event")->as<testing::event_deletion>().version, "v2");
  answer<bool>("delete_event", true);

  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(google.calls.size(), 3u);
}

TEST_F(provider_push_test, rows_of_one_entry_collapse_into_what_the_calendar_needs_now) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  notice(work); // keeps the calendar busy
  edit(visit, "One");
  edit(visit, "Two");
  edit(visit, "Three");
  ASSERT_EQ(rows().outbox.size(), 3u);

  answer<change_page>("list_changes", last_page({}, "cursor-1"));
  EXPECT_EQ(google.open("update_event")->as<net::event_update>().what.title, "Three");
  answer<calendar_event>("update_event", made("v2"));

  EXPECT_EQ(google.times("update_event"), 1u);
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(link(visit).entry_version, 4);
}

TEST_F(provider_push_test, an_echo_of_its_own_write_writes_nothing) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  auto event = made("v1");
  answer<calendar_event>("insert_event", event);
  auto decisions = rows().decisions.size();

  notice(work);
  answer<change_page>("list_changes", last_page({event}, "cursor-1"));

  EXPECT_EQ(rows().entries.at(visit).version, 1);
  EXPECT_EQ(rows().decisions.size(), decisions);
  EXPECT_EQ(google.calls.size(), 2u);
}

TEST_F(provider_push_test, a_moved_event_is_read_merged_and_written_again) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");
  refuse("update_event", trouble(errc::conflict, "precondition_failed"));
  auto theirs = event_of(visit, work, "v2");
  theirs.what.location = "Theirs";

  answer<calendar_event>("get_event", theirs);
  EXPECT_EQ(rows().entries.at(visit).what.location, "Theirs");
  auto update = google.open("update_event")->as<net::event_update>();
  EXPECT_EQ(update.version, "v2");
  EXPECT_EQ(names_of(update.changed), std::vector<std::string_view>{"title"});
  answer<calendar_event>("update_event", made("v3"));

  EXPECT_EQ(link(visit).event_version, "v3");
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, an_event_that_became_unmergeable_is_not_asked_for_in_a_circle) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");
  refuse("update_event", trouble(errc::conflict, "precondition_failed"));
  auto series = event_of(visit, work, "v2");
  series.series = event_id("series");

  answer<calendar_event>("get_event", series);

  EXPECT_TRUE(google.open_calls().empty());
  ASSERT_EQ(rows().outbox.size(), 1u);
  EXPECT_EQ(rows().outbox.begin()->second.attempts, 1);
  EXPECT_GT(rows().outbox.begin()->second.due_at, now);
  auto calls = google.calls.size();
  for (int i = 0; i < 10 * 60 * 4; ++i) { // refused the same way for ten minutes
    pass(250ms);
    for (auto& c : google.open_calls()) {
      if (c->verb == "update_event") c->refuse(trouble(errc::conflict, "precondition_failed"));
      if (c->verb == "get_event") held_calendar::answer_call<calendar_event>(c, series);
      if (c->verb == "list_changes") held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
      run();
    }
  }
  EXPECT_LT(google.calls.size() - calls, 40u);
}

TEST_F(provider_push_test, an_event_that_keeps_moving_is_left_for_later_after_a_few_rounds) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");
  int rounds = 0;
  while (!google.open_calls().empty()) {
    ASSERT_LT(++rounds, 20);
    refuse("update_event", trouble(errc::conflict, "precondition_failed"));
    if (google.open_calls().empty()) break;
    auto theirs = event_of(visit, work, "v" + std::to_string(1 + rounds));
    theirs.what.location = "Room " + std::to_string(rounds);
    answer<calendar_event>("get_event", theirs);
  }

  EXPECT_EQ(google.times("update_event"), 6u);
  EXPECT_FALSE(rows().outbox.empty());
  for (const auto& [id, row] : rows().outbox) EXPECT_GT(row.due_at, now);
}

TEST_F(provider_push_test, a_lost_answer_leads_to_the_same_id_again) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  auto first = google.open("insert_event")->as<net::new_event>().event;
  refuse("insert_event", trouble(errc::retry_later, "timeout"));
  EXPECT_EQ(rows().outbox.size(), 1u);
  pass(4s);

  EXPECT_EQ(google.open("insert_event")->as<net::new_event>().event, first);
  answer<calendar_event>("insert_event", made("v1"));
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(rows().mappings.size(), 1u);
}

TEST_F(provider_push_test, what_an_earlier_try_wrote_is_not_taken_for_what_is_said_now) {
  add_calendar(work);
  open_house();
  create(visit, "Before");
  auto standing = made("v1");
  refuse("insert_event", trouble(errc::retry_later, "timeout"));
  edit(visit, "After");
  pass(4s);
  standing.stood_already = true;

  answer<calendar_event>("insert_event", standing);

  auto update = google.open("update_event")->as<net::event_update>();
  EXPECT_EQ(update.what.title, "After");
  EXPECT_EQ(update.version, "v1");
  answer<calendar_event>("update_event", made("v2"));
  EXPECT_EQ(rows().entries.at(visit).what.title, "After");
  EXPECT_EQ(link(visit).base_event.title, "After");
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, what_a_person_did_to_an_insert_of_an_earlier_life_is_no_echo) {
  add_calendar(work, provider_type::microsoft);
  open_house();
  create(visit, "Visit");
  auto made_then = microsoft.open("insert_event")->as<net::new_event>();
  now += 1s;
  auto standing = foreign("event-1");
  standing.what = made_then.what;
  standing.what.location = "Room of the person";
  standing.transaction_id = made_then.transaction_id;
  standing.updated_at = now;
  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  run();
  pass(3s);

  microsoft.answer<calendar_event>("insert_event", standing);
  run();

  EXPECT_EQ(rows().entries.at(visit).what.location, "Room of the person");
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, a_write_whose_commit_failed_is_settled_by_the_next_look) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  auto event = made("v1");
  store.fail("commit", trouble(errc::retry_later, "database_away"));
  answer<calendar_event>("insert_event", event);
  EXPECT_FALSE(link(visit).linked);
  pass(4s);

  answer<calendar_event>("insert_event", event);

  EXPECT_TRUE(link(visit).linked);
  EXPECT_EQ(google.times("insert_event"), 2u);
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, an_event_that_is_gone_is_a_persons_deletion) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");

  refuse("update_event", trouble(errc::not_found, "gone"));

  EXPECT_TRUE(rows().entries.at(visit).assigned.empty());
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_TRUE(google.open_calls().empty());
}

TEST_F(provider_push_test, an_event_that_was_cancelled_while_it_was_written_is_not_written_again) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");
  refuse("update_event", trouble(errc::conflict, "precondition_failed"));

  answer<calendar_event>("get_event", tombstone(link(visit).event));

  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, a_removal_deletes_only_what_has_been_seen) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  ASSERT_TRUE(order(entry_order::kind::remove, visit, {}));
  refuse("delete_event", trouble(errc::conflict, "precondition_failed"));

  answer<calendar_event>("get_event", event_of(visit, work, "v7"));
  EXPECT_EQ(google.open("delete_event")->as<testing::event_deletion>().version, "v7");
  answer<bool>("delete_event", false);

  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, what_the_vendor_refuses_of_one_entry_does_not_stop_the_others) {
  add_calendar(work);
  open_house();
  notice(work);
  create(visit, "Refused");
  create(second_visit, "Taken");
  answer<change_page>("list_changes", last_page({}, "cursor-1"));

  refuse("insert_event", trouble(errc::invalid, "bad_event"));
  answer<calendar_event>("insert_event", made("v1"));

  EXPECT_FALSE(link(visit).linked);
  EXPECT_TRUE(link(second_visit).linked);
  ASSERT_EQ(rows().outbox.size(), 1u);
  EXPECT_GT(rows().outbox.begin()->second.due_at, now);
  auto refused = std::count_if(rows().decisions.begin(), rows().decisions.end(),
                               [](const decision& d) { return d.why == reason::push_refused; });
  EXPECT_EQ(refused, 1);
}

TEST_F(provider_push_test, retry_after_holds_the_writes_back_by_the_clock) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  refuse("insert_event", trouble(errc::retry_later, "quota", 120s));
  create(second_visit, "Another");

  pass(119s);
  EXPECT_EQ(google.calls.size(), 1u);
  pass(2s);

  EXPECT_EQ(google.verbs(), (words{"insert_event", "insert_event"}));
}

TEST_F(provider_push_test, a_failing_write_is_told_once_and_makes_nobody_read) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  for (int i = 0; i < 4 * 60 * 4; ++i) {
    for (auto& c : google.open_calls()) {
      ASSERT_EQ(c->verb, "insert_event");
      c->refuse(trouble(errc::retry_later, "vendor_down"));
      run();
    }
    pass(250ms);
  }
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 1u);
  EXPECT_GE(google.calls.size(), 3u);
  EXPECT_LE(google.calls.size(), 30u);

  notice(work); // reads that succeed mend no writing
  for (auto& c : google.open_calls())
    if (c->verb == "list_changes") held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
  run();
  for (int i = 0; i < 16 * 60 * 4 && google.open_calls().empty(); ++i) pass(250ms);
  for (auto& c : google.open_calls()) c->refuse(trouble(errc::retry_later, "vendor_down"));
  run();
  EXPECT_EQ(facts(fact_type::calendar_sync_failed), 1u);
}

TEST_F(provider_push_test, a_manual_run_tries_at_once_what_was_put_off) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Ours");
  refuse("update_event", trouble(errc::invalid, "bad_event"));
  ASSERT_TRUE(google.open_calls().empty());
  answers<sync_run> asked;

  tell_calendar(work, sync_order{asked.slot()});
  answer<change_page>("list_changes", last_page({}, "cursor-1"));
  answer<calendar_event>("update_event", made("v2"));

  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, an_id_that_the_vendor_has_used_up_is_replaced) {
  add_calendar(work);
  open_house();
  create(visit, "Visit");
  auto first = google.open("insert_event")->as<net::new_event>().event;

  refuse("insert_event", trouble(errc::duplicate, "event_id_taken"));
  EXPECT_TRUE(google.open_calls().empty());
  pass(4s);

  EXPECT_NE(google.open("insert_event")->as<net::new_event>().event, first);
  EXPECT_EQ(google.open("insert_event")->as<net::new_event>().event, link(visit).event);
  answer<calendar_event>("insert_event", made("v1"));
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(provider_push_test, an_entry_that_left_before_its_event_was_known_is_let_go_after_a_read) {
  add_calendar(work, provider_type::microsoft);
  open_house();
  create(visit, "Visit");
  microsoft.refuse("insert_event", trouble(errc::retry_later, "timeout"));
  run();
  ASSERT_TRUE(order(entry_order::kind::remove, visit, {}));
  EXPECT_EQ(rows().mappings.size(), 1u);

  for (int i = 0; i < 30 * 60 * 4 && !rows().outbox.empty(); ++i) {
    pass(250ms);
    for (auto& c : microsoft.open_calls()) {
      ASSERT_EQ(c->verb, "list_changes");
      held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
      run();
    }
  }

  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_EQ(microsoft.times("delete_event"), 0u);
}

TEST_F(provider_push_test, a_lost_insert_of_an_entry_that_left_is_found_by_its_transaction_and_deleted) {
  add_calendar(work, provider_type::microsoft);
  open_house();
  create(visit, "Visit");
  auto transaction = microsoft.open("insert_event")->as<net::new_event>().transaction_id;
  microsoft.refuse("insert_event", trouble(errc::retry_later, "timeout"));
  run();
  ASSERT_TRUE(order(entry_order::kind::remove, visit, {}));
  auto event = foreign("graph-event");
  event.transaction_id = transaction;
  notice(work);
  microsoft.answer<change_page>("list_changes", last_page({event}, "cursor-1"));
  run();
  pass(60s);

  EXPECT_EQ(microsoft.open("delete_event")->as<testing::event_deletion>().event, event_id("graph-event"));
  microsoft.answer<bool>("delete_event", true);
  run();
  EXPECT_TRUE(rows().mappings.empty());
}

// ---------------------------------------------------------------- what is given up

/// Time passes until that call is open; reads find nothing.
class dead_letter_test : public provider_push_test {
protected:
  void until(const std::string& verb) {
    for (int i = 0; i < 4 * 60 * 40; ++i) {
      for (auto& c : google.open_calls()) {
        if (c->verb == verb) return;
        if (c->verb == "list_changes") held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
        run();
      }
      pass(250ms);
    }
    FAIL() << "nobody asked for " << verb;
  }
  void refuse_to_the_end(const error& e) {
    for (int i = 0; i < tries_if_refused; ++i) {
      until("update_event");
      refuse("update_event", e);
    }
  }
  std::vector<dead_letter>& letters() { return rows().letters; }
};

TEST_F(dead_letter_test, a_write_that_is_refused_again_and_again_is_set_aside_with_its_cause) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Unspeakable");

  refuse_to_the_end(trouble(errc::invalid, "invalid_title"));

  ASSERT_EQ(letters().size(), 1u);
  const auto& l = letters()[0];
  EXPECT_EQ(l.entry, visit);
  EXPECT_EQ(l.event, link(visit).event);
  EXPECT_EQ(l.code, "invalid_title");
  EXPECT_EQ(l.attempts, tries_if_refused);
  EXPECT_LT(l.first_failed_at, l.last_failed_at);
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(link(visit).base_entry.title, "Visit") << "nothing was agreed";
  EXPECT_EQ(rows().decisions.back().why, reason::push_dead_lettered);
  EXPECT_EQ(rows().facts.back().type, fact_type::calendar_provider_error);
  EXPECT_TRUE(store.wrongs.empty());
}

TEST_F(dead_letter_test, a_new_change_that_gets_through_settles_it) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Unspeakable");
  refuse_to_the_end(trouble(errc::forbidden, "forbidden_title"));
  ASSERT_EQ(letters().size(), 1u);

  edit(visit, "Speakable");
  until("update_event");
  answer<calendar_event>("update_event", made("v9"));

  EXPECT_EQ(letters()[0].state, letter_state::settled);
  EXPECT_EQ(link(visit).base_entry.title, "Speakable");
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(dead_letter_test, a_replay_puts_it_back_and_ends_it) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Unspeakable");
  refuse_to_the_end(trouble(errc::invalid, "invalid_title"));
  answers<int> put_back;

  tell(supervisor, for_tenant{acme, replay_order{letters(), put_back.slot()}});

  ASSERT_EQ(put_back.size(), 1u);
  ASSERT_TRUE(put_back[0]) << put_back[0].error().code;
  EXPECT_EQ(*put_back[0], 1);
  EXPECT_EQ(letters()[0].state, letter_state::replayed);
  until("update_event");
  answer<calendar_event>("update_event", made("v2"));
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(letters().size(), 1u);
}

TEST_F(dead_letter_test, an_outage_of_hours_makes_none) {
  add_calendar(work);
  add_visit(visit, work);
  open_house();
  edit(visit, "Patient");
  const auto began = now;

  while (now - began < 6h) {
    until("update_event");
    refuse("update_event", trouble(errc::retry_later, "vendor_busy"));
  }

  EXPECT_TRUE(letters().empty());
  ASSERT_EQ(rows().outbox.size(), 1u);
  EXPECT_EQ(rows().outbox.begin()->second.strikes, 0);
  until("update_event");
  answer<calendar_event>("update_event", made("v2"));
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(dead_letter_test, an_entry_that_fails_alone_does_not_hold_the_others) {
  add_calendar(work);
  add_visit(visit, work);
  add_visit(second_visit, work);
  open_house();
  edit(visit, "Bad");
  refuse("update_event", trouble(errc::retry_later, "backend_error"));
  int rounds = 0;

  while (letters().empty() && ++rounds < 200) {
    now += longest_backoff; // what was put off is due
    edit(second_visit, "Good " + std::to_string(rounds));
    until("update_event");
    while (!google.open_calls().empty() && google.open()->verb == "update_event") {
      const bool bad = google.open()->as<net::event_update>().event == link(visit).event;
      if (bad)
        refuse("update_event", trouble(errc::retry_later, "backend_error"));
      else
        answer<calendar_event>("update_event", made("v" + std::to_string(rounds + 1)));
    }
  }

  ASSERT_EQ(letters().size(), 1u);
  EXPECT_EQ(letters()[0].entry, visit);
  EXPECT_GE(letters()[0].attempts, tries_alone);
}

TEST_F(dead_letter_test, a_host_edit_after_a_lost_answer_wins_over_its_own_earlier_write) {
  auto& calendar = add_calendar(work);
  calendar.on_conflict = conflict_policy::external;
  add_visit(visit, work);
  open_house();
  edit(visit, "First");
  auto reached = made("v2"); // the vendor did it, but nobody hears of it
  reached.tag = visit;
  refuse("update_event", trouble(errc::retry_later, "timeout"));
  edit(visit, "Second");

  until("update_event");
  refuse("update_event", trouble(errc::conflict, "precondition_failed"));
  answer<calendar_event>("get_event", reached);

  EXPECT_EQ(rows().entries.at(visit).what.title, "Second");
  auto update = google.open("update_event")->as<net::event_update>();
  EXPECT_EQ(update.version, "v2");
  EXPECT_EQ(update.what.title, "Second");
  answer<calendar_event>("update_event", made("v3"));
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(dead_letter_test, a_change_taken_back_after_a_lost_answer_is_looked_for) {
  auto& calendar = add_calendar(work);
  calendar.on_conflict = conflict_policy::external;
  add_visit(visit, work);
  open_house();
  edit(visit, "First");
  auto reached = made("v2");
  reached.tag = visit;
  refuse("update_event", trouble(errc::retry_later, "timeout"));
  edit(visit, "Visit"); // as it was agreed

  until("get_event");
  answer<calendar_event>("get_event", reached);
  until("update_event");
  EXPECT_EQ(google.open("update_event")->as<net::event_update>().what.title, "Visit");
  answer<calendar_event>("update_event", made("v3"));

  EXPECT_EQ(rows().entries.at(visit).what.title, "Visit");
  EXPECT_TRUE(rows().outbox.empty());
}

TEST_F(dead_letter_test, events_that_were_set_aside_are_read_again_when_a_person_asks) {
  add_calendar(work);
  open_house();
  dead_letter l;
  l.id = "letter";
  l.kind = letter_kind::pull;
  l.provider = work;
  l.event = event_id("theirs");
  letters().push_back(l);
  answers<int> read;

  tell_calendar(work, reread_order{{event_id("theirs")}, read.slot()});
  answer<calendar_event>("get_event", foreign("theirs"));

  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(*read[0], 1);
  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(letters()[0].state, letter_state::settled);
}

} // namespace
} // namespace kalends::actors
