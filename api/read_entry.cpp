// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"
#include "api/wire.hpp"

#include <algorithm>

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::size_t work_item_bytes = 200;

/// {"date": "2026-12-01"} or {"date_time": "…", "time_zone": "…"}.
std::optional<calendar_time> read_time(object_reader& body, std::string_view name, bool required) {
  auto o = body.object(name, required);
  if (!o) return std::nullopt;
  const auto date = o->text("date", {.max_bytes = 64});
  const auto date_time = o->text("date_time", {.max_bytes = 64});
  const auto zone = o->text("time_zone", {.max_bytes = 128, .null_is_empty = true});
  (void)o->close(); // what it refused is told by the body's own `close`
  if (date.has_value() == date_time.has_value() || (date && zone)) {
    body.refuse("malformed_time", "Give either date, or date_time with its time_zone.", name);
    return std::nullopt;
  }
  if (date) {
    auto day = read_date(*date);
    if (day) return *day;
    o->refuse(day.error().code, day.error().detail, "date");
    return std::nullopt;
  }
  auto at = read_zoned_time(*date_time, zone.value_or(""));
  if (at) return *at;
  const bool about_zone = at.error().code.find("time_zone") != std::string::npos;
  o->refuse(at.error().code, at.error().detail, about_zone ? "time_zone" : "date_time");
  return std::nullopt;
}

std::optional<work_item> read_work(object_reader& body) {
  const auto* raw = body.any("work_item");
  if (!raw) return std::nullopt;
  if (raw->is_null()) return work_item{};
  auto o = body.object("work_item");
  if (!o) return std::nullopt;
  work_item work;
  if (auto type =
          o->text("type", {.max_bytes = work_item_bytes, .may_be_empty = false, .null_is_empty = false}))
    work.type = *type;
  const auto* given = o->any("id");
  if (given && !given->is_null())
    work.id = o->text("id", {.max_bytes = work_item_bytes, .may_be_empty = false});
  (void)o->close();
  return work;
}

std::optional<std::vector<user_id>> read_assigned(object_reader& body) {
  const auto ids = body.uuids("assigned_user_ids", limits::assigned_users);
  if (!ids) return std::nullopt;
  std::vector<user_id> users(ids->begin(), ids->end());
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

bool holds_nothing(const json::value& v) {
  return v.is_null() || (v.is_array() && v.get_array().empty()) || (v.is_object() && v.get_object().empty());
}

void refuse_unsupported(object_reader& body) {
  const auto* recurrence = body.any("recurrence");
  if (recurrence && !holds_nothing(*recurrence))
    body.refuse("recurrence_not_supported", "Entries do not recur; make one entry per occurrence.",
                "recurrence");
  const auto* attendees = body.any("attendees");
  if (attendees && !holds_nothing(*attendees))
    body.refuse("attendees_not_supported", "Entries have assigned users, no attendees.", "attendees");
}

} // namespace

result<actors::entry_edit> read_entry(const json::object& o, entry_body kind) {
  const bool needed = kind == entry_body::creation;
  object_reader body(o);
  actors::entry_edit edit;
  edit.title = body.text("title", {.max_bytes = limits::title_bytes, .required = needed});
  edit.notes = body.text("notes", {.max_bytes = limits::notes_bytes, .null_is_empty = true});
  edit.location = body.text("location", {.max_bytes = limits::location_bytes, .null_is_empty = true});
  edit.start = read_time(body, "start", needed);
  edit.end = read_time(body, "end", needed);
  edit.is_private = body.flag("is_private");
  edit.status = body.choice<entry_status>("status");
  edit.work = read_work(body);
  edit.assigned = read_assigned(body);
  refuse_unsupported(body);
  for (const auto* name : {"id", "version", "origin_provider_id", "created_at", "updated_at"})
    body.read_only(name);
  if (auto sound = body.close(); !sound) return tl::unexpected(sound.error());
  return edit;
}

} // namespace kalends::api
