// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// Google Calendar v3 as bytes <-> our vocabulary. Pure; developers.google.com/calendar/api/v3/reference.
/// Reading fails only when the whole answer is unusable (errc::broken): a single odd event becomes
/// `unreadable`, one without a usable id is left out, since nobody could ever refer to it.

result<change_page> read_google_page(const std::string& body);

struct google_event {
  calendar_event event;
  /// A timed event came without its own zone; it means the calendar's, which this answer does not tell.
  /// `event` was read with `calendar_zone`, or as UTC if that is empty.
  bool zone_missing = false;
};
result<google_event> read_google_event(const std::string& body, std::string_view calendar_zone);

struct google_calendars {
  std::vector<calendar_listing> items;
  std::string next_page;
};
result<google_calendars> read_google_calendars(const std::string& body);
/// The time zone of one calendarList entry.
result<std::string> read_google_calendar_zone(const std::string& body);

/// The opened channel; `expires_at` is `expected` if the answer does not say.
result<channel> read_google_channel(const std::string& body, instant expected);

std::string write_google_insert(const new_event& event);
/// Replaces a deleted event of the same id, which Google keeps as cancelled.
std::string write_google_revival(const new_event& event);
/// The changed groups alone; the form of time that is not used is nulled, because PATCH merges.
std::string write_google_patch(const event_update& update);
/// The id of the occurrence that the rule puts there, whether it is an exception or not.
event_id google_occurrence_id(const occurrence_write& write);
/// The groups of an occurrence that is changed or brought back.
std::string write_google_occurrence(const occurrence_write& write);
std::string write_google_watch(const channel_request& request, std::chrono::seconds ttl);
std::string write_google_stop(const channel& c);

} // namespace kalends::net
