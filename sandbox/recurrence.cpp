// SPDX-License-Identifier: Apache-2.0
#include "sandbox/recurrence.hpp"

#include "sandbox/zone.hpp"
#include "schema/rule_slots.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

namespace kalends::sandbox {

namespace {

struct free_iterator {
  void operator()(icalrecur_iterator* i) const { icalrecur_iterator_free(i); }
};

icaltimetype to_ical(std::int64_t wall, bool all_day) {
  const std::chrono::sys_seconds t{std::chrono::seconds(wall)};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day d(day);
  const std::chrono::hh_mm_ss clock(t - day);
  icaltimetype out = icaltime_null_time();
  out.year = int(d.year());
  out.month = int(unsigned(d.month()));
  out.day = int(unsigned(d.day()));
  out.is_date = all_day ? 1 : 0;
  if (!all_day) {
    out.hour = int(clock.hours().count());
    out.minute = int(clock.minutes().count());
    out.second = int(clock.seconds().count());
  }
  return out;
}

std::int64_t from_ical(const icaltimetype& t) {
  const std::chrono::year_month_day d{std::chrono::year(t.year),
                                      std::chrono::month(static_cast<unsigned>(t.month)),
                                      std::chrono::day(static_cast<unsigned>(t.day))};
  const auto midnight = std::chrono::sys_seconds(std::chrono::sys_days(d)).time_since_epoch().count();
  return t.is_date ? midnight : midnight + t.hour * 3600 + t.minute * 60 + t.second;
}

/// The name before the first ';' or ':', and the text after the ':'.
struct content_line {
  std::string_view name, parameters, value;
};

std::optional<content_line> split_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto semicolon = std::min(line.find(';'), colon);
  return content_line{line.substr(0, semicolon), line.substr(semicolon, colon - semicolon),
                      line.substr(colon + 1)};
}

std::string_view zone_parameter(std::string_view parameters) {
  const auto at = parameters.find("TZID=");
  if (at == std::string_view::npos) return {};
  const auto rest = parameters.substr(at + 5);
  return rest.substr(0, rest.find(';'));
}

/// The dates of an RDATE or EXDATE line as wall clocks of the series.
std::optional<std::vector<std::int64_t>> read_dates(const content_line& line, const series& s) {
  std::vector<std::int64_t> out;
  const auto zone = zone_parameter(line.parameters);
  if (!zone.empty() && !zone::is_known(zone)) return std::nullopt;
  for (auto rest = line.value; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string one(rest.substr(0, std::min(end, rest.find('/'))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto t = icaltime_from_string(one.c_str());
    if (icaltime_is_null_time(t)) return std::nullopt;
    auto wall = from_ical(t);
    if (!s.all_day && !t.is_date) {
      if (icaltime_is_utc(t))
        wall = zone::to_wall(wall, s.zone);
      else if (!zone.empty() && zone != s.zone)
        wall = zone::to_wall(zone::to_utc(wall, zone), s.zone);
    }
    out.push_back(wall);
  }
  return out;
}

std::optional<icalrecurrencetype> read_rule(std::string_view text, const series& s) {
  auto rule = icalrecurrencetype_from_string(std::string(text).c_str());
  if (rule.freq == ICAL_NO_RECURRENCE) return std::nullopt;
  if (!icaltime_is_null_time(rule.until) && !s.all_day) {
    auto until = from_ical(rule.until);
    if (rule.until.is_date)
      until += 24 * 3600 - 1;
    else if (icaltime_is_utc(rule.until))
      until = zone::to_wall(until, s.zone);
    rule.until = to_ical(until, false);
  }
  if (!icaltime_is_null_time(rule.until) && s.all_day && !rule.until.is_date)
    rule.until = to_ical(from_ical(rule.until) / 86400 * 86400, true);
  return rule;
}

calendar_time start_of(const series& s) {
  const recurrence_id wall{std::chrono::seconds(s.start)};
  if (s.all_day)
    return calendar_date{std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(wall))};
  return zoned_time{wall, s.zone,
                    std::chrono::sys_seconds(std::chrono::seconds(zone::to_utc(s.start, s.zone)))};
}

void run_rule(std::string_view text, const series& s, std::int64_t end, std::size_t limit,
              std::set<std::int64_t>& into) {
  const auto rule = read_rule(text, s);
  if (!rule) return;
  // The vendors follow the RFC where libical does not.
  if (const auto known = read_rrule(text); known && recurring::is_expandable(*known)) {
    recurring::rule_slots slots(*known, start_of(s));
    for (std::size_t n = 0; n < limit; ++n) {
      const auto slot = slots.next();
      if (!slot || slot->time_since_epoch().count() >= end) return;
      into.insert(slot->time_since_epoch().count());
    }
    return;
  }
  const std::unique_ptr<icalrecur_iterator, free_iterator> i(
      icalrecur_iterator_new(*rule, to_ical(s.start, s.all_day)));
  if (!i) return;
  for (std::size_t n = 0; n < limit; ++n) {
    const auto t = icalrecur_iterator_next(i.get());
    if (icaltime_is_null_time(t)) return;
    const auto wall = from_ical(t);
    if (wall >= end) return;
    into.insert(wall);
  }
}

} // namespace

bool is_expandable(const std::vector<std::string>& lines) {
  const series any{0, false, "UTC", {}};
  return std::ranges::all_of(lines, [&](const std::string& text) {
    const auto line = split_line(text);
    if (!line) return false;
    if (line->name == "RRULE" || line->name == "EXRULE") return read_rule(line->value, any).has_value();
    if (line->name == "RDATE" || line->name == "EXDATE") return read_dates(*line, any).has_value();
    return false;
  });
}

std::vector<std::int64_t> expand(const series& s, std::int64_t end, std::size_t limit) {
  std::set<std::int64_t> in;
  std::set<std::int64_t> out;
  const auto bound = std::min(limit + 1'000, expansion_limit); // room for what EXDATE takes away
  for (const auto& text : s.lines) {
    const auto line = split_line(text);
    if (!line) continue;
    if (line->name == "RRULE") run_rule(line->value, s, end, bound, in);
    if (line->name == "EXRULE") run_rule(line->value, s, end, bound, out);
    if (line->name != "RDATE" && line->name != "EXDATE") continue;
    for (const auto wall : read_dates(*line, s).value_or(std::vector<std::int64_t>{}))
      if (line->name == "EXDATE")
        out.insert(wall);
      else if (wall < end)
        in.insert(wall);
  }
  std::vector<std::int64_t> left;
  for (const auto wall : in)
    if (!out.contains(wall) && left.size() < limit) left.push_back(wall);
  return left;
}

bool occurs_at(const series& s, std::int64_t wall) {
  const auto until = expand(s, wall + 1, expansion_limit);
  if (until.empty() || until.back() == wall) return !until.empty();
  // Of a wall clock that does not exist people see the one behind the gap.
  return !s.all_day && zone::to_utc(until.back(), s.zone) == zone::to_utc(wall, s.zone);
}

} // namespace kalends::sandbox
