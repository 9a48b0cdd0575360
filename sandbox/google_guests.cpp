// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::int64_t longest_copy_seconds = 10'000'000;

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::string organizer_of(const event& e) {
  const auto* o = e.fields.if_contains("organizer");
  return o ? text_at(o->as_object(), "email") : std::string();
}

bool is_organizer(const calendar& in, const event& e) {
  const auto organizer = organizer_of(e);
  return organizer == in.owner || organizer == in.id;
}

std::vector<std::string> guests_of(const event& e) {
  std::vector<std::string> out;
  if (const auto* list = e.fields.if_contains("attendees"))
    for (const auto& one : list->as_array()) out.push_back(text_at(one.as_object(), "email"));
  return out;
}

/// Fields that belong to one copy; everything else is the meeting's.
constexpr std::array own_fields{"reminders", "colorId", "transparency", "visibility"};

/// The meeting's fields without anybody's answer.
json::object shared_view(const event& e) {
  auto out = writable_view(e);
  for (const auto* name : own_fields) out.erase(name);
  out.erase("status");
  if (auto* p = out.if_contains("extendedProperties")) {
    p->as_object().erase("private");
    if (p->as_object().empty()) out.erase("extendedProperties");
  }
  out.erase("attendees");
  return out;
}

std::string answer_of(const event& e, std::string_view email) {
  if (const auto* list = e.fields.if_contains("attendees"))
    for (const auto& one : list->as_array())
      if (same_address(text_at(one.as_object(), "email"), email))
        return text_at(one.as_object(), "responseStatus");
  return "";
}

void set_answer(event& e, std::string_view email, std::string_view status) {
  if (auto* list = e.fields.if_contains("attendees"))
    for (auto& one : list->as_array())
      if (same_address(text_at(one.as_object(), "email"), email)) one.as_object()["responseStatus"] = status;
}

/// The primary calendar of a guest who lives in this sandbox.
calendar* home_of(half& h, const std::string& email) {
  auto* who = h.all.people.find(email);
  return who && who->kind == vendor::google ? h.calendars.find(*who, "primary") : nullptr;
}

/// The meeting as `into`'s owner gets it: shared fields from the organizer, the rest from the copy that was
/// there.
void write_copy(half& h, calendar& into, const event& meeting, bool cancelled) {
  const auto there = into.events.find(meeting.id);
  if (there == into.events.end() && cancelled) return;
  event copy = meeting;
  for (const auto* name : own_fields) copy.fields.erase(name);
  if (auto* p = copy.fields.if_contains("extendedProperties")) p->as_object().erase("private");
  if (there != into.events.end()) {
    const auto& old = there->second.fields;
    for (const auto* name : own_fields)
      if (const auto* v = old.if_contains(name)) copy.fields[name] = *v;
    const auto* p = old.if_contains("extendedProperties");
    if (const auto* own = p ? p->as_object().if_contains("private") : nullptr) {
      auto& slot = copy.fields["extendedProperties"];
      if (!slot.is_object()) slot = json::object{};
      slot.get_object()["private"] = *own;
    }
    copy.created = there->second.created;
  }
  if (cancelled) copy.status = "cancelled";
  h.calendars.touch(copy);
  into.events.insert_or_assign(copy.id, copy);
  if (copy.is_master() && cancelled)
    for (auto& [key, row] : into.events)
      if (row.series_id == copy.id) row.status = "cancelled";
  if (copy.is_master() && !cancelled) drop_lost_exceptions(into, copy);
  notify(h, into);
}

void send_copy(half& h, const std::string& guest, const event& meeting, bool cancelled) {
  if (h.guest_copy_seconds == 0 && h.copies.empty()) {
    if (auto* home = home_of(h, guest)) write_copy(h, *home, meeting, cancelled);
    return;
  }
  auto due = h.all.now() + std::chrono::seconds(h.guest_copy_seconds);
  if (!h.copies.empty()) due = std::max(due, h.copies.back().due);
  if (h.copies.size() >= copies_limit) h.copies.front().due = h.all.now();
  h.copies.push_back({due, guest, meeting, cancelled});
  deliver_copies(h);
}

void spread_from_organizer(half& h, const calendar& in, const event& before, const event& after) {
  const auto now_invited = guests_of(after);
  std::set<std::string> everybody(now_invited.begin(), now_invited.end());
  for (auto& email : guests_of(before)) everybody.insert(std::move(email));
  for (const auto& email : everybody) {
    if (same_address(email, in.owner) || home_of(h, email) == nullptr) continue;
    const bool out = after.is_cancelled() || std::ranges::find(now_invited, email) == now_invited.end();
    send_copy(h, email, after, out);
  }
}

/// A guest answered, or deleted the copy, which says no.
void spread_from_guest(half& h, const calendar& in, const event& before, const event& after) {
  const auto answer = after.is_cancelled() ? std::string("declined") : answer_of(after, in.owner);
  if (answer.empty() || answer == answer_of(before, in.owner)) return;
  auto* organizer = home_of(h, organizer_of(after));
  if (!organizer || guests_of(after).size() > answers_limit) return;
  const auto row = find_event(*organizer, after.id);
  if (!row || row->is_cancelled()) return;
  auto meeting = *row;
  set_answer(meeting, in.owner, answer);
  h.calendars.touch(meeting);
  organizer->events.insert_or_assign(meeting.id, meeting);
  notify(h, *organizer);
  for (const auto& email : guests_of(meeting))
    if (auto* home = same_address(email, in.owner) || same_address(email, organizer->owner)
                         ? nullptr
                         : home_of(h, email))
      if (const auto copy = find_event(*home, meeting.id); copy && !copy->is_cancelled())
        send_copy(h, email, meeting, false);
}

net::http_response show_knobs(const half& h) {
  return json_answer(200, {{"guest_copy_seconds", h.guest_copy_seconds}});
}

net::http_response set_knobs(half& h, const call& c) {
  const auto refused = [](const char* why) {
    return json_answer(400, {{"error", {{"code", "malformed_body"}, {"message", why}}}});
  };
  boost::system::error_code bad;
  const auto body = json::parse(c.request.body, bad);
  if (bad || !body.is_object()) return refused("the body is a JSON object");
  for (const auto& [name, value] : body.get_object()) {
    const bool fits = value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= longest_copy_seconds;
    if (name != "guest_copy_seconds" || !fits) return refused("guest_copy_seconds is a number of seconds");
    h.guest_copy_seconds = value.get_int64();
  }
  return show_knobs(h);
}

} // namespace

bool same_address(std::string_view a, std::string_view b) {
  const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, folded, folded);
}

void keep_guest_list(const calendar& in, const event& before, event& after, bool omitted) {
  const auto* list = before.fields.if_contains("attendees");
  if (!list || (is_organizer(in, before) && !omitted)) return;
  const auto answer = answer_of(after, in.owner);
  after.fields["attendees"] = *list;
  if (!answer.empty()) set_answer(after, in.owner, answer);
}

void check_guest(const calendar& in, const event& before, const event& after) {
  if (is_organizer(in, before)) return;
  const auto* may = before.fields.if_contains("guestsCanModify");
  const bool allowed = (may && may->is_bool() && may->get_bool()) || before.fields.contains("privateCopy");
  if (allowed || guests_of(before).empty()) return; // an imported copy without guests is its owner's alone
  if (shared_view(before) != shared_view(after))
    throw refusal({403, "forbiddenForNonOrganizer",
                   "Shared properties can only be changed by the organizer of the event.", "calendar"});
}

void deliver_copies(half& h) {
  while (!h.copies.empty() && h.copies.front().due <= h.all.now()) {
    const auto copy = std::move(h.copies.front());
    h.copies.pop_front();
    if (auto* home = home_of(h, copy.guest)) write_copy(h, *home, copy.meeting, copy.cancelled);
  }
}

void add_knob_routes(half& h, router& routes) {
  const auto own = [&](const char* verb, std::function<net::http_response(call&)> answer) {
    routes.add({verb, "/_sandbox/google/knobs", "sandbox", std::nullopt, false, {}, std::move(answer), {}});
  };
  own("GET", [&h](call&) { return show_knobs(h); });
  own("PATCH", [&h](call& c) { return set_knobs(h, c); });
}

void spread(half& h, calendar& in, const event& before, const event& after) {
  if (!in.primary && !is_organizer(in, after)) return;
  if (is_organizer(in, after))
    spread_from_organizer(h, in, before, after);
  else
    spread_from_guest(h, in, before, after);
}

} // namespace kalends::sandbox::google
