// SPDX-License-Identifier: Apache-2.0
#include "api/authentication.hpp"
#include "api/connect_pages.hpp"
#include "api/tickets.hpp"

#include <gtest/gtest.h>

namespace kalends::api {
namespace {

const tenant_id tenant("0190a0a0-0000-7000-8000-000000000001");

TEST(tickets_test, carry_their_tenant) {
  const auto w = real_world();
  const auto key = make_key(tenant, w);
  EXPECT_EQ(key.size(), 79u);
  EXPECT_TRUE(key.starts_with("kl_0190a0a0000070008000000000000001_"));
  EXPECT_EQ(tenant_of_key(key), tenant);
  EXPECT_EQ(tenant_of_state(make_state(tenant, w)), tenant);
  EXPECT_NE(make_key(tenant, w), key);
}

TEST(tickets_test, are_refused_when_damaged) {
  const auto key = make_key(tenant, real_world());
  const auto state = make_state(tenant, real_world());
  for (const auto& bad : {std::string(), key.substr(1), key + "x", "KL" + key.substr(2), state,
                          std::string(79, '_'), "kl_" + std::string(32, 'g') + key.substr(35),
                          "kl_" + std::string(32, 'A') + key.substr(35), key.substr(0, 78) + "="})
    EXPECT_FALSE(tenant_of_key(bad)) << bad;
  for (const auto& bad :
       {std::string(), key, state.substr(1), state + "A", state.substr(0, 32) + "_" + state.substr(33)})
    EXPECT_FALSE(tenant_of_state(bad)) << bad;
}

TEST(authentication_test, reads_a_bearer_token) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bEARER  abc"), "abc");
  EXPECT_EQ(bearer_token("Basic abc"), "");
  EXPECT_EQ(bearer_token("Bearer"), "");
  EXPECT_EQ(bearer_token(""), "");
}

TEST(authentication_test, forgets_verified_keys_in_time_and_on_revocation) {
  key_cache cache;
  const principal who{principal::kind::key, tenant, api_key_id("k"), key_role::admin};
  const instant t0{};
  cache.keep("h", who, t0);

  EXPECT_TRUE(cache.find("h", t0 + std::chrono::seconds(29)));
  EXPECT_FALSE(cache.find("h", t0 + std::chrono::seconds(30)));
  cache.keep("h", who, t0);
  cache.drop(api_key_id("k"));
  EXPECT_FALSE(cache.find("h", t0));
  cache.keep("h", who, t0);
  cache.drop(tenant);
  EXPECT_FALSE(cache.find("h", t0));
}

TEST(authentication_test, lets_one_trace_through_per_minute) {
  denial_limiter limiter;
  const instant t0{std::chrono::hours(1)};
  EXPECT_TRUE(limiter.lets_through("a", t0));
  EXPECT_FALSE(limiter.lets_through("a", t0 + std::chrono::seconds(59)));
  EXPECT_TRUE(limiter.lets_through("b", t0));
  EXPECT_TRUE(limiter.lets_through("a", t0 + std::chrono::seconds(60)));
}

TEST(connect_pages_test, send_nobody_to_another_origin) {
  const std::string own = "https://kalends.test";
  EXPECT_EQ(own_address(own, "/settings"), "https://kalends.test/settings");
  EXPECT_EQ(own_address(own, "https://kalends.test/x?y=1"), "https://kalends.test/x?y=1");
  for (const auto* bad : {"", "//evil.test", "https://evil.test", "https://kalends.test.evil.test/",
                          "https://kalends.test@evil.test", "/\\evil.test", "javascript:alert(1)",
                          "https://kalends.test:8443/", "/a\r\nSet-Cookie: x", "settings"})
    EXPECT_EQ(own_address(own, bad), "") << bad;
}

TEST(connect_pages_test, read_one_cookie_of_several) {
  EXPECT_EQ(read_cookie("a=1; kalends_connect=xyz; b=2", "kalends_connect"), "xyz");
  EXPECT_EQ(read_cookie("xkalends_connect=1", "kalends_connect"), "");
  EXPECT_EQ(read_cookie("kalends_connect", "kalends_connect"), "");
  EXPECT_EQ(read_cookie("", "kalends_connect"), "");
}

TEST(connect_pages_test, escape_what_others_wrote) {
  const auto page = connected_page("<script>alert('x')</script>@\"&");
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.body.find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(net::find_header(page.headers, "Content-Security-Policy").find("default-src 'none'"),
            std::string::npos);
}

} // namespace
} // namespace kalends::api
