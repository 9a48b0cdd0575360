// SPDX-License-Identifier: Apache-2.0
#include "actors/edited_entry.hpp"
#include "api/handling.hpp"
#include "persistence/own_things.hpp"
#include "persistence/schedule_view.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace kalends::api {
namespace json = boost::json;
namespace {

using namespace std::chrono;

/// 92 days on any clock: summer time may add an hour, in Troll two.
constexpr seconds longest_range = days(92) + hours(2);
/// Occurrences of series in the range of one question.
constexpr std::size_t occurrence_budget = limits::occurrences;

/// Where a page ended: by start, then by entry, then by slot.
struct place_in_schedule {
  sys_seconds start{};
  entry_id entry;
  recurrence_id slot{};
  friend auto operator<=>(const place_in_schedule&, const place_in_schedule&) = default;
};

struct schedule_query {
  persistence::entry_filter filter;
  bool expand = false;
  bool with_sync = false;
  user_id person; ///< who sees nobody else's entries and calendars; empty: nobody is
  std::string cursor;
  std::size_t limit = list_default;
};

/// A range of what takes place, once it is known to be sound.
struct wanted_range {
  user_id assigned_to;
  sys_seconds from{};
  sys_seconds to{};
  std::optional<place_in_schedule> after;
  std::size_t limit = list_default;
  bool with_sync = false;
  user_id person = {};
};

struct schedule_item {
  const schedule_entry* entry = nullptr;
  occurrence what;
};

place_in_schedule place_of(const schedule_item& i) {
  return {instant_of(i.what.what.start), i.entry->id, i.what.at};
}

std::string write_place(const place_in_schedule& p) {
  return std::to_string(p.start.time_since_epoch().count()) + "." +
         std::to_string(p.slot.time_since_epoch().count()) + "." + p.entry.str();
}

bool is_in_our_time(std::int64_t second) {
  constexpr sys_seconds first = sys_days(year(earliest_year - 1) / 1 / 1);
  constexpr sys_seconds last = sys_days(year(latest_year + 1) / 12 / 31);
  return second >= first.time_since_epoch().count() && second <= last.time_since_epoch().count();
}

result<std::optional<place_in_schedule>> read_place(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  std::int64_t start = 0;
  std::int64_t slot = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto first = std::from_chars(cursor.data(), end, start);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '.') {
    const auto second = std::from_chars(first.ptr + 1, end, slot);
    if (second.ec == std::errc() && second.ptr != end && *second.ptr == '.') {
      const std::string entry(second.ptr + 1, end);
      if (is_uuid(entry) && is_in_our_time(start) && is_in_our_time(slot))
        return place_in_schedule{sys_seconds(seconds(start)), entry_id(entry), recurrence_id(seconds(slot))};
    }
  }
  return failure(errc::invalid, "malformed_cursor", "This cursor was not made by this list.", "cursor");
}

result<schedule_query> read_query(const call& c) {
  query_reader query(c.request.query);
  schedule_query q;
  q.filter.assigned_to = user_id(query.uuid("assigned_user_id"));
  q.filter.from = query.time("from");
  q.filter.to = query.time("to");
  if (const auto expand = query.text("expand", 16)) {
    q.expand = *expand == "occurrences";
    if (!q.expand) query.refuse("unknown_value", "Only occurrences can be expanded.", "expand");
  }
  if (const auto with = query.text("with", 16)) {
    q.with_sync = *with == "sync";
    if (!q.with_sync) query.refuse("unknown_value", "What can be added is sync.", "with");
  }
  q.cursor = query.cursor();
  q.limit = query.limit();
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  if (c.who.person()) q.filter.assigned_to = q.person = c.who.user;
  return q;
}

result<wanted_range> read_range(const schedule_query& q) {
  for (const auto& [given, name] : {std::pair(q.filter.from, "from"), std::pair(q.filter.to, "to")})
    if (!given)
      return failure(errc::invalid, "missing_parameter", "Occurrences are listed between from and to.", name);
  wanted_range w{q.filter.assigned_to,
                 floor<seconds>(*q.filter.from),
                 ceil<seconds>(*q.filter.to),
                 std::nullopt,
                 q.limit,
                 q.with_sync,
                 q.person};
  if (w.to <= w.from)
    return failure(errc::invalid, "end_before_start", "The range ends before it begins.", "to");
  if (w.to - w.from > longest_range)
    return failure(errc::invalid, "range_too_long", "A range has at most 92 days.", "to");
  const auto after = read_place(q.cursor);
  if (!after) return tl::unexpected(after.error());
  w.after = *after;
  return w;
}

tl::unexpected<error> too_busy() {
  return failure(errc::invalid, "range_too_busy",
                 "More than " + std::to_string(occurrence_budget) +
                     " occurrences of series lie in this range. Ask for a shorter one, or for one person.",
                 "to");
}

/// What takes place after the place where the last page ended. The budget is that of everything from there
/// on, so that the first page refuses what a later one would.
result<std::vector<schedule_item>> items_after(const persistence::range_entries& found,
                                               const wanted_range& w) {
  std::vector<schedule_item> items;
  for (const auto& e : found.single) items.push_back({&e, occurrence{slot_of(e.what.start), e.what, false}});
  if (found.series.size() > persistence::most_series_of_range) return too_busy();
  const auto from = w.after ? std::max(w.from, w.after->start) : w.from;
  auto left = occurrence_budget;
  for (const auto& e : found.series) {
    // What it looks like when nothing was changed: the notes are compared, not copied.
    auto plain = e.what;
    plain.notes.clear();
    auto page = occurrences_between(plain, from, w.to, left);
    if (page.more) return too_busy();
    left -= page.items.size();
    for (auto& o : page.items) {
      schedule_item i{&e, std::move(o)};
      if (!w.after || place_of(i) > *w.after) items.push_back(std::move(i));
    }
  }
  const auto by_place = [](const schedule_item& x, const schedule_item& y) {
    return place_of(x) < place_of(y);
  };
  std::sort(items.begin(), items.end(), by_place);
  return items;
}

/// Whether a changed occurrence still takes place where the rule puts it, for as long.
bool keeps_time(const appointment& series, const occurrence& o) {
  const auto length = [](const appointment& a) { return instant_of(a.end) - instant_of(a.start); };
  return o.what.start == time_of_slot(series, o.at) && length(o.what) == length(series);
}

/// The field groups in which an occurrence differs from its series.
json::array differences(const schedule_entry& e, const occurrence& o) {
  field_set differs;
  if (o.changed) {
    auto like_series = o.what;
    like_series.title = e.what.title;
    like_series.notes = e.what.notes;
    like_series.location = e.what.location;
    like_series.is_private = e.what.is_private;
    differs = difference(like_series, o.what);
    if (!keeps_time(e.what, o)) differs.add(field_group::time);
  }
  const bool own_status = std::any_of(e.occurrences.begin(), e.occurrences.end(),
                                      [&](const occurrence_status& s) { return s.at == o.at; });
  if (own_status || o.what.is_tentative != e.what.is_tentative) differs.add(field_group::status);
  json::array out;
  for (const auto name : names_of(differs)) out.emplace_back(json::string_view(name.data(), name.size()));
  return out;
}

json::object item_json(const schedule_item& i) {
  const auto& e = *i.entry;
  const auto& at = i.what.what;
  const bool all_day = is_all_day(at.start);
  json::array assigned;
  for (const auto& u : e.assigned) assigned.emplace_back(u.str());
  json::value slot;
  json::array differs;
  auto status = e.status;
  if (e.what.repeats) {
    slot = json::string(write_slot(i.what.at, is_all_day(e.what.start)));
    differs = differences(e, i.what);
    status = actors::status_of(e, i.what.at, at);
  }
  const auto word = name_of(status);
  return {
      {"id", e.id.str()},
      {"version", e.version},
      {"title", at.title},
      {"location", at.location},
      {"start", to_json(at.start)},
      {"end", to_json(at.end)},
      {"all_day", all_day},
      {"time_zone", all_day ? json::value(nullptr) : json::value(std::get<zoned_time>(at.start).time_zone)},
      {"status", json::string_view(word.data(), word.size())},
      {"is_private", at.is_private},
      {"work_item",
       {{"type", e.work.type}, {"id", e.work.id ? json::value(*e.work.id) : json::value(nullptr)}}},
      {"assigned_user_ids", std::move(assigned)},
      {"series", e.what.repeats.has_value()},
      {"recurrence_id", std::move(slot)},
      {"differs", std::move(differs)},
      {"origin_provider_id", text_or_null(e.origin.str())}};
}

json::object to_json(const persistence::standing_line& l) {
  const auto state = persistence::name_of(l.state);
  return {{"provider_id", l.provider.str()},
          {"state", json::string_view(state.data(), state.size())},
          {"reason", text_or_null(l.reason)},
          {"conflict_id", text_or_null(l.conflict_id)}};
}

/// Adds "sync" to items that bear the id of their entry.
result<void> add_standings(persistence::transaction& tx, json::array& items, const user_id& person) {
  std::vector<entry_id> entries;
  for (const auto& i : items) entries.emplace_back(std::string(i.at("id").as_string()));
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  const auto found = persistence::list_standings(tx, entries);
  if (!found) return tl::unexpected(found.error());
  const auto own = persistence::own_providers(tx, person);
  if (!own) return tl::unexpected(own.error());
  for (auto& i : items) {
    json::array lines;
    const auto of_entry = found->find(entry_id(std::string(i.at("id").as_string())));
    if (of_entry != found->end())
      for (const auto& l : of_entry->second)
        if (person.empty() || own->contains(l.provider.str())) lines.emplace_back(to_json(l));
    i.as_object()["sync"] = std::move(lines);
  }
  return {};
}

result<net::http_response> page_answer(persistence::transaction& tx, json::array items, json::value next,
                                       bool with_sync, const user_id& person) {
  if (with_sync)
    if (auto added = add_standings(tx, items, person); !added) return tl::unexpected(added.error());
  return json_answer(200, json::object{{"items", std::move(items)}, {"next_cursor", std::move(next)}});
}

result<net::http_response> occurrences_of_range(persistence::transaction& tx, const wanted_range& w) {
  persistence::range_filter filter{w.assigned_to, w.from, w.to, {}};
  if (w.after) filter.after = {w.after->start, w.after->entry};
  const auto found = persistence::list_range(tx, filter, w.limit + 1);
  if (!found) return tl::unexpected(found.error());
  auto items = items_after(*found, w);
  if (!items) return tl::unexpected(items.error());
  json::value next;
  if (items->size() > w.limit) {
    items->resize(w.limit);
    next = json::string(write_place(place_of(items->back())));
  }
  json::array shown;
  shown.reserve(items->size());
  for (const auto& i : *items) shown.emplace_back(item_json(i));
  return page_answer(tx, std::move(shown), std::move(next), w.with_sync, w.person);
}

result<net::http_response> entries_as_kept(persistence::transaction& tx, const schedule_query& q) {
  const auto page = persistence::list_entries(tx, q.filter, q.cursor, q.limit);
  if (!page) return tl::unexpected(page.error());
  auto listed = list_json(*page);
  return page_answer(tx, std::move(listed["items"].as_array()), std::move(listed["next_cursor"]), q.with_sync,
                     q.person);
}

} // namespace

void list_entries(const call_ptr& c) {
  const auto q = read_query(*c);
  if (!q) return c->fail(q.error());
  if (!q->expand)
    return answer_from(c, [q = *q](persistence::transaction& tx) { return entries_as_kept(tx, q); });
  const auto w = read_range(*q);
  if (!w) return c->fail(w.error());
  answer_from(c, [w = *w](persistence::transaction& tx) { return occurrences_of_range(tx, w); });
}

} // namespace kalends::api
