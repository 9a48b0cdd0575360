// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/directory.hpp"
#include "schema/result.hpp"
#include "schema/webhook.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What is sent to an endpoint of the host, and what follows from its answer. Pure.
namespace kalends::actors {

/// An endpoint that has refused for so long, at least so many times, is told nothing any more.
inline constexpr std::chrono::days endpoint_patience{3};
inline constexpr int least_failures_to_stop = 10;
/// An endpoint may ask for a pause as long as this.
inline constexpr std::chrono::hours longest_asked_pause{24};

/// A fact as it is sent: what `/v1/events` shows of it, and `timestamp`, as Standard Webhooks wants it.
std::string delivery_body(const fact& f);
/// A message that says nothing but that it arrives: type "TEST", no sequence.
std::string trial_body(const tenant_id& tenant, const webhook_endpoint& e, const std::string& id,
                       instant now);

/// What came back from an attempt.
struct attempt_outcome {
  int status = 0;   ///< of the answer; 0: there was none
  std::string code; ///< why there was none
  std::optional<std::chrono::milliseconds> retry_after;
};
/// Empty: delivered. Else why not: `http_<status>`, `redirect_refused`, `endpoint_gone` (410), or the code of
/// what kept an answer from coming.
std::string failure_of(const attempt_outcome& o);

/// The endpoint after the fact with this sequence was sent. Delivered: it is settled. Failed: it is tried
/// again after a wait that is drawn from the one before it, or as late as the endpoint asked for; or, when it
/// is gone or has failed for too long, the endpoint is stopped.
webhook_endpoint plan_attempt(webhook_endpoint e, std::int64_t sequence, const attempt_outcome& o,
                              const world& w);

/// What is told and noted when it was stopped.
fact stop_fact(const tenant_id& tenant, const webhook_endpoint& e, const world& w);
audit_line stop_audit(const webhook_endpoint& e, const world& w);

} // namespace kalends::actors
