// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule.hpp"
#include "persistence/webhook_store.hpp"
#include "persistence/webhooks.hpp"
#include "tests/api/served_api.hpp"

#include <algorithm>
#include <future>

namespace kalends::api {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr const char* place = "/v1/webhook-endpoints";
constexpr const char* url = "https://host.example/kalends";
constexpr const char* nobody = "0190a0a0-0000-7000-8000-0000000000ff";

json::object body_with(const std::string& url_given, const char* more = "{}") {
  auto body = json::parse(more).as_object();
  body["url"] = url_given;
  return body;
}

/// "status code field", as far as there is one.
std::string told(const net::http_response& r) {
  if (r.status < 400) return std::to_string(r.status);
  const auto body = body_of(r);
  const auto* field = body.if_contains("field");
  return std::to_string(r.status) + " " + code_of(r) +
         (field && field->is_string() ? " " + std::string(field->as_string()) : "");
}

/// What an answer says apart from the id of its request.
std::string without_request(const std::string& body) { return body.substr(0, body.find(",\"request_id\"")); }

/// The host's webhook endpoints: who may see and change them, and what is refused.
struct webhook_endpoints_test : served_api {
  tenant_keys t = make_tenant("A");

  json::object make(const char* more = "{}") {
    const auto r = ask(t.admin, "POST", place, json::serialize(body_with(url, more)));
    EXPECT_EQ(r.status, 201) << r.body;
    return body_of(r);
  }
  static std::string id_of(const json::object& e) { return e.at("id").as_string().c_str(); }
  std::string make_id() { return id_of(make()); }
  static std::string at(const std::string& id, const std::string& rest = {}) {
    return std::string(place) + "/" + id + rest;
  }
  net::http_response get(const std::string& id) { return ask(t.operator_, "GET", at(id)); }
  json::object now_is(const std::string& id) { return body_of(get(id)); }
  net::http_response change(const std::string& id, const std::string& body) {
    return ask(t.admin, "PATCH", at(id), body);
  }
  net::http_response replay(const std::string& id, const std::string& body) {
    return ask(t.operator_, "POST", at(id, "/replay"), body);
  }
  std::size_t count() { return items_of(ask(t.operator_, "GET", place)).size(); }
  std::ptrdiff_t engine_heard(const std::string& what) const {
    const auto all = engine_->told();
    return std::count(all.begin(), all.end(), what);
  }
  std::int64_t position(const std::string& id) { return now_is(id).at("position").at("sequence").as_int64(); }

  /// What the sender signs with.
  webhook_secrets secrets(const std::string& id) {
    std::promise<result<persistence::webhook_store::one>> found;
    const auto rows = persistence::open_webhook_store(*db_, vault_);
    rows->find(tenant_id(t.id), webhook_id(id), 0, [&](auto one) { found.set_value(std::move(one)); });
    return found.get_future().get().value().line.secrets;
  }
  webhook_delivery attempt(const std::string& id, std::int64_t sequence, int status = 204) {
    webhook_delivery d;
    d.id = make_uuid(outside_);
    d.endpoint = webhook_id(id);
    d.message = "message-" + std::to_string(sequence);
    d.type = sequence > 0 ? "SCHEDULE_ENTRY_CREATED" : "TEST";
    d.sequence = sequence;
    d.status = status;
    d.took = 12ms;
    d.at = outside_.now();
    if (status != 204) {
      d.outcome = delivery_outcome::failed;
      d.code = "http_" + std::to_string(status);
      d.next_attempt_at = d.at + 1s;
    }
    return d;
  }
  void add_deliveries(const std::vector<webhook_delivery>& all) {
    const auto done = db_->run_now<bool>({tenant_id(t.id)}, [&](persistence::transaction& tx) {
      return persistence::append_deliveries(tx, all).map([] { return true; });
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }
};

// ---------------------------------------------------------------- who may

TEST_F(webhook_endpoints_test, each_role_may_do_its_own) {
  struct row {
    const char* method;
    std::string path, body;
    int reader, operator_, admin;
  };
  const auto id = make_id();
  const auto fields = json::serialize(body_with(url));

  for (const auto& r : std::vector<row>{{"POST", place, fields, 403, 403, 201},
                                        {"GET", place, "", 403, 200, 200},
                                        {"GET", at(id), "", 403, 200, 200},
                                        {"PATCH", at(id), "{}", 403, 403, 200},
                                        {"POST", at(id, "/rotate-secret"), "", 403, 403, 200},
                                        {"GET", at(id, "/deliveries"), "", 403, 200, 200},
                                        {"POST", at(id, "/replay"), R"({"from_sequence": 1})", 403, 202, 202},
                                        {"POST", at(id, "/test"), "", 403, 200, 200},
                                        {"DELETE", at(id), "", 403, 403, 204}}) {
    EXPECT_EQ(ask({}, r.method, r.path, r.body).status, 401) << r.method << r.path;
    for (const auto& [key, status] :
         {std::pair(t.reader, r.reader), {t.operator_, r.operator_}, {t.admin, r.admin}}) {
      const auto got = ask(key, r.method, r.path, r.body);
      EXPECT_EQ(got.status, status) << r.method << r.path << got.body;
      EXPECT_TRUE(status != 403 || code_of(got) == "role_too_low") << r.method << r.path;
    }
  }
}

TEST_F(webhook_endpoints_test, answers_foreign_and_missing_ids_alike) {
  const auto theirs = make_id();
  const auto before = get(theirs).body;
  const auto ours = make_tenant("B");

  for (const auto& [method, rest, body] :
       {std::tuple("GET", "", ""),
        {"PATCH", "", R"({"enabled": false})"},
        {"POST", "/rotate-secret", ""},
        {"GET", "/deliveries", ""},
        {"POST", "/replay", R"({"from_sequence": 1})"},
        {"POST", "/replay", R"({"delivery_id": "0190a0a0-0000-7000-8000-0000000000ff"})"},
        {"POST", "/test", ""},
        {"DELETE", "", ""}}) {
    const auto foreign = ask(ours.admin, method, at(theirs, rest), body);
    const auto missing = ask(ours.admin, method, at(nobody, rest), body);
    EXPECT_EQ(told(foreign), "404 webhook_endpoint_not_found") << method << rest;
    EXPECT_EQ(without_request(foreign.body), without_request(missing.body)) << method << rest;
    EXPECT_EQ(told(ask(ours.admin, method, at("not-a-uuid", rest), body)), "404 webhook_endpoint_not_found");
  }

  EXPECT_TRUE(items_of(ask(ours.admin, "GET", place)).empty());
  EXPECT_EQ(without_request(get(theirs).body), without_request(before));
  EXPECT_EQ(engine_heard("tried 0"), 0);
  const auto denied = audit(ours, "access.denied");
  EXPECT_EQ(std::count(denied.begin(), denied.end(), "webhook_endpoint:" + theirs), 1);
}

// ---------------------------------------------------------------- what is written

TEST_F(webhook_endpoints_test, shows_a_new_one_whole_and_its_secret_once) {
  make_entry(t, "One");

  const auto made = ask(t.admin, "POST", place, json::serialize(body_with(url, R"({"description": "Ours",
      "event_types": ["SCHEDULE_ENTRY_DELETED", "SCHEDULE_ENTRY_CREATED", "SCHEDULE_ENTRY_CREATED"]})")));

  ASSERT_EQ(made.status, 201) << made.body;
  auto e = body_of(made);
  const auto id = id_of(e);
  EXPECT_EQ(header_of(made, "Location"), at(id));
  EXPECT_EQ(e.at("url"), json::string(url));
  EXPECT_EQ(e.at("description"), "Ours");
  EXPECT_EQ(e.at("event_types"), json::parse(R"(["SCHEDULE_ENTRY_CREATED", "SCHEDULE_ENTRY_DELETED"])"));
  EXPECT_EQ(e.at("enabled"), true);
  EXPECT_EQ(e.at("state"), "active");
  EXPECT_EQ(e.at("position"), json::parse(R"({"sequence": 1, "last_sequence": 1})"));
  for (const auto* name : {"disabled", "failing", "last_delivered_at", "old_secret_until"})
    EXPECT_TRUE(e.at(name).is_null()) << name;
  const auto secret = std::string(e.at("secret").as_string());
  EXPECT_EQ(secrets(id).now, secret);
  e.erase("secret");
  EXPECT_EQ(now_is(id), e);
  for (const auto& r : {get(id), ask(t.admin, "GET", place), change(id, R"({"description": "x"})"),
                        replay(id, R"({"from_sequence": 1})"), ask(t.admin, "GET", "/v1/audit-log"),
                        ask(t.admin, "GET", "/v1/events"), ask(t.admin, "GET", at(id, "/deliveries"))})
    EXPECT_EQ(r.body.find("whsec_"), std::string::npos) << r.body;
  EXPECT_EQ(audit(t, "webhook_endpoint.created"), std::vector{"webhook_endpoint:" + id});
  EXPECT_GE(engine_heard("webhooks_changed"), 1);
}

TEST_F(webhook_endpoints_test, refuses_each_bad_field) {
  struct row {
    std::string body, problem;
  };
  const auto bytes = [](std::size_t n) { return std::string(n, 'a'); };
  const auto of_url = [](const std::string& given) { return json::serialize(body_with(given)); };
  const auto with = [](const std::string& field) {
    return R"({"url": "https://host.example/", )" + field + "}";
  };
  const std::vector<row> both{
      {"{", "400 malformed_json"},
      {"[]", "422 body_not_object"},
      {R"({"url": 1})", "422 wrong_type url"},
      {R"({"url": null})", "422 wrong_type url"},
      {of_url(""), "422 field_empty url"},
      {of_url("https://host.example/" + bytes(limits::webhook_url_bytes)), "422 field_too_long url"},
      {of_url("host.example/kalends"), "422 webhook_url_malformed url"},
      {of_url("ftp://host.example/"), "422 webhook_url_malformed url"},
      {of_url("https://ada:word@host.example/"), "422 webhook_url_malformed url"},
      {of_url("https://host.example/#there"), "422 webhook_url_malformed url"},
      {of_url("http://host.example/"), "422 webhook_url_insecure url"},
      {of_url("https://10.0.0.1/"), "422 webhook_address_refused url"},
      {of_url("https://[fd00::1]/"), "422 webhook_address_refused url"},
      {of_url("https://169.254.169.254/latest"), "422 webhook_address_refused url"},
      {of_url("https://localhost/"), "422 webhook_address_refused url"},
      {of_url("https://127.0.0.1:8080/"), "422 webhook_address_refused url"},
      {with(R"("description": 5)"), "422 wrong_type description"},
      {with(R"("description": ")" + bytes(201) + "\""), "422 field_too_long description"},
      {with(R"("event_types": "SCHEDULE_ENTRY_CREATED")"), "422 wrong_type event_types"},
      {with(R"("event_types": [1])"), "422 unknown_value event_types[0]"},
      {with(R"("event_types": ["SCHEDULE_ENTRY_CREATED", "created"])"), "422 unknown_value event_types[1]"},
      {with(R"("enabled": "yes")"), "422 wrong_type enabled"},
      {with(R"("enabled": null)"), "422 wrong_type enabled"},
      {with(R"("id": "x")"), "422 read_only_field id"},
      {with(R"("created_at": "x")"), "422 read_only_field created_at"},
      {with(R"("state": "active")"), "422 read_only_field state"},
      {with(R"("secret": "whsec_mine")"), "422 read_only_field secret"},
      {with(R"("position": 0)"), "422 read_only_field position"},
      {with(R"("uri": "x")"), "422 unknown_field uri"}};
  const auto id = make_id();
  const auto before = now_is(id);
  const auto heard = engine_heard("webhooks_changed");

  EXPECT_EQ(told(ask(t.admin, "POST", place, "{}")), "422 missing_field url");
  for (const auto& r : both) {
    EXPECT_EQ(told(ask(t.admin, "POST", place, r.body)), r.problem) << r.body;
    EXPECT_EQ(told(change(id, r.body)), r.problem) << r.body;
  }

  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(now_is(id), before);
  EXPECT_EQ(engine_heard("webhooks_changed"), heard);
}

TEST_F(webhook_endpoints_test, changes_what_is_named_and_nothing_else) {
  const auto id = id_of(make(R"({"description": "Ours", "event_types": ["SCHEDULE_ENTRY_DELETED"]})"));
  const auto before = now_is(id);

  EXPECT_EQ(body_of(change(id, "{}")), before);
  EXPECT_EQ(body_of(change(id, R"({"event_types": null})")).at("event_types"), json::value());
  EXPECT_EQ(body_of(change(id, R"({"event_types": ["SCHEDULE_ENTRY_UPDATED"]})")).at("event_types"),
            json::parse(R"(["SCHEDULE_ENTRY_UPDATED"])"));
  EXPECT_EQ(body_of(change(id, R"({"event_types": []})")).at("event_types"), json::value());
  EXPECT_EQ(body_of(change(id, R"({"description": null})")).at("description"), "");
  EXPECT_EQ(body_of(change(id, R"({"url": "https://other.example/"})")).at("url"), "https://other.example/");
  EXPECT_EQ(body_of(change(id, R"({"enabled": false})")).at("state"), "paused");
  const auto on = body_of(change(id, R"({"enabled": true})"));

  EXPECT_EQ(on.at("state"), "active");
  EXPECT_EQ(on.at("id"), before.at("id"));
  EXPECT_EQ(on.at("created_at"), before.at("created_at"));
  EXPECT_EQ(audit(t, "webhook_endpoint.changed").size(), 8u);
}

TEST_F(webhook_endpoints_test, says_that_one_fails_or_is_disabled_and_switching_on_mends_it) {
  const auto id = make_id();
  set(t, "UPDATE webhook_endpoints SET attempts = 3, failing_since = '2026-12-01T09:00:00Z', last_code = "
         "'http_500',"
         " next_attempt_at = '2026-12-01T09:05:00Z'");

  const auto failing = now_is(id);
  set(t, "UPDATE webhook_endpoints SET stop_code = 'endpoint_gone', stop_detail = 'It is gone.',"
         " stopped_at = '2026-12-01T10:00:00Z'");
  const auto disabled = now_is(id);
  const auto mended = body_of(change(id, R"({"enabled": true})"));

  EXPECT_EQ(failing.at("state"), "failing");
  EXPECT_EQ(failing.at("failing"), json::parse(R"({"since": "2026-12-01T09:00:00.000Z", "attempts": 3,
                                                   "code": "http_500",
                                                   "next_attempt_at": "2026-12-01T09:05:00.000Z"})"));
  EXPECT_TRUE(failing.at("disabled").is_null());
  EXPECT_EQ(disabled.at("state"), "disabled");
  EXPECT_EQ(disabled.at("disabled"), json::parse(R"({"code": "endpoint_gone", "detail": "It is gone.",
                                                     "since": "2026-12-01T10:00:00.000Z"})"));
  EXPECT_TRUE(disabled.at("failing").is_null());
  EXPECT_EQ(mended.at("state"), "active");
  EXPECT_TRUE(mended.at("disabled").is_null());
  EXPECT_TRUE(mended.at("failing").is_null());
}

TEST_F(webhook_endpoints_test, a_tenant_has_so_many_and_no_more) {
  std::string last;
  for (std::size_t i = 0; i < limits::webhook_endpoints; ++i) last = make_id();
  const auto fields = json::serialize(body_with(url));

  EXPECT_EQ(told(ask(t.admin, "POST", place, fields)), "409 webhook_endpoints_full");
  EXPECT_EQ(ask(make_tenant("B").admin, "POST", place, fields).status, 201);
  EXPECT_EQ(ask(t.admin, "DELETE", at(last)).status, 204);
  EXPECT_EQ(ask(t.admin, "POST", place, fields).status, 201);
}

TEST_F(webhook_endpoints_test, one_that_was_deleted_is_gone_with_its_deliveries) {
  const auto id = make_id();
  add_deliveries({attempt(id, 1)});

  EXPECT_EQ(ask(t.admin, "DELETE", at(id)).status, 204);

  EXPECT_EQ(told(get(id)), "404 webhook_endpoint_not_found");
  EXPECT_EQ(told(ask(t.admin, "DELETE", at(id))), "404 webhook_endpoint_not_found");
  EXPECT_EQ(told(ask(t.admin, "GET", at(id, "/deliveries"))), "404 webhook_endpoint_not_found");
  EXPECT_EQ(audit(t, "webhook_endpoint.deleted"), std::vector{"webhook_endpoint:" + id});
}

TEST_F(webhook_endpoints_test, lists_them_page_by_page) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(make_id());

  std::vector<std::string> listed;
  std::string cursor;
  do {
    const auto page = ask(t.operator_, "GET", std::string(place) + "?limit=2" + cursor);
    for (const auto& e : items_of(page)) listed.emplace_back(e.at("id").as_string());
    const auto next = body_of(page).at("next_cursor");
    cursor = next.is_null() ? "" : "&cursor=" + std::string(next.as_string());
  } while (!cursor.empty());

  EXPECT_EQ(listed, made);
  for (const auto& [query, problem] : {std::pair("?limit=0", "422 malformed_parameter limit"),
                                       {"?limit=many", "422 malformed_parameter limit"},
                                       {"?cursor=x", "400 malformed_cursor cursor"},
                                       {"?state=active", "422 unknown_parameter state"}})
    EXPECT_EQ(told(ask(t.operator_, "GET", std::string(place) + query)), problem) << query;
}

// ---------------------------------------------------------------- secrets

TEST_F(webhook_endpoints_test, a_replaced_secret_signs_beside_the_new_one_for_a_day) {
  const auto made = make();
  const auto id = id_of(made);
  const auto first = std::string(made.at("secret").as_string());

  const auto begun = outside_.now();
  const auto second = body_of(ask(t.admin, "POST", at(id, "/rotate-secret")));
  const auto ended = outside_.now();

  const auto shown = std::string(second.at("secret").as_string());
  EXPECT_NE(shown, first);
  EXPECT_EQ(shown.substr(0, 6), "whsec_");
  const auto both = secrets(id);
  EXPECT_EQ(both.now, shown);
  EXPECT_EQ(both.before, first);
  ASSERT_TRUE(both.before_until);
  EXPECT_GE(*both.before_until, begun + old_secret_signs);
  EXPECT_LE(*both.before_until, ended + old_secret_signs);
  EXPECT_EQ(second.at("old_secret_until"), json::string(to_rfc3339(*both.before_until)));
  EXPECT_EQ(get(id).body.find("whsec_"), std::string::npos);
  EXPECT_EQ(audit(t, "webhook_endpoint.secret_rotated"), std::vector{"webhook_endpoint:" + id});

  const auto third = body_of(ask(t.admin, "POST", at(id, "/rotate-secret")));

  EXPECT_EQ(secrets(id).now, std::string(third.at("secret").as_string()));
  EXPECT_EQ(secrets(id).before, shown);
}

TEST_F(webhook_endpoints_test, keeps_no_answer_that_holds_a_secret) {
  const net::header_list key{{"Idempotency-Key", "once"}};
  const auto fields = json::serialize(body_with(url));

  const auto first = body_of(ask(t.admin, "POST", place, fields, key));
  const auto second = body_of(ask(t.admin, "POST", place, fields, key));
  const auto rotated = body_of(ask(t.admin, "POST", at(id_of(first), "/rotate-secret"), {}, key));
  const auto again = body_of(ask(t.admin, "POST", at(id_of(first), "/rotate-secret"), {}, key));

  EXPECT_NE(id_of(first), id_of(second));
  EXPECT_NE(rotated.at("secret"), again.at("secret"));
  const auto kept = db_->run_now<bool>({tenant_id(t.id)}, [](persistence::transaction& tx) -> result<bool> {
    return tx.query({"kept", "SELECT FROM kept_answers WHERE body LIKE '%whsec_%'"}).map([](const auto& r) {
      return !r.empty();
    });
  });
  EXPECT_FALSE(kept.value());
}

TEST_F(webhook_endpoints_test, repeats_the_first_answer_to_a_key) {
  const auto id = make_id();
  make_entry(t, "One");
  struct row {
    const char *method, *rest, *body, *heard;
    const std::string* key;
  };
  const auto other_body = R"({"from_sequence": 2})";

  int n = 0;
  for (const auto& r : {row{"PATCH", "", R"({"description": "x"})", "webhooks_changed", &t.admin},
                        row{"POST", "/replay", R"({"from_sequence": 1})", "webhooks_changed", &t.operator_},
                        row{"POST", "/test", "", "tried 0", &t.operator_},
                        row{"DELETE", "", "", "webhooks_changed", &t.admin}}) {
    const net::header_list key{{"Idempotency-Key", "key-" + std::to_string(++n)}};
    const auto before = engine_heard(r.heard);

    const auto first = ask(*r.key, r.method, at(id, r.rest), r.body, key);
    const auto again = ask(*r.key, r.method, at(id, r.rest), r.body, key);

    EXPECT_LT(first.status, 300) << r.method << r.rest << first.body;
    EXPECT_EQ(again.status, first.status) << r.method << r.rest;
    EXPECT_EQ(again.body, first.body) << r.method << r.rest;
    EXPECT_EQ(engine_heard(r.heard), before + 1) << r.method << r.rest;
    EXPECT_EQ(told(ask(*r.key, r.method, at(id, r.rest), other_body, key)),
              "422 idempotency_key_reused Idempotency-Key");
  }
}

// ---------------------------------------------------------------- what was sent, and again

TEST_F(webhook_endpoints_test, shows_attempts_newest_first_and_by_outcome) {
  const auto id = make_id();
  const auto other = make_id();
  add_deliveries({attempt(id, 1), attempt(id, 2, 500), attempt(id, 2), attempt(id, 0)});
  add_deliveries({attempt(other, 9)});
  const auto list = [&](const std::string& query) {
    std::string all;
    for (const auto& d : items_of(ask(t.operator_, "GET", at(id, "/deliveries") + query)))
      all += (all.empty() ? "" : " ") + std::string(d.at("message_id").as_string()) + "/" +
             std::string(d.at("outcome").as_string());
    return all;
  };

  EXPECT_EQ(list(""), "message-0/delivered message-2/delivered message-2/failed message-1/delivered");
  EXPECT_EQ(list("?outcome=failed"), "message-2/failed");
  EXPECT_EQ(list("?outcome=delivered&limit=2"), "message-0/delivered message-2/delivered");
  const auto next = body_of(ask(t.operator_, "GET", at(id, "/deliveries?outcome=delivered&limit=2")));
  EXPECT_EQ(list("?outcome=delivered&cursor=" + std::string(next.at("next_cursor").as_string())),
            "message-1/delivered");
  const auto failed =
      items_of(ask(t.operator_, "GET", at(id, "/deliveries?outcome=failed"))).at(0).as_object();
  EXPECT_EQ(failed.at("cause"), "feed");
  EXPECT_EQ(failed.at("sequence"), 2);
  EXPECT_EQ(failed.at("http_status"), 500);
  EXPECT_EQ(failed.at("code"), "http_500");
  EXPECT_EQ(failed.at("duration_ms"), 12);
  EXPECT_FALSE(failed.at("next_attempt_at").is_null());
  const auto tested = items_of(ask(t.operator_, "GET", at(id, "/deliveries"))).at(0).as_object();
  EXPECT_TRUE(tested.at("sequence").is_null());
  EXPECT_TRUE(tested.at("code").is_null());
  for (const auto& [query, problem] : {std::pair("?outcome=lost", "422 unknown_value outcome"),
                                       {"?limit=1000", "422 malformed_parameter limit"},
                                       {"?cursor=x", "400 malformed_cursor cursor"},
                                       {"?code=http_500", "422 unknown_parameter code"}})
    EXPECT_EQ(told(ask(t.operator_, "GET", at(id, "/deliveries") + query)), problem) << query;
}

TEST_F(webhook_endpoints_test, sends_everything_again_from_a_fact_on) {
  for (const auto* title : {"One", "Two", "Three"}) make_entry(t, title);
  const auto id = make_id();
  ASSERT_EQ(position(id), 3);

  const auto moved = replay(id, R"({"from_sequence": 2})");

  EXPECT_EQ(moved.status, 202) << moved.body;
  EXPECT_EQ(body_of(moved).at("position"), json::parse(R"({"sequence": 1, "last_sequence": 3})"));
  EXPECT_EQ(position(id), 1);
  EXPECT_EQ(audit(t, "webhook_endpoint.replayed"), std::vector{"webhook_endpoint:" + id});
  EXPECT_EQ(replay(id, R"({"from_sequence": 4})").status, 202); // from the next one on
  EXPECT_EQ(position(id), 3);
}

TEST_F(webhook_endpoints_test, refuses_a_replay_that_says_too_little_or_what_is_not_there) {
  for (const auto* title : {"One", "Two", "Three"}) make_entry(t, title);
  const auto id = make_id();
  const auto other = make_id();
  const auto foreign = attempt(other, 1);
  add_deliveries({foreign});
  const auto heard = engine_heard("webhooks_changed");
  const auto of_delivery = [](const std::string& delivery) {
    return R"({"delivery_id": ")" + delivery + "\"}";
  };

  for (const auto& [body, problem] :
       {std::pair(std::string(), "422 missing_field from_sequence"),
        {"{}", "422 missing_field from_sequence"},
        {R"({"from_sequence": 1, "delivery_id": "0190a0a0-0000-7000-8000-0000000000ff"})",
         "422 missing_field from_sequence"},
        {R"({"from_sequence": 0})", "422 wrong_type from_sequence"},
        {R"({"from_sequence": -1})", "422 wrong_type from_sequence"},
        {R"({"from_sequence": "1"})", "422 wrong_type from_sequence"},
        {R"({"from_sequence": 1.5})", "422 wrong_type from_sequence"},
        {R"({"from_sequence": 5})", "422 unknown_value from_sequence"},
        {R"({"from_sequence": 1, "to_sequence": 2})", "422 unknown_field to_sequence"},
        {R"({"delivery_id": 7})", "422 wrong_type delivery_id"},
        {of_delivery("x"), "422 malformed_id delivery_id"},
        {of_delivery(nobody), "404 delivery_not_found"},
        {of_delivery(foreign.id), "404 delivery_not_found"}})
    EXPECT_EQ(told(replay(id, body)), problem) << body;
  set(t, "DELETE FROM facts WHERE sequence < 3");
  EXPECT_EQ(told(replay(id, R"({"from_sequence": 2})")), "410 cursor_expired from_sequence");
  EXPECT_EQ(position(id), 3);
  EXPECT_EQ(engine_heard("webhooks_changed"), heard);

  EXPECT_EQ(replay(id, R"({"from_sequence": 3})").status, 202);
}

TEST_F(webhook_endpoints_test, sends_one_message_again_and_tells_what_came_of_it) {
  const auto id = make_id();
  const auto sent = attempt(id, 7, 500);
  const auto tested = attempt(id, 0);
  add_deliveries({sent, tested});

  const auto again = replay(id, R"({"delivery_id": ")" + sent.id + "\"}");
  const auto test_again = replay(id, R"({"delivery_id": ")" + tested.id + "\"}");

  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(body_of(again).at("cause"), "replay");
  EXPECT_EQ(body_of(again).at("sequence"), 7);
  EXPECT_EQ(body_of(again).at("outcome"), "delivered");
  EXPECT_EQ(body_of(test_again).at("cause"), "test");
  EXPECT_EQ(engine_heard("tried 7"), 1);
  EXPECT_EQ(engine_heard("tried 0"), 1);
  EXPECT_EQ(audit(t, "webhook_endpoint.message_replayed").size(), 1u);
  EXPECT_EQ(audit(t, "webhook_endpoint.tested").size(), 1u);
}

TEST_F(webhook_endpoints_test, a_test_that_fails_is_an_outcome_and_one_that_cannot_begin_an_error) {
  const auto id = make_id();
  const auto test = [&] { return ask(t.operator_, "POST", at(id, "/test")); };
  EXPECT_EQ(body_of(test()).at("type"), "TEST");

  engine_->on_try = [](webhook_delivery d) {
    d.outcome = delivery_outcome::failed;
    d.status = 0;
    d.code = "connect_failed";
    return d;
  };
  const auto failed = test();
  engine_->on_try = [](const webhook_delivery&) -> result<webhook_delivery> {
    return failure(errc::conflict, "work_stopped", "The work of this tenant is stopped.");
  };
  const auto stopped = test();

  EXPECT_EQ(failed.status, 200) << failed.body;
  EXPECT_EQ(body_of(failed).at("outcome"), "failed");
  EXPECT_EQ(body_of(failed).at("code"), "connect_failed");
  EXPECT_TRUE(body_of(failed).at("http_status").is_null());
  EXPECT_EQ(told(stopped), "409 work_stopped");
  EXPECT_EQ(audit(t, "webhook_endpoint.tested").size(), 3u);
}

} // namespace
} // namespace kalends::api
