// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/calendar_event.hpp"
#include "schema/fact.hpp"
#include "schema/ids.hpp"
#include "schema/provider.hpp"
#include "schema/schedule_entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends {

/// The units of comparison and merge. Start, end, zone and all-day change together or not at all.
enum class field_group : std::uint16_t {
  time = 1,
  title = 2,
  notes = 4,
  location = 8,
  privacy = 16,
  status = 32,
  recurrence = 64,   ///< rule and RDATEs
  occurrences = 128, ///< the cancelled and the changed ones
  attendees = 256
};

class field_set {
public:
  constexpr field_set() = default;
  static constexpr field_set all() { return field_set(511); }
  constexpr void add(field_group g) {
    bits_ = static_cast<std::uint16_t>(bits_ | static_cast<std::uint16_t>(g));
  }
  constexpr bool has(field_group g) const { return (bits_ & static_cast<std::uint16_t>(g)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint16_t bits() const { return bits_; }
  static constexpr field_set from_bits(std::uint16_t b) { return field_set(b & 511); }
  friend constexpr field_set operator&(field_set a, field_set b) { return field_set(a.bits_ & b.bits_); }
  friend constexpr field_set operator|(field_set a, field_set b) { return field_set(a.bits_ | b.bits_); }
  friend constexpr field_set operator-(field_set a, field_set b) { return field_set(a.bits_ & ~b.bits_); }
  friend constexpr bool operator==(field_set, field_set) = default;

private:
  constexpr explicit field_set(int b) : bits_(static_cast<std::uint16_t>(b)) {}
  std::uint16_t bits_ = 0;
};

/// The groups in which `a` and `b` differ. Times are equal when they mean the same instants with the same
/// all-day-ness and zone name; notes when they differ only in empty lines or in blanks at the ends of lines,
/// which the vendors' editors add and drop; attendees when they have the same addresses (without regard to
/// case), names, answers and roles, in any order. An appointment that does not repeat has no occurrences to
/// differ in.
field_set difference(const appointment& a, const appointment& b);
/// `onto` with the groups `which` taken from `from`. If the start moves and the occurrences stay (or the
/// other way round), the occurrences are named by the start that results.
appointment take(appointment onto, const appointment& from, field_set which);
/// "time", "title", …
std::vector<std::string_view> names_of(field_set s);

/// Whether the event may be deleted once its entry has to leave the calendar (invariant 14).
enum class removal_gate : std::uint8_t {
  open,     ///< when it is its turn, unless too many would go
  held,     ///< a person is asked first; by itself it never goes on from here
  approved, ///< a person agreed
  refused,  ///< a person did not: the event stays, the link only keeps it from being imported
};

/// Ties one entry to one event of one provider.
/// `base_entry` and `base_event` are the two sides as they were when they last agreed. They are kept apart
/// because a vendor may spell the same content differently (a Windows zone, re-wrapped text): each side is
/// only ever compared with its own base, so a spelling is never taken for a change.
struct mapping {
  provider_id provider;
  entry_id entry;
  /// Google: chosen by us before the insert. Graph: empty until the vendor answered.
  event_id event;
  /// Graph: chosen by us before the insert. Google: empty.
  std::string transaction_id;
  /// False from the moment the entry must appear in that calendar until the vendor confirmed the insert.
  bool linked = false;
  /// The entry must leave that calendar (deleted, unassigned). The mapping stays until the vendor confirmed,
  /// so that the event is never taken for an unknown one meanwhile.
  bool removing = false;
  std::string event_version;      ///< the vendor's etag as last seen
  std::int64_t entry_version = 0; ///< the entry's version that the calendar last agreed with
  appointment base_entry;
  appointment base_event;
  /// What the entry said between the base and now, oldest first: a write of it may have reached the calendar
  /// though no answer told so. Of each, only the groups that were given up again differ from `base_entry`. At
  /// most `most_superseded`; empty again when a write is confirmed.
  std::vector<appointment> superseded = {};
  /// The calendar's person is a guest of that event: what only its organizer may change is not written there.
  bool guest_copy = false;
  /// Imported as "busy": of the event only the time is known here, and nothing of the rest is written back.
  bool masked = false;
  /// The groups of an open conflict under policy `manual`: neither side's value is carried over until it is
  /// resolved. The bases of these groups stay as they were when it began.
  field_set disputed = {};
  removal_gate gate = removal_gate::open; ///< of a link that is `removing`
  std::optional<instant> held_since = {}; ///< while the gate is `held`
};
inline constexpr std::size_t most_superseded = 8;

/// How much of a calendar is on its way out by our own hand, in linked events.
struct removal_tally {
  int waiting = 0; ///< have an outbox row, and nobody was asked
  int held = 0;
  int removed = 0; ///< unasked, in the `removal_window` under way
  int links = 0;   ///< of the calendar; 0 if the others together are few enough without it
};

struct mapping_key {
  provider_id provider;
  entry_id entry;
  friend auto operator<=>(const mapping_key&, const mapping_key&) = default;
};

enum class push_action { upsert, remove };

/// "Bring this entry to that calendar" or "take it out of there". One row per committed change and affected
/// provider.
struct outbox_row {
  std::string id; ///< UUIDv7: order of commit within a tenant
  provider_id provider;
  entry_id entry;
  std::int64_t entry_version = 0;
  push_action action = push_action::upsert;
  int attempts = 0;
  instant due_at{};
  int strikes = 0;                    ///< attempts that count against the row itself
  std::chrono::milliseconds waited{}; ///< before the attempt that is due: the next wait is drawn from it
  std::optional<instant> failing_since = {};
  bool has_letter = false; ///< read only: a dead letter about this entry in this calendar is open
};

/// Why sync did what it did: a closed list; its texts are in docs/reason-codes.md.
enum class reason : std::uint8_t {
  pull_created,            ///< unknown event, import allowed: entry made
  pull_updated,            ///< only the calendar had changed: entry updated
  pull_merged,             ///< both had changed, in different groups: merged
  pull_conflict_newest,    ///< overlap, the later change won
  pull_conflict_local,     ///< overlap, policy `local`
  pull_conflict_external,  ///< overlap, policy `external`
  pull_echo,               ///< our own write came back: nothing to do
  pull_unchanged,          ///< a new version without a change in any mapped field
  pull_deleted_entry,      ///< event gone, entry was born there and nobody else has it: entry deleted
  pull_unlinked,           ///< event gone: that person is unassigned, the entry stays
  pull_cancelled_entry,    ///< event gone, policy `cancel_entry`
  pull_ignored_unknown,    ///< tombstone of an event we never knew
  pull_ignored_direction,  ///< provider does not import
  pull_ignored_removing,   ///< on its way out of that calendar by our own hand
  pull_ignored_series,     ///< part of a recurring series, which is left alone
  pull_refused_unreadable, ///< the event cannot be held by an entry; the reason stands in the inputs
  pull_adopted,            ///< an earlier insert of ours whose answer was lost
  pull_restored,           ///< the person deleted a copy that must stay: written again
  push_inserted,
  push_updated,
  push_deleted,
  push_nothing_to_do, ///< the calendar already agrees
  push_superseded,    ///< a later row covers it
  push_gone,          ///< the event was gone already
  push_refused,       ///< the vendor refused for good; the text stands in the inputs
  sweep_missing,      ///< a full read did not show a linked event, and the vendor confirmed it is gone
  push_dead_lettered, ///< tried as often as is allowed: set aside, with its cause
  push_replayed,      ///< a dead letter was put back into the outbox
  pull_poisoned,      ///< planning the event failed by our own mistake: set aside, the others go on
  pull_replayed,      ///< an event that was set aside was read again
  pull_recovered, ///< an event bears the tag of an entry that we do not have (a restored backup): entry made
                  ///< again
  reconcile_repaired,   ///< a full comparison found a difference that no notice had told; it was brought in
                        ///< step
  pull_own_write,       ///< the calendar shows a write of ours whose answer was lost: no change of a person's
  pull_joined,          ///< another calendar's copy of a meeting that is an entry already: linked to it
  pull_relinked,        ///< the calendar was connected before: its event found its entry again
  pull_ignored_policy,  ///< the import policy leaves it out
  pull_conflict_manual, ///< overlap, policy `manual`: both versions wait for a person
  pull_occurrence_freed, ///< one of several people left one occurrence: it became an entry of the others
  pull_held,             ///< the pass would delete too much: it waits for approval
  push_unsayable,        ///< the vendor cannot express the recurrence; the rule part stands in the inputs
  push_not_organizer,    ///< only the organizer may change that; the calendar's person is a guest
  push_held,             ///< the pass would delete too much: it waits for approval
  conflict_resolved,     ///< a person chose
  losing_value_restored, ///< a person took back what had lost
  pull_people_changed,   ///< the guest list names users of the tenant: they were assigned, or are no longer
  pull_tail_freed,       ///< one of several people cut a series: what followed became an entry of the others
  push_approved,         ///< a person agreed to a held deletion
  push_kept,             ///< a person refused a held deletion: the event stays
};
inline constexpr reason last_reason = reason::push_kept;
std::string_view name_of(reason r); ///< "pull_created"

/// One row of the decision ledger.
struct decision {
  std::string id;
  provider_id provider;
  entry_id entry; ///< empty if there is none
  event_id event; ///< empty if there is none
  reason why{};
  std::string inputs; ///< JSON object: versions, changed groups, losing values; at most 64 KiB
};

enum class run_cause { notice, manual, poll, reconcile, connect, push };
enum class run_outcome { running, succeeded, failed };

struct run_counts {
  int pulled = 0; ///< events seen
  int entries_changed = 0;
  int pushed = 0; ///< vendor writes
  int refused = 0;
  int vendor_calls = 0;
  drift_counts drift = {}; ///< reconcile runs only
};

/// How much a run by hand reads.
enum class sync_mode {
  changes,   ///< since the cursor
  reconcile, ///< all of it, compared pair by pair
};

struct sync_run {
  run_id id;
  provider_id provider;
  run_cause cause{};
  run_outcome outcome = run_outcome::running;
  run_counts counts;
  std::string error_code;
  std::string error_detail;
  instant started_at{};
  std::optional<instant> finished_at;
};

/// Where reading continues. `fingerprint` names the query that made it; a cursor of another query is void.
struct cursor {
  std::string token;
  std::string fingerprint;
  std::optional<read_window> window; ///< Graph
};

std::string_view name_of(provider_type v); // "google"
std::string_view name_of(provider_scope v);
std::string_view name_of(sync_direction v);
std::string_view name_of(conflict_policy v);
std::string_view name_of(deletion_policy v);
std::string_view name_of(import_policy v);
std::string_view name_of(guest_mail v);
std::string_view name_of(attendee_response v);
std::string_view name_of(provider_status v);
std::string_view name_of(entry_status v);
std::string_view name_of(push_action v);
std::string_view name_of(run_cause v);
std::string_view name_of(run_outcome v);
std::string_view name_of(renewal_cause v);
std::string_view name_of(sync_mode v);
/// The value with that name; nothing if there is none. `read_name<provider_type>("google")`. For every enum
/// that has a `name_of` here, `fact_type` included.
template <class Enum>
std::optional<Enum> read_name(std::string_view name);

} // namespace kalends
