// SPDX-License-Identifier: Apache-2.0
#include "persistence/examination.hpp"

#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

constexpr statement lose{"test_lose", "UPDATE provider_state SET problem_code = $2, problem_detail = '',"
                                      " problem_since = $3 WHERE tenant_id = $1"};

struct examination_test : store_fixture {
  template <class T>
  T look(std::function<result<T>(transaction&)> work) {
    return must(wait_for<T>([&](auto done) { db->look<T>(std::move(work), std::move(done)); }));
  }
  void connected(const household& h, const std::string& scope, instant when) {
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      auto kept = put_grant(tx, *vault, h.calendar, {"access", "refresh", when + 1h, scope});
      if (!kept) return tl::unexpected(kept.error());
      return append_audit(
                 tx, {uuid(), when, "user:1", "provider.connected", "provider:" + h.calendar.str(), "{}", ""})
          .map([] { return true; });
    }));
  }
  void lost(const household& h, const char* code, instant when) {
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      return tx.query(lose, {h.tenant, code, when}).map([](const rows&) { return true; });
    }));
  }
};

TEST_F(examination_test, sees_how_the_server_is_set_for_the_engine) {
  const auto seen = look<server_look>(look_at_server);

  EXPECT_GE(seen.version, 150'000);
  EXPECT_EQ(seen.encoding, "UTF8");
  EXPECT_EQ(seen.schema_version, newest_schema_version());
  EXPECT_FALSE(seen.role_superuser);
  EXPECT_FALSE(seen.role_bypasses_rls);
  EXPECT_FALSE(seen.in_recovery);
  EXPECT_GT(seen.connections_allowed, 0);
  EXPECT_GT(seen.connections_used, 0);
  EXPECT_LT(std::chrono::abs(seen.clock - real_world().now()), 60s);
  for (const char* name : {"fsync", "full_page_writes", "synchronous_commit", "TimeZone"})
    EXPECT_TRUE(seen.settings.contains(name)) << name;
}

TEST_F(examination_test, counts_what_was_granted_tenant_by_tenant) {
  const auto a = add_household(), b = add_household();
  connected(a, "openid calendar.events", now);
  connected(b, "openid", now);

  const auto of_both = must(db->run_now<grant_look>({a.tenant, b.tenant}, look_at_grants));
  const auto of_one = must(db->run_now<grant_look>({a.tenant}, look_at_grants));

  EXPECT_EQ(of_both.scopes.size(), 2u);
  ASSERT_EQ(of_one.scopes.size(), 1u);
  EXPECT_EQ(of_one.scopes[0].tenant, a.tenant);
  EXPECT_EQ(of_one.scopes[0].scope, "openid calendar.events");
  EXPECT_EQ(of_one.scopes[0].calendars, 1);
  EXPECT_TRUE(look<grant_look>(look_at_grants).scopes.empty()); // nobody sees the grants of all
}

TEST_F(examination_test, counts_the_clients_that_tenants_brought) {
  const auto h = add_household();
  must(as(h.tenant, [&](transaction& tx) {
    return put_oauth_app(tx, *vault, provider_type::microsoft, {"id", "secret", "common"});
  }));

  const auto seen = must(db->run_now<grant_look>({h.tenant}, look_at_grants));

  EXPECT_EQ(seen.own_clients, (std::map<provider_type, int>{{provider_type::microsoft, 1}}));
}

TEST_F(examination_test, lists_lost_grants_with_the_last_consent_before_the_loss) {
  const auto h = add_household(), other = add_household();
  connected(h, "openid", now - 240h);
  connected(h, "openid", now - 168h);
  lost(h, "invalid_grant", now);
  connected(h, "openid", now + 1h);
  lost(other, "vendor_unavailable", now);

  const auto seen = look<std::vector<lost_grant>>(list_lost_grants);

  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].code, "invalid_grant");
  EXPECT_EQ(seen[0].lost_at, now);
  EXPECT_EQ(seen[0].consented_at, now - 168h);
}

TEST_F(examination_test, takes_standing_subscriptions_at_our_webhook_for_a_sign_of_life) {
  const auto h = add_household();
  const auto count = [&](const char* url) {
    return look<int>([&](transaction& tx) { return count_confirmed_channels(tx, url, now); });
  };
  must(as(h.tenant, [&](transaction& tx) -> result<bool> {
    static constexpr statement by_microsoft{"test_type",
                                            "UPDATE providers SET type = 'microsoft' WHERE tenant_id = $1"};
    if (auto done = tx.query(by_microsoft, {h.tenant}); !done) return tl::unexpected(done.error());
    const channel c{"sub-1", "", now + 1h, std::string(32, 'h'),
                    "https://cal.example.com/webhooks/microsoft"};
    return put_channel(tx, *vault, h.calendar, c, "secret").map([] { return true; });
  }));

  EXPECT_EQ(count("https://cal.example.com"), 1);
  EXPECT_EQ(count("https://cal.example.co"), 0);
  now += 2h;
  EXPECT_EQ(count("https://cal.example.com"), 0);
}

} // namespace
} // namespace kalends::persistence
