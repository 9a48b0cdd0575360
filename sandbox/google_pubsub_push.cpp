// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/google_pubsub.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds push_token_life{3'600};
/// Seven days of attempts at the longest backoff.
constexpr std::size_t push_attempts = 1'100;
/// Without a retry policy Pub/Sub comes back as soon as it can; a busy loop would help nobody here.
constexpr std::chrono::seconds shortest_backoff{1};

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

std::string from_base64(std::string_view text) {
  std::string out;
  unsigned held = 0, bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    held = held << 6U | static_cast<unsigned>(base64_value(c));
    if ((bits += 6) < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 0xFFU);
  }
  return out;
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

const json::object* object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? v->if_object() : nullptr;
}

std::chrono::seconds backoff_of(const subscription& s, std::string_view which,
                                std::chrono::seconds otherwise) {
  const auto* policy = object_at(s.settings, "retryPolicy");
  if (!policy) return shortest_backoff;
  const auto text = text_at(*policy, which);
  std::int64_t n = otherwise.count();
  if (!text.empty()) std::from_chars(text.data(), text.data() + text.size(), n);
  return std::max(shortest_backoff, std::chrono::seconds(n));
}

retry_rule rule_of(const subscription& s) {
  retry_rule rule;
  rule.accepted = {102, 200, 201, 202, 204};
  rule.retry_any = true;
  rule.first_wait = backoff_of(s, "minimumBackoff", std::chrono::seconds(10));
  rule.longest_wait = std::max(backoff_of(s, "maximumBackoff", std::chrono::seconds(600)), rule.first_wait);
  rule.attempts = push_attempts;
  return rule;
}

/// The token of a push: Google signs it as the account that the subscription names.
std::string push_token(half& h, const subscription& s) {
  const auto* oidc = object_at(s.settings.at("pushConfig").as_object(), "oidcToken");
  if (!oidc) return {};
  const auto email = text_at(*oidc, "serviceAccountEmail");
  const auto account = h.robots.accounts.find(email);
  const auto id = account == h.robots.accounts.end() ? std::string("0") : account->second.unique_id;
  const auto audience = text_at(*oidc, "audience");
  const auto now = std::chrono::floor<std::chrono::seconds>(h.all.now().time_since_epoch());
  return h.all.google_keys.sign({{"iss", "https://accounts.google.com"},
                                 {"aud", audience.empty() ? s.endpoint() : audience},
                                 {"azp", id},
                                 {"sub", id},
                                 {"email", email},
                                 {"email_verified", true},
                                 {"iat", now.count()},
                                 {"exp", (now + push_token_life).count()}});
}

struct pushed_form {
  net::header_list headers;
  std::string body;
};

pushed_form wrapped(const subscription& s, const json::object& message) {
  return {{{"Content-Type", "application/json"}},
          json::serialize(json::object{{"message", message}, {"subscription", s.name}})};
}

pushed_form unwrapped(const subscription& s, const json::object& message, bool metadata) {
  pushed_form out{{{"Content-Type", "application/octet-stream"}}, from_base64(text_at(message, "data"))};
  if (!metadata) return out;
  out.headers.emplace_back("x-goog-pubsub-subscription-name", s.name);
  out.headers.emplace_back("x-goog-pubsub-message-id", text_at(message, "messageId"));
  out.headers.emplace_back("x-goog-pubsub-publish-time", text_at(message, "publishTime"));
  if (const auto key = text_at(message, "orderingKey"); !key.empty())
    out.headers.emplace_back("x-goog-pubsub-ordering-key", key);
  if (const auto* attributes = object_at(message, "attributes"))
    for (const auto& a : *attributes) out.headers.emplace_back(a.key(), a.value().as_string());
  return out;
}

void post_push(half& h, const subscription& s, const json::object& message) {
  const auto& push = s.settings.at("pushConfig").as_object();
  const auto* bare = object_at(push, "noWrapper");
  auto form = bare ? unwrapped(s, message, bare->at("writeMetadata").as_bool()) : wrapped(s, message);
  notice n;
  n.kind = vendor::google;
  if (const auto* oidc = object_at(push, "oidcToken")) n.account = text_at(*oidc, "serviceAccountEmail");
  n.channel = s.name;
  n.request.method = "POST";
  n.request.url = s.endpoint();
  n.request.headers = std::move(form.headers);
  n.request.headers.emplace_back("User-Agent", "CloudPubSub-Google");
  n.request.headers.emplace_back("Accept", "application/json");
  n.request.body = std::move(form.body);
  n.request.total_timeout = std::chrono::seconds(s.settings.at("ackDeadlineSeconds").as_int64());
  prepare_push(h, n);
  h.all.push.post(std::move(n));
}

} // namespace

bool is_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return text.size() % 4 != 1 && std::ranges::all_of(text, [](char c) { return base64_value(c) >= 0; });
}

std::string publish(half& h, const topic& to, const json::object& given) {
  const auto id = std::to_string(10'000'000'000'000'000ULL + ++h.robots.last_message);
  const auto now = to_rfc3339(h.all.now());
  json::object message{{"messageId", id}, {"message_id", id}, {"publishTime", now}, {"publish_time", now}};
  for (const auto* key : {"attributes", "data", "orderingKey"})
    if (const auto* v = given.if_contains(key)) message[key] = *v;
  for (const auto& [_, s] : h.robots.subscriptions)
    if (s.topic == to.name) post_push(h, s, message);
  return id;
}

void prepare_push(half& h, notice& n) {
  const auto found = h.robots.subscriptions.find(n.channel);
  if (found != h.robots.subscriptions.end()) n.rule = rule_of(found->second);
  // Looked up for every attempt: the subscription may have been changed, and tokens do not live long.
  n.prepare = [&h, name = n.channel](net::outgoing_request& r) {
    const auto s = h.robots.subscriptions.find(name);
    if (s == h.robots.subscriptions.end()) return std::string();
    r.url = s->second.endpoint();
    const auto token = push_token(h, s->second);
    return token.empty() ? token : "Bearer " + token;
  };
}

} // namespace kalends::sandbox::google
