// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/graph_json.hpp"
#include "net/vendor_call.hpp"
#include "net/vendor_event.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kalends::net {

/// Graph forgets them from call to call, links included; a delta link is only good for the same wishes.
inline constexpr std::string_view graph_preferences =
    R"(IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text")";

/// What all calls share; outlives the client as long as a call is under way.
struct graph_api {
  std::shared_ptr<http_client> http;
  std::string url;
  world outside;
  std::chrono::milliseconds deadline;

  std::shared_ptr<vendor_call> start(const calendar_access& who) const {
    return std::make_shared<vendor_call>(http, outside, who.access_token, &graph_reaction);
  }
  /// Always inside the calendar: by an immutable id alone, a deleted event would still be found in Deleted
  /// Items.
  std::string calendar(const calendar_access& who) const {
    return who.calendar.empty() ? "/me/calendar" : "/me/calendars/" + percent_encode(who.calendar.str());
  }
  outgoing_request request(std::string method, const std::string& path, std::string body = {}) const {
    return absolute(std::move(method), url + path, std::move(body));
  }
  outgoing_request absolute(std::string method, std::string full_url, std::string body = {}) const {
    outgoing_request r;
    r.total_timeout = deadline;
    r.read_timeout = std::min(r.read_timeout, deadline);
    r.method = std::move(method);
    r.url = std::move(full_url);
    r.headers.emplace_back("Prefer", graph_preferences);
    r.body = std::move(body);
    return r;
  }
  /// Links are opaque, and the token goes with the request: only Graph's own host may get it.
  bool is_own(std::string_view link) const {
    return is_usable(link, cursor_limit) && origin_of(link) == origin_of(url);
  }
};
using graph_api_ptr = std::shared_ptr<const graph_api>;

inline tl::unexpected<error> foreign_link() {
  return failure(errc::broken, "foreign_link", "A link of the list leads away from Microsoft Graph.");
}

/// `calendar_client::write_occurrence`, of what is sayable.
call_token send_graph_occurrence(graph_api_ptr api, const calendar_access& who, occurrence_write what,
                                 vendor_done<bool> done);

} // namespace kalends::net
