// SPDX-License-Identifier: Apache-2.0
#include "net/google_event.hpp"

#include "net/google_recurrence.hpp"
#include "net/json_reading.hpp"
#include "net/reaction.hpp"
#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"
#include "schema/text.hpp"

namespace kalends::net {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

tl::unexpected<error> unreadable(std::string_view detail) {
  return failure(errc::broken, std::string(vendor_answer_unreadable), std::string(detail));
}

/// `start` or `end` as it stands there.
struct google_time {
  std::string_view date;
  std::string_view date_time;
  std::string_view zone;

  bool lacks_zone() const { return !date_time.empty() && zone.empty(); }
};

google_time times_of(const element& e) {
  google_time out;
  const auto members = object_of(e);
  if (!members) return out;
  for (const auto field : *members) {
    if (field.key == "date") out.date = text_of(field.value);
    if (field.key == "dateTime") out.date_time = text_of(field.value);
    if (field.key == "timeZone") out.zone = text_of(field.value);
  }
  return out;
}

result<calendar_time> read_time(const google_time& t, std::string_view calendar_zone) {
  if (t.date.empty() == t.date_time.empty())
    return failure(errc::invalid, "malformed_date_time", "Neither a date nor a time, or both.");
  if (!t.date.empty()) return read_date(t.date).map([](calendar_date d) { return calendar_time(d); });
  return read_zoned_time(t.date_time, t.zone.empty() ? calendar_zone : t.zone).map([](zoned_time z) {
    return calendar_time(std::move(z));
  });
}

entry_id tag_of(const element& extended_properties) {
  const auto kinds = object_of(extended_properties);
  const auto own = kinds ? member(*kinds, "private") : std::nullopt;
  const auto names = own ? object_of(*own) : std::nullopt;
  return names ? read_tag(text_member(*names, tag_name)) : entry_id();
}

/// What the reading pass collects before it knows whether the event is worth more work.
struct found_fields {
  google_time start;
  google_time end;
  google_time original_start;
  std::string_view title;
  std::string_view notes;
  std::string_view location;
  std::vector<std::string_view> recurrence;
  std::optional<simdjson::dom::array> attendees;
  bool some_attendees_missing = false;
  bool organized_by_others = false;
  bool guests_can_modify = false;
};

void collect_recurrence(const element& value, found_fields& found) {
  const auto lines = array_of(value);
  if (!lines) return;
  for (const auto line : *lines) found.recurrence.push_back(text_of(line));
}

/// What says how the event is kept, not what it is about.
bool collect_state(std::string_view key, const element& value, calendar_event& event, found_fields& found) {
  if (key == "id")
    event.id = event_id(usable_or_empty(text_of(value)));
  else if (key == "etag")
    event.version = usable_or_empty(text_of(value));
  else if (key == "status") {
    event.removed = text_of(value) == "cancelled";
    event.what.is_tentative = text_of(value) == "tentative";
  } else if (key == "iCalUID")
    event.ical_uid = usable_or_empty(text_of(value));
  else if (key == "updated")
    event.updated_at = read_utc(text_of(value));
  else if (key == "extendedProperties")
    event.tag = tag_of(value);
  else if (key == "recurringEventId")
    event.series = event_id(usable_or_empty(text_of(value)));
  else if (key == "attendees")
    found.attendees = array_of(value);
  else if (key == "attendeesOmitted")
    found.some_attendees_missing = flag_of(value);
  else if (key == "guestsCanModify")
    found.guests_can_modify = flag_of(value);
  else if (key == "organizer") {
    const auto organizer = object_of(value);
    const auto self = organizer ? member(*organizer, "self") : std::nullopt;
    found.organized_by_others = organizer && organizer->size() > 0 && !(self && flag_of(*self));
  } else
    return false;
  return true;
}

found_fields collect(const object& item, calendar_event& event) {
  found_fields found;
  for (const auto field : item) {
    const auto key = field.key;
    const auto& value = field.value;
    if (collect_state(key, value, event, found)) continue;
    if (key == "summary")
      found.title = text_of(value);
    else if (key == "description")
      found.notes = text_of(value);
    else if (key == "location")
      found.location = text_of(value);
    else if (key == "start")
      found.start = times_of(value);
    else if (key == "end")
      found.end = times_of(value);
    else if (key == "originalStartTime")
      found.original_start = times_of(value);
    else if (key == "visibility")
      event.what.is_private = text_of(value) == "private" || text_of(value) == "confidential";
    else if (key == "recurrence")
      collect_recurrence(value, found);
  }
  return found;
}

attendee_response response_of(std::string_view text) {
  return read_name<attendee_response>(text == "needsAction" ? "needs_action" : text)
      .value_or(attendee_response::needs_action);
}

/// Guests, and what the calendar's person is among them.
void read_people(const found_fields& found, calendar_event& event) {
  event.guest_copy = found.organized_by_others && !found.guests_can_modify;
  if (found.some_attendees_missing) event.unreadable = "too_many_attendees";
  if (!found.attendees) return;
  std::vector<attendee> guests;
  for (const auto entry : *found.attendees) {
    const auto person = object_of(entry);
    if (!person) continue;
    attendee a;
    bool self = false;
    for (const auto field : *person) {
      if (field.key == "email") a.email = text_of(field.value);
      if (field.key == "displayName")
        a.name = clean_text(text_of(field.value).substr(0, limits::title_bytes));
      if (field.key == "responseStatus") a.response = response_of(text_of(field.value));
      if (field.key == "optional") a.is_optional = flag_of(field.value);
      if (field.key == "organizer") a.is_organizer = flag_of(field.value);
      if (field.key == "self") self = flag_of(field.value);
    }
    if (self && !a.is_organizer) event.own_response = a.response;
    guests.push_back(std::move(a));
  }
  set_attendees(event, std::move(guests));
}

void read_values(const found_fields& found, std::string_view calendar_zone, calendar_event& event) {
  event.what.title = clean_text(found.title);
  event.what.notes = clean_text(found.notes);
  event.what.location = clean_text(found.location);
  event.marked = bears_mark(event.what.title) || bears_mark(event.what.notes);
  read_people(found, event);
  set_times(event, read_time(found.start, calendar_zone), read_time(found.end, calendar_zone));
  check_texts(event);
}

/// The slot that an exception is about, on the clock of its series; nothing if it is of another kind than the
/// series is now.
std::optional<recurrence_id> slot_in(const calendar_time& series, const google_time& original) {
  const auto told = read_time(original, "UTC");
  if (!told || is_all_day(*told) != is_all_day(series)) return std::nullopt;
  if (is_all_day(series)) return slot_of(*told);
  const auto here = at_zone(instant_of(*told), std::get<zoned_time>(series).time_zone);
  return here ? std::optional(here->local) : std::nullopt;
}

} // namespace

calendar_event read_google_row(const object& item, std::string_view calendar_zone) {
  calendar_event event;
  const auto found = collect(item, event);
  if (!event.series.empty()) { // a cancelled occurrence is no removed event
    event.removed = false;
    return event;
  }
  if (event.removed) return event;
  if (!found.recurrence.empty()) {
    event.series = event.id;
    return event;
  }
  read_values(found, calendar_zone, event);
  return event;
}

result<google_event> read_google_event(const std::string& body, std::string_view calendar_zone) {
  const json_document document(body);
  if (!document.object()) return unreadable("The event is no JSON object.");
  google_event out;
  auto& event = out.event;
  const auto found = collect(*document.object(), event);
  if (event.id.empty()) return unreadable("The event has no usable id.");
  std::swap(out.series, event.series);
  if (event.removed) return out;
  out.zone_missing = found.start.lacks_zone() || found.end.lacks_zone();
  read_values(found, calendar_zone, event);
  if (found.recurrence.empty() || !out.series.empty()) return out;
  event.what.repeats.emplace();
  if (event.unreadable) return out;
  auto lines = read_recurrence_lines(found.recurrence, event.what.start);
  if (lines)
    event.what.repeats = std::move(*lines);
  else
    event.unreadable = lines.error().code;
  return out;
}

result<google_exceptions> read_google_exceptions(const std::string& body, const calendar_event& series) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of exceptions is no JSON object.");
  google_exceptions out;
  out.next_page = usable_or_empty(text_member(*document.object(), "nextPageToken"), cursor_limit);
  const auto list = member(*document.object(), "items");
  const auto items = list ? array_of(*list) : std::nullopt;
  if (list && !items) return unreadable("The list of exceptions holds no array \"items\".");
  if (!items) return out;
  const bool timed = !is_all_day(series.what.start);
  const auto zone = timed ? std::get<zoned_time>(series.what.start).time_zone : std::string();
  for (const auto entry : *items) {
    const auto item = object_of(entry);
    if (!item || text_member(*item, "recurringEventId") != series.id.str()) continue;
    calendar_event event;
    const auto found = collect(*item, event);
    out.versions.push_back(event.id.str() + " " + event.version);
    const auto at = slot_in(series.what.start, found.original_start);
    if (!at) continue;
    if (event.removed) {
      out.cancelled.push_back(*at);
      continue;
    }
    read_values(found, zone, event);
    if (event.unreadable) out.unreadable = event.unreadable;
    event.what.attendees.clear();
    out.changed.push_back({*at, std::move(event.what)});
  }
  return out;
}

void complete_google_series(calendar_event& series, google_exceptions exceptions) {
  series.version = version_of_series(series.version, std::move(exceptions.versions));
  if (!series.unreadable) series.unreadable = std::move(exceptions.unreadable);
  if (series.unreadable) return;
  auto& cancelled = series.what.repeats->exdates;
  cancelled.insert(cancelled.end(), exceptions.cancelled.begin(), exceptions.cancelled.end());
  finish_series(series, std::move(exceptions.changed));
}

} // namespace kalends::net
