// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"

#include <boost/json.hpp>

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

/// At most `limit` bytes, ending at a character.
std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

void add_text(json::object& values, json::array& cut, std::string_view name, std::string_view text) {
  const auto kept = cut_text(text, most_losing_bytes);
  values[json::string_view(name.data(), name.size())] = text_of(kept);
  if (kept.size() != text.size()) cut.emplace_back(text_of(name));
}

json::object base_of(const conflict_story& s) {
  return {
      {"groups", array_of(names_of(s.groups))}, {"policy", text_of(s.policy)}, {"winner", text_of(s.winner)}};
}

std::string finish(const json::object& o) { return within_limit(json::serialize(o)); }

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

std::string change_inputs(std::int64_t entry_version, std::string_view event_version, field_set changed) {
  return finish({{"entry_version", entry_version},
                 {"event_version", text_of(event_version)},
                 {"changed", array_of(names_of(changed))}});
}

std::string conflict_fact(const conflict_story& s, const entry_id& e, const provider_id& p) {
  auto o = base_of(s);
  o["entry_id"] = text_of(e.str());
  o["provider_id"] = text_of(p.str());
  return finish(o);
}

std::string conflict_inputs(const conflict_story& s, const appointment& losing) {
  json::object values;
  json::array cut;
  if (s.groups.has(field_group::time)) {
    values["start"] = end_of(losing.start);
    values["end"] = end_of(losing.end);
  }
  if (s.groups.has(field_group::title)) add_text(values, cut, "title", losing.title);
  if (s.groups.has(field_group::notes)) add_text(values, cut, "notes", losing.notes);
  if (s.groups.has(field_group::location)) add_text(values, cut, "location", losing.location);
  if (s.groups.has(field_group::privacy)) values["is_private"] = losing.is_private;
  if (s.groups.has(field_group::status)) values["is_tentative"] = losing.is_tentative;

  auto o = base_of(s);
  o["entry_version"] = s.entry_version;
  o["event_version"] = text_of(s.event_version);
  o["losing"] = std::move(values);
  if (!cut.empty()) o["cut"] = std::move(cut);
  return finish(o);
}

std::string cause_inputs(std::string_view cause, std::string_view event_version) {
  constexpr std::size_t longest_cause = 256;
  return finish(
      {{"cause", text_of(cut_text(cause, longest_cause))}, {"event_version", text_of(event_version)}});
}

} // namespace kalends::actors
