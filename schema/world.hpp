// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kalends {

/// Milliseconds since the epoch, UTC: what every row and every log line holds.
using instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// Time and chance, passed in so that a test can play both. Both functions may be called from any thread.
struct world {
  std::function<instant()> now;
  /// `n` bytes fit for keys and states (from the operating system outside tests).
  std::function<std::string(std::size_t n)> random_bytes;
  /// The last UUID's time and counter, shared by all copies of this world: its UUIDs never sort before an
  /// earlier one.
  std::shared_ptr<std::atomic<std::uint64_t>> last_uuid = std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// The machine's clock and its cryptographic generator.
world real_world();

/// A version 7 UUID: sorted by the time of its making, so that indexes grow at their right edge. RFC 9562
/// section 5.7. Those of one world are strictly increasing, within a millisecond too (section 6.2, method 1),
/// whatever the clock does.
std::string make_uuid(const world& w);

/// RFC 3339, UTC, milliseconds: "2026-12-01T08:00:00.000Z".
std::string to_rfc3339(instant t);

} // namespace kalends
