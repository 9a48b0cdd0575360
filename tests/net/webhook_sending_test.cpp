// SPDX-License-Identifier: Apache-2.0
#include "net/address_rules.hpp"
#include "net/webhook_signature.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

// Standard Webhooks, the test vector of its reference libraries.
constexpr auto vector_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr auto vector_id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr auto vector_payload = R"({"test": 2432232314})";
constexpr auto vector_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr std::int64_t vector_time = 1'614'265'330;

TEST(webhook_signature_test, signs_as_the_published_vector_says) {
  EXPECT_EQ(sign_webhook(vector_secret, vector_id, vector_time, vector_payload), vector_signature);
}

TEST(webhook_signature_test, puts_both_signatures_into_one_header_while_a_secret_is_replaced) {
  world w = real_world();
  const auto fresh = make_webhook_secret(w);

  const auto headers = webhook_headers(fresh, vector_secret, vector_id,
                                       instant(std::chrono::seconds(vector_time)), vector_payload);

  EXPECT_EQ(find_header(headers, "webhook-id"), vector_id);
  EXPECT_EQ(find_header(headers, "webhook-timestamp"), "1614265330");
  EXPECT_EQ(find_header(headers, "webhook-signature"),
            sign_webhook(fresh, vector_id, vector_time, vector_payload) + " " + vector_signature);
}

TEST(webhook_signature_test, makes_secrets_of_32_bytes_that_differ) {
  world w = real_world();
  const auto one = make_webhook_secret(w);

  EXPECT_EQ(webhook_key(one).value().size(), 32u);
  EXPECT_NE(one, make_webhook_secret(w));
}

TEST(webhook_signature_test, knows_what_is_no_secret) {
  for (const auto* text : {"", "whsec_", "whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_"})
    EXPECT_FALSE(webhook_key(text)) << text;
  EXPECT_EQ(sign_webhook("whsec_", "id", 1, "{}"), "");
}

const address_rules outside{};

TEST(address_rules_test, lets_public_addresses_be_called_over_tls_only) {
  for (const auto* a :
       {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700:4700::1111"}) {
    EXPECT_TRUE(may_be_called(outside, a, true)) << a;
    EXPECT_FALSE(may_be_called(outside, a, false)) << a;
  }
}

TEST(address_rules_test, refuses_every_address_that_is_not_certainly_public) {
  for (const auto* a : {"0.0.0.0",
                        "10.1.2.3",
                        "100.64.0.1",
                        "127.0.0.1",
                        "127.255.255.254",
                        "169.254.169.254",
                        "172.16.0.1",
                        "172.31.255.255",
                        "192.0.0.1",
                        "192.0.2.7",
                        "192.168.1.1",
                        "198.18.0.1",
                        "198.19.255.255",
                        "198.51.100.1",
                        "203.0.113.9",
                        "224.0.0.1",
                        "240.0.0.1",
                        "255.255.255.255",
                        "::",
                        "::1",
                        "::ffff:10.0.0.1",
                        "::ffff:127.0.0.1",
                        "::10.0.0.1",
                        "64:ff9b::a00:1",
                        "100::1",
                        "2001:db8::1",
                        "2001::1",
                        "2002:a00:1::",
                        "fc00::1",
                        "fd12:3456::1",
                        "fe80::1",
                        "fe80::1%eth0",
                        "fec0::1",
                        "ff02::1",
                        "not an address",
                        ""})
    EXPECT_FALSE(may_be_called(outside, a, true)) << a;
}

TEST(address_rules_test, an_operator_opens_networks_and_only_these) {
  const address_rules ours{false, read_networks("10.1.0.0/16, fd00:1::/32").value()};

  EXPECT_TRUE(may_be_called(ours, "10.1.255.1", true));
  EXPECT_TRUE(may_be_called(ours, "::ffff:10.1.0.1", true));
  EXPECT_TRUE(may_be_called(ours, "fd00:1::5", true));
  EXPECT_FALSE(may_be_called(ours, "10.1.0.1", false));
  EXPECT_FALSE(may_be_called(ours, "10.2.0.1", true));
  EXPECT_FALSE(may_be_called(ours, "fd00:2::5", true));
  EXPECT_FALSE(may_be_called(ours, "127.0.0.1", true));
}

TEST(address_rules_test, refuses_networks_that_cannot_be_read) {
  for (const auto* text :
       {"10.0.0.0/33", "10.0.0/8", "fd00::/129", "host.example", "10.0.0.0/8/8", "10.0.0.0/"})
    EXPECT_EQ(read_networks(text).error().code, "networks_malformed") << text;
  EXPECT_TRUE(read_networks("")->empty());
}

std::string refusal(const address_rules& rules, const char* url) {
  const auto fit = check_webhook_url(rules, url);
  return fit ? "" : fit.error().code + " " + fit.error().field;
}

TEST(address_rules_test, judges_urls_before_anybody_is_called) {
  EXPECT_EQ(refusal(outside, "https://host.example/hooks?x=1"), "");
  EXPECT_EQ(refusal(outside, "https://8.8.8.8:8443/"), "");
  EXPECT_EQ(refusal(outside, "http://host.example/"), "webhook_url_insecure url");
  EXPECT_EQ(refusal(outside, "https://localhost/"), "webhook_address_refused url");
  EXPECT_EQ(refusal(outside, "http://127.0.0.1:9/"), "webhook_address_refused url");
  EXPECT_EQ(refusal(outside, "https://169.254.169.254/latest/meta-data"), "webhook_address_refused url");
  EXPECT_EQ(refusal(outside, "https://[::1]/"), "webhook_address_refused url");
  EXPECT_EQ(refusal(outside, "https://[fd00::1]/"), "webhook_address_refused url");
  for (const auto* url :
       {"", "host.example", "ftp://host.example/", "https://", "https://a:b@host.example/",
        "https://host.example/#part", "https://host.example/a b", "https://host.example:0/"})
    EXPECT_EQ(refusal(outside, url), "webhook_url_malformed url") << url;
}

TEST(address_rules_test, somebodys_own_machine_may_call_itself_without_tls) {
  const address_rules own{true, {}};

  EXPECT_EQ(refusal(own, "http://127.0.0.1:9000/hook"), "");
  EXPECT_EQ(refusal(own, "http://localhost:9000/hook"), "");
  EXPECT_TRUE(may_be_called(own, "127.0.0.1", false));
  EXPECT_FALSE(may_be_called(own, "10.0.0.1", true));
}

TEST(address_rules_test, a_server_that_the_world_calls_is_nobodys_own_machine) {
  settings s;
  s.listen_address = "127.0.0.1";
  s.public_url = "http://127.0.0.1:8080";
  EXPECT_TRUE(webhook_rules(s).loopback);
  s.public_url = "http://[::1]:8080";
  EXPECT_TRUE(webhook_rules(s).loopback);
  s.public_url = "https://kalends.example"; // a proxy stands before it
  EXPECT_FALSE(webhook_rules(s).loopback);
  s.public_url = "http://127.0.0.1.evil.example";
  EXPECT_FALSE(webhook_rules(s).loopback);
  s.public_url = "http://127.0.0.1:8080";
  s.listen_address = "0.0.0.0";
  EXPECT_FALSE(webhook_rules(s).loopback);
}

} // namespace
} // namespace kalends::net
