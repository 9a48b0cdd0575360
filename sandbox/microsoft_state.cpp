// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"
#include "sandbox/microsoft_graph.hpp"

#include <stdexcept>

/// Mailboxes and subscriptions as records.
namespace kalends::sandbox::microsoft {

namespace json = boost::json;

namespace {

std::int64_t day_number(local_days day) { return day.time_since_epoch().count(); }

local_days day_from(const json::value& v) { return local_days(std::chrono::days(v.to_number<int>())); }

json::object to_json(const zoned_time& t) {
  return {{"wall", t.wall.time_since_epoch().count()}, {"zone", t.zone}, {"iana", t.iana}};
}

zoned_time zoned_from(const json::value& v) {
  const auto& o = v.as_object();
  return {local_time(std::chrono::milliseconds(number_at<std::int64_t>(o, "wall"))), string_at(o, "zone"),
          string_at(o, "iana")};
}

json::object to_json(const event_content& c) {
  return {{"start", to_json(c.start)}, {"end", to_json(c.end)}, {"all_day", c.all_day}, {"fields", c.fields}};
}

event_content content_from(const json::value& v) {
  const auto& o = v.as_object();
  return {zoned_from(o.at("start")), zoned_from(o.at("end")), bool_at(o, "all_day"),
          o.at("fields").as_object()};
}

json::object to_json(const recurrence_rule& r) {
  json::array days;
  for (const bool on : r.days) days.push_back(json::value(on));
  return {{"pattern", static_cast<int>(r.pattern)},
          {"interval", r.interval},
          {"month", r.month},
          {"day_of_month", r.day_of_month},
          {"days", std::move(days)},
          {"first_day", r.first_day},
          {"index", r.index},
          {"range", static_cast<int>(r.range)},
          {"start_date", day_number(r.start_date)},
          {"end_date", r.end_date ? json::value(day_number(*r.end_date)) : json::value(nullptr)},
          {"count", r.count},
          {"zone", r.zone}};
}

/// The enumerators are written as their places: new ones go to the end.
template <class Enum>
Enum place_at(const json::object& o, std::string_view name, Enum last) {
  const auto n = number_at<int>(o, name);
  if (n < 0 || n > static_cast<int>(last)) throw std::out_of_range(std::string(name));
  return static_cast<Enum>(n);
}

recurrence_rule rule_from(const json::value& v) {
  const auto& o = v.as_object();
  recurrence_rule r;
  r.pattern = place_at(o, "pattern", pattern_kind::relative_yearly);
  r.interval = number_at<int>(o, "interval");
  r.month = number_at<int>(o, "month");
  r.day_of_month = number_at<int>(o, "day_of_month");
  const auto& days = o.at("days").as_array();
  for (std::size_t i = 0; i < r.days.size(); ++i) r.days.at(i) = days.at(i).as_bool();
  r.first_day = number_at<unsigned>(o, "first_day");
  r.index = number_at<int>(o, "index");
  r.range = place_at(o, "range", range_kind::numbered);
  r.start_date = day_from(o.at("start_date"));
  if (const auto& end = o.at("end_date"); !end.is_null()) r.end_date = day_from(end);
  r.count = number_at<int>(o, "count");
  r.zone = string_at(o, "zone");
  return r;
}

json::object to_json(const event_exception& e, local_days date) {
  return {{"date", day_number(date)},
          {"content", to_json(e.content)},
          {"own_times", e.own_times},
          {"own_fields", state_texts(e.own_fields)}};
}

event_exception exception_from(const json::object& o) {
  event_exception e{content_from(o.at("content")), bool_at(o, "own_times"), {}};
  for (const auto& name : o.at("own_fields").as_array()) e.own_fields.emplace(name.as_string());
  return e;
}

/// Series, extended properties, former folders: what most events have none of.
void add_collections(json::object& out, const event_item& item) {
  if (item.rule) out["rule"] = to_json(*item.rule);
  auto& exceptions = out["exceptions"].emplace_array();
  for (const auto& [date, e] : item.exceptions) exceptions.push_back(to_json(e, date));
  auto& cancelled = out["cancelled"].emplace_array();
  for (const auto date : item.cancelled) cancelled.emplace_back(day_number(date));
  auto& extended = out["extended"].emplace_object();
  for (const auto& [id, value] : item.extended) extended[id] = value;
  auto& left = out["left"].emplace_array();
  for (const auto& [calendar, d] : item.left)
    left.push_back(json::object{{"calendar", calendar}, {"id", d.regular_id}, {"sequence", d.sequence}});
}

void take_collections(event_item& item, const json::object& o) {
  if (const auto* rule = o.if_contains("rule")) item.rule = rule_from(*rule);
  for (const auto& e : o.at("exceptions").as_array())
    item.exceptions.emplace(day_from(e.at("date")), exception_from(e.as_object()));
  for (const auto& date : o.at("cancelled").as_array()) item.cancelled.insert(day_from(date));
  for (const auto& [id, value] : o.at("extended").as_object()) item.extended.emplace(id, value.as_string());
  for (const auto& d : o.at("left").as_array())
    item.left[d.at("calendar").to_number<std::uint64_t>()] = {std::string(d.at("id").as_string()),
                                                              d.at("sequence").to_number<std::uint64_t>()};
}

json::object to_json(const event_item& item) {
  json::object out{{"key", item.key},
                   {"calendar", item.calendar},
                   {"regular_id", item.regular_id},
                   {"immutable_id", item.immutable_id},
                   {"content", to_json(item.content)},
                   {"transaction_id", item.transaction_id},
                   {"start_zone", item.original_start_zone},
                   {"end_zone", item.original_end_zone},
                   {"created", state_time(item.created)},
                   {"modified", state_time(item.modified)},
                   {"version", item.version},
                   {"sequence", item.sequence},
                   {"changed", state_time(item.changed)},
                   {"moves", item.moves},
                   {"deleted", item.deleted}};
  add_collections(out, item);
  return out;
}

event_item item_from(const json::object& o) {
  event_item item;
  item.key = number_at<std::uint64_t>(o, "key");
  item.calendar = number_at<std::uint64_t>(o, "calendar");
  item.regular_id = string_at(o, "regular_id");
  item.immutable_id = string_at(o, "immutable_id");
  item.content = content_from(o.at("content"));
  item.transaction_id = string_at(o, "transaction_id");
  item.original_start_zone = string_at(o, "start_zone");
  item.original_end_zone = string_at(o, "end_zone");
  item.created = time_at(o, "created");
  item.modified = time_at(o, "modified");
  item.version = number_at<std::uint64_t>(o, "version");
  item.sequence = number_at<std::uint64_t>(o, "sequence");
  item.changed = time_at(o, "changed");
  item.moves = number_at<unsigned>(o, "moves");
  item.deleted = bool_at(o, "deleted");
  take_collections(item, o);
  return item;
}

json::object to_json(const calendar_item& c) {
  return {{"key", c.key},           {"id", c.id},
          {"short_id", c.short_id}, {"name", c.name},
          {"color", c.color},       {"is_default", c.is_default},
          {"version", c.version},   {"can_edit", c.can_edit}};
}

json::object to_json(const subscription& s) {
  return {{"id", s.id},
          {"email", s.email},
          {"client_id", s.client_id},
          {"grant_id", s.grant_id},
          {"resource", s.resource},
          {"calendar", s.calendar},
          {"of_calendar_list", s.of_calendar_list},
          {"change_types", state_texts(s.change_types)},
          {"notification_url", s.notification_url},
          {"lifecycle_url", s.lifecycle_url},
          {"client_state", s.client_state},
          {"tls", s.tls},
          {"immutable_ids", s.immutable_ids},
          {"made", state_time(s.made)},
          {"expires", state_time(s.expires)},
          {"reminded", state_time(s.reminded)}};
}

subscription subscription_from(const json::object& o) {
  subscription s;
  s.id = string_at(o, "id");
  s.email = string_at(o, "email");
  s.client_id = string_at(o, "client_id");
  s.grant_id = string_at(o, "grant_id");
  s.resource = string_at(o, "resource");
  s.calendar = number_at<std::uint64_t>(o, "calendar");
  s.of_calendar_list = bool_at(o, "of_calendar_list");
  for (const auto& type : o.at("change_types").as_array()) s.change_types.emplace(type.as_string());
  s.notification_url = string_at(o, "notification_url");
  s.lifecycle_url = string_at(o, "lifecycle_url");
  s.client_state = string_at(o, "client_state");
  s.tls = string_at(o, "tls");
  s.immutable_ids = bool_at(o, "immutable_ids");
  s.made = time_at(o, "made");
  s.expires = time_at(o, "expires");
  s.reminded = time_at(o, "reminded");
  return s;
}

} // namespace

void mailbox::save(state_writer& out) {
  const auto& email = owner_->email;
  written_.facts.save(
      out, "microsoft.mailbox", email,
      {{"last_key", last_key_}, {"last_sequence", last_sequence_}, {"generation", generation_}});
  const auto with_owner = [&](json::object o) {
    o["mailbox"] = email;
    return o;
  };
  written_.calendars.save(out, "microsoft.calendar", email + "\n", calendars_,
                          [&](const calendar_item& c) { return with_owner(to_json(c)); });
  if (out.everything()) written_.sequence = 0;
  if (written_.sequence == last_sequence_) return;
  for (const auto& [key, item] : items_) {
    if (item.sequence <= written_.sequence) continue;
    auto o = with_owner(to_json(item));
    if (const auto known = transactions_.find(item.transaction_id);
        known != transactions_.end() && known->second.item == key)
      o["transaction"] = known->second.content;
    out.put("microsoft.event", email + "\n" + state_key(key), o);
  }
  written_.sequence = last_sequence_;
}

void mailbox::load_facts(const json::object& o) {
  last_key_ = number_at<std::uint64_t>(o, "last_key");
  last_sequence_ = number_at<std::uint64_t>(o, "last_sequence");
  generation_ = number_at<std::uint64_t>(o, "generation");
}

void mailbox::load_calendar(const json::object& o) {
  const auto key = number_at<std::uint64_t>(o, "key");
  calendars_[key] = {key,
                     string_at(o, "id"),
                     string_at(o, "short_id"),
                     string_at(o, "name"),
                     string_at(o, "color"),
                     bool_at(o, "is_default"),
                     bool_at(o, "can_edit"),
                     number_at<std::uint64_t>(o, "version")};
}

void mailbox::load_item(const json::object& o) {
  auto item = item_from(o);
  by_id_[item.regular_id] = by_id_[item.immutable_id] = item.key;
  if (const auto* content = o.if_contains("transaction"))
    transactions_[item.transaction_id] = {item.key, std::string(content->as_string())};
  const auto key = item.key;
  items_.insert_or_assign(key, std::move(item));
}

void subscriptions::save(state_writer& out) {
  written_.save(out, "microsoft.subscription", "", all_, [](const subscription& s) { return to_json(s); });
}

void subscriptions::load(state_reader& in) {
  in.each("microsoft.subscription", [&](const std::string& key, const json::object& o) {
    all_.insert_or_assign(key, subscription_from(o));
  });
}

void graph::save(state_writer& out) {
  written_knobs_.save(out, "microsoft.knobs", "", settings.report());
  for (const auto& [email, box] : boxes_) box->save(out);
  subs.save(out);
}

void graph::load(state_reader& in) {
  in.each("microsoft.knobs", [&](const std::string&, const json::object& o) {
    if (const auto refused = settings.set(o)) throw std::runtime_error(refused->message);
  });
  for (const auto* a : core_.people.all())
    if (a->kind == vendor::microsoft) open_mailbox(*a);
  in.each("microsoft.mailbox",
          [&](const std::string& key, const json::object& o) { boxes_.at(key)->load_facts(o); });
  in.each("microsoft.calendar", [&](const std::string&, const json::object& o) {
    boxes_.at(string_at(o, "mailbox"))->load_calendar(o);
  });
  in.each("microsoft.event", [&](const std::string&, const json::object& o) {
    boxes_.at(string_at(o, "mailbox"))->load_item(o);
  });
  subs.load(in);
}

} // namespace kalends::sandbox::microsoft
