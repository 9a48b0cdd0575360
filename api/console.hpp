// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"
#include "persistence/console.hpp"

#include <optional>
#include <string>

namespace kalends::api {

/// Answers a page of tenants, each with how it stands.
void add_standings(const call_ptr& c, page_of<tenant> page);

/// A cursor of a sorted list: URL-safe, at most `cursor_bytes`; good for that order alone.
std::string write_cursor(std::string_view order, const persistence::sort_mark& after);
/// Error `malformed_cursor`: not one of ours, or of another order.
result<std::optional<persistence::sort_mark>> read_cursor(std::string_view order, std::string_view text);

boost::json::object tenant_ref(const tenant_id& id, const std::string& name);

} // namespace kalends::api
