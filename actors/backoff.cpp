// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_sync.hpp"

#include <algorithm>
#include <cstdlib>

namespace kalends::actors {
namespace {

std::uint64_t chance(const world& w) {
  const auto bytes = w.random_bytes(8);
  if (bytes.size() != 8) std::abort();
  std::uint64_t n = 0;
  for (const char c : bytes) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

unsigned nibble(char hex) { return static_cast<unsigned>(hex <= '9' ? hex - '0' : hex - 'a' + 10); }

} // namespace

event_id make_google_event_id(const world& w) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string text;
  unsigned held = 0; // bits that wait for their digit
  unsigned count = 0;
  for (const char hex : make_uuid(w)) {
    if (hex == '-') continue;
    held = held << 4 | nibble(hex);
    count += 4;
    if (count < 5) continue;
    count -= 5;
    text += digits[held >> count & 31];
  }
  text += digits[held << (5 - count) & 31];
  return event_id(std::move(text));
}

std::chrono::milliseconds backoff(std::chrono::milliseconds previous, const world& w) {
  const auto least = shortest_backoff.count();
  const auto before = std::clamp(previous.count(), least, longest_backoff.count());
  const auto bound = std::min(before * 3, longest_backoff.count());
  return std::chrono::milliseconds(
      least + static_cast<std::int64_t>(chance(w) % static_cast<std::uint64_t>(bound - least + 1)));
}

} // namespace kalends::actors
