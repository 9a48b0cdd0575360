// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_error.hpp"

#include "sandbox/microsoft_time.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace kalends::sandbox::microsoft {

namespace {

struct named {
  std::string_view name;
  int status;
  std::string_view message;
};

constexpr std::array<named, 21> usual{{
    {"ApplicationThrottled", 429, "Application is over its MailboxConcurrency limit."},
    {"TooManyRequests", 429, "Too many requests."},
    {"activityLimitReached", 429, "The app or user has been throttled."},
    {"SyncStateNotFound", 410, "The sync state generation is not found; generation=149;[highest=157]."},
    {"syncStateNotFound", 410, "The sync state generation is not found; generation=149;[highest=157]."},
    {"resyncRequired", 410, "Resync required."},
    {"InvalidAuthenticationToken", 401, "Lifetime validation failed, the token is expired."},
    {"ErrorAccessDenied", 403, "Access is denied. Check credentials and try again."},
    {"Authorization_RequestDenied", 403, "Insufficient privileges to complete the operation."},
    {"ErrorItemNotFound", 404, "The specified object was not found in the store."},
    {"MailboxNotEnabledForRESTAPI", 404,
     "The mailbox is either inactive, soft-deleted, or is hosted on-premise."},
    {"ErrorIrresolvableConflict", 412,
     "The send or update operation could not be performed because the change key passed in the request does "
     "not "
     "match the current change key for the item."},
    {"PreconditionFailed", 412, "The precondition failed."},
    {"ErrorQuotaExceeded", 507, "The mailbox has exceeded its quota."},
    {"locked", 423, "The resource is locked."},
    {"ErrorInternalServerError", 500, "An internal server error occurred. The operation failed."},
    {"ErrorInternalServerTransientError", 500, "An internal server error occurred. Try again later."},
    {"generalException", 500, "General exception while processing."},
    {"ServiceUnavailable", 503, "The service is unavailable."},
    {"ErrorServerBusy", 503, "The server is busy."},
    {"UnknownError", 504, ""},
}};

} // namespace

refusal named_refusal(std::string_view name, int status) {
  auto found = std::find_if(usual.begin(), usual.end(), [&](const named& n) { return n.name == name; });
  refusal r{400, std::string(name), "The request was refused by a fault plan.", {}, {}};
  if (found != usual.end()) r = {found->status, std::string(name), std::string(found->message), {}, {}};
  if (status != 0) r.status = status;
  return r;
}

refusal item_not_found() { return named_refusal("ErrorItemNotFound", 0); }

refusal zone_not_supported(std::string_view zone) {
  return {400,
          "TimeZoneNotSupportedException",
          "A valid TimeZone value must be specified. The following TimeZone value is not supported: '" +
              std::string(zone) + "'.",
          {},
          {}};
}

net::http_response error_answer(const refusal& r, instant now, const std::string& request_id) {
  auto date = format_instant(std::chrono::floor<std::chrono::seconds>(now));
  date.pop_back(); // Graph writes this one without "Z"
  boost::json::object error{
      {"code", r.code},
      {"message", r.message},
      {"innerError", {{"date", date}, {"request-id", request_id}, {"client-request-id", request_id}}}};
  for (const auto& member : r.more) error[member.key()] = member.value();
  net::http_response answer{r.status, r.headers,
                            boost::json::serialize(boost::json::object{{"error", std::move(error)}})};
  answer.headers.emplace_back("Content-Type", "application/json");
  return answer;
}

} // namespace kalends::sandbox::microsoft
