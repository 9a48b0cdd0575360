// SPDX-License-Identifier: Apache-2.0
#include "persistence/figures.hpp"

#include "schema/sync.hpp"

#include <algorithm>
#include <charconv>

namespace kalends::persistence {

namespace {

constexpr statement patience{"figures_patience", "SELECT set_config('statement_timeout', '2000', true)"};

/// One row per tenant, vendor, status and problem. The oldest outbox row is told by its id, which is a UUIDv7
/// and so begins with the time of its commit: no column, no index.
constexpr statement count_calendars{"figures_calendars", R"(
WITH waiting AS (
  SELECT tenant_id, provider_id, count(*) AS n, min(outbox_id::text COLLATE "C") AS oldest FROM outbox
  WHERE tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1, 2),
ways AS (
  SELECT tenant_id, provider_id, max(expires_at) AS ends FROM channels
  WHERE tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1, 2),
letters AS (
  SELECT tenant_id, provider_id, count(*) AS n FROM dead_letters
  WHERE state = 0 AND tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1, 2),
held AS (
  SELECT tenant_id, provider_id, count(*) AS n FROM mappings
  WHERE removal_gate = 1 AND tenant_id = ANY ((SELECT acting_tenants())::uuid[]) GROUP BY 1, 2)
SELECT p.tenant_id, p.type, CASE WHEN s.status = 'active' AND (n.work_stopped_at IS NOT NULL
         OR (SELECT stopped_at IS NOT NULL FROM work_switch)) THEN 'stopped' ELSE s.status END AS how, coalesce(s.problem_code, '') = 'provider_parked' AS parked,
       count(*) AS calendars,
       coalesce(sum(w.n), 0) AS outbox_rows,
       min(w.oldest) AS outbox_oldest,
       count(s.stale_since) AS stale,
       min(s.stale_since) AS stale_oldest,
       min(s.last_sync_at) AS synced,
       count(*) FILTER (WHERE c.ends > $1) AS standing,
       count(*) FILTER (WHERE c.ends > $1 AND c.ends < $1::timestamptz + interval '12 hours') AS expiring,
       count(*) FILTER (WHERE p.direction <> 'to_provider' AND (c.ends IS NULL OR c.ends <= $1)) AS without,
       coalesce(sum(d.n), 0) AS letters,
       count(*) FILTER (WHERE s.channel_failures > 0) AS failing,
       count(s.channel_silent_since) AS silent,
       min(s.channel_renews_at) FILTER (WHERE p.direction <> 'to_provider') AS renewal,
       min(s.reconciled_at) AS reconciled,
       coalesce(sum(h.n), 0) + coalesce(sum(s.held_count) FILTER (WHERE NOT s.held_approved), 0) AS approvals
FROM providers p
JOIN provider_state s USING (tenant_id, provider_id)
JOIN tenant_directory n USING (tenant_id)
LEFT JOIN waiting w USING (tenant_id, provider_id)
LEFT JOIN letters d USING (tenant_id, provider_id)
LEFT JOIN held h USING (tenant_id, provider_id)
LEFT JOIN ways c ON c.tenant_id = p.tenant_id AND c.provider_id = p.provider_id
WHERE p.tenant_id = ANY ((SELECT acting_tenants())::uuid[])
GROUP BY p.tenant_id, p.type, how, parked
ORDER BY p.tenant_id, p.type)"};

constexpr statement nothing{"figures_knock", "SELECT 1"};

double age(std::optional<instant> since, instant now) {
  return since ? std::max(0.0, std::chrono::duration<double>(now - *since).count()) : 0.0;
}

/// The time in a UUIDv7's first 48 bits.
std::optional<instant> made_at(const std::optional<std::string>& uuid) {
  if (!uuid || uuid->size() < 13) return std::nullopt;
  const auto digits = uuid->substr(0, 8) + uuid->substr(9, 4);
  std::int64_t ms = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), ms, 16);
  if (bad != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return instant(std::chrono::milliseconds(ms));
}

void raise(double& to, double value) { to = std::max(to, value); }

} // namespace

result<std::vector<observe::calendar_figures>> count_rows(transaction& tx, instant now, bool push_expected) {
  tx.defer(patience);
  auto found = tx.query(count_calendars, {now});
  if (!found) return tl::unexpected(found.error());
  std::vector<observe::calendar_figures> lines;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto tenant = found->as<tenant_id>(i, 0);
    const auto type = read_name<provider_type>(found->view(i, 1)).value_or(provider_type::google);
    if (lines.empty() || lines.back().tenant != tenant || lines.back().type != type) {
      lines.emplace_back();
      lines.back().tenant = std::move(tenant);
      lines.back().type = type;
    }
    auto& line = lines.back();
    const auto status = found->text(i, 2);
    const auto calendars = found->integer(i, 4);
    line.by_status[status] += calendars;
    if (found->boolean(i, 3)) line.parked += calendars;
    line.outbox_rows += found->integer(i, 5);
    line.stale_marks += found->integer(i, 7);
    line.dead_letters += found->integer(i, 13);
    line.approvals += found->integer(i, 18);
    if (status != name_of(provider_status::active)) continue;
    // What waits for a person or is stopped by one is told by its status; its age would only tell it again.
    raise(line.outbox_oldest_age, age(made_at(found->optional_text(i, 6)), now));
    raise(line.stale_oldest_age, age(found->optional_time(i, 8), now));
    raise(line.last_sync_age, age(found->optional_time(i, 9), now));
    line.channels_standing += found->integer(i, 10);
    line.channels_expiring += found->integer(i, 11);
    raise(line.last_reconcile_age, age(found->optional_time(i, 17), now));
    if (!push_expected) continue;
    line.channels_missing += found->integer(i, 12);
    line.channels_failing += found->integer(i, 14);
    line.channels_silent += found->integer(i, 15);
    raise(line.renewal_overdue, age(found->optional_time(i, 16), now));
  }
  return lines;
}

result<bool> knock(transaction& tx) {
  return tx.query(nothing).map([](const rows&) { return true; });
}

} // namespace kalends::persistence
