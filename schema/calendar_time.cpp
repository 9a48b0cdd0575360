// SPDX-License-Identifier: Apache-2.0
#include "schema/calendar_time.hpp"

#include "schema/text.hpp"
#include "schema/time_zone.hpp"

#include <array>
#include <cstdio>

namespace kalends {
namespace {

using namespace std::chrono;

/// Longest zone name that is kept although no table knows it.
constexpr std::size_t longest_unknown_zone = 128;
/// Digits of a fraction that are read (and cut); Graph writes seven.
constexpr std::size_t most_fraction_digits = 12;

/// Reads from the front of a text; each step says whether it found what it wanted.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }

  bool one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  bool fraction() {
    const auto digits = rest_.find_first_not_of("0123456789");
    const auto count = digits == std::string_view::npos ? rest_.size() : digits;
    rest_.remove_prefix(count);
    return count >= 1 && count <= most_fraction_digits;
  }

  bool done() const { return rest_.empty(); }
  char last() const { return last_; }

private:
  std::string_view rest_;
  char last_ = 0;
};

bool scan_day(scanner& s, year_month_day& day) {
  int y = 0;
  int m = 0;
  int d = 0;
  if (!s.digits(4, y) || !s.one_of("-") || !s.digits(2, m) || !s.one_of("-") || !s.digits(2, d)) return false;
  day = year(y) / m / d;
  return day.ok();
}

bool scan_clock(scanner& s, seconds& clock) {
  int h = 0;
  int m = 0;
  int sec = 0;
  if (!s.digits(2, h) || !s.one_of(":") || !s.digits(2, m) || !s.one_of(":") || !s.digits(2, sec))
    return false;
  clock = hours(h) + minutes(m) + seconds(sec);
  if (h > 23 || m > 59 || sec > 59) return false;
  return !s.one_of(".") || s.fraction();
}

bool scan_offset(scanner& s, std::optional<seconds>& offset) {
  if (s.done()) return true;
  if (s.one_of("Zz")) {
    offset = seconds(0);
    return s.done();
  }
  int h = 0;
  int m = 0;
  if (!s.one_of("+-")) return false;
  const int sign = s.last() == '-' ? -1 : 1;
  if (!s.digits(2, h) || !s.one_of(":") || !s.digits(2, m) || h > 23 || m > 59 || !s.done()) return false;
  offset = sign * (hours(h) + minutes(m));
  return true;
}

struct written_time {
  local_seconds local;
  std::optional<seconds> offset;
};

std::optional<written_time> scan(std::string_view text) {
  scanner s(text);
  year_month_day day;
  seconds clock{};
  written_time out;
  if (!scan_day(s, day) || !s.one_of("Tt") || !scan_clock(s, clock) || !scan_offset(s, out.offset)) return {};
  out.local = local_days(day) + clock;
  return out;
}

bool in_range(year y) { return y >= year(earliest_year) && y <= year(latest_year); }

bool in_range(local_seconds t) { return in_range(year_month_day(floor<days>(t)).year()); }

tl::unexpected<error> out_of_range(std::string_view text) {
  return failure(errc::invalid, "time_out_of_range",
                 "Years 1900 to 2200 can be kept; this is " + std::string(text.substr(0, 10)) + ".");
}

tl::unexpected<error> unknown_zone() {
  return failure(errc::invalid, "unknown_time_zone",
                 "The time zone is neither an IANA nor a Windows name that is known.", "time_zone");
}

zoned_time at_known_zone(sys_seconds utc, std::string zone, seconds offset) {
  return zoned_time{local_seconds(utc.time_since_epoch() + offset), std::move(zone), utc};
}

/// The offset decides; the zone only says on which clock to show it.
result<zoned_time> with_offset(const written_time& w, std::string_view time_zone) {
  const sys_seconds utc(w.local.time_since_epoch() - *w.offset);
  if (time_zone.empty()) return at_known_zone(utc, "UTC", seconds(0));
  if (auto zone = zone_rules::known_name(time_zone))
    if (const auto offset = zone_rules::offset_at(*zone, utc))
      return at_known_zone(utc, std::move(*zone), *offset);
  if (time_zone.size() > longest_unknown_zone || !is_clean(time_zone)) return unknown_zone();
  return zoned_time{w.local, std::string(time_zone), utc};
}

} // namespace

result<zoned_time> read_zoned_time(std::string_view date_time, std::string_view time_zone) {
  const auto written = scan(date_time);
  if (!written)
    return failure(errc::invalid, "malformed_date_time",
                   "A time is written as 2026-12-01T09:00:00, with an optional offset.", "date_time");
  if (!in_range(written->local)) return out_of_range(date_time);
  if (written->offset) {
    auto t = with_offset(*written, time_zone);
    if (t && !in_range(t->local)) return out_of_range(write_local(*t));
    return t;
  }
  if (time_zone.empty())
    return failure(errc::invalid, "missing_time_zone", "A time without an offset needs a time zone.",
                   "time_zone");

  auto zone = zone_rules::known_name(time_zone);
  if (!zone) return unknown_zone();
  const auto utc = zone_rules::instant_of_local(*zone, written->local);
  if (!utc) return unknown_zone();
  // Read back from the instant: a wall clock in a gap does not exist and is shown behind it.
  auto t = at_zone(*utc, *zone);
  if (t && !in_range(t->local)) return out_of_range(write_local(*t));
  return t;
}

result<calendar_date> read_date(std::string_view text) {
  scanner s(text);
  calendar_date out{};
  if (!scan_day(s, out.day) || !s.done())
    return failure(errc::invalid, "malformed_date", "A date is written as 2026-12-01.", "date");
  if (!in_range(out.day.year())) return out_of_range(text);
  return out;
}

result<zoned_time> at_zone(sys_seconds utc, std::string_view time_zone) {
  const auto offset = zone_rules::offset_at(time_zone, utc);
  if (!offset) return unknown_zone();
  return at_known_zone(utc, std::string(time_zone), *offset);
}

sys_seconds instant_of(const calendar_time& t, std::string_view zone_of_dates) {
  if (const auto* zoned = std::get_if<zoned_time>(&t)) return zoned->utc;
  const local_seconds midnight = local_days(std::get<calendar_date>(t).day);
  return zone_rules::instant_of_local(zone_of_dates, midnight)
      .value_or(sys_seconds(midnight.time_since_epoch()));
}

std::string write_date(const calendar_date& d) {
  std::array<char, 32> text{};
  const int n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(d.day.year()),
                              static_cast<unsigned>(d.day.month()), static_cast<unsigned>(d.day.day()));
  return std::string(text.data(), static_cast<std::size_t>(n));
}

namespace {

std::string write_clock(local_seconds t) {
  const auto day = floor<days>(t);
  const hh_mm_ss<seconds> clock{t - day};
  std::array<char, 16> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "T%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return write_date(calendar_date{year_month_day(day)}) +
         std::string(text.data(), static_cast<std::size_t>(n));
}

} // namespace

std::string write_local(const zoned_time& t) { return write_clock(t.local); }

std::string write_with_offset(const zoned_time& t) {
  const auto offset = t.local.time_since_epoch() - t.utc.time_since_epoch();
  const auto size = offset < seconds(0) ? -offset : offset;
  // RFC 3339 has no seconds in an offset. The local mean times of long ago have: there the instant is told in
  // UTC.
  const bool expressible = size < hours(24) && size % minutes(1) == seconds(0);
  if (offset == seconds(0) || !expressible) return write_clock(local_seconds(t.utc.time_since_epoch())) + "Z";
  std::array<char, 16> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset < seconds(0) ? '-' : '+',
                    static_cast<int>(size / hours(1)), static_cast<int>(size % hours(1) / minutes(1)));
  return write_clock(t.local) + std::string(text.data(), static_cast<std::size_t>(n));
}

} // namespace kalends
