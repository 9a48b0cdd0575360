// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_renewal.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

using std::chrono::milliseconds;

/// `part` of `whole`, part in 65536ths.
milliseconds share(milliseconds whole, std::uint32_t part) { return whole * part / 65'536; }

} // namespace

instant plan_renewal(instant now, instant expires_at, std::uint16_t chance) {
  const auto life = std::max<milliseconds>(expires_at - now, 0ms);
  const auto latest = std::min<milliseconds>(renewal_cadence, life / 2);
  return now + latest * 4 / 5 + share(latest / 5, chance);
}

bool renewal_missed(const channel_health& h, instant now) {
  if (!h.renews_at || now - *h.renews_at < renewal_overdue_after) return false;
  return !h.attempted_at || *h.attempted_at < *h.renews_at;
}

bool should_have_told(const channel_story& c, std::span<const instant> changed_at, instant read_began) {
  const auto from = std::max(c.stands_since, c.last_notice.value_or(instant{}));
  return std::any_of(changed_at.begin(), changed_at.end(),
                     [&](instant t) { return t > from && t + notice_latency < read_began; });
}

silence_verdict note_untold(silence& s, bool silent) {
  ++s.untold_reads;
  if (silent || s.untold_reads < untold_reads_allowed) return silence_verdict::nothing;
  return silence_verdict::fell_silent;
}

silence_verdict note_notice(silence& s, bool silent) {
  s = {};
  return silent ? silence_verdict::speaks_again : silence_verdict::nothing;
}

read_window window_at(instant now) { return {now - window_back, now + window_ahead}; }

bool window_ends(const std::optional<read_window>& w, instant now) {
  return w && w->to < now + window_ahead - 2 * window_rolls_every;
}

std::optional<milliseconds> reconcile_every(std::chrono::seconds interval, provider_type type) {
  if (type == provider_type::microsoft)
    return interval == 0s ? window_rolls_every : std::min<milliseconds>(interval, window_rolls_every);
  if (interval == 0s) return std::nullopt;
  return interval;
}

instant first_reconcile(instant now, milliseconds every, std::uint16_t chance) {
  return now + share(every, chance);
}

instant next_reconcile(instant now, milliseconds every, std::uint16_t chance) {
  return now + every * 9 / 10 + share(every / 5, chance);
}

instant reconcile_again(instant now, int failures, std::uint16_t chance) {
  const auto pause = reconcile_retry * std::clamp(failures, 1, 6);
  return now + pause + share(pause / 4, chance);
}

} // namespace kalends::actors
