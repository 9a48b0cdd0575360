// SPDX-License-Identifier: Apache-2.0
#include "tests/api/browser.hpp"

#include "api/person_rules.hpp"

#include <algorithm>
#include <set>

namespace kalends::api {
namespace {

using boost::json::object;
using boost::json::serialize;

/// Ada and Bob of one tenant, each with a calendar and an entry, and Ada's browser.
struct own_things_test : signed_in_api {
  tenant_keys t = make_tenant("A");
  std::string ada = make_user(t, "ada@a.test");
  std::string bob = make_user(t, "bob@a.test");
  std::string adas_calendar = make_provider(t, ada, "google");
  std::string bobs_calendar = make_provider(t, bob, "google");
  std::string adas_entry = entry_of({ada});
  std::string bobs_entry = entry_of({bob});
  std::string shared_entry = entry_of({ada, bob});
  browser b = person(t, ada);

  std::string entry_of(const std::vector<std::string>& assigned) {
    boost::json::array all;
    for (const auto& a : assigned) all.emplace_back(a);
    const auto r = ask(t.operator_, "POST", "/v1/schedule-entries",
                       serialize(object{{"title", "x"},
                                        {"start", {{"date", "2026-12-01"}}},
                                        {"end", {{"date", "2026-12-02"}}},
                                        {"assigned_user_ids", all}}));
    return body_of(r).at("id").as_string().c_str();
  }
  std::set<std::string> ids(const std::string& target) {
    std::set<std::string> out;
    for (const auto& i : items_of(by(b, "GET", target))) out.insert(i.at("id").as_string().c_str());
    return out;
  }
  using set = std::set<std::string>;
};

TEST_F(own_things_test, lists_show_what_is_theirs) {
  EXPECT_EQ(ids("/v1/users"), set{ada});
  EXPECT_EQ(ids("/v1/calendar-providers"), set{adas_calendar});
  EXPECT_EQ(ids("/v1/calendar-providers?user_id=" + bob), set{adas_calendar});
  EXPECT_EQ(ids("/v1/schedule-entries"), (set{adas_entry, shared_entry}));
  EXPECT_EQ(ids("/v1/schedule-entries?assigned_user_id=" + bob), (set{adas_entry, shared_entry}));
  const auto range = "/v1/schedule-entries?expand=occurrences&with=sync&from=2026-11-01T00:00:00Z&to="
                     "2026-12-31T00:00:00Z";
  EXPECT_EQ(ids(range), (set{adas_entry, shared_entry}));
  EXPECT_EQ(items_of(ask(t.reader, "GET", range)).size(), 3u);
}

TEST_F(own_things_test, the_ledger_shows_their_calendars_and_titles_of_their_entries) {
  const auto decided = [&](const std::string& calendar, const std::string& entry) {
    return decision{
        make_uuid(outside_), provider_id(calendar), entry_id(entry), {}, reason::push_updated, "{}"};
  };
  tenant_changes c;
  c.decisions = {decided(adas_calendar, adas_entry), decided(adas_calendar, bobs_entry),
                 decided(bobs_calendar, shared_entry), decided({}, bobs_entry), decided({}, adas_entry)};
  commit(t, c);

  const auto seen = items_of(by(b, "GET", "/v1/ledger?reason=push_updated"));

  ASSERT_EQ(seen.size(), 3u);
  for (const auto& line : seen)
    EXPECT_EQ(line.at("entry_title").is_null(), line.at("entry_id").as_string() == bobs_entry);
  EXPECT_EQ(ids("/v1/ledger?title=x&reason=push_updated").size(), 2u);
}

TEST_F(own_things_test, what_is_somebody_elses_is_not_there) {
  for (const auto& [method, path, body] :
       {std::tuple{"GET", "/v1/users/" + bob, ""},
        {"GET", "/v1/calendar-providers/" + bobs_calendar, ""},
        {"PATCH", "/v1/calendar-providers/" + bobs_calendar, "{}"},
        {"DELETE", "/v1/calendar-providers/" + bobs_calendar, ""},
        {"POST", "/v1/calendar-providers/" + bobs_calendar + "/authorization", "{}"},
        {"GET", "/v1/calendar-providers/" + bobs_calendar + "/calendars", ""},
        {"POST", "/v1/calendar-providers/" + bobs_calendar + "/sync", "{}"},
        {"POST", "/v1/calendar-providers/" + bobs_calendar + "/approvals", R"({"decision": "approve"})"},
        {"GET", "/v1/schedule-entries/" + bobs_entry, ""},
        {"PATCH", "/v1/schedule-entries/" + bobs_entry, R"({"title": "y"})"},
        {"DELETE", "/v1/schedule-entries/" + bobs_entry, ""},
        {"GET", "/v1/schedule-entries/" + bobs_entry + "/sync-status", ""},
        {"GET", "/v1/schedule-entries/" + bobs_entry + "/decisions", ""},
        {"GET", "/v1/conflicts/" + bobs_entry, ""},
        {"GET", "/v1/dead-letters/" + bobs_entry, ""},
        {"GET", "/v1/sync-runs/" + bobs_entry, ""}})
    EXPECT_EQ(by(b, method, path, body).status, 404) << method << " " << path;
  EXPECT_EQ(ask(t.reader, "GET", "/v1/schedule-entries/" + bobs_entry).status, 200);
  EXPECT_GE(audit(t, "access.denied").size(), 1u);
}

TEST_F(own_things_test, what_is_theirs_can_be_changed) {
  EXPECT_EQ(by(b, "GET", "/v1/users/" + ada).status, 200);
  EXPECT_EQ(
      by(b, "PATCH", "/v1/calendar-providers/" + adas_calendar, R"({"direction": "to_provider"})").status,
      200);
  EXPECT_EQ(by(b, "POST", "/v1/calendar-providers/" + adas_calendar + "/authorization", "{}").status, 201);
  EXPECT_EQ(by(b, "PATCH", "/v1/schedule-entries/" + adas_entry, R"({"title": "y"})").status, 200);
  EXPECT_EQ(by(b, "GET", "/v1/schedule-entries/" + adas_entry + "/sync-status").status, 200);
  EXPECT_EQ(by(b, "DELETE", "/v1/schedule-entries/" + adas_entry).status, 204);
  EXPECT_EQ(by(b, "DELETE", "/v1/calendar-providers/" + adas_calendar).status, 204);
}

TEST_F(own_things_test, every_other_route_of_the_tenant_is_refused) {
  for (const auto& r : routes()) {
    if (r.needs == access::open || r.needs == access::scraper) continue;
    if (rule_for_person(r) != person_rule::refused) continue;
    std::string path(r.path);
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, ada);
    const auto answer = by(b, std::string(r.method), path, r.method == "GET" ? "" : "{}");
    EXPECT_EQ(answer.status, 403) << r.method << " " << path << answer.body;
    EXPECT_EQ(code_of(answer), "not_yours") << path;
  }
}

TEST_F(own_things_test, a_person_connects_calendars_for_themselves_alone) {
  const auto connect = [&](const object& o) {
    return code_of(by(b, "POST", "/v1/calendar-providers", serialize(o)));
  };

  EXPECT_EQ(connect({{"type", "google"}, {"user_id", bob}}), "not_yours");
  EXPECT_EQ(connect({{"type", "google"}, {"user_id", ada}, {"scope", "tenant"}}), "not_yours");
  EXPECT_EQ(connect({{"type", "microsoft"}, {"user_id", ada}}), "201");
  EXPECT_EQ(
      code_of(by(b, "PATCH", "/v1/calendar-providers/" + adas_calendar, serialize(object{{"user_id", bob}}))),
      "not_yours");
}

TEST_F(own_things_test, a_calendar_that_shows_everybody_is_nobodys_own) {
  const auto common = ask(t.admin, "POST", "/v1/calendar-providers",
                          serialize(object{{"type", "google"}, {"user_id", ada}, {"scope", "tenant"}}));
  const std::string id = body_of(common).at("id").as_string().c_str();

  EXPECT_EQ(by(b, "GET", "/v1/calendar-providers/" + id).status, 404);
  EXPECT_EQ(ids("/v1/calendar-providers"), set{adas_calendar});
}

TEST_F(own_things_test, a_person_assigns_nobody_else) {
  const object times{{"title", "x"}, {"start", {{"date", "2026-12-01"}}}, {"end", {{"date", "2026-12-02"}}}};
  auto for_bob = times;
  for_bob["assigned_user_ids"] = boost::json::array{bob};

  const auto own = by(b, "POST", "/v1/schedule-entries", serialize(times));

  ASSERT_EQ(own.status, 201) << own.body;
  EXPECT_EQ(body_of(own).at("assigned_user_ids").as_array(), (boost::json::array{ada}));
  EXPECT_EQ(code_of(by(b, "POST", "/v1/schedule-entries", serialize(for_bob))), "not_yours");
  EXPECT_EQ(code_of(by(b, "PATCH", "/v1/schedule-entries/" + adas_entry,
                       serialize(object{{"assigned_user_ids", boost::json::array{bob}}}))),
            "not_yours");
  EXPECT_EQ(code_of(by(b, "DELETE", "/v1/schedule-entries/" + shared_entry)), "not_yours");
  EXPECT_EQ(by(b, "PATCH", "/v1/schedule-entries/" + shared_entry, R"({"title": "z"})").status, 200);
}

TEST_F(own_things_test, hears_of_their_own_entries_only) {
  const auto stream = ask_stream("", "/v1/events/stream", {{"Cookie", b.cookie}, {"Last-Event-ID", "0"}});
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->saw(shared_entry));
  const auto late_bobs = entry_of({bob});
  const auto late_adas = entry_of({ada});

  ASSERT_TRUE(stream->saw(late_adas));
  EXPECT_EQ(stream->all().find(bobs_entry), std::string::npos);
  EXPECT_EQ(stream->all().find(late_bobs), std::string::npos);
  EXPECT_NE(stream->all().find(adas_entry), std::string::npos);
  const auto listed = by(b, "GET", "/v1/events").body;
  EXPECT_EQ(listed.find(bobs_entry), std::string::npos);
  EXPECT_EQ(listed.find(late_bobs), std::string::npos);
  EXPECT_NE(listed.find(late_adas), std::string::npos);
}

TEST_F(own_things_test, pages_through_events_that_are_all_somebody_elses) {
  for (int i = 0; i < 5; ++i) entry_of({bob});

  std::string cursor;
  std::size_t shown = 0;
  for (int page = 0; page < 20; ++page) {
    const auto r = body_of(by(b, "GET", "/v1/events?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor)));
    shown += r.at("items").as_array().size();
    if (r.at("next_cursor").is_null()) break;
    cursor = r.at("next_cursor").as_string().c_str();
  }

  EXPECT_EQ(shown, 2u);
}

TEST_F(own_things_test, another_persons_kept_answer_stays_theirs) {
  const object entry{{"title", "x"}, {"start", {{"date", "2026-12-01"}}}, {"end", {{"date", "2026-12-02"}}}};
  const auto bobs = person(t, bob);
  const net::header_list key{{"Idempotency-Key", "k1"}};

  const auto first = by(bobs, "POST", "/v1/schedule-entries", serialize(entry), key);
  const auto second = by(b, "POST", "/v1/schedule-entries", serialize(entry), key);

  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(code_of(second), "idempotency_key_reused");
}

} // namespace
} // namespace kalends::api
