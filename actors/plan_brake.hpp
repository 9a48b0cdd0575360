// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

/// Invariant 14 towards a calendar: more than a few events at once are not deleted before a person agrees.
/// The links remember who waits (`mapping::gate`); their outbox rows are done until somebody answers.
///
/// Whoever has come back meanwhile does not wait any more: `stays`. A refusal ends what sync has to do with
/// the event: the entry's change stands, the event stays as it is and belongs to the calendar alone; the link
/// is kept, so that the event is not imported as a new entry. An entry that has to stand there again takes it
/// up again.
namespace kalends::actors {

/// Whether the deletion that is planned needs a look at the tally: the event is known to stand there, and
/// nobody was asked.
bool goes_unasked(const push_step& s);
/// How many of so many links may go without a person's having been asked.
int removals_allowed(int links);
/// Whether all that waits has to be held. What joins a calendar in which others are held already is held,
/// too.
bool has_to_be_held(const removal_tally& t);
/// What people are told of it.
held_removals told_of(const removal_tally& t, instant now);

/// The link's event stays until a person agrees. False, and nothing is done, if it does not have to leave any
/// more or was asked about before.
bool hold_removal(tenant_picture& p, const provider_id& calendar, const entry_id& entry,
                  const held_removals& with);
/// A person's answer. False if it does not wait any more.
bool answer_removal(tenant_picture& p, const provider_id& calendar, const entry_id& entry, bool yes);

/// What of a calendar's waiting removals a person's answer means. Errors: not_found `nothing_held`; conflict
/// `approval_ambiguous` (both sides wait and none is named), `approval_stale` (it is another number by now).
result<held_removals> meant_by(const removal_answer& answer, const provider& calendar);

/// A link that does not have to leave after all.
mapping stays(mapping link);

} // namespace kalends::actors
