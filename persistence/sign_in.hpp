// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/token_vault.hpp"
#include "persistence/transaction.hpp"
#include "schema/result.hpp"
#include "schema/sign_in.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// Sessions, the links that begin them, and the operators' accounts. The transaction acts for the tenant of
/// the row, which is `installation_rows()` for what is the installation's own.
namespace kalends::persistence {

// ---- sessions ----
result<void> insert_session(transaction& tx, const session& s);
/// The session with this hash, whatever its age; nothing if its key was revoked.
result<std::optional<session>> find_session(transaction& tx, const tenant_id& tenant,
                                            const std::string& hash);
/// Notes its use, if that was not noted within the last minute.
void touch_session(transaction& tx, const session& s, instant now);
result<bool> delete_session(transaction& tx, const tenant_id& tenant, const std::string& hash);
result<std::size_t> delete_sessions_of_operator(transaction& tx, const std::string& operator_id);
/// What nobody can use any more, `most` rows of each kind at a time; says how many.
result<std::size_t> delete_expired_sign_ins(transaction& tx, instant now, instant seen_before,
                                            std::size_t most);

// ---- links ----
result<void> insert_link(transaction& tx, const sign_in_link& l);
/// Takes the link out, so that it is used once; nothing if it is gone or has expired.
result<std::optional<sign_in_link>> take_link(transaction& tx, const std::string& hash, instant now);

// ---- operators ----
/// Error conflict `unique_violation` with field "operators_email_key".
result<void> insert_operator(transaction& tx, const token_vault& vault, const operator_account& o);
result<std::optional<operator_account>> find_operator(transaction& tx, const token_vault& vault,
                                                      const std::string& email);
/// By id; without what they sign in with.
result<std::vector<operator_account>> list_operators(transaction& tx);
/// Password and TOTP secret anew; false if there is no such operator.
result<bool> reset_operator(transaction& tx, const token_vault& vault, const operator_account& o);
result<bool> delete_operator(transaction& tx, const std::string& id);
/// True once per step and operator, and never for a step before one that was used.
result<bool> use_totp_step(transaction& tx, const std::string& id, std::int64_t step);

// ---- the installation's trace ----
result<void> append_installation_log(transaction& tx, const audit_line& line);
/// Newest first.
result<page_of<audit_line>> list_installation_log(transaction& tx, const std::string& cursor,
                                                  std::size_t limit);

} // namespace kalends::persistence
