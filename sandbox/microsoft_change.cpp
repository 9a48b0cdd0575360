// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_body.hpp"
#include "sandbox/microsoft_event.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

constexpr std::size_t subject_limit = 255;
constexpr std::size_t attendee_limit = 500;
constexpr std::size_t property_limit = 100;

refusal unknown_property(std::string_view name) {
  return {400,
          "RequestBodyRead",
          "The property '" + std::string(name) +
              "' does not exist on type 'microsoft.graph.event'. Make sure to only use property names that "
              "are defined "
              "by the type or mark the type as open type.",
          {},
          {}};
}
refusal wrong_type(std::string_view name) {
  return {400,
          "RequestBodyRead",
          "Cannot convert the value of '" + std::string(name) + "' to the expected type.",
          {},
          {}};
}
refusal out_of_range(std::string message) {
  return {400, "ErrorPropertyValidationFailure", std::move(message), {}, {}};
}

using reader = std::optional<refusal> (*)(std::string_view name, const json::value& value, event_change& out);

std::optional<refusal> read_flag(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_bool()) return wrong_type(name);
  out.fields[name] = v.get_bool();
  return std::nullopt;
}

std::optional<refusal> read_subject(std::string_view name, const json::value& v, event_change& out) {
  if (v.is_null())
    out.fields[name] = "";
  else if (!v.is_string())
    return wrong_type(name);
  else if (v.get_string().size() > subject_limit * 4)
    return out_of_range("The subject is too long: at most 255 characters.");
  else {
    const auto& text = v.get_string();
    const auto length = std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (length > static_cast<std::ptrdiff_t>(subject_limit))
      return out_of_range("The subject is too long: at most 255 characters.");
    out.fields[name] = text;
  }
  return std::nullopt;
}

std::optional<refusal> read_minutes(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_int64()) return wrong_type(name);
  out.fields[name] = v.get_int64();
  return std::nullopt;
}

std::optional<refusal> read_word(std::string_view name, const json::value& v, event_change& out,
                                 std::initializer_list<std::string_view> words) {
  if (!v.is_string()) return wrong_type(name);
  const std::string_view text = v.get_string();
  if (std::find(words.begin(), words.end(), text) == words.end())
    return refusal{
        400, "RequestBodyRead", "Requested value '" + std::string(text) + "' was not found.", {}, {}};
  out.fields[name] = text;
  return std::nullopt;
}

std::optional<refusal> read_show_as(std::string_view name, const json::value& v, event_change& out) {
  return read_word(name, v, out, {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"});
}
std::optional<refusal> read_sensitivity(std::string_view name, const json::value& v, event_change& out) {
  return read_word(name, v, out, {"normal", "personal", "private", "confidential"});
}
std::optional<refusal> read_importance(std::string_view name, const json::value& v, event_change& out) {
  return read_word(name, v, out, {"low", "normal", "high"});
}
std::optional<refusal> read_meeting_kind(std::string_view name, const json::value& v, event_change& out) {
  return read_word(name, v, out, {"unknown", "teamsForBusiness", "skypeForBusiness", "skypeForConsumer"});
}

std::optional<refusal> read_words(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_array()) return wrong_type(name);
  for (const auto& word : v.get_array())
    if (!word.is_string()) return wrong_type(name);
  out.fields[name] = v;
  return std::nullopt;
}

std::optional<refusal> read_body(std::string_view name, const json::value& v, event_change& out) {
  if (v.is_null()) return std::nullopt;
  if (!v.is_object()) return wrong_type(name);
  const auto* content = v.get_object().if_contains("content");
  const auto* type = v.get_object().if_contains("contentType");
  std::string kind = type != nullptr && type->is_string() ? std::string(type->get_string()) : "text";
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (kind != "text" && kind != "html") return wrong_type("contentType");
  std::string text;
  if (content != nullptr && content->is_string())
    text = std::string(content->get_string());
  else if (content != nullptr && !content->is_null())
    return wrong_type("content");
  out.fields["body"] = kind == "html" ? sanitise_html(text) : html_from_text(text);
  return std::nullopt;
}

json::object filled_location(const json::object& given) {
  const auto* name = given.if_contains("displayName");
  const bool named = name != nullptr && name->is_string() && !name->get_string().empty();
  json::object out{{"displayName", named ? *name : json::value("")}, {"locationType", "default"}};
  if (named) out["uniqueId"] = *name;
  out["uniqueIdType"] = named ? "private" : "unknown";
  if (!named) out["address"] = out["coordinates"] = json::object{};
  for (const char* extra : {"locationType", "locationUri", "address", "coordinates", "locationEmailAddress"})
    if (const auto* v = given.if_contains(extra); v != nullptr && !v->is_null()) out[extra] = *v;
  return out;
}

std::optional<refusal> read_location(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_object() && !v.is_null()) return wrong_type(name);
  auto location = filled_location(v.is_object() ? v.get_object() : json::object{});
  json::array all;
  if (location.contains("uniqueId")) all.push_back(location);
  out.fields["location"] = std::move(location);
  out.fields["locations"] = std::move(all);
  return std::nullopt;
}

std::optional<refusal> read_locations(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_array()) return wrong_type(name);
  json::array all;
  for (const auto& one : v.get_array()) {
    if (!one.is_object()) return wrong_type(name);
    all.push_back(filled_location(one.get_object()));
  }
  out.fields["location"] = all.empty() ? json::value(filled_location({})) : all.front();
  out.fields["locations"] = std::move(all);
  return std::nullopt;
}

std::optional<json::object> filled_attendee(const json::value& v) {
  if (!v.is_object()) return std::nullopt;
  const auto* address = v.get_object().if_contains("emailAddress");
  if (address == nullptr || !address->is_object()) return std::nullopt;
  const auto* mail = address->get_object().if_contains("address");
  if (mail == nullptr || !mail->is_string()) return std::nullopt;
  const auto* name = address->get_object().if_contains("name");
  const auto* type = v.get_object().if_contains("type");
  const auto* status = v.get_object().if_contains("status");
  return json::object{
      {"type", type != nullptr && type->is_string() ? *type : json::value("required")},
      {"status", status != nullptr && status->is_object()
                     ? *status
                     : json::value{{"response", "none"}, {"time", "0001-01-01T00:00:00Z"}}},
      {"emailAddress", {{"name", name != nullptr && name->is_string() ? *name : *mail}, {"address", *mail}}}};
}

std::optional<refusal> read_attendees(std::string_view name, const json::value& v, event_change& out) {
  json::array all;
  if (!v.is_null()) {
    if (!v.is_array()) return wrong_type(name);
    if (v.get_array().size() > attendee_limit)
      return out_of_range("An event can have at most 500 attendees.");
    for (const auto& one : v.get_array()) {
      auto attendee = filled_attendee(one);
      if (!attendee) return wrong_type(name);
      all.emplace_back(std::move(*attendee));
    }
  }
  out.fields[name] = std::move(all);
  return std::nullopt;
}

expected<zoned_time> read_time(std::string_view name, const json::value& v) {
  if (!v.is_object()) return tl::unexpected(wrong_type(name));
  const auto* date_time = v.get_object().if_contains("dateTime");
  const auto* zone = v.get_object().if_contains("timeZone");
  if (date_time == nullptr || !date_time->is_string()) return tl::unexpected(wrong_type(name));
  zoned_time out;
  auto wall = parse_wall(date_time->get_string());
  if (!wall)
    return refuse(400, "RequestBodyRead",
                  "Cannot convert the literal '" + std::string(date_time->get_string()) +
                      "' to the expected type 'Edm.DateTime'.");
  out.wall = *wall;
  if (zone == nullptr || zone->is_null()) return out;
  if (!zone->is_string()) return tl::unexpected(wrong_type(name));
  auto iana = resolve_zone(zone->get_string());
  if (!iana) return tl::unexpected(zone_not_supported(zone->get_string()));
  out.zone = std::string(zone->get_string());
  out.iana = *iana;
  return out;
}

std::optional<refusal> read_start(std::string_view name, const json::value& v, event_change& out) {
  auto read = read_time(name, v);
  if (!read) return read.error();
  (name == "start" ? out.start : out.end) = std::move(*read);
  return std::nullopt;
}

std::optional<refusal> read_all_day(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_bool()) return wrong_type(name);
  out.all_day = v.get_bool();
  return std::nullopt;
}

std::optional<refusal> read_recurrence(std::string_view name, const json::value& v, event_change& out) {
  if (v.is_null()) {
    out.recurrence.emplace(std::nullopt);
    return std::nullopt;
  }
  if (!v.is_object()) return wrong_type(name);
  recurrence_rule rule;
  if (auto refused = parse_recurrence(v.get_object(), rule)) return refused;
  out.recurrence.emplace(std::move(rule));
  return std::nullopt;
}

std::optional<refusal> read_transaction(std::string_view name, const json::value& v, event_change& out) {
  if (v.is_null()) return std::nullopt;
  if (!v.is_string()) return wrong_type(name);
  out.transaction_id = std::string(v.get_string());
  return std::nullopt;
}

/// "String {guid} Name x", "String {guid} Id 0x…" or "String 0x…".
bool property_id_ok(std::string_view id) {
  const auto space = id.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  auto rest = id.substr(space + 1);
  if (rest.starts_with("0x")) return rest.size() > 2;
  const auto close = rest.find("} ");
  if (!rest.starts_with("{") || close != 37) return false;
  rest.remove_prefix(39);
  return (rest.starts_with("Name ") && rest.size() > 5) || (rest.starts_with("Id 0x") && rest.size() > 5);
}

std::optional<refusal> read_extended(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_array() || v.get_array().size() > property_limit) return wrong_type(name);
  for (const auto& one : v.get_array()) {
    if (!one.is_object()) return wrong_type(name);
    const auto* id = one.get_object().if_contains("id");
    const auto* value = one.get_object().if_contains("value");
    if (id == nullptr || !id->is_string() || value == nullptr) return wrong_type(name);
    if (!property_id_ok(id->get_string()))
      return refusal{400,
                     "ErrorInvalidParameter",
                     "The property id '" + std::string(id->get_string()) + "' is not valid.",
                     {},
                     {}};
    if (!value->is_null() && !value->is_string()) return wrong_type(name);
    out.extended[std::string(id->get_string())] =
        value->is_string() ? std::optional(std::string(value->get_string())) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<refusal> read_any_object(std::string_view name, const json::value& v, event_change& out) {
  if (!v.is_object() && !v.is_null()) return wrong_type(name);
  out.fields[name] = v;
  return std::nullopt;
}

struct property {
  std::string_view name;
  reader read;
};

constexpr std::array<property, 23> writable{{
    {"subject", read_subject},
    {"body", read_body},
    {"start", read_start},
    {"end", read_start},
    {"isAllDay", read_all_day},
    {"location", read_location},
    {"locations", read_locations},
    {"attendees", read_attendees},
    {"recurrence", read_recurrence},
    {"showAs", read_show_as},
    {"sensitivity", read_sensitivity},
    {"importance", read_importance},
    {"categories", read_words},
    {"isReminderOn", read_flag},
    {"reminderMinutesBeforeStart", read_minutes},
    {"responseRequested", read_flag},
    {"allowNewTimeProposals", read_flag},
    {"hideAttendees", read_flag},
    {"isOnlineMeeting", read_flag},
    {"onlineMeetingProvider", read_meeting_kind},
    {"transactionId", read_transaction},
    {"singleValueExtendedProperties", read_extended},
    {"multiValueExtendedProperties", nullptr},
}};

constexpr std::array<property, 5> persons_own{{
    {"organizer", read_any_object},
    {"isOrganizer", read_flag},
    {"isCancelled", read_flag},
    {"responseStatus", read_any_object},
    {"isDraft", read_flag},
}};

constexpr std::array<std::string_view, 26> read_only{"id",
                                                     "changeKey",
                                                     "createdDateTime",
                                                     "lastModifiedDateTime",
                                                     "bodyPreview",
                                                     "iCalUId",
                                                     "uid",
                                                     "occurrenceId",
                                                     "type",
                                                     "seriesMasterId",
                                                     "webLink",
                                                     "onlineMeeting",
                                                     "onlineMeetingUrl",
                                                     "hasAttachments",
                                                     "originalStart",
                                                     "originalStartTimeZone",
                                                     "originalEndTimeZone",
                                                     "organizer",
                                                     "isOrganizer",
                                                     "isCancelled",
                                                     "responseStatus",
                                                     "isDraft",
                                                     "cancelledOccurrences",
                                                     "exceptionOccurrences",
                                                     "extensions",
                                                     "attachments"};

template <std::size_t N>
const property* find_in(const std::array<property, N>& list, std::string_view name) {
  auto found = std::find_if(list.begin(), list.end(), [&](const property& p) { return p.name == name; });
  return found == list.end() ? nullptr : &*found;
}

} // namespace

expected<event_change> read_change(const json::object& body, change_author author) {
  event_change out;
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (name.find('@') != std::string_view::npos) continue; // annotations
    const auto* found = find_in(writable, name);
    if (found == nullptr && author == change_author::person) found = find_in(persons_own, name);
    if (found != nullptr && found->read != nullptr) {
      if (auto refused = found->read(name, member.value(), out)) return tl::unexpected(std::move(*refused));
      continue;
    }
    if (found == nullptr && std::find(read_only.begin(), read_only.end(), name) == read_only.end())
      return tl::unexpected(unknown_property(name));
  }
  return out;
}

event_content fresh_content() {
  event_content out;
  out.fields = {{"subject", ""},
                {"body", ""},
                {"location", filled_location({})},
                {"locations", json::array{}},
                {"attendees", json::array{}},
                {"categories", json::array{}},
                {"showAs", "busy"},
                {"sensitivity", "normal"},
                {"importance", "normal"},
                {"isReminderOn", true},
                {"reminderMinutesBeforeStart", 15},
                {"responseRequested", true},
                {"allowNewTimeProposals", true},
                {"hideAttendees", false},
                {"isOnlineMeeting", false},
                {"onlineMeetingProvider", "unknown"}};
  return out;
}

} // namespace kalends::sandbox::microsoft
