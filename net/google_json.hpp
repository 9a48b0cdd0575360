// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <chrono>
#include <optional>
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
  /// It is an occurrence of that series.
  event_id series;
};
/// Of a series' master, what its lines say (`repeats` is set even if they cannot be read); its exceptions are
/// rows of their own.
result<google_event> read_google_event(const std::string& body, std::string_view calendar_zone);

/// Rows of one series' exceptions, from one page or more.
struct google_exceptions {
  std::vector<recurrence_id> cancelled;
  std::vector<changed_occurrence> changed;
  std::vector<std::string> versions; ///< ids and etags
  std::optional<std::string> unreadable;
  std::string next_page;
};
/// `series` as `read_google_event` read it; rows of others are passed over.
result<google_exceptions> read_google_exceptions(const std::string& body, const calendar_event& series);
/// Makes the master the whole series, in its canonical form.
void complete_google_series(calendar_event& series, google_exceptions exceptions);

/// The guests as PATCH wants them, which replaces the whole array: those of `event` (its JSON) that are
/// `wanted` or among `people` with all that stands there, and those that are new. Nobody's answer is changed.
/// Error (invalid): `attendees_omitted`, the list that we see is not all of it.
result<std::string> merge_google_attendees(const std::string& event, const std::vector<attendee>& wanted,
                                           const std::vector<std::string>& people = {});
/// The lines without that cancelled occurrence, as a PATCH; nothing if none has it.
result<std::optional<std::string>> write_google_uncancelled(const std::string& event, recurrence_id at);

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
/// The changed groups alone; the form of time that is not used is nulled, because PATCH merges. A new rule
/// comes with its time, whose zone it needs. `attendees`: JSON of the whole list, empty if it stays.
std::string write_google_patch(const event_update& update, const std::string& attendees = {});
/// The id of the occurrence that the rule puts there, whether it is an exception or not.
event_id google_occurrence_id(const occurrence_write& write);
/// The groups of an occurrence that is changed or brought back.
std::string write_google_occurrence(const occurrence_write& write);
std::string write_google_watch(const channel_request& request, std::chrono::seconds ttl);
std::string write_google_stop(const channel& c);

} // namespace kalends::net
