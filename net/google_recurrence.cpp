// SPDX-License-Identifier: Apache-2.0
#include "net/google_recurrence.hpp"

#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"
#include "schema/rrule.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace kalends::net {
namespace {

using std::chrono::days;
using std::chrono::local_days;

tl::unexpected<error> unreadable(std::string detail) {
  return failure(errc::invalid, "unreadable_recurrence", std::move(detail), "recurrence");
}

/// "EXDATE;TZID=Europe/Berlin:20261012T090000,20261019T090000"
struct content_line {
  std::string name;
  std::string_view zone;
  std::string_view value;
};

std::optional<content_line> split(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto head = line.substr(0, colon);
  content_line out;
  out.value = line.substr(colon + 1);
  const auto end = std::min(head.find(';'), head.size());
  out.name = lower_case(head.substr(0, end));
  head.remove_prefix(end);
  while (!head.empty()) {
    head.remove_prefix(1);
    const auto parameter = head.substr(0, head.find(';'));
    if (lower_case(parameter.substr(0, 5)) == "tzid=") out.zone = parameter.substr(5);
    head.remove_prefix(parameter.size());
  }
  return out;
}

/// "20261012", "20261012T090000", "20261012T070000Z" with the separators that our readers want.
std::string spread(std::string_view text) {
  std::string out(text);
  if (out.size() < 8) return out;
  if (out.size() >= 15) out.insert(13, ":").insert(11, ":");
  return out.insert(6, "-").insert(4, "-");
}

/// Where that value is on the clock of a series that begins at `start`.
std::optional<recurrence_id> slot_at(std::string_view value, std::string_view zone,
                                     const calendar_time& start) {
  const auto text = spread(value);
  if (is_all_day(start)) {
    const auto date = read_date(std::string_view(text).substr(0, 10));
    return date ? std::optional(slot_of(*date)) : std::nullopt;
  }
  const auto& own = std::get<zoned_time>(start).time_zone;
  const auto told = read_zoned_time(text, zone.empty() ? std::string_view(own) : zone);
  if (!told) return std::nullopt;
  const auto here = at_zone(told->utc, own);
  return here ? std::optional(here->local) : std::nullopt;
}

bool read_dates(const content_line& line, const calendar_time& start, std::vector<recurrence_id>& out) {
  auto rest = line.value;
  while (out.size() <= limits::series_exceptions) {
    const auto value = rest.substr(0, rest.find(','));
    const auto slot = slot_at(value, line.zone, start);
    if (!slot) return false;
    out.push_back(*slot);
    if (value.size() == rest.size()) return true;
    rest.remove_prefix(value.size() + 1);
  }
  return true; // too many, which is told by who checks the series
}

/// An UNTIL that is a date means the end of that day; one that is a time means its day, when the start is
/// one.
std::string with_fitting_until(std::string_view text, const calendar_time& start) {
  auto rule = read_rrule(text);
  if (!rule || !rule->until) return std::string(text);
  auto& until = *rule->until;
  if (is_all_day(start)) {
    until = {std::chrono::floor<days>(until.at), true, false};
  } else if (!until.is_utc) {
    const auto& zone = std::get<zoned_time>(start).time_zone;
    const auto last = until.is_date ? until.at + days(1) - std::chrono::seconds(1) : until.at;
    const auto told = read_zoned_time(write_local({last, zone, {}}), zone);
    if (!told) return std::string(text);
    until = {std::chrono::local_seconds(told->utc.time_since_epoch()), false, true};
  }
  return write_rrule(*rule);
}

std::string packed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '-' && c != ':') out += c;
  return out;
}

std::string date_line(std::string_view name, const std::vector<recurrence_id>& slots,
                      const calendar_time& start) {
  const bool all_day = is_all_day(start);
  std::string out(name);
  out += all_day ? ";VALUE=DATE" : ";TZID=" + std::get<zoned_time>(start).time_zone;
  char separator = ':';
  for (const auto slot : slots) {
    out += separator + packed(write_slot(slot, all_day));
    separator = ',';
  }
  return out;
}

} // namespace

result<recurrence> read_recurrence_lines(const std::vector<std::string_view>& lines,
                                         const calendar_time& start) {
  recurrence out;
  bool has_rule = false;
  for (const auto text : lines) {
    const auto line = split(text);
    if (!line) return unreadable("A line of the recurrence has no colon.");
    if (line->name == "exrule")
      return failure(errc::invalid, "exrule", "Rules that take away are not understood.", "recurrence");
    if (line->name == "rrule") {
      if (std::exchange(has_rule, true))
        return failure(errc::invalid, "several_rrules", "The series has more than one rule.", "recurrence");
      out.rrule = with_fitting_until(line->value, start);
    } else if (line->name == "rdate" || line->name == "exdate") {
      auto& dates = line->name == "rdate" ? out.rdates : out.exdates;
      if (!read_dates(*line, start, dates)) return unreadable("A date of the recurrence cannot be read.");
    } else {
      return unreadable("The recurrence has a line of another kind.");
    }
  }
  return out;
}

std::vector<std::string> write_recurrence_lines(const recurrence& r, const calendar_time& start) {
  std::vector<std::string> out;
  if (!r.rrule.empty()) out.push_back("RRULE:" + r.rrule);
  if (!r.rdates.empty()) out.push_back(date_line("RDATE", r.rdates, start));
  if (!r.exdates.empty()) out.push_back(date_line("EXDATE", r.exdates, start));
  return out;
}

} // namespace kalends::net
