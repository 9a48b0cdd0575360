// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"
#include "doctor/facts.hpp"

namespace kalends::commands {

/// What the doctor looks at; addresses that were not given are made as the server makes them.
doctor::installation installation_of(const configuration& c);

} // namespace kalends::commands
