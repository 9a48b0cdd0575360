// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/webhook.hpp"

#include <string>

namespace kalends::persistence {

#define KALENDS_WEBHOOK_COLUMNS                                                                              \
  "w.endpoint_id, w.url, w.description, w.types, w.enabled, w.stop_code, w.stop_detail, w.stopped_at,"       \
  " w.created_at, w.position, w.turn, w.attempts, w.waited_ms, w.next_attempt_at, w.failing_since,"          \
  " w.last_code, w.last_delivered_at, w.old_secret_until"
inline constexpr int webhook_columns = 18;
webhook_endpoint read_webhook(const rows& found, std::size_t row);

/// The names under which its secrets are sealed.
std::string webhook_seal(const webhook_id& id);

} // namespace kalends::persistence
