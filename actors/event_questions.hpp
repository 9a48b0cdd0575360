// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/engine_store.hpp"
#include "schema/calendar_event.hpp"

#include <vector>

namespace kalends::actors {

/// What has to be loaded before these events are planned: what they lead to, and whom they name.
void ask_for_events(persistence::load_request& r, const provider_id& calendar,
                    const std::vector<calendar_event>& events);

} // namespace kalends::actors
