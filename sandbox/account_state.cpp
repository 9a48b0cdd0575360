// SPDX-License-Identifier: Apache-2.0
#include "sandbox/account.hpp"

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

json::object to_json(const account& a) {
  return {{"email", a.email},         {"vendor", name_of(a.kind)}, {"display_name", a.display_name},
          {"time_zone", a.time_zone}, {"subject", a.subject},      {"object_id", a.object_id},
          {"tenant_id", a.tenant_id}, {"blocked", a.blocked}};
}

account account_from(const json::object& o) {
  return {string_at(o, "email"),        vendor_named(string_at(o, "vendor")).value(),
          string_at(o, "display_name"), string_at(o, "time_zone"),
          string_at(o, "subject"),      string_at(o, "object_id"),
          string_at(o, "tenant_id"),    bool_at(o, "blocked")};
}

json::object to_json(const oauth_client& c) {
  return {{"client_id", c.client_id},
          {"client_secret", c.client_secret},
          {"vendor", name_of(c.kind)},
          {"redirect_uris", state_texts(c.redirect_uris)}};
}

oauth_client client_from(const json::object& o) {
  oauth_client c{string_at(o, "client_id"),
                 string_at(o, "client_secret"),
                 vendor_named(string_at(o, "vendor")).value(),
                 {}};
  for (const auto& uri : o.at("redirect_uris").as_array()) c.redirect_uris.emplace_back(uri.as_string());
  return c;
}

json::object to_json(const grant& g) {
  return {{"id", g.id},
          {"email", g.email},
          {"client_id", g.client_id},
          {"scope", join_scopes(g.scopes)},
          {"made", state_time(g.made)},
          {"revoked", g.revoked}};
}

grant grant_from(const json::object& o) {
  return {string_at(o, "id"),        string_at(o, "email"),
          string_at(o, "client_id"), split_scopes(string_at(o, "scope")),
          time_at(o, "made"),        bool_at(o, "revoked")};
}

json::object to_json(const oauth_token& t) {
  return {{"text", t.text},
          {"refresh", t.kind == token_kind::refresh},
          {"grant_id", t.grant_id},
          {"email", t.email},
          {"client_id", t.client_id},
          {"scope", join_scopes(t.scopes)},
          {"made", state_time(t.made)},
          {"expires", state_time(t.expires)},
          {"revoked", t.revoked}};
}

oauth_token token_from(const json::object& o) {
  return {string_at(o, "text"),      bool_at(o, "refresh") ? token_kind::refresh : token_kind::access,
          string_at(o, "grant_id"),  string_at(o, "email"),
          string_at(o, "client_id"), split_scopes(string_at(o, "scope")),
          time_at(o, "made"),        time_at(o, "expires"),
          bool_at(o, "revoked")};
}

json::object to_json(const oauth_code& c) {
  return {{"text", c.text},           {"email", c.email},
          {"client_id", c.client_id}, {"redirect_uri", c.redirect_uri},
          {"scope", c.scope},         {"nonce", c.nonce},
          {"challenge", c.challenge}, {"challenge_method", c.challenge_method},
          {"offline", c.offline},     {"forced_consent", c.forced_consent},
          {"used", c.used},           {"expires", state_time(c.expires)},
          {"grant_id", c.grant_id}};
}

oauth_code code_from(const json::object& o) {
  return {string_at(o, "text"),      string_at(o, "email"),
          string_at(o, "client_id"), string_at(o, "redirect_uri"),
          string_at(o, "scope"),     string_at(o, "nonce"),
          string_at(o, "challenge"), string_at(o, "challenge_method"),
          bool_at(o, "offline"),     bool_at(o, "forced_consent"),
          bool_at(o, "used"),        time_at(o, "expires"),
          string_at(o, "grant_id")};
}

} // namespace

void directory::save(state_writer& out) {
  const auto form = [](const auto& record) { return to_json(record); };
  written_.accounts.save(out, "account", "", accounts_, form);
  written_.clients.save(out, "client", "", clients_, form);
  written_.codes.save(out, "code", "", codes_, form);
  written_.grants.save(out, "grant", "", grants_, form);
  written_.tokens.save(out, "token", "", tokens_, form);
}

void directory::load(state_reader& in) {
  const auto into = [&](const char* kind, auto& map, auto read) {
    in.each(kind, [&](const std::string& key, const json::object& o) { map.insert_or_assign(key, read(o)); });
  };
  into("account", accounts_, account_from);
  into("client", clients_, client_from);
  into("code", codes_, code_from);
  into("grant", grants_, grant_from);
  into("token", tokens_, token_from);
}

} // namespace kalends::sandbox
