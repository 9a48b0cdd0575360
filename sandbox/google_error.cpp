// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google_error.hpp"

#include "sandbox/router.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

struct known_reason {
  int status;
  std::string_view reason, message, domain, location_type, location;
};

constexpr std::array known_reasons{
    known_reason{410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.",
                 "calendar", "parameter", "syncToken"},
    known_reason{410, "updatedMinTooLongAgo",
                 "The requested minimum modification time lies too far in the past.", "calendar", "parameter",
                 "updatedMin"},
    known_reason{410, "deleted", "Resource has been deleted", "global", "", ""},
    known_reason{403, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits", "", ""},
    known_reason{403, "userRateLimitExceeded", "User Rate Limit Exceeded", "usageLimits", "", ""},
    known_reason{403, "quotaExceeded", "Calendar usage limits exceeded.", "usageLimits", "", ""},
    known_reason{403, "calendarUsageLimitsExceeded", "Calendar usage limits exceeded.", "usageLimits", "",
                 ""},
    known_reason{403, "dailyLimitExceeded", "Daily Limit Exceeded", "usageLimits", "", ""},
    known_reason{403, "forbidden", "Forbidden", "global", "", ""},
    known_reason{403, "forbiddenForNonOrganizer",
                 "Shared properties can only be changed by the organizer of the event.", "calendar", "", ""},
    known_reason{403, "requiredAccessLevel", "You need to have writer access to this calendar.", "calendar",
                 "", ""},
    known_reason{403, "accessNotConfigured", "Access Not Configured.", "usageLimits", "", ""},
    known_reason{403, "notACalendarUser", "The user must be signed up for Google Calendar.", "calendar", "",
                 ""},
    known_reason{403, "domainPolicy", "The domain administrators have disabled Calendar apps.", "global", "",
                 ""},
    known_reason{404, "notFound", "Not Found", "global", "", ""},
    known_reason{409, "duplicate", "The requested identifier already exists.", "global", "", ""},
    known_reason{409, "conflict", "Conflict", "global", "", ""},
    known_reason{412, "conditionNotMet", "Precondition Failed", "global", "header", "If-Match"},
    known_reason{400, "pushNotSupportedForRequestedResource",
                 "Push notifications are not supported by this resource.", "global", "", ""},
    known_reason{400, "channelIdNotUnique", "Channel id not unique", "global", "", ""},
    known_reason{500, "backendError", "Backend Error", "global", "", ""},
    known_reason{503, "backendError", "Service Unavailable", "global", "", ""},
};

} // namespace

net::http_response answer(const api_error& e) {
  json::object one{{"domain", e.domain}, {"reason", e.reason}, {"message", e.message}};
  if (!e.location.empty()) {
    one["locationType"] = e.location_type;
    one["location"] = e.location;
  }
  return json_answer(e.status, {{"error", json::object{{"errors", json::array{std::move(one)}},
                                                       {"code", e.status},
                                                       {"message", e.message}}}});
}

net::http_response invalid_credentials() {
  const json::object one{{"message", "Invalid Credentials"},
                         {"domain", "global"},
                         {"reason", "authError"},
                         {"location", "Authorization"},
                         {"locationType", "header"}};
  auto out =
      json_answer(401, {{"error", json::object{{"code", 401},
                                               {"message", "Request had invalid authentication credentials. "
                                                           "Expected OAuth 2 access token, login cookie or "
                                                           "other valid authentication credential."},
                                               {"errors", json::array{one}},
                                               {"status", "UNAUTHENTICATED"}}}});
  out.headers.emplace_back("WWW-Authenticate",
                           "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"");
  return out;
}

net::http_response missing_credentials() {
  const json::object one{{"message", "Login Required."},
                         {"domain", "global"},
                         {"reason", "required"},
                         {"location", "Authorization"},
                         {"locationType", "header"}};
  const json::object info{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                          {"reason", "CREDENTIALS_MISSING"},
                          {"domain", "googleapis.com"},
                          {"metadata", json::object{{"service", "calendar-json.googleapis.com"}}}};
  auto out = json_answer(
      401, {{"error", json::object{{"code", 401},
                                   {"message", "Request is missing required authentication "
                                               "credential. Expected OAuth 2 access token, login "
                                               "cookie or other valid authentication credential."},
                                   {"errors", json::array{one}},
                                   {"status", "UNAUTHENTICATED"},
                                   {"details", json::array{info}}}}});
  out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"https://accounts.google.com/\"");
  return out;
}

net::http_response missing_scope(std::string_view method) {
  // "events.insert" is calendar.v3.Events.Insert in the front end's words.
  std::string long_name = "calendar.v3.";
  bool first = true;
  for (const char c : method) {
    long_name += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    first = c == '.';
  }
  const json::object one{
      {"message", "Insufficient Permission"}, {"domain", "global"}, {"reason", "insufficientPermissions"}};
  const json::object info{
      {"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
      {"reason", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"},
      {"domain", "googleapis.com"},
      {"metadata", json::object{{"service", "calendar-json.googleapis.com"}, {"method", long_name}}}};
  auto out =
      json_answer(403, {{"error", json::object{{"code", 403},
                                               {"message", "Request had insufficient authentication scopes."},
                                               {"errors", json::array{one}},
                                               {"status", "PERMISSION_DENIED"},
                                               {"details", json::array{info}}}}});
  out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"https://accounts.google.com/\", "
                                               "error=\"insufficient_scope\"");
  return out;
}

net::http_response standard_error(std::string_view reason, int status) {
  if (reason == "authError") return invalid_credentials();
  if (reason == "insufficientPermissions") return missing_scope("events.list");
  if (reason == "invalid_grant" || reason == "invalid_client" || reason == "temporarily_unavailable") {
    const int natural = reason == "invalid_grant" ? 400 : reason == "invalid_client" ? 401 : 503;
    return json_answer(status ? status : natural,
                       {{"error", reason}, {"error_description", "Token has been expired or revoked."}});
  }
  const auto known = std::ranges::find_if(known_reasons, [&](const known_reason& k) {
    return k.reason == reason && (status == 0 || k.status == status || k.reason != "backendError");
  });
  if (known == known_reasons.end())
    return answer({status ? status : 400, std::string(reason), std::string(reason)});
  return answer({status ? status : known->status, std::string(reason), std::string(known->message),
                 std::string(known->domain), std::string(known->location_type),
                 std::string(known->location)});
}

void refuse(int status, std::string reason, std::string message) {
  throw refusal({status, std::move(reason), std::move(message)});
}
void refuse_invalid(std::string message) { refuse(400, "invalid", std::move(message)); }
void refuse_not_found() { refuse(404, "notFound", "Not Found"); }

} // namespace kalends::sandbox::google
