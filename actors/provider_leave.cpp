// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto long_wait = 30s; ///< after it the token is looked at again

} // namespace

void connected_calendar::with_leave(vendor_verb verb, with_waited go) {
  have_token([this, verb, go = std::move(go)](const result<bool>& ready) {
    if (!ready) return go(tl::unexpected(ready.error()));
    ask_leave(verb, [this, verb, go](result<waited> wait) {
      if (!wait || *wait < long_wait || token_lasts()) return go(std::move(wait));
      state.allowed = {};
      with_leave(verb, go);
    });
  });
}

void connected_calendar::ask_leave(vendor_verb verb, with_waited go) {
  auto& gate = *parts_.vendors_leave;
  const auto type = calendar().type;
  auto project = gate.project_of(tenant_id_, type);
  if (!project) return learn_project(verb, std::move(go));
  const auto asked_at = now();
  auto heard = [this, asked_at, go](result<call_leave> answer) {
    if (!answer) return go(tl::unexpected(answer.error()));
    state.allowed = std::move(*answer);
    go(now() - asked_at);
  };
  const auto& account = calendar().subject.empty() ? id_.str() : calendar().subject;
  governor_core::wish w{{tenant_id_, id_, type, account, std::move(*project)}, verb, how_urgent()};
  auto known = gate.ask(
      std::move(w), [&] { return governor::waiting(ask<call_leave>(this, heard)); }, state.call);
  if (known) heard(std::move(*known));
}

/// The OAuth client is what a vendor counts by.
void connected_calendar::learn_project(vendor_verb verb, with_waited go) {
  load_app([this, verb, go = std::move(go)](const result<std::optional<oauth_app>>& app) {
    if (!app) return go(tl::unexpected(app.error()));
    ask_leave(verb, go);
  });
}

void connected_calendar::call_answered(vendor_verb verb, waited wait, instant asked_at, const error* failed) {
  parts_.meter.vendor_called({tenant_id_, calendar().type}, verb, wait, now() - asked_at, failed);
  if (failed != nullptr && failed->retry_after) vendor_asks_to_wait(*failed->retry_after);
  if (failed != nullptr && failed->code == stuck_call().code) state.call.cancel();
}

/// Imports, polls and reconciliations give way to what people and notices brought about.
urgency connected_calendar::how_urgent() const {
  if (!state.run || state.run->cause == run_cause::manual) return urgency::urgent;
  if (state.reading && state.reading->full) return urgency::bulk;
  const auto why = state.run->cause;
  return why == run_cause::notice || why == run_cause::push ? urgency::urgent : urgency::bulk;
}

error connected_calendar::stuck_call() {
  return {errc::retry_later, "vendor_call_stuck", "The vendor's answer never came.", "", {}};
}

} // namespace kalends::actors
