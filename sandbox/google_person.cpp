// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// The API's form of what the page's form holds.
json::object to_patch(const json::object& change, const calendar& in) {
  json::object out;
  const std::pair<const char*, const char*> names[] = {
      {"title", "summary"}, {"notes", "description"}, {"location", "location"}};
  for (const auto& [ours, theirs] : names)
    if (const auto* v = change.if_contains(ours)) out[theirs] = *v;
  auto zone = text_at(change, "time_zone");
  if (zone.empty()) zone = in.time_zone;
  for (const auto* end : {"start", "end"}) {
    const auto text = text_at(change, end);
    if (text.empty()) continue;
    if (text.size() == 10)
      out[end] = json::object{{"date", text}, {"dateTime", nullptr}, {"timeZone", nullptr}};
    else
      out[end] = json::object{{"dateTime", text}, {"timeZone", zone}, {"date", nullptr}};
  }
  if (const auto* v = change.if_contains("resource"); v && v->is_object())
    for (const auto& [key, value] : v->get_object()) out[key] = value;
  return out;
}

error to_error(const refusal& r) {
  const auto& e = r.what_to_say;
  const auto kind = e.status == 404 || e.status == 410 ? errc::not_found : errc::invalid;
  return {kind, e.reason, e.message, e.location, {}};
}

} // namespace

json::array half::calendars_of(const account& owner) {
  json::array out;
  for (const auto* in : calendars.all_of(owner))
    if (!in->deleted)
      out.push_back(json::object{
          {"id", in->id}, {"name", in->summary}, {"primary", in->primary}, {"time_zone", in->time_zone}});
  return out;
}

json::array half::events_of(const account& owner, std::string_view calendar_name) {
  json::array out;
  const auto* in = calendars.find(owner, calendar_name.empty() ? "primary" : calendar_name);
  if (!in) return out;
  for (const auto& [id, e] : in->events) {
    if (e.is_cancelled()) continue;
    const auto form = render(e, *in, in->time_zone);
    const auto when = [&](const char* end) {
      const auto& m = form.at(end).as_object();
      return e.start.all_day ? text_at(m, "date") : text_at(m, "dateTime");
    };
    out.push_back(json::object{{"id", e.id},
                               {"calendar_id", in->id},
                               {"title", text_at(form, "summary")},
                               {"notes", text_at(form, "description")},
                               {"location", text_at(form, "location")},
                               {"start", when("start")},
                               {"end", when("end")},
                               {"all_day", e.start.all_day},
                               {"time_zone", e.start.zone},
                               {"status", e.status},
                               {"recurring", e.is_master()},
                               {"resource", form}});
  }
  return out;
}

result<json::object> half::person_writes(const account& owner, std::string_view calendar_name,
                                         std::string_view event_name, const json::object& change) {
  auto* in = calendars.find(owner, calendar_name.empty() ? "primary" : calendar_name);
  if (!in)
    return failure(errc::not_found, "no_such_calendar", "this account has no such calendar", "calendar");
  try {
    auto patch = to_patch(change, *in);
    if (!event_name.empty())
      return render(change_event(*this, *in, event_name, patch, true, {}), *in, in->time_zone);
    json::object whole;
    merge_patch(whole, patch);
    return render(insert_event(*this, *in, whole, {0, true}), *in, in->time_zone);
  } catch (const refusal& r) {
    return tl::unexpected(to_error(r));
  }
}

result<void> half::person_deletes(const account& owner, std::string_view calendar_name,
                                  std::string_view event_name) {
  auto* in = calendars.find(owner, calendar_name.empty() ? "primary" : calendar_name);
  if (!in)
    return failure(errc::not_found, "no_such_calendar", "this account has no such calendar", "calendar");
  try {
    delete_event(*this, *in, event_name);
    return {};
  } catch (const refusal& r) {
    return tl::unexpected(to_error(r));
  }
}

} // namespace kalends::sandbox::google
