// SPDX-License-Identifier: Apache-2.0
#include "api/forwarding.hpp"
#include "tests/api/served_api.hpp"

namespace kalends::api {
namespace {

/// A node that does not run the tenant, and another one that does.
struct forwarding_test : served_api {
  forwarding_test() {
    engine_->owner = persistence::node_line{"other", "http://other.test"};
    on_send_on = [this](const net::outgoing_request& r) -> result<net::http_reply> {
      sent.push_back(r);
      return outcome;
    };
  }

  tenant_keys t = make_tenant("A");
  std::vector<net::outgoing_request> sent;
  result<net::http_reply> outcome = net::http_reply{200, {}, "{}"};

  net::http_response remove() {
    return ask(t.operator_, "DELETE", "/v1/schedule-entries/0192a000-0000-7000-8000-0000000000e1");
  }
  std::string code_after(errc kind, const std::string& code) {
    outcome = failure(kind, code, "");
    return code_of(remove());
  }
};

TEST_F(forwarding_test, the_owner_gets_the_request_as_it_came_and_its_answer_is_the_answer) {
  outcome = net::http_reply{412, {{"X-Said", "by the owner"}}, R"({"code": "version_mismatch"})"};

  const auto answer = remove();

  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].method, "DELETE");
  EXPECT_EQ(sent[0].url, "http://other.test/v1/schedule-entries/0192a000-0000-7000-8000-0000000000e1");
  EXPECT_NE(net::find_header(sent[0].headers, forwarded_header), "");
  EXPECT_EQ(answer.status, 412);
  EXPECT_EQ(header_of(answer, "X-Said"), "by the owner");
}

TEST_F(forwarding_test, a_request_that_never_left_did_nothing_and_may_be_repeated) {
  for (const char* code : {"connect_failed", "tls_failed", "too_many_calls"})
    EXPECT_EQ(code_after(errc::retry_later, code), "tenant_moving") << code;
  EXPECT_NE(header_of(remove(), "Retry-After"), "");
}

TEST_F(forwarding_test, what_became_of_a_request_without_an_answer_nobody_knows) {
  for (const char* code : {"timeout", "connection_lost"})
    EXPECT_EQ(code_after(errc::retry_later, code), "answer_lost") << code;
  EXPECT_EQ(code_after(errc::broken, "malformed_answer"), "answer_lost");
  EXPECT_EQ(remove().status, 503);
}

TEST_F(forwarding_test, a_request_that_was_sent_on_is_not_sent_on_again) {
  const auto answer = ask(t.operator_, "DELETE", "/v1/schedule-entries/0192a000-0000-7000-8000-0000000000e1",
                          "", {{std::string(forwarded_header), "1"}});

  EXPECT_EQ(code_of(answer), "tenant_moving");
  EXPECT_TRUE(sent.empty());
}

} // namespace
} // namespace kalends::api
