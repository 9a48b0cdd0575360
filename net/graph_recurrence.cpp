// SPDX-License-Identifier: Apache-2.0
#include "net/graph_recurrence.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace kalends::net {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::weekday;
using std::chrono::year_month_day;

constexpr std::array pattern_names = {"daily",           "weekly",         "absoluteMonthly",
                                      "relativeMonthly", "absoluteYearly", "relativeYearly"};
constexpr std::array weekday_names = {"sunday",   "monday", "tuesday", "wednesday",
                                      "thursday", "friday", "saturday"};
constexpr std::array index_names = {std::pair{1, "first"}, std::pair{2, "second"}, std::pair{3, "third"},
                                    std::pair{4, "fourth"}, std::pair{-1, "last"}};
/// Exchange's limit (Interval of its recurrence patterns).
constexpr int largest_interval = 99;
constexpr std::size_t week = 7;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

tl::unexpected<error> unreadable(std::string detail) {
  return failure(errc::invalid, "unreadable_recurrence", std::move(detail), "recurrence");
}
tl::unexpected<std::string> unsaid(std::string_view part) {
  return tl::unexpected<std::string>("recurrence_" + std::string(part));
}

local_days day_of(const calendar_time& start) {
  if (const auto* date = std::get_if<calendar_date>(&start)) return local_days(date->day);
  return std::chrono::floor<days>(std::get<zoned_time>(start).local);
}

std::chrono::seconds clock_of(const calendar_time& start) {
  if (is_all_day(start)) return {};
  const auto& local = std::get<zoned_time>(start).local;
  return local - std::chrono::floor<days>(local);
}

int number(std::chrono::month m) { return static_cast<int>(static_cast<unsigned>(m)); }
int number(std::chrono::day d) { return static_cast<int>(static_cast<unsigned>(d)); }

year_month_day last_of(std::chrono::year_month m) { return {m.year() / m.month() / std::chrono::last}; }

/// The day of that month, the last one if the month is too short.
local_days clamped(std::chrono::year_month m, int day) {
  const auto last = last_of(m);
  const auto wanted = std::chrono::day(static_cast<unsigned>(day));
  return local_days(m.year() / m.month() / std::min(wanted, last.day()));
}

/// The n-th day of the month that is one of `wanted`.
std::optional<local_days> nth(std::chrono::year_month m, const std::vector<weekday>& wanted, int index) {
  std::vector<local_days> found;
  const auto last = local_days(last_of(m));
  for (auto d = local_days(m / 1); d <= last; d += days(1))
    if (std::find(wanted.begin(), wanted.end(), weekday(d)) != wanted.end()) found.push_back(d);
  const auto count = static_cast<int>(found.size());
  const int at = index < 0 ? count + index : index - 1;
  if (at < 0 || at >= count) return std::nullopt;
  return found[static_cast<std::size_t>(at)];
}

bool is_absolute(const graph_recurrence& r) {
  return r.pattern == graph_pattern::absolute_monthly || r.pattern == graph_pattern::absolute_yearly;
}

std::optional<local_days> day_in_month(const graph_recurrence& r, std::chrono::year_month m) {
  return is_absolute(r) ? std::optional(clamped(m, r.day_of_month)) : nth(m, r.days, r.index);
}

/// Whole weeks count from the one that `start` is in.
std::optional<local_days> first_weekly(const graph_recurrence& r) {
  const auto begin = r.start - (weekday(r.start) - r.first_day);
  for (auto d = r.start; d < begin + days(7 * (r.interval + 1)); d += days(1)) {
    const bool on = ((d - begin).count() / 7) % r.interval == 0;
    if (on && std::find(r.days.begin(), r.days.end(), weekday(d)) != r.days.end()) return d;
  }
  return std::nullopt;
}

bool fits(const graph_recurrence& r) {
  const bool month = r.month >= 1 && r.month <= 12;
  const bool day = r.day_of_month >= 1 && r.day_of_month <= 31;
  const bool weekdays = !r.days.empty() && r.days.size() <= week;
  if (r.interval < 1 || r.interval > limits::rrule_interval) return false;
  switch (r.pattern) {
  case graph_pattern::daily:
    return true;
  case graph_pattern::weekly:
    return weekdays;
  case graph_pattern::absolute_monthly:
    return day;
  case graph_pattern::relative_monthly:
    return weekdays;
  case graph_pattern::absolute_yearly:
    return day && month;
  case graph_pattern::relative_yearly:
    return weekdays && month;
  }
  return false;
}

/// 29 means "29, or the last day before it": of the days that a month may end with, the last that there is.
void add_month_day(rrule& rule, int day, int longest, int shortest) {
  const int last = std::min(day, longest);
  if (last <= shortest) {
    rule.by_month_day = {last};
  } else if (last == 31) {
    rule.by_month_day = {-1};
  } else {
    for (int d = shortest; d <= last; ++d) rule.by_month_day.push_back(d);
    rule.by_set_pos = {-1};
  }
}

void add_weekdays(rrule& rule, const graph_recurrence& r) {
  if (r.days.size() == week) {
    rule.by_month_day = {r.index};
    return;
  }
  const bool one = r.days.size() == 1;
  for (const auto d : r.days) rule.by_day.push_back({one ? r.index : 0, d});
  if (!one) rule.by_set_pos = {r.index};
}

constexpr std::array longest_months = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
int longest_month(int month) { return longest_months[static_cast<std::size_t>(month - 1)]; }

void add_pattern(rrule& rule, const graph_recurrence& r) {
  using frequency = rrule::frequency;
  switch (r.pattern) {
  case graph_pattern::daily:
    rule.freq = frequency::daily;
    break;
  case graph_pattern::weekly:
    rule.freq = frequency::weekly;
    for (const auto d : r.days) rule.by_day.push_back({0, d});
    rule.week_start = r.first_day;
    break;
  case graph_pattern::absolute_monthly:
    rule.freq = frequency::monthly;
    add_month_day(rule, r.day_of_month, 31, 28);
    break;
  case graph_pattern::relative_monthly:
    rule.freq = frequency::monthly;
    add_weekdays(rule, r);
    break;
  case graph_pattern::absolute_yearly:
    rule.freq = frequency::yearly;
    rule.by_month = {r.month};
    add_month_day(rule, r.day_of_month, longest_month(r.month), r.month == 2 ? 28 : longest_month(r.month));
    break;
  case graph_pattern::relative_yearly:
    rule.freq = frequency::yearly;
    rule.by_month = {r.month};
    add_weekdays(rule, r);
    break;
  }
}

// ---------------------------------------------------------------- the other way

using said = tl::expected<graph_recurrence, std::string>;

bool in(int value, std::initializer_list<int> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool without_ordinals(const rrule& r) {
  return std::all_of(r.by_day.begin(), r.by_day.end(), [](const rrule::day& d) { return d.ordinal == 0; });
}

std::vector<weekday> weekdays_of(const rrule& r) {
  std::vector<weekday> out;
  for (const auto& d : r.by_day)
    if (std::find(out.begin(), out.end(), d.weekday) == out.end()) out.push_back(d.weekday);
  return out;
}

/// The n-th of some weekdays of a month: `2TU`, or `MO,TU,WE,TH,FR` with a BYSETPOS.
said relative(graph_recurrence out, const rrule& r) {
  if (!r.by_month_day.empty()) return unsaid("bymonthday");
  out.days = weekdays_of(r);
  if (r.by_day.size() == 1 && r.by_set_pos.empty() && r.by_day.front().ordinal != 0) {
    out.index = r.by_day.front().ordinal;
    if (!in(out.index, {1, 2, 3, 4, -1})) return unsaid("byday");
    return out;
  }
  if (!without_ordinals(r) || r.by_set_pos.empty()) return unsaid("byday");
  if (r.by_set_pos.size() != 1 || !in(r.by_set_pos.front(), {1, 2, 3, 4, -1})) return unsaid("bysetpos");
  out.index = r.by_set_pos.front();
  return out;
}

/// "28,29" or "28,29,30", of which the last one that there is: what Exchange means by 29 and 30.
std::optional<int> clamped_day(const rrule& r) {
  if (r.by_set_pos != std::vector<int>{-1}) return std::nullopt;
  if (r.by_month_day == std::vector<int>{28, 29}) return 29;
  if (r.by_month_day == std::vector<int>{28, 29, 30}) return 30;
  return std::nullopt;
}

said monthly(graph_recurrence out, const rrule& r) {
  if (!r.by_month.empty()) return unsaid("bymonth");
  if (!r.by_day.empty()) {
    out.pattern = graph_pattern::relative_monthly;
    return relative(std::move(out), r);
  }
  out.pattern = graph_pattern::absolute_monthly;
  if (const auto day = clamped_day(r)) {
    out.day_of_month = *day;
    return out;
  }
  if (!r.by_set_pos.empty()) return unsaid("bysetpos");
  if (r.by_month_day.size() > 1) return unsaid("bymonthday");
  const int day = r.by_month_day.empty() ? number(year_month_day(out.start).day()) : r.by_month_day.front();
  if (day != -1 && (day < 1 || day > 28)) return unsaid("bymonthday");
  out.day_of_month = day == -1 ? 31 : day;
  return out;
}

said yearly(graph_recurrence out, const rrule& r) {
  const year_month_day start(out.start);
  if (r.by_month.size() > 1) return unsaid("bymonth");
  if (!r.by_day.empty()) {
    if (r.by_month.empty()) return unsaid("byday");
    out.pattern = graph_pattern::relative_yearly;
    out.month = r.by_month.front();
    return relative(std::move(out), r);
  }
  if (r.by_month.empty() && !r.by_month_day.empty()) return unsaid("bymonthday");
  out.month = r.by_month.empty() ? number(start.month()) : r.by_month.front();
  out.pattern = graph_pattern::absolute_yearly;
  if (out.month == 2 && clamped_day(r) == 29) {
    out.day_of_month = 29;
    return out;
  }
  if (!r.by_set_pos.empty()) return unsaid("bysetpos");
  if (r.by_month_day.size() > 1) return unsaid("bymonthday");
  const int day = r.by_month_day.empty() ? number(start.day()) : r.by_month_day.front();
  if (day == -1) { // said without relying on what is done with a day that the month does not have
    out.pattern = graph_pattern::relative_yearly;
    out.index = -1;
    for (unsigned d = 1; d <= week; ++d) out.days.emplace_back(d);
    return out;
  }
  if (day < 1 || day > (out.month == 2 ? 28 : longest_month(out.month))) return unsaid("bymonthday");
  out.day_of_month = day;
  return out;
}

said weekly(graph_recurrence out, const rrule& r) {
  if (!r.by_month_day.empty()) return unsaid("bymonthday");
  if (!r.by_set_pos.empty()) return unsaid("bysetpos");
  if (!r.by_month.empty()) return unsaid("bymonth");
  if (!without_ordinals(r)) return unsaid("byday");
  out.pattern = graph_pattern::weekly;
  out.days = weekdays_of(r);
  if (out.days.empty()) out.days = {weekday(out.start)};
  out.first_day = r.week_start;
  return out;
}

said daily(graph_recurrence out, const rrule& r) {
  if (r.by_day.empty() && r.by_month_day.empty() && r.by_month.empty() && r.by_set_pos.empty()) return out;
  if (!r.by_day.empty() && r.interval != 1) return unsaid("byday");
  return weekly(std::move(out), r);
}

said pattern_of(graph_recurrence out, const rrule& r) {
  if (!r.by_year_day.empty()) return unsaid("byyearday");
  if (!r.by_week_no.empty()) return unsaid("byweekno");
  if (r.interval > largest_interval) return unsaid("interval");
  out.interval = r.interval;
  switch (r.freq) {
  case rrule::frequency::daily:
    return daily(std::move(out), r);
  case rrule::frequency::weekly:
    return weekly(std::move(out), r);
  case rrule::frequency::monthly:
    return monthly(std::move(out), r);
  case rrule::frequency::yearly:
    return yearly(std::move(out), r);
  }
  return unsaid("freq");
}

/// UNTIL as the last day: the one before, if the series is not on any more at its hour.
tl::expected<local_days, std::string> last_day(const rrule::end& until, const calendar_time& start) {
  auto local = until.at;
  if (until.is_utc && !is_all_day(start)) {
    const auto there =
        at_zone(std::chrono::sys_seconds(until.at.time_since_epoch()), std::get<zoned_time>(start).time_zone);
    if (!there) return unsaid("zone");
    local = there->local;
  }
  const auto day = std::chrono::floor<days>(local);
  if (until.is_date || local - day >= clock_of(start)) return day;
  return day - days(1);
}

} // namespace

std::string_view name_of(graph_pattern p) { return pattern_names[static_cast<std::size_t>(p)]; }

std::optional<graph_pattern> read_graph_pattern(std::string_view name) {
  for (std::size_t i = 0; i < pattern_names.size(); ++i)
    if (same_word(pattern_names[i], name)) return static_cast<graph_pattern>(i);
  return std::nullopt;
}

std::string_view index_name(int index) {
  for (const auto& [value, name] : index_names)
    if (value == index) return name;
  return index_names.front().second;
}

std::optional<int> read_index(std::string_view name) {
  for (const auto& [value, word] : index_names)
    if (same_word(word, name)) return value;
  return std::nullopt;
}

std::string_view weekday_name(weekday day) { return weekday_names[day.c_encoding()]; }

std::optional<weekday> read_weekday(std::string_view name) {
  for (unsigned i = 0; i < weekday_names.size(); ++i)
    if (same_word(weekday_names[i], name)) return weekday(i);
  return std::nullopt;
}

result<local_days> first_day_of(const graph_recurrence& r) {
  constexpr int most_steps = 8; ///< a leap day comes within eight years
  if (!fits(r)) return unreadable("The pattern lacks what its type needs.");
  if (r.pattern == graph_pattern::daily) return r.start;
  if (r.pattern == graph_pattern::weekly) {
    if (const auto first = first_weekly(r)) return *first;
    return unreadable("The pattern has no day.");
  }
  const bool by_year =
      r.pattern == graph_pattern::absolute_yearly || r.pattern == graph_pattern::relative_yearly;
  const year_month_day start(r.start);
  std::chrono::year_month at = start.year() / start.month();
  if (by_year) at = start.year() / std::chrono::month(static_cast<unsigned>(r.month));
  for (int step = 0; step < most_steps; ++step) {
    if (const auto day = day_in_month(r, at); day && *day >= r.start) return *day;
    at += by_year ? std::chrono::months(12 * r.interval) : std::chrono::months(r.interval);
  }
  return failure(errc::invalid, "recurrence_without_occurrence", "The pattern never has a day.",
                 "recurrence");
}

result<rrule> rule_of(const graph_recurrence& r, const calendar_time& start) {
  if (!fits(r)) return unreadable("The pattern lacks what its type needs.");
  rrule rule;
  rule.interval = r.interval;
  add_pattern(rule, r);
  rule.count = r.count;
  if (!r.end) return rule;
  const auto last = *r.end + clock_of(start);
  if (is_all_day(start)) {
    rule.until = rrule::end{last, true, false};
    return rule;
  }
  const auto& zone = std::get<zoned_time>(start).time_zone;
  return read_zoned_time(write_local({last, zone, {}}), zone).map([&](const zoned_time& t) {
    rule.until = rrule::end{std::chrono::local_seconds(t.utc.time_since_epoch()), false, true};
    return rule;
  });
}

said recurrence_of(const appointment& what) {
  if (!what.repeats) return unsaid("missing");
  if (!what.repeats->rdates.empty() || what.repeats->rrule.empty()) return unsaid("rdate");
  const auto rule = read_rrule(what.repeats->rrule);
  if (!rule) return unsaid("rrule");
  graph_recurrence out;
  out.start = day_of(what.start);
  out.first_day = std::chrono::Monday;
  out.count = rule->count;
  if (rule->until) {
    const auto last = last_day(*rule->until, what.start);
    if (!last) return tl::unexpected(last.error());
    out.end = *last;
  }
  return pattern_of(std::move(out), *rule);
}

} // namespace kalends::net
