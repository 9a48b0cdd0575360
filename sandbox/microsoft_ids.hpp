// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The spellings of Exchange ids. Pure; everything is derived from the mailbox and a key, so a run repeats
/// itself.
namespace kalends::sandbox::microsoft {

/// base64 with "-" and "_" and with padding, as Exchange writes item ids.
std::string item_base64(std::string_view bytes);
std::optional<std::string> item_base64_decode(std::string_view text);
/// Plain base64 with padding, as in change keys.
std::string plain_base64(std::string_view bytes);

/// "AAMk…", 152 characters. `moves` counts how often the item changed folders: each move makes a new id.
std::string regular_id(std::string_view mailbox, std::uint64_t key, unsigned moves);
/// "AAkALg…", 68 characters.
std::string immutable_id(std::string_view mailbox, std::uint64_t key);
/// "AQMk…", and the short form that lists answer under `Prefer: IdType="ImmutableId"`.
std::string calendar_id(std::string_view mailbox, std::uint64_t key);
std::string short_calendar_id(std::string_view mailbox, std::uint64_t key);

/// The id of a series' instance: the master's bytes, a mark, and the ticks of the original date.
std::string instance_id(std::string_view master_id, local_days date);

struct instance_reference {
  std::string master_id;
  local_days date{};
};
/// Takes an instance id apart; nothing if it is not one.
std::optional<instance_reference> split_instance_id(std::string_view id);

/// Of an item in one version.
std::string change_key(std::string_view mailbox, std::uint64_t key, std::uint64_t version);
/// Plain occurrences carry an etag of another form.
std::string occurrence_change_key(std::string_view master_change_key, local_days date);

/// A GlobalObjectId in hex (MS-OXOCAL 2.2.1.27); `date` only for instances.
std::string ical_uid(std::string_view seed, instant created, std::optional<local_days> date);

} // namespace kalends::sandbox::microsoft
