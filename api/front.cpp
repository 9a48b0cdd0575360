// SPDX-License-Identifier: Apache-2.0
#include "api/front.hpp"

#include "api/forwarding.hpp"
#include "api/idempotency.hpp"
#include "api/pages.hpp"
#include "api/tickets.hpp"
#include "net/oauth.hpp"

#include <utility>

namespace kalends::api {
namespace {

constexpr std::size_t body_limit = 1024 * 1024;

bool is_json(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ')) media_type.remove_suffix(1);
  std::string lower(media_type);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower == "application/json" || lower == "application/merge-patch+json";
}

/// What is wrong with the body before anybody reads it.
std::optional<error> body_fault(const call& c) {
  const bool from_vendor = c.where->path.starts_with("/webhooks/");
  if (c.request.body.size() > body_limit)
    return error{errc::invalid, "body_too_large", "A body has at most 1 MiB.", {}, {}};
  if (!c.request.body.empty() && !from_vendor && c.request.method != "GET" && c.request.method != "DELETE" &&
      !is_json(net::find_header(c.request.headers, "Content-Type")))
    return error{errc::invalid, "unsupported_media_type", "Send application/json.", {}, {}};
  return std::nullopt;
}

error unauthenticated() {
  return {errc::forbidden, "unauthenticated", "Authorization: Bearer with a valid key is needed.", {}, {}};
}

bool role_suffices(key_role has, access needs) {
  switch (needs) {
  case access::reader:
    return true;
  case access::operator_:
    return has != key_role::reader;
  case access::admin:
    return has == key_role::admin;
  case access::open:
  case access::installation:
  case access::scraper:
    break;
  }
  return false;
}

void begin(const call_ptr& c) {
  auto here = [c] { claim_key_then(c, [c] { guarded(c, [&] { c->where->begin(c); }); }); };
  if (!c->where->by_owner) return here();
  at_owner(c, c->who.tenant, here);
}

void let_in(const call_ptr& c, principal who) {
  c->who = std::move(who);
  if (role_suffices(c->who.role, c->where->needs)) return begin(c);
  note_denial(*c, c->who.tenant, c->who.actor(),
              "route:" + std::string(c->where->method) + " " + std::string(c->where->path), "role_too_low");
  c->finish(problem({errc::forbidden, "role_too_low", "This key's role does not permit that.", {}, {}}));
}

/// The key behind `hash`, and whether the tenant that it names exists.
struct key_lookup {
  std::optional<api_key> key;
  bool known_tenant = false;
};

result<key_lookup> look_up(persistence::transaction& tx, const std::string& hash) {
  auto key = persistence::find_key_by_hash(tx, hash);
  if (!key) return tl::unexpected(key.error());
  if (*key) return key_lookup{std::move(*key), true};
  return persistence::find_tenant(tx).map([](const auto& t) {
    return key_lookup{std::nullopt, t.has_value()};
  });
}

void check_tenant_key(const call_ptr& c, std::string_view token) {
  const auto tenant = tenant_of_key(token);
  if (!tenant) return c->finish(problem(unauthenticated()));
  const auto hash = net::sha256(token);
  if (auto known = c->at->keys.find(hash, c->with().outside.now())) return let_in(c, std::move(*known));
  ask<key_lookup>(
      c, *tenant, [hash](persistence::transaction& tx) { return look_up(tx, hash); },
      [c, tenant = *tenant, hash](key_lookup found) {
        if (!found.key) {
          if (found.known_tenant)
            note_denial(*c, tenant, "key:unknown", "tenant:" + tenant.str(), "unauthenticated");
          return c->finish(problem(unauthenticated()));
        }
        const principal who{principal::kind::key, tenant, found.key->id, found.key->role};
        c->at->keys.keep(hash, who, c->with().outside.now());
        let_in(c, who);
      });
}

bool holds(std::string_view token, const std::string& secret) {
  return !secret.empty() && net::equal_in_constant_time(net::sha256(token), net::sha256(secret));
}

void authenticate(const call_ptr& c) {
  if (c->where->needs == access::open) return c->where->begin(c);
  const auto token = bearer_token(net::find_header(c->request.headers, "Authorization"));
  const bool scrapes = c->where->needs == access::scraper;
  if (c->where->needs != access::installation && !scrapes) return check_tenant_key(c, token);
  const auto& s = c->with().configured;
  if (!holds(token, s.admin_key) && !(scrapes && holds(token, s.metrics_token)))
    return c->finish(problem(unauthenticated()));
  c->who.is = principal::kind::installation;
  begin(c);
}

/// Nobody serves this method here, or this path at all.
void turn_away(const call_ptr& c, const route_match& m) {
  if (m.allowed.empty()) {
    if (auto asset = asset_answer(c->request)) return c->finish(std::move(*asset));
    return c->finish(problem({errc::not_found, "route_not_found", "There is nothing at this path.", {}, {}}));
  }
  if (c->request.method == "OPTIONS") return c->finish({204, {{"Allow", m.allowed}}, {}});
  auto refused =
      problem({errc::invalid, "method_not_allowed", "This path knows: " + m.allowed + ".", {}, {}});
  refused.headers.emplace_back("Allow", m.allowed);
  c->finish(std::move(refused));
}

void receive(const call_ptr& c) {
  auto m = match(routes(), c->request.method, c->request.path);
  if (!m.found) return turn_away(c, m);
  c->where = m.found;
  c->path = std::move(m.values);
  if (auto fault = body_fault(*c)) return c->finish(problem(*fault));
  authenticate(c);
}

} // namespace

front::front(services s) : house_(std::make_shared<house>(std::move(s))) {}

void front::close() const { house_->streams.close(); }

void front::accept(net::http_request request, net::http_responder answer) const {
  const auto c = std::make_shared<call>(house_, std::move(request), std::move(answer));
  guarded(c, [&] { receive(c); });
}

} // namespace kalends::api
