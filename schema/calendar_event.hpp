// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/schedule_entry.hpp"
#include "schema/world.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kalends {

/// An appointment as a provider keeps it, neutral between Google and Graph.
struct calendar_event {
  event_id id;
  /// The vendor's etag, to be sent back as If-Match; opaque. Of a series it changes with its exceptions, too.
  std::string version;
  std::string ical_uid; ///< RFC 5545 UID: the same in every copy of one meeting
  /// Deleted or cancelled at the vendor. Then only `id` (and perhaps `version`, `tag`) are meaningful.
  bool removed = false;
  /// Of a listing only: this row is part of a series (its master, an occurrence, an exception, a cancelled
  /// one), namely of the one whose master has this id, and tells no more than that something may have changed
  /// there: the series is read as a whole by its id. Empty in what `get_event` answers, where a series is one
  /// event with `what.repeats`, its exceptions included.
  event_id series;
  /// The event could not be understood or cannot be held by an entry: why (a closed reason code), and the
  /// event is left alone.
  std::optional<std::string> unreadable;
  appointment what;
  /// The entry id we wrote into the event as our tag; empty if it bears none or the listing cannot say
  /// (Graph's delta).
  entry_id tag;
  /// Graph's `transactionId`: what we chose at creation; how a create whose answer was lost is found again.
  std::string transaction_id;
  std::optional<instant> updated_at;
  /// The calendar's person is a guest, and the organizer did not let guests change it.
  bool guest_copy = false;
  /// What the calendar's person answered, as a guest.
  std::optional<attendee_response> own_response;
  /// Bears the mark of import policy `marked`: Outlook's category, or the word in title or notes.
  bool marked = false;
  /// An insert's answer only: it stood there already, from an earlier try, and may say something else.
  bool stood_already = false;
};

/// One page of changes since a cursor. Exactly one of `next_page` and `next_cursor` is set.
struct change_page {
  std::vector<calendar_event> events;
  std::string next_page;     ///< continue with this (Google: page token; Graph: @odata.nextLink)
  std::string next_cursor;   ///< done; start from here next time (Google: syncToken; Graph: @odata.deltaLink)
  std::string calendar_zone; ///< IANA, if the vendor said so
};

/// The time span of a Graph delta read; Google reads everything.
struct read_window {
  instant from{};
  instant to{};
  friend bool operator==(const read_window&, const read_window&) = default;
};

struct calendar_listing {
  calendar_id id;
  std::string name;
  std::string time_zone;
  bool primary = false;
  bool writable = false;
};

} // namespace kalends
