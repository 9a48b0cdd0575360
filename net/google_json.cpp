// SPDX-License-Identifier: Apache-2.0
#include "net/google_json.hpp"

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

constexpr std::int64_t latest_instant_ms = 7'258'118'400'000; ///< the year 2200

tl::unexpected<error> unreadable(std::string_view detail) {
  return failure(errc::broken, std::string(vendor_answer_unreadable), std::string(detail));
}

/// `start` or `end` as it stands there.
struct google_time {
  std::string_view date;
  std::string_view date_time;
  std::string_view zone;
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
  std::string_view title;
  std::string_view notes;
  std::string_view location;
  bool repeats = false;
};

found_fields collect(const object& item, calendar_event& event) {
  found_fields found;
  for (const auto field : item) {
    const auto key = field.key;
    const auto& value = field.value;
    if (key == "id")
      event.id = event_id(usable_or_empty(text_of(value)));
    else if (key == "etag")
      event.version = usable_or_empty(text_of(value));
    else if (key == "status") {
      event.removed = text_of(value) == "cancelled";
      event.what.is_tentative = text_of(value) == "tentative";
    } else if (key == "summary")
      found.title = text_of(value);
    else if (key == "description")
      found.notes = text_of(value);
    else if (key == "location")
      found.location = text_of(value);
    else if (key == "start")
      found.start = times_of(value);
    else if (key == "end")
      found.end = times_of(value);
    else if (key == "visibility")
      event.what.is_private = text_of(value) == "private" || text_of(value) == "confidential";
    else if (key == "iCalUID")
      event.ical_uid = usable_or_empty(text_of(value));
    else if (key == "updated")
      event.updated_at = read_utc(text_of(value));
    else if (key == "extendedProperties")
      event.tag = tag_of(value);
    else if (key == "recurringEventId")
      event.series = event_id(usable_or_empty(text_of(value)));
    else if (key == "recurrence") {
      const auto lines = array_of(value);
      found.repeats = lines && lines->size() > 0;
    }
  }
  return found;
}

google_event read_event(const object& item, std::string_view calendar_zone) {
  google_event out;
  auto& event = out.event;
  const auto found = collect(item, event);
  if (found.repeats && event.series.empty()) event.series = event.id;
  if (event.removed || !event.series.empty()) return out;
  out.zone_missing = (!found.start.date_time.empty() && found.start.zone.empty()) ||
                     (!found.end.date_time.empty() && found.end.zone.empty());
  event.what.title = clean_text(found.title);
  event.what.notes = clean_text(found.notes);
  event.what.location = clean_text(found.location);
  set_times(event, read_time(found.start, calendar_zone), read_time(found.end, calendar_zone));
  check_texts(event);
  return out;
}

void write_time(json_writer& w, std::string_view key, const calendar_time& t, bool merging) {
  w.open(key);
  if (const auto* date = std::get_if<calendar_date>(&t)) {
    w.text("date", write_date(*date));
    if (merging) w.null("dateTime").null("timeZone");
  } else {
    const auto& time = std::get<zoned_time>(t);
    if (merging) w.null("date");
    // The offset tells the two readings of an ambiguous hour apart. A zone that Google cannot know is left
    // out.
    w.text("dateTime", write_with_offset(time));
    if (is_iana_zone(time.time_zone)) w.text("timeZone", time.time_zone);
  }
  w.close();
}

void write_fields(json_writer& w, const appointment& what, field_set which, bool merging) {
  if (which.has(field_group::title)) w.text("summary", what.title);
  if (which.has(field_group::notes)) w.text("description", what.notes);
  if (which.has(field_group::location)) w.text("location", what.location);
  if (which.has(field_group::time)) {
    write_time(w, "start", what.start, merging);
    write_time(w, "end", what.end, merging);
  }
  if (which.has(field_group::privacy)) w.text("visibility", what.is_private ? "private" : "default");
  if (which.has(field_group::status)) w.text("status", what.is_tentative ? "tentative" : "confirmed");
}

void write_tag(json_writer& w, const entry_id& tag) {
  w.open("extendedProperties").open("private").text(tag_name, tag.str()).close().close();
}

} // namespace

result<change_page> read_google_page(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of events is no JSON object.");
  change_page page;
  std::optional<simdjson::dom::array> items;
  bool has_items = false;
  for (const auto field : *document.object()) {
    if (field.key == "items") {
      has_items = true;
      items = array_of(field.value);
    } else if (field.key == "nextPageToken")
      page.next_page = usable_or_empty(text_of(field.value), cursor_limit);
    else if (field.key == "nextSyncToken")
      page.next_cursor = usable_or_empty(text_of(field.value), cursor_limit);
    else if (field.key == "timeZone" && is_iana_zone(text_of(field.value)))
      page.calendar_zone = text_of(field.value);
  }
  if (has_items && !items) return unreadable("The list of events holds no array \"items\".");
  if (!page.next_page.empty()) page.next_cursor.clear();
  if (page.next_page.empty() && page.next_cursor.empty())
    return failure(errc::broken, "cursor_missing", "The list of events ends without a sync token.");
  if (!items) return page;
  page.events.reserve(items->size());
  for (const auto entry : *items) {
    const auto item = object_of(entry);
    if (!item) continue;
    auto event = read_event(*item, page.calendar_zone).event;
    if (!event.id.empty()) page.events.push_back(std::move(event));
  }
  return page;
}

result<google_event> read_google_event(const std::string& body, std::string_view calendar_zone) {
  const json_document document(body);
  if (!document.object()) return unreadable("The event is no JSON object.");
  auto event = read_event(*document.object(), calendar_zone);
  if (event.event.id.empty()) return unreadable("The event has no usable id.");
  return event;
}

result<google_calendars> read_google_calendars(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The list of calendars is no JSON object.");
  google_calendars out;
  out.next_page = usable_or_empty(text_member(*document.object(), "nextPageToken"), cursor_limit);
  const auto list = member(*document.object(), "items");
  const auto items = list ? array_of(*list) : std::nullopt;
  if (list && !items) return unreadable("The list of calendars holds no array \"items\".");
  if (!items) return out;
  for (const auto entry : *items) {
    const auto item = object_of(entry);
    if (!item) continue;
    calendar_listing listing;
    bool deleted = false;
    std::string_view name, own_name, role;
    for (const auto field : *item) {
      if (field.key == "id")
        listing.id = calendar_id(usable_or_empty(text_of(field.value)));
      else if (field.key == "summary")
        name = text_of(field.value);
      else if (field.key == "summaryOverride")
        own_name = text_of(field.value);
      else if (field.key == "timeZone" && is_iana_zone(text_of(field.value)))
        listing.time_zone = text_of(field.value);
      else if (field.key == "primary")
        listing.primary = flag_of(field.value);
      else if (field.key == "deleted")
        deleted = flag_of(field.value);
      else if (field.key == "accessRole")
        role = text_of(field.value);
    }
    if (deleted || listing.id.empty()) continue;
    listing.name = clean_text(own_name.empty() ? name : own_name);
    listing.writable = role == "owner" || role == "writer" || role == "writerWithoutPrivateAccess";
    out.items.push_back(std::move(listing));
  }
  return out;
}

result<std::string> read_google_calendar_zone(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return unreadable("The calendar is no JSON object.");
  const auto zone = text_member(*document.object(), "timeZone");
  return is_iana_zone(zone) ? std::string(zone) : std::string("UTC");
}

result<channel> read_google_channel(const std::string& body, instant expected) {
  const json_document document(body);
  if (!document.object()) return unreadable("The channel is no JSON object.");
  channel out;
  out.expires_at = expected;
  for (const auto field : *document.object()) {
    if (field.key == "id")
      out.id = usable_or_empty(text_of(field.value));
    else if (field.key == "resourceId")
      out.resource_id = usable_or_empty(text_of(field.value));
    else if (field.key == "expiration") {
      // An int64 is a string in discovery, and a number for some.
      std::int64_t value = 0;
      const auto text = text_of(field.value);
      const bool number = field.value.get_int64().get(value) == simdjson::SUCCESS;
      const bool spelled = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
      if ((number || spelled) && value > 0 && value < latest_instant_ms)
        out.expires_at = instant(std::chrono::milliseconds(value));
    }
  }
  if (out.id.empty() || out.resource_id.empty()) return unreadable("The channel has no id or resource id.");
  return out;
}

std::string write_google_insert(const new_event& event) {
  json_writer w;
  w.text("id", event.event.str());
  write_fields(w, event.what, field_set::all(), false);
  write_tag(w, event.tag);
  return w.finish();
}

std::string write_google_revival(const new_event& event) {
  json_writer w;
  write_fields(w, event.what, field_set::all(), false);
  write_tag(w, event.tag);
  return w.finish();
}

std::string write_google_patch(const event_update& update) {
  json_writer w;
  write_fields(w, update.what, update.changed, true);
  return w.finish();
}

event_id google_occurrence_id(const occurrence_write& write) {
  const auto at = slot_time(write.master, write.at);
  std::string stamp;
  for (const char c : is_all_day(at) ? write_date(std::get<calendar_date>(at))
                                     : write_local(utc_reading(std::get<zoned_time>(at))) + "Z")
    if (c != '-' && c != ':') stamp += c;
  return event_id(write.series.str() + "_" + stamp);
}

std::string write_google_occurrence(const occurrence_write& write) {
  json_writer w;
  auto groups = write.changed;
  if (write.how == occurrence_write::kind::restore) groups.add(field_group::status);
  write_fields(w, write.what, groups, true);
  return w.finish();
}

std::string write_google_watch(const channel_request& request, std::chrono::seconds ttl) {
  json_writer w;
  w.text("id", request.channel_id).text("type", "web_hook").text("address", request.address);
  w.text("token", request.secret);
  w.open("params").text("ttl", std::to_string(ttl.count())).close();
  return w.finish();
}

std::string write_google_stop(const channel& c) {
  json_writer w;
  return w.text("id", c.id).text("resourceId", c.resource_id).finish();
}

} // namespace kalends::net
