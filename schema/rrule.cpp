// SPDX-License-Identifier: Apache-2.0
#include "schema/rrule.hpp"

#include "schema/recurrence.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

namespace kalends {
namespace {

using namespace std::chrono;

/// No part's number has more; longer ones would overflow on their way through libical.
constexpr std::size_t most_digits = 9;
/// A BY list with every value once, both signs.
constexpr std::size_t longest_list = 2 * 366;

constexpr std::array known_parts{"FREQ",      "UNTIL",    "COUNT",   "INTERVAL", "BYDAY", "BYMONTHDAY",
                                 "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"};
constexpr std::array refused_parts{"BYSECOND", "BYMINUTE", "BYHOUR", "RSCALE", "SKIP"};
constexpr std::array refused_frequencies{"SECONDLY", "MINUTELY", "HOURLY"};
constexpr std::array day_names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

tl::unexpected<error> refuse(std::string code, std::string_view part, std::string_view why) {
  return failure(errc::invalid, std::move(code), std::string(part) + ": " + std::string(why),
                 "recurrence.rrule");
}

tl::unexpected<error> malformed(std::string_view part, std::string_view why) {
  return refuse("malformed_rrule", part, why);
}

template <class Names>
bool is_one_of(const Names& names, std::string_view text) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

bool is_number(std::string_view text, bool may_be_negative) {
  if (may_be_negative && !text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && text.size() <= most_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

template <class Item>
bool is_list(std::string_view text, Item is_item) {
  for (std::size_t items = 1;; ++items) {
    const auto comma = text.find(',');
    if (items > longest_list || !is_item(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_day(std::string_view text) {
  if (text.size() < 2 || !is_one_of(day_names, text.substr(text.size() - 2))) return false;
  text.remove_suffix(2);
  return text.empty() || is_number(text, true);
}

bool is_time(std::string_view text) {
  const auto digits = [](std::string_view t) { return is_number(t, false); };
  if (text.size() == 8) return digits(text);
  if (text.size() == 16 && text.back() == 'Z') text.remove_suffix(1);
  return text.size() == 15 && text[8] == 'T' && digits(text.substr(0, 8)) && digits(text.substr(9));
}

/// libical stops reading at what it does not understand and keeps what came before: the shape is checked
/// here, ranges and meaning by what it made of it.
bool is_well_shaped(std::string_view part, std::string_view value) {
  if (part == "COUNT" || part == "INTERVAL") return is_number(value, false);
  if (part == "UNTIL") return is_time(value);
  if (part == "WKST") return is_one_of(day_names, value);
  if (part == "BYDAY") return is_list(value, is_day);
  if (part == "BYMONTH") return is_list(value, [](std::string_view v) { return is_number(v, false); });
  return part == "FREQ" || is_list(value, [](std::string_view v) { return is_number(v, true); });
}

result<void> check_part(std::string_view part, std::string_view value) {
  if (is_one_of(refused_parts, part))
    return refuse("rrule_part_unsupported", part, "only whole days are repeated, by the Gregorian calendar");
  if (!is_one_of(known_parts, part)) return malformed(part.substr(0, 16), "is no part of a rule");
  if (part == "FREQ" && is_one_of(refused_frequencies, value))
    return refuse("rrule_part_unsupported", part, "DAILY is the most frequent that is kept");
  if (!is_well_shaped(part, value)) return malformed(part, "its value is malformed");
  return {};
}

/// The names of the parts, each checked by itself.
result<std::set<std::string, std::less<>>> check_parts(std::string_view text) {
  std::set<std::string, std::less<>> seen;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty()) continue;
    const auto equals = one.find('=');
    if (equals == std::string_view::npos) return malformed(one.substr(0, 16), "a part is written NAME=VALUE");
    const auto part = one.substr(0, equals);
    if (auto ok = check_part(part, one.substr(equals + 1)); !ok) return tl::unexpected(ok.error());
    if (!seen.emplace(part).second) return malformed(part, "stands there twice");
  }
  if (!seen.contains("FREQ")) return malformed("FREQ", "is missing");
  if (seen.contains("COUNT") && seen.contains("UNTIL"))
    return refuse("rrule_count_and_until", "COUNT", "a rule ends by COUNT or by UNTIL, not by both");
  return seen;
}

std::optional<rrule::frequency> frequency_of(icalrecurrencetype_frequency f) {
  switch (f) {
  case ICAL_DAILY_RECURRENCE:
    return rrule::frequency::daily;
  case ICAL_WEEKLY_RECURRENCE:
    return rrule::frequency::weekly;
  case ICAL_MONTHLY_RECURRENCE:
    return rrule::frequency::monthly;
  case ICAL_YEARLY_RECURRENCE:
    return rrule::frequency::yearly;
  default:
    return std::nullopt;
  }
}

template <std::size_t N>
std::vector<int> list_of(const short (&values)[N]) {
  const auto* end = std::find(std::begin(values), std::end(values), short{ICAL_RECURRENCE_ARRAY_MAX});
  std::vector<int> out(std::begin(values), end);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<rrule::day> days_of(const icalrecurrencetype& r) {
  std::vector<rrule::day> out;
  for (const int encoded : list_of(r.by_day)) {
    const auto value = static_cast<short>(encoded);
    const auto from_sunday = static_cast<unsigned>(icalrecurrencetype_day_day_of_week(value)) - 1;
    out.push_back({icalrecurrencetype_day_position(value), weekday(from_sunday)});
  }
  std::sort(out.begin(), out.end(), [](const rrule::day& a, const rrule::day& b) {
    return std::pair(a.weekday.iso_encoding(), a.ordinal) < std::pair(b.weekday.iso_encoding(), b.ordinal);
  });
  return out;
}

std::optional<rrule::end> end_of(const icaltimetype& t) {
  const year_month_day day(year(t.year), month(static_cast<unsigned>(t.month)),
                           std::chrono::day(static_cast<unsigned>(t.day)));
  if (!day.ok() || t.hour < 0 || t.hour > 23 || t.minute < 0 || t.minute > 59 || t.second < 0 ||
      t.second > 60)
    return std::nullopt;
  rrule::end out;
  out.is_date = t.is_date != 0;
  out.is_utc = !out.is_date && icaltime_is_utc(t) != 0;
  out.at = local_days(day);
  if (!out.is_date) out.at += hours(t.hour) + minutes(t.minute) + seconds(t.second);
  return out;
}

bool within(const std::vector<int>& values, int most) {
  return std::all_of(values.begin(), values.end(), [&](int v) { return v != 0 && v >= -most && v <= most; });
}

/// What the RFC forbids and libical, or its absence, lets through.
result<void> check_meaning(const rrule& r) {
  using frequency = rrule::frequency;
  if (!within(r.by_month, 12)) return malformed("BYMONTH", "months are 1 to 12");
  if (!within(r.by_month_day, 31)) return malformed("BYMONTHDAY", "days are 1 to 31 or -31 to -1");
  if (!within(r.by_year_day, 366)) return malformed("BYYEARDAY", "days are 1 to 366 or -366 to -1");
  if (!within(r.by_week_no, 53)) return malformed("BYWEEKNO", "weeks are 1 to 53 or -53 to -1");
  if (!within(r.by_set_pos, 366)) return malformed("BYSETPOS", "positions are 1 to 366 or -366 to -1");
  if (r.freq == frequency::weekly && !r.by_month_day.empty())
    return malformed("BYMONTHDAY", "not in a weekly rule");
  if (r.freq != frequency::yearly && !r.by_year_day.empty())
    return malformed("BYYEARDAY", "only in a yearly rule");
  if (r.freq != frequency::yearly && !r.by_week_no.empty())
    return malformed("BYWEEKNO", "only in a yearly rule");
  const bool numbered =
      std::any_of(r.by_day.begin(), r.by_day.end(), [](const rrule::day& d) { return d.ordinal != 0; });
  if (numbered && (r.freq == frequency::daily || r.freq == frequency::weekly || !r.by_week_no.empty()))
    return malformed("BYDAY", "numbered days only in a monthly or a yearly rule without BYWEEKNO");
  if (std::any_of(r.by_day.begin(), r.by_day.end(),
                  [](const rrule::day& d) { return d.ordinal < -53 || d.ordinal > 53; }))
    return malformed("BYDAY", "days are numbered 1 to 53 or -53 to -1");
  if (!r.by_set_pos.empty() && r.by_day.empty() && r.by_month_day.empty() && r.by_year_day.empty() &&
      r.by_week_no.empty() && r.by_month.empty())
    return malformed("BYSETPOS", "needs another BY part");
  return {};
}

result<rrule> from_ical(const icalrecurrencetype& r, const std::set<std::string, std::less<>>& seen) {
  rrule out;
  const auto freq = frequency_of(r.freq);
  if (!freq) return malformed("FREQ", "is DAILY, WEEKLY, MONTHLY or YEARLY");
  out.freq = *freq;
  out.interval = r.interval;
  if (seen.contains("COUNT")) out.count = r.count;
  if (out.count && *out.count < 1) return malformed("COUNT", "is at least 1");
  if (seen.contains("UNTIL")) {
    out.until = end_of(r.until);
    if (!out.until) return malformed("UNTIL", "there is no such time");
  }
  out.by_day = days_of(r);
  out.by_month_day = list_of(r.by_month_day);
  out.by_year_day = list_of(r.by_year_day);
  out.by_week_no = list_of(r.by_week_no);
  out.by_month = list_of(r.by_month);
  out.by_set_pos = list_of(r.by_set_pos);
  out.week_start = weekday(static_cast<unsigned>(r.week_start) - 1);
  if (auto ok = check_meaning(out); !ok) return tl::unexpected(ok.error());
  return out;
}

/// libical keeps the interval in 16 bits.
result<void> check_interval(std::string_view text) {
  const auto at = text.find("INTERVAL=");
  if (at == std::string_view::npos) return {};
  const long value = std::strtol(std::string(text.substr(at + 9)).c_str(), nullptr, 10);
  if (value < 1) return malformed("INTERVAL", "is at least 1");
  if (value > limits::rrule_interval)
    return refuse("rrule_part_unsupported", "INTERVAL", "at most " + std::to_string(limits::rrule_interval));
  return {};
}

std::string write_number(int n) { return std::to_string(n); }

std::string write_number(const rrule::day& d) {
  return (d.ordinal == 0 ? std::string() : std::to_string(d.ordinal)) + day_names[d.weekday.c_encoding()];
}

template <class List>
void write_list(std::string& out, std::string_view name, const List& values) {
  if (values.empty()) return;
  out.append(";").append(name);
  char before = '=';
  for (const auto& v : values) {
    out.append(1, before).append(write_number(v));
    before = ',';
  }
}

std::string write_end(const rrule::end& e) {
  const auto midnight = floor<days>(e.at);
  const year_month_day day(midnight);
  const hh_mm_ss clock(e.at - midnight);
  std::array<char, 48> text{};
  int n = std::snprintf(text.data(), text.size(), "%04d%02u%02u", int(day.year()), unsigned(day.month()),
                        unsigned(day.day()));
  std::string out(text.data(), static_cast<std::size_t>(n));
  if (e.is_date) return out;
  n = std::snprintf(text.data(), text.size(), "T%02d%02d%02d", int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()));
  out.append(text.data(), static_cast<std::size_t>(n));
  return e.is_utc ? out + "Z" : out;
}

/// The week's first day decides where weeks are skipped, counted, or taken as a set.
bool week_start_matters(const rrule& r) {
  if (r.freq == rrule::frequency::weekly)
    return !r.by_day.empty() && (r.interval > 1 || !r.by_set_pos.empty());
  return !r.by_week_no.empty();
}

} // namespace

result<rrule> read_rrule(std::string_view text) {
  if (text.size() > limits::rrule_bytes)
    return refuse("rrule_too_long", "RRULE", "at most " + std::to_string(limits::rrule_bytes) + " bytes");
  std::string capitals(text);
  for (auto& c : capitals)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');

  const auto seen = check_parts(capitals);
  if (!seen) return tl::unexpected(seen.error());
  if (auto ok = check_interval(capitals); !ok) return tl::unexpected(ok.error());

  auto parsed = icalrecurrencetype_from_string(capitals.c_str());
  auto out = parsed.freq == ICAL_NO_RECURRENCE
                 ? result<rrule>(malformed("RRULE", "its parts do not go together or are out of range"))
                 : from_ical(parsed, *seen);
  icalrecurrencetype_clear(&parsed);
  return out;
}

std::string write_rrule(const rrule& r) {
  constexpr std::array frequencies{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
  std::string out = std::string("FREQ=") + frequencies[static_cast<std::size_t>(r.freq)];
  if (r.until) out += ";UNTIL=" + write_end(*r.until);
  if (r.count) out += ";COUNT=" + std::to_string(*r.count);
  if (r.interval != 1) out += ";INTERVAL=" + std::to_string(r.interval);
  write_list(out, "BYDAY", r.by_day);
  write_list(out, "BYMONTHDAY", r.by_month_day);
  write_list(out, "BYYEARDAY", r.by_year_day);
  write_list(out, "BYWEEKNO", r.by_week_no);
  write_list(out, "BYMONTH", r.by_month);
  write_list(out, "BYSETPOS", r.by_set_pos);
  if (r.week_start != Monday && week_start_matters(r))
    out += std::string(";WKST=") + day_names[r.week_start.c_encoding()];
  return out;
}

} // namespace kalends
