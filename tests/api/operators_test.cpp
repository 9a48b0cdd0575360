// SPDX-License-Identifier: Apache-2.0
#include "tests/api/browser.hpp"

#include "api/sign_in_limits.hpp"
#include "net/totp.hpp"

#include <future>

namespace kalends::api {
namespace {

using boost::json::object;
using boost::json::serialize;
using namespace std::chrono_literals;

constexpr const char* email = "ada@ops.test";
constexpr const char* password = "correct horse battery";

/// Base32 back to bytes, as an authenticator does.
std::string raw_of(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    bits = (bits << 5 | static_cast<unsigned>(alphabet.find(c))) & 0xffffU;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xffU);
  }
  return out;
}

struct operators_test : signed_in_api {
  object made = body_of(ask(admin_key, "POST", "/v1/admin/operators",
                            serialize(object{{"email", "Ada@ops.test"}, {"password", password}})));
  std::string id = made.at("id").as_string().c_str();
  std::string secret = raw_of(std::string(made.at("totp_secret").as_string()));

  std::string code(std::chrono::seconds shift = 0s) const {
    const auto at = std::chrono::floor<std::chrono::seconds>(outside_.now()) + shift;
    return net::totp_code(secret, at.time_since_epoch() / net::totp_step_length);
  }
  net::http_response try_in(const std::string& who, const std::string& with, const std::string& and_code) {
    return sign_in({{"email", who}, {"password", with}, {"code", and_code}});
  }
  std::string log() { return ask(admin_key, "GET", "/v1/admin/installation-log").body; }
};

TEST_F(operators_test, signs_in_with_password_and_code) {
  const auto r = try_in("ADA@ops.test", password, code());

  ASSERT_EQ(r.status, 200) << r.body;
  const auto b = browser_of(r);
  EXPECT_EQ(b.session.at("kind"), "operator");
  EXPECT_EQ(b.session.at("name"), email);
  EXPECT_EQ(by(b, "GET", "/v1/admin/tenants").status, 200);
  EXPECT_NE(log().find("operator:ada@ops.test"), std::string::npos);
  EXPECT_NE(log().find("operator.created"), std::string::npos);
}

TEST_F(operators_test, takes_a_code_once_and_none_from_before_it) {
  const auto now = code(), before = code(-30s), after = code(30s);

  EXPECT_EQ(try_in(email, password, now).status, 200);
  EXPECT_EQ(code_of(try_in(email, password, now)), "sign_in_refused");
  EXPECT_EQ(code_of(try_in(email, password, before)), "sign_in_refused");
  EXPECT_EQ(try_in(email, password, after).status, 200);
}

TEST_F(operators_test, a_code_used_twice_at_once_lets_one_in) {
  const auto one = code();
  std::vector<std::future<int>> answers;

  for (int i = 0; i < 4; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return try_in(email, password, one).status; }));

  int let_in = 0;
  for (auto& a : answers) let_in += a.get() == 200;
  EXPECT_EQ(let_in, 1);
}

TEST_F(operators_test, says_the_same_of_everything_that_is_wrong) {
  const auto without_id = [](const net::http_response& r) {
    return r.body.substr(0, r.body.find(",\"request_id\""));
  };
  const auto unknown = try_in("nobody@ops.test", password, code());
  const auto wrong_password = try_in(email, "wrong password here", code());
  const auto wrong_code = try_in(email, password, code(600s));

  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(code_of(unknown), "sign_in_refused");
  EXPECT_EQ(without_id(unknown), without_id(wrong_password));
  EXPECT_EQ(without_id(unknown), without_id(wrong_code));
  EXPECT_EQ(header_of(unknown, "Set-Cookie"), "");
  EXPECT_EQ(try_in(email, password, "").status, 401);
}

TEST_F(operators_test, an_unknown_account_takes_as_long_as_a_known_one) {
  const auto took = [&](const std::string& who) {
    const auto began = std::chrono::steady_clock::now();
    try_in(who, "wrong password here", "000000");
    return std::chrono::steady_clock::now() - began;
  };
  took(email); // whatever is done once
  auto known = took(email), unknown = took("nobody@ops.test");
  for (int i = 0; i < 2; ++i) {
    known = std::min(known, took(email));
    unknown = std::min(unknown, took("nobody@ops.test"));
  }

  EXPECT_GT(unknown, 10ms); // it was reckoned
  EXPECT_LT(unknown, known * 3);
  EXPECT_LT(known, unknown * 3);
}

TEST_F(operators_test, holds_an_account_up_after_ten_attempts) {
  for (int i = 0; i < attempts_of_account; ++i)
    EXPECT_EQ(try_in(email, "wrong password here", "1").status, 401);

  const auto held_up = try_in(email, password, code());

  EXPECT_EQ(held_up.status, 429);
  EXPECT_EQ(code_of(held_up), "too_many_attempts");
  EXPECT_GT(std::stoi(header_of(held_up, "Retry-After")), 60);
  EXPECT_EQ(sign_in({{"key", admin_key}}).status, 200);
  pass(16min);
  EXPECT_EQ(try_in(email, password, code()).status, 200);
}

TEST_F(operators_test, holds_an_address_up_whatever_accounts_it_tries) {
  int refused = 0, held_up = 0;
  for (int i = 0; i < attempts_of_address + 3; ++i) {
    const auto r = try_in("nobody" + std::to_string(i) + "@ops.test", "wrong password here", "1");
    refused += r.status == 401;
    held_up += r.status == 429;
  }

  EXPECT_EQ(refused, attempts_of_address);
  EXPECT_EQ(held_up, 3);
}

TEST_F(operators_test, a_reset_ends_sessions_password_and_codes) {
  const auto b = browser_of(try_in(email, password, code()));

  const auto anew = ask(admin_key, "POST", "/v1/admin/operators/" + id + "/reset",
                        R"({"password": "another long password"})");

  ASSERT_EQ(anew.status, 200) << anew.body;
  EXPECT_EQ(code_of(by(b, "GET", "/v1/session")), "session_expired");
  EXPECT_EQ(try_in(email, password, code(30s)).status, 401);
  EXPECT_EQ(try_in(email, "another long password", code(30s)).status, 401);
  secret = raw_of(std::string(body_of(anew).at("totp_secret").as_string()));
  EXPECT_EQ(try_in(email, "another long password", code()).status, 200);
}

TEST_F(operators_test, a_removed_operator_is_out) {
  const auto b = browser_of(try_in(email, password, code()));

  EXPECT_EQ(ask(admin_key, "DELETE", "/v1/admin/operators/" + id).status, 204);

  EXPECT_EQ(code_of(by(b, "GET", "/v1/session")), "session_expired");
  EXPECT_EQ(try_in(email, password, code(30s)).status, 401);
  EXPECT_EQ(code_of(ask(admin_key, "DELETE", "/v1/admin/operators/" + id)), "operator_not_found");
}

TEST_F(operators_test, shows_secrets_once_and_keeps_them_sealed) {
  const auto listed = ask(admin_key, "GET", "/v1/admin/operators");
  const auto row = db_->run_now<std::string>(
      {installation_rows()}, [](persistence::transaction& tx) -> result<std::string> {
        const persistence::statement s{"operators", "SELECT string_agg(o::text, '') FROM operators o"};
        return tx.query(s).map([](const persistence::rows& r) { return r.text(0, 0); });
      });

  EXPECT_EQ(items_of(listed).size(), 1u);
  EXPECT_EQ(listed.body.find("secret"), std::string::npos);
  ASSERT_TRUE(row);
  std::string hex;
  for (const char c : secret) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(row->find(hex), std::string::npos);
  EXPECT_EQ(row->find(password), std::string::npos);
}

TEST_F(operators_test, refuses_accounts_that_make_no_sense) {
  const auto add = [&](const object& o) {
    return code_of(ask(admin_key, "POST", "/v1/admin/operators", serialize(o)));
  };

  EXPECT_EQ(add({{"email", email}, {"password", password}}), "operator_exists");
  EXPECT_EQ(add({{"email", "x"}, {"password", password}}), "malformed_email");
  EXPECT_EQ(add({{"email", "b@ops.test"}, {"password", "short"}}), "password_too_short");
  EXPECT_EQ(ask(make_tenant("A").admin, "GET", "/v1/admin/operators").status, 401);
}

TEST(attempt_limiter_test, stays_within_its_memory_and_lets_waiting_names_in_again) {
  attempt_limiter limiter(2);
  const instant now{1'000'000s};

  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_EQ(limiter.take("a", now + 5min), std::chrono::milliseconds(10min));
  EXPECT_FALSE(limiter.take("a", now + 15min));
  limiter.forgive("a");
  for (std::size_t i = 0; i < attempt_limiter::limit + 10; ++i)
    EXPECT_FALSE(limiter.take("n" + std::to_string(i), now + 15min));
}

TEST(attempt_limiter_test, counts_a_network_of_ipv6_as_one) {
  EXPECT_EQ(counted_address("2001:db8::1"), counted_address("2001:db8::ffff:1"));
  EXPECT_NE(counted_address("2001:db8::1"), counted_address("2001:db8:0:1::1"));
  EXPECT_EQ(counted_address("192.0.2.1"), "192.0.2.1");
}

} // namespace
} // namespace kalends::api
