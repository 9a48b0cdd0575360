// SPDX-License-Identifier: Apache-2.0
#pragma once

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

} // namespace kalends::actors
