// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/schedule_entry.hpp"

#include <string>
#include <vector>

/// What a vendor is known to spell differently, each by name and as narrow as it can be told. The engine
/// keeps both spellings apart (mapping::base_entry, base_event), so that none is taken for a change.
namespace kalends::fidelity {

/// One known spelling.
struct spelling {
  const char* name;
  const char* field;
  const char* how;
  provider_type vendor;
};

/// All of them, for docs/fidelity.md.
const std::vector<spelling>& spellings();

/// `wanted` as that vendor spells it, given what came back: the names of those that had an effect are added.
appointment as_spelled(provider_type vendor, appointment wanted, const appointment& got,
                       std::vector<std::string>& names);

} // namespace kalends::fidelity
