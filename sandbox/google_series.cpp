// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google_store.hpp"
#include "sandbox/zone.hpp"

#include <algorithm>
#include <limits>

namespace kalends::sandbox::google {

namespace {

constexpr std::int64_t day = 24 * 3600;

std::int64_t wall_of(const moment& m) { return m.all_day ? m.at : zone::to_wall(m.at, m.zone); }

std::int64_t instant_of(const moment& m, const calendar& in) {
  return m.all_day ? zone::to_utc(m.at, in.time_zone) : m.at;
}

/// The wall clock that the suffix of an instance id names.
std::optional<std::int64_t> wall_of_suffix(const event& master, std::string_view suffix) {
  const auto date = suffix.size() >= 8 ? zone::parse_date(std::string(suffix.substr(0, 4)) + "-" +
                                                          std::string(suffix.substr(4, 2)) + "-" +
                                                          std::string(suffix.substr(6, 2)))
                                       : std::nullopt;
  if (!date) return std::nullopt;
  if (master.start.all_day) return suffix.size() == 8 ? date : std::nullopt;
  if (suffix.size() != 16 || suffix[8] != 'T' || suffix[15] != 'Z') return std::nullopt;
  const auto time =
      zone::parse_date_time("2000-01-01T" + std::string(suffix.substr(9, 2)) + ":" +
                            std::string(suffix.substr(11, 2)) + ":" + std::string(suffix.substr(13, 2)));
  if (!time) return std::nullopt;
  const auto utc = *date + (time->wall % day + day) % day;
  return zone::to_wall(utc, master.start.zone);
}

} // namespace

series series_of(const event& master) {
  series s{wall_of(master.start), master.start.all_day, master.start.zone, {}};
  if (const auto* lines = master.fields.if_contains("recurrence"))
    for (const auto& line : lines->as_array()) s.lines.emplace_back(line.as_string());
  return s;
}

moment occurrence_start(const event& master, std::int64_t wall) {
  if (master.start.all_day) return {true, wall, ""};
  return {false, zone::to_utc(wall, master.start.zone), master.start.zone};
}

std::string instance_id(const event& master, std::int64_t wall) {
  if (master.start.all_day) return master.id + "_" + zone::write_compact(wall).substr(0, 8);
  return master.id + "_" + zone::write_compact(zone::to_utc(wall, master.start.zone)) + "Z";
}

event virtual_instance(const event& master, std::int64_t wall) {
  event e = master;
  e.id = instance_id(master, wall);
  e.series_id = master.id;
  e.fields.erase("recurrence");
  e.start = occurrence_start(master, wall);
  e.original_start = e.start;
  e.end = master.end;
  // RFC 5545 3.8.5.3: every occurrence takes exactly as long as the first, whatever the clocks do meanwhile.
  e.end.at = e.start.at + (master.end.at - master.start.at);
  return e;
}

std::optional<event> find_event(const calendar& in, std::string_view id) {
  if (const auto it = in.events.find(id); it != in.events.end()) return it->second;
  const auto bar = id.rfind('_');
  if (bar == std::string_view::npos || bar == 0) return std::nullopt;
  const auto master = in.events.find(id.substr(0, bar));
  if (master == in.events.end() || !master->second.is_master()) return std::nullopt;
  const auto wall = wall_of_suffix(master->second, id.substr(bar + 1));
  if (!wall || !occurs_at(series_of(master->second), *wall)) return std::nullopt;
  return virtual_instance(master->second, *wall);
}

bool overlaps(const event& e, const calendar& in, const window& w) {
  const auto start = instant_of(e.start, in);
  const auto end = instant_of(e.end, in);
  return (!w.from || end > *w.from) && (!w.to || start < *w.to);
}

std::vector<event> instances(const calendar& in, const event& master, const window& w, std::size_t limit) {
  std::vector<event> out;
  // One day more on the wall covers every offset; `overlaps` decides exactly.
  const auto end = w.to ? *w.to + 2 * day : std::numeric_limits<std::int64_t>::max();
  const auto room = w.from ? expansion_limit : limit;
  for (const auto wall : expand(series_of(master), end, room)) {
    const auto row = in.events.find(instance_id(master, wall));
    auto one = row != in.events.end() ? row->second : virtual_instance(master, wall);
    if (!overlaps(one, in, w)) continue;
    out.push_back(std::move(one));
    if (out.size() >= limit) break;
  }
  // An exception can have been moved into the window from a slot beyond its end.
  if (w.to)
    for (const auto& [id, row] : in.events)
      if (row.series_id == master.id && row.original_start && wall_of(*row.original_start) >= end &&
          overlaps(row, in, w) && out.size() < limit)
        out.push_back(row);
  return out;
}

void drop_lost_exceptions(calendar& in, const event& master) {
  const auto s = series_of(master);
  std::erase_if(in.events, [&](const auto& row) {
    const auto& e = row.second;
    return e.series_id == master.id && e.original_start &&
           (e.original_start->all_day != s.all_day || !occurs_at(s, wall_of(*e.original_start)) ||
            instance_id(master, wall_of(*e.original_start)) != e.id);
  });
}

} // namespace kalends::sandbox::google
