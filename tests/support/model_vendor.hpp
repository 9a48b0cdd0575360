// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/held_calendar.hpp"

#include <map>
#include <random>

namespace kalends::testing {

/// What stands behind a held_calendar when nobody scripts it: one calendar's events, served as the vendor
/// would, with its deltas, guards and idempotent inserts, and with trouble on request.
class model_vendor {
public:
  model_vendor(provider_type type, std::mt19937& dice) : type_(type), dice_(dice) {}

  /// All that ever were; the deleted ones bear `removed`.
  std::map<event_id, calendar_event> events;
  /// One call in `trouble` is not carried out, or carried out and its answer lost. 0: none.
  unsigned trouble = 0;

  void serve(const held_calendar::call_ptr& c, instant now);
  /// A person writes into the calendar.
  calendar_event put(calendar_event e, instant now);
  /// Only occurrences of a series: its master's version stays.
  calendar_event put_occurrences(calendar_event e, instant now);
  void remove(const event_id& id, instant now);
  std::vector<calendar_event> standing() const;

private:
  bool roll(unsigned one_in) { return one_in != 0 && dice_() % one_in == 0; }
  result<change_page> list(const net::list_request& what);
  result<calendar_event> get(const event_id& id) const;
  result<calendar_event> insert(const net::new_event& what, instant now);
  result<calendar_event> update(const net::event_update& what, instant now);
  result<bool> write_occurrence(const net::occurrence_write& what, instant now);
  result<bool> erase(const event_deletion& what, instant now);
  template <class T>
  void tell(const held_calendar::call_ptr& c, result<T> outcome);

  provider_type type_;
  std::mt19937& dice_;
  std::map<event_id, int> moved_; ///< serial of the last change
  int serial_ = 0;
};

} // namespace kalends::testing
