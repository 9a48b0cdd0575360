// SPDX-License-Identifier: Apache-2.0
#include "persistence/backup.hpp"
#include "persistence/connection.hpp"
#include "schema/fact.hpp"

namespace kalends::persistence {
namespace {

// The database's owner is bound by row-level security, too, unless it is a superuser.
const statement act_for_all{
    "act_for_all", "SELECT set_config('kalends.tenants', (coalesce((SELECT array_agg(tenant_id) FROM"
                   " tenant_directory), '{}') || '00000000-0000-0000-0000-000000000000'::uuid)::text, true)"};

// Milliseconds are more than any tenant has facts for: whatever was given before, also by a life that began
// with an earlier restore of the same backup, lies below.
const statement state_restored{
    "state_restored",
    "WITH jumped AS (UPDATE tenant_counters c SET next_sequence = greatest(c.next_sequence, $1::bigint) + 1"
    " FROM (SELECT tenant_id, next_sequence FROM tenant_counters) was WHERE was.tenant_id = c.tenant_id"
    " RETURNING c.tenant_id, c.next_sequence - 1 AS sequence, was.next_sequence - 1 AS last)"
    " INSERT INTO facts (tenant_id, sequence, fact_id, type, happened_at, data)"
    " SELECT tenant_id, sequence, gen_random_uuid(), $2::smallint, $3::timestamptz,"
    " json_build_object('made_at', $4::text, 'last_sequence', last)::text FROM jumped"};

const statement recover_providers{
    "recover_providers",
    "UPDATE provider_state SET recovering = true, mark = mark + 1,"
    " stale_since = coalesce(stale_since, $1::timestamptz), next_poll_at = $1::timestamptz"};

// What was opened since is not known here, and what is known may be closed by now.
const statement expire_channels{"expire_channels",
                                "UPDATE channels SET expires_at = least(expires_at, $1::timestamptz)"};

// Who signed out since would be signed in again, and links that were used would open once more.
const statement end_sessions{"end_sessions", "DELETE FROM sessions"};
const statement void_links{"void_links", "DELETE FROM sign_in_links"};

} // namespace

result<int> mark_restored(const std::string& owner_url, instant made_at, const world& w) {
  auto opened = connection::open({owner_url, "", 0, false});
  if (!opened) return tl::unexpected(opened.error());
  connection& c = **opened;
  const auto now = w.now();
  const std::vector<sql_value> none;
  const std::vector<sql_value> told{now.time_since_epoch().count(),
                                    static_cast<std::int64_t>(fact_type::history_restored), now, made_at};
  const std::vector<sql_value> at{now};
  if (auto begun = c.script("BEGIN"); !begun) return tl::unexpected(begun.error());
  auto done = c.exchange({{&act_for_all, &none},
                          {&state_restored, &told},
                          {&recover_providers, &at},
                          {&expire_channels, &at},
                          {&end_sessions, &none},
                          {&void_links, &none}});
  if (!done) return tl::unexpected(done.error());
  if (auto kept = c.script("COMMIT"); !kept) return tl::unexpected(kept.error());
  return static_cast<int>((*done)[1].affected());
}

} // namespace kalends::persistence
