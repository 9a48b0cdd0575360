// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/clients_fixture.hpp"

#include <algorithm>

namespace kalends {
namespace {

using kind = net::occurrence_write::kind;
using std::chrono::days;

struct series_against_sandbox_test : clients_fixture {
  /// Mondays and Wednesdays at nine in Berlin, twelve times, from the next Monday on.
  appointment round() const {
    auto a = visit();
    auto day = std::chrono::floor<days>(real.now());
    while (std::chrono::weekday(day) != std::chrono::Monday) day += days(1);
    const auto monday = std::chrono::local_days(day.time_since_epoch());
    a.start = *read_zoned_time(write_local({monday + 9h, "Europe/Berlin", {}}), "Europe/Berlin");
    a.end = *read_zoned_time(write_local({monday + 10h, "Europe/Berlin", {}}), "Europe/Berlin");
    a.repeats = recurrence{"FREQ=WEEKLY;COUNT=12;BYDAY=MO,WE", {}, {}, {}};
    return *canonical_series(a);
  }

  calendar_event made(const appointment& what) {
    auto event = fresh();
    event.what = what;
    auto inserted = insert(event);
    if (!inserted) throw std::runtime_error(inserted.error().code + ": " + inserted.error().detail);
    return *inserted;
  }

  static field_set only(field_group g) {
    field_set s;
    s.add(g);
    return s;
  }

  net::occurrence_write occurrence(kind how, const calendar_event& series, recurrence_id at) const {
    net::occurrence_write w;
    w.how = how;
    w.series = series.id;
    w.master = series.what;
    w.at = at;
    return w;
  }
};

TEST_P(series_against_sandbox_test, a_series_is_read_back_as_it_was_written) {
  connect();
  const auto [before, cursor] = read_all("");

  const auto series = made(round());

  ASSERT_FALSE(series.unreadable) << *series.unreadable;
  EXPECT_TRUE(difference(series.what, round()).empty()) << series.what.repeats->rrule;
  EXPECT_TRUE(series.series.empty());
  const auto read = get(series.id);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->what, series.what);
  EXPECT_EQ(read->version, series.version);
  EXPECT_EQ(read->tag, tag);
  const auto [rows, after] = read_all(cursor);
  ASSERT_FALSE(rows.empty());
  for (const auto& row : rows) EXPECT_EQ(row.series, series.id);
}

TEST_P(series_against_sandbox_test, one_occurrence_is_cancelled_and_one_is_changed) {
  connect();
  const auto series = made(round());
  const auto slots = slots_of(series.what, 12);
  ASSERT_EQ(slots.size(), 12u);

  EXPECT_EQ(write(occurrence(kind::cancel, series, slots[1])), true);
  EXPECT_EQ(write(occurrence(kind::cancel, series, slots[1])), false);
  auto late = occurrence(kind::change, series, slots[1]);
  late.what = occurrence_at(series.what, slots[1])->what;
  late.what.title = "Too late";
  late.changed = only(field_group::title);
  EXPECT_EQ(write(late), false) << "what is cancelled stays cancelled";
  auto change = occurrence(kind::change, series, slots[2]);
  change.what = occurrence_at(series.what, slots[2])->what;
  change.what.title = "Only this once";
  change.what.start = *at_zone(std::get<zoned_time>(change.what.start).utc + 2h, "Europe/Berlin");
  change.what.end = *at_zone(std::get<zoned_time>(change.what.end).utc + 2h, "Europe/Berlin");
  change.changed = only(field_group::title) | only(field_group::time);
  EXPECT_EQ(write(change), true);

  const auto whole = get(series.id);
  ASSERT_TRUE(whole) << whole.error().detail;
  ASSERT_FALSE(whole->unreadable) << *whole->unreadable;
  ASSERT_TRUE(whole->what.repeats);
  EXPECT_EQ(whole->what.repeats->exdates, std::vector{slots[1]});
  ASSERT_EQ(whole->what.repeats->changed.size(), 1u);
  EXPECT_EQ(whole->what.repeats->changed[0].at, slots[2]);
  EXPECT_TRUE(difference(whole->what.repeats->changed[0].what, change.what).empty());
  EXPECT_NE(whole->version, series.version);
  EXPECT_TRUE((difference(whole->what, series.what) - only(field_group::occurrences)).empty());
}

TEST_P(series_against_sandbox_test, an_occurrence_out_of_a_gap_comes_back_as_long_as_the_first) {
  connect();
  auto planned = visit();
  planned.start = *read_zoned_time("2027-11-07T02:45:00", "America/Los_Angeles");
  planned.end = *read_zoned_time("2027-11-07T06:45:00", "America/Los_Angeles");
  planned.repeats = recurrence{"FREQ=WEEKLY;UNTIL=20280313T065959Z;INTERVAL=3", {}, {}, {}};
  const auto series = made(*canonical_series(planned));
  auto change = occurrence(kind::change, series, *read_slot("2028-03-12T03:45:00"));
  change.what = occurrence_at(series.what, change.at)->what;
  change.what.title = "Only this once";
  change.changed = only(field_group::title);
  ASSERT_EQ(write(change), true);

  const auto whole = get(series.id);

  ASSERT_TRUE(whole && whole->what.repeats);
  ASSERT_EQ(whole->what.repeats->changed.size(), 1u);
  EXPECT_EQ(whole->what.repeats->changed[0].at, change.at);
  EXPECT_EQ(whole->what.repeats->changed[0].what.title, "Only this once");
  EXPECT_EQ(whole->what.repeats->changed[0].what.end,
            calendar_time(*read_zoned_time("2028-03-12T07:45:00", "America/Los_Angeles")));
}

TEST_P(series_against_sandbox_test, a_changed_occurrence_is_found_again_where_it_was_moved_to) {
  connect();
  const auto series = made(round());
  const auto slots = slots_of(series.what, 12);
  auto change = occurrence(kind::change, series, slots[2]);
  change.what = occurrence_at(series.what, slots[2])->what;
  change.what.start = *at_zone(std::get<zoned_time>(change.what.start).utc + 24h, "Europe/Berlin");
  change.what.end = *at_zone(std::get<zoned_time>(change.what.end).utc + 24h, "Europe/Berlin");
  change.changed = only(field_group::time);
  ASSERT_EQ(write(change), true);

  change.what.location = "Gleis 9";
  change.changed = only(field_group::location);
  EXPECT_EQ(write(change), true);

  const auto whole = get(series.id);
  ASSERT_TRUE(whole && whole->what.repeats);
  ASSERT_EQ(whole->what.repeats->changed.size(), 1u);
  EXPECT_EQ(whole->what.repeats->changed[0].at, slots[2]);
  EXPECT_EQ(whole->what.repeats->changed[0].what.location, "Gleis 9");
  EXPECT_EQ(whole->what.repeats->changed[0].what.start, change.what.start);
}

TEST_P(series_against_sandbox_test, a_cancelled_occurrence_comes_back_where_that_can_be_said) {
  connect();
  auto planned = round();
  const auto slots = slots_of(planned, 12);
  if (google()) planned.repeats->exdates = {slots[3]};
  const auto series = made(planned);
  ASSERT_EQ(write(occurrence(kind::cancel, series, slots[1])), true);

  for (const auto at : {slots[1], slots[3]}) {
    auto back = occurrence(kind::restore, series, at);
    back.what = occurrence_at(round(), at)->what;
    const auto restored = write(back);
    EXPECT_EQ(restored ? "true" : restored.error().code, google() ? "true" : "occurrence_not_restorable");
  }

  const auto whole = get(series.id);
  ASSERT_TRUE(whole && whole->what.repeats);
  if (google()) {
    EXPECT_EQ(whole->what, round());
  }
}

TEST_P(series_against_sandbox_test, there_is_no_occurrence_where_the_rule_puts_none) {
  connect();
  const auto series = made(round());

  EXPECT_EQ(write(occurrence(kind::cancel, series, slot_of(series.what.start) + 24h)), false);
}

TEST_P(series_against_sandbox_test, a_new_time_and_a_new_rule_are_written_to_the_series) {
  connect();
  const auto series = made(round());
  auto later = round();
  later.start = *at_zone(std::get<zoned_time>(later.start).utc + 1h, "Europe/Berlin");
  later.end = *at_zone(std::get<zoned_time>(later.end).utc + 1h, "Europe/Berlin");

  const auto moved = update(series, later);
  ASSERT_TRUE(moved) << moved.error().detail;
  EXPECT_TRUE(difference(moved->what, later).empty());
  auto shorter = later;
  shorter.repeats->rrule = "FREQ=WEEKLY;COUNT=5;INTERVAL=2";
  const auto ended = update(*moved, shorter);
  ASSERT_TRUE(ended) << ended.error().detail;
  EXPECT_TRUE(difference(ended->what, shorter).empty()) << ended->what.repeats->rrule;
  EXPECT_EQ(update(series, shorter).error().kind, errc::conflict) << "by the version before";

  auto once = shorter;
  once.repeats.reset();
  const auto single = update(*ended, once);
  ASSERT_TRUE(single) << single.error().detail;
  EXPECT_FALSE(single->what.repeats);
  const auto again = update(*single, shorter);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_TRUE(difference(again->what, shorter).empty());
  EXPECT_EQ(remove(series.id, again->version), true);
}

TEST_P(series_against_sandbox_test, days_repeat_and_every_pattern_survives_the_journey) {
  connect();
  int number = 0;
  for (const char* rule :
       {"FREQ=DAILY;INTERVAL=3;COUNT=4", "FREQ=WEEKLY;INTERVAL=2;COUNT=6;BYDAY=MO,TH;WKST=SU",
        "FREQ=MONTHLY;COUNT=5", "FREQ=MONTHLY;BYDAY=2MO", "FREQ=YEARLY;COUNT=3",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=-1MO;COUNT=3", "FREQ=DAILY;UNTIL=20270310",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4",
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1;COUNT=5"}) {
    appointment days_off;
    days_off.title = rule;
    const auto first = [&]() -> const char* {
      const std::string_view text(rule);
      if (text.find("BYDAY=2MO") != text.npos) return "2027-02-08";
      if (text.find("-1MO") != text.npos) return "2027-11-29";
      if (text.find("WE,TH,FR") != text.npos) return "2027-02-26";
      if (text.find("=-1;") != text.npos) return "2027-02-28";
      if (text.find("28,29,30") != text.npos) return "2027-02-28";
      return "2027-02-01";
    }();
    days_off.start = *read_date(first);
    days_off.end = calendar_date{std::chrono::year_month_day(
        std::chrono::sys_days(std::get<calendar_date>(days_off.start).day) + days(1))};
    days_off.repeats = recurrence{rule, {}, {}, {}};
    const auto planned = canonical_series(days_off);
    ASSERT_TRUE(planned) << rule << planned.error().code;
    auto event = fresh();
    event.event = event_id("kal000" + std::to_string(++number));
    event.transaction_id = "txn-" + std::to_string(number);
    event.what = *planned;

    const auto inserted = insert(event);

    ASSERT_TRUE(inserted) << rule << ": " << inserted.error().code << inserted.error().detail;
    EXPECT_FALSE(inserted->unreadable) << rule << *inserted->unreadable;
    EXPECT_TRUE(difference(inserted->what, *planned).empty())
        << rule << " became " << (inserted->what.repeats ? inserted->what.repeats->rrule : "single");
  }
}

INSTANTIATE_TEST_SUITE_P(, series_against_sandbox_test,
                         ::testing::Values(provider_type::google, provider_type::microsoft),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

} // namespace
} // namespace kalends
