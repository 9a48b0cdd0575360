// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/zone.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

write_options options_of(const call& c, bool creating) {
  return {c.query_value("conferenceDataVersion") == "1" ? 1 : 0, creating};
}

std::size_t max_attendees(const call& c) {
  const auto text = c.query_value("maxAttendees").value_or("");
  return text.empty() || !std::ranges::all_of(text, [](unsigned char d) { return std::isdigit(d); })
             ? 0
             : static_cast<std::size_t>(std::stoul(text.substr(0, 6)));
}

/// An instance id's master, when the id names an occurrence that has no row yet.
const event* master_of(const calendar& in, const event& e) {
  const auto it = in.events.find(e.series_id);
  return it == in.events.end() ? nullptr : &it->second;
}

void check_if_match(const call& c, const calendar& in) {
  const auto wanted = c.header("If-Match");
  if (wanted.empty() || wanted == "*") return;
  const auto found = find_event(in, c.param("event"));
  if (found && found->etag() == wanted) return;
  if (found) throw refusal({412, "conditionNotMet", "Precondition Failed", "global", "header", "If-Match"});
}

net::http_response answer_event(const call& c, const calendar& in, const event& e) {
  return json_answer(200, render(e, in, response_zone(c, in), max_attendees(c)));
}

net::http_response get_event(half& h, call& c) {
  const auto& in = calendar_of(h, c);
  const auto found = find_event(in, c.param("event"));
  if (!found) refuse_not_found();
  if (found->is_cancelled() && !found->series_id.empty())
    return json_answer(200, render_tombstone(*found, response_zone(c, in)));
  return answer_event(c, in, *found);
}

net::http_response insert(half& h, call& c) {
  auto& in = calendar_of(h, c);
  auto& made = insert_event(h, in, body_of(c), options_of(c, true));
  c.wrote = true;
  return answer_event(c, in, made);
}

/// A private copy under the caller's UID; importing the UID again changes that copy.
net::http_response import_event(half& h, call& c) {
  auto& in = calendar_of(h, c);
  auto body = body_of(c);
  const auto uid = text_at(body, "iCalUID");
  if (uid.empty()) refuse(400, "required", "Required");
  if (const auto type = text_at(body, "eventType"); !type.empty() && type != "default")
    refuse(400, "eventTypeRestriction", "Only default events can be imported.");
  const auto known = std::ranges::find_if(in.events, [&](const auto& row) {
    return row.second.series_id.empty() && text_at(row.second.fields, "iCalUID") == uid;
  });
  c.wrote = true;
  if (known != in.events.end())
    return answer_event(c, in, change_event(h, in, known->first, body, false, options_of(c, false)));
  event e;
  e.id = "_" + base32hex(uid);
  e.created = h.all.now();
  json::object person{{"email", in.owner}};
  e.fields["creator"] = person;
  const auto* organizer = body.if_contains("organizer");
  e.fields["organizer"] = organizer && organizer->is_object() ? organizer->get_object() : person;
  e.fields["iCalUID"] = uid;
  assign(e, body, in, options_of(c, true));
  h.calendars.touch(e);
  auto& kept = in.events.insert_or_assign(e.id, e).first->second;
  notify(h, in);
  return answer_event(c, in, kept);
}

net::http_response change(half& h, call& c, bool merge) {
  auto& in = calendar_of(h, c);
  check_if_match(c, in);
  auto& changed = change_event(h, in, c.param("event"), body_of(c), merge, options_of(c, false));
  c.wrote = true;
  return answer_event(c, in, changed);
}

net::http_response remove(half& h, call& c) {
  auto& in = calendar_of(h, c);
  check_if_match(c, in);
  delete_event(h, in, c.param("event"));
  c.wrote = true;
  return {204, {}, ""};
}

net::http_response move_event(half& h, call& c) {
  auto& from = calendar_of(h, c);
  auto* to = h.calendars.find(*c.who, c.query_value("destination").value_or(""));
  if (!to) refuse_not_found();
  const auto it = from.events.find(c.param("event"));
  if (it == from.events.end() || it->second.is_cancelled()) refuse_not_found();
  if (!it->second.series_id.empty())
    refuse(400, "cannotChangeOrganizerOfInstance", "Cannot change the organizer of an instance.");
  if (&from == to) refuse(400, "cannotMoveToSameCalendar", "The source and the destination are the same.");
  event moved = it->second;
  moved.fields["organizer"] = to->primary ? json::object{{"email", to->owner}}
                                          : json::object{{"email", to->id}, {"displayName", to->summary}};
  h.calendars.touch(moved);
  it->second.status = "cancelled";
  h.calendars.touch(it->second);
  auto& kept = to->events.insert_or_assign(moved.id, moved).first->second;
  notify(h, from);
  notify(h, *to);
  c.wrote = true;
  return answer_event(c, *to, kept);
}

net::http_response quick_add(half& h, call& c) {
  auto& in = calendar_of(h, c);
  const auto text = c.query_value("text").value_or("");
  if (text.empty()) refuse(400, "required", "Required");
  const auto now = std::chrono::floor<std::chrono::hours>(h.all.now()).time_since_epoch();
  const auto start = std::chrono::duration_cast<std::chrono::seconds>(now).count() + 3600;
  const json::object body{{"summary", text},
                          {"start", json::object{{"dateTime", zone::write_instant(start, "UTC")}}},
                          {"end", json::object{{"dateTime", zone::write_instant(start + 3600, "UTC")}}}};
  auto& made = insert_event(h, in, body, {0, true});
  c.wrote = true;
  return answer_event(c, in, made);
}

/// With their master go its exceptions; they are not stamped, so a delta names the master alone.
void cancel_exceptions(calendar& in, const event& master) {
  if (!master.is_master()) return;
  for (auto& [key, row] : in.events)
    if (row.series_id == master.id) row.status = "cancelled";
}

/// Reminders belong to the reader alone: changing nothing else leaves `updated` as it was.
bool only_reminders_differ(const event& before, const event& after) {
  auto a = writable_view(before);
  auto b = writable_view(after);
  if (a == b) return false;
  a.erase("reminders");
  b.erase("reminders");
  return a == b;
}

} // namespace

calendar& calendar_of(half& h, const call& c) {
  auto* found = h.calendars.find(*c.who, c.param("calendar"));
  if (!found) refuse_not_found();
  return *found;
}

json::object body_of(const call& c) {
  boost::system::error_code bad;
  auto parsed = c.request.body.empty() ? json::value(json::object{}) : json::parse(c.request.body, bad);
  if (bad || !parsed.is_object()) refuse(400, "parseError", "Parse Error");
  return std::move(parsed.get_object());
}

std::string response_zone(const call& c, const calendar& in) {
  const auto asked = c.query_value("timeZone");
  if (!asked) return in.time_zone;
  if (!zone::is_known(*asked)) refuse_invalid("Invalid time zone.");
  return *asked;
}

event& insert_event(half& h, calendar& in, const json::object& body, const write_options& options) {
  event e;
  e.id = text_at(body, "id");
  if (e.id.empty())
    e.id = base32hex(h.all.outside.random_bytes(16)).substr(0, 26);
  else if (!is_client_id(e.id))
    refuse_invalid("Invalid resource id value.");
  if (in.events.contains(e.id)) refuse(409, "duplicate", "The requested identifier already exists.");
  const auto uid = text_at(body, "iCalUID");
  e.fields["creator"] = json::object{{"email", in.owner}};
  e.fields["organizer"] = in.primary ? json::object{{"email", in.owner}}
                                     : json::object{{"email", in.id}, {"displayName", in.summary}};
  e.fields["iCalUID"] = uid.empty() ? e.id + "@google.com" : uid;
  e.created = h.all.now();
  assign(e, body, in, options);
  h.calendars.touch(e);
  auto& kept = in.events.emplace(e.id, e).first->second;
  spread(h, in, event{}, kept);
  notify(h, in);
  return kept;
}

event& change_event(half& h, calendar& in, std::string_view id, const json::object& body, bool merge,
                    const write_options& options) {
  auto before = find_event(in, id);
  if (!before) refuse_not_found();
  if (const auto* master = master_of(in, *before); master && master->is_cancelled()) refuse_not_found();
  const bool revives = text_at(body, "status") == "confirmed" || text_at(body, "status") == "tentative";
  if (before->is_cancelled() && !revives) refuse(403, "forbidden", "Forbidden");
  json::object whole = body;
  if (merge) {
    whole = writable_view(*before);
    merge_patch(whole, body);
    if (options.conference_data_version == 0) whole.erase("conferenceData");
  }
  event after = *before;
  assign(after, whole, in, options);
  const auto* omitted = body.if_contains("attendeesOmitted");
  keep_guest_list(in, *before, after, omitted && omitted->is_bool() && omitted->get_bool());
  check_guest(in, *before, after);
  h.calendars.touch(after, only_reminders_differ(*before, after));
  auto& kept = in.events.insert_or_assign(after.id, after).first->second;
  if (kept.is_master() &&
      (kept.start != before->start || kept.fields.at("recurrence") != before->fields["recurrence"]))
    drop_lost_exceptions(in, kept);
  if (kept.is_cancelled()) cancel_exceptions(in, kept);
  spread(h, in, *before, kept);
  notify(h, in);
  return kept;
}

void delete_event(half& h, calendar& in, std::string_view id) {
  auto found = find_event(in, id);
  if (!found) refuse_not_found();
  if (found->is_cancelled()) refuse(410, "deleted", "Resource has been deleted");
  const auto before = *found;
  found->status = "cancelled";
  h.calendars.touch(*found);
  auto& kept = in.events.insert_or_assign(found->id, *found).first->second;
  cancel_exceptions(in, kept);
  spread(h, in, before, kept);
  notify(h, in);
}

void add_event_routes(half& h, router& routes) {
  const auto& read = scopes_to_read_events();
  const auto& write = scopes_to_write_events();
  const std::string one = "calendars/{calendar}/events/{event}";
  add_api(routes, "GET", one, "events.get", read, [&h](call& c) { return get_event(h, c); });
  add_api(routes, "POST", "calendars/{calendar}/events", "events.insert", write,
          [&h](call& c) { return insert(h, c); });
  add_api(routes, "POST", "calendars/{calendar}/events/import", "events.import", write,
          [&h](call& c) { return import_event(h, c); });
  add_api(routes, "POST", "calendars/{calendar}/events/quickAdd", "events.quickAdd", write,
          [&h](call& c) { return quick_add(h, c); });
  add_api(routes, "PUT", one, "events.update", write, [&h](call& c) { return change(h, c, false); });
  add_api(routes, "PATCH", one, "events.patch", write, [&h](call& c) { return change(h, c, true); });
  add_api(routes, "DELETE", one, "events.delete", write, [&h](call& c) { return remove(h, c); });
  add_api(routes, "POST", one + "/move", "events.move",
          {"calendar", "calendar.events", "calendar.events.owned"},
          [&h](call& c) { return move_event(h, c); });
}

} // namespace kalends::sandbox::google
