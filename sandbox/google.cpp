// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::string_view scope_prefix = "https://www.googleapis.com/auth/";

/// 304 and the ETag header; only answers that are one resource carry an etag that anybody compares.
void apply_etag(const call& c, const json::value& body, net::http_response& answer) {
  const auto* etag = body.is_object() ? body.get_object().if_contains("etag") : nullptr;
  if (!etag || !etag->is_string()) return;
  const std::string_view text = etag->get_string();
  answer.headers.emplace_back("ETag", text);
  if (c.request.method == "GET" && c.header("If-None-Match") == text) {
    answer.status = 304;
    answer.body.clear();
  }
}

net::http_response finish_answer(const call& c, net::http_response answer) {
  if (answer.status != 200 || answer.body.empty()) return answer;
  auto body = json::parse(answer.body);
  apply_etag(c, body, answer);
  const auto selector = c.query_value("fields");
  if (selector && answer.status == 200) answer.body = json::serialize(select_fields(body, *selector)) + "\n";
  answer.headers.emplace_back("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
  answer.headers.emplace_back("Vary", "Origin, X-Origin, Referer");
  return answer;
}

} // namespace

void add_api(router& routes, std::string verb, std::string pattern, std::string name,
             std::vector<std::string> scopes, std::function<net::http_response(call&)> answer) {
  auto guarded = [answer = std::move(answer)](call& c) {
    try {
      return finish_answer(c, answer(c));
    } catch (const refusal& r) {
      return google::answer(r.what_to_say);
    }
  };
  routes.add({std::move(verb),
              "/calendar/v3/" + std::move(pattern),
              std::move(name),
              vendor::google,
              true,
              std::move(scopes),
              std::move(guarded),
              {}});
}

const std::vector<std::string>& scopes_to_read_events() {
  static const std::vector<std::string> scopes{"calendar",
                                               "calendar.readonly",
                                               "calendar.events",
                                               "calendar.events.readonly",
                                               "calendar.events.owned",
                                               "calendar.events.owned.readonly",
                                               "calendar.events.freebusy",
                                               "calendar.events.public.readonly",
                                               "calendar.app.created"};
  return scopes;
}

const std::vector<std::string>& scopes_to_write_events() {
  static const std::vector<std::string> scopes{"calendar", "calendar.events", "calendar.events.owned",
                                               "calendar.app.created"};
  return scopes;
}

void half::add_routes(router& routes) {
  add_oauth_routes(*this, routes);
  add_event_routes(*this, routes);
  add_list_routes(*this, routes);
  add_calendar_routes(*this, routes);
  add_push_routes(*this, routes);
  add_batch_route(*this, routes);
  add_split_route(*this, routes);
  add_knob_routes(*this, routes);
  add_pubsub_routes(*this, routes);
  add_service_account_routes(*this, routes);
}

void half::open_account(const account& owner) {
  calendar c;
  c.id = owner.email;
  c.owner = owner.email;
  c.summary = owner.email;
  c.time_zone = owner.time_zone;
  c.primary = true;
  calendars.add(std::move(c));
}

std::optional<net::http_response> half::authorize(call& c) {
  const auto header = c.header("Authorization");
  std::string text;
  if (header.starts_with("Bearer "))
    text = header.substr(7);
  else if (const auto in_query = c.query_value("oauth_token"))
    text = *in_query;
  if (text.empty()) return missing_credentials();
  const auto* token = all.people.live_token(text, token_kind::access, all.now());
  auto* who = token ? all.people.find(token->email) : nullptr;
  if (!who || who->kind != vendor::google) return invalid_credentials();
  c.token = token;
  c.who = who;
  const auto granted = [&](const std::string& scope) {
    return token->scopes.contains(std::string(scope_prefix) + scope);
  };
  if (!c.to->scopes.empty() && std::ranges::none_of(c.to->scopes, granted)) return missing_scope(c.method);
  return std::nullopt;
}

net::http_response half::standard_error(std::string_view reason, int status) {
  return google::standard_error(reason, status);
}

void half::invalidate_sync_tokens(const account& owner) {
  tokens_void_before[owner.email] = calendars.next_change();
}

} // namespace kalends::sandbox::google

namespace kalends::sandbox {

std::unique_ptr<vendor_half> make_google(core& c) { return std::make_unique<google::half>(c); }

} // namespace kalends::sandbox
