// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/engine_store.hpp"
#include "persistence/transaction.hpp"

#include <vector>

/// What a group of loads asks of the database: two statements in one round trip.
namespace kalends::persistence {

/// One answer per request, in their order; requests may be of many tenants.
result<std::vector<loaded>> read_units(transaction& tx, const std::vector<const load_request*>& units);

} // namespace kalends::persistence
