// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace kalends {

/// `text` as both sides may hold it: valid UTF-8 (U+FFFD for what is broken, encoded surrogates included),
/// NFC, line ends
/// "\n", without NUL and the other C0 controls but tab. Cleaning twice changes nothing. The result may be up
/// to three times as long as `text`: check limits afterwards.
std::string clean_text(std::string_view text);

/// Whether `clean_text` would leave it as it is.
bool is_clean(std::string_view text);

} // namespace kalends
