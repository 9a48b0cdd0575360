// SPDX-License-Identifier: Apache-2.0
#include "persistence/notifications.hpp"
#include "api/handling.hpp"

/// What needs a person, told once: to the one whose calendar it is, and to the tenant's members.
namespace kalends::api {
namespace json = boost::json;
namespace {

json::value time_json(const std::optional<instant>& t) {
  return t ? json::value(to_rfc3339(*t)) : json::value();
}

json::object conflict_json(const persistence::notification& n) {
  json::array fields;
  for (const auto name : names_of(n.groups)) fields.emplace_back(json::string_view(name.data(), name.size()));
  return {{"id", n.conflict_id},
          {"entry_id", text_or_null(n.entry.str())},
          {"entry_title", n.entry_title ? json::value(*n.entry_title) : json::value()},
          {"fields", std::move(fields)}};
}

json::object notification_json(const persistence::notification& n) {
  const bool of_conflict = n.kind == persistence::notification_kind::conflict;
  json::value conflict, problem;
  if (of_conflict) conflict = conflict_json(n);
  if (!n.problem_code.empty()) problem = {{"code", n.problem_code}, {"detail", n.problem_detail}};
  return {
      {"id", n.id},
      {"kind", persistence::name_of(n.kind)},
      {"provider", json::object{{"id", n.provider.str()},
                                {"type", name_of(n.type)},
                                {"account", text_or_null(n.account)},
                                {"calendar_name", text_or_null(n.calendar_name)}}},
      {"conflict", std::move(conflict)},
      {"problem", std::move(problem)},
      {"opened_at", to_rfc3339(n.opened_at)},
      {"ended_at", time_json(n.ended_at)},
      {"seen_at", time_json(n.seen_at)},
      {"mail", json::object{{"state", persistence::name_of(n.mail)}, {"sent_at", time_json(n.mailed_at)}}}};
}

json::object settings_json(const call& c, const persistence::mail_wishes& w) {
  return {{"mail_offered", c.with().mail_offered},
          {"mail_tenant", w.tenant},
          {"mail_own", c.who.person() ? json::value(w.person) : json::value()}};
}

} // namespace

void list_notifications(const call_ptr& c) {
  query_reader query(c->request.query);
  persistence::notification_filter filter;
  filter.of_person = c->who.user;
  const auto state = query.text("state", 16).value_or("open");
  if (state != "open" && state != "all") query.refuse("unknown_value", "It is open or all.", "state");
  filter.only_open = state == "open";
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, wanted](persistence::transaction& tx) -> result<net::http_response> {
    const auto page = persistence::list_notifications(tx, filter, wanted.cursor, wanted.limit);
    if (!page) return tl::unexpected(page.error());
    const auto unseen = persistence::count_unseen(tx, filter.of_person);
    if (!unseen) return tl::unexpected(unseen.error());
    json::array items;
    for (const auto& n : page->items) items.push_back(notification_json(n));
    return json_answer(200, json::object{{"items", std::move(items)},
                                         {"next_cursor", text_or_null(page->next_cursor)},
                                         {"unseen", *unseen}});
  });
}

void see_notification(const call_ptr& c) {
  const auto id = path_id<std::string>(*c, 0, "notification_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [c, id = *id](persistence::transaction& tx) -> result<net::http_response> {
    const auto seen = persistence::mark_seen(tx, id, c->who.user, c->with().outside.now());
    if (!seen) return tl::unexpected(seen.error());
    if (seen->there == 0)
      return failure(errc::not_found, "notification_not_found", "There is no such thing.");
    return no_content();
  });
}

void see_all_notifications(const call_ptr& c) {
  answer_from(c, [c](persistence::transaction& tx) -> result<net::http_response> {
    const auto seen = persistence::mark_seen(tx, {}, c->who.user, c->with().outside.now());
    if (!seen) return tl::unexpected(seen.error());
    return no_content();
  });
}

void get_notification_settings(const call_ptr& c) {
  answer_from(c, [c](persistence::transaction& tx) {
    return persistence::find_mail_wishes(tx, c->who.user).map([&](const persistence::mail_wishes& w) {
      return json_answer(200, settings_json(*c, w));
    });
  });
}

void put_notification_settings(const call_ptr& c) {
  const auto body = c->body();
  if (!body) return c->fail(body.error());
  object_reader reader(*body);
  const auto wanted = reader.flag("mail");
  if (!wanted) reader.refuse("missing_field", "It is true or false.", "mail");
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  answer_from(c, [c, wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
    if (auto kept = persistence::put_mail_wish(tx, c->who.user, wanted); !kept)
      return tl::unexpected(kept.error());
    const auto subject = c->who.person() ? "user:" + c->who.user.str() : "tenant:" + c->who.tenant.str();
    if (auto a = persistence::append_audit(
            tx, audit_of(*c, "notifications.mail_changed", subject, {{"mail", wanted}}));
        !a)
      return tl::unexpected(a.error());
    const auto now = persistence::find_mail_wishes(tx, c->who.user);
    if (!now) return tl::unexpected(now.error());
    return json_answer(200, settings_json(*c, *now));
  });
}

} // namespace kalends::api
