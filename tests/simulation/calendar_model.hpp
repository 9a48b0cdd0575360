// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include "tests/simulation/chance.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kalends::simulation {

/// An event as it stands at the vendor, with what we do not map.
struct model_event {
  calendar_event now;       ///< `removed` once it was deleted
  bool ours = false;        ///< an insert through the API made it
  bool purged = false;      ///< Google forgets a deleted event in time: 404 instead of "cancelled"
  std::string extras;       ///< guests, colour, conference: whatever no field of ours holds
  std::uint64_t serial = 0; ///< of its last change
  /// When it began and stopped to be seen in any window: (serial, start and end; nothing: deleted).
  struct state {
    std::uint64_t serial;
    std::optional<std::pair<instant, instant>> span;
    bool silent = false; ///< an occurrence went, and a listing does not say whose
  };
  std::vector<state> history;
  std::map<std::string, appointment> versions; ///< what each version said
};

/// One calendar at its vendor, without faults: etags, If-Match, deltas and tombstones, Graph's windows,
/// idempotent inserts. Each change has a serial; a cursor is the serial up to which its owner has been told.
class calendar_model {
public:
  calendar_model(provider_type type, std::string prefix) : type_(type), prefix_(std::move(prefix)) {}

  std::map<event_id, model_event> events;

  provider_type type() const { return type_; }
  std::uint64_t serial() const { return serial_; }
  /// Cursors that were handed out so far are answered 410 from now on.
  void forget_cursors() { ++generation_; }

  // ---- people ----
  model_event& put(calendar_event e, instant now);
  /// Only occurrences of a series: its master's version stays.
  model_event& put_occurrences(calendar_event e, instant now);
  void remove(const event_id& id, instant now);
  std::vector<event_id> standing() const;

  // ---- the API ----
  result<change_page> list(const net::list_request& what, std::size_t page_size);
  result<calendar_event> get(const event_id& id) const;
  result<calendar_event> insert(const net::new_event& what, instant now);
  result<calendar_event> update(const net::event_update& what, instant now);
  result<bool> erase(const event_id& id, const std::string& version, instant now);
  result<bool> write_occurrence(const net::occurrence_write& what, instant now);

  /// The serial in a cursor of ours.
  static std::uint64_t serial_of(const std::string& cursor);
  /// Whether the event is in the window of a cursor (Google has none).
  static bool in_window(const appointment& a, const std::optional<read_window>& w);

private:
  struct place { ///< where a read stands; what cursors and page links hold
    std::uint64_t generation = 0, from = 0, last = 0, began = 0;
    bool full = false;
    std::optional<read_window> window;
  };
  model_event& keep(calendar_event e, instant now);
  std::string write(const place& p) const;
  static std::optional<place> read(const std::string& text);
  /// What a read from `p` shows of this event; nothing: nothing.
  std::optional<calendar_event> shown(const model_event& e, const place& p) const;

  provider_type type_;
  std::string prefix_;
  std::uint64_t serial_ = 0;
  std::uint64_t generation_ = 1;
};

} // namespace kalends::simulation
