// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/sync.hpp"

#include <string_view>
#include <vector>

/// How the occurrences of a series get into a calendar: whatever is cancelled or says something of its own is
/// written one by one, after the master. Pure; any thread.
namespace kalends::actors {

/// One occurrence and what becomes of it there.
struct occurrence_step {
  enum class kind { cancel, change, restore } how{};
  recurrence_id at{};
  field_set changed;        ///< change: the groups to write
  appointment what;         ///< as it has to be; cancel: nothing
  std::string_view refused; ///< not to be asked for: the vendor cannot do it, by this code
};

/// Both sides of a series as they were agreed: an occurrence that neither side changed since is left alone,
/// however the vendor spells it.
struct agreed_series {
  const appointment* entry = nullptr;
  const appointment* event = nullptr;
};

/// What has to be written so that `actual`, as the calendar shows it, shows the occurrences of `wanted`. In
/// an order in which no occurrence ever stands beyond its neighbour, if none does in the end: what is
/// cancelled or brought back, then what moves later from the last on, then the rest from the first on.
/// `masked`: of each only the time is the calendar's business.
std::vector<occurrence_step> plan_occurrences(const appointment& wanted, const appointment& actual,
                                              provider_type vendor, const agreed_series& agreed = {},
                                              bool masked = false);

/// Entry and event as they agree when the master was written and its occurrences were not yet.
struct agreed_sides {
  appointment entry;
  appointment event;
};
/// `written`: the groups that the master took from `wanted`; `answer`: the vendor's. A pattern that changes
/// may have wiped the calendar's exceptions: those that shall stand are held to be gone, so that whatever
/// became of them is written where it is missing, and is no change of a person's where it is not.
agreed_sides agree_on_master(const mapping& link, const appointment& wanted, field_set written,
                             const appointment& answer);

/// What came of writing occurrences.
struct series_outcome {
  appointment entry; ///< agreed
  appointment event; ///< agreed: `now`, but for what somebody else changed
  bool moved =
      false; ///< somebody else changed something meanwhile: `now` has to be read like any other event
};
/// `before`: the series as it was read before the first of `steps`; `now`: after the last. `undone`: steps
/// that the vendor refused.
series_outcome agree_on_occurrences(const mapping& link, const appointment& wanted, const appointment& before,
                                    const std::vector<occurrence_step>& steps,
                                    const std::vector<recurrence_id>& undone, const appointment& now);

} // namespace kalends::actors
