// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_mailbox.hpp"

#include "sandbox/microsoft_ids.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

refusal invalid_request(std::string message) {
  return {400, "ErrorInvalidRequest", std::move(message), {}, {}};
}

bool is_organizer(const event_item& item) {
  const auto* flag = item.content.fields.if_contains("isOrganizer");
  return flag == nullptr || !flag->is_bool() || flag->get_bool();
}

std::size_t attendee_count(const event_item& item) {
  return item.content.fields.at("attendees").as_array().size();
}

/// The content of a POST, to tell a replay from another event under the same transactionId.
std::string content_of(json::object body) {
  body.erase("transactionId");
  return json::serialize(body);
}

void apply_extended(event_item& item, const event_change& change) {
  for (const auto& [id, value] : change.extended)
    if (value)
      item.extended[id] = *value;
    else
      item.extended.erase(id);
}

} // namespace

mailbox::mailbox(const account& owner, const knobs& k, listener on_change)
    : owner_(&owner), knobs_(&k), on_change_(std::move(on_change)) {
  add_calendar("Calendar", true).is_default = true;
}

const calendar_item* mailbox::find_calendar(std::string_view id) const {
  for (const auto& [key, calendar] : calendars_)
    if (calendar.id == id || calendar.short_id == id) return &calendar;
  return nullptr;
}

calendar_item& mailbox::add_calendar(std::string name, bool can_edit) {
  const auto key = calendars_.empty() ? 1 : calendars_.rbegin()->first + 1;
  auto& made = calendars_[key];
  made.key = key;
  made.id = calendar_id(owner_->email, key);
  made.short_id = short_calendar_id(owner_->email, key);
  made.name = std::move(name);
  made.can_edit = can_edit;
  return made;
}

expected<const calendar_item*> mailbox::change_calendar(std::string_view id, const json::object& body) {
  const auto* found = find_calendar(id);
  if (found == nullptr) return tl::unexpected(item_not_found());
  auto& calendar = calendars_.at(found->key);
  for (const char* name : {"name", "color"}) {
    const auto* v = body.if_contains(name);
    if (v == nullptr) continue;
    if (!v->is_string() || v->get_string().empty())
      return refuse(400, "RequestBodyRead", "A calendar's name and color are strings.");
    (std::string_view(name) == "name" ? calendar.name : calendar.color) = std::string(v->get_string());
  }
  ++calendar.version;
  return &calendar;
}

std::optional<refusal> mailbox::remove_calendar(std::string_view id, const write_context& w) {
  const auto* found = find_calendar(id);
  if (found == nullptr) return item_not_found();
  if (found->is_default)
    return refusal{400, "ErrorCannotDeleteObject", "The default calendar cannot be deleted.", {}, {}};
  for (auto& [key, item] : items_)
    if (item.calendar == found->key && !item.deleted) drop(item, w.now);
  calendars_.erase(found->key);
  return std::nullopt;
}

std::optional<found_item> mailbox::find(std::string_view id) {
  const auto by_text = [&](std::string_view text) -> event_item* {
    const auto it = by_id_.find(std::string(text));
    return it == by_id_.end() ? nullptr : &items_.at(it->second);
  };
  if (auto* item = by_text(id)) return found_item{item, std::nullopt, item->immutable_id == id};
  const auto instance = split_instance_id(id);
  if (!instance) return std::nullopt;
  auto* item = by_text(instance->master_id);
  if (item == nullptr || !item->rule) return std::nullopt;
  return found_item{item, instance->date, item->immutable_id == instance->master_id};
}

expected<found_item> mailbox::read(std::string_view id, instant now) {
  auto found = find(id);
  if (!found && id.size() < 40) return refuse(400, "ErrorInvalidIdMalformed", "Id is malformed.");
  if (!found || found->item->deleted) return tl::unexpected(item_not_found());
  if (found->date && !occurrence_at(*found->item, *found->date)) return tl::unexpected(item_not_found());
  if (now < found->item->created + std::chrono::seconds(knobs_->unreadable_seconds))
    return tl::unexpected(item_not_found());
  return *found;
}

std::string mailbox::change_key_of(const event_item& item) const {
  return change_key(owner_->email, item.key, item.version);
}

std::optional<refusal> mailbox::check_writable(const event_item& item, const write_context& w) const {
  const auto calendar = calendars_.find(item.calendar);
  const bool may = calendar == calendars_.end() || calendar->second.can_edit;
  if (!may && w.author == change_author::application) return named_refusal("ErrorAccessDenied", 0);
  return std::nullopt;
}

std::optional<refusal> mailbox::check_match(const found_item& found, const write_context& w) const {
  if (w.if_match.empty() || w.if_match == "*") return std::nullopt;
  if (!w.if_match.starts_with("W/\"") || w.if_match.back() != '"' || w.if_match.size() < 5)
    return invalid_request("The If-Match header is malformed.");
  const auto given = std::string_view(w.if_match).substr(3, w.if_match.size() - 4);
  const auto current = change_key_of(*found.item);
  if (given == current) return std::nullopt;
  if (found.date && given == occurrence_change_key(current, *found.date)) return std::nullopt;
  return named_refusal("ErrorIrresolvableConflict", 0);
}

void mailbox::write_mails(const event_item& item, std::string_view kind, instant now) {
  if (!is_organizer(item)) return;
  for (const auto& attendee : item.content.fields.at("attendees").as_array()) {
    if (mails_.size() >= mail_limit) mails_.erase(mails_.begin());
    const auto& address = attendee.at("emailAddress").at("address");
    mails_.push_back({now, std::string(address.as_string()), std::string(kind),
                      std::string(item.content.fields.at("subject").as_string())});
  }
}

void mailbox::stamp(event_item& item, change_kind kind, instant now) {
  if (kind != change_kind::created) ++item.version;
  item.sequence = ++last_sequence_;
  item.changed = now;
  if (kind != change_kind::deleted) item.modified = now;
  if (on_change_) on_change_(*this, item, kind);
}

expected<mailbox::creation> mailbox::create(std::uint64_t calendar, const json::object& body,
                                            const write_context& w) {
  if (items_.size() >= item_limit) return tl::unexpected(named_refusal("ErrorQuotaExceeded", 0));
  auto change = read_change(body, w.author);
  if (!change) return tl::unexpected(change.error());
  const auto transaction_id = change->transaction_id.value_or("");
  if (auto known = transactions_.find(transaction_id);
      !transaction_id.empty() && known != transactions_.end()) {
    auto& earlier = items_.at(known->second.item);
    if (known->second.content == content_of(body)) return creation{&earlier, true};
    refusal r{static_cast<int>(knobs_->duplicate_transaction_status),
              "ErrorDuplicateTransactionId",
              "Your request can't be completed. The TransactionId specified in the request has already been "
              "used to "
              "create a different event.",
              {{"@event.existingEventId", earlier.regular_id}},
              {}};
    return tl::unexpected(std::move(r));
  }
  event_item item;
  item.content = fresh_content();
  item.calendar = calendar;
  if (auto refused = check_writable(item, w)) return tl::unexpected(std::move(*refused));
  const auto blank = item.content;
  if (auto refused = apply_content(item.content, *change, true)) return tl::unexpected(std::move(*refused));
  if (auto refused = apply_recurrence(item, *change, blank, true)) return tl::unexpected(std::move(*refused));
  apply_extended(item, *change);
  item.transaction_id = transaction_id;
  item.original_start_zone = item.content.start.zone;
  item.original_end_zone = item.content.end.zone;
  item.created = w.now;
  item.key = ++last_key_;
  item.regular_id = regular_id(owner_->email, item.key, 0);
  item.immutable_id = immutable_id(owner_->email, item.key);
  auto& stored = items_[item.key] = std::move(item);
  by_id_[stored.regular_id] = by_id_[stored.immutable_id] = stored.key;
  if (!transaction_id.empty()) transactions_[transaction_id] = {stored.key, content_of(body)};
  stamp(stored, change_kind::created, w.now);
  write_mails(stored, "request", w.now);
  return creation{&stored, false};
}

expected<found_item> mailbox::open_for_write(std::string_view id, const write_context& w) {
  auto found = read(id, instant::max());
  if (!found) return found;
  if (auto refused = check_writable(*found->item, w)) return tl::unexpected(std::move(*refused));
  if (auto refused = check_match(*found, w)) return tl::unexpected(std::move(*refused));
  return found;
}

std::optional<refusal> mailbox::apply(found_item& found, const event_change& change) {
  if (found.date) return apply_exception(*found.item, *found.date, change);
  auto next = *found.item;
  const auto before = next.content;
  if (auto refused = apply_content(next.content, change, false)) return refused;
  if (auto refused = apply_recurrence(next, change, before, knobs_->time_change_wipes_exceptions))
    return refused;
  apply_extended(next, change);
  if (change.start) next.original_start_zone = change.start->zone;
  if (change.end) next.original_end_zone = change.end->zone;
  *found.item = std::move(next);
  return std::nullopt;
}

expected<found_item> mailbox::change(std::string_view id, const json::object& body, const write_context& w) {
  auto found = open_for_write(id, w);
  if (!found) return found;
  if (body.contains("transactionId") && w.author == change_author::application)
    return tl::unexpected(invalid_request("The property 'TransactionId' cannot be changed."));
  auto change = read_change(body, w.author);
  if (!change) return tl::unexpected(change.error());
  if (auto refused = apply(*found, *change)) return tl::unexpected(std::move(*refused));
  stamp(*found->item, change_kind::updated, w.now);
  write_mails(*found->item, "update", w.now);
  return found;
}

void mailbox::drop(event_item& item, instant now) {
  item.deleted = true;
  transactions_.erase(item.transaction_id);
  stamp(item, change_kind::deleted, now);
}

std::optional<refusal> mailbox::remove(std::string_view id, const write_context& w) {
  const auto gone = find(id);
  if (gone && gone->item->deleted && gone->immutable)
    return invalid_request("The item is in the Deleted Items folder already.");
  auto found = open_for_write(id, w);
  if (!found) return found.error();
  auto& item = *found->item;
  if (attendee_count(item) > 0) write_mails(item, "cancellation", w.now);
  if (!found->date) {
    drop(item, w.now);
    return std::nullopt;
  }
  item.exceptions.erase(*found->date);
  item.cancelled.insert(*found->date);
  stamp(item, change_kind::updated, w.now);
  return std::nullopt;
}

std::optional<refusal> mailbox::move(std::string_view id, std::string_view calendar, instant now) {
  auto found = read(id, instant::max());
  const auto* target = find_calendar(calendar);
  if (!found || target == nullptr || found->date) return item_not_found();
  auto& item = *found->item;
  item.left[item.calendar] = {item.regular_id, last_sequence_ + 1};
  by_id_.erase(item.regular_id);
  item.regular_id = regular_id(owner_->email, item.key, ++item.moves);
  by_id_[item.regular_id] = item.key;
  item.calendar = target->key;
  item.left.erase(target->key);
  stamp(item, change_kind::updated, now);
  return std::nullopt;
}

std::optional<refusal> mailbox::touch(std::string_view id, instant now) {
  auto found = read(id, instant::max());
  if (!found) return found.error();
  stamp(*found->item, change_kind::updated, now);
  return std::nullopt;
}

std::optional<refusal> mailbox::respond(std::string_view id, std::string_view action,
                                        const json::object& body, const write_context& w) {
  auto found = read(id, instant::max());
  if (!found) return found.error();
  auto& item = *found->item;
  if (action == "cancel") {
    if (!is_organizer(item)) return invalid_request("You need to be an organizer to cancel a meeting.");
    write_mails(item, "cancellation", w.now);
    drop(item, w.now);
    return std::nullopt;
  }
  if (is_organizer(item))
    return invalid_request("You can't respond to this meeting because you're the meeting organizer.");
  const auto answer = action == "accept"    ? "accepted"
                      : action == "decline" ? "declined"
                                            : "tentativelyAccepted";
  const auto* send = body.if_contains("sendResponse");
  if ((send == nullptr || !send->is_bool() || send->get_bool()) &&
      item.content.fields.contains("organizer")) {
    item.content.fields["answer"] = answer;
    const auto& organizer = item.content.fields.at("organizer").at("emailAddress").at("address");
    mails_.push_back({w.now, std::string(organizer.as_string()), "response",
                      std::string(item.content.fields.at("subject").as_string())});
  }
  item.content.fields["responseStatus"] = {{"response", answer}, {"time", format_instant(w.now)}};
  if (action == "decline") {
    drop(item, w.now);
    return std::nullopt;
  }
  stamp(item, change_kind::updated, w.now);
  return std::nullopt;
}

} // namespace kalends::sandbox::microsoft
