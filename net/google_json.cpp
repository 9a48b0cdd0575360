// SPDX-License-Identifier: Apache-2.0
#include "net/google_json.hpp"

#include "net/google_event.hpp"
#include "net/google_recurrence.hpp"
#include "net/json_reading.hpp"
#include "net/json_writing.hpp"
#include "net/reaction.hpp"
#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"
#include "schema/text.hpp"

#include <charconv>
#include <cstdint>
#include <map>

namespace kalends::net {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t latest_instant_ms = 7'258'118'400'000; ///< the year 2200

tl::unexpected<error> unreadable(std::string_view detail) {
  return failure(errc::broken, std::string(vendor_answer_unreadable), std::string(detail));
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

/// The array is replaced whole: what it cancelled stays cancelled only if it stands there again.
void write_recurrence(json_writer& w, const appointment& what, bool merging) {
  if (!what.repeats) {
    if (merging) w.null("recurrence");
    return;
  }
  w.open_array("recurrence");
  for (const auto& line : write_recurrence_lines(*what.repeats, what.start)) w.text({}, line);
  w.close_array();
}

/// `known` members of an attendee as they stand, `unknown` to us or not ours to change.
void write_known_guest(json_writer& w, const simdjson::dom::object& known, const attendee* wanted) {
  w.open();
  for (const auto field : known) {
    if (wanted != nullptr && (field.key == "displayName" || field.key == "optional")) continue;
    if (field.key.find_first_of("\"\\") != std::string_view::npos || !is_usable(field.key)) continue;
    w.raw(field.key, simdjson::minify(field.value));
  }
  if (wanted != nullptr && !wanted->name.empty()) w.text("displayName", wanted->name);
  if (wanted != nullptr && wanted->is_optional) w.flag("optional", true);
  w.close();
}

void write_new_guest(json_writer& w, const attendee& guest) {
  w.open().text("email", guest.email);
  if (!guest.name.empty()) w.text("displayName", guest.name);
  if (guest.is_optional) w.flag("optional", true);
  w.close();
}

void write_fields(json_writer& w, const appointment& what, field_set which, bool merging) {
  if (which.has(field_group::title)) w.text("summary", what.title);
  if (which.has(field_group::notes)) w.text("description", what.notes);
  if (which.has(field_group::location)) w.text("location", what.location);
  const bool new_rule = which.has(field_group::recurrence) && what.repeats;
  if (which.has(field_group::time) || new_rule) {
    write_time(w, "start", what.start, merging);
    write_time(w, "end", what.end, merging);
  }
  if (which.has(field_group::recurrence)) write_recurrence(w, what, merging);
  if (which.has(field_group::privacy)) w.text("visibility", what.is_private ? "private" : "default");
  if (which.has(field_group::status)) w.text("status", what.is_tentative ? "tentative" : "confirmed");
}

void write_tag(json_writer& w, const entry_id& tag) {
  w.open("extendedProperties").open("private").text(tag_name, tag.str()).close().close();
}

void write_new(json_writer& w, const new_event& event) {
  write_fields(w, event.what, field_set::all(), false);
  if (event.invites && !event.what.attendees.empty()) {
    w.open_array("attendees");
    for (const auto& guest : event.what.attendees) write_new_guest(w, guest);
    w.close_array();
  }
  write_tag(w, event.tag);
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
    auto event = read_google_row(*item, page.calendar_zone);
    if (!event.id.empty()) page.events.push_back(std::move(event));
  }
  return page;
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
  write_new(w, event);
  return w.finish();
}

std::string write_google_revival(const new_event& event) {
  json_writer w;
  write_new(w, event);
  return w.finish();
}

std::string write_google_patch(const event_update& update, const std::string& attendees) {
  json_writer w;
  write_fields(w, update.what, update.changed, true);
  if (!attendees.empty()) w.raw("attendees", attendees);
  return w.finish();
}

result<std::string> merge_google_attendees(const std::string& event, const std::vector<attendee>& wanted,
                                           const std::vector<std::string>& people) {
  const json_document document(event);
  if (!document.object()) return unreadable("The event is no JSON object.");
  const auto omitted = member(*document.object(), "attendeesOmitted");
  if (omitted && flag_of(*omitted))
    return failure(errc::invalid, "attendees_omitted", "Google does not show all of its guests.");
  std::map<std::string, const attendee*> missing;
  for (const auto& a : wanted) missing.emplace(lower_case(a.email), &a);
  json_writer w;
  w.open_array("attendees");
  const auto list = member(*document.object(), "attendees");
  const auto known = list ? array_of(*list) : std::nullopt;
  if (known)
    for (const auto entry : *known) {
      const auto guest = object_of(entry);
      if (!guest) continue;
      const auto address = lower_case(text_member(*guest, "email"));
      const auto found = missing.find(address);
      const auto organizer = member(*guest, "organizer");
      const bool stays = (organizer && flag_of(*organizer)) || is_among(people, address);
      if (found == missing.end() && !stays) continue;
      write_known_guest(w, *guest, found == missing.end() ? nullptr : found->second);
      if (found != missing.end()) missing.erase(found);
    }
  for (const auto& [address, guest] : missing) write_new_guest(w, *guest);
  w.close_array();
  const auto text = w.finish();
  constexpr std::string_view head = R"({"attendees":)";
  return text.substr(head.size(), text.size() - head.size() - 1);
}

result<std::optional<std::string>> write_google_uncancelled(const std::string& event, recurrence_id at) {
  auto read = read_google_event(event, "UTC");
  if (!read) return tl::unexpected(std::move(read.error()));
  auto& what = read->event.what;
  if (read->event.unreadable || !what.repeats) return std::nullopt;
  if (std::erase(what.repeats->exdates, at) == 0) return std::nullopt;
  json_writer w;
  write_recurrence(w, what, true);
  return w.finish();
}

event_id google_occurrence_id(const occurrence_write& write) {
  const auto at = time_of_slot(write.master, write.at);
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
