// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/fact.hpp"
#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kalends {

using webhook_id = id<struct webhook_tag>;

/// Why an endpoint is told nothing any more, though nobody switched it off.
struct webhook_stop {
  std::string code;   ///< "endpoint_gone", "endpoint_failing"
  std::string detail; ///< for people
  instant since{};
};

/// Where a tenant's facts are sent to: each in the order of its sequence, at least once.
struct webhook_endpoint {
  webhook_id id;
  std::string url;
  std::string description;
  std::set<fact_type> types; ///< empty: all
  bool enabled = true;       ///< as a person wants it
  std::optional<webhook_stop> stopped;
  instant created_at{};
  /// The last sequence that is settled: delivered, or not wanted here.
  std::int64_t position = 0;
  /// Changes when somebody moves the position or switches: what was on its way before does not count.
  std::int64_t turn = 0;
  int attempts = 0;                   ///< failed ones of the next fact
  std::chrono::milliseconds waited{}; ///< before the last of them
  std::optional<instant> next_attempt_at;
  std::optional<instant> failing_since; ///< the first failure since the last success
  std::string last_code;                ///< why the last attempt failed; empty: it did not
  std::optional<instant> last_delivered_at;
  std::optional<instant> old_secret_until; ///< messages bear a second signature until then

  bool runs() const { return enabled && !stopped; }
};

/// What its messages are signed with: "whsec_" and base64, as Standard Webhooks has it.
struct webhook_secrets {
  std::string now;
  std::string before; ///< empty: there is none
  std::optional<instant> before_until;
};

enum class delivery_cause : std::uint8_t {
  feed,   ///< its turn came
  replay, ///< a person asked for this one fact again
  test,   ///< a person asked for a message that says nothing
  gap,    ///< facts were forgotten before they could be sent
};
enum class delivery_outcome : std::uint8_t { delivered, failed };
std::string_view name_of(delivery_cause v);
std::string_view name_of(delivery_outcome v);

/// One attempt.
struct webhook_delivery {
  std::string id; ///< UUIDv7
  webhook_id endpoint;
  delivery_cause cause{};
  delivery_outcome outcome{};
  std::string message;       ///< `webhook-id`: the fact's id
  std::string type;          ///< the fact's, or "TEST"
  std::int64_t sequence = 0; ///< 0: no fact
  int attempt = 1;
  int status = 0;   ///< of the answer; 0: there was none
  std::string code; ///< why it failed
  std::chrono::milliseconds took{};
  instant at{};
  std::optional<instant> next_attempt_at;
};

namespace limits {
inline constexpr std::size_t webhook_endpoints = 20; ///< of a tenant
inline constexpr std::size_t webhook_url_bytes = 2'048;
inline constexpr std::size_t webhook_deliveries = 1'000; ///< kept of an endpoint
} // namespace limits
inline constexpr std::chrono::days deliveries_kept{30};
/// How long a replaced secret still signs.
inline constexpr std::chrono::hours old_secret_signs{24};

/// The types as one text, parted by blanks, and back; what is not known any more is left out.
std::string write_types(const std::set<fact_type>& types);
std::set<fact_type> read_types(std::string_view text);

} // namespace kalends
