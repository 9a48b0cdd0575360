// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

namespace kalends::actors {

/// How much of an event its entry is told: all of it, or under policy `busy_only` its times alone, unless it
/// is an entry of the host's that stands there. When the policy has become another one, the link follows with
/// the event's next change, or `at_once`: then also the bases are masked, and the entry, but for what the
/// host said itself, and unless another person's calendar shows it, too. Later again the event is told anew.
calendar_event as_imported(tenant_picture& p, const provider& calendar, calendar_event event,
                           bool at_once = false);

} // namespace kalends::actors
