// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/calendar_time.hpp"
#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kalends {

enum class entry_status { scheduled, tentative, in_progress, completed, cancelled };

/// What the appointment is about, in the host's words: a ticket, a project task. `ad_hoc` when nothing was
/// given.
struct work_item {
  std::string type = "ad_hoc";
  std::optional<std::string> id;
  friend bool operator==(const work_item&, const work_item&) = default;
};

enum class attendee_response { needs_action, declined, tentative, accepted };

/// A guest: somebody who is invited and is not scheduled by us. RFC 5545 3.8.4.1.
struct attendee {
  std::string email; ///< as written; compared without regard to case
  std::string name;
  attendee_response response = attendee_response::needs_action;
  bool is_optional = false;
  bool is_organizer = false;
  friend bool operator==(const attendee&, const attendee&) = default;
};

/// Names an occurrence by where the rule of its series puts it: RFC 5545's RECURRENCE-ID, as the wall clock
/// in the zone of the series' start; midnight when the series is all-day.
using recurrence_id = std::chrono::local_seconds;

struct changed_occurrence;

/// How an appointment repeats (RFC 5545 3.8.5), in the zone of its start. Kept in the form that
/// `canonical_series` makes.
struct recurrence {
  std::string rrule;                       ///< without "RRULE:"; empty: the start and the RDATEs only
  std::vector<recurrence_id> rdates;       ///< sorted, unique
  std::vector<recurrence_id> exdates;      ///< cancelled occurrences; sorted, unique
  std::vector<changed_occurrence> changed; ///< occurrences that differ from the series; by `at`, unique
  friend bool operator==(const recurrence&, const recurrence&) = default;
};

/// What both sides can hold: the fields that are synced. An entry and an event are equal when these are.
/// Text is UTF-8, NFC, line ends "\n", without NUL. Of a series these are the values of all occurrences that
/// are not changed; start and end are those of the first.
struct appointment {
  std::string title;
  std::string notes;
  std::string location;
  calendar_time start;
  calendar_time end; ///< exclusive
  bool is_private = false;
  bool is_tentative = false;
  std::optional<recurrence> repeats = {};
  std::vector<attendee> attendees = {}; ///< by address, unique
  friend bool operator==(const appointment&, const appointment&) = default;
};

/// An occurrence that was moved or edited: all that it says now. `what` has neither recurrence nor attendees.
struct changed_occurrence {
  recurrence_id at{};
  appointment what;
  friend bool operator==(const changed_occurrence&, const changed_occurrence&) = default;
};

/// How far the host is with one occurrence of a series. Only the host has this.
struct occurrence_status {
  recurrence_id at{};
  entry_status status = entry_status::scheduled;
  friend bool operator==(const occurrence_status&, const occurrence_status&) = default;
};

namespace limits {
inline constexpr std::size_t title_bytes = 1'024;
inline constexpr std::size_t location_bytes = 1'024;
inline constexpr std::size_t notes_bytes = 256 * 1'024;
inline constexpr std::size_t assigned_users = 100;
inline constexpr std::size_t attendees = 500;
} // namespace limits

/// An appointment as the host keeps it.
struct schedule_entry {
  entry_id id;
  std::int64_t version = 0; ///< grows by one with each committed change; the ETag
  appointment what;
  entry_status status = entry_status::scheduled;
  work_item work;
  std::vector<user_id> assigned;              ///< sorted, unique
  std::vector<occurrence_status> occurrences; ///< by `at`, unique; none of a single entry
  /// The provider whose calendar this entry was born in; empty when the host made it.
  provider_id origin;
  instant created_at{};
  instant updated_at{};
};

} // namespace kalends
