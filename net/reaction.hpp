// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kalends::net {

/// What a call wanted: the same status means different things to different calls.
enum class asked : std::uint16_t {
  listing = 1,           ///< changes, from the beginning
  continued_listing = 2, ///< changes, by a cursor or page token
  event = 4,
  insert = 8,
  update = 16,
  removal = 32,
  calendars = 64,
  open_channel = 128,
  known_channel = 256, ///< renew, close
};

/// What the caller should do about an answer that is no success. The vendor's own reason and message go into
/// `detail` (cut, control characters removed), except with a 401, whose text may quote the token.
error google_reaction(asked what, const http_reply& reply, instant now);
error graph_reaction(asked what, const http_reply& reply, instant now);

/// The same for the token endpoints (RFC 6749 section 5.2). Only the vendor's error code is kept:
/// descriptions may quote what was sent.
error google_token_reaction(const http_reply& reply, instant now);
error microsoft_token_reaction(const http_reply& reply, instant now);

/// RFC 9110 10.2.3: seconds (a fraction is rounded up) or a date; at most a day.
std::optional<std::chrono::milliseconds> read_retry_after(std::string_view value, instant now);

/// The code of an answer that is not what the vendor documents: HTML, not JSON, a field missing.
inline constexpr std::string_view vendor_answer_unreadable = "vendor_answer_unreadable";

} // namespace kalends::net
