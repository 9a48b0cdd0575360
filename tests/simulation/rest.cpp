// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include <algorithm>

/// Faults stop, and both sides have to agree within three rounds of reconciliation.
namespace kalends::simulation {

using namespace actors;
using namespace std::chrono_literals;

/// Whatever can be done at this moment is done.
void world_of_seed::drain() {
  for (int rounds = 0; rounds < 100'000 && !failed(); ++rounds) {
    bool moved = false;
    for (auto& s : slots_) {
      if (!s.running) continue;
      auto& n = *s.running;
      if (n.jobs() > 0) {
        n.run_job(0);
        look_at_calls(s);
      } else if (n.store().waiting() > 0) {
        n.store().answer();
      } else if (!n.refreshes.empty()) {
        answer_a_refresh(s);
      } else if (!n.calls.empty()) {
        vendor_.serve(n.calls.front().call, now_);
        look_at_calls(s);
      } else {
        continue;
      }
      moved = true;
    }
    if (!moved) return judge_.read_new_texts();
  }
  if (!failed()) log_.violation(19, "the house does not come to rest at one moment in time");
}

bool world_of_seed::at_rest() {
  if (!vendor_.quiet()) return false;
  return std::all_of(houses_.begin(), houses_.end(), [&](const house& h) {
    return std::all_of(h.calendars.begin(), h.calendars.end(), [&](const provider_id& p) {
      const auto& read_from = ledger_->tenants[h.id].providers[p].read_from;
      return !judge_.anything_to_do(p) && read_from &&
             calendar_model::serial_of(read_from->token) == vendor_.at(p).model.serial();
    });
  });
}

void world_of_seed::come_to_rest() {
  log_.say([] { return std::string("faults stop"); });
  faults_on_ = false;
  vendor_.trouble = 0;
  judge_.forget_manners();
  for (auto& s : slots_) {
    s.frozen_until.reset();
    s.skew = 0ms;
    if (s.running) s.running->store().forget_trouble();
    if (!s.running) s.restart_at = now_;
  }
  const auto end = now_ + 3 * configured_.reconcile_interval + 1h;
  while (now_ < end && !failed()) {
    pass(1s);
    drain();
    for (const auto& h : houses_)
      for (const auto& p : h.calendars)
        if (ledger_->tenants[h.id].providers[p].calendar.status != provider_status::active)
          person_connects_again(p);
    host_approves();
    drain();
    for (const auto& h : houses_) person_approves(h);
    drain();
    if (at_rest()) break;
    // Straight to what is due next, but not past the life of a lease.
    auto next = now_ + 2s;
    for (auto& s : slots_)
      if (s.running)
        if (auto due = s.running->next_due()) next = std::min(next, std::max(*due - s.skew, now_));
    pass(std::chrono::duration_cast<std::chrono::milliseconds>(next - now_));
    drain();
  }
  if (failed()) return;
  if (!at_rest()) {
    for (const auto& h : houses_)
      for (const auto& p : h.calendars)
        if (judge_.anything_to_do(p)) log_.violation(5, "work remains for " + vendor_.at(p).calendar.str());
    log_.violation(5, "a calendar was not read to its end");
  }
  judge_.expect_agreement();
  for (auto& s : slots_)
    if (s.running && s.running->forgotten_actors() > 0)
      log_.violation(19, "an actor lives on that the house does not know");
  if (!failed()) expect_silence();
}

/// What both sides agree on is not said again: one more look at everything changes nothing.
void world_of_seed::expect_silence() {
  const auto entries = judge_.entry_writes();
  const auto writes = judge_.vendor_writes();
  for (auto& s : slots_)
    if (s.running)
      for (const auto& h : houses_)
        for (const auto& p : h.calendars) s.running->order(for_provider{h.id, p, wake{wake_reason::poll, 0}});
  drain();
  pass(1s);
  drain();
  if (judge_.entry_writes() != entries) log_.violation(7, "an echo changed an entry");
  if (judge_.vendor_writes() != writes) log_.violation(7, "an echo was pushed again");
}

} // namespace kalends::simulation
