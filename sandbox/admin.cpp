// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

constexpr std::string_view every_google_scope =
    "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar "
    "https://www.googleapis.com/auth/calendar.events "
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
constexpr std::string_view every_microsoft_scope =
    "openid profile email offline_access User.Read Calendars.ReadWrite";

net::http_response refuse(int status, std::string_view code, std::string_view detail) {
  return json_answer(status, {{"error", {{"code", code}, {"message", detail}}}});
}

net::http_response refuse(const error& e) {
  return refuse(e.kind == errc::not_found   ? 404
                : e.kind == errc::duplicate ? 409
                                            : 400,
                e.code, e.field.empty() ? e.detail : e.field + ": " + e.detail);
}

std::optional<json::object> body_of(const call& c) {
  if (c.request.body.empty()) return json::object{};
  boost::system::error_code bad;
  auto v = json::parse(c.request.body, bad);
  if (bad || !v.is_object()) return std::nullopt;
  return std::move(v.get_object());
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::optional<std::int64_t> number_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_int64() ? std::optional(v->get_int64()) : std::nullopt;
}

std::uint64_t number_in(const call& c, std::string_view name, std::uint64_t otherwise) {
  const auto text = c.query_value(name);
  std::uint64_t n = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), n);
  return n;
}

json::object account_form(core& c, const account& a) {
  return {{"email", a.email},
          {"kind", name_of(a.kind)},
          {"display_name", a.display_name},
          {"time_zone", a.time_zone},
          {"subject", a.subject},
          {"object_id", a.object_id},
          {"tenant_id", a.tenant_id},
          {"blocked", a.blocked},
          {"calendars", c.half(a.kind) ? c.half(a.kind)->calendars_of(a) : json::array{}}};
}

/// Runs `act` with the account of the path, or answers 404.
template <class Act>
net::http_response with_account(core& c, call& k, Act act) {
  auto* a = c.people.find(k.param("email"));
  if (!a || !c.half(a->kind)) return refuse(404, "no_such_account", "there is no such account");
  return act(*a, *c.half(a->kind));
}

net::http_response list_accounts(core& c) {
  json::array items;
  for (const auto* a : c.people.all()) items.push_back(account_form(c, *a));
  return json_answer(200, {{"items", std::move(items)}});
}

net::http_response create_account(core& c, call& k) {
  const auto body = body_of(k);
  if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
  const auto kind = vendor_named(text_at(*body, "kind"));
  if (!kind) return refuse(400, "malformed_kind", "kind is google or microsoft");
  account a;
  a.email = text_at(*body, "email");
  a.kind = *kind;
  a.display_name = text_at(*body, "display_name");
  a.tenant_id = text_at(*body, "tenant_id");
  if (const auto zone = text_at(*body, "time_zone"); !zone.empty()) a.time_zone = zone;
  const auto added = c.open_account(std::move(a));
  return added ? json_answer(201, account_form(c, **added)) : refuse(added.error());
}

net::http_response change_account(core& c, call& k) {
  return with_account(c, k, [&](account& a, vendor_half&) {
    const auto body = body_of(k);
    if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
    if (const auto* v = body->if_contains("blocked"); v && v->is_bool()) a.blocked = v->get_bool();
    return json_answer(200, account_form(c, a));
  });
}

/// `{"revoke": true}` withdraws everything; else an access token (and a refresh token) without the browser.
net::http_response grants(core& c, call& k) {
  return with_account(c, k, [&](account& a, vendor_half&) {
    const auto body = body_of(k);
    if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
    const auto client = text_at(*body, "client_id");
    if (const auto* v = body->if_contains("revoke"); v && v->is_bool() && v->get_bool())
      return json_answer(200, {{"revoked", c.people.revoke_all(a.email, client)}});
    auto scope = text_at(*body, "scope");
    if (scope.empty()) scope = a.kind == vendor::google ? every_google_scope : every_microsoft_scope;
    const auto scopes = split_scopes(scope);
    const auto life = number_at(*body, "expires_in").value_or(3599);
    if (life < 1 || life > 10'000'000) return refuse(400, "malformed_lifetime", "expires_in is out of range");
    const bool google = a.kind == vendor::google;
    const auto& g = c.people.allow(a, client.empty() ? "sandbox" : client, scopes, c.now());
    const auto& access = c.people.issue(token_kind::access, g, scopes, c.now(), std::chrono::seconds(life),
                                        google ? "ya29." : "EwB");
    const auto& refresh = c.people.issue(token_kind::refresh, g, scopes, c.now(), std::chrono::hours(24 * 90),
                                         google ? "1//0g" : "M.C5");
    return json_answer(200, {{"access_token", access.text},
                             {"refresh_token", refresh.text},
                             {"expires_in", life},
                             {"scope", scope},
                             {"token_type", "Bearer"}});
  });
}

net::http_response list_person_events(core& c, call& k) {
  return with_account(c, k, [&](account& a, vendor_half& half) {
    return json_answer(200, {{"items", half.events_of(a, k.query_value("calendar").value_or(""))}});
  });
}

net::http_response write_person_event(core& c, call& k, const std::string& event) {
  return with_account(c, k, [&](account& a, vendor_half& half) {
    const auto body = body_of(k);
    if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
    const auto written = half.person_writes(a, k.query_value("calendar").value_or(""), event, *body);
    return written ? json_answer(event.empty() ? 201 : 200, *written) : refuse(written.error());
  });
}

net::http_response delete_person_event(core& c, call& k) {
  return with_account(c, k, [&](account& a, vendor_half& half) {
    const auto done = half.person_deletes(a, k.query_value("calendar").value_or(""), k.param("event"));
    return done ? net::http_response{204, {}, ""} : refuse(done.error());
  });
}

net::http_response journal_report(core& c, const call& k) {
  journal_filter f;
  if (const auto v = k.query_value("vendor")) f.kind = vendor_named(*v);
  f.account = k.query_value("account").value_or("");
  f.method = k.query_value("method").value_or("");
  if (k.query_value("status")) f.status = static_cast<int>(number_in(k, "status", 0));
  if (const auto v = k.query_value("wrote")) f.wrote = *v == "true";
  f.after = number_in(k, "after", 0);
  f.limit = number_in(k, "limit", f.limit);
  return json_answer(200, c.log.report(f));
}

net::http_response add_fault(core& c, const call& k) {
  const auto body = body_of(k);
  if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
  auto plan = fault_plans::read(*body);
  if (!plan) return refuse(plan.error());
  return json_answer(201, {{"id", c.faults.add(std::move(*plan)).id}});
}

json::object clock_form(const core& c) {
  return {{"now", to_rfc3339(c.now())},
          {"frozen", c.clock.frozen()},
          {"unix_ms", c.now().time_since_epoch().count()}};
}

/// Members are applied in this order: thaw, set, advance, freeze.
net::http_response change_clock(core& c, const call& k) {
  const auto body = body_of(k);
  if (!body) return refuse(400, "malformed_json", "a JSON object is needed");
  const auto* freeze = body->if_contains("freeze");
  if (freeze && freeze->is_bool() && !freeze->get_bool()) c.clock.thaw();
  if (const auto ms = number_at(*body, "set_unix_ms")) c.clock.set(instant(std::chrono::milliseconds(*ms)));
  if (const auto s = number_at(*body, "advance_seconds")) c.clock.advance(std::chrono::seconds(*s));
  if (freeze && freeze->is_bool() && freeze->get_bool()) c.clock.freeze();
  for (auto v : {vendor::google, vendor::microsoft})
    if (auto* h = c.half(v)) h->tick();
  return json_answer(200, clock_form(c));
}

json::object client_form(const oauth_client& o) {
  json::array uris;
  for (const auto& uri : o.redirect_uris) uris.push_back(json::value(uri));
  return {{"client_id", o.client_id},
          {"client_secret", o.client_secret},
          {"kind", name_of(o.kind)},
          {"redirect_uris", std::move(uris)}};
}

net::http_response register_client(core& c, const call& k) {
  const auto body = body_of(k);
  const auto kind = body ? vendor_named(text_at(*body, "kind")) : std::nullopt;
  if (!kind) return refuse(400, "malformed_kind", "kind is google or microsoft");
  oauth_client o{text_at(*body, "client_id"), text_at(*body, "client_secret"), *kind, {}};
  const auto* uris = body->if_contains("redirect_uris");
  if (uris && uris->is_array())
    for (const auto& uri : uris->get_array())
      if (uri.is_string()) o.redirect_uris.emplace_back(uri.get_string());
  if (o.redirect_uris.empty()) o.redirect_uris.emplace_back("*");
  return json_answer(201, client_form(c.people.register_client(std::move(o))));
}

net::http_response list_clients(core& c) {
  json::array items;
  for (const auto* o : c.people.clients()) items.push_back(client_form(*o));
  return json_answer(200, {{"items", std::move(items)}});
}

net::http_response change_consent(core& c, const call& k) {
  const auto body = body_of(k);
  const auto mode = body ? text_at(*body, "mode") : std::string();
  if (mode != "page" && mode != "auto") return refuse(400, "malformed_mode", "mode is page or auto");
  c.consent = mode == "auto" ? consent_mode::automatic : consent_mode::page;
  c.consent_account = text_at(*body, "account");
  return json_answer(200, {{"mode", mode}, {"account", c.consent_account}});
}

net::http_response list_channels(core& c) {
  json::array items;
  for (auto v : {vendor::google, vendor::microsoft})
    if (auto* h = c.half(v))
      for (auto& one : h->channels()) items.push_back(std::move(one));
  return json_answer(200, {{"items", std::move(items)}});
}

net::http_response expire_channel(core& c, const call& k) {
  for (auto v : {vendor::google, vendor::microsoft})
    if (auto* h = c.half(v); h && h->expire_channel(k.param("id"))) return {204, {}, ""};
  return refuse(404, "no_such_channel", "there is no such channel or subscription");
}

net::http_response lifecycle(core& c, const call& k) {
  const auto body = body_of(k);
  auto* a = body ? c.people.find(text_at(*body, "account")) : nullptr;
  if (!a || !c.half(a->kind)) return refuse(404, "no_such_account", "there is no such account");
  const auto n = c.half(a->kind)->send_lifecycle(*a, text_at(*body, "subscription"), text_at(*body, "event"));
  return json_answer(200, {{"sent", n}});
}

net::http_response invalidate(core& c, const call& k) {
  const auto body = body_of(k);
  auto* a = body ? c.people.find(text_at(*body, "account")) : nullptr;
  if (!a || !c.half(a->kind)) return refuse(404, "no_such_account", "there is no such account");
  c.half(a->kind)->invalidate_sync_tokens(*a);
  return {204, {}, ""};
}

} // namespace

void add_admin_routes(core& c) {
  const auto add = [&](const char* verb, const char* path, std::function<net::http_response(call&)> answer) {
    c.routes.add(
        {verb, std::string("/_sandbox") + path, "sandbox", std::nullopt, false, {}, std::move(answer), {}});
  };
  add("GET", "", [](call&) { return text_answer(200, admin_page(), "text/html; charset=utf-8"); });
  add("GET", "/accounts", [&c](call&) { return list_accounts(c); });
  add("POST", "/accounts", [&c](call& k) { return create_account(c, k); });
  add("PATCH", "/accounts/{email}", [&c](call& k) { return change_account(c, k); });
  add("POST", "/accounts/{email}/grants", [&c](call& k) { return grants(c, k); });
  add("GET", "/accounts/{email}/events", [&c](call& k) { return list_person_events(c, k); });
  add("POST", "/accounts/{email}/events", [&c](call& k) { return write_person_event(c, k, ""); });
  add("PATCH", "/accounts/{email}/events/{event}",
      [&c](call& k) { return write_person_event(c, k, k.param("event")); });
  add("DELETE", "/accounts/{email}/events/{event}", [&c](call& k) { return delete_person_event(c, k); });
  add("GET", "/journal", [&c](call& k) { return journal_report(c, k); });
  add("DELETE", "/journal", [&c](call&) {
    c.log.clear();
    return net::http_response{204, {}, ""};
  });
  add("GET", "/faults", [&c](call&) { return json_answer(200, {{"items", c.faults.report()}}); });
  add("POST", "/faults", [&c](call& k) { return add_fault(c, k); });
  add("DELETE", "/faults", [&c](call&) {
    c.faults.clear();
    return net::http_response{204, {}, ""};
  });
  add("DELETE", "/faults/{id}", [&c](call& k) {
    return c.faults.remove(k.param("id")) ? net::http_response{204, {}, ""}
                                          : refuse(404, "no_such_fault", "there is no such fault plan");
  });
  add("GET", "/clock", [&c](call&) { return json_answer(200, clock_form(c)); });
  add("POST", "/clock", [&c](call& k) { return change_clock(c, k); });
  add("GET", "/clients", [&c](call&) { return list_clients(c); });
  add("POST", "/clients", [&c](call& k) { return register_client(c, k); });
  add("POST", "/consent-mode", [&c](call& k) { return change_consent(c, k); });
  add("GET", "/channels", [&c](call&) { return list_channels(c); });
  add("POST", "/channels/{id}/expire", [&c](call& k) { return expire_channel(c, k); });
  add("POST", "/lifecycle", [&c](call& k) { return lifecycle(c, k); });
  add("POST", "/sync-tokens/invalidate", [&c](call& k) { return invalidate(c, k); });
}

} // namespace kalends::sandbox
