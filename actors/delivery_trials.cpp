// SPDX-License-Identifier: Apache-2.0
#include "actors/delivery.hpp"

#include <algorithm>
#include <utility>

/// Messages that a person asks for: a test, or one fact again. They go beside the order and move nothing; who
/// asked hears what came of it, whatever that was.
namespace kalends::actors {

namespace {

constexpr std::ptrdiff_t trials_per_tenant = 4;

error no_trial_now(bool held) {
  if (held)
    return {
        errc::conflict,
        "work_stopped",
        "The installation's operator has stopped the work for this tenant. Nothing is sent until the stop is "
        "lifted.",
        {},
        {}};
  return {errc::retry_later,
          "tenant_moving",
          "The node that runs this tenant changes. Try again in a moment.",
          {},
          std::chrono::seconds(1)};
}

} // namespace

attempt_outcome outcome_of(const result<net::webhook_answer>& a) {
  if (!a) return {0, a.error().code, {}};
  return {a->status, {}, a->retry_after};
}

void delivery::begin_trial(const endpoint_trial& t) {
  if (!parts_.leases->may_call(t.tenant))
    return t.done(tl::unexpected(no_trial_now(parts_.leases->holds(t.tenant))));
  const auto of_tenant = std::count_if(state.trials.begin(), state.trials.end(), [&](const auto& other) {
    return other.second.asked.tenant == t.tenant;
  });
  if (of_tenant >= trials_per_tenant)
    return t.done(tl::unexpected(error{errc::retry_later,
                                       "tenant_busy",
                                       "Several messages that were asked for are still on their way.",
                                       {},
                                       std::chrono::seconds(2)}));
  const auto n = ++state.lives;
  state.trials[n].asked = t;
  parts_.store.find(t.tenant, t.endpoint, t.sequence,
                    ask<persistence::webhook_store::one>(
                        this, [this, n](const result<persistence::webhook_store::one>& found) {
                          guard([&] {
                            if (!found) return answer_trial(n, tl::unexpected(found.error()));
                            post_trial(n, *found);
                          });
                        }));
}

void delivery::post_trial(trial_key n, const persistence::webhook_store::one& found) {
  auto& t = state.trials.at(n);
  const auto& e = found.line.endpoint;
  const auto now = parts_.outside.now();
  webhook_delivery d;
  d.id = make_uuid(parts_.outside);
  d.endpoint = e.id;
  d.cause = found.what ? delivery_cause::replay : delivery_cause::test;
  d.message = found.what ? found.what->id : d.id;
  d.type = found.what ? std::string(name_of(found.what->type)) : "TEST";
  d.sequence = t.asked.sequence;
  d.at = now;
  net::webhook_message m{e.url,
                         d.message,
                         found.what ? delivery_body(*found.what)
                                    : trial_body(t.asked.tenant, e, d.message, now),
                         found.line.secrets.now,
                         {}};
  if (found.line.secrets.before_until && now < *found.line.secrets.before_until)
    m.secret_before = found.line.secrets.before;
  t.call = parts_.post(
      std::move(m), ask<net::webhook_answer>(this, [this, n, d](const result<net::webhook_answer>& answer) {
        guard([&] { end_trial(n, d, answer); });
      }));
}

void delivery::end_trial(trial_key n, webhook_delivery d, const result<net::webhook_answer>& answer) {
  const auto at = state.trials.find(n);
  if (at == state.trials.end()) return;
  const auto outcome = outcome_of(answer);
  d.took = std::max(std::chrono::milliseconds{}, parts_.outside.now() - d.at);
  d.status = outcome.status;
  d.code = failure_of(outcome);
  d.outcome = d.code.empty() ? delivery_outcome::delivered : delivery_outcome::failed;
  const key k{at->second.asked.tenant, d.endpoint};
  // Whoever hears of it may look for it at once.
  parts_.store.append(
      k.first, d, ask<bool>(this, [this, n, d](const result<bool>&) { guard([&] { answer_trial(n, d); }); }));
  // What waits for its next attempt need not wait any longer.
  const auto waiting = state.lines.find(k);
  if (d.outcome != delivery_outcome::delivered || waiting == state.lines.end()) return;
  waiting->second.endpoint.next_attempt_at.reset();
  advance(waiting->first, waiting->second);
}

void delivery::answer_trial(trial_key n, result<webhook_delivery> with) {
  const auto at = state.trials.find(n);
  if (at == state.trials.end()) return;
  const auto t = std::move(at->second);
  state.trials.erase(at);
  t.asked.done(std::move(with));
}

} // namespace kalends::actors
