// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace kalends::net {

/// `text` as it stands between tags, and in an attribute within quotes of either kind.
std::string escape_html(std::string_view text);

} // namespace kalends::net
