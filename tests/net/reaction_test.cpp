// SPDX-License-Identifier: Apache-2.0
#include "net/reaction.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

const instant now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20) + 9h;

http_reply reply(int status, std::string body = {}, header_list headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

http_reply google(int status, const std::string& reason, const std::string& message = "m") {
  return reply(status, R"({"error":{"errors":[{"domain":"global","reason":")" + reason + R"(","message":")" +
                           message + R"("}],"code":)" + std::to_string(status) + R"(,"message":")" + message +
                           R"("}})");
}

http_reply graph(int status, const std::string& code, const std::string& message = "m") {
  return reply(status, R"({"error":{"code":")" + code + R"(","message":")" + message + R"("}})");
}

struct expectation {
  asked what;
  int status;
  std::string reason;
  errc kind;
  std::string code;
};

TEST(reaction_test, google_reasons_have_their_reaction) {
  const std::vector<expectation> table = {
      {asked::listing, 401, "authError", errc::reauthorize, "access_token_refused"},
      {asked::listing, 403, "rateLimitExceeded", errc::retry_later, "vendor_rate_limited"},
      {asked::listing, 403, "userRateLimitExceeded", errc::retry_later, "vendor_rate_limited"},
      {asked::insert, 403, "quotaExceeded", errc::retry_later, "vendor_quota_exceeded"},
      {asked::insert, 403, "dailyLimitExceeded", errc::retry_later, "vendor_daily_limit"},
      {asked::update, 403, "forbiddenForNonOrganizer", errc::forbidden, "not_the_organizer"},
      {asked::update, 403, "requiredAccessLevel", errc::forbidden, "calendar_read_only"},
      {asked::insert, 403, "insufficientPermissions", errc::forbidden, "scope_missing"},
      {asked::insert, 403, "neverHeardOf", errc::forbidden, "access_denied"},
      {asked::listing, 403, "accessNotConfigured", errc::forbidden, "api_not_enabled"},
      {asked::event, 404, "notFound", errc::not_found, "event_not_found"},
      {asked::listing, 404, "notFound", errc::not_found, "calendar_not_found"},
      {asked::known_channel, 404, "notFound", errc::not_found, "channel_not_found"},
      {asked::insert, 409, "duplicate", errc::duplicate, "event_exists"},
      {asked::continued_listing, 410, "fullSyncRequired", errc::resync, "cursor_expired"},
      {asked::continued_listing, 410, "updatedMinTooLongAgo", errc::resync, "cursor_expired"},
      {asked::continued_listing, 400, "invalid", errc::resync, "cursor_refused"},
      {asked::continued_listing, 400, "syncTokenWithRequestRestrictions", errc::resync, "cursor_refused"},
      {asked::listing, 400, "invalid", errc::invalid, "request_refused"},
      {asked::removal, 410, "deleted", errc::not_found, "event_not_found"},
      {asked::update, 410, "deleted", errc::not_found, "event_not_found"},
      {asked::update, 412, "conditionNotMet", errc::conflict, "version_changed"},
      {asked::update, 400, "eventTypeRestriction", errc::forbidden, "event_read_only"},
      {asked::open_channel, 400, "pushNotSupportedForRequestedResource", errc::forbidden,
       "push_not_supported"},
      {asked::open_channel, 400, "channelIdNotUnique", errc::duplicate, "channel_exists"},
      {asked::open_channel, 401, "push.webhookUrlUnauthorized", errc::invalid, "webhook_url_refused"},
      {asked::insert, 400, "required", errc::invalid, "request_refused"},
      {asked::insert, 429, "rateLimitExceeded", errc::retry_later, "vendor_rate_limited"},
      {asked::insert, 500, "backendError", errc::retry_later, "vendor_unavailable"},
  };
  for (const auto& row : table) {
    const auto e = google_reaction(row.what, google(row.status, row.reason), now);
    EXPECT_EQ(e.kind, row.kind) << row.status << row.reason;
    EXPECT_EQ(e.code, row.code) << row.status << row.reason;
  }
}

TEST(reaction_test, graph_codes_have_their_reaction) {
  const std::vector<expectation> table = {
      {asked::listing, 401, "InvalidAuthenticationToken", errc::reauthorize, "access_token_refused"},
      {asked::listing, 403, "ErrorAccessDenied", errc::forbidden, "access_denied"},
      {asked::listing, 404, "MailboxNotEnabledForRESTAPI", errc::forbidden, "mailbox_unavailable"},
      {asked::event, 404, "ErrorItemNotFound", errc::not_found, "event_not_found"},
      {asked::listing, 404, "ErrorItemNotFound", errc::not_found, "calendar_not_found"},
      {asked::known_channel, 404, "ResourceNotFound", errc::not_found, "channel_not_found"},
      {asked::insert, 400, "ErrorDuplicateTransactionId", errc::duplicate, "event_exists"},
      {asked::insert, 409, "ErrorDuplicateTransactionId", errc::duplicate, "event_exists"},
      {asked::update, 409, "ErrorIrresolvableConflict", errc::conflict, "version_changed"},
      {asked::update, 412, "ErrorIrresolvableConflict", errc::conflict, "version_changed"},
      {asked::open_channel, 409, "Conflict", errc::duplicate, "channel_exists"},
      {asked::continued_listing, 410, "SyncStateNotFound", errc::resync, "cursor_expired"},
      {asked::continued_listing, 410, "syncStateNotFound", errc::resync, "cursor_expired"},
      {asked::continued_listing, 400, "BadRequest", errc::resync, "cursor_refused"},
      {asked::listing, 400, "BadRequest", errc::invalid, "request_refused"},
      {asked::insert, 400, "TimeZoneNotSupportedException", errc::invalid, "zone_not_supported"},
      {asked::insert, 400, "ErrorPropertyValidationFailure", errc::invalid, "request_refused"},
      {asked::open_channel, 400, "ValidationError", errc::invalid, "webhook_url_refused"},
      {asked::open_channel, 403, "ExtensionError", errc::forbidden, "push_not_supported"},
      {asked::insert, 507, "ErrorQuotaExceeded", errc::forbidden, "mailbox_full"},
      {asked::insert, 429, "ApplicationThrottled", errc::retry_later, "vendor_rate_limited"},
      {asked::insert, 503, "ServiceUnavailable", errc::retry_later, "vendor_unavailable"},
      {asked::insert, 423, "locked", errc::retry_later, "vendor_busy"},
  };
  for (const auto& row : table) {
    const auto e = graph_reaction(row.what, graph(row.status, row.reason), now);
    EXPECT_EQ(e.kind, row.kind) << row.status << row.reason;
    EXPECT_EQ(e.code, row.code) << row.status << row.reason;
  }
}

TEST(reaction_test, pages_of_html_are_judged_by_their_status) {
  const std::string html = "<html><title>502</title></html>";

  EXPECT_EQ(google_reaction(asked::listing, reply(502, html), now).kind, errc::retry_later);
  EXPECT_EQ(graph_reaction(asked::listing, reply(504, ""), now).kind, errc::retry_later);
  EXPECT_EQ(google_reaction(asked::listing, reply(302, html), now).kind, errc::broken);
  EXPECT_EQ(graph_reaction(asked::listing, reply(302, html), now).code, "vendor_answer_unreadable");
  EXPECT_EQ(google_reaction(asked::insert, reply(418, html), now).kind, errc::invalid);
}

TEST(reaction_test, reads_the_reason_from_the_details_of_the_front_end) {
  const auto e = google_reaction(
      asked::insert, reply(403, R"({"error":{"code":403,"message":"x","status":"PERMISSION_DENIED",
      "details":[{"@type":"a"},{"reason":"RATE_LIMIT_EXCEEDED","domain":"googleapis.com"}]}})"),
      now);

  EXPECT_EQ(e.kind, errc::retry_later);
}

TEST(reaction_test, the_vendors_words_reach_the_detail_cut_and_clean) {
  const auto e = google_reaction(asked::insert, google(400, "required", "Missing end time.\\u0007"), now);
  const auto longer = graph_reaction(asked::insert, graph(400, "x", std::string(5'000, 'a')), now);

  EXPECT_EQ(e.detail, "Google answered 400 required: Missing end time. ");
  EXPECT_LT(longer.detail.size(), 300u);
}

TEST(reaction_test, a_401_never_quotes_the_vendor) {
  const auto e =
      graph_reaction(asked::listing, graph(401, "InvalidAuthenticationToken", "IDX14100: secret-token"), now);

  EXPECT_EQ(e.detail.find("secret-token"), std::string::npos);
}

TEST(reaction_test, reads_retry_after_in_every_form) {
  EXPECT_EQ(read_retry_after("120", now), 120s);
  EXPECT_EQ(read_retry_after("2.128", now), 3s);
  EXPECT_EQ(read_retry_after("0", now), 0s);
  EXPECT_EQ(read_retry_after("Fri, 20 Nov 2026 09:00:30 GMT", now), 30s);
  EXPECT_EQ(read_retry_after("Friday, 20-Nov-26 09:01:00 GMT", now), 60s);
  EXPECT_EQ(read_retry_after("Fri Nov 20 09:02:00 2026", now), 120s);
  EXPECT_EQ(read_retry_after("Fri, 20 Nov 2026 08:00:00 GMT", now), 0s) << "a moment that has passed";
  EXPECT_EQ(read_retry_after("999999999999", now), 24h) << "the limit";
  EXPECT_EQ(read_retry_after("864000", now), 24h) << "the limit";
}

TEST(reaction_test, ignores_a_retry_after_that_is_none) {
  for (const char* value :
       {"", "soon", "-5", ".5", "1e9", "Fri, 99 Nov 2026 09:00:30 GMT", "Fri, 20 Foo 2026 09:00:30 GMT"})
    EXPECT_FALSE(read_retry_after(value, now)) << value;
}

TEST(reaction_test, waits_as_long_as_the_vendor_says_or_the_table) {
  const auto told = graph_reaction(asked::insert, reply(429, "", {{"retry-after", "7"}}), now);
  const auto untold = google_reaction(asked::insert, google(403, "quotaExceeded"), now);
  const auto never = graph_reaction(asked::insert, reply(400, "", {{"Retry-After", "7"}}), now);

  EXPECT_EQ(told.retry_after, 7s);
  EXPECT_EQ(untold.retry_after, 1h);
  EXPECT_FALSE(never.retry_after);
}

TEST(reaction_test, only_a_dead_grant_asks_for_a_person) {
  const auto answer = [](const std::string& code) { return R"({"error":")" + code + R"("})"; };

  EXPECT_EQ(google_token_reaction(reply(400, answer("invalid_grant")), now).kind, errc::reauthorize);
  EXPECT_EQ(google_token_reaction(reply(401, answer("invalid_client")), now).code, "invalid_client");
  EXPECT_EQ(google_token_reaction(reply(400, answer("unauthorized_client")), now).kind, errc::invalid);
  EXPECT_EQ(google_token_reaction(reply(400, answer("invalid_scope")), now).code, "token_request_refused");
  EXPECT_EQ(google_token_reaction(reply(500, answer("invalid_grant")), now).kind, errc::retry_later);
  EXPECT_EQ(google_token_reaction(reply(400, "<html>"), now).kind, errc::broken);
  EXPECT_EQ(google_token_reaction(reply(400, answer("temporarily_unavailable")), now).kind,
            errc::retry_later);
  EXPECT_EQ(microsoft_token_reaction(reply(400, answer("interaction_required")), now).kind,
            errc::reauthorize);
  EXPECT_EQ(microsoft_token_reaction(reply(400, answer("consent_required")), now).kind, errc::reauthorize);
  EXPECT_EQ(microsoft_token_reaction(reply(429, "", {{"Retry-After", "60"}}), now).retry_after, 60s);
}

TEST(reaction_test, a_passing_aadsts_number_is_no_dead_grant) {
  const auto dead =
      R"({"error":"invalid_grant","error_codes":[700082],"error_description":"AADSTS700082: secret"})";
  const auto passing = R"({"error":"invalid_grant","error_codes":[90033]})";

  const auto e = microsoft_token_reaction(reply(400, dead), now);

  EXPECT_EQ(e.kind, errc::reauthorize);
  EXPECT_EQ(e.detail, "Microsoft's token endpoint answered 400 invalid_grant AADSTS700082");
  EXPECT_EQ(microsoft_token_reaction(reply(400, passing), now).kind, errc::retry_later);
}

} // namespace
} // namespace kalends::net
