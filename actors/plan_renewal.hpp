// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/sync.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

/// When a push subscription is renewed and when it counts as silent, and when a calendar is compared in full.
/// Pure: time and chance are passed in; `chance` is anything of 0..65535, all alike.
namespace kalends::actors {

using namespace std::chrono_literals;

/// No subscription goes longer than this without a renewal, however long it lives.
inline constexpr std::chrono::milliseconds renewal_cadence = 50h;
/// What is asked for. Graph's limit is 10,080 minutes (168 h); all of it is refused on clock skew. Google's
/// default for calendars is seven days.
inline constexpr std::chrono::milliseconds google_channel_life = 168h;
inline constexpr std::chrono::milliseconds graph_channel_life = 163h;
/// A subscription that ends sooner than this is none: the vendor's answer is a failure.
inline constexpr std::chrono::milliseconds shortest_channel_life = 1min;
/// A planned renewal that was not even attempted for so long is an alert.
inline constexpr std::chrono::milliseconds renewal_overdue_after = 30min;
/// The vendor repeats its wish to be asked again; one that was granted this recently is enough.
inline constexpr std::chrono::milliseconds lifecycle_repeats_within = 10min;
/// A notice may come this much later than the change (Google: seconds to minutes; Graph: 3 minutes at most,
/// usually less than one).
inline constexpr std::chrono::milliseconds notice_latency = 2min;
inline constexpr int untold_reads_allowed = 2; ///< in a row; then the channel counts as silent
/// How often a calendar is polled that should be told of its changes, and is not.
inline constexpr std::chrono::milliseconds poll_interval_without_push = 60s;

/// When a subscription that ends at `expires_at` is renewed: between four fifths and the whole of the cadence
/// from now, or of half its life if that is shorter. A thousand that were opened together part by and by.
instant plan_renewal(instant now, instant expires_at, std::uint16_t chance);

/// Whether the plan's time went by without an attempt.
bool renewal_missed(const channel_health& h, instant now);

/// What is known of a channel when its calendar was read without having been told to.
struct channel_story {
  instant stands_since{};
  std::optional<instant> last_notice;
};
/// Whether one of these changes (the vendor's times) should have been told: made while the channel stood,
/// after the last notice, and long enough before the read.
bool should_have_told(const channel_story& c, std::span<const instant> changed_at, instant read_began);

/// How long a channel has kept silent, read by read.
struct silence {
  int untold_reads = 0;
  bool reopened = false; ///< once is enough: then people have to look
};
enum class silence_verdict { nothing, fell_silent, speaks_again };
/// A read has found changes that the channel should have told. `silent`: that is known already.
silence_verdict note_untold(silence& s, bool silent);
/// A notice came.
silence_verdict note_notice(silence& s, bool silent);

// ---- full comparisons ----

inline constexpr std::chrono::milliseconds window_back = 24h * 92;
inline constexpr std::chrono::milliseconds window_ahead = 24h * 730;
/// Graph's window moves this often, so that neighbouring windows overlap in all but a week.
inline constexpr std::chrono::milliseconds window_rolls_every = 24h * 7;
/// A comparison that failed is tried again after this, longer and longer up to six times as much.
inline constexpr std::chrono::milliseconds reconcile_retry = 1h;
/// The vendor said that notices were lost: the comparison comes within this time.
inline constexpr std::chrono::milliseconds reconcile_after_missed = 1h;

read_window window_at(instant now);
/// A window that was not moved in time by the comparisons: the next ordinary read moves it.
bool window_ends(const std::optional<read_window>& w, instant now);
/// The time between two comparisons; nothing: none are made. Graph's window needs them in any case.
std::optional<std::chrono::milliseconds> reconcile_every(std::chrono::seconds interval, provider_type type);
/// The first one: anywhere within the interval, so that many calendars spread over it.
instant first_reconcile(instant now, std::chrono::milliseconds every, std::uint16_t chance);
/// The next one: a tenth earlier or later than the interval says.
instant next_reconcile(instant now, std::chrono::milliseconds every, std::uint16_t chance);
instant reconcile_again(instant now, int failures, std::uint16_t chance);

} // namespace kalends::actors
