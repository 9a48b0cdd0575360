// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"
#include "api/wire.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>
#include <set>

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

/// A list of places in the series, each as `write_slot` writes it.
std::optional<std::vector<recurrence_id>> read_slots(object_reader& o, std::string_view name) {
  const auto* raw = o.any(name);
  if (!raw) return std::nullopt;
  std::vector<recurrence_id> slots;
  if (raw->is_null()) return slots;
  const auto* list = raw->if_array();
  if (!list) {
    o.refuse("wrong_type", "This field is a list of dates, or of times without an offset.", name);
    return std::nullopt;
  }
  if (list->size() > limits::series_exceptions)
    o.refuse("too_many_exceptions", "At most " + std::to_string(limits::series_exceptions) + " of them.",
             name);
  for (std::size_t i = 0; i < std::min(list->size(), limits::series_exceptions); ++i) {
    const auto* text = (*list)[i].if_string();
    const auto slot = text ? read_slot({text->data(), text->size()}) : std::nullopt;
    if (!slot) {
      o.refuse("malformed_occurrence",
               "An occurrence is named by the wall clock of the series' start: 2026-12-08T09:00:00, or "
               "2026-12-08 if it is all-day.",
               std::string(name) + "[" + std::to_string(i) + "]");
      return std::nullopt;
    }
    slots.push_back(*slot);
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

/// What is absent stays as it is, as a merge patch (RFC 7396) has it; null and an empty one take it all away.
void read_recurrence(object_reader& body, actors::entry_edit& edit) {
  const auto* raw = body.any("recurrence");
  if (!raw) return;
  if (raw->is_null()) {
    edit.repeats.emplace(std::nullopt);
    return;
  }
  auto o = body.object("recurrence");
  if (!o) return;
  recurrence r;
  const auto rule = o->text("rrule", {.max_bytes = limits::rrule_bytes, .null_is_empty = true});
  const auto rdates = read_slots(*o, "rdates");
  const auto exdates = read_slots(*o, "exdates");
  o->read_only("changed_occurrences");
  (void)o->close();
  r.rrule = rule.value_or("");
  if (r.rrule.starts_with("RRULE:")) r.rrule.erase(0, 6);
  r.rdates = rdates.value_or(std::vector<recurrence_id>());
  r.exdates = exdates.value_or(std::vector<recurrence_id>());
  edit.keeps_rrule = !rule;
  edit.keeps_rdates = !rdates;
  edit.keeps_exdates = !exdates;
  edit.repeats = std::move(r);
}

attendee read_attendee(object_reader& o) {
  attendee guest;
  guest.email =
      o.text("email", {.max_bytes = email_bytes, .required = true, .may_be_empty = false}).value_or("");
  if (!guest.email.empty() && !looks_like_email(guest.email))
    o.refuse("malformed_email", "An address is name@host.", "email");
  guest.name = o.text("name", {.null_is_empty = true}).value_or("");
  guest.response = o.choice<attendee_response>("response").value_or(attendee_response::needs_action);
  guest.is_optional = o.flag("optional").value_or(false);
  guest.is_organizer = o.flag("organizer").value_or(false);
  return guest;
}

std::optional<std::vector<attendee>> read_attendees(object_reader& body) {
  auto list = body.objects("attendees", limits::attendees);
  if (!list) return std::nullopt;
  std::vector<attendee> guests;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto guest = read_attendee((*list)[i]);
    (void)(*list)[i].close();
    std::string folded = guest.email;
    for (char& c : folded)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!seen.insert(folded).second)
      (*list)[i].refuse("attendee_twice", "This address is in the list already.", "email");
    guests.push_back(std::move(guest));
  }
  return guests;
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
  read_recurrence(body, edit);
  edit.attendees = read_attendees(body);
  for (const auto* name :
       {"id", "version", "origin_provider_id", "detached_entry_id", "created_at", "updated_at"})
    body.read_only(name);
  if (auto sound = body.close(); !sound) return tl::unexpected(sound.error());
  return edit;
}

} // namespace kalends::api
