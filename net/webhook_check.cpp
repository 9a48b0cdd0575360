// SPDX-License-Identifier: Apache-2.0
#include "net/webhook_check.hpp"

#include "net/http_rules.hpp"
#include "net/json_reading.hpp"

#include <algorithm>

namespace kalends::net {
namespace {

constexpr std::size_t packed_uuid = 32;
constexpr std::size_t secret_size = 43;
constexpr std::size_t ticket_size = packed_uuid + 1 + packed_uuid + 1 + secret_size;
constexpr std::size_t channel_limit = 256;
constexpr std::size_t body_limit = 1024 * 1024;
constexpr std::size_t item_limit = 1'000;
constexpr std::size_t validation_token_limit = 4 * 1024;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_base64url(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

std::string pack_uuid(const std::string& uuid) {
  std::string out;
  std::copy_if(uuid.begin(), uuid.end(), std::back_inserter(out), [](char c) { return c != '-'; });
  return out;
}

std::optional<std::string> unpack_uuid(std::string_view packed) {
  if (!std::all_of(packed.begin(), packed.end(), is_lower_hex)) return std::nullopt;
  std::string out(packed);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) out.insert(at, 1, '-');
  return out;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

/// A header that must not be given twice: with two values, what is checked and what is used could differ.
std::optional<std::string_view> only_header(const header_list& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (!same_name(key, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  if (found && found->empty()) return std::nullopt;
  return found;
}

unproven_notice::kind kind_of(std::string_view lifecycle_event) {
  using kind = unproven_notice::kind;
  if (lifecycle_event == "reauthorizationRequired") return kind::reauthorization_required;
  if (lifecycle_event == "subscriptionRemoved") return kind::subscription_removed;
  if (lifecycle_event == "missed") return kind::missed;
  return kind::changed;
}

/// Nothing if the item cannot prove itself: no ticket, no subscription, or a field that is there twice.
std::optional<unproven_notice> read_item(const simdjson::dom::element& element) {
  const auto item = object_of(element);
  if (!item) return std::nullopt;
  std::string_view state, subscription, lifecycle;
  for (const auto field : *item) {
    auto* const target = field.key == "clientState"      ? &state
                         : field.key == "subscriptionId" ? &subscription
                         : field.key == "lifecycleEvent" ? &lifecycle
                                                         : nullptr;
    if (!target) continue;
    if (!target->empty()) return std::nullopt;
    *target = text_of(field.value);
  }
  auto ticket = read_ticket(state);
  if (!ticket || subscription.empty() || subscription.size() > channel_limit || !is_plain(subscription))
    return std::nullopt;
  return unproven_notice{std::move(*ticket), std::string(subscription), kind_of(lifecycle)};
}

} // namespace

std::string write_ticket(const channel_ticket& t) {
  return pack_uuid(t.tenant.str()) + '.' + pack_uuid(t.provider.str()) + '.' + t.secret;
}

std::optional<channel_ticket> read_ticket(std::string_view text) {
  if (text.size() != ticket_size || text[packed_uuid] != '.' || text[2 * packed_uuid + 1] != '.')
    return std::nullopt;
  const auto tenant = unpack_uuid(text.substr(0, packed_uuid));
  const auto provider = unpack_uuid(text.substr(packed_uuid + 1, packed_uuid));
  const auto secret = text.substr(2 * packed_uuid + 2);
  if (!tenant || !provider || !std::all_of(secret.begin(), secret.end(), is_base64url)) return std::nullopt;
  return channel_ticket{tenant_id(*tenant), provider_id(*provider), std::string(secret)};
}

result<unproven_notice> read_google_notice(const header_list& headers) {
  const auto token = only_header(headers, "X-Goog-Channel-Token");
  const auto channel = only_header(headers, "X-Goog-Channel-ID");
  const auto state = only_header(headers, "X-Goog-Resource-State");
  if (!token || !channel || !state)
    return failure(
        errc::invalid, "notice_headers_missing",
        "A notice needs X-Goog-Channel-Token, X-Goog-Channel-ID and X-Goog-Resource-State, once each.");
  auto ticket = read_ticket(*token);
  if (!ticket || channel->size() > channel_limit || !is_plain(*channel))
    return failure(errc::invalid, "notice_ticket_malformed", "The channel token or id is not one of ours.");
  // The first message may overtake the answer that opened the channel; any other state means: read again.
  const auto what = *state == "sync" ? unproven_notice::kind::opened : unproven_notice::kind::changed;
  return unproven_notice{std::move(*ticket), std::string(*channel), what};
}

result<graph_notices> read_graph_notices(std::string_view body) {
  if (body.size() > body_limit)
    return failure(errc::invalid, "notice_body_too_large", "A notification holds at most 1 MiB.");
  const json_document document{std::string(body)};
  std::optional<simdjson::dom::array> items;
  if (document.object())
    for (const auto field : *document.object()) {
      if (field.key != "value") continue;
      if (items) return failure(errc::invalid, "notice_body_malformed", "\"value\" stands twice.");
      items = array_of(field.value);
    }
  if (!items)
    return failure(errc::invalid, "notice_body_malformed",
                   "A notification is a JSON object with an array \"value\".");
  graph_notices out;
  std::size_t seen = 0;
  for (const auto element : *items) {
    if (++seen > item_limit)
      return failure(errc::invalid, "too_many_items", "A notification holds at most 1,000 items.");
    if (auto notice = read_item(element))
      out.items.push_back(std::move(*notice));
    else
      ++out.refused;
  }
  return out;
}

std::optional<std::string> graph_validation_token(const http_request& r) {
  if (r.method != "POST") return std::nullopt;
  std::optional<std::string> token;
  for (auto& [key, value] : parse_query(r.query)) {
    if (key != "validationToken") continue;
    if (token || value.empty() || value.size() > validation_token_limit) return std::nullopt;
    token = std::move(value);
  }
  return token;
}

} // namespace kalends::net
