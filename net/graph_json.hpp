// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// Microsoft Graph's calendar (v1.0) as bytes <-> our vocabulary. Pure;
/// learn.microsoft.com/graph/api/resources/event. Reads what was asked for with `Prefer:
/// outlook.timezone="UTC", outlook.body-content-type="text"`. Reading fails only when the whole answer is
/// unusable (errc::broken): a single odd event becomes `unreadable`, one without a usable id is left out,
/// since nobody could ever refer to it.

/// The named property that holds our tag. One GUID for every mailbox: named properties are finite there.
inline constexpr std::string_view graph_tag_property =
    "String {6f1c2f0e-58d1-4b0b-9d0c-3a7f6b1c9e42} Name kalends_entry";

/// Besides the events: what reads `unreadable` for Graph alone: `draft` (somebody is still composing it) and
/// `body_too_large`. A body in HTML (the server ignored our wish) is read as its text.
result<change_page> read_graph_page(const std::string& body);

struct graph_event {
  calendar_event event;
  /// It is an occurrence of that series.
  event_id series;
};
/// Of a series' master, its rule (`repeats` is set even if that cannot be read), on the clock of the zone in
/// which it repeats; its exceptions come apart.
result<graph_event> read_graph_event(const std::string& body);

/// A series' exceptions, from one page or more.
struct graph_exceptions {
  std::string etag; ///< of the master, if this page tells it
  std::vector<recurrence_id> cancelled;
  std::vector<changed_occurrence> changed;
  std::vector<event_id> incomplete;  ///< told without title or notes: to be asked for by their ids
  std::vector<std::string> versions; ///< ids and etags
  std::optional<std::string> unreadable;
  std::string next_link;
};
/// A master with `cancelledOccurrences` and `exceptionOccurrences`, or a further page of those. `series` as
/// `read_graph_event` read it.
result<graph_exceptions> read_graph_exceptions(const std::string& body, const calendar_event& series);
/// One exception by itself.
result<graph_exceptions> read_graph_exception(const std::string& body, const calendar_event& series);
/// Makes the master the whole series, in its canonical form.
void complete_graph_series(calendar_event& series, graph_exceptions exceptions);

/// Where to find one occurrence of a series.
struct graph_instance {
  event_id id;
  std::chrono::local_days day; ///< where the rule puts it, in the zone of the series
};
struct graph_instances {
  std::vector<graph_instance> items;
  std::string next_link;
};
/// A page of `/instances`, or a master with its `exceptionOccurrences`.
result<graph_instances> read_graph_instances(const std::string& body, const appointment& series);

/// The guests as PATCH wants them, which replaces the whole array: those of `event` (its JSON) that are
/// `wanted` or among `people` with all that stands there, and those that are new.
result<std::string> merge_graph_attendees(const std::string& event, const std::vector<attendee>& wanted,
                                          const std::vector<std::string>& people = {});

/// Whether the event carries an online meeting, whose join link lives in its body.
result<bool> read_is_online_meeting(const std::string& body);

struct graph_calendars {
  std::vector<calendar_listing> items;
  std::string next_link;
};
result<graph_calendars> read_graph_calendars(const std::string& body);
result<channel> read_graph_subscription(const std::string& body, instant expected);

/// `@event.existingEventId` of an ErrorDuplicateTransactionId; empty if there is none.
event_id read_existing_event(const std::string& body);

/// The text as people wrote it: line ends "\n", plain spaces, and without the white space that Exchange
/// appends.
std::string normalised_body(std::string_view text);

/// With `in_utc`, times are told in UTC: the mailbox does not know the zone (no series is told like that).
/// What repeats has to be sayable. Time and rule of a series come together. `attendees`: JSON of the whole
/// list, empty if it stays.
std::string write_graph_insert(const new_event& event, bool in_utc);
std::string write_graph_patch(const event_update& update, bool in_utc, const std::string& attendees = {});
std::string write_graph_occurrence(const occurrence_write& write, bool in_utc);
std::string write_graph_subscription(const channel_request& request, const calendar_id& calendar,
                                     instant expires_at);
std::string write_graph_renewal(instant expires_at);

} // namespace kalends::net
