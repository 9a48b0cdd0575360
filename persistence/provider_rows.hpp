// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/engine_store.hpp"
#include "persistence/token_vault.hpp"
#include "persistence/transaction.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The engine's questions about providers: marks, state, health, outbox, links. Plain functions over an open
/// transaction, which engine_store runs.
namespace kalends::persistence {

/// One statement for any number of askers; each is answered with the counters of its marks, in its order.
/// Nodes that hold the other tenants are told with the commit: "stale <tenant> <provider> <counter>".
result<std::vector<std::vector<std::int64_t>>>
write_marks(transaction& tx, instant now, const std::vector<const std::vector<notice_mark>*>& asks,
            const std::function<bool(const tenant_id&)>& held_here);

/// Error not_found `provider_gone`.
result<provider_state> load_state(transaction& tx, const token_vault& vault, const provider_id& id);
result<std::vector<outbox_row>> due_outbox(transaction& tx, const provider_id& id, instant now,
                                           std::size_t limit);
result<removal_tally> tally_removals(transaction& tx, const provider_id& id, instant now);
result<std::vector<entry_id>> held_after(transaction& tx, const provider_id& id, const entry_id& after,
                                         std::size_t limit);
result<std::vector<letter_key>> open_letters(transaction& tx, letter_kind kind, std::size_t limit);
result<std::vector<mapping>> links_after(transaction& tx, const provider_id& id, const entry_id& after,
                                         std::size_t limit);
result<std::vector<schedule_entry>> entries_after(transaction& tx, const user_id& assignee, instant from,
                                                  const entry_id& after, std::size_t limit);

result<std::vector<entry_id>> unsettled_after(transaction& tx, const provider_id& id, const user_id& assignee,
                                              instant from, const entry_id& after, std::size_t limit);

struct health {
  provider_status status{};
  std::optional<provider_problem> problem;
  std::optional<instant> last_sync_at; ///< absent: stays as it is
  std::optional<instant> next_poll_at; ///< absent: stays as it is
};
/// Runs of these tenants that are under way end as failed, `interrupted`: one provider's, or all.
result<bool> end_open_runs(transaction& tx, const std::vector<tenant_id>& tenants, const provider_id& only,
                           instant now);
/// False if the provider is gone; so are the ones below.
result<bool> put_health(transaction& tx, const provider_id& id, const health& h);
result<bool> put_channel_health(transaction& tx, const provider_id& id, const channel_health& h,
                                const std::optional<provider_problem>& problem);
result<bool> put_next_reconcile(transaction& tx, const provider_id& id, std::optional<instant> at);
result<bool> forget_cursor(transaction& tx, const provider_id& id);
result<bool> choose_calendar(transaction& tx, const provider_id& id, const calendar_listing& chosen);

result<std::vector<schedule_line>> schedule_lines(transaction& tx);
result<std::vector<provider>> all_providers(transaction& tx);

} // namespace kalends::persistence
