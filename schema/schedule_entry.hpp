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

/// What both sides can hold: the fields that are synced. An entry and an event are equal when these are.
/// Text is UTF-8, NFC, line ends "\n", without NUL.
struct appointment {
  std::string title;
  std::string notes;
  std::string location;
  calendar_time start;
  calendar_time end; ///< exclusive
  bool is_private = false;
  bool is_tentative = false;
  friend bool operator==(const appointment&, const appointment&) = default;
};

namespace limits {
inline constexpr std::size_t title_bytes = 1'024;
inline constexpr std::size_t location_bytes = 1'024;
inline constexpr std::size_t notes_bytes = 256 * 1'024;
inline constexpr std::size_t assigned_users = 100;
} // namespace limits

/// An appointment as the host keeps it.
struct schedule_entry {
  entry_id id;
  std::int64_t version = 0; ///< grows by one with each committed change; the ETag
  appointment what;
  entry_status status = entry_status::scheduled;
  work_item work;
  std::vector<user_id> assigned; ///< sorted, unique
  /// The provider whose calendar this entry was born in; empty when the host made it.
  provider_id origin;
  instant created_at{};
  instant updated_at{};
};

} // namespace kalends
