// SPDX-License-Identifier: Apache-2.0
#include "persistence/connections.hpp"

#include "tests/persistence/store_fixture.hpp"

#include <atomic>

namespace kalends::persistence {
namespace {

struct connections_test : store_fixture {
  household h = add_household();
  const std::string state = std::string(31, 's') + '\0';
  const std::string browser = std::string(32, 'b');

  authorization_request request() const {
    return {state,          h.calendar, h.user,     provider_type::google, "verifier", "nonce", {},
            "https://k/cb", "/done",    now + 10min};
  }
  void start() {
    must(as(h.tenant, [&](transaction& tx) { return insert_authorization(tx, *vault, request()); }));
  }
  std::optional<authorization_request> bind(const std::string& who) {
    return must(as(h.tenant, [&](transaction& tx) { return bind_browser(tx, *vault, state, who, now); }));
  }
  std::optional<authorization_request> consume(const std::string& who) {
    return must(
        as(h.tenant, [&](transaction& tx) { return consume_authorization(tx, *vault, state, who, now); }));
  }
  result<bool> connect(const std::string& subject) {
    return as(h.tenant, [&](transaction& tx) {
      return connect_provider(tx, *vault, h.calendar, {"at", "rt", now + 1h, "calendar"},
                              subject + "@example.org", subject, calendar_id("cal"), "Work", "Asia/Tokyo");
    });
  }
};

TEST_F(connections_test, gives_an_authorization_back_once_to_the_browser_it_is_bound_to) {
  start();

  const auto bound = bind(browser);
  const auto bound_again = bind(browser);
  const auto stolen = bind(std::string(32, 'x'));
  const auto foreign = consume(std::string(32, 'x'));
  const auto taken = consume(browser);
  const auto replayed = consume(browser);

  EXPECT_TRUE(bound && bound_again);
  EXPECT_FALSE(stolen);
  EXPECT_FALSE(foreign);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->state_hash, state);
  EXPECT_EQ(taken->provider, h.calendar);
  EXPECT_EQ(taken->user, h.user);
  EXPECT_EQ(taken->verifier, "verifier");
  EXPECT_EQ(taken->nonce, "nonce");
  EXPECT_EQ(taken->browser_hash, browser);
  EXPECT_EQ(taken->redirect_uri, "https://k/cb");
  EXPECT_EQ(taken->return_to, "/done");
  EXPECT_EQ(taken->expires_at, now + 10min);
  EXPECT_FALSE(replayed);
}

TEST_F(connections_test, refuses_an_authorization_no_browser_was_bound_to) {
  start();

  EXPECT_FALSE(consume(browser));
  EXPECT_FALSE(consume(""));
}

TEST_F(connections_test, refuses_an_expired_authorization) {
  start();
  bind(browser);
  now += 10min;

  EXPECT_FALSE(bind(browser));
  EXPECT_FALSE(consume(browser));
  EXPECT_EQ(must(as(h.tenant, [&](transaction& tx) { return delete_expired_authorizations(tx, now); })), 1U);
}

TEST_F(connections_test, lets_one_of_eight_concurrent_callbacks_win) {
  auto wide = temp.open({.url = {}, .connections = 8});
  start();
  bind(browser);
  std::atomic<int> winners = 0;
  std::vector<std::future<void>> callbacks;

  for (int i = 0; i < 8; ++i)
    callbacks.push_back(std::async(std::launch::async, [&] {
      const auto got =
          must(wide->run_now<std::optional<authorization_request>>({h.tenant}, [&](transaction& tx) {
            return consume_authorization(tx, *vault, state, browser, now);
          }));
      if (got) ++winners;
    }));
  for (auto& c : callbacks) c.get();

  EXPECT_EQ(winners, 1);
}

TEST_F(connections_test, keeps_an_oauth_client_per_vendor) {
  const auto put = [&](const std::string& secret) {
    must(as(h.tenant, [&](transaction& tx) {
      return put_oauth_app(tx, *vault, provider_type::microsoft, {"id", secret, "organizations"});
    }));
  };
  const auto find = [&](provider_type t) {
    return must(as(h.tenant, [&](transaction& tx) { return find_oauth_app(tx, *vault, t); }));
  };
  put("old");
  put("new");

  const auto found = find(provider_type::microsoft);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->client_secret, "new");
  EXPECT_EQ(found->authority_tenant, "organizations");
  EXPECT_FALSE(find(provider_type::google));
  EXPECT_TRUE(
      must(as(h.tenant, [](transaction& tx) { return delete_oauth_app(tx, provider_type::microsoft); })));
  EXPECT_FALSE(find(provider_type::microsoft));
}

TEST_F(connections_test, stores_no_secret_in_the_clear) {
  static const statement dump{
      "dump", "SELECT string_agg(t, '') FROM (SELECT encode(sealed_access, 'escape') || "
              "encode(sealed_refresh, 'escape')"
              " AS t FROM oauth_grants UNION ALL SELECT encode(sealed_secret, 'escape') FROM channels"
              " UNION ALL SELECT encode(sealed_verifier, 'escape') FROM oauth_authorizations"
              " UNION ALL SELECT encode(sealed_secret, 'escape') FROM oauth_apps) x"};
  start();
  must(as(h.tenant, [&](transaction& tx) -> result<bool> {
    must(put_grant(tx, *vault, h.calendar, {"tok-access", "tok-refresh", now, "s"}));
    must(put_channel(tx, *vault, h.calendar, {"ch", "r", now, std::string(32, 'c')}, "channel-secret"));
    must(put_oauth_app(tx, *vault, provider_type::google, {"id", "client-secret", ""}));
    return true;
  }));

  const auto text = must(as(h.tenant, [](transaction& tx) { return tx.query(dump); })).text(0, 0);

  ASSERT_FALSE(text.empty());
  for (const char* secret : {"tok-access", "tok-refresh", "channel-secret", "client-secret", "verifier"})
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
}

TEST_F(connections_test, does_not_open_a_grant_that_was_moved_to_another_calendar) {
  static const statement move{"move_grant", "UPDATE oauth_grants SET provider_id = $1"};
  const auto other = add_calendar(h.tenant, h.user);
  must(as(h.tenant, [&](transaction& tx) {
    return put_grant(tx, *vault, h.calendar, {"a", "r", now, "s"});
  }));
  must(as(h.tenant, [&](transaction& tx) { return tx.query(move, {other}); }));

  const auto moved = as(h.tenant, [&](transaction& tx) { return find_grant(tx, *vault, other); });

  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, "vault_seal_broken");
}

TEST_F(connections_test, connecting_activates_a_calendar_and_keeps_its_grant) {
  const auto connected = must(connect("sub-1"));

  const auto s = must(store_fixture::state(h));
  const auto g = must(as(h.tenant, [&](transaction& tx) { return find_grant(tx, *vault, h.calendar); }));
  EXPECT_TRUE(connected);
  EXPECT_EQ(s.calendar.status, provider_status::active);
  EXPECT_EQ(s.calendar.account, "sub-1@example.org");
  EXPECT_EQ(s.calendar.calendar, calendar_id("cal"));
  EXPECT_EQ(s.calendar.calendar_zone, "Asia/Tokyo");
  ASSERT_TRUE(g);
  EXPECT_EQ(g->refresh_token, "rt");
  EXPECT_EQ(g->access_expires_at, now + 1h);
}

TEST_F(connections_test, refuses_another_account_once_the_calendar_has_synced) {
  must(connect("sub-1"));
  must(connect("sub-2")); // nothing has come of the first one yet
  auto c = changes(h);
  c.entries = {new_entry(h)};
  c.mappings = {link(h, c.entries[0], "ev")};
  must(commit(c));

  const auto other = connect("sub-3");
  const auto same = connect("sub-2");

  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, errc::conflict);
  EXPECT_EQ(other.error().code, "account_mismatch");
  EXPECT_TRUE(must(same));
  EXPECT_EQ(must(store_fixture::state(h)).calendar.subject, "sub-2");
}

TEST_F(connections_test, connects_nothing_when_the_calendar_is_gone) {
  must(as(h.tenant, [&](transaction& tx) { return delete_provider(tx, h.calendar); }));

  EXPECT_FALSE(must(connect("sub-1")));
}

TEST_F(connections_test, lists_channels_of_all_tenants_it_acts_for) {
  const auto other = add_household();
  for (const auto& who : {h, other})
    must(as(who.tenant, [&](transaction& tx) {
      return put_channel(tx, *vault, who.calendar, {"ch", "res", now, std::string(32, 'c')}, "s");
    }));

  const auto both = must(db->run_now<std::vector<channel_line>>(
      {h.tenant, other.tenant}, [](transaction& tx) { return list_channels(tx); }));
  const auto one = must(as(h.tenant, [](transaction& tx) { return list_channels(tx); }));

  EXPECT_EQ(both.size(), 2U);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].tenant, h.tenant);
  EXPECT_EQ(one[0].provider, h.calendar);
  EXPECT_EQ(one[0].what.secret_hash, std::string(32, 'c'));
}

} // namespace
} // namespace kalends::persistence
