// SPDX-License-Identifier: Apache-2.0
#include "net/pubsub_push.hpp"

#include "net/http_rules.hpp"
#include "net/json_reading.hpp"

#include <algorithm>

namespace kalends::net {
namespace {

constexpr std::size_t attribute_limit = 100; ///< Pub/Sub's own
constexpr std::size_t subscription_limit = 512;
constexpr std::string_view subscription_header = "x-goog-pubsub-subscription-name";

tl::unexpected<error> malformed(const char* why) { return failure(errc::invalid, "push_malformed", why); }

/// The member, if it stands there once.
std::optional<simdjson::dom::element> only_member(const simdjson::dom::object& o, std::string_view name) {
  std::optional<simdjson::dom::element> found;
  for (const auto field : o) {
    if (field.key != name) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

result<pushed_notice> notice_of(const header_list& attributes, std::string subscription) {
  if (subscription.empty() || subscription.size() > subscription_limit)
    return malformed("The push does not name its subscription.");
  return read_google_notice(attributes).map([&](unproven_notice n) {
    return pushed_notice{std::move(n), std::move(subscription)};
  });
}

result<pushed_notice> read_envelope(const std::string& body) {
  const json_document document(body);
  if (!document.object()) return malformed("A push is a JSON object.");
  const auto message = only_member(*document.object(), "message");
  const auto inner = message ? object_of(*message) : std::nullopt;
  if (!inner) return malformed("A push holds one message.");
  const auto attributes = only_member(*inner, "attributes");
  const auto named = attributes ? object_of(*attributes) : std::nullopt;
  if (!named || named->size() > attribute_limit) return malformed("The message has no attributes.");
  header_list headers;
  for (const auto field : *named) headers.emplace_back(field.key, text_of(field.value));
  const auto subscription = only_member(*document.object(), "subscription");
  return notice_of(headers, subscription ? std::string(text_of(*subscription)) : std::string());
}

} // namespace

result<pushed_notice> read_pubsub_push(const http_request& r) {
  const auto named = std::count_if(r.headers.begin(), r.headers.end(), [](const auto& field) {
    return same_name(field.first, subscription_header);
  });
  if (named > 1) return malformed("The push names its subscription twice.");
  if (named == 1) return notice_of(r.headers, std::string(find_header(r.headers, subscription_header)));
  return read_envelope(r.body);
}

} // namespace kalends::net
