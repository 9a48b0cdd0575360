// SPDX-License-Identifier: Apache-2.0
#include "schema/rule_slots.hpp"

#include "schema/time_zone.hpp"

#include <algorithm>
#include <numeric>

namespace kalends::recurring {
namespace {

using namespace std::chrono;
using frequency = rrule::frequency;

bool has(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Counted from the front or from the back.
bool has_place(const std::vector<int>& list, int place, int of) {
  return list.empty() || has(list, place) || has(list, place - of - 1);
}

int days_in(const year_month_day& d) {
  return static_cast<int>(unsigned(year_month_day_last(d.year(), month_day_last(d.month())).day()));
}

int days_in(year y) { return y.is_leap() ? 366 : 365; }

int day_of_year(local_days d, year y) { return int((d - local_days(y / January / 1)).count()) + 1; }

local_days week_of(local_days d, weekday first) { return d - (weekday(d) - first); }

/// RFC 5545 BYWEEKNO: week 1 is the first with four days in the year.
bool is_in_week(local_days d, const rrule& r) {
  if (r.by_week_no.empty()) return true;
  const auto middle = week_of(d, r.week_start) + days(3);
  const auto y = year_month_day(middle).year();
  const auto number = [&](local_days of) { return (day_of_year(of, y) - 1) / 7 + 1; };
  const auto last = week_of(local_days(y / December / 28), r.week_start) + days(3);
  return has_place(r.by_week_no, number(middle), number(last));
}

/// Numbered within the month or the year; unnumbered: each.
bool is_named_day(local_days d, const year_month_day& ymd, const rrule& r, bool of_year) {
  if (r.by_day.empty()) return true;
  const int place = of_year ? day_of_year(d, ymd.year()) : static_cast<int>(unsigned(ymd.day()));
  const int all = of_year ? days_in(ymd.year()) : days_in(ymd);
  return std::any_of(r.by_day.begin(), r.by_day.end(), [&](const rrule::day& named) {
    return named.weekday == weekday(d) && (named.ordinal == 0 || named.ordinal == (place - 1) / 7 + 1 ||
                                           named.ordinal == -((all - place) / 7 + 1));
  });
}

bool fits(local_days d, const year_month_day& ymd, const rrule& r, bool ordinals_of_year) {
  return (r.by_month_day.empty() ||
          has_place(r.by_month_day, static_cast<int>(unsigned(ymd.day())), days_in(ymd))) &&
         (r.by_year_day.empty() ||
          has_place(r.by_year_day, day_of_year(d, ymd.year()), days_in(ymd.year()))) &&
         is_named_day(d, ymd, r, ordinals_of_year) && is_in_week(d, r);
}

bool is_in_month(const year_month_day& ymd, const rrule& r) {
  return r.by_month.empty() || has(r.by_month, static_cast<int>(unsigned(ymd.month())));
}

local_days next_month(const year_month_day& ymd) {
  return local_days(ymd.year() / ymd.month() / 1 + months(1));
}

/// A position counts within the whole week, month or year, and not only from the start on.
local_days start_of_period(local_days d, const rrule& r) {
  const year_month_day ymd(d);
  switch (r.freq) {
  case frequency::daily:
    return d;
  case frequency::weekly:
    return week_of(d, r.week_start);
  case frequency::monthly:
    return local_days(ymd.year() / ymd.month() / 1);
  case frequency::yearly:
    return local_days(ymd.year() / January / 1);
  }
  return d;
}

/// The first day of the period that many further; `d` is the first day of one.
local_days periods_after(local_days d, int count, const rrule& r) {
  const year_month_day ymd(d);
  switch (r.freq) {
  case frequency::daily:
    return d + days(count);
  case frequency::weekly:
    return d + weeks(count);
  case frequency::monthly:
    return local_days(ymd + months(count));
  case frequency::yearly:
    return local_days(ymd + years(count));
  }
  return d;
}

std::vector<int> all_months() {
  std::vector<int> months(12);
  std::iota(months.begin(), months.end(), 1);
  return months;
}

} // namespace

sys_seconds instant_in(recurrence_id wall_clock, const calendar_time& start) {
  const auto* zoned = std::get_if<zoned_time>(&start);
  const sys_seconds as_utc(wall_clock.time_since_epoch());
  if (zoned == nullptr) return as_utc;
  return zone_rules::instant_of_local(zoned->time_zone, wall_clock).value_or(as_utc);
}

recurrence_id existing(recurrence_id wall_clock, const calendar_time& start) {
  const auto* zoned = std::get_if<zoned_time>(&start);
  if (zoned == nullptr || zoned->time_zone == "UTC") return wall_clock;
  const auto utc = zone_rules::instant_of_local(zoned->time_zone, wall_clock);
  if (!utc) return wall_clock;
  return recurrence_id(utc->time_since_epoch() +
                       zone_rules::offset_at(zoned->time_zone, *utc).value_or(seconds(0)));
}

rrule with_days_of_start(rrule r, local_days start) {
  const year_month_day ymd(start);
  const int day = static_cast<int>(unsigned(ymd.day()));
  const bool dayless = r.by_day.empty() && r.by_month_day.empty() && r.by_year_day.empty();
  if (r.freq == frequency::weekly && r.by_day.empty()) r.by_day = {{0, weekday(start)}};
  if (r.freq == frequency::monthly && dayless) r.by_month_day = {day};
  if (r.freq != frequency::yearly) return r;
  if (!r.by_week_no.empty()) {
    if (dayless) r.by_day = {{0, weekday(start)}};
  } else if (dayless) {
    r.by_month_day = {day};
    if (r.by_month.empty()) r.by_month = {static_cast<int>(unsigned(ymd.month()))};
  } else if (!r.by_month_day.empty() && r.by_month.empty()) {
    r.by_month = all_months();
  }
  return r;
}

bool is_expandable(const rrule& r) {
  return r.by_week_no.empty() || (r.interval == 1 && r.by_set_pos.empty());
}

rule_slots::rule_slots(const rrule& rule, const calendar_time& start) : start_(start) {
  const auto day = floor<days>(slot_of(start));
  rule_ = with_days_of_start(rule, day);
  ordinals_of_year_ = rule.freq == frequency::yearly && rule.by_month.empty();
  period_ = day_ = start_of_period(day, rule_);
  period_end_ = periods_after(period_, 1, rule_);
}

std::optional<local_days> rule_slots::fitting() {
  constexpr local_days end = local_days(year(latest_year) / January / 1);
  while (day_ < end) {
    if (day_ >= period_end_) {
      day_ = period_ = periods_after(period_, rule_.interval, rule_);
      period_end_ = periods_after(period_, 1, rule_);
      continue;
    }
    const auto d = day_;
    const year_month_day ymd(d);
    if (!is_in_month(ymd, rule_)) {
      day_ = std::min(next_month(ymd), period_end_);
      continue;
    }
    day_ = d + days(1);
    if (fits(d, ymd, rule_, ordinals_of_year_)) return d;
  }
  return std::nullopt;
}

std::optional<local_days> rule_slots::positioned() {
  if (rule_.by_set_pos.empty()) return fitting();
  while (picked_.empty()) {
    const auto first = ahead_ ? std::exchange(ahead_, std::nullopt) : fitting();
    if (!first) return std::nullopt;
    std::vector<local_days> period{*first};
    while ((ahead_ = fitting()) && start_of_period(*ahead_, rule_) == start_of_period(*first, rule_))
      period.push_back(*ahead_);
    const int all = static_cast<int>(period.size());
    for (int place = all; place >= 1; --place)
      if (has_place(rule_.by_set_pos, place, all))
        picked_.push_back(period[static_cast<std::size_t>(place - 1)]);
  }
  const auto d = picked_.back();
  picked_.pop_back();
  return d;
}

bool rule_slots::is_after_end(recurrence_id slot) const {
  if (!rule_.until) return false;
  const auto& end = *rule_.until;
  if (end.is_date) return floor<days>(slot) > floor<days>(end.at);
  if (end.is_utc) return instant_in(slot, start_) > sys_seconds(end.at.time_since_epoch());
  return slot > end.at;
}

std::optional<recurrence_id> rule_slots::next() {
  const auto first = slot_of(start_);
  const auto clock = first - floor<days>(first);
  while (!rule_.count || given_ < *rule_.count) {
    const auto d = positioned();
    if (!d || is_after_end(*d + clock)) return std::nullopt;
    if (*d + clock < first) continue;
    ++given_;
    return *d + clock;
  }
  return std::nullopt;
}

slot_walk::slot_walk(const appointment& a) : start_(a.start), rdates_(a.repeats->rdates) {
  for (auto& at : rdates_) at = existing(at, start_);
  std::sort(rdates_.begin(), rdates_.end());
  start_due_ = a.repeats->rrule.empty();
  if (start_due_) return;
  if (const auto rule = read_rrule(a.repeats->rrule)) rule_.emplace(*rule, a.start);
  from_rule_ = next_of_rule();
}

std::optional<recurrence_id> slot_walk::next_of_rule() {
  const auto slot = rule_ ? rule_->next() : std::nullopt;
  return slot ? std::optional(existing(*slot, start_)) : std::nullopt;
}

std::optional<recurrence_id> slot_walk::next() {
  if (std::exchange(start_due_, false)) return last_ = slot_of(start_);
  for (;;) {
    std::optional<recurrence_id> slot;
    if (rdates_given_ < rdates_.size() && (!from_rule_ || rdates_[rdates_given_] < *from_rule_))
      slot = rdates_[rdates_given_++];
    else
      slot = std::exchange(from_rule_, from_rule_ ? next_of_rule() : std::nullopt);
    if (!slot || slot != last_) return slot ? last_ = slot : slot;
  }
}

std::vector<recurrence_id> slots_among(const appointment& a, const std::vector<recurrence_id>& wanted) {
  std::vector<recurrence_id> found;
  if (wanted.empty()) return found;
  slot_walk walk(a);
  auto slot = walk.next();
  for (const auto at : wanted) {
    while (slot && *slot < at) slot = walk.next();
    if (!slot) break;
    if (*slot == at) found.push_back(at);
  }
  return found;
}

} // namespace kalends::recurring
