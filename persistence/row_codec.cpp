// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_codec.hpp"

#include <charconv>
#include <cstdio>

namespace kalends::persistence {
namespace {

using namespace std::chrono;

[[noreturn]] void malformed(const char* what) { throw std::domain_error(what); }

template <class Number>
Number read_digits(std::string_view text) {
  Number value{};
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size()) malformed("not a time of ours");
  return value;
}

/// "2026-12-01"
year_month_day read_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') malformed("not a day of ours");
  const year_month_day day{year(read_digits<int>(text.substr(0, 4))),
                           month(read_digits<unsigned>(text.substr(5, 2))),
                           std::chrono::day(read_digits<unsigned>(text.substr(8, 2)))};
  if (!day.ok()) malformed("not a day of ours");
  return day;
}

} // namespace

std::string write_time(const calendar_time& t) {
  if (const auto* date = std::get_if<calendar_date>(&t)) return write_date(*date);
  const auto& zoned = std::get<zoned_time>(t);
  return write_local(zoned) + "|" + std::to_string(zoned.utc.time_since_epoch().count()) + "|" +
         zoned.time_zone;
}

local_seconds read_clock(std::string_view text) {
  if (text.size() != 19 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    malformed("not a time of ours");
  return local_days(read_day(text.substr(0, 10))) + hours(read_digits<int>(text.substr(11, 2))) +
         minutes(read_digits<int>(text.substr(14, 2))) + seconds(read_digits<int>(text.substr(17, 2)));
}

calendar_time read_time(std::string_view text) {
  if (text.size() == 10) return calendar_date{read_day(text)};
  const auto first = text.find('|');
  const auto second = first == std::string_view::npos ? first : text.find('|', first + 1);
  if (second == std::string_view::npos) malformed("not a time of ours");
  return zoned_time{
      read_clock(text.substr(0, first)), std::string(text.substr(second + 1)),
      sys_seconds(seconds(read_digits<std::int64_t>(text.substr(first + 1, second - first - 1))))};
}

std::string first_uuid(instant t) {
  const auto ms = static_cast<unsigned long long>(std::max<std::int64_t>(0, t.time_since_epoch().count()));
  std::array<char, 40> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "%08llx-%04llx-7000-8000-000000000000", ms >> 16, ms & 0xffff);
  return std::string(text.data(), static_cast<std::size_t>(n));
}

result<std::string> continue_from(const std::string& cursor, const char* start) {
  if (cursor.empty()) return std::string(start);
  if (!is_uuid(cursor))
    return failure(errc::invalid, "malformed_cursor", "This cursor was not made by this list.", "cursor");
  return cursor;
}

} // namespace kalends::persistence
