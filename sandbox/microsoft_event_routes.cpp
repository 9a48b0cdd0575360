// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_delta.hpp"
#include "sandbox/microsoft_graph.hpp"
#include "sandbox/microsoft_odata.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <charconv>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr auto longest_window = days(1825);

struct window {
  instant start{}, end{};
};

expected<window> window_of(const call& c) {
  const auto start = c.query_value("startDateTime");
  const auto end = c.query_value("endDateTime");
  if (!start || !end)
    return refuse(400, "ErrorInvalidParameter",
                  "This request requires a time window specified by the query string parameters "
                  "StartDateTime and EndDateTime.");
  const auto from = parse_instant(*start);
  const auto to = parse_instant(*end);
  if (!from || !to)
    return refuse(400, "ErrorInvalidParameter", "The value of startDateTime or endDateTime is invalid.");
  if (*to < *from)
    return refuse(400, "ErrorInvalidParameter", "The endDateTime must not be before the startDateTime.");
  if (*to - *from > longest_window)
    return refuse(400, "ErrorInvalidRequest",
                  "The difference between the start and end dates is greater than the allowed range. Maximum "
                  "number of days: 1825");
  return window{*from, *to};
}

/// The `$expand`ed properties asked for, as far as the event has them.
void add_extended(const query_options& options, const event_item& item, json::object& out) {
  json::array values;
  for (const auto& id : options.extended_ids)
    if (const auto found = item.extended.find(id); found != item.extended.end())
      values.push_back(json::object{{"id", id}, {"value", found->second}});
  if (!values.empty()) out["singleValueExtendedProperties"] = std::move(values);
}

net::http_response with_preference(net::http_response answer, const preferences& prefer) {
  if (const auto applied = prefer.applied(); !applied.empty())
    answer.headers.emplace_back("Preference-Applied", applied);
  return answer;
}

expected<occurrence> occurrence_of(const found_item& found) {
  if (!found.date) return whole(*found.item);
  auto one = occurrence_at(*found.item, *found.date);
  if (!one) return tl::unexpected(item_not_found());
  return *one;
}

struct exceptions_page {
  json::array values;
  std::optional<std::size_t> next; ///< how many have been told
};

/// The exceptions of a series from the `from`th on, as many as a page holds.
exceptions_page exceptions_from(const viewer& v, const event_item& series, std::size_t from) {
  const auto& knobs = v.box.settings();
  const auto size = static_cast<std::size_t>(knobs.exceptions_page_size);
  exceptions_page page;
  std::size_t at = 0;
  for (const auto& [date, exception] : series.exceptions) {
    const auto o = occurrence_at(series, date);
    if (!o || at++ < from) continue;
    if (size > 0 && page.values.size() == size) {
      page.next = from + size;
      break;
    }
    auto told = render_event(v, *o);
    if (knobs.poor_exceptions)
      for (const char* name : {"subject", "body", "bodyPreview"}) told.erase(name);
    page.values.push_back(std::move(told));
  }
  return page;
}

std::string link_to_exceptions(const std::string& base, const call& c, std::size_t from) {
  const auto owner = c.params.contains("user") ? "users/" + c.param("user") : std::string("me");
  return base + "/v1.0/" + owner + "/events('" + c.param("event") +
         "')/exceptionOccurrences?$skip=" + std::to_string(from);
}

} // namespace

void graph::add_event_routes(router& routes) {
  for (const auto* scope : {"", "/calendar", "/calendars/{calendar}"}) {
    const std::string s(scope);
    add_mailbox_route(routes, "GET", s + "/events", "graph.events.list", &graph::list_events);
    add_mailbox_route(routes, "POST", s + "/events", "graph.events.insert", &graph::create_event);
    add_mailbox_route(routes, "GET", s + "/calendarView", "graph.calendarView.list", &graph::view_calendar);
    for (const auto* name : {"/calendarView/delta", "/calendarView/delta()",
                             "/calendarView/microsoft.graph.delta", "/calendarView/microsoft.graph.delta()"})
      add_mailbox_route(routes, "GET", s + name, "graph.calendarView.delta", &graph::delta);
    for (const auto* name : {"/events/delta", "/events/delta()", "/events/microsoft.graph.delta()"})
      add_mailbox_route(routes, "GET", s + name, "graph.events.delta", &graph::events_delta);
    add_mailbox_route(routes, "GET", s + "/events/{event}", "graph.events.get", &graph::get_event);
    add_mailbox_route(routes, "GET", s + "/events/{event}/exceptionOccurrences", "graph.events.exceptions",
                      &graph::exceptions);
    add_mailbox_route(routes, "PATCH", s + "/events/{event}", "graph.events.update", &graph::change_event);
    add_mailbox_route(routes, "DELETE", s + "/events/{event}", "graph.events.delete", &graph::delete_event);
    add_mailbox_route(routes, "GET", s + "/events/{event}/instances", "graph.events.instances",
                      &graph::instances);
    add_mailbox_route(routes, "POST", s + "/events/{event}/permanentDelete", "graph.events.permanentDelete",
                      &graph::delete_event);
    for (const auto* action : {"accept", "tentativelyAccept", "decline", "cancel"})
      add_mailbox_route(routes, "POST", s + "/events/{event}/" + action,
                        std::string("graph.events.") + action, &graph::respond_event);
  }
}

net::http_response graph::rows_answer(call& c, const viewer& v, std::vector<occurrence> rows,
                                      const std::string& context) const {
  auto options = read_options(c.query);
  if (!options) return refusal_answer(options.error());
  if (v.prefer.page_size && !c.query_value("$top")) options->top = *v.prefer.page_size;
  preferences utc;
  utc.immutable_ids = v.prefer.immutable_ids;
  struct row {
    occurrence o;
    json::object in_utc;
  };
  std::vector<row> kept;
  for (auto& o : rows) {
    row r{o, render_event({v.box, utc}, o)};
    if (!options->filter || options->filter->matches({&r.in_utc, &o.item->extended}))
      kept.push_back(std::move(r));
  }
  if (!options->order_by.empty())
    std::stable_sort(kept.begin(), kept.end(), [&](const row& a, const row& b) {
      return ordered_before(*options, a.in_utc, b.in_utc);
    });
  json::array values;
  for (std::size_t i = options->skip; i < kept.size() && values.size() < options->top; ++i) {
    auto event = render_event(v, kept[i].o);
    add_extended(*options, *kept[i].o.item, event);
    values.push_back(select_from(std::move(event), options->select));
  }
  json::object out{{"@odata.context", core_.base_url + "/v1.0/$metadata#" + context},
                   {"value", std::move(values)}};
  if (c.query_value("$count").value_or("") == "true") out["@odata.count"] = kept.size();
  if (kept.size() > options->skip + options->top) {
    auto link = link_base(c) + '?';
    for (const auto& [name, value] : c.query)
      if (name != "$skip") link += name + '=' + net::percent_encode(value) + '&';
    out["@odata.nextLink"] = link + "$skip=" + std::to_string(options->skip + options->top);
  }
  return with_preference(graph_answer(200, out), v.prefer);
}

net::http_response graph::list_events(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const bool one_calendar = c.request.path.find("/calendar") != std::string::npos;
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  std::vector<occurrence> rows;
  for (const auto& [key, item] : box.items())
    if (!item.deleted && (!one_calendar || item.calendar == (*calendar)->key)) rows.push_back(whole(item));
  std::reverse(rows.begin(), rows.end()); // newest first
  return rows_answer(c, {box, *prefer}, std::move(rows), "users('" + c.who->object_id + "')/events");
}

net::http_response graph::view_calendar(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  const auto span = window_of(c);
  if (!span) return refusal_answer(span.error());
  std::vector<occurrence> rows;
  for (const auto& [key, item] : box.items()) {
    if (item.deleted || item.calendar != (*calendar)->key) continue;
    const auto some = occurrences_in(item, span->start, span->end);
    rows.insert(rows.end(), some.begin(), some.end());
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const occurrence& a, const occurrence& b) { return a.from() < b.from(); });
  return rows_answer(c, {box, *prefer}, std::move(rows), "users('" + c.who->object_id + "')/calendarView");
}

net::http_response graph::instances(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto found = box.read(c.param("event"), core_.now());
  if (!found) return refusal_answer(found.error());
  const auto span = window_of(c);
  if (!span) return refusal_answer(span.error());
  if (!found->item->rule || found->date)
    return refusal_answer({400,
                           "ErrorInvalidRequest",
                           "Your request can't be completed. The event is not a series master.",
                           {},
                           {}});
  return rows_answer(c, {box, *prefer}, occurrences_in(*found->item, span->start, span->end),
                     "users('" + c.who->object_id + "')/events('" + c.param("event") + "')/instances");
}

net::http_response graph::get_event(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  const auto options = read_options(c.query);
  if (!prefer || !options) return refusal_answer(prefer ? options.error() : prefer.error());
  const auto found = box.read(c.param("event"), core_.now());
  if (!found) return refusal_answer(found.error());
  const auto one = occurrence_of(*found);
  if (!one) return refusal_answer(one.error());
  const viewer v{box, *prefer};
  auto event = render_event(v, *one);
  add_extended(*options, *found->item, event);
  const bool wants_cancelled = std::find(options->select.begin(), options->select.end(),
                                         "cancelledOccurrences") != options->select.end();
  if (wants_cancelled) event["cancelledOccurrences"] = cancelled_occurrences(v, *found->item);
  event = select_from(std::move(event), options->select);
  if (options->exception_occurrences) {
    auto page = exceptions_from(v, *found->item, 0);
    event["exceptionOccurrences"] = std::move(page.values);
    if (page.next)
      event["exceptionOccurrences@odata.nextLink"] = link_to_exceptions(core_.base_url, c, *page.next);
  }
  const auto& calendar = box.calendar(found->item->calendar);
  const auto link =
      core_.base_url + "/v1.0/users('" + c.who->object_id + "')/calendars('" + calendar.id + "')";
  event["calendar@odata.associationLink"] = link + "/$ref";
  event["calendar@odata.navigationLink"] = link;
  json::object out{{"@odata.context",
                    core_.base_url + "/v1.0/$metadata#users('" + c.who->object_id + "')/events/$entity"}};
  for (const auto& member : event) out[member.key()] = member.value();
  return with_preference(graph_answer(200, out), *prefer);
}

net::http_response graph::exceptions(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto found = box.read(c.param("event"), core_.now());
  if (!found) return refusal_answer(found.error());
  std::size_t from = 0;
  const auto skip = c.query_value("$skip").value_or("0");
  if (const auto [end, bad] = std::from_chars(skip.data(), skip.data() + skip.size(), from);
      bad != std::errc() || end != skip.data() + skip.size())
    return refusal_answer({400, "ErrorInvalidUrlQuery", "$skip is a number.", {}, {}});
  auto page = exceptions_from({box, *prefer}, *found->item, from);
  json::object out{{"@odata.context", core_.base_url + "/v1.0/$metadata#Collection(event)"},
                   {"value", std::move(page.values)}};
  if (page.next) out["@odata.nextLink"] = link_to_exceptions(core_.base_url, c, *page.next);
  return with_preference(graph_answer(200, out), *prefer);
}

net::http_response graph::create_event(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  const auto body = body_of(c);
  if (!prefer || !body) return refusal_answer(prefer ? body.error() : prefer.error());
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  const auto made = box.create((*calendar)->key, *body, {change_author::application, core_.now(), ""});
  if (!made) return refusal_answer(made.error());
  c.wrote = !made->replayed;
  const viewer v{box, *prefer};
  json::object out{{"@odata.context",
                    core_.base_url + "/v1.0/$metadata#users('" + c.who->object_id + "')/events/$entity"}};
  for (const auto& member : render_event(v, whole(*made->item))) out[member.key()] = member.value();
  auto answer = graph_answer(201, out);
  answer.headers.emplace_back("Location", core_.base_url + "/v1.0/users('" + c.who->object_id +
                                              "')/events('" + id_of(v, *made->item, std::nullopt) + "')");
  return with_preference(std::move(answer), *prefer);
}

net::http_response graph::change_event(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  const auto body = body_of(c);
  if (!prefer || !body) return refusal_answer(prefer ? body.error() : prefer.error());
  const auto changed = box.change(
      c.param("event"), *body, {change_author::application, core_.now(), std::string(c.header("If-Match"))});
  if (!changed) return refusal_answer(changed.error());
  c.wrote = true;
  const auto one = occurrence_of(*changed);
  if (!one) return refusal_answer(one.error());
  json::object out{{"@odata.context",
                    core_.base_url + "/v1.0/$metadata#users('" + c.who->object_id + "')/events/$entity"}};
  for (const auto& member : render_event({box, *prefer}, *one)) out[member.key()] = member.value();
  return with_preference(graph_answer(200, out), *prefer);
}

net::http_response graph::delete_event(call& c, mailbox& box) {
  if (auto refused = box.remove(c.param("event"),
                                {change_author::application, core_.now(), std::string(c.header("If-Match"))}))
    return refusal_answer(*refused);
  c.wrote = true;
  return {204, {}, ""};
}

net::http_response graph::respond_event(call& c, mailbox& box) {
  json::object body;
  if (!c.request.body.empty()) {
    auto read = body_of(c);
    if (!read) return refusal_answer(read.error());
    body = std::move(*read);
  }
  const auto action = c.to->name.substr(c.to->name.rfind('.') + 1);
  if (auto refused =
          box.respond(c.param("event"), action, body, {change_author::application, core_.now(), ""}))
    return refusal_answer(*refused);
  c.wrote = true;
  return {202, {}, ""};
}

net::http_response graph::delta(call& c, mailbox& box) {
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  for (const auto* option : {"$select", "$expand", "$filter", "$orderby", "$search"})
    if (c.query_value(option))
      return refusal_answer({400,
                             "ErrorInvalidUrlQuery",
                             "The following parameters are not supported with change tracking over the "
                             "'CalendarView' resource: '" +
                                 std::string(option) + "'.",
                             {},
                             {}});
  delta_position position;
  const auto skip = c.query_value("$skiptoken");
  const auto token = skip ? skip : c.query_value("$deltatoken");
  if (token && !token->empty()) {
    const auto read = read_token(*token);
    if (!read || read->of_events() || read->calendar != (*calendar)->key ||
        read->between_pages != skip.has_value())
      return refusal_answer({400, "BadRequest", "Badly formed token.", {}, {}});
    position = *read;
  } else {
    const auto span = window_of(c);
    if (!span) return refusal_answer(span.error());
    position = first_position(box, (*calendar)->key, span->start, span->end);
  }
  return delta_answer(c, {box, *prefer}, position, "/calendarView");
}

net::http_response graph::events_delta(call& c, mailbox& box) {
  if (!settings.events_delta)
    return refusal_answer({400, "BadRequest", "Resource not found for the segment 'delta'.", {}, {}});
  const auto prefer = read_preferences(c.request.headers);
  if (!prefer) return refusal_answer(prefer.error());
  const auto calendar = calendar_of(c, box);
  if (!calendar) return refusal_answer(calendar.error());
  const auto skip = c.query_value("$skiptoken");
  const auto token = skip ? skip : c.query_value("$deltatoken");
  auto position = first_position(box, (*calendar)->key, {}, {});
  if (token && !token->empty()) {
    const auto read = read_token(*token);
    if (!read || !read->of_events() || read->calendar != (*calendar)->key ||
        read->between_pages != skip.has_value())
      return refusal_answer({400, "BadRequest", "Badly formed token.", {}, {}});
    position = *read;
  } else if (const auto from = c.query_value("startDateTime")) {
    const auto start = parse_instant(*from);
    if (!start) return refusal_answer({400, "ErrorInvalidParameter", "startDateTime is malformed.", {}, {}});
    position.window_start = *start;
  }
  return delta_answer(c, {box, *prefer}, position, "/events");
}

net::http_response graph::delta_answer(call& c, const viewer& v, const delta_position& at,
                                       const std::string& resource) {
  const auto size = v.prefer.page_size.value_or(static_cast<std::size_t>(settings.page_size));
  auto page = read_page(v, at, std::max<std::size_t>(1, size), core_.now());
  const auto base = core_.base_url + "/v1.0/" +
                    (c.params.contains("user") ? "users('" + c.param("user") + "')" : "me") +
                    (c.params.contains("calendar") ? "/calendars('" + c.param("calendar") + "')" : "") +
                    resource + "/delta?";
  if (!page) {
    auto r = page.error();
    if (settings.resync_location && !at.of_events())
      r.headers.emplace_back("Location",
                             base + "startDateTime=" + net::percent_encode(format_instant(at.window_start)) +
                                 "&endDateTime=" + net::percent_encode(format_instant(at.window_end)) +
                                 "&$deltatoken=");
    return refusal_answer(r);
  }
  json::object out{{"@odata.context", core_.base_url + "/v1.0/$metadata#Collection(event)"},
                   {"value", std::move(page->items)}};
  const bool more = page->next.between_pages;
  out[more ? "@odata.nextLink" : "@odata.deltaLink"] =
      base + (more ? "$skiptoken=" : "$deltatoken=") + write_token(page->next);
  auto answer = with_preference(graph_answer(200, out), v.prefer);
  answer.headers.emplace_back("Preference-Applied", "odata.track-changes");
  return answer;
}

} // namespace kalends::sandbox::microsoft
