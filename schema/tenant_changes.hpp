// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"
#include "schema/sync.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kalends {

/// The end of a read: the cursor moves and the mark is cleared in the transaction that holds the changes
/// (invariant 3).
struct cursor_move {
  provider_id provider;
  cursor next;
  /// The mark's counter as it was before the read began: notices that came later keep the provider stale.
  std::int64_t mark_seen = 0;
  std::string calendar_zone; ///< if the read told it
  std::optional<instant> next_poll_at;
};

/// The outbox rows that a push has settled, and the ones to try again.
struct outbox_retry {
  std::string id;
  instant due_at{};
  std::string error_code;
  /// How long that is from the failure; zero: it did not fail, it only waits, and no attempt is counted.
  std::chrono::milliseconds waits{};
  bool strike = false; ///< counts against the row itself
};

/// An entry as it becomes. A step may change an entry several times; what is written is the last state,
/// guarded by what was stored before.
struct entry_write {
  schedule_entry entry;
  std::int64_t stored_version = 0; ///< 0: not stored yet (insert)
};

/// Events of a calendar that were deleted there without a person's having been asked.
struct removals_made {
  provider_id provider;
  int count = 0;
  instant at{};
};

/// This UID (RFC 5545) is that entry's, in whichever calendar it is met: two people of a tenant who see one
/// meeting share its entry, and a calendar that is connected anew finds its entries again. Kept as long as
/// the entry.
struct meeting_line {
  std::string ical_uid;
  entry_id entry;
};

/// Everything that one step of one tenant makes true: all of it is committed, or none. Only the tenant actor
/// makes these.
struct tenant_changes {
  tenant_id tenant;
  std::uint64_t tenure = 0; ///< in which it was decided (`engine_store::hold`); 0: whichever there is
  std::vector<entry_write>
      entries; ///< at most one per entry; none for an entry that was made and deleted in the same step
  std::vector<entry_id> deleted_entries;
  std::vector<mapping> mappings; ///< inserted or replaced, at most one per key
  std::vector<mapping_key> unlinked;
  std::vector<outbox_row> outbox;       ///< inserted
  std::vector<std::string> outbox_done; ///< deleted
  std::vector<outbox_retry> outbox_retries;
  std::vector<dead_letter> letters; ///< opened; if one is open about the same, it takes the newer cause
  std::vector<letter_end> letters_ended;
  std::vector<decision> decisions;
  std::vector<fact> facts;             ///< `sequence` is given by the database, in this order
  std::vector<sync_run> runs;          ///< inserted or replaced; one that succeeded also moves its provider's
                                       ///< `last_sync_at`, and if its cause is `reconcile`, its `reconciled`
  std::vector<cursor_move> cursors;    ///< at most one per provider
  std::vector<meeting_line> meetings;  ///< inserted, unless the UID is an entry's already
  std::vector<conflict> conflicts;     ///< inserted or replaced
  std::vector<removals_made> removals; ///< added to the calendar's tally

  bool empty() const {
    return entries.empty() && deleted_entries.empty() && mappings.empty() && unlinked.empty() &&
           outbox.empty() && outbox_done.empty() && outbox_retries.empty() && letters.empty() &&
           letters_ended.empty() && decisions.empty() && facts.empty() && runs.empty() && cursors.empty() &&
           meetings.empty() && conflicts.empty() && removals.empty();
  }
};

} // namespace kalends
