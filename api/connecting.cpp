// SPDX-License-Identifier: Apache-2.0
#include "api/connect_pages.hpp"
#include "api/forwarding.hpp"
#include "api/handling.hpp"
#include "api/tenant_work.hpp"
#include "api/tickets.hpp"
#include "net/oauth.hpp"
#include "persistence/connections.hpp"

#include <chrono>

namespace kalends::api {
namespace {

using persistence::authorization_request;

constexpr std::chrono::minutes authorization_lifetime{10};
constexpr std::string_view cookie_name = "kalends_connect";
constexpr std::size_t return_to_bytes = 2048;
constexpr std::size_t code_bytes = 4096;

void show(const call_ptr& c, const error& e) { c->finish(failure_page(e)); }

error link_void() {
  return {errc::not_found,
          "authorization_void",
          "This link has expired, was used already, or belongs to another browser. Ask for a new one.",
          {},
          {}};
}

/// The tenant's own OAuth client, else the installation's.
result<oauth_app> app_for(persistence::transaction& tx, const call& c, provider_type type) {
  auto own = persistence::find_oauth_app(tx, c.with().vault, type);
  if (!own) return tl::unexpected(own.error());
  if (*own) return std::move(**own);
  const auto& common =
      type == provider_type::google ? c.with().configured.google : c.with().configured.microsoft;
  if (common) return *common;
  return failure(
      errc::conflict, "oauth_client_missing",
      "No OAuth client is set up for this vendor. An admin sets up the tenant's own (PUT /v1/oauth-clients/" +
          std::string(name_of(type)) + "), or whoever runs the server one for all.");
}

/// Like `ask`, with a page instead of a problem for the person in front of the browser.
template <class T>
void ask_for_page(const call_ptr& c, const tenant_id& tenant, transaction_work<T> work,
                  std::function<void(T)> then) {
  c->with().db.run<T>({tenant}, std::move(work), [c, then = std::move(then)](result<T> r) {
    guarded(c, [&] {
      if (!r) return show(c, r.error());
      then(std::move(*r));
    });
  });
}

struct authorization_wish {
  std::string return_to;
};

authorization_wish read_wish(object_reader& body) {
  return {body.text("return_to", {.max_bytes = return_to_bytes, .null_is_empty = true}).value_or("")};
}

std::string browser_cookie(const call& c, const std::string& value) {
  const bool secure = c.with().configured.public_url.starts_with("https://");
  return std::string(cookie_name) + "=" + value + "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax" +
         (secure ? "; Secure" : "");
}

/// The browser's own cookie, or nothing if it has none of ours.
std::string_view cookie_of(const call& c) {
  const auto value = read_cookie(net::find_header(c.request.headers, "Cookie"), cookie_name);
  return is_secret(value) ? value : std::string_view();
}

} // namespace

void begin_authorization(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  auto wish = read_body(*c, read_wish);
  if (!wish) return c->fail(wish.error());
  const auto& house = c->with();
  const auto target = own_address(house.configured.public_url, wish->return_to);
  if (!wish->return_to.empty() && target.empty())
    return c->fail({errc::invalid,
                    "return_to_refused",
                    "An address below the server's own public URL.",
                    "return_to",
                    {}});
  answer_from(c, [c, id = *id, target](persistence::transaction& tx) -> result<net::http_response> {
    const auto& with = c->with();
    const auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    if (auto may = check_may_connect(tx, found->type); !may) return tl::unexpected(may.error());
    if (auto app = app_for(tx, *c, found->type); !app) return tl::unexpected(app.error());
    const auto now = with.outside.now();
    if (auto swept = persistence::delete_expired_authorizations(tx, now); !swept)
      return tl::unexpected(swept.error());
    const auto state = make_state(c->who.tenant, with.outside);
    authorization_request r;
    r.state_hash = net::sha256(state);
    r.provider = found->id;
    r.user = found->user;
    r.type = found->type;
    r.verifier = net::make_verifier(with.outside);
    r.nonce = make_secret(with.outside);
    r.redirect_uri = redirect_uri(with.configured, found->type);
    r.return_to = target;
    r.expires_at = now + authorization_lifetime;
    if (auto kept = persistence::insert_authorization(tx, with.vault, r); !kept)
      return tl::unexpected(kept.error());
    if (auto a =
            persistence::append_audit(tx, audit_of(*c, "authorization.requested", "provider:" + id.str()));
        !a)
      return tl::unexpected(a.error());
    return json_answer(201, boost::json::object{{"url", with.configured.public_url + "/connect/" + state},
                                                {"expires_at", to_rfc3339(r.expires_at)}});
  });
}

void follow_connect_link(const call_ptr& c) {
  const auto state = c->path[0];
  const auto tenant = tenant_of_state(state);
  if (!tenant)
    return show(
        c, {errc::invalid, "authorization_malformed", "This link is damaged. Ask for a new one.", {}, {}});
  // A browser that follows the link twice, or two links at a time, keeps its cookie.
  const auto known = cookie_of(*c);
  const auto cookie = known.empty() ? make_secret(c->with().outside) : std::string(known);
  auto work = [c, state, cookie](persistence::transaction& tx) -> result<std::string> {
    const auto& with = c->with();
    const auto bound = persistence::bind_browser(tx, with.vault, net::sha256(state), net::sha256(cookie),
                                                 with.outside.now());
    if (!bound) return tl::unexpected(bound.error());
    if (!*bound) return tl::unexpected(link_void());
    const auto& r = **bound;
    const auto app = app_for(tx, *c, r.type);
    if (!app) return tl::unexpected(app.error());
    const auto calendar = present(persistence::find_provider(tx, r.provider), "authorization_void");
    if (!calendar) return tl::unexpected(calendar.error());
    std::string hint = calendar->account;
    if (hint.empty() && calendar->scope == provider_scope::user) {
      const auto person = persistence::find_user(tx, r.user);
      if (!person) return tl::unexpected(person.error());
      if (*person) hint = (*person)->email;
    }
    return with.oauth->consent_url(r.type, *app, r.redirect_uri, state, net::challenge_of(r.verifier),
                                   r.nonce, hint);
  };
  ask_for_page<std::string>(c, *tenant, std::move(work), [c, cookie](const std::string& url) {
    c->finish({302, {{"Location", url}, {"Set-Cookie", browser_cookie(*c, cookie)}}, {}});
  });
}

namespace {

/// What the vendor's redirect brought along.
struct callback {
  provider_type type{};
  tenant_id tenant;
  std::string state, code, refusal;
};

/// An authorization that has been taken out, and the client it belongs to.
struct consumed {
  authorization_request request;
  oauth_app app;
};

audit_line person_line(const call& c, const authorization_request& r, std::string action,
                       const boost::json::object& detail) {
  auto line = audit_of(c, std::move(action), "provider:" + r.provider.str(), detail);
  line.actor = "user:" + r.user.str();
  return line;
}

/// Records how it ended; the person is told whether or not this is kept.
void record_failure(const call_ptr& c, const tenant_id& tenant, const authorization_request& r,
                    const error& e) {
  auto line = person_line(*c, r, "provider.connection_failed", {{"code", e.code}});
  c->with().db.run<bool>(
      {tenant},
      [line = std::move(line)](persistence::transaction& tx) -> result<bool> {
        return persistence::append_audit(tx, line).map([] { return true; });
      },
      [c, e](const result<bool>&) { show(c, e); });
}

/// Grant, account and calendar in one transaction, and its line in the audit log.
result<bool> keep_connection(persistence::transaction& tx, const call& c, const authorization_request& r,
                             const net::authorization& given) {
  const auto calendar = present(persistence::find_provider(tx, r.provider), "provider_not_found");
  if (!calendar) return tl::unexpected(calendar.error());
  auto chosen = calendar->calendar;
  auto name = calendar->calendar_name;
  if (chosen.empty()) {
    // The id of Google's primary calendar is the account's address; Microsoft's is found by the engine.
    if (r.type == provider_type::google) chosen = calendar_id(given.email);
    name = given.email;
  }
  const auto zone = calendar->calendar_zone.empty() ? std::string("UTC") : calendar->calendar_zone;
  auto kept = persistence::connect_provider(tx, c.with().vault, r.provider, given.tokens, given.email,
                                            given.subject, chosen, name, zone);
  if (auto there = present(kept, "provider_not_found"); !there) return tl::unexpected(there.error());
  return persistence::append_audit(tx, person_line(c, r, "provider.connected", {{"account", given.email}}))
      .map([] { return true; });
}

void finish_connection(const call_ptr& c, const callback& back, const authorization_request& r,
                       const net::authorization& given) {
  c->with().db.run<bool>(
      {back.tenant},
      [c, r, given](persistence::transaction& tx) { return keep_connection(tx, *c, r, given); },
      [c, r, tenant = back.tenant, account = given.email](const result<bool>& kept) {
        guarded(c, [&] {
          if (!kept) return record_failure(c, tenant, r, kept.error());
          c->with().engine->provider_changed(tenant, r.provider, true);
          auto answer = connected_page(account);
          if (!r.return_to.empty()) answer = {303, {{"Location", r.return_to}}, {}};
          c->finish(std::move(answer));
        });
      });
}

void exchange(const call_ptr& c, const callback& back, consumed taken) {
  const auto& r = taken.request;
  if (back.refusal == "access_denied")
    return record_failure(
        c, back.tenant, r,
        {errc::invalid,
         "consent_declined",
         "You did not give consent, so nothing was connected. You can ask for a new link at any time.",
         {},
         {}});
  if (!back.refusal.empty() || back.code.empty())
    return record_failure(c, back.tenant, r,
                          {errc::broken,
                           "consent_failed",
                           "The vendor could not complete the consent. Ask for a new link.",
                           {},
                           {}});
  c->with().oauth->exchange_code(r.type, taken.app, r.redirect_uri, back.code, r.verifier, r.nonce,
                                 [c, back, r](result<net::authorization> given) {
                                   guarded(c, [&] {
                                     if (!given) return record_failure(c, back.tenant, r, given.error());
                                     finish_connection(c, back, r, *given);
                                   });
                                 });
}

void take_authorization(const call_ptr& c, const callback& back, const std::string& cookie);

void come_back(const call_ptr& c, provider_type type) {
  callback back;
  back.type = type;
  for (auto& [name, value] : net::parse_query(c->request.query)) {
    if (name == "state")
      back.state = std::move(value);
    else if (name == "code")
      back.code = std::move(value);
    else if (name == "error")
      back.refusal = std::move(value);
  }
  const auto tenant = tenant_of_state(back.state);
  if (!tenant || back.code.size() > code_bytes)
    return show(
        c,
        {errc::invalid, "authorization_malformed", "This address is damaged. Ask for a new link.", {}, {}});
  back.tenant = *tenant;
  const auto cookie = cookie_of(*c);
  if (cookie.empty())
    return show(c,
                {errc::invalid,
                 "browser_unknown",
                 "Finish the connection in the browser in which you opened the link, with cookies allowed.",
                 {},
                 {}});
  // The state can be used once: whoever takes it must be able to go on to the end.
  at_owner(c, *tenant, [c, back, cookie = std::string(cookie)] { take_authorization(c, back, cookie); });
}

void take_authorization(const call_ptr& c, const callback& back, const std::string& cookie) {
  auto work = [c, back, cookie](persistence::transaction& tx) -> result<std::optional<consumed>> {
    const auto& with = c->with();
    auto taken = persistence::consume_authorization(tx, with.vault, net::sha256(back.state),
                                                    net::sha256(cookie), with.outside.now());
    if (!taken) return tl::unexpected(taken.error());
    if (!*taken || (*taken)->type != back.type) return std::nullopt; // committed: what was misused stays used
    if (auto may = check_may_connect(tx, back.type); !may) return tl::unexpected(may.error());
    auto app = app_for(tx, *c, back.type);
    if (!app) return tl::unexpected(app.error());
    return consumed{std::move(**taken), std::move(*app)};
  };
  ask_for_page<std::optional<consumed>>(c, back.tenant, std::move(work),
                                        [c, back](std::optional<consumed> taken) {
                                          if (!taken) return show(c, link_void());
                                          exchange(c, back, std::move(*taken));
                                        });
}

} // namespace

void google_callback(const call_ptr& c) { come_back(c, provider_type::google); }
void microsoft_callback(const call_ptr& c) { come_back(c, provider_type::microsoft); }

} // namespace kalends::api
