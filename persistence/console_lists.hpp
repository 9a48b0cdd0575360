// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/console.hpp"
#include "persistence/of_tenant.hpp"
#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"
#include "schema/sync.hpp"

/// What happened and what waits, over all tenants, newest first (`database::look`). `of`: one tenant, or
/// empty. Contents of entries and events are left out. At 1,000 tenants a page costs some ten thousand index
/// rows.
namespace kalends::persistence {

/// `only_open`, or all that are kept. An empty `code`: for any cause.
result<page_of<of_tenant<dead_letter>>> list_all_letters(transaction& tx, const tenant_id& of, bool only_open,
                                                         const std::string& code, const std::string& cursor,
                                                         std::size_t limit);
/// Without the values of either side.
result<page_of<of_tenant<conflict>>> list_all_conflicts(transaction& tx, const tenant_id& of, bool only_open,
                                                        const std::string& cursor, std::size_t limit);
result<page_of<of_tenant<sync_run>>> list_all_runs(transaction& tx, const tenant_id& of, bool only_failed,
                                                   const std::string& cursor, std::size_t limit);
/// An empty `action`: of any kind.
result<page_of<of_tenant<audit_line>>> list_all_audit(transaction& tx, const tenant_id& of,
                                                      const std::string& action, const std::string& cursor,
                                                      std::size_t limit);

/// A calendar that waits for a person's yes: removals that are held, or a rehearsal that was found.
struct waiting_approval {
  provider_id provider;
  provider_type type{};
  std::string account, calendar_name;
  std::optional<held_removals> held; ///< none: a rehearsal
  instant since{};
};
/// Those that wait longest first.
result<sorted_page<of_tenant<waiting_approval>>> list_all_approvals(transaction& tx, const tenant_id& of,
                                                                    const std::optional<sort_mark>& after,
                                                                    std::size_t limit);

struct hour_line {
  instant begins{};
  std::int64_t runs_succeeded = 0, runs_failed = 0, notices = 0, events_read = 0, events_applied = 0,
               writes = 0, conflicts = 0;
};
inline constexpr int timeline_hours = 168;
/// The last hours up to `now`'s, each with its line; `hours` is 1 to `timeline_hours`.
result<std::vector<hour_line>> count_hours(transaction& tx, const tenant_id& of, int hours, instant now);

} // namespace kalends::persistence
