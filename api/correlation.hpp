// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/world.hpp"

#include <string>

namespace kalends::api {

/// The name under which a request is found again in logs, answers and the audit log: its `X-Request-Id` (1 to
/// 64 letters, digits, `.`, `_`, `-`), else the trace id of its `traceparent` (W3C Trace Context), else a new
/// one. What does not look like that is ignored, so that nobody writes into the log what he likes.
std::string correlation_id(const net::header_list& headers, const world& outside);

/// Puts the id into an answer: the header, and the body of a problem.
void tell_correlation(net::http_response& r, const std::string& id);

} // namespace kalends::api
