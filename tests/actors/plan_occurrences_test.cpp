// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_occurrences.hpp"

#include "schema/recurrence.hpp"
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

using kind = occurrence_step::kind;

recurrence_id slot(const std::string& text) { return read_slot(text).value(); }

/// Every day at nine in Berlin, from December 1st on.
class plan_occurrences_test : public ::testing::Test {
protected:
  static appointment daily() {
    appointment a;
    a.title = "Stand-up";
    a.start = at("2026-12-01T09:00:00");
    a.end = at("2026-12-01T09:30:00");
    a.repeats = recurrence{"FREQ=DAILY;COUNT=10", {}, {}, {}};
    return a;
  }
  static appointment cancelled(appointment a, const std::string& where) {
    a.repeats->exdates.push_back(slot(where));
    std::sort(a.repeats->exdates.begin(), a.repeats->exdates.end());
    return a;
  }
  static appointment changed(appointment a, const std::string& where, const std::string& title,
                             int later = 0) {
    auto plain = a;
    plain.repeats->exdates.clear();
    plain.repeats->changed.clear();
    auto what = occurrence_at(plain, slot(where))->what;
    what.title = title;
    for (auto* t : {&what.start, &what.end}) {
      auto& z = std::get<zoned_time>(*t);
      z.local += std::chrono::hours(later);
      z.utc += std::chrono::hours(later);
    }
    a.repeats->changed.push_back({slot(where), what});
    return a;
  }
  static mapping agreed_on(const appointment& a) {
    mapping m;
    m.linked = true;
    m.base_entry = m.base_event = a;
    return m;
  }
  static field_set groups(std::initializer_list<field_group> all) {
    field_set s;
    for (const auto g : all) s.add(g);
    return s;
  }
  static std::vector<occurrence_step> plan(const appointment& wanted, const appointment& actual) {
    return plan_occurrences(wanted, actual, provider_type::google);
  }
};

TEST_F(plan_occurrences_test, what_agrees_is_left_alone) {
  const auto series = changed(cancelled(daily(), "2026-12-02T09:00:00"), "2026-12-03T09:00:00", "Long");

  EXPECT_TRUE(plan(series, series).empty());
  EXPECT_TRUE(plan(daily(), daily()).empty());
}

TEST_F(plan_occurrences_test, cancels_first_and_then_changes_slot_by_slot) {
  const auto wanted = changed(cancelled(daily(), "2026-12-04T09:00:00"), "2026-12-03T09:00:00", "Long", 1);

  const auto steps = plan(wanted, daily());

  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].how, kind::cancel);
  EXPECT_EQ(steps[1].how, kind::change);
  EXPECT_EQ(steps[1].at, slot("2026-12-03T09:00:00"));
  EXPECT_EQ(steps[1].changed, groups({field_group::time, field_group::title}));
  EXPECT_EQ(steps[1].what.title, "Long");
}

TEST_F(plan_occurrences_test, those_that_move_later_make_room_from_the_last_on) {
  constexpr int days = 24;
  auto wanted = changed(daily(), "2026-12-03T09:00:00", "Long", 1 * days);
  wanted = changed(wanted, "2026-12-04T09:00:00", "Long", 1 * days + 1);
  wanted = cancelled(wanted, "2026-12-05T09:00:00");
  wanted = cancelled(wanted, "2026-12-06T09:00:00");
  wanted = changed(wanted, "2026-12-07T09:00:00", "Long", -1 * days);
  wanted = changed(wanted, "2026-12-08T09:00:00", "Long", -1 * days);

  std::vector<recurrence_id> order;
  for (const auto& s : plan(wanted, daily())) order.push_back(s.at);

  EXPECT_EQ(order, (std::vector{slot("2026-12-05T09:00:00"), slot("2026-12-06T09:00:00"),
                                slot("2026-12-04T09:00:00"), slot("2026-12-03T09:00:00"),
                                slot("2026-12-07T09:00:00"), slot("2026-12-08T09:00:00")}));
}

TEST_F(plan_occurrences_test, a_change_that_is_taken_back_says_what_the_series_says) {
  const auto steps = plan(daily(), changed(daily(), "2026-12-03T09:00:00", "Long", 1));

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].how, kind::change);
  EXPECT_EQ(steps[0].what.title, "Stand-up");
  EXPECT_EQ(std::get<zoned_time>(steps[0].what.start).local, slot("2026-12-03T09:00:00"));
}

TEST_F(plan_occurrences_test, one_that_is_like_a_series_in_dispute_is_like_what_stands_in_the_calendar) {
  auto theirs = daily();
  theirs.title = "Their stand-up";

  const auto steps = plan(daily(), changed(theirs, "2026-12-03T09:00:00", "Stand-up"));

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].how, kind::change);
  EXPECT_EQ(steps[0].changed, groups({field_group::title}));
  EXPECT_EQ(steps[0].what.title, "Their stand-up");
}

TEST_F(plan_occurrences_test, guests_of_the_series_are_written_into_no_occurrence) {
  auto wanted = daily();
  attendee guest;
  guest.email = "guest@example.org";
  wanted.attendees = {guest};

  const auto steps = plan(wanted, changed(daily(), "2026-12-03T09:00:00", "Long"));

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].changed, groups({field_group::title}));
}

TEST_F(plan_occurrences_test, a_cancelled_one_comes_back_and_is_changed) {
  const auto wanted = changed(daily(), "2026-12-03T09:00:00", "Long");
  const auto actual = cancelled(daily(), "2026-12-03T09:00:00");

  const auto steps = plan(wanted, actual);

  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].how, kind::restore);
  EXPECT_TRUE(steps[0].refused.empty());
  EXPECT_EQ(steps[1].how, kind::change);
  EXPECT_EQ(steps[1].changed, groups({field_group::title}));
}

TEST_F(plan_occurrences_test, microsoft_cannot_bring_one_back) {
  const auto steps = plan_occurrences(changed(daily(), "2026-12-03T09:00:00", "Long"),
                                      cancelled(daily(), "2026-12-03T09:00:00"), provider_type::microsoft);

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].refused, "occurrence_not_restorable");
}

TEST_F(plan_occurrences_test, what_was_agreed_in_other_words_is_not_written_again) {
  const auto wanted = changed(daily(), "2026-12-03T09:00:00", "Long");
  const auto spelled = changed(daily(), "2026-12-03T09:00:00", "Long ");
  const agreed_series agreed{&wanted, &spelled};

  EXPECT_TRUE(plan_occurrences(wanted, spelled, provider_type::google, agreed).empty());
  EXPECT_EQ(plan_occurrences(changed(daily(), "2026-12-03T09:00:00", "Longer"), spelled,
                             provider_type::google, agreed)
                .size(),
            1u);
}

TEST_F(plan_occurrences_test, of_a_masked_series_only_times_are_told) {
  const auto wanted =
      changed(changed(daily(), "2026-12-03T09:00:00", "Doctor"), "2026-12-04T09:00:00", "Lawyer", 2);

  const auto steps = plan_occurrences(wanted, daily(), provider_type::google, {}, true);

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].at, slot("2026-12-04T09:00:00"));
  EXPECT_EQ(steps[0].changed, groups({field_group::time}));
}

TEST_F(plan_occurrences_test, an_occurrence_keeps_its_wall_clock_over_a_change_of_summer_time) {
  auto series = daily();
  series.start = at("2026-10-24T09:00:00");
  series.end = at("2026-10-24T09:30:00");
  const auto actual = changed(series, "2026-10-26T09:00:00", "Long", 1);

  const auto steps = plan(series, actual);

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(std::get<zoned_time>(steps[0].what.start), std::get<zoned_time>(at("2026-10-26T09:00:00")));
  EXPECT_EQ(std::get<zoned_time>(steps[0].what.end), std::get<zoned_time>(at("2026-10-26T09:30:00")));
}

TEST_F(plan_occurrences_test, a_title_of_the_master_leaves_the_agreed_exceptions_as_they_are) {
  const auto base = cancelled(daily(), "2026-12-03T09:00:00");
  auto wanted = base;
  wanted.title = "Other";

  const auto agreed = agree_on_master(agreed_on(base), wanted, groups({field_group::title}), [&] {
    auto answer = daily();
    answer.title = "Other";
    return answer;
  }());

  EXPECT_EQ(agreed.entry, wanted);
  EXPECT_EQ(agreed.event, wanted);
}

TEST_F(plan_occurrences_test, a_pattern_that_moves_takes_the_exceptions_that_shall_stand_for_wiped) {
  const auto base = cancelled(cancelled(daily(), "2026-12-03T09:00:00"), "2026-12-04T09:00:00");
  auto wanted = daily();
  wanted.repeats->rrule = "FREQ=DAILY;COUNT=20";
  wanted = cancelled(wanted, "2026-12-03T09:00:00"); // the other one was brought back
  auto answer = daily();
  answer.repeats->rrule = wanted.repeats->rrule;

  const auto agreed = agree_on_master(agreed_on(base), wanted, groups({field_group::recurrence}), answer);

  EXPECT_EQ(agreed.entry.repeats->rrule, "FREQ=DAILY;COUNT=20");
  EXPECT_EQ(agreed.event.repeats->exdates, std::vector{slot("2026-12-04T09:00:00")});
  EXPECT_EQ(agreed.entry.repeats->exdates, std::vector{slot("2026-12-04T09:00:00")});
  EXPECT_TRUE(difference(wanted, agreed.entry).has(field_group::occurrences));
}

TEST_F(plan_occurrences_test, what_was_written_and_shows_is_agreed) {
  const auto wanted = cancelled(daily(), "2026-12-03T09:00:00");
  const auto steps = plan(wanted, daily());

  const auto outcome = agree_on_occurrences(agreed_on(daily()), wanted, daily(), steps, {}, wanted);

  EXPECT_FALSE(outcome.moved);
  EXPECT_EQ(outcome.entry, wanted);
  EXPECT_EQ(outcome.event, wanted);
}

TEST_F(plan_occurrences_test, what_somebody_else_changed_meanwhile_is_not_agreed) {
  const auto wanted = cancelled(daily(), "2026-12-03T09:00:00");
  const auto steps = plan(wanted, daily());
  const auto now = changed(wanted, "2026-12-05T09:00:00", "Theirs");

  const auto outcome = agree_on_occurrences(agreed_on(daily()), wanted, daily(), steps, {}, now);

  EXPECT_TRUE(outcome.moved);
  EXPECT_EQ(outcome.event, wanted) << "as it was before they did";
  EXPECT_TRUE(agree_on_occurrences(agreed_on(daily()), wanted, daily(), steps, {},
                                   [&] {
                                     auto other = wanted;
                                     other.title = "Theirs";
                                     return other;
                                   }())
                  .moved);
}

TEST_F(plan_occurrences_test, what_the_vendor_refused_stays_as_it_was_agreed) {
  const auto base = cancelled(daily(), "2026-12-03T09:00:00");
  const auto wanted = cancelled(daily(), "2026-12-04T09:00:00");
  const auto steps = plan_occurrences(wanted, base, provider_type::microsoft);
  const auto now = cancelled(base, "2026-12-04T09:00:00");

  const auto outcome =
      agree_on_occurrences(agreed_on(base), wanted, base, steps, {slot("2026-12-03T09:00:00")}, now);

  EXPECT_FALSE(outcome.moved);
  EXPECT_EQ(outcome.entry, now);
  EXPECT_EQ(outcome.event, now);
}

TEST_F(plan_occurrences_test, the_last_occurrence_of_a_counted_series_is_written_too) {
  const auto wanted = changed(daily(), "2026-12-10T09:00:00", "The last");

  const auto steps = plan(wanted, daily());

  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].at, slot("2026-12-10T09:00:00"));
}

} // namespace
} // namespace kalends::actors
