// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/event_set.hpp"
#include "schema/directory.hpp"
#include "schema/tenant_changes.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The decisions of sync, pure: no I/O, no CAF, time and chance passed in. Everything here maps (what was
/// agreed, what each side says now) to (what becomes true), as a `tenant_changes`.
namespace kalends::actors {

/// A tenant's calendars, with the ways to find them; made once, shared by the steps that look at them.
struct calendar_index {
  explicit calendar_index(std::map<provider_id, provider> calendars);

  std::map<provider_id, provider> all;
  std::map<user_id, std::vector<provider_id>> by_user;
  std::map<user_id, std::set<std::string>> addresses; ///< of connected calendars, in lower case
  std::map<std::string, user_id> accounts;            ///< the same, by address
  std::vector<provider_id> tenant_wide;
};
using calendar_index_ptr = std::shared_ptr<const calendar_index>;

/// What a decision may look at: one tenant's calendars, and of entries and mappings those that were loaded
/// for this step. Planning several events or commands in a row goes through one picture, so that each sees
/// what the one before it decided.
///
/// A step is what lies between two `take_changes`: it is committed as one transaction. Each change of an
/// entry is a version and a fact of its own; what is written is the entry's last state, guarded by the
/// version that was stored before the step. Links and outbox rows are held once, as they are at the end.
class tenant_picture {
public:
  tenant_picture(tenant_id tenant, calendar_index_ptr calendars, world w);
  tenant_picture(tenant_id tenant, std::map<provider_id, provider> calendars, world w);

  /// What is stored. Load for a page of events what their ids, transaction ids and tags name: links with
  /// their entries and with those entries' other links, and the entries that tags name.
  void know(schedule_entry e);
  void know(mapping m);
  void know(meeting_line m);
  void know(const person_line& l);

  const schedule_entry* entry(const entry_id& id) const;
  const mapping* link(const provider_id& p, const entry_id& e) const;
  /// By the vendor's id, else by our transaction id, else by our tag: the order of trust. The latter two find
  /// only links whose event is not known yet, and the tag only those for which no id was chosen (a copy that
  /// a person made of an event bears our tag too); a tombstone's tag does not count.
  const mapping* link_of(const provider_id& p, const calendar_event& event) const;
  std::vector<const mapping*> links_of(const entry_id& e) const;
  /// The entry of the meeting with this UID, if there is one.
  const schedule_entry* meeting(const std::string& ical_uid) const;
  /// By which these people are known as guests, in lower case.
  std::vector<std::string> addresses_of(const std::vector<user_id>& people) const;
  /// The user of this tenant with that address, however it is written: their own, or a calendar's of theirs.
  const user_id* user_of(const std::string& address) const;
  const provider* calendar(const provider_id& id) const;
  const std::map<provider_id, provider>& calendars() const { return calendars_->all; }
  /// Calendars in which `e` stands or might have to stand: its links', its people's and the tenant-wide ones.
  /// Sorted.
  std::set<provider_id> calendars_near(const entry_id& id, const schedule_entry* e) const;
  /// The version that the next change of this entry gets.
  std::int64_t next_version(const entry_id& id) const;

  /// What has been decided so far; the picture already shows it. Taking it leaves the picture as it is.
  tenant_changes take_changes();

  // What planners write: the picture and the changes move together. References into the picture end with the
  // next write.
  void put_entry(schedule_entry e);
  void delete_entry(const entry_id& id);
  void put_link(mapping m);
  void drop_link(const mapping_key& key);
  /// This UID is that entry's, unless it is known as another one's; nothing for an empty one.
  void note_meeting(const std::string& ical_uid, const entry_id& e);
  void enqueue(const provider_id& p, const entry_id& e, std::int64_t version, push_action action);
  void state(fact_type type, std::string data);
  /// An event of that calendar was deleted there without a person's having been asked.
  void note_removal(const provider_id& p);
  /// Set aside, with its decision `why` and the fact that tells people of it.
  void open_letter(dead_letter letter, reason why);
  void end_letter(letter_end end);

  // ---- conflicts (plan_conflict.hpp). Load the open ones with the links that they are about.
  void know(conflict c);
  const conflict* find_conflict(const std::string& id) const;
  const conflict* open_conflict(const mapping_key& link) const;
  void put_conflict(conflict c);
  /// The fact of an entry's change. `cause`: the calendar it came from, empty for the host.
  void state_entry(fact_type type, const schedule_entry& e, const std::vector<std::string_view>& changed,
                   const provider_id& cause);
  /// Only for decisions that changed or refused something: echoes and new versions without a mapped change,
  /// unknown tombstones, and unknown events that are not imported (series, direction) come by the thousand in
  /// a full read and are not recorded.
  void explain(const provider_id& p, const entry_id& e, const event_id& v, reason why, std::string inputs);
  const world& outside() const { return world_; }

  /// Totals since the picture was made, for a run's counts: entries made, changed or deleted; events or
  /// writes refused.
  int entry_changes() const { return entry_changes_; }
  int refusals() const { return refusals_; }

private:
  void index_link(const mapping& m);
  void forget_link(const mapping_key& key);

  tenant_id tenant_;
  calendar_index_ptr calendars_;
  world world_;
  std::map<entry_id, schedule_entry> entries_;
  std::map<mapping_key, mapping> links_;
  std::map<std::pair<provider_id, event_id>, mapping_key> by_event_;
  std::map<std::pair<provider_id, std::string>, mapping_key> by_transaction_;
  std::map<entry_id, std::set<provider_id>> by_entry_;
  std::map<std::string, entry_id, std::less<>> meetings_;
  std::map<std::string, user_id> people_; ///< by address
  std::map<user_id, std::set<std::string>> addresses_;

  // The step.
  std::map<entry_id, std::int64_t> touched_entries_; ///< the stored version; 0: made in this step
  std::set<mapping_key> touched_links_;
  std::vector<outbox_row> outbox_;
  std::map<std::pair<mapping_key, push_action>, std::size_t> queued_;
  std::vector<decision> decisions_;
  std::vector<fact> facts_;
  std::vector<dead_letter> letters_;
  std::vector<letter_end> letters_ended_;
  std::set<std::string> new_meetings_;
  std::map<provider_id, int> removals_;

  int entry_changes_ = 0;
  int refusals_ = 0;

  /// Open conflicts that no link is in any more are over.
  void close_conflicts();
  std::map<std::string, conflict> conflicts_;
  std::set<std::string> touched_conflicts_;
};

/// Whether this entry has to stand in that calendar: the calendar is authorized and takes pushes, the entry
/// is not cancelled, and it is one of the calendar's person's (scope user), or any entry that is not private
/// or was born there (scope tenant).
bool belongs_in(const schedule_entry& e, const provider& calendar);

// ---- from the host: each makes one fact and one outbox row per affected calendar (invariant 4) ----

/// Which occurrences of a series an edit means.
enum class edit_scope {
  all,
  single, ///< the one in slot `occurrence`
  future, ///< that one and all that follow: they become a series of their own
};

/// A change of an entry by the API; nothing in a field means "leave it".
struct entry_edit {
  std::optional<std::string> title, notes, location;
  std::optional<calendar_time> start, end;
  std::optional<bool> is_private;
  std::optional<entry_status> status;
  std::optional<work_item> work;
  std::optional<std::vector<user_id>> assigned;
  std::optional<std::optional<recurrence>> repeats; ///< an empty one makes it a single entry
  /// Parts of `repeats` that stay as they are, whatever it says of them.
  bool keeps_rrule = false, keeps_rdates = false, keeps_exdates = false;
  /// `needs_action` and an empty role leave what is known of a guest as it is.
  std::optional<std::vector<attendee>> attendees;
  std::optional<std::int64_t> expected_version; ///< If-Match
  edit_scope scope = edit_scope::all;
  recurrence_id occurrence{}; ///< unless `scope` is `all`
  /// The id of the entry that may have to be made (what is split off, an occurrence that leaves its series);
  /// empty: one is chosen. If there is an entry with it already, the edit was carried out before.
  entry_id makes;
};

/// Text is cleaned, assignees are sorted. Errors: conflict `entry_exists`; invalid `missing_start`,
/// `missing_end`, `end_before_start`, `mixed_all_day` and those of `canonical_series`; the caller has checked
/// limits and users.
result<schedule_entry> create_entry(tenant_picture& p, entry_id id, const entry_edit& edit);
/// Answers the entry that now holds what was edited. An edit that changes nothing is no change.
/// - `all`: changed occurrences go along in every group in which they were like the series.
/// - `single`: the occurrence becomes a changed one (status `cancelled`: a cancelled one; `scheduled` or
/// `tentative` brings one back). Given to other people it leaves the series and becomes an entry of its own,
/// which is the answer.
/// - `future`: the series ends before; what follows is another one, with the exceptions that lie there, and
/// is the answer. From the first occurrence on this is `all`.
/// Errors: not_found `entry_not_found`, conflict `version_mismatch`, not_found `occurrence_not_found`,
/// invalid as above and `not_a_series`, `not_of_one_occurrence` (recurrence; guests and work item unless it
/// leaves).
result<schedule_entry> change_entry(tenant_picture& p, const entry_id& id, const entry_edit& edit);
/// Of `which` version, scope and occurrence count. Where nothing would be left of a series, all of it goes.
result<void> remove_part(tenant_picture& p, const entry_id& id, const entry_edit& which);
/// All of it.
result<void> remove_entry(tenant_picture& p, const entry_id& id,
                          std::optional<std::int64_t> expected_version);

// ---- from a calendar ----

/// One event as a listing (or a re-read after 412) shows it. `confirmed_gone` says that a removal was
/// verified with the vendor (Graph's
/// @removed may only mean "left the window"); an unconfirmed removal of a linked event asks for that and
/// changes nothing.
///
/// A field group that the calendar changed is compared with what the entry says now; if they differ, it is
/// taken, unless the entry had changed it too and wins by the calendar's policy. After that `base_event` and,
/// in the groups that changed there, `base_entry` hold what the calendar shows: whatever the entry says
/// otherwise still differs from its base, is pushed, and an outbox row is made.
/// - Direction `to_provider`: the host is the truth. Changes are seen (so that a guarded write succeeds) and
/// written back over;
///   deleted copies are restored; unknown events are not imported.
/// - Direction `from_provider`: the calendar is the truth where both changed, and nothing is ever pushed. The
/// link of an entry that the
///   host deleted stays, `removing`, so that its event is not imported again.
/// - The status of an entry that is in progress, completed or cancelled is the host's alone and is written
/// back over.
/// - A calendar that is `recovering` knows better than we do: it wins, unknown events that bear our tag
/// become the entry again that the
///   tag names (or join it, with the calendar's person), and nothing is pushed until its read has come to its
///   end.
/// - A series comes as a whole. One that cannot be read, or an event that an entry cannot hold, is left
/// alone, and its link stays as it was.
/// - An unknown event becomes an entry by the calendar's import policy; another copy of a meeting that is an
/// entry already joins that one (plan_meeting.hpp).
/// - Its person declined, or (policy `marked`) took the mark away: as if the event were gone, but nothing is
/// done to it.
/// - One of several people cancelled an occurrence: it leaves the series and becomes an entry of the others.
enum class removal { unconfirmed, confirmed };
/// `confirm_removal`: ask the vendor for this very event and hand it in again, confirmed.
enum class pull_verdict { settled, confirm_removal };
pull_verdict plan_pull(tenant_picture& p, const provider_id& calendar, const calendar_event& event,
                       removal proof);

// ---- towards a calendar ----

struct push_nothing {
  reason why;
};
struct push_insert {
  mapping link;
  appointment what; ///< as `insert_says`
  bool invites = false;
};
struct push_update {
  mapping link;
  field_set changed; ///< of what may be written there (`writable`)
  appointment what;
  bool invites = false;
};
struct push_remove {
  mapping link;
};
/// Both sides agree as far as is known, but a write whose answer was lost may have reached the calendar: it
/// is read first.
struct push_look {
  mapping link;
};
/// What the calendar needs, by the state of things now and not by what an outbox row once said: rows of one
/// entry collapse.
using push_step = std::variant<push_nothing, push_insert, push_update, push_remove, push_look>;
/// A calendar that takes no pushes, a link that does not belong there any more, and a missing link need
/// nothing; nor does a difference in groups that are not written there.
push_step plan_push(const tenant_picture& p, const provider_id& calendar, const entry_id& entry);

/// The one calendar in which the entry's guests are guests, so that nobody is invited twice: where it was
/// born, else the first of the first assignee that has one. Empty: in none.
provider_id calendar_of_guests(const tenant_picture& p, const schedule_entry& e);
/// Whether what is written of this entry there names its guests and mails them: the tenant asked for it, it
/// is that one calendar, and its person is no guest.
bool invites_from(const tenant_picture& p, const provider& calendar, const schedule_entry& e,
                  const mapping* link);
/// The groups in which a difference between entry and base is written into that calendar. Not: those in
/// dispute (of a series time, rule and occurrences together); guests unless `invites`; of a guest's copy what
/// only its organizer may change; of a masked event all but its times.
field_set writable(const mapping& link, bool invites);
/// The groups in which a linked entry has yet to be written there.
field_set unwritten(const tenant_picture& p, const provider& calendar, const schedule_entry& e,
                    const mapping& link);
/// What the insert of an entry says: changed occurrences (at Graph cancelled ones, too) are written after it,
/// guests only if `invites`, and none of them has answered there.
appointment insert_says(const provider& calendar, appointment what, bool invites);

/// The vendor did it: the mapping agrees with `entry_version` of the entry and with `now` of the event.
/// `link` is the one that `plan_push` gave. If a pull has seen a later version meanwhile, that stays; if the
/// link is another one by now, this answer no longer counts.
void settle_push(tenant_picture& p, const mapping& link, const appointment& pushed,
                 std::int64_t entry_version, const calendar_event& now, reason why);
/// The vendor cannot express this version of the entry: it is not tried again before the entry changes.
void settle_unsayable(tenant_picture& p, const mapping& link, std::int64_t entry_version);
/// Drops the link. If the entry belongs there again meanwhile, it gets a new one and an outbox row.
void settle_removal(tenant_picture& p, const mapping& link, reason why);

/// The vendor has used up the id or transaction id of an insert (taken, or deleted for good): the link gets
/// another one, and its outbox row tries again. Nothing if the link is another one by now or stands already.
void rename_event(tenant_picture& p, const mapping& link);

/// A calendar has been connected (or its direction or person changed): reserves a mapping and an outbox row
/// for every entry that belongs there and is not, and sends away those that stand there and do not belong. No
/// facts: the entries did not change.
void plan_backfill(tenant_picture& p, const provider_id& calendar, std::span<const schedule_entry> entries);

/// Linked events of `calendar` that a finished full read within `window` did not show: candidates, each to be
/// confirmed with the vendor. Those that are on their way out, too: the entry may come back before they are
/// gone, and no cursor tells of them any more.
std::vector<mapping> missing_after_full_read(std::span<const mapping> links, const event_set& seen,
                                             const std::optional<read_window>& window);

/// The id that Google gets for a new event: base32hex of a UUID, 26 characters of [0-9a-v]. Google Calendar
/// API, events.insert, `id`.
event_id make_google_event_id(const world& w);

inline constexpr std::chrono::milliseconds shortest_backoff = std::chrono::seconds(1);
inline constexpr std::chrono::milliseconds longest_backoff = std::chrono::minutes(15);
/// The wait after the one before it (zero: the first): drawn between `shortest_backoff` and three times
/// `previous`, at most `longest_backoff`. Decorrelated jitter: two that failed together part at once.
std::chrono::milliseconds backoff(std::chrono::milliseconds previous, const world& w);

// ---- a write that failed ----

/// A write that the vendor refuses (invalid, forbidden, not mergeable) is set aside after this many tries.
inline constexpr int tries_if_refused = 5;
/// One that fails while others get through, after this many.
inline constexpr int tries_alone = 30;
/// And one that fails like all others only after so long and so many: an outage makes no dead letters.
inline constexpr std::chrono::hours tries_in_an_outage = std::chrono::hours(72);
inline constexpr int least_tries_in_an_outage = 60;

struct retry_plan {
  bool set_aside = false;
  bool refused = false; ///< by the vendor, for what it says
  bool strike = false;  ///< counts against the row
  std::chrono::milliseconds wait{};
};
/// What becomes of an entry's rows (all of them, in order) after a try failed with `e`. `others_got_through`:
/// the last time that another write of this calendar succeeded.
retry_plan plan_retry(std::span<const outbox_row> rows, const error& e,
                      std::optional<instant> others_got_through, const world& w);
/// The dead letter that takes their place.
dead_letter make_letter(std::span<const outbox_row> rows, const error& e, const event_id& event,
                        const world& w);
/// When an outbox row was committed, by its id.
std::optional<instant> committed_at(const outbox_row& row);

/// A person wants it tried again: the letter ends, and a row stands if the calendar still has to do
/// something. False if it has not.
bool replay_letter(tenant_picture& p, const dead_letter& letter);

} // namespace kalends::actors
