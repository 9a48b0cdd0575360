// SPDX-License-Identifier: Apache-2.0
#include "tests/support/model_vendor.hpp"

#include "tests/support/series_model.hpp"

namespace kalends::testing {

namespace {

tl::unexpected<error> gone() { return failure(errc::not_found, "event_gone", "There is no such event."); }
tl::unexpected<error> moved() {
  return failure(errc::conflict, "precondition_failed", "The event moved on.");
}

} // namespace

calendar_event model_vendor::put(calendar_event e, instant now) {
  moved_[e.id] = ++serial_;
  e.what = as_read(std::move(e.what));
  e.version = "v" + std::to_string(serial_);
  if (e.what.repeats) e.version += "#" + std::to_string(serial_);
  e.updated_at = now;
  events.insert_or_assign(e.id, e);
  return e;
}

/// The master stays as it is.
calendar_event model_vendor::put_occurrences(calendar_event e, instant now) {
  const auto guard = guard_of(e.version);
  e = put(std::move(e), now);
  e.version = guard + "#" + std::to_string(serial_);
  events.insert_or_assign(e.id, e);
  return e;
}

void model_vendor::remove(const event_id& id, instant now) {
  auto e = events.at(id);
  e.removed = true;
  put(std::move(e), now);
}

std::vector<calendar_event> model_vendor::standing() const {
  std::vector<calendar_event> all;
  for (const auto& [id, e] : events)
    if (!e.removed) all.push_back(e);
  return all;
}

/// Pages of up to three events in the order of their last change. A cursor is the serial up to which one has
/// seen; a full read's is that of its beginning, so that what goes while it pages is told next time. A page
/// is
/// "<serial of its last event>/<serial at the beginning>".
result<change_page> model_vendor::list(const net::list_request& what) {
  if (!what.cursor.empty() && what.page.empty() && trouble != 0 && roll(40))
    return failure(errc::resync, "cursor_void", "The cursor is void.");
  const bool full = what.cursor.empty();
  const auto& from = what.page.empty() ? what.cursor : what.page;
  const int seen = from.empty() ? 0 : std::stoi(from);
  const int began = what.page.empty() ? serial_ : std::stoi(what.page.substr(what.page.find('/') + 1));
  std::map<int, calendar_event> news;
  for (const auto& [id, e] : events)
    if (moved_.at(id) > seen && !(e.removed && full)) news.emplace(moved_.at(id), e);
  change_page page;
  int last = seen;
  for (const auto& [at, e] : news) {
    if (page.events.size() == 3) {
      page.next_page = std::to_string(last) + "/" + std::to_string(began);
      return page;
    }
    last = at;
    auto shown = e;
    if (e.removed) {
      shown = calendar_event{};
      shown.id = e.id;
      shown.removed = true;
    } else if (e.what.repeats) {
      shown = calendar_event{};
      shown.id = shown.series = e.id;
      shown.updated_at = e.updated_at;
    }
    page.events.push_back(std::move(shown));
  }
  page.next_cursor = std::to_string(full ? began : serial_);
  return page;
}

result<calendar_event> model_vendor::get(const event_id& id) const {
  auto at = events.find(id);
  if (at == events.end() || at->second.removed) return gone();
  return at->second;
}

result<calendar_event> model_vendor::insert(const net::new_event& what, instant now) {
  calendar_event e;
  e.id = type_ == provider_type::google ? what.event : event_id("graph-" + what.transaction_id);
  e.transaction_id = what.transaction_id;
  e.tag = what.tag;
  e.what = as_inserted(what, type_);
  auto at = events.find(e.id);
  if (at != events.end() && !at->second.removed) {
    auto standing = at->second;
    standing.stood_already = true;
    standing.version = guard_of(standing.version);
    standing.what = master_alone(std::move(standing.what));
    return standing;
  }
  if (at != events.end() && type_ == provider_type::microsoft)
    return failure(errc::duplicate, "transaction_id_used", "The transaction id made a deleted event.");
  return put(std::move(e), now);
}

result<calendar_event> model_vendor::update(const net::event_update& what, instant now) {
  auto known = get(what.event);
  if (!known) return known;
  if (guard_of(known->version) != guard_of(what.version)) return moved();
  known->what = as_updated(known->what, what, type_);
  auto written = put(std::move(*known), now);
  written.version = guard_of(written.version);
  written.what = master_alone(std::move(written.what));
  return written;
}

result<bool> model_vendor::write_occurrence(const net::occurrence_write& what, instant now) {
  auto known = get(what.series);
  if (!known) return tl::unexpected(known.error());
  auto written = write_slot(known->what, what, type_);
  if (written && *written) put_occurrences(std::move(*known), now);
  return written;
}

result<bool> model_vendor::erase(const event_deletion& what, instant now) {
  auto known = get(what.event);
  if (!known) return false;
  if (guard_of(known->version) != guard_of(what.version)) return moved();
  remove(what.event, now);
  return true;
}

template <class T>
void model_vendor::tell(const held_calendar::call_ptr& c, result<T> outcome) {
  if (roll(trouble)) outcome = failure(errc::retry_later, "timeout", "The answer was lost.");
  held_calendar::answer_call<T>(c, std::move(outcome));
}

void model_vendor::serve(const held_calendar::call_ptr& c, instant now) {
  if (roll(trouble)) return c->refuse(error{errc::retry_later, "unavailable", "Not now.", "", {}});
  if (c->verb == "list_changes") return tell(c, list(c->as<net::list_request>()));
  if (c->verb == "get_event") return tell(c, get(c->as<event_id>()));
  if (c->verb == "insert_event") return tell(c, insert(c->as<net::new_event>(), now));
  if (c->verb == "update_event") return tell(c, update(c->as<net::event_update>(), now));
  if (c->verb == "delete_event") return tell(c, erase(c->as<event_deletion>(), now));
  if (c->verb == "write_occurrence") return tell(c, write_occurrence(c->as<net::occurrence_write>(), now));
  throw std::logic_error("the model does not serve " + c->verb);
}

} // namespace kalends::testing
