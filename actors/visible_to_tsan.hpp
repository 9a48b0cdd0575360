// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>

#include <cstddef>
#include <utility>
#endif

namespace kalends::actors {

#if defined(__SANITIZE_THREAD__)

/// Shows ThreadSanitizer the order that CAF's mailbox gives: CAF itself is not instrumented, so every message
/// would look like a race. Enqueuing releases, and each turn handles one message, which was in the mailbox
/// before the turn acquired.
template <class Base>
struct visible_to_tsan : Base {
  using Base::Base;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* worker) override {
    __tsan_release(this->ctrl());
    Base::enqueue(std::move(message), worker);
  }
  void on_destroy() override {
    __tsan_acquire(this->ctrl());
    Base::on_destroy();
  }
  caf::resumable::resume_result resume(caf::execution_unit* worker, std::size_t) override {
    auto* const self = this->ctrl();
    this->mailbox().fetch_more();
    __tsan_acquire(self);
    const auto outcome = Base::resume(worker, 1);
    if (outcome != caf::resumable::done) __tsan_release(self); // done: it may be gone
    return outcome;
  }
};

#else

template <class Base>
using visible_to_tsan = Base;

#endif

/// What an actor derives from: its interface and its state, which dies when the actor ends.
template <class Interface, class State>
using actor_with = caf::stateful_actor<State, visible_to_tsan<typename Interface::base>>;

} // namespace kalends::actors
