// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace kalends::observe {

/// What a vendor is asked for.
enum class vendor_verb {
  list_changes,
  get_event,
  insert_event,
  update_event,
  delete_event,
  write_occurrence,
  list_calendars,
  open_channel,
  renew_channel,
  close_channel,
  refresh_token,
};
std::string_view name_of(vendor_verb v); ///< "list_changes"

/// Whose figure it is.
struct calendar_label {
  const tenant_id& tenant;
  provider_type type;
};

/// Where the engine tells what happens, for those who watch it. Every function may be called from any thread,
/// returns at once, and never fails: a figure that cannot be kept is dropped. The base class keeps nothing.
class meter {
public:
  using milliseconds = std::chrono::milliseconds;
  virtual ~meter() = default;

  // ---- inbound ----
  virtual void notices_accepted(const tenant_id&, provider_type, int /*count*/) {}
  virtual void notice_refused(std::string_view /*code*/) {}
  /// From the vendor's own time of the change to the commit.
  virtual void fresh_in(calendar_label, milliseconds /*took*/) {}
  // ---- outbound ----
  /// From the commit of the entry's change to the vendor's answer.
  virtual void fresh_out(calendar_label, milliseconds /*took*/) {}
  virtual void push_retried(calendar_label, std::string_view /*code*/) {}
  virtual void dead_letter(calendar_label, std::string_view /*code*/) {}
  // ---- runs and what they decide ----
  virtual void run_ended(calendar_label, const sync_run&) {}
  virtual void conflict(calendar_label, reason) {}
  virtual void drift_found(calendar_label, int /*items*/) {}
  // ---- vendors ----
  /// `waited`: for the governor's leave. `failed` is null when it succeeded.
  virtual void vendor_called(calendar_label, vendor_verb, milliseconds /*waited*/, milliseconds /*took*/,
                             const error* /*failed*/) {}
  virtual void circuit(provider_type, bool /*open*/) {}
  // ---- channels and grants ----
  virtual void channel_renewed(calendar_label, const error* /*failed*/) {}
  virtual void channel_silent(calendar_label, bool /*silent*/) {}
  virtual void token_refreshed(calendar_label, const error* /*failed*/) {}
  // ---- the host's endpoints ----
  /// One attempt; `code` is empty when it was taken.
  virtual void webhook_sent(std::string_view /*code*/, milliseconds /*took*/) {}
  virtual void webhook_stopped(std::string_view /*code*/) {}
  /// Here: endpoints that run, those of them that fail, and how old the oldest fact is that one of them waits
  /// for.
  virtual void webhooks_stand(std::size_t /*running*/, std::size_t /*failing*/, milliseconds /*behind*/) {}
  // ---- the house ----
  /// "provider", "tenant", "intake", "event_bus", "delivery".
  virtual void actor_died(std::string_view /*kind*/) {}
  virtual void provider_parked(calendar_label, bool /*parked*/) {}
  virtual void tenants_held(std::size_t /*count*/) {}
  virtual void fenced(const tenant_id&) {}
};

/// One that keeps nothing, for tests and tools.
meter& no_meter();

} // namespace kalends::observe
