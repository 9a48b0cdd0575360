// SPDX-License-Identifier: Apache-2.0
#include "schema/world.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace kalends {
namespace {

std::string system_random(std::size_t n) {
  constexpr std::size_t most_at_once = 256; // getentropy's limit
  std::string bytes(n, '\0');
  for (std::size_t at = 0; at < n; at += most_at_once) {
    const auto part = n - at < most_at_once ? n - at : most_at_once;
    if (::getentropy(bytes.data() + at, part) != 0)
      std::abort(); // no key may ever be made without randomness
  }
  return bytes;
}

/// 48 bits of milliseconds above 12 bits that count within one.
std::uint64_t next_tick(const world& w) {
  const auto ms = w.now().time_since_epoch().count();
  const auto wanted = static_cast<std::uint64_t>(ms < 0 ? 0 : ms) << 12;
  auto last = w.last_uuid->load();
  std::uint64_t next = 0;
  do {
    next = wanted > last ? wanted : last + 1;
  } while (!w.last_uuid->compare_exchange_weak(last, next));
  return next;
}

} // namespace

world real_world() {
  world w;
  w.now = [] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); };
  w.random_bytes = system_random;
  return w;
}

std::string make_uuid(const world& w) {
  const auto tick = next_tick(w);
  const auto chance = w.random_bytes(8);
  if (chance.size() != 8) std::abort();

  std::array<unsigned, 16> b{};
  for (unsigned i = 0; i < 6; ++i) b[i] = static_cast<unsigned>(tick >> (52 - 8 * i)) & 0xff;
  b[6] = 0x70 | (static_cast<unsigned>(tick >> 8) & 0x0f);
  b[7] = static_cast<unsigned>(tick) & 0xff;
  for (unsigned i = 0; i < 8; ++i) b[8 + i] = static_cast<unsigned char>(chance[i]);
  b[8] = 0x80 | (b[8] & 0x3f);

  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (unsigned i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[b[i] >> 4];
    text += digits[b[i] & 15];
  }
  return text;
}

std::string to_rfc3339(instant t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> clock{t - day};
  std::array<char, 40> text{};
  const int n = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(n));
}

} // namespace kalends
