// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/token_vault.hpp"
#include "persistence/transaction.hpp"
#include "schema/directory.hpp"
#include "schema/result.hpp"
#include "schema/webhook.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The endpoints that a tenant's facts are sent to, as people configure and watch them. What the sender reads
/// and writes is in webhook_store.hpp.
namespace kalends::persistence {

/// Its position becomes that of the tenant's newest fact. Error conflict `webhook_endpoints_full`.
result<webhook_endpoint> insert_webhook(transaction& tx, const token_vault& vault, webhook_endpoint e,
                                        const std::string& secret);
result<std::optional<webhook_endpoint>> find_webhook(transaction& tx, const webhook_id& id);
/// In the order of their making.
result<page_of<webhook_endpoint>> list_webhooks(transaction& tx, const std::string& cursor,
                                                std::size_t limit);
/// URL, description, types. Switched on, it is tried at once, and what stopped it is forgotten.
result<std::optional<webhook_endpoint>> update_webhook(transaction& tx, const webhook_endpoint& e,
                                                       bool switched);
result<bool> delete_webhook(transaction& tx, const webhook_id& id);
/// The one that was in use so far still signs until `before_until`.
result<bool> rotate_webhook_secret(transaction& tx, const token_vault& vault, const webhook_id& id,
                                   const std::string& secret, instant before_until);
/// Facts after `position` are sent (again), at once.
result<bool> move_webhook(transaction& tx, const webhook_id& id, std::int64_t position);

/// Newest first.
result<page_of<webhook_delivery>> list_deliveries(transaction& tx, const webhook_id& id,
                                                  std::optional<delivery_outcome> only,
                                                  const std::string& cursor, std::size_t limit);
result<std::optional<webhook_delivery>> find_delivery(transaction& tx, const webhook_id& id,
                                                      const std::string& delivery);
result<void> append_deliveries(transaction& tx, const std::vector<webhook_delivery>& all);
/// The oldest above the limit go, and what is too old. Says how many went.
result<std::size_t> forget_deliveries(transaction& tx, const webhook_id& id);
result<std::size_t> forget_old_deliveries(transaction& tx, instant before, std::size_t most);

/// The first sequence that an endpoint which runs has yet to be told; the highest number there is if none
/// waits for any. For `forget_old_rows`.
result<std::int64_t> facts_awaited_from(transaction& tx);

} // namespace kalends::persistence
