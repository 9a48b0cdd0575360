// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"
#include "tests/support/model_vendor.hpp"

#include "schema/recurrence.hpp"

namespace kalends::actors {
namespace {

using testing::model_vendor;
using words = std::vector<std::string>;

/// A series on its way into a calendar whose vendor is a model; the test decides when a call is served.
class provider_series_push_test : public house_fixture {
protected:
  appointment daily() const {
    auto a = hour("Stand-up");
    a.repeats = recurrence{"FREQ=DAILY;COUNT=10", {}, {}, {}};
    return a;
  }
  recurrence_id day(int n) const { return slot_of(hour("").start) + std::chrono::days(n); }
  appointment cancelled(appointment a, int n) const {
    auto& all = a.repeats->exdates;
    all.insert(std::lower_bound(all.begin(), all.end(), day(n)), day(n));
    return a;
  }
  appointment changed(appointment a, int n, const std::string& title) const {
    auto plain = a;
    plain.repeats->exdates.clear();
    plain.repeats->changed.clear();
    auto what = occurrence_at(plain, day(n))->what;
    what.title = title;
    std::erase_if(a.repeats->changed, [&](const changed_occurrence& c) { return c.at == day(n); });
    const auto place = std::find_if(a.repeats->changed.begin(), a.repeats->changed.end(),
                                    [&](const changed_occurrence& c) { return c.at > day(n); });
    a.repeats->changed.insert(place, {day(n), what});
    return a;
  }

  /// The entry says this now, and its calendar has to hear of it.
  void says(const appointment& what) {
    auto& e = rows().entries[visit];
    e.id = visit;
    e.what = what;
    ++e.version;
    e.assigned = {alice};
    e.updated_at = now;
    if (!rows().mappings.contains({work, visit})) {
      mapping m;
      m.provider = work;
      m.entry = visit;
      const bool google_like = rows(work).calendar.type == provider_type::google;
      if (google_like) m.event = event_id("chosen1");
      if (!google_like) m.transaction_id = "chosen1";
      m.base_entry = m.base_event = insert_says(rows(work).calendar, what, false);
      rows().mappings[{work, visit}] = m;
    }
    outbox_row row{"0192a000-0000-7000-8000-0000000000" + std::to_string(10 + ++rows_made),
                   work,
                   visit,
                   e.version,
                   push_action::upsert,
                   0,
                   now};
    rows().outbox[row.id] = row;
    tell_calendar(work, wake{wake_reason::outbox, 0});
  }
  held_calendar& door() { return rows(work).calendar.type == provider_type::google ? google : microsoft; }
  void serve_one() {
    vendor->serve(door().open(), now);
    run();
  }
  void serve_all() {
    for (int n = 0; n < 200 && !door().open_calls().empty(); ++n) serve_one();
  }
  /// Carried out, and nobody hears of it.
  void lose(const held_calendar::call_ptr& c) {
    auto silent = std::make_shared<held_calendar::call>(*c);
    silent->refuse = [](const error&) {};
    if (c->verb == "write_occurrence")
      silent->done = net::vendor_done<bool>([](const result<bool>&) {});
    else if (c->verb == "list_changes")
      silent->done = net::vendor_done<change_page>([](const result<change_page>&) {});
    else
      silent->done = net::vendor_done<calendar_event>([](const result<calendar_event>&) {});
    vendor->serve(silent, now);
    c->refuse(trouble(errc::retry_later, "timeout"));
    run();
  }
  void until_done() {
    for (int n = 0; n < 1200 && !rows().outbox.empty(); ++n) {
      pass(1s);
      serve_all();
    }
  }
  void begin(provider_type type = provider_type::google) {
    add_calendar(work, type);
    vendor.emplace(type, dice);
    open_house();
  }
  calendar_event standing() { return vendor->standing().at(0); }
  const mapping& link() { return rows().mappings.at({work, visit}); }
  void expect_agreed(const appointment& what) {
    ASSERT_EQ(vendor->standing().size(), 1u);
    EXPECT_TRUE(difference(standing().what, what).empty());
    EXPECT_TRUE(difference(rows().entries.at(visit).what, what).empty());
    EXPECT_TRUE(difference(link().base_entry, what).empty());
    EXPECT_EQ(link().event_version, standing().version);
    EXPECT_TRUE(rows().outbox.empty());
    EXPECT_TRUE(rows().letters.empty());
  }
  std::size_t reasons(reason r) const {
    return static_cast<std::size_t>(std::count_if(store.tenants.at(acme).decisions.begin(),
                                                  store.tenants.at(acme).decisions.end(),
                                                  [&](const decision& d) { return d.why == r; }));
  }

  std::mt19937 dice{1};
  std::optional<model_vendor> vendor;
  int rows_made = 0;
};

TEST_F(provider_series_push_test, a_series_without_exceptions_is_one_insert) {
  begin();

  says(daily());
  serve_all();

  expect_agreed(daily());
  EXPECT_EQ(google.verbs(), words{"insert_event"});
}

TEST_F(provider_series_push_test, its_exceptions_follow_the_insert_one_by_one) {
  begin(provider_type::microsoft);
  const auto what = changed(cancelled(daily(), 2), 3, "Long");

  says(what);
  serve_all();

  expect_agreed(what);
  EXPECT_EQ(microsoft.verbs(),
            (words{"insert_event", "get_event", "write_occurrence", "write_occurrence", "get_event"}));
}

TEST_F(provider_series_push_test, what_google_takes_with_the_insert_is_not_written_again) {
  begin();

  says(cancelled(daily(), 2));
  serve_all();

  expect_agreed(cancelled(daily(), 2));
  EXPECT_EQ(google.verbs(), words{"insert_event"});
}

TEST_F(provider_series_push_test, a_pattern_that_wipes_the_exceptions_gets_them_again) {
  begin(provider_type::microsoft);
  says(changed(cancelled(daily(), 2), 3, "Long"));
  serve_all();
  auto what = changed(cancelled(daily(), 2), 3, "Long");
  what.repeats->rrule = "FREQ=DAILY;COUNT=12";

  says(what);
  serve_all();

  expect_agreed(what);
  EXPECT_EQ(microsoft.times("write_occurrence"), 4u);
}

TEST_F(provider_series_push_test, a_change_of_the_master_alone_does_not_touch_the_exceptions) {
  begin();
  says(cancelled(daily(), 2));
  serve_all();
  auto what = cancelled(daily(), 2);
  what.title = "Other";

  says(what);
  serve_all();

  expect_agreed(what);
  EXPECT_EQ(google.times("write_occurrence"), 0u);
}

TEST_F(provider_series_push_test, a_lost_answer_of_an_insert_makes_no_second_series) {
  for (const auto type : {provider_type::google, provider_type::microsoft}) {
    rows() = {};
    if (!vendor) begin(type);
    add_calendar(work, type);
    rows(work).read_from->token = "0";
    vendor.emplace(type, dice);
    tell_calendar(work, wake{wake_reason::reloaded, 0});
    const auto what = changed(daily(), 3, "Long");
    says(what);
    lose(door().open("insert_event"));
    ASSERT_EQ(vendor->standing().size(), 1u);

    until_done();

    expect_agreed(what);
  }
}

TEST_F(provider_series_push_test, what_a_person_cut_before_the_insert_was_answered_is_seen_by_the_retry) {
  for (const auto type : {provider_type::google, provider_type::microsoft}) {
    rows() = {};
    if (!vendor) begin(type);
    add_calendar(work, type);
    rows(work).read_from->token = "1"; // past the event: no listing tells of it again
    vendor.emplace(type, dice);
    tell_calendar(work, wake{wake_reason::reloaded, 0});
    says(daily());
    lose(door().open("insert_event"));
    auto theirs = standing();
    theirs.what = cancelled(theirs.what, 6);
    vendor->put_occurrences(theirs, now);
    rows(work).read_from->token = "2";

    until_done();

    expect_agreed(cancelled(daily(), 6));
  }
}

TEST_F(provider_series_push_test, a_series_that_is_gone_when_the_retry_reads_it_takes_no_entry_with_it) {
  begin(provider_type::microsoft);
  rows(work).read_from->token = "9";
  says(daily());
  lose(door().open("insert_event"));
  for (int n = 0; n < 60 && door().open_calls().empty(); ++n) pass(1s);
  while (door().open()->verb != "insert_event") serve_one();
  serve_one();
  ASSERT_EQ(door().open()->verb, "get_event");
  vendor->remove(standing().id, now);

  until_done();

  expect_agreed(daily());
}

TEST_F(provider_series_push_test, an_occurrence_that_cannot_come_back_is_told_once_and_not_retried) {
  begin(provider_type::microsoft);
  says(cancelled(daily(), 2));
  serve_all();

  says(cancelled(daily(), 4));
  serve_all();

  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_TRUE(rows().letters.empty());
  EXPECT_EQ(reasons(reason::push_unsayable), 1u);
  EXPECT_NE(rows().decisions.back().inputs.find("occurrence_not_restorable"), std::string::npos);
  EXPECT_TRUE(difference(standing().what, cancelled(cancelled(daily(), 2), 4)).empty());
  EXPECT_EQ(link().entry_version, rows().entries.at(visit).version);
}

TEST_F(provider_series_push_test, an_occurrence_that_would_cross_its_neighbour_is_refused_with_the_reason) {
  begin(provider_type::microsoft);
  says(daily());
  serve_all();
  says(changed(cancelled(daily(), 5), 3, "Long"));
  const auto changes_one = [&] {
    const auto* call = &*microsoft.open();
    return call->verb == "write_occurrence" &&
           call->as<net::occurrence_write>().how == net::occurrence_write::kind::change;
  };
  while (!changes_one()) serve_one();

  microsoft.refuse("write_occurrence", trouble(errc::invalid, "occurrence_crosses_neighbour"));
  run();
  serve_all();

  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(reasons(reason::push_unsayable), 1u);
  EXPECT_TRUE(difference(standing().what, cancelled(daily(), 5)).empty()) << "the others are written";
}

TEST_F(provider_series_push_test, what_a_person_changes_between_two_steps_is_merged_and_not_overwritten) {
  begin();
  says(daily());
  serve_all();
  auto what = daily();
  what.title = "Other";
  what = changed(what, 3, "Ours");
  says(what);
  serve_one(); // the master
  auto theirs = standing();
  theirs.what = cancelled(theirs.what, 6);
  vendor->put_occurrences(theirs, now);

  serve_all();

  expect_agreed(cancelled(what, 6));
}

TEST_F(provider_series_push_test, what_a_person_changes_while_occurrences_are_written_is_merged) {
  begin();
  says(daily());
  serve_all();
  says(changed(cancelled(daily(), 2), 3, "Ours"));
  while (google.open()->verb != "write_occurrence") serve_one();
  serve_one();
  auto theirs = standing();
  theirs.what = cancelled(theirs.what, 6);
  vendor->put_occurrences(theirs, now);

  serve_all();

  expect_agreed(cancelled(changed(cancelled(daily(), 2), 3, "Ours"), 6));
}

TEST_F(provider_series_push_test, a_master_that_moved_on_is_read_merged_and_written_again) {
  begin();
  says(daily());
  serve_all();
  auto theirs = standing();
  theirs.what.location = "Theirs";
  vendor->put(theirs, now);
  auto what = changed(daily(), 3, "Ours");
  what.title = "Other";

  says(what);
  serve_all();

  what.location = "Theirs";
  for (auto& c : what.repeats->changed)
    c.what.location = rows().entries.at(visit).what.repeats->changed[0].what.location;
  expect_agreed(what);
}

TEST_F(provider_series_push_test, a_crash_in_the_middle_ends_in_agreement) {
  for (int calls_before = 0; calls_before < 6; ++calls_before) {
    SCOPED_TRACE(calls_before);
    rows() = {};
    if (!vendor) begin(provider_type::microsoft);
    add_calendar(work, provider_type::microsoft);
    rows(work).read_from->token = "0";
    vendor.emplace(provider_type::microsoft, dice);
    const auto what = changed(cancelled(daily(), 2), 3, "Long");
    says(what);
    for (int n = 0; n < calls_before && !microsoft.open_calls().empty(); ++n) serve_one();

    for (const auto& c : microsoft.open_calls()) lose(c);
    until_done();

    expect_agreed(what);
  }
}

TEST_F(provider_series_push_test, what_the_vendor_has_no_words_for_is_told_and_nothing_is_asked_of_it) {
  begin(provider_type::microsoft);
  auto what = daily();
  what.repeats->rrule.clear();
  what.repeats->rdates = {day(3), day(5)};

  says(what);
  serve_all();

  EXPECT_TRUE(microsoft.calls.empty());
  EXPECT_TRUE(rows().outbox.empty());
  EXPECT_EQ(reasons(reason::push_unsayable), 1u);
  EXPECT_EQ(link().entry_version, rows().entries.at(visit).version);
}

} // namespace
} // namespace kalends::actors
