// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"
#include "persistence/transaction.hpp"
#include "schema/sign_in.hpp"

#include <optional>
#include <string>

/// How a session begins, whoever proved what.
namespace kalends::api {

struct begun_session {
  session begun;
  std::string token; ///< for the browser, and for nobody else
  std::optional<user> person;
  std::optional<tenant> home;
  std::string return_to = {};
};

/// Completes and keeps a session of which kind, tenant, whose it is, role, actor and name are said, and its
/// line in the log; `how`: "link", "key" or "password". The transaction acts for its tenant.
result<begun_session> begin_session(persistence::transaction& tx, const call& c, session wanted,
                                    const std::string& how);
/// The session that an operator without an account has: of the admin key's holder.
session session_of_admin_key();

/// 200, the session and its cookie. The session that the browser had before is ended.
void answer_begun(const call_ptr& c, const begun_session& b);

error sign_in_refused();

/// Writes a line of the tenant's log, or of the installation's.
result<void> log_sign_in(persistence::transaction& tx, const tenant_id& tenant, const audit_line& line);

} // namespace kalends::api
