// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/token_vault.hpp"
#include "persistence/transaction.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>
#include <vector>

/// What connecting a calendar needs: OAuth clients, pending authorizations, grants, channels. Every secret is
/// sealed here, on its way into the row, and opened on its way out.
namespace kalends::persistence {

// ---- a tenant's own OAuth client ----
result<void> put_oauth_app(transaction& tx, const token_vault& vault, provider_type type,
                           const oauth_app& app);
result<std::optional<oauth_app>> find_oauth_app(transaction& tx, const token_vault& vault,
                                                provider_type type);
result<bool> delete_oauth_app(transaction& tx, provider_type type);

// ---- an authorization under way: state is stored as its SHA-256, the verifier sealed ----
struct authorization_request {
  std::string state_hash; ///< 32 raw bytes; the key
  provider_id provider;
  user_id user;
  provider_type type{};
  std::string verifier;
  std::string nonce;
  std::string browser_hash; ///< SHA-256 of the cookie; empty until a browser has followed the link
  std::string redirect_uri;
  std::string return_to; ///< where the browser goes at the end; empty: our own page
  instant expires_at{};
};
result<void> insert_authorization(transaction& tx, const token_vault& vault, const authorization_request& r);
/// Ties the request to the first browser that follows the link; false if it is unknown, expired, used, or
/// bound to another browser.
result<std::optional<authorization_request>> bind_browser(transaction& tx, const token_vault& vault,
                                                          const std::string& state_hash,
                                                          const std::string& browser_hash, instant now);
/// Takes the request out, at most once ever (DELETE … RETURNING): nothing if unknown, expired, used, or not
/// this browser's.
result<std::optional<authorization_request>> consume_authorization(transaction& tx, const token_vault& vault,
                                                                   const std::string& state_hash,
                                                                   const std::string& browser_hash,
                                                                   instant now);
result<std::size_t> delete_expired_authorizations(transaction& tx, instant now);

// ---- the grant ----
result<void> put_grant(transaction& tx, const token_vault& vault, const provider_id& provider,
                       const grant& g);
result<std::optional<grant>> find_grant(transaction& tx, const token_vault& vault,
                                        const provider_id& provider);
result<bool> delete_grant(transaction& tx, const provider_id& provider);
/// After the callback: grant, account, subject, status `active`, problem cleared, in this transaction. False
/// if the provider is gone. Error conflict `account_mismatch` when a provider that has already synced is
/// given another account.
result<bool> connect_provider(transaction& tx, const token_vault& vault, const provider_id& provider,
                              const grant& g, const std::string& account, const std::string& subject,
                              const calendar_id& calendar, const std::string& calendar_name,
                              const std::string& calendar_zone);

// ---- channels: a provider may have an old and a new one for a while ----
/// Written before the vendor is asked, so that its first notice already passes. `secret` is sealed, its hash
/// is not.
result<void> put_channel(transaction& tx, const token_vault& vault, const provider_id& provider,
                         const channel& c, const std::string& secret);
/// A channel whose secret stays (its hash too), under a new id if it is stored as another. Error not_found
/// `channel_gone`.
result<void> renew_channel(transaction& tx, const token_vault& vault, const provider_id& provider,
                           const channel& c, const std::string& stored_as);
result<bool> delete_channel(transaction& tx, const provider_id& provider, const std::string& channel_id);
struct channel_line {
  tenant_id tenant;
  provider_id provider;
  channel what;
};
result<std::vector<channel_line>> list_channels(transaction& tx); ///< of all tenants the transaction acts for
result<std::vector<channel>> find_channels(transaction& tx, const provider_id& provider);

} // namespace kalends::persistence
