// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kalends::net {

/// Of markup; what people write is a few KiB.
inline constexpr std::size_t html_limit = 1024 * 1024;

/// What a reader sees of an HTML fragment: paragraphs and breaks as lines, white space as browsers fold it,
/// character references resolved; markup, scripts, styles and comments are gone. One pass without recursion,
/// so that no nesting is too deep. Nothing if it is longer than `html_limit`. Pure.
std::optional<std::string> text_of_html(std::string_view html);

} // namespace kalends::net
