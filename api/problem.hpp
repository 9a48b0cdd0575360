// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/result.hpp"

#include <span>
#include <string_view>

namespace kalends::api {

/// One kind of problem as clients see it: `code` is the contract, `status` and `title` belong to it.
struct problem_kind {
  std::string_view code;
  int status;
  std::string_view title;
};

/// Every code that this server answers by name; openapi.yaml lists the same ones.
std::span<const problem_kind> known_problems();

/// The HTTP status of a failure: the code's own, else what its kind means to a client.
int status_of(const error& e);

/// RFC 9457 problem+json with type, title, status, code, detail, and field when there is one; Retry-After
/// when the failure passes, WWW-Authenticate when a key is missing.
net::http_response problem(const error& e);

} // namespace kalends::api
