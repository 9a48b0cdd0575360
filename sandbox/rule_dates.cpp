// SPDX-License-Identifier: Apache-2.0
#include "sandbox/rule_dates.hpp"

#include "sandbox/zone.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kalends::sandbox {
namespace {

using namespace std::chrono;

constexpr std::int64_t day_seconds = 24 * 3600;

// ---------------------------------------------------------------- libical's lists: short arrays with an end
// mark

bool is_empty(std::span<const short> part) { return part.front() == ICAL_RECURRENCE_ARRAY_MAX; }
void clear(std::span<short> part) { part.front() = ICAL_RECURRENCE_ARRAY_MAX; }

std::vector<int> values(std::span<const short> part) {
  return {part.begin(), std::find(part.begin(), part.end(), short{ICAL_RECURRENCE_ARRAY_MAX})};
}

void set(std::span<short> part, int first, int last) {
  std::size_t at = 0;
  for (int value = first; value <= last; ++value) part[at++] = static_cast<short>(value);
  if (at < part.size()) part[at] = ICAL_RECURRENCE_ARRAY_MAX;
}

void move(std::span<short> from, std::span<short> to) {
  std::copy(from.begin(), from.end(), to.begin());
  clear(from);
}

void leave_out_repetitions(std::span<short> part) {
  auto end = std::find(part.begin(), part.end(), short{ICAL_RECURRENCE_ARRAY_MAX});
  for (auto at = part.begin(); at != end;)
    if (std::find(part.begin(), at, *at) != at)
      end = std::move(at + 1, end, at);
    else
      ++at;
  if (end != part.end()) *end = ICAL_RECURRENCE_ARRAY_MAX;
}

bool has_negative(std::span<const short> part) {
  const auto all = values(part);
  return std::any_of(all.begin(), all.end(), [](int v) { return v < 0; });
}

bool has_numbered_day(const icalrecurrencetype& r) {
  const auto all = values(r.by_day);
  return std::any_of(all.begin(), all.end(),
                     [](int v) { return icalrecurrencetype_day_position(static_cast<short>(v)) != 0; });
}

// ---------------------------------------------------------------- times

icaltimetype to_ical(local_days d) {
  const year_month_day ymd(d);
  auto t = icaltime_null_time();
  t.year = int(ymd.year());
  t.month = static_cast<int>(unsigned(ymd.month()));
  t.day = static_cast<int>(unsigned(ymd.day()));
  t.is_date = 1;
  return t;
}

icaltimetype to_ical(std::int64_t wall) {
  const auto day = floor<days>(local_seconds(seconds(wall)));
  const hh_mm_ss clock(local_seconds(seconds(wall)) - day);
  auto t = to_ical(day);
  t.is_date = 0;
  t.hour = static_cast<int>(clock.hours().count());
  t.minute = static_cast<int>(clock.minutes().count());
  t.second = static_cast<int>(clock.seconds().count());
  return t;
}

local_days day_of(const icaltimetype& t) { return local_days(year(t.year) / t.month / t.day); }

std::int64_t wall_of(const icaltimetype& t) {
  const auto midnight = local_seconds(day_of(t)).time_since_epoch().count();
  return t.is_date != 0 ? midnight : midnight + t.hour * 3600 + t.minute * 60 + t.second;
}

weekday first_day_of_week(const icalrecurrencetype& r) {
  return weekday(static_cast<unsigned>(r.week_start - ICAL_SUNDAY_WEEKDAY));
}

local_days week_of(local_days d, weekday first) { return d - (weekday(d) - first); }

/// The week, month or year that a day lies in.
local_days period_of(local_days d, const icalrecurrencetype& r) {
  const year_month_day ymd(d);
  if (r.freq == ICAL_WEEKLY_RECURRENCE) return week_of(d, first_day_of_week(r));
  if (r.freq == ICAL_MONTHLY_RECURRENCE) return local_days(ymd.year() / ymd.month() / 1);
  if (r.freq == ICAL_YEARLY_RECURRENCE) return local_days(ymd.year() / January / 1);
  return d;
}

/// RFC 5545 3.3.10: week 1 is the first with at least four days in its year, and so the one of 4 January.
bool is_in_weeks(local_days d, weekday first, const std::vector<int>& wanted) {
  const auto week = week_of(d, first);
  const auto first_week_of = [&](year y) { return week_of(local_days(y / January / 4), first); };
  auto y = year_month_day(week).year();
  if (week >= first_week_of(y + years(1))) ++y;
  const auto number = (week - first_week_of(y)).count() / 7 + 1;
  const auto from_the_end = number - 1 - (first_week_of(y + years(1)) - first_week_of(y)).count() / 7;
  return std::any_of(wanted.begin(), wanted.end(), [&](int w) { return w == number || w == from_the_end; });
}

// ---------------------------------------------------------------- reading and refusing

struct free_iterator {
  void operator()(icalrecur_iterator* i) const { icalrecur_iterator_free(i); }
};

bool is_below_a_day(const icalrecurrencetype& r) {
  return r.freq < ICAL_DAILY_RECURRENCE || !is_empty(r.by_hour) || !is_empty(r.by_minute) ||
         !is_empty(r.by_second);
}

bool is_refused(const icalrecurrencetype& r) {
  const bool yearly = r.freq == ICAL_YEARLY_RECURRENCE;
  const bool weeks = !is_empty(r.by_week_no);
  if (is_below_a_day(r)) return weeks || !is_empty(r.by_year_day);
  if (weeks && (!yearly || r.interval != 1 || !is_empty(r.by_set_pos) || has_numbered_day(r))) return true;
  if (!is_empty(r.by_year_day) && !yearly) return true;
  if (!is_empty(r.by_month_day) && r.freq == ICAL_WEEKLY_RECURRENCE) return true;
  return has_numbered_day(r) && !yearly && r.freq != ICAL_MONTHLY_RECURRENCE;
}

std::optional<icalrecurrencetype> read(std::string_view text) {
  auto rule = icalrecurrencetype_from_string(std::string(text).c_str());
  if (rule.rscale == nullptr && rule.freq != ICAL_NO_RECURRENCE && rule.interval > 0 && !is_refused(rule))
    return rule;
  if (rule.rscale != nullptr) icalmemory_free_buffer(rule.rscale);
  return std::nullopt;
}

// ---------------------------------------------------------------- the rule in libical's words

struct corrected_rule {
  std::vector<icalrecurrencetype> all; ///< a day has to be in each of them
  local_days from;                     ///< where libical begins
  /// Or: the rule by itself from each of these days on. A day has to be in one of them.
  std::vector<local_days> each_from;
  int every = 1;          ///< of days from the start of the series on
  std::vector<int> weeks; ///< of the year, if not all
};

/// What the rule leaves to the start is said, because libical is going to begin elsewhere.
void say_what_the_start_says(icalrecurrencetype& r, local_days start) {
  const year_month_day ymd(start);
  const int of_month = static_cast<int>(unsigned(ymd.day()));
  const int of_week = static_cast<int>(weekday(start).c_encoding()) + ICAL_SUNDAY_WEEKDAY;
  const bool dayless = is_empty(r.by_day) && is_empty(r.by_month_day) && is_empty(r.by_year_day);
  const bool by_week = r.freq == ICAL_WEEKLY_RECURRENCE || !is_empty(r.by_week_no);
  if (!dayless || r.freq == ICAL_DAILY_RECURRENCE) return;
  if (by_week) return set(r.by_day, of_week, of_week);
  set(r.by_month_day, of_month, of_month);
  if (r.freq == ICAL_YEARLY_RECURRENCE && is_empty(r.by_month))
    set(r.by_month, static_cast<int>(unsigned(ymd.month())), static_cast<int>(unsigned(ymd.month())));
}

/// A yearly rule with no lists but its months, or all of them.
icalrecurrencetype months_of(const icalrecurrencetype& r) {
  auto months = r;
  for (const auto list : {std::span<short>(months.by_day), std::span<short>(months.by_month_day),
                          std::span<short>(months.by_year_day), std::span<short>(months.by_week_no)})
    clear(list);
  months.freq = ICAL_YEARLY_RECURRENCE;
  if (is_empty(months.by_month)) set(months.by_month, 1, 12);
  return months;
}

/// Each weekday by itself, from where the start's own week has it.
void correct_weekly(icalrecurrencetype& r, local_days start, corrected_rule& out) {
  if (r.interval == 1) return;
  const auto first = first_day_of_week(r);
  for (const int day : values(r.by_day)) {
    const auto named = weekday(static_cast<unsigned>(day - ICAL_SUNDAY_WEEKDAY));
    out.each_from.push_back(week_of(start, first) + (named - first));
  }
  clear(r.by_day);
}

void correct_daily(icalrecurrencetype& r, corrected_rule& out) {
  if (!has_negative(r.by_month_day)) return;
  r.freq = ICAL_MONTHLY_RECURRENCE;
  out.every = std::exchange(r.interval, short{1});
}

void correct_weeks_of_year(icalrecurrencetype& r, corrected_rule& out) {
  out.weeks = values(r.by_week_no);
  clear(r.by_week_no);
  if (!is_empty(r.by_month_day)) {
    auto limit = months_of(r);
    move(r.by_month_day, limit.by_month_day);
    out.all.push_back(limit);
  }
  if (!is_empty(r.by_year_day)) {
    auto limit = months_of(r);
    clear(limit.by_month);
    move(r.by_year_day, limit.by_year_day);
    out.all.push_back(limit);
  }
  r.freq = ICAL_WEEKLY_RECURRENCE;
  if (!is_empty(r.by_day)) return;
  // libical relies on their order.
  for (int i = 0; i < 7; ++i) r.by_day[i] = static_cast<short>((r.week_start + i - 1) % 7 + 1);
  r.by_day[7] = ICAL_RECURRENCE_ARRAY_MAX;
}

void correct_yearly(icalrecurrencetype& r, corrected_rule& out) {
  const bool days_of_year = !is_empty(r.by_year_day);
  const bool months = !is_empty(r.by_month);
  if (!days_of_year && (months || is_empty(r.by_month_day))) return;
  if (days_of_year && !months && is_empty(r.by_month_day)) return;
  // Numbered days count within the months if there are any, else within the year.
  if (has_numbered_day(r)) {
    auto limit = months_of(r);
    if (!months) clear(limit.by_month);
    move(r.by_day, limit.by_day);
    out.all.push_back(limit);
  }
  if (!days_of_year) return set(r.by_month, 1, 12);
  auto limit = months_of(r);
  if (is_empty(r.by_month_day))
    set(limit.by_month_day, 1, 31);
  else
    move(r.by_month_day, limit.by_month_day);
  clear(r.by_month);
  out.all.push_back(limit);
}

corrected_rule corrected(icalrecurrencetype r, local_days start) {
  corrected_rule out;
  out.from = start;
  if (!is_empty(r.by_set_pos)) out.from = period_of(start, r);
  say_what_the_start_says(r, start);
  leave_out_repetitions(r.by_day);
  clear(r.by_set_pos);
  r.count = 0;
  r.until = to_ical(local_days(year(rule_dates::last_year) / December / 31));
  if (r.freq == ICAL_DAILY_RECURRENCE) correct_daily(r, out);
  if (r.freq == ICAL_WEEKLY_RECURRENCE) correct_weekly(r, start, out);
  if (r.freq == ICAL_YEARLY_RECURRENCE && !is_empty(r.by_week_no))
    correct_weeks_of_year(r, out);
  else if (r.freq == ICAL_YEARLY_RECURRENCE)
    correct_yearly(r, out);
  out.all.insert(out.all.begin(), r);
  return out;
}

/// One of libical's iterators, by days.
class day_stream {
public:
  day_stream(const icalrecurrencetype& rule, local_days from)
      : iterator_(icalrecur_iterator_new(rule, to_ical(from))) {}

  std::optional<local_days> next() {
    const auto t = iterator_ ? icalrecur_iterator_next(iterator_.get()) : icaltime_null_time();
    current_.reset();
    if (!icaltime_is_null_time(t))
      current_ = day_of(t);
    else
      iterator_.reset();
    return current_;
  }
  std::optional<local_days> not_before(local_days d) {
    if (!current_ && iterator_) next();
    while (current_ && *current_ < d) next();
    return current_;
  }

private:
  std::unique_ptr<icalrecur_iterator, free_iterator> iterator_;
  std::optional<local_days> current_;
};

} // namespace

struct rule_dates::impl {
  impl(const icalrecurrencetype& r, const series& s);

  std::optional<std::int64_t> candidate();
  std::optional<local_days> day();
  std::optional<local_days> common_day();
  std::optional<local_days> earliest_day();
  std::optional<local_days> positioned_day();
  bool is_after_end(std::int64_t wall) const;

  icalrecurrencetype rule;
  series of;
  local_days start;
  corrected_rule words;
  std::vector<day_stream> streams;
  std::unique_ptr<icalrecur_iterator, free_iterator> by_the_clock; ///< of a rule below a day
  std::optional<local_days> last;                                  ///< given by one of `each_from`
  std::vector<int> positions;
  std::optional<local_days> ahead; ///< the first of the next period
  std::vector<local_days> picked;  ///< of this period, the last one first
  int given = 0;
};

rule_dates::impl::impl(const icalrecurrencetype& r, const series& s)
    : rule(r), of(s), start(floor<days>(local_seconds(seconds(s.start)))) {
  if (is_below_a_day(r)) {
    auto endless = r;
    endless.count = 0;
    endless.until = icaltime_null_time();
    by_the_clock.reset(icalrecur_iterator_new(endless, to_ical(s.start)));
    return;
  }
  positions = values(r.by_set_pos);
  words = corrected(r, start);
  for (const auto from : words.each_from) streams.emplace_back(words.all.front(), from);
  if (!words.each_from.empty()) return;
  for (const auto& one : words.all) streams.emplace_back(one, words.from);
}

std::optional<local_days> rule_dates::impl::common_day() {
  auto at = streams.front().next();
  for (std::size_t i = 1; at && i < streams.size();) {
    const auto there = streams[i].not_before(*at);
    if (!there) return std::nullopt;
    if (*there == *at) {
      ++i;
      continue;
    }
    at = streams.front().not_before(*there);
    i = 1;
  }
  return at;
}

std::optional<local_days> rule_dates::impl::earliest_day() {
  const auto after = last ? *last + days(1) : local_days::min();
  last.reset();
  for (auto& s : streams)
    if (const auto d = s.not_before(after); d && (!last || *d < *last)) last = d;
  return last;
}

std::optional<local_days> rule_dates::impl::day() {
  const auto first = first_day_of_week(rule);
  for (;;) {
    const auto d = words.each_from.empty() ? common_day() : earliest_day();
    if (!d || ((*d - start).count() % words.every == 0 &&
               (words.weeks.empty() || is_in_weeks(*d, first, words.weeks))))
      return d;
  }
}

std::optional<local_days> rule_dates::impl::positioned_day() {
  if (positions.empty()) return day();
  while (picked.empty()) {
    const auto first = ahead ? std::exchange(ahead, std::nullopt) : day();
    if (!first) return std::nullopt;
    std::vector<local_days> set{*first};
    while ((ahead = day()) && period_of(*ahead, rule) == period_of(*first, rule)) set.push_back(*ahead);
    const int count = static_cast<int>(set.size());
    for (const int p : positions)
      if (p != 0 && p <= count && p >= -count)
        picked.push_back(set[static_cast<std::size_t>(p > 0 ? p - 1 : count + p)]);
    std::sort(picked.begin(), picked.end(), std::greater<>());
    picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
  }
  const auto d = picked.back();
  picked.pop_back();
  return d;
}

std::optional<std::int64_t> rule_dates::impl::candidate() {
  if (by_the_clock) {
    const auto t = icalrecur_iterator_next(by_the_clock.get());
    if (icaltime_is_null_time(t) || t.year > last_year) return std::nullopt;
    return wall_of(t);
  }
  if (streams.empty()) return std::nullopt;
  const auto d = positioned_day();
  if (!d) return std::nullopt;
  const auto clock = of.start - local_seconds(start).time_since_epoch().count();
  return local_seconds(*d).time_since_epoch().count() + clock;
}

bool rule_dates::impl::is_after_end(std::int64_t wall) const {
  if (icaltime_is_null_time(rule.until)) return false;
  const auto end = wall_of(rule.until);
  if (of.all_day) return wall > end;
  if (rule.until.is_date != 0) return wall >= end + day_seconds;
  // Both as instants: a wall clock may not exist, or exist twice.
  return icaltime_is_utc(rule.until) != 0 ? zone::to_utc(wall, of.zone) > end : wall > end;
}

rule_dates::rule_dates(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
rule_dates::rule_dates(rule_dates&&) noexcept = default;
rule_dates& rule_dates::operator=(rule_dates&&) noexcept = default;
rule_dates::~rule_dates() = default;

std::optional<rule_dates> rule_dates::of(std::string_view rule, const series& s) {
  const auto known = read(rule);
  if (!known) return std::nullopt;
  return rule_dates(std::make_unique<impl>(*known, s));
}

bool rule_dates::can_expand(std::string_view rule) { return read(rule).has_value(); }

std::optional<std::int64_t> rule_dates::next() {
  auto& i = *impl_;
  while (i.rule.count == 0 || i.given < i.rule.count) {
    const auto wall = i.candidate();
    if (!wall || i.is_after_end(*wall)) return std::nullopt;
    if (*wall < i.of.start) continue;
    ++i.given;
    return wall;
  }
  return std::nullopt;
}

} // namespace kalends::sandbox
