// SPDX-License-Identifier: Apache-2.0
#include "net/reaction.hpp"

#include "net/json_reading.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds longest_wait = 24h;
constexpr std::size_t message_limit = 200;
constexpr std::size_t reason_limit = 64;

constexpr unsigned of(std::initializer_list<asked> calls) {
  unsigned bits = 0;
  for (const auto c : calls) bits |= static_cast<unsigned>(c);
  return bits;
}
constexpr unsigned any = 0xFFFF;
constexpr unsigned lists = of({asked::listing, asked::continued_listing});
constexpr unsigned one_event = of({asked::event, asked::update, asked::removal});
constexpr unsigned writes = of({asked::insert, asked::update, asked::removal});

/// The first row that fits counts: same status, same reason (empty: any), asked by one of `when`.
struct rule {
  int status;
  std::string_view reason;
  unsigned when;
  errc kind;
  std::string_view code;
  std::chrono::minutes wait{0}; ///< unless the vendor says how long
};

// clang-format off
constexpr std::array google_rules = {
  rule{401, "push.webhookUrlUnauthorized", any, errc::invalid, "webhook_url_refused"},
  rule{401, "", any, errc::reauthorize, "access_token_refused"},
  rule{403, "rateLimitExceeded", any, errc::retry_later, "vendor_rate_limited"},
  rule{403, "userRateLimitExceeded", any, errc::retry_later, "vendor_rate_limited"},
  rule{403, "RATE_LIMIT_EXCEEDED", any, errc::retry_later, "vendor_rate_limited"},
  rule{403, "quotaExceeded", any, errc::retry_later, "vendor_quota_exceeded", 1h},
  rule{403, "calendarUsageLimitsExceeded", any, errc::retry_later, "vendor_quota_exceeded", 1h},
  rule{403, "dailyLimitExceeded", any, errc::retry_later, "vendor_daily_limit", 6h},
  rule{403, "forbiddenForNonOrganizer", any, errc::forbidden, "not_the_organizer"},
  rule{403, "requiredAccessLevel", any, errc::forbidden, "calendar_read_only"},
  rule{403, "eventTypeRestriction", any, errc::forbidden, "event_read_only"},
  rule{403, "insufficientPermissions", any, errc::forbidden, "scope_missing"},
  rule{403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", any, errc::forbidden, "scope_missing"},
  rule{403, "accessNotConfigured", any, errc::forbidden, "api_not_enabled"},
  rule{403, "SERVICE_DISABLED", any, errc::forbidden, "api_not_enabled"},
  rule{403, "notACalendarUser", any, errc::forbidden, "mailbox_unavailable"},
  rule{403, "domainPolicy", any, errc::forbidden, "blocked_by_administrator"},
  rule{403, "", any, errc::forbidden, "access_denied"},
  rule{404, "", one_event, errc::not_found, "event_not_found"},
  rule{404, "", of({asked::known_channel}), errc::not_found, "channel_not_found"},
  rule{404, "", any, errc::not_found, "calendar_not_found"},
  rule{409, "conflict", any, errc::retry_later, "vendor_busy"},
  rule{409, "", of({asked::insert}), errc::duplicate, "event_exists"},
  rule{409, "", of({asked::open_channel}), errc::duplicate, "channel_exists"},
  rule{409, "", any, errc::conflict, "version_changed"},
  rule{410, "", lists, errc::resync, "cursor_expired"},
  rule{410, "", of({asked::known_channel}), errc::not_found, "channel_not_found"},
  rule{410, "", any, errc::not_found, "event_not_found"},
  rule{412, "", any, errc::conflict, "version_changed"},
  rule{400, "invalid", of({asked::continued_listing}), errc::resync, "cursor_refused"},
  rule{400, "syncTokenWithRequestRestrictions", lists, errc::resync, "cursor_refused"},
  rule{400, "fullSyncRequired", lists, errc::resync, "cursor_expired"},
  rule{400, "eventTypeRestriction", any, errc::forbidden, "event_read_only"},
  rule{400, "pushNotSupportedForRequestedResource", any, errc::forbidden, "push_not_supported"},
  rule{400, "channelIdNotUnique", any, errc::duplicate, "channel_exists"},
  rule{400, "push.webhookUrlNotHttps", any, errc::invalid, "webhook_url_refused"},
  rule{400, "push.webhookUrlUnauthorized", any, errc::invalid, "webhook_url_refused"},
  rule{408, "", any, errc::retry_later, "vendor_unavailable"},
  rule{429, "", any, errc::retry_later, "vendor_rate_limited"},
};

constexpr std::array graph_rules = {
  rule{401, "", any, errc::reauthorize, "access_token_refused"},
  rule{403, "ApplicationThrottled", any, errc::retry_later, "vendor_rate_limited"},
  rule{403, "ExtensionError", of({asked::open_channel}), errc::forbidden, "push_not_supported"},
  rule{403, "ErrorQuotaExceeded", any, errc::forbidden, "mailbox_full"},
  rule{403, "", any, errc::forbidden, "access_denied"},
  rule{404, "MailboxNotEnabledForRESTAPI", any, errc::forbidden, "mailbox_unavailable"},
  rule{404, "ErrorInvalidUser", any, errc::forbidden, "mailbox_unavailable"},
  rule{404, "Request_ResourceNotFound", any, errc::forbidden, "mailbox_unavailable"},
  rule{404, "ExtensionError", of({asked::open_channel}), errc::forbidden, "push_not_supported"},
  rule{404, "", one_event, errc::not_found, "event_not_found"},
  rule{404, "", of({asked::known_channel}), errc::not_found, "channel_not_found"},
  rule{404, "", any, errc::not_found, "calendar_not_found"},
  rule{400, "ErrorDuplicateTransactionId", any, errc::duplicate, "event_exists"},
  rule{409, "ErrorDuplicateTransactionId", any, errc::duplicate, "event_exists"},
  rule{409, "", of({asked::open_channel}), errc::duplicate, "channel_exists"},
  rule{409, "", any, errc::conflict, "version_changed"},
  rule{410, "", lists, errc::resync, "cursor_expired"},
  rule{410, "", of({asked::known_channel}), errc::not_found, "channel_not_found"},
  rule{410, "", any, errc::not_found, "event_not_found"},
  rule{412, "", any, errc::conflict, "version_changed"},
  rule{400, "SyncStateNotFound", lists, errc::resync, "cursor_expired"},
  rule{400, "SyncStateInvalid", lists, errc::resync, "cursor_expired"},
  rule{400, "ResyncRequired", lists, errc::resync, "cursor_expired"},
  rule{400, "BadRequest", of({asked::continued_listing}), errc::resync, "cursor_refused"},
  rule{400, "TimeZoneNotSupportedException", writes, errc::invalid, "zone_not_supported"},
  rule{400, "ExtensionError", of({asked::open_channel}), errc::invalid, "channel_refused"},
  rule{400, "InvalidRequest", of({asked::open_channel}), errc::invalid, "webhook_url_refused"},
  rule{400, "ValidationError", of({asked::open_channel}), errc::invalid, "webhook_url_refused"},
  rule{408, "", any, errc::retry_later, "vendor_unavailable"},
  rule{413, "", any, errc::invalid, "event_too_large"},
  rule{423, "", any, errc::retry_later, "vendor_busy"},
  rule{429, "", any, errc::retry_later, "vendor_rate_limited"},
  rule{507, "", any, errc::forbidden, "mailbox_full"},
};

constexpr std::array google_token_rules = {
  rule{400, "invalid_grant", any, errc::reauthorize, "invalid_grant"},
  rule{401, "invalid_client", any, errc::invalid, "invalid_client"},
  rule{0, "invalid_client", any, errc::invalid, "invalid_client"},
  rule{0, "unauthorized_client", any, errc::invalid, "invalid_client"},
  rule{0, "temporarily_unavailable", any, errc::retry_later, "vendor_unavailable"},
  rule{0, "internal_failure", any, errc::retry_later, "vendor_unavailable"},
  rule{408, "", any, errc::retry_later, "vendor_unavailable"},
  rule{429, "", any, errc::retry_later, "vendor_rate_limited"},
};

constexpr std::array microsoft_token_rules = {
  rule{400, "invalid_grant", any, errc::reauthorize, "invalid_grant"},
  rule{400, "interaction_required", any, errc::reauthorize, "interaction_required"},
  rule{400, "consent_required", any, errc::reauthorize, "interaction_required"},
  rule{400, "login_required", any, errc::reauthorize, "interaction_required"},
  rule{0, "invalid_client", any, errc::invalid, "invalid_client"},
  rule{0, "unauthorized_client", any, errc::invalid, "invalid_client"},
  rule{0, "temporarily_unavailable", any, errc::retry_later, "vendor_unavailable"},
  rule{0, "server_error", any, errc::retry_later, "vendor_unavailable"},
  rule{408, "", any, errc::retry_later, "vendor_unavailable"},
  rule{429, "", any, errc::retry_later, "vendor_rate_limited"},
};

/// AADSTS numbers that stand for passing trouble although the error reads `invalid_grant`.
constexpr std::array passing_aadsts = {90024, 90033, 90055};
// clang-format on

/// What the vendor said about itself.
struct complaint {
  std::string reason;
  std::string message;
};

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// A reason is a word; whatever else it holds is dropped.
std::string word(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, reason_limit))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
        c == '-')
      out += c;
  return out;
}

/// At most 200 bytes, cut before a character, control characters become spaces.
std::string sentence(std::string_view text) {
  if (text.size() > message_limit) {
    auto end = message_limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return out;
}

std::string_view first_reason(const simdjson::dom::object& problem, std::string_view list) {
  const auto entries = member(problem, list);
  const auto array = entries ? array_of(*entries) : std::nullopt;
  if (!array) return {};
  for (const auto entry : *array)
    if (const auto object = object_of(entry))
      if (const auto reason = text_member(*object, "reason"); !reason.empty()) return reason;
  return {};
}

complaint read_google_complaint(const std::string& body) {
  const json_document document(body);
  const auto outer = document.object() ? member(*document.object(), "error") : std::nullopt;
  const auto problem = outer ? object_of(*outer) : std::nullopt;
  if (!problem) return {};
  auto reason = first_reason(*problem, "errors");
  if (reason.empty()) reason = first_reason(*problem, "details");
  return {word(reason), sentence(text_member(*problem, "message"))};
}

complaint read_graph_complaint(const std::string& body) {
  const json_document document(body);
  const auto outer = document.object() ? member(*document.object(), "error") : std::nullopt;
  const auto problem = outer ? object_of(*outer) : std::nullopt;
  if (!problem) return {};
  return {word(text_member(*problem, "code")), sentence(text_member(*problem, "message"))};
}

error react(std::span<const rule> rules, asked what, const http_reply& reply, std::string_view reason,
            instant now) {
  error out{errc::broken, std::string(vendor_answer_unreadable), {}, {}, {}};
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const rule& r) {
    return (r.status == 0 || r.status == reply.status) && (r.reason.empty() || same_word(r.reason, reason)) &&
           (r.when & static_cast<unsigned>(what)) != 0;
  });
  std::chrono::minutes wait{0};
  if (found != rules.end()) {
    out.kind = found->kind;
    out.code = found->code;
    wait = found->wait;
  } else if (reply.status >= 500) {
    out.kind = errc::retry_later;
    out.code = "vendor_unavailable";
  } else if (reply.status >= 400) {
    out.kind = errc::invalid;
    out.code = "request_refused";
  }
  if (out.kind == errc::retry_later) {
    out.retry_after = read_retry_after(find_header(reply.headers, "Retry-After"), now);
    if (!out.retry_after && wait > 0min) out.retry_after = wait;
  }
  return out;
}

std::string describe(std::string_view vendor, const http_reply& reply, const complaint& c) {
  std::string out = std::string(vendor) + " answered " + std::to_string(reply.status);
  if (!c.reason.empty()) out += " " + c.reason;
  if (reply.status != 401 && !c.message.empty()) out += ": " + c.message;
  return out;
}

error token_reaction(std::string_view vendor, std::span<const rule> rules, const http_reply& reply,
                     instant now) {
  const json_document document(reply.body);
  complaint c;
  bool passes = false;
  if (document.object()) {
    c.reason = word(text_member(*document.object(), "error"));
    const auto codes = member(*document.object(), "error_codes");
    const auto numbers = codes ? array_of(*codes) : std::nullopt;
    if (numbers)
      for (const auto number : *numbers) {
        std::int64_t value = 0;
        if (number.get_int64().get(value) != simdjson::SUCCESS) continue;
        c.reason += " AADSTS" + std::to_string(value);
        passes =
            passes || std::find(passing_aadsts.begin(), passing_aadsts.end(), value) != passing_aadsts.end();
      }
  }
  const auto reason = c.reason.substr(0, c.reason.find(' '));
  auto out = react(rules, asked::event, reply, reason, now);
  if (passes) {
    out.kind = errc::retry_later;
    out.code = "vendor_unavailable";
    out.retry_after = read_retry_after(find_header(reply.headers, "Retry-After"), now);
  } else if (out.kind == errc::invalid && out.code == "request_refused") {
    // A refusal in the protocol's own words is the installation's fault; any other page is a proxy's.
    if (reason.empty())
      out = {errc::broken, std::string(vendor_answer_unreadable), {}, {}, {}};
    else
      out.code = "token_request_refused";
  }
  out.detail = describe(std::string(vendor) + "'s token endpoint", reply, c);
  return out;
}

std::optional<int> month_of(std::string_view name) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto at = name.size() == 3 ? names.find(name) : std::string_view::npos;
  if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
  return static_cast<int>(at / 3) + 1;
}

/// The three forms of RFC 9110 5.6.7.
std::optional<instant> read_http_date(std::string_view value) {
  const std::string text(value.substr(0, 64));
  std::array<char, 4> month{};
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  const bool fixed = std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month.data(), &year,
                                 &hour, &minute, &second) == 6;
  const bool two_digits = !fixed && std::sscanf(text.c_str(), "%*[a-zA-Z], %2d-%3s-%2d %2d:%2d:%2d GMT", &day,
                                                month.data(), &year, &hour, &minute, &second) == 6;
  const bool asctime = !fixed && !two_digits &&
                       std::sscanf(text.c_str(), "%*3s %3s %2d %2d:%2d:%2d %4d", month.data(), &day, &hour,
                                   &minute, &second, &year) == 6;
  const auto number = month_of(month.data());
  if ((!fixed && !two_digits && !asctime) || !number) return std::nullopt;
  if (two_digits) year += year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(*number)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

} // namespace

error google_reaction(asked what, const http_reply& reply, instant now) {
  const auto c = read_google_complaint(reply.body);
  auto out = react(google_rules, what, reply, c.reason, now);
  out.detail = describe("Google", reply, c);
  return out;
}

error graph_reaction(asked what, const http_reply& reply, instant now) {
  const auto c = read_graph_complaint(reply.body);
  auto out = react(graph_rules, what, reply, c.reason, now);
  out.detail = describe("Microsoft Graph", reply, c);
  return out;
}

error google_token_reaction(const http_reply& reply, instant now) {
  return token_reaction("Google", google_token_rules, reply, now);
}

error microsoft_token_reaction(const http_reply& reply, instant now) {
  return token_reaction("Microsoft", microsoft_token_rules, reply, now);
}

std::optional<std::chrono::milliseconds> read_retry_after(std::string_view value, instant now) {
  if (value.empty()) return std::nullopt;
  std::chrono::milliseconds wait{0};
  if (value.find_first_not_of("0123456789.") == std::string_view::npos) {
    const auto point = std::min(value.find('.'), value.size());
    if (point == 0 || point > 9) return point > 9 ? std::optional(longest_wait) : std::nullopt;
    long seconds = 0;
    for (const char c : value.substr(0, point)) seconds = seconds * 10 + (c - '0');
    const bool fraction = value.substr(point).find_first_not_of(".0") != std::string_view::npos;
    wait = std::chrono::seconds(seconds + (fraction ? 1 : 0));
  } else if (const auto date = read_http_date(value)) {
    wait = *date - now;
  } else {
    return std::nullopt;
  }
  return std::clamp(wait, std::chrono::milliseconds(0), longest_wait);
}

} // namespace kalends::net
