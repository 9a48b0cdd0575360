// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace kalends {

enum class provider_type { google, microsoft };
enum class provider_scope { user, tenant };
enum class sync_direction { both, to_provider, from_provider };
/// Who wins when both sides changed the same field group since the base.
/// `manual`: both values wait until a person has chosen.
enum class conflict_policy { newest, local, external, manual };
/// Which events that are not ours become entries.
enum class import_policy {
  all,
  marked,    ///< only those that bear the mark `import_mark`
  busy_only, ///< all, as "Busy": of others' business only the time is told
  none,
};
/// Outlook: a category. Google and Outlook: this word with a "#" before it in title or notes.
inline constexpr const char* import_mark = "kalends";
/// Whom a write of ours may e-mail. Nobody, unless the tenant said so (invariant 13).
enum class guest_mail { nobody, guests };
/// What an event that was deleted in the calendar does to an entry that the host made.
enum class deletion_policy { unlink, cancel_entry };

enum class provider_status {
  pending_authorization, ///< made, consent not given yet
  active,                ///< syncing
  action_required,       ///< the grant is gone, or the vendor refuses for good: `problem` says what to do
  paused,                ///< a person switched it off
  leaving,               ///< disconnected; the events that we made there go first, then the row
};

/// Why a provider does not sync, for people: cause, consequence and way out.
struct provider_problem {
  std::string code;
  std::string detail;
  instant since{};
  friend bool operator==(const provider_problem&, const provider_problem&) = default;
};

/// Why a push subscription was opened or renewed.
enum class renewal_cause {
  connected,       ///< there was none
  clock,           ///< the planned time came
  manual,          ///< a person asked
  lifecycle,       ///< the vendor asked
  lost,            ///< the vendor dropped it, or it expired
  address_changed, ///< it named another webhook of ours
  silent,          ///< it stood, but told nothing of changes that the polls found
};

/// How the push subscription fares. Durable, so that a restart neither forgets a failure nor misses a plan.
struct channel_health {
  std::optional<instant> attempted_at; ///< the last attempt to open or renew it
  std::optional<renewal_cause> cause;  ///< of that attempt
  std::string error_code;              ///< of that attempt; empty: it succeeded
  std::string error_detail;
  int failures = 0;                 ///< attempts in a row that failed
  std::optional<instant> renews_at; ///< the next attempt; nothing: none is planned
  std::optional<instant> silent_since;
  friend bool operator==(const channel_health&, const channel_health&) = default;
};

/// What a full comparison of a calendar with its entries found.
struct drift_counts {
  int compared = 0; ///< linked pairs
  int drifted =
      0; ///< differences that no notice and no earlier read had told, or that nobody was about to push
  int repaired = 0; ///< of these, the ones that were brought in step, or that the outbox now holds
  friend bool operator==(const drift_counts&, const drift_counts&) = default;
};

/// What waits for a person's yes: removals that are too many to be made unasked. It waits for as long as it
/// takes.
struct held_removals {
  bool from_calendar = false; ///< true: events are missing there, entries would go; false: events would go
  int count = 0;
  int of = 0; ///< links of that calendar
  instant since{};
  bool approved = false; ///< the next pass may carry them out
  friend bool operator==(const held_removals&, const held_removals&) = default;
};
/// More than max(this, 5 %) of a calendar's links at once.
inline constexpr int removals_unasked = 10;
/// Deletions in a calendar are counted together for so long after the first of them.
inline constexpr std::chrono::minutes removal_window{2};

/// "In step as of `at`": the last full comparison that came to its end.
struct reconciliation {
  instant at{};
  drift_counts found;
  friend bool operator==(const reconciliation&, const reconciliation&) = default;
};

/// A person's answer to what waits.
struct removal_answer {
  bool yes = false;
  /// To which of them: entries (true) or events (false) that would go. Nothing: to the one that waits.
  std::optional<bool> from_calendar = {};
  /// As many as the person saw; nothing: however many there are.
  std::optional<int> count = {};
};

/// One connected calendar: its configuration and what is known of its health. No secret is in here.
struct provider {
  provider_id id;
  provider_type type = provider_type::google;
  provider_scope scope = provider_scope::user;
  user_id user; ///< whose calendar; for scope `tenant`, who connected it
  sync_direction direction = sync_direction::both;
  conflict_policy on_conflict = conflict_policy::newest;
  deletion_policy on_deletion = deletion_policy::unlink;
  import_policy imports = import_policy::all;
  guest_mail mails = guest_mail::nobody;
  provider_status status = provider_status::pending_authorization;
  std::optional<provider_problem> problem;
  std::string account; ///< e-mail address of the connected account, once known
  std::string
      subject; ///< the account's stable id (`sub`, or `tid.oid`): the account's identity, not its address
  calendar_id calendar; ///< empty: the account's primary calendar
  std::string calendar_name;
  std::string calendar_zone; ///< IANA; "UTC" until the first listing told
  instant created_at{};
  std::optional<instant> last_sync_at; ///< end of the last successful run
  std::optional<instant> next_poll_at;
  std::optional<instant> channel_expires_at; ///< end of the push subscription; nothing: changes are polled
  channel_health push;
  std::optional<reconciliation> reconciled;
  /// The database was brought back to an earlier point, and no read since then has come to its end: what the
  /// calendar shows is younger than what we remember.
  bool recovering = false;
  std::optional<instant> next_reconcile_at;
  /// Connected, but nothing is written anywhere until a person has seen what would be, and agreed.
  bool rehearsing = false;
  /// A pass that would delete too much waits for this (invariant 14).
  std::optional<held_removals> held = {};
  /// Events of ours that would go (`from_calendar` false), as their links tell it.
  std::optional<held_removals> held_events = {};
  int links_left = 0; ///< status `leaving`: linked events that may have to go yet
};

/// The push subscription at the vendor. `secret_hash` is SHA-256 of the channel's secret, for the webhook
/// check.
struct channel {
  std::string id;          ///< Google: our channel id; Graph: the subscription's id
  std::string resource_id; ///< Google only; needed to stop it
  instant expires_at{};
  std::string secret_hash; ///< 32 raw bytes
  std::string address =
      {}; ///< our webhook as the vendor was told; another one now means the channel is of no use
};

/// OAuth tokens of one provider, in the clear: lives in memory only, between the vault and one outgoing
/// request.
struct grant {
  std::string access_token;
  std::string refresh_token;
  instant access_expires_at{};
  std::string scope;
};

/// The OAuth client that a grant belongs to: a tenant's own, or the installation's.
struct oauth_app {
  std::string client_id;
  std::string client_secret;
  /// Microsoft: tenant segment of the authority ("common", "organizations", a directory id). Google: empty.
  std::string authority_tenant;
};

} // namespace kalends
