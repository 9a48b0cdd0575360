// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

#include <functional>

/// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the first answer to a key is kept for 24
/// hours and given again to the same request. Another request with the key is refused (422), one that comes
/// while the first is under way is too (409).
namespace kalends::api {

inline constexpr std::size_t idempotency_key_bytes = 200;
/// A first request that has not answered by then is lost: its repetition goes on in its place, with the same
/// new ids. It is lost at once when the process that worked on it is known to be gone (with the embedded
/// database there is only one) or has given it up because its answer could not be kept.
inline constexpr std::chrono::minutes claim_lifetime{3};

/// Claims the request's key, if it brings one and the route honours it, and goes on with `then`; or answers.
void claim_key_then(const call_ptr& c, std::function<void()> then);

/// Keeps the answer for later repetitions. One that may be otherwise next time (5xx) is not kept: the key
/// then only remembers the ids, so that a repetition cannot make a second thing.
void keep_answer_then(const call_ptr& c, net::http_response answer,
                      std::function<void(net::http_response)> then);

} // namespace kalends::api
