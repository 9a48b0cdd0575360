// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"

#include "actors/merge_rule.hpp"
#include "schema/recurrence.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace kalends::actors {
namespace {

namespace json = boost::json;

json::string text_of(std::string_view s) { return json::string(s.data(), s.size()); }

json::array array_of(const std::vector<std::string_view>& names) {
  json::array out;
  for (const auto name : names) out.emplace_back(text_of(name));
  return out;
}

json::string written(const calendar_time& t) {
  const auto* date = std::get_if<calendar_date>(&t);
  return text_of(date != nullptr ? write_date(*date) : write_with_offset(std::get<zoned_time>(t)));
}

json::object end_of(const calendar_time& t) {
  if (is_all_day(t)) return {{"date", written(t)}};
  return {{"date_time", written(t)}, {"time_zone", text_of(std::get<zoned_time>(t).time_zone)}};
}

void add_text(json::object& values, json::array& cut, std::string_view name, std::string_view text,
              std::size_t limit) {
  const auto kept = cut_text(text, limit);
  values[json::string_view(name.data(), name.size())] = text_of(kept);
  if (kept.size() == text.size()) return;
  if (std::find(cut.begin(), cut.end(), json::value(text_of(name))) == cut.end())
    cut.emplace_back(text_of(name));
}

constexpr std::size_t most_told_slots = 20; ///< of each list; the others are named by "cut"

bool fits(json::array& cut, const char* name, std::size_t size) {
  if (size <= most_told_slots) return true;
  cut.emplace_back(name);
  return false;
}

json::array slots_of_array(const std::vector<recurrence_id>& slots, bool all_day) {
  json::array out;
  for (std::size_t i = 0; i < slots.size() && i < most_told_slots; ++i)
    out.emplace_back(text_of(write_slot(slots[i], all_day)));
  return out;
}

json::object values_of(const appointment& a, field_set groups, json::array& cut, std::size_t limit);

void add_occurrences(json::object& values, json::array& cut, const appointment& a, std::size_t limit) {
  const auto& r = *a.repeats;
  const bool all_day = is_all_day(a.start);
  values["cancelled"] = slots_of_array(r.exdates, all_day);
  json::array changed;
  for (std::size_t i = 0; i < r.changed.size() && i < most_told_slots; ++i) {
    auto o = values_of(r.changed[i].what, difference(a, r.changed[i].what), cut, limit);
    o["occurrence"] = text_of(write_slot(r.changed[i].at, all_day));
    changed.emplace_back(std::move(o));
  }
  values["changed"] = std::move(changed);
  fits(cut, "cancelled", r.exdates.size());
  fits(cut, "changed", r.changed.size());
}

/// Of guests the addresses are told, and what they answered.
void add_series(json::object& values, json::array& cut, const appointment& a, field_set groups,
                std::size_t limit) {
  if (groups.has(field_group::recurrence)) {
    values["rrule"] = a.repeats ? json::value(text_of(a.repeats->rrule)) : json::value();
    if (a.repeats && !a.repeats->rdates.empty()) {
      values["rdates"] = slots_of_array(a.repeats->rdates, is_all_day(a.start));
      fits(cut, "rdates", a.repeats->rdates.size());
    }
  }
  if (groups.has(field_group::occurrences) && a.repeats) add_occurrences(values, cut, a, limit);
  if (!groups.has(field_group::attendees)) return;
  json::array guests;
  for (std::size_t i = 0; i < a.attendees.size() && i < most_told_slots; ++i)
    guests.push_back(json::object{{"email", text_of(a.attendees[i].email)},
                                  {"response", text_of(name_of(a.attendees[i].response))}});
  values["attendees"] = std::move(guests);
  fits(cut, "attendees", a.attendees.size());
}

json::object values_of(const appointment& a, field_set groups, json::array& cut, std::size_t limit) {
  json::object values;
  if (groups.has(field_group::time)) {
    values["start"] = end_of(a.start);
    values["end"] = end_of(a.end);
  }
  if (groups.has(field_group::title)) add_text(values, cut, "title", a.title, limit);
  if (groups.has(field_group::notes)) add_text(values, cut, "notes", a.notes, limit);
  if (groups.has(field_group::location)) add_text(values, cut, "location", a.location, limit);
  if (groups.has(field_group::privacy)) values["is_private"] = a.is_private;
  if (groups.has(field_group::status)) values["is_tentative"] = a.is_tentative;
  add_series(values, cut, a, groups, limit);
  return values;
}

json::object weights_object(const merge_weights& w) {
  json::object o{{"changed", array_of(names_of(w.changed))},     {"differs", array_of(names_of(w.differs))},
                 {"local", array_of(names_of(w.local))},         {"own", array_of(names_of(w.own))},
                 {"hosts_own", array_of(names_of(w.hosts_own))}, {"event_newer", w.event_newer},
                 {"direction", text_of(name_of(w.direction))},   {"on_conflict", text_of(name_of(w.policy))}};
  if (!w.parts.empty()) o["parts"] = array_of(names_of(w.parts));
  return o;
}

/// The groups in which any two sides differ; all of them if there is only one.
field_set told_groups(const std::vector<const appointment*>& sides) {
  if (sides.size() < 2) return field_set::all();
  field_set groups;
  for (const auto* s : sides) groups = groups | difference(*sides.front(), *s);
  return groups;
}

void add_sides(json::object& o, json::array& cut, const decision_sides& s) {
  std::vector<const appointment*> all;
  for (const auto* side : {s.base_entry, s.base_event, s.entry, s.event})
    if (side != nullptr) all.push_back(side);
  const auto groups = told_groups(all);
  const auto add = [&](const char* name, const appointment* a) {
    if (a != nullptr) o[name] = values_of(*a, groups, cut, most_side_bytes);
  };
  add("base_entry", s.base_entry);
  if (s.base_event != nullptr && (s.base_entry == nullptr || *s.base_event != *s.base_entry))
    add("base_event", s.base_event);
  add("entry", s.entry);
  add("event", s.event);
  if (s.weights != nullptr) o["weighed"] = weights_object(*s.weights);
}

json::object base_of(const conflict_story& s) {
  return {
      {"groups", array_of(names_of(s.groups))}, {"policy", text_of(s.policy)}, {"winner", text_of(s.winner)}};
}

std::string finish(const json::object& o) { return within_limit(json::serialize(o)); }

/// Rather without the sides than not at all.
std::string finish_with(json::object o, json::array cut, const decision_sides& sides) {
  auto whole = o;
  auto cut_sides = cut;
  add_sides(whole, cut_sides, sides);
  if (!cut_sides.empty()) whole["cut"] = std::move(cut_sides);
  auto text = json::serialize(whole);
  if (text.size() <= most_json_bytes) return text;
  cut.emplace_back("sides");
  o["cut"] = std::move(cut);
  return finish(o);
}

field_set groups_at(const json::object& o, const char* name) {
  field_set groups;
  for (const auto& v : o.at(name).as_array())
    for (unsigned bit = 1; bit <= field_set::all().bits(); bit <<= 1)
      if (const auto g = field_set::from_bits(static_cast<std::uint16_t>(bit));
          names_of(g).front() == std::string_view(v.as_string()))
        groups = groups | g;
  return groups;
}

} // namespace

std::string within_limit(std::string text) {
  if (text.size() > most_json_bytes) return R"({"cut":true})";
  return text;
}

std::string entry_fact(const schedule_entry& e, const std::vector<std::string_view>& changed,
                       const provider_id& cause) {
  json::object o{{"entry_id", text_of(e.id.str())}, {"version", e.version}, {"changed", array_of(changed)}};
  json::array assigned;
  for (const auto& user : e.assigned) assigned.emplace_back(text_of(user.str()));
  o["assigned_user_ids"] = std::move(assigned);
  o["cause"] = cause.empty() ? "host" : "provider";
  if (!cause.empty()) o["provider_id"] = text_of(cause.str());
  return finish(o);
}

std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string change_inputs(std::int64_t entry_version, std::string_view event_version, field_set changed,
                          const decision_sides& sides) {
  json::object o{{"entry_version", entry_version},
                 {"event_version", text_of(event_version)},
                 {"changed", array_of(names_of(changed))}};
  return finish_with(std::move(o), {}, sides);
}

std::string conflict_fact(const conflict_story& s, const entry_id& e, const provider_id& p) {
  auto o = base_of(s);
  o["entry_id"] = text_of(e.str());
  o["provider_id"] = text_of(p.str());
  return finish(o);
}

std::string conflict_inputs(const conflict_story& s, const appointment& losing, const decision_sides& sides) {
  json::array cut;
  auto values = values_of(losing, s.groups, cut, most_losing_bytes);
  auto o = base_of(s);
  o["entry_version"] = s.entry_version;
  o["event_version"] = text_of(s.event_version);
  o["losing"] = std::move(values);
  if (!cut.empty()) o["cut"] = cut;
  return finish_with(std::move(o), std::move(cut), sides);
}

std::optional<merge_weights> read_weights(std::string_view inputs) {
  try {
    const auto parsed = json::parse({inputs.data(), inputs.size()});
    const auto* weighed = parsed.as_object().if_contains("weighed");
    if (weighed == nullptr) return std::nullopt;
    const auto& o = weighed->as_object();
    merge_weights w;
    w.changed = groups_at(o, "changed");
    w.differs = groups_at(o, "differs");
    w.local = groups_at(o, "local");
    w.own = groups_at(o, "own");
    w.hosts_own = groups_at(o, "hosts_own");
    if (o.contains("parts")) w.parts = groups_at(o, "parts");
    w.event_newer = o.at("event_newer").as_bool();
    const auto direction = read_name<sync_direction>(std::string_view(o.at("direction").as_string()));
    const auto policy = read_name<conflict_policy>(std::string_view(o.at("on_conflict").as_string()));
    if (!direction || !policy) return std::nullopt;
    w.direction = *direction;
    w.policy = *policy;
    return w;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string letter_fact(const dead_letter& l) {
  json::object o{{"code", "dead_letter"},
                 {"provider_id", text_of(l.provider.str())},
                 {"dead_letter_id", text_of(l.id)},
                 {"kind", text_of(name_of(l.kind))},
                 {"cause", text_of(l.code)}};
  if (!l.entry.empty()) o["entry_id"] = text_of(l.entry.str());
  if (!l.event.empty()) o["event_id"] = text_of(l.event.str());
  return finish(o);
}

std::string letter_inputs(const dead_letter& l) {
  return finish({{"dead_letter_id", text_of(l.id)},
                 {"code", text_of(l.code)},
                 {"detail", text_of(l.detail)},
                 {"attempts", l.attempts},
                 {"first_failed_at", text_of(to_rfc3339(l.first_failed_at))},
                 {"last_failed_at", text_of(to_rfc3339(l.last_failed_at))}});
}

std::string cause_inputs(std::string_view cause, std::string_view event_version) {
  constexpr std::size_t longest_cause = 256;
  return finish(
      {{"cause", text_of(cut_text(cause, longest_cause))}, {"event_version", text_of(event_version)}});
}

std::string freed_inputs(std::string_view occurrence, const entry_id& becomes,
                         std::string_view event_version) {
  return finish({{"occurrence", text_of(occurrence)},
                 {"becomes_entry_id", text_of(becomes.str())},
                 {"event_version", text_of(event_version)}});
}

std::string people_inputs(const std::vector<user_id>& assigned, const std::vector<user_id>& unassigned,
                          std::int64_t entry_version, std::string_view event_version) {
  const auto ids = [](const std::vector<user_id>& people) {
    json::array all;
    for (const auto& u : people) all.push_back(text_of(u.str()));
    return all;
  };
  return finish({{"assigned", ids(assigned)},
                 {"unassigned", ids(unassigned)},
                 {"entry_version", entry_version},
                 {"event_version", text_of(event_version)}});
}

std::string held_inputs(const held_removals& h) {
  return finish({{"count", h.count}, {"of", h.of}, {"since", text_of(to_rfc3339(h.since))}});
}

std::string dispute_fact(const conflict& c) {
  json::array cut;
  json::object o{{"conflict_id", text_of(c.id)},
                 {"entry_id", text_of(c.entry.str())},
                 {"provider_id", text_of(c.provider.str())},
                 {"event_id", text_of(c.event.str())},
                 {"groups", array_of(names_of(c.groups))},
                 {"policy", text_of(name_of(conflict_policy::manual))},
                 {"winner", nullptr},
                 {"entry_version", c.entry_version},
                 {"event_version", text_of(c.event_version)}};
  o["base"] = values_of(c.base, c.groups, cut, most_side_bytes);
  o["local"] = values_of(c.local, c.groups, cut, most_side_bytes);
  o["external"] = values_of(c.external, c.groups, cut, most_side_bytes);
  if (!cut.empty()) o["cut"] = std::move(cut);
  return finish(o);
}

std::string resolution_fact(const conflict& c) {
  return finish({{"conflict_id", text_of(c.id)},
                 {"entry_id", text_of(c.entry.str())},
                 {"provider_id", text_of(c.provider.str())},
                 {"groups", array_of(names_of(c.groups))},
                 {"choice", c.choice ? json::value(text_of(name_of(*c.choice))) : json::value()},
                 {"from_calendar", array_of(names_of(c.from_calendar))},
                 {"decided_by", text_of(c.decided_by)}});
}

std::string leaving_inputs(const appointment& unheard, field_set changed, std::string_view event_version) {
  json::array cut;
  auto values = values_of(unheard, changed, cut, most_losing_bytes);
  json::object o{{"cause", "removing"}, {"event_version", text_of(event_version)}};
  o["losing"] = std::move(values);
  if (!cut.empty()) o["cut"] = std::move(cut);
  return finish(std::move(o));
}

} // namespace kalends::actors
