// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_render.hpp"

#include <boost/json/array.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// calendarView/delta: rounds of pages over one calendar and one window; events/delta: over one calendar,
/// with little told of singles and masters and nothing of occurrences.
namespace kalends::sandbox::microsoft {

/// What a token holds. Tokens are opaque to clients, carry a check sum, and stay usable any number of times.
struct delta_position {
  bool between_pages = false; ///< $skiptoken, else $deltatoken
  std::uint64_t calendar = 0;
  instant window_start{}, window_end{}; ///< no end: `events/delta`, of what begins there or later
  std::uint64_t generation = 0;
  instant issued{};
  bool initial = true;       ///< the round enumerates, rather than tells changes
  std::uint64_t from = 0;    ///< changes after this
  std::uint64_t upto = 0;    ///< of this round, fixed by its first page
  std::uint64_t after = 0;   ///< sequence of the last item already told
  bool told_nothing = false; ///< the empty first page has been given
  bool of_events() const { return window_end == instant{}; }
};

std::string write_token(const delta_position& p);
/// Nothing when the token is malformed or tampered with.
std::optional<delta_position> read_token(std::string_view text);

struct delta_page {
  boost::json::array items;
  delta_position next; ///< `between_pages` tells which of the two links to give
};

/// The first position of a new chain.
delta_position first_position(const mailbox& box, std::uint64_t calendar, instant window_start,
                              instant window_end);
/// The page at `p`. Errors: 410 `SyncStateNotFound`, when the state behind the token has been dropped or is
/// too old.
expected<delta_page> read_page(const viewer& v, delta_position p, std::size_t page_size, instant now);

} // namespace kalends::sandbox::microsoft
