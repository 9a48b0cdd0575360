// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

namespace kalends::api {
namespace {

/// Series over the API: scopes, occurrences, guests.
struct series_test : served_api {
  tenant_keys t = make_tenant("A");
  static constexpr const char* weekly =
      R"({"title": "Visit", "recurrence": {"rrule": "FREQ=WEEKLY;COUNT=5"},
    "start": {"date_time": "2026-12-01T09:00:00", "time_zone": "Europe/Berlin"},
    "end": {"date_time": "2026-12-01T10:00:00", "time_zone": "Europe/Berlin"}})";

  std::string make(const std::string& body = weekly) {
    const auto made = ask(t.operator_, "POST", "/v1/schedule-entries", body);
    EXPECT_EQ(made.status, 201) << made.body;
    return header_of(made, "Location");
  }
  net::http_response patch(const std::string& place, const std::string& query, const std::string& body,
                           net::header_list more = {}) {
    return ask(t.operator_, "PATCH", place + query, body, std::move(more));
  }
  /// "12-01T09:00 …" of what takes place, over all pages of `limit`.
  std::string dates(const std::string& place, const std::string& query = {}, int limit = 50) {
    std::string out, cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = ask(t.reader, "GET",
                            place + "/occurrences?limit=" + std::to_string(limit) + query +
                                (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(page.status, 200) << page.body;
      for (const auto& o : items_of(page)) {
        const std::string start = o.at("start").at("date_time").as_string().c_str();
        out += (out.empty() ? "" : " ") + start.substr(5, 11);
      }
      if (body_of(page).at("next_cursor").is_null()) return out;
      cursor = body_of(page).at("next_cursor").as_string().c_str();
    }
    return out + " …";
  }
  std::string refusal(const std::string& query, const std::string& body = R"({"title": "x"})") {
    const auto r = patch(place_, query, body);
    return std::to_string(r.status) + " " + code_of(r);
  }
  std::string place_;
};

TEST_F(series_test, keeps_what_repeats_and_who_is_invited) {
  const auto place =
      make(R"({"title": "Visit", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"},
    "recurrence": {"rrule": "FREQ=DAILY;COUNT=4", "exdates": ["2026-12-02"], "rdates": ["2026-12-24"]},
    "attendees": [{"email": "kim@x.test", "name": "Kim", "response": "accepted", "optional": true}]})");

  const auto read = body_of(ask(t.reader, "GET", place));

  EXPECT_EQ(read.at("recurrence").at("exdates"), boost::json::array({"2026-12-02"}));
  EXPECT_EQ(read.at("recurrence").at("rdates"), boost::json::array({"2026-12-24"}));
  EXPECT_EQ(read.at("attendees").at(0).at("email"), "kim@x.test");
  EXPECT_EQ(read.at("attendees").at(0).at("response"), "accepted");
  const auto shown = items_of(ask(t.reader, "GET", place + "/occurrences"));
  ASSERT_EQ(shown.size(), 4u);
  EXPECT_EQ(shown[1].at("recurrence_id"), "2026-12-03");
  EXPECT_EQ(shown[3].at("start").at("date"), "2026-12-24");
}

TEST_F(series_test, names_the_rule_part_that_is_wrong) {
  const auto r = ask(t.operator_, "POST", "/v1/schedule-entries",
                     R"({"title": "x", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"},
    "recurrence": {"rrule": "FREQ=HOURLY"}})");
  EXPECT_EQ(r.status, 422);
  EXPECT_EQ(code_of(r), "rrule_part_unsupported");
  EXPECT_EQ(body_of(r).at("field"), "recurrence.rrule");
}

TEST_F(series_test, lists_occurrences_page_by_page) {
  const auto place = make();
  const std::string all = "12-01T09:00 12-08T09:00 12-15T09:00 12-22T09:00 12-29T09:00";
  EXPECT_EQ(dates(place), all);
  for (const int limit : {1, 2, 3, 5}) EXPECT_EQ(dates(place, {}, limit), all) << limit;
  EXPECT_EQ(dates(place, "&from=2026-12-08T08:30:00Z&to=2026-12-22T08:00:00Z"), "12-08T09:00 12-15T09:00");
  EXPECT_EQ(code_of(ask(t.reader, "GET", place + "/occurrences?cursor=x.1")), "malformed_cursor");
  EXPECT_EQ(code_of(ask(t.reader, "GET", place + "/occurrences?colour=red")), "unknown_parameter");
}

TEST_F(series_test, pages_through_occurrences_that_overlap) {
  const auto place = make(R"({"title": "Long", "recurrence": {"rrule": "FREQ=DAILY;COUNT=9"},
    "start": {"date_time": "2026-12-01T09:00:00", "time_zone": "UTC"},
    "end": {"date_time": "2026-12-06T09:00:00", "time_zone": "UTC"}})");
  const auto all = dates(place);
  EXPECT_EQ(all.size(), 9u * 12 - 1);
  for (const int limit : {1, 2, 4}) EXPECT_EQ(dates(place, {}, limit), all) << limit;
}

TEST_F(series_test, a_single_entry_is_its_own_only_occurrence) {
  const auto place = make(R"({"title": "x", "start": {"date_time": "2026-12-01T09:00:00Z"},
    "end": {"date_time": "2026-12-01T10:00:00Z"}})");
  EXPECT_EQ(dates(place), "12-01T09:00");
}

TEST_F(series_test, changes_one_occurrence_and_tells_of_it) {
  const auto place = make();

  const auto r =
      patch(place, "?scope=single&occurrence=2026-12-08T09:00:00",
            R"({"title": "Other", "start": {"date_time": "2026-12-08T11:00:00", "time_zone": "Europe/Berlin"},
    "end": {"date_time": "2026-12-08T12:00:00", "time_zone": "Europe/Berlin"}})");

  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(header_of(r, "ETag"), "\"2\"");
  EXPECT_EQ(header_of(r, "Location"), "");
  EXPECT_FALSE(body_of(r).contains("detached_entry_id"));
  const auto changed = body_of(r).at("recurrence").at("changed_occurrences").at(0);
  EXPECT_EQ(changed.at("title"), "Other");
  EXPECT_EQ(changed.at("recurrence_id"), "2026-12-08T09:00:00");
  const auto shown = items_of(ask(t.reader, "GET", place + "/occurrences"));
  EXPECT_EQ(shown[1].at("changed"), true);
  EXPECT_EQ(shown[2].at("changed"), false);
  EXPECT_EQ(dates(place), "12-01T09:00 12-08T11:00 12-15T09:00 12-22T09:00 12-29T09:00");
}

TEST_F(series_test, takes_an_occurrence_by_its_instant) {
  const auto place = make();
  EXPECT_EQ(ask(t.operator_, "DELETE", place + "?scope=single&occurrence=2026-12-08T08:00:00Z").status, 204);
  EXPECT_EQ(ask(t.operator_, "DELETE", place + "?scope=single&occurrence=2026-12-15T09:00:00%2B01:00").status,
            204);
  EXPECT_EQ(dates(place), "12-01T09:00 12-22T09:00 12-29T09:00");
}

TEST_F(series_test, says_how_far_an_occurrence_is) {
  const auto place = make();
  const auto r = patch(place, "?scope=single&occurrence=2026-12-08T09:00:00", R"({"status": "completed"})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(body_of(r).at("status"), "scheduled");
  const auto shown = items_of(ask(t.reader, "GET", place + "/occurrences"));
  EXPECT_EQ(shown[0].at("status"), "scheduled");
  EXPECT_EQ(shown[1].at("status"), "completed");
}

TEST_F(series_test, splits_a_series_once_however_often_it_is_asked) {
  const auto place = make();
  const net::header_list key{{"Idempotency-Key", "split"}};

  const auto r = patch(place, "?scope=future&occurrence=2026-12-15T09:00:00", R"({"title": "After"})", key);

  ASSERT_EQ(r.status, 200) << r.body;
  const auto second = header_of(r, "Location");
  EXPECT_EQ("/v1/schedule-entries/" + std::string(body_of(r).at("detached_entry_id").as_string()), second);
  EXPECT_EQ(body_of(r).at("title"), "After");
  EXPECT_EQ(dates(place), "12-01T09:00 12-08T09:00");
  EXPECT_EQ(dates(second), "12-15T09:00 12-22T09:00 12-29T09:00");
  EXPECT_EQ(patch(place, "?scope=future&occurrence=2026-12-15T09:00:00", R"({"title": "After"})", key).body,
            r.body);
  EXPECT_EQ(
      code_of(patch(place, "?scope=single&occurrence=2026-12-08T09:00:00", R"({"title": "After"})", key)),
      "idempotency_key_reused");
  EXPECT_EQ(items_of(ask(t.reader, "GET", "/v1/schedule-entries")).size(), 2u);
}

TEST_F(series_test, gives_one_occurrence_to_other_people) {
  const auto bob = make_user(t, "bob@a.test");
  const auto place = make();
  const auto r = patch(place, "?scope=single&occurrence=2026-12-08T09:00:00",
                       R"({"assigned_user_ids": [")" + bob + "\"]}");
  ASSERT_EQ(r.status, 200) << r.body;
  const auto own = header_of(r, "Location");
  EXPECT_EQ("/v1/schedule-entries/" + std::string(body_of(r).at("detached_entry_id").as_string()), own);
  EXPECT_TRUE(body_of(r).at("recurrence").is_null());
  EXPECT_EQ(dates(own), "12-08T09:00");
  EXPECT_EQ(dates(place), "12-01T09:00 12-15T09:00 12-22T09:00 12-29T09:00");
}

TEST_F(series_test, refuses_a_part_of_nothing) {
  place_ = make();
  EXPECT_EQ(refusal("?scope=single"), "422 scope_needs_occurrence");
  EXPECT_EQ(refusal("?occurrence=2026-12-08T09:00:00"), "422 occurrence_without_scope");
  EXPECT_EQ(refusal("?scope=some&occurrence=2026-12-08T09:00:00"), "422 unknown_value");
  EXPECT_EQ(refusal("?scope=single&occurrence=soon"), "422 malformed_occurrence");
  EXPECT_EQ(refusal("?scope=single&occurrence=2026-12-09T09:00:00"), "404 occurrence_not_found");
  EXPECT_EQ(refusal("?scope=future&occurrence=2026-12-09T09:00:00"), "404 occurrence_not_found");
  EXPECT_EQ(refusal("?scope=single&occurrence=2026-12-08T09:00:00", R"({"recurrence": null})"),
            "422 not_of_one_occurrence");
  EXPECT_EQ(refusal("?colour=red"), "422 unknown_parameter");
  EXPECT_EQ(refusal("", R"({"recurrence": null})"), "200 200");
  EXPECT_EQ(refusal("?scope=single&occurrence=2026-12-08T09:00:00"), "422 not_a_series");
}

TEST_F(series_test, deletes_what_follows) {
  const auto place = make();
  EXPECT_EQ(ask(t.operator_, "DELETE", place + "?scope=future&occurrence=2026-12-15T09:00:00", "",
                {{"If-Match", "\"7\""}})
                .status,
            412);
  EXPECT_EQ(ask(t.operator_, "DELETE", place + "?scope=future&occurrence=2026-12-15T09:00:00").status, 204);
  EXPECT_EQ(dates(place), "12-01T09:00 12-08T09:00");
  EXPECT_EQ(ask(t.operator_, "DELETE", place).status, 204);
  EXPECT_EQ(ask(t.reader, "GET", place + "/occurrences").status, 404);
}

TEST_F(series_test, finds_a_running_series_by_time) {
  make(R"({"title": "Old", "recurrence": {"rrule": "FREQ=WEEKLY"},
    "start": {"date_time": "2026-01-06T09:00:00", "time_zone": "Europe/Berlin"},
    "end": {"date_time": "2026-01-06T10:00:00", "time_zone": "Europe/Berlin"}})");
  make();
  const auto count = [&](const std::string& query) {
    return items_of(ask(t.reader, "GET", "/v1/schedule-entries?" + query)).size();
  };
  EXPECT_EQ(count("from=2030-01-01T00:00:00Z"), 1u);
  EXPECT_EQ(count("from=2026-12-20T00:00:00Z&to=2026-12-21T00:00:00Z"), 2u);
  EXPECT_EQ(count("to=2026-02-01T00:00:00Z"), 1u);
}

} // namespace
} // namespace kalends::api
