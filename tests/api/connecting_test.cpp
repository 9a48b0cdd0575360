// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include "net/oauth.hpp"
#include "persistence/approvals.hpp"

namespace kalends::api {
namespace {

struct connecting_test : served_api {
  tenant_keys t = make_tenant("A");
  std::string user = make_user(t, "ada@a.test");
  std::string provider = make_provider(t, user, "google");

  std::string begin(const std::string& body = {}) {
    const auto r = ask(t.admin, "POST", "/v1/calendar-providers/" + provider + "/authorization", body);
    EXPECT_EQ(r.status, 201) << r.body;
    const std::string url = body_of(r).at("url").as_string().c_str();
    EXPECT_TRUE(url.starts_with("https://kalends.test/connect/")) << url;
    return url.substr(std::string("https://kalends.test/connect/").size());
  }
  /// The cookie that following the link left in a browser.
  std::string follow(const std::string& state, const std::string& cookie = {}) {
    const auto r = ask("", "GET", "/connect/" + state, "",
                       cookie.empty() ? net::header_list{} : net::header_list{{"Cookie", cookie}});
    consent = header_of(r, "Location");
    const auto set = header_of(r, "Set-Cookie");
    return set.substr(0, set.find(';'));
  }
  net::http_response come_back(const std::string& query, const std::string& cookie,
                               const std::string& vendor = "google") {
    return ask("", "GET", "/oauth/" + vendor + "/callback?" + query, "",
               cookie.empty() ? net::header_list{} : net::header_list{{"Cookie", cookie}});
  }
  boost::json::object shown() { return body_of(ask(t.reader, "GET", "/v1/calendar-providers/" + provider)); }
  bool connected() const {
    for (const auto& what : engine_->told())
      if (what == "changed " + provider + " connected") return true;
    return false;
  }
  std::string consent;
};

TEST_F(connecting_test, connects_a_calendar) {
  const auto state = begin();
  const auto link = ask("", "GET", "/connect/" + state);
  ASSERT_EQ(link.status, 302);
  const auto set = header_of(link, "Set-Cookie");
  for (const auto* part :
       {"kalends_connect=", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=600"})
    EXPECT_NE(set.find(part), std::string::npos) << part;
  const auto location = header_of(link, "Location");
  EXPECT_NE(location.find("state=" + state), std::string::npos);
  EXPECT_NE(location.find("hint=ada@a.test"), std::string::npos);

  const auto done = come_back("state=" + state + "&code=c", set.substr(0, set.find(';')));

  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_NE(done.body.find("ada@example.test"), std::string::npos);
  EXPECT_EQ(done.body.find("<script"), std::string::npos);
  EXPECT_NE(location.find("challenge=" + net::challenge_of(oauth_->seen_verifier)), std::string::npos);
  EXPECT_NE(location.find("nonce=" + oauth_->seen_nonce), std::string::npos);
  EXPECT_EQ(shown().at("status"), "active");
  EXPECT_EQ(shown().at("account"), "ada@example.test");
  EXPECT_EQ(shown().at("calendar_id"), "ada@example.test");
  EXPECT_TRUE(connected());
  EXPECT_EQ(audit(t, "provider.connected").size(), 1u);
}

TEST_F(connecting_test, refuses_a_state_that_was_used) {
  const auto state = begin();
  const auto cookie = follow(state);
  ASSERT_EQ(come_back("state=" + state + "&code=c", cookie).status, 200);

  const auto again = come_back("state=" + state + "&code=c", cookie);

  EXPECT_EQ(again.status, 410);
  EXPECT_NE(again.body.find("authorization_void"), std::string::npos);
  EXPECT_EQ(ask("", "GET", "/connect/" + state, "", {{"Cookie", cookie}}).status, 410);
}

TEST_F(connecting_test, refuses_a_state_that_expired) {
  const auto state = begin();
  const auto cookie = follow(state);
  pass(std::chrono::minutes(11));
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie).status, 410);
  EXPECT_FALSE(connected());

  const auto unfollowed = begin();
  pass(std::chrono::minutes(11));
  EXPECT_EQ(ask("", "GET", "/connect/" + unfollowed).status, 410);
}

TEST_F(connecting_test, refuses_another_browser) {
  const auto state = begin();
  const auto cookie = follow(state);
  const std::string other = "kalends_connect=" + std::string(43, 'x');

  EXPECT_EQ(ask("", "GET", "/connect/" + state, "", {{"Cookie", other}}).status, 410);
  EXPECT_EQ(come_back("state=" + state + "&code=c", other).status, 410);
  const auto none = come_back("state=" + state + "&code=c", "");
  EXPECT_EQ(none.status, 400);
  EXPECT_NE(none.body.find("browser_unknown"), std::string::npos);
  EXPECT_FALSE(connected());
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie).status, 200);
}

TEST_F(connecting_test, lets_one_browser_follow_its_link_twice) {
  const auto state = begin();
  const auto cookie = follow(state);
  EXPECT_EQ(follow(state, cookie), cookie);
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie).status, 200);
}

TEST_F(connecting_test, refuses_the_other_vendors_callback) {
  const auto state = begin();
  const auto cookie = follow(state);
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie, "microsoft").status, 410);
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie).status, 410);
  EXPECT_FALSE(connected());
}

TEST_F(connecting_test, refuses_damaged_links) {
  const auto cookie = "kalends_connect=" + std::string(43, 'x');
  EXPECT_EQ(ask("", "GET", "/connect/nonsense").status, 400);
  EXPECT_EQ(come_back("state=nonsense&code=c", cookie).status, 400);
  EXPECT_EQ(come_back("code=c", cookie).status, 400);
  auto foreign = begin();
  foreign.replace(0, 32, std::string(32, '0'));
  EXPECT_EQ(ask("", "GET", "/connect/" + foreign).status, 410);
}

TEST_F(connecting_test, takes_a_no_kindly) {
  const auto state = begin();
  const auto cookie = follow(state);
  const auto r = come_back("state=" + state + "&error=access_denied", cookie);
  EXPECT_EQ(r.status, 200);
  EXPECT_NE(r.body.find("consent_declined"), std::string::npos);
  EXPECT_FALSE(connected());
  EXPECT_EQ(shown().at("status"), "pending_authorization");
  EXPECT_EQ(audit(t, "provider.connection_failed").size(), 1u);
  EXPECT_EQ(come_back("state=" + state + "&code=c", cookie).status, 410);
}

TEST_F(connecting_test, shows_why_the_vendor_refused) {
  oauth_->refusal = error{errc::invalid, "scope_missing", "The calendar permission was left out.", {}, {}};
  const auto state = begin();
  const auto r = come_back("state=" + state + "&code=c", follow(state));
  EXPECT_EQ(r.status, 409);
  EXPECT_NE(r.body.find("scope_missing"), std::string::npos);
  EXPECT_FALSE(connected());
}

TEST_F(connecting_test, returns_only_to_its_own_origin) {
  const auto refused = ask(t.admin, "POST", "/v1/calendar-providers/" + provider + "/authorization",
                           R"({"return_to": "https://evil.test/"})");
  EXPECT_EQ(code_of(refused), "return_to_refused");
  const auto state = begin(R"({"return_to": "/settings?tab=2"})");
  const auto r = come_back("state=" + state + "&code=c", follow(state));
  EXPECT_EQ(r.status, 303);
  EXPECT_EQ(header_of(r, "Location"), "https://kalends.test/settings?tab=2");
}

TEST_F(connecting_test, prefers_the_tenants_own_oauth_client_and_hides_its_secret) {
  const auto put = ask(t.admin, "PUT", "/v1/oauth-clients/google",
                       R"({"client_id": "own", "client_secret": "s3cret-value"})");
  EXPECT_EQ(put.status, 200) << put.body;
  const auto got = ask(t.admin, "GET", "/v1/oauth-clients/google");
  EXPECT_EQ(body_of(got).at("client_id"), "own");
  EXPECT_EQ((put.body + got.body).find("s3cret-value"), std::string::npos);
  follow(begin());
  EXPECT_NE(consent.find("client=own"), std::string::npos);

  EXPECT_EQ(ask(t.admin, "DELETE", "/v1/oauth-clients/google").status, 204);
  EXPECT_EQ(code_of(ask(t.admin, "GET", "/v1/oauth-clients/google")), "oauth_client_not_found");
  EXPECT_EQ(code_of(ask(t.admin, "GET", "/v1/oauth-clients/apple")), "oauth_client_not_found");
  follow(begin());
  EXPECT_NE(consent.find("client=google-client"), std::string::npos);
}

TEST_F(connecting_test, a_person_pauses_a_connected_calendar_and_resumes_it) {
  const auto path = "/v1/calendar-providers/" + provider;
  EXPECT_EQ(ask(t.admin, "PATCH", path, R"({"status": "paused"})").status, 409) << "not connected yet";
  EXPECT_EQ(ask(t.admin, "POST", path + "/resume").status, 409);
  const auto state = begin();
  ASSERT_EQ(come_back("state=" + state + "&code=c", follow(state)).status, 200);

  EXPECT_EQ(ask(t.admin, "PATCH", path, R"({"status": "paused"})").status, 200);
  EXPECT_EQ(shown().at("status"), "paused");
  EXPECT_EQ(ask(t.admin, "PATCH", path, R"({"status": "action_required"})").status, 409);
  EXPECT_EQ(ask(t.reader, "POST", path + "/resume").status, 403);
  const auto resumed = ask(t.operator_, "POST", path + "/resume");

  EXPECT_EQ(resumed.status, 200) << resumed.body;
  EXPECT_EQ(shown().at("status"), "active");
  EXPECT_EQ(engine_->told().back(), "resumed " + provider);
  EXPECT_EQ(ask(t.operator_, "POST", path + "/resume").status, 200) << "lets a parked one out";
  EXPECT_EQ(audit(t, "provider.resumed").size(), 2u);
}

TEST_F(connecting_test, tells_and_changes_what_a_calendar_brings_in_and_whom_it_mails) {
  const auto path = "/v1/calendar-providers/" + provider;
  const auto made = ask(t.admin, "POST", "/v1/calendar-providers",
                        R"({"type": "google", "import_policy": "busy_only", "guest_mail": "guests",)"
                        R"( "conflict_policy": "manual", "user_id": ")" +
                            user + "\"}");
  ASSERT_EQ(made.status, 201);
  const auto other = "/v1/calendar-providers/" + std::string(body_of(made).at("id").as_string());
  const auto changed =
      ask(t.admin, "PATCH", path,
          R"({"import_policy": "marked", "guest_mail": "guests", "conflict_policy": "manual"})");

  EXPECT_EQ(shown().at("import_policy"), "marked");
  EXPECT_EQ(shown().at("guest_mail"), "guests");
  EXPECT_EQ(shown().at("conflict_policy"), "manual");
  EXPECT_TRUE(shown().at("held_removals").is_null());
  EXPECT_EQ(engine_->told().back(), "changed " + provider);
  const auto stored = body_of(ask(t.reader, "GET", other));
  EXPECT_EQ(stored.at("import_policy"), "busy_only");
  EXPECT_EQ(stored.at("guest_mail"), "guests");
  EXPECT_EQ(stored.at("conflict_policy"), "manual");
  for (const auto* body :
       {R"({"import_policy": "some"})", R"({"guest_mail": "everybody"})", R"({"conflict_policy": "never"})"})
    EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, body)), "unknown_value") << body;
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"held_removals": null})")), "read_only_field");
}

TEST_F(connecting_test, a_calendar_can_take_its_copies_along) {
  const auto path = "/v1/calendar-providers/" + provider;
  EXPECT_EQ(code_of(ask(t.admin, "DELETE", path + "?remove_events=perhaps")), "malformed_parameter");
  EXPECT_EQ(code_of(ask(t.admin, "DELETE", path + "?remove_events=true")), "provider_not_connected")
      << "nothing was ever connected";
  const auto state = begin();
  ASSERT_EQ(come_back("state=" + state + "&code=c", follow(state)).status, 200);

  const auto asked = ask(t.admin, "DELETE", path + "?remove_events=true");
  const auto again = ask(t.admin, "DELETE", path + "?remove_events=true");

  EXPECT_EQ(asked.status, 202);
  EXPECT_EQ(body_of(asked).at("status"), "leaving");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(shown().at("status"), "leaving");
  EXPECT_EQ(engine_->told().back(), "changed " + provider);
  EXPECT_EQ(audit(t, "provider.removal_with_events_requested").size(), 1u);
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"status": "active"})")), "provider_not_connected");
  EXPECT_EQ(ask(t.admin, "DELETE", path + "?remove_events=false").status, 204) << "without waiting for it";
  EXPECT_EQ(ask(t.admin, "DELETE", path + "?remove_events=true").status, 404);
}

TEST_F(connecting_test, a_rehearsal_is_shown_and_approved) {
  const auto made = ask(t.admin, "POST", "/v1/calendar-providers",
                        R"({"type": "google", "rehearsal": true, "user_id": ")" + user + "\"}");
  const std::string id(body_of(made).at("id").as_string());
  const auto path = "/v1/calendar-providers/" + id;
  EXPECT_EQ(body_of(made).at("rehearsal"), true);
  EXPECT_EQ(shown().at("rehearsal"), false);
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"rehearsal": false})")), "read_only_field");
  EXPECT_TRUE(body_of(ask(t.operator_, "GET", path + "/rehearsal")).at("report").is_null());
  ASSERT_TRUE(db_->run_now<bool>({tenant_id(t.id)}, [&](persistence::transaction& tx) {
    return persistence::put_rehearsal(tx, provider_id(id), {R"({"mailed":0})", outside_.now()});
  }));

  const auto found = body_of(ask(t.operator_, "GET", path + "/rehearsal"));
  EXPECT_EQ(found.at("report").at("mailed"), 0);
  EXPECT_TRUE(found.at("finished_at").is_string());
  EXPECT_EQ(code_of(ask(t.reader, "GET", path + "/rehearsal")), "role_too_low");
  EXPECT_EQ(code_of(ask(t.operator_, "POST", path + "/rehearsal/approval")), "role_too_low");
  const auto approved = ask(t.admin, "POST", path + "/rehearsal/approval");

  EXPECT_EQ(approved.status, 200);
  EXPECT_EQ(body_of(approved).at("rehearsal"), false);
  EXPECT_EQ(engine_->told().back(), "resumed " + id);
  EXPECT_EQ(audit(t, "provider.rehearsal_approved").size(), 1u);
  EXPECT_EQ(code_of(ask(t.admin, "POST", path + "/rehearsal/approval")), "rehearsal_not_found");
  EXPECT_EQ(code_of(ask(t.operator_, "GET", path + "/rehearsal")), "rehearsal_not_found");
  EXPECT_EQ(code_of(ask(t.operator_, "GET", "/v1/calendar-providers/x/rehearsal")), "provider_not_found");
}

TEST_F(connecting_test, a_tenant_may_want_every_connection_to_begin_with_a_rehearsal) {
  const auto tenant = "/v1/admin/tenants/" + t.id;
  const auto made = [&](const std::string& more) {
    const auto r = ask(t.admin, "POST", "/v1/calendar-providers",
                       R"({"type": "google", )" + more + R"("user_id": ")" + user + "\"}");
    return body_of(r).at("rehearsal").as_bool();
  };
  EXPECT_EQ(body_of(ask(admin_key, "GET", tenant)).at("rehearsal_default"), false);
  EXPECT_FALSE(made(""));

  const auto changed = ask(admin_key, "PATCH", tenant, R"({"rehearsal_default": true})");

  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(body_of(changed).at("rehearsal_default"), true);
  EXPECT_EQ(body_of(changed).at("name"), "A");
  EXPECT_TRUE(made(""));
  EXPECT_FALSE(made(R"("rehearsal": false, )"));
  EXPECT_EQ(shown().at("rehearsal"), false) << "what is there stays as it is";
  EXPECT_EQ(code_of(ask(admin_key, "PATCH", tenant, R"({"rehearsal_default": 1})")), "wrong_type");
  EXPECT_EQ(body_of(ask(admin_key, "PATCH", tenant, R"({"name": "B"})")).at("rehearsal_default"), true);
}

TEST_F(connecting_test, deletions_that_wait_are_shown_and_answered) {
  const auto path = "/v1/calendar-providers/" + provider + "/approvals";
  EXPECT_TRUE(body_of(ask(t.reader, "GET", path)).at("items").as_array().empty());
  const auto entry = make_uuid(outside_);
  ASSERT_TRUE(db_->run_now<bool>({tenant_id(t.id)}, [&](persistence::transaction& tx) {
    static constexpr persistence::statement hold{
        "hold_one", "INSERT INTO mappings (tenant_id, entry_id, provider_id, event_id, linked, removing,"
                    " event_version, entry_version, base_entry, removal_gate, held_since)"
                    " VALUES ($1, $2, $3, 'event-1', true, true, 'v1', 1,"
                    " '{\"title\":\"Gone\",\"start\":\"2026-12-01\",\"end\":\"2026-12-02\"}', 1, now())"};
    return tx.query(hold, {tx.tenant(), entry_id(entry), provider_id(provider)}).map([](const auto&) {
      return true;
    });
  }));

  const auto items = body_of(ask(t.reader, "GET", path)).at("items").as_array();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].at("kind"), "events_would_go");
  EXPECT_EQ(items[0].at("count"), 1);
  EXPECT_EQ(items[0].at("of"), 1);
  EXPECT_EQ(items[0].at("approved"), false);
  const auto& sample = items[0].at("sample").as_array().at(0);
  EXPECT_EQ(sample.at("entry_id"), boost::json::string(entry));
  EXPECT_EQ(sample.at("event_id"), "event-1");
  EXPECT_EQ(sample.at("title"), "Gone");
  EXPECT_EQ(sample.at("start").at("date"), "2026-12-01");
  EXPECT_EQ(shown().at("held_removals").at("side"), "events");
  EXPECT_TRUE(shown().at("events_left").is_null());

  const auto answer = [&](const char* body) { return ask(t.operator_, "POST", path, body); };
  EXPECT_EQ(code_of(ask(t.reader, "POST", path, R"({"decision": "approve"})")), "role_too_low");
  EXPECT_EQ(code_of(answer(R"({"decision": "maybe"})")), "unknown_value");
  EXPECT_EQ(code_of(answer(R"({"decision": "approve", "kind": "all"})")), "unknown_value");
  EXPECT_EQ(code_of(answer(R"({"decision": "approve", "count": -1})")), "wrong_type");
  EXPECT_EQ(answer(R"({"decision": "approve", "kind": "events_would_go", "count": 1})").status, 200);
  EXPECT_EQ(engine_->told().back(), "approved");
  EXPECT_EQ(engine_->last_answer.from_calendar, false);
  EXPECT_EQ(engine_->last_answer.count, 1);
  EXPECT_EQ(answer(R"({"decision": "refuse"})").status, 200);
  EXPECT_EQ(engine_->told().back(), "refused");
  EXPECT_EQ(audit(t, "provider.removals_approved").size(), 1u);
  EXPECT_EQ(audit(t, "provider.removals_refused").size(), 1u);
}

TEST_F(connecting_test, another_direction_is_compared_in_full_at_once) {
  const auto path = "/v1/calendar-providers/" + provider;
  const auto next = [&] { return shown().at("reconciled").at("next_at"); };
  ASSERT_TRUE(db_->run_now<bool>({tenant_id(t.id)}, [&](persistence::transaction& tx) {
    static constexpr persistence::statement synced{"synced_once",
                                                   "UPDATE provider_state SET last_sync_at = now()"};
    return tx.query(synced, {}).map([](const auto&) { return true; });
  }));

  ask(t.admin, "PATCH", path, R"({"conflict_policy": "local", "direction": "both"})");
  EXPECT_TRUE(next().is_null()) << "the same direction";
  ask(t.admin, "PATCH", path, R"({"direction": "to_provider"})");
  EXPECT_TRUE(next().is_string());
}

TEST_F(connecting_test, manages_providers) {
  const auto path = "/v1/calendar-providers/" + provider;
  EXPECT_EQ(shown().at("direction"), "both");
  const auto changed =
      ask(t.admin, "PATCH", path, R"({"direction": "from_provider", "conflict_policy": "local"})");
  EXPECT_EQ(body_of(changed).at("direction"), "from_provider");
  EXPECT_EQ(engine_->told().back(), "changed " + provider);
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"direction": "up"})")), "unknown_value");
  EXPECT_EQ(body_of(changed).at("import_policy"), "all") << "what is not named stays";
  EXPECT_EQ(code_of(ask(t.admin, "PATCH", path, R"({"status": "active"})")), "provider_not_connected");
  EXPECT_EQ(body_of(ask(t.operator_, "GET", path + "/calendars")).at("items").as_array().size(), 1u);
  EXPECT_EQ(ask(t.operator_, "POST", path + "/channel/renewal").status, 200);

  engine_->on_sync = [&](const provider_id& p) {
    sync_run run;
    run.id = run_id("0190a0a0-0000-7000-8000-0000000000aa");
    run.provider = p;
    run.cause = run_cause::manual;
    return run;
  };
  const auto run = ask(t.operator_, "POST", path + "/sync");
  EXPECT_EQ(run.status, 202);
  EXPECT_EQ(header_of(run, "Location"), "/v1/sync-runs/0190a0a0-0000-7000-8000-0000000000aa");
  EXPECT_EQ(code_of(ask(t.reader, "GET", header_of(run, "Location"))), "run_not_found");
  EXPECT_EQ(ask(t.reader, "GET", "/v1/sync-runs?provider_id=" + provider).status, 200);

  EXPECT_EQ(ask(t.admin, "DELETE", path).status, 204);
  EXPECT_EQ(code_of(ask(t.reader, "GET", path)), "provider_not_found");
}

} // namespace
} // namespace kalends::api
