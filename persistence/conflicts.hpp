// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/conflict.hpp"
#include "schema/directory.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>

/// What people ask about conflicts; they are opened and resolved in the engine's steps.
namespace kalends::persistence {

struct conflict_filter {
  std::optional<conflict_state> state;
  provider_id provider;   ///< empty: of any calendar
  entry_id entry;         ///< empty: of any entry
  user_id of_person = {}; ///< empty: of anybody
};
/// Newest first.
result<page_of<conflict>> list_conflicts(transaction& tx, const conflict_filter& filter,
                                         const std::string& cursor, std::size_t limit);
/// `id` is a UUID.
result<std::optional<conflict>> find_conflict(transaction& tx, const std::string& id);

} // namespace kalends::persistence
