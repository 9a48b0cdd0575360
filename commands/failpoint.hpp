// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <memory>
#include <string>

namespace kalends::commands {

/// For trying what becomes of a calendar whose actor dies (docs/operations-alerts.md, KalendsActorRestarts):
/// an insert of an appointment whose title contains `title` throws in the actor that asks for it; all else
/// goes on to `behind`.
std::unique_ptr<net::calendar_client> failing_at(std::unique_ptr<net::calendar_client> behind,
                                                 std::string title);

} // namespace kalends::commands
