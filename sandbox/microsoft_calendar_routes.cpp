// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_graph.hpp"
#include "sandbox/microsoft_odata.hpp"

#include <boost/json/array.hpp>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

json::object with_context(const std::string& base_url, const std::string& what, json::object value) {
  json::object out{{"@odata.context", base_url + "/v1.0/$metadata#" + what}};
  for (auto& member : value) out[member.key()] = std::move(member.value());
  return out;
}

} // namespace

void graph::add_calendar_routes(router& routes) {
  add_mailbox_route(routes, "GET", "", "graph.me.get", &graph::me);
  add_mailbox_route(routes, "POST", "/revokeSignInSessions", "graph.me.revokeSignInSessions",
                    &graph::revoke_sessions);
  add_mailbox_route(routes, "GET", "/calendars", "graph.calendars.list", &graph::list_calendars);
  add_mailbox_route(routes, "POST", "/calendars", "graph.calendars.insert", &graph::create_calendar);
  add_mailbox_route(routes, "GET", "/calendar", "graph.calendars.get", &graph::get_calendar);
  add_mailbox_route(routes, "GET", "/calendars/{calendar}", "graph.calendars.get", &graph::get_calendar);
  add_mailbox_route(routes, "PATCH", "/calendars/{calendar}", "graph.calendars.update",
                    &graph::change_calendar);
  add_mailbox_route(routes, "DELETE", "/calendars/{calendar}", "graph.calendars.delete",
                    &graph::delete_calendar);
  for (const auto* name :
       {"/outlook/supportedTimeZones",
        "/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')",
        "/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Windows')"})
    add_mailbox_route(routes, "GET", name, "graph.me.supportedTimeZones", &graph::supported_zones);
}

net::http_response graph::me(call& c, mailbox& box) {
  const auto& owner = box.owner();
  json::object user{{"businessPhones", json::array{}},
                    {"displayName", owner.display_name},
                    {"givenName", nullptr},
                    {"jobTitle", nullptr},
                    {"mail", owner.email},
                    {"mobilePhone", nullptr},
                    {"officeLocation", nullptr},
                    {"preferredLanguage", nullptr},
                    {"surname", nullptr},
                    {"userPrincipalName", owner.email},
                    {"id", owner.object_id}};
  if (const auto select = c.query_value("$select");
      select && select->find("mailboxSettings") != std::string::npos)
    user["mailboxSettings"] = {{"timeZone", windows_zone(owner.time_zone)}};
  return graph_answer(200, with_context(core_.base_url, "users/$entity", std::move(user)));
}

net::http_response graph::revoke_sessions(call& c, mailbox&) {
  core_.people.revoke_all(c.who->email);
  return graph_answer(200, {{"value", true}});
}

net::http_response graph::list_calendars(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  std::vector<std::pair<std::string, std::string>> paging;
  for (const auto& pair : c.query)
    if (pair.first == "$top" || pair.first == "$skip") paging.push_back(pair);
  const auto options = read_options(paging);
  if (!options) return refusal_answer(options.error());
  json::array rows;
  std::size_t at = 0;
  for (const auto& [key, calendar] : box.calendars()) {
    if (at >= options->skip && at < options->skip + options->top)
      rows.push_back(render_calendar({box, *prefer}, calendar));
    ++at;
  }
  json::object out{
      {"@odata.context", core_.base_url + "/v1.0/$metadata#users('" + c.who->object_id + "')/calendars"},
      {"value", std::move(rows)}};
  if (at > options->skip + options->top)
    out["@odata.nextLink"] = link_base(c) + "?$top=" + std::to_string(options->top) +
                             "&$skip=" + std::to_string(options->skip + options->top);
  return graph_answer(200, out);
}

net::http_response graph::get_calendar(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  return graph_answer(200, with_context(core_.base_url, "users('" + c.who->object_id + "')/calendars/$entity",
                                        render_calendar({box, *prefer}, **calendar)));
}

net::http_response graph::create_calendar(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  const auto body = body_of(c);
  if (!prefer || !body) return refusal_answer(prefer ? body.error() : prefer.error());
  const auto* name = body->if_contains("name");
  if (name == nullptr || !name->is_string() || name->get_string().empty())
    return refusal_answer({400, "ErrorInvalidRequest", "A calendar needs a name.", {}, {}});
  for (const auto& [key, other] : box.calendars())
    if (other.name == std::string_view(name->get_string()))
      return refusal_answer(
          {409, "ErrorFolderExists", "A folder with the specified name already exists.", {}, {}});
  const auto& made = box.add_calendar(std::string(name->get_string()), true);
  c.wrote = true;
  return graph_answer(201, render_calendar({box, *prefer}, made));
}

net::http_response graph::change_calendar(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  const auto body = body_of(c);
  if (!prefer || !body) return refusal_answer(prefer ? body.error() : prefer.error());
  const auto changed = box.change_calendar(c.param("calendar"), *body);
  if (!changed) return refusal_answer(changed.error());
  c.wrote = true;
  return graph_answer(200, render_calendar({box, *prefer}, **changed));
}

net::http_response graph::delete_calendar(call& c, mailbox& box) {
  if (auto refused = box.remove_calendar(c.param("calendar"), {change_author::application, core_.now(), ""}))
    return refusal_answer(*refused);
  c.wrote = true;
  return {204, {}, ""};
}

net::http_response graph::supported_zones(call& c, mailbox&) {
  const bool iana = c.request.target.find("Iana") != std::string::npos;
  json::array zones;
  for (const char* name : {"UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Amsterdam",
                           "Europe/Vienna", "America/New_York", "America/Chicago", "America/Denver",
                           "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney"}) {
    const auto alias = iana ? std::string(name) : windows_zone(name);
    zones.push_back(json::object{{"alias", alias}, {"displayName", alias}});
  }
  return graph_answer(200, {{"value", std::move(zones)}});
}

} // namespace kalends::sandbox::microsoft
