// SPDX-License-Identifier: Apache-2.0
#include "sandbox/recurrence.hpp"

#include "sandbox/rule_dates.hpp"
#include "sandbox/zone.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <optional>
#include <set>
#include <string_view>

namespace kalends::sandbox {

namespace {

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

/// The rules that were asked for last, as far as they were walked: clients ask for the same series again and
/// again, and libical takes some 6 µs for a day. Each thread's own.
class known_rules {
public:
  /// Inserts what the rule has before `end`, at most `limit`.
  void walk(std::string_view text, const series& s, std::int64_t end, std::size_t limit,
            std::set<std::int64_t>& into) {
    auto& k = known(text, s);
    for (std::size_t n = 0; n < limit; ++n) {
      if (n == k.found.size()) {
        const auto next = k.dates ? k.dates->next() : std::nullopt;
        if (!next) return k.dates.reset();
        k.found.push_back(*next);
      }
      if (k.found[n] >= end) return;
      into.insert(k.found[n]);
    }
  }

private:
  static constexpr std::size_t capacity = 32; ///< of at most `expansion_limit` starts each

  struct rule_of_series {
    std::string text;
    series of; ///< without its lines
    std::optional<rule_dates> dates;
    std::vector<std::int64_t> found;
  };

  rule_of_series& known(std::string_view text, const series& s) {
    const auto at = std::ranges::find_if(rules_, [&](const rule_of_series& k) {
      return k.text == text && k.of.start == s.start && k.of.all_day == s.all_day && k.of.zone == s.zone;
    });
    if (at != rules_.end()) {
      rules_.splice(rules_.begin(), rules_, at);
    } else {
      const series bare{s.start, s.all_day, s.zone, {}};
      rules_.push_front({std::string(text), bare, rule_dates::of(text, bare), {}});
      if (rules_.size() > capacity) rules_.pop_back();
    }
    return rules_.front();
  }

  std::list<rule_of_series> rules_; ///< the last one asked for first
};

void run_rule(std::string_view text, const series& s, std::int64_t end, std::size_t limit,
              std::set<std::int64_t>& into) {
  thread_local known_rules rules;
  rules.walk(text, s, end, limit, into);
}

} // namespace

bool is_expandable(const std::vector<std::string>& lines) {
  const series any{0, false, "UTC", {}};
  return std::ranges::all_of(lines, [&](const std::string& text) {
    const auto line = split_line(text);
    if (!line) return false;
    if (line->name == "RRULE" || line->name == "EXRULE") return rule_dates::can_expand(line->value);
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
