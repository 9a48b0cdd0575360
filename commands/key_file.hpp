// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/world.hpp"

#include <string>

namespace kalends::commands {

/// The one line of `file`, or a new key written there with mode 0600. Errors: `key_file_unusable`.
result<std::string> read_or_make_key(const std::string& file, const world& w);

/// The UUID by which other nodes know this one, kept in `file` from the first start on. Errors:
/// `node_file_unusable`.
result<std::string> read_or_make_node_id(const std::string& file, const world& w);

} // namespace kalends::commands
