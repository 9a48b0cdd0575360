// SPDX-License-Identifier: Apache-2.0
#include "api/google_pubsub.hpp"

#include "api/handling.hpp"
#include "api/keep_notice.hpp"
#include "net/pubsub_push.hpp"
#include "persistence/google_relays.hpp"

#include <algorithm>

/// Google notices that come through Pub/Sub. The token proves who pushes, the channel's ticket in the message
/// proves which calendar. Pub/Sub repeats whatever is not answered with a 2xx until its retention ends, so
/// the answers are:
///   204  the mark is durable
///   202  pushed by the right account, but it can never become a mark (no notice, a channel that is no more);
///        acknowledged, and nothing was changed
///   401  the token does not prove the right pusher; worth repeating, since an operator may mend it
///   503  nothing can be said now: keys or database are away
namespace kalends::api {
namespace {

constexpr std::size_t name_limit = 512;
constexpr std::size_t address_limit = 320;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// ---------------------------------------------------------------- the push

void refuse_push(const call_ptr& c, std::string why) {
  tell_of_refusal(c, "push_refused");
  c->finish(problem({errc::forbidden, "push_refused", std::move(why), {}, {}}));
}

/// Nothing can come of it, now or later.
void drop_push(const call_ptr& c) { c->finish({202, {}, {}}); }

void hand_over(const call_ptr& c, net::unproven_notice notice) {
  keep_notice(c, provider_type::google, std::move(notice), [c](const result<bool>& kept) {
    if (kept) return c->finish(no_content());
    if (is_refusal(kept.error())) return drop_push(c);
    c->finish(problem({errc::retry_later, "database_away", "The notification could not be kept.", {}, {}}));
  });
}

void compare_pusher(const call_ptr& c, const std::string& account, net::pushed_notice push,
                    const pusher_cache::pusher& expected) {
  if (expected.service_account.empty())
    return refuse_push(c, "No service account is expected to push for this tenant.");
  if (account != expected.service_account)
    return refuse_push(c, "Another service account is expected to push for this tenant.");
  if (push.subscription != expected.subscription)
    return refuse_push(c, "Another subscription is expected to push for this tenant.");
  hand_over(c, std::move(push.notice));
}

void take_push(const call_ptr& c, const net::oidc_identity& who) {
  auto push = net::read_pubsub_push(c->request);
  if (!push) {
    tell_of_refusal(c, push.error().code);
    return drop_push(c);
  }
  const auto account = lower(who.email);
  const auto& installations = c->with().configured.google_pubsub_account;
  if (!installations.empty() && account == lower(installations)) return hand_over(c, std::move(push->notice));
  const auto tenant = push->notice.ticket.tenant;
  if (const auto known = c->at->pushers.find(tenant, c->with().outside.now()))
    return compare_pusher(c, account, std::move(*push), *known);
  ask<std::optional<persistence::google_relay>>(
      c, tenant, [](persistence::transaction& tx) { return persistence::find_google_relay(tx); },
      [c, tenant, account, push = std::move(*push)](std::optional<persistence::google_relay> relay) {
        pusher_cache::pusher expected;
        if (relay) expected = {relay->service_account, relay->subscription};
        c->at->pushers.keep(tenant, expected, c->with().outside.now());
        compare_pusher(c, account, push, expected);
      });
}

/// The only Authorization header; two could be read differently by two readers.
std::string only_token(const net::header_list& headers) {
  std::string token;
  std::size_t seen = 0;
  for (const auto& [name, value] : headers) {
    if (net::find_header({{name, value}}, "Authorization").empty()) continue;
    ++seen;
    token = bearer_token(value);
  }
  return seen == 1 ? token : std::string();
}

// ---------------------------------------------------------------- who may push

boost::json::object shown(const settings& s, const std::optional<persistence::google_relay>& r) {
  return {{"push_endpoint", pubsub_push_endpoint(s)},
          {"audience", pubsub_audience(s)},
          {"relay_url", text_or_null(s.google_relay_url)},
          {"topic", r ? boost::json::value(r->topic) : nullptr},
          {"subscription", r ? boost::json::value(r->subscription) : nullptr},
          {"service_account", r ? boost::json::value(r->service_account) : nullptr},
          {"changed_at", r ? boost::json::value(to_rfc3339(r->changed_at)) : nullptr}};
}

/// "projects/<project>/<kind>/<name>"
bool is_resource_name(std::string_view text, std::string_view kind) {
  if (!text.starts_with("projects/")) return false;
  text.remove_prefix(9);
  const auto middle = text.find(std::string("/") + std::string(kind) + "/");
  const auto plain = [](unsigned char ch) { return ch > 0x20 && ch < 0x7F && ch != '/'; };
  if (middle == std::string_view::npos || middle == 0) return false;
  const auto project = text.substr(0, middle), name = text.substr(middle + kind.size() + 2);
  return !name.empty() && std::all_of(project.begin(), project.end(), plain) &&
         std::all_of(name.begin(), name.end(), plain);
}

persistence::google_relay read_relay(object_reader& body) {
  persistence::google_relay out;
  const text_rule name{.max_bytes = name_limit, .required = true, .may_be_empty = false};
  const text_rule address{.max_bytes = address_limit, .required = true, .may_be_empty = false};
  out.topic = body.text("topic", name).value_or("");
  out.subscription = body.text("subscription", name).value_or("");
  out.service_account = lower(body.text("service_account", address).value_or(""));
  if (!is_resource_name(out.topic, "topics"))
    body.refuse("unknown_value", "A topic is projects/PROJECT/topics/NAME.", "topic");
  if (!is_resource_name(out.subscription, "subscriptions"))
    body.refuse("unknown_value", "A subscription is projects/PROJECT/subscriptions/NAME.", "subscription");
  if (const auto at = out.service_account.find('@');
      at == std::string::npos || at == 0 || at + 1 == out.service_account.size())
    body.refuse("malformed_email", "A service account is named by its e-mail address.", "service_account");
  return out;
}

result<void> trace(const call& c, persistence::transaction& tx, const char* action,
                   const boost::json::object& detail = {}) {
  return persistence::append_audit(tx,
                                   audit_of(c, action, "tenant:" + std::string(tx.tenant().str()), detail));
}

} // namespace

std::optional<pusher_cache::pusher> pusher_cache::find(const tenant_id& tenant, instant now) {
  const std::lock_guard lock(guard_);
  const auto found = lines_.find(tenant.str());
  if (found == lines_.end() || now >= found->second.looked_up_at + lifetime) return std::nullopt;
  return found->second.who;
}

void pusher_cache::keep(const tenant_id& tenant, pusher p, instant now) {
  const std::lock_guard lock(guard_);
  if (lines_.size() >= limit) lines_.clear();
  lines_.insert_or_assign(tenant.str(), line{std::move(p), now});
}

void pusher_cache::drop(const tenant_id& tenant) {
  const std::lock_guard lock(guard_);
  lines_.erase(tenant.str());
}

void google_pubsub_webhook(const call_ptr& c) {
  auto token = only_token(c->request.headers);
  if (token.empty()) return refuse_push(c, "A push bears one token: Authorization: Bearer.");
  c->with().check_push_token(std::move(token), pubsub_audience(c->with().configured),
                             [c](const result<net::oidc_identity>& who) {
                               guarded(c, [&] {
                                 if (who) return take_push(c, *who);
                                 if (who.error().kind == errc::forbidden)
                                   return refuse_push(c, who.error().detail);
                                 c->finish(problem({errc::retry_later,
                                                    "push_keys_away",
                                                    "The keys to check the push cannot be fetched.",
                                                    {},
                                                    {}}));
                               });
                             });
}

void get_google_pubsub(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  answer_from(c, *tenant, [c](persistence::transaction& tx) -> result<net::http_response> {
    if (auto owner = present(persistence::find_tenant(tx), "tenant_not_found"); !owner)
      return tl::unexpected(owner.error());
    return persistence::find_google_relay(tx).map(
        [c](const auto& relay) { return json_answer(200, shown(c->with().configured, relay)); });
  });
}

void put_google_pubsub(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  auto wanted = read_body(*c, read_relay);
  if (!wanted) return c->fail(wanted.error());
  wanted->changed_at = c->with().outside.now();
  ask<net::http_response>(
      c, *tenant,
      [c, relay = *wanted](persistence::transaction& tx) -> result<net::http_response> {
        if (auto owner = present(persistence::find_tenant(tx), "tenant_not_found"); !owner)
          return tl::unexpected(owner.error());
        if (auto kept = persistence::put_google_relay(tx, relay); !kept) return tl::unexpected(kept.error());
        if (auto a =
                trace(*c, tx, "google_pubsub.changed",
                      {{"subscription", relay.subscription}, {"service_account", relay.service_account}});
            !a)
          return tl::unexpected(a.error());
        return json_answer(200, shown(c->with().configured, relay));
      },
      [c, tenant = *tenant](net::http_response r) {
        c->at->pushers.drop(tenant);
        c->finish(std::move(r));
      });
}

void delete_google_pubsub(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  ask<bool>(
      c, *tenant,
      [c](persistence::transaction& tx) -> result<bool> {
        if (auto owner = present(persistence::find_tenant(tx), "tenant_not_found"); !owner)
          return tl::unexpected(owner.error());
        auto gone = persistence::delete_google_relay(tx);
        if (!gone || !*gone) return gone;
        if (auto a = trace(*c, tx, "google_pubsub.deleted"); !a) return tl::unexpected(a.error());
        return true;
      },
      [c, tenant = *tenant](bool) {
        c->at->pushers.drop(tenant);
        c->finish(no_content());
      });
}

} // namespace kalends::api
