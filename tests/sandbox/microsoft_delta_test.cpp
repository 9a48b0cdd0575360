// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace kalends::sandbox {
namespace {

using testing::HasSubstr;
namespace json = boost::json;

class microsoft_delta_test : public testing::Test, public microsoft_bench {
protected:
  static constexpr auto first_url =
      "/v1.0/me/calendarView/delta?startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z";

  reply create(const boost::json::value& event) { return post("/v1.0/me/events", event); }
  static std::string at(const std::string& id) { return "/v1.0/me/events/" + net::percent_encode(id); }
  static bool last(const reply& r) { return r.body.as_object().contains("@odata.deltaLink"); }

  /// Follows a round to its end; `link` receives the deltaLink.
  json::array round(reply page, boost::json::value& link, const net::header_list& headers = {}) {
    json::array items;
    for (int pages = 0; pages < 50; ++pages) {
      EXPECT_EQ(page.status, 200) << page.text;
      for (const auto& item : page["value"].as_array()) items.push_back(item);
      if (last(page)) {
        link = page["@odata.deltaLink"];
        return items;
      }
      page = follow(page["@odata.nextLink"], headers);
    }
    ADD_FAILURE() << "a round without end";
    return items;
  }
  static bool removed(const boost::json::value& item) { return item.as_object().contains("@removed"); }
};

TEST_F(microsoft_delta_test, an_empty_calendar_ends_at_once) {
  const auto r = get(first_url);

  EXPECT_EQ(r.status, 200);
  EXPECT_TRUE(r["value"].as_array().empty());
  EXPECT_TRUE(last(r));
  EXPECT_EQ(r.header("Preference-Applied"), "odata.track-changes");
}

TEST_F(microsoft_delta_test, pages_hold_what_was_asked_for) {
  for (int i = 0; i < 7; ++i) create(meeting("e" + std::to_string(i)));
  const net::header_list three{{"Prefer", "odata.maxpagesize=3"}};

  const auto first = get(first_url, three);
  boost::json::value link;
  const auto all = round(first, link, three);

  EXPECT_EQ(first["value"].as_array().size(), 3U);
  EXPECT_FALSE(last(first));
  EXPECT_EQ(all.size(), 7U);
  EXPECT_EQ(all.at(0).at("subject"), "e0");
  EXPECT_TRUE(all.at(0).as_object().contains("body"));
}

TEST_F(microsoft_delta_test, the_next_round_tells_changes_only) {
  const auto kept = create(meeting("kept"));
  const auto gone = create(meeting("gone"));
  boost::json::value link;
  round(get(first_url), link);

  patch(at(id_of(kept)), {{"subject", "edited"}});
  erase(at(id_of(gone)));
  boost::json::value later;
  const auto changes = round(follow(link), later);

  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes.at(0).at("subject"), "edited");
  EXPECT_EQ(changes.at(1).at("id"), gone["id"]);
  EXPECT_EQ(changes.at(1).at("@removed").at("reason"), "deleted");
  EXPECT_EQ(changes.at(1).as_object().size(), 3U);
  boost::json::value quiet;
  EXPECT_TRUE(round(follow(later), quiet).empty());
}

TEST_F(microsoft_delta_test, an_old_link_replays_what_came_since) {
  boost::json::value link;
  round(get(first_url), link);
  create(meeting("new"));
  boost::json::value later;

  EXPECT_EQ(round(follow(link), later).size(), 1U);
  EXPECT_EQ(round(follow(link), later).size(), 1U);
}

TEST_F(microsoft_delta_test, a_write_during_paging_comes_in_the_next_round) {
  for (int i = 0; i < 4; ++i) create(meeting("e" + std::to_string(i)));
  const net::header_list two{{"Prefer", "odata.maxpagesize=2"}};

  const auto first = get(first_url, two);
  create(meeting("late"));
  patch(at(std::string(first["value"].at(0).at("id").as_string())), {{"subject", "e0 again"}});
  boost::json::value link;
  const auto round_one = round(first, link, two);
  const auto round_two = round(follow(link, two), link, two);

  EXPECT_EQ(round_one.size(), 4U);
  ASSERT_EQ(round_two.size(), 2U);
  EXPECT_EQ(round_two.at(0).at("subject"), "late");
  EXPECT_EQ(round_two.at(1).at("subject"), "e0 again");
}

TEST_F(microsoft_delta_test, the_window_is_frozen_and_what_happens_outside_looks_deleted) {
  const auto inside = create(meeting("inside"));
  boost::json::value link;
  round(get(first_url), link);

  const auto outside = create(meeting("outside", "2027-03-01"));
  patch(at(id_of(inside)), {{"start", {{"dateTime", "2027-03-02T09:00:00"}, {"timeZone", "UTC"}}},
                            {"end", {{"dateTime", "2027-03-02T10:00:00"}, {"timeZone", "UTC"}}}});
  const auto changes = round(follow(link), link);

  ASSERT_EQ(changes.size(), 2U);
  EXPECT_TRUE(removed(changes.at(0)));
  EXPECT_EQ(changes.at(0).at("id"), outside["id"]);
  EXPECT_TRUE(removed(changes.at(1)));
  EXPECT_EQ(changes.at(1).at("id"), inside["id"]);
  EXPECT_EQ(get(at(id_of(inside))).status, 200);
}

TEST_F(microsoft_delta_test, an_event_moved_to_another_calendar_leaves_a_tombstone_of_its_old_id) {
  const auto made = create(meeting("x"));
  const auto target = id_of(post("/v1.0/me/calendars", {{"name", "Work"}}));
  boost::json::value here;
  boost::json::value there;
  round(get(first_url), here);
  round(get("/v1.0/me/calendars/" + net::percent_encode(target) +
            "/calendarView/delta?startDateTime=2026-11-01&endDateTime=2026-12-31"),
        there);

  post("/_sandbox/microsoft/alice%40contoso.test/move", {{"event", id_of(made)}, {"calendar", target}});
  const auto left = round(follow(here), here);
  const auto came = round(follow(there), there);

  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(removed(left.at(0)));
  EXPECT_EQ(left.at(0).at("id"), made["id"]);
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(came.at(0).at("subject"), "x");
  EXPECT_NE(came.at(0).at("id"), made["id"]);
}

TEST_F(microsoft_delta_test, ids_follow_the_header_of_each_request) {
  const auto made = create(meeting("x"));
  boost::json::value link;
  const net::header_list immutable{{"Prefer", "IdType=\"ImmutableId\""}};

  const auto plain = round(get(first_url), link);
  const auto stable = round(get(first_url, immutable), link, immutable);

  EXPECT_EQ(plain.at(0).at("id"), made["id"]);
  EXPECT_NE(stable.at(0).at("id"), made["id"]);
}

TEST_F(microsoft_delta_test, a_series_comes_as_master_and_stubs_and_is_never_split) {
  create(weekly("standup"));
  boost::json::value link;

  const auto page = get(first_url, {{"Prefer", "odata.maxpagesize=1, outlook.timezone=\"Europe/Berlin\""}});
  const auto& items = page["value"].as_array();

  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items.at(0).at("type"), "seriesMaster");
  EXPECT_EQ(items.at(1).as_object().size(), 7U);
  EXPECT_EQ(items.at(1).at("type"), "occurrence");
  EXPECT_EQ(items.at(1).at("seriesMasterId"), items.at(0).at("id"));
  EXPECT_EQ(items.at(1).at("start").at("timeZone"), "W. Europe Standard Time");
  EXPECT_EQ(items.at(0).at("start").at("timeZone"), "Europe/Berlin");
  EXPECT_NE(items.at(1).at("@odata.etag"), items.at(0).at("@odata.etag"));
}

TEST_F(microsoft_delta_test, a_changed_instance_re_emits_the_series) {
  create(weekly("standup"));
  boost::json::value link;
  const auto before = round(get(first_url), link);
  const std::string second(before.at(2).at("id").as_string());

  patch(at(second), {{"subject", "special"}});
  const auto edited = round(follow(link), link);
  erase(at(std::string(before.at(3).at("id").as_string())));
  const auto shorter = round(follow(link), link);

  ASSERT_EQ(edited.size(), 5U);
  EXPECT_EQ(edited.at(2).at("type"), "exception");
  EXPECT_EQ(edited.at(2).at("id"), json::value(second));
  EXPECT_EQ(edited.at(2).at("subject"), "special");
  EXPECT_EQ(shorter.size(), 4U);
  for (const auto& item : shorter) EXPECT_FALSE(removed(item));
}

TEST_F(microsoft_delta_test, a_deleted_series_leaves_tombstones) {
  const auto master = create(weekly("standup"));
  boost::json::value link;
  round(get(first_url), link);
  erase(at(id_of(master)));

  const auto changes = round(follow(link), link);

  ASSERT_EQ(changes.size(), 5U);
  for (const auto& item : changes) EXPECT_TRUE(removed(item));
}

TEST_F(microsoft_delta_test, lost_state_answers_410_with_or_without_a_location) {
  boost::json::value link;
  round(get(first_url), link);
  c.microsoft->invalidate_sync_tokens(*c.people.find("alice@contoso.test"));

  const auto gone = follow(link);
  patch("/_sandbox/microsoft/knobs", {{"resync_location", true}});
  const auto with_way = follow(link);

  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.error(), "SyncStateNotFound");
  EXPECT_EQ(gone.header("Location"), "");
  EXPECT_THAT(with_way.header("Location"), HasSubstr("$deltatoken="));
  EXPECT_EQ(follow(boost::json::value(with_way.header("Location"))).status, 200);
}

TEST_F(microsoft_delta_test, tokens_age) {
  boost::json::value link;
  round(get(first_url), link);
  c.clock.advance(std::chrono::hours(24 * 31));

  EXPECT_EQ(follow(link).status, 410);
}

TEST_F(microsoft_delta_test, malformed_and_foreign_tokens_are_refused) {
  boost::json::value link;
  round(get(first_url), link);
  std::string text(link.as_string());
  const auto target = id_of(post("/v1.0/me/calendars", {{"name", "Work"}}));
  const auto token = text.substr(text.find("$deltatoken=") + 12);
  auto bent = token;
  bent[20] = bent[20] == 'A' ? 'B' : 'A';

  EXPECT_EQ(get("/v1.0/me/calendarView/delta?$deltatoken=nonsense").error(), "BadRequest");
  EXPECT_EQ(get("/v1.0/me/calendarView/delta?$deltatoken=" + bent).error(), "BadRequest");
  EXPECT_EQ(get("/v1.0/me/calendarView/delta?$skiptoken=" + token).error(), "BadRequest");
  EXPECT_EQ(
      get("/v1.0/me/calendars/" + net::percent_encode(target) + "/calendarView/delta?$deltatoken=" + token)
          .status,
      400);
  EXPECT_EQ(get("/v1.0/me/calendarView/delta").status, 400);
}

TEST_F(microsoft_delta_test, select_and_its_like_are_refused) {
  for (const char* option : {"$select=subject", "$expand=singleValueExtendedProperties",
                             "$filter=isAllDay%20eq%20true", "$orderby=subject"})
    EXPECT_EQ(get(std::string(first_url) + "&" + option).status, 400) << option;
}

TEST_F(microsoft_delta_test, knobs_make_it_hard) {
  create(meeting("a"));
  create(weekly("b"));
  boost::json::value link;

  patch("/_sandbox/microsoft/knobs",
        {{"empty_first_page", true}, {"repeat_items", true}, {"reverse_items", true}});
  const auto first = get(first_url);
  const auto all = round(first, link);
  patch("/_sandbox/microsoft/knobs", {{"empty_first_page", false}, {"endless_paging", true}});
  const auto one = get(first_url);
  const auto two = follow(one["@odata.nextLink"]);

  EXPECT_TRUE(first["value"].as_array().empty());
  EXPECT_FALSE(last(first));
  EXPECT_EQ(all.size(), 12U);
  EXPECT_EQ(one["value"], two["value"]);
  EXPECT_NE(one["@odata.nextLink"], two["@odata.nextLink"]);
}

TEST_F(microsoft_delta_test, writes_may_become_visible_late) {
  patch("/_sandbox/microsoft/knobs", {{"lag_seconds", 30}});
  create(meeting("slow"));
  boost::json::value link;

  EXPECT_TRUE(round(get(first_url), link).empty());
  c.clock.advance(std::chrono::seconds(31));
  EXPECT_EQ(round(follow(link), link).size(), 1U);
}

TEST_F(microsoft_delta_test, events_delta_tells_little_and_knows_no_window_where_it_is_offered) {
  EXPECT_EQ(get("/v1.0/me/events/delta").status, 400);
  patch("/_sandbox/microsoft/knobs", {{"events_delta", true}});
  const auto one = create(meeting("one"));
  const auto series = create(weekly("series"));
  boost::json::value link;
  const auto all = round(get("/v1.0/me/events/delta"), link);

  ASSERT_EQ(all.size(), 2U) << "no occurrences";
  EXPECT_EQ(all[0].at("id"), one["id"]);
  EXPECT_FALSE(all[0].as_object().contains("subject"));
  EXPECT_EQ(all[1].at("type"), "seriesMaster");
  erase(at(std::string(series["id"].as_string())));
  const auto news = round(follow(link), link);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_TRUE(removed(news[0]));
  auto elsewhere = std::string(link.as_string());
  elsewhere.replace(elsewhere.find("/events/"), 8, "/calendarView/");
  EXPECT_EQ(follow(json::value(elsewhere)).status, 400) << "a token belongs to its function";
}

} // namespace
} // namespace kalends::sandbox
