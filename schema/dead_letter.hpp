// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/sync.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kalends {

/// `push`: a write that did not get through. `pull`: an event that could not be planned or stored.
enum class letter_kind : std::uint8_t { push, pull };
/// Why a dead letter is not open any more.
enum class letter_state : std::uint8_t {
  open,
  replayed,  ///< put back by a person; if it fails again, it opens another one
  settled,   ///< a later write of that entry got through, or the event was read well
  dismissed, ///< a person gave it up
};
std::string_view name_of(letter_kind v);
std::string_view name_of(letter_state v);

/// What a dead letter is about: at most one is open for it. `push`: an entry in a calendar. `pull`: an event.
struct letter_key {
  letter_kind kind{};
  provider_id provider;
  entry_id entry; ///< pull: empty
  event_id event; ///< push: empty
  friend auto operator<=>(const letter_key&, const letter_key&) = default;
};

/// Work that was set aside after a bounded number of tries, with its cause, so that the rest goes on. The
/// mapping stays as it is: nothing was agreed.
struct dead_letter {
  std::string id; ///< UUIDv7
  letter_kind kind{};
  provider_id provider;
  entry_id entry; ///< pull: the entry that the event is linked with, or empty
  event_id event; ///< push: empty until the vendor or we gave it an id
  push_action action = push_action::upsert;
  letter_state state = letter_state::open;
  int attempts = 0;
  std::string code;   ///< snake_case: why it does not get through
  std::string detail; ///< the vendor's or our own words, at most `most_letter_detail` bytes; nothing secret
  instant first_failed_at{};
  instant last_failed_at{};
  std::optional<instant> closed_at = {};
};
inline constexpr std::size_t most_letter_detail = 2'000;

letter_key key_of(const dead_letter& l);

/// The open dead letter about `what`, if there is one, ends like this.
struct letter_end {
  letter_key what;
  letter_state how = letter_state::settled;
};

} // namespace kalends
