// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.hpp"

namespace kalends::doctor {

/// Files, disk, limits and the kernel's clock.
machine_facts look_at_machine(const settings& s, const world& w);

} // namespace kalends::doctor
