// SPDX-License-Identifier: Apache-2.0
#include "persistence/commit_group.hpp"

#include "persistence/conflict_rows.hpp"
#include "persistence/leases.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <map>
#include <utility>

namespace kalends::persistence {
namespace {

// In tenant order, so that two groups never wait for each other in a ring.
const statement lock_tenants{"lock_tenants",
                             "SELECT tenant_id, epoch FROM tenant_counters WHERE tenant_id = ANY ($1::uuid[])"
                             " ORDER BY tenant_id FOR NO KEY UPDATE"};

const statement insert_entries{
    "insert_entries",
    "WITH added AS (INSERT INTO entries (tenant_id, entry_id, version, title, notes, location, starts, ends,"
    " starts_at, ends_at, is_private, is_tentative, status, work_type, work_id, assigned, origin, created_at,"
    " updated_at, recurrence, attendees, occurrences) SELECT tenant_id, entry_id, version, title, notes,"
    " location, starts, ends, starts_at, ends_at, is_private, is_tentative, status, work_type, work_id,"
    " assigned::uuid[], origin, created_at, updated_at, recurrence, attendees, occurrences FROM "
    "unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::boolean[], $12::boolean[],"
    " $13::smallint[], $14::text[], $15::text[], $16::text[], $17::uuid[], $18::timestamptz[],"
    " $19::timestamptz[], $20::text[], $21::text[], $22::text[]) AS n(tenant_id, entry_id, version, title,"
    " notes, location, starts, ends, starts_at, ends_at, is_private, is_tentative, status, work_type,"
    " work_id, assigned, origin, created_at, updated_at, recurrence, attendees, occurrences)"
    " ON CONFLICT DO NOTHING RETURNING tenant_id, entry_id, assigned),"
    " shared AS (INSERT INTO entry_assignments (tenant_id, user_id, entry_id)"
    " SELECT tenant_id, unnest(assigned), entry_id FROM added)"
    " SELECT count(*) FROM added"};

// Assignments are touched only where they changed. All parts see the rows as they were before the statement.
const statement update_entries{
    "update_entries",
    "WITH n AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[],"
    " $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::boolean[],"
    " $12::boolean[], $13::smallint[], $14::text[], $15::text[], $16::text[], $17::uuid[],"
    " $18::timestamptz[], $19::timestamptz[], $20::text[], $21::text[], $22::text[], $23::bigint[])"
    " AS n(tenant_id, entry_id, version, title, notes,"
    " location, starts, ends, starts_at, ends_at, is_private, is_tentative, status, work_type, work_id,"
    " assigned, origin, created_at, updated_at, recurrence, attendees, occurrences, stored)),"
    " moved AS MATERIALIZED (SELECT e.tenant_id, e.entry_id, n.assigned::uuid[] AS assigned FROM n"
    " JOIN entries e ON e.tenant_id = n.tenant_id AND e.entry_id = n.entry_id AND e.version = n.stored"
    " WHERE e.assigned <> n.assigned::uuid[]),"
    " gone AS (DELETE FROM entry_assignments a USING moved m WHERE a.tenant_id = m.tenant_id"
    " AND a.entry_id = m.entry_id AND NOT a.user_id = ANY (m.assigned)),"
    " come AS (INSERT INTO entry_assignments (tenant_id, user_id, entry_id)"
    " SELECT m.tenant_id, u.user_id, m.entry_id FROM moved m, unnest(m.assigned) AS u(user_id)"
    " ON CONFLICT DO NOTHING),"
    " changed AS (UPDATE entries e SET version = n.version, title = n.title, notes = n.notes,"
    " location = n.location, starts = n.starts, ends = n.ends, starts_at = n.starts_at, ends_at = n.ends_at,"
    " is_private = n.is_private, is_tentative = n.is_tentative, status = n.status, work_type = n.work_type,"
    " work_id = n.work_id, assigned = n.assigned::uuid[], origin = n.origin, updated_at = n.updated_at,"
    " recurrence = n.recurrence, attendees = n.attendees, occurrences = n.occurrences"
    " FROM n WHERE e.tenant_id = n.tenant_id AND e.entry_id = n.entry_id AND e.version = n.stored RETURNING "
    "1)"
    " SELECT count(*) FROM changed"};

const statement delete_entries{
    "delete_entries", "DELETE FROM entries e USING unnest($1::uuid[], $2::uuid[]) AS n(tenant_id, entry_id)"
                      " WHERE e.tenant_id = n.tenant_id AND e.entry_id = n.entry_id"};

const statement delete_mappings{
    "delete_mappings",
    "DELETE FROM mappings m USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n(tenant_id, entry_id,"
    " provider_id) WHERE m.tenant_id = n.tenant_id AND m.entry_id = n.entry_id"
    " AND m.provider_id = n.provider_id"};

const statement put_mappings{
    "put_mappings",
    "INSERT INTO mappings (tenant_id, entry_id, provider_id, event_id, transaction_id, linked, removing,"
    " event_version, entry_version, base_entry, base_event, superseded, guest_copy, masked, disputed,"
    " removal_gate, held_since)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[],"
    " $7::boolean[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::boolean[],"
    " $14::boolean[], $15::integer[], $16::smallint[], $17::timestamptz[])"
    " ON CONFLICT (tenant_id, entry_id, provider_id) DO UPDATE SET event_id = excluded.event_id,"
    " transaction_id = excluded.transaction_id, linked = excluded.linked, removing = excluded.removing,"
    " event_version = excluded.event_version, entry_version = excluded.entry_version,"
    " base_entry = excluded.base_entry, base_event = excluded.base_event, superseded = excluded.superseded,"
    " guest_copy = excluded.guest_copy, masked = excluded.masked, disputed = excluded.disputed,"
    " removal_gate = excluded.removal_gate, held_since = excluded.held_since"};

// Deletions are counted together for a while after the first of them.
const statement count_removals{
    "count_removals",
    "UPDATE provider_state s SET"
    " removed_count = CASE WHEN s.removed_since > n.since THEN s.removed_count ELSE 0 END + n.added,"
    " removed_since = CASE WHEN s.removed_since > n.since THEN s.removed_since ELSE n.at END"
    " FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::timestamptz[])"
    " AS n(tenant_id, provider_id, added, at, since)"
    " WHERE s.tenant_id = n.tenant_id AND s.provider_id = n.provider_id"};

const statement add_outbox{
    "add_outbox", "INSERT INTO outbox (tenant_id, outbox_id, provider_id, entry_id, entry_version, action,"
                  " attempts, due_at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[],"
                  " $5::bigint[], $6::smallint[], $7::integer[], $8::timestamptz[])"};

const statement delete_outbox{
    "delete_outbox", "DELETE FROM outbox o USING unnest($1::uuid[], $2::uuid[]) AS n(tenant_id, outbox_id)"
                     " WHERE o.tenant_id = n.tenant_id AND o.outbox_id = n.outbox_id"};

const statement retry_outbox{
    "retry_outbox",
    "UPDATE outbox o SET attempts = o.attempts + n.failed, strikes = o.strikes + n.strike, due_at = n.due_at,"
    " waited_ms = CASE n.failed WHEN 1 THEN n.waits_ms ELSE o.waited_ms END, error_code = n.error_code,"
    " failing_since = CASE n.failed WHEN 1 THEN coalesce(o.failing_since, n.now) ELSE o.failing_since END"
    " FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::bigint[], $6::integer[],"
    " $7::integer[], $8::timestamptz[]) AS n(tenant_id, outbox_id, due_at, error_code, waits_ms, failed,"
    " strike, now) WHERE o.tenant_id = n.tenant_id AND o.outbox_id = n.outbox_id"};

// One letter is open about an entry or an event: a later failure adds to it.
const statement put_letters{
    "put_letters",
    "WITH n AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::uuid[],"
    " $5::uuid[], $6::text[], $7::smallint[], $8::integer[], $9::text[], $10::text[], $11::timestamptz[],"
    " $12::timestamptz[]) AS n(tenant_id, letter_id, kind, provider_id, entry_id, event_id, action, attempts,"
    " code, detail, first_failed_at, last_failed_at)),"
    " added AS (UPDATE dead_letters d SET attempts = d.attempts + n.attempts, action = n.action,"
    " code = n.code, detail = n.detail, last_failed_at = n.last_failed_at,"
    " entry_id = coalesce(n.entry_id, d.entry_id), event_id = coalesce(n.event_id, d.event_id)"
    " FROM n WHERE d.tenant_id = n.tenant_id AND d.provider_id = n.provider_id AND d.kind = n.kind"
    " AND d.state = 0 AND CASE n.kind WHEN 0 THEN d.entry_id = n.entry_id ELSE d.event_id = n.event_id END"
    " RETURNING n.letter_id)"
    " INSERT INTO dead_letters (tenant_id, letter_id, kind, provider_id, entry_id, event_id, action, state,"
    " attempts, code, detail, first_failed_at, last_failed_at) SELECT tenant_id, letter_id, kind,"
    " provider_id, entry_id, event_id, action, 0, attempts, code, detail, first_failed_at, last_failed_at"
    " FROM n WHERE letter_id NOT IN (SELECT letter_id FROM added)"};

const statement end_letters{
    "end_letters", "UPDATE dead_letters d SET state = n.state, closed_at = n.now FROM unnest($1::uuid[],"
                   " $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::smallint[], $7::timestamptz[])"
                   " AS n(tenant_id, kind, provider_id, entry_id, event_id, state, now)"
                   " WHERE d.tenant_id = n.tenant_id AND d.provider_id = n.provider_id AND d.kind = n.kind"
                   " AND d.state = 0 AND CASE n.kind WHEN 0 THEN d.entry_id = n.entry_id"
                   " ELSE d.event_id = n.event_id END"};

const statement add_decisions{
    "add_decisions",
    "INSERT INTO decisions (tenant_id, entry_id, decision_id, provider_id, event_id, reason, inputs,"
    " decided_at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[],"
    " $6::smallint[], $7::text[], $8::timestamptz[])"};

const statement put_runs{
    "put_runs",
    "INSERT INTO sync_runs (tenant_id, run_id, provider_id, cause, outcome, pulled, entries_changed, pushed,"
    " refused, vendor_calls, error_code, error_detail, started_at, finished_at, compared, drifted, repaired)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[],"
    " $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::text[], $12::text[],"
    " $13::timestamptz[], $14::timestamptz[], $15::integer[], $16::integer[], $17::integer[])"
    " ON CONFLICT (tenant_id, run_id) DO UPDATE SET outcome = excluded.outcome, pulled = excluded.pulled,"
    " entries_changed = excluded.entries_changed, pushed = excluded.pushed, refused = excluded.refused,"
    " vendor_calls = excluded.vendor_calls, error_code = excluded.error_code,"
    " error_detail = excluded.error_detail, finished_at = excluded.finished_at, compared = excluded.compared,"
    " drifted = excluded.drifted, repaired = excluded.repaired"};

// A mark that grew while the provider was read keeps it stale. `moves`: a cursor is among it.
const statement move_providers{
    "move_providers",
    "UPDATE provider_state s SET"
    " sealed_cursor = CASE WHEN n.moves THEN n.sealed_cursor ELSE s.sealed_cursor END,"
    " cursor_fingerprint = CASE WHEN n.moves THEN n.fingerprint ELSE s.cursor_fingerprint END,"
    " window_from = CASE WHEN n.moves THEN n.window_from ELSE s.window_from END,"
    " window_to = CASE WHEN n.moves THEN n.window_to ELSE s.window_to END,"
    " stale_since = CASE WHEN n.moves AND s.mark <= n.mark_seen THEN NULL ELSE s.stale_since END,"
    " calendar_zone = coalesce(n.calendar_zone, s.calendar_zone),"
    " recovering = s.recovering AND NOT n.moves,"
    " next_poll_at = coalesce(n.next_poll_at, s.next_poll_at),"
    " last_sync_at = coalesce(n.last_sync_at, s.last_sync_at),"
    " reconciled_at = coalesce(n.reconciled_at, s.reconciled_at),"
    " reconciled_pairs = coalesce(n.pairs, s.reconciled_pairs),"
    " reconciled_drifted = coalesce(n.drifted, s.reconciled_drifted),"
    " reconciled_repaired = coalesce(n.repaired, s.reconciled_repaired)"
    " FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bytea[], $5::text[], $6::timestamptz[],"
    " $7::timestamptz[], $8::bigint[], $9::text[], $10::timestamptz[], $11::timestamptz[],"
    " $12::timestamptz[], $13::integer[], $14::integer[], $15::integer[]) AS n(tenant_id,"
    " provider_id, moves, sealed_cursor, fingerprint, window_from, window_to, mark_seen, calendar_zone,"
    " next_poll_at, last_sync_at, reconciled_at, pairs, drifted, repaired) WHERE s.tenant_id = n.tenant_id "
    "AND s.provider_id = n.provider_id"};

// `place` counts a tenant's facts of this statement from 0. Answers where each tenant's begin.
const statement add_facts{
    "add_facts",
    "WITH bumped AS (UPDATE tenant_counters c SET next_sequence = c.next_sequence + n.added"
    " FROM unnest($1::uuid[], $2::bigint[]) AS n(tenant_id, added) WHERE c.tenant_id = n.tenant_id"
    " RETURNING c.tenant_id, c.next_sequence - n.added AS first),"
    " appended AS (INSERT INTO facts (tenant_id, sequence, fact_id, type, happened_at, data)"
    " SELECT f.tenant_id, b.first + f.place, f.fact_id, f.type, f.happened_at, f.data"
    " FROM unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::smallint[], $7::timestamptz[], $8::text[])"
    " AS f(tenant_id, place, fact_id, type, happened_at, data) JOIN bumped b ON b.tenant_id = f.tenant_id)"
    " SELECT tenant_id, first FROM bumped"};

tl::unexpected<error> tenant_gone() {
  return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
}
tl::unexpected<error> provider_gone() {
  return failure(errc::not_found, "provider_gone", "This calendar is not connected any more.");
}
tl::unexpected<error> stale_version() {
  return failure(errc::conflict, "stale_version", "The entry was changed by somebody else meanwhile.");
}

/// What a broken foreign key means here.
tl::unexpected<error> explained(error e) {
  if (e.code == "foreign_key_violation") {
    if (e.field.ends_with("_provider_fkey")) return provider_gone();
    if (e.field.ends_with("_user_fkey"))
      return failure(errc::not_found, "user_gone", "An assigned user does not exist any more.");
  }
  return tl::unexpected(std::move(e));
}

std::string users_array(const std::vector<user_id>& users) {
  std::string out = "{";
  for (const auto& u : users) {
    if (out.size() > 1) out += ',';
    out += u.str();
  }
  return out + "}";
}

/// Facts of many tenants: `place` of each, and how many each tenant has.
class fact_rows {
public:
  void add(const fact& f, const tenant_id& tenant) {
    auto& n = count_[tenant];
    rows_.add(tenant, n++, f.id, number_of(f.type), f.time, f.data);
  }
  bool empty() const { return rows_.empty(); }
  std::vector<sql_value> values() const {
    row_set<2> counts;
    for (const auto& [tenant, n] : count_) counts.add(tenant, n);
    auto all = counts.values();
    for (auto& v : rows_.values()) all.push_back(std::move(v));
    return all;
  }
  std::size_t tenants() const { return count_.size(); }

private:
  row_set<6> rows_;
  std::map<tenant_id, std::int64_t> count_; ///< ordered, as every lock on many rows is taken
};

/// A provider's row as a group leaves it.
struct provider_move {
  const cursor_move* cursor = nullptr;
  std::optional<instant> last_sync_at;
  std::optional<reconciliation> reconciled;
};

/// Collects the rows of a group, then writes them.
class unit_writer {
public:
  unit_writer(const token_vault& vault, instant now) : vault_(vault), now_(now) {}

  void add(const commit_unit& u);
  result<std::map<tenant_id, std::int64_t>> write(transaction& tx);

private:
  using check = tl::unexpected<error> (*)();
  struct step {
    std::size_t expected;
    check otherwise;
    bool counted; ///< expected against the first column of the only row; else against the rows affected
  };

  template <class Rows>
  void send(const statement& s, const Rows& r) {
    if (r.empty()) return;
    calls_.emplace_back(s, r.values());
    steps_.push_back({0, nullptr, false});
  }
  template <class Rows>
  void send_checked(const statement& s, const Rows& r, check otherwise, bool counted) {
    if (r.empty()) return;
    calls_.emplace_back(s, r.values());
    steps_.push_back({r.size(), otherwise, counted});
  }
  void add_entry(const tenant_id& t, const entry_write& w);
  void add_mapping(const tenant_id& t, const mapping& m);
  void add_run(const tenant_id& t, const sync_run& r);
  row_set<15> moves() const;
  bool holds_all(const rows& locked) const;
  void queue();

  const token_vault& vault_;
  const instant now_;
  std::map<tenant_id, std::int64_t> tenants_; ///< the epoch that each one's row must have
  bool epochs_differ_ = false;                ///< between units of one tenant: not all of them can be right
  row_set<22> inserted_;
  row_set<23> updated_;
  row_set<2> deleted_;
  row_set<3> unlinked_;
  row_set<17> mappings_;
  row_set<8> outbox_;
  row_set<2> outbox_done_;
  row_set<8> outbox_retries_;
  row_set<12> letters_;
  row_set<7> letters_ended_;
  row_set<8> decisions_;
  row_set<17> runs_;
  meeting_rows meetings_;
  conflict_rows conflicts_;
  std::map<std::pair<tenant_id, provider_id>, provider_move> providers_;
  std::map<std::pair<tenant_id, provider_id>, removals_made> removals_;
  fact_rows facts_;
  std::vector<sql_call> calls_;
  std::vector<step> steps_;
};

void unit_writer::add(const commit_unit& u) {
  const auto& c = u.changes;
  const auto& t = c.tenant;
  epochs_differ_ |= tenants_.try_emplace(t, u.epoch).first->second != u.epoch;
  for (const auto& w : c.entries) add_entry(t, w);
  for (const auto& e : c.deleted_entries) deleted_.add(t, e);
  for (const auto& k : c.unlinked) unlinked_.add(t, k.entry, k.provider);
  for (const auto& m : c.mappings) add_mapping(t, m);
  for (const auto& o : c.outbox)
    outbox_.add(t, o.id, o.provider, o.entry, o.entry_version, number_of(o.action), o.attempts, o.due_at);
  for (const auto& id : c.outbox_done) outbox_done_.add(t, id);
  for (const auto& r : c.outbox_retries)
    outbox_retries_.add(t, r.id, r.due_at, r.error_code, r.waits.count(), r.waits.count() > 0 ? 1 : 0,
                        r.strike ? 1 : 0, now_);
  for (const auto& l : c.letters)
    letters_.add(t, l.id, number_of(l.kind), l.provider, l.entry, l.event, number_of(l.action), l.attempts,
                 l.code, l.detail, l.first_failed_at, l.last_failed_at);
  for (const auto& l : c.letters_ended)
    letters_ended_.add(t, number_of(l.what.kind), l.what.provider, l.what.entry, l.what.event,
                       number_of(l.how), now_);
  for (const auto& d : c.decisions)
    decisions_.add(t, d.entry.empty() ? lowest_uuid : d.entry.str(), d.id, d.provider, d.event,
                   number_of(d.why), d.inputs, now_);
  for (const auto& r : c.runs) add_run(t, r);
  for (const auto& m : c.meetings)
    if (is_kept_uid(m.ical_uid)) meetings_.add(t, m.ical_uid, m.entry);
  for (const auto& k : c.conflicts) add_conflict(conflicts_, t, k);
  for (const auto& m : c.cursors) providers_[{t, m.provider}].cursor = &m;
  for (const auto& r : c.removals) {
    auto& all = removals_[{t, r.provider}];
    all.count += r.count;
    all.at = std::max(all.at, r.at);
  }
  for (const auto& f : c.facts) facts_.add(f, t);
}

void unit_writer::add_entry(const tenant_id& t, const entry_write& w) {
  const auto& e = w.entry;
  const auto users = users_array(e.assigned);
  const instant starts_at = earliest_start(e.what);
  const instant ends_at = latest_end(e.what);
  auto into = [&](auto& set, const auto&... more) {
    set.add(t, e.id, e.version, e.what.title, e.what.notes, e.what.location, write_time(e.what.start),
            write_time(e.what.end), starts_at, ends_at, e.what.is_private, e.what.is_tentative,
            number_of(e.status), e.work.type, e.work.id, users, e.origin, e.created_at, e.updated_at,
            write_recurrence(e.what.repeats), write_attendees(e.what.attendees),
            write_occurrences(e.occurrences), more...);
  };
  if (w.stored_version == 0) {
    into(inserted_);
  } else {
    into(updated_, w.stored_version);
  }
}

void unit_writer::add_mapping(const tenant_id& t, const mapping& m) {
  mappings_.add(t, m.entry, m.provider, m.event, text_or_null(m.transaction_id), m.linked, m.removing,
                m.event_version, m.entry_version, write_base(m.base_entry),
                m.base_event == m.base_entry ? sql_value() : sql_value(write_base(m.base_event)),
                m.superseded.empty() ? sql_value() : sql_value(write_bases(m.superseded)), m.guest_copy,
                m.masked, static_cast<int>(m.disputed.bits()), number_of(m.gate), m.held_since);
}

void unit_writer::add_run(const tenant_id& t, const sync_run& r) {
  runs_.add(t, r.id, r.provider, name_of(r.cause), name_of(r.outcome), r.counts.pulled,
            r.counts.entries_changed, r.counts.pushed, r.counts.refused, r.counts.vendor_calls, r.error_code,
            r.error_detail, r.started_at, r.finished_at, r.counts.drift.compared, r.counts.drift.drifted,
            r.counts.drift.repaired);
  if (r.outcome != run_outcome::succeeded) return;
  auto& moved = providers_[{t, r.provider}];
  moved.last_sync_at = r.finished_at.value_or(now_);
  if (r.cause == run_cause::reconcile) moved.reconciled = reconciliation{*moved.last_sync_at, r.counts.drift};
}

row_set<15> unit_writer::moves() const {
  row_set<15> out;
  for (const auto& [key, move] : providers_) {
    const auto& [tenant, provider] = key;
    const sql_value none;
    const auto& r = move.reconciled;
    const auto at = r ? sql_value(r->at) : none;
    const auto pairs = r ? sql_value(r->found.compared) : none;
    const auto drifted = r ? sql_value(r->found.drifted) : none;
    const auto repaired = r ? sql_value(r->found.repaired) : none;
    if (!move.cursor) {
      out.add(tenant, provider, false, none, none, none, none, none, none, none, move.last_sync_at, at, pairs,
              drifted, repaired);
      continue;
    }
    const auto& c = *move.cursor;
    const auto& window = c.next.window;
    out.add(tenant, provider, true, sql_bytes(vault_.seal(tenant, cursor_seal(provider), c.next.token)),
            c.next.fingerprint, window ? sql_value(window->from) : sql_value(),
            window ? sql_value(window->to) : sql_value(), c.mark_seen, text_or_null(c.calendar_zone),
            c.next_poll_at, move.last_sync_at, at, pairs, drifted, repaired);
  }
  return out;
}

void unit_writer::queue() {
  sql_array ids;
  for (const auto& [id, unused] : tenants_) ids.add(id);
  calls_.emplace_back(lock_tenants, std::vector<sql_value>{ids});
  steps_.push_back({tenants_.size(), tenant_gone, false});
  send(delete_entries, deleted_);
  send_checked(insert_entries, inserted_, stale_version, true);
  send_checked(update_entries, updated_, stale_version, true);
  send(delete_mappings, unlinked_); // before new ones: an event may pass from one entry to another
  send(put_mappings, mappings_);
  send(add_meetings, meetings_);
  send(put_conflicts, conflicts_);
  send(add_outbox, outbox_);
  send(delete_outbox, outbox_done_);
  send(retry_outbox, outbox_retries_);
  send(end_letters, letters_ended_); // before new ones: what was put back may have failed again at once
  send(put_letters, letters_);
  send(add_decisions, decisions_);
  send(put_runs, runs_);
  send_checked(move_providers, moves(), provider_gone, false);
  row_set<5> removals;
  for (const auto& [key, made] : removals_)
    removals.add(key.first, key.second, made.count, made.at, made.at - removal_window);
  send(count_removals, removals);
  send(add_facts, facts_);
}

bool unit_writer::holds_all(const rows& locked) const {
  for (std::size_t i = 0; i < locked.size(); ++i)
    if (tenants_.at(locked.as<tenant_id>(i, 0)) != locked.integer(i, 1)) return false;
  return true;
}

result<std::map<tenant_id, std::int64_t>> unit_writer::write(transaction& tx) {
  if (epochs_differ_) return fenced();
  queue();
  auto answers = tx.query_all(calls_);
  if (!answers) return explained(std::move(answers.error()));
  if (!holds_all(answers->front())) return fenced();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& s = steps_[i];
    const auto& got = (*answers)[i];
    if (!s.otherwise) continue;
    const auto n = s.counted ? static_cast<std::size_t>(got.integer(0, 0)) : got.affected();
    if (n != s.expected) return s.otherwise();
  }
  std::map<tenant_id, std::int64_t> first;
  if (!facts_.empty())
    for (std::size_t i = 0; i < answers->back().size(); ++i)
      first.emplace(answers->back().as<tenant_id>(i, 0), answers->back().integer(i, 1));
  return first;
}

} // namespace

result<std::vector<std::vector<fact>>> write_units(transaction& tx, const token_vault& vault, instant now,
                                                   const std::vector<const commit_unit*>& units) {
  unit_writer writer(vault, now);
  for (const auto* u : units) writer.add(*u);
  auto next = writer.write(tx);
  if (!next) return tl::unexpected(std::move(next.error()));

  std::vector<std::vector<fact>> answers;
  answers.reserve(units.size());
  for (const auto* u : units) {
    auto& facts = answers.emplace_back(u->changes.facts);
    for (auto& f : facts) {
      f.tenant = u->changes.tenant;
      f.sequence = (*next)[u->changes.tenant]++;
    }
  }
  return answers;
}

namespace {
std::string letter_key_text(const letter_key& k) { return k.provider.str() + k.entry.str() + k.event.str(); }
} // namespace

std::vector<std::string> keys_of(const tenant_changes& c) {
  std::vector<std::string> keys;
  keys.reserve(c.entries.size() * 2 + c.mappings.size() + c.outbox.size() + 8);
  for (const auto& w : c.entries) keys.push_back(w.entry.id.str());
  for (const auto& e : c.deleted_entries) keys.push_back(e.str());
  for (const auto& m : c.mappings) keys.push_back(m.entry.str());
  for (const auto& k : c.unlinked) keys.push_back(k.entry.str());
  for (const auto& o : c.outbox) keys.push_back(o.id);
  for (const auto& id : c.outbox_done) keys.push_back(id);
  for (const auto& r : c.outbox_retries) keys.push_back(r.id);
  for (const auto& l : c.letters) keys.push_back(letter_key_text(key_of(l)));
  for (const auto& l : c.letters_ended) keys.push_back(letter_key_text(l.what));
  for (const auto& r : c.runs) {
    keys.push_back(r.id.str());
    if (r.outcome == run_outcome::succeeded) keys.push_back(r.provider.str());
  }
  for (const auto& m : c.cursors) keys.push_back(m.provider.str());
  for (const auto& m : c.meetings) keys.push_back(m.ical_uid);
  for (const auto& k : c.conflicts) keys.push_back(k.id);
  return keys;
}

std::size_t weight_of(const tenant_changes& c) {
  return 1 + c.entries.size() + c.deleted_entries.size() + c.mappings.size() + c.unlinked.size() +
         c.outbox.size() + c.outbox_done.size() + c.outbox_retries.size() + c.letters.size() +
         c.letters_ended.size() + c.decisions.size() + c.facts.size() + c.runs.size() + c.cursors.size() +
         c.meetings.size() + c.conflicts.size();
}

result<std::vector<fact>> append_facts(transaction& tx, std::vector<fact> facts) {
  if (facts.empty()) return facts;
  fact_rows rows;
  for (const auto& f : facts) rows.add(f, tx.tenant());
  auto added = tx.query(add_facts, rows.values());
  if (!added) return tl::unexpected(std::move(added.error()));
  if (added->empty()) return tenant_gone();
  auto next = added->integer(0, 1);
  for (auto& f : facts) {
    f.tenant = tx.tenant();
    f.sequence = next++;
  }
  return facts;
}

std::string cursor_seal(const provider_id& provider) {
  return "provider_state/" + provider.str() + "/cursor";
}

} // namespace kalends::persistence
