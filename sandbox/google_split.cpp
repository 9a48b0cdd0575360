// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/zone.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

/// "This and following", as Google's own page does it: the series ends before the occurrence, and another
/// one begins there, named after the first.
namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::int64_t day = 24 * 3600;

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// The rule without its end, and how often it was to happen (0: not said).
struct open_rule {
  std::string rule, until;
  std::size_t count = 0;
};

open_rule open(std::string_view line) {
  open_rule out;
  while (!line.empty()) {
    const auto part = line.substr(0, line.find(';'));
    line.remove_prefix(std::min(part.size() + 1, line.size()));
    if (part.starts_with("COUNT="))
      std::from_chars(part.data() + 6, part.data() + part.size(), out.count);
    else if (part.starts_with("UNTIL="))
      out.until = part;
    else
      out.rule += (out.rule.empty() ? "" : ";") + std::string(part);
  }
  return out;
}

net::http_response refused(int status, const char* code, const char* message) {
  return json_answer(status, {{"error", {{"code", code}, {"message", message}}}});
}

std::int64_t wall_of(const moment& m) { return m.all_day ? m.at : zone::to_wall(m.at, m.zone); }

/// The lines of both halves, for a series of which `before` occurrences lie before `at`.
std::pair<json::array, json::array> split_lines(const event& master, const moment& at, std::size_t before) {
  const auto last =
      at.all_day ? zone::write_compact(at.at - day).substr(0, 8) : zone::write_compact(at.at - 1) + "Z";
  std::pair<json::array, json::array> out;
  for (const auto& v : master.fields.at("recurrence").as_array()) {
    const std::string_view line = v.as_string();
    if (!line.starts_with("RRULE:")) {
      out.first.push_back(v);
      out.second.push_back(v);
      continue;
    }
    const auto r = open(line);
    out.first.emplace_back(r.rule + ";UNTIL=" + last);
    auto rest = r.rule;
    if (r.count > before) rest += ";COUNT=" + std::to_string(r.count - before);
    if (!r.until.empty()) rest += ";" + r.until;
    out.second.emplace_back(rest);
  }
  return out;
}

event second_half(half& h, const calendar& in, const event& master, const event& there,
                  const json::array& lines) {
  auto made = virtual_instance(master, wall_of(*there.original_start));
  // Days have no zone, and times are kept in UTC.
  made.id = master.id.substr(0, master.id.find("_R")) + "_R" + zone::write_compact(made.start.at);
  made.series_id.clear();
  made.original_start.reset();
  made.status = "confirmed";
  made.fields["recurrence"] = lines;
  made.fields["iCalUID"] = made.id + "@google.com";
  made.created = h.all.now();
  if (in.events.contains(made.id)) refuse(409, "duplicate", "The series was split there already.");
  return made;
}

net::http_response split(half& h, call& c) {
  boost::system::error_code bad;
  const auto parsed = json::parse(c.request.body.empty() ? "{}" : c.request.body, bad);
  if (bad || !parsed.is_object()) return refused(400, "malformed_body", "the body is a JSON object");
  const auto& body = parsed.get_object();
  auto* who = h.all.people.find(text_at(body, "account"));
  const auto name = text_at(body, "calendar");
  auto* in = who ? h.calendars.find(*who, name.empty() ? "primary" : name) : nullptr;
  const auto there = in ? find_event(*in, text_at(body, "event")) : std::nullopt;
  if (!there || !there->original_start)
    return refused(404, "no_such_occurrence", "event is the id of an occurrence of that account");
  try {
    const auto master = in->events.at(there->series_id);
    const auto wall = wall_of(*there->original_start);
    const auto before = expand(series_of(master), wall, expansion_limit).size();
    if (before == 0) return refused(400, "series_begins_there", "change the whole series instead");
    const auto lines = split_lines(master, *there->original_start, before);
    auto made = second_half(h, *in, master, *there, lines.second);
    change_event(h, *in, master.id, {{"recurrence", lines.first}}, true, {});
    h.calendars.touch(made);
    auto& kept = in->events.emplace(made.id, made).first->second;
    spread(h, *in, event{}, kept);
    notify(h, *in);
    if (const auto* change = body.if_contains("change"); change && change->is_object())
      change_event(h, *in, made.id, change->get_object(), true, {});
    return json_answer(200, {{"id", made.id}});
  } catch (const refusal& r) {
    return google::answer(r.what_to_say);
  }
}

} // namespace

void add_split_route(half& h, router& routes) {
  routes.add({"POST",
              "/_sandbox/google/this-and-following",
              "sandbox",
              std::nullopt,
              false,
              {},
              [&h](call& c) { return split(h, c); },
              {}});
}

} // namespace kalends::sandbox::google
