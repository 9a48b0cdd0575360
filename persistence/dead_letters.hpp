// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/dead_letter.hpp"
#include "schema/directory.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>

/// What people ask about dead letters. They are opened and ended in the engine's steps; only giving one up is
/// a matter of this row alone.
namespace kalends::persistence {

struct letter_filter {
  provider_id provider; ///< empty: of any calendar
  entry_id entry;       ///< empty: about any entry
  std::string code;     ///< empty: for any cause
  std::optional<letter_state> state;
  user_id of_person = {}; ///< empty: of anybody's calendar
};
/// Newest first.
result<page_of<dead_letter>> list_letters(transaction& tx, const letter_filter& filter,
                                          const std::string& cursor, std::size_t limit);
result<std::optional<dead_letter>> find_letter(transaction& tx, const std::string& id);
/// False if it is not there or not open.
result<bool> dismiss_letter(transaction& tx, const std::string& id, instant now);

} // namespace kalends::persistence
