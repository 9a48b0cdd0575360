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
  std::string version; ///< the vendor's etag, to be sent back as If-Match; opaque
  std::string ical_uid;
  /// Deleted or cancelled at the vendor. Then only `id` (and perhaps `version`, `tag`) are meaningful.
  bool removed = false;
  /// Part of a series (master, occurrence or exception). Until recurrence is synced these are left alone.
  bool in_series = false;
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
