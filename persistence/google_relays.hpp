// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>

/// Through which Pub/Sub subscription a tenant's Google notices come, and as whom it pushes.
namespace kalends::persistence {

struct google_relay {
  std::string topic;           ///< "projects/…/topics/…"
  std::string subscription;    ///< "projects/…/subscriptions/…"
  std::string service_account; ///< e-mail in lower case; the only one whose tokens count
  instant changed_at{};
};

/// One per tenant; another one replaces it.
result<void> put_google_relay(transaction& tx, const google_relay& r);
result<std::optional<google_relay>> find_google_relay(transaction& tx);
result<bool> delete_google_relay(transaction& tx);

} // namespace kalends::persistence
