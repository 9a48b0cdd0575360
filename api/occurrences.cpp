// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/occurrence_query.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>
#include <charconv>
#include <compare>

namespace kalends::api {
namespace json = boost::json;
namespace {

using actors::edit_scope;

tl::unexpected<error> malformed_occurrence() {
  return failure(errc::invalid, "malformed_occurrence",
                 "An occurrence is named by its recurrence_id: 2026-12-08T09:00:00, or 2026-12-08 if the "
                 "series is all-day; a time with an offset will do, too.",
                 "occurrence");
}

/// The slot of an instant: the wall clock in the zone in which the series repeats.
result<recurrence_id> slot_in(const appointment& a, const zoned_time& given) {
  const auto* start = std::get_if<zoned_time>(&a.start);
  if (start == nullptr) return std::chrono::floor<std::chrono::days>(given.local);
  const auto there = at_zone(given.utc, start->time_zone);
  if (!there) return malformed_occurrence();
  return there->local;
}

/// Where a page of occurrences ended: by start, then by slot.
struct place_in_series {
  std::int64_t start = 0;
  std::int64_t slot = 0;
  friend auto operator<=>(const place_in_series&, const place_in_series&) = default;
};

place_in_series place_of(const occurrence& o) {
  return {instant_of(o.what.start).time_since_epoch().count(), o.at.time_since_epoch().count()};
}

std::string write_place(const place_in_series& p) {
  return std::to_string(p.start) + "." + std::to_string(p.slot);
}

result<std::optional<place_in_series>> read_place(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  place_in_series p;
  const char* const end = cursor.data() + cursor.size();
  const auto first = std::from_chars(cursor.data(), end, p.start);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '.') {
    const auto second = std::from_chars(first.ptr + 1, end, p.slot);
    if (second.ec == std::errc() && second.ptr == end) return p;
  }
  return failure(errc::invalid, "malformed_cursor", "This cursor was not made by this list.", "cursor");
}

struct wanted_occurrences {
  std::chrono::sys_seconds from = std::chrono::sys_days(std::chrono::year(earliest_year - 1) / 1 / 1);
  std::chrono::sys_seconds to = std::chrono::sys_days(std::chrono::year(latest_year + 1) / 1 / 1);
  std::optional<place_in_series> after;
  std::size_t limit = list_default;
};

/// Up to `limit` occurrences after the place where the last page ended, and one more if there is one. What
/// overlaps that place is met again and left out, however much of it there is.
std::vector<occurrence> page_after(const appointment& a, const wanted_occurrences& w) {
  auto from = w.from;
  if (w.after) from = std::max(from, std::chrono::sys_seconds(std::chrono::seconds(w.after->start)));
  for (auto most = w.limit + 1;; most *= 4) {
    auto page = occurrences_between(a, from, w.to, std::min(most, limits::occurrences));
    std::sort(page.items.begin(), page.items.end(),
              [](const occurrence& x, const occurrence& y) { return place_of(x) < place_of(y); });
    if (w.after) std::erase_if(page.items, [&](const occurrence& o) { return place_of(o) <= *w.after; });
    if (page.items.size() > w.limit || !page.more || most >= limits::occurrences) return page.items;
  }
}

net::http_response occurrences_answer(const schedule_entry& e, const wanted_occurrences& w) {
  auto found = page_after(e.what, w);
  json::value next;
  if (found.size() > w.limit) {
    found.resize(w.limit);
    const auto place = write_place(place_of(found.back()));
    next = json::string(place);
  }
  json::array items;
  for (const auto& o : found) items.emplace_back(occurrence_json(e, o));
  return json_answer(200, json::object{{"items", std::move(items)}, {"next_cursor", std::move(next)}});
}

} // namespace

result<occurrence_query> read_occurrence_query(const call& c) {
  query_reader query(c.request.query);
  const auto scope = query.text("scope", 16);
  occurrence_query out;
  out.occurrence = query.text("occurrence", 64).value_or("");
  if (scope == "single")
    out.scope = edit_scope::single;
  else if (scope == "future")
    out.scope = edit_scope::future;
  else if (scope && scope != "all")
    query.refuse("unknown_value", "A scope is single, future or all.", "scope");
  if (out.scope != edit_scope::all && out.occurrence.empty())
    query.refuse("scope_needs_occurrence",
                 "Say which one: &occurrence= and a recurrence_id, as GET …/occurrences lists them.",
                 "occurrence");
  if (out.scope == edit_scope::all && !out.occurrence.empty())
    query.refuse("occurrence_without_scope", "Say what is meant: scope=single, or scope=future.", "scope");
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  return out;
}

void with_occurrence(const call_ptr& c, const entry_id& id, const occurrence_query& which,
                     actors::entry_edit edit, std::function<void(actors::entry_edit)> then) {
  edit.scope = which.scope;
  if (which.scope == edit_scope::all) return then(std::move(edit));
  if (const auto slot = read_slot(which.occurrence)) {
    edit.occurrence = *slot;
    return then(std::move(edit));
  }
  const auto given = read_zoned_time(which.occurrence, "");
  if (!given) return c->fail(malformed_occurrence().value());
  ask<recurrence_id>(
      c, c->who.tenant,
      [id, given = *given](persistence::transaction& tx) -> result<recurrence_id> {
        const auto found = present(persistence::find_entry(tx, id), "entry_not_found");
        if (!found) return tl::unexpected(found.error());
        return slot_in(found->what, given);
      },
      [edit = std::move(edit), then = std::move(then)](recurrence_id slot) mutable {
        edit.occurrence = slot;
        then(std::move(edit));
      });
}

void list_occurrences(const call_ptr& c) {
  const auto id = path_id<entry_id>(*c, 0, "entry_not_found");
  if (!id) return c->fail(id.error());
  query_reader query(c->request.query);
  wanted_occurrences wanted;
  if (const auto from = query.time("from")) wanted.from = std::chrono::floor<std::chrono::seconds>(*from);
  if (const auto to = query.time("to")) wanted.to = std::chrono::ceil<std::chrono::seconds>(*to);
  const auto after = read_place(query.cursor());
  wanted.limit = query.limit();
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  if (!after) return c->fail(after.error());
  wanted.after = *after;
  answer_from(c, [id = *id, wanted](persistence::transaction& tx) -> result<net::http_response> {
    const auto found = present(persistence::find_entry(tx, id), "entry_not_found");
    if (!found) return tl::unexpected(found.error());
    return occurrences_answer(*found, wanted);
  });
}

} // namespace kalends::api
