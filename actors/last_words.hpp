// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/meter.hpp"

#include <caf/error.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>

#include <exception>
#include <string>

namespace kalends::actors {

/// Logs what an actor died of; the log line is all that remains of the exception.
caf::error last_words(const std::string& who, std::exception_ptr& e);

/// An exception in a handler ends the actor and is logged with `who`; its parent decides what happens next.
/// CAF's own default would print to standard output through another actor.
template <class Actor>
void report_last_words(Actor& a, std::string who) {
  a.set_exception_handler(
      [who = std::move(who)](caf::scheduled_actor*, std::exception_ptr& e) { return last_words(who, e); });
  a.set_down_handler([](caf::scheduled_actor*, caf::down_msg&) {});
}

/// Runs a handler of an actor that must never be away: if it throws, the exception is logged and counted, and
/// `start_over` puts the state back to its beginning, in place. Nobody holds a dead handle, and the mailbox
/// stays.
template <class Work, class StartOver>
void survive(const char* kind, observe::meter& meter, Work&& work, StartOver&& start_over) {
  try {
    work();
  } catch (...) {
    auto thrown = std::current_exception();
    last_words(kind, thrown);
    meter.actor_died(kind);
    start_over();
  }
}

} // namespace kalends::actors
