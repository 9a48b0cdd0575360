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

tl::unexpected<error> connected_calendar::not_ours() {
  return failure(errc::stopped, "fenced", "The tenant is run by another node now.");
}

void connected_calendar::access(with_access then) {
  if (!state.token) {
    parts_.store.load_grant(tenant_id_, id_,
                            ask<grant>(this, [this, then = std::move(then)](result<grant> found) {
                              if (!found) return then(tl::unexpected(found.error()));
                              state.token = std::move(*found);
                              access(then);
                            }));
    return;
  }
  if (state.token->access_expires_at - refresh_margin <= now()) return refresh(std::move(then));
  then(net::calendar_access{state.token->access_token, calendar().calendar});
}

void connected_calendar::refresh(with_access then) {
  auto with_app = [this, then](oauth_app app) {
    if (!parts_.leases->holds(tenant_id_)) return then(not_ours());
    state.call = parts_.refresh(
        calendar().type, std::move(app), *state.token, ask<grant>(this, [this, then](result<grant> fresh) {
          parts_.meter.token_refreshed(label(), fresh ? nullptr : &fresh.error());
          if (!fresh) return then(tl::unexpected(fresh.error()));
          // Saved before it is used: a vendor may rotate the refresh token, and the old one is void then.
          parts_.store.save_grant(
              tenant_id_, id_, *fresh, ask<bool>(this, [this, then, fresh](result<bool> saved) {
                if (!saved) return then(tl::unexpected(saved.error()));
                state.token = *fresh;
                then(net::calendar_access{state.token->access_token, calendar().calendar});
              }));
        }));
  };
  parts_.store.load_oauth_app(
      tenant_id_, calendar().type,
      ask<std::optional<oauth_app>>(this, [this, then, with_app](result<std::optional<oauth_app>> own) {
        if (!own) return then(tl::unexpected(own.error()));
        const auto& app = *own ? *own : installed_app(parts_.configured, calendar().type);
        if (app) return with_app(*app);
        then(failure(errc::invalid, "oauth_client_missing",
                     "Neither the tenant nor the installation has an OAuth client for this vendor."));
      }));
}

} // namespace kalends::actors
