// SPDX-License-Identifier: Apache-2.0
#include "tests/api/browser.hpp"

namespace kalends::api {
namespace {

/// Ada and Bob of one tenant, and an open conflict in Ada's calendar.
struct notifications_test : signed_in_api {
  tenant_keys t = make_tenant("A");
  std::string ada = make_user(t, "ada@a.test");
  std::string bob = make_user(t, "bob@a.test");
  std::string calendar = make_provider(t, ada, "google");
  std::string entry = make_entry(t, "Visit");
  std::string notice = dispute();
  browser adas = person(t, ada);
  browser bobs = person(t, bob);

  std::string dispute() {
    conflict k;
    k.id = make_uuid(outside_);
    k.provider = provider_id(calendar);
    k.entry = entry_id(entry);
    k.event = event_id("ev-1");
    k.groups.add(field_group::title);
    k.event_version = "v1";
    k.opened_at = outside_.now();
    tenant_changes c;
    c.conflicts = {k};
    commit(t, c);
    return k.id;
  }
  static std::int64_t unseen(const net::http_response& r) { return body_of(r).at("unseen").as_int64(); }
};

TEST_F(notifications_test, a_conflict_is_shown_to_its_person_and_to_members) {
  const auto seen = items_of(ask(t.reader, "GET", "/v1/notifications"));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].at("kind"), "conflict");
  EXPECT_EQ(seen[0].at("conflict").at("entry_title"), "Visit");
  EXPECT_EQ(seen[0].at("conflict").at("fields").as_array().size(), 1u);
  EXPECT_TRUE(seen[0].at("problem").is_null());
  EXPECT_EQ(seen[0].at("mail").at("state"), "waiting");
  EXPECT_EQ(items_of(by(adas, "GET", "/v1/notifications")).size(), 1u);
  EXPECT_TRUE(items_of(by(bobs, "GET", "/v1/notifications")).empty());
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/notifications?state=new")), "unknown_value");
  EXPECT_TRUE(items_of(ask(make_tenant("B").admin, "GET", "/v1/notifications")).empty());
}

TEST_F(notifications_test, seen_is_seen_in_every_browser) {
  const auto path = "/v1/notifications/" + notice + "/seen";
  EXPECT_EQ(ask(t.reader, "POST", path).status, 403);
  EXPECT_EQ(code_of(by(bobs, "POST", path)), "notification_not_found");
  EXPECT_EQ(code_of(ask(t.operator_, "POST", "/v1/notifications/" + make_uuid(outside_) + "/seen")),
            "notification_not_found");
  EXPECT_EQ(by(adas, "POST", path).status, 204);
  EXPECT_EQ(unseen(by(person(t, ada), "GET", "/v1/notifications")), 0);
  EXPECT_EQ(unseen(ask(t.reader, "GET", "/v1/notifications")), 1);

  EXPECT_EQ(ask(t.operator_, "POST", "/v1/notifications/seen-all").status, 204);
  EXPECT_EQ(unseen(ask(t.reader, "GET", "/v1/notifications")), 0);
  EXPECT_FALSE(items_of(ask(t.reader, "GET", "/v1/notifications"))[0].at("seen_at").is_null());
}

TEST_F(notifications_test, a_person_switches_their_mail_and_an_administrator_the_tenants) {
  const auto now = [&] { return body_of(by(adas, "GET", "/v1/notification-settings")); };
  EXPECT_EQ(now(), (boost::json::object{{"mail_offered", false}, {"mail_tenant", true}, {"mail_own", true}}));
  EXPECT_EQ(by(adas, "PUT", "/v1/notification-settings", R"({"mail": false})").status, 200);
  EXPECT_EQ(now().at("mail_own"), false);
  EXPECT_EQ(body_of(by(bobs, "GET", "/v1/notification-settings")).at("mail_own"), true);

  EXPECT_EQ(ask(t.operator_, "PUT", "/v1/notification-settings", R"({"mail": false})").status, 403);
  EXPECT_EQ(ask(t.admin, "PUT", "/v1/notification-settings", R"({"mail": false})").status, 200);
  EXPECT_EQ(now().at("mail_tenant"), false);
  EXPECT_EQ(code_of(ask(t.admin, "PUT", "/v1/notification-settings", "{}")), "missing_field");
  EXPECT_EQ(audit(t, "notifications.mail_changed").size(), 2u);
}

} // namespace
} // namespace kalends::api
