// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"
#include "sandbox/microsoft_graph.hpp"
#include "sandbox/microsoft_identity.hpp"

#include <boost/json/array.hpp>

#include <string_view>

namespace kalends::sandbox {

namespace microsoft {

namespace {

namespace json = boost::json;

tl::unexpected<error> as_error(const refusal& r) {
  const auto kind = r.status == 404   ? errc::not_found
                    : r.status == 412 ? errc::conflict
                    : r.status == 403 ? errc::forbidden
                                      : errc::invalid;
  return failure(kind, r.code, r.message);
}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// "2026-12-01" or "2026-12-01T09:00" with its zone, as Graph writes it.
json::object time_of(const std::string& text, const std::string& zone) {
  const auto with_clock = text.find('T') == std::string::npos ? text + "T00:00:00" : text;
  return {{"dateTime", with_clock}, {"timeZone", zone}};
}

/// The admin's words as a Graph body.
json::object body_from(const json::object& change, const std::string& owner_zone) {
  json::object out;
  const auto zone = change.contains("time_zone") ? text_of(change, "time_zone") : owner_zone;
  if (change.contains("title")) out["subject"] = text_of(change, "title");
  if (change.contains("notes"))
    out["body"] = {{"contentType", "text"}, {"content", text_of(change, "notes")}};
  if (change.contains("location")) out["location"] = {{"displayName", text_of(change, "location")}};
  if (change.contains("all_day")) out["isAllDay"] = change.at("all_day");
  for (const char* name : {"start", "end"}) {
    if (!change.contains(name)) continue;
    const auto text = text_of(change, name);
    if (text.find('T') == std::string::npos && !change.contains("all_day")) out["isAllDay"] = true;
    out[name] = time_of(text, zone);
  }
  if (const auto* resource = change.if_contains("resource"); resource != nullptr && resource->is_object())
    for (const auto& member : resource->get_object()) out[member.key()] = member.value();
  return out;
}

} // namespace

/// The Microsoft half: identity, mailboxes, notifications, and what a person does in Outlook.
class half final : public vendor_half {
public:
  explicit half(core& c) : core_(c), identity_(c), graph_(c) {}

  void add_routes(router& routes) override {
    identity_.add_routes(routes);
    graph_.add_routes(routes);
  }
  void open_account(const account& owner) override { graph_.open_mailbox(owner); }
  std::optional<net::http_response> authorize(call& c) override { return graph_.authorize(c); }
  net::http_response standard_error(std::string_view reason, int status) override {
    if (auto oauth = identity_.named_error(reason, status)) return std::move(*oauth);
    return graph_.refusal_answer(named_refusal(reason, status));
  }

  json::array calendars_of(const account& owner) override {
    json::array out;
    for (const auto& [key, calendar] : graph_.box_of(owner.email)->calendars())
      out.push_back(json::object{{"id", calendar.id},
                                 {"name", calendar.name},
                                 {"primary", calendar.is_default},
                                 {"time_zone", owner.time_zone}});
    return out;
  }

  json::array events_of(const account& owner, std::string_view calendar) override {
    auto& box = *graph_.box_of(owner.email);
    const auto* chosen = calendar.empty() ? &box.default_calendar() : box.find_calendar(calendar);
    json::array out;
    if (chosen == nullptr) return out;
    for (const auto& [key, item] : box.items())
      if (!item.deleted && item.calendar == chosen->key) out.push_back(row_of(box, item));
    return out;
  }

  result<json::object> person_writes(const account& owner, std::string_view calendar, std::string_view event,
                                     const json::object& change) override {
    auto& box = *graph_.box_of(owner.email);
    const auto body = body_from(change, owner.time_zone);
    const write_context w{change_author::person, core_.now(), ""};
    if (!event.empty()) {
      const auto changed = box.change(event, body, w);
      if (!changed) return as_error(changed.error());
      const auto one = changed->date ? occurrence_at(*changed->item, *changed->date) : whole(*changed->item);
      if (!one) return as_error(item_not_found());
      return render_event({box, {}}, *one);
    }
    const auto* chosen = calendar.empty() ? &box.default_calendar() : box.find_calendar(calendar);
    if (chosen == nullptr) return as_error(item_not_found());
    const auto made = box.create(chosen->key, body, w);
    if (!made) return as_error(made.error());
    return render_event({box, {}}, whole(*made->item));
  }

  result<void> person_deletes(const account& owner, std::string_view, std::string_view event) override {
    if (auto refused = graph_.box_of(owner.email)->remove(event, {change_author::person, core_.now(), ""}))
      return as_error(*refused);
    return {};
  }

  json::array channels() override { return graph_.subs.report(); }
  bool expire_channel(std::string_view id) override { return graph_.subs.expire(id); }
  void invalidate_sync_tokens(const account& owner) override {
    graph_.box_of(owner.email)->forget_sync_state();
  }
  std::size_t send_lifecycle(const account& owner, std::string_view subscription,
                             std::string_view event) override {
    return graph_.subs.send_lifecycle(owner.email, subscription, event);
  }
  void tick() override { graph_.tick(); }
  void save(state_writer& out) override { graph_.save(out); }
  void load(state_reader& in) override { graph_.load(in); }
  void adopt(notice& n) override { graph_.subs.adopt(n); }

private:
  static json::object row_of(const mailbox& box, const event_item& item) {
    preferences prefer;
    const auto o = whole(item);
    prefer.zone = prefer.iana = o.start.iana;
    auto resource = render_event({box, prefer}, o);
    const auto clock = [&](const zoned_time& t) {
      return o.all_day ? format_wall(t.wall).substr(0, 10)
                       : format_wall(to_wall(t.at(), o.start.iana)).substr(0, 16);
    };
    json::object row{{"id", item.regular_id},
                     {"calendar_id", box.calendar(item.calendar).id},
                     {"title", resource.at("subject")},
                     {"start", clock(o.start)},
                     {"end", clock(o.end)},
                     {"all_day", o.all_day},
                     {"time_zone", o.start.iana},
                     {"status", resource.at("isCancelled").as_bool() ? "cancelled" : "confirmed"},
                     {"recurring", item.rule.has_value()}};
    row["resource"] = std::move(resource);
    return row;
  }

  core& core_;
  identity identity_;
  graph graph_;
};

} // namespace microsoft

std::unique_ptr<vendor_half> make_microsoft(core& c) { return std::make_unique<microsoft::half>(c); }

} // namespace kalends::sandbox
