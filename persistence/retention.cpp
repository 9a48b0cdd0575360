// SPDX-License-Identifier: Apache-2.0
#include "persistence/retention.hpp"

#include "persistence/notifications.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule.hpp"
#include "persistence/sign_in.hpp"
#include "persistence/webhooks.hpp"
#include "schema/conflict.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace kalends::persistence {
namespace {

const statement take_turn{"forget_take_turn",
                          "SELECT pg_try_advisory_xact_lock(hashtext('forget'), hashtext($1::text))"};
const statement old_facts{
    "forget_facts", "WITH oldest AS (SELECT sequence, happened_at FROM facts WHERE tenant_id = $1"
                    " AND sequence < $4 ORDER BY sequence LIMIT $2), young AS (SELECT min(sequence) AS"
                    " sequence FROM oldest WHERE happened_at >= $3) DELETE FROM facts f USING oldest, young"
                    " WHERE f.tenant_id = $1 AND f.sequence = oldest.sequence"
                    " AND (young.sequence IS NULL OR f.sequence < young.sequence)"};
const statement old_decisions{"forget_decisions",
                              "DELETE FROM decisions WHERE tenant_id = $1 AND ctid = ANY (ARRAY(SELECT ctid"
                              " FROM decisions WHERE tenant_id = $1 AND decided_at < $3 LIMIT $2))"};
// Ids of runs, letters, audit lines and conflicts begin with their time.
const statement old_runs{
    "forget_runs",
    "DELETE FROM sync_runs WHERE tenant_id = $1 AND run_id IN (SELECT run_id FROM sync_runs"
    " WHERE tenant_id = $1 AND run_id < $3 AND outcome <> 'running' ORDER BY run_id LIMIT $2)"};
const statement old_letters{
    "forget_letters", "DELETE FROM dead_letters WHERE tenant_id = $1 AND letter_id IN (SELECT letter_id FROM"
                      " dead_letters WHERE tenant_id = $1 AND letter_id < $3"
                      " AND coalesce(closed_at, last_failed_at) < $4 ORDER BY letter_id LIMIT $2)"};
const statement old_audit_lines{
    "forget_audit", "DELETE FROM audit_log WHERE tenant_id = $1 AND audit_id IN (SELECT audit_id FROM"
                    " audit_log WHERE tenant_id = $1 AND audit_id < $3 ORDER BY audit_id LIMIT $2)"};

const statement old_installation_lines{
    "forget_installation_lines",
    "DELETE FROM installation_log WHERE tenant_id = $1 AND audit_id IN (SELECT audit_id FROM"
    " installation_log WHERE tenant_id = $1 AND audit_id < $3 ORDER BY audit_id LIMIT $2)"};
const statement old_conflicts{
    "forget_conflicts", "DELETE FROM conflicts WHERE tenant_id = $1 AND conflict_id IN (SELECT conflict_id"
                        " FROM conflicts WHERE tenant_id = $1 AND state <> 0 AND conflict_id < $3"
                        " AND resolved_at < $4 ORDER BY conflict_id LIMIT $2)"};

/// Deletes one batch, counts it in `into`, and notes whether there may be more.
result<void> forget(transaction& tx, const statement& s, std::vector<sql_value> values, std::size_t& into,
                    bool& more) {
  auto done = tx.query(s, values);
  if (!done) return tl::unexpected(std::move(done.error()));
  into += done->affected();
  more = more || done->affected() >= most_forgotten_at_once;
  return {};
}

result<void> forget_sign_ins(transaction& tx, const settings& kept, instant now, forgotten& into) {
  const auto gone =
      delete_expired_sign_ins(tx, now, instant(now - kept.session_idle), most_forgotten_at_once);
  if (!gone) return tl::unexpected(gone.error());
  into.sign_ins += *gone;
  into.more = into.more || *gone >= most_forgotten_at_once;
  return {};
}

} // namespace

forgotten& forgotten::operator+=(const forgotten& o) {
  facts += o.facts;
  decisions += o.decisions;
  runs += o.runs;
  letters += o.letters;
  conflicts += o.conflicts;
  audit_lines += o.audit_lines;
  answers += o.answers;
  sign_ins += o.sign_ins;
  notifications += o.notifications;
  deliveries += o.deliveries;
  more = o.more;
  return *this;
}

result<forgotten> forget_old_rows(transaction& tx, const settings& kept, instant now,
                                  const facts_needed_from& needed) {
  forgotten f;
  const auto turn = tx.query(take_turn, {tx.tenant().str()});
  if (!turn) return tl::unexpected(turn.error());
  if (!turn->boolean(0, 0)) return f;
  std::int64_t floor = std::numeric_limits<std::int64_t>::max();
  if (needed) {
    const auto first = needed(tx);
    if (!first) return tl::unexpected(first.error());
    floor = *first;
  }
  const auto batch = most_forgotten_at_once;
  const auto until = [now](std::chrono::days age) { return instant(now - age); };
  const auto t = tx.tenant();
  auto ok = forget(tx, old_facts, {t, batch, until(kept.facts_kept), floor}, f.facts, f.more);
  if (ok) ok = forget(tx, old_decisions, {t, batch, until(kept.decisions_kept)}, f.decisions, f.more);
  if (ok) ok = forget(tx, old_runs, {t, batch, first_uuid(until(kept.runs_kept))}, f.runs, f.more);
  if (ok)
    ok = forget(tx, old_letters, {t, batch, first_uuid(until(kept.letters_kept)), until(kept.letters_kept)},
                f.letters, f.more);
  if (ok)
    ok = forget(tx, old_audit_lines, {t, batch, first_uuid(until(kept.audit_kept))}, f.audit_lines, f.more);
  const auto resolved_before = instant(now - losing_values_kept);
  if (ok)
    ok = forget(tx, old_conflicts, {t, batch, first_uuid(resolved_before), resolved_before}, f.conflicts,
                f.more);
  if (!ok) return tl::unexpected(ok.error());
  const auto told = forget_notifications(tx, resolved_before, batch);
  if (!told) return tl::unexpected(told.error());
  f.notifications = *told;
  f.more = f.more || *told >= batch;
  const auto answers = delete_expired_answers(tx, now);
  if (!answers) return tl::unexpected(answers.error());
  f.answers = *answers;
  if (auto gone = forget_sign_ins(tx, kept, now, f); !gone) return tl::unexpected(gone.error());
  const auto sent = forget_old_deliveries(tx, until(deliveries_kept), batch);
  if (!sent) return tl::unexpected(sent.error());
  f.deliveries = *sent;
  f.more = f.more || *sent >= batch;
  return f;
}

result<forgotten> forget_installation_rows(transaction& tx, const settings& kept, instant now) {
  forgotten f;
  const auto turn = tx.query(take_turn, {tx.tenant().str()});
  if (!turn) return tl::unexpected(turn.error());
  if (!turn->boolean(0, 0)) return f;
  auto ok = forget(tx, old_installation_lines,
                   {tx.tenant(), most_forgotten_at_once, first_uuid(instant(now - kept.audit_kept))},
                   f.audit_lines, f.more);
  if (ok) ok = forget_sign_ins(tx, kept, now, f);
  if (!ok) return tl::unexpected(ok.error());
  return f;
}

} // namespace kalends::persistence
