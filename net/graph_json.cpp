// SPDX-License-Identifier: Apache-2.0
#include "net/graph_json.hpp"

#include "net/graph_event.hpp"
#include "net/graph_recurrence.hpp"
#include "net/json_reading.hpp"
#include "net/json_writing.hpp"
#include "net/reaction.hpp"
#include "net/vendor_event.hpp"
#include "schema/text.hpp"

#include <map>

namespace kalends::net {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

tl::unexpected<error> unreadable(std::string_view detail) {
  return failure(errc::broken, std::string(vendor_answer_unreadable), std::string(detail));
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
    const bool ambiguous = !again || again->utc != time.utc;
    if (in_utc || ambiguous) {
      const zoned_time utc{std::chrono::local_seconds(time.utc.time_since_epoch()), "UTC", time.utc};
      w.text("dateTime", write_local(utc)).text("timeZone", "UTC");
    } else {
      w.text("dateTime", write_local(time));
      w.text("timeZone", windows_zone_of(time.time_zone).value_or(time.time_zone));
    }
  }
  w.close();
}

std::string_view told_zone(const calendar_time& start, std::string& buffer) {
  if (is_all_day(start)) return "UTC";
  const auto& iana = std::get<zoned_time>(start).time_zone;
  return buffer = windows_zone_of(iana).value_or(iana);
}

std::string written_day(std::chrono::local_days day) {
  return write_date(calendar_date{std::chrono::year_month_day(day)});
}

void write_pattern(json_writer& w, const graph_recurrence& r) {
  w.open("pattern").text("type", name_of(r.pattern)).number("interval", r.interval);
  const bool relative =
      r.pattern == graph_pattern::relative_monthly || r.pattern == graph_pattern::relative_yearly;
  if (r.pattern == graph_pattern::absolute_monthly || r.pattern == graph_pattern::absolute_yearly)
    w.number("dayOfMonth", r.day_of_month);
  if (r.pattern == graph_pattern::absolute_yearly || r.pattern == graph_pattern::relative_yearly)
    w.number("month", r.month);
  if (relative || r.pattern == graph_pattern::weekly) {
    w.open_array("daysOfWeek");
    for (const auto day : r.days) w.text({}, weekday_name(day));
    w.close_array();
  }
  if (relative) w.text("index", index_name(r.index));
  w.text("firstDayOfWeek", weekday_name(r.first_day));
  w.close();
}

void write_recurrence(json_writer& w, const appointment& what) {
  const auto r = recurrence_of(what);
  if (!r) return; // refused before: see `unsayable`
  std::string buffer;
  w.open("recurrence");
  write_pattern(w, *r);
  w.open("range").text("type", r->count ? "numbered" : r->end ? "endDate" : "noEnd");
  w.text("startDate", written_day(r->start));
  if (r->end) w.text("endDate", written_day(*r->end));
  if (r->count) w.number("numberOfOccurrences", *r->count);
  w.text("recurrenceTimeZone", told_zone(what.start, buffer));
  w.close().close();
}

void write_new_guest(json_writer& w, const attendee& guest) {
  w.open().text("type", guest.is_optional ? "optional" : "required");
  w.open("emailAddress").text("address", guest.email);
  if (!guest.name.empty()) w.text("name", guest.name);
  w.close().close();
}

/// All that stands there; a room stays a room.
/// `wanted` is null for one of our people, who stays as he is.
void write_known_guest(json_writer& w, const object& known, const attendee* wanted) {
  w.open();
  for (const auto field : known) {
    if ((wanted != nullptr && field.key == "type") ||
        field.key.find_first_of("\"\\") != std::string_view::npos)
      continue;
    w.raw(field.key, simdjson::minify(field.value));
  }
  const bool room = text_member(known, "type") == "resource";
  if (wanted != nullptr) w.text("type", room ? "resource" : wanted->is_optional ? "optional" : "required");
  w.close();
}

std::string address_in(const object& guest) {
  const auto address = member(guest, "emailAddress");
  const auto members = address ? object_of(*address) : std::nullopt;
  return members ? lower_case(text_member(*members, "address")) : std::string();
}

void write_fields(json_writer& w, const appointment& what, field_set which, bool in_utc,
                  bool is_new = false) {
  if (which.has(field_group::title)) w.text("subject", what.title);
  if (which.has(field_group::notes))
    w.open("body").text("contentType", "text").text("content", what.notes).close();
  if (which.has(field_group::location)) w.open("location").text("displayName", what.location).close();
  // A rule names the day of its start, and a start in UTC would be no wall clock.
  const bool series = what.repeats && (which.has(field_group::recurrence) || which.has(field_group::time));
  if (series) in_utc = false;
  if (which.has(field_group::time) || series) {
    w.flag("isAllDay", is_all_day(what.start));
    write_time(w, "start", what.start, in_utc);
    write_time(w, "end", what.end, in_utc);
  }
  if (series) write_recurrence(w, what);
  if (which.has(field_group::recurrence) && !what.repeats && !is_new) w.null("recurrence");
  if (which.has(field_group::privacy)) w.text("sensitivity", what.is_private ? "private" : "normal");
  if (which.has(field_group::status)) w.text("showAs", what.is_tentative ? "tentative" : "busy");
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
    auto event = read_graph_row(*item);
    if (!event.id.empty()) page.events.push_back(std::move(event));
  }
  return page;
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

std::string write_graph_insert(const new_event& event, bool in_utc) {
  json_writer w;
  w.text("transactionId", event.transaction_id);
  write_fields(w, event.what, field_set::all(), in_utc, true);
  if (event.invites && !event.what.attendees.empty()) {
    w.open_array("attendees");
    for (const auto& guest : event.what.attendees)
      if (!guest.is_organizer) write_new_guest(w, guest);
    w.close_array();
  }
  w.open_array("singleValueExtendedProperties").open();
  w.text("id", graph_tag_property).text("value", event.tag.str());
  w.close().close_array();
  return w.finish();
}

std::string write_graph_patch(const event_update& update, bool in_utc, const std::string& attendees) {
  json_writer w;
  write_fields(w, update.what, update.changed, in_utc);
  if (!attendees.empty()) w.raw("attendees", attendees);
  return w.finish();
}

result<std::string> merge_graph_attendees(const std::string& event, const std::vector<attendee>& wanted,
                                          const std::vector<std::string>& people) {
  const json_document document(event);
  if (!document.object()) return unreadable("The event is no JSON object.");
  std::map<std::string, const attendee*> missing;
  for (const auto& a : wanted)
    if (!a.is_organizer) missing.emplace(lower_case(a.email), &a);
  json_writer w;
  w.open_array("attendees");
  const auto list = member(*document.object(), "attendees");
  const auto known = list ? array_of(*list) : std::nullopt;
  if (known)
    for (const auto entry : *known) {
      const auto guest = object_of(entry);
      if (!guest) continue;
      const auto address = address_in(*guest);
      const auto found = missing.find(address);
      if (found == missing.end() && !is_among(people, address)) continue;
      write_known_guest(w, *guest, found == missing.end() ? nullptr : found->second);
      if (found != missing.end()) missing.erase(found);
    }
  for (const auto& [address, guest] : missing) write_new_guest(w, *guest);
  w.close_array();
  const auto text = w.finish();
  constexpr std::string_view head = R"({"attendees":)";
  return text.substr(head.size(), text.size() - head.size() - 1);
}

std::string write_graph_occurrence(const occurrence_write& write, bool in_utc) {
  json_writer w;
  auto which = write.changed;
  // Exchange counts an occurrence's end on the clock; ours last exactly as long as the first, from where they
  // begin.
  if (lasts_over_a_clock_change(write.what) || begins_behind_a_gap(write.master, write.at))
    which.add(field_group::time);
  write_fields(w, write.what, which, in_utc);
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
