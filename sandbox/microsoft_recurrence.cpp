// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_recurrence.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace kalends::sandbox::microsoft {

namespace {

using namespace std::chrono;
namespace json = boost::json;

constexpr std::array<const char*, 7> day_names{"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};
constexpr std::array<const char*, 6> pattern_names{"daily",           "weekly",         "absoluteMonthly",
                                                   "relativeMonthly", "absoluteYearly", "relativeYearly"};
constexpr std::array<const char*, 3> range_names{"endDate", "noEnd", "numbered"};
constexpr std::array<const char*, 5> index_names{"first", "second", "third", "fourth", "last"};
constexpr int greatest_interval = 99;
constexpr int greatest_count = 999;

/// Enumerations are accepted in any letter case.
bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

template <std::size_t N>
std::optional<std::size_t> word_of(const std::array<const char*, N>& names, const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  for (std::size_t i = 0; i < N; ++i)
    if (same_word(names[i], value.get_string())) return i;
  return std::nullopt;
}

refusal bad(std::string message) {
  return {400, "ErrorPropertyValidationFailure", std::move(message), {}, {}};
}

std::optional<int> whole(const json::object& o, std::string_view name, int absent) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || v->is_null()) return absent;
  if (!v->is_int64() || v->get_int64() < -1 || v->get_int64() > 100'000) return std::nullopt;
  return static_cast<int>(v->get_int64());
}

std::optional<refusal> parse_days(const json::object& pattern, recurrence_rule& out) {
  const auto* days = pattern.if_contains("daysOfWeek");
  if (days == nullptr || days->is_null()) return std::nullopt;
  if (!days->is_array()) return bad("daysOfWeek must be a collection.");
  for (const auto& day : days->get_array()) {
    auto index = word_of(day_names, day);
    if (!index) return bad("Requested value is not a day of the week.");
    out.days.at(*index) = true;
  }
  return std::nullopt;
}

std::optional<refusal> parse_words(const json::object& pattern, recurrence_rule& out) {
  if (const auto* first = pattern.if_contains("firstDayOfWeek"); first != nullptr && !first->is_null()) {
    auto index = word_of(day_names, *first);
    if (!index) return bad("firstDayOfWeek is not a day of the week.");
    out.first_day = static_cast<unsigned>(*index);
  }
  if (const auto* index = pattern.if_contains("index"); index != nullptr && !index->is_null()) {
    auto found = word_of(index_names, *index);
    if (!found) return bad("index is not a week index.");
    out.index = *found == 4 ? -1 : static_cast<int>(*found) + 1;
  }
  return parse_days(pattern, out);
}

std::optional<refusal> check_pattern(const recurrence_rule& rule) {
  const bool any_day = std::any_of(rule.days.begin(), rule.days.end(), [](bool b) { return b; });
  const bool by_days = rule.pattern == pattern_kind::weekly ||
                       rule.pattern == pattern_kind::relative_monthly ||
                       rule.pattern == pattern_kind::relative_yearly;
  if (by_days && !any_day) return bad("The recurrence pattern needs daysOfWeek.");
  const bool by_date =
      rule.pattern == pattern_kind::absolute_monthly || rule.pattern == pattern_kind::absolute_yearly;
  if (by_date && (rule.day_of_month < 1 || rule.day_of_month > 31))
    return bad("The recurrence pattern needs dayOfMonth from 1 to 31.");
  const bool yearly =
      rule.pattern == pattern_kind::absolute_yearly || rule.pattern == pattern_kind::relative_yearly;
  if (yearly && (rule.month < 1 || rule.month > 12))
    return bad("The recurrence pattern needs month from 1 to 12.");
  return std::nullopt;
}

std::optional<refusal> parse_pattern(const json::object& pattern, recurrence_rule& out) {
  const auto* type = pattern.if_contains("type");
  auto kind = type != nullptr ? word_of(pattern_names, *type) : std::nullopt;
  if (!kind) return bad("The recurrence pattern type is missing or unknown.");
  out.pattern = static_cast<pattern_kind>(*kind);
  auto interval = whole(pattern, "interval", 0);
  if (!interval || *interval < 1 || *interval > greatest_interval)
    return bad("The recurrence pattern interval must be from 1 to 99.");
  auto month = whole(pattern, "month", 0);
  auto day = whole(pattern, "dayOfMonth", 0);
  if (!month || !day || *month < 0 || *day < 0) return bad("The recurrence pattern is out of range.");
  out.interval = *interval;
  out.month = *month;
  out.day_of_month = *day;
  if (auto refused = parse_words(pattern, out)) return refused;
  return check_pattern(out);
}

std::optional<local_days> date_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? parse_date(v->get_string()) : std::nullopt;
}

std::optional<refusal> parse_range(const json::object& range, recurrence_rule& out) {
  const auto* type = range.if_contains("type");
  auto kind = type != nullptr ? word_of(range_names, *type) : std::nullopt;
  if (!kind) return bad("The recurrence range type is missing or unknown.");
  out.range = static_cast<range_kind>(*kind);
  auto start = date_of(range, "startDate");
  if (!start) return bad("The recurrence range needs startDate.");
  out.start_date = *start;
  if (out.range == range_kind::end_date) {
    out.end_date = date_of(range, "endDate");
    if (!out.end_date || *out.end_date < out.start_date)
      return bad("The recurrence range endDate must not be before startDate.");
  }
  auto count = whole(range, "numberOfOccurrences", 0);
  if (out.range == range_kind::numbered && (!count || *count < 1 || *count > greatest_count))
    return bad("numberOfOccurrences must be from 1 to 999.");
  out.count = out.range == range_kind::numbered ? *count : 0;
  if (const auto* zone = range.if_contains("recurrenceTimeZone"); zone != nullptr && zone->is_string())
    out.zone = std::string(zone->get_string());
  if (!out.zone.empty() && !resolve_zone(out.zone)) return zone_not_supported(out.zone);
  return std::nullopt;
}

/// The day of month `month_start` that `rule` means by index and days of the week, if it has one.
std::optional<local_days> relative_day(const recurrence_rule& rule, year_month month_of) {
  std::vector<local_days> matches;
  const auto last = local_days(month_of / std::chrono::last);
  for (auto day = local_days(month_of / 1); day <= last; day += days(1))
    if (rule.days.at(weekday(day).c_encoding())) matches.push_back(day);
  if (rule.index == -1) return matches.back();
  const auto at = static_cast<std::size_t>(rule.index - 1);
  return at < matches.size() ? std::optional(matches[at]) : std::nullopt;
}

/// Exchange clamps day 29 to 31 to the last day of a short month.
local_days absolute_day(const recurrence_rule& rule, year_month month_of) {
  const auto last = local_days(month_of / std::chrono::last);
  return std::min(local_days(month_of / 1) + days(rule.day_of_month - 1), last);
}

/// Collects dates in order; says when the series is at its end.
class collector {
public:
  collector(const recurrence_rule& rule, local_days until, std::size_t limit)
      : rule_(rule), until_(until), limit_(limit) {
    if (rule.end_date) until_ = std::min(until_, *rule.end_date);
  }
  bool past(local_days day) const { return day > until_ || full(); }
  void add(local_days day) {
    if (day >= rule_.start_date && !past(day)) out_.push_back(day);
  }
  std::vector<local_days> take() { return std::move(out_); }

private:
  bool full() const {
    return out_.size() >= limit_ ||
           (rule_.range == range_kind::numbered && out_.size() >= static_cast<std::size_t>(rule_.count));
  }
  const recurrence_rule& rule_;
  local_days until_;
  std::size_t limit_;
  std::vector<local_days> out_;
};

void expand_weeks(const recurrence_rule& rule, collector& out) {
  const auto behind = (weekday(rule.start_date).c_encoding() + 7 - rule.first_day) % 7;
  for (auto week = rule.start_date - days(behind); !out.past(week); week += days(7 * rule.interval))
    for (int i = 0; i < 7; ++i)
      if (const auto day = week + days(i); rule.days.at(weekday(day).c_encoding())) out.add(day);
}

void expand_months(const recurrence_rule& rule, collector& out) {
  const bool yearly =
      rule.pattern == pattern_kind::absolute_yearly || rule.pattern == pattern_kind::relative_yearly;
  const bool relative =
      rule.pattern == pattern_kind::relative_monthly || rule.pattern == pattern_kind::relative_yearly;
  const year_month_day start(rule.start_date);
  auto at = yearly ? start.year() / month(static_cast<unsigned>(rule.month)) : start.year() / start.month();
  const months step(yearly ? 12 * rule.interval : rule.interval);
  for (; !out.past(local_days(at / 1)); at += step) {
    auto day = relative ? relative_day(rule, at) : std::optional(absolute_day(rule, at));
    if (day) out.add(*day);
  }
}

} // namespace

bool recurrence_rule::same_pattern(const recurrence_rule& o) const {
  return pattern == o.pattern && interval == o.interval && month == o.month &&
         day_of_month == o.day_of_month && days == o.days && first_day == o.first_day && index == o.index &&
         start_date == o.start_date;
}

std::optional<refusal> parse_recurrence(const json::object& value, recurrence_rule& out) {
  const auto* pattern = value.if_contains("pattern");
  const auto* range = value.if_contains("range");
  if (pattern == nullptr || range == nullptr || !pattern->is_object() || !range->is_object())
    return bad("A recurrence needs a complete pattern and range.");
  if (auto refused = parse_pattern(pattern->get_object(), out)) return refused;
  return parse_range(range->get_object(), out);
}

json::object render_recurrence(const recurrence_rule& rule, const std::string& event_zone) {
  json::array names;
  for (std::size_t i = 0; i < rule.days.size(); ++i)
    if (rule.days.at(i)) names.emplace_back(day_names.at(i));
  const auto index = rule.index == -1 ? 4U : static_cast<unsigned>(rule.index - 1);
  json::object pattern{{"type", pattern_names.at(static_cast<std::size_t>(rule.pattern))},
                       {"interval", rule.interval},
                       {"month", rule.month},
                       {"dayOfMonth", rule.day_of_month},
                       {"firstDayOfWeek", day_names.at(rule.first_day)},
                       {"index", index_names.at(index)}};
  if (!names.empty()) pattern["daysOfWeek"] = std::move(names);
  json::object range{{"type", range_names.at(static_cast<std::size_t>(rule.range))},
                     {"startDate", format_date(rule.start_date)},
                     {"endDate", rule.end_date ? format_date(*rule.end_date) : "0001-01-01"},
                     {"recurrenceTimeZone", rule.zone.empty() ? event_zone : rule.zone},
                     {"numberOfOccurrences", rule.count}};
  return {{"pattern", std::move(pattern)}, {"range", std::move(range)}};
}

std::vector<local_days> expand(const recurrence_rule& rule, local_days until, std::size_t limit) {
  collector out(rule, until, limit);
  if (rule.pattern == pattern_kind::daily)
    for (auto day = rule.start_date; !out.past(day); day += days(rule.interval)) out.add(day);
  else if (rule.pattern == pattern_kind::weekly)
    expand_weeks(rule, out);
  else
    expand_months(rule, out);
  return out.take();
}

} // namespace kalends::sandbox::microsoft
