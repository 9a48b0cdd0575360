// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/row_codec.hpp"
#include "schema/dead_letter.hpp"

/// What a dead letter's row says, and in which order; `OF` is its table's name in the statement with a dot,
/// or nothing.
#define KALENDS_LETTER(OF)                                                                                   \
  OF "letter_id, " OF "kind, " OF "provider_id, " OF "entry_id, " OF "event_id, " OF "action, " OF           \
     "state, " OF "attempts, " OF "code, " OF "detail, " OF "first_failed_at, " OF "last_failed_at, " OF     \
     "closed_at"

namespace kalends::persistence {

inline constexpr int letter_columns = 13;
dead_letter read_letter(const rows& found, std::size_t row);

} // namespace kalends::persistence
