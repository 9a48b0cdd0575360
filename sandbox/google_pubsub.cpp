// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google_pubsub.hpp"

#include "sandbox/google.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::array pubsub_scopes{"https://www.googleapis.com/auth/pubsub",
                                   "https://www.googleapis.com/auth/cloud-platform"};
constexpr std::size_t message_limit = 1'000; ///< of one publish

/// Thrown by the checks below and caught where the routes are made.
struct cloud_refusal {
  net::http_response what_to_say;
};

[[noreturn]] void refuse(int status, std::string_view name, const std::string& message) {
  throw cloud_refusal{cloud_error(status, name, message)};
}
[[noreturn]] void refuse_argument(const std::string& message) { refuse(400, "INVALID_ARGUMENT", message); }

std::string last_part(std::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

[[noreturn]] void refuse_missing(std::string_view name) {
  refuse(404, "NOT_FOUND", "Resource not found (resource=" + last_part(name) + ").");
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

const json::object* object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? v->if_object() : nullptr;
}

json::object body_of_call(const call& c) {
  if (c.request.body.empty()) return {};
  boost::system::error_code bad;
  auto v = json::parse(c.request.body, bad);
  if (bad || !v.is_object()) refuse_argument("Invalid JSON payload received.");
  return std::move(v.get_object());
}

/// Letters first, 3 to 255 characters, not Google's own.
bool is_name(std::string_view name) {
  const auto plain = [](unsigned char ch) {
    return std::isalnum(ch) != 0 ||
           std::string_view("-_.~+%").find(static_cast<char>(ch)) != std::string_view::npos;
  };
  return name.size() >= 3 && name.size() <= 255 &&
         std::isalpha(static_cast<unsigned char>(name.front())) != 0 && !name.starts_with("goog") &&
         std::ranges::all_of(name, plain);
}

std::string topic_name(const call& c) {
  return "projects/" + c.param("project") + "/topics/" + c.param("topic");
}
std::string subscription_name(const call& c) {
  return "projects/" + c.param("project") + "/subscriptions/" + c.param("subscription");
}

topic& topic_of(half& h, const call& c) {
  const auto found = h.robots.topics.find(topic_name(c));
  if (found == h.robots.topics.end()) refuse_missing(topic_name(c));
  return found->second;
}

subscription& subscription_of(half& h, const call& c) {
  const auto found = h.robots.subscriptions.find(subscription_name(c));
  if (found == h.robots.subscriptions.end()) refuse_missing(subscription_name(c));
  return found->second;
}

/// The service account behind the bearer token.
std::string caller(const half& h, const call& c) {
  const auto header = c.header("Authorization");
  const auto token =
      header.starts_with("Bearer ") ? h.robots.tokens.find(header.substr(7)) : h.robots.tokens.end();
  if (token == h.robots.tokens.end() || token->second.expires <= h.all.now())
    refuse(401, "UNAUTHENTICATED",
           "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
           "other "
           "valid authentication credential.");
  if (std::ranges::none_of(pubsub_scopes, [&](const char* s) { return token->second.scopes.contains(s); }))
    refuse(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.");
  return token->second.email;
}

void demand(const half& h, const call& c, std::string_view permission, const topic* on = nullptr) {
  const auto email = caller(h, c);
  if (is_permitted(h, email, c.param("project"), permission, on)) return;
  throw cloud_refusal{cloud_error(403, "PERMISSION_DENIED", "User not authorized to perform this action.",
                                  std::string(permission))};
}

// -- topics --

json::object shown(const topic& t) { return {{"name", t.name}}; }

net::http_response create_topic(half& h, call& c) {
  demand(h, c, "pubsub.topics.create");
  const auto name = topic_name(c);
  if (!is_name(c.param("topic"))) refuse_argument("Invalid [topics] name: (name=" + name + ")");
  if (h.robots.topics.contains(name))
    refuse(409, "ALREADY_EXISTS",
           "Resource already exists in the project (resource=" + c.param("topic") + ").");
  if (h.robots.topics.size() >= cloud_things_limit) refuse(429, "RESOURCE_EXHAUSTED", "Too many topics.");
  c.wrote = true;
  return json_answer(200, shown(h.robots.topics.emplace(name, topic{name, {}, 0}).first->second));
}

net::http_response get_topic(half& h, call& c) {
  demand(h, c, "pubsub.topics.get");
  return json_answer(200, shown(topic_of(h, c)));
}

net::http_response delete_topic(half& h, call& c) {
  demand(h, c, "pubsub.topics.delete");
  const auto name = topic_of(h, c).name;
  for (auto& [_, s] : h.robots.subscriptions)
    if (s.topic == name) s.topic = "_deleted-topic_";
  h.robots.topics.erase(name);
  c.wrote = true;
  return json_answer(200, json::object{});
}

std::string etag_of(const topic& t) { return base64url("policy-" + std::to_string(t.policy_version)); }

json::object policy_of(const topic& t) {
  json::object out{{"version", 1}, {"etag", etag_of(t)}};
  if (!t.bindings.empty()) out["bindings"] = t.bindings;
  return out;
}

net::http_response get_policy(half& h, call& c) {
  demand(h, c, "pubsub.topics.getIamPolicy");
  return json_answer(200, policy_of(topic_of(h, c)));
}

json::array checked_bindings(const json::object& policy) {
  json::array out;
  const auto* bindings = policy.if_contains("bindings");
  if (!bindings) return out;
  if (!bindings->is_array()) refuse_argument("Invalid value at 'policy.bindings'.");
  for (const auto& one : bindings->get_array()) {
    const auto* b = one.if_object();
    const auto* members = b ? b->if_contains("members") : nullptr;
    if (!b || !text_at(*b, "role").starts_with("roles/") || !members || !members->is_array())
      refuse_argument("Role is not supported for this resource.");
    for (const auto& m : members->get_array())
      if (!m.is_string() || std::string_view(m.get_string()).find(':') == std::string_view::npos)
        refuse_argument("The member is of an unknown type. Please set a valid type prefix for the member.");
    out.push_back(*b);
  }
  return out;
}

net::http_response set_policy(half& h, call& c) {
  demand(h, c, "pubsub.topics.setIamPolicy");
  auto& t = topic_of(h, c);
  const auto body = body_of_call(c);
  const auto* policy = object_at(body, "policy");
  if (!policy) refuse_argument("Policy is required.");
  if (const auto etag = text_at(*policy, "etag"); !etag.empty() && etag != etag_of(t))
    refuse(409, "ABORTED", "There were concurrent policy changes. Please retry the whole read-modify-write.");
  t.bindings = checked_bindings(*policy);
  ++t.policy_version;
  c.wrote = true;
  return json_answer(200, policy_of(t));
}

net::http_response publish_messages(half& h, call& c) {
  const auto found = h.robots.topics.find(topic_name(c));
  demand(h, c, "pubsub.topics.publish", found == h.robots.topics.end() ? nullptr : &found->second);
  auto& t = topic_of(h, c);
  const auto body = body_of_call(c);
  const auto* messages = body.if_contains("messages");
  if (!messages || !messages->is_array() || messages->get_array().empty() ||
      messages->get_array().size() > message_limit)
    refuse_argument("The value for message_count is invalid.");
  for (const auto& one : messages->get_array()) {
    const auto* m = one.if_object();
    const auto* attributes = m ? object_at(*m, "attributes") : nullptr;
    if (!m || (text_at(*m, "data").empty() && (!attributes || attributes->empty())))
      refuse_argument(
          "One or more messages in the publish request is empty. Each message must contain either "
          "non-empty data, or at least one attribute.");
    if (!is_base64(text_at(*m, "data"))) refuse_argument("Invalid value at 'messages.data' (TYPE_BYTES).");
    if (attributes)
      for (const auto& a : *attributes)
        if (a.key().empty() || a.key().starts_with("goog") || !a.value().is_string())
          refuse_argument("The attribute key is invalid.");
  }
  json::array ids;
  for (const auto& one : messages->get_array()) ids.emplace_back(publish(h, t, one.get_object()));
  c.wrote = true;
  return json_answer(200, {{"messageIds", std::move(ids)}});
}

// -- subscriptions --

json::object shown(const subscription& s) {
  json::object out{{"name", s.name}, {"topic", s.topic}};
  for (const auto& [key, value] : s.settings) out[key] = value;
  out["state"] = "ACTIVE";
  return out;
}

bool is_duration(const json::value& v, std::int64_t most) {
  if (!v.is_string()) return false;
  const std::string_view text = v.get_string();
  std::int64_t n = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  return read.ec == std::errc() && std::string_view(read.ptr) == "s" && n >= 0 && n <= most;
}

json::object checked_push(half& h, const call& c, const json::object& given) {
  const auto endpoint = text_at(given, "pushEndpoint");
  if (endpoint.empty())
    refuse_argument("The sandbox has push subscriptions only: pushConfig.pushEndpoint is empty.");
  const bool loopback = endpoint.starts_with("http://127.0.0.1") ||
                        endpoint.starts_with("http://localhost") || endpoint.starts_with("http://[::1]");
  if (!endpoint.starts_with("https://") && !loopback)
    refuse_argument("Invalid push endpoint given (endpoint=" + endpoint + ").");
  json::object out{{"pushEndpoint", endpoint}, {"attributes", {{"x-goog-version", "v1"}}}};
  if (const auto* oidc = object_at(given, "oidcToken")) {
    const auto account = text_at(*oidc, "serviceAccountEmail");
    if (!h.robots.accounts.contains(account)) refuse_missing("projects/-/serviceAccounts/" + account);
    demand(h, c, "iam.serviceAccounts.actAs");
    json::object token{{"serviceAccountEmail", account}};
    if (const auto audience = text_at(*oidc, "audience"); !audience.empty()) token["audience"] = audience;
    out["oidcToken"] = std::move(token);
  }
  if (const auto* bare = object_at(given, "noWrapper")) {
    const auto* metadata = bare->if_contains("writeMetadata");
    out["noWrapper"] = {{"writeMetadata", metadata && metadata->is_bool() && metadata->get_bool()}};
  }
  return out;
}

/// One member of a Subscription as it is kept; refuses what the sandbox does not do.
json::value checked_setting(half& h, const call& c, std::string_view key, const json::value& v) {
  if (key == "pushConfig") {
    if (!v.is_object()) refuse_argument("Invalid value at 'push_config'.");
    return checked_push(h, c, v.get_object());
  }
  if (key == "ackDeadlineSeconds") {
    const auto n = v.is_int64() ? v.get_int64() : -1;
    if (n != 0 && (n < 10 || n > 600))
      refuse_argument("Invalid ack deadline given (deadline_sec=" + std::to_string(n) + ").");
    return n == 0 ? 10 : n;
  }
  if (key == "messageRetentionDuration") {
    if (!is_duration(v, 31 * 86'400)) refuse_argument("Invalid message_retention_duration.");
    return v;
  }
  if (key == "retryPolicy" && v.is_object()) {
    for (const auto& m : v.get_object())
      if ((m.key() != "minimumBackoff" && m.key() != "maximumBackoff") || !is_duration(m.value(), 600))
        refuse_argument("Invalid retry policy.");
    return v;
  }
  if ((key == "expirationPolicy" || key == "labels") && v.is_object()) return v;
  refuse_argument("The sandbox does not know this of a subscription: " + std::string(key));
}

/// "push_config" of an updateMask is pushConfig.
std::string camel(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name[i] == '_' && i + 1 < name.size())
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(name[++i])));
    else
      out += name[i];
  return out;
}

net::http_response create_subscription(half& h, call& c) {
  demand(h, c, "pubsub.subscriptions.create");
  const auto name = subscription_name(c);
  if (!is_name(c.param("subscription"))) refuse_argument("Invalid [subscriptions] name: (name=" + name + ")");
  const auto body = body_of_call(c);
  subscription s{name, text_at(body, "topic"), {}};
  if (!h.robots.topics.contains(s.topic)) refuse_missing(s.topic);
  if (h.robots.subscriptions.contains(name))
    refuse(409, "ALREADY_EXISTS",
           "Resource already exists in the project (resource=" + c.param("subscription") + ").");
  if (!body.contains("pushConfig")) refuse_argument("The sandbox has push subscriptions only.");
  s.settings = {{"ackDeadlineSeconds", 10},
                {"messageRetentionDuration", "604800s"},
                {"expirationPolicy", {{"ttl", "2678400s"}}}};
  for (const auto& m : body)
    if (m.key() != "topic" && m.key() != "name")
      s.settings[m.key()] = checked_setting(h, c, m.key(), m.value());
  if (h.robots.subscriptions.size() >= cloud_things_limit) refuse(429, "RESOURCE_EXHAUSTED", "Too many.");
  c.wrote = true;
  return json_answer(200, shown(h.robots.subscriptions.emplace(name, std::move(s)).first->second));
}

net::http_response get_subscription(half& h, call& c) {
  demand(h, c, "pubsub.subscriptions.get");
  return json_answer(200, shown(subscription_of(h, c)));
}

net::http_response patch_subscription(half& h, call& c) {
  demand(h, c, "pubsub.subscriptions.update");
  auto& s = subscription_of(h, c);
  const auto body = body_of_call(c);
  const auto* change = object_at(body, "subscription");
  auto mask = text_at(body, "updateMask");
  if (mask.empty()) mask = c.query_value("updateMask").value_or("");
  if (!change || mask.empty())
    refuse_argument("The update_mask in the UpdateSubscriptionRequest must be set.");
  auto settings = s.settings;
  std::string_view rest = mask;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    const auto key = camel(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (const auto* v = change->if_contains(key))
      settings[key] = checked_setting(h, c, key, *v);
    else
      settings.erase(key);
  }
  if (!settings.contains("pushConfig")) refuse_argument("The sandbox has push subscriptions only.");
  s.settings = std::move(settings);
  c.wrote = true;
  return json_answer(200, shown(s));
}

net::http_response modify_push(half& h, call& c) {
  demand(h, c, "pubsub.subscriptions.update");
  auto& s = subscription_of(h, c);
  const auto body = body_of_call(c);
  const auto* push = object_at(body, "pushConfig");
  if (!push) refuse_argument("The sandbox has push subscriptions only.");
  s.settings["pushConfig"] = checked_push(h, c, *push);
  c.wrote = true;
  return json_answer(200, json::object{});
}

net::http_response delete_subscription(half& h, call& c) {
  demand(h, c, "pubsub.subscriptions.delete");
  const auto name = subscription_of(h, c).name;
  h.all.push.forget_channel(name);
  h.robots.subscriptions.erase(name);
  c.wrote = true;
  return json_answer(200, json::object{});
}

/// Those of one project.
template <class Things>
json::array of_project(const Things& all, const std::string& project) {
  json::array out;
  for (const auto& [name, one] : all)
    if (name.starts_with("projects/" + project + "/")) out.push_back(shown(one));
  return out;
}

} // namespace

std::string subscription::endpoint() const {
  const auto* push = object_at(settings, "pushConfig");
  return push ? text_at(*push, "pushEndpoint") : std::string();
}

net::http_response cloud_error(int status, std::string_view name, const std::string& message,
                               const std::string& permission) {
  json::object e{{"code", status}, {"message", message}, {"status", name}};
  if (!permission.empty())
    e["details"] = json::array{json::object{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                                            {"reason", "IAM_PERMISSION_DENIED"},
                                            {"domain", "iam.googleapis.com"},
                                            {"metadata", {{"permission", permission}}}}};
  return json_answer(status, {{"error", std::move(e)}});
}

bool is_permitted(const half& h, const std::string& email, std::string_view project,
                  std::string_view permission, const topic* on) {
  const auto account = h.robots.accounts.find(email);
  const auto has = [&](std::string_view role) {
    return account != h.robots.accounts.end() && account->second.project == project &&
           account->second.roles.contains(role);
  };
  if (has("roles/owner")) return true;
  if (permission == "iam.serviceAccounts.actAs")
    return has("roles/editor") || has("roles/iam.serviceAccountUser");
  if (has("roles/pubsub.admin")) return true;
  if (permission.ends_with("IamPolicy")) return false;
  if (has("roles/editor") || has("roles/pubsub.editor")) return true;
  if (permission.ends_with(".get") && has("roles/pubsub.viewer")) return true;
  if (permission != "pubsub.topics.publish") return false;
  if (has("roles/pubsub.publisher")) return true;
  return on && std::ranges::any_of(on->bindings, [&](const json::value& b) {
           const auto& members = b.at("members").as_array();
           return b.at("role").as_string() == "roles/pubsub.publisher" &&
                  std::ranges::any_of(members, [&](const json::value& m) {
                    return m.as_string() == json::string("serviceAccount:" + email);
                  });
         });
}

void add_pubsub_routes(half& h, router& routes) {
  const auto add = [&](const char* verb, const char* path, const char* name,
                       net::http_response (*answer)(half&, call&)) {
    routes.add({verb,
                std::string("/v1/projects/{project}/") + path,
                name,
                vendor::google,
                false,
                {},
                [&h, answer](call& c) {
                  try {
                    return answer(h, c);
                  } catch (const cloud_refusal& r) {
                    return r.what_to_say;
                  }
                },
                {}});
  };
  add("PUT", "topics/{topic}", "pubsub.topics.create", create_topic);
  add("GET", "topics/{topic}", "pubsub.topics.get", get_topic);
  add("DELETE", "topics/{topic}", "pubsub.topics.delete", delete_topic);
  add("POST", "topics/{topic}:publish", "pubsub.topics.publish", publish_messages);
  add("GET", "topics/{topic}:getIamPolicy", "pubsub.topics.getIamPolicy", get_policy);
  add("POST", "topics/{topic}:setIamPolicy", "pubsub.topics.setIamPolicy", set_policy);
  add("GET", "topics", "pubsub.topics.list", [](half& k, call& c) {
    demand(k, c, "pubsub.topics.get");
    return json_answer(200, {{"topics", of_project(k.robots.topics, c.param("project"))}});
  });
  add("PUT", "subscriptions/{subscription}", "pubsub.subscriptions.create", create_subscription);
  add("GET", "subscriptions/{subscription}", "pubsub.subscriptions.get", get_subscription);
  add("PATCH", "subscriptions/{subscription}", "pubsub.subscriptions.patch", patch_subscription);
  add("DELETE", "subscriptions/{subscription}", "pubsub.subscriptions.delete", delete_subscription);
  add("POST", "subscriptions/{subscription}:modifyPushConfig", "pubsub.subscriptions.modifyPushConfig",
      modify_push);
  add("GET", "subscriptions", "pubsub.subscriptions.list", [](half& k, call& c) {
    demand(k, c, "pubsub.subscriptions.get");
    return json_answer(200, {{"subscriptions", of_project(k.robots.subscriptions, c.param("project"))}});
  });
}

} // namespace kalends::sandbox::google
