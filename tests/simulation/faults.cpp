// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include <algorithm>

/// What goes wrong inside our own house; what goes wrong at the vendors is in vendor.cpp.
namespace kalends::simulation {

using namespace std::chrono_literals;
using testing::ledger_store;

ledger_store::fate world_of_seed::fate_of_question(slot& s, std::size_t which) {
  const auto& what = s.running->store().held_question(which);
  const auto strikes = [&](const char* kind) {
    if (!faults_on_ || !faults_.contains(kind) || !dice_.one_in(trouble_)) return false;
    log_.fault(kind);
    return true;
  };
  if (strikes("database_away")) return ledger_store::fate::refused;
  const bool writes = what == "commit" || what == "mark" || what.starts_with("save") ||
                      what.starts_with("drop") || what.starts_with("delete");
  if (writes && strikes("commit_answer_lost")) return ledger_store::fate::answer_lost;
  if (what == "commit" && strikes("stale_version"))
    s.running->store().fail("commit", error{errc::conflict, "stale_version", "Somebody else wrote.", "", {}});
  return ledger_store::fate::answered;
}

void world_of_seed::something_goes_wrong() {
  if (faults_.empty()) return;
  std::vector<std::string> kinds(faults_.begin(), faults_.end());
  const auto kind = dice_.pick(kinds);
  auto& s = slots_[dice_.below(slots_.size())];
  if (kind == "consent_withdrawn" && dice_.one_in(4)) {
    log_.fault(kind);
    return person_withdraws_consent();
  }
  if (!s.running) return;
  if (kind == "node_crashes") {
    log_.fault(kind);
    crash(s);
  } else if (kind == "node_freezes" && !s.frozen_until) {
    log_.fault(kind);
    freeze(s);
  } else if (kind == "clock_jumps") {
    log_.fault(kind);
    jump_clock(s);
  } else if (kind == "actor_ends") {
    end_an_actor();
  } else if (kind == "store_blows_up") {
    log_.fault(kind);
    static const std::vector<std::string> questions{"load", "commit", "load_provider", "load_outbox",
                                                    "save_run"};
    s.running->store().blow_up(dice_.pick(questions));
  }
}

/// The process is gone: each question and each call it had under way was carried out, or was not.
void world_of_seed::crash(slot& s) {
  log_.say([&] { return "node " + std::to_string(s.running->number()) + " crashes"; });
  auto& n = *s.running;
  look_at_calls(s);
  for (const auto& c : n.calls)
    if (c.call->open) vendor_.abandon(c.call, now_);
  while (n.store().waiting() > 0) {
    const bool carried_out = dice_.coin();
    log_.count(std::string(carried_out ? "crash_after:" : "crash_before:") + n.store().held_question(0));
    n.store().end(0, carried_out ? ledger_store::fate::dropped_after : ledger_store::fate::dropped);
  }
  s.running.reset();
  s.restart_at = now_ + std::chrono::milliseconds(dice_.below(8'000));
}

/// Stopped by its machine, and continued later as if nothing had been: its own clock tells it at once.
void world_of_seed::freeze(slot& s) { s.frozen_until = now_ + std::chrono::seconds(1 + dice_.below(120)); }

void world_of_seed::jump_clock(slot& s) {
  const auto jump = std::chrono::milliseconds(static_cast<int>(dice_.below(120'000)) - 60'000);
  s.skew += dice_.one_in(5) ? jump * 10 : jump;
  log_.say([&] { return "a clock is off by " + std::to_string(s.skew.count()) + " ms"; });
}

void world_of_seed::end_an_actor() {
  auto* s = awake_slot();
  if (s == nullptr) return;
  const auto& h = houses_[dice_.one_in(4) ? 1 : 0];
  const bool hit = dice_.one_in(3) ? s->running->kill_tenant(h.id)
                                   : s->running->kill_provider(h.id, dice_.pick(h.calendars));
  if (hit) log_.fault("actor_ends");
}

} // namespace kalends::simulation
