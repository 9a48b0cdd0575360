// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"

#include <string>
#include <string_view>

namespace kalends::fidelity {

/// docs/fidelity.md: what becomes of each field at each vendor, there and back.
std::string page();

/// Whether the page tells this refusal. A trip that is refused with a code that it does not tell is a
/// failure.
bool tells_refusal(provider_type vendor, std::string_view code);

} // namespace kalends::fidelity
