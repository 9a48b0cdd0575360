// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/zone.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::chrono::hours longest_life{7 * 24};
constexpr std::size_t id_limit = 64;
constexpr std::size_t token_limit = 256;

const retry_rule google_retries{{200, 201, 202, 204, 102}, {500, 502, 503, 504},     false, true,
                                std::chrono::seconds(1),   std::chrono::seconds(64), 8,     false};

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// A number that may come as one or as a string.
std::optional<std::int64_t> number_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (!v) return std::nullopt;
  if (v->is_int64()) return v->get_int64();
  std::int64_t n = 0;
  const auto text = text_at(o, key);
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
  return bad == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(n)
                                                                                 : std::nullopt;
}

/// "Tue, 08 Sep 2026 08:15:00 GMT"
std::string http_date(instant t) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day d(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(t - day));
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                days[std::chrono::weekday(day).c_encoding()], unsigned(d.day()),
                months[unsigned(d.month()) - 1], int(d.year()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return out.data();
}

bool is_loopback_http(std::string_view address) {
  return address.starts_with("http://127.0.0.1") || address.starts_with("http://localhost") ||
         address.starts_with("http://[::1]");
}

void check_request(half& h, const json::object& body) {
  const auto id = text_at(body, "id");
  const auto address = text_at(body, "address");
  if (id.empty()) refuse(400, "required", "Required");
  if (id.size() > id_limit) refuse_invalid("Invalid channel id.");
  if (text_at(body, "type") != "web_hook" && text_at(body, "type") != "webhook")
    refuse_invalid("Unknown channel type.");
  if (address.empty()) refuse(400, "required", "Required");
  // Loopback may be plain, so that tests and demos need no certificate of their own.
  if (!address.starts_with("https://") && !is_loopback_http(address))
    refuse(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS: " + address);
  if (text_at(body, "token").size() > token_limit) refuse_invalid("Channel token is too long.");
  if (std::ranges::any_of(h.watches, [&](const channel& k) { return k.id == id; }))
    refuse(400, "channelIdNotUnique", "Channel id " + id + " not unique");
  if (h.watches.size() >= channel_limit) refuse(403, "rateLimitExceeded", "Too many channels");
}

instant expiration_of(const json::object& body, instant now) {
  const auto latest = now + longest_life;
  if (const auto asked = number_at(body, "expiration"))
    return std::min(instant(std::chrono::milliseconds(*asked)), latest);
  const auto* params = body.if_contains("params");
  if (params && params->is_object())
    if (const auto ttl = number_at(params->get_object(), "ttl"); ttl && *ttl > 0)
      return std::min<instant>(now + std::chrono::seconds(std::min<std::int64_t>(*ttl, 10'000'000)), latest);
  return latest;
}

void post_message(half& h, channel& k, std::string_view state) {
  k.messages += k.messages == 0 ? 1 : 1 + k.messages % 3; // rising, not consecutive
  notice n;
  n.kind = vendor::google;
  n.account = k.account;
  n.channel = k.id;
  n.rule = google_retries;
  n.request.method = "POST";
  n.request.url = k.address;
  n.request.headers = {
      {"Content-Type", "application/json; utf-8"},
      {"User-Agent", "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"},
      {"Accept", "*/*"},
      {"X-Goog-Channel-ID", k.id},
      {"X-Goog-Channel-Expiration", http_date(k.expires)},
      {"X-Goog-Resource-ID", k.resource_id},
      {"X-Goog-Resource-URI", k.resource_uri},
      {"X-Goog-Resource-State", std::string(state)},
      {"X-Goog-Message-Number", std::to_string(k.messages)}};
  if (!k.token.empty()) n.request.headers.emplace_back("X-Goog-Channel-Token", k.token);
  h.all.push.post(std::move(n));
}

/// Opens a channel on the resource at `path` (as the caller spelled it) and sends its first message.
net::http_response open_channel(half& h, call& c, const std::string& calendar_id, const std::string& path,
                                const std::string& resource) {
  const auto body = body_of(c);
  check_request(h, body);
  channel k;
  k.id = text_at(body, "id");
  k.resource_id = base64url(sha256(c.who->email + "\n" + resource)).substr(0, 27);
  k.resource_uri = "https://www.googleapis.com/calendar/v3/" + path + "?alt=json";
  k.token = text_at(body, "token");
  k.address = text_at(body, "address");
  k.account = c.who->email;
  k.client_id = c.token->client_id;
  k.calendar_id = calendar_id;
  k.expires = expiration_of(body, h.all.now());
  if (k.expires <= h.all.now()) refuse_invalid("Invalid expiration.");
  post_message(h, h.watches.emplace_back(k), "sync");
  c.wrote = true;
  json::object out{{"kind", "api#channel"},
                   {"id", k.id},
                   {"resourceId", k.resource_id},
                   {"resourceUri", k.resource_uri},
                   {"expiration", std::to_string(k.expires.time_since_epoch().count())}};
  if (!k.token.empty()) out["token"] = k.token;
  return json_answer(200, out);
}

net::http_response watch_events(half& h, call& c) {
  auto& in = calendar_of(h, c);
  if (in.refuses_watch) return standard_error("pushNotSupportedForRequestedResource", 0);
  return open_channel(h, c, in.id, "calendars/" + net::percent_encode(c.param("calendar")) + "/events",
                      "events\n" + in.id);
}

net::http_response stop_channel(half& h, call& c) {
  const auto body = body_of(c);
  const auto found = std::ranges::find_if(h.watches, [&](const channel& k) {
    return k.id == text_at(body, "id") && k.resource_id == text_at(body, "resourceId") &&
           k.account == c.who->email && k.client_id == c.token->client_id;
  });
  if (found == h.watches.end())
    refuse(404, "notFound", "Channel '" + text_at(body, "id") + "' not found for project");
  h.all.push.forget_channel(found->id);
  h.watches.erase(found);
  c.wrote = true;
  return {204, {}, ""};
}

} // namespace

void notify(half& h, const calendar& changed) {
  h.tick();
  for (auto& k : h.watches)
    if (k.calendar_id == changed.id && k.account == changed.owner) post_message(h, k, "exists");
}

void notify_calendar_list(half& h, const std::string& owner) {
  h.tick();
  for (auto& k : h.watches)
    if (k.calendar_id.empty() && k.account == owner) post_message(h, k, "exists");
}

void half::tick() {
  deliver_copies(*this);
  const auto now = all.now();
  std::erase_if(watches, [&](const channel& k) { return k.expires <= now; });
}

json::array half::channels() {
  json::array out;
  for (const auto& k : watches)
    out.push_back(json::object{{"id", k.id},
                               {"vendor", "google"},
                               {"account", k.account},
                               {"resource", k.calendar_id.empty() ? "calendarList" : k.calendar_id},
                               {"resource_id", k.resource_id},
                               {"token", k.token},
                               {"url", k.address},
                               {"expires", to_rfc3339(k.expires)},
                               {"messages", k.messages},
                               {"active", true}});
  return out;
}

void half::adopt(notice& n) {
  if (n.channel.starts_with("projects/")) return prepare_push(*this, n);
  n.rule = google_retries;
}

bool half::expire_channel(std::string_view id) {
  return std::erase_if(watches, [&](const channel& k) { return k.id == id; }) > 0;
}

void add_push_routes(half& h, router& routes) {
  add_api(routes, "POST", "calendars/{calendar}/events/watch", "events.watch", scopes_to_read_events(),
          [&h](call& c) { return watch_events(h, c); });
  add_api(routes, "POST", "users/me/calendarList/watch", "calendarList.watch",
          {"calendar", "calendar.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"},
          [&h](call& c) { return open_channel(h, c, "", "users/me/calendarList", "calendarList"); });
  add_api(routes, "POST", "channels/stop", "channels.stop", {}, [&h](call& c) { return stop_channel(h, c); });
}

} // namespace kalends::sandbox::google
