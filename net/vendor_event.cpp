// SPDX-License-Identifier: Apache-2.0
#include "net/vendor_event.hpp"

#include "net/crypto.hpp"
#include "schema/recurrence.hpp"
#include "schema/rule_slots.hpp"

#include <algorithm>
#include <utility>

namespace kalends::net {
namespace {

constexpr std::size_t address_limit = 320; ///< RFC 5321: 64 and 255, and the @
constexpr char version_mark = '#';

std::string unreadable_because(const error& e) {
  const bool zone = e.code == "unknown_time_zone" || e.code == "missing_time_zone";
  return zone ? "unknown_time_zone" : "unreadable_time";
}

void make_day_long(calendar_time& end) {
  auto& day = std::get<calendar_date>(end).day;
  day = std::chrono::sys_days(day) + std::chrono::days(1);
}

/// The number that the `count` characters at `at` spell.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

} // namespace

bool is_usable(std::string_view opaque, std::size_t limit) {
  return !opaque.empty() && opaque.size() <= limit && std::none_of(opaque.begin(), opaque.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

std::string usable_or_empty(std::string_view text, std::size_t limit) {
  return is_usable(text, limit) ? std::string(text) : std::string();
}

entry_id read_tag(std::string_view text) { return is_uuid(text) ? entry_id(std::string(text)) : entry_id(); }

void set_times(calendar_event& e, result<calendar_time> start, result<calendar_time> end) {
  if (!start || !end) {
    e.unreadable = unreadable_because(start ? end.error() : start.error());
    return;
  }
  if (is_all_day(*start) != is_all_day(*end)) {
    e.unreadable = "unreadable_time";
    return;
  }
  if (is_all_day(*start) && *start == *end) make_day_long(*end);
  if (instant_of(*end) < instant_of(*start)) {
    e.unreadable = "end_before_start";
    return;
  }
  e.what.start = *start;
  e.what.end = *end;
}

void check_texts(calendar_event& e) {
  if (e.what.title.size() > limits::title_bytes || e.what.location.size() > limits::location_bytes ||
      e.what.notes.size() > limits::notes_bytes)
    e.unreadable = "text_too_long";
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

void set_attendees(calendar_event& e, std::vector<attendee> guests) {
  std::vector<std::pair<std::string, attendee>> sorted;
  for (auto& g : guests)
    if (is_usable(g.email, address_limit)) sorted.emplace_back(lower_case(g.email), std::move(g));
  // The organizer may be told twice: once as the organizer, and once as somebody who answered.
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(std::string_view(a.first), !a.second.is_organizer) <
           std::pair(std::string_view(b.first), !b.second.is_organizer);
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [](const auto& a, const auto& b) { return a.first == b.first; }),
               sorted.end());
  if (sorted.size() > limits::attendees) {
    e.unreadable = "too_many_attendees";
    return;
  }
  e.what.attendees.clear();
  for (auto& [address, guest] : sorted) e.what.attendees.push_back(std::move(guest));
}

bool bears_mark(std::string_view text) {
  constexpr std::string_view mark = "#kalends";
  return std::search(text.begin(), text.end(), mark.begin(), mark.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         }) != text.end();
}

std::string version_of_series(const std::string& etag, std::vector<std::string> exceptions) {
  constexpr std::size_t digest_bytes = 12;
  constexpr std::string_view hex = "0123456789abcdef";
  std::sort(exceptions.begin(), exceptions.end());
  std::string all;
  for (const auto& e : exceptions) all += e + '\n';
  std::string out = etag + version_mark;
  for (const char c : sha256(all).substr(0, digest_bytes)) {
    out += hex[static_cast<unsigned char>(c) >> 4];
    out += hex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string etag_of(const std::string& version) {
  const auto mark = version.rfind(version_mark);
  const auto quote = version.rfind('"');
  const bool marked = mark != std::string::npos && (quote == std::string::npos || quote < mark);
  return marked ? version.substr(0, mark) : version;
}

void finish_series(calendar_event& series, std::vector<changed_occurrence> changed) {
  auto whole = canonical_series(series.what);
  if (whole && whole->repeats && !changed.empty()) {
    std::sort(changed.begin(), changed.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::vector<recurrence_id> named;
    for (const auto& c : changed) named.push_back(c.at);
    const auto slots = recurring::slots_among(*whole, named);
    std::erase_if(changed, [&](const changed_occurrence& c) {
      return !std::binary_search(slots.begin(), slots.end(), c.at);
    });
    whole->repeats->changed = std::move(changed);
    whole = canonical_series(std::move(*whole));
  }
  if (whole)
    series.what = std::move(*whole);
  else if (!series.unreadable)
    series.unreadable = whole.error().code;
}

bool lasts_over_a_clock_change(const appointment& what) {
  const auto* start = std::get_if<zoned_time>(&what.start);
  const auto* end = std::get_if<zoned_time>(&what.end);
  if (start == nullptr || end == nullptr) return false;
  const auto shown = at_zone(end->utc, start->time_zone);
  return shown && shown->local - start->local != end->utc - start->utc;
}

bool begins_behind_a_gap(const appointment& series, recurrence_id at) {
  if (is_all_day(series.start)) return false;
  const auto clock = [](recurrence_id t) { return t - std::chrono::floor<std::chrono::days>(t); };
  return clock(slot_of(time_of_slot(series, at))) != clock(slot_of(series.start));
}

zoned_time utc_reading(const zoned_time& t) {
  return {std::chrono::local_seconds(t.utc.time_since_epoch()), "UTC", t.utc};
}

std::optional<instant> read_utc(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  auto rest = text.substr(19);
  int milliseconds = 0;
  if (rest.front() == '.') {
    const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    std::string fraction(rest.substr(1, std::min<std::size_t>(end - 1, 3)));
    fraction.resize(3, '0');
    milliseconds = *digits(fraction, 0, 3);
    rest.remove_prefix(end);
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const bool utc = rest == "Z" || rest == "z" || rest == "+00:00";
  if (!utc || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + std::chrono::milliseconds(milliseconds);
}

bool is_among(const std::vector<std::string>& addresses, std::string_view address) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const std::string& a) { return lower_case(a) == address; });
}

} // namespace kalends::net
