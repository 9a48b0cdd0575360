// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace kalends::actors {
namespace {

/// More deletions in a calendar than are made unasked.
class provider_brake_test : public house_fixture {
protected:
  static entry_id nth(int i) {
    return entry_id("0192a000-0000-7000-8000-0000000001" + std::to_string(10 + i));
  }
  void add_visits(int count) {
    add_calendar(work);
    for (int i = 0; i < count; ++i) add_visit(nth(i), work);
    open_house();
  }
  /// The vendor carries out whatever it is asked for.
  void serve() {
    for (auto* vendor : {&google, &microsoft}) {
      while (!vendor->open_calls().empty()) {
        const auto c = vendor->open();
        if (c->verb == "delete_event") {
          held_calendar::answer_call<bool>(c, true);
        } else if (c->verb == "get_event") {
          held_calendar::answer_call<calendar_event>(c, standing(c->as<event_id>()));
        } else if (c->verb == "update_event" || c->verb == "insert_event") {
          calendar_event e;
          e.version = "v" + std::to_string(++versions);
          e.id = c->verb == "update_event" ? c->as<net::event_update>().event : c->as<net::new_event>().event;
          e.what = c->verb == "update_event" ? c->as<net::event_update>().what : c->as<net::new_event>().what;
          held_calendar::answer_call<calendar_event>(c, e);
        } else {
          held_calendar::answer_call<change_page>(c, last_page({}, "cursor"));
        }
        run();
      }
    }
  }
  result<calendar_event> standing(const event_id& id) {
    for (const auto& [key, m] : rows().mappings)
      if (m.event == id) return event_of(m, m.event_version);
    return tl::unexpected(trouble(errc::not_found, "event_gone"));
  }
  /// One after the other, while the calendar is busy with something else: one pass finds all of them.
  void remove_at_once(int from, int to) {
    notice(work);
    for (int i = from; i < to; ++i) ASSERT_TRUE(order(entry_order::kind::remove, nth(i), {}));
    serve();
  }
  result<bool> answer(removal_answer a) {
    answers<bool> heard_answer;
    tell_calendar(work, approval_order{a, heard_answer.slot()});
    return heard_answer.size() == 1 ? heard_answer[0] : failure(errc::broken, "no_answer", "");
  }
  std::size_t gated(removal_gate g) {
    const auto& all = rows().mappings;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [g](const auto& m) { return m.second.gate == g; }));
  }
  std::size_t told(reason why) {
    const auto& all = rows().decisions;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [why](const decision& d) { return d.why == why; }));
  }
  std::size_t deletions() const { return google.times("delete_event") + microsoft.times("delete_event"); }

  int versions = 10;
};

TEST_F(provider_brake_test, ten_deletions_in_one_pass_go_unasked) {
  add_visits(10);

  remove_at_once(0, 10);

  EXPECT_EQ(deletions(), 10u);
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_EQ(rows(work).removed.count, 10);
}

TEST_F(provider_brake_test, eleven_wait_and_everything_else_goes_on) {
  add_visits(12);

  notice(work);
  for (int i = 0; i < 11; ++i) ASSERT_TRUE(order(entry_order::kind::remove, nth(i), {}));
  edit(nth(11), "Moved");
  serve();

  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(google.times("update_event"), 1u);
  EXPECT_EQ(gated(removal_gate::held), 11u);
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(told(reason::push_held), 11u);
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u);
  EXPECT_EQ(rows().runs.back().outcome, run_outcome::succeeded);

  ASSERT_TRUE(create(visit, "New"));
  serve();
  EXPECT_EQ(google.times("insert_event"), 1u);
  notice(work);
  serve();
  EXPECT_EQ(run_outcomes().back(), "notice:succeeded");
}

TEST_F(provider_brake_test, one_after_the_other_within_minutes_they_are_counted_together) {
  add_visits(30);

  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(order(entry_order::kind::remove, nth(i), {}));
    serve();
    pass(1s);
  }

  EXPECT_EQ(deletions(), 10u);
  EXPECT_EQ(gated(removal_gate::held), 20u);
  EXPECT_EQ(facts(fact_type::calendar_provider_error), 1u) << "told once";
}

TEST_F(provider_brake_test, a_few_now_and_then_always_go_at_once) {
  add_visits(20);

  for (int i = 0; i < 20; i += 5) {
    remove_at_once(i, i + 5);
    pass(2min + 1s);
    serve();
  }

  EXPECT_EQ(deletions(), 20u);
  EXPECT_EQ(gated(removal_gate::held), 0u);
}

TEST_F(provider_brake_test, five_percent_of_a_large_calendar_go_unasked) {
  add_calendar(work);
  for (int i = 0; i < 400; ++i) {
    const entry_id id("0192a000-0000-7000-8000-000000000" + std::to_string(100 + i));
    add_visit(id, work);
    rows().mappings.at({work, id}).event = event_id("event-" + std::to_string(i));
  }
  open_house();

  notice(work);
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(order(entry_order::kind::remove,
                      entry_id("0192a000-0000-7000-8000-000000000" + std::to_string(100 + i)), {}));
  serve();

  EXPECT_EQ(deletions(), 20u);
}

TEST_F(provider_brake_test, what_comes_later_joins_those_that_wait) {
  add_visits(13);
  remove_at_once(0, 12);
  pass(1h);
  serve();

  ASSERT_TRUE(order(entry_order::kind::remove, nth(12), {}));
  serve();

  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::held), 13u);
}

TEST_F(provider_brake_test, never_goes_ahead_by_itself) {
  add_visits(12);
  remove_at_once(0, 12);

  for (int hours = 0; hours < 30; hours += 10) {
    now += 10h;
    uptime += 10h;
    pass(2s);
    serve();
  }
  answers<sync_run> by_hand;
  tell_calendar(work, sync_order{by_hand.slot(), sync_mode::reconcile});
  serve();

  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::held), 12u);
}

TEST_F(provider_brake_test, a_yes_lets_exactly_those_go_that_were_held) {
  add_visits(13);
  remove_at_once(0, 12);

  const auto yes = answer({true});
  ASSERT_TRUE(yes && *yes);
  serve();

  EXPECT_EQ(deletions(), 12u);
  EXPECT_EQ(rows().mappings.size(), 1u);
  EXPECT_EQ(told(reason::push_approved), 12u);
  EXPECT_EQ(told(reason::push_deleted), 12u);
  EXPECT_EQ(rows(work).removed.count, 0) << "they were asked for: a few others may go";
  ASSERT_TRUE(order(entry_order::kind::remove, nth(12), {}));
  serve();
  EXPECT_TRUE(rows().mappings.empty());
}

TEST_F(provider_brake_test, it_is_the_same_at_microsoft) {
  add_calendar(work, provider_type::microsoft);
  for (int i = 0; i < 12; ++i) add_visit(nth(i), work);
  open_house();
  notice(work);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(order(entry_order::kind::remove, nth(i), {}));
  serve();
  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::held), 12u);

  ASSERT_TRUE(answer({true}));
  serve();
  EXPECT_EQ(microsoft.times("delete_event"), 12u);
}

TEST_F(provider_brake_test, a_no_leaves_the_events_and_they_are_not_imported) {
  add_visits(12);
  const auto before = rows().mappings;
  remove_at_once(0, 12);

  ASSERT_TRUE(answer({false}));
  serve();

  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::refused), 12u);
  EXPECT_EQ(told(reason::push_kept), 12u);
  const auto again = answer({true});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "nothing_held");

  // Somebody edits one of them, and everything is compared: neither makes an entry or deletes anything.
  notice(work);
  google.answer<change_page>("list_changes",
                             last_page({event_of(before.at({work, nth(0)}), "v2")}, "cursor-2"));
  run();
  serve();
  answers<sync_run> by_hand;
  tell_calendar(work, sync_order{by_hand.slot(), sync_mode::reconcile});
  serve();
  EXPECT_TRUE(rows().entries.empty());
  EXPECT_EQ(deletions(), 0u);
}

TEST_F(provider_brake_test, an_entry_that_comes_back_does_not_wait_any_more) {
  add_visits(12);
  entry_edit away, back;
  away.assigned = std::vector<user_id>{bob};
  back.assigned = std::vector<user_id>{alice};
  back.title = "Back";
  notice(work);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(order(entry_order::kind::change, nth(i), away));
  serve();
  ASSERT_EQ(gated(removal_gate::held), 12u);

  ASSERT_TRUE(order(entry_order::kind::change, nth(0), back));
  serve();
  EXPECT_EQ(google.times("update_event"), 1u);
  EXPECT_EQ(gated(removal_gate::held), 11u);
  ASSERT_TRUE(answer({true}));
  serve();

  EXPECT_EQ(deletions(), 11u);
  ASSERT_EQ(rows().mappings.size(), 1u);
  EXPECT_TRUE(rows().mappings.at({work, nth(0)}).linked);
}

TEST_F(provider_brake_test, a_refused_event_is_taken_up_again_by_its_entry) {
  add_visits(12);
  entry_edit away, back;
  away.assigned = std::vector<user_id>{bob};
  back.assigned = std::vector<user_id>{alice};
  notice(work);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(order(entry_order::kind::change, nth(i), away));
  serve();
  ASSERT_TRUE(answer({false}));

  ASSERT_TRUE(order(entry_order::kind::change, nth(0), back));
  serve();

  const auto& link = rows().mappings.at({work, nth(0)});
  EXPECT_EQ(link.gate, removal_gate::open);
  EXPECT_FALSE(link.removing);
  EXPECT_EQ(google.times("insert_event"), 0u);
}

TEST_F(provider_brake_test, an_answer_to_another_number_does_nothing) {
  add_visits(12);
  remove_at_once(0, 12);

  const auto refused = answer({true, std::nullopt, 11});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "approval_stale");
  EXPECT_EQ(gated(removal_gate::held), 12u);
  EXPECT_TRUE(answer({true, false, 12}));
}

TEST_F(provider_brake_test, when_both_sides_wait_the_answer_says_which) {
  add_visits(12);
  remove_at_once(0, 12);
  rows(work).calendar.held = held_removals{true, 20, 100, now, false};

  const auto unclear = answer({true});
  ASSERT_FALSE(unclear);
  EXPECT_EQ(unclear.error().code, "approval_ambiguous");

  ASSERT_TRUE(answer({false, true}));
  EXPECT_FALSE(rows(work).calendar.held);
  EXPECT_EQ(gated(removal_gate::held), 12u);
}

TEST_F(provider_brake_test, what_is_held_outlives_its_calendar_and_its_tenant) {
  add_visits(12);
  remove_at_once(0, 12);
  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  caf::anon_send_exit(awake_tenant(), caf::exit_reason::kill);
  run();
  pass(5s);
  serve();
  ASSERT_EQ(deletions(), 0u);

  ASSERT_TRUE(answer({true}));
  serve();
  pass(5s);
  serve();

  EXPECT_EQ(deletions(), 12u);
  EXPECT_TRUE(rows().mappings.empty());
}

TEST_F(provider_brake_test, a_crash_before_the_hold_is_written_deletes_nothing) {
  add_visits(12);
  notice(work);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(order(entry_order::kind::remove, nth(i), {}));
  store.hold("commit");
  google.answer<change_page>("list_changes", last_page({}, "cursor-2"));
  run();
  store.answer("commit"); // the end of the read
  run();
  ASSERT_EQ(store.waiting("commit"), 1u) << "the hold";
  store.forget_questions();
  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  caf::anon_send_exit(awake_tenant(), caf::exit_reason::kill);
  store.hold_nothing();
  run();
  EXPECT_EQ(gated(removal_gate::held), 0u);

  pass(10s);
  serve();

  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::held), 12u);
}

TEST_F(provider_brake_test, a_crash_amid_the_answer_leaves_the_rest_held) {
  add_visits(12);
  remove_at_once(0, 12);
  store.hold("commit");
  answers<bool> lost;
  tell_calendar(work, approval_order{removal_answer{true}, lost.slot()});
  ASSERT_EQ(store.waiting("commit"), 1u);
  store.forget_questions();
  caf::anon_send_exit(awake(work), caf::exit_reason::kill);
  caf::anon_send_exit(awake_tenant(), caf::exit_reason::kill);
  store.hold_nothing();
  run();
  pass(10s);
  serve();

  ASSERT_EQ(lost.size(), 1u);
  EXPECT_FALSE(lost[0]);
  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(gated(removal_gate::held), 12u);
  EXPECT_TRUE(answer({true}));
}

TEST_F(provider_brake_test, an_event_that_people_delete_waits_no_more) {
  add_visits(12);
  const auto before = rows().mappings;
  remove_at_once(0, 12);

  notice(work);
  google.answer<change_page>("list_changes",
                             last_page({tombstone(before.at({work, nth(3)}).event)}, "cursor-2"));
  run();
  serve();

  EXPECT_EQ(gated(removal_gate::held), 11u);
}

} // namespace
} // namespace kalends::actors
