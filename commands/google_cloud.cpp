// SPDX-License-Identifier: Apache-2.0
#include "commands/google_cloud.hpp"

#include "net/service_account.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <future>
#include <sstream>

namespace kalends::commands {

namespace {

namespace json = boost::json;

constexpr auto pubsub_scope = "https://www.googleapis.com/auth/pubsub";
constexpr auto publisher_role = "roles/pubsub.publisher";
constexpr int policy_attempts = 5;
constexpr std::size_t file_limit = 64 * 1024;
constexpr std::size_t quoted_bytes = 300;

/// A notice only says that something changed: after a day without us the poll has found it long ago.
constexpr auto retention = "86400s";
constexpr int ack_deadline_seconds = 30;

result<net::http_reply> wait_for(net::http_client& http, net::outgoing_request r) {
  auto promise = std::make_shared<std::promise<result<net::http_reply>>>();
  auto future = promise->get_future();
  const auto token = http.send(
      std::move(r), [promise](result<net::http_reply> reply) { promise->set_value(std::move(reply)); });
  return future.get();
}

result<std::string> read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf()) || text.str().size() > file_limit)
    return failure(errc::invalid, "file_unreadable", name + " cannot be read.");
  return text.str();
}

json::object object_of(const std::string& text) {
  json::error_code bad;
  auto v = json::parse(text, bad);
  return !bad && v.is_object() ? std::move(v.as_object()) : json::object{};
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->as_string()) : std::string();
}

const json::object* object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? v->if_object() : nullptr;
}

std::string project_of(const std::string& name) {
  const auto begin = name.find('/') + 1;
  return name.substr(begin, name.find('/', begin) - begin);
}

/// The reason and the permission of google.rpc.ErrorInfo, if they stand there.
struct cloud_fault {
  std::string message, reason, permission;
};

cloud_fault fault_of(const json::object& body) {
  cloud_fault out;
  const auto* e = object_at(body, "error");
  if (!e) return out;
  out.message = text_at(*e, "message").substr(0, quoted_bytes);
  const auto* details = e->if_contains("details");
  if (!details || !details->is_array()) return out;
  for (const auto& one : details->as_array()) {
    const auto* d = one.if_object();
    if (!d || text_at(*d, "reason").empty()) continue;
    out.reason = text_at(*d, "reason");
    if (const auto* m = object_at(*d, "metadata")) out.permission = text_at(*m, "permission");
  }
  return out;
}

/// What a call wants to do, what it needs for it, and which role brings that.
struct intent {
  const char *what, *permission, *role;
};

constexpr intent making_topic{"make the topic", "pubsub.topics.create",
                              "Pub/Sub Editor (roles/pubsub.editor)"};
constexpr intent reading_policy{"read the topic's IAM policy", "pubsub.topics.getIamPolicy",
                                "Pub/Sub Admin (roles/pubsub.admin)"};
constexpr intent writing_policy{"change the topic's IAM policy", "pubsub.topics.setIamPolicy",
                                "Pub/Sub Admin (roles/pubsub.admin)"};
constexpr intent making_subscription{
    "make the subscription",
    "pubsub.subscriptions.create, pubsub.topics.attachSubscription and, on the push account, "
    "iam.serviceAccounts.actAs",
    "Pub/Sub Editor (roles/pubsub.editor) and Service Account User (roles/iam.serviceAccountUser)"};
constexpr intent reading_subscription{"read the subscription", "pubsub.subscriptions.get",
                                      "Pub/Sub Viewer (roles/pubsub.viewer)"};
constexpr intent changing_subscription{
    "change the subscription",
    "pubsub.subscriptions.update and, on the push account, iam.serviceAccounts.actAs",
    "Pub/Sub Editor (roles/pubsub.editor) and Service Account User (roles/iam.serviceAccountUser)"};
constexpr intent removing{"remove it", "pubsub.topics.delete or pubsub.subscriptions.delete",
                          "Pub/Sub Editor (roles/pubsub.editor)"};

tl::unexpected<error> explain(const intent& i, const std::string& name, int status,
                              const json::object& body) {
  const auto fault = fault_of(body);
  const auto project = project_of(name);
  const auto said = fault.message.empty() ? std::string() : " Google says: " + fault.message;
  const auto tried = std::string("Cannot ") + i.what + " (" + name + "): ";
  if (fault.reason == "SERVICE_DISABLED")
    return failure(errc::forbidden, "pubsub_api_disabled",
                   tried +
                       "the Pub/Sub API is off in this project. Turn it on under APIs & Services > Library > "
                       "Cloud Pub/Sub API, or: gcloud services enable pubsub.googleapis.com --project " +
                       project + "." + said);
  if (status == 401)
    return failure(errc::forbidden, "cloud_token_refused",
                   tried + "Google does not accept the access token; it may have expired." + said);
  if (status == 403)
    return failure(errc::forbidden, "cloud_permission_missing",
                   tried + "these credentials lack " +
                       (fault.permission.empty() ? std::string(i.permission) : fault.permission) +
                       ". Under IAM & Admin > IAM of project " + project + " give their account " + i.role +
                       "." + said);
  if (status == 404)
    return failure(errc::not_found, "cloud_resource_missing",
                   tried + "the project, topic or service account is not there." + said);
  if (status == 409)
    return failure(errc::conflict, "cloud_conflict", tried + "it was changed meanwhile." + said);
  if (status == 429 || status >= 500)
    return failure(errc::retry_later, "cloud_away",
                   tried + "Google answered " + std::to_string(status) + "." + said);
  return failure(errc::invalid, "cloud_refused",
                 tried + "Google answered " + std::to_string(status) + "." + said);
}

json::object push_config(const push_wish& w) {
  json::object out{{"pushEndpoint", w.endpoint},
                   {"oidcToken", {{"serviceAccountEmail", w.service_account}, {"audience", w.audience}}}};
  if (w.unwrapped) out["noWrapper"] = {{"writeMetadata", true}};
  return out;
}

json::object subscription_body(const push_wish& w) {
  return {{"topic", w.topic},
          {"pushConfig", push_config(w)},
          {"ackDeadlineSeconds", ack_deadline_seconds},
          {"messageRetentionDuration", retention},
          {"expirationPolicy", json::object{}}, // never: a quiet calendar is no reason to vanish
          {"retryPolicy", {{"minimumBackoff", "10s"}, {"maximumBackoff", "600s"}}}};
}

/// What of the push is not as wished.
std::vector<std::string> push_differences(const json::object& found, const push_wish& w) {
  std::vector<std::string> out;
  const auto* push = object_at(found, "pushConfig");
  const auto compare = [&](const char* what, const std::string& is, const std::string& wanted) {
    if (is != wanted) out.push_back(std::string(what) + " is \"" + is + "\", not \"" + wanted + "\"");
  };
  const json::object none;
  const auto& p = push ? *push : none;
  compare("the push endpoint", text_at(p, "pushEndpoint"), w.endpoint);
  const auto* oidc = object_at(p, "oidcToken");
  compare("the service account", oidc ? text_at(*oidc, "serviceAccountEmail") : "", w.service_account);
  compare("the audience", oidc ? text_at(*oidc, "audience") : "", w.audience);
  const auto* bare = object_at(p, "noWrapper");
  const auto* metadata = bare ? bare->if_contains("writeMetadata") : nullptr;
  const bool attributes = metadata && metadata->is_bool() && metadata->as_bool();
  if ((bare != nullptr) != w.unwrapped || (bare && !attributes))
    out.emplace_back(w.unwrapped ? "the payload is not unwrapped with its metadata"
                                 : "the payload is unwrapped");
  return out;
}

/// Adds what is missing; false when nothing is.
bool add_publishers(json::object& policy, const std::vector<std::string>& members) {
  if (!policy.contains("bindings") || !policy["bindings"].is_array()) policy["bindings"] = json::array{};
  auto& bindings = policy["bindings"].as_array();
  auto mine = std::find_if(bindings.begin(), bindings.end(), [](const json::value& b) {
    const auto* o = b.if_object();
    return o && text_at(*o, "role") == publisher_role && !o->contains("condition");
  });
  if (mine == bindings.end()) {
    bindings.push_back(json::object{{"role", publisher_role}, {"members", json::array{}}});
    mine = std::prev(bindings.end());
  }
  auto& listed = mine->as_object()["members"];
  if (!listed.is_array()) listed = json::array{};
  bool added = false;
  for (const auto& m : members)
    if (std::find(listed.as_array().begin(), listed.as_array().end(), json::value(m)) ==
        listed.as_array().end()) {
      listed.as_array().emplace_back(m);
      added = true;
    }
  return added;
}

} // namespace

result<std::string> cloud_token(net::http_client& http, const cloud_credentials& c, const world& w) {
  if (!c.given())
    return failure(errc::invalid, "credentials_missing",
                   "Give --credentials FILE (a service account's JSON key) or --access-token-file FILE.");
  if (!c.access_token_file.empty()) {
    auto text = read_file(c.access_token_file);
    if (!text) return text;
    text->erase(text->find_last_not_of(" \r\n\t") + 1);
    if (text->empty() || text->find_first_of(" \r\n\t") != std::string::npos)
      return failure(errc::invalid, "access_token_unreadable",
                     c.access_token_file + " holds no access token.");
    return text;
  }
  const auto file = read_file(c.key_file);
  if (!file) return file;
  const auto key = net::read_service_account_key(*file);
  if (!key) return tl::unexpected(key.error());
  auto body = net::token_request_of(*key, pubsub_scope, w.now());
  if (!body) return body;
  net::outgoing_request r;
  r.method = "POST";
  r.url = key->token_url;
  r.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  r.body = std::move(*body);
  const auto reply = wait_for(http, std::move(r));
  if (!reply) return tl::unexpected(reply.error());
  const auto answer = object_of(reply->body);
  if (auto token = text_at(answer, "access_token"); reply->status == 200 && !token.empty()) return token;
  return failure(errc::forbidden, "cloud_token_refused",
                 key->token_url + " gives no access token for " + key->email + " (" +
                     text_at(answer, "error") + ": " +
                     text_at(answer, "error_description").substr(0, quoted_bytes) +
                     "). Is the key still listed under IAM & Admin > Service Accounts > Keys?");
}

result<google_pubsub::reply> google_pubsub::send(const std::string& method, const std::string& path,
                                                 const json::object* body) const {
  net::outgoing_request r;
  r.method = method;
  r.url = base_ + "/" + path;
  r.headers = {{"Authorization", "Bearer " + token_}, {"Accept", "application/json"}};
  if (body) {
    r.headers.emplace_back("Content-Type", "application/json");
    r.body = json::serialize(*body);
  }
  const auto answer = wait_for(*http_, std::move(r));
  if (!answer) return tl::unexpected(answer.error());
  return reply{answer->status, object_of(answer->body)};
}

result<bool> google_pubsub::make_topic(const std::string& topic) const {
  const json::object nothing;
  const auto r = send("PUT", topic, &nothing);
  if (!r) return tl::unexpected(r.error());
  if (r->status == 200) return true;
  if (r->status == 409) return false;
  return explain(making_topic, topic, r->status, r->body);
}

result<bool> google_pubsub::allow_publishers(const std::string& topic,
                                             const std::vector<std::string>& members) const {
  for (int attempt = 1;; ++attempt) {
    auto policy = send("GET", topic + ":getIamPolicy?options.requestedPolicyVersion=3");
    if (!policy) return tl::unexpected(policy.error());
    if (policy->status != 200) return explain(reading_policy, topic, policy->status, policy->body);
    if (!add_publishers(policy->body, members)) return false;
    // The etag in the policy makes Google refuse it when somebody else was faster.
    const json::object wanted{{"policy", policy->body}};
    const auto r = send("POST", topic + ":setIamPolicy", &wanted);
    if (!r) return tl::unexpected(r.error());
    if (r->status == 200) return true;
    if (r->status != 409 || attempt == policy_attempts)
      return explain(writing_policy, topic, r->status, r->body);
  }
}

result<google_pubsub::subscribed> google_pubsub::make_subscription(const push_wish& w) const {
  const auto body = subscription_body(w);
  const auto made = send("PUT", w.subscription, &body);
  if (!made) return tl::unexpected(made.error());
  if (made->status == 200) return subscribed::made;
  if (made->status != 409) return explain(making_subscription, w.subscription, made->status, made->body);
  const auto differs = differences(w);
  if (!differs) return tl::unexpected(differs.error());
  if (differs->empty()) return subscribed::kept;
  const json::object change{{"subscription", body},
                            {"updateMask", "pushConfig,ackDeadlineSeconds,messageRetentionDuration,"
                                           "expirationPolicy,retryPolicy"}};
  const auto r = send("PATCH", w.subscription, &change);
  if (!r) return tl::unexpected(r.error());
  if (r->status != 200) return explain(changing_subscription, w.subscription, r->status, r->body);
  return subscribed::changed;
}

result<std::vector<std::string>> google_pubsub::differences(const push_wish& w) const {
  const auto found = send("GET", w.subscription);
  if (!found) return tl::unexpected(found.error());
  if (found->status != 200) return explain(reading_subscription, w.subscription, found->status, found->body);
  if (const auto topic = text_at(found->body, "topic"); topic != w.topic)
    return failure(
        errc::conflict, "subscription_elsewhere",
        w.subscription + " hangs on " + topic +
            ", and a subscription's topic cannot be changed. Choose another name, or delete it under "
            "Pub/Sub > Subscriptions.");
  return push_differences(found->body, w);
}

result<bool> google_pubsub::remove(const std::string& name) const {
  const auto r = send("DELETE", name);
  if (!r) return tl::unexpected(r.error());
  if (r->status == 200) return true;
  if (r->status == 404) return false;
  return explain(removing, name, r->status, r->body);
}

} // namespace kalends::commands
