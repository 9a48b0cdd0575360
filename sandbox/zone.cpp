// SPDX-License-Identifier: Apache-2.0
#include "sandbox/zone.hpp"

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

namespace kalends::sandbox::zone {

namespace {

/// ICU's zones are slow to make and safe to read; null for a name nobody knows.
const icu::BasicTimeZone* find(std::string_view iana) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<icu::TimeZone>, std::less<>> known;
  const std::lock_guard lock(mutex);
  auto it = known.find(iana);
  if (it == known.end()) {
    std::unique_ptr<icu::TimeZone> made(icu::TimeZone::createTimeZone(
        icu::UnicodeString::fromUTF8(icu::StringPiece(iana.data(), static_cast<int32_t>(iana.size())))));
    if (*made == icu::TimeZone::getUnknown()) made.reset();
    it = known.emplace(std::string(iana), std::move(made)).first;
  }
  return static_cast<const icu::BasicTimeZone*>(it->second.get());
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t size) {
  int value = 0;
  if (at + size > text.size()) return std::nullopt;
  const auto [end, bad] = std::from_chars(text.data() + at, text.data() + at + size, value);
  if (bad != std::errc() || end != text.data() + at + size || text[at] == '-') return std::nullopt;
  return value;
}

struct civil {
  int year, month, day, hour, minute, second;
};

civil split(std::int64_t wall) {
  const std::chrono::sys_seconds t{std::chrono::seconds(wall)};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day d(day);
  const std::chrono::hh_mm_ss clock(t - day);
  return {int(d.year()),
          int(unsigned(d.month())),
          int(unsigned(d.day())),
          int(clock.hours().count()),
          int(clock.minutes().count()),
          int(clock.seconds().count())};
}

std::string print(const char* format, const civil& c) {
  std::array<char, 64> out{};
  const int n = std::snprintf(out.data(), out.size(), format, c.year, c.month, c.day, c.hour, c.minute,
                              c.second); // NOLINT
  return {out.data(), static_cast<std::size_t>(n)};
}

/// Reads "", "Z" or "+01:00".
bool parse_offset(std::string_view text, std::optional<std::int64_t>& offset) {
  if (text.empty()) return true;
  offset = 0;
  if (text == "Z" || text == "z") return true;
  const bool colon = text.size() == 6 && text[3] == ':';
  if ((text[0] != '+' && text[0] != '-') || (!colon && text.size() != 5)) return false;
  const auto hours = number(text, 1, 2);
  const auto minutes = number(text, colon ? 4 : 3, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return false;
  offset = (*hours * 3600 + *minutes * 60) * (text[0] == '-' ? -1 : 1);
  return true;
}

} // namespace

bool is_known(std::string_view iana) { return !iana.empty() && find(iana) != nullptr; }

std::int64_t to_wall(std::int64_t utc, std::string_view iana) {
  const auto* z = find(iana);
  int32_t raw = 0;
  int32_t saved = 0;
  UErrorCode status = U_ZERO_ERROR;
  if (z) z->getOffset(static_cast<UDate>(utc) * 1000, 0, raw, saved, status);
  return utc + (raw + saved) / 1000;
}

std::int64_t to_utc(std::int64_t wall, std::string_view iana) {
  const auto* z = find(iana);
  int32_t raw = 0;
  int32_t saved = 0;
  UErrorCode status = U_ZERO_ERROR;
  if (z)
    z->getOffsetFromLocal(static_cast<UDate>(wall) * 1000, UCAL_TZ_LOCAL_FORMER, UCAL_TZ_LOCAL_FORMER, raw,
                          saved, status);
  return wall - (raw + saved) / 1000;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto year = number(text, 0, 4);
  const auto month = number(text, 5, 2);
  const auto day = number(text, 8, 2);
  if (!year || !month || !day || text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day d{std::chrono::year(*year),
                                      std::chrono::month(static_cast<unsigned>(*month)),
                                      std::chrono::day(static_cast<unsigned>(*day))};
  if (!d.ok()) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::sys_days(d)).time_since_epoch().count();
}

std::optional<date_time> parse_date_time(std::string_view text) {
  const auto day = parse_date(text.substr(0, 10));
  const auto hour = number(text, 11, 2);
  const auto minute = number(text, 14, 2);
  if (!day || !hour || !minute || (text[10] != 'T' && text[10] != 't') || text[13] != ':')
    return std::nullopt;
  int second = 0;
  std::size_t at = 16;
  if (at < text.size() && text[at] == ':') {
    const auto read = number(text, at + 1, 2);
    if (!read) return std::nullopt;
    second = *read;
    at += 3;
    if (at < text.size() && text[at] == '.')
      for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9';) ++at;
  }
  if (*hour > 23 || *minute > 59 || second > 60) return std::nullopt;
  date_time out{*day + *hour * 3600 + *minute * 60 + second, {}};
  return parse_offset(text.substr(at), out.offset) ? std::optional(out) : std::nullopt;
}

std::string write_date(std::int64_t wall) { return print("%04d-%02d-%02d", split(wall)); }
std::string write_wall(std::int64_t wall) { return print("%04d-%02d-%02dT%02d:%02d:%02d", split(wall)); }
std::string write_compact(std::int64_t wall) { return print("%04d%02d%02dT%02d%02d%02d", split(wall)); }

std::string write_instant(std::int64_t utc, std::string_view iana) {
  const auto wall = to_wall(utc, iana);
  const auto offset = wall - utc;
  auto text = write_wall(wall);
  if (offset == 0 && (iana == "UTC" || iana == "Etc/UTC" || iana == "Etc/GMT" || iana.empty()))
    return text + "Z";
  const auto minutes = (offset < 0 ? -offset : offset) / 60;
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%c%02d:%02d", offset < 0 ? '-' : '+',
                static_cast<int>(minutes / 60 % 100), static_cast<int>(minutes % 60));
  return text + out.data();
}

} // namespace kalends::sandbox::zone
