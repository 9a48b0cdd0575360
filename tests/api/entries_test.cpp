// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule.hpp"
#include "tests/api/served_api.hpp"

#include <future>
#include <thread>

namespace kalends::api {
namespace {

struct entries_test : served_api {
  tenant_keys t = make_tenant("A");
  static constexpr const char* one =
      R"({"title": "One", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}})";
  static constexpr const char* two =
      R"({"title": "Two", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}})";

  net::http_response post(const std::string& body, const std::string& key = {}) {
    return ask(t.operator_, "POST", "/v1/schedule-entries", body,
               key.empty() ? net::header_list{} : net::header_list{{"Idempotency-Key", key}});
  }
  /// As if the database had gone away between the deed and the keeping of its answer.
  void unkeep(const std::string& key, const std::string& made) {
    const auto now = std::to_string(outside_.now().time_since_epoch().count());
    persistence::kept_answer begun{
        {}, 0, R"({"reserved_id": ")" + made + R"(", "since_ms": )" + now + "}", {}};
    std::promise<void> done;
    db_->run<bool>(
        {tenant_id(t.id)},
        [&](persistence::transaction& tx) {
          return persistence::keep_answer(tx, key, begun).map([] { return true; });
        },
        [&](const result<bool>& r) {
          EXPECT_TRUE(r);
          done.set_value();
        });
    done.get_future().wait();
  }
  std::size_t count() {
    return body_of(ask(t.reader, "GET", "/v1/schedule-entries")).at("items").as_array().size();
  }
};

TEST_F(entries_test, makes_reads_changes_and_deletes) {
  const auto made = post(
      R"({"title": "One", "start": {"date_time": "2026-12-01T09:00:00+01:00", "time_zone": "Europe/Berlin"},
    "end": {"date_time": "2026-12-01T10:00:00+01:00", "time_zone": "Europe/Berlin"}, "attendees": [], "recurrence": null})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto place = header_of(made, "Location");
  EXPECT_EQ(header_of(made, "ETag"), "\"1\"");

  const auto read = ask(t.reader, "GET", place);
  EXPECT_EQ(read.body, made.body);
  EXPECT_EQ(header_of(read, "ETag"), "\"1\"");
  EXPECT_EQ(body_of(read).at("start").at("date_time"), "2026-12-01T09:00:00+01:00");
  EXPECT_EQ(ask(t.reader, "GET", place, "", {{"If-None-Match", "\"1\""}}).status, 304);

  const auto changed = ask(t.operator_, "PATCH", place, R"({"title": "Uno", "notes": null})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(header_of(changed, "ETag"), "\"2\"");
  EXPECT_EQ(body_of(changed).at("title"), "Uno");

  EXPECT_EQ(ask(t.operator_, "DELETE", place).status, 204);
  EXPECT_EQ(code_of(ask(t.reader, "GET", place)), "entry_not_found");
  EXPECT_EQ(code_of(ask(t.operator_, "DELETE", place)), "entry_not_found");
}

TEST_F(entries_test, honours_if_match) {
  const auto place = header_of(post(one), "Location");
  ASSERT_EQ(ask(t.operator_, "PATCH", place, R"({"title": "x"})", {{"If-Match", "\"1\""}}).status, 200);

  const auto stale = ask(t.operator_, "PATCH", place, R"({"title": "y"})", {{"If-Match", "\"1\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(code_of(stale), "version_mismatch");
  EXPECT_EQ(ask(t.operator_, "DELETE", place, "", {{"If-Match", "\"1\""}}).status, 412);
  EXPECT_EQ(code_of(ask(t.operator_, "DELETE", place, "", {{"If-Match", "2"}})), "malformed_if_match");
  EXPECT_EQ(ask(t.operator_, "DELETE", place, "", {{"If-Match", "\"2\""}}).status, 204);
}

TEST_F(entries_test, gives_the_first_answer_to_a_repetition) {
  const auto first = post(one, "k1");
  const auto again = post(one, "k1");

  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(header_of(again, "Location"), header_of(first, "Location"));
  EXPECT_EQ(header_of(again, "Idempotency-Replayed"), "true");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(code_of(post(two, "k1")), "idempotency_key_reused");
  EXPECT_EQ(count(), 1u);
  const auto too_long = post(one, std::string(201, 'k'));
  EXPECT_EQ(code_of(too_long), "malformed_idempotency_key");
  EXPECT_EQ(body_of(too_long).at("field"), "Idempotency-Key");
}

TEST_F(entries_test, keeps_idempotency_keys_of_tenants_apart) {
  const auto other = make_tenant("B");
  post(one, "k1");
  const auto r = ask(other.operator_, "POST", "/v1/schedule-entries", two, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(r.status, 201);
  EXPECT_EQ(body_of(r).at("title"), "Two");
}

TEST_F(entries_test, refuses_a_repetition_while_the_first_is_under_way) {
  engine_->hold_creates = true;
  net::http_response first;
  std::thread slow([&] { first = post(one, "k1"); });
  while (engine_->told().empty() || engine_->told().back() != "held") std::this_thread::yield();

  const auto second = post(one, "k1");
  engine_->release_creates();
  slow.join();

  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(code_of(second), "idempotency_in_progress");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(count(), 1u);
}

TEST_F(entries_test, goes_on_with_the_same_id_when_the_first_request_was_lost) {
  engine_->hold_creates = true;
  net::http_response first, second;
  std::thread lost([&] { first = post(one, "k1"); });
  while (engine_->told().empty() || engine_->told().back() != "held") std::this_thread::yield();
  pass(std::chrono::minutes(4));
  engine_->hold_creates = false;

  second = post(one, "k1");
  engine_->release_creates();
  lost.join();

  EXPECT_EQ(second.status, 201) << second.body;
  EXPECT_EQ(count(), 1u);
}

TEST_F(entries_test, goes_on_at_once_when_the_process_of_the_first_request_is_gone) {
  engine_->hold_creates = true;
  net::http_response first, second;
  std::thread lost([&] { first = post(one, "k1"); });
  while (engine_->told().empty() || engine_->told().back() != "held") std::this_thread::yield();
  start_anew();
  engine_->hold_creates = false;

  second = post(one, "k1");
  engine_->release_creates();
  lost.join();

  EXPECT_EQ(second.status, 201) << second.body;
  EXPECT_EQ(count(), 1u);
}

TEST_F(entries_test, goes_on_at_once_when_the_first_answer_could_not_be_kept) {
  const auto first = post(one, "k1");
  unkeep("k1", std::string(body_of(first).at("id").as_string()));

  const auto second = post(one, "k1");

  EXPECT_EQ(second.status, 201) << second.body;
  EXPECT_EQ(count(), 1u);
}

TEST_F(entries_test, names_the_field_of_an_impossible_time) {
  const auto r = post(R"({"title": "x", "start": {"date_time": "2026-12-01T09:00:00", "time_zone": "Mars"},
    "end": {"date": "2026-12-02"}})");
  EXPECT_EQ(r.status, 422);
  EXPECT_EQ(body_of(r).at("field"), "start.time_zone");
  EXPECT_EQ(
      code_of(post(R"({"title": "x", "start": {"date": "2026-12-02"}, "end": {"date": "2026-12-01"}})")),
      "end_before_start");
  EXPECT_EQ(code_of(post(R"({"title": "x", "start": {"date": "2026-12-02"},
    "end": {"date_time": "2026-12-03T09:00:00Z"}})")),
            "mixed_all_day");
  EXPECT_EQ(code_of(post(R"({"title": "x", "colour": "red"})")), "missing_field");
  EXPECT_EQ(count(), 0u);
}

TEST_F(entries_test, filters_by_person_and_time) {
  const auto user = make_user(t, "ada@a.test");
  post(one);
  post(
      R"({"title": "Hers", "start": {"date": "2027-01-01"}, "end": {"date": "2027-01-02"}, "assigned_user_ids": [")" +
      user + "\"]}");
  const auto found = [&](const std::string& query) {
    std::string titles;
    for (const auto& e : items_of(ask(t.reader, "GET", "/v1/schedule-entries?" + query)))
      titles += std::string(e.at("title").as_string().c_str()) + ";";
    return titles;
  };
  EXPECT_EQ(found("assigned_user_id=" + user), "Hers;");
  EXPECT_EQ(found("from=2026-12-15T00:00:00Z"), "Hers;");
  EXPECT_EQ(found("to=2026-12-15T00:00:00Z"), "One;");
  EXPECT_EQ(code_of(ask(t.admin, "DELETE", "/v1/users/" + user)), "user_in_use");
}

TEST_F(entries_test, pages_to_the_end) {
  for (int i = 0; i < 5; ++i) post(one);
  std::string cursor;
  std::size_t seen = 0;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = body_of(
        ask(t.reader, "GET", "/v1/schedule-entries?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor)));
    seen += page.at("items").as_array().size();
    if (page.at("next_cursor").is_null()) break;
    cursor = page.at("next_cursor").as_string().c_str();
  }
  EXPECT_EQ(seen, 5u);
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/schedule-entries?cursor=nonsense")), "malformed_cursor");
}

TEST_F(entries_test, tells_how_an_entry_stands) {
  const auto id = make_entry(t, "x");
  const auto status = body_of(ask(t.reader, "GET", "/v1/schedule-entries/" + id + "/sync-status"));
  EXPECT_EQ(status.at("version"), 1);
  EXPECT_TRUE(status.at("providers").as_array().empty());
  EXPECT_EQ(ask(t.reader, "GET", "/v1/schedule-entries/" + id + "/decisions").status, 200);
  EXPECT_EQ(
      code_of(ask(t.reader, "GET", "/v1/schedule-entries/0190a0a0-0000-7000-8000-0000000000ff/decisions")),
      "entry_not_found");
}

TEST_F(entries_test, feeds_facts_in_order) {
  const auto id = make_entry(t, "x");
  ask(t.operator_, "PATCH", "/v1/schedule-entries/" + id, R"({"title": "y"})");

  const auto all = body_of(ask(t.reader, "GET", "/v1/events"));
  ASSERT_EQ(all.at("items").as_array().size(), 2u);
  EXPECT_EQ(all.at("items").at(0).at("type"), "SCHEDULE_ENTRY_CREATED");
  EXPECT_EQ(all.at("items").at(1).at("sequence"), 2);
  EXPECT_TRUE(all.at("next_cursor").is_null());
  const auto rest = body_of(ask(t.reader, "GET", "/v1/events?after=1&limit=1"));
  EXPECT_EQ(rest.at("items").at(0).at("type"), "SCHEDULE_ENTRY_UPDATED");
  EXPECT_EQ(rest.at("next_cursor"), "2");
  EXPECT_EQ(
      body_of(ask(t.reader, "GET", "/v1/events?type=SCHEDULE_ENTRY_UPDATED")).at("items").as_array().size(),
      1u);
}

TEST_F(entries_test, streams_from_the_last_event_on) {
  const auto other = make_tenant("B");
  make_entry(t, "first");
  make_entry(t, "second");
  const auto stream = ask_stream(t.reader, "/v1/events/stream", {{"Last-Event-ID", "1"}});
  ASSERT_TRUE(stream);
  EXPECT_TRUE(stream->saw("id: 2\n"));

  make_entry(other, "theirs");
  make_entry(t, "third");

  EXPECT_TRUE(stream->saw("id: 3\n"));
  const auto all = stream->all();
  EXPECT_EQ(all.find("id: 1\n"), std::string::npos);
  EXPECT_EQ(all.find(other.id), std::string::npos);
  EXPECT_NE(all.find("event: SCHEDULE_ENTRY_CREATED\n"), std::string::npos);
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/events/stream", "", {{"Last-Event-ID", "x"}})),
            "malformed_last_event_id");
}

TEST_F(entries_test, streams_all_tenants_to_the_operator_only) {
  const auto stream = ask_stream(admin_key, "/v1/admin/events/stream");
  ASSERT_TRUE(stream);
  make_entry(t, "x");
  EXPECT_TRUE(stream->saw(t.id));
  EXPECT_EQ(stream->all().find("id: "), std::string::npos);
  EXPECT_EQ(ask(t.admin, "GET", "/v1/admin/events/stream").status, 401);
}

TEST_F(entries_test, manages_users_strictly) {
  const auto user = make_user(t, "Ada@A.test");
  EXPECT_EQ(body_of(ask(t.reader, "GET", "/v1/users/" + user)).at("email"), "ada@a.test");
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", R"({"email": "ADA@a.test", "name": "x"})")),
            "email_taken");
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", R"({"email": "ada", "name": "x"})")),
            "malformed_email");
  EXPECT_EQ(
      code_of(ask(t.admin, "POST", "/v1/users", R"({"email": "a@b", "name": "x", "time_zone": "Mars"})")),
      "unknown_time_zone");
  const auto path = "/v1/users/" + user;
  const auto named = body_of(ask(t.admin, "PATCH", path, R"({"aliases": ["Ada.L@A.test", "ada@a.test"]})"));
  EXPECT_EQ(named.at("aliases"), boost::json::array{"ada.l@a.test"});
  EXPECT_EQ(body_of(ask(t.reader, "GET", path)).at("aliases"), boost::json::array{"ada.l@a.test"});
  EXPECT_EQ(code_of(ask(t.admin, "POST", "/v1/users", R"({"email": "ada.l@a.test", "name": "x"})")),
            "email_taken");
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"aliases": ["ada"]})")), "malformed_email");
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"aliases": "a@b"})")), "wrong_type");
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"aliases": [1]})")), "malformed_email");
  std::string many;
  for (int i = 0; i < 21; ++i) many += (many.empty() ? "\"a" : ", \"a") + std::to_string(i) + "@b\"";
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"aliases": [)" + many + "]}")), "too_many_values");
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", "/v1/users/" + user, R"({"name": ""})")), "field_empty");
  EXPECT_EQ(body_of(ask(t.admin, "PATCH", "/v1/users/" + user, R"({"time_zone": "Europe/Berlin"})"))
                .at("time_zone"),
            "Europe/Berlin");
  EXPECT_EQ(ask(t.admin, "DELETE", "/v1/users/" + user).status, 204);
  EXPECT_EQ(code_of(ask(t.admin, "GET", "/v1/users/" + user)), "user_not_found");
}

} // namespace
} // namespace kalends::api
