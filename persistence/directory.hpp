// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/directory.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>
#include <vector>

/// Who exists: tenants, keys, users, providers. Plain functions over an open transaction; lists go by id
/// (UUIDv7: order of making).
namespace kalends::persistence {

// ---- tenants (the transaction must act for the tenant in question) ----
result<void> insert_tenant(transaction& tx, const tenant& t);
result<std::optional<tenant>> find_tenant(transaction& tx);
/// The same, kept from others who change it until the transaction ends.
result<std::optional<tenant>> lock_tenant(transaction& tx);
/// Name, stage, withheld features and whether its work is stopped. Every node hears of it at once, and sees
/// it within two seconds in any case.
result<bool> update_tenant(transaction& tx, const tenant& t);
/// Removes every row of the tenant, in every table.
result<bool> erase_tenant(transaction& tx);
/// The ids of all tenants after `after`: the one question that needs no tenant.
result<std::vector<tenant_id>> list_tenant_ids(transaction& tx, const tenant_id& after, std::size_t limit);
/// The tenants this transaction acts for, in id order.
result<std::vector<tenant>> list_tenants(transaction& tx);

// ---- the work of all tenants; these need no tenant ----
result<work_switch> find_work_switch(transaction& tx);
/// Heard of as the tenant's own is.
result<void> put_work_switch(transaction& tx, const work_switch& now);
/// One line each for all tenants that the transaction acts for; `ids`: of the lines.
result<void> append_audit_everywhere(transaction& tx, const audit_line& line,
                                     const std::vector<std::string>& ids);

// ---- keys ----
/// `hash` is SHA-256 of the key's text, 32 raw bytes.
result<void> insert_key(transaction& tx, const api_key& k, const std::string& hash);
/// A key that is not revoked.
result<std::optional<api_key>> find_key_by_hash(transaction& tx, const std::string& hash);
result<page_of<api_key>> list_keys(transaction& tx, const std::string& cursor, std::size_t limit);
result<bool> revoke_key(transaction& tx, const api_key_id& id, instant when);

// ---- users ----
/// Errors: conflict `unique_violation` with field "users_email_key", or "user_addresses_pkey" when one of
/// the addresses is another user's.
result<void> insert_user(transaction& tx, const user& u);
result<bool> update_user(transaction& tx, const user& u);
/// Error conflict `user_in_use` while entries are assigned to or providers belong to them.
result<bool> delete_user(transaction& tx, const user_id& id);
result<std::optional<user>> find_user(transaction& tx, const user_id& id);
/// Those of `ids` that exist.
result<std::vector<user_id>> existing_users(transaction& tx, const std::vector<user_id>& ids);
result<page_of<user>> list_users(transaction& tx, const std::string& cursor, std::size_t limit);

// ---- providers ----
result<void> insert_provider(transaction& tx, const provider& p);
result<std::optional<provider>> find_provider(transaction& tx, const provider_id& id);
result<page_of<provider>> list_providers(transaction& tx, const user_id& of_user, const std::string& cursor,
                                         std::size_t limit);
/// Direction, policies, calendar, user: the configuration, not the health.
result<bool> update_provider(transaction& tx, const provider& p);
/// Changes the status if it is still `from`; false if not.
result<bool> switch_provider(transaction& tx, const provider_id& id, provider_status from,
                             provider_status to);
/// Configuration, mappings, cursor, channel, grant, outbox; entries and events stay.
result<bool> delete_provider(transaction& tx, const provider_id& id);

// ---- the trace ----
result<void> append_audit(transaction& tx, const audit_line& line);
result<page_of<audit_line>> list_audit(transaction& tx, const std::string& cursor, std::size_t limit);

} // namespace kalends::persistence
