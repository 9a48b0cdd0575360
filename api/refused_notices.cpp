// SPDX-License-Identifier: Apache-2.0
#include "api/refused_notices.hpp"

namespace kalends::api {
namespace {

std::int64_t hour_of(instant t) {
  return std::chrono::duration_cast<std::chrono::hours>(t.time_since_epoch()).count();
}

} // namespace

void refused_notices::note(std::string_view code, instant now) {
  const auto hour = hour_of(now);
  const std::lock_guard lock(guard_);
  auto& b = buckets_[static_cast<std::size_t>(hour) % hours];
  if (b.hour != hour) b = {hour, 0};
  b.refused += 1;
  last_at_ = now;
  last_code_ = code;
}

refused_notices::tally refused_notices::count(instant now) const {
  const auto since = hour_of(now) - static_cast<std::int64_t>(hours);
  const std::lock_guard lock(guard_);
  tally out;
  for (const auto& b : buckets_)
    if (b.hour > since) out.last_24_hours += b.refused;
  if (out.last_24_hours == 0) return out;
  out.last_at = last_at_;
  out.last_code = last_code_;
  return out;
}

} // namespace kalends::api
