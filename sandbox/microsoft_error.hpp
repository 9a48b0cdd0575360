// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/world.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace kalends::sandbox::microsoft {

/// What Graph says when it will not: HTTP status, outermost code, text.
struct refusal {
  int status = 400;
  std::string code;
  std::string message;
  boost::json::object more = {}; ///< further members of `error` ("@event.existingEventId")
  net::header_list headers = {};
};

template <class T>
using expected = tl::expected<T, refusal>;

inline tl::unexpected<refusal> refuse(int status, std::string code, std::string message) {
  return tl::unexpected<refusal>(refusal{status, std::move(code), std::move(message), {}, {}});
}

/// `{"error": {"code", "message", "innerError": {…}}}` with its headers.
net::http_response error_answer(const refusal& r, instant now, const std::string& request_id);

/// The refusal behind a short name: "resyncRequired", "TooManyRequests", … `status` 0 means the usual one.
refusal named_refusal(std::string_view name, int status);

refusal item_not_found();
refusal zone_not_supported(std::string_view zone);

} // namespace kalends::sandbox::microsoft
