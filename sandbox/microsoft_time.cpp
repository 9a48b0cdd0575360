// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_time.hpp"

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/ucal.h>
#include <unicode/unistr.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>

namespace kalends::sandbox::microsoft {

namespace {

using namespace std::chrono;

icu::UnicodeString wide(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string narrow(const char16_t* text, int32_t length) {
  std::string out;
  icu::UnicodeString(text, length).toUTF8String(out);
  return out;
}

bool known_iana(std::string_view name) {
  std::array<char16_t, 128> canonical{};
  UErrorCode status = U_ZERO_ERROR;
  UBool system = 0;
  auto id = wide(name);
  ucal_getCanonicalTimeZoneID(id.getBuffer(), id.length(), canonical.data(), canonical.size(), &system,
                              &status);
  return U_SUCCESS(status) != 0 && system != 0;
}

/// Zones are costly to open, so each thread keeps those it has used.
const icu::BasicTimeZone& zone_rules(const std::string& iana) {
  thread_local std::map<std::string, std::unique_ptr<icu::BasicTimeZone>> opened;
  auto& slot = opened[iana];
  if (!slot) {
    std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(wide(iana)));
    auto* basic = dynamic_cast<icu::BasicTimeZone*>(zone.get());
    if (basic == nullptr) throw std::logic_error("zone without rules: " + iana);
    zone.release();
    slot.reset(basic);
  }
  return *slot;
}

/// Reads exactly `digits` digits at `at` and moves on.
std::optional<int> number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t end = at + digits; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool literal(std::string_view text, std::size_t& at, char expected) {
  if (at >= text.size() || text[at] != expected) return false;
  ++at;
  return true;
}

std::optional<local_days> date_at(std::string_view text, std::size_t& at) {
  auto y = number(text, at, 4);
  if (!y || !literal(text, at, '-')) return std::nullopt;
  auto m = number(text, at, 2);
  if (!m || !literal(text, at, '-')) return std::nullopt;
  auto d = number(text, at, 2);
  if (!d) return std::nullopt;
  year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return local_days(date);
}

std::optional<milliseconds> fraction_at(std::string_view text, std::size_t& at) {
  milliseconds value{0};
  int scale = 100;
  std::size_t digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    value += milliseconds((text[at] - '0') * scale);
    scale /= 10;
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  return value;
}

std::optional<milliseconds> clock_at(std::string_view text, std::size_t& at) {
  auto h = number(text, at, 2);
  if (!h || *h > 23 || !literal(text, at, ':')) return std::nullopt;
  auto m = number(text, at, 2);
  if (!m || *m > 59) return std::nullopt;
  milliseconds value = hours(*h) + minutes(*m);
  if (!literal(text, at, ':')) return value;
  auto s = number(text, at, 2);
  if (!s || *s > 59) return std::nullopt;
  value += seconds(*s);
  if (!literal(text, at, '.')) return value;
  auto fraction = fraction_at(text, at);
  if (!fraction) return std::nullopt;
  return value + *fraction;
}

/// "", "Z", "+01:00" or "-0130", to the end of the text.
std::optional<minutes> offset_at(std::string_view text, std::size_t& at) {
  if (at == text.size()) return minutes(0);
  if (literal(text, at, 'Z') || literal(text, at, 'z'))
    return at == text.size() ? std::optional(minutes(0)) : std::nullopt;
  const bool west = text[at] == '-';
  if (!west && text[at] != '+') return std::nullopt;
  ++at;
  auto h = number(text, at, 2);
  literal(text, at, ':');
  auto m = number(text, at, 2);
  if (!h || !m || at != text.size()) return std::nullopt;
  auto offset = hours(*h) + minutes(*m);
  return west ? -offset : minutes(offset);
}

struct stamp {
  local_time wall;
  minutes offset{0};
};

std::optional<stamp> parse_stamp(std::string_view text) {
  std::size_t at = 0;
  auto day = date_at(text, at);
  if (!day) return std::nullopt;
  if (at == text.size()) return stamp{*day, minutes(0)};
  if (!literal(text, at, 'T') && !literal(text, at, 't')) return std::nullopt;
  auto clock = clock_at(text, at);
  if (!clock) return std::nullopt;
  auto offset = offset_at(text, at);
  if (!offset) return std::nullopt;
  return stamp{*day + *clock, *offset};
}

} // namespace

std::optional<std::string> resolve_zone(std::string_view name) {
  if (name == "UTC" || name == "tzone://Microsoft/Utc") return "UTC";
  if (name.empty() || name.size() > 100) return std::nullopt;
  std::array<char16_t, 128> iana{};
  UErrorCode status = U_ZERO_ERROR;
  auto id = wide(name);
  auto length =
      ucal_getTimeZoneIDForWindowsID(id.getBuffer(), id.length(), nullptr, iana.data(), iana.size(), &status);
  if (U_SUCCESS(status) && length > 0) return narrow(iana.data(), length);
  if (known_iana(name)) return std::string(name);
  return std::nullopt;
}

std::string windows_zone(const std::string& iana) {
  std::array<char16_t, 128> windows{};
  UErrorCode status = U_ZERO_ERROR;
  auto id = wide(iana);
  auto length =
      ucal_getWindowsTimeZoneID(id.getBuffer(), id.length(), windows.data(), windows.size(), &status);
  return U_SUCCESS(status) && length > 0 ? narrow(windows.data(), length) : iana;
}

instant to_instant(local_time wall, const std::string& iana) {
  int32_t raw = 0;
  int32_t dst = 0;
  UErrorCode status = U_ZERO_ERROR;
  const auto ticks = wall.time_since_epoch();
  zone_rules(iana).getOffsetFromLocal(static_cast<UDate>(ticks.count()), UCAL_TZ_LOCAL_FORMER,
                                      UCAL_TZ_LOCAL_FORMER, raw, dst, status);
  return instant(ticks - milliseconds(raw + dst));
}

local_time to_wall(instant t, const std::string& iana) {
  int32_t raw = 0;
  int32_t dst = 0;
  UErrorCode status = U_ZERO_ERROR;
  zone_rules(iana).getOffset(static_cast<UDate>(t.time_since_epoch().count()), 0, raw, dst, status);
  return local_time(t.time_since_epoch() + milliseconds(raw + dst));
}

std::optional<local_time> parse_wall(std::string_view text) {
  auto parsed = parse_stamp(text);
  return parsed ? std::optional(parsed->wall) : std::nullopt;
}

std::optional<instant> parse_instant(std::string_view text) {
  auto parsed = parse_stamp(text);
  if (!parsed) return std::nullopt;
  return instant(parsed->wall.time_since_epoch() - parsed->offset);
}

std::optional<local_days> parse_date(std::string_view text) {
  std::size_t at = 0;
  auto day = date_at(text, at);
  return at == text.size() ? day : std::nullopt;
}

std::string format_date(local_days day) {
  const year_month_day date(day);
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return out.data();
}

namespace {

/// Date and clock without fraction; `millis` receives the fraction.
std::string format_seconds(local_time wall, int& millis) {
  const auto day = floor<days>(wall);
  const hh_mm_ss<milliseconds> clock(wall - day);
  millis = static_cast<int>(clock.subseconds().count());
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "T%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return format_date(day) + out.data();
}

} // namespace

std::string format_wall(local_time wall) {
  int millis = 0;
  auto text = format_seconds(wall, millis);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d0000", millis);
  return text + fraction.data();
}

std::string format_instant(instant t) {
  int millis = 0;
  auto text = format_seconds(local_time(t.time_since_epoch()), millis);
  if (millis != 0) {
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03d", millis);
    text += fraction.data();
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

} // namespace kalends::sandbox::microsoft
