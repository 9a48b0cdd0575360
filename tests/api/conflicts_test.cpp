// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include <array>

namespace kalends::api {
namespace {

/// Conflicts as people meet them: an entry and an event that were called "Agreed".
struct conflicts_test : served_api {
  tenant_keys t = make_tenant("A");
  std::string user = make_user(t, "ada@example.test");
  std::string calendar = make_provider(t, user, "google");
  conflicts_test() { set(t, "UPDATE provider_state SET status = 'active'"); }

  static appointment said(const std::string& title) {
    appointment a;
    a.title = title;
    a.start = read_zoned_time("2026-12-08T09:00:00", "Europe/Berlin").value();
    a.end = read_zoned_time("2026-12-08T10:00:00", "Europe/Berlin").value();
    return a;
  }
  static field_set set_of(std::initializer_list<field_group> groups) {
    field_set s;
    for (const auto g : groups) s.add(g);
    return s;
  }

  struct dispute {
    std::string id, entry;
    std::string place() const { return "/v1/conflicts/" + id; }
    std::string entry_place() const { return "/v1/schedule-entries/" + entry; }
  };
  /// An open conflict about what differs between these two; `base` is what both said.
  dispute open(appointment ours, appointment theirs, field_set groups, const appointment& base) {
    dispute d{make_uuid(outside_), make_uuid(outside_)};
    tenant_changes c;
    entry_write w;
    w.entry.id = entry_id(d.entry);
    w.entry.version = 2;
    w.entry.what = ours;
    w.entry.assigned = {user_id(user)};
    w.entry.created_at = w.entry.updated_at = outside_.now();
    c.entries = {w};
    mapping m;
    m.provider = provider_id(calendar);
    m.entry = w.entry.id;
    m.event = event_id("ev-" + d.entry);
    m.linked = true;
    m.entry_version = 1;
    m.base_entry = m.base_event = base;
    m.disputed = groups;
    c.mappings = {m};
    conflict k;
    k.id = d.id;
    k.provider = m.provider;
    k.entry = m.entry;
    k.event = m.event;
    k.groups = groups;
    k.base = base;
    k.local = std::move(ours);
    k.external = std::move(theirs);
    k.entry_version = 2;
    k.event_version = "e2";
    k.opened_at = outside_.now();
    c.conflicts = {k};
    commit(t, std::move(c));
    return d;
  }
  /// About the title.
  dispute open() { return open(said("Ours"), said("Theirs"), set_of({field_group::title}), said("Agreed")); }
  /// About title and location.
  dispute open_two() {
    auto ours = said("Ours");
    auto theirs = said("Theirs");
    ours.location = "Hall";
    theirs.location = "Roof";
    return open(ours, theirs, set_of({field_group::title, field_group::location}), said("Agreed"));
  }

  net::http_response resolve(const dispute& d, const std::string& body) {
    return ask(t.operator_, "POST", d.place() + "/resolution", body);
  }
  boost::json::object read(const std::string& place) { return body_of(ask(t.reader, "GET", place)); }
  /// The field that a problem names; empty when it names none.
  static std::string field_of(const net::http_response& r) {
    const auto told = body_of(r);
    const auto* field = told.if_contains("field");
    return field ? std::string(field->as_string()) : std::string();
  }
  std::string title_of(const dispute& d) { return read(d.entry_place()).at("title").as_string().c_str(); }
  /// Whether something is to be written into the calendar.
  bool waits(const dispute& d) {
    return read(d.entry_place() + "/sync-status").at("providers").at(0).at("pending").as_bool();
  }
  std::size_t facts(const std::string& type) {
    std::size_t n = 0;
    for (const auto& f : items_of(ask(t.reader, "GET", "/v1/events?limit=200")))
      if (f.at("type") == boost::json::string(type)) ++n;
    return n;
  }
  std::vector<std::string> listed(const std::string& query) {
    std::vector<std::string> ids;
    for (const auto& c : items_of(ask(t.reader, "GET", "/v1/conflicts" + query)))
      ids.emplace_back(c.at("id").as_string().c_str());
    return ids;
  }
};

TEST_F(conflicts_test, shows_base_and_both_sides) {
  const auto d = open_two();

  const auto shown = read(d.place());

  EXPECT_EQ(shown.at("state"), "open");
  EXPECT_EQ(shown.at("groups"), (boost::json::array{"title", "location"}));
  EXPECT_EQ(shown.at("base"), (boost::json::object{{"title", "Agreed"}, {"location", ""}}));
  EXPECT_EQ(shown.at("local"), (boost::json::object{{"title", "Ours"}, {"location", "Hall"}}));
  EXPECT_EQ(shown.at("external"), (boost::json::object{{"title", "Theirs"}, {"location", "Roof"}}));
  EXPECT_EQ(shown.at("entry_id"), boost::json::string(d.entry));
  EXPECT_TRUE(shown.at("choice").is_null());
  EXPECT_TRUE(shown.at("resolved_at").is_null());
}

TEST_F(conflicts_test, lists_newest_first_by_state_entry_and_calendar_page_by_page) {
  const auto first = open();
  const auto second = open();
  const auto third = open();
  ASSERT_EQ(resolve(second, R"({"choice": "local"})").status, 200);

  EXPECT_EQ(listed(""), (std::vector{third.id, second.id, first.id}));
  EXPECT_EQ(listed("?state=open"), (std::vector{third.id, first.id}));
  EXPECT_EQ(listed("?state=resolved"), (std::vector{second.id}));
  EXPECT_EQ(listed("?entry_id=" + first.entry), (std::vector{first.id}));
  EXPECT_EQ(listed("?provider_id=" + calendar).size(), 3u);
  EXPECT_TRUE(listed("?provider_id=" + make_uuid(outside_)).empty());
  const auto page = body_of(ask(t.reader, "GET", "/v1/conflicts?state=open&limit=1"));
  ASSERT_EQ(page.at("items").as_array().size(), 1u);
  const std::string cursor = page.at("next_cursor").as_string().c_str();
  EXPECT_EQ(listed("?state=open&limit=1&cursor=" + cursor), (std::vector{first.id}));
}

TEST_F(conflicts_test, refuses_lists_that_nobody_makes) {
  const std::vector<std::array<std::string, 3>> queries = {
      {"?state=closed", "unknown_value", "state"},    {"?provider_id=x", "malformed_id", "provider_id"},
      {"?entry_id=x", "malformed_id", "entry_id"},    {"?limit=0", "malformed_parameter", "limit"},
      {"?colour=red", "unknown_parameter", "colour"}, {"?cursor=x", "malformed_cursor", "cursor"}};
  for (const auto& [query, code, field] : queries) {
    const auto r = ask(t.reader, "GET", "/v1/conflicts" + query);
    EXPECT_EQ(code_of(r), code) << query;
    EXPECT_EQ(field_of(r), field) << query;
  }
}

TEST_F(conflicts_test, a_preview_says_what_would_change_and_changes_nothing) {
  const auto d = open_two();

  const auto shown = ask(t.reader, "POST", d.place() + "/preview",
                         R"({"choice": "merge", "fields": {"title": "external", "location": "local"}})");

  ASSERT_EQ(shown.status, 200) << shown.body;
  const boost::json::object both{{"title", "Theirs"}, {"location", "Hall"}};
  EXPECT_EQ(body_of(shown).at("local"), both);
  EXPECT_EQ(body_of(shown).at("external"), both);
  EXPECT_EQ(body_of(shown).at("changes").at("local"), boost::json::array{"title"});
  EXPECT_EQ(body_of(shown).at("changes").at("external"), boost::json::array{"location"});
  EXPECT_EQ(read(d.place()).at("state"), "open");
  EXPECT_EQ(title_of(d), "Ours");
}

TEST_F(conflicts_test, a_preview_leaves_a_calendar_alone_that_is_only_read) {
  const auto d = open();
  set(t, "UPDATE providers SET direction = 'from_provider'");

  const auto shown = body_of(ask(t.reader, "POST", d.place() + "/preview", R"({"choice": "local"})"));

  EXPECT_EQ(shown.at("local").at("title"), "Ours");
  EXPECT_EQ(shown.at("external").at("title"), "Theirs");
  EXPECT_TRUE(shown.at("changes").at("external").as_array().empty());
}

TEST_F(conflicts_test, local_keeps_the_entry_and_goes_to_the_calendar) {
  const auto d = open();

  const auto done = resolve(d, R"({"choice": "local"})");

  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(done).at("state"), "resolved");
  EXPECT_EQ(body_of(done).at("choice"), "local");
  EXPECT_TRUE(body_of(done).at("from_calendar").as_array().empty());
  EXPECT_TRUE(std::string(body_of(done).at("decided_by").as_string()).starts_with("key:"));
  EXPECT_EQ(title_of(d), "Ours");
  EXPECT_EQ(read(d.entry_place()).at("version"), 2);
  EXPECT_TRUE(waits(d));
  EXPECT_EQ(facts("CALENDAR_CONFLICT_RESOLVED"), 1u);
}

TEST_F(conflicts_test, external_changes_the_entry_and_leaves_the_calendar) {
  const auto d = open();

  const auto done = resolve(d, R"({"choice": "external"})");

  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(done).at("from_calendar"), boost::json::array{"title"});
  EXPECT_EQ(title_of(d), "Theirs");
  EXPECT_EQ(read(d.entry_place()).at("version"), 3);
  EXPECT_FALSE(waits(d));
  EXPECT_EQ(facts("CALENDAR_CONFLICT_RESOLVED"), 1u);
  EXPECT_EQ(facts("SCHEDULE_ENTRY_UPDATED"), 1u);
}

TEST_F(conflicts_test, merge_takes_each_field_from_the_chosen_side) {
  const auto d = open_two();

  const auto done =
      resolve(d, R"({"choice": "merge", "fields": {"title": "external", "location": "local"}})");

  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(done).at("from_calendar"), boost::json::array{"title"});
  EXPECT_EQ(title_of(d), "Theirs");
  EXPECT_EQ(read(d.entry_place()).at("location"), "Hall");
  EXPECT_TRUE(waits(d));
}

TEST_F(conflicts_test, the_same_choice_again_is_no_other_and_another_is_refused) {
  const auto d = open();
  ASSERT_EQ(resolve(d, R"({"choice": "external"})").status, 200);

  const auto again = resolve(d, R"({"choice": "external"})");
  const auto other = resolve(d, R"({"choice": "local"})");

  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(read(d.entry_place()).at("version"), 3);
  EXPECT_EQ(facts("CALENDAR_CONFLICT_RESOLVED"), 1u);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(code_of(other), "conflict_resolved_already");
  EXPECT_EQ(title_of(d), "Theirs");
}

TEST_F(conflicts_test, what_lost_comes_back_in_one_call) {
  const auto d = open_two();
  ASSERT_EQ(resolve(d, R"({"choice": "merge", "fields": {"title": "external", "location": "local"}})").status,
            200);

  const auto back = ask(t.operator_, "POST", d.place() + "/restoration");

  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(title_of(d), "Ours");
  EXPECT_EQ(read(d.entry_place()).at("location"), "Roof");
  EXPECT_TRUE(waits(d));
  const auto version = read(d.entry_place()).at("version");
  EXPECT_EQ(ask(t.operator_, "POST", d.place() + "/restoration", "{}").status, 200);
  EXPECT_EQ(read(d.entry_place()).at("version"), version);
}

TEST_F(conflicts_test, only_what_lost_can_come_back_and_not_for_ever) {
  const auto d = open();
  const auto early = ask(t.operator_, "POST", d.place() + "/restoration");
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(code_of(early), "conflict_open");
  ASSERT_EQ(resolve(d, R"({"choice": "local"})").status, 200);
  EXPECT_EQ(code_of(ask(t.operator_, "POST", d.place() + "/restoration", R"({"to": "x"})")), "unknown_field");

  pass(std::chrono::hours(24 * 91));

  const auto late = ask(t.operator_, "POST", d.place() + "/restoration");
  EXPECT_EQ(late.status, 410);
  EXPECT_EQ(code_of(late), "conflict_too_old");
  EXPECT_EQ(title_of(d), "Ours");
}

TEST_F(conflicts_test, refuses_what_is_no_choice) {
  const auto d = open();
  const std::vector<std::array<std::string, 3>> bodies = {
      {"{}", "missing_field", "choice"},
      {R"({"choice": "newest"})", "unknown_value", "choice"},
      {R"({"choice": 1})", "wrong_type", "choice"},
      {R"({"choice": "local", "why": "x"})", "unknown_field", "why"},
      {R"({"choice": "local", "fields": {"title": "local"}})", "fields_without_merge", "fields"},
      {R"({"choice": "merge"})", "missing_field", "fields"},
      {R"({"choice": "merge", "fields": "title"})", "wrong_type", "fields"},
      {R"({"choice": "merge", "fields": {}})", "field_not_chosen", "fields.title"},
      {R"({"choice": "merge", "fields": {"title": "both"}})", "unknown_value", "fields.title"},
      {R"({"choice": "merge", "fields": {"title": true}})", "wrong_type", "fields.title"},
      {R"({"choice": "merge", "fields": {"colour": "local"}})", "unknown_field", "fields.colour"},
      {R"({"choice": "merge", "fields": {"title": "local", "notes": "local"}})", "field_not_disputed",
       "fields.notes"},
      {"[]", "body_not_object", ""},
      {R"({"choice": )", "malformed_json", ""}};
  for (const char* verb : {"/preview", "/resolution"})
    for (const auto& [body, code, field] : bodies) {
      const auto r = ask(t.operator_, "POST", d.place() + verb, body);
      EXPECT_EQ(code_of(r), code) << verb << " " << body;
      EXPECT_EQ(field_of(r), field) << verb << " " << body;
    }
  EXPECT_EQ(read(d.place()).at("state"), "open");
  EXPECT_EQ(facts("CALENDAR_CONFLICT_RESOLVED"), 0u);
}

TEST_F(conflicts_test, a_choice_that_makes_no_series_is_refused_whole) {
  auto agreed = said("s"); // a Tuesday
  agreed.repeats = recurrence{"FREQ=WEEKLY", {}, {}, {}};
  auto theirs = agreed;
  theirs.start = read_zoned_time("2026-12-09T09:00:00", "Europe/Berlin").value();
  theirs.end = read_zoned_time("2026-12-09T10:00:00", "Europe/Berlin").value();
  theirs.repeats->rrule = "FREQ=WEEKLY;BYDAY=WE,FR";
  auto ours = agreed;
  ours.repeats->rrule = "FREQ=WEEKLY;INTERVAL=2";
  const auto d = open(ours, theirs, set_of({field_group::time, field_group::recurrence}), agreed);

  const auto r = resolve(d, R"({"choice": "merge", "fields": {"time": "local", "recurrence": "external"}})");

  EXPECT_EQ(r.status, 422) << r.body;
  EXPECT_EQ(code_of(r), "start_not_in_rrule");
  EXPECT_EQ(field_of(r), "fields");
  EXPECT_EQ(read(d.place()).at("state"), "open");
}

TEST_F(conflicts_test, an_entry_that_left_the_calendar_has_nothing_to_choose) {
  const auto d = open();
  set(t, "DELETE FROM mappings");

  const auto r = resolve(d, R"({"choice": "local"})");

  EXPECT_EQ(r.status, 404);
  EXPECT_EQ(code_of(r), "entry_not_found");
  EXPECT_EQ(ask(t.operator_, "DELETE", d.entry_place()).status, 204);
  EXPECT_EQ(code_of(ask(t.reader, "GET", d.place())), "conflict_not_found");
}

TEST_F(conflicts_test, are_for_those_who_may_and_whose_they_are) {
  const auto d = open();
  const auto b = make_tenant("B");
  const std::string choice = R"({"choice": "external"})";

  EXPECT_EQ(ask(t.reader, "POST", d.place() + "/preview", choice).status, 200);
  EXPECT_EQ(code_of(ask(t.reader, "POST", d.place() + "/resolution", choice)), "role_too_low");
  EXPECT_EQ(code_of(ask(t.reader, "POST", d.place() + "/restoration")), "role_too_low");
  EXPECT_TRUE(items_of(ask(b.admin, "GET", "/v1/conflicts")).empty());
  for (const std::string& id : {d.id, make_uuid(outside_), std::string("none")}) {
    const auto& key = id == d.id ? b.admin : t.admin;
    const auto place = "/v1/conflicts/" + id;
    EXPECT_EQ(code_of(ask(key, "GET", place)), "conflict_not_found");
    EXPECT_EQ(code_of(ask(key, "POST", place + "/preview", choice)), "conflict_not_found");
    EXPECT_EQ(code_of(ask(key, "POST", place + "/resolution", choice)), "conflict_not_found");
    EXPECT_EQ(code_of(ask(key, "POST", place + "/restoration")), "conflict_not_found");
  }
  EXPECT_EQ(read(d.place()).at("state"), "open");
}

} // namespace
} // namespace kalends::api
