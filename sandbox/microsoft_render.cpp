// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_render.hpp"

#include "sandbox/microsoft_body.hpp"
#include "sandbox/microsoft_ids.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr std::size_t greatest_page = 1'000;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

std::optional<refusal> read_preference(std::string_view item, preferences& out) {
  const auto equals = item.find('=');
  const auto name = lower(trim(item.substr(0, equals)));
  const auto value =
      equals == std::string_view::npos ? std::string_view() : unquote(trim(item.substr(equals + 1)));
  if (name == "outlook.timezone") {
    auto iana = resolve_zone(value);
    if (!iana) return zone_not_supported(value);
    out.zone = std::string(value);
    out.iana = *iana;
  } else if (name == "idtype") {
    out.immutable_ids = lower(value) == "immutableid";
  } else if (name == "outlook.body-content-type") {
    out.text_body = lower(value) == "text";
  } else if (name == "odata.maxpagesize") {
    std::size_t n = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), n);
    if (read.ec == std::errc() && n > 0) out.page_size = std::min(n, greatest_page);
  }
  return std::nullopt;
}

json::object time_in(local_time wall, const std::string& zone) {
  return {{"dateTime", format_wall(wall)}, {"timeZone", zone}};
}

/// All-day events float: midnight whatever zone is asked for.
json::object time_of(const zoned_time& t, bool all_day, const std::string& iana, const std::string& zone) {
  return time_in(all_day ? t.wall : to_wall(t.at(), iana), zone);
}

const json::value& field_of(const occurrence& o, std::string_view name) {
  if (o.exception != nullptr && o.exception->own_fields.count(name) != 0)
    return o.exception->content.fields.at(name);
  return o.item->content.fields.at(name);
}

json::value field_or(const occurrence& o, std::string_view name, json::value absent) {
  const auto* v = o.item->content.fields.if_contains(name);
  if (o.exception != nullptr && o.exception->own_fields.count(name) != 0)
    v = o.exception->content.fields.if_contains(name);
  return v == nullptr ? std::move(absent) : *v;
}

std::string percent_equals(std::string id) {
  for (auto at = id.find('='); at != std::string::npos; at = id.find('=', at)) id.replace(at, 1, "%3D");
  return id;
}

std::string_view type_of(const occurrence& o) {
  if (!o.item->rule) return "singleInstance";
  if (!o.date) return "seriesMaster";
  return o.exception != nullptr ? "exception" : "occurrence";
}

std::string change_key_in(const viewer& v, const occurrence& o) {
  const auto key = v.box.change_key_of(*o.item);
  return o.date && o.exception == nullptr ? occurrence_change_key(key, *o.date) : key;
}

void add_body(const viewer& v, const occurrence& o, json::object& out) {
  const auto html = std::string(field_of(o, "body").as_string());
  const auto text = text_from_html(html);
  out["bodyPreview"] = preview_of(text);
  const bool as_text = v.prefer.text_body.value_or(false) && !v.box.settings().ignore_body_preference;
  out["body"] = {{"contentType", as_text ? "text" : "html"}, {"content", as_text ? text : html}};
}

void add_identity(const viewer& v, const occurrence& o, json::object& out) {
  const auto& item = *o.item;
  const auto& knobs = v.box.settings();
  const auto* meeting = item.content.fields.if_contains("meeting");
  const auto seed = meeting != nullptr ? std::string(meeting->as_string())
                                       : v.box.owner().email + ':' + std::to_string(item.key);
  const auto given = item.content.fields.if_contains("iCalUId");
  out["iCalUId"] = knobs.null_ical_uid ? json::value(nullptr)
                   : given != nullptr  ? *given
                                       : json::value(ical_uid(seed, item.created, o.date));
  if (!knobs.omit_uid) {
    out["uid"] = ical_uid(seed, item.created, std::nullopt);
    out["occurrenceId"] =
        o.date ? json::value("OID." + id_of(v, item, std::nullopt) + '.' + format_date(*o.date))
               : json::value(nullptr);
  }
}

void add_people(const viewer& v, const occurrence& o, json::object& out) {
  const auto& owner = v.box.owner();
  out["attendees"] = field_of(o, "attendees");
  out["organizer"] =
      field_or(o, "organizer", {{"emailAddress", {{"name", owner.display_name}, {"address", owner.email}}}});
  out["isOrganizer"] = field_or(o, "isOrganizer", true);
  out["responseStatus"] =
      field_or(o, "responseStatus", {{"response", "organizer"}, {"time", "0001-01-01T00:00:00Z"}});
}

} // namespace

std::string preferences::applied() const {
  if (!text_body) return {};
  return std::string("outlook.body-content-type=\"") + (*text_body ? "text" : "html") + '"';
}

expected<preferences> read_preferences(const net::header_list& headers) {
  preferences out;
  for (const auto& [name, value] : headers) {
    if (lower(name) != "prefer") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      bool quoted = false;
      std::size_t end = 0;
      for (; end < rest.size() && (quoted || rest[end] != ','); ++end)
        if (rest[end] == '"') quoted = !quoted;
      if (auto refused = read_preference(rest.substr(0, end), out))
        return tl::unexpected(std::move(*refused));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

std::string id_of(const viewer& v, const event_item& item, const std::optional<local_days>& date) {
  const auto& base = v.prefer.immutable_ids ? item.immutable_id : item.regular_id;
  return date ? instance_id(base, *date) : base;
}

std::string calendar_id_of(const viewer& v, const calendar_item& calendar) {
  return v.prefer.immutable_ids && v.box.settings().calendar_ids_follow_header ? calendar.short_id
                                                                               : calendar.id;
}

std::string etag_of(const viewer& v, const occurrence& o) { return "W/\"" + change_key_in(v, o) + '"'; }

json::object render_event(const viewer& v, const occurrence& o) {
  const auto& item = *o.item;
  const auto id = id_of(v, item, o.date);
  json::object out{{"@odata.etag", etag_of(v, o)},
                   {"id", id},
                   {"createdDateTime", format_instant(item.created)},
                   {"lastModifiedDateTime", format_instant(item.modified)},
                   {"changeKey", change_key_in(v, o)},
                   {"categories", field_of(o, "categories")},
                   {"transactionId",
                    item.transaction_id.empty() ? json::value(nullptr) : json::value(item.transaction_id)},
                   {"originalStartTimeZone", item.original_start_zone},
                   {"originalEndTimeZone", item.original_end_zone}};
  add_identity(v, o, out);
  for (const char* name :
       {"reminderMinutesBeforeStart", "isReminderOn", "subject", "importance", "sensitivity",
        "responseRequested", "showAs", "isOnlineMeeting", "onlineMeetingProvider", "allowNewTimeProposals",
        "hideAttendees", "location", "locations"})
    out[name] = field_of(o, name);
  out["hasAttachments"] = false;
  out["isAllDay"] = o.all_day;
  out["isCancelled"] = field_or(o, "isCancelled", false);
  out["isDraft"] = field_or(o, "isDraft", false);
  out["seriesMasterId"] = o.date ? json::value(id_of(v, item, std::nullopt)) : json::value(nullptr);
  out["type"] = type_of(o);
  out["webLink"] =
      "https://outlook.office365.com/owa/?itemid=" + percent_equals(id) + "&exvsurl=1&path=/calendar/item";
  out["onlineMeetingUrl"] = out["onlineMeeting"] = out["originalStart"] = nullptr;
  add_people(v, o, out);
  add_body(v, o, out);
  out["start"] = time_of(o.start, o.all_day, v.prefer.iana, v.prefer.zone);
  out["end"] = time_of(o.end, o.all_day, v.prefer.iana, v.prefer.zone);
  out["recurrence"] = item.rule && !o.date
                          ? json::value(render_recurrence(*item.rule, item.content.start.zone))
                          : json::value(nullptr);
  if (v.box.settings().custom_zones && item.rule && !o.date)
    out["recurrence"].at("range").as_object()["recurrenceTimeZone"] = "tzone://Microsoft/Custom";
  return out;
}

json::object render_stub(const viewer& v, const occurrence& o) {
  const auto zone = windows_zone(v.prefer.iana);
  return {{"@odata.type", "#microsoft.graph.event"},
          {"@odata.etag", etag_of(v, o)},
          {"id", id_of(v, *o.item, o.date)},
          {"seriesMasterId", id_of(v, *o.item, std::nullopt)},
          {"type", type_of(o)},
          {"start", time_of(o.start, o.all_day, v.prefer.iana, zone)},
          {"end", time_of(o.end, o.all_day, v.prefer.iana, zone)}};
}

json::object render_calendar(const viewer& v, const calendar_item& calendar) {
  const auto& owner = v.box.owner();
  return {{"id", calendar_id_of(v, calendar)},
          {"name", calendar.name},
          {"color", calendar.color},
          {"hexColor", ""},
          {"groupClassId", "0006f0b7-0000-0000-c000-000000000046"},
          {"changeKey", change_key(owner.email + "/calendar", calendar.key, calendar.version)},
          {"isDefaultCalendar", calendar.is_default},
          {"canEdit", calendar.can_edit},
          {"canShare", calendar.can_edit},
          {"canViewPrivateItems", true},
          {"isRemovable", !calendar.is_default},
          {"isTallyingResponses", calendar.is_default},
          {"allowedOnlineMeetingProviders", {"teamsForBusiness"}},
          {"defaultOnlineMeetingProvider", "teamsForBusiness"},
          {"owner", {{"name", owner.display_name}, {"address", owner.email}}}};
}

json::array cancelled_occurrences(const viewer& v, const event_item& master) {
  json::array out;
  for (const auto date : master.cancelled)
    out.emplace_back("OID." + id_of(v, master, std::nullopt) + '.' + format_date(date));
  return out;
}

} // namespace kalends::sandbox::microsoft
