// SPDX-License-Identifier: Apache-2.0
#include "schema/time_zone.hpp"

#include "schema/calendar_time.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

namespace kalends {
namespace {

using namespace std::chrono;
using name_pair = std::pair<std::string_view, std::string_view>;

/// The longest name in any table has 38 characters.
constexpr std::size_t longest_zone_name = 64;

/// Names that ICU accepts and IANA does not have, most of them ambiguous between countries.
constexpr std::array<std::string_view, 25> icu_only{
    "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT",
    "IET", "IST", "JST", "MIT", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST"};

/// CLDR keeps the first name it ever had for a zone; people and vendors use IANA's present one.
constexpr std::array<name_pair, 8> present_names{{{"Asia/Calcutta", "Asia/Kolkata"},
                                                  {"Asia/Katmandu", "Asia/Kathmandu"},
                                                  {"Asia/Rangoon", "Asia/Yangon"},
                                                  {"America/Buenos_Aires", "America/Argentina/Buenos_Aires"},
                                                  {"America/Indianapolis", "America/Indiana/Indianapolis"},
                                                  {"America/Godthab", "America/Nuuk"},
                                                  {"Europe/Kiev", "Europe/Kyiv"},
                                                  {"Etc/UTC", "UTC"}}};

/// Names that Microsoft writes and CLDR's table lacks.
constexpr std::array<name_pair, 4> unlisted_windows{{{"Coordinated Universal Time", "UTC"},
                                                     {"tzone://Microsoft/Utc", "UTC"},
                                                     {"Kamchatka Standard Time", "Asia/Kamchatka"},
                                                     {"Mid-Atlantic Standard Time", "Etc/GMT+2"}}};

bool may_be_a_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_zone_name &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

icu::UnicodeString wide(std::string_view ascii) {
  return icu::UnicodeString(ascii.data(), static_cast<int32_t>(ascii.size()), US_INV);
}

std::string narrow(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

template <std::size_t N>
std::string_view find_name(const std::array<name_pair, N>& table, std::string_view name) {
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const name_pair& p) { return p.first == name; });
  return at == table.end() ? std::string_view{} : at->second;
}

std::unique_ptr<icu::BasicTimeZone> open_zone(std::string_view iana) {
  // ICU turns "GMT+5" and the like into zones of its own making, and the unknown into GMT: only listed names
  // count.
  if (!may_be_a_name(iana) || iana == "Etc/Unknown" || iana.starts_with("SystemV/") ||
      std::find(icu_only.begin(), icu_only.end(), iana) != icu_only.end())
    return nullptr;
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString canonical;
  UBool listed = false;
  icu::TimeZone::getCanonicalID(wide(iana), canonical, listed, status);
  if (U_FAILURE(status) || !listed) return nullptr;
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(wide(iana)));
  // Every zone from the tables is a BasicTimeZone; the cast only fails when there was no memory.
  auto* basic = dynamic_cast<icu::BasicTimeZone*>(zone.get());
  if (basic == nullptr) return nullptr;
  (void)zone.release();
  return std::unique_ptr<icu::BasicTimeZone>(basic);
}

/// The zone of that name, kept for the life of the thread; null if unknown. Only listed names are kept, so
/// the cache is bounded by ICU's table (about 600).
const icu::BasicTimeZone* zone_named(std::string_view iana) {
  thread_local std::map<std::string, std::unique_ptr<icu::BasicTimeZone>, std::less<>> known;
  if (const auto at = known.find(iana); at != known.end()) return at->second.get();
  auto zone = open_zone(iana);
  if (!zone) return nullptr;
  return known.emplace(std::string(iana), std::move(zone)).first->second.get();
}

UDate to_icu(seconds since_epoch) { return static_cast<UDate>(since_epoch.count()) * 1000.0; }

seconds from_icu(int32_t raw_ms, int32_t dst_ms) { return seconds((raw_ms + dst_ms) / 1000); }

std::optional<std::string> look_up_windows(std::string_view windows) {
  if (const auto unlisted = find_name(unlisted_windows, windows); !unlisted.empty())
    return std::string(unlisted);
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString iana;
  icu::TimeZone::getIDForWindowsID(wide(windows), nullptr, iana, status);
  if (U_FAILURE(status) || iana.isEmpty()) return std::nullopt;
  auto name = narrow(iana);
  if (const auto present = find_name(present_names, name); !present.empty()) return std::string(present);
  return name;
}

} // namespace

bool is_iana_zone(std::string_view name) { return name == "UTC" || zone_named(name) != nullptr; }

std::optional<std::string> iana_zone_of(std::string_view windows) {
  // Bounded like the zones: only mapped names are kept, and CLDR has about 140.
  thread_local std::map<std::string, std::string, std::less<>> known;
  if (const auto at = known.find(windows); at != known.end()) return at->second;
  if (!may_be_a_name(windows)) return std::nullopt;
  auto iana = look_up_windows(windows);
  if (iana) known.emplace(std::string(windows), *iana);
  return iana;
}

std::optional<std::string> windows_zone_of(std::string_view iana) {
  if (iana == "UTC") return "UTC";
  thread_local std::map<std::string, std::optional<std::string>, std::less<>> known;
  if (const auto at = known.find(iana); at != known.end()) return at->second;
  if (!is_iana_zone(iana)) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString windows;
  icu::TimeZone::getWindowsID(wide(iana), windows, status);
  std::optional<std::string> name;
  if (U_SUCCESS(status) && !windows.isEmpty()) name = narrow(windows);
  known.emplace(std::string(iana), name);
  return name;
}

namespace zone_rules {

std::optional<std::string> known_name(std::string_view iana_or_windows) {
  if (is_iana_zone(iana_or_windows)) return std::string(iana_or_windows);
  return iana_zone_of(iana_or_windows);
}

std::optional<seconds> offset_at(std::string_view iana, sys_seconds utc) {
  if (iana == "UTC") return seconds(0);
  const auto* zone = zone_named(iana);
  if (zone == nullptr) return std::nullopt;
  int32_t raw = 0;
  int32_t dst = 0;
  UErrorCode status = U_ZERO_ERROR;
  zone->getOffset(to_icu(utc.time_since_epoch()), false, raw, dst, status);
  if (U_FAILURE(status)) return std::nullopt;
  return from_icu(raw, dst);
}

std::optional<sys_seconds> instant_of_local(std::string_view iana, local_seconds local) {
  if (iana == "UTC") return sys_seconds(local.time_since_epoch());
  const auto* zone = zone_named(iana);
  if (zone == nullptr) return std::nullopt;
  int32_t raw = 0;
  int32_t dst = 0;
  UErrorCode status = U_ZERO_ERROR;
  zone->getOffsetFromLocal(to_icu(local.time_since_epoch()), UCAL_TZ_LOCAL_FORMER, UCAL_TZ_LOCAL_FORMER, raw,
                           dst, status);
  if (U_FAILURE(status)) return std::nullopt;
  return sys_seconds(local.time_since_epoch() - from_icu(raw, dst));
}

} // namespace zone_rules
} // namespace kalends
