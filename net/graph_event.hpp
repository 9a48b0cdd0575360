// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/graph_json.hpp"

#include <simdjson.h>

namespace kalends::net {

/// One row of a listing. Of a series it only tells which one.
calendar_event read_graph_row(const simdjson::dom::object& item);

} // namespace kalends::net
