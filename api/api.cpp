// SPDX-License-Identifier: Apache-2.0
#include "api/api.hpp"

#include "api/front.hpp"

namespace kalends::api {
namespace {

class real_engine final : public engine_door {
public:
  explicit real_engine(actors::engine& e) : engine_(e) {}

  void notice(net::unproven_notice n, actors::answer_to<bool> done) override {
    engine_.notice(std::move(n), std::move(done));
  }
  void create_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                    actors::answer_to<schedule_entry> done) override {
    engine_.create_entry(std::move(tenant), std::move(id), std::move(edit), std::move(done));
  }
  void change_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                    actors::answer_to<schedule_entry> done) override {
    engine_.change_entry(std::move(tenant), std::move(id), std::move(edit), std::move(done));
  }
  void remove_entry(tenant_id tenant, entry_id id, actors::entry_edit which,
                    actors::answer_to<bool> done) override {
    engine_.remove_entry(std::move(tenant), std::move(id), std::move(which), std::move(done));
  }
  void resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how, std::string who,
                        actors::answer_to<conflict> done) override {
    engine_.resolve_conflict(std::move(tenant), std::move(id), how, std::move(who), std::move(done));
  }
  void restore_losing(tenant_id tenant, std::string id, std::string who,
                      actors::answer_to<conflict> done) override {
    engine_.restore_losing(std::move(tenant), std::move(id), std::move(who), std::move(done));
  }
  void provider_changed(tenant_id tenant, provider_id provider, bool connected) override {
    engine_.provider_changed(std::move(tenant), std::move(provider), connected);
  }
  void provider_resumed(tenant_id tenant, provider_id provider) override {
    engine_.provider_resumed(std::move(tenant), std::move(provider));
  }
  void remove_provider(tenant_id tenant, provider_id provider, actors::answer_to<bool> done) override {
    engine_.remove_provider(std::move(tenant), std::move(provider), std::move(done));
  }
  void list_calendars(tenant_id tenant, provider_id provider,
                      actors::answer_to<std::vector<calendar_listing>> done) override {
    engine_.list_calendars(std::move(tenant), std::move(provider), std::move(done));
  }
  void sync_now(tenant_id tenant, provider_id provider, sync_mode mode,
                actors::answer_to<sync_run> done) override {
    engine_.sync_now(std::move(tenant), std::move(provider), mode, std::move(done));
  }
  void renew_channel(tenant_id tenant, provider_id provider, actors::answer_to<channel> done) override {
    engine_.renew_channel(std::move(tenant), std::move(provider), std::move(done));
  }
  void approve_removals(tenant_id tenant, provider_id provider, removal_answer answer,
                        actors::answer_to<bool> done) override {
    engine_.approve_removals(std::move(tenant), std::move(provider), answer, std::move(done));
  }
  void replay_pushes(tenant_id tenant, std::vector<dead_letter> letters,
                     actors::answer_to<int> done) override {
    engine_.replay_pushes(std::move(tenant), std::move(letters), std::move(done));
  }
  void reread_events(tenant_id tenant, provider_id provider, std::vector<event_id> events,
                     actors::answer_to<int> done) override {
    engine_.reread_events(std::move(tenant), std::move(provider), std::move(events), std::move(done));
  }
  void tenant_created(tenant_id tenant, actors::answer_to<bool> done) override {
    engine_.tenant_created(std::move(tenant), std::move(done));
  }
  void tenant_removed(tenant_id tenant, actors::answer_to<bool> done) override {
    engine_.tenant_removed(std::move(tenant), std::move(done));
  }
  void webhooks_changed(tenant_id tenant) override { engine_.webhooks_changed(std::move(tenant)); }
  void try_webhook(tenant_id tenant, webhook_id endpoint, std::int64_t sequence,
                   actors::answer_to<webhook_delivery> done) override {
    engine_.try_webhook(std::move(tenant), std::move(endpoint), sequence, std::move(done));
  }
  bool runs_here(const tenant_id& tenant) const override { return engine_.runs_here(tenant); }
  void find_owner(tenant_id tenant, actors::answer_to<std::optional<persistence::node_line>> done) override {
    engine_.find_owner(std::move(tenant), std::move(done));
  }
  actors::subscription subscribe(tenant_id tenant, std::function<void(const fact&)> sink) override {
    return engine_.subscribe(std::move(tenant), std::move(sink));
  }
  void status(actors::answer_to<actors::engine_status> done) override { engine_.status(std::move(done)); }
  actors::budget_report budgets(std::size_t most) override { return engine_.budgets(most); }

private:
  actors::engine& engine_;
};

class real_oauth final : public oauth_door {
public:
  explicit real_oauth(net::oauth_client& c) : client_(c) {}

  std::string consent_url(provider_type type, const oauth_app& app, const std::string& redirect_uri,
                          const std::string& state, const std::string& challenge, const std::string& nonce,
                          const std::string& login_hint) const override {
    return client_.consent_url(type, app, redirect_uri, state, challenge, nonce, login_hint);
  }
  void exchange_code(provider_type type, oauth_app app, std::string redirect_uri, std::string code,
                     std::string verifier, std::string nonce,
                     net::vendor_done<net::authorization> done) override {
    client_
        .exchange_code(type, std::move(app), std::move(redirect_uri), std::move(code), std::move(verifier),
                       std::move(nonce), std::move(done))
        .release();
  }

private:
  net::oauth_client& client_;
};

auto check_with(net::oidc_checker& checker) {
  return [&checker](std::string token, std::string audience, net::oidc_checker::done done) {
    checker.check(std::move(token), std::move(audience), std::move(done));
  };
}

std::function<void(net::outgoing_request, net::http_client::done)> send_with(net::http_client& http) {
  return [&http](net::outgoing_request request, net::http_client::done done) {
    http.send(std::move(request), std::move(done)).release();
  };
}

} // namespace

struct http_api::impl {
  explicit impl(services s) : door(std::move(s)) {}
  front door;
};

services services_of(api_parts parts) {
  services s{parts.db,
             parts.vault,
             std::make_shared<real_engine>(parts.engine),
             std::make_shared<real_oauth>(parts.oauth),
             std::move(parts.configured),
             std::move(parts.outside),
             check_with(parts.push_tokens)};
  s.send_on = send_with(parts.http);
  s.meter = &parts.meter;
  s.told = &parts.told;
  s.mail_offered = parts.mail_offered;
  s.scrape = std::move(parts.scrape);
  s.examine = std::move(parts.examine);
  s.more_checks = [more = std::move(parts.more_checks)] {
    std::vector<readiness_check> checks;
    for (auto& [name, reason] : more()) checks.push_back({std::move(name), std::move(reason)});
    return checks;
  };
  return s;
}

http_api::http_api(api_parts parts) : impl_(std::make_shared<impl>(services_of(std::move(parts)))) {}

http_api::~http_api() { impl_->door.close(); }

void http_api::end_streams() { impl_->door.close(); }

net::http_handler http_api::handler() {
  return [i = impl_](net::http_request request, net::http_responder answer) {
    i->door.accept(std::move(request), std::move(answer));
  };
}

} // namespace kalends::api
