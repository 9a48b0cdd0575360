// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/account.hpp"
#include "sandbox/clock.hpp"
#include "sandbox/recurrence.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::sandbox::google {

/// A start or end: a day, or an instant with the zone it was agreed in.
struct moment {
  bool all_day = false;
  std::int64_t at = 0; ///< all-day: midnight on the wall; else seconds UTC
  std::string zone;    ///< IANA; empty when all-day
  friend bool operator==(const moment&, const moment&) = default;
};

/// A row of a calendar: a single event, a master, or an exception of a series.
struct event {
  std::string id;
  /// Everything else a caller may write, in the API's form and without defaults ("summary", "attendees", …),
  /// plus "creator", "organizer" and "iCalUID".
  boost::json::object fields;
  moment start, end;
  std::optional<moment> original_start; ///< of an exception
  std::string series_id;                ///< of an exception: its master
  std::string status = "confirmed";
  std::int64_t sequence = 0;
  instant created, updated;
  /// Microseconds, unique in the sandbox and rising with every change: the etag is twice this, deltas compare
  /// by it.
  std::int64_t changed = 0;

  bool is_master() const { return fields.contains("recurrence") && series_id.empty(); }
  bool is_cancelled() const { return status == "cancelled"; }
  std::string etag() const { return "\"" + std::to_string(changed * 2) + "\""; }
};

/// What is known of a calendar itself.
struct calendar_facts {
  std::string id;
  std::string owner; ///< account email
  std::string summary, description, location;
  std::string time_zone;
  bool primary = false;
  bool refuses_watch = false; ///< like the holiday calendars
  std::int64_t changed = 0;
  boost::json::object
      list_fields; ///< what the owner set on its list entry ("summaryOverride", "selected", …)
  bool deleted = false;
  friend bool operator==(const calendar_facts&, const calendar_facts&) = default;
};

struct calendar : calendar_facts {
  std::map<std::string, event, std::less<>> events;

  std::string etag() const { return "\"" + std::to_string(changed) + "\""; }
};

/// Every Google calendar in the sandbox. Guarded by the core's mutex.
class store {
public:
  explicit store(const virtual_clock& c) : clock_(c) {}

  /// A number for the next change: the clock's microseconds, or one more than the last.
  std::int64_t next_change();
  std::int64_t last_change() const { return last_; }

  calendar& add(calendar c);
  /// By id, or "primary". Null when `owner` has no such calendar.
  calendar* find(const account& owner, std::string_view id);
  std::vector<calendar*> all_of(const account& owner);
  /// Stamps a change of `e`. `silent` leaves `updated` alone (reminders only).
  void touch(event& e, bool silent = false);
  instant now() const { return clock_.now(); }

  // -- google_state.cpp: kept and found again; `load` throws on malformed records --
  void save(state_writer& out);
  void load(state_reader& in);

private:
  const virtual_clock& clock_;
  std::int64_t last_ = 0;
  std::map<std::string, calendar, std::less<>> calendars_;
  /// Cancelled with its series, an exception has no change number of its own.
  struct event_mark {
    event_mark(const event& e) : changed(e.changed), cancelled(e.is_cancelled()) {}
    std::int64_t changed;
    bool cancelled;
    friend bool operator==(const event_mark&, const event_mark&) = default;
  };
  struct {
    written_map<std::string, calendar_facts> calendars;
    std::map<std::string, written_map<std::string, event_mark>, std::less<>> events; ///< by calendar
    written_record counter;
    std::int64_t last = -1; ///< nothing changes without a new number
  } written_;
};

// -- google_event.cpp: the resource and its rules --

struct write_options {
  int conference_data_version = 0;
  bool creating = false;
};

/// What a caller could have written to get this event: the base of a PATCH.
boost::json::object writable_view(const event& e);
/// Replaces everything writable by `body`; omitted fields are cleared. Throws `refusal` and then leaves `e`
/// as it was.
void assign(event& e, const boost::json::object& body, const calendar& in, const write_options& options);
/// RFC 7386 for objects; null deletes, arrays are replaced.
void merge_patch(boost::json::object& into, const boost::json::object& patch);

/// As `viewer`'s calendar answers it; `zone` is the response's. `max_attendees` 0: all.
boost::json::object render(const event& e, const calendar& in, std::string_view zone,
                           std::size_t max_attendees = 0);
/// What remains of a cancelled event: id, status, etag, and the slot of a cancelled exception.
boost::json::object render_tombstone(const event& e, std::string_view zone);
boost::json::object render_moment(const moment& m, std::string_view zone);

bool is_client_id(std::string_view id); ///< 5 to 1024 characters of base32hex in lower case
std::string base32hex(std::string_view bytes);

// -- google_series.cpp: occurrences --

series series_of(const event& master);
moment occurrence_start(const event& master, std::int64_t wall);
std::string instance_id(const event& master, std::int64_t wall);
/// The occurrence as if it were an exception that nothing was changed of.
event virtual_instance(const event& master, std::int64_t wall);
/// Finds the row, or the occurrence that an instance id names. Nothing when there is neither.
std::optional<event> find_event(const calendar& in, std::string_view id);

struct window {
  std::optional<std::int64_t> from; ///< exclusive lower bound of the end, UTC
  std::optional<std::int64_t> to;   ///< exclusive upper bound of the start, UTC
};

bool overlaps(const event& e, const calendar& in, const window& w);
/// All occurrences in the window, exceptions in their places (cancelled ones too), at most `limit`.
std::vector<event> instances(const calendar& in, const event& master, const window& w, std::size_t limit);
/// Drops exceptions whose slot the changed master no longer has.
void drop_lost_exceptions(calendar& in, const event& master);

/// However they are written.
bool same_address(std::string_view a, std::string_view b);

} // namespace kalends::sandbox::google
