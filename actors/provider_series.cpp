// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_reconcile.hpp"
#include "actors/provider.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

/// Of one reading. A calendar that has more of them cannot be read.
constexpr std::size_t most_series = 20'000;
/// Rows of a series that are remembered: they are asked for when the series itself is out of reach.
constexpr std::size_t most_rows_of_a_series = 20;
constexpr std::size_t most_rows = 20'000; ///< of all series of one reading
/// Series are handed in this many at a time.
constexpr std::size_t series_batch = 50;
/// Series that are read again because a tombstone may be of one of their occurrences; the others wait for the
/// next one, or for the full comparison.
constexpr std::size_t most_series_searched = 50;
constexpr std::size_t links_page = 500;

calendar_event gone(const event_id& id) {
  calendar_event e;
  e.id = id;
  e.removed = true;
  return e;
}

/// Asking again would bring the same answer, and the rest of the calendar must not wait for it.
bool never_readable(const error& e) { return e.kind == errc::invalid || e.kind == errc::forbidden; }

} // namespace

/// Rows of series tell only that something may have changed there. False: there are more than can be read.
bool connected_calendar::set_series_aside(std::vector<calendar_event>& rows) {
  auto& reading = *state.reading;
  const auto single = std::stable_partition(rows.begin(), rows.end(),
                                            [](const calendar_event& e) { return e.series.empty(); });
  std::size_t kept = 0;
  for (const auto& [series, shown] : reading.series) kept += shown.size();
  for (auto row = single; row != rows.end(); ++row) {
    reading.seen.add(row->series.str());
    auto& shown = reading.series[row->series];
    if (row->id == row->series || kept >= most_rows || shown.size() >= most_rows_of_a_series) continue;
    calendar_event remembered;
    remembered.id = row->id;
    remembered.removed = row->removed;
    shown.push_back(std::move(remembered));
    ++kept;
  }
  rows.erase(single, rows.end());
  return reading.series.size() <= most_series;
}

/// A tombstone without a name (Graph) that no link knows: an occurrence may have gone. Its series does not
/// show up in the listing, so that the linked ones are compared; each time another stretch of them.
void connected_calendar::search_series(entry_id after) {
  state.reading->nameless = false;
  parts_.store.load_links(tenant_id_, id_, std::move(after), links_page,
                          ask<std::vector<mapping>>(this, [this](result<std::vector<mapping>> links) {
                            if (!links) return finish_run(links.error());
                            auto& reading = *state.reading;
                            for (const auto& m : *links) {
                              if (reading.searched >= most_series_searched) break;
                              state.series_searched_to = m.entry;
                              if (!m.linked || m.removing || !m.base_event.repeats ||
                                  !takes_place_in(m.base_event, reading.window))
                                continue;
                              if (reading.series.try_emplace(m.event).second) ++reading.searched;
                            }
                            if (reading.searched < most_series_searched) {
                              if (links->size() == links_page) return search_series(links->back().entry);
                              state.series_searched_to = {};
                            }
                            go_on_reading();
                          }));
}

/// Each series whole: the order of its rows in a listing, exceptions before their masters, occurrences that
/// went without a word do not matter.
void connected_calendar::read_series() {
  auto& reading = *state.reading;
  if (reading.series.empty() || reading.whole_series.size() >= series_batch) {
    auto events = std::exchange(reading.whole_series, {});
    std::stable_partition(events.begin(), events.end(), [](const auto& e) { return e.removed; });
    return hand_in(std::move(events), removal::confirmed, true);
  }
  const auto first = reading.series.begin();
  auto rows = std::move(first->second);
  const auto id = first->first;
  reading.series.erase(first);
  read_whole(id, [this, id, rows = std::move(rows)](const calendar_event& found) {
    auto& whole = state.reading->whole_series;
    whole.push_back(found);
    if (!found.removed) return read_series();
    read_occurrences_alone(rows);
  });
}

/// Who is a guest of single occurrences sees these, and no series.
void connected_calendar::read_occurrences_alone(std::vector<calendar_event> rows) {
  if (rows.empty()) return read_series();
  auto row = std::move(rows.back());
  rows.pop_back();
  auto& whole = state.reading->whole_series;
  if (row.removed) {
    whole.push_back(std::move(row));
    return read_occurrences_alone(std::move(rows));
  }
  read_whole(row.id, [this, rows = std::move(rows)](const calendar_event& found) {
    state.reading->whole_series.push_back(found);
    read_occurrences_alone(rows);
  });
}

/// The event as it stands, or that it is gone. One that the vendor will never show says why.
void connected_calendar::read_whole(const event_id& id, std::function<void(const calendar_event&)> then) {
  auto get = [id](net::calendar_client& vendor, net::calendar_access who,
                  net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), id, std::move(reply));
  };
  call_vendor<calendar_event>(vendor_verb::get_event, get,
                              [this, id, then = std::move(then)](result<calendar_event> found) {
                                if (found) return then(*found);
                                if (found.error().kind == errc::not_found) return then(gone(id));
                                if (!never_readable(found.error())) return finish_run(found.error());
                                calendar_event closed;
                                closed.id = closed.series = id;
                                closed.unreadable = found.error().code;
                                then(closed);
                              });
}

} // namespace kalends::actors
