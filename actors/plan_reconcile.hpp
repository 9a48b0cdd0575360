// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <span>

/// The full comparison: every linked pair is held against what the calendar shows, and what nobody had told
/// or was about to tell is repaired by the ordinary routes and counted. Pure, like all decisions.
namespace kalends::actors {

/// What earlier reads should have told.
struct comparison {
  instant told_until{};              ///< changes after this are news, earlier ones are drift
  std::optional<read_window> window; ///< of the earlier reads (Graph): what lay outside is news, too
};

/// Whether it, or an occurrence of it, may lie within.
bool takes_place_in(const appointment& a, const read_window& w);

/// `plan_pull` for an event of a full comparison. `found` counts the pair, and what was wrong with it:
/// - a change of a mapped field that was made before `told_until`;
/// - another content under the very version that is known: the link's memory is at fault and is given up;
/// - an event with our tag that has no link;
/// - an event that came, or (confirmed) went, before `told_until`.
/// A listing that cannot show our tag leaves an unknown event open: `confirm_removal` asks for the event
/// itself.
pull_verdict plan_compared_pull(tenant_picture& p, const provider_id& calendar, const calendar_event& event,
                                removal proof, const comparison& by, drift_counts& found);

/// Entries that have no outbox row for `calendar` and may need one. Each gets what is missing: a link, an
/// outbox row, or its removal. A link whose entry is gone is dropped, so that its event is met as an unknown
/// one, unless the event has to leave. A calendar that takes no pushes needs nothing.
drift_counts plan_repairs(tenant_picture& p, const provider_id& calendar, std::span<const entry_id> entries);

} // namespace kalends::actors
