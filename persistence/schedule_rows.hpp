// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/schedule.hpp"
#include "persistence/transaction.hpp"
#include "schema/fact.hpp"
#include "schema/provider.hpp"
#include "schema/schedule_entry.hpp"
#include "schema/sync.hpp"

#include <cstddef>

/// The columns of the tables that several statements select, and how their rows are read. The macros are the
/// select lists, spliced into statements' literals; each reader takes its own list beginning at column 0.
#define KALENDS_ENTRY_COLUMNS                                                                                \
  "e.tenant_id, e.entry_id, e.version, e.title, e.notes, e.location, e.starts, e.ends, e.is_private,"        \
  " e.is_tentative, e.status, e.work_type, e.work_id, e.assigned::text, e.origin, e.created_at,"             \
  " e.updated_at, e.recurrence, e.attendees, e.occurrences"
#define KALENDS_MAPPING_COLUMNS                                                                              \
  "m.tenant_id, m.provider_id, m.entry_id, m.event_id, m.transaction_id, m.linked, m.removing,"              \
  " m.event_version, m.entry_version, m.base_entry, m.base_event, m.superseded, m.guest_copy,"               \
  " m.masked, m.disputed, m.removal_gate, m.held_since"
#define KALENDS_PROVIDER_COLUMNS                                                                             \
  "p.provider_id, p.type, p.scope, p.user_id, p.direction, p.on_conflict, p.on_deletion, s.status,"          \
  " s.problem_code, s.problem_detail, s.problem_since, p.account, p.subject, p.calendar_id,"                 \
  " p.calendar_name, s.calendar_zone, p.created_at, s.last_sync_at, s.next_poll_at,"                         \
  " (SELECT max(h.expires_at) FROM channels h WHERE h.tenant_id = p.tenant_id"                               \
  " AND h.provider_id = p.provider_id), s.channel_attempted_at, s.channel_cause, s.channel_error_code,"      \
  " s.channel_error_detail, s.channel_failures, s.channel_renews_at, s.channel_silent_since,"                \
  " s.reconciled_at, s.reconciled_pairs, s.reconciled_drifted, s.reconciled_repaired, s.next_reconcile_at,"  \
  " s.recovering, p.imports, p.mails, s.rehearsing, s.held_from_calendar, s.held_count, s.held_of,"          \
  " s.held_since, s.held_approved, (SELECT count(*) FROM mappings w WHERE w.tenant_id = p.tenant_id"         \
  " AND w.provider_id = p.provider_id AND w.removal_gate = 1), (SELECT min(w.held_since) FROM mappings w"    \
  " WHERE w.tenant_id = p.tenant_id AND w.provider_id = p.provider_id AND w.removal_gate = 1),"              \
  " CASE WHEN s.status = 'leaving' OR EXISTS (SELECT FROM mappings w WHERE w.tenant_id = p.tenant_id"        \
  " AND w.provider_id = p.provider_id AND w.removal_gate = 1) THEN (SELECT count(*) FROM mappings w"         \
  " WHERE w.tenant_id = p.tenant_id AND w.provider_id = p.provider_id AND w.linked"                          \
  " AND w.removal_gate <> 3) ELSE 0 END"
#define KALENDS_PROVIDER_TABLES                                                                              \
  " FROM providers p JOIN provider_state s ON s.tenant_id = p.tenant_id AND s.provider_id = p.provider_id"
#define KALENDS_RUN_COLUMNS                                                                                  \
  "r.run_id, r.provider_id, r.cause, r.outcome, r.pulled, r.entries_changed, r.pushed, r.refused,"           \
  " r.vendor_calls, r.error_code, r.error_detail, r.started_at, r.finished_at, r.compared, r.drifted,"       \
  " r.repaired"
#define KALENDS_FACT_COLUMNS "f.tenant_id, f.sequence, f.fact_id, f.type, f.happened_at, f.data"
#define KALENDS_DECISION_COLUMNS                                                                             \
  "d.decision_id, d.provider_id, d.entry_id, d.event_id, d.reason, d.inputs, d.decided_at"
#define KALENDS_CHANNEL_COLUMNS "c.channel_id, c.resource_id, c.expires_at, c.secret_hash, c.address"

namespace kalends::persistence {

/// How many columns the lists have: what a statement selects besides stands after them.
inline constexpr int provider_columns = 44;
inline constexpr int channel_columns = 5;
inline constexpr int decision_columns = 7;

/// What `starts_at` and `ends_at` say of an entry: its earliest start and, of a series, the end of its last
/// occurrence; the end of `latest_year` if it has none.
instant earliest_start(const appointment& a);
instant latest_end(const appointment& a);

schedule_entry read_entry(const rows& found, std::size_t row);
mapping read_mapping(const rows& found, std::size_t row);
provider read_provider(const rows& found, std::size_t row);
sync_run read_run(const rows& found, std::size_t row);
fact read_fact(const rows& found, std::size_t row);
decision_line read_decision(const rows& found, std::size_t row);
channel read_channel(const rows& found, std::size_t row, int first_column = 0);

} // namespace kalends::persistence
