// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/figures.hpp"
#include "persistence/transaction.hpp"
#include "schema/result.hpp"

#include <vector>

/// How the rows stand, counted for those who watch.
namespace kalends::persistence {

/// The calendars of the tenants that the transaction acts for, one line per tenant and vendor.
/// `push_expected`: vendors can reach our webhooks, so that an active calendar without a channel misses one.
/// Gives up after two seconds: `statement_timeout`.
result<std::vector<observe::calendar_figures>> count_rows(transaction& tx, instant now, bool push_expected);

/// Answers when the database does.
result<bool> knock(transaction& tx);

} // namespace kalends::persistence
