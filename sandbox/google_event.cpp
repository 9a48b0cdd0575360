// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google_error.hpp"
#include "sandbox/google_store.hpp"
#include "sandbox/jwt.hpp"
#include "sandbox/zone.hpp"

#include <algorithm>
#include <array>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::size_t property_key_limit = 44;
constexpr std::size_t property_value_limit = 1024;
constexpr std::size_t property_limit = 300;
constexpr std::size_t attachment_limit = 25;
constexpr std::size_t override_limit = 5;
constexpr std::int64_t longest_reminder_minutes = 40'320;

enum class shape { text, flag, list, map };

/// Writable fields besides start, end, status and sequence, in the order of the API's answers.
struct field {
  std::string_view name;
  shape type;
  std::string_view omitted_text = {}; ///< a text with this value is the default and left out
  std::optional<bool> omitted_flag = {};
};

constexpr std::array<field, 25> fields{{{"summary", shape::text},
                                        {"description", shape::text},
                                        {"location", shape::text},
                                        {"colorId", shape::text},
                                        {"endTimeUnspecified", shape::flag, {}, false},
                                        {"recurrence", shape::list},
                                        {"transparency", shape::text, "opaque"},
                                        {"visibility", shape::text, "default"},
                                        {"attendees", shape::list},
                                        {"extendedProperties", shape::map},
                                        {"conferenceData", shape::map},
                                        {"gadget", shape::map},
                                        {"anyoneCanAddSelf", shape::flag, {}, false},
                                        {"guestsCanInviteOthers", shape::flag, {}, true},
                                        {"guestsCanModify", shape::flag, {}, false},
                                        {"guestsCanSeeOtherGuests", shape::flag, {}, true},
                                        {"privateCopy", shape::flag, {}, false},
                                        {"reminders", shape::map},
                                        {"source", shape::map},
                                        {"attachments", shape::list},
                                        {"eventType", shape::text},
                                        {"workingLocationProperties", shape::map},
                                        {"outOfOfficeProperties", shape::map},
                                        {"focusTimeProperties", shape::map},
                                        {"birthdayProperties", shape::map}}};

bool has_shape(const json::value& v, shape s) {
  switch (s) {
  case shape::text:
    return v.is_string();
  case shape::flag:
    return v.is_bool();
  case shape::list:
    return v.is_array();
  case shape::map:
    return v.is_object();
  }
  return false;
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

void check_enum(const json::object& body, std::string_view key,
                std::initializer_list<std::string_view> allowed) {
  const auto value = text_at(body, key);
  if (!value.empty() && std::ranges::find(allowed, value) == allowed.end())
    refuse_invalid("Invalid value for: " + value + " is not a valid value");
}

moment read_moment(const json::object& body, std::string_view key, const calendar& in, bool zone_required) {
  const std::string what(key);
  const auto* v = body.if_contains(key);
  if (!v || !v->is_object()) refuse_invalid("Missing " + what + " time.");
  const auto date = text_at(v->get_object(), "date");
  const auto date_time = text_at(v->get_object(), "dateTime");
  const auto zone = text_at(v->get_object(), "timeZone");
  if (date.empty() && date_time.empty()) refuse_invalid("Missing " + what + " time.");
  if (!date.empty() && !date_time.empty()) refuse_invalid("Invalid " + what + " time.");
  if (!zone.empty() && !zone::is_known(zone))
    refuse_invalid("Invalid time zone definition for " + what + " time.");
  if (!date.empty()) {
    const auto day = zone::parse_date(date);
    if (!day) refuse_invalid("Invalid " + what + " time.");
    return {true, *day, ""};
  }
  const auto read = zone::parse_date_time(date_time);
  if (!read) refuse_invalid("Invalid " + what + " time.");
  if (zone.empty() && (!read->offset || zone_required))
    refuse_invalid("Missing time zone definition for " + what + " time.");
  const auto& own = zone.empty() ? in.time_zone : zone;
  return {false, read->offset ? read->wall - *read->offset : zone::to_utc(read->wall, own), own};
}

json::array read_attendees(const json::array& given) {
  json::array out;
  for (const auto& one : given) {
    if (!one.is_object()) refuse_invalid("Invalid attendee.");
    auto a = one.get_object();
    auto email = text_at(a, "email");
    if (email.find('@') == std::string::npos) refuse_invalid("Invalid attendee email.");
    check_enum(a, "responseStatus", {"needsAction", "declined", "tentative", "accepted"});
    for (const auto read_only : {"self", "organizer", "id"}) a.erase(read_only);
    if (!a.contains("responseStatus")) a["responseStatus"] = "needsAction";
    out.push_back(std::move(a));
  }
  return out;
}

json::object read_reminders(const json::object& given) {
  json::object out;
  const auto* defaults = given.if_contains("useDefault");
  const bool use_default = defaults && defaults->is_bool() && defaults->get_bool();
  out["useDefault"] = use_default;
  const auto* list = given.if_contains("overrides");
  if (!list || !list->is_array() || list->get_array().empty()) return out;
  if (use_default)
    refuse(400, "cannotUseDefaultRemindersAndSpecifyOverride",
           "Cannot specify both default reminders and overrides at the same time.");
  if (list->get_array().size() > override_limit) refuse_invalid("Too many override reminders specified.");
  for (const auto& one : list->get_array()) {
    if (!one.is_object() || text_at(one.get_object(), "method").empty())
      refuse_invalid("Missing override reminder method.");
    const auto* minutes = one.get_object().if_contains("minutes");
    if (!minutes || !minutes->is_int64()) refuse_invalid("Missing override reminder minutes.");
    if (minutes->get_int64() < 0 || minutes->get_int64() > longest_reminder_minutes)
      refuse_invalid("Invalid override reminder minutes.");
  }
  out["overrides"] = *list;
  return out;
}

/// Keys that are too long vanish and values that are too long are cut, without a word, as the API does.
json::object read_properties(const json::object& given) {
  json::object out;
  for (const auto kind : {"private", "shared"}) {
    const auto* map = given.if_contains(kind);
    if (!map || !map->is_object()) continue;
    json::object kept;
    for (const auto& [key, value] : map->get_object()) {
      if (!value.is_string()) refuse_invalid("Invalid extended property value.");
      if (key.size() > property_key_limit) continue;
      kept[key] = std::string_view(value.get_string()).substr(0, property_value_limit);
    }
    if (kept.size() > property_limit) refuse_invalid("Too many extended properties.");
    if (!kept.empty()) out[kind] = std::move(kept);
  }
  return out;
}

json::array read_recurrence(const json::array& given) {
  std::vector<std::string> lines;
  for (const auto& line : given) {
    if (!line.is_string()) refuse_invalid("Invalid recurrence rule.");
    lines.emplace_back(line.get_string());
  }
  if (!is_expandable(lines)) refuse_invalid("Invalid recurrence rule.");
  return given;
}

/// A request for a link is fulfilled at once; the real service takes a moment and answers "pending" first.
void make_conference(json::object& out, const event& e) {
  auto& data = out["conferenceData"].as_object();
  const auto* request = data.if_contains("createRequest");
  if (!request || !request->is_object()) return;
  const auto asked = text_at(request->get_object(), "requestId");
  const auto* before = e.fields.if_contains("conferenceData");
  if (before && before->as_object().contains("createRequest") &&
      text_at(before->as_object().at("createRequest").as_object(), "requestId") == asked) {
    data = before->as_object();
    return;
  }
  const auto code = base32hex(sha256(e.id + asked)).substr(0, 10);
  const auto link =
      "https://meet.google.com/" + code.substr(0, 3) + "-" + code.substr(3, 4) + "-" + code.substr(7, 3);
  data["createRequest"].as_object()["status"] = json::object{{"statusCode", "success"}};
  data["entryPoints"] = json::array{json::object{{"entryPointType", "video"}, {"uri", link}}};
  data["conferenceSolution"] =
      json::object{{"key", json::object{{"type", "hangoutsMeet"}}}, {"name", "Google Meet"}};
  data["conferenceId"] = link.substr(link.rfind('/') + 1);
}

json::object read_fields(const event& e, const json::object& body, const write_options& options) {
  json::object out;
  for (const auto& f : fields) {
    if (f.name == "conferenceData" && options.conference_data_version == 0) {
      if (const auto* kept = e.fields.if_contains(f.name)) out[f.name] = *kept;
      continue;
    }
    const auto* v = body.if_contains(f.name);
    if (!v || v->is_null()) continue;
    if (!has_shape(*v, f.type)) refuse_invalid("Invalid value for: " + std::string(f.name));
    if (f.type == shape::text &&
        (v->get_string().empty() || std::string_view(v->get_string()) == f.omitted_text))
      continue;
    if (f.type == shape::flag && f.omitted_flag == v->get_bool()) continue;
    if (f.type == shape::list && v->get_array().empty()) continue;
    out[f.name] = *v;
  }
  if (auto* v = out.if_contains("attendees")) *v = read_attendees(v->get_array());
  if (auto* v = out.if_contains("reminders")) *v = read_reminders(v->get_object());
  if (auto* v = out.if_contains("recurrence")) *v = read_recurrence(v->get_array());
  if (auto* v = out.if_contains("extendedProperties")) {
    *v = read_properties(v->get_object());
    if (v->get_object().empty()) out.erase("extendedProperties");
  }
  if (const auto* v = out.if_contains("attachments"); v && v->get_array().size() > attachment_limit)
    refuse_invalid("Too many attachments.");
  if (options.conference_data_version > 0 && out.contains("conferenceData")) make_conference(out, e);
  return out;
}

void check_event_type(const event& e, const json::object& body, bool creating) {
  check_enum(body, "eventType",
             {"default", "birthday", "focusTime", "fromGmail", "outOfOffice", "workingLocation"});
  const auto wanted = text_at(body, "eventType");
  if (wanted.empty()) return;
  if (creating && wanted == "fromGmail")
    refuse(400, "eventTypeRestriction", "Events of this type cannot be created.");
  auto current = text_at(e.fields, "eventType");
  if (current.empty()) current = "default";
  if (!creating && wanted != current) refuse(400, "eventTypeRestriction", "Event type cannot be changed.");
}

void check_sequence(const event& e, const json::object& body) {
  const auto* v = body.if_contains("sequence");
  if (v && v->is_int64() && v->get_int64() < e.sequence)
    refuse_invalid(
        "Invalid sequence value. The specified sequence number is below the current sequence number of "
        "the resource. Re-fetch the resource and use its sequence number on the following request.");
}

} // namespace

std::string base32hex(std::string_view bytes) {
  static constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const unsigned char c : bytes) {
    held = held << 8U | c;
    for (bits += 8; bits >= 5; bits -= 5) out += letters[held >> (bits - 5) & 31U];
  }
  if (bits > 0) out += letters[held << (5 - bits) & 31U];
  return out;
}

bool is_client_id(std::string_view id) {
  return id.size() >= 5 && id.size() <= 1024 &&
         std::ranges::all_of(id, [](char c) { return (c >= 'a' && c <= 'v') || (c >= '0' && c <= '9'); });
}

void merge_patch(json::object& into, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      into.erase(key);
    } else if (value.is_object()) {
      auto& slot = into[key];
      if (!slot.is_object()) slot = json::object{};
      merge_patch(slot.get_object(), value.get_object());
    } else {
      into[key] = value;
    }
  }
}

json::object writable_view(const event& e) {
  json::object out;
  for (const auto& f : fields)
    if (const auto* v = e.fields.if_contains(f.name)) out[f.name] = *v;
  out["status"] = e.status;
  out["start"] = render_moment(e.start, e.start.zone);
  out["end"] = render_moment(e.end, e.end.zone);
  return out;
}

void assign(event& e, const json::object& body, const calendar& in, const write_options& options) {
  check_enum(body, "status", {"confirmed", "tentative", "cancelled"});
  check_enum(body, "transparency", {"opaque", "transparent"});
  check_enum(body, "visibility", {"default", "public", "private", "confidential"});
  check_event_type(e, body, options.creating);
  check_sequence(e, body);
  auto written = read_fields(e, body, options);
  if (!e.series_id.empty()) written.erase("recurrence");
  const bool recurring = written.contains("recurrence");
  const auto start = read_moment(body, "start", in, recurring);
  const auto end = read_moment(body, "end", in, recurring);
  if (start.all_day != end.all_day) refuse_invalid("Invalid start time.");
  if (end.at < start.at || (start.all_day && end.at == start.at))
    throw refusal(
        {400, "timeRangeEmpty", "The specified time range is empty.", "calendar", "parameter", "timeMax"});
  for (const auto kept : {"creator", "organizer", "iCalUID"})
    if (const auto* v = e.fields.if_contains(kept)) written[kept] = *v;
  const auto recurrence_of = [](const json::object& o) {
    return o.contains("recurrence") ? o.at("recurrence") : json::value();
  };
  const bool rescheduled =
      start != e.start || end != e.end || recurrence_of(written) != recurrence_of(e.fields);
  if (const auto* v = body.if_contains("sequence"); v && v->is_int64() && v->get_int64() > e.sequence)
    e.sequence = v->get_int64();
  else if (rescheduled && !options.creating)
    ++e.sequence;
  e.fields = std::move(written);
  e.start = start;
  e.end = end;
  const auto status = text_at(body, "status");
  e.status = status.empty() ? "confirmed" : status;
}

json::object render_moment(const moment& m, std::string_view zone) {
  if (m.all_day) return {{"date", zone::write_date(m.at)}};
  return {{"dateTime", zone::write_instant(m.at, zone)}, {"timeZone", m.zone}};
}

namespace {

json::object render_person(const json::object& person, const calendar& in) {
  auto out = person;
  if (text_at(person, "email") == in.owner || text_at(person, "email") == in.id) out["self"] = true;
  return out;
}

json::array render_attendees(const event& e, const calendar& in, std::size_t limit, bool& omitted) {
  json::array out;
  const auto& all = e.fields.at("attendees").as_array();
  omitted = limit > 0 && all.size() > limit;
  const auto organizer = text_at(e.fields.at("organizer").as_object(), "email");
  const auto* shown = e.fields.if_contains("guestsCanSeeOtherGuests");
  const bool hidden = shown && *shown == json::value(false) && organizer != in.owner && organizer != in.id;
  for (const auto& one : all) {
    auto a = one.as_object();
    const bool self = same_address(text_at(a, "email"), in.owner);
    if ((omitted || hidden) && !self) continue;
    if (text_at(a, "email") == organizer) a["organizer"] = true;
    if (self) a["self"] = true;
    out.push_back(std::move(a));
  }
  return out;
}

std::string whole_seconds(instant t) { return to_rfc3339(std::chrono::floor<std::chrono::seconds>(t)); }

} // namespace

json::object render(const event& e, const calendar& in, std::string_view zone, std::size_t max_attendees) {
  json::object out{{"kind", "calendar#event"},
                   {"etag", e.etag()},
                   {"id", e.id},
                   {"status", e.status},
                   {"htmlLink", "https://www.google.com/calendar/event?eid=" + base64url(e.id + " " + in.id)},
                   {"created", whole_seconds(e.created)},
                   {"updated", to_rfc3339(e.updated)}};
  const auto copy = [&](std::string_view name) {
    if (const auto* v = e.fields.if_contains(name)) out[name] = *v;
  };
  for (const auto name : {"summary", "description", "location", "colorId"}) copy(name);
  for (const auto name : {"creator", "organizer"})
    if (const auto* v = e.fields.if_contains(name)) out[name] = render_person(v->as_object(), in);
  out["start"] = render_moment(e.start, zone);
  out["end"] = render_moment(e.end, zone);
  copy("endTimeUnspecified");
  copy("recurrence");
  if (!e.series_id.empty()) out["recurringEventId"] = e.series_id;
  if (e.original_start) out["originalStartTime"] = render_moment(*e.original_start, zone);
  for (const auto name : {"transparency", "visibility", "iCalUID"}) copy(name);
  out["sequence"] = e.sequence;
  if (e.fields.contains("attendees")) {
    bool omitted = false;
    out["attendees"] = render_attendees(e, in, max_attendees, omitted);
    if (omitted) out["attendeesOmitted"] = true;
  }
  if (const auto* data = e.fields.if_contains("conferenceData"))
    if (const auto* entries = data->as_object().if_contains("entryPoints"); entries && entries->is_array())
      for (const auto& entry : entries->get_array())
        if (entry.is_object() && text_at(entry.get_object(), "entryPointType") == "video")
          out["hangoutLink"] = text_at(entry.get_object(), "uri");
  for (const auto& f : fields)
    if (!out.contains(f.name)) copy(f.name);
  if (!out.contains("reminders")) out["reminders"] = json::object{{"useDefault", true}};
  if (!out.contains("eventType")) out["eventType"] = "default";
  return out;
}

json::object render_tombstone(const event& e, std::string_view zone) {
  json::object out{{"kind", "calendar#event"}, {"etag", e.etag()}, {"id", e.id}, {"status", "cancelled"}};
  if (!e.series_id.empty()) out["recurringEventId"] = e.series_id;
  if (e.original_start) out["originalStartTime"] = render_moment(*e.original_start, zone);
  return out;
}

} // namespace kalends::sandbox::google
