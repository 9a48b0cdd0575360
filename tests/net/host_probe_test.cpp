// SPDX-License-Identifier: Apache-2.0
#include "net/host_probe.hpp"

#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "tests/support/self_signed.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

constexpr auto within = 5s;

/// A server with a certificate that only its own authority vouches for.
struct probed_server {
  explicit probed_server(const std::string& name = "localhost") : identity(name) {
    http_server_options o;
    o.address = "127.0.0.1";
    o.certificate_file = identity.certificate_file();
    o.private_key_file = identity.key_file();
    listener = std::move(*http_server::start(io, o, [](http_request, http_responder answer) { answer({}); }));
  }
  ~probed_server() { listener->stop(1s); }

  testing::self_signed identity;
  io_threads io;
  std::unique_ptr<http_server> listener;
};

TEST(kind_of_address_test, tells_who_can_reach_it) {
  struct {
    const char* address;
    address_kind kind;
  } const cases[] = {
      {"127.0.0.1", address_kind::loopback},
      {"127.255.0.1", address_kind::loopback},
      {"::1", address_kind::loopback},
      {"[::1]", address_kind::loopback},
      {"10.1.2.3", address_kind::internal},
      {"172.16.0.1", address_kind::internal},
      {"172.31.255.255", address_kind::internal},
      {"172.32.0.1", address_kind::open},
      {"192.168.0.1", address_kind::internal},
      {"100.64.0.1", address_kind::internal},
      {"100.128.0.1", address_kind::open},
      {"169.254.169.254", address_kind::internal},
      {"fd00::1", address_kind::internal},
      {"fe80::1%eth0", address_kind::internal},
      {"0.0.0.0", address_kind::reserved},
      {"203.0.113.9", address_kind::reserved},
      {"224.0.0.1", address_kind::reserved},
      {"255.255.255.255", address_kind::reserved},
      {"2001:db8::1", address_kind::reserved},
      {"::", address_kind::reserved},
      {"8.8.8.8", address_kind::open},
      {"2606:4700::1111", address_kind::open},
      {"::ffff:10.0.0.1", address_kind::internal},
      {"example.com", address_kind::not_an_address},
      {"10.1.2", address_kind::not_an_address},
      {"", address_kind::not_an_address},
  };
  for (const auto& c : cases) EXPECT_EQ(kind_of_address(c.address), c.kind) << c.address;
}

TEST(look_up_name_test, leaves_numeric_addresses_as_they_are) {
  EXPECT_EQ(look_up_name("192.0.2.7", within, {}).addresses, std::vector<std::string>{"192.0.2.7"});
}

TEST(look_up_name_test, says_why_a_name_is_not_there) {
  const auto found = look_up_name("nobody.invalid", within, {});

  EXPECT_TRUE(found.addresses.empty());
  EXPECT_FALSE(found.failure.empty());
}

TEST(look_at_tls_test, sees_that_only_the_extra_authority_vouches_for_it) {
  probed_server s;

  const auto seen = look_at_tls("localhost", s.listener->port(), s.identity.ca_file(), within, {});

  EXPECT_TRUE(seen.shaken) << seen.failure;
  EXPECT_FALSE(seen.trusted);
  EXPECT_TRUE(seen.trusted_by_extra);
  EXPECT_TRUE(seen.name_matches);
  EXPECT_FALSE(seen.verdict.empty());
  ASSERT_TRUE(seen.ends_at);
  EXPECT_GT(*seen.ends_at, std::chrono::system_clock::now());
  EXPECT_FALSE(look_at_tls("localhost", s.listener->port(), {}, within, {}).trusted_by_extra);
}

TEST(look_at_tls_test, sees_that_the_certificate_is_for_somebody_else) {
  probed_server s("cal.example.com");

  const auto seen = look_at_tls("localhost", s.listener->port(), s.identity.ca_file(), within, {});

  EXPECT_TRUE(seen.shaken) << seen.failure;
  EXPECT_FALSE(seen.name_matches);
  EXPECT_EQ(seen.names.front(), "cal.example.com");
}

TEST(look_at_tls_test, says_that_nobody_listens) {
  std::uint16_t port = 0;
  { port = probed_server().listener->port(); }

  const auto seen = look_at_tls("127.0.0.1", port, {}, within, {});

  EXPECT_FALSE(seen.connected);
  EXPECT_FALSE(seen.failure.empty());
}

TEST(look_at_tls_test, says_that_there_is_no_tls) {
  io_threads io;
  http_server_options o;
  o.address = "127.0.0.1";
  auto plain = std::move(*http_server::start(io, o, [](http_request, http_responder answer) { answer({}); }));

  const auto seen = look_at_tls("127.0.0.1", plain->port(), {}, within, {});

  EXPECT_TRUE(seen.connected);
  EXPECT_FALSE(seen.shaken);
  EXPECT_FALSE(seen.failure.empty());
  plain->stop(1s);
}

TEST(look_at_tls_test, ends_soon_after_it_is_asked_to) {
  std::stop_source stop;
  stop.request_stop();
  const auto began = std::chrono::steady_clock::now();

  const auto seen = look_at_tls("nobody.invalid", 443, {}, within, stop.get_token());

  EXPECT_FALSE(seen.connected);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

} // namespace
} // namespace kalends::net
