// SPDX-License-Identifier: Apache-2.0
#include "net/graph_json.hpp"

#include "net/json_reading.hpp"
#include "net/json_writing.hpp"
#include "net/reaction.hpp"
#include "net/vendor_event.hpp"
#include "schema/text.hpp"

#include <charconv>
#include <cstdint>

namespace kalends::net {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view custom_zones = "tzone://Microsoft/";

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

/// The IANA zone that the author chose; UTC when only Exchange knows what it means
/// ("tzone://Microsoft/Custom", "").
std::string zone_named(std::string_view original) {
  if (original.empty() || original.substr(0, custom_zones.size()) == custom_zones) return "UTC";
  if (auto iana = iana_zone_of(original)) return *iana;
  return is_iana_zone(original) ? std::string(original) : "UTC";
}

/// An all-day event floats: its dates are what stands there, whatever zone stands beside them.
result<calendar_time> read_date_of(const graph_time& t) {
  return read_date(t.date_time.substr(0, 10)).map([](calendar_date d) { return calendar_time(d); });
}

result<calendar_time> read_time_of(const graph_time& t, std::string_view original_zone) {
  return read_zoned_time(t.date_time, t.zone)
      .and_then([&](const zoned_time& told) { return at_zone(told.utc, zone_named(original_zone)); })
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
  bool all_day = false;
  bool draft = false;
  bool repeats = false;
};

found_fields collect(const object& item, calendar_event& event) {
  found_fields found;
  for (const auto field : item) {
    const auto key = field.key;
    const auto& value = field.value;
    if (key == "id")
      event.id = event_id(usable_or_empty(text_of(value)));
    else if (key == "@odata.etag")
      event.version = usable_or_empty(text_of(value));
    else if (key == "@removed")
      event.removed = event.removed || !value.is_null();
    else if (key == "isCancelled")
      event.removed = event.removed || flag_of(value);
    else if (key == "type") {
      const auto type = text_of(value);
      found.repeats = found.repeats || type == "seriesMaster";
    } else if (key == "seriesMasterId")
      event.series = event_id(usable_or_empty(text_of(value)));
    else if (key == "recurrence")
      found.repeats = found.repeats || !value.is_null();
    else if (key == "subject")
      found.title = text_of(value);
    else if (key == "body")
      found.notes = body_of(value);
    else if (key == "location")
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
    else if (key == "isDraft")
      found.draft = flag_of(value);
    else if (key == "sensitivity")
      event.what.is_private = text_of(value) == "private" || text_of(value) == "confidential";
    else if (key == "showAs")
      event.what.is_tentative = text_of(value) == "tentative";
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
  }
  return found;
}

calendar_event read_event(const object& item) {
  calendar_event event;
  const auto found = collect(item, event);
  if (event.version.empty() && is_usable(found.change_key))
    event.version = "W/\"" + std::string(found.change_key) + '"';
  if (found.repeats && event.series.empty()) event.series = event.id;
  if (event.removed || !event.series.empty()) return event;
  event.what.title = clean_text(found.title);
  event.what.notes = normalised_body(found.notes.content);
  event.what.location = clean_text(found.location);
  if (found.all_day)
    set_times(event, read_date_of(found.start), read_date_of(found.end));
  else
    set_times(event, read_time_of(found.start, found.start_zone),
              read_time_of(found.end, found.end_zone.empty() ? found.start_zone : found.end_zone));
  check_texts(event);
  if (!found.notes.is_text) event.unreadable = "body_not_text";
  if (found.draft) event.unreadable = "draft";
  return event;
}

/// Outlook's name of the zone if it has one. UTC when the wall clock does not lead back to the instant: the
/// second reading of an ambiguous hour, or a zone that no table knows.
void write_time(json_writer& w, std::string_view key, const calendar_time& t, bool in_utc) {
  w.open(key);
  if (const auto* date = std::get_if<calendar_date>(&t)) {
    w.text("dateTime", write_date(*date) + "T00:00:00").text("timeZone", "UTC");
  } else {
    const auto& time = std::get<zoned_time>(t);
    const auto again = read_zoned_time(write_local(time), time.time_zone);
    if (in_utc || !again || again->utc != time.utc) {
      const zoned_time utc{std::chrono::local_seconds(time.utc.time_since_epoch()), "UTC", time.utc};
      w.text("dateTime", write_local(utc)).text("timeZone", "UTC");
    } else {
      w.text("dateTime", write_local(time));
      w.text("timeZone", windows_zone_of(time.time_zone).value_or(time.time_zone));
    }
  }
  w.close();
}

void write_fields(json_writer& w, const appointment& what, field_set which, bool in_utc) {
  if (which.has(field_group::title)) w.text("subject", what.title);
  if (which.has(field_group::notes))
    w.open("body").text("contentType", "text").text("content", what.notes).close();
  if (which.has(field_group::location)) w.open("location").text("displayName", what.location).close();
  if (which.has(field_group::time)) {
    w.flag("isAllDay", is_all_day(what.start));
    write_time(w, "start", what.start, in_utc);
    write_time(w, "end", what.end, in_utc);
  }
  if (which.has(field_group::privacy)) w.text("sensitivity", what.is_private ? "private" : "normal");
  if (which.has(field_group::status)) w.text("showAs", what.is_tentative ? "tentative" : "busy");
}

std::optional<std::chrono::local_days> day_of(std::string_view date) {
  const auto read = read_date(date);
  if (!read) return std::nullopt;
  return std::chrono::local_days(read->day);
}

/// The date inside a GlobalObjectId (MS-OXOCAL 2.2.1.27): year, month and day in bytes 16 to 19; zero in a
/// master.
std::optional<std::chrono::local_days> day_in_uid(std::string_view hex) {
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
  return std::chrono::local_days(day);
}

/// Where the rule puts this occurrence. Not every answer has every hint.
std::optional<std::chrono::local_days> original_day(const object& item, std::string_view zone) {
  const auto named = text_member(item, "occurrenceId");
  if (const auto dot = named.rfind('.'); dot != std::string_view::npos)
    if (const auto day = day_of(named.substr(dot + 1))) return day;
  if (const auto day = day_in_uid(text_member(item, "iCalUId"))) return day;
  const auto in_zone = [&](std::string_view date_time, std::string_view of) {
    return read_zoned_time(date_time, of)
        .and_then([&](const zoned_time& t) { return at_zone(t.utc, zone); })
        .map([](const zoned_time& t) { return std::chrono::floor<std::chrono::days>(t.local); });
  };
  if (const auto original = text_member(item, "originalStart"); !original.empty())
    if (const auto day = in_zone(original, {})) return *day;
  if (text_member(item, "type") == "exception") return std::nullopt;
  const auto start = member(item, "start");
  if (!start) return std::nullopt;
  const auto told = time_of(*start);
  const auto all_day = member(item, "isAllDay");
  if (all_day && flag_of(*all_day)) return day_of(told.date_time.substr(0, 10));
  const auto day = in_zone(told.date_time, told.zone);
  return day ? std::optional(*day) : std::nullopt;
}

/// The members that every list of Graph has.
struct graph_list {
  std::optional<simdjson::dom::array> items;
  std::string next_link;
  std::string delta_link;
};

graph_list read_list(const object& o) {
  graph_list out;
  for (const auto field : o) {
    if (field.key == "value") out.items = array_of(field.value);
    if (field.key == "@odata.nextLink") out.next_link = usable_or_empty(text_of(field.value), cursor_limit);
    if (field.key == "@odata.deltaLink") out.delta_link = usable_or_empty(text_of(field.value), cursor_limit);
  }
  return out;
}

} // namespace

result<change_page> read_graph_page(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of events is no JSON object.");
  auto list = read_list(*document.object());
  if (!list.items) return unreadable("The list of events holds no array \"value\".");
  change_page page;
  page.next_page = std::move(list.next_link);
  if (page.next_page.empty()) page.next_cursor = std::move(list.delta_link);
  if (page.next_page.empty() && page.next_cursor.empty())
    return failure(errc::broken, "cursor_missing", "The list of events ends without a delta link.");
  page.events.reserve(list.items->size());
  for (const auto entry : *list.items) {
    const auto item = object_of(entry);
    if (!item) continue;
    auto event = read_event(*item);
    if (!event.id.empty()) page.events.push_back(std::move(event));
  }
  return page;
}

result<calendar_event> read_graph_event(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The event is no JSON object.");
  auto event = read_event(*document.object());
  if (event.id.empty()) return unreadable("The event has no usable id.");
  return event;
}

result<graph_instances> read_graph_instances(const std::string& body, std::string_view zone) {
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
  for (const auto entry : *items) {
    const auto item = object_of(entry);
    if (!item) continue;
    const auto day = original_day(*item, zone);
    auto id = usable_or_empty(text_member(*item, "id"));
    if (day && !id.empty()) out.items.push_back({event_id(std::move(id)), *day});
  }
  return out;
}

result<bool> read_is_online_meeting(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The event is no JSON object.");
  const auto value = member(*document.object(), "isOnlineMeeting");
  return value && flag_of(*value);
}

result<graph_calendars> read_graph_calendars(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of calendars is no JSON object.");
  auto list = read_list(*document.object());
  if (!list.items) return unreadable("The list of calendars holds no array \"value\".");
  graph_calendars out;
  out.next_link = std::move(list.next_link);
  for (const auto entry : *list.items) {
    const auto item = object_of(entry);
    if (!item) continue;
    calendar_listing listing;
    for (const auto field : *item) {
      if (field.key == "id")
        listing.id = calendar_id(usable_or_empty(text_of(field.value)));
      else if (field.key == "name")
        listing.name = clean_text(text_of(field.value));
      else if (field.key == "isDefaultCalendar")
        listing.primary = flag_of(field.value);
      else if (field.key == "canEdit")
        listing.writable = flag_of(field.value);
    }
    if (!listing.id.empty()) out.items.push_back(std::move(listing));
  }
  return out;
}

result<channel> read_graph_subscription(const std::string& body, instant expected) {
  const json_document document(body);
  if (!document.object()) return unreadable("The subscription is no JSON object.");
  channel out;
  out.id = usable_or_empty(text_member(*document.object(), "id"));
  out.expires_at = read_utc(text_member(*document.object(), "expirationDateTime")).value_or(expected);
  if (out.id.empty()) return unreadable("The subscription has no id.");
  return out;
}

event_id read_existing_event(const std::string& body) {
  const json_document document(body);
  const auto outer = document.object() ? member(*document.object(), "error") : std::nullopt;
  const auto problem = outer ? object_of(*outer) : std::nullopt;
  return problem ? event_id(usable_or_empty(text_member(*problem, "@event.existingEventId"))) : event_id();
}

std::string normalised_body(std::string_view text) {
  constexpr std::string_view no_break_space = "\xC2\xA0";
  auto out = clean_text(text);
  while (!out.empty()) {
    if (out.back() == ' ' || out.back() == '\n' || out.back() == '\t' || out.back() == '\r')
      out.pop_back();
    else if (out.size() >= 2 && std::string_view(out).substr(out.size() - 2) == no_break_space)
      out.resize(out.size() - 2);
    else
      break;
  }
  return out;
}

std::string write_graph_insert(const new_event& event, bool in_utc) {
  json_writer w;
  w.text("transactionId", event.transaction_id);
  write_fields(w, event.what, field_set::all(), in_utc);
  w.open_array("singleValueExtendedProperties").open();
  w.text("id", graph_tag_property).text("value", event.tag.str());
  w.close().close_array();
  return w.finish();
}

std::string write_graph_patch(const event_update& update, bool in_utc) {
  json_writer w;
  write_fields(w, update.what, update.changed, in_utc);
  return w.finish();
}

std::string write_graph_occurrence(const occurrence_write& write, bool in_utc) {
  json_writer w;
  write_fields(w, write.what, write.changed, in_utc);
  return w.finish();
}

std::string write_graph_subscription(const channel_request& request, const calendar_id& calendar,
                                     instant expires_at) {
  json_writer w;
  w.text("changeType", "created,updated,deleted").text("notificationUrl", request.address);
  if (!request.lifecycle_address.empty()) w.text("lifecycleNotificationUrl", request.lifecycle_address);
  w.text("resource", calendar.empty() ? "/me/events" : "/me/calendars/" + calendar.str() + "/events");
  w.text("expirationDateTime", to_rfc3339(expires_at)).text("clientState", request.secret);
  w.text("latestSupportedTlsVersion", "v1_2");
  return w.finish();
}

std::string write_graph_renewal(instant expires_at) {
  json_writer w;
  return w.text("expirationDateTime", to_rfc3339(expires_at)).finish();
}

} // namespace kalends::net
