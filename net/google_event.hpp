// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/google_json.hpp"

#include <simdjson.h>

namespace kalends::net {

/// One row of a listing. Of a series it only tells which one; a cancelled master is a removed event.
calendar_event read_google_row(const simdjson::dom::object& item, std::string_view calendar_zone);

} // namespace kalends::net
