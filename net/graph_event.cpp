// SPDX-License-Identifier: Apache-2.0
#include "net/graph_event.hpp"

#include "net/graph_recurrence.hpp"
#include "net/html_text.hpp"
#include "net/json_reading.hpp"
#include "net/reaction.hpp"
#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"
#include "schema/text.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace kalends::net {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using std::chrono::local_days;

constexpr std::string_view custom_zones = "tzone://Microsoft/";
constexpr std::string_view custom_utc = "tzone://Microsoft/Utc";

tl::unexpected<error> unreadable(std::string_view detail) {
  return failure(errc::broken, std::string(vendor_answer_unreadable), std::string(detail));
}

/// A dateTimeTimeZone as it stands there.
struct graph_time {
  std::string_view date_time;
  std::string_view zone;
};

graph_time time_of(const element& e) {
  graph_time out;
  const auto members = object_of(e);
  if (!members) return out;
  for (const auto field : *members) {
    if (field.key == "dateTime") out.date_time = text_of(field.value);
    if (field.key == "timeZone") out.zone = text_of(field.value);
  }
  return out;
}

/// The IANA zone of that name; nothing for a zone that only Exchange knows ("tzone://Microsoft/Custom", "").
std::optional<std::string> known_zone(std::string_view name) {
  if (name == custom_utc) return "UTC";
  if (name.empty() || name.substr(0, custom_zones.size()) == custom_zones) return std::nullopt;
  if (auto iana = iana_zone_of(name)) return iana;
  return is_iana_zone(name) ? std::optional(std::string(name)) : std::nullopt;
}

/// An all-day event floats: its dates are what stands there, whatever zone stands beside them.
result<calendar_time> read_date_of(const graph_time& t) {
  return read_date(t.date_time.substr(0, 10)).map([](calendar_date d) { return calendar_time(d); });
}

/// On the clock that the author chose; on that of UTC when nobody can tell which it was.
result<calendar_time> read_time_of(const graph_time& t, std::string_view original_zone) {
  return read_zoned_time(t.date_time, t.zone)
      .and_then([&](const zoned_time& told) {
        return at_zone(told.utc, known_zone(original_zone).value_or("UTC"));
      })
      .map([](zoned_time z) { return calendar_time(std::move(z)); });
}

struct graph_body {
  std::string_view content;
  bool is_text = true;
};

graph_body body_of(const element& e) {
  graph_body out;
  const auto members = object_of(e);
  if (!members) return out;
  for (const auto field : *members) {
    if (field.key == "content") out.content = text_of(field.value);
    if (field.key == "contentType") out.is_text = text_of(field.value) == "text";
  }
  return out;
}

entry_id tag_of(const element& properties) {
  const auto list = array_of(properties);
  if (!list) return {};
  for (const auto entry : *list)
    if (const auto property = object_of(entry);
        property && text_member(*property, "id") == graph_tag_property)
      return read_tag(text_member(*property, "value"));
  return {};
}

struct found_fields {
  graph_time start;
  graph_time end;
  std::string_view start_zone;
  std::string_view end_zone;
  std::string_view title;
  graph_body notes;
  std::string_view location;
  std::string_view change_key;
  std::string_view own_response;
  std::optional<object> recurrence;
  std::optional<simdjson::dom::array> attendees;
  std::string_view organizer;
  bool has_title = false;
  bool has_notes = false;
  bool all_day = false;
  bool draft = false;
  bool master = false;
};

std::string_view address_of(const element& recipient) {
  const auto who = object_of(recipient);
  const auto address = who ? member(*who, "emailAddress") : std::nullopt;
  const auto members = address ? object_of(*address) : std::nullopt;
  return members ? text_member(*members, "address") : std::string_view();
}

bool holds_mark(const element& categories) {
  const auto list = array_of(categories);
  if (!list) return false;
  for (const auto category : *list)
    if (lower_case(text_of(category)) == "kalends") return true;
  return false;
}

/// What says how the event is kept, not what it is about.
bool collect_state(std::string_view key, const element& value, calendar_event& event, found_fields& found) {
  if (key == "id")
    event.id = event_id(usable_or_empty(text_of(value)));
  else if (key == "@odata.etag")
    event.version = usable_or_empty(text_of(value));
  else if (key == "@removed" || key == "isCancelled")
    event.removed = event.removed || (key == "@removed" ? !value.is_null() : flag_of(value));
  else if (key == "type")
    found.master = found.master || text_of(value) == "seriesMaster";
  else if (key == "seriesMasterId")
    event.series = event_id(usable_or_empty(text_of(value)));
  else if (key == "recurrence") {
    found.recurrence = object_of(value);
    found.master = found.master || found.recurrence;
  } else if (key == "isDraft")
    found.draft = flag_of(value);
  else if (key == "iCalUId")
    event.ical_uid = usable_or_empty(text_of(value));
  else if (key == "transactionId")
    event.transaction_id = usable_or_empty(text_of(value));
  else if (key == "lastModifiedDateTime")
    event.updated_at = read_utc(text_of(value));
  else if (key == "changeKey")
    found.change_key = text_of(value);
  else if (key == "singleValueExtendedProperties")
    event.tag = tag_of(value);
  else if (key == "categories")
    event.marked = holds_mark(value);
  else if (key == "isOrganizer")
    event.guest_copy = value.is_bool() && !flag_of(value);
  else if (key == "responseStatus")
    found.own_response = object_of(value) ? text_member(*object_of(value), "response") : "";
  else if (key == "attendees")
    found.attendees = array_of(value);
  else if (key == "organizer")
    found.organizer = address_of(value);
  else
    return false;
  return true;
}

found_fields collect(const object& item, calendar_event& event) {
  found_fields found;
  for (const auto field : item) {
    const auto key = field.key;
    const auto& value = field.value;
    if (collect_state(key, value, event, found)) continue;
    if (key == "subject") {
      found.title = text_of(value);
      found.has_title = true;
    } else if (key == "body") {
      found.notes = body_of(value);
      found.has_notes = true;
    } else if (key == "location")
      found.location = object_of(value) ? text_member(*object_of(value), "displayName") : "";
    else if (key == "start")
      found.start = time_of(value);
    else if (key == "end")
      found.end = time_of(value);
    else if (key == "originalStartTimeZone")
      found.start_zone = text_of(value);
    else if (key == "originalEndTimeZone")
      found.end_zone = text_of(value);
    else if (key == "isAllDay")
      found.all_day = flag_of(value);
    else if (key == "sensitivity")
      event.what.is_private = text_of(value) == "private" || text_of(value) == "confidential";
    else if (key == "showAs")
      event.what.is_tentative = text_of(value) == "tentative";
  }
  if (event.version.empty() && is_usable(found.change_key))
    event.version = "W/\"" + std::string(found.change_key) + '"';
  return found;
}

attendee_response response_of(std::string_view text) {
  if (text == "accepted" || text == "organizer") return attendee_response::accepted;
  if (text == "tentativelyAccepted") return attendee_response::tentative;
  return text == "declined" ? attendee_response::declined : attendee_response::needs_action;
}

/// Guests, and what the calendar's person answered as one.
void read_people(const found_fields& found, calendar_event& event) {
  if (event.guest_copy && !found.own_response.empty()) event.own_response = response_of(found.own_response);
  if (!found.attendees) return;
  const auto organizer = lower_case(found.organizer);
  std::vector<attendee> guests;
  for (const auto entry : *found.attendees) {
    const auto person = object_of(entry);
    if (!person) continue;
    attendee a;
    a.email = address_of(entry);
    a.is_organizer = !organizer.empty() && lower_case(a.email) == organizer;
    a.is_optional = text_member(*person, "type") == "optional";
    if (const auto address = member(*person, "emailAddress"); address && object_of(*address))
      a.name = clean_text(text_member(*object_of(*address), "name").substr(0, limits::title_bytes));
    if (const auto status = member(*person, "status"); status && object_of(*status))
      a.response = response_of(text_member(*object_of(*status), "response"));
    if (a.is_organizer) a.response = attendee_response::accepted;
    guests.push_back(std::move(a));
  }
  set_attendees(event, std::move(guests));
}

void read_times(const found_fields& found, calendar_event& event) {
  if (found.all_day)
    set_times(event, read_date_of(found.start), read_date_of(found.end));
  else
    set_times(event, read_time_of(found.start, found.start_zone),
              read_time_of(found.end, found.end_zone.empty() ? found.start_zone : found.end_zone));
}

void read_values(const found_fields& found, calendar_event& event) {
  event.what.title = clean_text(found.title);
  event.what.location = clean_text(found.location);
  const auto notes = found.notes.is_text ? std::optional(std::string(found.notes.content))
                                         : text_of_html(found.notes.content);
  if (notes) event.what.notes = normalised_body(*notes);
  event.marked = event.marked || bears_mark(event.what.title) || bears_mark(event.what.notes);
  read_people(found, event);
  read_times(found, event);
  check_texts(event);
  if (!notes) event.unreadable = "body_too_large";
  if (found.draft) event.unreadable = "draft";
}

// ---------------------------------------------------------------- series

std::optional<local_days> day_of(std::string_view date) {
  const auto read = read_date(date);
  if (!read) return std::nullopt;
  return local_days(read->day);
}

int number_of(const element& e) {
  std::int64_t value = 0;
  if (e.get_int64().get(value) != simdjson::SUCCESS || value < 0 || value > limits::rrule_interval + 1)
    return -1;
  return static_cast<int>(value);
}

bool read_pattern(const object& pattern, graph_recurrence& out) {
  bool known = false;
  for (const auto field : pattern) {
    if (field.key == "type") {
      const auto type = read_graph_pattern(text_of(field.value));
      known = type.has_value();
      out.pattern = type.value_or(graph_pattern::daily);
    } else if (field.key == "interval")
      out.interval = number_of(field.value);
    else if (field.key == "month")
      out.month = number_of(field.value);
    else if (field.key == "dayOfMonth")
      out.day_of_month = number_of(field.value);
    else if (field.key == "firstDayOfWeek")
      out.first_day = read_weekday(text_of(field.value)).value_or(std::chrono::Sunday);
    else if (field.key == "index")
      out.index = read_index(text_of(field.value)).value_or(1);
    else if (field.key == "daysOfWeek") {
      const auto list = array_of(field.value);
      std::array<bool, 7> on{};
      if (list)
        for (const auto entry : *list)
          if (const auto day = read_weekday(text_of(entry))) on[day->iso_encoding() - 1] = true;
      for (unsigned i = 0; i < on.size(); ++i)
        if (on[i]) out.days.emplace_back(i + 1);
    }
  }
  return known;
}

bool read_range(const object& range, graph_recurrence& out) {
  std::string_view type;
  std::optional<local_days> start, end;
  int count = 0;
  for (const auto field : range) {
    if (field.key == "type") type = text_of(field.value);
    if (field.key == "startDate") start = day_of(text_of(field.value));
    if (field.key == "endDate") end = day_of(text_of(field.value));
    if (field.key == "numberOfOccurrences") count = number_of(field.value);
    if (field.key == "recurrenceTimeZone") out.time_zone = text_of(field.value);
  }
  const auto word = lower_case(type);
  if (!start) return false;
  out.start = *start;
  if (word == "enddate") out.end = end;
  if (word == "numbered") out.count = count;
  return word == "noend" || (word == "enddate" && end) || (word == "numbered" && count > 0);
}

/// The series begins on the first day that its pattern has, on the clock of the zone in which it repeats.
result<recurrence> read_rule(const graph_recurrence& r, const found_fields& found, appointment& what) {
  const auto first = first_day_of(r);
  if (!first) return tl::unexpected(first.error());
  if (is_all_day(what.start)) {
    const auto length = slot_of(what.end) - slot_of(what.start);
    const recurrence_id begin(*first);
    what.start = calendar_date{std::chrono::year_month_day(*first)};
    what.end =
        calendar_date{std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(begin + length))};
  } else {
    std::optional<std::string> zone;
    for (const auto name : {std::string_view(r.time_zone), found.start_zone, found.end_zone})
      if (!zone) zone = known_zone(name);
    if (!zone)
      return failure(errc::invalid, "unknown_time_zone", "Nobody can tell in which zone the series repeats.");
    const auto length = instant_of(what.end) - instant_of(what.start);
    const auto told = at_zone(instant_of(what.start), *zone);
    if (!told) return tl::unexpected(told.error());
    const auto clock = told->local - std::chrono::floor<std::chrono::days>(told->local);
    const auto begin = read_zoned_time(write_local({*first + clock, *zone, {}}), *zone);
    if (!begin) return tl::unexpected(begin.error());
    const auto end = at_zone(begin->utc + length, std::get<zoned_time>(what.end).time_zone);
    if (!end) return tl::unexpected(end.error());
    what.start = *begin;
    what.end = *end;
  }
  return rule_of(r, what.start).map([](const rrule& rule) {
    recurrence out;
    out.rrule = write_rrule(rule);
    return out;
  });
}

void read_series(const found_fields& found, calendar_event& event) {
  event.what.repeats.emplace();
  if (event.unreadable) return;
  graph_recurrence r;
  const auto pattern = found.recurrence ? member(*found.recurrence, "pattern") : std::nullopt;
  const auto range = found.recurrence ? member(*found.recurrence, "range") : std::nullopt;
  if (!pattern || !range || !object_of(*pattern) || !object_of(*range) ||
      !read_pattern(*object_of(*pattern), r) || !read_range(*object_of(*range), r)) {
    event.unreadable = "unreadable_recurrence";
    return;
  }
  auto rule = read_rule(r, found, event.what);
  if (rule)
    event.what.repeats = std::move(*rule);
  else
    event.unreadable = rule.error().code;
}

/// The date inside a GlobalObjectId (MS-OXOCAL 2.2.1.27): year, month and day in bytes 17 to 20; zero in a
/// master.
std::optional<local_days> day_in_uid(std::string_view hex) {
  constexpr std::size_t at = 32, count = 8;
  if (hex.size() < at + count || hex.substr(0, 8) != "04000000") return std::nullopt;
  std::uint32_t value = 0;
  const auto part = hex.substr(at, count);
  const auto [end, failed] = std::from_chars(part.data(), part.data() + count, value, 16);
  if (failed != std::errc() || end != part.data() + count) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(value >> 16)),
                                        std::chrono::month(value >> 8 & 0xFFU),
                                        std::chrono::day(value & 0xFFU)};
  if (value == 0 || !day.ok()) return std::nullopt;
  return local_days(day);
}

/// The date of "OID.{series}.2026-08-24".
std::optional<local_days> day_in_name(std::string_view occurrence) {
  const auto dot = occurrence.rfind('.');
  return dot == std::string_view::npos ? std::nullopt : day_of(occurrence.substr(dot + 1));
}

/// Where the rule puts this occurrence. Not every answer has every hint.
std::optional<local_days> original_day(const object& item, std::string_view zone) {
  if (const auto day = day_in_name(text_member(item, "occurrenceId"))) return day;
  if (const auto day = day_in_uid(text_member(item, "iCalUId"))) return day;
  const auto in_zone = [&](std::string_view date_time, std::string_view of) -> std::optional<local_days> {
    const auto told =
        read_zoned_time(date_time, of).and_then([&](const zoned_time& t) { return at_zone(t.utc, zone); });
    if (!told) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(told->local);
  };
  if (const auto original = text_member(item, "originalStart"); !original.empty())
    if (const auto day = in_zone(original, {})) return day;
  if (text_member(item, "type") == "exception") return std::nullopt;
  const auto start = member(item, "start");
  if (!start) return std::nullopt;
  const auto told = time_of(*start);
  const auto all_day = member(item, "isAllDay");
  return all_day && flag_of(*all_day) ? day_of(told.date_time.substr(0, 10))
                                      : in_zone(told.date_time, told.zone);
}

std::string zone_of(const appointment& series) {
  return is_all_day(series.start) ? "UTC" : std::get<zoned_time>(series.start).time_zone;
}

/// The slot that the series has on that day: by the clock of its start, or, where summer time leaves that
/// hour out, an hour later.
recurrence_id slot_on(const appointment& series, std::chrono::local_days day) {
  const auto first = slot_of(series.start);
  return slot_of(time_of_slot(series, day + (first - std::chrono::floor<std::chrono::days>(first))));
}

void read_exception(const object& item, const appointment& series, graph_exceptions& out) {
  calendar_event event;
  const auto found = collect(item, event);
  out.versions.push_back(event.id.str() + " " + event.version);
  const auto day = original_day(item, zone_of(series));
  if (!day) {
    out.unreadable = "unreadable_recurrence";
    return;
  }
  const auto at = slot_on(series, std::chrono::local_days(std::chrono::floor<std::chrono::days>(*day)));
  if (event.removed) return out.cancelled.push_back(at);
  if (!found.has_title || !found.has_notes) return out.incomplete.push_back(event.id);
  read_values(found, event);
  if (event.unreadable) out.unreadable = event.unreadable;
  event.what.attendees.clear();
  out.changed.push_back({at, std::move(event.what)});
}

} // namespace

calendar_event read_graph_row(const object& item) {
  calendar_event event;
  const auto found = collect(item, event);
  if (!event.series.empty()) { // a cancelled occurrence is no removed event
    event.removed = false;
    return event;
  }
  if (event.removed) return event;
  if (found.master) {
    event.series = event.id;
    return event;
  }
  read_values(found, event);
  return event;
}

result<graph_event> read_graph_event(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The event is no JSON object.");
  graph_event out;
  const auto found = collect(*document.object(), out.event);
  if (out.event.id.empty()) return unreadable("The event has no usable id.");
  std::swap(out.series, out.event.series);
  if (out.event.removed) return out;
  read_values(found, out.event);
  if (found.master && out.series.empty()) read_series(found, out.event);
  return out;
}

result<graph_exceptions> read_graph_exceptions(const std::string& body, const calendar_event& series) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of exceptions is no JSON object.");
  graph_exceptions out;
  std::optional<simdjson::dom::array> cancelled, items;
  for (const auto field : *document.object()) {
    if (field.key == "@odata.etag") out.etag = usable_or_empty(text_of(field.value));
    if (field.key == "cancelledOccurrences") cancelled = array_of(field.value);
    if (field.key == "exceptionOccurrences" || field.key == "value") items = array_of(field.value);
    if (field.key == "exceptionOccurrences@odata.nextLink" || field.key == "@odata.nextLink")
      out.next_link = usable_or_empty(text_of(field.value), cursor_limit);
  }
  if (cancelled)
    for (const auto entry : *cancelled) {
      const auto day = day_in_name(text_of(entry));
      out.versions.emplace_back(text_of(entry).substr(0, vendor_id_limit));
      if (day) out.cancelled.push_back(slot_on(series.what, *day));
    }
  if (items)
    for (const auto entry : *items)
      if (const auto item = object_of(entry)) read_exception(*item, series.what, out);
  return out;
}

result<graph_exceptions> read_graph_exception(const std::string& body, const calendar_event& series) {
  const json_document document(body);
  if (!document.object()) return unreadable("The exception is no JSON object.");
  graph_exceptions out;
  read_exception(*document.object(), series.what, out);
  return out;
}

void complete_graph_series(calendar_event& series, graph_exceptions exceptions) {
  series.version = version_of_series(series.version, std::move(exceptions.versions));
  if (!series.unreadable) series.unreadable = std::move(exceptions.unreadable);
  if (series.unreadable) return;
  series.what.repeats->exdates = std::move(exceptions.cancelled);
  finish_series(series, std::move(exceptions.changed));
}

result<graph_instances> read_graph_instances(const std::string& body, const appointment& series) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of occurrences is no JSON object.");
  graph_instances out;
  std::optional<simdjson::dom::array> items;
  for (const auto field : *document.object()) {
    if (field.key == "value" || field.key == "exceptionOccurrences") items = array_of(field.value);
    if (field.key == "@odata.nextLink" || field.key == "exceptionOccurrences@odata.nextLink")
      out.next_link = usable_or_empty(text_of(field.value), cursor_limit);
  }
  if (!items) return out;
  const auto zone = zone_of(series);
  for (const auto entry : *items) {
    const auto item = object_of(entry);
    if (!item) continue;
    const auto day = original_day(*item, zone);
    auto id = usable_or_empty(text_member(*item, "id"));
    if (day && !id.empty()) out.items.push_back({event_id(std::move(id)), *day});
  }
  return out;
}

std::string normalised_body(std::string_view text) {
  constexpr std::string_view no_break_space = "\xC2\xA0";
  auto clean = clean_text(text);
  for (auto at = clean.find(no_break_space); at != std::string::npos; at = clean.find(no_break_space, at))
    clean.replace(at, no_break_space.size(), " ");
  std::string out;
  out.reserve(clean.size());
  for (const char c : clean) {
    if (c == '\n')
      while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
    out += c;
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n' || out.back() == '\t')) out.pop_back();
  return out;
}

} // namespace kalends::net
