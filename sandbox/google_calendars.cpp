// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/zone.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

json::object list_entry(const calendar& in, bool cancelled_form) {
  json::object out{{"kind", "calendar#calendarListEntry"}, {"etag", in.etag()}, {"id", in.id}};
  if (in.deleted && cancelled_form) {
    out["deleted"] = true;
    return out;
  }
  out["summary"] = in.summary;
  if (!in.description.empty()) out["description"] = in.description;
  if (!in.location.empty()) out["location"] = in.location;
  out["timeZone"] = in.time_zone;
  out["colorId"] = "14";
  out["backgroundColor"] = "#9fe1e7";
  out["foregroundColor"] = "#000000";
  out["selected"] = true;
  out["accessRole"] = "owner";
  if (in.primary)
    out["primary"] = true;
  else
    out["dataOwner"] = in.owner;
  out["defaultReminders"] = json::array{json::object{{"method", "popup"}, {"minutes", 10}}};
  out["conferenceProperties"] = json::object{{"allowedConferenceSolutionTypes", json::array{"hangoutsMeet"}}};
  merge_patch(out, in.list_fields);
  return out;
}

json::object calendar_form(const calendar& in) {
  json::object out{
      {"kind", "calendar#calendar"}, {"etag", in.etag()}, {"id", in.id}, {"summary", in.summary}};
  if (!in.description.empty()) out["description"] = in.description;
  if (!in.location.empty()) out["location"] = in.location;
  out["timeZone"] = in.time_zone;
  out["conferenceProperties"] = json::object{{"allowedConferenceSolutionTypes", json::array{"hangoutsMeet"}}};
  if (!in.primary) out["dataOwner"] = in.owner;
  return out;
}

bool is_hidden(const calendar& in) {
  const auto* hidden = in.list_fields.if_contains("hidden");
  return hidden && hidden->is_bool() && hidden->get_bool();
}

std::optional<std::int64_t> number_after(std::string_view text, std::string_view prefix) {
  std::int64_t n = 0;
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto [end, bad] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), n);
  return bad == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

/// The change number of a list sync token, or a refusal: 400 when damaged, 410 when void.
std::optional<std::int64_t> list_since(half& h, const call& c) {
  const auto token = c.query_value("syncToken");
  if (!token) return std::nullopt;
  if (c.query_value("minAccessRole"))
    refuse(400, "syncTokenWithRequestRestrictions",
           "Sync token cannot be used with other request restrictions.");
  const auto since = number_after(*token, "CL");
  if (!since)
    throw refusal({400, "invalid", "Invalid sync token value.", "global", "parameter", "syncToken"});
  const auto void_before = h.tokens_void_before.find(c.who->email);
  if (void_before != h.tokens_void_before.end() && *since <= void_before->second)
    throw refusal({410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.",
                   "calendar", "parameter", "syncToken"});
  return since;
}

net::http_response calendar_list(half& h, call& c) {
  const auto since = list_since(h, c);
  std::vector<const calendar*> found;
  for (const auto* in : h.calendars.all_of(*c.who)) {
    const bool shown = (!in->deleted || c.query_value("showDeleted") == "true") &&
                       (!is_hidden(*in) || c.query_value("showHidden") == "true");
    if (since ? in->changed > *since : shown) found.push_back(in);
  }
  std::size_t size = 100;
  if (const auto text = c.query_value("maxResults")) {
    const auto n = number_after(*text, "");
    if (!n || *n <= 0) refuse(400, "invalidParameter", "Invalid integer value: '" + *text + "'.");
    size = static_cast<std::size_t>(std::min<std::int64_t>(*n, 250));
  }
  std::size_t from = 0;
  if (const auto text = c.query_value("pageToken")) {
    const auto n = number_after(*text, "P");
    if (!n || static_cast<std::size_t>(*n) > found.size()) refuse_invalid("Invalid page token value.");
    from = static_cast<std::size_t>(*n);
  }
  const auto to = std::min(from + size, found.size());
  json::array items;
  for (auto i = from; i < to; ++i) items.push_back(list_entry(*found[i], true));
  json::object out{{"kind", "calendar#calendarList"},
                   {"etag", "\"p" + base64url(sha256(c.who->email)).substr(0, 15) + "\""}};
  if (to < found.size())
    out["nextPageToken"] = "P" + std::to_string(to);
  else
    out["nextSyncToken"] = "CL" + std::to_string(h.calendars.next_change());
  out["items"] = std::move(items);
  return json_answer(200, out);
}

net::http_response get_list_entry(half& h, call& c) {
  return json_answer(200, list_entry(calendar_of(h, c), false));
}

net::http_response patch_list_entry(half& h, call& c) {
  auto& in = calendar_of(h, c);
  const auto body = body_of(c);
  for (const auto* name : {"summaryOverride", "selected", "hidden", "colorId", "backgroundColor",
                           "foregroundColor", "defaultReminders"})
    if (const auto* v = body.if_contains(name)) {
      if (v->is_null())
        in.list_fields.erase(name);
      else
        in.list_fields[name] = *v;
    }
  in.changed = h.calendars.next_change();
  c.wrote = true;
  notify_calendar_list(h, in.owner);
  return json_answer(200, list_entry(in, false));
}

/// Fills in what a calendar's owner may write.
void write_calendar(calendar& in, const json::object& body) {
  if (body.contains("summary")) in.summary = text_at(body, "summary");
  if (in.summary.empty()) refuse(400, "required", "Required");
  if (body.contains("description")) in.description = text_at(body, "description");
  if (body.contains("location")) in.location = text_at(body, "location");
  const auto zone = text_at(body, "timeZone");
  if (zone.empty()) return;
  if (!zone::is_known(zone)) refuse_invalid("Invalid time zone.");
  in.time_zone = zone;
}

net::http_response insert_calendar(half& h, call& c) {
  calendar in;
  in.id = "c_" + base32hex(h.all.outside.random_bytes(40)) + "@group.calendar.google.com";
  in.owner = c.who->email;
  in.time_zone = c.who->time_zone;
  write_calendar(in, body_of(c));
  auto& kept = h.calendars.add(std::move(in));
  c.wrote = true;
  notify_calendar_list(h, kept.owner);
  return json_answer(200, calendar_form(kept));
}

net::http_response change_calendar(half& h, call& c) {
  auto& in = calendar_of(h, c);
  auto changed = in;
  write_calendar(changed, body_of(c));
  changed.changed = h.calendars.next_change();
  in = std::move(changed);
  c.wrote = true;
  notify_calendar_list(h, in.owner);
  return json_answer(200, calendar_form(in));
}

net::http_response delete_calendar(half& h, call& c) {
  auto& in = calendar_of(h, c);
  if (in.primary) refuse(400, "cannotDeletePrimaryCalendar", "Cannot delete primary calendar.");
  in.deleted = true;
  in.changed = h.calendars.next_change();
  in.events.clear();
  c.wrote = true;
  notify_calendar_list(h, in.owner);
  return {204, {}, ""};
}

net::http_response colors() {
  static constexpr std::array event_colors{"#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c", "#fbd75b", "#ffb878",
                                           "#46d6db", "#e1e1e1", "#5484ed", "#51b749", "#dc2127"};
  static constexpr std::array calendar_colors{
      "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765",
      "#7bd148", "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7",
      "#9a9cff", "#b99aff", "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2"};
  const auto table = [](const auto& colors) {
    json::object out;
    for (std::size_t i = 0; i < colors.size(); ++i)
      out[std::to_string(i + 1)] = json::object{{"background", colors[i]}, {"foreground", "#1d1d1d"}};
    return out;
  };
  return json_answer(200, {{"kind", "calendar#colors"},
                           {"updated", "2012-02-14T00:00:00.000Z"},
                           {"calendar", table(calendar_colors)},
                           {"event", table(event_colors)}});
}

json::object setting(const account& a, const std::string& id) {
  std::string value;
  if (id == "timezone")
    value = a.time_zone;
  else if (id == "locale")
    value = "en";
  else if (id == "weekStart")
    value = "1";
  else if (id == "dateFieldOrder")
    value = "DMY";
  else if (id == "format24HourTime")
    value = "true";
  else if (id == "defaultEventLength")
    value = "60";
  else
    refuse_not_found();
  return {{"kind", "calendar#setting"}, {"etag", "\"0\""}, {"id", id}, {"value", value}};
}

net::http_response settings(half& h, call& c) {
  json::array items;
  for (const auto* id :
       {"timezone", "locale", "weekStart", "dateFieldOrder", "format24HourTime", "defaultEventLength"})
    items.push_back(setting(*c.who, id));
  return json_answer(200, {{"kind", "calendar#settings"},
                           {"etag", "\"0\""},
                           {"nextSyncToken", std::to_string(h.calendars.last_change())},
                           {"items", std::move(items)}});
}

std::int64_t required_time(const json::object& body, const char* name) {
  const auto read = zone::parse_date_time(text_at(body, name));
  if (!read || !read->offset) refuse(400, "badRequest", "Bad Request");
  return read->wall - *read->offset;
}

/// Busy spans of a calendar, merged and in order.
std::vector<std::pair<std::int64_t, std::int64_t>> busy_spans(const calendar& in, const window& w) {
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  const auto add = [&](const event& e) {
    if (e.is_cancelled() || text_at(e.fields, "transparency") == "transparent" || !overlaps(e, in, w)) return;
    const auto at = [&](const moment& m) { return m.all_day ? zone::to_utc(m.at, in.time_zone) : m.at; };
    spans.emplace_back(std::max(at(e.start), *w.from), std::min(at(e.end), *w.to));
  };
  for (const auto& [id, e] : in.events) {
    if (e.is_master() && !e.is_cancelled())
      for (const auto& one : instances(in, e, w, expansion_limit)) add(one);
    else if (e.series_id.empty())
      add(e);
  }
  std::ranges::sort(spans);
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (const auto& s : spans)
    if (!out.empty() && s.first <= out.back().second)
      out.back().second = std::max(out.back().second, s.second);
    else
      out.push_back(s);
  return out;
}

net::http_response free_busy(half& h, call& c) {
  const auto body = body_of(c);
  const auto from = required_time(body, "timeMin");
  const auto to = required_time(body, "timeMax");
  if (from >= to)
    throw refusal(
        {400, "timeRangeEmpty", "The specified time range is empty.", "calendar", "parameter", "timeMax"});
  auto zone = text_at(body, "timeZone");
  if (zone.empty()) zone = "UTC";
  if (!zone::is_known(zone)) refuse_invalid("Invalid time zone.");
  json::object answers;
  const auto* items = body.if_contains("items");
  if (items && items->is_array())
    for (const auto& item : items->get_array()) {
      const auto id = item.is_object() ? text_at(item.get_object(), "id") : std::string();
      const auto* in = h.calendars.find(*c.who, id);
      json::object one;
      json::array busy;
      if (!in)
        one["errors"] = json::array{json::object{{"domain", "global"}, {"reason", "notFound"}}};
      else
        for (const auto& [start, end] : busy_spans(*in, {from, to}))
          busy.push_back(json::object{{"start", zone::write_instant(start, zone)},
                                      {"end", zone::write_instant(end, zone)}});
      one["busy"] = std::move(busy);
      answers[id] = std::move(one);
    }
  const auto millis = [](std::int64_t t) { return to_rfc3339(instant(std::chrono::seconds(t))); };
  return json_answer(200, {{"kind", "calendar#freeBusy"},
                           {"timeMin", millis(from)},
                           {"timeMax", millis(to)},
                           {"calendars", std::move(answers)}});
}

} // namespace

void add_calendar_routes(half& h, router& routes) {
  const std::vector<std::string> read_list{"calendar", "calendar.readonly", "calendar.calendarlist",
                                           "calendar.calendarlist.readonly"};
  auto read_entry = read_list;
  read_entry.emplace_back("calendar.app.created");
  const std::vector<std::string> write_list{"calendar", "calendar.calendarlist"};
  const std::vector<std::string> read{"calendar", "calendar.readonly", "calendar.calendars",
                                      "calendar.calendars.readonly", "calendar.app.created"};
  const std::vector<std::string> write{"calendar", "calendar.calendars", "calendar.app.created"};
  const std::string entry = "users/me/calendarList/{calendar}";
  add_api(routes, "GET", "users/me/calendarList", "calendarList.list", read_list,
          [&h](call& c) { return calendar_list(h, c); });
  add_api(routes, "GET", entry, "calendarList.get", read_entry,
          [&h](call& c) { return get_list_entry(h, c); });
  add_api(routes, "PATCH", entry, "calendarList.patch", write_list,
          [&h](call& c) { return patch_list_entry(h, c); });
  add_api(routes, "GET", "calendars/{calendar}", "calendars.get", read,
          [&h](call& c) { return json_answer(200, calendar_form(calendar_of(h, c))); });
  add_api(routes, "POST", "calendars", "calendars.insert", write,
          [&h](call& c) { return insert_calendar(h, c); });
  add_api(routes, "PATCH", "calendars/{calendar}", "calendars.patch", write,
          [&h](call& c) { return change_calendar(h, c); });
  add_api(routes, "PUT", "calendars/{calendar}", "calendars.update", write,
          [&h](call& c) { return change_calendar(h, c); });
  add_api(routes, "DELETE", "calendars/{calendar}", "calendars.delete", write,
          [&h](call& c) { return delete_calendar(h, c); });
  add_api(routes, "GET", "colors", "colors.get", {}, [](call&) { return colors(); });
  const std::vector<std::string> read_settings{"calendar", "calendar.readonly", "calendar.settings.readonly"};
  add_api(routes, "GET", "users/me/settings", "settings.list", read_settings,
          [&h](call& c) { return settings(h, c); });
  add_api(routes, "GET", "users/me/settings/{setting}", "settings.get", read_settings,
          [](call& c) { return json_answer(200, setting(*c.who, c.param("setting"))); });
  add_api(routes, "POST", "freeBusy", "freebusy.query",
          {"calendar", "calendar.readonly", "calendar.freebusy", "calendar.events.freebusy"},
          [&h](call& c) { return free_busy(h, c); });
}

} // namespace kalends::sandbox::google
