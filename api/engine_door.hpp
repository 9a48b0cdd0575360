// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kalends::api {

/// What the API asks of the engine. `actors::engine` stands behind it in the server, a script in the tests.
/// Any thread; every answer comes once, on a thread that must not be blocked.
class engine_door {
public:
  virtual ~engine_door() = default;

  virtual void notice(net::unproven_notice n, actors::answer_to<bool> done) = 0;
  virtual void create_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                            actors::answer_to<schedule_entry> done) = 0;
  virtual void change_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                            actors::answer_to<schedule_entry> done) = 0;
  virtual void remove_entry(tenant_id tenant, entry_id id, actors::entry_edit which,
                            actors::answer_to<bool> done) = 0;
  virtual void resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how, std::string who,
                                actors::answer_to<conflict> done) = 0;
  virtual void restore_losing(tenant_id tenant, std::string id, std::string who,
                              actors::answer_to<conflict> done) = 0;
  virtual void provider_changed(tenant_id tenant, provider_id provider, bool connected) = 0;
  virtual void provider_resumed(tenant_id tenant, provider_id provider) = 0;
  virtual void remove_provider(tenant_id tenant, provider_id provider, actors::answer_to<bool> done) = 0;
  virtual void list_calendars(tenant_id tenant, provider_id provider,
                              actors::answer_to<std::vector<calendar_listing>> done) = 0;
  virtual void sync_now(tenant_id tenant, provider_id provider, sync_mode mode,
                        actors::answer_to<sync_run> done) = 0;
  virtual void renew_channel(tenant_id tenant, provider_id provider, actors::answer_to<channel> done) = 0;
  virtual void approve_removals(tenant_id tenant, provider_id provider, removal_answer answer,
                                actors::answer_to<bool> done) = 0;
  virtual void replay_pushes(tenant_id tenant, std::vector<dead_letter> letters,
                             actors::answer_to<int> done) = 0;
  virtual void reread_events(tenant_id tenant, provider_id provider, std::vector<event_id> events,
                             actors::answer_to<int> done) = 0;
  virtual void tenant_created(tenant_id tenant, actors::answer_to<bool> done) = 0;
  virtual void tenant_removed(tenant_id tenant, actors::answer_to<bool> done) = 0;
  virtual void webhooks_changed(tenant_id) {}
  virtual void try_webhook(tenant_id, webhook_id, std::int64_t /*sequence*/,
                           actors::answer_to<webhook_delivery> done) {
    done(failure(errc::stopped, "stopping", "Nobody sends here."));
  }
  /// Whether this node runs the tenant. Does not wait.
  virtual bool runs_here(const tenant_id&) const { return true; }
  virtual void find_owner(tenant_id, actors::answer_to<std::optional<persistence::node_line>> done) {
    done(std::optional<persistence::node_line>());
  }
  [[nodiscard]] virtual actors::subscription subscribe(tenant_id tenant,
                                                       std::function<void(const fact&)> sink) = 0;
  virtual void status(actors::answer_to<actors::engine_status> done) = 0;
  /// Does not wait.
  virtual actors::budget_report budgets(std::size_t) { return {}; }
};

} // namespace kalends::api
