// SPDX-License-Identifier: Apache-2.0
#include "net/client_address.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

std::vector<ip_network> trusting(std::string_view text) {
  auto read = read_networks(text);
  EXPECT_TRUE(read) << text;
  return read.value_or(std::vector<ip_network>{});
}

std::string asker(const std::string& peer, const std::string& forwarded, std::string_view trusted) {
  return client_address(peer, {{"x-forwarded-for", forwarded}}, trusting(trusted));
}

TEST(client_address_test, believes_nobody_unless_told_to) {
  EXPECT_EQ(asker("10.0.0.1", "203.0.113.9", ""), "10.0.0.1");
  EXPECT_EQ(asker("10.0.0.1", "203.0.113.9", "10.0.0.2"), "10.0.0.1");
}

TEST(client_address_test, takes_the_last_address_that_no_trusted_proxy_has) {
  EXPECT_EQ(asker("10.0.0.1", "203.0.113.9", "10.0.0.0/8"), "203.0.113.9");
  EXPECT_EQ(asker("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.7.7.7", "10.0.0.0/8"), "203.0.113.9")
      << "what stands left of it the asker may have written";
  EXPECT_EQ(asker("10.0.0.1", "10.1.1.1, 10.7.7.7", "10.0.0.0/8"), "10.1.1.1") << "all within";
  EXPECT_EQ(asker("10.0.0.1", "", "10.0.0.0/8"), "10.0.0.1");
}

TEST(client_address_test, reads_several_lines_as_one) {
  const header_list lines{{"X-Forwarded-For", "203.0.113.9"}, {"Host", "h"}, {"X-FORWARDED-FOR", "10.0.0.2"}};
  EXPECT_EQ(client_address("10.0.0.1", lines, trusting("10.0.0.0/8")), "203.0.113.9");
}

TEST(client_address_test, knows_ports_brackets_and_both_families) {
  EXPECT_EQ(asker("::1", "[2001:db8::7]:4711", "::1/128 10.0.0.0/8"), "2001:db8::7");
  EXPECT_EQ(asker("fd00::5", "203.0.113.9:80", "fd00::/8"), "203.0.113.9");
  EXPECT_EQ(asker("::ffff:10.0.0.1", "203.0.113.9", "10.0.0.0/8"), "203.0.113.9")
      << "an IPv4 address on a socket for both";
}

TEST(client_address_test, stops_at_what_is_no_address) {
  EXPECT_EQ(asker("10.0.0.1", "203.0.113.9, unknown", "10.0.0.0/8"), "10.0.0.1");
  EXPECT_EQ(asker("10.0.0.1", "203.0.113.9, [, 10.0.0.9", "10.0.0.0/8"), "10.0.0.9");
}

TEST(client_address_test, networks_that_are_none_are_refused) {
  for (const auto* wrong : {"10.0.0.0/33", "10.0.0.1/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/8x", "proxy",
                            "*", "10.0.0", "10.0.0.0/-1"})
    EXPECT_EQ(read_networks(wrong).error().code, "networks_malformed") << wrong;
  std::string many;
  for (std::size_t i = 0; i <= networks_limit; ++i) many += "10.0.0.1 ";
  EXPECT_FALSE(read_networks(many));
  EXPECT_TRUE(any_contains(trusting("0.0.0.0/0"), *read_ip("203.0.113.9")));
  EXPECT_FALSE(any_contains(trusting("0.0.0.0/0"), *read_ip("2001:db8::1")));
}

} // namespace
} // namespace kalends::net
