// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/calendar_model.hpp"

#include "schema/recurrence.hpp"
#include "tests/support/series_model.hpp"

#include <algorithm>
#include <cstdio>

namespace kalends::simulation {

namespace {

tl::unexpected<error> gone() {
  return failure(errc::not_found, "event_not_found", "There is no such event.");
}
tl::unexpected<error> moved_on() { return failure(errc::conflict, "version_changed", "The event moved on."); }

std::pair<instant, instant> span_of(const appointment& a) {
  const auto end = end_of_series(a);
  return {instant_of(a.start), end ? instant(*end) : instant_of(a.end) + std::chrono::years(100)};
}

bool overlaps(const std::pair<instant, instant>& span, const read_window& w) {
  return span.first < w.to && span.second > w.from;
}

long long millis(instant t) { return static_cast<long long>(t.time_since_epoch().count()); }

} // namespace

bool calendar_model::in_window(const appointment& a, const std::optional<read_window>& w) {
  return !w || overlaps(span_of(a), *w);
}

// ---------------------------------------------------------------- cursors and page links

std::string calendar_model::write(const place& p) const {
  const auto w = p.window.value_or(read_window{});
  char text[160];
  std::snprintf(text, sizeof text, "%llu.%llu.%llu.%llu.%d.%lld.%lld",
                static_cast<unsigned long long>(p.from), static_cast<unsigned long long>(p.generation),
                static_cast<unsigned long long>(p.last), static_cast<unsigned long long>(p.began),
                p.full ? 1 : 0, millis(w.from), millis(w.to));
  return text;
}

std::optional<calendar_model::place> calendar_model::read(const std::string& text) {
  unsigned long long from = 0, generation = 0, last = 0, began = 0;
  int full = 0;
  long long window_from = 0, window_to = 0;
  if (std::sscanf(text.c_str(), "%llu.%llu.%llu.%llu.%d.%lld.%lld", &from, &generation, &last, &began, &full,
                  &window_from, &window_to) != 7)
    return std::nullopt;
  place p{generation, from, last, began, full != 0, {}};
  if (window_to != 0)
    p.window = read_window{instant(std::chrono::milliseconds(window_from)),
                           instant(std::chrono::milliseconds(window_to))};
  return p;
}

std::uint64_t calendar_model::serial_of(const std::string& cursor) {
  const auto p = read(cursor);
  return p ? p->from : 0;
}

// ---------------------------------------------------------------- people

model_event& calendar_model::put(calendar_event e, instant now) {
  ++serial_;
  e.what = testing::as_read(std::move(e.what));
  e.version = prefix_ + "-etag-" + std::to_string(serial_);
  if (e.what.repeats) e.version += "#" + std::to_string(serial_);
  return keep(std::move(e), now);
}

model_event& calendar_model::put_occurrences(calendar_event e, instant now) {
  ++serial_;
  e.what = testing::as_read(std::move(e.what));
  e.version = testing::guard_of(e.version) + "#" + std::to_string(serial_);
  return keep(std::move(e), now);
}

model_event& calendar_model::keep(calendar_event e, instant now) {
  auto& kept = events[e.id];
  kept.serial = serial_;
  e.updated_at = now;
  e.stood_already = false;
  kept.versions[e.version] = e.what;
  kept.now = std::move(e);
  kept.history.push_back({serial_, {}});
  if (!kept.now.removed) kept.history.back().span = span_of(kept.now.what);
  return kept;
}

void calendar_model::remove(const event_id& id, instant now) {
  auto e = events.at(id).now;
  e.removed = true;
  put(std::move(e), now);
}

std::vector<event_id> calendar_model::standing() const {
  std::vector<event_id> all;
  for (const auto& [id, e] : events)
    if (!e.now.removed) all.push_back(id);
  return all;
}

// ---------------------------------------------------------------- the API

/// Google tells every deletion since the cursor. Graph tells what left the window, by deletion or by moving,
/// if it was in there when the cursor was made, and never shows our tag.
std::optional<calendar_event> calendar_model::shown(const model_event& e, const place& p) const {
  auto tombstone = [&] {
    calendar_event t;
    t.id = e.now.id;
    t.removed = true;
    return t;
  };
  const bool here = !e.now.removed && (!p.window || overlaps(span_of(e.now.what), *p.window));
  if (here) {
    auto event = e.now;
    if (type_ == provider_type::microsoft) event.tag = entry_id{};
    if (!event.what.repeats) return event;
    const bool all_silent =
        !p.full && std::all_of(e.history.begin(), e.history.end(),
                               [&](const model_event::state& s) { return s.serial <= p.from || s.silent; });
    if (all_silent) {
      auto nameless = tombstone();
      nameless.id = event_id(e.now.id.str() + "-occurrence-" + std::to_string(e.serial));
      return nameless;
    }
    calendar_event row; // a part of a series tells only whose it is
    row.id = row.series = event.id;
    row.updated_at = event.updated_at;
    return row;
  }
  if (p.full) return std::nullopt;
  if (!p.window) return tombstone();
  bool was_here = false;
  for (const auto& s : e.history) {
    const bool then = s.span && overlaps(*s.span, *p.window);
    was_here = s.serial <= p.from ? then : was_here || then;
  }
  return was_here ? std::optional(tombstone()) : std::nullopt;
}

/// Pages in the order of the last change. A full read's cursor is that of its beginning, so that what changes
/// while it pages is told next time.
result<change_page> calendar_model::list(const net::list_request& what, std::size_t page_size) {
  place p;
  if (const auto& text = what.page.empty() ? what.cursor : what.page; !text.empty()) {
    auto known = read(text);
    if (!known || known->generation != generation_)
      return failure(errc::resync, "cursor_expired", "The cursor is void.");
    p = *known;
    if (what.page.empty()) p.last = p.from;
  } else {
    p.generation = generation_;
    p.full = true;
    if (type_ == provider_type::microsoft) p.window = what.window;
  }
  if (what.page.empty()) p.began = serial_;
  std::map<std::uint64_t, const model_event*> news;
  for (const auto& [id, e] : events)
    if (e.serial > p.last) news.emplace(e.serial, &e);
  change_page page;
  page.calendar_zone = "Europe/Berlin";
  for (const auto& [at, e] : news) {
    auto event = shown(*e, p);
    if (!event) continue;
    if (page.events.size() == page_size) {
      page.next_page = write(p);
      return page;
    }
    p.last = at;
    page.events.push_back(std::move(*event));
  }
  place next{generation_, p.full ? p.began : serial_, 0, 0, false, p.window};
  page.next_cursor = write(next);
  return page;
}

result<calendar_event> calendar_model::get(const event_id& id) const {
  auto at = events.find(id);
  if (at == events.end()) return gone();
  const auto& e = at->second;
  if (e.now.removed && (type_ == provider_type::microsoft || e.purged)) return gone();
  return e.now;
}

result<calendar_event> calendar_model::insert(const net::new_event& what, instant now) {
  calendar_event e;
  e.id = type_ == provider_type::google ? what.event : event_id("graph-" + what.transaction_id);
  e.transaction_id = what.transaction_id;
  e.tag = what.tag;
  e.what = testing::as_inserted(what, type_);
  auto at = events.find(e.id);
  if (at != events.end() && !at->second.now.removed) {
    if (at->second.now.tag != what.tag)
      return failure(errc::duplicate, "event_id_taken", "Another event has this id.");
    auto standing = at->second.now;
    standing.stood_already = true;
    standing.version = testing::guard_of(standing.version);
    standing.what = testing::master_alone(std::move(standing.what));
    return standing;
  }
  if (at != events.end() && (type_ == provider_type::microsoft || at->second.purged))
    return failure(errc::duplicate, "transaction_id_used", "The id made a deleted event.");
  auto& made = put(std::move(e), now);
  made.ours = true;
  return made.now;
}

result<calendar_event> calendar_model::update(const net::event_update& what, instant now) {
  auto at = events.find(what.event);
  if (at == events.end() || at->second.now.removed) return gone();
  if (testing::guard_of(at->second.now.version) != testing::guard_of(what.version)) return moved_on();
  auto e = at->second.now;
  e.what = testing::as_updated(e.what, what, type_);
  auto written = put(std::move(e), now).now;
  written.version = testing::guard_of(written.version);
  written.what = testing::master_alone(std::move(written.what));
  return written;
}

result<bool> calendar_model::erase(const event_id& id, const std::string& version, instant now) {
  auto at = events.find(id);
  if (at == events.end() || at->second.now.removed) return false;
  if (!version.empty() && testing::guard_of(at->second.now.version) != testing::guard_of(version))
    return moved_on();
  remove(id, now);
  return true;
}

/// The series' version moves with its exceptions, its master's does not.
result<bool> calendar_model::write_occurrence(const net::occurrence_write& what, instant now) {
  auto at = events.find(what.series);
  if (at == events.end() || at->second.now.removed) return gone();
  auto e = at->second.now;
  auto written = testing::write_slot(e.what, what, type_);
  if (written && *written) put_occurrences(std::move(e), now);
  return written;
}

} // namespace kalends::simulation
