// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_graph.hpp"
#include "sandbox/microsoft_ids.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

/// One meeting in several mailboxes: invitations go out, answers come back. Who has no mailbox here only gets
/// mail. A copy bears the name of its meeting among its fields; nobody outside sees those.
namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

constexpr std::size_t copies_limit = 10'000;     ///< under way; beyond, the oldest arrives at once
constexpr const char* meeting_field = "meeting"; ///< of a copy: "{organizer}:{key}"
constexpr const char* answer_field = "answer";   ///< of a copy: what was sent back
constexpr const char* invited_field = "invited"; ///< of the organizer's: everybody who ever was

/// What is a guest's own in a copy.
constexpr std::array own_fields{"categories",     "showAs", "isReminderOn", "reminderMinutesBeforeStart",
                                "responseStatus", "answer"};

std::string text_in(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string address_of(const json::value& attendee) {
  const auto& address = attendee.at("emailAddress").at("address");
  return address.is_string() ? lower(std::string(address.get_string())) : std::string();
}

json::object status(std::string_view response, std::string_view time) {
  return {{"response", response}, {"time", time}};
}

/// The organizer is listed twice, and nobody sees what others answered.
json::array as_guests_see(const json::array& attendees, const json::object& organizer) {
  const auto untold = status("none", "0001-01-01T00:00:00Z");
  json::array out{json::object{{"type", "required"}, {"status", untold}, {"emailAddress", organizer}}};
  for (const auto& one : attendees) {
    auto guest = one.as_object();
    guest["status"] = untold;
    out.push_back(std::move(guest));
  }
  return out;
}

} // namespace

std::vector<std::string> mailbox::invited_to(std::uint64_t key) {
  auto& fields = items_.at(key).content.fields;
  json::array known;
  if (const auto* v = fields.if_contains(invited_field)) known = v->as_array();
  for (const auto& one : fields.at("attendees").as_array())
    if (const json::value address(address_of(one));
        std::find(known.begin(), known.end(), address) == known.end())
      known.push_back(address);
  std::vector<std::string> out;
  for (const auto& one : known) out.emplace_back(one.as_string());
  if (!known.empty()) fields[invited_field] = std::move(known);
  return out;
}

void mailbox::receive(const mailbox& from, const event_item& meeting, bool cancelled, instant now) {
  const auto name = from.owner().email + ':' + std::to_string(meeting.key);
  const auto there = std::find_if(items_.begin(), items_.end(), [&](const auto& row) {
    return text_in(row.second.content.fields, meeting_field) == name;
  });
  const bool known = there != items_.end();
  if ((!known && cancelled) || (known && there->second.deleted)) return; // what was declined stays away
  event_item copy = known ? there->second : event_item{};
  auto& fields = copy.content.fields;
  if (cancelled) {
    if (!text_in(fields, "subject").starts_with("Canceled: "))
      fields["subject"] = "Canceled: " + text_in(fields, "subject");
    fields["isCancelled"] = true;
  } else {
    const auto own = fields;
    copy.content = meeting.content;
    copy.rule = meeting.rule;
    copy.exceptions = meeting.exceptions;
    copy.cancelled = meeting.cancelled;
    copy.original_start_zone = meeting.original_start_zone;
    copy.original_end_zone = meeting.original_end_zone;
    copy.created = meeting.created;
    const json::object organizer{{"name", from.owner().display_name}, {"address", from.owner().email}};
    fields.erase(invited_field);
    fields["attendees"] = as_guests_see(meeting.content.fields.at("attendees").as_array(), organizer);
    fields["organizer"] = {{"emailAddress", organizer}};
    fields["isOrganizer"] = false;
    fields["categories"] = json::array{};
    fields["responseStatus"] = status("notResponded", "0001-01-01T00:00:00Z");
    fields[meeting_field] = name;
    for (const auto* kept : own_fields)
      if (const auto* v = own.if_contains(kept)) fields[kept] = *v;
  }
  if (known) {
    there->second = std::move(copy);
    return stamp(there->second, change_kind::updated, now);
  }
  if (items_.size() >= item_limit) return;
  copy.calendar = default_calendar().key;
  copy.key = ++last_key_;
  copy.regular_id = regular_id(owner_->email, copy.key, 0);
  copy.immutable_id = immutable_id(owner_->email, copy.key);
  auto& stored = items_[copy.key] = std::move(copy);
  by_id_[stored.regular_id] = by_id_[stored.immutable_id] = stored.key;
  stamp(stored, change_kind::created, now);
}

void mailbox::tally(std::uint64_t key, std::string_view address, std::string_view answer, instant now) {
  const auto found = items_.find(key);
  if (found == items_.end() || found->second.deleted) return;
  for (auto& one : found->second.content.fields.at("attendees").as_array()) {
    if (address_of(one) != address || one.at("status").at("response") == json::value(answer)) continue;
    one.as_object()["status"] = status(answer, format_instant(now));
    return stamp(found->second, change_kind::updated, now);
  }
}

void graph::meeting_changed(const mailbox& box, const event_item& item, change_kind kind) {
  const auto& fields = item.content.fields;
  if (const auto meeting = text_in(fields, meeting_field); !meeting.empty()) {
    const auto answer = text_in(fields, answer_field);
    const auto colon = meeting.rfind(':');
    std::uint64_t key = 0;
    std::from_chars(meeting.data() + colon + 1, meeting.data() + meeting.size(), key);
    auto* home = answer.empty() ? nullptr : box_of(meeting.substr(0, colon));
    if (home == nullptr) return;
    tallying_ = true; // an answer is the organizer's to know, and goes to no other guest
    home->tally(key, lower(box.owner().email), answer, item.changed);
    tallying_ = false;
    return;
  }
  const auto* organizer = fields.if_contains("isOrganizer");
  if (tallying_ || (organizer != nullptr && *organizer == json::value(false))) return;
  const auto& attendees = fields.at("attendees").as_array();
  for (const auto& address : box_of(box.owner().email)->invited_to(item.key)) {
    if (const auto* guest = box_of(address); guest == nullptr || guest == &box) continue;
    const bool stays = kind != change_kind::deleted &&
                       std::any_of(attendees.begin(), attendees.end(),
                                   [&](const json::value& one) { return address_of(one) == address; });
    send_copy(box, address, item, !stays);
  }
}

void graph::send_copy(const mailbox& from, const std::string& guest, const event_item& meeting,
                      bool cancelled) {
  if (settings.guest_copy_seconds == 0 && copies_.empty())
    return box_of(guest)->receive(from, meeting, cancelled, meeting.changed);
  auto due = core_.now() + std::chrono::seconds(settings.guest_copy_seconds);
  if (!copies_.empty()) due = std::max(due, copies_.back().due);
  if (copies_.size() >= copies_limit) copies_.front().due = core_.now();
  copies_.push_back({due, from.owner().email, guest, meeting, cancelled});
  deliver_copies();
}

void graph::deliver_copies() {
  while (!copies_.empty() && copies_.front().due <= core_.now()) {
    const auto copy = std::move(copies_.front());
    copies_.pop_front();
    const auto* from = box_of(copy.from);
    if (auto* guest = box_of(copy.guest); guest != nullptr && from != nullptr)
      guest->receive(*from, copy.meeting, copy.cancelled, core_.now());
  }
}

} // namespace kalends::sandbox::microsoft
