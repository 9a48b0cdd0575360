// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_subscriptions.hpp"

#include "sandbox/core.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr std::size_t client_state_limit = 128;
constexpr auto shortest_life = minutes(45);
constexpr auto validation_limit = seconds(10);
constexpr auto delivery_limit = seconds(3);
constexpr auto reminder_distance = minutes(15);
constexpr auto reminder_horizon = minutes(60);

refusal invalid(std::string code, std::string message) {
  return {400, std::move(code), std::move(message), {}, {}};
}

std::string text_of(const json::object& body, std::string_view name) {
  const auto* v = body.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

bool known_member(std::string_view name) {
  static const std::set<std::string_view> names{"changeType",
                                                "notificationUrl",
                                                "lifecycleNotificationUrl",
                                                "resource",
                                                "expirationDateTime",
                                                "clientState",
                                                "latestSupportedTlsVersion",
                                                "includeResourceData",
                                                "encryptionCertificate",
                                                "encryptionCertificateId",
                                                "notificationQueryOptions",
                                                "notificationUrlAppId"};
  return names.count(name) != 0 || name.find('@') != std::string_view::npos;
}

/// https, or http to this machine.
bool url_allowed(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1") ||
         url.starts_with("http://localhost") || url.starts_with("http://[::1]");
}

std::set<std::string, std::less<>> split_types(std::string_view text) {
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    auto one = text.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    out.emplace(one);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string joined(const std::set<std::string, std::less<>>& types) {
  std::string out;
  for (const auto* type : {"created", "updated", "deleted"})
    if (types.count(type) != 0) out += (out.empty() ? "" : ",") + std::string(type);
  return out;
}

/// "/me/calendars('x')/events" as {"me", "calendars", "x", "events"}.
std::vector<std::string> resource_segments(std::string_view resource) {
  std::vector<std::string> out;
  std::string one;
  const auto push = [&] {
    if (!one.empty()) out.push_back(std::exchange(one, {}));
  };
  for (std::size_t i = 0; i < resource.size(); ++i) {
    if (resource[i] == '/' || resource.substr(i, 2) == "('" || resource.substr(i, 2) == "')") {
      if (resource[i] != '/') ++i;
      push();
    } else {
      one += resource[i];
    }
  }
  push();
  return out;
}

net::outgoing_request message(std::string url, std::string content_type, std::string body,
                              milliseconds limit) {
  net::outgoing_request r;
  r.method = "POST";
  r.url = std::move(url);
  r.headers = {{"Content-Type", std::move(content_type)}, {"User-Agent", "GraphNotifications"}};
  r.body = std::move(body);
  r.connect_timeout = r.read_timeout = r.total_timeout = limit;
  return r;
}

/// Anything but 2xx in time is tried again for four hours.
retry_rule delivery_rule() {
  retry_rule rule;
  for (int status = 200; status < 600; ++status) (status < 300 ? rule.accepted : rule.retried).insert(status);
  rule.first_wait = seconds(10);
  rule.longest_wait = minutes(30);
  rule.attempts = 15;
  return rule;
}

std::optional<refusal> judge_validation(const result<net::http_reply>& reply, const std::string& token) {
  constexpr auto head = "Subscription validation request failed. ";
  if (!reply && reply.error().code == "timeout")
    return invalid("ValidationError", "Subscription validation request timed out.");
  if (!reply) return invalid("ValidationError", std::string(head) + "The underlying connection was closed.");
  if (reply->status != 200)
    return invalid(
        "ValidationError",
        std::string(head) +
            "Notification endpoint must respond with 200 OK to validation request. HTTP status code is '" +
            std::to_string(reply->status) + "'.");
  if (!net::find_header(reply->headers, "Content-Type").starts_with("text/plain"))
    return invalid("ValidationError", std::string(head) + "Content-Type must be text/plain.");
  if (reply->body != token)
    return invalid("ValidationError",
                   std::string(head) + "Response must match validationToken query parameter.");
  return std::nullopt;
}

std::string_view name_of(change_kind kind) {
  return kind == change_kind::created ? "created" : kind == change_kind::updated ? "updated" : "deleted";
}

} // namespace

subscription* subscriptions::owned(const call& c) {
  const auto found = all_.find(c.param("subscription"));
  if (found == all_.end() || found->second.email != c.who->email ||
      found->second.client_id != c.token->client_id)
    return nullptr;
  return &found->second;
}

std::optional<refusal> subscriptions::read_resource(const call& c, subscription& out) const {
  auto parts = resource_segments(out.resource);
  const auto bad = [] { return invalid("ExtensionError", "The value of 'Resource' is invalid."); };
  if (parts.size() >= 2 && parts[0] == "users") {
    if (parts[1] != c.who->email && parts[1] != c.who->object_id)
      return refusal{403, "ExtensionError", "Access is denied. Check credentials and try again.", {}, {}};
    parts.erase(parts.begin());
  } else if (parts.empty() || parts[0] != "me") {
    return bad();
  }
  parts.erase(parts.begin());
  if (parts == std::vector<std::string>{"events"}) return std::nullopt;
  if (parts == std::vector<std::string>{"calendars"}) {
    out.of_calendar_list = true;
    return out.change_types.count("created") != 0 ? std::optional(bad()) : std::nullopt;
  }
  const auto* box = find_(c.who->email);
  if (parts == std::vector<std::string>{"calendar", "events"}) {
    out.calendar = box->default_calendar().key;
    return std::nullopt;
  }
  if (parts.size() != 3 || parts[0] != "calendars" || parts[2] != "events") return bad();
  const auto* calendar = box->find_calendar(parts[1]);
  if (calendar == nullptr)
    return refusal{404, "ExtensionError", "The specified object was not found in the store.", {}, {}};
  out.calendar = calendar->key;
  return std::nullopt;
}

std::optional<refusal> subscriptions::read_expiry(const json::object& body, instant& out) const {
  auto expires = parse_instant(text_of(body, "expirationDateTime"));
  if (!expires) return invalid("InvalidRequest", "expirationDateTime is missing or malformed.");
  const auto now = core_.now();
  const minutes longest(knobs_.longest_subscription_minutes);
  if (*expires <= now) return invalid("InvalidRequest", "Subscription expiration must be in the future.");
  if (*expires > now + longest + minutes(1))
    return invalid("ExtensionError", "Subscription expiration can only be " +
                                         std::to_string(longest.count()) + " minutes in the future.");
  out = std::max(*expires, now + shortest_life);
  return std::nullopt;
}

std::optional<refusal> subscriptions::check_new(const subscription& s) const {
  if (s.change_types.empty()) return invalid("InvalidRequest", "changeType is missing or unknown.");
  for (const auto& type : s.change_types)
    if (type != "created" && type != "updated" && type != "deleted")
      return invalid("InvalidRequest", "changeType '" + type + "' is unknown.");
  if (s.client_state.size() > client_state_limit)
    return invalid("InvalidRequest", "clientState must not be longer than 128 characters.");
  if (!url_allowed(s.notification_url) || (!s.lifecycle_url.empty() && !url_allowed(s.lifecycle_url)))
    return invalid("InvalidRequest", "The notification URL must be https.");
  std::size_t of_mailbox = 0;
  for (const auto& [id, other] : all_) {
    if (other.email != s.email) continue;
    ++of_mailbox;
    if (other.client_id == s.client_id && other.resource == s.resource &&
        other.change_types == s.change_types)
      return refusal{409,
                     "Conflict",
                     "Subscription Id <" + id + "> already exists for the requested combination.",
                     {},
                     {}};
  }
  if (of_mailbox >= per_mailbox_limit)
    return refusal{403, "ExtensionError", "The mailbox has reached its limit of subscriptions.", {}, {}};
  return std::nullopt;
}

void subscriptions::validate(std::vector<std::string> urls,
                             std::function<void(std::optional<refusal>)> done) {
  if (urls.empty()) return done(std::nullopt);
  // Characters that must survive decoding exactly once.
  const auto token = "Validation: Testing client application reachability for subscription Request-Id: " +
                     core_.people.random_uuid() + "+%2B:" + core_.people.random_text(12);
  auto url = urls.front();
  urls.erase(urls.begin());
  url += (url.find('?') == std::string::npos ? "?" : "&") + std::string("validationToken=") +
         net::percent_encode(token);
  core_.push.ask(message(std::move(url), "text/plain; charset=utf-8", "", validation_limit),
                 [this, token, urls = std::move(urls),
                  done = std::move(done)](const result<net::http_reply>& reply) mutable {
                   if (auto refused = judge_validation(reply, token)) return done(std::move(refused));
                   validate(std::move(urls), std::move(done));
                 });
}

void subscriptions::insert(subscription s, const finish_with& done) {
  if (auto refused = check_new(s)) return done(tl::unexpected(std::move(*refused)));
  const auto id = s.id;
  const auto& stored = all_[id] = std::move(s);
  done(render(stored));
}

void subscriptions::create(const call& c, const json::object& body, bool immutable_ids, finish_with done) {
  for (const auto& member : body)
    if (!known_member(member.key()))
      return done(refuse(400, "InvalidRequest",
                         "Could not process subscription creation payload. Are all property names spelled "
                         "and camelCased properly?"));
  subscription s;
  s.id = core_.people.random_uuid();
  s.email = c.who->email;
  s.client_id = c.token->client_id;
  s.grant_id = c.token->grant_id;
  s.resource = text_of(body, "resource");
  s.change_types = split_types(text_of(body, "changeType"));
  s.notification_url = text_of(body, "notificationUrl");
  s.lifecycle_url = text_of(body, "lifecycleNotificationUrl");
  s.client_state = text_of(body, "clientState");
  s.tls = text_of(body, "latestSupportedTlsVersion");
  s.immutable_ids = immutable_ids;
  s.made = core_.now();
  auto refused = read_expiry(body, s.expires);
  if (!refused) refused = read_resource(c, s);
  if (!refused) refused = check_new(s);
  if (refused) return done(tl::unexpected(std::move(*refused)));
  std::vector<std::string> urls{s.notification_url};
  if (!s.lifecycle_url.empty()) urls.push_back(s.lifecycle_url);
  validate(std::move(urls),
           [this, s = std::move(s), done = std::move(done)](std::optional<refusal> failed) mutable {
             if (failed) return done(tl::unexpected(std::move(*failed)));
             insert(std::move(s), done);
           });
}

void subscriptions::change(const call& c, const json::object& body, finish_with done) {
  auto* s = owned(c);
  if (s == nullptr) return done(refuse(404, "ResourceNotFound", "The object was not found."));
  for (const auto& member : body)
    if (member.key() != "expirationDateTime" && member.key() != "notificationUrl" &&
        !std::string_view(member.key()).starts_with('@'))
      return done(
          refuse(400, "InvalidRequest", "Only expirationDateTime and notificationUrl can be changed."));
  auto expires = s->expires;
  if (body.contains("expirationDateTime"))
    if (auto refused = read_expiry(body, expires)) return done(tl::unexpected(std::move(*refused)));
  const auto url = text_of(body, "notificationUrl");
  if (!url.empty() && !url_allowed(url))
    return done(refuse(400, "InvalidRequest", "The notification URL must be https."));
  std::vector<std::string> urls;
  if (!url.empty() && url != s->notification_url) urls.push_back(url);
  validate(std::move(urls),
           [this, id = s->id, url, expires, done = std::move(done)](std::optional<refusal> failed) {
             const auto found = all_.find(id);
             if (!failed && found == all_.end())
               failed = refusal{404, "ResourceNotFound", "The object was not found.", {}, {}};
             if (failed) return done(tl::unexpected(std::move(*failed)));
             found->second.expires = expires;
             if (!url.empty()) found->second.notification_url = url;
             done(render(found->second));
           });
}

expected<json::object> subscriptions::get(const call& c) {
  auto* s = owned(c);
  if (s == nullptr) return refuse(404, "ResourceNotFound", "The object was not found.");
  return render(*s);
}

json::array subscriptions::list(const call& c) const {
  json::array out;
  for (const auto& [id, s] : all_)
    if (s.email == c.who->email && s.client_id == c.token->client_id) out.push_back(render(s));
  return out;
}

std::optional<refusal> subscriptions::remove(const call& c) {
  auto* s = owned(c);
  if (s == nullptr) return refusal{404, "ResourceNotFound", "The object was not found.", {}, {}};
  core_.push.forget_channel(s->id);
  all_.erase(all_.find(s->id));
  return std::nullopt;
}

std::optional<refusal> subscriptions::reauthorize(const call& c) {
  auto* s = owned(c);
  if (s == nullptr) return refusal{404, "ResourceNotFound", "The object was not found.", {}, {}};
  s->grant_id = c.token->grant_id;
  return std::nullopt;
}

json::object subscriptions::render(const subscription& s) const {
  const auto* owner = core_.people.find(s.email);
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return {{"id", s.id},
          {"resource", s.resource},
          {"applicationId", s.client_id},
          {"changeType", joined(s.change_types)},
          {"clientState", or_null(s.client_state)},
          {"notificationUrl", s.notification_url},
          {"notificationQueryOptions", nullptr},
          {"lifecycleNotificationUrl", or_null(s.lifecycle_url)},
          {"expirationDateTime", format_instant(s.expires)},
          {"creatorId", owner != nullptr ? owner->object_id : ""},
          {"includeResourceData", nullptr},
          {"latestSupportedTlsVersion", s.tls.empty() ? "v1_2" : s.tls},
          {"encryptionCertificate", nullptr},
          {"encryptionCertificateId", nullptr},
          {"notificationUrlAppId", nullptr}};
}

json::object subscriptions::item_for(const subscription& s, const mailbox& box, const event_item& item,
                                     std::string_view change_type) const {
  const auto& id = s.immutable_ids ? item.immutable_id : item.regular_id;
  const auto resource = "Users/" + box.owner().object_id + "/Events/" + id;
  auto expires = format_instant(s.expires);
  expires.replace(expires.size() - 1, 1, "+00:00");
  return {{"id", core_.people.random_text(10)},
          {"subscriptionId", s.id},
          {"subscriptionExpirationDateTime", expires},
          {"clientState", s.client_state},
          {"changeType", change_type},
          {"tenantId", box.owner().tenant_id},
          {"resource", resource},
          {"resourceData",
           {{"@odata.type", "#Microsoft.Graph.Event"},
            {"@odata.id", resource},
            {"@odata.etag", "W/\"" + box.change_key_of(item) + '"'},
            {"id", id}}}};
}

void subscriptions::tell(const mailbox& box, const event_item& item, change_kind kind) {
  auto type = name_of(kind);
  if (kind == change_kind::deleted && knobs_.delete_as_updated) type = "updated";
  std::map<std::string, std::pair<std::vector<const subscription*>, json::array>> by_url;
  for (const auto& [id, s] : all_) {
    const bool concerned =
        s.email == box.owner().email && !s.of_calendar_list &&
        (s.calendar == 0 || s.calendar == item.calendar || item.left.count(s.calendar) != 0);
    if (!concerned || s.expires <= core_.now()) continue;
    auto& [to, items] = by_url[s.notification_url];
    if (s.change_types.count(type) != 0) items.push_back(item_for(s, box, item, type));
    if (s.change_types.count("updated") != 0)
      for (std::int64_t i = 0; i < knobs_.extra_updates && kind != change_kind::deleted; ++i)
        items.push_back(item_for(s, box, item, "updated"));
    to.push_back(&s);
  }
  for (auto& [url, message] : by_url)
    if (!message.second.empty()) post(url, message.first, std::move(message.second), false);
}

void subscriptions::post(const std::string& url, const std::vector<const subscription*>& to,
                         json::array items, bool lifecycle) {
  notice n;
  n.kind = vendor::microsoft;
  n.account = to.front()->email;
  n.channel = to.front()->id;
  n.request = message(url, "application/json; charset=utf-8",
                      json::serialize(json::object{{"value", std::move(items)}}), delivery_limit);
  n.due = core_.now() + seconds(lifecycle ? 0 : knobs_.notice_seconds);
  if (!lifecycle)
    for (const auto* s : to) n.concerns.push_back(s->id);
  adopt(n);
  core_.push.post(std::move(n));
}

void subscriptions::adopt(notice& n) {
  n.rule = delivery_rule();
  if (n.concerns.empty()) return;
  n.on_end = [this, ids = n.concerns](bool accepted, int, const std::string&) {
    for (const auto& id : ids)
      if (const auto found = all_.find(id); !accepted && found != all_.end())
        post_lifecycle(found->second, "missed");
  };
}

void subscriptions::post_lifecycle(const subscription& s, std::string_view event) {
  if (s.lifecycle_url.empty()) return;
  const auto* owner = core_.people.find(s.email);
  const auto tenant = owner != nullptr ? owner->tenant_id : std::string();
  auto expires = format_instant(s.expires);
  expires.replace(expires.size() - 1, 1, "+00:00");
  json::array items;
  items.push_back(json::object{{"lifecycleEvent", event},
                               {"subscriptionId", s.id},
                               {"subscriptionExpirationDateTime", expires},
                               {"clientState", s.client_state},
                               {"tenantId", tenant},
                               {"organizationId", tenant},
                               {"resource", s.resource}});
  post(s.lifecycle_url, {&s}, std::move(items), true);
}

std::size_t subscriptions::send_lifecycle(std::string_view email, std::string_view id,
                                          std::string_view event) {
  std::vector<std::string> chosen;
  for (const auto& [key, s] : all_)
    if (s.email == email && (id.empty() || key == id) && !s.lifecycle_url.empty()) chosen.push_back(key);
  for (const auto& key : chosen) {
    post_lifecycle(all_.at(key), event);
    if (event == "subscriptionRemoved") all_.erase(key);
  }
  return chosen.size();
}

bool subscriptions::expire(std::string_view id) {
  const auto found = all_.find(id);
  if (found == all_.end()) return false;
  core_.push.forget_channel(id);
  all_.erase(found);
  return true;
}

void subscriptions::tick() {
  const auto now = core_.now();
  for (auto it = all_.begin(); it != all_.end();) {
    auto& s = it->second;
    const auto* given = core_.people.find_grant(s.grant_id);
    const bool revoked = given == nullptr || given->revoked;
    if (revoked || s.expires <= now) {
      core_.push.forget_channel(s.id);
      if (revoked) post_lifecycle(s, "subscriptionRemoved");
      it = all_.erase(it);
      continue;
    }
    const auto horizon = std::min<milliseconds>(reminder_horizon, (s.expires - s.made) / 4);
    if (s.expires - now <= horizon && now - s.reminded >= reminder_distance) {
      s.reminded = now;
      post_lifecycle(s, "reauthorizationRequired");
    }
    ++it;
  }
}

json::array subscriptions::report() const {
  json::array out;
  for (const auto& [id, s] : all_)
    out.push_back(json::object{{"id", id},
                               {"vendor", "microsoft"},
                               {"account", s.email},
                               {"resource", s.resource},
                               {"url", s.notification_url},
                               {"expires", to_rfc3339(s.expires)},
                               {"active", s.expires > core_.now()}});
  return out;
}

} // namespace kalends::sandbox::microsoft
