// SPDX-License-Identifier: Apache-2.0
#include "tests/api/browser.hpp"

#include "net/crypto.hpp"

#include <algorithm>
#include <future>

namespace kalends::api {
namespace {

using boost::json::object;
using namespace std::chrono_literals;

constexpr const char* nobody = "0190a0a0-0000-7000-8000-0000000000ff";

struct sessions_test : signed_in_api {};

TEST_F(sessions_test, signs_a_tenants_key_in_with_its_role) {
  const auto t = make_tenant("A");

  const auto r = sign_in({{"key", t.operator_}});

  ASSERT_EQ(r.status, 200) << r.body;
  const auto set = header_of(r, "Set-Cookie");
  EXPECT_TRUE(set.starts_with("__Host-kalends=ks_"));
  EXPECT_NE(set.find("; Path=/; Secure; HttpOnly; SameSite=Lax"), std::string::npos);
  EXPECT_EQ(set.find("Domain"), std::string::npos);
  EXPECT_EQ(header_of(r, "Cache-Control"), "no-store");
  const auto b = browser_of(r);
  EXPECT_EQ(b.session.at("kind"), "member");
  EXPECT_EQ(b.session.at("role"), "operator");
  EXPECT_EQ(b.session.at("tenant").at("id"), t.id.c_str());
  EXPECT_TRUE(b.session.at("user").is_null());
  const auto again = by(b, "GET", "/v1/session");
  EXPECT_EQ(body_of(again).at("csrf_token"), b.session.at("csrf_token"));
  EXPECT_EQ(by(b, "GET", "/v1/schedule-entries").status, 200);
  EXPECT_EQ(code_of(by(b, "POST", "/v1/users", "{}")), "role_too_low");
  EXPECT_EQ(code_of(by(b, "GET", "/v1/admin/tenants")), "role_too_low");
}

TEST_F(sessions_test, keeps_no_token_in_the_database) {
  const auto t = make_tenant("A");
  const auto link = token_of(ask(t.admin, "POST", "/v1/sign-in-links", R"({"role": "admin"})"));
  const auto b = open_browser({{"key", t.admin}});
  const auto token = b.cookie.substr(b.cookie.find('=') + 1);

  const auto rows =
      db_->run_now<std::string>({tenant_id(t.id)}, [](persistence::transaction& tx) -> result<std::string> {
        const persistence::statement all{"all_sign_ins",
                                         "SELECT (SELECT string_agg(s::text, '') FROM sessions s)"
                                         " || (SELECT string_agg(l::text, '') FROM"
                                         " sign_in_links l)"};
        return tx.query(all).map([](const persistence::rows& r) { return r.text(0, 0); });
      });

  ASSERT_TRUE(rows);
  EXPECT_FALSE(rows->empty());
  EXPECT_EQ(rows->find(token.substr(36)), std::string::npos);
  EXPECT_EQ(rows->find(link.substr(36)), std::string::npos);
}

TEST_F(sessions_test, refuses_a_change_that_our_pages_did_not_send) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});
  const auto user = R"({"email": "ada@a.test", "name": "Ada"})";
  const net::header_list cookie{{"Cookie", b.cookie}};
  const auto with = [&](net::header_list more) {
    more.insert(more.end(), cookie.begin(), cookie.end());
    return code_of(ask("", "POST", "/v1/users", user, more));
  };

  EXPECT_EQ(with({}), "csrf_failed");
  EXPECT_EQ(with({{"X-CSRF-Token", ""}}), "csrf_failed");
  EXPECT_EQ(with({{"X-CSRF-Token", b.csrf.substr(1) + "A"}}), "csrf_failed");
  EXPECT_EQ(with({{"X-CSRF-Token", b.csrf}, {"Origin", "https://evil.test"}}), "csrf_failed");
  EXPECT_EQ(with({{"X-CSRF-Token", b.csrf}, {"Origin", "null"}}), "csrf_failed");
  EXPECT_EQ(with({{"X-CSRF-Token", b.csrf}, {"Origin", "https://kalends.test.evil.test"}}), "csrf_failed");
  EXPECT_EQ(ask("", "DELETE", "/v1/session", {}, cookie).status, 403);
  EXPECT_EQ(with({{"X-CSRF-Token", b.csrf}, {"Origin", "https://KALENDS.test"}}), "201");
  EXPECT_GE(audit(t, "access.denied").size(), 1u);
}

TEST_F(sessions_test, refuses_another_sessions_csrf_token) {
  const auto t = make_tenant("A");
  const auto ours = open_browser({{"key", t.admin}});
  const auto theirs = open_browser({{"key", t.admin}});

  auto mixed = ours;
  mixed.csrf = theirs.csrf;

  EXPECT_NE(ours.csrf, theirs.csrf);
  EXPECT_EQ(code_of(by(mixed, "DELETE", "/v1/session")), "csrf_failed");
}

TEST_F(sessions_test, refuses_to_sign_in_for_another_site) {
  const auto t = make_tenant("A");

  EXPECT_EQ(code_of(sign_in({{"key", t.admin}}, {{"Origin", "https://evil.test"}})), "csrf_failed");
  EXPECT_EQ(sign_in({{"key", t.admin}}, {{"Origin", "https://kalends.test"}}).status, 200);
}

TEST_F(sessions_test, refuses_what_is_no_key) {
  const auto t = make_tenant("A");

  EXPECT_EQ(code_of(sign_in({{"key", "x"}})), "sign_in_refused");
  EXPECT_EQ(code_of(sign_in({{"key", t.admin.substr(0, 78) + "x"}})), "sign_in_refused");
  EXPECT_EQ(code_of(sign_in({})), "missing_field");
  EXPECT_EQ(code_of(sign_in({{"key", t.admin}, {"link", "x"}})), "missing_field");
  EXPECT_EQ(ask("", "GET", "/v1/session").status, 401);
  EXPECT_EQ(ask(t.admin, "GET", "/v1/session").status, 401);
}

TEST_F(sessions_test, signs_out_at_once) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});

  const auto out = by(b, "DELETE", "/v1/session");

  EXPECT_EQ(out.status, 204);
  EXPECT_NE(header_of(out, "Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(code_of(by(b, "GET", "/v1/session")), "session_expired");
  EXPECT_EQ(code_of(by(b, "GET", "/v1/users")), "session_expired");
  EXPECT_EQ(audit(t, "session.ended").size(), 1u);
  EXPECT_EQ(audit(t, "session.begun").size(), 1u);
}

TEST_F(sessions_test, ends_when_it_is_not_used) {
  const auto t = make_tenant("A");
  const auto used = open_browser({{"key", t.admin}});
  const auto idle = open_browser({{"key", t.admin}});

  pass(20min);
  EXPECT_EQ(by(used, "GET", "/v1/users").status, 200);
  pass(20min);

  EXPECT_EQ(by(used, "GET", "/v1/users").status, 200);
  const auto late = by(idle, "GET", "/v1/users");
  EXPECT_EQ(late.status, 401);
  EXPECT_EQ(code_of(late), "session_expired");
  EXPECT_NE(header_of(late, "Set-Cookie").find("Max-Age=0"), std::string::npos);
}

TEST_F(sessions_test, ends_after_its_longest_time_however_much_it_is_used) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});
  for (int i = 0; i < 35; ++i) {
    pass(20min);
    ASSERT_EQ(by(b, "GET", "/v1/users").status, 200) << i;
  }

  pass(20min);

  EXPECT_EQ(code_of(by(b, "GET", "/v1/users")), "session_expired");
}

TEST_F(sessions_test, ends_with_its_key) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.reader}});
  for (const auto& k : items_of(ask(admin_key, "GET", "/v1/admin/tenants/" + t.id + "/keys")))
    if (k.at("role") == "reader")
      ask(admin_key, "DELETE",
          "/v1/admin/tenants/" + t.id + "/keys/" + std::string(k.at("id").as_string().c_str()));

  EXPECT_EQ(code_of(by(b, "GET", "/v1/users")), "session_expired");
}

TEST_F(sessions_test, ends_the_session_that_the_browser_had_before) {
  const auto t = make_tenant("A");
  const auto before = open_browser({{"key", t.admin}});

  const auto r = sign_in({{"key", t.admin}}, {{"Cookie", before.cookie}});

  ASSERT_EQ(r.status, 200);
  std::string code;
  for (int i = 0; i < 200 && code != "session_expired"; ++i) {
    code = code_of(by(before, "GET", "/v1/session"));
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(code, "session_expired");
}

TEST_F(sessions_test, a_link_signs_in_once) {
  const auto t = make_tenant("A");
  const auto user = make_user(t, "ada@a.test");
  const auto made = ask(t.admin, "POST", "/v1/sign-in-links",
                        R"({"return_to": "/calendars?x=1", "user_id": ")" + user + "\"}");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string url = body_of(made).at("url").as_string().c_str();

  const auto first = sign_in({{"link", token_of(made)}});
  const auto second = sign_in({{"link", token_of(made)}});

  EXPECT_TRUE(url.starts_with("https://kalends.test/sign-in#kn_")) << url;
  const auto s = body_of(first);
  EXPECT_EQ(s.at("kind"), "user");
  EXPECT_EQ(s.at("role"), "user");
  EXPECT_EQ(s.at("user").at("email"), "ada@a.test");
  EXPECT_EQ(s.at("return_to"), "/calendars?x=1");
  EXPECT_EQ(code_of(second), "link_void");
  EXPECT_EQ(second.status, 410);
  EXPECT_EQ(audit(t, "sign_in_link.created").size(), 1u);
}

TEST_F(sessions_test, a_link_followed_twice_at_once_lets_one_in) {
  const auto t = make_tenant("A");
  const auto token = token_of(ask(t.admin, "POST", "/v1/sign-in-links", R"({"role": "reader"})"));
  std::vector<std::future<int>> answers;

  for (int i = 0; i < 8; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return sign_in({{"link", token}}).status; }));

  int let_in = 0;
  for (auto& a : answers) let_in += a.get() == 200;
  EXPECT_EQ(let_in, 1);
}

TEST_F(sessions_test, a_link_is_void_after_its_time) {
  const auto t = make_tenant("A");
  const auto token =
      token_of(ask(t.admin, "POST", "/v1/sign-in-links", R"({"role": "reader", "expires_in": 60})"));

  pass(61s);

  EXPECT_EQ(code_of(sign_in({{"link", token}})), "link_void");
}

TEST_F(sessions_test, refuses_links_that_make_no_sense) {
  const auto t = make_tenant("A");
  const auto theirs = make_user(make_tenant("B"), "b@b.test");
  const auto wish = [&](const char* body) {
    return code_of(ask(t.admin, "POST", "/v1/sign-in-links", body));
  };

  EXPECT_EQ(wish("{}"), "missing_field");
  EXPECT_EQ(wish(R"({"role": "user"})"), "unknown_value");
  EXPECT_EQ(wish(R"({"role": "admin", "expires_in": 59})"), "unknown_value");
  EXPECT_EQ(wish(R"({"role": "admin", "expires_in": 86401})"), "unknown_value");
  EXPECT_EQ(wish(R"({"role": "admin", "expires_in": "600"})"), "unknown_value");
  EXPECT_EQ(wish(R"({"role": "admin", "return_to": "https://evil.test/"})"), "return_to_refused");
  EXPECT_EQ(wish(R"({"role": "admin", "return_to": "//evil.test"})"), "return_to_refused");
  EXPECT_EQ(wish(R"({"role": "admin", "return_to": "/nowhere"})"), "return_to_refused");
  EXPECT_EQ(wish(("{\"user_id\": \"" + theirs + "\"}").c_str()), "unknown_user");
  EXPECT_EQ(wish(("{\"role\": \"admin\", \"user_id\": \"" + theirs + "\"}").c_str()), "missing_field");
  EXPECT_EQ(code_of(ask(t.operator_, "POST", "/v1/sign-in-links", R"({"role": "reader"})")), "role_too_low");
}

TEST_F(sessions_test, a_session_goes_with_its_user_and_its_tenant) {
  const auto t = make_tenant("A");
  const auto user = make_user(t, "ada@a.test");
  const auto b = person(t, user);
  const auto member = open_browser({{"key", t.admin}});
  ASSERT_EQ(by(b, "GET", "/v1/session").status, 200);

  ASSERT_EQ(ask(t.admin, "DELETE", "/v1/users/" + user).status, 204);
  EXPECT_EQ(code_of(by(b, "GET", "/v1/session")), "session_expired");
  ASSERT_EQ(ask(admin_key, "DELETE", "/v1/admin/tenants/" + t.id).status, 204);
  EXPECT_EQ(code_of(by(member, "GET", "/v1/session")), "session_expired");
}

TEST_F(sessions_test, an_operator_works_in_the_tenant_it_names) {
  const auto a = make_tenant("A");
  const auto b = make_tenant("B");
  make_user(a, "ada@a.test");
  const auto op = open_browser({{"key", admin_key}});
  const auto in = [](const std::string& id) { return net::header_list{{"X-Kalends-Tenant", id}}; };

  EXPECT_EQ(op.session.at("kind"), "operator");
  EXPECT_TRUE(op.session.at("tenant").is_null());
  EXPECT_EQ(by(op, "GET", "/v1/admin/tenants").status, 200);
  EXPECT_EQ(code_of(by(op, "GET", "/v1/users")), "tenant_needed");
  EXPECT_EQ(items_of(by(op, "GET", "/v1/users", {}, in(a.id))).size(), 1u);
  EXPECT_EQ(items_of(by(op, "GET", "/v1/users", {}, in(b.id))).size(), 0u);
  EXPECT_EQ(code_of(by(op, "GET", "/v1/users", {}, in(nobody))), "tenant_not_found");
  EXPECT_EQ(code_of(by(op, "GET", "/v1/users", {}, in("00000000-0000-0000-0000-000000000000"))),
            "tenant_not_found");
  EXPECT_EQ(code_of(by(op, "GET", "/v1/users", {}, in("x"))), "tenant_not_found");
  EXPECT_EQ(items_of(ask(admin_key, "GET", "/v1/users", {}, in(a.id))).size(), 1u);
  EXPECT_EQ(by(op, "POST", "/v1/users", R"({"email": "bob@b.test", "name": "Bob"})", in(b.id)).status, 201);
  EXPECT_EQ(items_of(ask(b.admin, "GET", "/v1/users")).size(), 1u);
}

TEST_F(sessions_test, nobody_else_gets_into_another_tenant) {
  const auto a = make_tenant("A");
  const auto b = make_tenant("B");
  const auto user = make_user(a, "ada@a.test");
  const net::header_list other{{"X-Kalends-Tenant", b.id}};
  const auto member = open_browser({{"key", a.admin}});
  const auto one = person(a, user);

  EXPECT_EQ(ask(a.admin, "GET", "/v1/users", {}, other).status, 404);
  EXPECT_EQ(by(member, "GET", "/v1/users", {}, other).status, 404);
  EXPECT_EQ(by(one, "GET", "/v1/users", {}, other).status, 404);
  EXPECT_EQ(by(member, "GET", "/v1/events/stream?tenant_id=" + b.id).status, 404);
  EXPECT_EQ(ask(a.admin, "GET", "/v1/users", {}, {{"X-Kalends-Tenant", a.id}}).status, 200);
  EXPECT_GE(audit(a, "access.denied").size(), 1u);
}

TEST_F(sessions_test, a_session_of_the_admin_key_ends_with_that_key) {
  const auto op = open_browser({{"key", admin_key}});
  ASSERT_EQ(by(op, "GET", "/v1/admin/tenants").status, 200);

  start_anew("another-key-of-the-installation");

  EXPECT_EQ(code_of(by(op, "GET", "/v1/admin/tenants")), "session_expired");
}

TEST_F(sessions_test, an_operators_link_lets_an_operator_in) {
  const auto t = make_tenant("A");
  const auto made = ask(admin_key, "POST", "/v1/admin/sign-in-links", R"({"return_to": "/console"})");
  ASSERT_EQ(made.status, 201);

  const auto op = open_browser({{"link", token_of(made)}});

  EXPECT_EQ(op.session.at("kind"), "operator");
  EXPECT_EQ(op.session.at("role"), "admin");
  EXPECT_EQ(by(op, "GET", "/v1/admin/tenants").status, 200);
  EXPECT_EQ(ask(t.admin, "POST", "/v1/admin/sign-in-links", "{}").status, 401);
  EXPECT_EQ(code_of(sign_in({{"link", token_of(made)}})), "link_void");
}

TEST_F(sessions_test, a_key_beside_the_cookie_counts_alone) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});
  const net::header_list cookie{{"Cookie", b.cookie}};

  EXPECT_EQ(code_of(ask(t.reader, "POST", "/v1/users", R"({"email": "a@a.test", "name": "A"})", cookie)),
            "role_too_low");
  EXPECT_EQ(ask(t.admin, "POST", "/v1/users", R"({"email": "a@a.test", "name": "A"})", cookie).status, 201);
}

TEST_F(sessions_test, ignores_cookies_that_are_not_ours) {
  EXPECT_EQ(code_of(ask("", "GET", "/v1/session", {}, {{"Cookie", "__Host-kalends=x"}})), "unauthenticated");
  EXPECT_EQ(code_of(ask(
                "", "GET", "/v1/session", {},
                {{"Cookie", "__Host-kalends=ks_00000000000000000000000000000000_" + std::string(43, 'A')}})),
            "session_expired");
}

TEST_F(sessions_test, notes_its_use_at_most_once_a_minute) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});
  const auto seen = [&] {
    return db_->run_now<std::string>(
        {tenant_id(t.id)}, [](persistence::transaction& tx) -> result<std::string> {
          const persistence::statement s{"seen", "SELECT xmin::text FROM sessions"};
          return tx.query(s).map([](const persistence::rows& r) { return r.text(0, 0); });
        });
  };
  const auto first = *seen();

  pass(50s);
  by(b, "GET", "/v1/users");
  EXPECT_EQ(*seen(), first);
  pass(20s);
  by(b, "GET", "/v1/users");
  const auto second = *seen();
  EXPECT_NE(second, first);
  by(b, "GET", "/v1/users");
  EXPECT_EQ(*seen(), second);
}

TEST_F(sessions_test, a_stream_ends_with_its_session) {
  const auto t = make_tenant("A");
  const auto b = open_browser({{"key", t.admin}});
  const auto stream = ask_stream("", "/v1/events/stream", {{"Cookie", b.cookie}});
  ASSERT_TRUE(stream);
  make_entry(t, "before");
  ASSERT_TRUE(stream->saw("SCHEDULE_ENTRY_CREATED"));

  by(b, "DELETE", "/v1/session");
  pass(11s);
  front_->beat();
  for (int i = 0; i < 200 && stream.use_count() > 1; ++i) {
    front_->beat();
    std::this_thread::sleep_for(10ms);
  }

  EXPECT_EQ(stream.use_count(), 1);
}

TEST_F(sessions_test, the_pages_have_their_own_addresses) {
  const auto page = ask("", "GET", "/");

  for (const auto* path : {"/sign-in", "/calendars", "/calendars/x", "/conflicts/y", "/schedule", "/console",
                           "/console/tenants/z", "/console/dead-letters", "/activity"})
    EXPECT_EQ(ask("", "GET", path).body, page.body) << path;
  for (const auto* path : {"/calendars/x/y", "/calendars/", "/console/nothing", "/signin"})
    EXPECT_EQ(ask("", "GET", path).status, 404) << path;
  EXPECT_NE(header_of(page, "Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
}

} // namespace
} // namespace kalends::api
