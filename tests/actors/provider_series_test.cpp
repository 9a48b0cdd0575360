// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "schema/recurrence.hpp"

namespace kalends::actors {
namespace {

using words = std::vector<std::string>;

/// What repeats is read as a whole, after the listing that hinted at it.
class provider_series_test : public house_fixture {
protected:
  static calendar_event row(const std::string& id, const std::string& series) {
    calendar_event e;
    e.id = event_id(id);
    e.series = event_id(series);
    return e;
  }
  calendar_event series(const std::string& id, const std::string& version = "v1") const {
    auto e = foreign(id, version);
    e.what.repeats = recurrence{"FREQ=DAILY", {}, {}, {}};
    return e;
  }
  void list(held_calendar& vendor, change_page page) {
    vendor.answer<change_page>("list_changes", std::move(page));
    run();
  }
  void show(held_calendar& vendor, const std::string& asked, result<calendar_event> e) {
    ASSERT_EQ(vendor.open("get_event")->as<event_id>(), event_id(asked));
    vendor.answer<calendar_event>("get_event", std::move(e));
    run();
  }
  /// An entry of Alice that repeats, linked with `event`.
  void add_series(const entry_id& id, const calendar_event& event) {
    add_visit(id, work);
    auto& link = rows().mappings.at({work, id});
    rows().entries.at(id).what = link.base_entry = link.base_event = event.what;
    link.event = event.id;
    link.event_version = event.version;
  }
  std::string cursor() { return rows(work).read_from->token; }
};

TEST_F(provider_series_test, reads_each_series_once_after_the_last_page_and_moves_the_cursor_with_it) {
  add_calendar(work);
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, page({row("s_1", "s"), foreign("single"), row("t", "t")}, "page-2"));
  list(google, last_page({row("s", "s"), row("s_2", "s")}, "cursor-1"));
  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(cursor(), "cursor-0");

  show(google, "s", series("s"));
  EXPECT_EQ(cursor(), "cursor-0");
  show(google, "t", series("t"));

  EXPECT_EQ(cursor(), "cursor-1");
  EXPECT_EQ(rows().entries.size(), 3u);
  EXPECT_EQ(run_outcomes(), words{"poll:succeeded"});
  EXPECT_TRUE(google.open_calls().empty());
}

TEST_F(provider_series_test, a_series_that_is_gone_by_then_is_a_removal) {
  add_calendar(work);
  add_series(visit, series("s"));
  rows().entries.at(visit).origin = work;
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, last_page({row("s_1", "s")}, "cursor-1"));

  show(google, "s", tl::unexpected(trouble(errc::not_found, "event_gone")));
  show(google, "s_1", tl::unexpected(trouble(errc::not_found, "event_gone")));

  EXPECT_TRUE(rows().entries.empty());
  EXPECT_EQ(cursor(), "cursor-1");
}

TEST_F(provider_series_test, a_reading_that_breaks_off_in_a_series_is_begun_again) {
  add_calendar(work);
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, last_page({row("s_1", "s")}, "cursor-1"));
  show(google, "s", tl::unexpected(trouble(errc::broken, "vendor_answer_unreadable")));
  EXPECT_EQ(cursor(), "cursor-0");

  pass(20s);
  EXPECT_EQ(google.open("list_changes")->as<net::list_request>().cursor, "cursor-0");
  list(google, last_page({row("s_1", "s")}, "cursor-1"));
  show(google, "s", series("s"));

  EXPECT_EQ(cursor(), "cursor-1");
  EXPECT_EQ(rows().entries.size(), 1u);
}

TEST_F(provider_series_test, a_series_that_the_vendor_never_shows_does_not_hold_up_the_others) {
  add_calendar(work);
  add_series(visit, series("s"));
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, last_page({row("s_1", "s"), row("t_1", "t")}, "cursor-1"));

  show(google, "s", tl::unexpected(trouble(errc::forbidden, "forbidden")));
  show(google, "t", series("t"));

  EXPECT_EQ(cursor(), "cursor-1");
  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_EQ(rows().decisions.front().why, reason::pull_ignored_series);
  EXPECT_EQ(rows().mappings.at({work, visit}).event_version, "v1");
}

TEST_F(provider_series_test, a_guest_of_single_occurrences_gets_these) {
  add_calendar(work);
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  auto left = row("s_2", "s");
  left.removed = true;
  list(google, last_page({row("s_1", "s"), left}, "cursor-1"));

  show(google, "s", tl::unexpected(trouble(errc::not_found, "event_gone")));
  show(google, "s_1", foreign("s_1"));

  EXPECT_EQ(rows().entries.size(), 1u);
  EXPECT_EQ(rows().mappings.begin()->second.event, event_id("s_1"));
  EXPECT_EQ(cursor(), "cursor-1");
}

TEST_F(provider_series_test, a_full_read_takes_a_linked_series_of_which_an_occurrence_was_shown_for_seen) {
  add_calendar(work);
  rows(work).read_from.reset();
  add_series(visit, series("s"));
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, last_page({row("s_9", "s")}, "cursor-1"));

  show(google, "s", series("s"));

  EXPECT_TRUE(google.open_calls().empty());
  EXPECT_TRUE(rows().entries.contains(visit));
  EXPECT_EQ(cursor(), "cursor-1");
}

TEST_F(provider_series_test, a_full_read_asks_for_a_series_of_which_nothing_was_shown_before_it_is_deleted) {
  add_calendar(work);
  rows(work).read_from.reset();
  add_series(visit, series("s"));
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(google, last_page({}, "cursor-1"));

  show(google, "s", series("s", "v2"));

  EXPECT_TRUE(rows().entries.contains(visit));
  EXPECT_EQ(cursor(), "cursor-1");
}

TEST_F(provider_series_test, a_nameless_tombstone_has_the_linked_series_read_again) {
  add_calendar(work, provider_type::microsoft);
  auto daily = series("s");
  add_series(visit, daily);
  add_visit(second_visit, work);
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(microsoft, last_page({tombstone(event_id("occurrence"))}, "cursor-1"));
  EXPECT_EQ(cursor(), "cursor-0");

  daily.version = "v2";
  daily.what.repeats->exdates.push_back(slot_of(daily.what.start) + 24h);
  show(microsoft, "s", daily);

  EXPECT_EQ(cursor(), "cursor-1");
  EXPECT_EQ(rows().entries.at(visit).what.repeats->exdates.size(), 1u);
  EXPECT_TRUE(microsoft.open_calls().empty());
}

TEST_F(provider_series_test, what_a_person_did_to_an_occurrence_that_was_moved_is_no_deletion) {
  add_calendar(work, provider_type::microsoft);
  auto daily = series("s");
  add_series(visit, daily);
  open_house();
  tell_calendar(work, wake{wake_reason::poll, 0});
  list(microsoft, last_page({tombstone(event_id("occurrence")), row("exception", "s")}, "cursor-1"));

  auto moved = daily.what;
  moved.repeats.reset();
  std::get<zoned_time>(moved.start).utc += 1h;
  daily.version = "v2";
  daily.what.repeats->changed.push_back({slot_of(daily.what.start) + 24h, moved});
  show(microsoft, "s", daily);

  const auto& repeats = *rows().entries.at(visit).what.repeats;
  EXPECT_TRUE(repeats.exdates.empty());
  EXPECT_EQ(repeats.changed.size(), 1u);
  EXPECT_TRUE(microsoft.open_calls().empty());
}

} // namespace
} // namespace kalends::actors
