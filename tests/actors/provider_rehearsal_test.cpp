// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include <boost/json.hpp>

namespace kalends::actors {
namespace {

namespace json = boost::json;

/// A calendar that was connected to see what would happen.
class provider_rehearsal_test : public house_fixture {
protected:
  provider& add_rehearsing() {
    auto& c = add_calendar(work);
    c.rehearsing = true;
    rows(work).read_from.reset();
    return c;
  }
  void rehearse() {
    open_house();
    tell_calendar(work, wake{wake_reason::poll, 0});
  }
  void show(std::vector<calendar_event> events, const std::string& next_page = "") {
    google.answer<change_page>("list_changes", next_page.empty() ? last_page(std::move(events), "cursor-1")
                                                                 : page(std::move(events), next_page));
    run();
  }
  schedule_entry add_entry(const entry_id& id, const std::string& title) {
    auto e = add_visit(id, work, title);
    rows().mappings.erase({work, id});
    return e;
  }
  json::object report() { return json::parse(rows(work).rehearsed.value_or("{}")).as_object(); }
  std::int64_t count(const char* part) { return report().at(part).at("count").as_int64(); }
  void expect_nothing_written() {
    EXPECT_EQ(store.times("commit"), 0u);
    EXPECT_TRUE(rows().mappings.empty());
    EXPECT_TRUE(rows().outbox.empty());
    EXPECT_FALSE(rows(work).read_from);
    for (const auto* verb : {"insert_event", "update_event", "delete_event", "open_channel"})
      EXPECT_EQ(google.times(verb), 0u) << verb;
  }
};

TEST_F(provider_rehearsal_test, tells_what_would_be_made_on_both_sides_and_does_none_of_it) {
  add_rehearsing();
  add_entry(visit, "Replace switch");
  rehearse();

  show({foreign("own-1"), foreign("own-2"), tombstone(event_id("gone"))});

  EXPECT_EQ(count("created_here"), 2);
  EXPECT_EQ(count("created_there"), 1);
  EXPECT_EQ(count("linked"), 0);
  EXPECT_EQ(report().at("mailed"), 0);
  EXPECT_EQ(report().at("events_read"), 2);
  EXPECT_EQ(report().at("complete"), true);
  const auto told = report();
  const auto& sample = told.at("created_there").at("samples").at(0);
  EXPECT_EQ(sample.at("title"), "Replace switch");
  EXPECT_EQ(sample.at("id").as_string(), visit.str().c_str());
  EXPECT_EQ(rows().entries.size(), 1u);
  expect_nothing_written();
}

TEST_F(provider_rehearsal_test, reads_every_page_and_each_series_once_and_whole) {
  add_rehearsing();
  rehearse();
  auto part = foreign("series-1_20261201");
  part.series = event_id("series-1");
  auto other_part = part;
  other_part.id = event_id("series-1_20261208");

  show({foreign("own-1"), part}, "page-2");
  show({other_part});
  EXPECT_EQ(google.open("get_event")->as<event_id>(), event_id("series-1"));
  google.answer<calendar_event>("get_event", foreign("series-1"));
  run();

  EXPECT_EQ(count("created_here"), 2);
  EXPECT_EQ(google.times("get_event"), 1u);
  expect_nothing_written();
}

TEST_F(provider_rehearsal_test, tells_what_is_left_out_and_why_without_its_title) {
  add_rehearsing().direction = sync_direction::to_provider;
  rehearse();

  show({foreign("own-1")});

  EXPECT_EQ(count("created_here"), 0);
  const auto told = report();
  const auto& skipped = told.at("skipped").as_array();
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].at("reason"), "pull_ignored_direction");
  EXPECT_EQ(skipped[0].at("count"), 1);
  EXPECT_EQ(skipped[0].at("samples").at(0).at("title"), "");
}

TEST_F(provider_rehearsal_test, orders_and_edits_change_nothing_until_it_is_approved) {
  add_rehearsing();
  rehearse();
  show({foreign("own-1")});
  answers<sync_run> ran;

  tell_calendar(work, sync_order{ran.slot()});
  notice(work);
  ASSERT_TRUE(create(visit, "New"));
  pass(2h);

  ASSERT_EQ(ran.size(), 1u);
  EXPECT_EQ(ran[0].error().code, "calendar_rehearses");
  EXPECT_EQ(google.times("list_changes"), 1u) << "looked at once";
  EXPECT_TRUE(rows().mappings.empty());
  EXPECT_TRUE(rows().outbox.empty());

  rows(work).calendar.rehearsing = false;
  rows(work).rehearsed.reset();
  tell(supervisor, for_tenant{acme, calendars_changed{}});
  tell_calendar(work, wake{wake_reason::resumed, 0});
  show({foreign("own-1")});

  EXPECT_EQ(rows().entries.size(), 2u);
  EXPECT_TRUE(rows().mappings.contains({work, visit}));
  EXPECT_EQ(google.times("insert_event"), 1u);
}

TEST_F(provider_rehearsal_test, a_vendor_that_is_away_is_asked_again) {
  add_rehearsing();
  rehearse();
  google.refuse("list_changes", trouble(errc::retry_later, "vendor_unavailable"));
  run();
  EXPECT_FALSE(rows(work).rehearsed);
  pass(1min);

  show({foreign("own-1")});

  EXPECT_EQ(count("created_here"), 1);
}

TEST_F(provider_rehearsal_test, can_be_disconnected_while_it_reads) {
  add_rehearsing();
  rehearse();
  answers<bool> left;

  tell_calendar(work, leave_order{left.slot()});

  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0]);
  EXPECT_FALSE(rows().providers.contains(work));
}

} // namespace
} // namespace kalends::actors
