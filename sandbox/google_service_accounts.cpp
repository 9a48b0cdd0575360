// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/google_pubsub.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds access_life{3'599};
constexpr std::int64_t assertion_life_s = 3'600;
constexpr std::int64_t clock_skew_s = 300;

net::http_response token_error(int status, std::string_view code, std::string_view detail) {
  return json_answer(status, {{"error", code}, {"error_description", detail}});
}

net::http_response admin_error(int status, std::string_view code, std::string_view detail) {
  return json_answer(status, {{"error", {{"code", code}, {"message", detail}}}});
}

json::object object_of(std::string_view text) {
  boost::system::error_code bad;
  auto v = json::parse(text, bad);
  return !bad && v.is_object() ? std::move(v.get_object()) : json::object{};
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::int64_t seconds_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_int64() ? v->get_int64() : 0;
}

std::int64_t now_s(const half& h) {
  return std::chrono::floor<std::chrono::seconds>(h.all.now().time_since_epoch()).count();
}

json::object issue(half& h, const std::string& email, const std::string& scope) {
  h.robots.forget_expired(h.all.now());
  const auto text = "ya29.c." + h.all.people.random_text(48);
  h.robots.tokens[text] = {email, h.all.now() + access_life, split_scopes(scope)};
  return {{"access_token", text}, {"expires_in", access_life.count()}, {"token_type", "Bearer"}};
}

/// What is wrong with the claims, or "".
std::string fault_of(const half& h, const json::object& claims) {
  const auto audience = text_at(claims, "aud");
  if (audience != h.all.base_url + "/token" && audience != "https://oauth2.googleapis.com/token")
    return "Invalid JWT: Failed audience check.";
  const auto issued = seconds_at(claims, "iat"), expires = seconds_at(claims, "exp"), now = now_s(h);
  if (issued == 0 || expires == 0 || issued > now + clock_skew_s || expires <= now - clock_skew_s ||
      expires - issued > assertion_life_s || expires <= issued)
    return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check "
           "your "
           "iat and exp values in the JWT claim.";
  return {};
}

// -- /_sandbox --

/// `{project, name?, roles?}` → the key file, as Google hands it out: once.
net::http_response create_account(half& h, call& c) {
  const auto body = object_of(c.request.body);
  const auto project = text_at(body, "project");
  auto name = text_at(body, "name");
  if (name.empty()) name = "robot";
  const auto plain = [](unsigned char ch) { return std::isalnum(ch) != 0 || ch == '-'; };
  if (project.empty() || !std::ranges::all_of(project, plain) || !std::ranges::all_of(name, plain))
    return admin_error(400, "malformed_name", "project and name are letters, digits and hyphens");
  if (h.robots.accounts.size() >= cloud_things_limit)
    return admin_error(400, "too_many", "too many accounts");
  signing_keys key;
  const auto published = key.pems();
  service_account a;
  a.email = name + "@" + project + ".iam.gserviceaccount.com";
  a.project = project;
  a.unique_id = h.all.people.random_digits(21);
  a.key_id = published.begin()->key();
  a.public_pem = std::string(published.begin()->value().as_string());
  a.roles = {"roles/pubsub.admin", "roles/iam.serviceAccountUser"};
  if (const auto* roles = body.if_contains("roles"); roles && roles->is_array()) {
    a.roles.clear();
    for (const auto& r : roles->get_array())
      if (r.is_string()) a.roles.emplace(r.get_string());
  }
  json::object file{{"type", "service_account"},
                    {"project_id", project},
                    {"private_key_id", a.key_id},
                    {"private_key", key.private_pem()},
                    {"client_email", a.email},
                    {"client_id", a.unique_id},
                    {"token_uri", h.all.base_url + "/token"}};
  h.robots.accounts.insert_or_assign(a.email, std::move(a));
  return json_answer(201, file);
}

/// An access token without a signature, as `gcloud auth print-access-token` gives one.
net::http_response give_token(half& h, call& c) {
  const auto account = h.robots.accounts.find(c.param("email"));
  if (account == h.robots.accounts.end())
    return admin_error(404, "no_such_account", "no such service account");
  return json_answer(200, issue(h, account->first, "https://www.googleapis.com/auth/cloud-platform"));
}

/// `{email, audience, issuer?, email_verified?, expires_in?, alg?}` → `{token}`: what Google would sign for a
/// push, or one that is wrong in any of these ways. `alg` is `none` or `HS256` (keyed with the public key).
net::http_response make_push_token(half& h, call& c) {
  const auto body = object_of(c.request.body);
  const auto* verified = body.if_contains("email_verified");
  const auto* life = body.if_contains("expires_in");
  const auto issuer = text_at(body, "issuer");
  const auto lasts = life && life->is_int64() ? life->get_int64() : 3'600;
  const auto expires = now_s(h) + lasts;
  const json::object claims{{"iss", issuer.empty() ? "https://accounts.google.com" : issuer},
                            {"aud", text_at(body, "audience")},
                            {"sub", "117"},
                            {"email", text_at(body, "email")},
                            {"email_verified", !verified || !verified->is_bool() || verified->get_bool()},
                            {"iat", std::min(now_s(h), expires - 3'600)},
                            {"exp", expires}};
  const auto alg = text_at(body, "alg");
  return json_answer(200, {{"token", alg.empty() ? h.all.google_keys.sign(claims)
                                                 : h.all.google_keys.missign(claims, alg)}});
}

/// The customer's relay: a receiver of channel notices that publishes them, each X-Goog-… header as an
/// attribute of its name. It has the rights of relay@PROJECT.iam.gserviceaccount.com.
net::http_response relay(half& h, call& c) {
  const auto& project = c.param("project");
  const auto found = h.robots.topics.find("projects/" + project + "/topics/" + c.param("topic"));
  const auto* to = found == h.robots.topics.end() ? nullptr : &found->second;
  if (!is_permitted(h, "relay@" + project + ".iam.gserviceaccount.com", project, "pubsub.topics.publish", to))
    return cloud_error(403, "PERMISSION_DENIED", "User not authorized to perform this action.",
                       "pubsub.topics.publish");
  if (!to) return cloud_error(404, "NOT_FOUND", "Resource not found (resource=" + c.param("topic") + ").");
  json::object attributes;
  for (const auto& [name, value] : c.request.headers) {
    std::string lower;
    for (const char ch : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(ch)));
    if (lower.starts_with("x-goog-")) attributes[lower] = value;
  }
  if (attributes.empty()) return cloud_error(400, "INVALID_ARGUMENT", "This is no channel notice.");
  publish(h, *to, {{"attributes", std::move(attributes)}});
  return {204, {}, ""};
}

json::array texts(const std::set<std::string, std::less<>>& all) { return state_texts(all); }

std::set<std::string, std::less<>> set_at(const json::object& o, std::string_view key) {
  std::set<std::string, std::less<>> out;
  for (const auto& one : o.at(key).as_array()) out.emplace(one.as_string());
  return out;
}

} // namespace

net::http_response service_account_token(half& h, call& c) {
  const auto assertion = c.form_value("assertion").value_or("");
  const auto first = assertion.find('.'), last = assertion.rfind('.');
  if (first == std::string::npos || last == first || assertion.find('.', first + 1) != last)
    return token_error(400, "invalid_grant", "Invalid JWT.");
  const auto header = object_of(base64url_decode(std::string_view(assertion).substr(0, first)));
  const auto claims =
      object_of(base64url_decode(std::string_view(assertion).substr(first + 1, last - first - 1)));
  const auto account = h.robots.accounts.find(text_at(claims, "iss"));
  if (account == h.robots.accounts.end())
    return token_error(400, "invalid_grant", "Invalid grant: account not found");
  if (text_at(header, "alg") != "RS256" ||
      !verify_rs256(account->second.public_pem, std::string_view(assertion).substr(0, last),
                    base64url_decode(std::string_view(assertion).substr(last + 1))))
    return token_error(400, "invalid_grant", "Invalid JWT Signature.");
  if (const auto fault = fault_of(h, claims); !fault.empty()) return token_error(400, "invalid_grant", fault);
  const auto scope = text_at(claims, "scope");
  if (scope.empty()) return token_error(400, "invalid_scope", "Empty or missing scope not allowed.");
  c.wrote = true;
  return json_answer(200, issue(h, account->first, scope));
}

void add_service_account_routes(half& h, router& routes) {
  const auto add = [&](const char* path, net::http_response (*answer)(half&, call&)) {
    routes.add({"POST",
                std::string("/_sandbox/") + path,
                "sandbox",
                std::nullopt,
                false,
                {},
                [&h, answer](call& c) { return answer(h, c); },
                {}});
  };
  add("google/service-accounts", create_account);
  add("google/service-accounts/{email}/grants", give_token);
  add("google/push-tokens", make_push_token);
  add("relay/{project}/{topic}", relay);
}

void cloud::forget_expired(instant now) {
  std::erase_if(tokens, [&](const auto& t) { return t.second.expires <= now; });
  while (tokens.size() >= cloud_things_limit) tokens.erase(tokens.begin());
}

void cloud::save(state_writer& out) {
  written_.accounts.save(out, "google.service_account", "", accounts, [](const service_account& a) {
    return json::object{{"email", a.email},   {"project", a.project},   {"unique_id", a.unique_id},
                        {"key_id", a.key_id}, {"public", a.public_pem}, {"roles", texts(a.roles)}};
  });
  written_.tokens.save(out, "google.cloud_token", "", tokens, [](const cloud_token& t) {
    return json::object{{"email", t.email}, {"expires", state_time(t.expires)}, {"scopes", texts(t.scopes)}};
  });
  written_.topics.save(out, "google.topic", "", topics, [](const topic& t) {
    return json::object{{"bindings", t.bindings}, {"policy_version", t.policy_version}};
  });
  written_.subscriptions.save(out, "google.subscription", "", subscriptions, [](const subscription& s) {
    return json::object{{"topic", s.topic}, {"settings", s.settings}};
  });
  written_.counter.save(out, "google.messages", "", {{"last", last_message}});
}

void cloud::load(state_reader& in) {
  in.each("google.service_account", [&](const std::string& key, const json::object& o) {
    accounts[key] = {string_at(o, "email"),  string_at(o, "project"), string_at(o, "unique_id"),
                     string_at(o, "key_id"), string_at(o, "public"),  set_at(o, "roles")};
  });
  in.each("google.cloud_token", [&](const std::string& key, const json::object& o) {
    tokens[key] = {string_at(o, "email"), time_at(o, "expires"), set_at(o, "scopes")};
  });
  in.each("google.topic", [&](const std::string& key, const json::object& o) {
    topics[key] = {key, o.at("bindings").as_array(), number_at<std::int64_t>(o, "policy_version")};
  });
  in.each("google.subscription", [&](const std::string& key, const json::object& o) {
    auto settings = o.at("settings").as_object();
    (void)settings.at("pushConfig").as_object().at("pushEndpoint").as_string();
    (void)settings.at("ackDeadlineSeconds").as_int64();
    subscriptions[key] = {key, string_at(o, "topic"), std::move(settings)};
  });
  in.each("google.messages", [&](const std::string&, const json::object& o) {
    last_message = number_at<std::uint64_t>(o, "last");
  });
}

} // namespace kalends::sandbox::google
