// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include <functional>
#include <stdexcept>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

json::object to_json(const moment& m) { return {{"all_day", m.all_day}, {"at", m.at}, {"zone", m.zone}}; }

moment moment_from(const json::value& v) {
  const auto& o = v.as_object();
  return {bool_at(o, "all_day"), number_at<std::int64_t>(o, "at"), string_at(o, "zone")};
}

json::object to_json(const event& e, const std::string& calendar) {
  json::object out{{"calendar", calendar},
                   {"id", e.id},
                   {"fields", e.fields},
                   {"start", to_json(e.start)},
                   {"end", to_json(e.end)},
                   {"series", e.series_id},
                   {"status", e.status},
                   {"sequence", e.sequence},
                   {"created", state_time(e.created)},
                   {"updated", state_time(e.updated)},
                   {"changed", e.changed}};
  if (e.original_start) out["original_start"] = to_json(*e.original_start);
  return out;
}

event event_from(const json::object& o) {
  event e;
  e.id = string_at(o, "id");
  e.fields = o.at("fields").as_object();
  e.start = moment_from(o.at("start"));
  e.end = moment_from(o.at("end"));
  if (const auto* original = o.if_contains("original_start")) e.original_start = moment_from(*original);
  e.series_id = string_at(o, "series");
  e.status = string_at(o, "status");
  e.sequence = number_at<std::int64_t>(o, "sequence");
  e.created = time_at(o, "created");
  e.updated = time_at(o, "updated");
  e.changed = number_at<std::int64_t>(o, "changed");
  return e;
}

json::object to_json(const calendar_facts& c) {
  return {{"id", c.id},
          {"owner", c.owner},
          {"summary", c.summary},
          {"description", c.description},
          {"location", c.location},
          {"time_zone", c.time_zone},
          {"primary", c.primary},
          {"refuses_watch", c.refuses_watch},
          {"changed", c.changed},
          {"list_fields", c.list_fields},
          {"deleted", c.deleted}};
}

calendar calendar_from(const json::object& o) {
  calendar c;
  c.id = string_at(o, "id");
  c.owner = string_at(o, "owner");
  c.summary = string_at(o, "summary");
  c.description = string_at(o, "description");
  c.location = string_at(o, "location");
  c.time_zone = string_at(o, "time_zone");
  c.primary = bool_at(o, "primary");
  c.refuses_watch = bool_at(o, "refuses_watch");
  c.changed = number_at<std::int64_t>(o, "changed");
  c.list_fields = o.at("list_fields").as_object();
  c.deleted = bool_at(o, "deleted");
  return c;
}

json::object to_json(const channel& k) {
  return {{"id", k.id},
          {"resource_id", k.resource_id},
          {"resource_uri", k.resource_uri},
          {"token", k.token},
          {"address", k.address},
          {"account", k.account},
          {"client_id", k.client_id},
          {"calendar_id", k.calendar_id},
          {"expires", state_time(k.expires)},
          {"messages", k.messages},
          {"stopped", k.stopped}};
}

channel channel_from(const json::object& o) {
  return {string_at(o, "id"),           string_at(o, "resource_id"),
          string_at(o, "resource_uri"), string_at(o, "token"),
          string_at(o, "address"),      string_at(o, "account"),
          string_at(o, "client_id"),    string_at(o, "calendar_id"),
          time_at(o, "expires"),        number_at<std::int64_t>(o, "messages"),
          bool_at(o, "stopped")};
}

json::object to_json(const open_listing& l) {
  return {{"fingerprint", l.fingerprint}, {"ids", state_texts(l.ids)}, {"watermark", l.watermark}};
}

open_listing listing_from(const json::object& o) {
  open_listing l{string_at(o, "fingerprint"), {}, number_at<std::int64_t>(o, "watermark")};
  for (const auto& id : o.at("ids").as_array()) l.ids.emplace_back(id.as_string());
  return l;
}

} // namespace

void store::save(state_writer& out) {
  if (!out.everything() && written_.last == last_) return;
  written_.calendars.save(out, "google.calendar", "", calendars_,
                          [](const calendar& c) { return to_json(c); });
  for (const auto& [id, c] : calendars_)
    written_.events[id].save(out, "google.event", id + "\n", c.events,
                             [&](const event& e) { return to_json(e, id); });
  written_.counter.save(out, "google.counter", "", {{"last", last_}});
  written_.last = last_;
}

void store::load(state_reader& in) {
  in.each("google.calendar", [&](const std::string& key, const json::object& o) {
    calendars_.insert_or_assign(key, calendar_from(o));
  });
  in.each("google.event", [&](const std::string&, const json::object& o) {
    auto e = event_from(o);
    auto key = e.id;
    calendars_.at(string_at(o, "calendar")).events.insert_or_assign(std::move(key), std::move(e));
  });
  in.each("google.counter",
          [&](const std::string&, const json::object& o) { last_ = number_at<std::int64_t>(o, "last"); });
}

void half::save(state_writer& out) {
  calendars.save(out);
  robots.save(out);
  std::map<std::string_view, std::reference_wrapper<const channel>> by_id;
  for (const auto& k : watches) by_id.emplace(k.id, k);
  written_.watches.save(out, "google.channel", "", by_id, [](const channel& k) { return to_json(k); });
  written_.listings.save(out, "google.listing", "", listings,
                         [](const open_listing& l) { return to_json(l); });
  written_.void_tokens.save(out, "google.void_tokens", "", tokens_void_before, [](std::int64_t n) {
    return json::object{{"before", n}};
  });
}

void half::load(state_reader& in) {
  calendars.load(in);
  robots.load(in);
  in.each("google.channel",
          [&](const std::string&, const json::object& o) { watches.push_back(channel_from(o)); });
  in.each("google.listing", [&](const std::string& key, const json::object& o) {
    listings.emplace(key, listing_from(o));
    listing_order.push_back(key);
  });
  in.each("google.void_tokens", [&](const std::string& key, const json::object& o) {
    tokens_void_before[key] = number_at<std::int64_t>(o, "before");
  });
  for (const auto* a : all.people.all())
    if (a->kind == vendor::google && !calendars.find(*a, "primary"))
      throw std::runtime_error("an account has no primary calendar");
}

} // namespace kalends::sandbox::google
