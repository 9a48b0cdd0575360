// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/meter.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

/// What vendors allow, counted. Pure: no CAF, no I/O, no threads, the clock passed in.
namespace kalends::actors {

/// So many calls within any span of this length.
struct call_limit {
  std::uint32_t calls = 0;
  std::chrono::milliseconds span{0};
};

/// What one vendor allows. Google: Calendar API, usage limits; Graph: throttling limits of the Outlook
/// service. Vendors change these, so they are values and no constants.
struct vendor_limits {
  call_limit mailbox;          ///< of one account, over all its calendars
  call_limit project;          ///< of one OAuth client, over all its accounts
  std::uint32_t in_flight = 0; ///< of one account at once; 0: as many as there are
};
inline constexpr vendor_limits google_limits{
    {600, std::chrono::minutes(1)}, {10'000, std::chrono::minutes(1)}, 0};
inline constexpr vendor_limits graph_limits{
    {10'000, std::chrono::minutes(10)}, {130'000, std::chrono::seconds(10)}, 4};

/// What each vendor granted this installation; they raise a project's quota on request.
struct vendor_grants {
  vendor_limits google = google_limits;
  vendor_limits microsoft = graph_limits;
};

/// Counts calls so that no span of time ever holds more than the limit: time is cut into slots, and the slots
/// that a span could touch are added up. Costs a sixtieth of the throughput and 250 bytes.
class sliding_window {
public:
  /// Calls in every slot that a span ending `now` touches.
  std::uint32_t used(instant now, std::chrono::milliseconds span);
  void add(instant now, std::chrono::milliseconds span, std::uint32_t calls);
  /// Calls that were counted at `at` and did not happen. Nothing if `at` has left the window.
  void take_back(instant at, std::chrono::milliseconds span, std::uint32_t calls);
  /// When at most `most` will be in use if nothing is added: `now` if that is so already.
  instant free_at(instant now, std::chrono::milliseconds span, std::uint32_t most);

private:
  static constexpr std::int64_t slots = 60;
  void move_to(instant now, std::chrono::milliseconds span);
  static std::int64_t slot_of(instant t, std::chrono::milliseconds span);

  std::array<std::uint32_t, slots + 1> counts_{};
  std::int64_t newest_ = 0; ///< number of the newest slot
  std::uint32_t sum_ = 0;
};

/// What one call counts at most, and what it counts if nothing was out of the ordinary. A call of our client
/// is one request or a few; Google counts a patch three times.
struct call_cost {
  std::uint32_t most = 1;
  std::uint32_t usual = 1;
};
call_cost cost_of(provider_type type, observe::vendor_verb verb);

/// Whom a vendor's answer concerns besides the caller.
enum class answer_scope {
  fine,    ///< it answered; what it said concerns this call alone
  mailbox, ///< this account called too often (403 userRateLimitExceeded, 429): it waits
  project, ///< the OAuth client did (403 dailyLimitExceeded): all its accounts wait
  down,    ///< no answer, or 5xx: the circuit breaker's business
  unknown, ///< the call was broken off by us: it says nothing
};
answer_scope scope_of(const error& e);

/// Whether a call failed because it was not made: the governor had no leave to give.
bool never_asked(const error& e);

/// One endpoint of a vendor. It opens when calls of several calendars fail in a row, with no call that worked
/// in between; then calls fail at once until a pause is over; then one of them goes ahead to see. A single
/// calendar that always fails (its mailbox moved, say) does not open it, and does not keep it open.
class circuit_breaker {
public:
  static constexpr int failures_to_open = 8;
  static constexpr int most_of_one_caller = 4; ///< counted of one calendar: it takes two
  static constexpr auto first_pause = std::chrono::seconds(5);
  static constexpr auto longest_pause = std::chrono::minutes(5);
  /// A probe that nobody reports back counts as lost.
  static constexpr auto probe_patience = std::chrono::minutes(3);

  bool open() const { return opened_until_.has_value(); }
  /// How long this caller has to stay away; nothing: it may go ahead. Whoever was the last probe and failed
  /// waits a pause longer, so that another one may try.
  std::optional<std::chrono::milliseconds> closed_for(const provider_id& who, instant now) const;
  /// It does go ahead. Half-open, it is the probe.
  void passed(instant now);
  void failed(const provider_id& who, instant now);
  void worked();
  /// The probe came back without an answer.
  void unheard();

private:
  std::multiset<provider_id> failures_; ///< since the last call that worked, each calendar's part bounded
  std::optional<instant> opened_until_;
  std::optional<instant> probe_since_;
  provider_id failed_probe_;
  std::chrono::milliseconds pause_{first_pause};
};

} // namespace kalends::actors
