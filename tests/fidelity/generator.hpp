// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/recurrence.hpp"
#include "tests/simulation/chance.hpp"

#include <string>

namespace kalends::fidelity {

using simulation::chance;

/// One appointment as a host may have it, in canonical form, and what it is for the report.
struct specimen {
  unsigned seed = 0;
  appointment what;
  bool invites = false; ///< its attendees are to be written
};

/// The same seed, the same appointment: single ones and series, all-day, in many zones and about their
/// changes of summer time, with exceptions, guests, and texts that somebody would like to break something
/// with.
specimen make_specimen(unsigned seed);

} // namespace kalends::fidelity
