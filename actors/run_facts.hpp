// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/sync.hpp"
#include "schema/world.hpp"

namespace kalends::actors {

/// Whether a run that ended is worth a fact: whatever a person started or that changed something; a poll that
/// found nothing is not.
bool is_news(const sync_run& run);
/// CALENDAR_SYNC_STARTED, _COMPLETED or _FAILED, by the run's outcome.
fact fact_of(const sync_run& run, const world& w);
/// Any other fact about a provider: {"provider_id": …} and the pairs given (values as text).
fact provider_fact(fact_type type, const provider_id& provider,
                   const std::vector<std::pair<std::string, std::string>>& more, const world& w);

} // namespace kalends::actors
