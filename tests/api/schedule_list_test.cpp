// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

namespace kalends::api {
namespace {

/// GET /v1/schedule-entries as a view of a schedule asks it.
struct schedule_list_test : served_api {
  tenant_keys t = make_tenant("A");

  /// A place, of an entry in Berlin from `start` to `end` ("2026-12-01T09:00"); with more fields.
  std::string make(const std::string& title, const std::string& start, const std::string& end,
                   const std::string& more = {}) {
    const auto time = [](const std::string& at) {
      return R"({"date_time": ")" + at + R"(:00", "time_zone": "Europe/Berlin"})";
    };
    const auto body = R"({"title": ")" + title + R"(", "start": )" + time(start) + R"(, "end": )" +
                      time(end) + (more.empty() ? "" : ", " + more) + "}";
    const auto made = ask(t.operator_, "POST", "/v1/schedule-entries", body);
    EXPECT_EQ(made.status, 201) << made.body;
    return header_of(made, "Location");
  }
  net::http_response list(const std::string& query) {
    return ask(t.reader, "GET", "/v1/schedule-entries?" + query);
  }
  static std::string week(const std::string& more = {}) {
    return "expand=occurrences&from=2026-12-07T00:00:00Z&to=2026-12-14T00:00:00Z" + more;
  }
  boost::json::array items(const std::string& query) {
    const auto page = list(query);
    EXPECT_EQ(page.status, 200) << page.body;
    return items_of(page);
  }
  /// "title dayThour" of all pages of `limit`.
  std::string told(const std::string& query, int limit = 50) {
    std::string out, cursor;
    for (int pages = 0; pages < 40; ++pages) {
      const auto page =
          list(query + "&limit=" + std::to_string(limit) + (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(page.status, 200) << page.body;
      EXPECT_LE(items_of(page).size(), static_cast<std::size_t>(limit));
      for (const auto& i : items_of(page)) {
        const auto& start = i.at("start").as_object();
        const std::string at = start.contains("date")
                                   ? start.at("date").as_string().c_str()
                                   : std::string(start.at("date_time").as_string()).substr(0, 13);
        out += (out.empty() ? "" : ", ") + std::string(i.at("title").as_string()) + " " + at.substr(8);
      }
      if (body_of(page).at("next_cursor").is_null()) return out;
      cursor = body_of(page).at("next_cursor").as_string().c_str();
    }
    return out + " …";
  }
  std::string refusal(const std::string& query) {
    const auto r = list(query);
    const auto body = body_of(r);
    const auto* field = body.if_contains("field");
    return std::to_string(r.status) + " " + code_of(r) + " " + (field ? std::string(field->as_string()) : "");
  }
};

TEST_F(schedule_list_test, shows_single_entries_and_occurrences_in_the_order_of_their_starts) {
  make("daily", "2026-11-02T09:00", "2026-11-02T10:00",
       R"("recurrence": {"rrule": "FREQ=DAILY", "exdates": ["2026-12-10T09:00:00"]})");
  make("weekly", "2026-11-03T08:00", "2026-11-03T08:30", R"("recurrence": {"rrule": "FREQ=WEEKLY"})");
  make("once", "2026-12-09T10:00", "2026-12-09T11:00");
  make("before", "2026-12-06T10:00", "2026-12-06T11:00");
  make("after", "2026-12-14T10:00", "2026-12-14T11:00");
  make("over", "2026-12-06T22:00", "2026-12-07T02:00");
  make("ended", "2026-11-02T09:00", "2026-11-02T10:00", R"("recurrence": {"rrule": "FREQ=DAILY;COUNT=3"})");
  const std::string all = "over 06T22, daily 07T09, weekly 08T08, daily 08T09, daily 09T09, once 09T10, "
                          "daily 11T09, daily 12T09, daily 13T09";

  EXPECT_EQ(told(week()), all);

  for (const int limit : {1, 2, 3, 7, 9}) EXPECT_EQ(told(week(), limit), all) << limit;
}

TEST_F(schedule_list_test, leaves_nothing_out_where_much_begins_at_once) {
  std::string all;
  for (int i = 0; i < 4; ++i) {
    make("s", "2026-12-08T09:00", "2026-12-10T09:00", R"("recurrence": {"rrule": "FREQ=DAILY;COUNT=3"})");
    make("s", "2026-12-08T09:00", "2026-12-08T10:00");
  }
  for (const char* day :
       {"08", "08", "08", "08", "08", "08", "08", "08", "09", "09", "09", "09", "10", "10", "10", "10"})
    all += (all.empty() ? "s " : ", s ") + std::string(day) + "T09";

  for (const int limit : {1, 3, 4, 5, 16}) EXPECT_EQ(told(week(), limit), all) << limit;
}

TEST_F(schedule_list_test, an_item_says_what_a_view_shows) {
  const auto user = make_user(t, "ada@a.test");
  make(
      "Visit", "2026-12-08T09:00", "2026-12-08T10:00",
      R"("is_private": true, "location": "Hall", "notes": "long", "work_item": {"type": "ticket", "id": "7"},)"
      R"( "status": "tentative", "assigned_user_ids": [")" +
          user + "\"]");
  ask(t.operator_, "POST", "/v1/schedule-entries",
      R"({"title": "Fair", "start": {"date": "2026-12-09"}, "end": {"date": "2026-12-11"}})");

  const auto shown = items(week());

  ASSERT_EQ(shown.size(), 2u);
  const auto& visit = shown[0].as_object();
  EXPECT_EQ(visit.at("title"), "Visit");
  EXPECT_EQ(visit.at("location"), "Hall");
  EXPECT_EQ(visit.at("start").at("date_time"), "2026-12-08T09:00:00+01:00");
  EXPECT_EQ(visit.at("all_day"), false);
  EXPECT_EQ(visit.at("time_zone"), "Europe/Berlin");
  EXPECT_EQ(visit.at("status"), "tentative");
  EXPECT_EQ(visit.at("is_private"), true);
  EXPECT_EQ(visit.at("work_item").at("id"), "7");
  EXPECT_EQ(visit.at("assigned_user_ids"), boost::json::array({boost::json::value(user)}));
  EXPECT_EQ(visit.at("series"), false);
  EXPECT_TRUE(visit.at("recurrence_id").is_null());
  EXPECT_EQ(visit.at("version"), 1);
  EXPECT_FALSE(visit.contains("notes"));
  EXPECT_FALSE(visit.contains("sync"));
  EXPECT_EQ(shown[1].at("all_day"), true);
  EXPECT_TRUE(shown[1].at("time_zone").is_null());
  EXPECT_EQ(shown[1].at("end").at("date"), "2026-12-11");
}

TEST_F(schedule_list_test, says_in_what_an_occurrence_differs_from_its_series) {
  const auto place = make("Visit", "2026-12-07T09:00", "2026-12-07T10:00",
                          R"("notes": "n", "recurrence": {"rrule": "FREQ=DAILY;COUNT=6"})");
  const auto change = [&](const std::string& day, const std::string& body) {
    const auto r =
        ask(t.operator_, "PATCH", place + "?scope=single&occurrence=2026-12-" + day + "T09:00:00", body);
    EXPECT_EQ(r.status, 200) << r.body;
  };
  change("08", R"({"start": {"date_time": "2026-12-09T14:00:00", "time_zone": "Europe/Berlin"},
                   "end": {"date_time": "2026-12-09T15:00:00", "time_zone": "Europe/Berlin"}})");
  change("10", R"({"title": "Other", "notes": "m"})");
  change("11", R"({"status": "completed"})");
  change("12", R"({"end": {"date_time": "2026-12-12T11:00:00", "time_zone": "Europe/Berlin"}})");

  const auto shown = items(week());

  std::string told;
  for (const auto& i : shown)
    told +=
        std::string(i.at("recurrence_id").as_string()).substr(8, 2) + boost::json::serialize(i.at("differs"));
  EXPECT_EQ(told, R"(07[]09[]08["time"]10["title","notes"]11["status"]12["time"])");
  EXPECT_EQ(shown[4].at("status"), "completed");
  EXPECT_EQ(shown[3].at("title"), "Other");
  EXPECT_EQ(shown[2].at("series"), true);
}

TEST_F(schedule_list_test, an_items_keys_are_what_its_change_needs) {
  make("Visit", "2026-12-07T09:00", "2026-12-07T10:00", R"("recurrence": {"rrule": "FREQ=DAILY;COUNT=6"})");
  const auto item = items(week())[2];

  const auto changed =
      ask(t.operator_, "PATCH",
          "/v1/schedule-entries/" + std::string(item.at("id").as_string()) +
              "?scope=single&occurrence=" + std::string(item.at("recurrence_id").as_string()),
          R"({"title": "Mine"})", {{"If-Match", "\"1\""}});

  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(told(week()), "Visit 07T09, Visit 08T09, Mine 09T09, Visit 10T09, Visit 11T09, Visit 12T09");
}

TEST_F(schedule_list_test, keeps_to_one_person_and_to_the_tenant) {
  const auto ada = make_user(t, "ada@a.test");
  const auto of_ada = R"("assigned_user_ids": [")" + ada + "\"]";
  make("hers", "2026-12-08T09:00", "2026-12-08T10:00", of_ada);
  make("hers too", "2026-12-01T09:00", "2026-12-01T10:00",
       of_ada + R"(, "recurrence": {"rrule": "FREQ=WEEKLY;COUNT=9"})");
  make("nobody's", "2026-12-08T09:00", "2026-12-08T10:00");
  const auto b = make_tenant("B");

  EXPECT_EQ(told(week("&assigned_user_id=" + ada), 1), told(week("&assigned_user_id=" + ada)));
  EXPECT_EQ(items(week("&assigned_user_id=" + ada)).size(), 2u);
  EXPECT_TRUE(items_of(ask(b.admin, "GET", "/v1/schedule-entries?" + week())).empty());
  EXPECT_TRUE(
      items_of(ask(b.admin, "GET", "/v1/schedule-entries?" + week("&assigned_user_id=" + ada))).empty());
}

TEST_F(schedule_list_test, keeps_the_hour_over_a_change_of_summer_time) {
  make("s", "2026-10-19T09:00", "2026-10-19T10:00", R"("recurrence": {"rrule": "FREQ=WEEKLY"})");

  const auto shown = items("expand=occurrences&from=2026-10-19T00:00:00Z&to=2026-10-27T00:00:00Z");

  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].at("start").at("date_time"), "2026-10-19T09:00:00+02:00");
  EXPECT_EQ(shown[1].at("start").at("date_time"), "2026-10-26T09:00:00+01:00");
}

TEST_F(schedule_list_test, refuses_what_has_no_bounds) {
  EXPECT_EQ(refusal("expand=occurrences"), "422 missing_parameter from");
  EXPECT_EQ(refusal("expand=occurrences&from=2026-12-07T00:00:00Z"), "422 missing_parameter to");
  EXPECT_EQ(refusal("expand=occurrences&from=2026-12-07T00:00:00Z&to=2026-12-07T00:00:00Z"),
            "422 end_before_start to");
  EXPECT_EQ(refusal("expand=occurrences&from=2026-12-01T00:00:00Z&to=2027-03-05T00:00:00Z"),
            "422 range_too_long to");
  EXPECT_EQ(list("expand=occurrences&from=2026-10-01T00:00:00%2B02:00&to=2027-01-01T00:00:00%2B01:00").status,
            200);
  EXPECT_EQ(refusal("expand=all"), "422 unknown_value expand");
  EXPECT_EQ(refusal("with=notes"), "422 unknown_value with");
  EXPECT_EQ(refusal(week("&limit=201")), "422 malformed_parameter limit");
  for (const char* cursor :
       {"x", "1.2", "1.2.three", "99999999999999.1.0192a000-0000-7000-8000-000000000001"})
    EXPECT_EQ(code_of(list(week("&cursor=" + std::string(cursor)))), "malformed_cursor") << cursor;
}

TEST_F(schedule_list_test, refuses_a_range_in_which_too_much_repeats) {
  const std::string quarter = "expand=occurrences&from=2026-10-01T00:00:00Z&to=2026-12-31T00:00:00Z";
  for (int i = 0; i < 109; ++i)
    make("s", "2026-09-01T09:00", "2026-09-01T10:00", R"("recurrence": {"rrule": "FREQ=DAILY"})");
  EXPECT_EQ(list(quarter).status, 200);

  make("s", "2026-09-01T09:00", "2026-09-01T10:00", R"("recurrence": {"rrule": "FREQ=DAILY"})");

  EXPECT_EQ(refusal(quarter), "422 range_too_busy to");
  EXPECT_EQ(list(week()).status, 200);
}

/// Items with how their entry stands.
struct standings_test : schedule_list_test {
  std::string user = make_user(t, "ada@example.test");
  provider_id calendar = provider_id(make_provider(t, user, "google"));
  std::string place = make("Visit", "2026-12-08T09:00", "2026-12-08T10:00");
  entry_id entry = entry_id(place.substr(place.rfind('/') + 1));

  mapping link() {
    mapping m;
    m.provider = calendar;
    m.entry = entry;
    m.event = event_id("ev1");
    m.linked = true;
    m.entry_version = 1;
    m.base_entry.title = m.base_event.title = "Visit";
    m.base_entry.start = m.base_event.start = read_zoned_time("2026-12-08T09:00:00", "Europe/Berlin").value();
    m.base_entry.end = m.base_event.end = read_zoned_time("2026-12-08T10:00:00", "Europe/Berlin").value();
    return m;
  }
  void linked(bool removing = false) {
    tenant_changes c;
    c.mappings = {link()};
    c.mappings[0].removing = removing;
    commit(t, std::move(c));
  }
  void pending() {
    tenant_changes c;
    c.outbox = {{make_uuid(outside_), calendar, entry, 1, push_action::upsert, 0, outside_.now()}};
    commit(t, std::move(c));
  }
  /// "state reason" of the only calendar, the same in both kinds of lists; "" if there is none.
  std::string standing() {
    const auto shown = items(week("&with=sync"));
    const auto kept = items("with=sync");
    EXPECT_EQ(shown.at(0).at("sync"), kept.at(0).at("sync"));
    const auto& lines = shown.at(0).at("sync").as_array();
    if (lines.empty()) return "";
    EXPECT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].at("provider_id"), boost::json::string(calendar.str()));
    const auto& reason = lines[0].at("reason");
    return std::string(lines[0].at("state").as_string()) +
           (reason.is_null() ? "" : " " + std::string(reason.as_string()));
  }
  void activate() { set(t, "UPDATE provider_state SET status = 'active'"); }
};

TEST_F(standings_test, an_entry_of_no_calendar_has_none) { EXPECT_EQ(standing(), ""); }

TEST_F(standings_test, waits_from_the_first_row_of_the_outbox_until_nothing_is_left) {
  activate();
  pending();
  EXPECT_EQ(standing(), "waiting");
  set(t, "UPDATE outbox SET error_code = 'vendor_away'");
  EXPECT_EQ(standing(), "waiting vendor_away");

  linked();
  EXPECT_EQ(standing(), "waiting vendor_away");
  set(t, "DELETE FROM outbox");

  EXPECT_EQ(standing(), "in_step");
}

TEST_F(standings_test, says_why_a_calendar_is_off) {
  linked();
  EXPECT_EQ(standing(), "off pending_authorization");
  set(t, "UPDATE provider_state SET status = 'paused'");
  EXPECT_EQ(standing(), "off paused");
  set(t, "UPDATE provider_state SET status = 'action_required', problem_code = 'invalid_grant',"
         " problem_detail = 'x', problem_since = now()");
  EXPECT_EQ(standing(), "off invalid_grant");
  set(t, "UPDATE provider_state SET status = 'active', rehearsing = true");
  EXPECT_EQ(standing(), "off rehearsing");
}

TEST_F(standings_test, tells_what_the_vendor_refused_until_it_is_tried_again) {
  activate();
  linked();
  tenant_changes c;
  dead_letter l;
  l.id = make_uuid(outside_);
  l.kind = letter_kind::push;
  l.provider = calendar;
  l.entry = entry;
  l.code = "invalid_time";
  l.first_failed_at = l.last_failed_at = outside_.now();
  c.letters = {l};
  commit(t, std::move(c));
  EXPECT_EQ(standing(), "refused invalid_time");

  pending();

  EXPECT_EQ(standing(), "waiting invalid_time");
}

TEST_F(standings_test, tells_what_the_vendor_cannot_express) {
  activate();
  linked();
  tenant_changes c;
  c.decisions = {{make_uuid(outside_), calendar, entry, event_id("ev1"), reason::push_unsayable,
                  R"({"code": "recurrence_rdate"})"}};
  commit(t, std::move(c));

  EXPECT_EQ(standing(), "refused recurrence_rdate");
}

TEST_F(standings_test, an_open_conflict_comes_before_all_else) {
  linked();
  pending();
  tenant_changes c;
  conflict k;
  k.id = make_uuid(outside_);
  k.provider = calendar;
  k.entry = entry;
  k.groups.add(field_group::title);
  k.base = k.local = k.external = link().base_entry;
  k.opened_at = outside_.now();
  c.conflicts = {k};
  commit(t, std::move(c));

  EXPECT_EQ(standing(), "conflict pull_conflict_manual");
  EXPECT_EQ(items("with=sync").at(0).at("sync").at(0).at("conflict_id"), boost::json::string(k.id));
}

TEST_F(standings_test, removals_wait_for_a_yes) {
  activate();
  linked(true);
  EXPECT_EQ(standing(), "waiting");
  set(t, "UPDATE mappings SET removal_gate = 1, held_since = now()");
  EXPECT_EQ(standing(), "held push_held");
  set(t, "UPDATE mappings SET removal_gate = 2, held_since = NULL");
  EXPECT_EQ(standing(), "waiting");

  set(t, "UPDATE mappings SET removing = false");
  set(t, "UPDATE mappings SET removal_gate = 0");
  set(t, "UPDATE provider_state SET held_from_calendar = true, held_count = 20, held_of = 21,"
         " held_since = now(), held_approved = false");

  EXPECT_EQ(standing(), "held pull_held");
}

TEST_F(standings_test, a_tenant_sees_its_own) {
  linked();
  const auto b = make_tenant("B");

  EXPECT_TRUE(items_of(ask(b.admin, "GET", "/v1/schedule-entries?with=sync")).empty());
}

} // namespace
} // namespace kalends::api
