// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto refresh_margin = 2min; ///< a token is not used in its last minutes

const std::optional<oauth_app>& installed_app(const settings& s, provider_type t) {
  return t == provider_type::google ? s.google : s.microsoft;
}

} // namespace

tl::unexpected<error> connected_calendar::not_ours() const {
  if (parts_.leases->holds(tenant_id_))
    return failure(errc::stopped, "work_stopped", "An operator has stopped the tenant's work.");
  return failure(errc::stopped, "fenced", "The tenant is run by another node now.");
}

bool connected_calendar::token_lasts() const {
  return state.token && state.token->access_expires_at - refresh_margin > now();
}

void connected_calendar::have_token(with_token then) {
  if (!state.token) {
    parts_.store.load_grant(tenant_id_, id_,
                            ask<grant>(this, [this, then = std::move(then)](result<grant> found) {
                              if (!found) return then(tl::unexpected(found.error()));
                              state.token = std::move(*found);
                              have_token(then);
                            }));
    return;
  }
  if (!token_lasts()) return refresh(std::move(then));
  then(true);
}

void connected_calendar::refresh(with_token then) {
  load_app([this, then = std::move(then)](result<std::optional<oauth_app>> app) {
    if (!app) return then(tl::unexpected(app.error()));
    if (!*app)
      return then(failure(errc::invalid, "oauth_client_missing",
                          "Neither the tenant nor the installation has an OAuth client for this vendor."));
    ask_leave(vendor_verb::refresh_token, [this, then, app = **app](result<waited> wait) {
      if (!wait) return then(tl::unexpected(wait.error()));
      send_refresh(app, *wait, then);
    });
  });
}

void connected_calendar::send_refresh(const oauth_app& app, waited wait, with_token then) {
  if (!parts_.leases->may_call(tenant_id_)) {
    state.allowed = {};
    return then(not_ours());
  }
  if (state.run) ++state.run->counts.vendor_calls;
  auto asked_at = now();
  auto heard = ask<grant>(this, [this, then = std::move(then), wait, asked_at](result<grant> fresh) {
    const auto* failed = fresh ? nullptr : &fresh.error();
    call_answered(vendor_verb::refresh_token, wait, asked_at, failed);
    parts_.meter.token_refreshed(label(), failed);
    if (!fresh) return then(tl::unexpected(fresh.error()));
    // Saved before it is used: a vendor may rotate the refresh token, and the old one is void then.
    parts_.store.save_grant(tenant_id_, id_, *fresh,
                            ask<bool>(this, [this, then, fresh](const result<bool>& saved) {
                              if (!saved) return then(tl::unexpected(saved.error()));
                              state.token = *fresh;
                              then(true);
                            }));
  });
  auto reply = governor_first<grant>(std::move(heard));
  state.call = parts_.refresh(calendar().type, app, *state.token, std::move(reply));
}

void connected_calendar::load_app(with_app then) {
  const auto type = calendar().type;
  parts_.store.load_oauth_app(
      tenant_id_, type,
      ask<std::optional<oauth_app>>(
          this, [this, type, then = std::move(then)](result<std::optional<oauth_app>> own) {
            if (!own) return then(tl::unexpected(own.error()));
            auto app = *own ? std::move(*own) : installed_app(parts_.configured, type);
            parts_.vendors_leave->remember_project(tenant_id_, type, app ? app->client_id : std::string{});
            then(std::move(app));
          }));
}

} // namespace kalends::actors
