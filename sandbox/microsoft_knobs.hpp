// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_error.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>

namespace kalends::sandbox::microsoft {

/// Behaviours of the real service that differ between tenants, times or reports. The defaults are the usual
/// ones.
struct knobs {
  // -- store --
  bool calendar_ids_follow_header = true; ///< lists answer short calendar ids under IdType="ImmutableId"
  std::int64_t duplicate_transaction_status = 400; ///< 400 or 409
  bool time_change_wipes_exceptions = true;        ///< a moved series forgets its exceptions
  bool omit_uid = false; ///< `uid` and `occurrenceId`: present in captures, not in the schema
  bool null_ical_uid = false;
  bool ignore_body_preference = false;   ///< HTML whatever was preferred
  bool custom_zones = false;             ///< a series' recurrenceTimeZone reads "tzone://Microsoft/Custom"
  bool poor_exceptions = false;          ///< expanded exceptions lack subject and body
  std::int64_t unreadable_seconds = 0;   ///< GET of a fresh event answers 404 that long
  std::int64_t guest_copy_seconds = 0;   ///< from a meeting's change to the guests' copies
  std::int64_t exceptions_page_size = 0; ///< of an expanded `exceptionOccurrences`; 0: all at once

  // -- delta --
  bool events_delta = false;                ///< `events/delta` answers; else the segment is unknown
  bool deleted_instance_tombstones = false; ///< else a deleted instance is silent
  bool omit_master_later = false;           ///< rounds after the first lack the masters
  bool repeat_items = false;                ///< every item twice in a round
  bool reverse_items = false;               ///< no order is promised
  bool empty_first_page = false;            ///< a page without items but with a nextLink
  bool endless_paging = false;              ///< nextLinks for ever, same content
  bool resync_location = false;             ///< 410 carries a Location
  std::int64_t lag_seconds = 0;             ///< writes become visible that late
  std::int64_t page_size = 50;              ///< without odata.maxpagesize
  std::int64_t token_days = 30;

  // -- notices --
  std::int64_t extra_updates = 0; ///< further `updated` items per change, in the same message
  bool delete_as_updated = false;
  std::int64_t notice_seconds = 0; ///< from the change to the message
  std::int64_t longest_subscription_minutes = 10'080;

  // -- limits --
  std::int64_t concurrent_requests = 4;      ///< per application and mailbox
  std::int64_t service_milliseconds = 0;     ///< real time each request takes: makes concurrency visible
  std::int64_t requests_per_window = 10'000; ///< per application, mailbox and ten minutes
  bool strict_batch_concurrency = false;     ///< beyond the fourth, parallel items of a batch answer 429

  boost::json::object report() const;
  /// Sets the members named; refuses unknown names and wrong types, then changes nothing.
  std::optional<refusal> set(const boost::json::object& values);
};

} // namespace kalends::sandbox::microsoft
