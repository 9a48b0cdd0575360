// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_error.hpp"
#include "sandbox/microsoft_recurrence.hpp"
#include "sandbox/microsoft_time.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

/// An event as the mailbox keeps it, and what requests may change about it.
namespace kalends::sandbox::microsoft {

/// A dateTimeTimeZone: the reading, the zone as it was spelled, and what the spelling means.
struct zoned_time {
  local_time wall{};
  std::string zone = "UTC";
  std::string iana = "UTC";

  instant at() const { return to_instant(wall, iana); }
  friend bool operator==(const zoned_time&, const zoned_time&) = default;
};

/// What people edit. `fields` holds the simple properties in Graph's own form, defaults filled in; `body` is
/// kept as sanitised HTML under "body".
struct event_content {
  zoned_time start, end;
  bool all_day = false; ///< then the walls are midnights and the zones mean nothing
  boost::json::object fields;
};

struct event_exception {
  event_content content;
  bool own_times = false;
  std::set<std::string, std::less<>> own_fields; ///< the others follow the master
};

struct event_item {
  std::uint64_t key = 0;
  std::uint64_t calendar = 0; ///< key of its calendar
  std::string regular_id;     ///< changes with every move
  std::string immutable_id;
  event_content content; ///< of a series: the first occurrence
  std::optional<recurrence_rule> rule;
  std::map<local_days, event_exception> exceptions;
  std::set<local_days> cancelled;
  std::map<std::string, std::string> extended; ///< singleValueExtendedProperties, by id
  std::string transaction_id;
  std::string original_start_zone, original_end_zone;
  instant created{}, modified{};
  std::uint64_t version = 1;  ///< advances with the change key
  std::uint64_t sequence = 0; ///< of the last change in the mailbox
  instant changed{};          ///< when `sequence` was given
  unsigned moves = 0;
  /// Calendars it was moved out of: the id it had there, and when.
  struct departure {
    std::string regular_id;
    std::uint64_t sequence = 0;
  };
  std::map<std::uint64_t, departure> left;
  bool deleted = false; ///< in the hidden Deleted Items
};

/// A request body, read and checked field by field.
struct event_change {
  boost::json::object fields;
  std::optional<zoned_time> start, end;
  std::optional<bool> all_day;
  std::optional<std::optional<recurrence_rule>> recurrence; ///< inner nothing: null was written
  std::map<std::string, std::optional<std::string>> extended;
  std::optional<std::string> transaction_id;
};

enum class change_author { application, person };

/// Reads a POST or PATCH body as OData does: unknown properties and wrong types are refused, read-only ones
/// ignored. A person (Outlook, Exchange itself) may also set what applications cannot: organizer,
/// isOrganizer, isCancelled, responseStatus, isDraft.
expected<event_change> read_change(const boost::json::object& body, change_author author);

/// A new event's content: Graph's defaults.
event_content fresh_content();

/// Applies `change` to content: all-day rules, end before start, field merge. Leaves `content` alone when
/// refusing.
std::optional<refusal> apply_content(event_content& content, const event_change& change, bool creating);
/// Applies the recurrence of `change` and the consequences for exceptions and the master's first occurrence.
/// `time_change_wipes`: whether a moved series loses its exceptions even if the pattern stays.
std::optional<refusal> apply_recurrence(event_item& item, const event_change& change,
                                        const event_content& before, bool time_change_wipes);

/// One occurrence of a series, exception or not, or a single event as a whole.
struct occurrence {
  const event_item* item = nullptr;
  std::optional<local_days> date; ///< original date; nothing for single events and masters
  const event_exception* exception = nullptr;
  zoned_time start, end;
  bool all_day = false;

  /// Matching against windows; all-day events count as if at UTC midnights.
  instant from() const;
  instant to() const;
  bool overlaps(instant window_start, instant window_end) const;
};

/// The whole event as one occurrence (of a master: its first).
occurrence whole(const event_item& item);
/// The occurrence at `date`, if the series has it and it is not cancelled.
std::optional<occurrence> occurrence_at(const event_item& item, local_days date);
/// Every occurrence in the window: of a single event itself.
std::vector<occurrence> occurrences_in(const event_item& item, instant window_start, instant window_end);

/// Moves, within its neighbours' days, the occurrence of `date`; makes it an exception.
std::optional<refusal> apply_exception(event_item& item, local_days date, const event_change& change);

} // namespace kalends::sandbox::microsoft
