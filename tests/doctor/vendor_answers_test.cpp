// SPDX-License-Identifier: Apache-2.0
#include "doctor/web_address.hpp"
#include "tests/doctor/sound_facts.hpp"

#include <gtest/gtest.h>

namespace kalends::doctor {
namespace {

constexpr auto google = provider_type::google;
constexpr auto microsoft = provider_type::microsoft;
constexpr auto uri = "https://cal.example.com/oauth/google/callback";

web_look sent_to(std::string location) {
  auto w = answered("https://accounts.google.com/o/oauth2/v2/auth", 302);
  w.location = std::move(location);
  return w;
}

web_look says(std::string body, int status = 400) {
  return answered("https://vendor.example", status, std::move(body));
}

TEST(read_consent_test, takes_an_answer_at_the_redirect_uri_for_its_acceptance) {
  EXPECT_EQ(read_consent(google, sent_to(std::string(uri) + "?error=interaction_required"), uri),
            consent_verdict::accepted);
  EXPECT_EQ(read_consent(microsoft, sent_to(std::string(uri) + "#error=login_required"), uri),
            consent_verdict::accepted);
}

TEST(read_consent_test, does_not_take_another_uri_that_begins_alike_for_ours) {
  EXPECT_EQ(read_consent(microsoft, sent_to(std::string(uri) + "/more?error=login_required"), uri),
            consent_verdict::unclear);
}

TEST(read_consent_test, reads_what_google_puts_into_its_error_page) {
  // "\n\x15redirect_uri_mismatch\x12…", as base64 in a query.
  const auto at = "https://accounts.google.com/signin/oauth/error/v2?authError="
                  "ChVyZWRpcmVjdF91cmlfbWlzbWF0Y2gSsAEK&client_id=123";
  EXPECT_EQ(read_consent(google, sent_to(at), uri), consent_verdict::redirect_mismatch);
  const auto unknown = "https://accounts.google.com/signin/oauth/error?authError=Cg5pbnZhbGlkX2NsaWVudBIf";
  EXPECT_EQ(read_consent(google, sent_to(unknown), uri), consent_verdict::unknown_client);
}

TEST(read_consent_test, knows_microsofts_numbers_and_no_longer_ones) {
  EXPECT_EQ(read_consent(microsoft, says("AADSTS50011: The redirect URI …"), uri),
            consent_verdict::redirect_mismatch);
  EXPECT_EQ(read_consent(microsoft, says(R"("sErrorCode":"50011")", 200), uri),
            consent_verdict::redirect_mismatch);
  EXPECT_EQ(read_consent(microsoft, says("AADSTS700016: Application … was not found"), uri),
            consent_verdict::unknown_client);
  EXPECT_EQ(read_consent(microsoft, says("AADSTS500113: No reply address"), uri), consent_verdict::unclear);
}

TEST(read_consent_test, takes_googles_sign_in_page_for_an_acceptance_and_microsofts_for_nothing) {
  const auto page = "https://accounts.google.com/v3/signin/identifier?continue=x";
  EXPECT_EQ(read_consent(google, sent_to(page), uri), consent_verdict::accepted);
  EXPECT_EQ(read_consent(microsoft, says("<html>Sign in to your account", 200), uri),
            consent_verdict::unclear);
}

TEST(read_client_test, tells_a_wrong_secret_from_an_unknown_client) {
  const auto wrong = R"({"error":"invalid_client","error_description":"Unauthorized"})";
  const auto unknown = R"({"error":"invalid_client","error_description":"The OAuth client was not found."})";
  EXPECT_EQ(read_client(google, says(wrong, 401)), client_verdict::wrong_secret);
  EXPECT_EQ(read_client(google, says(unknown, 401)), client_verdict::unknown_client);
  EXPECT_EQ(read_client(google, says(R"({"error":"invalid_grant"})")), client_verdict::known);
}

TEST(read_client_test, tells_microsofts_expired_secret_from_a_wrong_one) {
  const auto expired = R"({"error":"invalid_client","error_description":"AADSTS7000222: The provided …"})";
  const auto wrong = R"({"error":"invalid_client","error_codes":[7000215]})";
  EXPECT_EQ(read_client(microsoft, says(expired, 401)), client_verdict::expired_secret);
  EXPECT_EQ(read_client(microsoft, says(wrong, 401)), client_verdict::wrong_secret);
  EXPECT_EQ(read_client(microsoft, says(R"({"error":"invalid_request"})")), client_verdict::unclear);
}

TEST(redirect_complaint_test, knows_what_vendors_refuse_whoever_registers_it) {
  struct {
    provider_type vendor;
    const char* uri;
    bool refused;
  } const cases[] = {
      {google, "https://cal.example.com/oauth/google/callback", false},
      {google, "http://cal.example.com/oauth/google/callback", true},
      {google, "http://localhost:8080/oauth/google/callback", false},
      {google, "http://127.0.0.1:8080/oauth/google/callback", false},
      {google, "https://10.0.0.4/oauth/google/callback", true},
      {microsoft, "https://10.0.0.4/oauth/microsoft/callback", false},
      {google, "https://kalends/oauth/google/callback", true},
      {google, "https://kalends.local/oauth/google/callback", true},
      {microsoft, "https://kalends.local/oauth/microsoft/callback", false},
      {google, "https://*.example.com/oauth/google/callback", true},
      {google, "https://me@example.com/oauth/google/callback", true},
      {microsoft, "ftp://cal.example.com/callback", true},
  };
  for (const auto& c : cases) EXPECT_EQ(!redirect_complaint(c.vendor, c.uri).empty(), c.refused) << c.uri;
}

TEST(clock_offset_test, reckons_from_the_middle_of_request_and_second) {
  auto w = answered("https://vendor.example/", 200);
  w.date = "Mon, 23 Nov 2026 12:00:30 GMT";

  EXPECT_EQ(clock_offset(w), std::chrono::milliseconds(30'400));

  w.date = "23 November";
  EXPECT_EQ(clock_offset(w), std::nullopt);
}

TEST(web_address_test, reads_what_a_setting_may_hold) {
  const auto a = read_web_address("https://Cal.Example.com:8443/base");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->host, "cal.example.com");
  EXPECT_EQ(a->origin(), "https://cal.example.com:8443");
  EXPECT_EQ(a->path, "/base");
  EXPECT_EQ(read_web_address("https://[2001:db8::1]")->origin(), "https://[2001:db8::1]");
  EXPECT_TRUE(on_loopback("http://[::1]:80"));
  EXPECT_TRUE(on_loopback("http://127.9.9.9"));
  EXPECT_FALSE(on_loopback("http://localhost.example.com"));
  EXPECT_TRUE(read_web_address("https://user:pw@example.com")->has_extras);
  for (const char* bad : {"", "example.com", "https://", "https://host:0", "https://host:port",
                          "https://[::1", "https://a b", "https://host:99999"})
    EXPECT_FALSE(read_web_address(bad)) << bad;
}

} // namespace
} // namespace kalends::doctor
